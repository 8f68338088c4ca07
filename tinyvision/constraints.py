"""Constraints: where weights are put back after each step of an optimizer, in the numbers of Keras."""
from . import configurable, ops
from .autograd import Tensor, as_tensor
from .config import epsilon
from .configurable import Configurable
from .serialization import deserialize, serialize  # noqa: F401 (Keras has them here)


class Constraint(Configurable):
    """A call with a weight returns the allowed weight that is to take its place."""

    def __call__(self, w) -> Tensor:
        return w


class NonNeg(Constraint):
    """No weight below 0. https://keras.io/api/layers/constraints/#nonneg-class

    >>> NonNeg()([-1.0, 2.0])
    Tensor([0., 2.])
    """

    def __call__(self, w):
        return ops.maximum(w, 0)


class MinMaxNorm(Constraint):
    """The norm of the weights that lead to each unit is held between two bounds.

    https://keras.io/api/layers/constraints/#minmaxnorm-class

    Args:
        min_value: the smallest norm.
        max_value: the largest norm.
        rate: how much of the way to the bound is gone at once; 1 goes all of it.
        axis: over which the norm is taken: 0 for the matrix of a Dense layer, (0, 1, 2) for the kernel of a convolution.
    """

    def __init__(self, min_value=0.0, max_value=1.0, rate=1.0, axis=0):
        if not 0 <= min_value <= max_value:
            raise ValueError(f"{type(self).__name__}: norms go from 0 on, and min_value is at most max_value; "
                             f"got min_value={min_value} and max_value={max_value}")
        if not 0 <= rate <= 1:
            raise ValueError(f"{type(self).__name__}: rate lies between 0 and 1, got {rate}")
        self.min_value, self.max_value, self.rate, self.axis = min_value, max_value, rate, axis

    def __call__(self, w):
        norms = _norms(w, self.axis)
        desired = self.rate * ops.clip(norms, self.min_value, self.max_value) + (1 - self.rate) * norms
        return w * (desired / (epsilon() + norms))


class MaxNorm(MinMaxNorm):
    """The norm of the weights that lead to each unit is at most `max_value`.

    https://keras.io/api/layers/constraints/#maxnorm-class

    Args:
        max_value: the largest norm.
        axis: over which the norm is taken: 0 for the matrix of a Dense layer, (0, 1, 2) for the kernel of a convolution.

    >>> MaxNorm(5.0)([[3.0, 6.0], [4.0, 8.0]])
    Tensor([[3., 3.],
            [4., 4.]])
    """

    def __init__(self, max_value=2, axis=0):
        super().__init__(max_value=max_value, axis=axis)


class UnitNorm(Constraint):
    """The norm of the weights that lead to each unit is 1. https://keras.io/api/layers/constraints/#unitnorm-class

    Args:
        axis: over which the norm is taken: 0 for the matrix of a Dense layer, (0, 1, 2) for the kernel of a convolution.
    """

    def __init__(self, axis=0):
        self.axis = axis

    def __call__(self, w):
        return w / (epsilon() + _norms(w, self.axis))


def _norms(w, axis):
    axis = tuple(axis) if isinstance(axis, list) else axis
    return ops.sqrt(ops.sum(ops.square(as_tensor(w)), axis=axis, keepdims=True))


def get(identifier):
    """The constraint for a name ("max_norm"), an object, or a function of a weight; None for None.

    >>> get("non_neg")([-1.0, 2.0])
    Tensor([0., 2.])
    """
    return None if identifier is None else configurable.get(Constraint, identifier)


max_norm, non_neg, unit_norm, min_max_norm = MaxNorm, NonNeg, UnitNorm, MinMaxNorm
