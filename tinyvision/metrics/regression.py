"""Errors of predicted numbers: https://keras.io/api/metrics/regression_metrics/"""
import math

from .. import losses, ops
from ..autograd import as_tensor, no_grad
from ..losses.base import matched
from .base import Mean, MeanMetricWrapper


class MeanSquaredError(MeanMetricWrapper):
    """The mean of squared errors. https://keras.io/api/metrics/regression_metrics/

    Args:
        name: in logs.
    """
    aliases = "mse",
    direction = "down"

    def __init__(self, name="mean_squared_error"):
        super().__init__(losses.mean_squared_error, name)


class MeanAbsoluteError(MeanMetricWrapper):
    """The mean of absolute errors. https://keras.io/api/metrics/regression_metrics/

    Args:
        name: in logs.
    """
    aliases = "mae",
    direction = "down"

    def __init__(self, name="mean_absolute_error"):
        super().__init__(losses.mean_absolute_error, name)


class MeanAbsolutePercentageError(MeanMetricWrapper):
    """The mean of absolute errors, in per cent of the targets. https://keras.io/api/metrics/regression_metrics/

    Args:
        name: in logs.
    """
    aliases = "mape",
    direction = "down"

    def __init__(self, name="mean_absolute_percentage_error"):
        super().__init__(losses.mean_absolute_percentage_error, name)


class MeanSquaredLogarithmicError(MeanMetricWrapper):
    """The mean of squared errors of logarithms. https://keras.io/api/metrics/regression_metrics/

    Args:
        name: in logs.
    """
    aliases = "msle",
    direction = "down"

    def __init__(self, name="mean_squared_logarithmic_error"):
        super().__init__(losses.mean_squared_logarithmic_error, name)


class LogCoshError(MeanMetricWrapper):
    """The mean of log(cosh(error)). https://keras.io/api/metrics/regression_metrics/

    Args:
        name: in logs.
    """
    aliases = "logcosh",
    direction = "down"

    def __init__(self, name="logcosh"):
        super().__init__(losses.log_cosh, name)


class CosineSimilarity(MeanMetricWrapper):
    """The mean cos of the angle between target and prediction: 1 where they point the same way. https://keras.io/api/metrics/regression_metrics/

    Args:
        name: in logs.
        axis: along which the vectors lie.
    """
    direction = "up"

    def __init__(self, name="cosine_similarity", axis=-1):
        super().__init__(lambda y_true, y_pred: -losses.cosine_similarity(y_true, y_pred, axis), name)


class RootMeanSquaredError(Mean):
    """The root of the mean of all squared errors. https://keras.io/api/metrics/regression_metrics/

    Args:
        name: in logs.

    >>> RootMeanSquaredError()([0.0, 0.0], [3.0, 4.0])
    3.5355339059327378
    """
    direction = "down"

    def __init__(self, name="root_mean_squared_error"):
        super().__init__(name)

    def update_state(self, y_true, y_pred, sample_weight=None):
        with no_grad():
            y_true, y_pred = matched(y_true, as_tensor(y_pred).detach())
            super().update_state(ops.square(y_pred - y_true), sample_weight)

    def result(self):
        return math.sqrt(super().result())
