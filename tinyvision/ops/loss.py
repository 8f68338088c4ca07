"""Softmax, and the crossentropies: from probabilities and from logits, in the numbers of Keras."""
from ..autograd import Tensor, as_tensor
from ..config import epsilon, floatx
from ..device import array_library
from ..op import op
from .elementwise import clip, exp, log
from .reduce import sum
from .shape import squeeze


@op(floats=True)
def softmax(x, *, axis=-1):
    """exp(x) / sum(exp(x)) along an axis, without overflow."""
    e = array_library(x).exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


@op(floats=True)
def log_softmax(x, *, axis=-1):
    """log(softmax(x)), exact where softmax itself would be 0."""
    shifted = x - x.max(axis, keepdims=True)
    return shifted - array_library(x).log(array_library(x).exp(shifted).sum(axis, keepdims=True))


@op(differentiable=False)
def one_hot(x, *, num_classes, axis=-1, dtype=None):
    """Class numbers as rows of zeros with a single 1, along a new axis. Other numbers than 0 .. num_classes - 1 give zeros.

    >>> one_hot([0, 2], 3)
    Tensor([[1., 0., 0.],
            [0., 0., 1.]])
    """
    xp = array_library(x)
    y = x[..., None] == xp.arange(num_classes)
    return xp.moveaxis(y, -1, axis).astype(dtype or floatx())


def categorical_crossentropy(target, output, from_logits: bool = False, axis: int = -1) -> Tensor:
    """-sum(target * log(output)) along the class axis: https://keras.io/api/ops/nn/#categoricalcrossentropy-function

    Args:
        target: the true probabilities, of the shape of `output`; one-hot rows, for instance.
        output: probabilities, which are divided by their sum and held `epsilon()` away from 0 and 1; or logits.
        from_logits: whether `output` are logits, before a softmax.
        axis: of the classes.
    """
    target, output = as_tensor(target), as_tensor(output)
    if target.shape != output.shape:
        raise ValueError(f"categorical_crossentropy: the targets have shape {target.shape}, the output {output.shape}: they "
                         "must be equal. Targets that are class numbers need sparse_categorical_crossentropy")
    return crossentropy(target, output, from_logits=from_logits, axis=axis)


def crossentropy(target, output, *, from_logits, axis):
    """`categorical_crossentropy` of Tensors that fit, in small ops. (fused_loss.py has it in one.)"""
    if from_logits:
        return -sum(target * log_softmax(output, axis=axis), axis=axis)
    output = output / sum(output, axis=axis, keepdims=True)
    return -sum(target * log(clip(output, epsilon(), 1 - epsilon())), axis=axis)


def sparse_categorical_crossentropy(target, output, from_logits: bool = False, axis: int = -1) -> Tensor:
    """-log(output[target]): `categorical_crossentropy` for targets that are class numbers.

    https://keras.io/api/ops/nn/#sparsecategoricalcrossentropy-function

    Raises:
        ValueError: the shapes do not fit, or a class number is outside 0 .. num_classes - 1.

    >>> sparse_categorical_crossentropy([1], [[0.25, 0.75]])
    Tensor([0.2876821])
    """
    target, output = as_tensor(target), as_tensor(output)
    if target.ndim == output.ndim and target.shape[axis] == 1:
        target = squeeze(target, axis=axis)
    expected = output.shape[:axis % output.ndim] + output.shape[axis % output.ndim + 1:]
    if target.shape != expected:
        raise ValueError(f"sparse_categorical_crossentropy: class numbers of shape {expected} fit an output of shape "
                         f"{output.shape}, got {target.shape}. One-hot targets need categorical_crossentropy")
    classes = output.shape[axis]
    rows = one_hot(target, num_classes=classes, axis=axis, dtype=output.dtype)
    if int(array_library(rows.data).count_nonzero(rows.data)) != target.size:  # one question: answers of a GPU take long
        raise ValueError(f"sparse_categorical_crossentropy: class numbers are whole numbers in 0 .. {classes - 1}, for an "
                         f"output of {classes} classes; the targets go from {target.data.min()} to {target.data.max()}. "
                         "Targets that are probabilities need categorical_crossentropy")
    return categorical_crossentropy(rows, output, from_logits, axis)


softmax.gradient(x=lambda g, y, axis: y * (g - sum(g * y, axis=axis, keepdims=True)))
log_softmax.gradient(x=lambda g, y, axis: g - exp(y) * sum(g, axis=axis, keepdims=True))
