"""The matrix product by register tiles, for float32: no BLAS, so nothing but the kernels' own threads ever runs.

A BLAS library brings threads of its own, which wait for work by spinning, in the way of the kernel that runs next: a training
step of the MNIST convnet took twice as long with them. Transposed factors are read where they lie.
"""
import numpy as np

from .. import memory
from ..jobs import FLAG, FLOATS, INTEGER, INTEGERS, all_floats, job, share
from ..registry import version
from ..vectors import F32, LANES, PANEL, ROWS, inner, load, put_some, round_up, some, spread, store, tile_rows_add
from .reference import product

BLOCK = 1024                                               # steps of the inner sum between two visits to a tile


@inner
def _packed(b, start, bks, bcs, first, K, N, panel):
    """Columns first .. first + PANEL - 1 of b (K, N), side by side: (K, PANEL), zeros beyond the last."""
    if bcs == 1:
        for k in range(K):
            for v in range(0, PANEL, LANES):
                count, at = N - first - v, start + k * bks + first + v
                store(panel, k * PANEL + v, some(b, at, count) if count > 0 else spread(F32(0)))
    else:
        for v in range(PANEL):
            for k in range(K):
                panel[k * PANEL + v] = b[start + k * bks + (first + v) * bcs] if first + v < N else F32(0)


@inner
def _tiles(a, start_a, ars, aks, b, start_b, bks, bcs, y, start_y, K, N, p0, p1, r0, r1, s, panel):
    """Rows r0 .. r1 - 1 of panels p0 .. p1 - 1 of a product; matrices begin at the given places; s and panel are workspace."""
    for o in range(p0 * PANEL, p1 * PANEL, PANEL):
        whole = o + PANEL <= N
        if not (whole and bcs == 1):
            _packed(b, start_b, bks, bcs, o, K, N, panel)
        for i in range(r0, r1, ROWS):
            rows = min(ROWS, r1 - i)
            out, to, step = (y, start_y + i * N + o, N) if whole else (s, 0, PANEL)
            for r in range(rows):
                out[to + r * step:to + r * step + PANEL] = 0
            for k in range(0, K, BLOCK):
                src, at, stride = (b, start_b + k * bks + o, bks) if whole and bcs == 1 else (panel, k * PANEL, PANEL)
                first = start_a + i * ars + k * aks
                tile_rows_add(rows, a, first, ars, 0, aks, src, at, stride, out, to, step, 1, min(BLOCK, K - k))
            if not whole:
                for r in range(rows):
                    for v in range(0, N - o, LANES):
                        put_some(y, start_y + (i + r) * N + o + v, load(s, r * PANEL + v), N - o - v)


@job
def multiply(part, parts, a: FLOATS, ars: INTEGER, aks: INTEGER, b: FLOATS, bks: INTEGER, bcs: INTEGER, y: FLOATS, M: INTEGER,
             K: INTEGER, N: INTEGER, by_panels: FLAG):
    """y (M, N) = a (M, K) b (K, N), rows and columns at the given strides. Parts share out rows, or panels of columns."""
    panels = round_up(N, PANEL) // PANEL
    p0, p1, r0, r1 = 0, panels, M * part // parts, M * (part + 1) // parts
    if by_panels:
        p0, p1, r0, r1 = panels * part // parts, panels * (part + 1) // parts, 0, M
    s, panel = np.empty(ROWS * PANEL, F32), np.empty(K * PANEL, F32)
    _tiles(a, 0, ars, aks, b, 0, bks, bcs, y, 0, K, N, p0, p1, r0, r1, s, panel)


@job
def multiply_each(part, parts, a: FLOATS, starts_a: INTEGERS, ars: INTEGER, aks: INTEGER, b: FLOATS, starts_b: INTEGERS,
                  bks: INTEGER, bcs: INTEGER, y: FLOATS, M: INTEGER, K: INTEGER, N: INTEGER):
    """The products of many pairs of matrices, which begin at the given places. Parts share out the pairs."""
    s, panel, panels = np.empty(ROWS * PANEL, F32), np.empty(K * PANEL, F32), round_up(N, PANEL) // PANEL
    for i in share(starts_a.size, part, parts):
        _tiles(a, starts_a[i], ars, aks, b, starts_b[i], bks, bcs, y, i * M * N, K, N, 0, panels, 0, M, s, panel)


def _laid_out(a):
    """(a contiguous array, row stride, column stride): the array or its transpose as it is, or a copy."""
    if not a.flags.c_contiguous and a.T.flags.c_contiguous:
        return a.T, 1, a.shape[0]
    return np.ascontiguousarray(a), a.shape[1], 1


@version(product, "tiled", lambda x1, x2: x1.ndim == x2.ndim == 2 and all_floats(x1, x2))
def matrices(x1, x2):
    (m, k), n = x1.shape, x2.shape[1]
    a, b, y = _laid_out(x1), _laid_out(x2), memory.empty((m, n))
    multiply(*a, *b, y, m, k, n, n >= 4 * PANEL)
    return y


@version(product, "tiled_each", lambda x1, x2: x1.ndim > 1 < x2.ndim and x1.ndim + x2.ndim > 4 and all_floats(x1, x2))
def stacks(x1, x2):
    """Pairs of matrices, shared out among the cores; a BLAS library would let all cores meet at the end of each."""
    if x2.ndim == 2 and x1.flags.c_contiguous:             # one matrix for a whole stack: one long product
        return matrices(x1.reshape(-1, x1.shape[-1]), x2).reshape(*x1.shape[:-1], x2.shape[-1])
    batch, (m, k), n = np.broadcast_shapes(x1.shape[:-2], x2.shape[:-2]), x1.shape[-2:], x2.shape[-1]
    (a, starts_a, *strides_a), (b, starts_b, *strides_b) = _begun(x1, batch), _begun(x2, batch)
    y = memory.empty((*batch, m, n))
    multiply_each(a, starts_a, *strides_a, b, starts_b, *strides_b, y, m, k, n)
    return y


def _begun(x, batch):
    """(its memory, a contiguous array; where each matrix of the batch begins in it; row stride, column stride)."""
    order = sorted(range(x.ndim), key=lambda a: -x.strides[a])
    if not x.transpose(order).flags.c_contiguous:
        x, order = np.ascontiguousarray(x), range(x.ndim)
    strides = [stride // x.itemsize for stride in x.strides]
    starts = np.zeros((), np.int64)
    for size, stride in zip(x.shape[:-2], strides):
        starts = starts[..., None] + np.arange(size) * stride
    return x.transpose(order), np.ascontiguousarray(np.broadcast_to(starts, batch)), *strides[-2:]
