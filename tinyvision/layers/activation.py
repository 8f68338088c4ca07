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


class LeakyReLU(Layer):
    """x above 0, negative_slope * x below (Maas et al., 2013). https://keras.io/api/layers/activation_layers/leaky_relu/

    Args:
        negative_slope: what negative inputs are multiplied by. (0.3 here, 0.2 in the activation "leaky_relu", as in Keras.)
    """

    def __init__(self, negative_slope=0.3, **settings):
        super().__init__(**settings)
        if negative_slope is None or negative_slope < 0:
            raise ValueError(f"{described(self)}: negative_slope must not be negative, got {negative_slope}")
        self.negative_slope = negative_slope

    def call(self, x):
        return ops.leaky_relu(x, negative_slope=self.negative_slope)


class ELU(Layer):
    """x above 0, alpha * (exp(x) - 1) below (Clevert et al., 2015). https://keras.io/api/layers/activation_layers/elu/

    Args:
        alpha: what very negative inputs come to, with a minus sign.
    """

    def __init__(self, alpha=1.0, **settings):
        super().__init__(**settings)
        self.alpha = alpha

    def call(self, x):
        return ops.elu(x, alpha=self.alpha)


class PReLU(Layer):
    """x above 0, alpha * x below, with an alpha that is learned (He et al., 2015).

    https://keras.io/api/layers/activation_layers/prelu/

    Args:
        alpha_initializer: a name or an Initializer.
        shared_axes: axes along which there is one alpha for all: [1, 2] gives images one for each channel. They count from 1,
            the batch is shared always. None: a number or a list of them.

    Shapes: (N, ...) -> (N, ...); alpha as a sample, of size 1 on the shared axes.
    """

    regularized = ("alpha",)

    def __init__(self, alpha_initializer="Zeros", *, shared_axes=None, **settings):
        super().__init__(**settings)
        self.alpha_initializer = alpha_initializer
        self.shared_axes = [shared_axes] if isinstance(shared_axes, int) else list(shared_axes or ())

    def build(self, input_shape):
        if not all(1 <= axis < len(input_shape) for axis in self.shared_axes):
            raise ValueError(f"{described(self)}: shared_axes are among 1 .. {len(input_shape) - 1} for inputs {input_shape}, "
                             f"got {self.shared_axes}")
        shape = [1 if axis in self.shared_axes else n for axis, n in enumerate(input_shape)][1:]
        if None in shape:
            raise ValueError(f"{described(self)} needs inputs of known sizes, got {input_shape}: share the other axes, as "
                             "shared_axes=[1, 2] does for images")
        self.alpha = self.add_weight(shape, self.alpha_initializer, name="alpha")

    def call(self, x):
        return ops.relu(x) - self.alpha * ops.relu(-x)


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
