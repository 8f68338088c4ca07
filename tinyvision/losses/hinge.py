"""Losses that want a margin: https://keras.io/api/losses/hinge_losses/"""
from .. import ops
from ..autograd import Tensor
from .base import Loss, matched


def hinge(y_true, y_pred) -> Tensor:
    """mean(max(1 - y_true * y_pred, 0)) over the last axis, for labels -1 and 1; labels 0 and 1 are taken as these."""
    return ops.mean(_margin(y_true, y_pred), axis=-1)


def squared_hinge(y_true, y_pred) -> Tensor:
    """mean(max(1 - y_true * y_pred, 0)**2) over the last axis, for labels -1 and 1; labels 0 and 1 are taken as these."""
    return ops.mean(ops.square(_margin(y_true, y_pred)), axis=-1)


def _margin(y_true, y_pred):
    """What is missing to a margin of 1."""
    y_true, y_pred = matched(y_true, y_pred)
    if ((y_true.data == 0) | (y_true.data == 1)).all():
        y_true = 2 * y_true - 1
    return ops.maximum(1 - y_true * y_pred, 0)


def categorical_hinge(y_true, y_pred) -> Tensor:
    """max(0, 1 + the largest score of the other classes - the score of the right one), for one-hot targets."""
    y_true, y_pred = matched(y_true, y_pred)
    right = ops.sum(y_true * y_pred, axis=-1)
    return ops.maximum(ops.max((1 - y_true) * y_pred, axis=-1) - right + 1, 0)


class Hinge(Loss):
    """max(1 - y_true * y_pred, 0), for labels -1 and 1, or 0 and 1, and scores of any size.

    https://keras.io/api/losses/hinge_losses/#hinge-class

    Args:
        reduction, name: as for `Loss`.
    """

    def __init__(self, reduction="sum_over_batch_size", name=None):
        super().__init__(name, reduction)

    def call(self, y_true, y_pred):
        return hinge(y_true, y_pred)


class SquaredHinge(Loss):
    """max(1 - y_true * y_pred, 0)**2, for labels -1 and 1, or 0 and 1, and scores of any size.

    https://keras.io/api/losses/hinge_losses/#squaredhinge-class

    Args:
        reduction, name: as for `Loss`.
    """

    def __init__(self, reduction="sum_over_batch_size", name=None):
        super().__init__(name, reduction)

    def call(self, y_true, y_pred):
        return squared_hinge(y_true, y_pred)


class CategoricalHinge(Loss):
    """max(0, 1 + the largest score of the other classes - the score of the right one), for one-hot targets.

    https://keras.io/api/losses/hinge_losses/#categoricalhinge-class

    Args:
        reduction, name: as for `Loss`.
    """

    def __init__(self, reduction="sum_over_batch_size", name=None):
        super().__init__(name, reduction)

    def call(self, y_true, y_pred):
        return categorical_hinge(y_true, y_pred)
