"""Layers that join several inputs."""
import functools

from .. import ops
from ..autograd import Tensor
from .base import Layer
from .core import described


class Add(Layer):
    """The sum of a list of inputs of one shape. https://keras.io/api/layers/merging_layers/add/"""

    def call(self, inputs):
        _check_list(self, inputs)
        return functools.reduce(ops.add, inputs)


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
            raise ValueError(f"{described(self)}: the inputs {[t.shape for t in inputs]} may differ on axis {self.axis} only")
        return ops.concatenate(inputs, self.axis)


def _check_list(layer, inputs):
    if not isinstance(inputs, (list, tuple)) or len(inputs) < 2:
        raise ValueError(f"{described(layer)} is called on a list of at least two inputs: layer([x1, x2])")


def add(inputs: list, **settings) -> Tensor:
    """`Add()(inputs)`: the sum of a list of inputs."""
    return Add(**settings)(inputs)


def concatenate(inputs: list, axis: int = -1, **settings) -> Tensor:
    """`Concatenate(axis)(inputs)`: a list of inputs, joined along an axis."""
    return Concatenate(axis, **settings)(inputs)
