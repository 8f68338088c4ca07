"""The layers that every network has: Input, Dense, Activation, Flatten, Reshape."""
import math

from .. import activations, ops
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
        threshold: below it, an input counts as negative.
    """

    def __init__(self, max_value=None, negative_slope=0.0, threshold=0.0, **settings):
        super().__init__(**settings)
        for name, value in (("max_value", max_value or 0), ("negative_slope", negative_slope), ("threshold", threshold)):
            if value is None or value < 0:
                raise ValueError(f"{described(self)}: {name} must not be negative, got {value}")
        self.max_value, self.negative_slope, self.threshold = max_value, negative_slope, threshold

    def call(self, x):
        if (self.negative_slope, self.threshold) == (0, 0):
            y = ops.relu(x)
        else:
            y = ops.where(x >= self.threshold, x, self.negative_slope * (x - self.threshold))
        return y if self.max_value is None else ops.minimum(y, self.max_value)


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


class Flatten(Layer):
    """(N, H, W, C) -> (N, H * W * C), pixel by pixel. https://keras.io/api/layers/reshaping_layers/flatten/"""

    def call(self, x):
        return x.reshape(x.shape[0], math.prod(x.shape[1:]))


class Reshape(Layer):
    """The same elements in another shape. https://keras.io/api/layers/reshaping_layers/reshape/

    Args:
        target_shape: of one sample, without the batch; one size may be -1.
    """

    def __init__(self, target_shape, **settings):
        super().__init__(**settings)
        self.target_shape = tuple(target_shape)

    def call(self, x):
        size, known = math.prod(x.shape[1:]), math.prod(n for n in self.target_shape if n != -1)
        left = size // known if known else 0
        shape = tuple(left if n == -1 else n for n in self.target_shape)
        if math.prod(shape) != size or self.target_shape.count(-1) > 1:
            raise ValueError(f"{described(self)} cannot turn samples of shape {x.shape[1:]}, {size} numbers, into "
                             f"{self.target_shape}")
        return x.reshape(x.shape[0], *shape)


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
    """Raise ValueError, with the mend, unless x is a batch of images (N, H, W, C), of that many channels if a number is given."""
    if x.ndim != 4:
        hint = {3: "; add the missing axis: x[..., None] for grey images, x[None] for one image",
                2: "; images must not be flattened before"}.get(x.ndim, "")
        raise ValueError(f"{described(layer)} expects images (N, H, W, C), got input {x.shape}{hint}")
    if channels is not None and x.shape[3] != channels:
        n, c, h, w = x.shape
        hint = f"; this looks channels-first: transpose it to {(n, h, w, c)}" if c == channels else ""
        raise ValueError(f"{described(layer)} expects {channels} channels last, got input {x.shape}{hint}")
