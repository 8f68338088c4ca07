"""What is found and what is missed, at a threshold or at many: https://keras.io/api/metrics/classification_metrics/"""
import numpy as np

from ..autograd import Tensor, as_tensor, to_numpy
from ..losses.base import fitted, matched
from .base import Metric

FOUND, FALSE_ALARM, LEFT, MISSED = range(4)                # true and false positives, true and false negatives: rows of counts


def counted(y_true, y_pred, thresholds, weights) -> np.ndarray:
    """(4, thresholds): true positives, false positives, true negatives, false negatives.

    A prediction above a threshold is positive. All four arrays are flat.
    A prediction is put into a bucket: the number of thresholds that lie below it.
    """
    order = np.argsort(thresholds)
    buckets = np.searchsorted(np.asarray(thresholds, y_pred.dtype)[order], y_pred, side="left")
    positive = []
    for of_label in (y_true != 0), (y_true == 0):
        in_buckets = np.bincount(buckets[of_label], weights[of_label], len(thresholds) + 1)
        above = np.empty(len(thresholds))
        above[order] = in_buckets.sum() - np.cumsum(in_buckets)[:-1]
        positive.append((above, in_buckets.sum() - above))
    (found, missed), (false_alarm, left) = positive
    return np.stack([found, false_alarm, left, missed])


def in_shape(y_true, y_pred, sample_weight):
    """Targets, predictions and weights as arrays of one shape."""
    y_true, y_pred = matched(y_true, as_tensor(y_pred).detach())
    y_pred = y_pred if y_pred.dtype.kind == "f" else Tensor(y_pred.data.astype("float64"))
    weights = np.broadcast_to(to_numpy(fitted(1.0 if sample_weight is None else sample_weight, y_pred)), y_pred.shape)
    return to_numpy(y_true), to_numpy(y_pred), weights


def ratio(a, b) -> np.ndarray:
    """a / b; 0 where b is 0."""
    a, b = np.broadcast_arrays(np.asarray(a, float), np.asarray(b, float))
    return np.divide(a, b, out=np.zeros(a.shape), where=b != 0)


def plain(values):
    """A number if there is one value alone."""
    return float(values[0]) if len(values) == 1 else values


class _Confusion(Metric):
    """Keeps the four counts for each of its thresholds."""

    def __init__(self, thresholds, name, top_k=None, class_id=None):
        super().__init__(name)
        outside = [t for t in np.ravel(0.5 if thresholds is None else thresholds) if not 0 <= t <= 1]
        if outside:
            raise ValueError(f"{type(self).__name__}: thresholds lie between 0 and 1, got {outside}")
        if top_k is not None and top_k < 1:
            raise ValueError(f"{type(self).__name__}: top_k is at least 1, got {top_k}")
        default = 0.5 if top_k is None else -np.inf        # of what is among the largest, all is positive
        self.levels = np.ravel(default if thresholds is None else thresholds).astype(float)
        self.top_k, self.class_id = top_k, class_id
        self.reset_state()

    def update_state(self, y_true, y_pred, sample_weight=None):
        y_true, y_pred, weights = in_shape(y_true, y_pred, sample_weight)
        if (self.top_k is not None or self.class_id is not None) and y_pred.ndim < 2:
            raise ValueError(f"{type(self).__name__}: top_k and class_id need predictions (samples, classes), got "
                             f"{y_pred.shape}")
        if self.top_k is not None:                         # of equals, the first are among them
            places = np.argsort(np.argsort(-y_pred, axis=-1, kind="stable"), axis=-1)
            y_pred = np.where(places < self.top_k, y_pred, -np.inf)
        if self.class_id is not None:
            if not 0 <= self.class_id < y_pred.shape[-1]:
                raise ValueError(f"{type(self).__name__}: class_id={self.class_id} is none of the {y_pred.shape[-1]} classes")
            y_true, y_pred, weights = (a[..., self.class_id] for a in (y_true, y_pred, weights))
        self.counts = self.counts + counted(y_true.ravel(), y_pred.ravel(), self.levels, weights.ravel())

    def reset_state(self):
        self.counts = np.zeros((4, len(self.levels)))


class TruePositives(_Confusion):
    """The number, or weight, of labels 1 that are found. https://keras.io/api/metrics/classification_metrics/

    Args:
        thresholds: a prediction above it is positive; a number, 0.5 if None, or a list of them: an array of results.
        name: in logs.
    """

    kind = FOUND

    def __init__(self, thresholds=None, name=None):
        super().__init__(thresholds, name)

    def result(self):
        return plain(self.counts[self.kind])


class FalsePositives(TruePositives):
    """The number, or weight, of labels 0 that are taken for 1. https://keras.io/api/metrics/classification_metrics/

    Args: as for `TruePositives`.
    """

    kind = FALSE_ALARM


class TrueNegatives(TruePositives):
    """The number, or weight, of labels 0 that are left alone. https://keras.io/api/metrics/classification_metrics/

    Args: as for `TruePositives`.
    """

    kind = LEFT


class FalseNegatives(TruePositives):
    """The number, or weight, of labels 1 that are missed. https://keras.io/api/metrics/classification_metrics/

    Args: as for `TruePositives`.
    """

    kind = MISSED


class Precision(_Confusion):
    """Of what is taken for 1, the part that is: found / (found + false alarms).

    https://keras.io/api/metrics/classification_metrics/#precision-class

    Args:
        thresholds: a prediction above it is positive; a number, 0.5 if None, or a list of them: an array of results.
        top_k: only the k largest predictions of a sample can be positive; all of them are if `thresholds` is None.
        class_id: look at this class alone.
        name: in logs.

    >>> Precision()([0, 1, 1, 1], [0.9, 0.1, 0.8, 0.7])
    0.6666666666666666
    """
    direction = "up"

    def __init__(self, thresholds=None, top_k=None, class_id=None, name=None):
        super().__init__(thresholds, name, top_k, class_id)

    def result(self):
        return plain(ratio(self.counts[FOUND], self.counts[FOUND] + self.counts[FALSE_ALARM]))


class Recall(Precision):
    """Of what is 1, the part that is found: found / (found + missed).

    https://keras.io/api/metrics/classification_metrics/#recall-class

    Args: as for `Precision`.

    >>> Recall()([0, 1, 1, 1], [0.9, 0.1, 0.8, 0.7])
    0.6666666666666666
    """
    direction = "up"

    def result(self):
        return plain(ratio(self.counts[FOUND], self.counts[FOUND] + self.counts[MISSED]))


class _Best(_Confusion):
    """The best of one ratio at the thresholds where another is as large as asked for."""
    direction = "up"

    def __init__(self, value, what, num_thresholds, class_id, name):
        if not 0 <= value <= 1:
            raise ValueError(f"{type(self).__name__}: {what} lies between 0 and 1, got {value}")
        if num_thresholds < 1:
            raise ValueError(f"{type(self).__name__}: num_thresholds is at least 1, got {num_thresholds}")
        self.value = value
        thresholds = 0.5 if num_thresholds == 1 else np.arange(num_thresholds) / (num_thresholds - 1)
        super().__init__(thresholds, name, class_id=class_id)

    def best(self, wanted, given):
        """The largest of `wanted` where `given` is large enough; each a pair of rows: a / (a + b)."""
        of_wanted, of_given = (ratio(self.counts[a], self.counts[a] + self.counts[b]) for a, b in (wanted, given))
        return float(of_wanted[of_given >= self.value].max(initial=0))


class SensitivityAtSpecificity(_Best):
    """The largest found / (found + missed) where left / (left + false alarms) is at least `specificity`.

    https://keras.io/api/metrics/classification_metrics/

    Args:
        specificity: the least part of labels 0 that is to be left alone.
        num_thresholds: how many thresholds are tried.
        class_id: look at this class alone.
        name: in logs.
    """

    def __init__(self, specificity, num_thresholds=200, class_id=None, name=None):
        super().__init__(specificity, "specificity", num_thresholds, class_id, name)

    def result(self):
        return self.best((FOUND, MISSED), (LEFT, FALSE_ALARM))


class SpecificityAtSensitivity(_Best):
    """The largest left / (left + false alarms) where found / (found + missed) is at least `sensitivity`.

    https://keras.io/api/metrics/classification_metrics/

    Args:
        sensitivity: the least part of labels 1 that is to be found.
        num_thresholds: how many thresholds are tried.
        class_id: look at this class alone.
        name: in logs.
    """

    def __init__(self, sensitivity, num_thresholds=200, class_id=None, name=None):
        super().__init__(sensitivity, "sensitivity", num_thresholds, class_id, name)

    def result(self):
        return self.best((LEFT, FALSE_ALARM), (FOUND, MISSED))


class PrecisionAtRecall(_Best):
    """The largest precision where the recall is at least `recall`. https://keras.io/api/metrics/classification_metrics/

    Args:
        recall: the least part of labels 1 that is to be found.
        num_thresholds: how many thresholds are tried.
        class_id: look at this class alone.
        name: in logs.
    """

    def __init__(self, recall, num_thresholds=200, class_id=None, name=None):
        super().__init__(recall, "recall", num_thresholds, class_id, name)

    def result(self):
        return self.best((FOUND, FALSE_ALARM), (FOUND, MISSED))


class RecallAtPrecision(_Best):
    """The largest recall where the precision is at least `precision`. https://keras.io/api/metrics/classification_metrics/

    Args:
        precision: the least part of what is taken for 1 that is to be 1.
        num_thresholds: how many thresholds are tried.
        class_id: look at this class alone.
        name: in logs.
    """

    def __init__(self, precision, num_thresholds=200, class_id=None, name=None):
        super().__init__(precision, "precision", num_thresholds, class_id, name)

    def result(self):
        return self.best((FOUND, MISSED), (FOUND, FALSE_ALARM))
