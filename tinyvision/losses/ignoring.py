"""The crossentropy of class numbers once more: with a class that does not count, such as the border in maps of segments."""
from .. import ops
from ..autograd import Tensor, as_tensor
from . import sparse_categorical
from .base import fitted


def sparse_categorical_crossentropy(y_true, y_pred, from_logits=False, ignore_class=None, axis=-1) -> Tensor:
    """-log(y_pred[y_true]) over the class axis, for targets that are class numbers; 0 where they are `ignore_class`."""
    y_true, y_pred = as_tensor(y_true), as_tensor(y_pred)
    if y_true.ndim == y_pred.ndim and y_true.shape[axis] == 1:
        y_true = ops.squeeze(y_true, axis=axis)
    if ignore_class is None or y_true.ndim + 1 != y_pred.ndim:             # an error, then
        return ops.sparse_categorical_crossentropy(y_true, y_pred, from_logits, axis)
    counts = y_true != ignore_class
    y_pred = ops.where(ops.expand_dims(counts, axis=axis), y_pred, 1)      # whatever is predicted there, even nan
    return ops.where(counts, ops.sparse_categorical_crossentropy(ops.where(counts, y_true, 0), y_pred, from_logits, axis), 0)


class SparseCategoricalCrossentropy(sparse_categorical.SparseCategoricalCrossentropy):
    """-log(y_pred[y_true]), for targets that are class numbers.

    https://keras.io/api/losses/probabilistic_losses/#sparsecategoricalcrossentropy-class

    Args:
        from_logits: whether the predictions are logits, before a softmax, in place of probabilities.
        ignore_class: a class number (255, or -1) whose samples or pixels do not count: means are taken over the others.
        axis: of the classes.
        reduction, name: as for `Loss`.

    >>> loss = SparseCategoricalCrossentropy(ignore_class=255)
    >>> loss([0, 255, 1], [[0.5, 0.5], [0.9, 0.1], [0.5, 0.5]])
    Tensor(0.6931472)
    """

    def __init__(self, from_logits=False, ignore_class=None, reduction="sum_over_batch_size", axis=-1, name=None):
        super().__init__(from_logits, reduction=reduction, axis=axis, name=name)
        self.ignore_class = ignore_class

    def call(self, y_true, y_pred):
        return sparse_categorical_crossentropy(y_true, y_pred, self.from_logits, self.ignore_class, self.axis)

    def __call__(self, y_true, y_pred, sample_weight=None):
        y_true, y_pred = as_tensor(y_true), as_tensor(y_pred)
        if self.ignore_class is not None:
            counts = ops.cast(y_true != self.ignore_class, y_pred.dtype)
            if self.reduction in ("sum_over_batch_size", "mean"):          # which divide by the number of all
                counts = counts / (counts.data.mean().item() or 1)
            sample_weight = counts if sample_weight is None else counts * fitted(sample_weight, counts)
        return super().__call__(y_true, y_pred, sample_weight)
