"""The steps of batch normalization with vectors along the channels, which lie last, and all cores along the pixels.

Each step reads its maps once and writes one: memory bounds it. Sums are taken over blocks of rows first, then over the blocks,
which keeps the rounding of a hundred thousand terms small.
"""
import numpy as np

from .. import memory
from ..cores import get_num_threads
from ..jobs import FLAG, FLOATS, INTEGER, NO_FLOATS, NUMBER, all_floats, job, share
from ..registry import version
from ..vectors import F32, LANES, inner, less, load, multiply_add, put_some, round_up, some, spread, store, within
from .reference import affine, channel_moments, channel_sums, scale_and_shift

BLOCK = 64                                                 # rows whose sum is taken by itself
SAMPLE = 64                                                # rows, spread over all, whose mean is near enough to that of all
NOT_LIMITED = False, NO_FLOATS, NO_FLOATS, 0.0, 0.0


@inner
def _passed(dy, x, scale, shift, low, high):
    """dy, and 0 where a limit has cut off what x was made into."""
    y, zero = multiply_add(x, scale, shift), spread(F32(0))
    return less(spread(low), y, less(y, spread(high), dy, zero), zero)


@job
def sums_about(part, parts, a: FLOATS, b: FLOATS, a0: FLOATS, b0: FLOATS, sums: FLOATS, rows: INTEGER, C: INTEGER,
               limited: FLAG, scale: FLOATS, shift: FLOATS, low: NUMBER, high: NUMBER):
    """Of each part the sums of a - a0 and of (a - a0) (b - b0), (parts, 2, C rounded up); a may have to pass a limit on b."""
    stride = round_up(C, LANES)
    sums = sums[part * 2 * stride:(part + 1) * 2 * stride]
    of_block = np.empty(2 * stride, F32)
    sums[:] = 0
    for block in share(round_up(rows, BLOCK) // BLOCK, part, parts):
        of_block[:] = 0
        for r in range(block * BLOCK, min((block + 1) * BLOCK, rows)):
            for c in range(0, C, LANES):
                u, v = some(a, r * C + c, C - c), some(b, r * C + c, C - c)
                if limited:
                    u = _passed(u, v, some(scale, c, C - c), some(shift, c, C - c), low, high)
                distance = u - some(a0, c, C - c)
                store(of_block, c, load(of_block, c) + distance)
                product = multiply_add(distance, v - some(b0, c, C - c), load(of_block, stride + c))
                store(of_block, stride + c, product)
        sums += of_block


@job
def scaled(part, parts, x: FLOATS, scale: FLOATS, shift: FLOATS, y: FLOATS, rows: INTEGER, C: INTEGER,
           limited: FLAG, low: NUMBER, high: NUMBER):
    for r in share(rows, part, parts):
        for c in range(0, C, LANES):
            v = multiply_add(some(x, r * C + c, C - c), some(scale, c, C - c), some(shift, c, C - c))
            put_some(y, r * C + c, within(v, low, high) if limited else v, C - c)


@job
def combined(part, parts, dy: FLOATS, x: FLOATS, a: FLOATS, b: FLOATS, offset: FLOATS, dx: FLOATS, rows: INTEGER, C: INTEGER,
             limited: FLAG, scale: FLOATS, shift: FLOATS, low: NUMBER, high: NUMBER):
    for r in share(rows, part, parts):
        for c in range(0, C, LANES):
            u, v = some(dy, r * C + c, C - c), some(x, r * C + c, C - c)
            if limited:
                u = _passed(u, v, some(scale, c, C - c), some(shift, c, C - c), low, high)
            v = multiply_add(v, some(b, c, C - c), some(offset, c, C - c))
            put_some(dx, r * C + c, multiply_add(u, some(a, c, C - c), v), C - c)


def _serves(x, *others):
    """float32, with statistics of the last axis."""
    shapes = x.shape, (1,) * (x.ndim - 1) + x.shape[-1:]
    fits = all(a is None or (isinstance(a, np.ndarray) and a.shape in shapes) for a in others)
    return x.ndim > 1 and fits and all_floats(x, *others)


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
         lambda x, scale, shift, limits=None: _serves(x, scale, shift) and x.shape not in (scale.shape, shift.shape))
def fast_scale_and_shift(x, scale, shift, limits=None):
    x, scale, shift = map(np.ascontiguousarray, (x, scale, shift))
    y = memory.empty(x.shape)
    scaled(x, scale, shift, y, x.size // x.shape[-1], x.shape[-1], limits is not None, *(limits or (0, 0)))
    return y


@version(channel_sums, "by_channel",
         lambda dy, x, mean, axes, *limited: _serves(x, dy, mean, *limited[:2]) and _all_but_last(x, axes)
         and dy.shape == x.shape != mean.shape)
def fast_sums(dy, x, mean, axes, scale=None, shift=None, limits=None):
    dy, x, mean = map(np.ascontiguousarray, (dy, x, mean))
    return _sums(dy, x, np.zeros_like(mean), mean, _limited(scale, shift, limits)).reshape(2, *mean.shape)


def _sums(a, b, a0, b0, limited=NOT_LIMITED):
    """The sums of a - a0 and of (a - a0) (b - b0), for each channel: (2, C)."""
    C, parts = a.shape[-1], get_num_threads()
    sums = np.empty((parts, 2, round_up(C, LANES)), F32)
    sums_about(a, b, a0, b0, sums, a.size // C, C, *limited, parts=parts)
    return sums[:, :, :C].sum(axis=0)


@version(affine, "by_channel", lambda dy, x, a, b, c, *limited: _serves(x, dy, a, b, c, *limited[:2])
         and dy.shape == x.shape and a.shape == b.shape == c.shape != x.shape)
def fast_affine(dy, x, a, b, c, scale=None, shift=None, limits=None):
    dy, x, a, b, c = map(np.ascontiguousarray, (dy, x, a, b, c))
    dx = memory.empty(x.shape)
    combined(dy, x, a, b, c, dx, x.size // x.shape[-1], x.shape[-1], *_limited(scale, shift, limits))
    return dx


def _limited(scale, shift, limits):
    """The last arguments of the jobs of the way back."""
    return NOT_LIMITED if limits is None else (True, np.ascontiguousarray(scale), np.ascontiguousarray(shift), *limits)
