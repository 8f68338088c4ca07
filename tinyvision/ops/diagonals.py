"""Diagonals and triangles of matrices, and matrices made of a diagonal."""
from numpy.lib.array_utils import normalize_axis_index

from ..autograd import Tensor, as_tensor
from ..device import array_library
from ..op import op
from .indexing import getitem, putitem
from .rearranging import moveaxis
from .reduce import sum


def diagonal(x, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """The elements x[i, i + offset], of the two axes; they become the last axis.

    >>> diagonal([[1.0, 2.0], [3.0, 4.0]])
    Tensor([1., 4.])
    """
    x = as_tensor(x)
    axis1, axis2 = (normalize_axis_index(a, x.ndim, "diagonal") for a in (axis1, axis2))
    if axis1 == axis2:
        raise ValueError(f"diagonal: takes two different axes of x {x.shape}, got {axis1} twice")
    x = moveaxis(x, (axis1, axis2), (-2, -1))
    return getitem(x, index=(..., *_places(x, offset, *x.shape[-2:])))


def trace(x, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """The sum of a diagonal.

    >>> trace([[1.0, 2.0], [3.0, 4.0]])
    Tensor(5.)
    """
    return sum(diagonal(x, offset, axis1, axis2), -1)


def diag(x, k: int = 0) -> Tensor:
    """The k-th diagonal above the main one of a matrix; or the matrix of zeros that has this vector as its k-th diagonal.

    >>> diag([1.0, 2.0])
    Tensor([[1., 0.],
            [0., 2.]])
    """
    x = as_tensor(x)
    if x.ndim not in (1, 2):
        raise ValueError(f"diag: takes a vector or a matrix, got shape {x.shape}")
    if x.ndim == 2:
        return diagonal(x, k)
    n = x.size + abs(k)
    return putitem(x, index=_places(x, k, n, n), shape=(n, n))


def _places(x, k, rows, columns):
    """The rows and columns of the k-th diagonal."""
    first, last = max(-k, 0), min(rows, columns - k)
    place = array_library(x.data).arange(first, max(first, last))
    return place, place + k


@op
def tril(x, *, k=0):
    """The lower triangle of each matrix (..., n, m), zeros above its k-th diagonal."""
    return array_library(x).tril(_matrices(x, "tril"), k)


@op
def triu(x, *, k=0):
    """The upper triangle of each matrix (..., n, m), zeros below its k-th diagonal."""
    return array_library(x).triu(_matrices(x, "triu"), k)


def _matrices(x, name):
    if x.ndim < 2:
        raise ValueError(f"{name}: takes matrices, one or a stack of them, got shape {x.shape}")
    return x


tril.gradient(x=lambda g, k: tril(g, k=k))
triu.gradient(x=lambda g, k: triu(g, k=k))
