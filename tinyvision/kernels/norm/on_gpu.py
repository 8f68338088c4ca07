"""Batch normalization on a GPU: norm.cu, for statistics of the last axis over all others."""
import math

from ...device import array_library
from .. import columns, cuda
from ..registry import version
from .reference import affine, channel_moments, channel_sums, scale_and_shift

NO_LIMITS = -math.inf, math.inf


def _kernel(name, channels, limited):
    return cuda.compiled(name, ("columns.cuh", "norm/norm.cu"), C=channels, LIMITED=int(limited is not None))


def _by_channel(x, *statistics):
    """Whether the statistics have one number for each place on the last axis of x."""
    return cuda.fits(x, *statistics) and x.size and all(s is None or s.size == s.shape[-1] == x.shape[-1] for s in statistics)


def _over_all_others(x, axes):
    return sorted(axis % x.ndim for axis in axes) == list(range(x.ndim - 1))


def _shaped(result, x):
    """(2, C) -> (2, 1, ..., 1, C)."""
    return result.reshape(2, *[1] * (x.ndim - 1), x.shape[-1])


@version(channel_moments, "cuda", gpu=True, serves=lambda x, axes: _by_channel(x) and _over_all_others(x, axes))
def moments(x, axes):
    x, xp, channels = cuda.contiguous(x), array_library(x), x.shape[-1]
    grid, length = columns.shared_out(x.size // channels, channels)
    partial, result = xp.empty((grid[1], 3, channels), x.dtype), xp.empty((2, channels), x.dtype)
    cuda.launch(_kernel("moments", channels, None), grid, columns.BLOCK, x, partial, x.size // channels, length)
    cuda.for_each(_kernel("moments_of_slices", channels, None), channels, partial, result, grid[1])
    return _shaped(result, x)


@version(channel_sums, "cuda", gpu=True, serves=lambda dy, x, mean, axes, scale=None, shift=None, limits=None:
         cuda.fits(dy) and _by_channel(x, mean, scale, shift) and _over_all_others(x, axes))
def sums(dy, x, mean, axes, scale=None, shift=None, limits=None):
    dy, x, channels = cuda.contiguous(dy), cuda.contiguous(x), x.shape[-1]
    grid, length = columns.shared_out(x.size // channels, channels)
    partial = array_library(x).empty((grid[1], 2, channels), x.dtype)
    cuda.launch(_kernel("sums", channels, limits), grid, columns.BLOCK, dy, x, *map(_plain, (mean, scale, shift)),
                *(limits or NO_LIMITS), partial, x.size // channels, length)
    return _shaped(columns.total(partial), x)


@version(scale_and_shift, "cuda", gpu=True, serves=lambda x, scale, shift, limits=None: _by_channel(x, scale, shift))
def scaled(x, scale, shift, limits=None):
    x = cuda.contiguous(x)
    y = array_library(x).empty(x.shape, x.dtype)
    cuda.for_each(_kernel("scale_and_shift", x.shape[-1], limits), x.size, x, _plain(scale), _plain(shift),
                  *(limits or NO_LIMITS), y)
    return y


@version(affine, "cuda", gpu=True, serves=lambda dy, x, a, b, c, scale=None, shift=None, limits=None:
         cuda.fits(dy) and _by_channel(x, a, b, c, scale, shift))
def combined(dy, x, a, b, c, scale=None, shift=None, limits=None):
    dy, x = cuda.contiguous(dy), cuda.contiguous(x)
    dx = array_library(x).empty(x.shape, x.dtype)
    cuda.for_each(_kernel("affine", x.shape[-1], limits), x.size, dy, x, *map(_plain, (a, b, c, scale, shift)),
                  *(limits or NO_LIMITS), dx)
    return dx


def _plain(statistics):
    return None if statistics is None else cuda.contiguous(statistics)
