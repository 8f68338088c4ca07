"""How much of the variance of the targets is explained."""
import warnings

import numpy as np

from ..autograd import as_tensor, to_numpy
from ..losses.base import fitted, matched
from .base import Metric


class R2Score(Metric):
    """1 - sum((y_true - y_pred)**2) / sum((y_true - mean(y_true))**2): 1 is perfect, 0 as good as the mean.

    https://keras.io/api/metrics/regression_metrics/#r2score-class

    Args:
        class_aggregation: "uniform_average" of the scores of all outputs, "variance_weighted_average", or None: one
            for each.
        num_regressors: of how many numbers the prediction is made, for the adjusted score; 0 does not adjust.
        name: in logs.
    """
    direction = "up"

    def __init__(self, class_aggregation="uniform_average", num_regressors=0, name="r2_score"):
        super().__init__(name)
        if class_aggregation not in (None, "uniform_average", "variance_weighted_average"):
            raise ValueError("R2Score: class_aggregation is 'uniform_average', 'variance_weighted_average' or None, not "
                             f"{class_aggregation!r}")
        if num_regressors < 0:
            raise ValueError(f"R2Score: num_regressors is at least 0, got {num_regressors}")
        self.class_aggregation, self.num_regressors = class_aggregation, num_regressors
        self.reset_state()

    def update_state(self, y_true, y_pred, sample_weight=None):
        y_true, y_pred = matched(y_true, as_tensor(y_pred).detach())
        if y_pred.ndim != 2:
            raise ValueError(f"R2Score: targets and predictions are (samples, outputs), got {y_pred.shape}")
        w = to_numpy(fitted(1.0 if sample_weight is None else sample_weight, y_pred))
        y, p = to_numpy(y_true), to_numpy(y_pred)
        w = np.broadcast_to(w, y.shape)
        self.sums = self.sums + np.array([(a * w).sum(axis=0) for a in (1, y, y * y, (y - p) ** 2)], float)
        self.samples += y.size

    def result(self):
        count, total, squares, errors = self.sums
        with np.errstate(divide="ignore", invalid="ignore"):
            spread = squares - total * (total / count)
            scores = 1 - errors / spread
        scores = np.where(np.isinf(scores), 0, scores)
        if self.class_aggregation is None:
            return self._adjusted(scores)
        weighted = self.class_aggregation == "variance_weighted_average"
        return float(self._adjusted((spread * scores).sum() / spread.sum() if weighted else scores.mean()))

    def _adjusted(self, score):
        """1 - (1 - score) * (n - 1) / (n - p - 1), for p numbers of which predictions are made."""
        n, p = self.samples, self.num_regressors
        if p and p >= n - 1:
            warnings.warn(f"R2Score: {p} regressors for {n} values: the score is not adjusted", stacklevel=3)
            p = 0
        return 1 - (1 - score) * (n - 1) / (n - p - 1) if p else score

    def reset_state(self):
        self.sums, self.samples = np.zeros((4, 1)), 0      # rows: weights, targets, their squares, squared errors
