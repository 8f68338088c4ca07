"""Products, running sums, and what holds for any or all elements. `axis` is None (all), a number or a tuple, as in NumPy."""
import math

from numpy.lib.array_utils import normalize_axis_tuple

from ..autograd import Tensor, as_tensor
from ..op import op
from .elementwise import cast
from .functions import sqrt
from .indexing import concatenate, flip
from .shape import reshape, transpose
from .statistics import var


def std(x, axis=None, keepdims: bool = False) -> Tensor:
    """The standard deviation over axes: the root of the biased variance."""
    return sqrt(var(x, axis=axis, keepdims=keepdims))


def prod(x, axis=None, keepdims: bool = False, dtype=None) -> Tensor:
    """The product over axes, by pairs: so its gradient is right where elements are 0, too.

    Args:
        dtype: the dtype to convert to before.
    """
    x = as_tensor(x) if dtype is None else cast(x, dtype)
    axes = range(x.ndim) if axis is None else normalize_axis_tuple(axis, x.ndim, "prod: axis")
    kept = [a for a in range(x.ndim) if a not in axes]
    shape = [1 if a in axes else n for a, n in enumerate(x.shape)] if keepdims else [x.shape[a] for a in kept]
    y = reshape(transpose(x, (*kept, *axes)), (*(x.shape[a] for a in kept), math.prod(x.shape[a] for a in axes)))
    while y.shape[-1] > 1:
        half, odd = y.shape[-1] // 2, y.shape[-1] % 2
        first = y[..., :half] * y[..., half:2 * half]
        y = first if not odd else _with_last(first, y[..., -1:])
    return reshape(y if y.shape[-1] else y.sum(-1) + 1, shape)


def _with_last(pairs, last):
    """The products of pairs, the first of them times the element that had no partner."""
    return concatenate([pairs[..., :1] * last, pairs[..., 1:]], axis=-1)


def cumsum(x, axis: int | None = None, dtype=None) -> Tensor:
    """The sums of the first, the first two, the first three elements along an axis; of all in reading order if None.

    Args:
        dtype: the dtype to convert to before.
    """
    x = as_tensor(x) if dtype is None else cast(x, dtype)
    return _cumsum(reshape(x, -1), axis=0) if axis is None else _cumsum(x, axis=axis)


@op
def _cumsum(x, *, axis):
    return x.cumsum(axis, dtype=None if x.dtype.kind == "b" else x.dtype)        # NumPy would make int64 of int32


@op(differentiable=False)
def any(x, *, axis=None, keepdims=False):
    """Whether any element over the axes is not 0."""
    return x.any(axis, keepdims=keepdims)


@op(differentiable=False)
def all(x, *, axis=None, keepdims=False):
    """Whether no element over the axes is 0."""
    return x.all(axis, keepdims=keepdims)


@op(differentiable=False)
def argmin(x, *, axis=None, keepdims=False):
    """The position of the smallest along an axis (the first of equals); over all elements, in reading order, if None."""
    return x.argmin(axis, keepdims=keepdims)


_cumsum.gradient(x=lambda g, axis: flip(_cumsum(flip(g, axis=axis), axis=axis), axis=axis))
