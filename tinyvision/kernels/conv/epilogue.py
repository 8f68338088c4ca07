"""What follows a convolution, while its result is still in the cache: bias, ReLU, 2x2 max-pool; and the way back.

The ReLU is told by its limit, the most that it lets through: infinity, or 6 for ReLU6, or 0 where there is no ReLU. A
convolution kernel leaves pixels of its result in a small flat array `s`, LANES channels at a time, and calls `finish` or
`finish_pooled` on them; on the way back `unfinished` and `unpool` give it the gradient of those pixels. Of a pooled map, all
that the way back needs is a byte an element: which of the four won, 0 to 3, or 4 if the ReLU stopped it.
"""
import numpy as np

from ..vectors import F32, equal, inner, less, less_equal, load, put_some, some, spread, store, within


@inner
def finish(s, si, bias, o, limit, y, yi, count):
    """y = s + bias, held between 0 and the limit if there is one; NaN stays NaN."""
    v = load(s, si) + load(bias, o)
    put_some(y, yi, within(v, F32(0), limit) if limit > 0 else v, count)


@inner
def finish_pooled(s, i00, i01, i10, i11, bias, o, limit, y, positions, yi, count):
    """The largest of four pixels, plus bias, and ReLU; and which of them it was. Of equals it is the first; NaN wins."""
    zero, largest = spread(F32(0)), load(s, i00)
    where = zero
    largest, where = _larger(load(s, i01), largest, spread(F32(1)), where)
    largest, where = _larger(load(s, i10), largest, spread(F32(2)), where)
    largest, where = _larger(load(s, i11), largest, spread(F32(3)), where)
    largest = largest + load(bias, o)
    if limit > 0:
        where = less(zero, largest, where, spread(F32(4)))
        largest = within(largest, F32(0), limit)
    put_some(y, yi, largest, count)
    put_some(positions, yi, where, count)


@inner
def _larger(v, largest, number, where):
    """(v, its number) where v is larger, or NaN; what was NaN stays."""
    candidate, its_number = less_equal(v, largest, largest, v), less_equal(v, largest, where, number)
    return equal(largest, largest, candidate, largest), equal(largest, largest, its_number, where)


@inner
def unfinished(dy, y, i, relu, db, o, count):
    """The gradient before bias and ReLU, of LANES channels; its sum goes to db."""
    g = some(dy, i, count)
    if relu:
        zero = spread(F32(0))
        g = less(zero, some(y, i, count), g, zero)
    store(db, o, load(db, o) + g)
    return g


@inner
def unpool(dy, positions, i, s, i00, i01, i10, i11, db, o, count):
    """The gradient of four pixels: all of it at the winner, nothing at the others, nothing anywhere if ReLU stopped it."""
    zero, g, where = spread(F32(0)), some(dy, i, count), some(positions, i, count)
    store(s, i00, equal(where, zero, g, zero))
    store(s, i01, equal(where, spread(F32(1)), g, zero))
    store(s, i10, equal(where, spread(F32(2)), g, zero))
    store(s, i11, equal(where, spread(F32(3)), g, zero))
    store(db, o, load(db, o) + less(where, spread(F32(4)), g, zero))


def limit_of(relu) -> float:
    """The most that a ReLU lets through, 0 for none: from True, False, or a number that is the most."""
    return np.inf if relu is True else float(relu)


def padded(bias, count):
    """A bias as `finish` wants it: `count` numbers, zeros beyond the last filter, or all zeros for None."""
    if bias is not None and len(bias) == count and bias.flags.c_contiguous:
        return bias
    full = np.zeros(count, F32)
    if bias is not None:
        full[:len(bias)] = bias
    return full
