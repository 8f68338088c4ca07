"""Metrics: what training reports. Each gathers over the batches of an epoch, in the numbers of Keras."""
from . import configurable, ops
from .autograd import Tensor, as_tensor, no_grad
from .config import floatx
from .configurable import Configurable
from .losses.base import Loss, get as get_loss, matched


class Metric(Configurable):
    """Gathers over batches: `update_state` for each, `result` at any time, `reset_state` before the next epoch.

    Args:
        name: in logs.
    """

    def __init__(self, name=None):
        self.name = name or configurable.snake_case(type(self).__name__)

    def update_state(self, *values):
        raise NotImplementedError(f"{type(self).__name__} must define update_state")

    def result(self) -> float:
        raise NotImplementedError(f"{type(self).__name__} must define result")

    def reset_state(self):
        raise NotImplementedError(f"{type(self).__name__} must define reset_state")


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

    def update_state(self, values, weight=None):
        """Add the values of samples, (N, ...); or one value that stands for `weight` samples."""
        values = as_tensor(values)
        samples = values.shape[0] if values.ndim else 1
        self.count += samples if weight is None else weight
        of_samples = values.data.mean(axis=tuple(range(1, values.ndim)), dtype="float64")
        self.total += float(of_samples.sum()) * (1 if weight is None else weight)

    def result(self):
        return self.total / self.count if self.count else 0.0

    def reset_state(self):
        self.total, self.count = 0.0, 0


class MeanOfFunction(Mean):
    """The mean of function(y_true, y_pred) over all samples.

    Args:
        function: gives a value for each sample.
        name: in logs; the function's if None.
    """

    def __init__(self, function, name=None):
        super().__init__(name or function.__name__)
        self.function = function

    def update_state(self, y_true, y_pred):
        with no_grad():
            super().update_state(self.function(as_tensor(y_true), as_tensor(y_pred).detach()))


def binary_accuracy(y_true, y_pred, threshold=0.5) -> Tensor:
    """The part of the labels, 0 and 1, that lie on the same side of the threshold as the predictions: for each sample."""
    y_true, y_pred = matched(y_true, y_pred)
    right = ops.cast(y_true == ops.cast(y_pred > threshold, y_true.dtype), floatx())
    return ops.mean(right, axis=-1) if right.ndim > 1 else right


def categorical_accuracy(y_true, y_pred) -> Tensor:
    """1 where the largest of y_pred is at the place of the largest of y_true (one-hot rows), 0 elsewhere."""
    return ops.cast(ops.argmax(y_true, axis=-1) == ops.argmax(y_pred, axis=-1), floatx())


def sparse_categorical_accuracy(y_true, y_pred) -> Tensor:
    """1 where the largest of y_pred is at the place that y_true, a class number, names; 0 elsewhere."""
    y_true, y_pred = as_tensor(y_true), as_tensor(y_pred)
    if y_true.ndim == y_pred.ndim and y_true.shape[-1] == 1:
        y_true = ops.squeeze(y_true, axis=-1)
    return ops.cast(y_true == ops.argmax(y_pred, axis=-1), floatx())


class BinaryAccuracy(MeanOfFunction):
    """How often predictions agree with labels 0 and 1. https://keras.io/api/metrics/accuracy_metrics/#binaryaccuracy-class

    Args:
        name: in logs.
        threshold: predictions above it are taken as 1.
    """

    def __init__(self, name="binary_accuracy", threshold=0.5):
        super().__init__(lambda y_true, y_pred: binary_accuracy(y_true, y_pred, threshold), name)


class CategoricalAccuracy(MeanOfFunction):
    """How often the most probable class is the right one, for one-hot targets.

    https://keras.io/api/metrics/accuracy_metrics/#categoricalaccuracy-class

    Args:
        name: in logs.
    """

    def __init__(self, name="categorical_accuracy"):
        super().__init__(categorical_accuracy, name)


class SparseCategoricalAccuracy(MeanOfFunction):
    """How often the most probable class is the right one, for targets that are class numbers.

    https://keras.io/api/metrics/accuracy_metrics/#sparsecategoricalaccuracy-class

    Args:
        name: in logs.
    """

    def __init__(self, name="sparse_categorical_accuracy"):
        super().__init__(sparse_categorical_accuracy, name)


class Accuracy(MeanOfFunction):
    """`metrics=["accuracy"]`: the binary, categorical or sparse accuracy, whichever fits the data.

    Args:
        name: in logs.
    """
    aliases = "acc",

    def __init__(self, name="accuracy"):
        super().__init__(accuracy, name)


def accuracy(y_true, y_pred) -> Tensor:
    """The binary, categorical or sparse accuracy of each sample: which one the shapes mean, by Keras's rule."""
    if y_pred.shape[-1] == 1:
        return binary_accuracy(y_true, y_pred)
    if y_true.ndim < y_pred.ndim or y_true.shape[-1] == 1:
        return sparse_categorical_accuracy(y_true, y_pred)
    return categorical_accuracy(y_true, y_pred)


def get(identifier) -> Metric:
    """The metric for a name ("accuracy"), an object, or a function of (y_true, y_pred); losses serve as metrics, too.

    Raises:
        ValueError: there is neither a metric nor a loss of that name.
    """
    try:
        found = configurable.get(Metric, identifier)
    except ValueError as error:
        try:
            found = get_loss(identifier)
        except ValueError:
            raise error from None
    if not isinstance(found, Metric):
        found = MeanOfFunction(found.call, found.name) if isinstance(found, Loss) else MeanOfFunction(found)
    if isinstance(identifier, str):                        # "acc" is "acc" in the logs, too
        found.name = identifier
    return found
