"""What is true of elements: and, or, not; infinite, not a number, nearly equal."""
from ..device import array_library
from ..op import op
from .elementwise import library_of


@op(differentiable=False)
def logical_and(x1, x2):
    """Whether both are true, element by element; 0 is false, all other numbers are true."""
    return library_of(x1, x2).logical_and(x1, x2)


@op(differentiable=False)
def logical_or(x1, x2):
    """Whether one at least is true, element by element."""
    return library_of(x1, x2).logical_or(x1, x2)


@op(differentiable=False)
def logical_xor(x1, x2):
    """Whether exactly one is true, element by element."""
    return library_of(x1, x2).logical_xor(x1, x2)


@op(differentiable=False)
def logical_not(x):
    """Whether it is false, element by element."""
    return array_library(x).logical_not(x)


@op(differentiable=False)
def isnan(x):
    """Whether it is not a number, element by element."""
    return array_library(x).isnan(x)


@op(differentiable=False)
def isinf(x):
    """Whether it is infinite, element by element."""
    return array_library(x).isinf(x)


@op(differentiable=False)
def isfinite(x):
    """Whether it is a number, and not infinite, element by element."""
    return array_library(x).isfinite(x)


@op(differentiable=False)
def isclose(x1, x2, *, rtol=1e-5, atol=1e-8, equal_nan=False):
    """Whether |x1 - x2| <= atol + rtol |x2|, element by element.

    Args:
        rtol, atol: the difference that is allowed, in parts of x2 and as it is.
        equal_nan: whether nan is close to nan.
    """
    xp = library_of(x1, x2)
    return xp.isclose(xp.asarray(x1), xp.asarray(x2), rtol, atol, equal_nan)
