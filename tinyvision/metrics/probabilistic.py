"""Crossentropies and other losses of distributions, as metrics: https://keras.io/api/metrics/probabilistic_metrics/"""
from .. import losses, ops
from ..autograd import as_tensor
from ..losses.base import fitted
from ..losses.binary import fraction
from .base import MeanMetricWrapper


class KLDivergence(MeanMetricWrapper):
    """The mean of sum(y_true * log(y_true / y_pred)). https://keras.io/api/metrics/probabilistic_metrics/

    Args:
        name: in logs.
    """
    aliases = "kld",
    direction = "down"

    def __init__(self, name="kl_divergence"):
        super().__init__(losses.kl_divergence, name)


class Poisson(MeanMetricWrapper):
    """The mean of y_pred - y_true * log(y_pred). https://keras.io/api/metrics/probabilistic_metrics/

    Args:
        name: in logs.
    """
    direction = "down"

    def __init__(self, name="poisson"):
        super().__init__(losses.poisson, name)


class BinaryCrossentropy(MeanMetricWrapper):
    """The crossentropy of labels 0 and 1. https://keras.io/api/metrics/probabilistic_metrics/

    Args:
        name: in logs.
        from_logits: whether the predictions are logits, before a sigmoid, in place of probabilities.
        label_smoothing: in [0, 1]: draws the labels towards a half.
    """
    aliases = "bce",
    direction = "down"

    def __init__(self, name="binary_crossentropy", from_logits=False, label_smoothing=0):
        fraction(label_smoothing)
        super().__init__(lambda *y: losses.binary_crossentropy(*y, from_logits, label_smoothing), name)


class CategoricalCrossentropy(MeanMetricWrapper):
    """The crossentropy of one-hot targets. https://keras.io/api/metrics/probabilistic_metrics/

    Args:
        name: in logs.
        from_logits: whether the predictions are logits, before a softmax, in place of probabilities.
        label_smoothing: in [0, 1]: draws the targets towards equal probabilities.
        axis: of the classes.
    """
    aliases = "cce",
    direction = "down"

    def __init__(self, name="categorical_crossentropy", from_logits=False, label_smoothing=0, axis=-1):
        fraction(label_smoothing)
        super().__init__(lambda *y: losses.categorical_crossentropy(*y, from_logits, label_smoothing, axis), name)


class SparseCategoricalCrossentropy(MeanMetricWrapper):
    """The crossentropy of targets that are class numbers. https://keras.io/api/metrics/probabilistic_metrics/

    Args:
        name: in logs.
        from_logits: whether the predictions are logits, before a softmax, in place of probabilities.
        ignore_class: a class number (255, or -1) whose samples or pixels do not count.
        axis: of the classes.
    """
    direction = "down"

    def __init__(self, name="sparse_categorical_crossentropy", from_logits=False, ignore_class=None, axis=-1):
        super().__init__(lambda *y: losses.sparse_categorical_crossentropy(*y, from_logits, ignore_class, axis), name)
        self.ignore_class = ignore_class

    def update_state(self, y_true, y_pred, sample_weight=None):
        if self.ignore_class is not None:
            counts = ops.cast(as_tensor(y_true) != self.ignore_class, "float64")
            sample_weight = counts if sample_weight is None else counts * fitted(sample_weight, counts)
        super().update_state(y_true, y_pred, sample_weight)
