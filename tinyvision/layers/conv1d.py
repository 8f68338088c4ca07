"""Convolution of sequences."""
from .. import ops
from .convolution import Convolution
from .core import described, positive


class Conv1D(Convolution):
    """Slide `filters` kernels along sequences, add a bias, apply an activation.

    https://keras.io/api/layers/convolution_layers/convolution1d/

    Args:
        filters: how many kernels there are: the channels of the output.
        kernel_size: the length of the kernels.
        strides: the step from window to window.
        padding: "valid" (no margins), "same" (zeros around, so that stride 1 keeps the length), or "causal" (zeros before, so
            that no output sees what comes after it).
        data_format: None or "channels_last", the one layout there is.
        dilation_rate: the distance of the elements under a kernel. It is 1, or the strides are.
        groups: each of so many parts of the filters sees only its part of the channels.
        activation: a name, a function, or None for none.
        use_bias: whether to add a bias.
        kernel_initializer, bias_initializer: names or Initializers.

    Shapes: (N, T, C) -> (N, OT, filters); kernel (K, C / groups, filters), bias (filters,).

    >>> Conv1D(8, 3, padding="causal").compute_output_shape((None, 100, 4))
    (None, 100, 8)
    """
    aliases = "Convolution1D",
    rank, paddings, strides_or_dilation = 1, ("valid", "same", "causal"), True
    regularized = "kernel", "bias"

    def __init__(self, filters, kernel_size, strides=1, padding="valid", data_format=None, dilation_rate=1, groups=1,
                 activation=None, use_bias=True, kernel_initializer="glorot_uniform", bias_initializer="zeros", **settings):
        super().__init__(kernel_size, strides, padding, data_format, dilation_rate, activation, use_bias, bias_initializer,
                         **settings)
        self.filters, self.groups = positive(filters, "filters", self), positive(groups, "groups", self)
        self.kernel_initializer = kernel_initializer
        if self.filters % self.groups:
            raise ValueError(f"{described(self)}: the filters must be a multiple of the groups, got {groups} groups")

    def add_kernels(self, channels):
        if channels % self.groups:
            raise ValueError(f"{described(self)}: the channels must be a multiple of the {self.groups} groups, got {channels}")
        shape = *self.kernel_size, channels // self.groups, self.filters
        self.kernel = self.add_weight(shape, self.kernel_initializer, name="kernel")
        return self.filters

    def convolve(self, x):
        padding = self.padding
        if padding == "causal":
            before = (self.kernel_size[0] - 1) * self.dilation_rate[0]
            x, padding = ops.pad(x, ((0, 0), (before, 0), (0, 0))), "valid"
        return ops.conv(x, self.kernel, self.strides, padding, dilation_rate=self.dilation_rate)


Convolution1D = Conv1D
