"""The layers that every network has: Input, Dense, Flatten; and how layers name themselves in errors."""
import math

from .. import activations, ops
from ..ops.conv import channels_last
from .base import Call, Layer, SymbolicTensor


class InputLayer(Layer):
    """The start of a functional model: holds the shape of its input. Made by `Input`.

    Args:
        shape: of one sample, without the batch.
        dtype: that the data are converted to; `config.floatx()` if None.
    """

    def __init__(self, shape, *, dtype=None, name=None):
        super().__init__(name=name, dtype=None)
        self.batch_shape = (None, *shape)
        call = Call(self, (), {})
        call.outputs = SymbolicTensor(self.batch_shape, dtype or self.dtype, call)
        self._calls.append(call)
        self.built = True

    def call(self, x):
        return x

    def get_config(self):
        return {"batch_shape": list(self.batch_shape), "dtype": self.output.dtype, "name": self.name}

    @classmethod
    def from_config(cls, config):
        return cls(config["batch_shape"][1:], dtype=config["dtype"], name=config["name"])


def Input(shape, *, dtype=None, name=None) -> SymbolicTensor:
    """The input of a functional model, or of a Sequential one: a symbolic tensor to call layers on.

    https://keras.io/api/layers/core_layers/input/

    Args:
        shape: of one sample, without the batch: (28, 28, 1). None is a size that may vary.
        dtype: that the data are converted to; `config.floatx()` if None.
        name: of the input layer.

    >>> Input((28, 28, 1)).shape
    (None, 28, 28, 1)
    """
    shape = (shape,) if isinstance(shape, int) else tuple(shape)
    if any(n is not None and (not isinstance(n, int) or n < 0) for n in shape):
        raise ValueError(f"Input: the shape of one sample is a tuple of sizes or None, got {shape}")
    return InputLayer(shape, dtype=dtype, name=name).output


class Dense(Layer):
    """activation(x @ kernel + bias): each unit sees the whole last axis of x. https://keras.io/api/layers/core_layers/dense/

    Args:
        units: the size of the last axis of the output.
        activation: a name, a function, or None for none.
        use_bias: whether to add a bias.
        kernel_initializer, bias_initializer: names or Initializers.

    Shapes: (N, ..., C) -> (N, ..., units); kernel (C, units), bias (units,).
    """
    regularized = "kernel", "bias"

    def __init__(self, units, activation=None, use_bias=True, kernel_initializer="glorot_uniform",
                 bias_initializer="zeros", **settings):
        super().__init__(**settings)
        self.units, self.use_bias = positive(units, "units", self), use_bias
        self.activation = activations.get(activation)
        self.kernel_initializer, self.bias_initializer = kernel_initializer, bias_initializer

    def build(self, input_shape):
        if len(input_shape) < 2 or input_shape[-1] is None:
            raise ValueError(f"{described(self)} needs inputs (N, ..., C) of a known C, got {input_shape}")
        self.kernel = self.add_weight((input_shape[-1], self.units), self.kernel_initializer, name="kernel")
        self.bias = self.add_weight((self.units,), self.bias_initializer, name="bias") if self.use_bias else None

    def call(self, x):
        if x.shape[-1] != self.kernel.shape[0]:
            raise ValueError(f"{described(self)} expects inputs of {self.kernel.shape[0]} numbers on the last axis, got input "
                             f"{x.shape}" + ("; a Flatten before it is missing" if x.ndim > 2 else ""))
        y = ops.matmul(x, self.kernel)
        return self.activation(y if self.bias is None else y + self.bias)


class Flatten(Layer):
    """(N, H, W, C) -> (N, H * W * C), pixel by pixel. https://keras.io/api/layers/reshaping_layers/flatten/

    Args:
        data_format: None or "channels_last", the one layout there is.
    """

    def __init__(self, data_format=None, **settings):
        super().__init__(**settings)
        channels_last(data_format, self.name)

    def call(self, x):
        return x.reshape(x.shape[0], math.prod(x.shape[1:]))


def described(layer) -> str:
    """A layer, as errors name it: "conv2d_3 (Conv2D, 64 filters)"."""
    sizes = [f"{getattr(layer, name)} {name}" for name in ("filters", "units") if hasattr(layer, name)]
    return f"{layer.name} ({', '.join([type(layer).__name__, *sizes])})"


def positive(n, name, layer) -> int:
    """n itself, if it is a positive integer."""
    if isinstance(n, bool) or not hasattr(n, "__index__") or n < 1:
        raise ValueError(f"{layer.name} ({type(layer).__name__}): {name} must be a positive integer, got {n!r}")
    return int(n)


def check_images(layer, x, channels=None) -> None:
    """Raise ValueError, with the mend, unless x is a batch of images (N, H, W, C), of so many channels if a number is given."""
    if x.ndim != 4:
        hint = {3: "; add the missing axis: x[..., None] for grey images, x[None] for one image",
                2: "; images must not be flattened before"}.get(x.ndim, "")
        raise ValueError(f"{described(layer)} expects images (N, H, W, C), got input {x.shape}{hint}")
    if channels is not None and x.shape[3] != channels:
        n, c, h, w = x.shape
        hint = f"; this looks channels-first: transpose it to {(n, h, w, c)}" if c == channels else ""
        raise ValueError(f"{described(layer)} expects {channels} channels last, got input {x.shape}{hint}")
