"""Average-pooling: the mean of each window of an image."""
from .. import kernels
from ..autograd import Tensor, as_tensor
from ..device import array_library
from ..op import op
from .conv import OTHER_RANKS
from .pool import pool_windows


def average_pool(inputs, pool_size, strides=None, padding: str = "valid", data_format: str | None = None) -> Tensor:
    """The mean of each window; margins do not count. Arguments as in `max_pool`.

    https://keras.io/api/ops/nn/#averagepool-function

    >>> import numpy as np
    >>> average_pool(np.arange(16.0).reshape(1, 4, 4, 1), 2).numpy()[0, :, :, 0]
    array([[ 2.5,  4.5],
           [10.5, 12.5]])
    """
    inputs = as_tensor(inputs)
    if inputs.ndim in OTHER_RANKS:
        return OTHER_RANKS[inputs.ndim](average_pool, inputs, pool_size, strides=strides, padding=padding,
                                        data_format=data_format)
    windows = pool_windows("average_pool", inputs, pool_size, strides, padding, data_format)
    pixels = windows.size[0] * windows.size[1]
    if windows.padded:                                     # how many pixels of the image each window holds
        ones = array_library(inputs.data).ones((1, *windows.image, 1), inputs.dtype)
        pixels = kernels.pool.window_sums(ones, windows)
    return _window_sums(inputs, windows=windows) / pixels


@op
def _window_sums(x, *, windows):
    return kernels.pool.window_sums(x, windows)


@op
def _spread_windows(dy, *, windows):
    return kernels.pool.spread_windows(dy, windows)


_window_sums.gradient(x=lambda g, windows: _spread_windows(g, windows=windows))
_spread_windows.gradient(dy=lambda g, windows: _window_sums(g, windows=windows))
