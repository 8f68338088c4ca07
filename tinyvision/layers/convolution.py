"""What the convolutions beside Conv2D share: windows along one axis or two, a bias, an activation."""
from .. import activations
from ..kernels.windows import pair
from ..ops.conv import channels_last
from ..ops.one_dimension import single
from .base import Layer, SymbolicTensor
from .conv import Conv2D
from .core import described
from .sequences import CHECKS


class Convolution(Layer):
    """A convolution of any kind: a subclass makes its kernels, in `add_kernels`, and uses them, in `convolve`.

    Attributes:
        rank: the number of axes that the windows slide along: 1 for sequences, 2 for images.
        paddings: the words for padding that the class knows.
        strides_or_dilation: whether one of these must be 1, as Keras has it.
    """
    rank, paddings, strides_or_dilation = 2, ("valid", "same"), False

    def __init__(self, kernel_size, strides, padding, data_format, dilation_rate, activation, use_bias, bias_initializer,
                 **settings):
        super().__init__(**settings)
        channels_last(data_format, self.name)
        sizes = single if self.rank == 1 else pair
        self.kernel_size, self.strides = sizes(kernel_size, "kernel_size"), sizes(strides, "strides")
        self.dilation_rate, self.padding = sizes(dilation_rate, "dilation_rate"), padding.lower()
        self.activation, self.use_bias, self.bias_initializer = activations.get(activation), use_bias, bias_initializer
        if self.padding not in self.paddings:
            raise ValueError(f"{described(self)}: padding is {' or '.join(map(repr, self.paddings))}, not {padding!r}")
        if self.strides_or_dilation and max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise ValueError(f"{described(self)}: strides or dilation_rate must be 1, got {strides} and {dilation_rate}")

    def add_kernels(self, channels: int) -> int:
        """Make the kernels for inputs of so many channels; return how many channels come out."""
        raise NotImplementedError

    def convolve(self, x):
        """What the kernels make of x, without the bias."""
        raise NotImplementedError

    def build(self, input_shape):
        CHECKS[self.rank](self, SymbolicTensor(input_shape, self.dtype))
        self.channels = input_shape[-1]
        if self.channels is None:
            raise ValueError(f"{described(self)} needs inputs of a known number of channels, got {input_shape}")
        filters = self.add_kernels(self.channels)
        self.bias = self.add_weight((filters,), self.bias_initializer, name="bias") if self.use_bias else None

    def call(self, x):
        CHECKS[self.rank](self, x, self.channels)
        y = self.convolve(x)
        return self.activation(y if self.bias is None else y + self.bias)


Convolution2D = Conv2D
