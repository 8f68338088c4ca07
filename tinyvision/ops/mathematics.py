"""Elementwise mathematics: reciprocals, roots, rounding, logarithms, sines and the error function."""
import math

from ..device import array_library
from ..op import op
from .elementwise import divide, exp


@op(floats=True)
def reciprocal(x):
    """1 / x."""
    return 1 / x


@op(floats=True)
def rsqrt(x):
    """1 / sqrt(x)."""
    return 1 / array_library(x).sqrt(x)


@op(floats=True)
def log1p(x):
    """log(1 + x), exact for small x, where 1 + x would be rounded."""
    return array_library(x).log1p(x)


@op(floats=True)
def sin(x):
    """The sine of x, in radians."""
    return array_library(x).sin(x)


@op(floats=True)
def cos(x):
    """The cosine of x, in radians."""
    return array_library(x).cos(x)


@op(floats=True)
def erf(x):
    """The error function, 2 / sqrt(pi) times the integral of exp(-t**2) from 0 to x."""
    if array_library(x).__name__ == "cupy":
        from cupyx.scipy.special import erf as function
    else:
        from scipy.special import erf as function
    return function(x)


@op(floats=True)
def floor(x):
    """The largest whole number that is not above x; its gradient is 0."""
    return array_library(x).floor(x)


@op(floats=True)
def ceil(x):
    """The smallest whole number that is not below x; its gradient is 0."""
    return array_library(x).ceil(x)


@op
def round(x, *, decimals=0):
    """x, rounded to so many decimals; halves go to the even neighbour. Its gradient is 0."""
    return array_library(x).round(x, decimals)


def true_divide(x1, x2):
    """x1 / x2: another name of `divide`."""
    return divide(x1, x2)


reciprocal.gradient(x=lambda g, y: -g * y * y)
rsqrt.gradient(x=lambda g, y: -0.5 * g * y * y * y)
log1p.gradient(x=lambda g, x: g / (1 + x))
sin.gradient(x=lambda g, x: g * cos(x))
cos.gradient(x=lambda g, x: -g * sin(x))
erf.gradient(x=lambda g, x: g * (2 / math.sqrt(math.pi) * exp(-x * x)))
floor.gradient(x=lambda g: g * 0)
ceil.gradient(x=lambda g: g * 0)
round.gradient(x=lambda g: g * 0)
