"""All laws that the engine's layers keep, on a layer of your own."""
import json
import tempfile
from pathlib import Path

import numpy as np

from .. import kernels
from ..autograd import Tensor, grad, tensor
from ..configurable import find_class
from ..layers.base import Layer
from ..layers.core import Input
from ..models import Model
from ..models.saving import load_model
from ..reporting import DoesNotApply, Report
from ..serialization import serialize
from ..structures import leaves, map_structure
from .gradients import check_gradients
from .ops import described, versions_that_run

TRIES = 4                                                  # copies, in one of which each weight must learn
STEP = 1e-6                                                # of central differences, in float64
HINTS = {
    "made again from its config": "`__init__` takes all settings by name and keeps them, and hands **settings to "
                                  "super().__init__(**settings).",
    "shapes": "The shape of the output may depend on that of the input alone, and the batch comes first.",
    "gradient of the inputs": "`call` is made of ops; NumPy's results have no gradient.",
    "gradients of the weights": "Use a weight through ops only, and as it is, not as weight.data.",
    "every weight learns": "A weight is made by add_weight in `build`, and used in `call`. (A ReLU that is negative for all "
                           "samples stops gradients, too: try more units.)",
    "dtypes": "Hand `dtype` on to super().__init__ with **settings; make layers inside with dtype=self.dtype, and arrays in "
              "the dtype of the input.",
    "frozen": "Layers inside must be attributes, in lists and dictionaries too, or nobody finds them.",
    "inference repeats itself": "Random numbers, and what the batch tells, belong to training alone: `call` can have an "
                                "argument training=False.",
    "samples are independent": "In inference a sample's result must not depend on the others of the batch: look for sums and "
                               "means over axis 0, and for reshapes that mix the batch with other axes.",
    "empty batch": "The functional interface runs a layer on no samples at all, to learn its shapes.",
    "saved and loaded": "What `get_config` returns must be numbers, text, lists and dictionaries; weights are found again by "
                        "their order.",
    "versions of kernels agree": "Each version must compute what the reference does.",
}


class Subject:
    """A layer, copies of it made from its config, and inputs for them."""

    def __init__(self, layer, input_shape, batch_size):
        if not isinstance(layer, Layer):
            hint = ": make one, check_layer(MyLayer(...), ...)" if isinstance(layer, type) else ""
            raise TypeError(f"check_layer: takes a layer, got {type(layer).__name__}{hint}")
        self.layer, self.batch_size, self.generator = layer, batch_size, np.random.default_rng(0)
        if not isinstance(input_shape, (tuple, list)) or not input_shape:
            raise TypeError("check_layer: the input shape is that of one sample, (28, 28, 1), or a list of them, got "
                            f"{input_shape!r}")
        several = isinstance(input_shape, list) or isinstance(input_shape[0], (tuple, list))
        self.shapes = [tuple(shape) for shape in input_shape] if several else tuple(input_shape)
        self.own_classes = {type(part).__name__: type(part) for part in _parts(layer) if not _is_tinyvisions(type(part))}

    def copy(self, dtype="float32", built=True) -> Layer:
        """A new layer from the config, with weights that are not the first ones: zeros hide mistakes."""
        new = type(self.layer).from_config({**self.layer.get_config(), "dtype": dtype})
        if built:
            new(self.inputs(dtype), training=False)
            for weight in new.trainable_weights:
                weight.assign(weight.numpy() + 0.1 * self.generator.standard_normal(weight.shape))
        return new

    def inputs(self, dtype="float32", batch_size=None):
        """Random Tensors of the input shape."""
        n = self.batch_size if batch_size is None else batch_size

        def some(shape):
            return tensor(self.generator.standard_normal((n, *shape)).astype(dtype))
        return [some(shape) for shape in self.shapes] if isinstance(self.shapes, list) else some(self.shapes)

    def model(self, layer) -> Model:
        """A model of nothing but a layer."""
        inputs = [Input(shape) for shape in self.shapes] if isinstance(self.shapes, list) else Input(self.shapes)
        return Model(inputs, layer(inputs))


def check_layer(layer, input_shape, *, batch_size: int = 3, second: bool = True, tolerance: float = 1e-5,
                verbose: bool = True) -> Report:
    """Hold a layer against the laws that tinyvision's own layers keep, and print what was found.

    The laws: it can be made again from its config; its shapes are what it says; float32 and float64 go through all of it;
    gradients with respect to inputs (second ones, too) and weights agree with central differences, in training and out of it;
    every weight receives a gradient, and none if it is frozen; samples do not see each other in inference; an empty batch
    works; it is saved to a `.keras` file and loaded again; with all versions of the
    kernels it computes the same; and how long it takes.

    Args:
        layer: an object of your class; the check works on copies of it, made from its config.
        input_shape: of one sample, without the batch axis; a list of shapes for a layer of several inputs.
        batch_size: of the samples.
        second: whether gradients of gradients are to be had.
        tolerance: of float32, relative to the largest number.
        verbose: whether to print.

    Raises:
        AssertionError: a law is broken; the message lists all that are.

    >>> from tinyvision import layers
    >>> check_layer(layers.Dense(4, activation="tanh"), (3,), verbose=False).ok
    True
    """
    subject = Subject(layer, input_shape, batch_size)
    report = Report(f"{type(layer).__name__}, inputs {input_shape}", verbose)

    def law(name, check):
        report.law(name, lambda: check(subject), HINTS.get(name, ""))

    law("made again from its config", _config)
    if not report.ok:
        return report.finish()                             # all other laws work on copies
    law("shapes", _shapes)
    law("dtypes", _dtypes)
    law("gradient of the inputs", lambda s: _input_gradient(s, second))
    law("gradients of the weights", _weight_gradients)
    law("every weight learns", _every_weight)
    law("frozen", _frozen)
    law("inference repeats itself", _repeats)
    law("samples are independent", _independent)
    law("empty batch", _empty)
    law("saved and loaded", _saved)
    law("versions of kernels agree", lambda s: _versions(s, tolerance))
    law("time", _time)
    return report.finish()


def _parts(layer):
    yield layer
    for part in layer.sublayers:
        yield from _parts(part)


def _is_tinyvisions(cls):
    try:
        return find_class(cls.__name__, cls.__module__) is cls
    except ValueError:
        return False


def _config(subject):
    config = subject.layer.get_config()
    json.dumps(serialize(config))
    again = type(subject.layer).from_config(config)
    assert serialize(again.get_config()) == serialize(config), "the copy has another config"
    shapes = [weight.shape for weight in subject.copy().weights]
    if subject.layer.built and shapes != (own := [weight.shape for weight in subject.layer.weights]):
        raise AssertionError(f"the copy has weights of shapes {shapes}, the layer {own}")
    return f"{sum(map(np.prod, shapes)):,.0f} weights in {len(shapes)} arrays" if shapes else "no weights"


def _shapes(subject):
    layer = subject.copy()
    shapes = [(None, *s) for s in subject.shapes] if isinstance(subject.shapes, list) else (None, *subject.shapes)
    promised = layer.compute_output_shape(shapes)
    for n in subject.batch_size, 1:
        found = map_structure(lambda t: t.shape, layer(subject.inputs(batch_size=n), training=False))
        expected = map_structure(lambda t, n=n: (n, *t.shape[1:]), layer(subject.inputs(), training=False))
        assert found == expected, f"for {n} samples the output has shape {found}, not {expected}"
    symbolic = map_structure(lambda t: t.shape, subject.model(subject.copy(built=False)).output)
    assert symbolic == promised, f"compute_output_shape says {promised}, a functional model {symbolic}"
    return f"{shapes} -> {promised}"


def _sum(y, seed=0):
    """One number of all outputs, each with a random weight."""
    generator = np.random.default_rng(seed)
    return sum((t * generator.standard_normal(t.shape).astype(t.dtype)).sum() for t in leaves(y))


def _modes(layer, x):
    """training=False; and True, unless the layer draws random numbers there."""
    one, other = (_sum(layer(x, training=True)).item() for _ in range(2))
    return (False, True) if one == other else (False,)


def _in_float64(subject):
    """A copy whose weights are all in float64, which central differences need."""
    layer = subject.copy("float64")
    if any(weight.dtype == "float32" for weight in layer.weights):
        raise DoesNotApply("needs a layer that is float64 throughout: see dtypes")
    return layer


def _input_gradient(subject, second):
    layer, x = _in_float64(subject), subject.inputs("float64")
    several = isinstance(x, list)
    modes = _modes(layer, x)
    for training in modes:
        def run(*xs, training=training):
            return _sum(layer(list(xs) if several else xs[0], training=training))
        check_gradients(run, x if several else [x], second=second)
    said = "in inference and in training" if True in modes else "in inference; in training it is random"
    return f"first and second, {said}" if second else said


def _weight_gradients(subject):
    """Each weight, moved a little along a random direction, changes the output as its gradient says."""
    layer, x = _in_float64(subject), subject.inputs("float64")
    if not layer.trainable_weights:
        raise DoesNotApply("it has no weights to train")
    for training in _modes(layer, x):
        found = grad(_sum(layer(x, training=training)), layer.trainable_weights, allow_unused=True)
        for weight, g in zip(layer.trainable_weights, found):
            start, u = weight.numpy().copy(), subject.generator.standard_normal(weight.shape)
            values = []
            for sign in 1, -1:
                weight.assign(start + sign * STEP * u)
                values.append(_sum(layer(x, training=training)).item())
            weight.assign(start)
            slope = (values[0] - values[1]) / (2 * STEP)
            given = 0.0 if g is None else float((g.numpy() * u).sum())
            rounding = 10 * np.finfo(np.float64).eps * max(1, *map(abs, values)) / STEP
            assert abs(given - slope) <= 1e-5 * abs(slope) + rounding, (
                f"along a random direction of {weight.path}, {weight.shape}, the gradient says {given:.6g}, central "
                f"differences {slope:.6g}, with training={training}")


def _every_weight(subject):
    """A gradient arrives at each weight, and for some inputs and first weights it is not 0."""
    learned, still = set(), []
    for _ in range(TRIES):
        layer = subject.copy()
        if not layer.trainable_weights:
            raise DoesNotApply("it has no weights to train")
        _sum(layer(subject.inputs(), training=True)).backward()
        unused = [weight.path for weight in layer.trainable_weights if weight.grad is None]
        assert not unused, f"no gradient arrives at {', '.join(unused)}"
        learned.update(i for i, weight in enumerate(layer.trainable_weights) if weight.grad.numpy().any())
        still = [weight.path for i, weight in enumerate(layer.trainable_weights) if i not in learned]
        if not still:
            return ", ".join(f"{weight.path} {weight.shape}" for weight in layer.trainable_weights)
    raise AssertionError(f"the gradient is 0 in all of {', '.join(still)}")


def _frozen(subject):
    """With trainable=False there is nothing to train, in the layers inside neither."""
    layer = type(subject.layer).from_config({**subject.layer.get_config(), "trainable": False})
    layer(subject.inputs(), training=False)
    left = [weight.path for weight in layer.trainable_weights]
    assert not left, f"made with trainable=False, it still trains {', '.join(left)}"
    layer.trainable = True
    if not layer.weights:
        raise DoesNotApply("it has no weights")


def _dtypes(subject):
    for dtype in "float32", "float64":
        layer = subject.copy(dtype)
        wrong = [f"{w.path} is {w.dtype}" for w in layer.weights if w.dtype.kind == "f" and w.dtype != dtype]
        assert not wrong, f"in a layer of {dtype}, {', '.join(wrong)}"
        for t in leaves(layer(subject.inputs(dtype), training=False)):
            assert t.dtype == dtype or t.dtype.kind != "f", f"in a layer of {dtype}, the output is {t.dtype}"


def _repeats(subject):
    layer, x = subject.copy(), subject.inputs()
    for a, b in zip(leaves(layer(x, training=False)), leaves(layer(x, training=False))):
        assert np.array_equal(a.detach().numpy(), b.detach().numpy()), "two calls for the same inputs gave different results"


def _independent(subject):
    layer, x = subject.copy("float64"), subject.inputs("float64")
    part = map_structure(lambda t: Tensor(t.data[:1]), x)
    for a, b in zip(leaves(layer(x, training=False)), leaves(layer(part, training=False))):
        assert a.shape[1:] == b.shape[1:] and np.allclose(a.data[:1], b.data, rtol=1e-10, atol=1e-12), (
            "the first sample alone gives another result than among others")


def _empty(subject):
    layer, x = subject.copy(), subject.inputs(batch_size=0)
    for training in False, True:
        for t in leaves(layer(x, training=training)):
            assert t.shape[0] == 0, f"for no samples the output has shape {t.shape}"
            assert np.isfinite(t.data).all()


def _saved(subject):
    model, x = subject.model(subject.copy(built=False)), subject.inputs()
    for weight in model.weights:
        weight.assign(weight.numpy() + 0.1 * np.abs(subject.generator.standard_normal(weight.shape)))
    with tempfile.TemporaryDirectory() as folder:
        model.save(path := Path(folder) / "layer.keras")
        loaded = load_model(path, custom_objects=subject.own_classes)
    for a, b in zip(leaves(model(x, training=False)), leaves(loaded(x, training=False))):
        assert np.array_equal(a.detach().numpy(), b.detach().numpy()), "the loaded layer gives other results"
    own = ", ".join(f"{name!r}: {name}" for name in subject.own_classes)
    return f"with custom_objects={{{own}}}" if own else ""


def _versions(subject, tolerance):
    layer, x = subject.copy(), subject.inputs()
    names = versions_that_run(lambda: _all_results(layer, x))
    if not names:
        raise DoesNotApply("it runs no kernel that has several versions")
    with kernels.use("numpy"):
        exact = _all_results(layer, x)
    for name in (None, *names):
        with kernels.use(name):
            for what, a, expected in zip(_names(layer, x), _all_results(layer, x), exact):
                error = np.abs(a - expected).max(initial=0) / (np.abs(expected).max(initial=0) or 1.0)
                assert error <= tolerance, f"version {name or 'chosen'}: {what} is off by {error:.1e} of its largest number"
    return ", ".join(names)


def _names(layer, x):
    return ["the output", *(f"the gradient of input {i}" for i, _ in enumerate(leaves(x))),
            *(f"the gradient of {weight.path}" for weight in layer.trainable_weights)]


def _all_results(layer, x):
    """A number of the output, and the gradients of inputs and weights."""
    given = map_structure(lambda t: Tensor(t.data, requires_grad=True), x)
    y = _sum(layer(given, training=False))
    wanted = [*leaves(given), *layer.trainable_weights]
    found = grad(y, wanted, allow_unused=True)
    return [y.detach().numpy(), *(np.zeros(t.shape) if g is None else g.numpy() for t, g in zip(wanted, found))]


def _time(subject):
    layer, x = subject.copy(), subject.inputs(batch_size=32)
    return f"{described(lambda: _all_results(layer, x))}, 32 samples"
