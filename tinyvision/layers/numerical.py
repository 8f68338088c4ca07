"""Layers that prepare numbers: Normalization, which learns from the data what is usual."""
import math

import numpy as np

from .. import ops
from ..autograd import Tensor, to_numpy
from ..config import epsilon
from ..device import array_library
from .base import Layer
from .core import described

AT_ONCE = 1024                                             # samples of an array that are looked at together


class Normalization(Layer):
    """(x - mean) / sqrt(variance), with a mean and a variance that are given, or that `adapt` finds in the data.

    https://keras.io/api/layers/preprocessing_layers/numerical/normalization/

    Args:
        axis: the axis, or axes, along which each place has a mean and a variance of its own: -1 for each channel. None takes
            one mean and one variance for all numbers.
        mean, variance: numbers, or arrays that can be repeated to the sizes of these axes; or None, for `adapt` to find.
        invert: go back: x * sqrt(variance) + mean.

    >>> layer = Normalization()
    >>> layer.adapt(np.array([[0.0, 7.0], [2.0, 9.0]]))
    >>> layer([[0.0, 9.0]])
    Tensor([[-1.,  1.]])
    """

    def __init__(self, axis=-1, mean=None, variance=None, invert=False, **settings):
        super().__init__(**settings)
        self.axis = () if axis is None else (axis,) if isinstance(axis, int) else tuple(axis)
        if (mean is None) != (variance is None):
            raise ValueError(f"{described(self)}: mean and variance are given together, got mean={mean}, variance={variance}")
        if np.shape(mean) != np.shape(variance) or np.ndim(mean) > len(self.axis):
            raise ValueError(f"{described(self)}: mean and variance have one shape, of at most {len(self.axis)} axes for axis="
                             f"{axis}, got {np.shape(mean)} and {np.shape(variance)}")
        if variance is not None and np.min(variance) < 0:
            raise ValueError(f"{described(self)}: a variance is not negative, got {variance}")
        self.given, self.invert = None if mean is None else (np.asarray(mean), np.asarray(variance)), invert

    def build(self, input_shape):
        if not all(-len(input_shape) <= axis < len(input_shape) for axis in self.axis):
            raise ValueError(f"{described(self)}: inputs {input_shape} have no axis {self.axis}")
        self.kept = sorted(axis % len(input_shape) for axis in self.axis)
        shape = tuple(input_shape[axis] for axis in self.kept)
        if None in shape:
            raise ValueError(f"{described(self)} needs known sizes on the axes {self.axis}, got inputs {input_shape}; "
                             "axis=None takes one mean for all")
        self.spread = [n if axis in self.kept else 1 for axis, n in enumerate(input_shape)]
        if self.given:
            self.given = tuple(np.broadcast_to(numbers, shape) for numbers in self.given)
        else:
            self.mean, self.variance = (self.add_weight(shape, start, trainable=False, name=name)
                                        for name, start in (("mean", "zeros"), ("variance", "ones")))
            self.count = self.add_weight((), "zeros", "int32", trainable=False, name="count")      # which files of Keras hold

    def call(self, x):
        mean, variance = self._statistics(x)
        deviation = ops.maximum(ops.sqrt(variance), epsilon())
        x = x.astype(self.dtype)
        return x * deviation + mean if self.invert else (x - mean) / deviation

    def _statistics(self, x):
        """Mean and variance, as they meet x."""
        if self.given is None:
            return self.mean.reshape(*self.spread), self.variance.reshape(*self.spread)
        return [Tensor(array_library(x.data).asarray(numbers.reshape(self.spread), self.dtype)) for numbers in self.given]

    def adapt(self, data) -> None:
        """Find mean and variance in data, and forget those that were there.

        Args:
            data: an array, or batches of arrays, such as lists of them; of batches (x, y), x is taken.
        """
        if self.given is not None:
            raise ValueError(f"{described(self)} was given its mean and variance: without them it can adapt")
        count, mean, variance = 0, 0.0, 0.0
        for batch in _batches(data):
            batch = to_numpy(batch[0] if isinstance(batch, tuple) else batch)
            if not self.built:
                self._build((Tensor(batch),))
            if [n if axis in self.kept else 1 for axis, n in enumerate(batch.shape)] != self.spread:
                raise ValueError(f"{described(self)} was built with inputs {self.built_with}, got data of shape {batch.shape}")
            others = tuple(axis for axis in range(batch.ndim) if axis not in self.kept)
            n = math.prod(batch.shape[axis] for axis in others)
            if n:                                          # two parts have the variance of each, and of their means
                here, before = n / (count + n), count / (count + n)
                m, v = np.mean(batch, others, np.float64), np.var(batch, others, np.float64)
                middle = before * mean + here * m
                variance = before * (variance + (mean - middle) ** 2) + here * (v + (m - middle) ** 2)
                count, mean = count + n, middle
        if not count:
            raise ValueError(f"{described(self)}: adapt got no data")
        self.mean.assign(mean)
        self.variance.assign(variance)

    def get_config(self):
        config = super().get_config()
        return {**config, **{name: np.asarray(config[name]).tolist() for name in ("mean", "variance")}}


def _batches(data):
    if hasattr(data, "shape"):
        return (data[start:start + AT_ONCE] for start in range(0, len(data), AT_ONCE))
    if isinstance(data, (list, tuple)) and not all(hasattr(batch, "shape") or isinstance(batch, tuple) for batch in data):
        raise TypeError(f"adapt takes an array, or batches of arrays, got {type(data).__name__} of {type(data[0]).__name__}: "
                        "make it an array, with np.array")
    return data
