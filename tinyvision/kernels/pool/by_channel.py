"""Max-pooling with vectors along the channels, and all cores along the rows. Its gradient gathers: threads share no pixel."""
import numpy as np

from .. import memory
from ..jobs import BYTES, FLOATS, INTEGER, job, share, sizes
from ..registry import version
from ..vectors import F32, LANES, equal, less_equal, put_some, some, spread
from .reference import max_pool_forward, scatter_windows

GEOMETRY = sizes(11)                                       # H, W, C, OH, OW, KH, KW, strides, top, left


def _geometry(windows, channels):
    (top, _), (left, _) = windows.margins
    return *windows.image, channels, *windows.output, *windows.size, *windows.strides, top, left


@job
def largest(part, parts, x: FLOATS, y: FLOATS, positions: BYTES, images: INTEGER, geometry: GEOMETRY):
    """Of equals the first wins; NaN wins over all; margins take no part."""
    H, W, C, OH, OW, KH, KW, SH, SW, top, left = geometry
    for row in share(images * OH, part, parts):
        n, h = row // OH, row % OH * SH - top
        for j in range(OW):
            w = j * SW - left
            p0, q0 = max(0, -h), max(0, -w)
            for c in range(0, C, LANES):
                best, where = some(x, ((n * H + h + p0) * W + w + q0) * C + c, C - c), spread(F32(p0 * KW + q0))
                for p in range(p0, min(KH, H - h)):
                    for q in range(q0, min(KW, W - w)):
                        v, number = some(x, ((n * H + h + p) * W + w + q) * C + c, C - c), spread(F32(p * KW + q))
                        larger, its_number = less_equal(v, best, best, v), less_equal(v, best, where, number)
                        where = equal(best, best, its_number, where)           # where the best is NaN already, it stays
                        best = equal(best, best, larger, best)
                put_some(y, (row * OW + j) * C + c, best, C - c)
                put_some(positions, (row * OW + j) * C + c, where, C - c)


@job
def scattered(part, parts, dy: FLOATS, positions: BYTES, dx: FLOATS, images: INTEGER, geometry: GEOMETRY):
    """Each pixel of dx adds up what the windows that it lies in have sent to it."""
    H, W, C, OH, OW, KH, KW, SH, SW, top, left = geometry
    for row in share(images * H, part, parts):
        n, h = row // H, row % H + top
        i0, i1 = max(0, (h - KH + SH) // SH), min(OH, h // SH + 1)             # the windows over this row
        for w in range(left, left + W):
            j0, j1 = max(0, (w - KW + SW) // SW), min(OW, w // SW + 1)
            for c in range(0, C, LANES):
                total = spread(F32(0))
                for i in range(i0, i1):
                    for j in range(j0, j1):
                        at = ((n * OH + i) * OW + j) * C + c
                        here = spread(F32((h - i * SH) * KW + w - j * SW))
                        total = total + equal(some(positions, at, C - c), here, some(dy, at, C - c), spread(F32(0)))
                put_some(dx, (row * W + w - left) * C + c, total, C - c)


def _serves(x, *rest):
    return x.dtype == F32 and x.size and rest[-1].size[0] * rest[-1].size[1] <= 256


@version(max_pool_forward, "by_channel", _serves)
def forward(x, windows):
    x = np.ascontiguousarray(x)
    y = memory.empty((len(x), *windows.output, x.shape[3]))
    positions = memory.empty(y.shape, np.uint8)
    largest(x, y, positions, len(x), _geometry(windows, x.shape[3]))
    return y, positions


@version(scatter_windows, "by_channel", _serves)
def scatter(dy, positions, windows):
    dy, positions = np.ascontiguousarray(dy), np.ascontiguousarray(positions)
    dx = memory.empty((len(dy), *windows.image, dy.shape[3]))
    scattered(dy, positions, dx, len(dy), _geometry(windows, dy.shape[3]))
    return dx
