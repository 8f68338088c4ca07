"""More elementwise ops: roots, absolute values, the larger and the smaller of two; and the way to another device."""
from .. import device as devices
from ..config import floatx
from ..device import array_library
from ..op import op
from .elementwise import cast, library_of


@op
def square(x):
    """x * x."""
    return x * x


@op(floats=True)
def sqrt(x):
    """The square root."""
    return array_library(x).sqrt(x)


@op
def abs(x):
    """The absolute value; its gradient at 0 is 0."""
    return array_library(x).abs(x)


@op
def sign(x):
    """-1, 0 or 1; its gradient is 0 everywhere."""
    return array_library(x).sign(x)


@op
def maximum(x1, x2):
    """The larger of two; where they are equal, each gets half of the gradient."""
    return library_of(x1, x2).maximum(x1, x2)


@op
def minimum(x1, x2):
    """The smaller of two; where they are equal, each gets half of the gradient."""
    return library_of(x1, x2).minimum(x1, x2)


@op
def to_device(x, *, device):
    """x on another device, "cpu" or "cuda"; the gradient travels back to where x is."""
    return devices.to_device(x, device)


def _won(x1, x2):
    """1 where x1 > x2, a half where they are equal, 0 elsewhere."""
    return 0.5 * (cast(x1 > x2, floatx()) + cast(x1 >= x2, floatx()))


square.gradient(x=lambda g, x: g * (2 * x))
sqrt.gradient(x=lambda g, y: g / (2 * y))
abs.gradient(x=lambda g, x: g * sign(x))
sign.gradient(x=lambda g: g * 0)
maximum.gradient(x1=lambda g, x1, x2: g * _won(x1, x2), x2=lambda g, x1, x2: g * _won(x2, x1))
minimum.gradient(x1=lambda g, x1, x2: g * _won(x2, x1), x2=lambda g, x1, x2: g * _won(x1, x2))
to_device.gradient(x=lambda g, x: to_device(g, device=x.device))
