"""Convolutions of each channel alone; and those that mix the channels afterwards."""
from .. import ops
from .convolution import Convolution
from .core import positive


class Depthwise(Convolution):
    """What DepthwiseConv1D and DepthwiseConv2D share: all but the number of axes."""
    regularized = "depthwise", "bias"

    def __init__(self, kernel_size, strides, padding, depth_multiplier, data_format, dilation_rate, activation, use_bias,
                 depthwise_initializer, bias_initializer, **settings):
        super().__init__(kernel_size, strides, padding, data_format, dilation_rate, activation, use_bias, bias_initializer,
                         **settings)
        self.depth_multiplier = positive(depth_multiplier, "depth_multiplier", self)
        self.depthwise_initializer = depthwise_initializer

    def add_kernels(self, channels):
        shape = *self.kernel_size, channels, self.depth_multiplier
        self.kernel = self.add_weight(shape, self.depthwise_initializer, name="kernel", **self.regularized_as("depthwise"))
        return channels * self.depth_multiplier

    def convolve(self, x):
        return ops.depthwise_conv(x, self.kernel, self.strides, self.padding, dilation_rate=self.dilation_rate)


class DepthwiseConv2D(Depthwise):
    """Slide filters over each channel alone, add a bias, apply an activation.

    https://keras.io/api/layers/convolution_layers/depthwise_convolution2d/

    Args:
        kernel_size: (height, width) of the filters, or a number for both.
        strides: the step from window to window, a number or a pair.
        padding: "valid" (no margins) or "same" (zeros around, so that stride 1 keeps the size).
        depth_multiplier: how many filters each channel has.
        data_format: None or "channels_last", the one layout there is.
        dilation_rate: the distance of the pixels under a filter, a number or a pair.
        activation: a name, a function, or None for none.
        use_bias: whether to add a bias.
        depthwise_initializer, bias_initializer: names or Initializers.

    Shapes: (N, H, W, C) -> (N, OH, OW, C * depth_multiplier); kernel (KH, KW, C, depth_multiplier), and as many biases as
    channels come out.

    >>> DepthwiseConv2D(3, padding="same", depth_multiplier=2).compute_output_shape((None, 28, 28, 8))
    (None, 28, 28, 16)
    """

    def __init__(self, kernel_size, strides=(1, 1), padding="valid", depth_multiplier=1, data_format=None,
                 dilation_rate=(1, 1), activation=None, use_bias=True, depthwise_initializer="glorot_uniform",
                 bias_initializer="zeros", **settings):
        super().__init__(kernel_size, strides, padding, depth_multiplier, data_format, dilation_rate, activation, use_bias,
                         depthwise_initializer, bias_initializer, **settings)


class DepthwiseConv1D(Depthwise):
    """The same along sequences: (N, T, C) -> (N, OT, C * depth_multiplier).

    https://keras.io/api/layers/convolution_layers/depthwise_convolution1d/

    Args: as for `DepthwiseConv2D`, a number each.
    """
    rank = 1

    def __init__(self, kernel_size, strides=1, padding="valid", depth_multiplier=1, data_format=None, dilation_rate=1,
                 activation=None, use_bias=True, depthwise_initializer="glorot_uniform", bias_initializer="zeros", **settings):
        super().__init__(kernel_size, strides, padding, depth_multiplier, data_format, dilation_rate, activation, use_bias,
                         depthwise_initializer, bias_initializer, **settings)


class Separable(Convolution):
    """What SeparableConv1D and SeparableConv2D share: all but the number of axes."""
    regularized = "depthwise", "pointwise", "bias"

    def __init__(self, filters, kernel_size, strides, padding, data_format, dilation_rate, depth_multiplier, activation,
                 use_bias, depthwise_initializer, pointwise_initializer, bias_initializer, **settings):
        super().__init__(kernel_size, strides, padding, data_format, dilation_rate, activation, use_bias, bias_initializer,
                         **settings)
        self.filters = positive(filters, "filters", self)
        self.depth_multiplier = positive(depth_multiplier, "depth_multiplier", self)
        self.depthwise_initializer, self.pointwise_initializer = depthwise_initializer, pointwise_initializer

    def add_kernels(self, channels):
        depthwise = *self.kernel_size, channels, self.depth_multiplier
        pointwise = *(1,) * self.rank, channels * self.depth_multiplier, self.filters
        self.depthwise_kernel = self.add_weight(depthwise, self.depthwise_initializer, name="depthwise_kernel",
                                                **self.regularized_as("depthwise"))
        self.pointwise_kernel = self.add_weight(pointwise, self.pointwise_initializer, name="pointwise_kernel",
                                                **self.regularized_as("pointwise"))
        return self.filters

    def convolve(self, x):
        return ops.separable_conv(x, self.depthwise_kernel, self.pointwise_kernel, self.strides, self.padding,
                                  dilation_rate=self.dilation_rate)


class SeparableConv2D(Separable):
    """Slide filters over each channel alone, mix the channels of each pixel, add a bias, apply an activation.

    https://keras.io/api/layers/convolution_layers/separable_convolution2d/

    It takes KH * KW + filters multiplications for each channel and pixel, a `Conv2D` KH * KW * filters.

    Args:
        filters: the channels of the output.
        kernel_size, strides, padding, data_format, dilation_rate, depth_multiplier: as for `DepthwiseConv2D`.
        activation: a name, a function, or None for none.
        use_bias: whether to add a bias.
        depthwise_initializer, pointwise_initializer, bias_initializer: names or Initializers.

    Shapes: (N, H, W, C) -> (N, OH, OW, filters); depthwise kernel (KH, KW, C, depth_multiplier), pointwise kernel
    (1, 1, C * depth_multiplier, filters), bias (filters,).

    >>> SeparableConv2D(32, 3, padding="same").compute_output_shape((None, 28, 28, 8))
    (None, 28, 28, 32)
    """
    aliases = "SeparableConvolution2D",

    def __init__(self, filters, kernel_size, strides=(1, 1), padding="valid", data_format=None, dilation_rate=(1, 1),
                 depth_multiplier=1, activation=None, use_bias=True, depthwise_initializer="glorot_uniform",
                 pointwise_initializer="glorot_uniform", bias_initializer="zeros", **settings):
        super().__init__(filters, kernel_size, strides, padding, data_format, dilation_rate, depth_multiplier, activation,
                         use_bias, depthwise_initializer, pointwise_initializer, bias_initializer, **settings)


class SeparableConv1D(Separable):
    """The same along sequences: (N, T, C) -> (N, OT, filters).

    https://keras.io/api/layers/convolution_layers/separable_convolution1d/

    Args: as for `SeparableConv2D`, a number each.
    """
    aliases = "SeparableConvolution1D",
    rank = 1

    def __init__(self, filters, kernel_size, strides=1, padding="valid", data_format=None, dilation_rate=1,
                 depth_multiplier=1, activation=None, use_bias=True, depthwise_initializer="glorot_uniform",
                 pointwise_initializer="glorot_uniform", bias_initializer="zeros", **settings):
        super().__init__(filters, kernel_size, strides, padding, data_format, dilation_rate, depth_multiplier, activation,
                         use_bias, depthwise_initializer, pointwise_initializer, bias_initializer, **settings)


SeparableConvolution1D, SeparableConvolution2D = SeparableConv1D, SeparableConv2D
