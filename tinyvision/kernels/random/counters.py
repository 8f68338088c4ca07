"""Dropout in one pass: Philox's numbers are drawn where they are used, four at a time, and never written."""
import numpy as np

from .. import memory
from ..jobs import BYTES, FLOATS, INTEGER, NUMBER, job, share
from ..registry import version
from ..vectors import F32, inner
from .reference import HALF, KEY_STEPS, LOW, MULTIPLIERS, ROUNDS, dropped

STEPS = np.uint64(KEY_STEPS[0]), np.uint64(KEY_STEPS[1])


@inner
def _philox(a, b, c, d, k0, k1):
    """`philox` of one counter; all numbers are uint64 that hold 32 bits."""
    for _ in range(ROUNDS):
        left, right = MULTIPLIERS[0] * a, MULTIPLIERS[1] * c
        a, b, c, d = (right >> HALF) ^ b ^ k0, right & LOW, (left >> HALF) ^ d ^ k1, left & LOW
        k0, k1 = (k0 + STEPS[0]) & LOW, (k1 + STEPS[1]) & LOW
    return a, b, c, d


@job
def drop(part, parts, x: FLOATS, y: FLOATS, kept: BYTES, limit: INTEGER, scale: NUMBER, stream: INTEGER, step: INTEGER,
         k0: INTEGER, k1: INTEGER):
    """An element is kept where the upper 24 bits of its number are not below `limit`."""
    for block in share((x.size + 3) // 4, part, parts):
        words = _philox(np.uint64(block) & LOW, np.uint64(block) >> HALF, np.uint64(stream), np.uint64(step), np.uint64(k0),
                        np.uint64(k1))
        for i, word in enumerate(words):
            at = 4 * block + i
            if at < x.size:
                keep = np.int64(word >> np.uint64(8)) >= limit
                kept[at] = keep
                y[at] = x[at] / scale if keep else F32(0)


@version(dropped, "counters", lambda x, rate, shape, key, step: x.dtype == F32 and x.size and shape == x.shape)
def drop_all(x, rate, shape, key, step):
    x = np.ascontiguousarray(x)
    y, kept = memory.empty(x.shape), memory.empty(x.shape, np.uint8)
    limit = int(np.ceil(np.float32(rate) * np.float32(2 ** 24)))           # draws are whole multiples of 2**-24
    drop(x, y, kept, limit, 1 - rate, key[1], step, key[0] & 0xFFFFFFFF, key[0] >> 32)
    return y, kept.view(bool)
