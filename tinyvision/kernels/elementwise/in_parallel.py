"""The elementwise steps on all cores, into memory that was used before: new pages would cost more than the step itself."""
import numpy as np

from .. import memory
from ..jobs import FLOATS, NUMBER, all_floats, job, share
from ..registry import version
from ..vectors import F32, LANES, less, put_some, round_up, some, spread, within
from .reference import LARGE, added, clipped, passed


@job
def add(part, parts, x1: FLOATS, x2: FLOATS, y: FLOATS):
    for block in share(round_up(y.size, LANES) // LANES, part, parts):
        i = block * LANES
        put_some(y, i, some(x1, i, y.size - i) + some(x2, i, y.size - i), y.size - i)


@job
def clip(part, parts, x: FLOATS, low: NUMBER, high: NUMBER, y: FLOATS):
    for block in share(round_up(y.size, LANES) // LANES, part, parts):
        i = block * LANES
        put_some(y, i, within(some(x, i, y.size - i), low, high), y.size - i)


@job
def mask(part, parts, g: FLOATS, y: FLOATS, low: NUMBER, high: NUMBER, dx: FLOATS):
    for block in share(round_up(y.size, LANES) // LANES, part, parts):
        i = block * LANES
        v, zero = some(y, i, y.size - i), spread(F32(0))
        above = less(spread(low), v, some(g, i, y.size - i), zero)
        put_some(dx, i, less(v, spread(high), above, zero), y.size - i)


def _serves(x, *others):
    return x.size >= LARGE and all(a.shape == x.shape for a in others) and all_floats(x, *others)


@version(added, "in_parallel", lambda x1, x2: isinstance(x2, np.ndarray) and _serves(x1, x2))
def fast_add(x1, x2):
    y = memory.empty(x1.shape)
    add(np.ascontiguousarray(x1), np.ascontiguousarray(x2), y)
    return y


@version(clipped, "in_parallel", lambda x, low, high: _serves(x))
def fast_clip(x, low, high):
    y = memory.empty(x.shape)
    clip(np.ascontiguousarray(x), low, high, y)
    return y


@version(passed, "in_parallel", lambda g, y, low, high: _serves(g, y))
def fast_mask(g, y, low, high):
    dx = memory.empty(g.shape)
    mask(np.ascontiguousarray(g), np.ascontiguousarray(y), low, high, dx)
    return dx
