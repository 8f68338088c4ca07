"""The steps of normalization with vectors along the channels, which lie last, and all cores along the pixels.

Maps are (N, P, C), with statistics (N, C) for the channels of each sample. To batch normalization all pixels of the batch are
one sample; group and instance normalization take the samples as they are.

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
def sums_about(part, parts, a: FLOATS, b: FLOATS, a0: FLOATS, b0: FLOATS, sums: FLOATS, N: INTEGER, P: INTEGER,
               C: INTEGER, limited: FLAG, scale: FLOATS, shift: FLOATS, low: NUMBER, high: NUMBER):
    """Of each part the sums of a - a0 and of (a - a0) (b - b0), (parts, N, 2, C rounded up); a may have to pass a limit."""
    stride, blocks = round_up(C, LANES), round_up(P, BLOCK) // BLOCK
    of_part = sums[part * N * 2 * stride:(part + 1) * N * 2 * stride]
    of_block = np.empty(2 * stride, F32)
    of_part[:] = 0
    for block in share(N * blocks, part, parts):
        n, first = block // blocks, block % blocks * BLOCK
        of_block[:] = 0
        for r in range(n * P + first, n * P + min(first + BLOCK, P)):
            for c in range(0, C, LANES):
                u, v, s = some(a, r * C + c, C - c), some(b, r * C + c, C - c), n * C + c
                if limited:
                    u = _passed(u, v, some(scale, s, C - c), some(shift, s, C - c), low, high)
                distance = u - some(a0, s, C - c)
                store(of_block, c, load(of_block, c) + distance)
                product = multiply_add(distance, v - some(b0, s, C - c), load(of_block, stride + c))
                store(of_block, stride + c, product)
        of_sample = of_part[n * 2 * stride:(n + 1) * 2 * stride]
        of_sample += of_block


@job
def scaled(part, parts, x: FLOATS, scale: FLOATS, shift: FLOATS, y: FLOATS, N: INTEGER, P: INTEGER, C: INTEGER,
           limited: FLAG, low: NUMBER, high: NUMBER):
    for r in share(N * P, part, parts):
        first = r // P * C
        for c in range(0, C, LANES):
            v = multiply_add(some(x, r * C + c, C - c), some(scale, first + c, C - c), some(shift, first + c, C - c))
            put_some(y, r * C + c, within(v, low, high) if limited else v, C - c)


@job
def combined(part, parts, dy: FLOATS, x: FLOATS, a: FLOATS, b: FLOATS, offset: FLOATS, dx: FLOATS, N: INTEGER, P: INTEGER,
             C: INTEGER, limited: FLAG, scale: FLOATS, shift: FLOATS, low: NUMBER, high: NUMBER):
    for r in share(N * P, part, parts):
        first = r // P * C
        for c in range(0, C, LANES):
            u, v, s = some(dy, r * C + c, C - c), some(x, r * C + c, C - c), first + c
            if limited:
                u = _passed(u, v, some(scale, s, C - c), some(shift, s, C - c), low, high)
            v = multiply_add(v, some(b, s, C - c), some(offset, s, C - c))
            put_some(dx, r * C + c, multiply_add(u, some(a, s, C - c), v), C - c)


def _serves(x, statistics, *others):
    """float32, with statistics of the last axis, all of one shape: those of the batch, or of each sample."""
    shapes = [(n, *(1,) * (x.ndim - 2), x.shape[-1]) for n in (1, len(x))] if x.ndim > 1 else []
    alike = all(a is None or a.shape == statistics.shape for a in others)
    return alike and statistics.shape in shapes and statistics.shape != x.shape and all_floats(x, statistics, *others)


def _statistics(x, axes):
    """The shape of statistics over the axes."""
    return tuple(1 if a in axes else n for a, n in enumerate(x.shape))


def _over_pixels(x, axes):
    """Whether the axes are all but the last, or all between the first and the last."""
    return len(axes) > 0 and sorted(axes) in (list(range(x.ndim - 1)), list(range(1, x.ndim - 1)))


def _sizes(x, statistics):
    """N, P, C."""
    C = x.shape[-1]
    return statistics.size // C, x.size // statistics.size, C


@version(channel_moments, "by_channel", lambda x, axes: x.ndim > 1 and all_floats(x) and _over_pixels(x, axes))
def fast_moments(x, axes):
    """The variance is the difference of two sums. They are taken about a number near the mean, so that it loses nothing."""
    x, shape = np.ascontiguousarray(x), _statistics(x, axes)
    pixels = x.reshape(shape[0], -1, x.shape[-1])
    P = pixels.shape[1]
    near = pixels[:, ::max(1, P // SAMPLE)].mean(axis=1)
    once, square = _sums(x, x, near, near) / F32(P)
    return np.stack([near + once, np.maximum(square - once * once, 0)]).reshape(2, *shape)


@version(scale_and_shift, "by_channel", lambda x, scale, shift, limits=None: _serves(x, scale, shift))
def fast_scale_and_shift(x, scale, shift, limits=None):
    x, scale, shift = map(np.ascontiguousarray, (x, scale, shift))
    y = memory.empty(x.shape)
    scaled(x, scale, shift, y, *_sizes(x, scale), limits is not None, *(limits or (0, 0)))
    return y


@version(channel_sums, "by_channel", lambda dy, x, mean, axes, *limited: _serves(x, mean, *limited[:2]) and all_floats(dy)
         and dy.shape == x.shape and _over_pixels(x, axes) and mean.shape == _statistics(x, axes))
def fast_sums(dy, x, mean, axes, scale=None, shift=None, limits=None):
    dy, x, mean = map(np.ascontiguousarray, (dy, x, mean))
    return _sums(dy, x, np.zeros_like(mean), mean, _limited(scale, shift, limits)).reshape(2, *mean.shape)


def _sums(a, b, a0, b0, limited=NOT_LIMITED):
    """The sums of a - a0 and of (a - a0) (b - b0), for each sample and channel: (2, N, C)."""
    (N, P, C), parts = _sizes(a, a0), get_num_threads()
    sums = np.empty((parts, N, 2, round_up(C, LANES)), F32)
    sums_about(a, b, a0, b0, sums, N, P, C, *limited, parts=parts)
    return sums[..., :C].sum(axis=0).swapaxes(0, 1)


@version(affine, "by_channel", lambda dy, x, a, b, c, *limited: _serves(x, a, b, c, *limited[:2]) and all_floats(dy)
         and dy.shape == x.shape)
def fast_affine(dy, x, a, b, c, scale=None, shift=None, limits=None):
    dy, x, a, b, c = map(np.ascontiguousarray, (dy, x, a, b, c))
    dx = memory.empty(x.shape)
    combined(dy, x, a, b, c, dx, *_sizes(x, a), *_limited(scale, shift, limits))
    return dx


def _limited(scale, shift, limits):
    """The last arguments of the jobs of the way back."""
    return NOT_LIMITED if limits is None else (True, np.ascontiguousarray(scale), np.ascontiguousarray(shift), *limits)
