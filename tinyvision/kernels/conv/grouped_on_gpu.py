"""Convolution in groups on a GPU: grouped.cu."""
import numpy as np

from ...device import array_library
from .. import columns, cuda


def _compiled(name, windows, c, f, groups):
    files = "windows.cuh", "columns.cuh", "conv/grouped.cu"
    return cuda.compiled(name, files, **cuda.sizes_of(windows), C=c, F=f, GROUPS=groups)


def forward(x, kernel, bias, windows, low=-np.inf, high=np.inf):
    """conv(x, kernel) + bias, held between two limits."""
    x, kernel, (c, f) = cuda.contiguous(x), cuda.contiguous(kernel), (x.shape[3], kernel.shape[3])
    y = array_library(x).empty((len(x), *windows.output, f), x.dtype)
    cuda.for_each(_compiled("grouped_forward", windows, c, f, c // kernel.shape[2]), y.size, x, kernel, bias, y, float(low),
                  float(high))
    return y


def input_gradient(dy, kernel, windows, groups):
    """The gradient that reaches x."""
    dy, kernel, c, f = cuda.contiguous(dy), cuda.contiguous(kernel), kernel.shape[2] * groups, kernel.shape[3]
    dx = array_library(dy).empty((len(dy), *windows.image, c), dy.dtype)
    cuda.for_each(_compiled("grouped_input_gradient", windows, c, f, groups), dx.size, dy, kernel, dx)
    return dx


def kernel_gradient(x, dy, windows, groups):
    """The gradient that reaches the kernel: sums over slices of the pixels, added afterwards."""
    x, dy, (kh, kw), c, f = cuda.contiguous(x), cuda.contiguous(dy), windows.size, x.shape[3] // groups, dy.shape[3]
    grid, length = columns.shared_out(dy.size // f, f, kh * kw * c)
    partial = array_library(x).empty((grid[1], kh, kw, c, f), x.dtype)
    cuda.launch(_compiled("grouped_kernel_gradient", windows, c * groups, f, groups), grid, columns.BLOCK,
                x, dy, partial, len(x), length)
    return columns.total(partial)
