"""Precision and recall in one number."""
import numpy as np

from ..autograd import as_tensor, to_numpy
from ..config import epsilon
from ..losses.base import fitted, matched
from .base import Metric


class FBetaScore(Metric):
    """(1 + beta**2) * precision * recall / (beta**2 * precision + recall), for each class, or averaged.

    https://keras.io/api/metrics/classification_metrics/#fbetascore-class

    Args:
        average: None gives an array, a score for each class; "micro" takes all classes together; "macro" is the mean of the
            classes; "weighted" the mean by how often they occur.
        beta: how many times as much as precision recall counts.
        threshold: predictions above it are positive; None: the largest of a sample is.
        name: in logs.
    """
    direction = "up"

    def __init__(self, average=None, beta=1.0, threshold=None, name="fbeta_score"):
        super().__init__(name)
        if average not in (None, "micro", "macro", "weighted"):
            raise ValueError(f"{type(self).__name__}: average is None, 'micro', 'macro' or 'weighted', not {average!r}")
        if not beta > 0:
            raise ValueError(f"{type(self).__name__}: beta is above 0, got {beta!r}")
        if threshold is not None and not 0 < threshold <= 1:
            raise ValueError(f"{type(self).__name__}: threshold lies above 0 and is at most 1, got {threshold!r}")
        self.average, self.beta, self.threshold = average, beta, threshold
        self.reset_state()

    def update_state(self, y_true, y_pred, sample_weight=None):
        y_true, y_pred = matched(y_true, as_tensor(y_pred).detach())
        if y_pred.ndim != 2:
            raise ValueError(f"{type(self).__name__}: targets and predictions are (samples, classes), got {y_pred.shape}")
        weights = to_numpy(fitted(1.0 if sample_weight is None else sample_weight, y_pred))
        y_true, y_pred = to_numpy(y_true), to_numpy(y_pred)
        largest = y_pred.max(axis=-1, keepdims=True, initial=-np.inf)
        positive = (y_pred >= largest) & (np.abs(y_pred) > 1e-9) if self.threshold is None else y_pred > self.threshold
        parts = positive * y_true, positive * (1 - y_true), ~positive * y_true
        sums = np.array([(part * weights).sum(axis=0) for part in parts])
        self.counts = self.counts + (sums.sum(axis=1, keepdims=True) if self.average == "micro" else sums)

    def result(self):
        found, false_alarm, missed = self.counts
        precision, recall = found / (found + false_alarm + epsilon()), found / (found + missed + epsilon())
        scores = (1 + self.beta ** 2) * precision * recall / (self.beta ** 2 * precision + recall + epsilon())
        if self.average == "weighted":
            there = found + missed
            return float((scores * there / (there.sum() + epsilon())).sum())
        return scores if self.average is None else float(np.mean(scores))

    def reset_state(self):
        self.counts = np.zeros((3, 1))                     # found, false alarms, missed: of each class


class F1Score(FBetaScore):
    """2 * precision * recall / (precision + recall). https://keras.io/api/metrics/classification_metrics/#f1score-class

    Args: as for `FBetaScore`.

    >>> F1Score(average="macro")([[1, 0], [0, 1], [0, 1]], [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]])
    0.66666657777...
    """

    def __init__(self, average=None, threshold=None, name="f1_score"):
        super().__init__(average, 1.0, threshold, name)
