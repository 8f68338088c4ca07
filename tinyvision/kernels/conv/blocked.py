"""Convolution in Numba: the textbook's columns and matrix product, a cache-sized block at a time, on all cores.

The reference writes all columns to memory and reads them back for the product: KH * KW times the image, for layers whose
arithmetic would otherwise hide the memory. Here a block of output rows is turned into columns that fit the second-level
cache, and multiplied at once. Blocks are split alike for any number of threads, and sums are added in the order of the blocks.
"""
import numpy as np
from numba import njit, prange

from ..cores import get_num_threads
from ..planner import Cost
from ..registry import version
from ..threads import single_threaded_blas
from .reference import conv_forward, conv_input_gradient, conv_kernel_gradient

BLOCK = 64 * 1024                                          # numbers in a block of columns: 256 KiB of float32
RATE = 0.3                                                 # of the arithmetic peak
PARTS = 8                                                  # partial sums of the kernel gradient


def _plain(*arrays):
    """float32 or float64 alone, and something to do."""
    return arrays[0].dtype == arrays[1].dtype and arrays[0].dtype.char in "fd" and all(a.size for a in arrays)


def _cost(images, windows, channels, filters):
    """Of each of the three: as many operations as the definition, in single-threaded products of a block each."""
    pixels = images * windows.output[0] * windows.output[1]
    operations = 2 * pixels * windows.size[0] * windows.size[1] * channels * filters
    moved = images * windows.image[0] * windows.image[1] * channels + pixels * filters
    return Cost(operations, 4 * moved * (2 if windows.padded else 1), 4 * BLOCK * get_num_threads(), RATE)


@version(conv_forward, "blocked", lambda x, kernel, windows: x.shape[3] == kernel.shape[2] and _plain(x, kernel),
         lambda x, kernel, windows: _cost(len(x), windows, *kernel.shape[2:]))
@single_threaded_blas
def forward(x, kernel, windows):
    y = np.empty((len(x), *windows.output, kernel.shape[3]), x.dtype)
    matrix = np.ascontiguousarray(kernel).reshape(-1, kernel.shape[3])
    _forward(_padded(x, windows), matrix, y, *_geometry(windows))
    return y


@version(conv_input_gradient, "blocked", lambda dy, kernel, windows, groups: groups == 1 and _plain(dy, kernel),
         lambda dy, kernel, windows, groups: _cost(len(dy), windows, *kernel.shape[2:]))
@single_threaded_blas
def input_gradient(dy, kernel, windows, groups):
    (top, bottom), (left, right) = windows.margins
    h, w = windows.image
    dx = np.empty((len(dy), top + h + bottom, left + w + right, kernel.shape[2]), dy.dtype)
    turned = np.ascontiguousarray(kernel.reshape(-1, kernel.shape[3]).T)
    _input_gradient(np.ascontiguousarray(dy), turned, dx, *_geometry(windows))
    return np.ascontiguousarray(dx[:, top:top + h, left:left + w])


@version(conv_kernel_gradient, "blocked", lambda x, dy, windows, groups: groups == 1 and _plain(x, dy),
         lambda x, dy, windows, groups: _cost(len(x), windows, x.shape[3], dy.shape[3]))
@single_threaded_blas
def kernel_gradient(x, dy, windows, groups):
    c, f = x.shape[3], dy.shape[3]
    parts = np.zeros((PARTS, windows.size[0] * windows.size[1] * c, f), x.dtype)
    _kernel_gradient(_padded(x, windows), np.ascontiguousarray(dy), parts, *_geometry(windows))
    return parts.sum(axis=0).reshape(*windows.size, c, f)


def _padded(x, windows):
    return np.ascontiguousarray(windows.pad(x))


def _geometry(windows):
    return *windows.size, *windows.strides, *windows.dilation


@njit(cache=True)
def _fill(columns, x, row, rows, ow, kh, kw, sh, sw, dh, dw):
    """Columns (rows * OW, KH * KW * C) of the output rows `row`, `row + 1`, ..., counted through all images. x is padded."""
    c, oh = x.shape[3], (x.shape[1] - (kh - 1) * dh - 1) // sh + 1
    for r in range(rows):
        n, i = (row + r) // oh, (row + r) % oh
        for j in range(ow):
            column = columns[r * ow + j]
            for p in range(kh):
                for q in range(kw):
                    pixel, start = x[n, i * sh + p * dh, j * sw + q * dw], (p * kw + q) * c
                    for k in range(c):
                        column[start + k] = pixel[k]


@njit(parallel=True, cache=True)
def _forward(x, matrix, y, kh, kw, sh, sw, dh, dw):
    n, oh, ow, f = y.shape
    block = max(1, BLOCK // (ow * len(matrix)))
    products = y.reshape(n * oh * ow, f)
    for b in prange((n * oh + block - 1) // block):
        row = b * block
        rows = min(block, n * oh - row)
        columns = np.empty((rows * ow, len(matrix)), x.dtype)
        _fill(columns, x, row, rows, ow, kh, kw, sh, sw, dh, dw)
        np.dot(columns, matrix, products[row * ow:(row + rows) * ow])


@njit(parallel=True, cache=True)
def _input_gradient(dy, turned, dx, kh, kw, sh, sw, dh, dw):
    """Images are independent: each is one thread's, its blocks of rows one after the other."""
    n, oh, ow, f = dy.shape
    c = dx.shape[3]
    block = max(1, BLOCK // (ow * turned.shape[1]))
    given = dy.reshape(n * oh * ow, f)
    for image in prange(n):
        target = dx[image]
        target[:] = 0
        for i in range(0, oh, block):
            rows, start = min(block, oh - i), (image * oh + i) * ow
            columns = np.dot(given[start:start + rows * ow], turned)
            for r in range(rows):
                for j in range(ow):
                    column = columns[r * ow + j]
                    for p in range(kh):
                        for q in range(kw):
                            pixel, first = target[(i + r) * sh + p * dh, j * sw + q * dw], (p * kw + q) * c
                            for k in range(c):
                                pixel[k] += column[first + k]


@njit(parallel=True, cache=True)
def _kernel_gradient(x, dy, parts, kh, kw, sh, sw, dh, dw):
    n, oh, ow, f = dy.shape
    size = parts.shape[1]
    block = max(1, BLOCK // (ow * size))
    blocks = (n * oh + block - 1) // block
    given = dy.reshape(n * oh * ow, f)
    for part in prange(PARTS):
        for b in range(part * blocks // PARTS, (part + 1) * blocks // PARTS):
            row = b * block
            rows = min(block, n * oh - row)
            columns = np.empty((rows * ow, size), x.dtype)
            _fill(columns, x, row, rows, ow, kh, kw, sh, sw, dh, dw)
            parts[part] += np.dot(columns.T, given[row * ow:(row + rows) * ow])
