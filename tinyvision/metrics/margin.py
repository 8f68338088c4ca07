"""Losses that want a margin, as metrics: https://keras.io/api/metrics/hinge_metrics/"""
from .. import losses
from .base import MeanMetricWrapper


class Hinge(MeanMetricWrapper):
    """The mean of max(1 - y_true * y_pred, 0). https://keras.io/api/metrics/hinge_metrics/

    Args:
        name: in logs.
    """
    direction = "down"

    def __init__(self, name="hinge"):
        super().__init__(losses.hinge, name)


class SquaredHinge(MeanMetricWrapper):
    """The mean of max(1 - y_true * y_pred, 0)**2. https://keras.io/api/metrics/hinge_metrics/

    Args:
        name: in logs.
    """
    direction = "down"

    def __init__(self, name="squared_hinge"):
        super().__init__(losses.squared_hinge, name)


class CategoricalHinge(MeanMetricWrapper):
    """The mean of `losses.categorical_hinge`. https://keras.io/api/metrics/hinge_metrics/

    Args:
        name: in logs.
    """
    direction = "down"

    def __init__(self, name="categorical_hinge"):
        super().__init__(losses.categorical_hinge, name)
