"""The crossentropy of labels 0 and 1."""
from .. import ops
from ..autograd import Tensor
from .base import Loss, matched


def fraction(value):
    """A label smoothing, if it lies between 0 and 1."""
    if not 0 <= value <= 1:
        raise ValueError(f"label_smoothing lies between 0 and 1, got {value}")
    return value


def binary_crossentropy(y_true, y_pred, from_logits=False, label_smoothing=0.0, axis=-1) -> Tensor:
    """The mean over an axis of -y_true * log(y_pred) - (1 - y_true) * log(1 - y_pred)."""
    y_true, y_pred = matched(y_true, y_pred)
    if label_smoothing:
        y_true = y_true * (1 - label_smoothing) + 0.5 * label_smoothing
    return ops.mean(ops.binary_crossentropy(y_true, y_pred, from_logits), axis=axis)


class BinaryCrossentropy(Loss):
    """-y_true * log(y_pred) - (1 - y_true) * log(1 - y_pred), for labels 0 and 1, or several of them a sample.

    https://keras.io/api/losses/probabilistic_losses/#binarycrossentropy-class

    Args:
        from_logits: whether the predictions are logits, before a sigmoid, in place of probabilities.
        label_smoothing: in [0, 1]: draws the labels towards a half.
        axis: the mean of which is a sample's value.
        reduction, name: as for `Loss`.
    """
    aliases = "bce",

    def __init__(self, from_logits=False, label_smoothing=0.0, axis=-1, reduction="sum_over_batch_size", name=None):
        super().__init__(name, reduction)
        self.from_logits, self.label_smoothing, self.axis = from_logits, fraction(label_smoothing), axis

    def call(self, y_true, y_pred):
        return binary_crossentropy(y_true, y_pred, self.from_logits, self.label_smoothing, self.axis)
