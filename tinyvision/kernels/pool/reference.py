"""Max-pooling: the largest of each window. Shapes: x (N, H, W, C), y (N, OH, OW, C).

It remembers where in its window each maximum lay, a byte each. Its gradient scatters by these positions, and the
gradient of that gathers by them: scatter and gather are adjoint.
"""
from ...device import array_library
from ..registry import kernel


@kernel
def max_pool_forward(x, windows):
    """The largest of each window, and its position in the window, counted row by row; of equals, the first.

    Margins never win. A window with a NaN gives NaN.
    """
    xp = array_library(x)
    lowest = -xp.inf if x.dtype.kind == "f" else xp.iinfo(x.dtype).min
    small = windows.size[0] * windows.size[1] <= 256
    y = positions = None
    for p, pixels in enumerate(windows.shifts(windows.pad(x, lowest))):
        if y is None:
            y, positions = pixels.copy(), xp.zeros(pixels.shape, xp.uint8 if small else xp.int32)
        else:
            larger = (pixels > y) | (xp.isnan(pixels) & ~xp.isnan(y))
            positions[larger] = p
            y[larger] = pixels[larger]
    return y, positions


@kernel
def scatter_windows(dy, positions, windows):
    """Put each element of dy at its position in its window, and add where windows overlap: (N, H, W, C)."""
    xp = array_library(dy)
    p = xp.arange(windows.size[0] * windows.size[1])[:, None]
    return windows.scatter(xp.where(positions[:, :, :, None] == p, dy[:, :, :, None], xp.zeros((), dy.dtype)))


@kernel
def gather_windows(x, positions, windows):
    """The adjoint of scatter_windows: of each window of x, the element at its position."""
    xp = array_library(x)
    return xp.take_along_axis(windows.gather(x), positions[:, :, :, None].astype(xp.int64), 3)[:, :, :, 0]
