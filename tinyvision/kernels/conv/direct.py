"""Convolution by its definition, without columns: register tiles that read the image where it lies. Exact, for any window.

A register tile multiplies ROWS pixels of an output row by PANEL filters. Its left factor is the image itself: the numbers
under a row of a window are neighbours in memory, KW * C of them, and the next pixel's begin a few further on. So there is
nothing to lay out; the kernel alone is packed, filters side by side. It is the fastest for few input channels (the first layer,
bound by memory), and within rounding of float64: max|error| / max|result| is at most 3.2e-6 forward and for
the input gradient, 4e-7 for the kernel gradient (32 to 512 channels).

The input gradient of a convolution in steps of 1 is itself a convolution, of dy with the kernel turned by 180 degrees.
"""
import functools

import numpy as np

from .. import cores, memory
from ..jobs import BYTES, FLAG, FLOATS, INTEGER, NO_BYTES, NO_FLOATS, NUMBER, all_floats, job, share, sizes
from ..planner import Cost
from ..registry import version
from ..vectors import (
    F32,
    LANES,
    PANEL,
    ROWS,
    finished_rows,
    inner,
    load,
    put_some,
    round_up,
    store,
    tile_of_3x3_add,
    tile_of_9_add,
    tile_rows_add,
)
from ..windows import Windows
from .block import conv_block_backward, conv_block_forward
from .epilogue import finish, finish_pooled, limit_of, padded, unfinished, unpool
from .reference import conv_forward, conv_input_gradient, conv_kernel_gradient

RATE = 0.5                                                 # of the arithmetic peak
TOGETHER = 64                                              # pixels of the output, at least, between two visits to a sum of dK
GEOMETRY = sizes(12)                                       # of x with its margins, and of the windows


def _geometry(x, filters, windows):
    (kh, kw), (sh, sw), (dh, dw), (oh, ow) = windows.size, windows.strides, windows.dilation, windows.output
    return *x.shape[1:], oh, ow, filters, kh, kw, sh, sw, dh, dw


@job
def pack(part, parts, kernel: FLOATS, packed: FLOATS, K: INTEGER, F: INTEGER):
    """(K, F) -> panels of filters (F / PANEL, K, PANEL), zeros beyond the last filter."""
    panels = round_up(F, PANEL) // PANEL
    for i in share(K * panels, part, parts):
        k, panel = i % K, i // K
        for v in range(PANEL):
            o = panel * PANEL + v
            packed[(panel * K + k) * PANEL + v] = kernel[k * F + o] if o < F else F32(0)


@inner
def _rows_of_tiles(rows, x, at, packed, to_packed, s, to, no_bias, geometry):
    """s = the results of PANEL filters for `rows` pixels side by side, the first of whose windows begins at x[at]."""
    H, W, C, OH, OW, F, KH, KW, SH, SW, DH, DW = geometry
    if DW == 1:
        finished_rows(rows, x, at, SW * C, DH * W * C, 1, packed, to_packed, PANEL, s, to, PANEL, KH, KW * C, no_bias, 0,
                      F32(0))
    else:
        s[to:to + rows * PANEL] = 0
        for p in range(KH):
            tile_rows_add(rows, x, at + p * DH * W * C, SW * C, DW * C, 1, packed, to_packed + p * KW * C * PANEL, PANEL,
                          s, to, PANEL, KW, C)


@job
def direct_forward(part, parts, x: FLOATS, packed: FLOATS, bias: FLOATS, y: FLOATS, positions: BYTES, images: INTEGER,
                   limit: NUMBER, pool: FLAG, geometry: GEOMETRY):
    """Parts share out the rows of the result, pooled ones if there is a pool.

    Panel of filters after panel; but a kernel that fits the second-level cache as a whole is applied to a row at once, so that
    x is read from memory only once.
    """
    H, W, C, OH, OW, F, KH, KW, SH, SW, DH, DW = geometry
    step = 2 if pool else 1
    rows, columns, panels = OH // step, OW // step, round_up(F, PANEL) // PANEL
    small = packed.size < 2 ** 17
    s, no_bias = np.empty(2 * ROWS * PANEL, F32), np.zeros(PANEL, F32)
    for unit in share(panels * images * rows, part, parts):
        panel, row = (unit % panels, unit // panels) if small else (unit // (images * rows), unit % (images * rows))
        n, h = row // rows, row % rows * step
        for w in range(0, columns * step, ROWS):
            count = min(ROWS, columns * step - w)
            if not pool and DW == 1 and (panel + 1) * PANEL <= F:
                finished_rows(count, x, ((n * H + h * SH) * W + w * SW) * C, SW * C, DH * W * C, 1,
                              packed, panel * KH * KW * C * PANEL, PANEL, y, (row * columns + w) * F + panel * PANEL, F,
                              KH, KW * C, bias, panel * PANEL, limit)
                continue
            for i in range(step):
                _rows_of_tiles(count, x, ((n * H + (h + i) * SH) * W + w * SW) * C, packed, panel * KH * KW * C * PANEL,
                               s, i * ROWS * PANEL, no_bias, geometry)
            for j in range(0, count, step):
                for v in range(0, min(PANEL, F - panel * PANEL), LANES):
                    o, k = panel * PANEL + v, j * PANEL + v
                    to = (row * columns + (w + j) // step) * F + o
                    if pool:
                        finish_pooled(s, k, k + PANEL, k + ROWS * PANEL, k + (ROWS + 1) * PANEL, bias, o, limit,
                                      y, positions, to, F - o)
                    else:
                        finish(s, k, bias, o, limit, y, to, F - o)


@job
def direct_kernel_gradient(part, parts, x: FLOATS, dy: FLOATS, y: FLOATS, positions: BYTES, images: INTEGER, relu: FLAG,
                           pool: FLAG, bare: FLAG, dk: FLOATS, db: FLOATS, geometry: GEOMETRY):
    """dK and db, a sum for each part: (parts, KH * KW * C rounded up, F rounded up). Bare: no ReLU, no pool, and no db.

    A few rows of dy at a time go through ReLU and pool, backwards, into `s`, which stays in the cache; then each row of a
    window's numbers in x is multiplied with them.
    """
    H, W, C, OH, OW, F, KH, KW, SH, SW, DH, DW = geometry
    step, stride = 2 if pool else 1, round_up(F, PANEL)
    height, width = OH // step * step, OW // step * step   # of what the pool sees
    size = (KH * KW * C + ROWS) * stride
    dk, db = dk[part * size:(part + 1) * size], db[part * stride:(part + 1) * stride]
    dk[:] = 0
    db[:] = 0
    band = min(height, (TOGETHER + width - 1) // width * step)         # rows that go through together
    bands = (height + band - 1) // band
    s = np.zeros(band * width * stride, F32)
    for unit in share(images * bands, part, parts):
        n, first = unit // bands, unit % bands * band
        rows = min(band, height - first)
        g, near = s, 0
        if bare and stride == F:
            g, near = dy, (n * OH + first) * OW * F        # dy is read where it lies
        else:
            _unfinish_rows(dy, y, positions, n, first, rows, s, db, relu, pool, geometry)
        merged = KW * C if DW == 1 else C                  # numbers of a window that are neighbours in x
        start = (n * H + first * SH) * W * C
        for o in range(0, stride, PANEL):
            if merged == KH == 3 == KW * C:                # one channel: all nine numbers of a 3x3 window at once
                tile_of_3x3_add(x, start, 1, SH * W * C, SW * C, g, near + o, stride, dk, o, stride, rows, width, DH * W * C)
                continue
            for p in range(KH):
                for q in range(0, KW * C, merged):
                    at, to = start + p * DH * W * C + q * DW, (p * KW * C + q) * stride + o
                    if merged == 9:                        # three channels: a row of a 3x3 window
                        tile_of_9_add(x, at, 1, SH * W * C, SW * C, g, near + o, stride, dk, to, stride, rows, width)
                        continue
                    for i in range(0, merged, ROWS):
                        tile_rows_add(min(ROWS, merged - i), x, at + i, 1, SH * W * C, SW * C, g, near + o, stride,
                                      dk, to + i * stride, stride, rows, width)


@inner
def _unfinish_rows(dy, y, positions, n, first, rows, s, db, relu, pool, geometry):
    """Rows first .. first + rows - 1 of the gradient before bias, ReLU and pool: s (rows, width, F rounded up)."""
    _, _, _, OH, OW, F, _, _, _, _, _, _ = geometry
    stride = round_up(F, PANEL)
    if pool:
        width = OW // 2 * 2
        for i in range(0, rows, 2):
            for j in range(0, width, 2):
                at, to = ((n * (OH // 2) + (first + i) // 2) * (OW // 2) + j // 2) * F, (i * width + j) * stride
                for o in range(0, F, LANES):
                    k = to + o
                    unpool(dy, positions, at + o, s, k, k + stride, k + width * stride, k + (width + 1) * stride, db, o, F - o)
    else:
        for i in range(rows * OW):
            for o in range(0, F, LANES):
                at = ((n * OH + first) * OW + i) * F + o
                store(s, i * stride + o, unfinished(dy, y, at, relu, db, o, F - o))


@job
def undo_epilogue(part, parts, dy: FLOATS, y: FLOATS, positions: BYTES, images: INTEGER, relu: FLAG, pool: FLAG, before: FLOATS,
                  db: FLOATS, geometry: GEOMETRY):
    """The gradient before ReLU and pool, written out, (N, OH, OW, F); and the sums db of the parts."""
    _, _, _, OH, OW, F, _, _, _, _, _, _ = geometry
    stride = round_up(F, PANEL)
    db = db[part * stride:(part + 1) * stride]
    db[:] = 0
    for n in share(images, part, parts):
        if pool:
            whole = before[n * OH * OW * F:(n + 1) * OH * OW * F]
            if OH % 2 or OW % 2:
                whole[:] = 0
            s = np.empty(4 * LANES, F32)
            for i in range(0, OH - 1, 2):
                for j in range(0, OW - 1, 2):
                    at = ((n * (OH // 2) + i // 2) * (OW // 2) + j // 2) * F
                    for o in range(0, F, LANES):
                        unpool(dy, positions, at + o, s, 0, LANES, 2 * LANES, 3 * LANES, db, o, F - o)
                        for k in range(4):
                            put_some(whole, ((i + k // 2) * OW + j + k % 2) * F + o, load(s, k * LANES), F - o)
        else:
            for i in range(n * OH * OW, (n + 1) * OH * OW):
                for o in range(0, F, LANES):
                    put_some(before, i * F + o, unfinished(dy, y, i * F + o, relu, db, o, F - o), F - o)


@job
def pad(part, parts, x: FLOATS, wide: FLOATS, images: INTEGER, H: INTEGER, row: INTEGER, top: INTEGER, bottom: INTEGER,
        left: INTEGER, right: INTEGER):
    """x with margins of zeros; `row`, `left` and `right` count numbers."""
    width, height = left + row + right, top + H + bottom
    for r in share(images * height, part, parts):
        n, h = r // height, r % height - top
        if 0 <= h < H:
            wide[r * width:r * width + left] = 0
            wide[r * width + left:r * width + left + row] = x[(n * H + h) * row:(n * H + h + 1) * row]
            wide[r * width + left + row:(r + 1) * width] = 0
        else:
            wide[r * width:(r + 1) * width] = 0


def with_margins(x, windows):
    """x, contiguous, with the margins that its windows ask for."""
    x = np.ascontiguousarray(x)
    if not windows.padded:
        return x
    (top, bottom), (left, right) = windows.margins
    n, h, w, c = x.shape
    wide = memory.empty((n, top + h + bottom, left + w + right, c))
    pad(x, wide, n, h, w * c, top, bottom, left * c, right * c)
    return wide


def _cost(images, windows, channels, filters, passes=1, pool=False, rate=RATE):
    """As many operations as the definition, in whole panels of filters, so many times; margins cost a copy of x."""
    pixels, image = images * windows.output[0] * windows.output[1], images * windows.image[0] * windows.image[1]
    numbers = windows.size[0] * windows.size[1] * channels
    moved = image * channels * (3 if windows.padded else 1) + pixels * filters / (4 if pool else 1)
    return Cost(2 * pixels * numbers * round_up(filters, PANEL) * passes, 4 * passes * moved,
                4 * (numbers * round_up(filters, PANEL) + (image * channels if windows.padded else 0)), rate)


@version(conv_block_forward, "direct",
         lambda x, kernel, bias, windows, relu, pool, prepared=None:
         kernel.shape[2] == x.shape[3] and all_floats(x, kernel, bias),
         lambda x, kernel, bias, windows, relu, pool, prepared=None: _cost(len(x), windows, *kernel.shape[2:], 1, pool))
def forward(x, kernel, bias, windows, relu, pool, prepared=None):
    (oh, ow), o = windows.output, kernel.shape[3]
    y = memory.empty((len(x), oh // 2, ow // 2, o) if pool else (len(x), oh, ow, o))
    positions = memory.empty(y.shape, np.uint8) if pool else NO_BYTES
    wide = with_margins(x, windows)
    direct_forward(wide, _packed(kernel, prepared), padded(bias, round_up(o, PANEL)), y, positions, len(x), limit_of(relu),
                   pool, _geometry(wide, o, windows))
    return y, positions


def _packed(kernel, prepared):
    if prepared is not None and "direct" in prepared:
        return prepared["direct"]
    filters = kernel.shape[3]
    packed = memory.empty((round_up(filters, PANEL) * (kernel.size // filters),))
    pack(np.ascontiguousarray(kernel), packed, kernel.size // filters, filters)
    if prepared is not None:
        prepared["direct"] = packed
    return packed


@version(conv_block_backward, "direct", lambda x, kernel, y, positions, dy, windows, relu, pool, wanted:
         kernel.shape[2] == x.shape[3] and all_floats(x, kernel, y, dy),
         lambda x, kernel, y, positions, dy, windows, relu, pool, wanted: _cost(
             len(x), windows, x.shape[3], dy.shape[3], wanted[0] + wanted[1], pool and not wanted[0]))
def backward(x, kernel, y, positions, dy, windows, relu, pool, wanted):
    dx = db = None
    y, positions = np.ascontiguousarray(y), np.ascontiguousarray(positions)
    if wanted[0] and (relu or pool):
        dy, db = _before_epilogue(y, positions, np.ascontiguousarray(dy), windows, relu, pool)
        y, positions, relu, pool = NO_FLOATS, NO_BYTES, False, False
    bare = not (relu or pool) and (db is not None or not wanted[2])
    dk, sums = (_kernel_gradient(x, dy, y, positions, windows, relu, pool, bare) if wanted[1] or (wanted[2] and db is None)
                else (None, None))
    if wanted[0]:
        dx = conv_input_gradient(dy, kernel, windows, 1)
    return dx, dk if wanted[1] else None, (sums if db is None else db) if wanted[2] else None


def _before_epilogue(y, positions, dy, windows, relu, pool):
    parts, o = cores.get_num_threads(), dy.shape[3]
    before, db = memory.empty((len(dy), *windows.output, o)), np.empty((parts, round_up(o, PANEL)), F32)
    undo_epilogue(dy, y, positions, len(dy), relu, pool, before, db,
                  _geometry(before, o, windows), parts=parts)
    return before, db[:, :o].sum(axis=0)


def _kernel_gradient(x, dy, y, positions, windows, relu, pool, bare=False):
    wide, parts, o = with_margins(x, windows), cores.get_num_threads(), dy.shape[3]
    numbers, stride = windows.size[0] * windows.size[1] * x.shape[3], round_up(o, PANEL)
    dk, db = memory.empty((parts, numbers + ROWS, stride)), np.empty((parts, stride), F32)
    direct_kernel_gradient(wide, np.ascontiguousarray(dy), y, positions, len(x),
                           relu, pool, bare, dk, db, _geometry(wide, o, windows), parts=parts)
    return dk[:, :numbers, :o].sum(axis=0).reshape(*windows.size, x.shape[3], o), db[:, :o].sum(axis=0)


@version(conv_forward, "direct", lambda x, kernel, windows: kernel.shape[2] == x.shape[3] and all_floats(x, kernel),
         lambda x, kernel, windows: _cost(len(x), windows, *kernel.shape[2:]))
def plain_forward(x, kernel, windows):
    return forward(x, kernel, None, windows, False, False)[0]


@version(conv_input_gradient, "direct",
         lambda dy, kernel, windows, groups: groups == 1 and windows.strides == (1, 1) and all_floats(dy, kernel),
         lambda dy, kernel, windows, groups: _cost(len(dy), turned(windows), kernel.shape[3], kernel.shape[2]))
def input_gradient(dy, kernel, windows, groups):
    return plain_forward(dy, np.ascontiguousarray(kernel[::-1, ::-1].transpose(0, 1, 3, 2)), turned(windows))


@version(conv_kernel_gradient, "direct", lambda x, dy, windows, groups: groups == 1 and all_floats(x, dy),
         lambda x, dy, windows, groups: _cost(len(x), windows, x.shape[3], dy.shape[3]))
def kernel_gradient(x, dy, windows, groups):
    return _kernel_gradient(x, dy, NO_FLOATS, NO_BYTES, windows, False, False, bare=True)[0]


@functools.lru_cache(maxsize=1024)
def turned(windows):
    """The windows over dy whose convolution with the turned kernel is the input gradient, for steps of 1."""
    (top, bottom), (left, right) = windows.margins
    down, across = ((k - 1) * d for k, d in zip(windows.size, windows.dilation))
    return Windows(windows.output, windows.size, (1, 1), windows.dilation,
                   ((down - top, down - bottom), (across - left, across - right)), windows.image)
