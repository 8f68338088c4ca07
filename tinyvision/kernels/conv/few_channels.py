"""The input gradient where the images have few channels: a matrix product, and its columns added back to where they belong.

As a convolution of dy it would compute a whole panel of channels, 32 with AVX-512, of which a first layer has 1 or 3. The other
way round is better: at each pixel of dy the product with the kernel's matrix gives what the pixel sends to all KH * KW * C
numbers under its window, which fill a panel; they are added to dx a row of dy at a time, while they are in the cache. Any
strides and dilation. Within rounding of float64: max|error| / max|result| is at most 5.4e-7 (1 to 31 channels, 32 to 512
filters).
"""
import numpy as np

from .. import memory
from ..cores import get_num_threads
from ..jobs import FLOATS, INTEGER, all_floats, job, share
from ..planner import Cost
from ..registry import version
from ..vectors import F32, LANES, PANEL, ROWS, inner, put_some, round_up, some, tile_rows_add
from .depthwise import GEOMETRY, geometry_of, inside
from .direct import pack
from .reference import conv_input_gradient

RATE, ADDITION = 0.5, 24                                   # of the arithmetic peak; what adding a number costs, in operations


@inner
def _add(y, to, x, at, count):
    """y += x, `count` numbers side by side."""
    for v in range(0, count, LANES):
        put_some(y, to + v, some(y, to + v, count - v) + some(x, at + v, count - v), count - v)


@job
def add_back(part, parts, dy: FLOATS, packed: FLOATS, dx: FLOATS, images: INTEGER, F: INTEGER, geometry: GEOMETRY):
    """Parts share out the images, in which windows overlap."""
    H, W, C, OH, OW, KH, KW, SH, SW, DH, DW, top, left = geometry
    stride = round_up(KH * KW * C, PANEL)
    columns = np.empty(round_up(OW, ROWS) * stride, F32)
    for n in share(images, part, parts):
        dx[n * H * W * C:(n + 1) * H * W * C] = 0
        for i in range(OH):
            columns[:] = 0
            for o in range(0, stride, PANEL):
                for j in range(0, OW, ROWS):
                    tile_rows_add(min(ROWS, OW - j), dy, ((n * OH + i) * OW + j) * F, F, 0, 1, packed, o * F, PANEL,
                                  columns, j * stride + o, stride, 1, F)
            first_row, last_row = inside(i * SH - top, KH, DH, H)
            for p in range(first_row, last_row):
                row = (n * H + i * SH + p * DH - top) * W
                for first in range(KW):                    # then the next that is added to has not just been written
                    for j in range(first, OW, KW):
                        w, at = j * SW - left, j * stride + p * KW * C
                        if DW == 1 and w >= 0 and w + KW <= W:
                            _add(dx, (row + w) * C, columns, at, KW * C)
                        else:
                            for q in range(KW):
                                if 0 <= w + q * DW < W:
                                    _add(dx, (row + w + q * DW) * C, columns, at + q * C, C)


def _serves(dy, kernel, windows, groups):
    return groups == 1 and kernel.shape[2] < PANEL and all_floats(dy, kernel)


def _cost(dy, kernel, windows, groups):
    """As many products as the definition has, in whole panels of what lies under a window, and the additions."""
    pixels, numbers, filters = len(dy) * windows.output[0] * windows.output[1], kernel.size // kernel.shape[3], kernel.shape[3]
    operations = pixels * (2 * filters * round_up(numbers, PANEL) + ADDITION * numbers)
    moved = dy.size + len(dy) * windows.image[0] * windows.image[1] * kernel.shape[2]
    workspace = get_num_threads() * windows.output[1] * round_up(numbers, PANEL)
    return Cost(operations, 4 * moved, 4 * workspace, RATE)


@version(conv_input_gradient, "few_channels", _serves, _cost)
def input_gradient(dy, kernel, windows, groups):
    kh, kw, c, f = kernel.shape
    packed = memory.empty((round_up(kh * kw * c, PANEL) * f,))
    pack(np.ascontiguousarray(kernel.reshape(-1, f).T), packed, f, kh * kw * c)
    dx = memory.empty((len(dy), *windows.image, c))
    add_back(np.ascontiguousarray(dy), packed, dx, len(dy), f, geometry_of(windows, c))
    return dx
