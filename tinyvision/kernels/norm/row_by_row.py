"""Layer normalization with vectors along each row, and all cores along the rows.

A row stays in the first cache while it is read several times; the maps are read from memory once. The mean is taken twice: of
the numbers, and of their distances from what came out, which finds the digits that the first lost.
"""
import math

import numpy as np

from .. import memory
from ..cores import get_num_threads
from ..jobs import FLOATS, INTEGER, NUMBER, all_floats, job, share
from ..registry import version
from ..vectors import F32, LANES, load, multiply_add, put_some, round_up, some, spread, store, total
from .rows import normalized_rows, normalized_rows_gradients

BLOCK = 64                                                 # rows whose sum is taken by itself
SMALL = 2 ** 11                                            # elements that NumPy is as fast for


@job
def rows_forward(part, parts, x: FLOATS, gamma: FLOATS, beta: FLOATS, ones: FLOATS, y: FLOATS, mean: FLOATS, inverse: FLOATS,
                 rows: INTEGER, K: INTEGER, epsilon: NUMBER):
    for r in share(rows, part, parts):
        at, s, square = r * K, spread(F32(0)), spread(F32(0))
        for k in range(0, K, LANES):
            s = s + some(x, at + k, K - k)
        near = total(s) / F32(K)
        s = spread(F32(0))
        for k in range(0, K, LANES):                       # times ones, of which there are none beyond the end of the row
            distance = (some(x, at + k, K - k) - spread(near)) * some(ones, 0, K - k)
            s = s + distance
            square = multiply_add(distance, distance, square)
        rest = total(s) / F32(K)
        mean[r] = near + rest
        inverse[r] = F32(1) / math.sqrt(max(total(square) / F32(K) - rest * rest, F32(0)) + epsilon)
        centre, factor = spread(mean[r]), spread(inverse[r])
        for k in range(0, K, LANES):
            z = (some(x, at + k, K - k) - centre) * factor
            put_some(y, at + k, multiply_add(z, some(gamma, k, K - k), some(beta, k, K - k)), K - k)


@job
def rows_backward(part, parts, dy: FLOATS, x: FLOATS, gamma: FLOATS, mean: FLOATS, inverse: FLOATS, dx: FLOATS, sums: FLOATS,
                  rows: INTEGER, K: INTEGER):
    """sums takes those over the rows of each part, of dy z and of dy: (parts, 2, K rounded up)."""
    stride = round_up(K, LANES)
    sums = sums[part * 2 * stride:(part + 1) * 2 * stride]
    of_block = np.empty(2 * stride, F32)
    sums[:] = 0
    for block in share(round_up(rows, BLOCK) // BLOCK, part, parts):
        of_block[:] = 0
        for r in range(block * BLOCK, min((block + 1) * BLOCK, rows)):
            at, s, product = r * K, spread(F32(0)), spread(F32(0))
            centre, factor = spread(mean[r]), spread(inverse[r])
            for k in range(0, K, LANES):
                g, z = some(dy, at + k, K - k), (some(x, at + k, K - k) - centre) * factor
                store(of_block, k, multiply_add(g, z, load(of_block, k)))
                store(of_block, stride + k, load(of_block, stride + k) + g)
                dz = g * some(gamma, k, K - k)
                s = s + dz
                product = multiply_add(dz, z, product)
            shift, slope = spread(total(s) / F32(K)), spread(total(product) / F32(K))
            for k in range(0, K, LANES):
                g, z = some(dy, at + k, K - k), (some(x, at + k, K - k) - centre) * factor
                put_some(dx, at + k, (g * some(gamma, k, K - k) - shift - z * slope) * factor, K - k)
        sums += of_block


def _serves(x, *others):
    return x.size >= SMALL and all_floats(x, *others)


def _filled(t, K, start):
    return np.full(K, start, np.float32) if t is None else np.ascontiguousarray(t)


@version(normalized_rows, "row_by_row", lambda x, gamma, beta, epsilon: _serves(x, gamma, beta))
def fast_rows(x, gamma, beta, epsilon):
    rows, K = x.shape
    y, mean, inverse = memory.empty(x.shape), np.empty((rows, 1), np.float32), np.empty((rows, 1), np.float32)
    x, gamma, beta = np.ascontiguousarray(x), _filled(gamma, K, 1), _filled(beta, K, 0)
    rows_forward(x, gamma, beta, np.ones(LANES, np.float32), y, mean, inverse, rows, K, epsilon)
    return y, mean, inverse


@version(normalized_rows_gradients, "row_by_row", _serves)
def fast_gradients(dy, x, gamma, mean, inverse):
    rows, K = x.shape
    dx, sums = memory.empty(x.shape), np.empty((get_num_threads(), 2, round_up(K, LANES)), np.float32)
    dy, x, mean, inverse = map(np.ascontiguousarray, (dy, x, mean, inverse))
    rows_backward(dy, x, _filled(gamma, K, 1), mean, inverse, dx, sums, rows, K, parts=len(sums))
    return dx, *sums[:, :, :K].sum(axis=0)
