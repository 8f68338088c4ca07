"""Average-pooling: the sum of each window, and its adjoint. Shapes: x (N, H, W, C), y (N, OH, OW, C)."""
from ...device import array_library
from ..registry import kernel


@kernel
def window_sums(x, windows):
    """The sum of each window; margins count as zero."""
    y = 0
    for pixels in windows.shifts(windows.pad(x)):
        y = y + pixels
    return y


@kernel
def spread_windows(dy, windows):
    """The adjoint of window_sums: each element of dy, added to every pixel of its window."""
    xp = array_library(dy)
    shape = *dy.shape[:3], windows.size[0] * windows.size[1], dy.shape[3]
    return windows.scatter(xp.broadcast_to(dy[:, :, :, None], shape))
