"""Losses of overlap, for maps of segments: 0 where prediction and target cover the same."""
from .. import ops
from ..autograd import Tensor
from ..config import epsilon
from .base import Loss, matched


def dice(y_true, y_pred, axis=None) -> Tensor:
    """1 - 2 * sum(y_true * y_pred) / (sum(y_true) + sum(y_pred)), over the axes; over all of them, samples too, if None."""
    y_true, y_pred = matched(y_true, y_pred)
    both = ops.sum(y_true * y_pred, axis=axis)
    return 1 - 2 * both / (ops.sum(y_true, axis=axis) + ops.sum(y_pred, axis=axis) + epsilon())


def tversky(y_true, y_pred, alpha=0.5, beta=0.5, axis=None) -> Tensor:
    """1 - both / (both + alpha * missed + beta * too_much), sums over the axes; over all of them, samples too, if None."""
    y_true, y_pred = matched(y_true, y_pred)
    both = ops.sum(y_true * y_pred, axis=axis)
    missed, too_much = ops.sum((1 - y_pred) * y_true, axis=axis), ops.sum(y_pred * (1 - y_true), axis=axis)
    return 1 - both / (both + missed * alpha + too_much * beta + epsilon())


class Dice(Loss):
    """1 - 2 * sum(y_true * y_pred) / (sum(y_true) + sum(y_pred)): 0 where both cover the same, 1 where they do not meet.

    https://keras.io/api/losses/regression_losses/

    Args:
        reduction, name: as for `Loss`.
        axis: over which to sum: (1, 2, 3) gives each image a value; None takes the whole batch as one.

    >>> Dice(axis=1)([[1.0, 1.0, 0.0]], [[1.0, 0.0, 0.0]])
    Tensor(0.3333333)
    """

    def __init__(self, reduction="sum_over_batch_size", name=None, axis=None):
        super().__init__(name, reduction)
        self.axis = tuple(axis) if isinstance(axis, list) else axis

    def call(self, y_true, y_pred):
        return dice(y_true, y_pred, self.axis)


class Tversky(Loss):
    """1 - both / (both + alpha * missed + beta * too_much): `Dice` that weighs the two kinds of errors (Salehi et al., 2017).

    https://keras.io/api/losses/regression_losses/

    Args:
        alpha: the weight of what the prediction misses. (Keras calls it that of false positives, and computes this.)
        beta: the weight of what it covers too much.
        reduction, name: as for `Loss`.
        axis: over which to sum: (1, 2, 3) gives each image a value; None takes the whole batch as one.
    """

    def __init__(self, alpha=0.5, beta=0.5, reduction="sum_over_batch_size", name=None, axis=None):
        super().__init__(name, reduction)
        self.alpha, self.beta, self.axis = alpha, beta, tuple(axis) if isinstance(axis, list) else axis

    def call(self, y_true, y_pred):
        return tversky(y_true, y_pred, self.alpha, self.beta, self.axis)
