"""Depthwise convolution, each channel by a window of its own: the vectors run along the channels, and nothing else is shared.

A number of the result takes KH * KW multiplications, against KH * KW * C in a full convolution: memory is what bounds it. Of
a window at the edge, the part inside the image counts; there are no margins to fill.
"""
import numpy as np

from .. import memory
from ..cores import get_num_threads
from ..jobs import FLOATS, INTEGER, NO_BYTES, NUMBER, all_floats, job, share, sizes
from ..planner import Cost
from ..registry import version
from ..vectors import F32, LANES, inner, load, multiply_add, put_some, round_up, some, spread, store, within
from .block import conv_block_forward
from .direct import turned
from .epilogue import limit_of, padded
from .reference import conv_forward, conv_input_gradient, conv_kernel_gradient

GEOMETRY = sizes(13)                                       # H, W, C, OH, OW, KH, KW, strides, dilation, top, left
RATE = 0.1                                                 # of the arithmetic peak: two loads for each multiplication


def geometry_of(windows, channels):
    """The numbers that GEOMETRY declares, in its order."""
    return (*windows.image, channels, *windows.output, *windows.size, *windows.strides, *windows.dilation,
            windows.margins[0][0], windows.margins[1][0])


@inner
def inside(start, reach, step, limit):
    """The numbers p, 0 <= p < reach, with 0 <= start + p step < limit: (first, last + 1)."""
    if step == 1:                                          # divisions take long
        return max(0, -start), min(reach, limit - start)
    return max(0, (-start + step - 1) // step), min(reach, (limit - start + step - 1) // step)


@inner
def _three(x, at, step, a, b, c, total):
    """total + x[at] a + x[at + step] b + x[at + 2 step] c: a row of a 3x3 window."""
    total = multiply_add(load(x, at), a, total)
    return multiply_add(load(x, at + 2 * step), c, multiply_add(load(x, at + step), b, total))


@inner
def _weights(kernel, at, C):
    """Three weights side by side."""
    return load(kernel, at), load(kernel, at + C), load(kernel, at + 2 * C)


@inner
def _pixel(x, kernel, n, h, w, c, geometry):
    """One pixel of the result, LANES channels from c on, whose window begins at row h and column w: what lies inside counts."""
    H, W, C, OH, OW, KH, KW, SH, SW, DH, DW, top, left = geometry
    total = spread(F32(0))
    p0, p1 = inside(h, KH, DH, H)
    q0, q1 = inside(w, KW, DW, W)
    for p in range(p0, p1):
        for q in range(q0, q1):
            at = ((n * H + h + p * DH) * W + w + q * DW) * C + c
            total = multiply_add(some(x, at, C - c), some(kernel, (p * KW + q) * C + c, C - c), total)
    return total


@inner
def _finished(v, bias, c, limit):
    """v + bias, held between 0 and the limit if there is one."""
    v = v + load(bias, c)
    return within(v, F32(0), limit) if limit > 0 else v


@inner
def _four(x, at, step, kernel, k, p0, p1, y, to, bias, c, limit, geometry):
    """Four pixels side by side, whose windows lie inside but for rows before p0 and from p1 on: each weight is loaded once."""
    H, W, C, OH, OW, KH, KW, SH, SW, DH, DW, top, left = geometry
    t0 = t1 = t2 = t3 = spread(F32(0))
    for p in range(p0, p1):
        for q in range(KW):
            weight, i = load(kernel, k + (p * KW + q) * C), at + (p * DH * W + q * DW) * C
            t0, t1 = multiply_add(load(x, i), weight, t0), multiply_add(load(x, i + step), weight, t1)
            t2, t3 = multiply_add(load(x, i + 2 * step), weight, t2), multiply_add(load(x, i + 3 * step), weight, t3)
    store(y, to, _finished(t0, bias, c, limit))
    store(y, to + C, _finished(t1, bias, c, limit))
    store(y, to + 2 * C, _finished(t2, bias, c, limit))
    store(y, to + 3 * C, _finished(t3, bias, c, limit))


@job
def depthwise_forward(part, parts, x: FLOATS, kernel: FLOATS, bias: FLOATS, y: FLOATS, images: INTEGER, limit: NUMBER,
                      geometry: GEOMETRY):
    """The nine weights of a 3x3 window stay in registers all along a row. Those of other windows, and of windows that reach
    over the upper or lower edge, are loaded for four pixels at a time."""
    H, W, C, OH, OW, KH, KW, SH, SW, DH, DW, top, left = geometry
    first = (left + SW - 1) // SW                          # columns first .. last - 1 have their windows inside
    last = max(first, min(OW, (W - (KW - 1) * DW - 1 + left) // SW + 1))
    for row in share(images * OH, part, parts):
        n, h = row // OH, row % OH * SH - top
        p0, p1 = inside(h, KH, DH, H)
        for c in range(0, C, LANES):
            fast = c + LANES <= C and p0 < p1
            begin, end = (min(first, OW), min(last, OW)) if fast else (OW, OW)     # between, windows and vectors are whole
            at, to = ((n * H + h) * W - left) * C + c, row * OW * C + c
            for j in range(begin):
                total = _pixel(x, kernel, n, h, j * SW - left, c, geometry)
                put_some(y, to + j * C, _finished(total, bias, c, limit), C - c)
            if fast and KW == 3 and p1 - p0 == 3 == KH:
                k00, k01, k02 = _weights(kernel, c, C)
                k10, k11, k12 = _weights(kernel, 3 * C + c, C)
                k20, k21, k22 = _weights(kernel, 6 * C + c, C)
                for j in range(begin, end):
                    i = at + j * SW * C
                    total = _three(x, i, DW * C, k00, k01, k02, spread(F32(0)))
                    total = _three(x, i + DH * W * C, DW * C, k10, k11, k12, total)
                    total = _three(x, i + 2 * DH * W * C, DW * C, k20, k21, k22, total)
                    store(y, to + j * C, _finished(total, bias, c, limit))
            elif fast:
                fours = (end - begin) // 4 * 4
                for j in range(begin, begin + fours, 4):
                    _four(x, at + j * SW * C, SW * C, kernel, c, p0, p1, y, to + j * C, bias, c, limit, geometry)
                end = begin + fours
            for j in range(end, OW):
                total = _pixel(x, kernel, n, h, j * SW - left, c, geometry)
                put_some(y, to + j * C, _finished(total, bias, c, limit), C - c)


@job
def depthwise_input_gradient(part, parts, dy: FLOATS, kernel: FLOATS, dx: FLOATS, images: INTEGER, geometry: GEOMETRY):
    """Each pixel of dx gathers from the windows that it lies in."""
    H, W, C, OH, OW, KH, KW, SH, SW, DH, DW, top, left = geometry
    for row in share(images * H, part, parts):
        n, h = row // H, row % H + top
        for w in range(left, left + W):
            for c in range(0, C, LANES):
                total = spread(F32(0))
                for p in range(KH):
                    i = (h - p * DH) // SH
                    if i * SH != h - p * DH or i < 0 or i >= OH:
                        continue
                    for q in range(KW):
                        j = (w - q * DW) // SW
                        if j * SW == w - q * DW and 0 <= j < OW:
                            at = ((n * OH + i) * OW + j) * C + c
                            total = multiply_add(some(dy, at, C - c), some(kernel, (p * KW + q) * C + c, C - c), total)
                put_some(dx, (row * W + w - left) * C + c, total, C - c)


@job
def depthwise_kernel_gradient(part, parts, x: FLOATS, dy: FLOATS, dk: FLOATS, images: INTEGER, geometry: GEOMETRY):
    """A sum for each part: (parts, KH * KW, C rounded up)."""
    H, W, C, OH, OW, KH, KW, SH, SW, DH, DW, top, left = geometry
    stride = round_up(C, LANES)
    dk = dk[part * KH * KW * stride:(part + 1) * KH * KW * stride]
    dk[:] = 0
    for row in share(images * OH, part, parts):
        n, h = row // OH, row % OH * SH - top
        p0, p1 = inside(h, KH, DH, H)
        for p in range(p0, p1):
            for q in range(KW):
                first, last = inside(q * DW - left, OW, SW, W)
                start = ((n * H + h + p * DH) * W + q * DW - left) * C
                for c in range(0, C, LANES):
                    total = load(dk, (p * KW + q) * stride + c)
                    for j in range(first, last):
                        pixel, given = some(x, start + j * SW * C + c, C - c), some(dy, (row * OW + j) * C + c, C - c)
                        total = multiply_add(pixel, given, total)
                    store(dk, (p * KW + q) * stride + c, total)


def _serves(a, b, channels, groups, filters):
    """One filter for each channel; float32."""
    return channels == groups == filters and groups > 1 and all_floats(a, b)


def _cost(images, windows, channels):
    pixels = images * windows.output[0] * windows.output[1]
    moved = images * windows.image[0] * windows.image[1] + pixels
    return Cost(2 * pixels * windows.size[0] * windows.size[1] * channels, 4 * moved * channels, 0, RATE)


@version(conv_forward, "depthwise",
         lambda x, kernel, windows: kernel.shape[2] == 1 and _serves(x, kernel, x.shape[3], x.shape[3], kernel.shape[3]),
         lambda x, kernel, windows: _cost(len(x), windows, x.shape[3]))
def forward(x, kernel, windows):
    return block_forward(x, kernel, None, windows, False, False)[0]


@version(conv_block_forward, "depthwise",
         lambda x, kernel, bias, windows, relu, pool, prepared=None:
         not pool and kernel.shape[2] == 1 and _serves(x, kernel, x.shape[3], x.shape[3], kernel.shape[3]) and all_floats(bias),
         lambda x, kernel, bias, windows, relu, pool, prepared=None: _cost(len(x), windows, x.shape[3]))
def block_forward(x, kernel, bias, windows, relu, pool, prepared=None):
    x, kernel, channels = np.ascontiguousarray(x), np.ascontiguousarray(kernel), x.shape[3]
    y = memory.empty((len(x), *windows.output, channels))
    depthwise_forward(x, kernel, padded(bias, round_up(channels, LANES)), y, len(x), limit_of(relu),
                      geometry_of(windows, channels))
    return y, NO_BYTES


@version(conv_input_gradient, "depthwise",
         lambda dy, kernel, windows, groups: _serves(dy, kernel, dy.shape[3], groups, groups * kernel.shape[2]),
         lambda dy, kernel, windows, groups: _cost(len(dy), windows, groups))
def input_gradient(dy, kernel, windows, groups):
    if windows.strides == (1, 1):                          # a convolution again
        return forward(dy, kernel[::-1, ::-1], turned(windows))
    dy, kernel = np.ascontiguousarray(dy), np.ascontiguousarray(kernel)
    dx = memory.empty((len(dy), *windows.image, groups))
    depthwise_input_gradient(dy, kernel, dx, len(dy), geometry_of(windows, groups))
    return dx


@version(conv_kernel_gradient, "depthwise",
         lambda x, dy, windows, groups: _serves(x, dy, x.shape[3], groups, dy.shape[3]),
         lambda x, dy, windows, groups: _cost(len(x), windows, groups))
def kernel_gradient(x, dy, windows, groups):
    x, dy, parts = np.ascontiguousarray(x), np.ascontiguousarray(dy), get_num_threads()
    dk = np.empty((parts, windows.size[0] * windows.size[1], round_up(groups, LANES)), F32)
    depthwise_kernel_gradient(x, dy, dk, len(x), geometry_of(windows, groups), parts=parts)
    return dk[:, :, :groups].sum(axis=0).reshape(*windows.size, 1, groups)
