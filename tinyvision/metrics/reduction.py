"""Sums of values: https://keras.io/api/metrics/reduction_metrics/"""
from .. import ops
from ..autograd import as_tensor
from ..losses.base import fitted
from .base import Metric


class Sum(Metric):
    """The sum of all values, weighed or not. https://keras.io/api/metrics/reduction_metrics/#sum-class

    Args:
        name: in logs.

    >>> Sum()([1.0, 3.0, 5.0, 7.0], sample_weight=[1, 1, 0, 0])
    4.0
    """

    def __init__(self, name="sum"):
        super().__init__(name)
        self.reset_state()

    def update_state(self, values, sample_weight=None):
        values = ops.cast(as_tensor(values).detach(), "float64")
        values = values if sample_weight is None else values * fitted(sample_weight, values)
        self.total += float(values.data.sum())

    def result(self):
        return self.total

    def reset_state(self):
        self.total = 0.0
