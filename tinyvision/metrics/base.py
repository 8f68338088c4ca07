"""Metrics: what training reports. Each gathers over the batches of an epoch, in the numbers of Keras."""
import numbers

from .. import configurable, ops
from ..autograd import Tensor, as_tensor, no_grad
from ..config import floatx
from ..configurable import Configurable
from ..losses.base import Loss, fitted, matched


class Metric(Configurable):
    """Gathers over batches: `update_state` for each, `result` at any time, `reset_state` before the next epoch.

    A call updates, and returns the result. https://keras.io/api/metrics/base_metric/

    Args:
        name: in logs.

    Attributes:
        direction: "up" if more of it is better, "down" if less is, for callbacks; a class attribute of those that say it.
    """

    weighs = False                                         # whether update_state takes the weights of samples

    def __init__(self, name=None):
        self.name = name or configurable.snake_case(type(self).__name__)

    def update_state(self, *values):
        raise NotImplementedError(f"{type(self).__name__} must define update_state")

    def result(self) -> float:
        raise NotImplementedError(f"{type(self).__name__} must define result")

    def reset_state(self):
        raise NotImplementedError(f"{type(self).__name__} must define reset_state")

    def __call__(self, *values, **settings):
        self.update_state(*values, **settings)
        return self.result()

    @classmethod
    def from_config(cls, config):
        return cls(**{name: value for name, value in config.items() if name != "dtype"})       # Keras's; ours gather in float64


class Mean(Metric):
    """The mean of all samples, which have a value each, or the mean of several.

    https://keras.io/api/metrics/reduction_metrics/#mean-class

    >>> mean = Mean()
    >>> mean.update_state([1.0, 2.0]); mean.update_state(6.0)
    >>> mean.result()
    3.0
    """

    def __init__(self, name="mean"):
        super().__init__(name)
        self.reset_state()

    def update_state(self, values, sample_weight=None):
        """Add the values of samples, (N, ...), or one value; with weights, `fitted` to them."""
        values, factor = as_tensor(values).detach(), 1.0 if sample_weight is None else sample_weight
        samples, mean_weight = values.shape[0] if values.ndim else 1, factor
        if not isinstance(factor, numbers.Real):
            weights = fitted(factor, ops.cast(values, "float64"))
            values, factor, mean_weight = values * weights, 1.0, float(weights.data.mean()) if weights.size else 0.0
        if values.size:                                    # of each sample, all values together count as one
            self.total += float(values.data.mean(dtype="float64")) * factor * samples
            self.count += mean_weight * samples

    def result(self):
        return self.total / self.count if self.count else 0.0

    def reset_state(self):
        self.total = self.count = 0.0


class MeanMetricWrapper(Mean):
    """The mean of fn(y_true, y_pred) over all samples. https://keras.io/api/metrics/reduction_metrics/

    Args:
        fn: gives a value for each sample, or several.
        name: in logs; the function's if None.
    """

    def __init__(self, fn, name=None):
        super().__init__(name or fn.__name__)
        self.fn = fn

    def update_state(self, y_true, y_pred, sample_weight=None):
        with no_grad():
            super().update_state(self.fn(as_tensor(y_true), as_tensor(y_pred).detach()), sample_weight)


def binary_accuracy(y_true, y_pred, threshold=0.5) -> Tensor:
    """1 where a label, 0 or 1, lies on the same side of the threshold as the prediction; 0 elsewhere."""
    y_true, y_pred = matched(y_true, y_pred)
    return ops.cast(y_true == ops.cast(y_pred > threshold, y_true.dtype), floatx())


def categorical_accuracy(y_true, y_pred) -> Tensor:
    """1 where the largest of y_pred is at the place of the largest of y_true (one-hot rows), 0 elsewhere."""
    return ops.cast(ops.argmax(y_true, axis=-1) == ops.argmax(y_pred, axis=-1), floatx())


def sparse_categorical_accuracy(y_true, y_pred) -> Tensor:
    """1 where the largest of y_pred is at the place that y_true, a class number, names; 0 elsewhere."""
    y_true, y_pred = as_tensor(y_true), as_tensor(y_pred)
    if y_true.ndim == y_pred.ndim and y_true.shape[-1] == 1:
        y_true = ops.squeeze(y_true, axis=-1)
    return ops.cast(y_true == ops.argmax(y_pred, axis=-1), floatx())


def accuracy(y_true, y_pred) -> Tensor:
    """The binary, categorical or sparse accuracy of each sample: which one the shapes mean, by Keras's rule."""
    if y_pred.shape[-1] == 1:
        return binary_accuracy(y_true, y_pred)
    sparse = y_true.ndim < y_pred.ndim or y_true.shape[-1] == 1
    return (sparse_categorical_accuracy if sparse else categorical_accuracy)(y_true, y_pred)


def get(identifier) -> Metric:
    """The metric for a name ("accuracy"), an object, or a function of (y_true, y_pred); a Loss serves as a metric, too.

    "accuracy" is the binary, categorical or sparse accuracy, whichever fits the data.

    Raises:
        ValueError: there is no metric of that name.
    """
    if str(identifier).lower() in ("accuracy", "acc"):
        return MeanMetricWrapper(accuracy, identifier)
    found = configurable.get(Metric, identifier)
    if not isinstance(found, Metric):
        found = MeanMetricWrapper(found.call, found.name) if isinstance(found, Loss) else MeanMetricWrapper(found)
    if isinstance(identifier, str):                        # "acc" is "acc" in the logs, too
        found.name = identifier
    return found
