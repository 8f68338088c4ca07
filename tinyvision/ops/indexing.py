"""Ops that pick elements out and put arrays together, and compute nothing."""
import itertools
import math

import numpy as np

from ..autograd import Tensor, as_tensor
from ..device import array_library, is_array
from ..op import op
from .shape import expand_dims


@op
def flip(x, *, axis=None):
    """The elements in reverse order along an axis, several, or all."""
    return array_library(x).flip(x, axis)


def pad(x, pad_width, mode: str = "constant", constant_values: float | None = None) -> Tensor:
    """x with margins.

    Args:
        x: the array.
        pad_width: ((before, after), ...), a pair for each axis; one pair or one number stands for all axes.
        mode: "constant", "reflect" (the edge itself is not repeated), "symmetric" (it is) or "edge".
        constant_values: what the margins hold in mode "constant"; 0 if None.

    >>> pad([1.0, 2.0, 3.0], (2, 1), mode="reflect")
    Tensor([3., 2., 1., 2., 3., 2.])
    """
    if mode not in ("constant", "reflect", "symmetric", "edge"):
        raise ValueError(f"pad: unknown mode {mode!r}; it is 'constant', 'reflect', 'symmetric' or 'edge'")
    if constant_values is not None and mode != "constant":
        raise ValueError(f"pad: constant_values goes with mode='constant', not with mode={mode!r}")
    x = as_tensor(x)
    shape = x.shape
    pad_width = _margins(pad_width, len(shape))
    if mode == "constant":
        return _pad(x, pad_width=pad_width, value=constant_values or 0)
    for axis, margins in enumerate(pad_width):
        if any(margins):
            x = take(x, array_library(x.data).asarray(np.pad(np.arange(shape[axis]), margins, mode)), axis=axis)
    return x


def _margins(pad_width, ndim):
    """pad_width as a pair of integers for each axis."""
    try:
        widths = np.broadcast_to(pad_width, (ndim, 2))
    except ValueError:
        widths = None
    if widths is None or widths.dtype.kind not in "iu" or widths.min(initial=0) < 0:
        raise ValueError("pad: pad_width is a whole number, a pair of them (before, after), or a pair for each axis, here "
                         f"{ndim}; got {pad_width!r}")
    return [(int(before), int(after)) for before, after in widths]


@op
def _pad(x, *, pad_width, value):
    return array_library(x).pad(x, pad_width, constant_values=value)


@op
def getitem(x, *, index):
    """x[index], with NumPy's indexing: numbers, slices, None, ..., positions, masks (also as Tensors)."""
    return x[_index(x, index)]


@op
def putitem(x, *, index, shape):
    """The adjoint of getitem: zeros of `shape`, with x added in at `index`."""
    xp, index = array_library(x), _index(x, index)
    y = xp.zeros(shape, x.dtype)
    if any(map(is_array, index if isinstance(index, tuple) else (index,))):
        xp.add.at(y, index, x)                             # a position may come twice
    else:
        y[index] = x
    return y


@op
def take(x, indices, *, axis=None):
    """The elements at integer positions along an axis; of the flattened x if `axis` is None."""
    xp = array_library(x)
    return xp.take(x, xp.asarray(indices), axis)


def concatenate(xs, axis: int = 0) -> Tensor:
    """A list of arrays, joined along an axis that they have.

    >>> concatenate([[1.0, 2.0], [3.0]])
    Tensor([1., 2., 3.])
    """
    if not len(xs):
        raise ValueError("concatenate and stack take one array or more, got none")
    return _concatenate(*xs, axis=axis)


@op
def _concatenate(*xs, axis):
    return array_library(xs[0]).concatenate(xs, axis)


def stack(x, axis: int = 0) -> Tensor:
    """A list of arrays of one shape, joined along a new axis.

    >>> stack([[1.0, 2.0], [3.0, 4.0]], axis=1)
    Tensor([[1., 3.],
            [2., 4.]])
    """
    return concatenate([expand_dims(t, axis) for t in x], axis)


def _index(x, index):
    """An index with its Tensors and lists as arrays of the library of x."""
    if isinstance(index, tuple):
        return tuple(_index(x, i) for i in index)
    index = index.data if isinstance(index, Tensor) else index
    return array_library(x).asarray(index) if isinstance(index, list) or is_array(index) else index


def _unpad(g, pad_width):
    return g[tuple(slice(before, n - after) for (before, after), n in zip(pad_width, g.shape))]


def _put_back(g, indices, x_shape, axis):
    """The adjoint of take."""
    if axis is None:
        return putitem(g, index=indices, shape=(math.prod(x_shape),)).reshape(x_shape)
    return putitem(g, index=(*[slice(None)] * (axis % len(x_shape)), indices), shape=x_shape)


def _split(g, shapes, axis):
    """One piece of g for each of the shapes that were joined along `axis`."""
    ends = list(itertools.accumulate(shape[axis] for shape in shapes))
    before = (slice(None),) * (axis % g.ndim)
    return [g[(*before, slice(start, end))] for start, end in zip([0, *ends], ends)]


flip.gradient(x=lambda g, axis: flip(g, axis=axis))
_pad.gradient(x=_unpad)
getitem.gradient(x=lambda g, x_shape, index: putitem(g, index=index, shape=x_shape))
putitem.gradient(x=lambda g, index: getitem(g, index=index))
take.gradient(x=_put_back)
_concatenate.gradient(xs=lambda g, xs_shape, axis: _split(g, xs_shape, axis))
