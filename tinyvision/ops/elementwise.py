"""Elementwise ops: arithmetic, comparisons and the activations. Broadcasting is undone by the engine, not here."""
import math

from ..device import array_library
from ..op import op


@op
def add(x1, x2):
    """x1 + x2."""
    return x1 + x2


@op
def subtract(x1, x2):
    """x1 - x2."""
    return x1 - x2


@op
def multiply(x1, x2):
    """x1 * x2, element by element."""
    return x1 * x2


@op
def divide(x1, x2):
    """x1 / x2."""
    return x1 / x2


@op
def negative(x):
    """-x."""
    return -x


@op
def power(x1, x2):
    """x1 ** x2. The gradient at 0 ** 0 is 0, not nan."""
    return x1 ** x2


@op(floats=True)
def exp(x):
    """e ** x."""
    return array_library(x).exp(x)


@op(floats=True)
def log(x):
    """The natural logarithm."""
    return array_library(x).log(x)


@op
def clip(x, x_min, x_max):
    """x, held between x_min and x_max; the gradient passes where x lies between them, ends included."""
    return array_library(x).clip(x, x_min, x_max)


@op(floats=True)
def tanh(x):
    """The hyperbolic tangent, between -1 and 1."""
    return array_library(x).tanh(x)


@op(floats=True)
def sigmoid(x):
    """1 / (1 + exp(-x)), between 0 and 1, without overflow for any x."""
    xp = array_library(x)
    small = xp.exp(-xp.abs(x))                             # in (0, 1]
    return xp.where(x >= 0, 1, small) / (1 + small)


@op
def relu(x):
    """max(x, 0); its gradient at 0 is 0."""
    return array_library(x).maximum(x, 0)


@op
def where(condition, x1, x2):
    """x1 where the condition holds, x2 elsewhere."""
    return library_of(condition, x1, x2).where(condition, x1, x2)


@op
def cast(x, *, dtype):
    """x, converted to a dtype: ops.cast(x, "float32")."""
    return x.astype(dtype)


@op(differentiable=False)
def equal(x1, x2):
    """Whether x1 == x2, element by element."""
    return x1 == x2


@op(differentiable=False)
def not_equal(x1, x2):
    """Whether x1 != x2, element by element."""
    return x1 != x2


@op(differentiable=False)
def less(x1, x2):
    """Whether x1 < x2, element by element."""
    return x1 < x2


@op(differentiable=False)
def less_equal(x1, x2):
    """Whether x1 <= x2, element by element."""
    return x1 <= x2


@op(differentiable=False)
def greater(x1, x2):
    """Whether x1 > x2, element by element."""
    return x1 > x2


@op(differentiable=False)
def greater_equal(x1, x2):
    """Whether x1 >= x2, element by element."""
    return x1 >= x2


def library_of(*arguments):
    """The library of the first argument that is an array: the others may be numbers."""
    return array_library(next(a for a in arguments if hasattr(a, "dtype")))


def _power_base_gradient(g, x1, x2):
    """g * x2 * x1 ** (x2 - 1), and 0 where x2 is 0: there 0 * 0 ** -1 would be nan."""
    if not hasattr(x2, "dtype"):
        return g * (x2 * x1 ** (x2 - 1)) if x2 else g * 0
    constant = x2 == 0
    return g * where(constant, 0, x2 * x1 ** where(constant, 1, x2 - 1))


def _power_exponent_gradient(g, y, x1):
    """g * y * log(x1), and 0 where x1 is 0: there 0 * log(0) would be nan."""
    if not hasattr(x1, "dtype"):
        return g * y * (math.log(x1) if x1 > 0 else math.nan) if x1 else g * 0
    return g * y * log(cast(where(x1 == 0, 1, x1), y.dtype))         # of integers, log would be in the default type


add.gradient(x1=lambda g: g, x2=lambda g: g)
subtract.gradient(x1=lambda g: g, x2=lambda g: -g)
multiply.gradient(x1=lambda g, x2: g * x2, x2=lambda g, x1: g * x1)
divide.gradient(x1=lambda g, x2: g / x2, x2=lambda g, y, x2: -g * y / x2)
negative.gradient(x=lambda g: -g)
power.gradient(x1=_power_base_gradient, x2=_power_exponent_gradient)
exp.gradient(x=lambda g, y: g * y)
log.gradient(x=lambda g, x: g / x)
clip.gradient(x=lambda g, x, x_min, x_max: where((x >= x_min) * (x <= x_max), g, 0))
tanh.gradient(x=lambda g, y: g * (1 - y * y))
sigmoid.gradient(x=lambda g, y: g * (y * (1 - y)))
relu.gradient(x=lambda g, y: g * (y > 0))
where.gradient(x1=lambda g, condition: where(condition, g, 0), x2=lambda g, condition: where(condition, 0, g))
cast.gradient(x=lambda g: g)                               # the engine gives a gradient its argument's dtype
