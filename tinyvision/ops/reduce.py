"""Sums, means, extremes and their like over axes. `axis` is None (all), a number or a tuple, as in NumPy."""
import math

from ..device import array_library
from ..op import op
from .elementwise import cast, exp
from .shape import broadcast_to, reshape


@op
def sum(x, *, axis=None, keepdims=False):
    """The sum over axes."""
    return x.sum(axis, keepdims=keepdims)


@op
def mean(x, *, axis=None, keepdims=False):
    """The mean over axes."""
    return x.mean(axis, keepdims=keepdims)


@op
def var(x, *, axis=None, keepdims=False):
    """The variance over axes, biased: mean((x - mean(x))**2), as in NumPy and Keras."""
    return x.var(axis, keepdims=keepdims)


@op
def max(x, *, axis=None, keepdims=False, initial=None):
    """The largest over axes, or `initial` if that is larger. Elements that share the maximum share its gradient."""
    return x.max(axis, keepdims=keepdims, **_given(initial))


@op
def min(x, *, axis=None, keepdims=False, initial=None):
    """The smallest over axes, or `initial` if that is smaller. Elements that share the minimum share its gradient."""
    return x.min(axis, keepdims=keepdims, **_given(initial))


@op
def logsumexp(x, *, axis=None, keepdims=False):
    """log(sum(exp(x))) over axes, without overflow."""
    xp, axis = array_library(x), axis if axis is None or isinstance(axis, int) else tuple(axis)
    largest = x.max(axis, keepdims=True)
    largest = xp.where(xp.isfinite(largest), largest, 0)
    y = xp.log(xp.exp(x - largest).sum(axis, keepdims=True)) + largest
    return y if keepdims else y.squeeze(tuple(range(x.ndim)) if axis is None else axis)


@op(differentiable=False)
def argmax(x, *, axis=None, keepdims=False):
    """The position of the largest along an axis (the first of equals); over all elements, in reading order, if None."""
    return x.argmax(axis, keepdims=keepdims)


def _given(initial):
    return {} if initial is None else {"initial": initial}


def _spread(v, shape, axis):
    """Undo a reduction's change of shape: give each element of the argument its result."""
    axes = range(len(shape)) if axis is None else (axis,) if isinstance(axis, int) else axis
    reduced = {a % len(shape) for a in axes}
    return broadcast_to(reshape(v, tuple(1 if a in reduced else n for a, n in enumerate(shape))), shape)


def _mean_gradient(g, x_shape, axis):
    count = math.prod(x_shape) // (g.size or 1)
    return _spread(g / (count or 1), x_shape, axis)


def _var_gradient(g, x, axis):
    centred = x - mean(x, axis=axis, keepdims=True)
    return _spread(g * (2 * g.size / (x.size or 1)), x.shape, axis) * centred


def _extreme_gradient(g, x, y, axis):
    winners = cast(x == _spread(y, x.shape, axis), x.dtype)
    count = sum(winners, axis=axis).reshape(g.shape)
    return _spread(g / (count + (count == 0)), x.shape, axis) * winners           # none won where `initial` did


sum.gradient(x=lambda g, x_shape, axis: _spread(g, x_shape, axis))
mean.gradient(x=_mean_gradient)
var.gradient(x=_var_gradient)
max.gradient(x=_extreme_gradient)
min.gradient(x=_extreme_gradient)
logsumexp.gradient(x=lambda g, x, y, axis: _spread(g, x.shape, axis) * exp(x - _spread(y, x.shape, axis)))
