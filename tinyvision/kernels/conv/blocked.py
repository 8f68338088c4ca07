"""Convolution in Numba: the textbook's columns and matrix product, a cache-sized block at a time, on all cores.

The reference writes all columns to memory and reads them back for the product: KH * KW times the image, for layers whose
arithmetic would otherwise hide the memory. Here a block of output rows is turned into columns that fit the second-level
cache, and multiplied at once. The products are BLAS's, on the thread that asks for them. It serves float64 too;
in float32 max|error| / max|result| is at most 7e-7.
"""
import functools

import numpy as np

from .. import memory
from ..cores import get_num_threads
from ..jobs import DOUBLES, FLOATS, SIZES, Job, share, sizes
from ..planner import Cost
from ..registry import version
from ..threads import single_threaded_blas
from ..vectors import PANEL, inner, round_up
from .reference import conv_forward, conv_input_gradient, conv_kernel_gradient

BLOCK = 64 * 1024                                          # numbers in a block of columns: 256 KiB of float32
RATE, LAYING_OUT = 0.3, 16                                 # of the arithmetic peak; operations that a number of a column costs
GEOMETRY = sizes(6)                                        # of the windows: size, strides, dilation


def _plain(*arrays):
    """float32 or float64 alone, and something to do."""
    return arrays[0].dtype == arrays[1].dtype and arrays[0].dtype.char in "fd" and all(a.size for a in arrays)


def _cost(images, windows, channels, filters):
    """Of each of the three: products of a block each, whose columns count in steps of PANEL, and laying them out."""
    pixels, numbers = images * windows.output[0] * windows.output[1], windows.size[0] * windows.size[1] * channels
    operations = pixels * (2 * round_up(numbers, PANEL) * filters + LAYING_OUT * numbers)
    moved = images * windows.image[0] * windows.image[1] * channels + pixels * filters
    return Cost(operations, 4 * moved * (2 if windows.padded else 1), 4 * BLOCK * get_num_threads(), RATE)


@version(conv_forward, "blocked", lambda x, kernel, windows: x.shape[3] == kernel.shape[2] and _plain(x, kernel),
         lambda x, kernel, windows: _cost(len(x), windows, *kernel.shape[2:]))
@single_threaded_blas
def forward(x, kernel, windows):
    x, y = np.ascontiguousarray(windows.pad(x)), memory.empty((len(x), *windows.output, kernel.shape[3]), x.dtype)
    jobs(x.dtype)[0](x, np.ascontiguousarray(kernel), y, x.shape, y.shape, _geometry(windows))
    return y


@version(conv_input_gradient, "blocked", lambda dy, kernel, windows, groups: groups == 1 and _plain(dy, kernel),
         lambda dy, kernel, windows, groups: _cost(len(dy), windows, *kernel.shape[2:]))
@single_threaded_blas
def input_gradient(dy, kernel, windows, groups):
    (top, bottom), (left, right) = windows.margins
    h, w = windows.image
    dx = memory.empty((len(dy), top + h + bottom, left + w + right, kernel.shape[2]), dy.dtype)
    turned = np.ascontiguousarray(kernel.reshape(-1, kernel.shape[3]).T)
    jobs(dy.dtype)[1](np.ascontiguousarray(dy), turned, dx, dx.shape, dy.shape, _geometry(windows))
    return np.ascontiguousarray(dx[:, top:top + h, left:left + w])


@version(conv_kernel_gradient, "blocked", lambda x, dy, windows, groups: groups == 1 and _plain(x, dy),
         lambda x, dy, windows, groups: _cost(len(x), windows, x.shape[3], dy.shape[3]))
@single_threaded_blas
def kernel_gradient(x, dy, windows, groups):
    c, f, parts = x.shape[3], dy.shape[3], get_num_threads()
    x, dy = np.ascontiguousarray(windows.pad(x)), np.ascontiguousarray(dy)
    sums = np.zeros((parts, windows.size[0] * windows.size[1] * c, f), x.dtype)
    jobs(x.dtype)[2](x, dy, sums, x.shape, dy.shape, _geometry(windows), parts=parts)
    return sums.sum(axis=0).reshape(*windows.size, c, f)


def _geometry(windows):
    return *windows.size, *windows.strides, *windows.dilation


@inner
def _fill(columns, x, row, rows, shape, out, geometry):
    """Columns (rows * OW, KH * KW * C) of the output rows `row`, `row + 1`, ..., counted through all images."""
    (_, H, W, C), (_, OH, OW, _), (KH, KW, SH, SW, DH, DW) = shape, out, geometry
    for r in range(rows):
        n, i = (row + r) // OH, (row + r) % OH
        for j in range(OW):
            to = (r * OW + j) * KH * KW * C
            for p in range(KH):
                for q in range(KW):
                    at = ((n * H + i * SH + p * DH) * W + j * SW + q * DW) * C
                    for c in range(C):
                        columns[to + c] = x[at + c]
                    to += C


@functools.cache
def jobs(dtype):
    """The jobs for float32 or float64: (forward, input_gradient, kernel_gradient)."""
    reals = FLOATS if dtype == np.float32 else DOUBLES

    def forward(part, parts, x: reals, kernel: reals, y: reals, shape: SIZES, out: SIZES, geometry: GEOMETRY):
        """Parts share out blocks of output rows."""
        N, OH, OW, F = out
        size = kernel.size // F
        block = max(1, BLOCK // (OW * size))
        columns, matrix = np.empty(block * OW * size, dtype), kernel.reshape(size, F)
        for row in range(part * block, N * OH, parts * block):
            rows = min(block, N * OH - row)
            _fill(columns, x, row, rows, shape, out, geometry)
            np.dot(columns[:rows * OW * size].reshape(rows * OW, size), matrix,
                   y[row * OW * F:(row + rows) * OW * F].reshape(rows * OW, F))

    def input_gradient(part, parts, dy: reals, turned: reals, dx: reals, shape: SIZES, out: SIZES, geometry: GEOMETRY):
        """Parts share out the images, whose windows overlap. dx has margins; `turned` is the kernel's matrix, transposed."""
        (N, H, W, C), (_, OH, OW, F), (KH, KW, SH, SW, DH, DW) = shape, out, geometry
        size = turned.size // F
        block = max(1, BLOCK // (OW * size))
        columns, matrix = np.empty(block * OW * size, dtype), turned.reshape(F, size)
        for n in share(N, part, parts):
            dx[n * H * W * C:(n + 1) * H * W * C] = 0
            for first in range(0, OH, block):
                rows, start = min(block, OH - first), (n * OH + first) * OW
                np.dot(dy[start * F:(start + rows * OW) * F].reshape(rows * OW, F), matrix,
                       columns[:rows * OW * size].reshape(rows * OW, size))
                at = 0
                for i in range(first, first + rows):
                    for j in range(OW):
                        for p in range(KH):
                            for q in range(KW):
                                to = ((n * H + i * SH + p * DH) * W + j * SW + q * DW) * C
                                for c in range(C):
                                    dx[to + c] += columns[at + c]
                                at += C

    def kernel_gradient(part, parts, x: reals, dy: reals, sums: reals, shape: SIZES, out: SIZES, geometry: GEOMETRY):
        """A sum for each part; parts share out blocks of output rows."""
        N, OH, OW, F = out
        size = sums.size // (parts * F)
        block = max(1, BLOCK // (OW * size))
        columns, total = np.empty(block * OW * size, dtype), sums[part * size * F:(part + 1) * size * F].reshape(size, F)
        for row in range(part * block, N * OH, parts * block):
            rows = min(block, N * OH - row)
            _fill(columns, x, row, rows, shape, out, geometry)
            total += np.dot(columns[:rows * OW * size].reshape(rows * OW, size).T,
                            dy[row * OW * F:(row + rows) * OW * F].reshape(rows * OW, F))

    return [Job(function, f"blocked_{function.__name__}_{np.dtype(dtype).name}")
            for function in (forward, input_gradient, kernel_gradient)]
