"""Losses: what training makes small. Each is a mean over the batch, in the numbers of Keras."""
from . import ops, serialization
from .autograd import as_tensor
from .serialization import Configurable


class Loss(Configurable):
    """A call with (y_true, y_pred) returns one number: the values of all samples, reduced.

    Write `call(y_true, y_pred)`, which returns a value for each sample.

    Args:
        reduction: "sum_over_batch_size" (the mean), "mean", "sum", or None for the values themselves.
        name: of the loss in logs.
    """

    def __init__(self, reduction="sum_over_batch_size", name=None):
        if reduction not in ("sum_over_batch_size", "mean", "sum", "none", None):
            raise ValueError(f"{type(self).__name__}: reduction is 'sum_over_batch_size', 'mean', 'sum' or None, "
                             f"not {reduction!r}")
        self.reduction, self.name = reduction, name or serialization.snake_case(type(self).__name__)

    def call(self, y_true, y_pred):
        raise NotImplementedError(f"{type(self).__name__} must define call(self, y_true, y_pred)")

    def __call__(self, y_true, y_pred):
        return reduced(self.call(as_tensor(y_true), as_tensor(y_pred)), self.reduction)


def reduced(values, reduction):
    """A tensor of values, made one number."""
    if reduction in (None, "none"):
        return values
    return ops.sum(values) if reduction == "sum" else ops.mean(values)


def matched(y_true, y_pred):
    """Targets in the dtype and shape of the predictions: (N,) with (N, 1) is matched, as in Keras.

    Raises:
        ValueError: the shapes differ otherwise: broadcasting would compare each sample with each other.
    """
    y_true, y_pred = as_tensor(y_true), as_tensor(y_pred)
    if y_true.ndim + 1 == y_pred.ndim and y_pred.shape[-1] == 1:
        y_true = ops.expand_dims(y_true, axis=-1)
    elif y_pred.ndim + 1 == y_true.ndim and y_true.shape[-1] == 1:
        y_true = ops.squeeze(y_true, axis=-1)
    if y_true.shape != y_pred.shape:
        raise ValueError(f"the targets have shape {y_true.shape}, the predictions {y_pred.shape}: they must be equal. Class "
                         "numbers need sparse_categorical_crossentropy; otherwise mend the last layer or the targets")
    return (y_true if y_true.dtype == y_pred.dtype else ops.cast(y_true, y_pred.dtype)), y_pred


def mean_squared_error(y_true, y_pred):
    """mean((y_true - y_pred)**2) over the last axis."""
    y_true, y_pred = matched(y_true, y_pred)
    return ops.mean(ops.square(y_true - y_pred), axis=-1)


def binary_crossentropy(y_true, y_pred, from_logits=False, label_smoothing=0.0, axis=-1):
    """The mean over an axis of -y_true * log(y_pred) - (1 - y_true) * log(1 - y_pred)."""
    y_true, y_pred = matched(y_true, y_pred)
    if label_smoothing:
        y_true = y_true * (1 - label_smoothing) + 0.5 * label_smoothing
    return ops.mean(ops.binary_crossentropy(y_true, y_pred, from_logits), axis=axis)


def categorical_crossentropy(y_true, y_pred, from_logits=False, label_smoothing=0.0, axis=-1):
    """-sum(y_true * log(y_pred)) over the class axis, for one-hot targets."""
    y_true, y_pred = matched(y_true, y_pred)
    if label_smoothing:
        y_true = y_true * (1 - label_smoothing) + label_smoothing / y_pred.shape[axis]
    return ops.categorical_crossentropy(y_true, y_pred, from_logits, axis)


def sparse_categorical_crossentropy(y_true, y_pred, from_logits=False, *, axis=-1):
    """-log(y_pred[y_true]) over the class axis, for targets that are class numbers."""
    return ops.sparse_categorical_crossentropy(y_true, y_pred, from_logits, axis)


class MeanSquaredError(Loss):
    """mean((y_true - y_pred)**2). https://keras.io/api/losses/regression_losses/#meansquarederror-class

    Args: as for `Loss`.
    """
    aliases = "mse",

    def call(self, y_true, y_pred):
        return mean_squared_error(y_true, y_pred)


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
        super().__init__(reduction, name)
        self.from_logits, self.label_smoothing, self.axis = from_logits, _fraction(label_smoothing), axis

    def call(self, y_true, y_pred):
        return binary_crossentropy(y_true, y_pred, self.from_logits, self.label_smoothing, self.axis)


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
        super().__init__(reduction, name)
        self.from_logits, self.label_smoothing, self.axis = from_logits, _fraction(label_smoothing), axis

    def call(self, y_true, y_pred):
        return categorical_crossentropy(y_true, y_pred, self.from_logits, self.label_smoothing, self.axis)


class SparseCategoricalCrossentropy(Loss):
    """-log(y_pred[y_true]), for targets that are class numbers.

    https://keras.io/api/losses/probabilistic_losses/#sparsecategoricalcrossentropy-class

    Args:
        from_logits: whether the predictions are logits, before a softmax, in place of probabilities.
        axis: of the classes.
        reduction, name: as for `Loss`.
    """

    def __init__(self, from_logits=False, *, reduction="sum_over_batch_size", axis=-1, name=None):
        super().__init__(reduction, name)
        self.from_logits, self.axis = from_logits, axis

    def call(self, y_true, y_pred):
        return sparse_categorical_crossentropy(y_true, y_pred, self.from_logits, axis=self.axis)


def _fraction(value):
    if not 0 <= value <= 1:
        raise ValueError(f"label_smoothing lies between 0 and 1, got {value}")
    return value


def get(identifier):
    """The loss for a name ("sparse_categorical_crossentropy", "mse"), an object, or a function of (y_true, y_pred)."""
    return serialization.get(Loss, identifier)
