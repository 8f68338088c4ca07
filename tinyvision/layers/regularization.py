"""Layers that are active in training only, against overfitting: they drop numbers, or add noise to them."""
import math

from .. import ops
from ..kernels.random import normal, uniform
from ..ops.activation import SELU_ALPHA, SELU_SCALE
from ..ops.conv import channels_last
from ..ops.random import shape_of_noise
from ..regularizers import L1L2
from .base import Layer
from .core import check_images, described
from .drawing import Drawing


class Dropout(Drawing):
    """In training, zero each element with probability `rate` and divide the others by 1 - rate (Srivastava et al., 2014).

    https://keras.io/api/layers/regularization_layers/dropout/

    Args:
        rate: in [0, 1).
        noise_shape: the shape in which elements are dropped, broadcast to the input: (None, 1, 1, None) drops whole channels.
        seed: for the same numbers in each run; None takes a stream of the common seed.
    """

    def __init__(self, rate, noise_shape=None, seed=None, **settings):
        super().__init__(seed, **settings)
        self.rate, self.noise_shape = _probability(rate, self), noise_shape

    def noisy(self, x, key, step):
        return ops.dropout(x, self.rate, self.noise_shape, key, step)


class SpatialDropout1D(Drawing):
    """`Dropout` of whole channels of sequences (N, T, C). https://keras.io/api/layers/regularization_layers/spatial_dropout1d/

    Args:
        rate, seed: as for `Dropout`.
    """

    def __init__(self, rate, seed=None, **settings):
        super().__init__(seed, **settings)
        self.rate = _probability(rate, self)

    def call(self, x, training=False):
        if x.ndim != 3:
            raise ValueError(f"{described(self)} expects sequences (N, T, C), got input {x.shape}")
        return super().call(x, training)

    def noisy(self, x, key, step):
        return ops.dropout(x, self.rate, (None, 1, None), key, step)

    def get_config(self):
        return {name: value for name, value in super().get_config().items() if name != "trainable"}        # as in Keras


class SpatialDropout2D(Drawing):
    """`Dropout` of whole channels of images (Tompson et al., 2014): their pixels are too alike to be dropped one by one.

    https://keras.io/api/layers/regularization_layers/spatial_dropout2d/

    Args:
        rate, seed: as for `Dropout`.
        data_format: None or "channels_last", the one layout there is.
    """

    def __init__(self, rate, data_format=None, seed=None, **settings):
        super().__init__(seed, **settings)
        channels_last(data_format, self.name)
        self.rate = _probability(rate, self)

    def call(self, x, training=False):
        check_images(self, x)
        return super().call(x, training)

    def noisy(self, x, key, step):
        return ops.dropout(x, self.rate, (None, 1, 1, None), key, step)

    def get_config(self):
        return {name: value for name, value in super().get_config().items() if name != "trainable"}        # as in Keras


class GaussianNoise(Drawing):
    """In training, add normal random numbers. https://keras.io/api/layers/regularization_layers/gaussian_noise/

    Args:
        stddev: their standard deviation, between 0 and 1.
        seed: as for `Dropout`.
    """
    amount = "stddev"

    def __init__(self, stddev, seed=None, **settings):
        super().__init__(seed, **settings)
        if not 0 <= stddev <= 1:
            raise ValueError(f"{described(self)}: stddev lies between 0 and 1, got {stddev}")
        self.stddev = stddev

    def noisy(self, x, key, step):
        return x + self.stddev * self.drawn(normal(x.shape, key, step), x)


class GaussianDropout(Drawing):
    """In training, multiply by normal numbers of mean 1 and variance rate / (1 - rate), the same as those of `Dropout`.

    Srivastava et al., 2014, section 10.
    https://keras.io/api/layers/regularization_layers/gaussian_dropout/

    Args:
        rate, seed: as for `Dropout`.
    """

    def __init__(self, rate, seed=None, **settings):
        super().__init__(seed, **settings)
        self.rate = _probability(rate, self)

    def noisy(self, x, key, step):
        deviation = math.sqrt(self.rate / (1 - self.rate))
        return x * (1 + deviation * self.drawn(normal(x.shape, key, step), x))


class AlphaDropout(Drawing):
    """Dropout for networks of "selu" (Klambauer et al., 2017): mean 0 and variance 1 stay what they are.

    What is dropped becomes -1.7581, the least that selu returns; then all is scaled and shifted.
    https://keras.io/api/layers/regularization_layers/alpha_dropout/

    Args:
        rate, noise_shape, seed: as for `Dropout`.
    """

    def __init__(self, rate, noise_shape=None, seed=None, **settings):
        super().__init__(seed, **settings)
        self.rate, self.noise_shape = _probability(rate, self), noise_shape

    def noisy(self, x, key, step):
        least = -SELU_ALPHA * SELU_SCALE
        shape = shape_of_noise(x.shape, self.noise_shape, described(self))
        kept = self.drawn(uniform(shape, key, step) >= self.rate, x, bool)
        scale = ((1 - self.rate) * (1 + self.rate * least ** 2)) ** -0.5
        return scale * ops.where(kept, x, least) - scale * least * self.rate


class ActivityRegularization(Layer):
    """x itself; in training, l1 * sum(|x|) + l2 * sum(x**2), divided by the number of samples, joins the loss.

    https://keras.io/api/layers/regularization_layers/activity_regularization/

    Args:
        l1, l2: how much; as `activity_regularizer=L1L2(l1, l2)` on the layer before.
    """

    def __init__(self, l1=0.0, l2=0.0, **settings):
        super().__init__(activity_regularizer=L1L2(l1, l2), **settings)

    def call(self, x):
        return x


def _probability(rate, layer):
    if not 0 <= rate < 1:
        raise ValueError(f"{described(layer)}: the rate is a probability below 1, got {rate}")
    return rate
