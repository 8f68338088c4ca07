"""Dense over any axes."""
import math

from .. import activations, initializers, ops
from .base import Layer
from .core import described


class EinsumDense(Layer):
    """activation(einsum(equation, x, kernel) + bias): a Dense whose units have several axes, or that sums over several.

    https://keras.io/api/layers/core_layers/einsum_dense/

    Args:
        equation: the letters of the axes of x, of the kernel and of the output: "abc,cd->abd", where a is the batch. "..."
            stands for any axes, at the left or the right of x and of the output.
        output_shape: the sizes of the output's last letters, all but the batch; None is that of x.
        activation: a name, a function, or None for none.
        bias_axes: the letters of the axes along which there is a bias; None for no bias.
        kernel_initializer, bias_initializer: names or Initializers. The units and what they see are counted by the letters.

    >>> EinsumDense("...x,xy->...y", 8)([[[1.0, 2.0]]]).shape
    (1, 1, 8)
    """

    regularized = ("kernel", "bias")

    def __init__(self, equation, output_shape, activation=None, bias_axes=None, kernel_initializer="glorot_uniform",
                 bias_initializer="zeros", **settings):
        super().__init__(**settings)
        self.equation, self.bias_axes, self.activation = equation, bias_axes, activations.get(activation)
        self.partial_output_shape = (output_shape,) if isinstance(output_shape, int) else tuple(output_shape)
        self.kernel_initializer, self.bias_initializer = kernel_initializer, bias_initializer
        parts = equation.replace("->", ",").split(",")
        if len(parts) != 3 or "->" not in equation or "." in parts[1]:
            raise ValueError(f"{described(self)}: the equation is 'x,kernel->output', such as 'abc,cd->abd', got {equation!r}")
        self.terms = parts

    def build(self, input_shape):
        x, kernel, y = self.terms
        letters = y.replace(".", "")[-len(self.partial_output_shape):]
        sizes = _sizes(x, input_shape)
        wanted = dict(zip(letters, self.partial_output_shape))
        if wrong := [f"{n} is {size}, in x {sizes[n]}" for n, size in wanted.items()
                     if n in sizes and size not in (None, sizes[n])]:
            raise ValueError(f"{described(self)}, {self.equation!r}: output_shape and x {input_shape} do not fit: {wrong[0]}")
        sizes.update({n: size for n, size in wanted.items() if size is not None})
        if unknown := [n for n in kernel if sizes.get(n) is None]:
            raise ValueError(f"{described(self)}, {self.equation!r}: x {input_shape} and output_shape "
                             f"{self.partial_output_shape} do not tell the size of {unknown[0]}")
        self.kernel = self.add_weight([sizes[n] for n in kernel], self._by_letters(kernel, y), name="kernel")
        self.bias = None
        if self.bias_axes:
            last = y[min(y.index(n) for n in self.bias_axes):]
            behind = (1,) * (len(input_shape) - len(x.replace(".", ""))) if last.endswith("...") else ()
            shape = *(sizes[n] if n in self.bias_axes else 1 for n in last.replace(".", "")), *behind
            self.bias = self.add_weight(shape, self.bias_initializer, name="bias")

    def _by_letters(self, kernel, y):
        """The kernel's initializer, given a matrix (what a unit sees, units) in place of the kernel: so it counts right."""
        begin = initializers.get(self.kernel_initializer)
        order = sorted(range(len(kernel)), key=lambda axis: kernel[axis] in y)
        if not isinstance(begin, (initializers.VarianceScaling, initializers.GlorotUniform)):
            return begin

        def matrix(shape, dtype):
            seen = math.prod(n for n, letter in zip(shape, kernel) if letter not in y)
            values = begin((seen, math.prod(shape) // max(seen, 1)), dtype)
            return values.reshape([shape[axis] for axis in order]).transpose([order.index(axis) for axis in range(len(order))])
        return matrix

    def call(self, x):
        y = ops.einsum(self.equation, x, self.kernel)
        return self.activation(y if self.bias is None else y + self.bias)


def _sizes(term, shape):
    """The size of each letter of x, whose axes a term names, "..." those in between or beside."""
    before, _, after = term.partition("...")
    return dict([*zip(before, shape), *zip(reversed(after), reversed(shape))])
