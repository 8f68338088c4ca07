"""VarianceScaling, and the initializers that are one with a name of its own."""
import math

import numpy as np

from ..config import floatx
from .base import _Random, fans

DISTRIBUTIONS = "uniform", "untruncated_normal", "truncated_normal", "normal"


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
        input_axes, output_axes: lists of the axes that inputs and outputs lie along, where they are not the usual ones.
    """

    def __init__(self, scale=1.0, mode="fan_in", distribution="truncated_normal", seed=None, input_axes=None, output_axes=None):
        super().__init__(seed)
        if mode not in ("fan_in", "fan_out", "fan_avg"):
            raise ValueError(f"VarianceScaling: mode is 'fan_in', 'fan_out' or 'fan_avg', not {mode!r}")
        if distribution not in DISTRIBUTIONS:
            raise ValueError(f"VarianceScaling: distribution is one of {', '.join(DISTRIBUTIONS)}, not {distribution!r}")
        if scale <= 0:
            raise ValueError(f"VarianceScaling: scale must be positive, got {scale}")
        self.scale, self.mode, self.distribution, self.axes = scale, mode, distribution, (input_axes, output_axes)

    def __call__(self, shape, dtype=None):
        fan_in, fan_out = fans(shape, *self.axes)
        n = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        deviation, generator = math.sqrt(self.scale / max(n, 1)), self.generator()
        if self.distribution == "uniform":
            values = generator.uniform(-math.sqrt(3) * deviation, math.sqrt(3) * deviation, shape)
        elif self.distribution == "untruncated_normal":
            values = generator.normal(0, deviation, shape)
        else:                                              # cut at 2 deviations, a normal keeps this much of its width
            values = truncated_normal(generator, shape) * (deviation / 0.87962566103423978)
        return values.astype(dtype or floatx())


def truncated_normal(generator, shape) -> np.ndarray:
    """Standard normal numbers, those beyond 2 drawn again."""
    values = generator.standard_normal(shape)
    while (outside := np.abs(values) > 2).any():
        values[outside] = generator.standard_normal(outside.sum())
    return values


class GlorotNormal(VarianceScaling):
    """A truncated normal with variance 2 / (fan_in + fan_out) (Glorot and Bengio, 2010)."""

    def __init__(self, seed=None, input_axes=None, output_axes=None):
        super().__init__(1.0, "fan_avg", "truncated_normal", seed, input_axes, output_axes)


class HeUniform(VarianceScaling):
    """Uniform, with variance 2 / fan_in (He et al., 2015): for layers with ReLU."""

    def __init__(self, seed=None, input_axes=None, output_axes=None):
        super().__init__(2.0, "fan_in", "uniform", seed, input_axes, output_axes)


class HeNormal(VarianceScaling):
    """A truncated normal with variance 2 / fan_in (He et al., 2015): for layers with ReLU."""

    def __init__(self, seed=None, input_axes=None, output_axes=None):
        super().__init__(2.0, "fan_in", "truncated_normal", seed, input_axes, output_axes)


class LecunUniform(VarianceScaling):
    """Uniform, with variance 1 / fan_in (LeCun et al., 1998)."""

    def __init__(self, seed=None, input_axes=None, output_axes=None):
        super().__init__(1.0, "fan_in", "uniform", seed, input_axes, output_axes)


class LecunNormal(VarianceScaling):
    """A truncated normal with variance 1 / fan_in (LeCun et al., 1998): for layers with SELU."""

    def __init__(self, seed=None, input_axes=None, output_axes=None):
        super().__init__(1.0, "fan_in", "truncated_normal", seed, input_axes, output_axes)
