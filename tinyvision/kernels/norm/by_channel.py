"""The steps of batch normalization with vectors along the channels, which lie last, and all cores along the pixels.

Each step reads its maps once and writes one: memory bounds it. Sums are taken over blocks of rows first, then over the blocks,
which keeps the rounding of a hundred thousand terms small.
"""
import numpy as np

from .. import memory
from ..cores import get_num_threads
from ..jobs import FLOATS, INTEGER, all_floats, job, share
from ..registry import version
from ..vectors import F32, LANES, load, multiply_add, put_some, round_up, some, spread, store
from .reference import affine, channel_moments, channel_sums, scale_and_shift

BLOCK = 64                                                 # rows whose sum is taken in a register
SAMPLE = 64                                                # rows, spread over all, whose mean is near enough to that of all


@job
def sums_about(part, parts, a: FLOATS, b: FLOATS, a0: FLOATS, b0: FLOATS, sums: FLOATS, rows: INTEGER, C: INTEGER):
    """Of each part the sums of a - a0 and of (a - a0) (b - b0), (parts, 2, C rounded up)."""
    stride = round_up(C, LANES)
    sums = sums[part * 2 * stride:(part + 1) * 2 * stride]
    sums[:] = 0
    for block in share(round_up(rows, BLOCK) // BLOCK, part, parts):
        for c in range(0, C, LANES):
            a_from, b_from = some(a0, c, C - c), some(b0, c, C - c)
            once, product = spread(F32(0)), spread(F32(0))
            for r in range(block * BLOCK, min((block + 1) * BLOCK, rows)):
                distance = some(a, r * C + c, C - c) - a_from
                once, product = once + distance, multiply_add(distance, some(b, r * C + c, C - c) - b_from, product)
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
    return x.ndim > 1 and all(isinstance(a, np.ndarray) and a.shape in shapes for a in others) and all_floats(x, *others)


def _all_but_last(x, axes):
    return sorted(axes) == list(range(x.ndim - 1))


@version(channel_moments, "by_channel", lambda x, axes: _serves(x) and _all_but_last(x, axes))
def fast_moments(x, axes):
    """The variance is the difference of two sums. They are taken about a number near the mean, so that it loses nothing."""
    x, C = np.ascontiguousarray(x), x.shape[-1]
    pixels = x.reshape(-1, C)
    near = pixels[::max(1, len(pixels) // SAMPLE)].mean(axis=0)
    once, square = _sums(x, x, near, near) / F32(len(pixels))
    return np.stack([near + once, np.maximum(square - once * once, 0)]).reshape(2, *(1,) * (x.ndim - 1), C)


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
    dy, x, mean = map(np.ascontiguousarray, (dy, x, mean))
    return _sums(dy, x, np.zeros_like(mean), mean).reshape(2, *mean.shape)


def _sums(a, b, a0, b0):
    """The sums of a - a0 and of (a - a0) (b - b0), for each channel: (2, C)."""
    C, parts = a.shape[-1], get_num_threads()
    sums = np.empty((parts, 2, round_up(C, LANES)), F32)
    sums_about(a, b, a0, b0, sums, a.size // C, C, parts=parts)
    return sums[:, :, :C].sum(axis=0)


@version(affine, "by_channel", lambda dy, x, a, b, c: _serves(x, dy, a, b, c) and dy.shape == x.shape
         and a.shape == b.shape == c.shape != x.shape)
def fast_affine(dy, x, a, b, c):
    dy, x, a, b, c = map(np.ascontiguousarray, (dy, x, a, b, c))
    dx = memory.empty(x.shape)
    combined(dy, x, a, b, c, dx, x.size // x.shape[-1], x.shape[-1])
    return dx
