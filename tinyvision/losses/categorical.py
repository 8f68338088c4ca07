"""The crossentropy of one-hot targets."""
from .. import ops
from ..autograd import Tensor
from .base import Loss, matched
from .binary import fraction


def categorical_crossentropy(y_true, y_pred, from_logits=False, label_smoothing=0.0, axis=-1) -> Tensor:
    """-sum(y_true * log(y_pred)) over the class axis, for one-hot targets."""
    y_true, y_pred = matched(y_true, y_pred)
    if label_smoothing:
        y_true = y_true * (1 - label_smoothing) + label_smoothing / y_pred.shape[axis]
    return ops.categorical_crossentropy(y_true, y_pred, from_logits, axis)


class CategoricalCrossentropy(Loss):
    """-sum(y_true * log(y_pred)), for one-hot targets.

    https://keras.io/api/losses/probabilistic_losses/#categoricalcrossentropy-class

    Args:
        from_logits: whether the predictions are logits, before a softmax, in place of probabilities.
        label_smoothing: in [0, 1]: draws the targets towards equal probabilities.
        axis: of the classes.
        reduction, name: as for `Loss`.
    """
    aliases = "cce",

    def __init__(self, from_logits=False, label_smoothing=0.0, axis=-1, reduction="sum_over_batch_size", name=None):
        super().__init__(name, reduction)
        self.from_logits, self.label_smoothing, self.axis = from_logits, fraction(label_smoothing), axis

    def call(self, y_true, y_pred):
        return categorical_crossentropy(y_true, y_pred, self.from_logits, self.label_smoothing, self.axis)
