"""Places that there are not, on a GPU: CuPy begins anew beyond the ends of an axis."""
import numpy as np

from ...device import array_library


def marked(y, indices, length):
    """What CuPy has picked, which begins anew beyond the ends: NaN at places that there are not.

    Integers have no NaN. For them the GPU is waited for, and such places are an IndexError.
    """
    if y.dtype.kind == "f":
        return array_library(y).where(nowhere(indices, length), y.dtype.type(np.nan), y)
    check(indices, length)
    return y


def nowhere(indices, length):
    """Where an index is beyond the ends of an axis of that length; negative ones count from the end."""
    indices = indices.astype(np.int64, copy=False)         # a narrow dtype cannot be compared with a large length
    return (indices < -length) | (indices >= length)


def check(indices, length) -> None:
    """An IndexError if any is."""
    if nowhere(indices, length).any():
        raise IndexError(f"there is a position that is out of bounds for an axis of size {length}")
