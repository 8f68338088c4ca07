"""Layers that join several inputs."""
import functools
import math

import numpy as np

from .. import ops
from ..autograd import Tensor
from ..config import epsilon
from .base import Layer
from .core import described


class Merge(Layer):
    """What layers share that join inputs element by element: a subclass says how, in `merged`.

    Axes of size 1 are repeated, and inputs with fewer axes take new ones after the batch, as in Keras: (N, C) meets
    (N, H, W, C) as (N, 1, 1, C). Batches must be equal.
    """

    def call(self, inputs):
        _check_list(self, inputs)
        most = max(t.ndim for t in inputs)
        fitted = [t if t.ndim == most else t.reshape(t.shape[0], *(most - t.ndim) * [1], *t.shape[1:]) for t in inputs]
        try:
            np.broadcast_shapes(*(t.shape for t in fitted))
        except ValueError:
            raise ValueError(f"{described(self)}: inputs of shapes {_shapes(inputs)} cannot be joined element by element: axes "
                             "must be equal, or 1") from None
        return self.merged(fitted)

    def merged(self, inputs):
        """What comes of inputs that fit."""
        raise NotImplementedError


class Add(Merge):
    """The sum of a list of inputs. https://keras.io/api/layers/merging_layers/add/"""

    def merged(self, inputs):
        return functools.reduce(ops.add, inputs)


class Subtract(Merge):
    """The first of two inputs minus the second. https://keras.io/api/layers/merging_layers/subtract/"""

    def merged(self, inputs):
        _check_two(self, inputs)
        return inputs[0] - inputs[1]


class Multiply(Merge):
    """The product of a list of inputs, element by element. https://keras.io/api/layers/merging_layers/multiply/"""

    def merged(self, inputs):
        return functools.reduce(ops.multiply, inputs)


class Average(Merge):
    """The mean of a list of inputs, element by element. https://keras.io/api/layers/merging_layers/average/"""

    def merged(self, inputs):
        return functools.reduce(ops.add, inputs) / len(inputs)


class Maximum(Merge):
    """The largest of a list of inputs, element by element. https://keras.io/api/layers/merging_layers/maximum/"""

    def merged(self, inputs):
        return functools.reduce(ops.maximum, inputs)


class Minimum(Merge):
    """The smallest of a list of inputs, element by element. https://keras.io/api/layers/merging_layers/minimum/"""

    def merged(self, inputs):
        return functools.reduce(ops.minimum, inputs)


class Concatenate(Layer):
    """A list of inputs, joined along an axis. https://keras.io/api/layers/merging_layers/concatenate/

    Args:
        axis: along which; they must be equal in all others.
    """

    def __init__(self, axis=-1, **settings):
        super().__init__(**settings)
        self.axis = axis

    def call(self, inputs):
        _check_list(self, inputs)
        others = {tuple(n for a, n in enumerate(t.shape) if a != self.axis % t.ndim) for t in inputs}
        if len(others) > 1:
            raise ValueError(f"{described(self)}: the inputs {_shapes(inputs)} may differ on axis {self.axis} only")
        return ops.concatenate(inputs, self.axis)


class Dot(Layer):
    """The sum of products of two inputs along an axis of each, sample by sample. https://keras.io/api/layers/merging_layers/dot/

    Args:
        axes: one number for both, or a pair; axis 0 is the batch and cannot be summed.
        normalize: divide both by their length along these axes first: then it is the cosine of the angle between them.

    Shapes: (N, A, K) and (N, K, B) with axes=(2, 1) -> (N, A, B); (N, K) and (N, K) -> (N, 1).

    >>> Dot(axes=1)([np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]])])
    Tensor([[11.]])
    """

    def __init__(self, axes, normalize=False, **settings):
        super().__init__(**settings)
        both = [axes, axes] if isinstance(axes, int) else axes
        if not isinstance(both, (list, tuple)) or len(both) != 2 or not all(isinstance(axis, int) for axis in both):
            raise ValueError(f"{described(self)}: axes is a number or a pair of numbers, got {axes!r}")
        self.axes, self.normalize = axes, normalize

    def call(self, inputs):
        _check_list(self, inputs)
        _check_two(self, inputs)
        a1, a2 = (self.axes, self.axes) if isinstance(self.axes, int) else self.axes
        (x1, rest1), (x2, rest2) = (self._as_rows(x, axis) for x, axis in zip(inputs, (a1, a2)))
        if x1.shape[2] != x2.shape[2]:
            raise ValueError(f"{described(self)}: the inputs {_shapes(inputs)} have different sizes on the axes {a1} and {a2}")
        y = ops.matmul(x1, ops.swapaxes(x2, 1, 2))
        return y.reshape(len(y), *(rest1 + rest2 or (1,)))

    def _as_rows(self, x, axis):
        """x as (N, rest, K), with the axis to be summed last; and the sizes of the rest."""
        if not -x.ndim < axis < x.ndim or axis == 0:
            raise ValueError(f"{described(self)} cannot sum axis {axis} of an input of shape {x.shape}: it is not there, or "
                             "the batch")
        x = ops.moveaxis(x, axis, -1)
        if self.normalize:
            x = x * ops.rsqrt(ops.maximum(ops.sum(x * x, axis=-1, keepdims=True), epsilon() ** 2))
        rest = x.shape[1:-1]
        return x.reshape(len(x), math.prod(rest), x.shape[-1]), rest


def _check_list(layer, inputs):
    if not isinstance(inputs, (list, tuple)) or not inputs or not all(isinstance(t, Tensor) for t in inputs):
        raise ValueError(f"{described(layer)} is called on a list of inputs: layer([x1, x2])")
    if len({t.shape[:1] for t in inputs}) > 1:
        raise ValueError(f"{described(layer)}: the inputs {_shapes(inputs)} hold different numbers of samples")


def _check_two(layer, inputs):
    if len(inputs) != 2:
        raise ValueError(f"{described(layer)} is called on two inputs, got {len(inputs)}")


def _shapes(inputs):
    return ", ".join(str(t.shape) for t in inputs)


def add(inputs: list, **settings) -> Tensor:
    """`Add()(inputs)`: the sum of a list of inputs."""
    return Add(**settings)(inputs)


def subtract(inputs: list, **settings) -> Tensor:
    """`Subtract()(inputs)`: the first of two inputs minus the second."""
    return Subtract(**settings)(inputs)


def multiply(inputs: list, **settings) -> Tensor:
    """`Multiply()(inputs)`: the product of a list of inputs."""
    return Multiply(**settings)(inputs)


def average(inputs: list, **settings) -> Tensor:
    """`Average()(inputs)`: the mean of a list of inputs."""
    return Average(**settings)(inputs)


def maximum(inputs: list, **settings) -> Tensor:
    """`Maximum()(inputs)`: the largest of a list of inputs."""
    return Maximum(**settings)(inputs)


def minimum(inputs: list, **settings) -> Tensor:
    """`Minimum()(inputs)`: the smallest of a list of inputs."""
    return Minimum(**settings)(inputs)


def concatenate(inputs: list, axis: int = -1, **settings) -> Tensor:
    """`Concatenate(axis)(inputs)`: a list of inputs, joined along an axis."""
    return Concatenate(axis, **settings)(inputs)


def dot(inputs: list, axes: int | tuple[int, int] = -1, **settings) -> Tensor:
    """`Dot(axes)(inputs)`: the sum of products of two inputs along an axis of each."""
    return Dot(axes, **settings)(inputs)
