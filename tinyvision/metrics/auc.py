"""The area under a curve of two ratios, as the threshold goes from high to low."""
import numpy as np

from .. import ops
from ..autograd import as_tensor
from ..config import epsilon
from .base import Metric
from .confusion import FALSE_ALARM, FOUND, MISSED, counted, in_shape, ratio

CURVES, SUMMATIONS = ("roc", "pr", "prgain"), ("interpolation", "majoring", "minoring")


class AUC(Metric):
    """The area under the curve of found labels 1 over false alarms (ROC), or of precision over recall (PR).

    0.5 (ROC) is chance, 1 is perfect. The curve has a point for each threshold.
    https://keras.io/api/metrics/classification_metrics/#auc-class

    Args:
        num_thresholds: how many thresholds, evenly from 0 to 1.
        curve: "ROC", "PR", or "PRGAIN" (gains over the precision and recall of taking everything for 1; Flach and Kull, 2015).
        summation_method: "interpolation" (between points; of PR, as Davis and Goadrich, 2006), "majoring" (the higher of two
            points) or "minoring" (the lower).
        name: in logs.
        thresholds: your own, in place of the evenly spaced.
        multi_label: whether the area is that of each label, (samples, labels), averaged; else all predictions are one set.
        num_labels: how many labels, with multi_label; needed by nobody.
        label_weights: how much each label counts.
        from_logits: whether the predictions are logits, before a sigmoid, in place of probabilities.

    >>> AUC(num_thresholds=3)([0, 0, 1, 1], [0.0, 0.5, 0.3, 0.9])
    0.75
    """
    direction = "up"

    def __init__(self, num_thresholds=200, curve="ROC", summation_method="interpolation", name=None, thresholds=None,
                 multi_label=False, num_labels=None, label_weights=None, from_logits=False):
        super().__init__(name)
        if str(curve).lower() not in CURVES:
            raise ValueError(f"AUC: curve is 'ROC', 'PR' or 'PRGAIN', not {curve!r}")
        if str(summation_method).lower() not in SUMMATIONS:
            raise ValueError(f"AUC: summation_method is 'interpolation', 'majoring' or 'minoring', not {summation_method!r}")
        if thresholds is None and num_thresholds < 2:
            raise ValueError(f"AUC: num_thresholds is at least 2, got {num_thresholds}")
        if num_labels and not multi_label:
            raise ValueError("AUC: num_labels is for multi_label=True")
        inner = np.arange(1, num_thresholds - 1) / (num_thresholds - 1) if thresholds is None else np.sort(thresholds)
        self.levels = np.array([-epsilon(), *inner, 1 + epsilon()])        # so that 0 lies above the first, 1 below the last
        self.curve, self.summation_method = curve.lower(), summation_method.lower()
        self.multi_label, self.num_labels, self.from_logits = multi_label, num_labels, from_logits
        self.label_weights = None if label_weights is None else np.asarray(label_weights, float)
        self.reset_state()

    def update_state(self, y_true, y_pred, sample_weight=None):
        y_pred = ops.sigmoid(as_tensor(y_pred).detach()) if self.from_logits else y_pred
        y_true, y_pred, weights = in_shape(y_true, y_pred, sample_weight)
        if y_pred.size and not (0 <= y_pred.min() and y_pred.max() <= 1):
            raise ValueError(f"AUC: predictions are probabilities, from 0 to 1; they go from {y_pred.min():.4g} to "
                             f"{y_pred.max():.4g}. For logits, say from_logits=True")
        if self.multi_label and (y_pred.ndim != 2 or y_pred.shape[1] != (self.num_labels or y_pred.shape[1])):
            raise ValueError(f"AUC: with multi_label, predictions are (samples, {self.num_labels or 'labels'}), got "
                             f"{y_pred.shape}")
        if self.label_weights is not None and not self.multi_label:
            weights = weights * self.label_weights
        columns = [a.T if self.multi_label else a.reshape(1, -1) for a in (y_true, y_pred, weights)]
        self.counts = self.counts + np.stack([counted(t, p, self.levels, w) for t, p, w in zip(*columns)], axis=-1)

    def result(self):
        """The sum over the pieces of the curve, (pieces, labels)."""
        pieces = self._pieces_of_pr() if (self.curve, self.summation_method) == ("pr", "interpolation") else self._pieces()
        by_label = pieces.sum(axis=0)
        if self.label_weights is None or not self.multi_label:
            return float(by_label.mean())
        return float(ratio((by_label * self.label_weights).sum(), self.label_weights.sum()))

    def _pieces(self):
        x, y = {"roc": self._roc, "pr": self._pr, "prgain": self._gains}[self.curve]()
        heights = {"interpolation": (y[:-1] + y[1:]) / 2, "majoring": np.maximum(y[:-1], y[1:]),
                   "minoring": np.minimum(y[:-1], y[1:])}
        return (x[:-1] - x[1:]) * heights[self.summation_method]

    def _roc(self):
        found, false_alarm, left, missed = self.counts
        return ratio(false_alarm, false_alarm + left), ratio(found, found + missed)

    def _pr(self):
        return ratio(self.counts[FOUND], self.counts[FOUND] + self.counts[MISSED]), \
            ratio(self.counts[FOUND], self.counts[FOUND] + self.counts[FALSE_ALARM])

    def _gains(self):
        found, false_alarm, left, missed = self.counts
        odds = ratio(found + missed, left + false_alarm)
        recall, precision = (1 - odds * ratio(errors, found) for errors in (missed, false_alarm))
        return np.maximum(np.where(found == 0, 0, recall), 0), np.where(found == 0, 1, precision)

    def _pieces_of_pr(self):
        """Between two points, found labels grow in proportion to all that is taken for 1: the precision follows a hyperbola."""
        found, taken = self.counts[FOUND], self.counts[FOUND] + self.counts[FALSE_ALARM]
        slope = ratio(found[:-1] - found[1:], np.maximum(taken[:-1] - taken[1:], 0))
        intercept = found[1:] - slope * taken[1:]
        both = (taken[:-1] > 0) & (taken[1:] > 0)
        growth = np.where(both, ratio(taken[:-1], taken[1:]), 1)
        growth = np.where(growth > 0, growth, 1)
        return ratio(slope * (found[:-1] - found[1:] + intercept * np.log(growth)), found[1:] + self.counts[MISSED][1:])

    def reset_state(self):
        self.counts = np.zeros((4, len(self.levels), self.num_labels or 1))
