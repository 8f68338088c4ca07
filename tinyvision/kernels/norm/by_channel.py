"""The steps of batch normalization with vectors along the channels, which lie last, and all cores along the pixels.

Each step reads its maps once and writes one: memory bounds it. Sums are taken over blocks of rows first, then over the blocks,
which keeps the rounding of a hundred thousand terms small.
"""
import numpy as np

from .. import memory
from ..cores import get_num_threads
from ..jobs import FLOATS, INTEGER, job, share
from ..registry import version
from ..vectors import F32, LANES, load, multiply_add, put_some, round_up, some, spread, store
from .reference import affine, channel_moments, channel_sums, scale_and_shift

BLOCK = 64                                                 # rows whose sum is taken in a register


@job
def moments(part, parts, x: FLOATS, sums: FLOATS, rows: INTEGER, C: INTEGER):
    """Of each part the sums of x - x[0] and of its square, (parts, 2, C rounded up).

    x[0] is near enough to the mean for the variance, which is a difference of the two, to lose nothing.
    """
    stride = (C + LANES - 1) // LANES * LANES
    sums = sums[part * 2 * stride:(part + 1) * 2 * stride]
    sums[:] = 0
    for block in share((rows + BLOCK - 1) // BLOCK, part, parts):
        for c in range(0, C, LANES):
            first, once, square = some(x, c, C - c), spread(F32(0)), spread(F32(0))
            for r in range(block * BLOCK, min((block + 1) * BLOCK, rows)):
                distance = some(x, r * C + c, C - c) - first
                once, square = once + distance, multiply_add(distance, distance, square)
            store(sums, c, load(sums, c) + once)
            store(sums, stride + c, load(sums, stride + c) + square)


@job
def two_sums(part, parts, dy: FLOATS, x: FLOATS, mean: FLOATS, sums: FLOATS, rows: INTEGER, C: INTEGER):
    """Of each part the sums of dy and of dy * (x - mean), (parts, 2, C rounded up)."""
    stride = (C + LANES - 1) // LANES * LANES
    sums = sums[part * 2 * stride:(part + 1) * 2 * stride]
    sums[:] = 0
    for block in share((rows + BLOCK - 1) // BLOCK, part, parts):
        for c in range(0, C, LANES):
            m, once, product = some(mean, c, C - c), spread(F32(0)), spread(F32(0))
            for r in range(block * BLOCK, min((block + 1) * BLOCK, rows)):
                g = some(dy, r * C + c, C - c)
                once, product = once + g, multiply_add(g, some(x, r * C + c, C - c) - m, product)
            store(sums, c, load(sums, c) + once)
            store(sums, stride + c, load(sums, stride + c) + product)


@job
def scaled(part, parts, x: FLOATS, scale: FLOATS, shift: FLOATS, y: FLOATS, rows: INTEGER, C: INTEGER):
    for r in share(rows, part, parts):
        for c in range(0, C, LANES):
            v = multiply_add(some(x, r * C + c, C - c), some(scale, c, C - c), some(shift, c, C - c))
            put_some(y, r * C + c, v, C - c)


@job
def combined(part, parts, dy: FLOATS, x: FLOATS, a: FLOATS, b: FLOATS, offset: FLOATS, dx: FLOATS, rows: INTEGER, C: INTEGER):
    for r in share(rows, part, parts):
        for c in range(0, C, LANES):
            v = multiply_add(some(x, r * C + c, C - c), some(b, c, C - c), some(offset, c, C - c))
            put_some(dx, r * C + c, multiply_add(some(dy, r * C + c, C - c), some(a, c, C - c), v), C - c)


def _serves(x, *others):
    """float32, with statistics of the last axis."""
    shapes = x.shape, (1,) * (x.ndim - 1) + x.shape[-1:]
    fits = all(isinstance(a, np.ndarray) and a.dtype == F32 and a.shape in shapes for a in others)
    return fits and x.ndim > 1 and x.size and x.dtype == F32


def _all_but_last(x, axes):
    return sorted(axes) == list(range(x.ndim - 1))


@version(channel_moments, "by_channel", lambda x, axes: _serves(x) and _all_but_last(x, axes))
def fast_moments(x, axes):
    x, parts, C = np.ascontiguousarray(x), get_num_threads(), x.shape[-1]
    rows, sums = x.size // C, np.empty((parts, 2, round_up(C, LANES)), F32)
    moments(x, sums, rows, C, parts=parts)
    once, square = sums[:, :, :C].sum(axis=0) / F32(rows)
    return np.stack([x.reshape(-1, C)[0] + once, np.maximum(square - once * once, 0)]).reshape(2, *(1,) * (x.ndim - 1), C)


@version(scale_and_shift, "by_channel",
         lambda x, scale, shift: _serves(x, scale, shift) and x.shape not in (scale.shape, shift.shape))
def fast_scale_and_shift(x, scale, shift):
    x, scale, shift = map(np.ascontiguousarray, (x, scale, shift))
    y = memory.empty(x.shape)
    scaled(x, scale, shift, y, x.size // x.shape[-1], x.shape[-1])
    return y


@version(channel_sums, "by_channel",
         lambda dy, x, mean, axes: _serves(x, dy, mean) and _all_but_last(x, axes) and dy.shape == x.shape != mean.shape)
def fast_sums(dy, x, mean, axes):
    dy, x, mean, parts, C = *map(np.ascontiguousarray, (dy, x, mean)), get_num_threads(), x.shape[-1]
    sums = np.empty((parts, 2, round_up(C, LANES)), F32)
    two_sums(dy, x, mean, sums, x.size // C, C, parts=parts)
    return sums[:, :, :C].sum(axis=0).reshape(2, *(1,) * (x.ndim - 1), C)


@version(affine, "by_channel", lambda dy, x, a, b, c: _serves(x, dy, a, b, c) and dy.shape == x.shape
         and a.shape == b.shape == c.shape != x.shape)
def fast_affine(dy, x, a, b, c):
    dy, x, a, b, c = map(np.ascontiguousarray, (dy, x, a, b, c))
    dx = memory.empty(x.shape)
    combined(dy, x, a, b, c, dx, x.size // x.shape[-1], x.shape[-1])
    return dx
