"""Losses: what training makes small. Each is a mean over the batch, in the numbers of Keras."""
from .. import configurable, ops
from ..autograd import Tensor, as_tensor
from ..configurable import Configurable

REDUCTIONS = "sum_over_batch_size", "mean", "sum", "mean_with_sample_weight", "none", None


class Loss(Configurable):
    """A call with (y_true, y_pred) returns one number: the values of all samples, reduced.

    Write `call(y_true, y_pred)`, which returns a value for each sample.

    Args:
        name: of the loss in logs.
        reduction: "sum_over_batch_size" (the mean of the values, weighed or not), "mean" (the same), "sum",
            "mean_with_sample_weight" (the sum divided by that of the weights), or None for the values themselves.
    """

    def __init__(self, name=None, reduction="sum_over_batch_size"):
        if reduction not in REDUCTIONS:
            raise ValueError(f"{type(self).__name__}: reduction is one of {str(REDUCTIONS)[1:-1]}, not {reduction!r}")
        self.reduction, self.name = reduction, name or configurable.snake_case(type(self).__name__)

    def call(self, y_true, y_pred):
        raise NotImplementedError(f"{type(self).__name__} must define call(self, y_true, y_pred)")

    def __call__(self, y_true, y_pred, sample_weight=None):
        values = self.call(as_tensor(y_true), as_tensor(y_pred))
        if sample_weight is not None:
            sample_weight = fitted(sample_weight, values)
            values = values * sample_weight
        if self.reduction in (None, "none"):
            return values
        if self.reduction == "mean_with_sample_weight" and sample_weight is not None:
            return ops.sum(values) / (ops.sum(sample_weight).item() or 1)
        return ops.sum(values) if self.reduction == "sum" else ops.mean(values)


class LossFunctionWrapper(Loss):
    """A loss made of a function of (y_true, y_pred) that returns a value for each sample.

    Args:
        fn: the function.
        reduction, name: as for `Loss`; the function's name if None.
    """

    def __init__(self, fn, reduction="sum_over_batch_size", name=None):
        super().__init__(name or getattr(fn, "__name__", None), reduction)
        self.call = fn


def fitted(weights, values) -> Tensor:
    """Weights in the dtype of the values, in a shape that broadcasts to theirs: (N,) weighs all values (N, ...) of a sample.

    Raises:
        ValueError: they do not fit.
    """
    weights = ops.cast(as_tensor(weights), values.dtype)
    if weights.ndim == values.ndim + 1 and weights.shape[-1] == 1:
        weights = ops.squeeze(weights, axis=-1)
    shape = weights.shape + (1,) * (values.ndim - weights.ndim)
    if len(shape) > values.ndim or any(n not in (1, m) for n, m in zip(shape, values.shape)):
        raise ValueError(f"weights of shape {weights.shape} do not fit values of shape {values.shape}: give one weight for "
                         "each sample, (N,), or one for each value")
    return ops.reshape(weights, shape)


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


def get(identifier):
    """The Loss for a name ("sparse_categorical_crossentropy", "mse"), an object, or a function of (y_true, y_pred)."""
    found = configurable.get(Loss, identifier)
    return found if isinstance(found, Loss) else LossFunctionWrapper(found)
