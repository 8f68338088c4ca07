"""The rows of the parity suite are not thin: they take the arguments through their values, and the settings of windows meet.

What each layer takes besides its own arguments (name, dtype, trainable, regularizers, constraints) is tested for all layers alike,
in test_layers.py and tests/test_outputs.py.
"""
import inspect
import itertools

import numpy as np
import pytest

from tinyvision import constraints, initializers, layers, losses, metrics, optimizers, regularizers
from tinyvision.configurable import Configurable
from tinyvision.optimizers.options import Options

from . import test_initializers, test_losses, test_metrics, test_optimizers, test_regularizers
from .layer_rows import IMAGES, ROWS, SEQUENCES

TABLES = {                                                 # home of the classes -> rows that begin with (class, arguments)
    layers: ROWS, losses: test_losses.ROWS, metrics: test_metrics.ROWS, optimizers: test_optimizers.ROWS,
    optimizers.schedules: test_optimizers.SCHEDULES, regularizers: test_regularizers.REGULARIZERS,
    constraints: test_regularizers.CONSTRAINTS, initializers: test_initializers.RANDOM | test_initializers.CONSTANT,
}
WITHOUT_ROWS = {                                           # class: why, or where it is tested
    **{name: "a base class" for name in ("Layer", "Loss", "LossFunctionWrapper", "Metric", "Optimizer", "LearningRateSchedule",
                                         "Regularizer", "Constraint", "Initializer")},
    "InputLayer": "what Input makes: tests/test_layers.py", "Lambda": "takes functions: test_functions.py",
    "RNN": "takes cells: its arguments are those of LSTM and others", "Bidirectional": "takes layers: tests/test_wrappers.py",
    "TimeDistributed": "takes layers: tests/test_wrappers.py", "Mean": "takes values, not targets: test_metrics.py",
    "Sum": "likewise", "MeanMetricWrapper": "takes functions: tests/test_metrics.py",
}
CLASSES = [pytest.param(home, cls, id=f"{home.__name__.rpartition('.')[2]}-{name}")
           for home in TABLES for name, cls in sorted(vars(home).items())
           if inspect.isclass(cls) and issubclass(cls, Configurable) and cls is not Configurable
           and cls.__name__ == name and name not in WITHOUT_ROWS]

LEFT_OUT = {                                               # argument, or (class, argument): why, or where it is tested
    **{name: "of all of their kind: test_arguments_are_those_of_keras" for name in ("name", "dtype", "trainable")},
    "data_format": "there is one: test_there_is_one_layout in tests/test_layers.py",
    "seed": "the streams of numbers differ: what is drawn is tested in tests/test_layers.py and tests/test_augmentation.py",
    "reduction": "all of them are taken in every row of test_losses.py",
    "flash_attention": "refused: there is one way to compute it", "mask_zero": "refused: there are no masks",
    "use_cudnn": "changes nothing: there is no cuDNN here", "unroll": "changes nothing: it tells how a loop is compiled",
    "stateful": "of several calls: test_a_stateful_layer_goes_on in tests/test_recurrent.py",
    ("Embedding", "weights"): "the weights of rows are set: tests/test_embedding.py",
    **{(name + cell, rate): "of what is drawn: tests/test_recurrent.py compares with Keras, draws made equal"
       for name in ("SimpleRNN", "LSTM", "GRU") for cell in ("", "Cell") for rate in ("dropout", "recurrent_dropout")},
    "input_axes": "test_fans_are_those_of_keras", "output_axes": "likewise",
    ("Orthogonal", "gain"): "of each gain what is drawn is a multiple: test_orthogonal_matrices_are_made_as_in_keras",
    ("SparseCategoricalCrossentropy", "axis"): "Keras on JAX refuses others than the last in the metric; the loss has rows",
}
CLOSED = {                                                 # sets of values that are closed, by the argument's name; or by the class's, too
    "padding": {"valid", "same"}, ("Conv1D", "padding"): {"valid", "same", "causal"},
    ("ZeroPadding1D", "padding"): None, ("ZeroPadding2D", "padding"): None,
    **{(f"Random{name}", argument): values for name in ("Rotation", "Zoom", "Translation") for argument, values in [
        ("fill_mode", {"reflect", "wrap", "constant", "nearest"}), ("interpolation", {"nearest", "bilinear"})]},
    ("RandomFlip", "mode"): {"horizontal", "vertical", "horizontal_and_vertical"},
    "interpolation": {"nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"}, "fill_mode": {"constant"},
    "curve": {"ROC", "PR", "PRGAIN"}, "summation_method": {"interpolation", "majoring", "minoring"},
    "average": {None, "micro", "macro", "weighted"}, "class_aggregation": {None, "uniform_average", "variance_weighted_average"},
    ("OrthogonalRegularizer", "mode"): {"rows", "columns"}, ("VarianceScaling", "mode"): {"fan_in", "fan_out", "fan_avg"},
    "distribution": {"uniform", "normal", "truncated_normal", "untruncated_normal"},
}


def plain(value):
    """A setting as it is compared: a number for a pair of equal ones, in whatever way it is written."""
    if isinstance(value, (list, tuple)):
        items = [plain(item) for item in value]
        return items[0] if items and items.count(items[0]) == len(items) else tuple(items)
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def values(rows, argument, default):
    """The values that rows (class, arguments, ...) give an argument."""
    return {repr(plain(row[1].get(argument, default))) for row in rows}


def thin(name, parameters, rows):
    """{argument: values that it has}, of those that have too few.

    Of a boolean and of a closed set that is fewer than all; of an initializer none but the default, since the weights of rows are set
    (which weights they reach is tested in test_layers.py, what they make in test_initializers.py); of others fewer than two besides
    the default.
    """
    found = {}
    for argument, default in parameters:
        seen, closed = values(rows, argument, default), CLOSED.get((name, argument), CLOSED.get(argument))
        closed = {True, False} if isinstance(default, bool) else closed
        others = seen - {repr(plain(default))}
        enough = set(map(repr, closed)) <= seen if closed else len(others) >= (1 if argument.endswith("_initializer") else 2)
        if not enough and argument not in LEFT_OUT and (name, argument) not in LEFT_OUT:
            found[argument] = seen
    return found


def parameters(cls):
    """[(name, default)] of a class's own arguments."""
    return [(p.name, p.default) for p in inspect.signature(cls).parameters.values() if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]


@pytest.mark.parametrize("home,cls", CLASSES)
def test_rows_cover_the_arguments(home, cls):
    rows = [row for row in TABLES[home].values() if row[0] == cls.__name__]
    assert rows, f"{cls.__name__} has no rows, and WITHOUT_ROWS does not say why"
    too_few = thin(cls.__name__, parameters(cls), rows)
    assert too_few == {}, "the rows need more values of these"


def test_rows_cover_the_options_of_all_optimizers():
    known = [(argument, default) for argument, default in parameters(Options) if argument != "loss_scale_factor"]       # refused
    too_few = thin("Options", known, test_optimizers.ROWS.values())
    assert too_few == {}, "the rows need more values of these"


def test_what_is_left_out_is_there():
    """The dictionaries above name classes and arguments that there are, and no class that has rows, by now."""
    known = {name for home in TABLES for name in vars(home)}
    with_rows = {row[0] for rows in TABLES.values() for row in rows.values()}
    assert set(WITHOUT_ROWS) <= known and not set(WITHOUT_ROWS) & with_rows
    arguments = {(cls.__name__, argument) for _, cls in (param.values for param in CLASSES) for argument, _ in parameters(cls)}
    named = arguments | {argument for _, argument in arguments}
    assert set(LEFT_OUT) - {"dtype", "trainable"} <= named and set(CLOSED) <= named


@pytest.mark.parametrize("home,cls", [param for param in CLASSES if any(
    CLOSED.get((param.values[1].__name__, argument), CLOSED.get(argument)) for argument, _ in parameters(param.values[1]))])
def test_closed_sets_are_closed(home, cls):
    """What is outside of them is refused."""
    row = next(row for row in TABLES[home].values() if row[0] == cls.__name__)
    for argument, _ in parameters(cls):
        if CLOSED.get((cls.__name__, argument), CLOSED.get(argument)):
            with pytest.raises(ValueError):
                cls(**{**row[1], argument: "empty"})


# Pairs of settings --------------------------------------------------------------------------------------------------------
# Coarser than those of the ops, in tests/test_signatures.py: what layers do with settings is to pass them on.

def kind_of_size(n):
    h, w = np.ravel(n)[[0, -1]]
    return "rectangular" if h != w else "one" if h == 1 else "even" if h % 2 == 0 else "odd"


def kind_of_step(n):
    h, w = np.ravel(n)[[0, -1]]
    return "different" if h != w else "one" if h == 1 else "more"


def kind_of_count(n):
    """Of groups, channels going to each of them; of filters for each channel."""
    return "one" if n == 1 else "each" if n == IMAGES[-1] == SEQUENCES[-1] else "several"


KINDS = {
    "kernel_size": kind_of_size, "pool_size": kind_of_size, "padding": str.lower, "groups": kind_of_count,
    "strides": lambda n: "none" if n is None else kind_of_step(n), "dilation_rate": lambda n: "one" if kind_of_step(n) == "one" else "more",
    "depth_multiplier": kind_of_count, "output_padding": lambda n: "none" if n is None else "given",
}
WINDOWS = {                                                # class: how many kinds of values each of its settings takes
    "Conv1D": dict(kernel_size=3, padding=3, strides=2, dilation_rate=2, groups=3),
    "Conv2D": dict(kernel_size=4, padding=2, strides=3, dilation_rate=2, groups=3),
    "DepthwiseConv2D": dict(kernel_size=4, padding=2, strides=3, dilation_rate=2, depth_multiplier=2),
    "SeparableConv2D": dict(kernel_size=4, padding=2, strides=3, dilation_rate=2, depth_multiplier=2),
    "Conv2DTranspose": dict(kernel_size=4, padding=2, strides=3, dilation_rate=2, output_padding=2),
    **{f"{kind}Pooling1D": dict(pool_size=2, padding=2, strides=3) for kind in ("Max", "Average")},
    **{f"{kind}Pooling2D": dict(pool_size=3, padding=2, strides=4) for kind in ("Max", "Average")},
}
STRIDES_OR_DILATION = {"Conv1D", "Conv2D", "Conv2DTranspose"}              # Keras refuses both at once


@pytest.mark.parametrize("name", WINDOWS)
def test_each_two_settings_meet(name):
    """Pairwise coverage: for each two settings, all pairs of their kinds of values occur in some row."""
    defaults, sizes = dict(parameters(getattr(layers, name))), WINDOWS[name]
    seen = [{setting: KINDS[setting]({**defaults, **row[1]}[setting]) for setting in sizes} for row in ROWS.values() if row[0] == name]
    for setting, count in sizes.items():
        assert len({row[setting] for row in seen}) == count, setting
    for one, other in itertools.combinations(sizes, 2):
        possible = set(itertools.product({row[one] for row in seen}, {row[other] for row in seen}))
        if (one, other) == ("strides", "dilation_rate") and name in STRIDES_OR_DILATION:
            possible -= {("more", "more"), ("different", "more")}
        assert possible == {(row[one], row[other]) for row in seen}, f"{one} and {other} do not meet in all ways"
