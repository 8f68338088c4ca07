"""The matrix product on a GPU: product.cu, in float32 or on tensor cores."""
import math

from ...device import array_library
from .. import cuda
from ..choice import PRECISIONS
from ..registry import version
from .reference import product
from .tiles import NARROWEST, SHORTEST, files, tiling


def multiplied(precision, x1, x2):
    """(..., I, K) @ (..., K, J) -> (..., I, J): of matrices, or of stacks of one shape, in any layout that has strides."""
    x1, x2 = (x if _readable(x) else cuda.contiguous(x) for x in (x1, x2))
    stack, (i, k), j = x1.shape[:-2], x1.shape[-2:], x2.shape[-1]
    batch = x1.size // (i * k)
    tiles = tiling(i, j, k, batch)
    by_row, by_place, by_stack = zip(*((x.strides[axis] // 4, x.strides[depth] // 4, _stack(x)[0])
                                       for x, axis, depth in ((x1, -2, -1), (x2, -1, -2))))
    partial = array_library(x1).empty((batch, tiles.slices, i, j), x1.dtype)
    kernel = cuda.compiled(
        "product", files(precision, "matmul/product.cu"), **tiles.constants, TILE_LEFT_DEEP=int(by_place[0] == 1),
        TILE_RIGHT_DEEP=int(by_place[1] == 1), LEFT_ROW=by_row[0], LEFT_PLACE=by_place[0], RIGHT_ROW=by_row[1],
        RIGHT_PLACE=by_place[1])
    cuda.launch(kernel, (*tiles.grid, batch * tiles.slices), tiles.block, cuda.address(x1), cuda.address(x2), partial,
                i, j, k, *by_stack, tiles.slices, tiles.slice)
    return (partial[:, 0] if tiles.slices == 1 else partial.sum(axis=1)).reshape(*stack, i, j)


def _readable(x):
    """Whether a single stride leads through the stack, and none backwards or farther than 32 bits can tell."""
    reach = sum((n - 1) * stride for n, stride in zip(x.shape, x.strides)) // 4
    return len({*_stack(x)}) == 1 and min(x.strides) >= 0 and reach <= cuda.MOST


def _stack(x):
    """How far apart the matrices of a stack lie: one number, if a single stride leads from each to the next."""
    found, size = [], 1
    for n, stride in zip(x.shape[-3::-1], x.strides[-3::-1]):
        if n > 1:
            found.append(stride // 4 // size if stride // 4 % size == 0 else -1)
        size *= n
    return found or [0]


def _served(x1, x2):
    """Matrices, and stacks of the same shape, that are not empty; float32."""
    alike = x1.ndim == x2.ndim >= 2 and x1.shape[:-2] == x2.shape[:-2] and x1.shape[-1] == x2.shape[-2]
    if not (alike and cuda.fits(x1, x2) and x1.size and x2.size):
        return False
    # A small product is cut into slices, of which one has SHORTEST places at least
    stack, slices = math.prod(x1.shape[:-2]), max(x1.shape[-1] // SHORTEST, 1)
    return (x1.size // x1.shape[-1] * x2.shape[-1] <= cuda.MOST and stack * slices <= cuda.MOST_BLOCKS
            and x2.shape[-1] <= cuda.MOST_BLOCKS * NARROWEST)


def _register(name, precision):
    @version(product, name, gpu=True, serves=_served)
    def by_tiles(x1, x2):
        return multiplied(precision, x1, x2)


for _precision, _name in PRECISIONS.items():
    _register(_name, _precision)
