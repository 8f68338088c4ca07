"""Layers that change shapes and compute nothing."""
import math

from .. import ops
from .base import Layer
from .core import described, positive


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


class Permute(Layer):
    """The axes of each sample in another order. https://keras.io/api/layers/reshaping_layers/permute/

    Args:
        dims: which axis comes first, second, ...; they count from 1, the batch stays: (2, 1) turns (N, A, B) into (N, B, A).
    """

    def __init__(self, dims, **settings):
        super().__init__(**settings)
        self.dims = tuple(dims)
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            raise ValueError(f"{described(self)}: dims are the axes 1, 2, ... in another order, each once, got {self.dims}")

    def call(self, x):
        if x.ndim != len(self.dims) + 1:
            raise ValueError(f"{described(self)}: the axes {self.dims} are not those of samples of shape {x.shape[1:]}")
        return ops.transpose(x, axes=(0, *self.dims))


class RepeatVector(Layer):
    """Each vector n times, (N, C) -> (N, n, C). https://keras.io/api/layers/reshaping_layers/repeat_vector/

    Args:
        n: how many times.
    """

    def __init__(self, n, **settings):
        super().__init__(**settings)
        self.n = positive(n, "n", self)

    def call(self, x):
        if x.ndim != 2:
            raise ValueError(f"{described(self)} expects vectors (N, C), got input {x.shape}")
        return ops.repeat(ops.expand_dims(x, 1), self.n, axis=1)
