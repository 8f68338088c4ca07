"""A convolution, the batch normalization behind it and its ReLU, as one step of inference.

There, the normalization is a factor and a shift for each channel, and these can be put into the weights of the convolution:

    conv(x, kernel) * factor + shift = conv(x, kernel * factor) + shift

In training, and where gradients are wanted, the layers run one after the other.
"""
import functools
from operator import is_not

import numpy as np

from ..activations import linear
from ..autograd import Tensor, is_recording, mode
from ..kernels.choice import forced
from ..kernels.conv import conv_block_forward
from ..layers.base import _context
from ..layers.core import check_images
from ..layers.depthwise import DepthwiseConv2D
from ..ops.conv import geometry
from .chains import Chain, NormChain, limits_of


class ConvNormChain(Chain):
    """Conv2D or DepthwiseConv2D, a BatchNormalization, and perhaps a ReLU, with an upper limit or without."""

    def __init__(self, layers):
        super().__init__(layers)
        self.rest = NormChain(layers[1:]) if len(layers) > 2 else layers[1]
        self.kept = None                                   # (state, arrays, what was folded from them): set at once

    def __call__(self, x):
        x = self.layers[0]._inputs(x)
        y = self.in_one_go(x)
        return self.rest(self.layers[0](x)) if y is None else y

    def in_one_go(self, x):
        conv, _, *relus = self.layers
        limits = limits_of(relus[0]) if relus else None
        if _context.training:
            self.kept = None                               # it will be of no use any more
        if is_recording() or _context.training or mode.detecting or forced() is not None:
            return None
        if relus and not (limits and limits[1] > 0):       # for a kernel, 0 is no limit
            return None
        if not isinstance(x.data, np.ndarray) or not x.dtype == conv.kernel.dtype == np.float32 or not x.size:
            return None
        if not isinstance(conv.kernel.data, np.ndarray) or conv.activation is not linear:
            return None
        check_images(conv, x, conv.kernel.shape[2])
        kernel, bias, prepared = self._weights()
        windows = _windows(x.shape, kernel.shape, conv.strides, conv.padding, conv.dilation_rate)
        relu = limits is not None and (limits[1] == np.inf or limits[1])       # True, False or the limit
        return Tensor(conv_block_forward(x.data, kernel, bias, windows, relu, False, prepared)[0])

    def sources(self):
        """What is folded: six weights, some of which may be None."""
        conv, norm = self.layers[:2]
        return conv.kernel, conv.bias, norm.gamma, norm.beta, norm.moving_mean, norm.moving_variance

    def variables(self):
        return [weight for weight in self.sources() if weight is not None]

    def settings(self):
        return *super().settings(), self.layers[1].epsilon, self.layers[1].axis, *map(limits_of, self.layers[2:])

    def _weights(self):
        """The kernel and the bias that do it all, and what the kernels have made of them; anew when weights have changed."""
        (conv, norm), sources, kept = self.layers[:2], self.sources(), self.kept
        arrays = [None if v is None else v.data for v in sources]
        state = [norm.epsilon, *(v.changed for v in sources if v is not None)]
        if kept is None or state != kept[0] or any(map(is_not, arrays, kept[1])):
            kernel, bias, gamma, beta, mean, variance = (None if a is None else a.astype(float) for a in arrays)
            factor = (variance + norm.epsilon) ** -0.5 * (1 if gamma is None else gamma)
            shift = ((0 if bias is None else bias) - mean) * factor + (0 if beta is None else beta)
            kernel = kernel.transpose(0, 1, 3, 2) if isinstance(conv, DepthwiseConv2D) else kernel
            kept = self.kept = state, arrays, ((kernel * factor).astype(np.float32), shift.astype(np.float32), {})
        return kept[2]


@functools.lru_cache(maxsize=1024)
def _windows(*arguments):
    return geometry("conv", *arguments)["windows"]

