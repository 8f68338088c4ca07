"""Arrays made from scratch, of numbers and shapes: zeros, ones, ranges, grids. Where `set_device` says; `_like`, where x is."""
import math

import numpy as np

from ..autograd import Tensor, as_tensor
from ..config import floatx
from ..device import array_library, placed
from ..op import op
from .elementwise import cast, multiply, subtract
from .rearranging import moveaxis
from .shape import broadcast_to, reshape


@op(differentiable=False)
def zeros(*, shape, dtype=None):
    """An array of zeros; of `floatx()` if there is no dtype."""
    return placed(np.zeros(shape, dtype or floatx()))


@op(differentiable=False)
def ones(*, shape, dtype=None):
    """An array of ones; of `floatx()` if there is no dtype."""
    return placed(np.ones(shape, dtype or floatx()))


def full(shape, fill_value, dtype=None) -> Tensor:
    """An array of one number, or of several that broadcast to the shape; of `floatx()` if there is no dtype."""
    return cast(broadcast_to(fill_value, (shape,) if np.ndim(shape) == 0 else tuple(shape)), dtype or floatx())


@op(differentiable=False)
def zeros_like(x, *, dtype=None):
    """Zeros in the shape of x, and in its dtype if there is no other."""
    return array_library(x).zeros(x.shape, dtype or x.dtype)


@op(differentiable=False)
def ones_like(x, *, dtype=None):
    """Ones in the shape of x, and in its dtype if there is no other."""
    return array_library(x).ones(x.shape, dtype or x.dtype)


def full_like(x, fill_value, dtype=None) -> Tensor:
    """One number in the shape of x, or several that broadcast to it; in the dtype of x if there is no other."""
    x = as_tensor(x)
    fill_value = fill_value if isinstance(fill_value, Tensor) else array_library(x.data).asarray(fill_value)
    return cast(broadcast_to(fill_value, x.shape), dtype or x.dtype)


@op(differentiable=False)
def eye(*, N, M=None, k=0, dtype=None):
    """(N, M), ones on the k-th diagonal above the main one, zeros elsewhere; square if M is None."""
    return placed(np.eye(N, M, k, dtype or floatx()))


@op(differentiable=False)
def identity(*, n, dtype=None):
    """(n, n), ones on the diagonal, zeros elsewhere."""
    return placed(np.eye(n, dtype=dtype or floatx()))


@op(differentiable=False)
def arange(*, start, stop=None, step=None, dtype=None):
    """start, start + step, ... as long as stop is not reached; from 0 to `start`, if that is all there is.

    Args:
        step: 1 if None.
        dtype: int32 for whole numbers and `floatx()` for others, if None.

    >>> arange(3)
    Tensor([0, 1, 2])
    >>> arange(1, 2, 0.25)
    Tensor([1.  , 1.25, 1.5 , 1.75])
    """
    start, stop = (0, start) if stop is None else (start, stop)
    numbers = [a.item() if hasattr(a, "item") else a for a in (start, stop, 1 if step is None else step)]
    if not numbers[2]:
        raise ValueError("arange: steps of 0 never arrive")
    return placed(np.arange(*numbers, dtype=dtype or ("int32" if all(isinstance(a, int) for a in numbers) else floatx())))


def linspace(start, stop, num: int = 50, endpoint: bool = True, retstep: bool = False, dtype=None, axis: int = 0):
    """Numbers at equal distances from start to stop.

    https://keras.io/api/ops/numpy/#linspace-function

    Args:
        start, stop: numbers, or arrays that broadcast.
        num: how many.
        endpoint: whether stop is the last of them.
        retstep: return a pair: the numbers, and their distance.
        dtype: that of start and stop, in floats, if None.
        axis: of the result, along which they lie.

    >>> linspace(0, 1, 5)
    Tensor([0.  , 0.25, 0.5 , 0.75, 1.  ])
    """
    if num < 0:
        raise ValueError(f"linspace: num is 0 or more, got {num}")
    distance, parts = subtract(stop, start), num - 1 if endpoint else num
    distance = distance if distance.dtype.kind == "f" else cast(distance, floatx())
    t = Tensor(array_library(distance.data).arange(num).astype(distance.dtype) / max(parts, 1))
    t = reshape(t, (num, *(1,) * distance.ndim))
    y = moveaxis(multiply(start, 1 - t) + multiply(stop, t), 0, axis)
    y = y if dtype is None else cast(y, dtype)
    return (y, distance / parts if parts > 0 else distance * math.nan) if retstep else y


def meshgrid(*x, indexing: str = "xy") -> list[Tensor]:
    """The coordinates of the points of a grid: an array for each axis, of the grid's shape.

    Args:
        x: the coordinates along each axis; a number counts as one of them.
        indexing: "ij": the first lie along axis 0; "xy", as for images: the first lie along axis 1, the second along axis 0.

    >>> meshgrid([1.0, 2.0, 3.0], [10.0, 20.0])[0]
    Tensor([[1., 2., 3.],
            [1., 2., 3.]])
    """
    if indexing not in ("xy", "ij"):
        raise ValueError(f"meshgrid: indexing is 'xy' or 'ij', not {indexing!r}")
    x = [reshape(t, -1) for t in map(as_tensor, x)]
    places = list(range(len(x)))
    if indexing == "xy" and len(x) > 1:
        places[:2] = 1, 0
    shape = [x[places[a]].size for a in range(len(x))]
    lying = [reshape(t, [-1 if a == place else 1 for a in range(len(x))]) for t, place in zip(x, places)]
    return [broadcast_to(t, tuple(shape)) for t in lying]
