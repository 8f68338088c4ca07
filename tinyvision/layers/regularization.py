"""Layers that are active in training only, against overfitting."""
from .. import ops
from ..config import random_key
from .base import Layer


class Dropout(Layer):
    """In training, zero each element with probability `rate` and divide the others by 1 - rate (Srivastava et al., 2014).

    https://keras.io/api/layers/regularization_layers/dropout/

    Args:
        rate: in [0, 1).
        noise_shape: the shape in which elements are dropped, broadcast to the input: (None, 1, 1, None) drops whole channels.
        seed: for the same numbers in each run; None takes a stream of the common seed.
    """

    def __init__(self, rate, noise_shape=None, seed=None, **settings):
        super().__init__(**settings)
        if not 0 <= rate < 1:
            raise ValueError(f"{self.name} (Dropout): the rate is a probability below 1, got {rate}")
        self.rate, self.noise_shape, self.key, self.step = rate, noise_shape, random_key(seed), 0

    def call(self, x, training=False):
        if not training or not self.rate:
            return x
        self.step += 1
        return ops.dropout(x, self.rate, self.noise_shape, self.key, self.step)
