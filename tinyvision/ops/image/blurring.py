"""Blurring: weighted means of neighbours."""
import functools

import numpy as np

from ...autograd import Tensor
from ...kernels.windows import pair
from .arguments import as_batch, as_dtype, as_floats, as_given
from .resizing import resample


def gaussian_blur(images, kernel_size=(3, 3), sigma=(1.0, 1.0), data_format: str | None = None) -> Tensor:
    """Each pixel becomes a mean of those around it, weighted by exp(-(distance / sigma)**2 / 2); outside there are zeros.

    https://keras.io/api/ops/image/#gaussianblur-function

    Args:
        images: (N, H, W, C), or one image (H, W, C); integers stay integers, rounded.
        kernel_size: how many pixels count, (along the width, along the height): so they are in Keras, whatever its page says.
        sigma: the standard deviations, in the same order.
        data_format: None or "channels_last", the one layout there is.
    """
    x = as_batch("gaussian_blur", images, data_format)
    if not isinstance(sigma, (tuple, list)) or len(sigma) != 2 or not all(0 < s < np.inf for s in sigma):
        raise ValueError(f"gaussian_blur: sigma is a pair of positive numbers, along the width and the height, got {sigma!r}")
    across, down = pair(kernel_size, "gaussian_blur: kernel_size")
    rows, columns = _weights(x.shape[1], down, float(sigma[1])), _weights(x.shape[2], across, float(sigma[0]))
    return as_given(as_dtype(resample(as_floats(x), rows=rows, columns=columns), x.dtype), images)


@functools.lru_cache(maxsize=16)
def _weights(size, count, sigma):
    """The matrix that blurs an axis, (size, size): along its diagonal lies the bell curve, `count` numbers of sum 1."""
    curve = np.exp(-0.5 * ((np.arange(count) - (count - 1) / 2) / sigma) ** 2)
    curve /= curve.sum()
    place = np.arange(size) - np.arange(size)[:, None] + (count - 1) // 2
    w = np.where((place >= 0) & (place < count), curve[place.clip(0, count - 1)], 0)
    w.setflags(write=False)
    return w
