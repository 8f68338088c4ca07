"""Ops that put elements elsewhere, and repeat them."""
import operator

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from ..autograd import Tensor, as_tensor, to_numpy
from ..device import array_library
from ..op import op
from .indexing import concatenate, take
from .shape import broadcast_to, reshape, transpose


def moveaxis(x, source, destination) -> Tensor:
    """The axes `source` (a number or several) at the places `destination`; the others keep their order."""
    x = as_tensor(x)
    source, destination = (normalize_axis_tuple(axes, x.ndim, f"moveaxis: {name}")
                           for axes, name in ((source, "source"), (destination, "destination")))
    if len(source) != len(destination):
        raise ValueError(f"moveaxis: as many destinations as sources, got {destination} for {source}")
    order = [a for a in range(x.ndim) if a not in source]
    for place, a in sorted(zip(destination, source)):
        order.insert(place, a)
    return transpose(x, tuple(order))


def swapaxes(x, axis1: int, axis2: int) -> Tensor:
    """Two axes in each other's place."""
    x = as_tensor(x)
    axis1, axis2 = (normalize_axis_index(axis, x.ndim, "swapaxes") for axis in (axis1, axis2))
    order = list(range(x.ndim))
    order[axis1], order[axis2] = axis2, axis1
    return transpose(x, tuple(order))


@op
def roll(x, *, shift, axis=None):
    """The elements moved on by `shift` places along an axis, or several; what leaves at the end comes in at the beginning."""
    return array_library(x).roll(x, shift, axis)


def tile(x, repeats) -> Tensor:
    """x side by side with itself, so many times along each axis."""
    x = as_tensor(x)
    repeats = tuple(map(operator.index, (repeats,) if hasattr(repeats, "__index__") else repeats))
    if any(r < 0 for r in repeats):
        raise ValueError(f"tile: the numbers of repeats are 0 or more, got {repeats}")
    repeats = (1,) * (x.ndim - len(repeats)) + repeats
    shape = (1,) * (len(repeats) - x.ndim) + x.shape
    pairs = [n for pair in zip(repeats, shape) for n in pair]
    wide = broadcast_to(reshape(x, [n for size in shape for n in (1, size)]), tuple(pairs))
    return reshape(wide, tuple(r * n for r, n in zip(repeats, shape)))


def vstack(xs) -> Tensor:
    """Arrays on top of each other: joined along the first axis. A vector counts as one row.

    >>> vstack([[1.0, 2.0], [3.0, 4.0]])
    Tensor([[1., 2.],
            [3., 4.]])
    """
    return concatenate([reshape(t, (1, -1)) if t.ndim < 2 else t for t in map(as_tensor, xs)], axis=0)


def hstack(xs) -> Tensor:
    """Arrays side by side: joined along the second axis, vectors along their only one.

    >>> hstack([[1.0, 2.0], [3.0, 4.0]])
    Tensor([1., 2., 3., 4.])
    """
    xs = [reshape(t, -1) if t.ndim < 2 else t for t in map(as_tensor, xs)]
    return concatenate(xs, axis=min([1, *(t.ndim - 1 for t in xs)]))


def repeat(x, repeats, axis: int | None = None) -> Tensor:
    """Each element so many times in a row, along an axis; of all in reading order if None.

    Args:
        repeats: a number, or one for each element along the axis.
    """
    x = as_tensor(x)
    if axis is None:
        x, axis = reshape(x, -1), 0
    axis = normalize_axis_index(axis, x.ndim, "repeat")
    repeats = np.asarray(to_numpy(repeats) if hasattr(repeats, "dtype") else repeats)
    if repeats.dtype.kind not in "iu" or repeats.size not in (1, x.shape[axis]) or repeats.min(initial=0) < 0:
        raise ValueError(f"repeat: takes a whole number, 0 or more, or one for each of the {x.shape[axis]} elements along axis "
                         f"{axis} of x {x.shape}, got {repeats.tolist()}")
    return take(x, array_library(x.data).asarray(np.repeat(np.arange(x.shape[axis]), repeats)), axis=axis)


def _turned(shift):
    return tuple(-n for n in shift) if isinstance(shift, (tuple, list)) else -shift


roll.gradient(x=lambda g, shift, axis: roll(g, shift=_turned(shift), axis=axis))
