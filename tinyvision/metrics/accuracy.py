"""How often predictions are right: https://keras.io/api/metrics/accuracy_metrics/"""
from .. import ops
from ..autograd import Tensor, as_tensor
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
    direction = "up"

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
    direction = "up"

    def __init__(self, name="binary_accuracy", threshold=0.5):
        super().__init__(lambda y_true, y_pred: binary_accuracy(y_true, y_pred, threshold), name)


class CategoricalAccuracy(MeanMetricWrapper):
    """How often the most probable class is the right one, for one-hot targets.

    https://keras.io/api/metrics/accuracy_metrics/#categoricalaccuracy-class

    Args:
        name: in logs.
    """
    direction = "up"

    def __init__(self, name="categorical_accuracy"):
        super().__init__(categorical_accuracy, name)


class SparseCategoricalAccuracy(MeanMetricWrapper):
    """How often the most probable class is the right one, for targets that are class numbers.

    https://keras.io/api/metrics/accuracy_metrics/#sparsecategoricalaccuracy-class

    Args:
        name: in logs.
    """
    direction = "up"

    def __init__(self, name="sparse_categorical_accuracy"):
        super().__init__(sparse_categorical_accuracy, name)


def top_k_categorical_accuracy(y_true, y_pred, k=5) -> Tensor:
    """1 where the right class, the largest of a one-hot row, is among the k largest of y_pred; 0 elsewhere."""
    return sparse_top_k_categorical_accuracy(ops.argmax(y_true, axis=-1), y_pred, k)


def sparse_top_k_categorical_accuracy(y_true, y_pred, k=5, from_sorted_ids=False) -> Tensor:
    """1 where the right class, y_true, is among the k largest of y_pred (or the k first of sorted class numbers); 0 elsewhere.

    Raises:
        ValueError: a class number lies outside of the classes.
    """
    y_true, y_pred = as_tensor(y_true), as_tensor(y_pred)
    if y_true.ndim == y_pred.ndim and y_true.shape[-1] == 1:
        y_true = ops.squeeze(y_true, axis=-1)
    if from_sorted_ids:
        found = ops.expand_dims(y_true, axis=-1) == y_pred[..., :k]
        return ops.cast(ops.sum(ops.cast(found, floatx()), axis=-1) > 0, floatx())
    places = class_numbers(y_true, y_pred.shape[-1], "the targets")
    of_right = ops.take_along_axis(y_pred, ops.expand_dims(ops.cast(places, "int64"), axis=-1), axis=-1)
    larger = ops.sum(ops.cast(y_pred > of_right, floatx()), axis=-1)       # equals count as if they were behind
    return ops.cast(larger < k, floatx())


def class_numbers(x, classes, what):
    """x, if they are class numbers of so many classes.

    Raises:
        ValueError: they are not.
    """
    array = x.data if isinstance(x, Tensor) else x
    if array.size and not (0 <= array.min() and array.max() < classes):
        raise ValueError(f"class numbers lie in 0 .. {classes - 1}, for {classes} classes; {what} go from {array.min()} to "
                         f"{array.max()}")
    return x


class TopKCategoricalAccuracy(MeanMetricWrapper):
    """How often the right class is among the k most probable, for one-hot targets.

    https://keras.io/api/metrics/accuracy_metrics/#topkcategoricalaccuracy-class

    Args:
        k: how many.
        name: in logs.

    >>> TopKCategoricalAccuracy(k=2)([[0, 0, 1], [0, 1, 0]], [[0.5, 0.2, 0.3], [0.5, 0.1, 0.4]])
    0.5
    """
    direction = "up"

    def __init__(self, k=5, name="top_k_categorical_accuracy"):
        super().__init__(lambda *y: top_k_categorical_accuracy(*y, k), name)


class SparseTopKCategoricalAccuracy(MeanMetricWrapper):
    """How often the right class is among the k most probable, for targets that are class numbers.

    https://keras.io/api/metrics/accuracy_metrics/#sparsetopkcategoricalaccuracy-class

    Args:
        k: how many.
        name: in logs.
        from_sorted_ids: whether predictions are class numbers, the most probable first, in place of a score for each class.
    """
    direction = "up"

    def __init__(self, k=5, name="sparse_top_k_categorical_accuracy", from_sorted_ids=False):
        super().__init__(lambda *y: sparse_top_k_categorical_accuracy(*y, k, from_sorted_ids), name)
