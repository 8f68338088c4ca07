"""Initializers without chance: one number everywhere, and the identity matrix."""
import numbers

import numpy as np

from ..config import floatx
from .base import Initializer


class Constant(Initializer):
    """The same number everywhere. https://keras.io/api/layers/initializers/#constant-class

    Args:
        value: the number.
    """

    def __init__(self, value=0.0):
        if not isinstance(value, numbers.Real):
            raise TypeError(f"Constant: value is a number, got {value!r:.60}; for values of an array pass a function of "
                            "(shape, dtype)")
        self.value = value

    def __call__(self, shape, dtype=None):
        return np.full(shape, self.value, dtype or floatx())


class Identity(Initializer):
    """The identity matrix, times a number; what is not square has rows or columns of zeros.

    https://keras.io/api/layers/initializers/#identity-class

    Args:
        gain: the number on the diagonal.

    >>> Identity(2.0)((2, 3))
    array([[2., 0., 0.],
           [0., 2., 0.]], dtype=float32)
    """
    aliases = "identity_initializer",

    def __init__(self, gain=1.0):
        self.gain = gain

    def __call__(self, shape, dtype=None):
        if len(shape) != 2:
            raise ValueError(f"Identity makes matrices, (rows, columns); it was asked for a weight of shape {tuple(shape)}")
        return np.eye(*shape, dtype=dtype or floatx()) * np.array(self.gain, dtype or floatx())
