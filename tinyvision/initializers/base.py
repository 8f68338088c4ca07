"""How weights begin. Drawn with NumPy on every device, so that a seed gives the same weights anywhere."""
import math

import numpy as np

from .. import configurable
from ..config import floatx, random_key


class Initializer(configurable.Configurable):
    """Makes the first values of a weight: a call with a shape and a dtype returns a NumPy array."""

    def __call__(self, shape, dtype=None) -> np.ndarray:
        raise NotImplementedError(f"{type(self).__name__} must define __call__(self, shape, dtype)")


class Zeros(Initializer):
    """All 0."""
    aliases = "zero",

    def __call__(self, shape, dtype=None):
        return np.zeros(shape, dtype or floatx())


class Ones(Initializer):
    """All 1."""
    aliases = "one",

    def __call__(self, shape, dtype=None):
        return np.ones(shape, dtype or floatx())


class _Random(Initializer):
    """Draws from a stream of its own: the next of the common seed, or that of `seed`. The same object draws the same again."""

    def __init__(self, seed: int | None = None):
        self.key = random_key(seed)

    def generator(self):
        return np.random.Generator(np.random.Philox(key=self.key))


class GlorotUniform(_Random):
    """Uniform, with variance 2 / (fan_in + fan_out) (Glorot and Bengio, 2010): Keras's default for kernels."""

    def __init__(self, seed=None, input_axes=None, output_axes=None):
        super().__init__(seed)
        self.axes = input_axes, output_axes

    def __call__(self, shape, dtype=None):
        limit = math.sqrt(6 / max(sum(fans(shape, *self.axes)), 2))         # up to there, the variance is limit**2 / 3
        return self.generator().uniform(-limit, limit, shape).astype(dtype or floatx())


def fans(shape, input_axes=None, output_axes=None) -> tuple[float, float]:
    """How many inputs a unit has, and how many outputs an input has: of a matrix, or of a kernel (KH, KW, C_in, C_out).

    For other weights, both can be told by the axes that they lie along.
    """
    if input_axes is not None and output_axes is not None:
        return math.prod(shape[a] for a in input_axes), math.prod(shape[a] for a in output_axes)
    if len(shape) < 2:
        return math.prod(shape), math.prod(shape)
    window = math.prod(shape[:-2])
    return window * shape[-2], window * shape[-1]


def get(identifier):
    """The initializer for a name ("glorot_uniform"), an object, or a function of (shape, dtype)."""
    return configurable.get(Initializer, identifier)
