"""Losses: what training makes small. Each is a mean over the batch, in the numbers of Keras."""
from .. import configurable, ops
from ..autograd import Tensor, as_tensor
from ..configurable import Configurable


class Loss(Configurable):
    """A call with (y_true, y_pred) returns one number: the values of all samples, reduced.

    Write `call(y_true, y_pred)`, which returns a value for each sample.

    Args:
        name: of the loss in logs.
        reduction: "sum_over_batch_size" (the mean), "mean", "sum", or None for the values themselves.
    """

    def __init__(self, name=None, reduction="sum_over_batch_size"):
        if reduction not in ("sum_over_batch_size", "mean", "sum", "none", None):
            raise ValueError(f"{type(self).__name__}: reduction is 'sum_over_batch_size', 'mean', 'sum' or None, "
                             f"not {reduction!r}")
        self.reduction, self.name = reduction, name or configurable.snake_case(type(self).__name__)

    def call(self, y_true, y_pred):
        raise NotImplementedError(f"{type(self).__name__} must define call(self, y_true, y_pred)")

    def __call__(self, y_true, y_pred):
        return reduced(self.call(as_tensor(y_true), as_tensor(y_pred)), self.reduction)


def reduced(values: Tensor, reduction: str | None) -> Tensor:
    """A tensor of values, made one number."""
    if reduction in (None, "none"):
        return values
    return ops.sum(values) if reduction == "sum" else ops.mean(values)


def matched(y_true, y_pred) -> tuple[Tensor, Tensor]:
    """Targets in the dtype and shape of the predictions: (N,) with (N, 1) is matched, as in Keras.

    Raises:
        ValueError: the shapes differ otherwise: broadcasting would compare each sample with each other.
    """
    y_true, y_pred = as_tensor(y_true), as_tensor(y_pred)
    if y_true.ndim + 1 == y_pred.ndim and y_pred.shape[-1] == 1:
        y_true, y_pred = _one_rank(y_true, y_pred)
    elif y_pred.ndim + 1 == y_true.ndim and y_true.shape[-1] == 1:
        y_pred, y_true = _one_rank(y_pred, y_true)
    if y_true.shape != y_pred.shape:
        raise ValueError(f"the targets have shape {y_true.shape}, the predictions {y_pred.shape}: they must be equal. Class "
                         "numbers need sparse_categorical_crossentropy; otherwise mend the last layer or the targets")
    return (y_true if y_true.dtype == y_pred.dtype else ops.cast(y_true, y_pred.dtype)), y_pred


def _one_rank(flat, column):
    """(N,) with (N, 1) becomes (N, 1); (N, M) with (N, M, 1) becomes (N, M)."""
    return (ops.expand_dims(flat, axis=-1), column) if flat.ndim == 1 else (flat, ops.squeeze(column, axis=-1))


def fraction(value):
    """A label smoothing, if it lies between 0 and 1."""
    if not 0 <= value <= 1:
        raise ValueError(f"label_smoothing lies between 0 and 1, got {value}")
    return value


def get(identifier):
    """The loss for a name ("sparse_categorical_crossentropy", "mse"), an object, or a function of (y_true, y_pred)."""
    return configurable.get(Loss, identifier)
