"""Layers that change shapes and compute nothing."""
import math

from .base import Layer
from .core import described


class Reshape(Layer):
    """The same elements in another shape. https://keras.io/api/layers/reshaping_layers/reshape/

    Args:
        target_shape: of one sample, without the batch; one size may be -1.
    """

    def __init__(self, target_shape, **settings):
        super().__init__(**settings)
        self.target_shape = tuple(target_shape)

    def call(self, x):
        size, known = math.prod(x.shape[1:]), math.prod(n for n in self.target_shape if n != -1)
        left = size // known if known else 0
        shape = tuple(left if n == -1 else n for n in self.target_shape)
        if math.prod(shape) != size or self.target_shape.count(-1) > 1:
            raise ValueError(f"{described(self)} cannot turn samples of shape {x.shape[1:]}, {size} numbers, into "
                             f"{self.target_shape}")
        return x.reshape(x.shape[0], *shape)
