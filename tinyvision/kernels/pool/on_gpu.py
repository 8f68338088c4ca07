"""Pooling on a GPU: pool.cu."""
import numpy as np

from ...device import array_library
from .. import cuda
from ..registry import version
from .average import spread_windows, window_sums
from .reference import gather_windows, max_pool_forward, scatter_windows


def _run(name, windows, count, channels, *arrays):
    cuda.for_each(cuda.compiled(name, ("windows.cuh", "pool/pool.cu"), C=channels, **cuda.sizes_of(windows)), count, *arrays)


def _result(like, sizes, dtype=np.float32):
    return array_library(like).empty((len(like), *sizes, like.shape[3]), dtype)


def _counted(windows):
    """Whether a byte holds a position."""
    return windows.size[0] * windows.size[1] <= 256


@version(max_pool_forward, "cuda", gpu=True, serves=lambda x, windows: cuda.fits(x) and _counted(windows))
def largest(x, windows, stopped=-1):
    """`stopped` is the position for a largest that a ReLU before would not have let through; -1 for none."""
    x = cuda.contiguous(x)
    y, positions = _result(x, windows.output), _result(x, windows.output, np.uint8)
    _run("max_pool", windows, y.size, x.shape[3], x, y, positions, stopped)
    return y, positions


@version(gather_windows, "cuda", gpu=True, serves=lambda x, positions, windows: cuda.fits(x) and positions.dtype == np.uint8)
def gather(x, positions, windows):
    y = _result(x, windows.output)
    _run("gather", windows, y.size, x.shape[3], cuda.contiguous(x), cuda.contiguous(positions), y)
    return y


@version(scatter_windows, "cuda", gpu=True, serves=lambda dy, positions, windows: cuda.fits(dy) and positions.dtype == np.uint8)
def scatter(dy, positions, windows):
    dx = _result(dy, windows.image)
    _run("scatter", windows, dx.size, dy.shape[3], cuda.contiguous(dy), cuda.contiguous(positions), dx)
    return dx


@version(window_sums, "cuda", gpu=True, serves=lambda x, windows: cuda.fits(x))
def sums(x, windows):
    y = _result(x, windows.output)
    _run("window_sums", windows, y.size, x.shape[3], cuda.contiguous(x), y)
    return y


@version(spread_windows, "cuda", gpu=True, serves=lambda dy, windows: cuda.fits(dy))
def spread(dy, windows):
    dx = _result(dy, windows.image)
    _run("spread", windows, dx.size, dy.shape[3], cuda.contiguous(dy), dx)
    return dx
