"""How often predictions are right: https://keras.io/api/metrics/accuracy_metrics/"""
from .. import ops
from ..config import floatx
from ..losses.base import matched
from .base import MeanMetricWrapper, binary_accuracy, categorical_accuracy, sparse_categorical_accuracy


class Accuracy(MeanMetricWrapper):
    """How often predictions equal the labels exactly. (`metrics=["accuracy"]` in `compile` means whichever fits the data.)

    https://keras.io/api/metrics/accuracy_metrics/#accuracy-class

    Args:
        name: in logs.

    >>> Accuracy()([1, 2, 3, 4], [0, 2, 3, 4])
    0.75
    """

    def __init__(self, name="accuracy"):
        super().__init__(_equal, name)


def _equal(y_true, y_pred):
    y_true, y_pred = matched(y_true, y_pred)
    return ops.cast(y_true == y_pred, floatx())


class BinaryAccuracy(MeanMetricWrapper):
    """How often predictions agree with labels 0 and 1. https://keras.io/api/metrics/accuracy_metrics/#binaryaccuracy-class

    Args:
        name: in logs.
        threshold: predictions above it are taken as 1.

    >>> BinaryAccuracy(threshold=0.7)([1, 1, 0, 0], [0.9, 0.6, 0.6, 0.2])
    0.75
    """

    def __init__(self, name="binary_accuracy", threshold=0.5):
        super().__init__(lambda y_true, y_pred: binary_accuracy(y_true, y_pred, threshold), name)


class CategoricalAccuracy(MeanMetricWrapper):
    """How often the most probable class is the right one, for one-hot targets.

    https://keras.io/api/metrics/accuracy_metrics/#categoricalaccuracy-class

    Args:
        name: in logs.
    """

    def __init__(self, name="categorical_accuracy"):
        super().__init__(categorical_accuracy, name)


class SparseCategoricalAccuracy(MeanMetricWrapper):
    """How often the most probable class is the right one, for targets that are class numbers.

    https://keras.io/api/metrics/accuracy_metrics/#sparsecategoricalaccuracy-class

    Args:
        name: in logs.
    """

    def __init__(self, name="sparse_categorical_accuracy"):
        super().__init__(sparse_categorical_accuracy, name)
