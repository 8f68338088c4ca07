"""Sums and means over axes. `axis` is None (all), a number or a tuple, as in NumPy."""
import math

from ..op import op
from .shape import broadcast_to, reshape


@op
def sum(x, *, axis=None, keepdims=False):
    """The sum over axes."""
    return x.sum(axis, keepdims=keepdims)


@op
def mean(x, *, axis=None, keepdims=False):
    """The mean over axes."""
    return x.mean(axis, keepdims=keepdims)


@op(differentiable=False)
def argmax(x, *, axis=None, keepdims=False):
    """The position of the largest along an axis (the first of equals); over all elements, in reading order, if None."""
    return x.argmax(axis, keepdims=keepdims)


def spread(v, shape, axis):
    """Undo a reduction's change of shape: give each element of the argument its result."""
    axes = range(len(shape)) if axis is None else (axis,) if isinstance(axis, int) else axis
    reduced = {a % len(shape) for a in axes}
    return broadcast_to(reshape(v, tuple(1 if a in reduced else n for a, n in enumerate(shape))), shape)


def _mean_gradient(g, x_shape, axis):
    count = math.prod(x_shape) // (g.size or 1)
    return spread(g / (count or 1), x_shape, axis)


sum.gradient(x=lambda g, x_shape, axis: spread(g, x_shape, axis))
mean.gradient(x=_mean_gradient)
