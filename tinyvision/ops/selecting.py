"""Ops that pick elements by their place along an axis, or by their rank: splitting, taking, sorting."""
import operator

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from ..autograd import Tensor, as_array, as_tensor, to_numpy
from ..device import array_library
from ..op import op
from .shape import reshape


def split(x, indices_or_sections, axis: int = 0) -> list[Tensor]:
    """x in pieces along an axis: a list.

    https://keras.io/api/ops/numpy/#split-function

    Args:
        x: the array.
        indices_or_sections: a number of equal pieces; or where to cut, [2, 5] for elements 0 and 1, 2 to 4, and from 5 on.
        axis: along which to cut.

    >>> split([1.0, 2.0, 3.0], [1])
    [Tensor([1.]), Tensor([2., 3.])]
    """
    x = as_tensor(x)
    axis = normalize_axis_index(axis, x.ndim, "split")
    n, cuts = x.shape[axis], indices_or_sections
    if np.ndim(cuts):
        cuts = [operator.index(i) for i in to_numpy(cuts)] if len(cuts) else []
    elif (cuts := operator.index(cuts)) < 1 or n % cuts:
        raise ValueError(f"split: axis {axis} of x {x.shape} has {n} elements, which are not {cuts} equal pieces")
    else:
        cuts = range(n // cuts, n, n // cuts) if n else [0] * (cuts - 1)
    ends = [0, *cuts, n]
    if ends != sorted(ends):
        raise ValueError(f"split: indices rise, from 0 to the {n} elements along axis {axis} of x {x.shape}; got {list(cuts)}")
    return [x[(*[slice(None)] * axis, slice(start, end))] for start, end in zip(ends, ends[1:])]


def take_along_axis(x, indices, axis: int | None = None) -> Tensor:
    """y[i, j, k] = x[i, indices[i, j, k], k], for axis 1 of three: each row has positions of its own.

    https://keras.io/api/ops/numpy/#takealongaxis-function

    Args:
        x: the array.
        indices: integers, with as many axes as x; all sizes but the axis's own are those of x, or broadcast with them.
        axis: along which to take; None for the elements of x in reading order, by a list of positions.

    >>> take_along_axis([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], [[2], [0]], axis=1)
    Tensor([[3.],
            [4.]])
    """
    x = as_tensor(x)
    indices = array_library(x.data).asarray(as_array(indices))
    if axis is None:
        x, axis = reshape(x, -1), 0
    axis = normalize_axis_index(axis, x.ndim, "take_along_axis")
    pairs = [pair for a, pair in enumerate(zip(x.shape, indices.shape)) if a != axis]
    if indices.ndim != x.ndim or any(n != m and 1 not in (n, m) for n, m in pairs) or indices.dtype.kind not in "iu":
        raise ValueError(f"take_along_axis: takes integers whose shape is that of x {x.shape} but for axis {axis}, got "
                         f"{indices.dtype} {indices.shape}")
    return _take_along(x, indices, axis=axis)


@op
def _take_along(x, indices, *, axis):
    try:
        return array_library(x).take_along_axis(x, indices, axis)
    except IndexError as error:
        raise ValueError(f"take_along_axis: {error}") from None


@op
def _put_along(x, indices, *, axis, shape):
    """The adjoint of taking: zeros of `shape`, with x added in at the positions along the axis."""
    xp = array_library(x)
    y = xp.zeros(shape, x.dtype)
    places = [xp.arange(n).reshape([-1 if b == a else 1 for b in range(len(shape))]) for a, n in enumerate(shape)]
    xp.add.at(y, (*places[:axis], indices, *places[axis + 1:]), x)
    return y


def _put_back(g, indices, x_shape, axis):
    """Each element's gradient to where it came from; an axis of x that was broadcast stays wide: the engine sums it up."""
    return _put_along(g, indices, axis=axis, shape=(*g.shape[:axis], x_shape[axis], *g.shape[axis + 1:]))


_take_along.gradient(x=_put_back)
_put_along.gradient(x=lambda g, indices, axis: _take_along(g, indices, axis=axis))


@op(differentiable=False)
def argsort(x, *, axis=-1):
    """The positions, along an axis, of the smallest, the second smallest, ...; equals in the order in which they lie."""
    return array_library(x).argsort(x if x.ndim else x.reshape(1), axis, kind="stable")


def sort(x, axis: int = -1) -> Tensor:
    """The elements in rising order along an axis.

    >>> sort([3.0, 1.0, 2.0])
    Tensor([1., 2., 3.])
    """
    x = as_tensor(x)
    return take_along_axis(x, argsort(x, axis=axis), axis)


def top_k(x, k: int, sorted: bool = True) -> tuple[Tensor, Tensor]:
    """The k largest along the last axis, the largest first, and where they are; of equals the first ones.

    https://keras.io/api/ops/core/#topk-function

    Args:
        x: the array (..., n).
        k: how many, n at most.
        sorted: False leaves the order open; it is the same.

    Returns:
        Two Tensors (..., k): the values, and their positions along the last axis, int32.

    >>> top_k([1.0, 7.0, 5.0], 2)
    (Tensor([7., 5.]), Tensor([1, 2]))
    """
    x = as_tensor(x)
    if not x.ndim or not hasattr(k, "__index__") or not 0 <= k <= x.shape[-1]:
        raise ValueError(f"top_k: k is a whole number, at most the size of the last axis of x {x.shape}; got {k!r}")
    positions = _largest(x, k=int(k))
    return take_along_axis(x, positions, -1), positions


@op(differentiable=False)
def _largest(x, *, k):
    """Sorted backwards, so that the stable order puts the first of equals last: (..., k)."""
    rising = array_library(x).argsort(x[..., ::-1], -1, kind="stable")
    return (x.shape[-1] - 1 - rising[..., ::-1][..., :k]).astype("int32")
