"""What a file may do: hold as many numbers as its size makes likely, and have no more memory than these numbers take.

A kilobyte can claim to unpack to a terabyte, and a line of a config can ask for as much. Files are told apart from bombs by
their proportions, before anything is unpacked or made.
"""
import contextlib
import contextvars
import functools
import math

from ...layers.base import Layer
from ...units import readable_bytes

LIKELY = 100                                               # times its size that a file unpacks to; float weights hardly shrink
HARMLESS = 256 << 20                                       # bytes that any file may unpack to

_numbers_left = contextvars.ContextVar("numbers_left", default=None)


def check_proportion(what: str, unpacked: int, packed: int) -> None:
    """Raise ValueError where so many bytes cannot reasonably come of so few."""
    if unpacked > max(HARMLESS, LIKELY * packed):
        raise ValueError(f"{what} would unpack from {readable_bytes(packed)} to {readable_bytes(unpacked)}, which no real "
                         "weights do: it is not read")


@contextlib.contextmanager
def room_for(numbers: int):
    """Within this block, layers may make weights of so many numbers in all, and some millions more, so that it can be said
    which ones are missing in the file. They are zeros, for the file will overwrite them."""
    token = _numbers_left.set(numbers + HARMLESS // 8)
    try:
        yield
    finally:
        _numbers_left.reset(token)


def _within_the_room(add_weight):
    @functools.wraps(add_weight)
    def checked(layer, shape=(), initializer="glorot_uniform", *args, **settings):
        left = _numbers_left.get()
        if left is None:
            return add_weight(layer, shape, initializer, *args, **settings)
        wanted = math.prod(shape)
        if wanted > left:
            raise ValueError(f"it asks for a weight of shape {tuple(shape)} in {layer.name}, many more numbers than there are "
                             "in the file")
        _numbers_left.set(left - wanted)
        return add_weight(layer, shape, "zeros", *args, **settings)
    return checked


Layer.add_weight = _within_the_room(Layer.add_weight)
