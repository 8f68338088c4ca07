"""Pixels at places between the pixels: interpolation at given coordinates, differentiable in images and coordinates."""
import itertools

from ...autograd import Tensor, as_tensor
from ...device import array_library
from ...kernels.warping.reference import FAR, INSIDE, nearest
from ...op import op
from ..elementwise import clip, where
from ..indexing import stack
from ..mathematics import floor
from ..shape import expand_dims
from .arguments import as_dtype, as_floats, as_number, one_of


def map_coordinates(inputs, coordinates, order: int, fill_mode: str = "constant", fill_value: float = 0) -> Tensor:
    """The elements of an array at places that may lie between them. https://keras.io/api/ops/image/#mapcoordinates-function

    Args:
        inputs: an array of any number of axes.
        coordinates: an array for each of its axes, all of one shape, stacked or in a list: (axes, ...).
        order: 0 takes the nearest element (halves go away from 0), 1 weighs the two neighbours along each axis linearly.
        fill_mode: what lies outside: "constant" (`fill_value`), "nearest" (the edge goes on: a a | a b c | c c), "wrap" (it
            begins again: b c | a b c | a b), "mirror" (c b | a b c | b a), "reflect" (b a | a b c | c b).
        fill_value: the number outside, with "constant".

    Returns:
        An array of the shape of the coordinates of one axis, in the dtype of `inputs`; of integers, rounded.

    >>> map_coordinates([[0.0, 1.0], [2.0, 3.0]], [[0.5, 1.0], [0.5, 0.0]], order=1)
    Tensor([1.5, 2. ])
    """
    inputs = as_tensor(inputs)
    coordinates = stack(list(map(as_tensor, coordinates))) if isinstance(coordinates, (list, tuple)) else as_tensor(coordinates)
    if coordinates.ndim < 2 or coordinates.shape[0] != inputs.ndim:
        raise ValueError(f"map_coordinates: an array of shape {inputs.shape} takes coordinates ({inputs.ndim}, ...), an array "
                         f"for each of its axes, got shape {coordinates.shape}")
    if order not in (0, 1) or isinstance(order, bool):
        raise ValueError(f"map_coordinates: order is 0 (nearest) or 1 (linear), got {order!r}")
    check_fill_mode("map_coordinates", fill_mode)
    as_number("map_coordinates", "fill_value", fill_value)
    if not inputs.size:
        raise ValueError(f"map_coordinates: an array of shape {inputs.shape} has no elements to take")
    places = [as_floats(coordinates[i]) for i in range(inputs.ndim)]
    return sampled(inputs.reshape(-1, 1), 0, inputs.shape, places, order, fill_mode, fill_value)[..., 0]


def check_fill_mode(name: str, fill_mode: str) -> None:
    """Refuse a mode that there is not."""
    one_of(name, "fill_mode", fill_mode, list(INSIDE))


def sampled(pixels, first, sizes, coordinates, order, fill_mode, fill_value) -> Tensor:
    """Weighted sums of pixels around coordinates.

    Args:
        pixels: (images * product of sizes, C), all pixels in reading order.
        first: the number of the image that each place lies in, an array that broadcasts with the coordinates; 0 for one image.
        sizes: of the axes of an image.
        coordinates: a Tensor of floats for each axis, all of one shape (...).

    Returns:
        (..., C), in the dtype of the pixels.
    """
    dtype, pixels, total = pixels.dtype, as_floats(pixels), 0
    for corner in itertools.product(*(_neighbours(c, size, order, fill_mode) for c, size in zip(coordinates, sizes))):
        index, there, weight = first, True, 1
        for (place, inside, share), size in zip(corner, sizes):
            index, there, weight = index * size + place, there & inside, weight * share
        found = _taken(pixels, index=index)
        if fill_mode == "constant":
            found = where(there[..., None], found, fill_value)
        total = total + found * expand_dims(weight, -1)
    return as_dtype(away_from_0(total) if dtype.kind in "iu" else total, dtype)


def away_from_0(x) -> Tensor:
    """The nearest whole numbers; halves go away from 0."""
    return where(x < 0, -floor(0.5 - x), floor(x + 0.5))


def _neighbours(coordinate, size, order, fill_mode):
    """[(place, whether it was inside, weight), ...] along an axis: arrays of places, all inside by now; weights are Tensors."""
    coordinate = clip(where(coordinate == coordinate, coordinate, FAR), -FAR, FAR)         # what is no number is far outside
    xp, c = array_library(coordinate.data), coordinate.data
    if order == 0:
        found = [(nearest(xp, c), coordinate * 0 + 1)]
    else:
        lower = xp.floor(c)
        share = coordinate - lower
        found = [(lower, 1 - share), (lower + 1, share)]
    return [(INSIDE[fill_mode](place, size).astype("int64"), (place >= 0) & (place < size), share)
            for place, share in found]


# Ops ----------------------------------------------------------------------------------------------------------------------

@op
def _taken(x, *, index):
    """Rows of x (R, C): (..., C)."""
    return x.take(index, axis=0)


@op
def _added(g, *, index, rows):
    """The adjoint of _taken: (rows, C), each row the sum of those that were made of it. Summed in float64."""
    xp, C = array_library(g), g.shape[-1]
    places = (index[..., None] * C + xp.arange(C)).ravel()
    return xp.bincount(places, g.ravel(), rows * C).astype(g.dtype).reshape(rows, C)


_taken.gradient(x=lambda g, index, x_shape: _added(g, index=index, rows=x_shape[0]))
_added.gradient(g=lambda g, index: _taken(g, index=index))
