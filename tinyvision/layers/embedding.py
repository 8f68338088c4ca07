"""A vector for each class number, or each word."""
from .. import ops
from ..autograd import as_array
from ..device import array_library
from .base import Layer
from .core import described, positive


class Embedding(Layer):
    """embeddings[x]: whole numbers become vectors, which are learned. https://keras.io/api/layers/core_layers/embedding/

    Where a number comes twice, the gradients of its vector add up.

    Args:
        input_dim: how many numbers there are: they go from 0 to input_dim - 1.
        output_dim: the size of the vectors.
        embeddings_initializer: a name or an Initializer.
        mask_zero: False: there are no masks.
        weights: the first vectors, (input_dim, output_dim), in place of the initializer's.

    Shapes: whole numbers (N, ...), also as floats -> (N, ..., output_dim); embeddings (input_dim, output_dim).

    >>> Embedding(3, 2, weights=[[0.0, 0.0], [1.0, 2.0], [3.0, 4.0]])([[2, 1, 1]]).detach()
    Tensor([[[3., 4.],
             [1., 2.],
             [1., 2.]]])
    """

    regularized = ("embeddings",)

    def __init__(self, input_dim, output_dim, embeddings_initializer="uniform", *, mask_zero=False, weights=None, **settings):
        super().__init__(**settings)
        self.input_dim, self.output_dim = positive(input_dim, "input_dim", self), positive(output_dim, "output_dim", self)
        self.embeddings_initializer = embeddings_initializer
        if mask_zero:
            raise ValueError(f"{described(self)}: mask_zero=True is not available, there are no masks: multiply what shall not "
                             "count by 0, or give attention its attention_mask")
        if weights is not None:
            self._begin_with("zeros")
            self.built = True
            self.set_weights(weights if isinstance(weights, list) and len(weights) == 1 else [weights])

    def build(self, input_shape):
        self._begin_with(self.embeddings_initializer)

    def _begin_with(self, initializer):
        self.embeddings = self.add_weight((self.input_dim, self.output_dim), initializer, name="embeddings")

    def call(self, x):
        numbers = as_array(x)
        outside = ~((numbers >= 0) & (numbers < self.input_dim) & (numbers == array_library(numbers).floor(numbers)))
        if outside.any():
            raise ValueError(f"{described(self)} takes whole numbers from 0 to {self.input_dim - 1}, got {numbers[outside][0]}")
        return ops.take(self.embeddings, ops.cast(x, "int64"), axis=0)

    def get_config(self):
        return {name: value for name, value in super().get_config().items() if name != "weights"}
