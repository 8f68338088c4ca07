"""Gathering places along the middle axis, and scattering to them. Shapes: x (A, L, B), y (A, K, B), indices (K,), integers.

Both are adjoint: <gathered(x), y> = <x, scattered(y)>.
"""
from ...device import array_library
from ..registry import kernel


@kernel
def gathered(x, indices):
    """y = x[:, indices]. Negative places count from the end. Others that there are not: an error, or NaN on a GPU."""
    return array_library(x).take(x, indices, axis=1)


@kernel
def scattered(y, indices, length):
    """x, zeros of that length to which y is added at the places; one that comes twice gets both."""
    xp = array_library(y)
    x = xp.zeros((y.shape[0], length, y.shape[2]), y.dtype)
    xp.add.at(x, (slice(None), indices), y)
    return x
