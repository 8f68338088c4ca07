"""`model.check(x, y)`: the list that one goes through when a network does not learn, done by the machine."""
import contextlib
import math

import numpy as np

from .. import ops
from ..autograd import no_grad, to_numpy
from ..callbacks import Recorder
from ..losses import BinaryCrossentropy, CategoricalCrossentropy, SparseCategoricalCrossentropy
from ..reporting import DoesNotApply, Report, Strange
from ..structures import leaves, map_structure
from .functional import Model

LOOKED_AT, BY_HEART = 256, 16                              # samples: that are looked at, and that are learned by heart
HINTS = {
    "the loss at the start": "Look at how the first weights are drawn, at the size of the inputs, and at the last layer and "
                             "the loss.",
    "gradients arrive": "Look for layers that are not in use, for NumPy in between, and for activations that are flat where "
                        "the numbers are.",
    "units answer": "A ReLU that is negative for every sample gets no gradient, and never will. A smaller learning rate, or "
                    "other first weights, help.",
    "samples are independent": "Look for sums, means and reshapes that mix the batch axis with others.",
    "a few learned by heart": "A network that cannot learn 16 samples will not learn thousands. Do labels belong to their "
                             "images? Is the learning rate right? Is the network too small?",
    "the size of the steps": "Steps of 0.001 of a weight are usual.",
}
FIRST_STEPS = 5                                            # whose size is looked at: later the weights have grown with them
RATES = 0.01, 0.1, 1.0, 10.0, 100.0                        # learning rates that are tried, as parts of the optimizer's


def check(model, x, y, *, steps: int = 150, verbose: bool = True) -> Report:
    """Look for what mostly is wrong when a network does not learn, and print what was found.

    The list: are the data sound; is the loss at the start that of somebody who knows nothing; does a gradient arrive at every
    weight; do some units never answer; do samples see each other; can it learn a few samples by heart; how far do steps move
    the weights; would another learning rate do better. It takes some hundred training steps; then weights and optimizer are as
    they were before.

    Args:
        x, y: training data, as for `fit`: arrays; the first 256 samples are looked at.
        steps: how many it gets to learn 16 samples by heart.
        verbose: whether to print.

    Returns:
        A Report: `.ok`, and `.findings`, a list of (question, state, text).
    """
    model._need_compiled("check")
    x, y = (_first(part, name) for part, name in ((x, "x"), (y, "y")))
    lengths = {len(a) for a in (*leaves(x), *leaves(y))}
    if len(lengths) > 1 or lengths == {0}:
        raise ValueError(f"check: x and y hold equally many samples, one at least, got {sorted(lengths)}")
    report = Report(f"{model.name} on {len(next(leaves(x)))} samples", verbose)
    with _as_it_was(model, x):
        recorder = Recorder()
        for name, look in {"the data": lambda: _data(model, x, y), "the loss at the start": lambda: _first_loss(model, x, y),
                           "gradients arrive": lambda: _gradients(model, x, y), "units answer": lambda: _silent(model, x),
                           "samples are independent": lambda: _independent(model, x),
                           "a few learned by heart": lambda: _by_heart(model, x, y, steps, recorder),
                           "the size of the steps": lambda: _steps(recorder),
                           "the learning rate": lambda: _rates(model, x, y)}.items():
            report.law(name, look, HINTS.get(name, ""))
    if verbose:
        wrong, strange = (sum(finding.state == state for finding in report.findings) for state in ("WRONG", "look"))
        print(f"{model.name}: {'nothing found' if not wrong + strange else f'{wrong} wrong, {strange} worth a look'}")
    return report


def _first(data, name):
    """The first samples of arrays, of a list of numbers, or of a structure of arrays."""
    if isinstance(data, list) and data and not hasattr(data[0], "__len__") and getattr(data[0], "ndim", 0) == 0:
        data = np.asarray(data)
    if any(not hasattr(a, "ndim") for a in leaves(data)):
        raise TypeError(f"check: {name} is an array, or a list or dictionary of arrays, got {type(data).__name__}; of other "
                        "data give one batch: x, y = next(iter(batches))")
    return map_structure(lambda a: to_numpy(a)[:LOOKED_AT], data)


@contextlib.contextmanager
def _as_it_was(model, x):
    """Put back weights and optimizer at the end; what is done in between is done with a new optimizer."""
    with no_grad():
        model(map_structure(lambda a: a[:1], x), training=False)       # which builds it, if need be
    weights, optimizer = model.get_weights(), model.optimizer
    model.optimizer = _fresh(optimizer)
    try:
        yield
    finally:
        model.set_weights(weights)
        model.optimizer = optimizer
        for weight in model.weights:
            weight.grad = None


def _fresh(optimizer, **changes):
    """An optimizer like this one that has taken no step yet, and takes one for each batch."""
    config = {name: value for name, value in optimizer.get_config().items() if name != "gradient_accumulation_steps"}
    return type(optimizer).from_config({**config, **changes})


def _data(model, x, y):
    for what, part in ("x", x), ("y", y):
        for a in leaves(part):
            if a.dtype.kind == "f" and not np.isfinite(a).all():
                raise AssertionError(f"{what} holds {np.sum(~np.isfinite(a))} numbers that are nan or inf")
    classes = _classes(model, y)
    if classes is not None:
        found, counts = np.unique(classes, return_counts=True)
        share = counts.max() / counts.sum()
        if len(found) == 1 or share > 0.95:
            raise Strange(f"{share:.0%} of these samples are of class {found[counts.argmax()]}: are the data sorted by class? "
                          "Shuffle them; or weigh the classes.")
    first = next(leaves(x))
    said = f"x {first.shape}, {first.dtype}, {first.min():.3g} to {first.max():.3g}, mean {first.mean():.3g}"
    rescales = any(type(layer).__name__ in ("Rescaling", "BatchNormalization", "Normalization") for layer in model.layers[:2])
    if np.abs(first).max() > 30 and not rescales:
        raise Strange(f"{said}: networks begin with weights that suit numbers of about the size of 1; divide, or begin with "
                      "layers.Rescaling")
    if first.std() < 1e-3:
        raise Strange(f"{said}: the numbers hardly differ")
    return said + ("" if classes is None else f"; {len(found)} classes, {counts.min()} to {counts.max()} samples each")


def _classes(model, y):
    """The class number of each target, if the loss is one for classes; None for others."""
    if isinstance(model.loss, CategoricalCrossentropy):
        return np.argmax(y, axis=-1)
    if isinstance(model.loss, (SparseCategoricalCrossentropy, BinaryCrossentropy)):
        return np.asarray(y).reshape(-1)
    return None


def _loss(model, x, y):
    """The loss, without learning."""
    with no_grad():
        return model.compute_loss(x, y, model(x, training=False)).item()


def _first_loss(model, x, y):
    if not isinstance(model.loss, (CategoricalCrossentropy, SparseCategoricalCrossentropy, BinaryCrossentropy)):
        raise DoesNotApply(f"{_loss(model, x, y):.4g}; only for crossentropies it is known what it should be")
    binary = isinstance(model.loss, BinaryCrossentropy)
    with no_grad():
        classes = 2 if binary else model(x, training=False).shape[-1]
    found, shrug = _loss(model, x, y), math.log(classes)
    said = f"{found:.3f}; somebody who knows nothing has ln {classes} = {shrug:.3f}"
    if not found < 1.5 * shrug:
        raise Strange(f"{said}: the network is sure of wrong answers before it has learned anything")
    return said + (": it has learned already" if found < 0.7 * shrug else "")


def _backward(model, x, y):
    for weight in model.trainable_weights:
        weight.grad = None
    model.compute_loss(x, y, model(x, training=True)).backward()


def _step(model, x, y):
    """Learn from these samples once, with all weights that a gradient reaches."""
    _backward(model, x, y)
    reached = [weight for weight in model.trainable_weights if weight.grad is not None]
    model.optimizer.apply([weight.grad for weight in reached], reached)


def _gradients(model, x, y):
    _backward(model, x, y)
    weights = model.trainable_weights
    if missing := [w.path for w in weights if w.grad is None]:
        raise AssertionError(f"none arrives at {', '.join(missing)}")
    if bad := [w.path for w in weights if not np.isfinite(to_numpy(w.grad)).all()]:
        raise AssertionError(f"nan or inf arrives at {', '.join(bad)}")
    if zero := [w.path for w in weights if not to_numpy(w.grad).any()]:
        raise AssertionError(f"nothing but zeros arrives at {', '.join(zero)}")
    sizes = {w.path: float(np.sqrt(np.mean(np.square(to_numpy(w.grad), dtype="float64")))) for w in weights if w.ndim > 1}
    if not sizes:
        return ""
    least, most = min(sizes, key=sizes.get), max(sizes, key=sizes.get)
    said = f"{sizes[least]:.1e} at {least} to {sizes[most]:.1e} at {most}"
    if sizes[least] < 1e-4 * sizes[most]:
        raise Strange(f"{said}: it fades on its way; ReLU instead of sigmoid, BatchNormalization, or fewer layers help")
    return said


def _silent(model, x):
    """Units, or channels, behind a ReLU that are 0 for all samples."""
    rectified = [layer for layer in model.layers if type(layer).__name__ == "ReLU"
                 or getattr(layer, "activation", None) is ops.relu]
    if not rectified or not model._calls_inside:
        raise DoesNotApply("the model has no ReLUs" if not rectified else "only the layers of functional models can be asked")
    with no_grad():
        found = Model(model.input, [layer._calls[0].outputs for layer in rectified])(x, training=False)
    shares = {layer.name: float((to_numpy(y).reshape(-1, y.shape[-1]).max(axis=0) <= 0).mean())
              for layer, y in zip(rectified, leaves(found))}
    worst = max(shares, key=shares.get)
    said = f"at most {shares[worst]:.0%} of a layer ({worst}) are silent for all samples"
    if shares[worst] > 0.5:
        raise Strange(said)
    return said


def _independent(model, x):
    with no_grad():
        whole, alone = (model(map_structure(lambda a, n=n: a[:n], x), training=False) for n in (8, 1))
    for a, b in zip(leaves(whole), leaves(alone)):
        if not np.allclose(to_numpy(a)[:1], to_numpy(b), rtol=1e-3, atol=1e-4):
            raise AssertionError("a sample alone gives another result than among others")


def _by_heart(model, x, y, steps, recorder):
    few_x, few_y = (map_structure(lambda a: a[:BY_HEART], part) for part in (x, y))
    start, before = model.get_weights(), _loss(model, few_x, few_y)
    recorder.model = model
    for step in range(steps):
        recorder.on_train_batch_begin(step)
        _step(model, few_x, few_y)
        recorder.on_train_batch_end(step)
    after = _loss(model, few_x, few_y)
    model.set_weights(start)
    said = f"the loss of {len(next(leaves(few_x)))} samples went from {before:.3g} to {after:.3g} in {steps} steps"
    if not after < 0.2 * before:
        raise AssertionError(said)
    return said


def _steps(recorder):
    ratios = {path: float(np.median(values[:FIRST_STEPS])) for path, values in recorder.updates.items()
              if not path.endswith(("bias", "beta", "gamma")) and np.isfinite(values[:FIRST_STEPS]).any()}
    if not ratios:
        raise DoesNotApply("no step was taken")
    least, most = min(ratios, key=ratios.get), max(ratios, key=ratios.get)
    said = f"{ratios[least]:.0e} of {least} to {ratios[most]:.0e} of {most}"
    if ratios[most] > 0.1:
        raise Strange(f"{said}: they tear it apart; take a smaller learning rate.")
    if ratios[most] < 1e-5:
        raise Strange(f"{said}: it hardly moves; take a larger learning rate.")
    return said


def _rates(model, x, y):
    """The loss of one half after 20 steps on the other, from the same weights, for several learning rates."""
    start, optimizer, found = model.get_weights(), model.optimizer, {}
    half = len(next(leaves(x))) // 2 or 1
    seen, unseen = (map_structure(part, (x, y)) for part in (lambda a: a[:half], lambda a: a[-half:]))
    own = float(optimizer.learning_rate)
    for factor in RATES:
        model.set_weights(start)
        model.optimizer = _fresh(optimizer, learning_rate=own * factor)
        with np.errstate(all="ignore"):
            for _ in range(20):
                _step(model, *seen)
            found[factor] = _loss(model, *unseen)
    model.set_weights(start)
    model.optimizer = optimizer
    said = "loss after 20 steps: " + ", ".join(f"{loss:.3g} at {own * factor:g}" for factor, loss in found.items())
    best = min(found, key=lambda factor: found[factor] if np.isfinite(found[factor]) else math.inf)
    if not found[best] > 0.5 * found[1.0]:
        raise Strange(f"{said}: try {own * best:g} instead of {own:g}.")
    return f"{said}; yours is {own:g}"


Model.check = check
