"""Convolution on a GPU: products of tiles (implicit.cuh), in float32 or on tensor cores; grouped.cu does the rest."""
import math

import numpy as np

from ...device import array_library
from .. import columns, cuda
from ..choice import PRECISIONS
from ..matmul.tiles import files, tiling
from ..pool import on_gpu as pooling
from ..pool.reference import scatter_windows
from ..registry import version
from . import grouped_on_gpu
from .block import STOPPED, conv_block_backward, conv_block_forward, halves
from .reference import conv_forward, conv_input_gradient, conv_kernel_gradient


def compiled(name, precision, tiles, c, f, windows):
    """The kernel conv_forward, for instance, of conv/forward.cu, for c and f channels under those windows."""
    source = files(precision, "windows.cuh", "conv/implicit.cuh", f"conv/{name.removeprefix('conv_')}.cu")
    return cuda.compiled(name, source, **tiles.constants, **cuda.sizes_of(windows), C=c, F=f)


def forward(precision, x, kernel, bias, windows, low=-np.inf, high=np.inf):
    """conv(x, kernel) + bias, held between two limits."""
    x, kernel, xp = cuda.contiguous(x), cuda.contiguous(kernel), array_library(x)
    c, f, (oh, ow) = kernel.shape[2], kernel.shape[3], windows.output
    y = xp.empty((len(x), oh, ow, f), x.dtype)
    tiles = tiling(len(x) * oh * ow, f, kernel.size // f, sliceable=False)
    cuda.launch(compiled("conv_forward", precision, tiles, c, f, windows), tiles.grid, tiles.block,
                x, kernel, bias, y, len(x), float(low), float(high))
    return y


def input_gradient(precision, dy, kernel, windows):
    """The gradient that reaches x: blocks for each phase of the strides."""
    dy, kernel = cuda.contiguous(dy), cuda.contiguous(kernel)
    (h, w), (sh, sw), (_, _, c, f) = windows.image, windows.strides, kernel.shape
    dx = array_library(dy).empty((len(dy), h, w, c), dy.dtype)
    tiles = tiling(len(dy) * -(-h // sh) * -(-w // sw), c, kernel.size // (c * sh * sw), sh * sw, sliceable=False)
    cuda.launch(compiled("conv_input_gradient", precision, tiles, c, f, windows), (*tiles.grid, sh * sw), tiles.block,
                dy, kernel, dx, len(dy))
    return dx


def kernel_gradient(precision, x, dy, windows):
    """The gradient that reaches the kernel: sums over slices of the pixels, added afterwards."""
    x, dy, xp = cuda.contiguous(x), cuda.contiguous(dy), array_library(x)
    (kh, kw), c, f = windows.size, x.shape[3], dy.shape[3]
    tiles = tiling(kh * kw * c, f, dy.size // f)
    partial = xp.empty((max(tiles.slices, 1), kh, kw, c, f), x.dtype)
    cuda.launch(compiled("conv_kernel_gradient", precision, tiles, c, f, windows), (*tiles.grid, len(partial)), tiles.block,
                x, dy, partial, len(x), tiles.slice)
    return columns.total(partial)


def through_relu(dy, y, positions):
    """What the ReLU lets through of dy, where y is above 0 and positions are not STOPPED; and its sums, for the bias.

    With positions it is dy itself, for there scatter_windows leaves out what was stopped.
    """
    dy, (*_, f), xp = cuda.contiguous(dy), dy.shape, array_library(dy)
    grid, length = columns.shared_out(dy.size // f, f)
    g, partial = dy if y is None else xp.empty_like(dy), xp.empty((grid[1], f), dy.dtype)
    cuda.launch(cuda.compiled("through_relu", ("columns.cuh", "conv/block.cu"), F=f, STOPPED=STOPPED), grid, columns.BLOCK,
                dy, y, positions, None if g is dy else g, partial, dy.size // f, length)
    return g, columns.total(partial)


@version(conv_block_backward, "cuda", gpu=True, serves=lambda x, kernel, y, positions, dy, windows, relu, pool, wanted:
         cuda.fits(dy, y) and dy.size and (not pool or positions.dtype == np.uint8))
def block_backward(x, kernel, y, positions, dy, windows, relu, pool, wanted):
    bias_gradient = None
    if wanted[2] or (relu and not pool):
        dy, bias_gradient = through_relu(dy, cuda.contiguous(y) if relu and not pool else None,
                                         cuda.contiguous(positions) if relu and pool else None)
    if pool and (wanted[0] or wanted[1]):
        dy = scatter_windows(dy, positions, halves(windows))
    return (conv_input_gradient(dy, kernel, windows, 1) if wanted[0] else None,
            conv_kernel_gradient(x, dy, windows, 1) if wanted[1] else None, bias_gradient if wanted[2] else None)


def _by_tiles(windows, groups):
    """Whether products of tiles can do it: in one group, and with a stride or dilation, not both."""
    return groups == 1 and all(s == 1 or d == 1 for s, d in zip(windows.strides, windows.dilation))


def _register(name, precision):
    """A version of each kernel, for tiles in that precision. In float32 it takes all else, too."""
    def served(windows, groups, c, f, *arrays):
        most = len(arrays[0]) * max(math.prod(windows.image) * c, math.prod(windows.output) * f)
        deepest = math.prod(windows.size) * c // groups    # of a grid, where grouped.cu finds the kernel's gradient
        fits = cuda.fits(*arrays) and most <= cuda.MOST and deepest <= cuda.MOST_BLOCKS
        return fits and (precision == "float32" or _by_tiles(windows, groups))

    def any_forward(x, kernel, bias, windows, *limits):
        if _by_tiles(windows, x.shape[3] // kernel.shape[2]):
            return forward(precision, x, kernel, bias, windows, *limits)
        return grouped_on_gpu.forward(x, kernel, bias, windows, *limits)

    @version(conv_forward, name, gpu=True,
             serves=lambda x, kernel, windows:
             served(windows, x.shape[3] // kernel.shape[2], x.shape[3], kernel.shape[3], x, kernel))
    def conv(x, kernel, windows):
        return any_forward(x, kernel, None, windows)

    @version(conv_block_forward, name, gpu=True, serves=lambda x, kernel, bias, windows, relu, pool, prepared=None:
             served(windows, x.shape[3] // kernel.shape[2], x.shape[3], kernel.shape[3], x, kernel, bias))
    def block(x, kernel, bias, windows, relu, pool, prepared=None):
        limits = (0, np.inf if relu is True else relu) if relu else (-np.inf, np.inf)
        y = any_forward(x, kernel, bias if bias is None else cuda.contiguous(bias), windows, *limits)
        if not pool:
            return y, array_library(y).empty(0, np.uint8)
        return pooling.largest(y, halves(windows), STOPPED if relu else -1)

    @version(conv_input_gradient, name, gpu=True,
             serves=lambda dy, kernel, windows, groups:
             served(windows, groups, kernel.shape[2] * groups, dy.shape[3], dy, kernel))
    def towards_input(dy, kernel, windows, groups):
        if _by_tiles(windows, groups):
            return input_gradient(precision, dy, kernel, windows)
        return grouped_on_gpu.input_gradient(dy, kernel, windows, groups)

    @version(conv_kernel_gradient, name, gpu=True,
             serves=lambda x, dy, windows, groups: served(windows, groups, x.shape[3], dy.shape[3], x, dy))
    def towards_kernel(x, dy, windows, groups):
        if _by_tiles(windows, groups):
            return kernel_gradient(precision, x, dy, windows)
        return grouped_on_gpu.kernel_gradient(x, dy, windows, groups)


for _precision, _name in PRECISIONS.items():
    _register(_name, _precision)
