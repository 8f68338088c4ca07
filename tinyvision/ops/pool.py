"""Max-pooling: the largest of each window of an image."""
from .. import kernels
from ..autograd import Tensor, as_tensor
from ..kernels.windows import pair, windows as sliding_windows
from ..op import op
from .conv import OTHER_RANKS, channels_last


def max_pool(inputs, pool_size, strides=None, padding: str = "valid", data_format: str | None = None) -> Tensor:
    """The largest of each window, (N, H, W, C) -> (N, OH, OW, C): https://keras.io/api/ops/nn/#maxpool-function

    Args:
        inputs: images (N, H, W, C), or sequences (N, T, C).
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
    if inputs.ndim in OTHER_RANKS:
        return OTHER_RANKS[inputs.ndim](max_pool, inputs, pool_size, strides=strides, padding=padding, data_format=data_format)
    return _max_pool(inputs, windows=pool_windows("max_pool", inputs, pool_size, strides, padding, data_format))


def pool_windows(name, x, pool_size, strides, padding, data_format):
    """The windows of a pool over images x, in Keras's words."""
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


_max_pool.gradient(x=lambda g, positions, windows: _scatter_windows(g, positions, windows=windows))
_scatter_windows.gradient(dy=lambda g, positions, windows: _gather_windows(g, positions, windows=windows))
_gather_windows.gradient(x=lambda g, positions, windows: _scatter_windows(g, positions, windows=windows))
