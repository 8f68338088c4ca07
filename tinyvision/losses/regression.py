"""Losses of numbers."""
from .. import ops
from ..autograd import Tensor
from .base import Loss, matched


def mean_squared_error(y_true, y_pred) -> Tensor:
    """mean((y_true - y_pred)**2) over the last axis."""
    y_true, y_pred = matched(y_true, y_pred)
    return ops.mean(ops.square(y_true - y_pred), axis=-1)


class MeanSquaredError(Loss):
    """mean((y_true - y_pred)**2). https://keras.io/api/losses/regression_losses/#meansquarederror-class

    Args: as for `Loss`.
    """
    aliases = "mse",

    def __init__(self, reduction="sum_over_batch_size", name=None):
        super().__init__(name, reduction)

    def call(self, y_true, y_pred):
        return mean_squared_error(y_true, y_pred)
