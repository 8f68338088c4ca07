"""Layers that prepare data."""
import numpy as np

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
        return x.astype(self.dtype) * np.asarray(self.scale, self.dtype) + np.asarray(self.offset, self.dtype)
