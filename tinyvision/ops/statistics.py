"""Variance, extremes and logsumexp over axes. `axis` is None (all), a number or a tuple, as in NumPy."""
from ..device import array_library
from ..op import op
from .elementwise import cast, exp
from .reduce import mean, spread, sum


@op
def var(x, *, axis=None, keepdims=False):
    """The variance over axes, biased: mean((x - mean(x))**2), as in NumPy and Keras."""
    return x.var(axis, keepdims=keepdims)


@op
def max(x, *, axis=None, keepdims=False, initial=None):
    """The largest over axes, or `initial` if that is larger. Elements that share the maximum share its gradient."""
    return x.max(axis, keepdims=keepdims) if initial is None else _extreme_with(x, "max", axis, keepdims, initial)


@op
def min(x, *, axis=None, keepdims=False, initial=None):
    """The smallest over axes, or `initial` if that is smaller. Elements that share the minimum share its gradient."""
    return x.min(axis, keepdims=keepdims) if initial is None else _extreme_with(x, "min", axis, keepdims, initial)


@op(floats=True)
def logsumexp(x, *, axis=None, keepdims=False):
    """log(sum(exp(x))) over axes, without overflow."""
    xp, axis = array_library(x), axis if axis is None or isinstance(axis, int) else tuple(axis)
    largest = x.max(axis, keepdims=True)
    largest = xp.where(xp.isfinite(largest), largest, 0)
    y = xp.log(xp.exp(x - largest).sum(axis, keepdims=True)) + largest
    return y if keepdims else y.squeeze(tuple(range(x.ndim)) if axis is None else axis)


def _extreme_with(x, which, axis, keepdims, initial):
    """The extreme of x and `initial`, also of nothing; NumPy has a setting for it, CuPy has not."""
    if x.size:
        return getattr(array_library(x), f"{which}imum")(getattr(x, which)(axis, keepdims=keepdims), initial)
    return array_library(x).full_like(x.sum(axis, keepdims=keepdims), initial, x.dtype)


def _var_gradient(g, x, axis):
    centred = x - mean(x, axis=axis, keepdims=True)
    return spread(g * (2 * g.size / (x.size or 1)), x.shape, axis) * centred


def _extreme_gradient(g, x, y, axis):
    winners = cast(x == spread(y, x.shape, axis), x.dtype)
    count = sum(winners, axis=axis).reshape(g.shape)
    return spread(g / (count + (count == 0)), x.shape, axis) * winners           # none won where `initial` did


var.gradient(x=_var_gradient)
max.gradient(x=_extreme_gradient)
min.gradient(x=_extreme_gradient)
logsumexp.gradient(x=lambda g, x, y, axis: spread(g, x.shape, axis) * exp(x - spread(y, x.shape, axis)))
