"""Images cut up into patches."""
from ...autograd import Tensor
from ...kernels.windows import pair, windows as sliding_windows
from ...op import op
from .arguments import as_batch, as_given


def extract_patches(images, size, strides=None, dilation_rate=1, padding: str = "valid",
                    data_format: str | None = None) -> Tensor:
    """The pixels of each window side by side, as channels. https://keras.io/api/ops/image/#extractpatches-function

    The pixels come row by row: channel (p KW + q) C + c of a patch is channel c of the pixel in its row p and column q. So a
    vision transformer begins, with patches that do not overlap; a convolution is the matrix product of patches and its kernel.

    Args:
        images: (N, H, W, C), or one image (H, W, C).
        size: (KH, KW) of a patch, or a number for both.
        strides: the step from patch to patch; `size` if None, so that no pixel is in two of them.
        dilation_rate: the distance of the pixels in a patch.
        padding: "valid" or "same" (zeros around the images).
        data_format: None or "channels_last", the one layout there is.

    Returns:
        (N, OH, OW, KH KW C), or without the N for one image.

    >>> import numpy as np
    >>> extract_patches(np.arange(16.0).reshape(4, 4, 1), 2).numpy()[0]
    array([[0., 1., 4., 5.],
           [2., 3., 6., 7.]])
    """
    x = as_batch("extract_patches", images, data_format)
    if isinstance(size, (tuple, list)) and len(size) == 3:
        raise ValueError(f"extract_patches: size is a number or a pair (height, width), got {size!r}: there are no volumes")
    size = pair(size, "extract_patches: size")
    strides = size if strides is None else pair(strides, "extract_patches: strides")
    windows = sliding_windows(x.shape[1:3], size, strides, padding, pair(dilation_rate, "extract_patches: dilation_rate"))
    return as_given(_patches(x, windows=windows), images)


@op
def _patches(x, *, windows):
    return windows.gather(x).reshape(len(x), *windows.output, windows.size[0] * windows.size[1] * x.shape[3])


@op
def _assembled(patches, *, windows):
    """The adjoint of _patches: each number is added to the pixel that it came from."""
    pixels = windows.size[0] * windows.size[1]
    return windows.scatter(patches.reshape(*patches.shape[:3], pixels, patches.shape[3] // pixels))


_patches.gradient(x=lambda g, windows: _assembled(g, windows=windows))
_assembled.gradient(patches=lambda g, windows: _patches(g, windows=windows))
