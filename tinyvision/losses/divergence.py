"""Losses of distributions: https://keras.io/api/losses/probabilistic_losses/"""
from .. import ops
from ..autograd import Tensor
from ..config import epsilon
from .base import Loss, matched


def kl_divergence(y_true, y_pred) -> Tensor:
    """sum(y_true * log(y_true / y_pred)) over the last axis: what it costs to take one distribution for the other."""
    y_true, y_pred = (ops.clip(y, epsilon(), 1) for y in matched(y_true, y_pred))
    return ops.sum(y_true * ops.log(y_true / y_pred), axis=-1)


def poisson(y_true, y_pred) -> Tensor:
    """mean(y_pred - y_true * log(y_pred)) over the last axis: for counts, and predictions of their mean."""
    y_true, y_pred = matched(y_true, y_pred)
    return ops.mean(y_pred - y_true * ops.log(y_pred + epsilon()), axis=-1)


class KLDivergence(Loss):
    """sum(y_true * log(y_true / y_pred)): what it costs to take one distribution for the other.

    https://keras.io/api/losses/probabilistic_losses/#kldivergence-class

    Args:
        reduction, name: as for `Loss`.
    """
    aliases = "kld",

    def __init__(self, reduction="sum_over_batch_size", name=None):
        super().__init__(name, reduction)

    def call(self, y_true, y_pred):
        return kl_divergence(y_true, y_pred)


class Poisson(Loss):
    """mean(y_pred - y_true * log(y_pred)): for counts, and predictions of their mean.

    https://keras.io/api/losses/probabilistic_losses/#poisson-class

    Args:
        reduction, name: as for `Loss`.
    """

    def __init__(self, reduction="sum_over_batch_size", name=None):
        super().__init__(name, reduction)

    def call(self, y_true, y_pred):
        return poisson(y_true, y_pred)
