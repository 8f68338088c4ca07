"""Resampling with vectors along the channels, and all cores along the new rows. Of each matrix only its band is read."""
import numpy as np

from .. import memory
from ..jobs import FLOATS, INTEGER, INTEGERS, all_floats, job, share, sizes
from ..registry import version
from ..vectors import F32, LANES, multiply_add, put_some, some, spread
from .reference import resample

GEOMETRY = sizes(5)                                        # H, W, C, OH, OW


@job
def banded(part, parts, x: FLOATS, rows: FLOATS, row_bands: INTEGERS, columns: FLOATS, column_bands: INTEGERS, y: FLOATS,
           images: INTEGER, geometry: GEOMETRY):
    """For each new row: the old rows that it needs become one, whose pixels are then added up in the same way."""
    H, W, C, OH, OW = geometry
    line = np.empty(W * C, F32)
    for row in share(images * OH, part, parts):
        n, i = row // OH, row % OH
        for k in range(0, W * C, LANES):
            total = spread(F32(0))
            for h in range(row_bands[2 * i], row_bands[2 * i + 1]):
                total = multiply_add(some(x, (n * H + h) * W * C + k, W * C - k), spread(rows[i * H + h]), total)
            put_some(line, k, total, W * C - k)
        for j in range(OW):
            for c in range(0, C, LANES):
                total = spread(F32(0))
                for w in range(column_bands[2 * j], column_bands[2 * j + 1]):
                    total = multiply_add(some(line, w * C + c, C - c), spread(columns[j * W + w]), total)
                put_some(y, (row * OW + j) * C + c, total, C - c)


def bands(matrix):
    """For each row of a matrix, the place of its first number that is not 0, and the one behind the last: (rows, 2)."""
    there = matrix != 0
    first, last = there.argmax(axis=1), matrix.shape[1] - there[:, ::-1].argmax(axis=1)
    return np.stack([first, np.where(there.any(axis=1), last, first)], axis=1).astype(np.int64)


@version(resample, "banded", lambda x, rows, columns: all_floats(x) and len(rows) and len(columns))
def fast_resample(x, rows, columns):
    (N, H, W, C), OH, OW = x.shape, len(rows), len(columns)
    rows, columns = (np.ascontiguousarray(weights, F32) for weights in (rows, columns))
    y = memory.empty((N, OH, OW, C))
    banded(np.ascontiguousarray(x), rows, bands(rows), columns, bands(columns), y, N, (H, W, C, OH, OW))
    return y
