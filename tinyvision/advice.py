"""Beginners' mistakes that would only show as bad results, named when training begins."""
import warnings

from . import activations
from .training import CHECKS


def check_compiled(model) -> None:
    """Raise ValueError if the last layer and the loss do not fit: a softmax before a loss that takes logits."""
    last = model.layers[-1] if model.layers else None
    activation = getattr(last, "activation", None)
    if getattr(model.loss, "from_logits", False) and activation in (activations.softmax, activations.sigmoid):
        raise ValueError(f"{last.name} ends in {activation.__name__}, but the loss was told from_logits=True, which applies it "
                         "once more: leave out one of the two")


def check_first_batch(model, x, y_pred) -> None:
    """Warn of raw bytes as input, and of predictions that cannot be the probabilities that the loss takes."""
    layers = [type(layer).__name__ for layer in model.layers if type(layer).__name__ != "InputLayer"]
    if getattr(x, "ndim", 0) == 4 and x.size and layers and layers[0] not in ("Rescaling", "BatchNormalization"):
        largest = float(x.max())
        if largest > 100 and float(x.min()) >= 0:
            warnings.warn(f"the images go up to {largest:g}: networks learn badly from raw bytes; divide by 255, or begin the "
                          "model with layers.Rescaling(1 / 255)", stacklevel=5)
    loss, values = model.loss, y_pred.data
    if getattr(loss, "from_logits", True) is False and values.size:
        smallest, largest = float(values.min()), float(values.max())
        if smallest < 0 or largest > 1 + 1e-3:
            warnings.warn(f"the loss {loss.name} takes probabilities, but the model returns numbers from {smallest:.3g} to "
                          f"{largest:.3g}: end the model in a softmax (or a sigmoid), or give the loss from_logits=True",
                          stacklevel=5)


CHECKS["compile"].append(check_compiled)
CHECKS["first batch"].append(check_first_batch)
