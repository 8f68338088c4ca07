"""Layers around a function: one that does nothing, and one for a function of your own."""
import inspect

import numpy as np

from .. import activations
from ..autograd import Tensor
from ..structures import map_structure
from .base import Layer
from .core import described


class Identity(Layer):
    """x itself. https://keras.io/api/layers/core_layers/identity/"""

    def call(self, x):
        return x


class Lambda(Layer):
    """A function of your own as a layer. https://keras.io/api/layers/core_layers/lambda/

    For something with weights, write a Layer. A file holds the name of the function, never its code: a model with one is loaded
    with custom_objects={"name": function}, and a `lambda`, which has no name, cannot be saved.

    Args:
        function: of a Tensor, or of a list of them, made of ops. If it has an argument `training`, it is told.
        output_shape: of one sample, or a function of the shape of the input (with the batch). Only needed where the function
            cannot be asked by calling it on an empty batch.
        arguments: a dictionary of further arguments of the function.

    >>> Lambda(lambda x: x ** 2)([1.0, 3.0])
    Tensor([1., 9.])
    """

    def __init__(self, function, output_shape=None, *, arguments=None, **settings):
        super().__init__(**settings)
        if not callable(function):
            raise TypeError(f"{described(self)} takes a function, got {function!r:.60}")
        self.function, self.arguments = function, dict(arguments or {})
        self.output_shape = output_shape if callable(output_shape) or output_shape is None else tuple(output_shape)
        self.is_told = "training" in inspect.signature(function).parameters

    def call(self, x, training=False):
        y = self.function(x, **self.arguments, **({"training": training} if self.is_told else {}))
        expected = None if self.output_shape is None else self._promised(map_structure(lambda t: t.shape, x))
        if expected and (y.ndim != len(expected) or any(m not in (None, n) for n, m in zip(y.shape[1:], expected[1:]))):
            raise ValueError(f"{described(self)}: the function returned {y.shape}, but output_shape says {expected}")
        return y

    def _promised(self, input_shape):
        """The shape that `output_shape` says the result has, the batch included."""
        return tuple(self.output_shape(input_shape)) if callable(self.output_shape) else (None, *self.output_shape)

    @classmethod
    def from_config(cls, config):
        """A Lambda again. Activations are written by their names, other functions come from custom_objects."""
        function = config["function"]
        return cls(**{**config, "function": activations.get(function) if isinstance(function, str) else function})

    def _probe(self, args, settings, size):
        if self.output_shape is None:
            return super()._probe(args, settings, size)
        sizes = map_structure(lambda t: (None, *(size if n is None else n for n in t.shape[1:])), args[0])
        return Tensor(np.zeros([0, *(size if n is None else n for n in self._promised(sizes)[1:])], self.dtype))
