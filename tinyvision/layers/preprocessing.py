"""Layers that prepare data."""
import numpy as np

from ..device import array_library
from .base import Layer


class Rescaling(Layer):
    """x * scale + offset. https://keras.io/api/layers/preprocessing_layers/image_preprocessing/rescaling/

    Args:
        scale: Rescaling(1 / 255) turns bytes into numbers between 0 and 1.
        offset: added afterwards; both may be lists, a number for each channel.
    """

    def __init__(self, scale, offset=0.0, **settings):
        super().__init__(**settings)
        self.scale, self.offset = scale, offset

    def call(self, x):
        return x.astype(self.dtype) * self._numbers(self.scale, x) + self._numbers(self.offset, x)

    def _numbers(self, numbers, x):
        """A number as it is; a list as an array of the layer's dtype, where x is."""
        return array_library(x.data).asarray(numbers, self.dtype) if np.ndim(numbers) else numbers
