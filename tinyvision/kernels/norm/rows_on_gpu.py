"""Layer normalization on a GPU: rows.cu."""
from ...device import array_library
from .. import columns, cuda
from ..registry import version
from .rows import normalized_rows, normalized_rows_gradients

LONG = 2048                                                # numbers of a row that are worth all threads of a block
WARPS = 8                                                  # of a block, as rows.cu has it


def _launch(name, x, *arguments):
    """Run a kernel that has a warp for each row, or a block."""
    rows, k = x.shape
    team = 32 if k < LONG else 32 * WARPS
    kernel = cuda.compiled(name, ("warps.cuh", "columns.cuh", "norm/rows.cu"), K=k, TEAM=team)
    cuda.launch(kernel, (-(-rows * team // (32 * WARPS)),), (32 * WARPS,), *arguments, rows)


def _plain(*arrays):
    return [a if a is None else cuda.contiguous(a) for a in arrays]


@version(normalized_rows, "cuda", gpu=True, serves=lambda x, gamma, beta, epsilon: cuda.fits(x, gamma, beta) and x.size)
def normalized(x, gamma, beta, epsilon):
    (x, gamma, beta), xp = _plain(x, gamma, beta), array_library(x)
    y, mean, inverse = xp.empty(x.shape, x.dtype), xp.empty((len(x), 1), x.dtype), xp.empty((len(x), 1), x.dtype)
    _launch("normalized_rows", x, x, gamma, beta, y, mean, inverse, float(epsilon))
    return y, mean, inverse


@version(normalized_rows_gradients, "cuda", gpu=True,
         serves=lambda dy, x, gamma, mean, inverse: cuda.fits(dy, x, gamma, mean, inverse) and x.size)
def gradients(dy, x, gamma, mean, inverse):
    (dy, x, gamma, mean, inverse), xp, (rows, k) = _plain(dy, x, gamma, mean, inverse), array_library(x), x.shape
    dx = xp.empty(x.shape, x.dtype)
    _launch("rows_input_gradient", x, dy, x, gamma, mean, inverse, dx)
    grid, length = columns.shared_out(rows, k)
    partial = xp.empty((grid[1], 2, k), x.dtype)
    kernel = cuda.compiled("rows_weight_gradients", ("warps.cuh", "columns.cuh", "norm/rows.cu"), K=k, TEAM=32)
    cuda.launch(kernel, grid, columns.BLOCK, dy, x, mean, inverse, partial, rows, length)
    return dx, *columns.total(partial)
