"""Group and instance normalization: the steps of batch normalization for each sample by itself, one after the other.

Shapes: x and dy (N, P, C), of P pixels; statistics (N, 1, C).
"""
import numpy as np

from .. import memory
from ..jobs import all_floats
from ..registry import version
from .by_channel import fast_affine, fast_moments, fast_scale_and_shift, fast_sums
from .reference import affine, channel_moments, channel_sums, scale_and_shift

LARGE = 2 ** 14                                            # elements of a sample that are worth a call of their own


def _serves(x, *statistics):
    """float32, samples not too small, with statistics of each sample's channels."""
    return x.ndim == 3 and x[:1].size >= LARGE and all_floats(x, *statistics) and all(
        a.shape == (len(x), 1, x.shape[2]) != x.shape for a in statistics)


def _unlimited(limited):
    return all(a is None for a in limited)


@version(channel_moments, "by_sample", lambda x, axes: tuple(axes) == (1,) and _serves(x))
def moments_by_sample(x, axes):
    return np.stack([fast_moments(sample, (0,)) for sample in x], axis=1)


@version(scale_and_shift, "by_sample", lambda x, scale, shift, *limits: _serves(x, scale, shift) and _unlimited(limits))
def scale_and_shift_by_sample(x, scale, shift, limits=None):
    return _filled(x.shape, map(fast_scale_and_shift, x, scale, shift))


@version(channel_sums, "by_sample", lambda dy, x, mean, axes, *limited: tuple(axes) == (1,) and _serves(x, mean)
         and all_floats(dy) and dy.shape == x.shape and _unlimited(limited))
def sums_by_sample(dy, x, mean, axes, scale=None, shift=None, limits=None):
    return np.stack([fast_sums(g, sample, m, (0,)) for g, sample, m in zip(dy, x, mean)], axis=1)


@version(affine, "by_sample", lambda dy, x, a, b, c, *limited: _serves(x, a, b, c) and all_floats(dy) and dy.shape == x.shape
         and _unlimited(limited))
def affine_by_sample(dy, x, a, b, c, scale=None, shift=None, limits=None):
    return _filled(x.shape, map(fast_affine, dy, x, a, b, c))


def _filled(shape, samples):
    """All samples in one array: each is copied while it is in the cache."""
    y = memory.empty(shape)
    for place, sample in zip(y, samples):
        place[...] = sample
    return y
