"""Normalization of each sample by itself: over its last axis, over groups of channels, to length 1."""
from .. import ops
from .base import Layer
from .core import described


class LayerNormalization(Layer):
    """Each vector to mean 0 and variance 1, then scaled by gamma and shifted by beta (Ba et al., 2016).

    https://keras.io/api/layers/normalization_layers/layer_normalization/

    Args:
        axis: of the vectors, or several axes: gamma and beta have their sizes.
        epsilon: added to the variance, so that the root is never 0.
        center, scale: whether there is a beta, a gamma.
        beta_initializer, gamma_initializer: names or Initializers.
        rms_scaling: divide by the root of the variance without taking the mean off; there is a gamma then, and no beta. Keras
            advises against it; what the name says is done by RMSNormalization.
    """

    regularized = "beta", "gamma"

    def __init__(self, axis=-1, epsilon=1e-3, center=True, scale=True, beta_initializer="zeros", gamma_initializer="ones", *,
                 rms_scaling=False, **settings):
        super().__init__(**settings)
        self.axis, self.epsilon, self.center, self.scale, self.rms_scaling = axis, epsilon, center, scale, rms_scaling
        self.initializers = gamma_initializer, beta_initializer

    def build(self, input_shape):
        sizes, (gamma, beta) = sizes_along(self, input_shape), self.initializers
        self.gamma = self.add_weight(sizes, gamma, name="gamma") if self.scale or self.rms_scaling else None
        self.beta = self.add_weight(sizes, beta, name="beta") if self.center and not self.rms_scaling else None

    def call(self, x):
        return ops.layer_normalization(x, self.gamma, self.beta, self.axis, self.epsilon, rms_scaling=self.rms_scaling)


class RMSNormalization(Layer):
    """Each vector divided by the root of its mean square, then scaled (Zhang and Sennrich, 2019).

    https://keras.io/api/layers/normalization_layers/rms_normalization/

    Args:
        axis: of the vectors, or several axes: the scale has their sizes.
        epsilon: added to the mean square, so that the root is never 0.
    """

    def __init__(self, axis=-1, epsilon=1e-6, **settings):
        super().__init__(**settings)
        self.axis, self.epsilon = axis, epsilon

    def build(self, input_shape):
        self.scale = self.add_weight(sizes_along(self, input_shape), "ones", name="scale")

    def call(self, x):
        return ops.rms_normalization(x, self.scale, self.axis, self.epsilon)


class GroupNormalization(Layer):
    """Each group of channels of each sample to mean 0 and variance 1, times gamma, plus beta (Wu and He, 2018).

    https://keras.io/api/layers/normalization_layers/group_normalization/

    Args:
        groups: how many groups of neighbouring channels; -1 for one for each channel, which is instance normalization.
        axis: of the channels.
        epsilon: added to the variance, so that the root is never 0.
        center, scale: whether there is a beta, a gamma, of a number for each channel.
        beta_initializer, gamma_initializer: names or Initializers.
    """

    regularized = "beta", "gamma"

    def __init__(self, groups=32, axis=-1, epsilon=1e-3, center=True, scale=True, beta_initializer="zeros",
                 gamma_initializer="ones", **settings):
        super().__init__(**settings)
        if not isinstance(groups, int) or groups < 1 and groups != -1:
            raise ValueError(f"{self.name}: groups is a positive integer, or -1 for one for each channel, got {groups!r}")
        self.groups, self.axis, self.epsilon, self.center, self.scale = groups, axis, epsilon, center, scale
        self.initializers = gamma_initializer, beta_initializer

    def build(self, input_shape):
        (channels,), (gamma, beta) = sizes_along(self, input_shape), self.initializers
        if channels % self.groups:
            raise ValueError(f"{described(self)}: {channels} channels are not {self.groups} equal groups; choose a divisor of "
                             f"{channels}")
        self.gamma = self.add_weight((channels,), gamma, name="gamma") if self.scale else None
        self.beta = self.add_weight((channels,), beta, name="beta") if self.center else None

    def call(self, x):
        groups = x.shape[self.axis] if self.groups == -1 else self.groups
        return ops.group_normalization(x, groups, self.gamma, self.beta, self.axis, self.epsilon)


class UnitNormalization(Layer):
    """Each vector divided by its length: x / sqrt(sum of x^2).

    https://keras.io/api/layers/normalization_layers/unit_normalization/

    Args:
        axis: of the vectors, or several axes.
    """

    def __init__(self, axis=-1, **settings):
        super().__init__(**settings)
        self.axis = axis

    def call(self, x):
        return ops.normalize(x, axis=self.axis, order=2, epsilon=1e-12)


def sizes_along(layer, input_shape):
    """The sizes of the axes of a layer, in rising order of the axes."""
    axes = layer.axis if isinstance(layer.axis, (list, tuple)) else [layer.axis]
    if any(not -len(input_shape) <= a < len(input_shape) for a in axes):
        raise ValueError(f"{described(layer)}: there is no axis {layer.axis} in an input of shape {input_shape}")
    sizes = tuple(input_shape[a] for a in sorted(a % len(input_shape) for a in axes))
    if None in sizes:
        raise ValueError(f"{described(layer)} needs known sizes along axis {layer.axis}, got {input_shape}")
    return sizes
