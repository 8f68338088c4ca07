"""Whether more of a metric is better, or less."""
from .. import losses
from ..losses.base import Loss
from .accuracy import sparse_top_k_categorical_accuracy, top_k_categorical_accuracy
from .base import accuracy, binary_accuracy, categorical_accuracy, sparse_categorical_accuracy

ACCURACIES = (accuracy, binary_accuracy, categorical_accuracy, sparse_categorical_accuracy, top_k_categorical_accuracy,
              sparse_top_k_categorical_accuracy)


def direction(metric) -> str | None:
    """"up" if more of a metric is better, "down" if less is; None where that cannot be known.

    Metrics say it by their attribute `direction`; those that are made of a function of tinyvision's, or of a loss, need not.

    >>> from tinyvision import metrics
    >>> direction(metrics.R2Score()), direction(metrics.get("mse")), direction(metrics.Mean())
    ('up', 'down', None)
    """
    known, function = getattr(metric, "direction", None), getattr(metric, "fn", None)
    if known in ("up", "down"):
        return known
    if hasattr(metric, "metric"):                          # it is that of one output among several
        return direction(metric.metric)
    if function in ACCURACIES:
        return "up"
    of_loss = function is not None and function is getattr(losses, getattr(function, "__name__", ""), None)
    return "down" if of_loss or isinstance(getattr(function, "__self__", None), Loss) else None
