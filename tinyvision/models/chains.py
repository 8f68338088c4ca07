"""Layers in a row that run as one step of a model."""
import math

from .. import ops
from ..autograd import mode
from ..layers.activation import Activation, ReLU
from ..layers.fused import fused
from ..layers.pool import MaxPooling2D

PLAIN = 0.0, math.inf                                      # the limits of a ReLU


class Chain:
    """Layers in a row that run as one, and look like one layer to the model."""

    def __init__(self, layers):
        self.layers, self.name, self.dtype = layers, "+".join(layer.name for layer in layers), layers[0].dtype

    def __call__(self, x):
        x = self.layers[0]._inputs(x)
        y = self.in_one_go(x)
        if y is None:
            y = x
            for layer in self.layers:
                y = layer(y)
        return y

    def in_one_go(self, x):
        """What the last layer returns; None if it takes a step for each layer."""
        raise NotImplementedError

    def variables(self):
        """The weights that the numbers depend on, for chains that begin with a convolution."""
        return kernel_and_bias(self.layers[0])

    def settings(self):
        """What they depend on besides."""
        return settings_of(self.layers[0])


class ConvChain(Chain):
    """Conv2D, a ReLU, a 2x2 max-pool."""

    def __init__(self, layers):
        super().__init__(layers)
        self.pool = is_pool(layers[-1])
        self.relu = len(layers) > 1 + self.pool

    def unchanged(self):
        """Whether ReLU and pool are still set as they were when the chain was made."""
        *relus, last = self.layers[1:]
        relus = relus if self.pool else [*relus, last]
        return (is_pool(last) or not self.pool) and all(limits_of(relu) == PLAIN for relu in relus)

    def in_one_go(self, x):
        return fused(self.layers[0], x, self.relu, self.pool) if self.unchanged() else None

    def settings(self):
        return *super().settings(), self.unchanged()


class NormChain(Chain):
    """BatchNormalization, and a ReLU, with an upper limit or without."""

    def in_one_go(self, x):
        norm, relu = self.layers
        limits = limits_of(relu)                           # None if its settings were changed since
        return None if mode.detecting or limits is None else norm(x, limits=limits)


def kernel_and_bias(layer) -> list:
    """The weights of a convolution or a Dense."""
    return [layer.kernel] if layer.bias is None else [layer.kernel, layer.bias]


def settings_of(conv) -> tuple:
    """What can be changed in a Conv2D or DepthwiseConv2D after it was built."""
    return conv.activation, conv.bias is None, conv.strides, conv.padding, conv.dilation_rate, getattr(conv, "groups", None)


def limits_of(layer) -> tuple[float, float] | None:
    """(low, high) of a layer that holds numbers between these; None for other layers."""
    if type(layer) is ReLU and (layer.negative_slope, layer.threshold) == (0, 0):
        return 0.0, math.inf if layer.max_value is None else float(layer.max_value)
    return PLAIN if type(layer) is Activation and layer.activation is ops.relu else None


def is_pool(layer) -> bool:
    """Whether it is the 2x2 max-pool that a convolution can do itself."""
    return type(layer) is MaxPooling2D and layer.pool_size == layer.strides == (2, 2) and layer.padding == "valid"
