"""Convolutions."""
from .. import activations, ops
from ..kernels.windows import pair
from ..ops.conv import channels_last
from .base import Layer, SymbolicTensor
from .core import check_images, described, positive

FUSED = []                                                 # functions that do all of a Conv2D in one go, or return None


class Conv2D(Layer):
    """Slide `filters` kernels over images, add a bias, apply an activation.

    https://keras.io/api/layers/convolution_layers/convolution2d/

    Args:
        filters: how many kernels there are: the channels of the output.
        kernel_size: (height, width) of the kernels, or a number for both.
        strides: the step from window to window, a number or a pair.
        padding: "valid" (no margins) or "same" (zeros around, so that stride 1 keeps the size).
        data_format: None or "channels_last", the one layout there is.
        dilation_rate: the distance of the pixels under a kernel, a number or a pair. It is 1, or the strides are.
        groups: each of so many parts of the filters sees only its part of the channels.
        activation: a name, a function, or None for none.
        use_bias: whether to add a bias.
        kernel_initializer, bias_initializer: names or Initializers.

    Shapes: (N, H, W, C) -> (N, OH, OW, filters); kernel (KH, KW, C / groups, filters), bias (filters,).

    >>> Conv2D(8, 3, strides=2, padding="same").compute_output_shape((None, 28, 28, 1))
    (None, 14, 14, 8)
    """
    regularized = "kernel", "bias"

    def __init__(self, filters, kernel_size, strides=(1, 1), padding="valid", data_format=None, dilation_rate=(1, 1),
                 groups=1, activation=None, use_bias=True, kernel_initializer="glorot_uniform", bias_initializer="zeros",
                 **settings):
        super().__init__(**settings)
        channels_last(data_format, self.name)
        self.filters, self.groups = positive(filters, "filters", self), positive(groups, "groups", self)
        self.kernel_size, self.strides = pair(kernel_size, "kernel_size"), pair(strides, "strides")
        self.dilation_rate, self.padding = pair(dilation_rate, "dilation_rate"), padding.lower()
        self.activation, self.use_bias = activations.get(activation), use_bias
        self.kernel_initializer, self.bias_initializer = kernel_initializer, bias_initializer
        if self.padding not in ("valid", "same"):
            raise ValueError(f"{described(self)}: padding is 'valid' or 'same', not {padding!r}")
        if self.filters % self.groups:
            raise ValueError(f"{described(self)}: the filters must be a multiple of the groups, got {groups} groups")
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise ValueError(f"{described(self)}: strides or dilation_rate must be 1, got {strides} and {dilation_rate}")

    def build(self, input_shape):
        check_images(self, SymbolicTensor(input_shape, self.dtype))
        if input_shape[3] is None:
            raise ValueError(f"{described(self)} needs images of a known number of channels, got {input_shape}")
        if input_shape[3] % self.groups:
            raise ValueError(f"{described(self)}: the channels must be a multiple of the {self.groups} groups, got input "
                             f"{input_shape}")
        shape = *self.kernel_size, input_shape[3] // self.groups, self.filters
        self.kernel = self.add_weight(shape, self.kernel_initializer, name="kernel")
        self.bias = self.add_weight((self.filters,), self.bias_initializer, name="bias") if self.use_bias else None

    def call(self, x):
        for fused in FUSED:
            if (y := fused(self, x)) is not None:
                return y
        check_images(self, x, self.kernel.shape[2] * self.groups)
        y = ops.conv(x, self.kernel, self.strides, self.padding, dilation_rate=self.dilation_rate)
        return self.activation(y if self.bias is None else y + self.bias)
