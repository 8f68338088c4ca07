"""Regularizers: what a layer adds to the loss for the size of its weights, in the numbers of Keras."""
import math
import numbers

from . import configurable, ops
from .autograd import Tensor, as_tensor
from .config import epsilon
from .configurable import Configurable
from .device import array_library
from .serialization import deserialize, serialize  # noqa: F401 (Keras has them here)


class Regularizer(Configurable):
    """A call with a weight returns what it costs: one number, whose gradient draws the weight to where it costs less."""

    def __call__(self, x) -> Tensor:
        raise NotImplementedError(f"{type(self).__name__} must define __call__(self, x)")


class L1L2(Regularizer):
    """l1 * sum(abs(x)) + l2 * sum(x**2). https://keras.io/api/layers/regularizers/#l1l2-class

    Args:
        l1: what a unit of absolute value costs.
        l2: what a unit of square costs.

    >>> L1L2(l1=1.0, l2=0.5)([1.0, -2.0])
    Tensor(5.5)
    """

    def __init__(self, l1=0.0, l2=0.0):
        self.l1, self.l2 = _factor(self, "l1", l1), _factor(self, "l2", l2)

    def __call__(self, x):
        x = as_tensor(x)
        parts = [factor * ops.sum(size(x)) for factor, size in ((self.l1, ops.abs), (self.l2, ops.square)) if factor]
        return sum(parts[1:], parts[0]) if parts else ops.sum(x * 0)


class L1(L1L2):
    """l1 * sum(abs(x)): draws weights to exactly 0. https://keras.io/api/layers/regularizers/#l1-class

    Args:
        l1: what a unit of absolute value costs.
    """

    def __init__(self, l1=0.01):
        super().__init__(l1=l1)


class L2(L1L2):
    """l2 * sum(x**2): draws weights towards 0, the larger ones more. https://keras.io/api/layers/regularizers/#l2-class

    Args:
        l2: what a unit of square costs.
    """

    def __init__(self, l2=0.01):
        super().__init__(l2=l2)


class OrthogonalRegularizer(Regularizer):
    """factor times the mean of |cos| of the angles between the rows of a matrix, or between its columns.

    It draws them to right angles. https://keras.io/api/layers/regularizers/#orthogonalregularizer-class

    Args:
        factor: what it costs that all are parallel.
        mode: "rows" or "columns".

    >>> OrthogonalRegularizer(1.0)([[1.0, 0.0], [1.0, 1.0]])
    Tensor(0.70710677)
    """

    def __init__(self, factor=0.01, mode="rows"):
        if mode not in ("rows", "columns"):
            raise ValueError(f"OrthogonalRegularizer: mode is 'rows' or 'columns', not {mode!r}")
        self.factor, self.mode = _factor(self, "factor", factor), mode

    def __call__(self, inputs):
        x = as_tensor(inputs)
        if x.ndim != 2:
            raise ValueError(f"OrthogonalRegularizer is for matrices, (rows, columns); it got a weight of shape {x.shape}")
        x = ops.transpose(x) if self.mode == "columns" else x
        n = x.shape[0]
        squares = ops.sum(ops.square(x), axis=1, keepdims=True)
        x = x / ops.sqrt(ops.maximum(squares, epsilon() ** 2))
        cosines = ops.abs(x @ ops.transpose(x)) * Tensor(1 - array_library(x.data).eye(n, dtype=x.dtype))
        return self.factor * ops.sum(cosines) / max(n * (n - 1), 1)          # each pair stands there twice


def _factor(regularizer, name, value):
    """A number that is not negative."""
    if not isinstance(value, numbers.Real) or not 0 <= value < math.inf:
        raise ValueError(f"{type(regularizer).__name__}: {name} is a number of at least 0, got {value!r:.60}")
    return float(value)


def get(identifier):
    """The regularizer for a name ("l2"), an object, or a function of a weight; None for None.

    >>> get("l2")([1.0, 2.0])
    Tensor(0.05)
    """
    return None if identifier is None else configurable.get(Regularizer, identifier)


l1, l2, l1_l2, orthogonal_regularizer = L1, L2, L1L2, OrthogonalRegularizer
