"""Beginners' mistakes that would only show as bad results, named when training begins; misspelled arguments; data that are no
batches."""
import difflib
import functools
import inspect
import numbers
import warnings
import weakref
from collections.abc import Iterable, Iterator, Sized

from . import activations
from .autograd import is_recording
from .callbacks.base import Callback
from .configurable import check_names
from .data.batching import NoBatches, holds_arrays, unpacked
from .data.elements import described
from .data.pipeline import Dataset
from .layers.base import AFTER_CALL
from .outputs import LossOfOutputs
from .structures import leaves
from .training import CHECKS, Trainer

# Layers behind which numbers have another scale than the input, or may have.
RESCALING = {"Rescaling", "Lambda", *(f"{of}Normalization" for of in ("", "Batch", "Layer", "Group", "RMS", "Unit"))}


def check_compiled(model) -> None:
    """Raise ValueError if the last layer and the loss do not fit: a softmax before a loss that takes logits."""
    if isinstance(model.loss, LossOfOutputs):
        ends = [(loss, t.call.layer) for loss, t in zip(model.loss.losses, getattr(model, "outputs", ()))]
    else:
        ends = [(model.loss, model)]
    for loss, end in ends:
        last = next(reversed(_layers(end)), None)
        activation = activations.softmax if type(last).__name__ == "Softmax" else getattr(last, "activation", None)
        if getattr(loss, "from_logits", False) and activation in (activations.softmax, activations.sigmoid):
            raise ValueError(f"{last.name} ends in {activation.__name__}, but the loss was told from_logits=True, which "
                             "applies it once more: leave out one of the two")


def check_first_batch(model, x, y_pred) -> None:
    """Warn of raw bytes as input, and of predictions that cannot be the probabilities that the loss takes."""
    if getattr(x, "ndim", 0) == 4 and x.size and _takes_raw_numbers(model):
        largest = float(x.max())
        if largest > 100 and float(x.min()) >= 0:
            warnings.warn(f"the images go up to {largest:g}: networks learn badly from raw bytes; divide by 255, or begin the "
                          "model with layers.Rescaling(1 / 255)", stacklevel=5)
    loss = model.loss
    pairs = zip(loss.losses, loss.outputs.parts(y_pred, "predictions")) if isinstance(loss, LossOfOutputs) else [(loss, y_pred)]
    for loss, y in pairs:
        if getattr(loss, "from_logits", True) is not False or not y.size:
            continue
        smallest, largest = float(y.data.min()), float(y.data.max())
        if smallest < 0 or largest > 1 + 1e-3:
            warnings.warn(f"the loss {loss.name} takes probabilities, but the model returns numbers from {smallest:.3g} to "
                          f"{largest:.3g}: end the model in a softmax (or a sigmoid), or give the loss from_logits=True",
                          stacklevel=5)


def _takes_raw_numbers(model) -> bool:
    """Whether the first layer with weights gets the input in its own scale, which augmentation leaves as it is."""
    for layer in _layers(model):
        if type(layer).__name__ in RESCALING:
            return False
        if layer.weights:
            return True
    return False


def _layers(model) -> list:
    """The layers in the order in which they run, those of models inside too; none of a `call` of one's own."""
    if not hasattr(model, "layers"):
        return [model] if type(model).__name__ != "InputLayer" else []
    own = type(model).call.__module__.partition(".")[0] != __package__
    return [] if own else [inner for layer in model.layers for inner in _layers(layer)]


def notice_untold(layer, y, told) -> None:
    """Warn, once a layer, if nobody said whether this is training, gradients are recorded, and a layer would like to know."""
    if told is not None or id(layer) in _told_once or not is_recording():
        return
    if not any(getattr(t, "requires_grad", False) for t in leaves(y)):
        return
    _told_once[id(layer)] = layer
    if curious := next(_who_ask_for_training(layer), None):
        warnings.warn(f"{curious.name} ({type(curious).__name__}) ran in inference mode while gradients are recorded; say "
                      "model(x, training=True) to train, training=False to silence this", stacklevel=3)


def _who_ask_for_training(layer):
    """The layers, itself or inside, that compute something else in training."""
    for inner in layer.sublayers:
        yield from _who_ask_for_training(inner)
    if layer._takes_training() and not (layer.sublayers or getattr(layer, "active_untold", False)) and (
            layer.trainable or not layer.weights):
        yield layer


def check_metrics(arguments) -> None:
    """Raise TypeError if `compile` got the name of a metric in place of a list."""
    if isinstance(metrics := arguments.get("metrics"), str):
        raise TypeError(f"compile: metrics is a list: metrics=[{metrics!r}]")


def check_callbacks(arguments) -> None:
    """Let one Callback stand for a list of it. TypeError for what is none; a warning of methods that `fit` never calls."""
    if (given := arguments.get("callbacks")) is None:
        return
    several = isinstance(given, Iterable) and not isinstance(given, (Callback, str))
    arguments["callbacks"] = list(given) if several else [given]
    for callback in arguments["callbacks"]:
        if isinstance(callback, type):
            raise TypeError(f"fit: callbacks has the class {callback.__name__}, not an object of it: write "
                            f"callbacks=[{callback.__name__}(...)]")
        if not isinstance(callback, Callback):
            mend = "a function is one in LambdaCallback(on_epoch_end=...)" if callable(callback) else \
                "derive its class from tinyvision's callbacks.Callback"
            raise TypeError(f"fit: callbacks is a list of Callbacks, got {callback!r:.200} "
                            f"({type(callback).__name__}) in it: {mend}")
        if type(callback) not in _looked_at:
            _looked_at.add(type(callback))
            _warn_of_turns(callback)


def _warn_of_turns(callback):
    """Warn of methods that look like a turn of training, and are none."""
    turns = [name for name in vars(Callback) if name.startswith("on_")]
    for name in sorted({*dir(type(callback)), *vars(callback)}):
        if name.startswith("on_") and name not in turns:
            there = "test_batch" in name or "predict" in name             # in Keras, not here
            meant = [] if there else difflib.get_close_matches(name, turns, 1)
            hint = f"did you mean {meant[0]}?" if meant else f"it calls {', '.join(turns)}"
            warnings.warn(f"fit never calls {type(callback).__name__}.{name}: {hint}", stacklevel=4)


def names_arguments(method, check=None):
    """Let a method that is called with an unknown argument name the one that was probably meant; `check` sees the others."""
    signature = inspect.signature(method)
    known = list(signature.parameters)[1:]

    @functools.wraps(method)
    def call(self, *args, **settings):
        check_names(method.__name__, settings, known)
        if check is not None:
            given = signature.bind(self, *args, **settings)
            check(given.arguments)
            args, settings = given.args[1:], given.kwargs
        return method(self, *args, **settings)
    return call


def explains_data(method):
    """Let a method that goes through data say so if it fails since they are no batches."""
    signature = inspect.signature(method)

    @functools.wraps(method)
    def call(self, *args, **settings):
        try:
            return method(self, *args, **settings)
        except Exception as error:
            if isinstance(error, NoBatches) or hasattr(error, "failed_batch"):
                _explain(self, method.__name__, signature.bind(self, *args, **settings).arguments, error)
            raise
    return call


def marks_batches(step):
    """Let what is raised in a step on a batch hold that batch, for `explains_data`."""
    @functools.wraps(step)
    def call(self, batch):
        try:
            return step(self, batch)
        except Exception as error:
            error.failed_batch = batch
            raise
    return call


def _explain(model, method, arguments, error) -> None:
    """Raise a better error, or add a note, if an iterable of data gave no batches, or samples in place of batches."""
    data, batch = arguments.get("x"), vars(error).pop("failed_batch", None)
    if data is None or arguments.get("y") is not None or holds_arrays(data):
        return
    if isinstance(error, NoBatches):
        raise ValueError(f"{error}: {_why_none(data)}") from None
    if isinstance(batch, (list, tuple)) and not 1 <= len(batch) <= 3:
        return
    x, y = (batch, None) if method == "predict" else unpacked(batch)[:2]
    mend = "add .batch(32) to the Dataset" if isinstance(data, Dataset) else \
        "give arrays of several samples, along a first axis; a Dataset of samples makes them by .batch(32)"
    given = described(x if y is None else (x, y))
    if _is_sample(model, x, y):
        raise ValueError(f"{method}: the data give single samples, {given}, not batches: {mend}") from error
    lengths = {shape[0] for shape in (*_shapes(x), *_shapes(y))}
    if len(lengths) > 1 or "(N, " in str(error):           # of the latter, a layer without weights expected another shape
        error.add_note(f"The data gave {given}. If that is a single sample, not a batch: {mend}")


def _is_sample(model, x, y):
    """Whether it is sure that x and y are one sample: there is a number alone, or x has just the shape of an Input."""
    xs, symbols = _shapes(x), getattr(model, "inputs", None) or ()
    if () in xs or () in _shapes(y):
        return True
    return len(xs) == len(symbols) and any(
        len(shape) == symbol.ndim - 1 and all(n in (m, None) for n, m in zip(symbol.shape[1:], shape))
        for shape, symbol in zip(xs, symbols))


def _shapes(part):
    if isinstance(part, numbers.Number):
        return [()]
    return [tuple(x.shape) for x in leaves(part) if hasattr(x, "shape")]


def _why_none(data):
    if isinstance(data, Dataset):
        return ("take, skip or filter leaves nothing of the Dataset, batch(n, drop_remainder=True) got less than n samples, or "
                "there was nothing at the start; list(dataset.take(1)) after each of these shows which")
    if isinstance(data, Iterator):
        return ("a generator can be gone through only once; give a list or a Dataset, or a generator without end and "
                "steps_per_epoch")
    if isinstance(data, Sized) and not len(data):
        return "there is nothing in them"
    return f"each call of {type(data).__name__}.__iter__ is to begin anew"


_looked_at = weakref.WeakSet()                             # classes of callbacks
_told_once = weakref.WeakValueDictionary()
AFTER_CALL.append(notice_untold)
CHECKS["compile"].append(check_compiled)
CHECKS["first batch"].append(check_first_batch)
for _name in "fit", "evaluate":
    setattr(Trainer, _name, explains_data(getattr(Trainer, _name)))
for _name, _check in ("compile", check_metrics), ("fit", check_callbacks), ("evaluate", None):
    setattr(Trainer, _name, names_arguments(getattr(Trainer, _name), _check))
for _name in "train_step", "test_step":
    setattr(Trainer, _name, marks_batches(getattr(Trainer, _name)))
