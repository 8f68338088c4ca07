"""Initializers that draw from a distribution whose width does not depend on the shape; and orthogonal matrices."""
import math

import numpy as np

from ..config import floatx
from .base import _Random
from .named import truncated_normal


class RandomNormal(_Random):
    """Normal numbers. https://keras.io/api/layers/initializers/#randomnormal-class

    Args:
        mean: of the numbers.
        stddev: their standard deviation.
        seed: for the same weights each time; None takes a new stream of the common seed.
    """
    aliases = "normal",

    def __init__(self, mean=0.0, stddev=0.05, seed=None):
        super().__init__(seed)
        if stddev < 0:
            raise ValueError(f"{type(self).__name__}: a standard deviation is at least 0, got stddev={stddev}")
        self.mean, self.stddev = mean, stddev

    def __call__(self, shape, dtype=None):
        return np.asarray(self.mean + self.stddev * self.draw(shape), dtype or floatx())

    def draw(self, shape) -> np.ndarray:
        """Numbers of mean 0 and width 1."""
        return self.generator().standard_normal(shape)


class TruncatedNormal(RandomNormal):
    """Normal numbers, those beyond two standard deviations drawn again.

    What is left has 0.88 of the deviation. https://keras.io/api/layers/initializers/#truncatednormal-class

    Args:
        mean: of the numbers.
        stddev: their standard deviation, before the cut.
        seed: for the same weights each time; None takes a new stream of the common seed.
    """
    aliases = ()

    def draw(self, shape):
        return truncated_normal(self.generator(), shape)


class RandomUniform(_Random):
    """Numbers between two bounds, all equally likely. https://keras.io/api/layers/initializers/#randomuniform-class

    Args:
        minval: the lower bound.
        maxval: the upper bound.
        seed: for the same weights each time; None takes a new stream of the common seed.
    """
    aliases = "uniform",

    def __init__(self, minval=-0.05, maxval=0.05, seed=None):
        super().__init__(seed)
        if minval > maxval:
            raise ValueError(f"RandomUniform: minval is at most maxval, got minval={minval} and maxval={maxval}")
        self.minval, self.maxval = minval, maxval

    def __call__(self, shape, dtype=None):
        return np.asarray(self.generator().uniform(self.minval, self.maxval, shape), dtype or floatx())


class Orthogonal(_Random):
    """A matrix whose rows or columns, whichever are fewer, are at right angles and of length `gain` (Saxe et al., 2014).

    All such matrices are equally likely. A kernel (..., C_in, C_out) is taken as a matrix of C_out columns.
    https://keras.io/api/layers/initializers/#orthogonal-class

    Args:
        gain: the length.
        seed: for the same weights each time; None takes a new stream of the common seed.

    >>> w = Orthogonal(seed=1)((3, 2))
    >>> abs(w.T @ w - np.eye(2)).max() < 1e-6
    np.True_
    """
    aliases = "orthogonal_initializer",

    def __init__(self, gain=1.0, seed=None):
        super().__init__(seed)
        self.gain = gain

    def __call__(self, shape, dtype=None):
        if len(shape) < 2:
            raise ValueError(f"Orthogonal makes matrices and kernels; it was asked for a weight of shape {tuple(shape)}")
        rows, columns = math.prod(shape[:-1]), shape[-1]
        q, r = np.linalg.qr(self.generator().standard_normal((max(rows, columns), min(rows, columns))))
        q *= np.where(np.diag(r) < 0, -1, 1)               # QR alone prefers some matrices: the sign makes all equally likely
        return (self.gain * (q if rows >= columns else q.T).reshape(shape)).astype(dtype or floatx())
