"""Transposed convolutions: from few pixels to many."""
from .. import ops
from ..ops.conv_transpose import output_paddings
from ..ops.one_dimension import single
from .convolution import Convolution
from .core import described, positive


class Transposed(Convolution):
    """What Conv1DTranspose and Conv2DTranspose share: all but the number of axes."""
    strides_or_dilation = True
    regularized = "kernel", "bias"

    def __init__(self, filters, kernel_size, strides, padding, output_padding, data_format, dilation_rate, activation,
                 use_bias, kernel_initializer, bias_initializer, **settings):
        super().__init__(kernel_size, strides, padding, data_format, dilation_rate, activation, use_bias, bias_initializer,
                         **settings)
        self.filters, self.kernel_initializer = positive(filters, "filters", self), kernel_initializer
        if self.rank == 1 and output_padding is not None:
            self.output_padding = single(output_padding, "output_padding", lowest=0)
        else:
            self.output_padding = output_paddings(output_padding)
        if any(more >= s for more, s in zip(self.output_padding or (), self.strides)):
            raise ValueError(f"{described(self)}: output_padding must be less than strides, got output_padding "
                             f"{self.output_padding} and strides {self.strides}")

    def add_kernels(self, channels):
        self.kernel = self.add_weight((*self.kernel_size, self.filters, channels), self.kernel_initializer, name="kernel")
        return self.filters

    def convolve(self, x):
        return ops.conv_transpose(x, self.kernel, self.strides, self.padding, self.output_padding,
                                  dilation_rate=self.dilation_rate)


class Conv2DTranspose(Transposed):
    """Put `filters` kernels into the output for each pixel, times its channels; add a bias, apply an activation.

    https://keras.io/api/layers/convolution_layers/convolution2d_transpose/

    Where a `Conv2D` with the same settings makes few pixels of many, this makes as many of few; see `ops.conv_transpose`.

    Args:
        filters: the channels of the output.
        kernel_size: (height, width) of the kernels, or a number for both.
        strides: how many pixels of the output lie between two of the input, a number or a pair.
        padding: "valid" (all that the kernels cover) or "same" (the size of the input times the strides).
        output_padding: None, or how many pixels are added below and to the right, a number or a pair, less than strides.
        data_format: None or "channels_last", the one layout there is.
        dilation_rate: the distance of the pixels under a kernel, a number or a pair. It is 1, or the strides are.
        activation: a name, a function, or None for none.
        use_bias: whether to add a bias.
        kernel_initializer, bias_initializer: names or Initializers.

    Shapes: (N, H, W, C) -> (N, OH, OW, filters); kernel (KH, KW, filters, C), bias (filters,).

    >>> Conv2DTranspose(8, 4, strides=2, padding="same").compute_output_shape((None, 14, 14, 32))
    (None, 28, 28, 8)
    """
    aliases = "Convolution2DTranspose",

    def __init__(self, filters, kernel_size, strides=(1, 1), padding="valid", output_padding=None, data_format=None,
                 dilation_rate=(1, 1), activation=None, use_bias=True, kernel_initializer="glorot_uniform",
                 bias_initializer="zeros", **settings):
        super().__init__(filters, kernel_size, strides, padding, output_padding, data_format, dilation_rate, activation,
                         use_bias, kernel_initializer, bias_initializer, **settings)


class Conv1DTranspose(Transposed):
    """The same along sequences: (N, T, C) -> (N, OT, filters).

    https://keras.io/api/layers/convolution_layers/convolution1d_transpose/

    Args: as for `Conv2DTranspose`, a number each.
    """
    aliases = "Convolution1DTranspose",
    rank = 1

    def __init__(self, filters, kernel_size, strides=1, padding="valid", output_padding=None, data_format=None,
                 dilation_rate=1, activation=None, use_bias=True, kernel_initializer="glorot_uniform",
                 bias_initializer="zeros", **settings):
        super().__init__(filters, kernel_size, strides, padding, output_padding, data_format, dilation_rate, activation,
                         use_bias, kernel_initializer, bias_initializer, **settings)


Convolution1DTranspose, Convolution2DTranspose = Conv1DTranspose, Conv2DTranspose
