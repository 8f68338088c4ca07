"""How weights begin. Drawn with NumPy on every device, so that a seed gives the same weights anywhere."""
import math

import numpy as np

from .. import configurable
from ..config import floatx, random_key

DISTRIBUTIONS = "uniform", "untruncated_normal", "truncated_normal", "normal"


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


class VarianceScaling(_Random):
    """Random weights whose variance is scale / n, so that signals keep their size through layers.

    n is the number of inputs of a unit ("fan_in"), of its outputs ("fan_out"), or the mean of both ("fan_avg").
    https://keras.io/api/layers/initializers/#variancescaling-class

    Args:
        scale: the variance, times n.
        mode: "fan_in", "fan_out" or "fan_avg".
        distribution: "uniform", "untruncated_normal", or "truncated_normal" (drawn again beyond two standard deviations), which
            is also called "normal".
        seed: for the same weights each time; None takes a new stream of the common seed.
    """

    def __init__(self, scale=1.0, mode="fan_in", distribution="truncated_normal", seed=None):
        super().__init__(seed)
        if mode not in ("fan_in", "fan_out", "fan_avg"):
            raise ValueError(f"VarianceScaling: mode is 'fan_in', 'fan_out' or 'fan_avg', not {mode!r}")
        if distribution not in DISTRIBUTIONS:
            raise ValueError(f"VarianceScaling: distribution is one of {', '.join(DISTRIBUTIONS)}, not {distribution!r}")
        if scale <= 0:
            raise ValueError(f"VarianceScaling: scale must be positive, got {scale}")
        self.scale, self.mode, self.distribution = scale, mode, distribution

    def __call__(self, shape, dtype=None):
        fan_in, fan_out = fans(shape)
        n = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        deviation, generator = math.sqrt(self.scale / max(n, 1)), self.generator()
        if self.distribution == "uniform":
            values = generator.uniform(-math.sqrt(3) * deviation, math.sqrt(3) * deviation, shape)
        elif self.distribution == "untruncated_normal":
            values = generator.normal(0, deviation, shape)
        else:                                              # cut at 2 deviations, a normal keeps this much of its width
            values = truncated_normal(generator, shape) * (deviation / 0.87962566103423978)
        return values.astype(dtype or floatx())


class GlorotUniform(VarianceScaling):
    """Uniform, with variance 2 / (fan_in + fan_out) (Glorot and Bengio, 2010): Keras's default for kernels."""

    def __init__(self, seed=None):
        super().__init__(1.0, "fan_avg", "uniform", seed)


def fans(shape) -> tuple[float, float]:
    """How many inputs a unit has, and how many outputs an input has: of a matrix, or of a kernel (KH, KW, C_in, C_out)."""
    if len(shape) < 2:
        return math.prod(shape), math.prod(shape)
    window = math.prod(shape[:-2])
    return window * shape[-2], window * shape[-1]


def truncated_normal(generator, shape) -> np.ndarray:
    """Standard normal numbers, those beyond 2 drawn again."""
    values = generator.standard_normal(shape)
    while (outside := np.abs(values) > 2).any():
        values[outside] = generator.standard_normal(outside.sum())
    return values


def get(identifier):
    """The initializer for a name ("glorot_uniform"), an object, or a function of (shape, dtype)."""
    return configurable.get(Initializer, identifier)
