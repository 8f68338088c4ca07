"""Normalization layers."""
import math

from .. import ops
from ..autograd import no_grad
from .base import Layer
from .core import described


class BatchNormalization(Layer):
    """Each channel to mean 0 and variance 1, then scaled by gamma and shifted by beta (Ioffe and Szegedy, 2015).

    In training the mean and the variance are those of the batch, and moving averages of them are kept; otherwise, and when the
    layer is frozen by `trainable = False`, it is the moving averages that normalize.
    https://keras.io/api/layers/normalization_layers/batch_normalization/

    Args:
        axis: of the channels.
        momentum: of the moving averages: moving = momentum * moving + (1 - momentum) * batch. The variance is biased.
        epsilon: added to the variance, so that the root is never 0.
        center, scale: whether there is a beta, a gamma.
        beta_initializer, gamma_initializer, moving_mean_initializer, moving_variance_initializer: names or Initializers.
    """
    regularized = "beta", "gamma"

    def __init__(self, axis=-1, momentum=0.99, epsilon=1e-3, center=True, scale=True, beta_initializer="zeros",
                 gamma_initializer="ones", moving_mean_initializer="zeros", moving_variance_initializer="ones", **settings):
        super().__init__(**settings)
        self.axis, self.momentum, self.epsilon, self.center, self.scale = axis, momentum, epsilon, center, scale
        self.initializers = gamma_initializer, beta_initializer, moving_mean_initializer, moving_variance_initializer

    def build(self, input_shape):
        channels = input_shape[self.axis]
        if channels is None:
            raise ValueError(f"{described(self)} needs a known number of channels on axis {self.axis}, got {input_shape}")
        gamma, beta, mean, variance = self.initializers
        self.gamma = self.add_weight((channels,), gamma, name="gamma") if self.scale else None
        self.beta = self.add_weight((channels,), beta, name="beta") if self.center else None
        self.moving_mean = self.add_weight((channels,), mean, trainable=False, name="moving_mean")
        self.moving_variance = self.add_weight((channels,), variance, trainable=False, name="moving_variance")

    def call(self, x, training=False, limits=None):
        """`limits`, (low, high), hold the result between two numbers: the ReLU behind the layer, in the same go."""
        if not (training and self.trainable and math.prod(x.shape)):               # an empty batch has no statistics
            return ops.batch_normalization(x, self.moving_mean, self.moving_variance, self.axis, self.beta, self.gamma,
                                           self.epsilon, limits)
        y, moments = ops.batch_normalization_training(x, self.axis, self.beta, self.gamma, self.epsilon, limits)
        with no_grad():
            for average, moment in ((self.moving_mean, moments[0]), (self.moving_variance, moments[1])):
                average.assign(self.momentum * average + (1 - self.momentum) * moment)
        return y
