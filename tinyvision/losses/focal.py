"""Crossentropies that look at what is hard (Lin et al., 2017): for rare classes, as in detection."""
from .. import ops
from ..autograd import Tensor
from ..config import epsilon
from ..device import array_library
from .base import Loss, matched
from .binary import fraction


def binary_focal_crossentropy(y_true, y_pred, apply_class_balancing=False, alpha=0.25, gamma=2.0, from_logits=False,
                              label_smoothing=0.0, axis=-1) -> Tensor:
    """The mean over an axis of (1 - p)**gamma * -log(p), p being the probability that the prediction gives to the label."""
    y_true, y_pred = matched(y_true, y_pred)
    if label_smoothing:
        y_true = y_true * (1 - label_smoothing) + 0.5 * label_smoothing
    y_pred = ops.sigmoid(y_pred) if from_logits else y_pred
    of_label = y_true * y_pred + (1 - y_true) * (1 - y_pred)
    values = (1 - of_label) ** gamma * ops.binary_crossentropy(y_true, y_pred)
    if apply_class_balancing:
        values = (y_true * alpha + (1 - y_true) * (1 - alpha)) * values
    return ops.mean(values, axis=axis)


def categorical_focal_crossentropy(y_true, y_pred, alpha=0.25, gamma=2.0, from_logits=False, label_smoothing=0.0,
                                   axis=-1) -> Tensor:
    """The sum over the class axis of -alpha * (1 - y_pred)**gamma * y_true * log(y_pred), for one-hot targets."""
    y_true, y_pred = matched(y_true, y_pred)
    if label_smoothing:
        y_true = y_true * (1 - label_smoothing) + label_smoothing / y_pred.shape[axis]
    y_pred = ops.softmax(y_pred, axis=axis) if from_logits else y_pred
    p = ops.clip(y_pred / ops.sum(y_pred, axis=axis, keepdims=True), epsilon(), 1 - epsilon())
    alpha = Tensor(array_library(p.data).asarray(alpha, p.dtype))
    return ops.sum((1 - p) ** gamma * alpha * -y_true * ops.log(p), axis=axis)


class BinaryFocalCrossentropy(Loss):
    """(1 - p)**gamma * -log(p), p being the probability that the prediction gives to the label, 0 or 1.

    What is easy counts little. https://keras.io/api/losses/probabilistic_losses/#binaryfocalcrossentropy-class

    Args:
        apply_class_balancing: whether to multiply by alpha where the label is 1, by 1 - alpha where it is 0.
        alpha: the weight of label 1.
        gamma: how little; 0 makes it the binary crossentropy.
        from_logits: whether the predictions are logits, before a sigmoid, in place of probabilities.
        label_smoothing: in [0, 1]: draws the labels towards a half.
        axis: the mean of which is a sample's value.
        reduction, name: as for `Loss`.
    """

    def __init__(self, apply_class_balancing=False, alpha=0.25, gamma=2.0, from_logits=False, label_smoothing=0.0, axis=-1,
                 reduction="sum_over_batch_size", name=None):
        super().__init__(name, reduction)
        self.settings = apply_class_balancing, alpha, gamma, from_logits, fraction(label_smoothing), axis

    def call(self, y_true, y_pred):
        return binary_focal_crossentropy(y_true, y_pred, *self.settings)


class CategoricalFocalCrossentropy(Loss):
    """-alpha * (1 - y_pred)**gamma * y_true * log(y_pred), summed over classes, for one-hot targets.

    What is easy counts little. https://keras.io/api/losses/probabilistic_losses/#categoricalfocalcrossentropy-class

    Args:
        alpha: the weight of the classes: a number, or a list of one for each.
        gamma: how little; 0 makes it alpha times the categorical crossentropy.
        from_logits: whether the predictions are logits, before a softmax, in place of probabilities.
        label_smoothing: in [0, 1]: draws the targets towards equal probabilities.
        axis: of the classes.
        reduction, name: as for `Loss`.
    """

    def __init__(self, alpha=0.25, gamma=2.0, from_logits=False, label_smoothing=0.0, axis=-1,
                 reduction="sum_over_batch_size", name=None):
        super().__init__(name, reduction)
        self.settings = alpha, gamma, from_logits, fraction(label_smoothing), axis

    def call(self, y_true, y_pred):
        return categorical_focal_crossentropy(y_true, y_pred, *self.settings)
