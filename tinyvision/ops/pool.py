"""Pooling: the largest or the mean of each window of an image."""
from .. import kernels
from ..autograd import as_tensor
from ..device import array_library
from ..kernels.windows import pair, windows as sliding_windows
from ..op import op
from .conv import channels_last


def max_pool(inputs, pool_size, strides=None, padding="valid", data_format=None):
    """The largest of each window, (N, H, W, C) -> (N, OH, OW, C): https://keras.io/api/ops/nn/#maxpool-function

    Args:
        inputs: images (N, H, W, C).
        pool_size: of a window, a number or (height, width).
        strides: from window to window; `pool_size` if None.
        padding: "valid" (what is left over at the edge is dropped) or "same" (margins, which never win).
        data_format: None or "channels_last", the one layout there is.

    The gradient goes to the largest; of equals, to the first.

    >>> import numpy as np
    >>> max_pool(np.arange(16.0).reshape(1, 4, 4, 1), 2).numpy()[0, :, :, 0]
    array([[ 5.,  7.],
           [13., 15.]])
    """
    inputs = as_tensor(inputs)
    return _max_pool(inputs, windows=_geometry("max_pool", inputs, pool_size, strides, padding, data_format))


def average_pool(inputs, pool_size, strides=None, padding="valid", data_format=None):
    """The mean of each window; margins do not count. Arguments as in `max_pool`.

    https://keras.io/api/ops/nn/#averagepool-function

    >>> import numpy as np
    >>> average_pool(np.arange(16.0).reshape(1, 4, 4, 1), 2).numpy()[0, :, :, 0]
    array([[ 2.5,  4.5],
           [10.5, 12.5]])
    """
    inputs = as_tensor(inputs)
    windows = _geometry("average_pool", inputs, pool_size, strides, padding, data_format)
    pixels = windows.size[0] * windows.size[1]
    if windows.padded:                                     # how many pixels of the image each window holds
        ones = array_library(inputs.data).ones((1, *windows.image, 1), inputs.dtype)
        pixels = kernels.pool.window_sums(ones, windows)
    return _window_sums(inputs, windows=windows) / pixels


def _geometry(name, x, pool_size, strides, padding, data_format):
    channels_last(data_format, name)
    if x.ndim != 4:
        raise ValueError(f"{name}: it takes images (N, H, W, C), got shape {x.shape}")
    size = pair(pool_size, "pool_size")
    return sliding_windows(x.shape[1:3], size, size if strides is None else pair(strides, "strides"), padding)


@op(keeps=["positions"])
def _max_pool(x, *, windows):
    return kernels.pool.max_pool_forward(x, windows)


@op
def _scatter_windows(dy, positions, *, windows):
    return kernels.pool.scatter_windows(dy, positions, windows)


@op
def _gather_windows(x, positions, *, windows):
    return kernels.pool.gather_windows(x, positions, windows)


@op
def _window_sums(x, *, windows):
    return kernels.pool.window_sums(x, windows)


@op
def _spread_windows(dy, *, windows):
    return kernels.pool.spread_windows(dy, windows)


_max_pool.gradient(x=lambda g, positions, windows: _scatter_windows(g, positions, windows=windows))
_scatter_windows.gradient(dy=lambda g, positions, windows: _gather_windows(g, positions, windows=windows))
_gather_windows.gradient(x=lambda g, positions, windows: _scatter_windows(g, positions, windows=windows))
_window_sums.gradient(x=lambda g, windows: _spread_windows(g, windows=windows))
_spread_windows.gradient(dy=lambda g, windows: _window_sums(g, windows=windows))
