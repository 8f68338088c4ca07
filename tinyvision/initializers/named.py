"""Initializers that are a VarianceScaling with a name of its own."""
from .base import VarianceScaling


class GlorotNormal(VarianceScaling):
    """A truncated normal with variance 2 / (fan_in + fan_out) (Glorot and Bengio, 2010)."""

    def __init__(self, seed=None):
        super().__init__(1.0, "fan_avg", "truncated_normal", seed)


class HeUniform(VarianceScaling):
    """Uniform, with variance 2 / fan_in (He et al., 2015): for layers with ReLU."""

    def __init__(self, seed=None):
        super().__init__(2.0, "fan_in", "uniform", seed)


class HeNormal(VarianceScaling):
    """A truncated normal with variance 2 / fan_in (He et al., 2015): for layers with ReLU."""

    def __init__(self, seed=None):
        super().__init__(2.0, "fan_in", "truncated_normal", seed)


class LecunUniform(VarianceScaling):
    """Uniform, with variance 1 / fan_in (LeCun et al., 1998)."""

    def __init__(self, seed=None):
        super().__init__(1.0, "fan_in", "uniform", seed)


class LecunNormal(VarianceScaling):
    """A truncated normal with variance 1 / fan_in (LeCun et al., 1998): for layers with SELU."""

    def __init__(self, seed=None):
        super().__init__(1.0, "fan_in", "truncated_normal", seed)
