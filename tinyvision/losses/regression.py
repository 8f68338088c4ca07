"""Losses of numbers: https://keras.io/api/losses/regression_losses/"""
import math

from .. import ops
from ..autograd import Tensor
from ..config import epsilon
from .base import Loss, matched


def mean_squared_error(y_true, y_pred) -> Tensor:
    """mean((y_true - y_pred)**2) over the last axis."""
    y_true, y_pred = matched(y_true, y_pred)
    return ops.mean(ops.square(y_true - y_pred), axis=-1)


def mean_absolute_error(y_true, y_pred) -> Tensor:
    """mean(abs(y_true - y_pred)) over the last axis."""
    y_true, y_pred = matched(y_true, y_pred)
    return ops.mean(ops.abs(y_true - y_pred), axis=-1)


def mean_absolute_percentage_error(y_true, y_pred) -> Tensor:
    """100 * mean(abs((y_true - y_pred) / y_true)) over the last axis; targets below `epsilon()` count as that."""
    y_true, y_pred = matched(y_true, y_pred)
    return 100 * ops.mean(ops.abs((y_true - y_pred) / ops.maximum(ops.abs(y_true), epsilon())), axis=-1)


def mean_squared_logarithmic_error(y_true, y_pred) -> Tensor:
    """mean((log(y_true + 1) - log(y_pred + 1))**2) over the last axis; numbers below `epsilon()` count as that."""
    y_true, y_pred = matched(y_true, y_pred)
    return ops.mean(ops.square(_log_of_more(y_pred) - _log_of_more(y_true)), axis=-1)


def _log_of_more(x):
    return ops.log(ops.maximum(x, epsilon()) + 1)


def huber(y_true, y_pred, delta=1.0) -> Tensor:
    """The mean over the last axis of error**2 / 2 where abs(error) <= delta, of delta * (abs(error) - delta / 2) beyond."""
    y_true, y_pred = matched(y_true, y_pred)
    size = ops.abs(y_pred - y_true)
    return ops.mean(ops.where(size <= delta, 0.5 * ops.square(size), delta * size - 0.5 * delta ** 2), axis=-1)


def log_cosh(y_true, y_pred) -> Tensor:
    """mean(log(cosh(y_pred - y_true))) over the last axis, without overflow."""
    y_true, y_pred = matched(y_true, y_pred)
    error = y_pred - y_true
    return ops.mean(error + ops.softplus(-2 * error) - math.log(2), axis=-1)


def cosine_similarity(y_true, y_pred, axis=-1) -> Tensor:
    """-cos of the angle between target and prediction along an axis: -1 where they point the same way. 0 if one is 0."""
    y_true, y_pred = matched(y_true, y_pred)
    return -ops.sum(normalized(y_true, axis) * normalized(y_pred, axis), axis=axis)


def normalized(x: Tensor, axis) -> Tensor:
    """Vectors along an axis, of length 1; those shorter than `epsilon()` are divided by that alone."""
    squares = ops.sum(ops.square(x), axis=axis, keepdims=True)
    return x / ops.sqrt(ops.maximum(squares, epsilon() ** 2))


class MeanSquaredError(Loss):
    """mean((y_true - y_pred)**2).

    https://keras.io/api/losses/regression_losses/#meansquarederror-class

    Args:
        reduction, name: as for `Loss`.
    """
    aliases = "mse",

    def __init__(self, reduction="sum_over_batch_size", name=None):
        super().__init__(name, reduction)

    def call(self, y_true, y_pred):
        return mean_squared_error(y_true, y_pred)


class MeanAbsoluteError(Loss):
    """mean(abs(y_true - y_pred)): errors count in proportion, so that a few large ones do not rule.

    https://keras.io/api/losses/regression_losses/#meanabsoluteerror-class

    Args:
        reduction, name: as for `Loss`.
    """
    aliases = "mae",

    def __init__(self, reduction="sum_over_batch_size", name=None):
        super().__init__(name, reduction)

    def call(self, y_true, y_pred):
        return mean_absolute_error(y_true, y_pred)


class MeanAbsolutePercentageError(Loss):
    """100 * mean(abs((y_true - y_pred) / y_true)).

    https://keras.io/api/losses/regression_losses/#meanabsolutepercentageerror-class

    Args:
        reduction, name: as for `Loss`.
    """
    aliases = "mape",

    def __init__(self, reduction="sum_over_batch_size", name=None):
        super().__init__(name, reduction)

    def call(self, y_true, y_pred):
        return mean_absolute_percentage_error(y_true, y_pred)


class MeanSquaredLogarithmicError(Loss):
    """mean((log(y_true + 1) - log(y_pred + 1))**2): of numbers of very different sizes.

    https://keras.io/api/losses/regression_losses/#meansquaredlogarithmicerror-class

    Args:
        reduction, name: as for `Loss`.
    """
    aliases = "msle",

    def __init__(self, reduction="sum_over_batch_size", name=None):
        super().__init__(name, reduction)

    def call(self, y_true, y_pred):
        return mean_squared_logarithmic_error(y_true, y_pred)


class Huber(Loss):
    """error**2 / 2 for small errors, proportional to them beyond `delta`.

    https://keras.io/api/losses/regression_losses/#huber-class

    Args:
        delta: where the parabola becomes a line.
        reduction, name: as for `Loss`.

    >>> Huber()([0.0, 0.0], [1.0, 3.0])
    Tensor(1.5)
    """
    aliases = "huber_loss",

    def __init__(self, delta=1.0, reduction="sum_over_batch_size", name="huber_loss"):
        super().__init__(name, reduction)
        self.delta = delta

    def call(self, y_true, y_pred):
        return huber(y_true, y_pred, self.delta)


class LogCosh(Loss):
    """log(cosh(y_pred - y_true)): about error**2 / 2 for small errors, abs(error) - log(2) for large ones.

    https://keras.io/api/losses/regression_losses/#logcosh-class

    Args:
        reduction, name: as for `Loss`.
    """
    aliases = "logcosh",

    def __init__(self, reduction="sum_over_batch_size", name=None):
        super().__init__(name, reduction)

    def call(self, y_true, y_pred):
        return log_cosh(y_true, y_pred)


class CosineSimilarity(Loss):
    """-cos of the angle between target and prediction: -1 where they point the same way, 0 at right angles.

    https://keras.io/api/losses/regression_losses/#cosinesimilarity-class

    Args:
        axis: along which the vectors lie.
        reduction, name: as for `Loss`.

    >>> CosineSimilarity()([[0.0, 1.0]], [[0.0, 5.0]])
    Tensor(-1.)
    """

    def __init__(self, axis=-1, reduction="sum_over_batch_size", name=None):
        super().__init__(name, reduction)
        self.axis = axis

    def call(self, y_true, y_pred):
        return cosine_similarity(y_true, y_pred, self.axis)
