"""Activation functions as layers."""
from .. import activations, ops
from .base import Layer
from .core import described


class Activation(Layer):
    """An activation function as a layer. https://keras.io/api/layers/core_layers/activation/

    Args:
        activation: a name ("relu", "softmax", ...) or a function.
    """

    def __init__(self, activation, **settings):
        super().__init__(**settings)
        self.activation = activations.get(activation)

    def call(self, x):
        return self.activation(x)


class ReLU(Layer):
    """max(x, 0). https://keras.io/api/layers/activation_layers/relu/

    Args:
        max_value: the largest output, or None for no limit.
        negative_slope: what inputs below the threshold are multiplied by, after subtracting it.
        threshold: up to it, an input counts as negative.
    """

    def __init__(self, max_value=None, negative_slope=0.0, threshold=0.0, **settings):
        super().__init__(**settings)
        for name, value in (("max_value", max_value or 0), ("negative_slope", negative_slope), ("threshold", threshold)):
            if value is None or value < 0:
                raise ValueError(f"{described(self)}: {name} must not be negative, got {value}")
        self.max_value, self.negative_slope, self.threshold = max_value, negative_slope, threshold

    def call(self, x):
        return activations.relu(x, self.negative_slope, self.max_value, self.threshold)


class Softmax(Layer):
    """exp(x) / sum(exp(x)) along an axis. https://keras.io/api/layers/activation_layers/softmax/

    Args:
        axis: a number or a tuple.
    """

    def __init__(self, axis=-1, **settings):
        super().__init__(**settings)
        self.axis = tuple(axis) if isinstance(axis, list) else axis

    def call(self, x):
        return ops.softmax(x, axis=self.axis)
