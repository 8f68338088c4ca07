"""The crossentropy of classes whose targets are class numbers."""
from .. import ops
from .base import Loss


class SparseCategoricalCrossentropy(Loss):
    """-log(y_pred[y_true]), for targets that are class numbers.

    https://keras.io/api/losses/probabilistic_losses/#sparsecategoricalcrossentropy-class

    Args:
        from_logits: whether the predictions are logits, before a softmax, in place of probabilities.
        axis: of the classes.
        reduction, name: as for `Loss`.
    """

    def __init__(self, from_logits=False, *, reduction="sum_over_batch_size", axis=-1, name=None):
        super().__init__(name, reduction)
        self.from_logits, self.axis = from_logits, axis

    def call(self, y_true, y_pred):
        return ops.sparse_categorical_crossentropy(y_true, y_pred, self.from_logits, self.axis)
