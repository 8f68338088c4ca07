"""Layers against Keras, row by row of layer_rows: arguments, weights, outputs, gradients, states, shapes, configs."""
import inspect
import itertools
import json

import numpy as np
import pytest

import tinyvision as tv
from tinyvision import kernels, layers
from tinyvision.configurable import argument_names
from tinyvision.layers.base import clear_session
from tinyvision.serialization import deserialize, serialize
from tinyvision.structures import leaves

from .layer_cases import arriving, built, call, called, data, filled, floats, shapes, theirs
from .layer_rows import BY_CLASS, CLASSES, ROWS
from .oracle import tolerance
from .record import agree

every_row = pytest.mark.parametrize("row", ROWS, scope="module")     # all that is asked of a row in a row: Keras runs it once
every_class = pytest.mark.parametrize("name", CLASSES)


@pytest.fixture(autouse=True)
def double():
    tv.config.set_floatx("float64")


@every_row
def test_the_output_is_that_of_keras(keras, row):
    for y, expected in zip(leaves(called(built(row), row)), theirs(keras, row)["outputs"], strict=True):
        assert y.dtype == np.float64
        agree(("layer", ROWS[row][0], row), y.detach().numpy(), expected, tolerance(ROWS[row][0]))


@every_row
def test_gradients_are_those_of_keras(keras, row):
    layer, oracle, what = built(row), theirs(keras, row), ("layer", ROWS[row][0], row)
    x = [tv.tensor(a, requires_grad=True) for a in floats(data(row))]
    outputs = list(leaves(called(layer, row, filled(data(row), x))))
    sum((y * g).sum() for y, g in zip(outputs, arriving(outputs))).backward()
    for ours, expected in zip(x, oracle["inputs"], strict=True):
        agree(what, ours.grad.numpy(), expected, tolerance(ROWS[row][0]))
    for weight, (name, expected) in zip(layer.trainable_weights, oracle["weights"], strict=True):
        assert weight.name == name
        agree(what, weight.grad.numpy(), expected)


def near_in_float32(keras, row, version):
    """Outputs and gradients in float32 by a version of the kernels: to 1e-5 of the largest number that Keras has in float64."""
    layer, oracle = built(row, dtype="float32"), theirs(keras, row)
    with kernels.use(version):
        x = [tv.tensor(a.astype("float32"), requires_grad=True) for a in floats(data(row))]
        outputs = list(leaves(called(layer, row, filled(data(row), x))))
        sum((y * g.astype("float32")).sum() for y, g in zip(outputs, arriving(outputs))).backward()
    found = [*(y.detach() for y in outputs), *(a.grad for a in x), *(weight.grad for weight in layer.trainable_weights)]
    expected = [*oracle["outputs"], *oracle["inputs"], *(gradient for _, gradient in oracle["weights"])]
    for ours, right in zip(found, expected, strict=True):
        scale = max(1, np.abs(right).max(initial=0))
        assert ours.dtype == np.float32
        agree(("layer", f"{ROWS[row][0]}{' by Winograd' * (version == 'winograd')}", row), ours.numpy() / scale, right / scale, 1e-5, "float32")


@every_row
def test_float32_is_near_keras(keras, row):
    near_in_float32(keras, row, "exact")


@pytest.mark.parametrize("row", [row for row in ROWS if row.startswith("Conv2D Winograd")])
def test_winograd_is_near_keras(keras, row):
    near_in_float32(keras, row, "winograd")


@pytest.mark.parametrize("row", [row for row in ROWS if ROWS[row][0] == "BatchNormalization"])
def test_moving_averages_are_those_of_keras(keras, row):
    layer = built(row)
    called(layer, row)
    kept, now = theirs(keras, row)["kept"], {w.name: w.numpy() for w in layer.weights}
    assert {"moving_mean", "moving_variance"} <= set(kept)
    for name, expected in kept.items():
        agree(("layer", ROWS[row][0], row), now[name], expected)


@every_row
def test_weights_come_in_the_order_of_keras(keras, row):
    assert [w.name for w in built(row).weights] == theirs(keras, row)["names"]


@every_class
def test_paths_of_weights_are_those_of_keras(keras, name):
    row = BY_CLASS[name]
    layer = getattr(keras.layers, name)(**ROWS[row][1], name="block_1")
    layer.build(*shapes(row))
    assert [w.path for w in built(row, name="block_1").weights] == [v.path for v in layer.weights]


ABSENT = {"synchronized", "renorm", "renorm_clipping", "renorm_momentum", "lora_rank", "lora_alpha", "quantization_config",
          "gptq_unpacked_column_size"}
BY_NAME = "_regularizer", "_constraint"                    # endings of arguments that are to be given by name
COMMON = {"name", "dtype", "trainable"}                    # of every layer: compared below
HIDDEN = {("LayerNormalization", "rms_scaling"): False}    # Keras takes it, although its signature does not say so
OUR_OWN = {("AveragePooling2D", "pool_size"): (2, 2), ("AveragePooling1D", "pool_size"): 2}        # Keras has defaults for maxima


@every_class
def test_arguments_are_those_of_keras(keras, name):
    """The same names, in the same order, with the same defaults; what comes after one that is missing is given by name."""
    accepted = inspect.signature(getattr(keras.layers, name).__init__).parameters.values()
    accepted = [p for p in list(accepted)[1:] if p.kind is p.POSITIONAL_OR_KEYWORD and p.name not in COMMON]
    by_name = {p.name for p in accepted if p.name.endswith(BY_NAME)} | {"activity_regularizer"}
    assert by_name == {n for n in argument_names(getattr(layers, name)) if n.endswith(BY_NAME)}
    expected = {p.name: OUR_OWN.get((name, p.name), p.default) for p in accepted if p.name not in ABSENT | by_name}
    expected |= {argument: default for (owner, argument), default in HIDDEN.items() if owner == name}
    ours = list(inspect.signature(getattr(layers, name)).parameters.values())
    assert {p.name: p.default for p in ours if p.kind is not p.VAR_KEYWORD and p.name not in COMMON} == expected
    first = list(itertools.takewhile(lambda name: name not in ABSENT | by_name, [p.name for p in accepted]))
    assert [p.name for p in ours if p.kind is p.POSITIONAL_OR_KEYWORD] == first
    layer = getattr(layers, name)(**ROWS[BY_CLASS[name]][1], name="mine", dtype="float32", trainable=False)
    assert (layer.name, layer.dtype, layer.trainable) == ("mine", "float32", False)


@pytest.mark.parametrize("name", [name for name in CLASSES if any(n.endswith("_initializer") for n in argument_names(getattr(layers, name)))])
def test_initializers_reach_the_weights_that_they_reach_in_keras(keras, name):
    """Each begins with a number of its own."""
    row = BY_CLASS[name]
    given = [argument for argument in argument_names(getattr(layers, name)) if argument.endswith("_initializer")]
    found = []
    for home in tv, keras:
        begin = {argument: home.initializers.Constant(number) for number, argument in enumerate(given, 2)}
        layer = getattr(home.layers, name)(**{**ROWS[row][1], **begin}, dtype="float64")
        layer.build(*shapes(row))
        found.append(layer.get_weights())
    for ours, expected in zip(*found, strict=True):
        np.testing.assert_array_equal(ours, expected)


@every_class
def test_names_are_given_as_in_keras(keras, name):
    clear_session()
    keras.utils.clear_session(free_memory=False)
    settings = ROWS[BY_CLASS[name]][1]
    ours, expected = ([getattr(home, name)(**settings).name for _ in range(3)] for home in (layers, keras.layers))
    assert ours == expected


@every_class
def test_keras_makes_its_layer_of_our_config(keras, name):
    row = BY_CLASS[name]
    layer = built(row)
    config = json.loads(json.dumps(serialize(layer.get_config())))
    twin = getattr(keras.layers, name).from_config(config)
    twin.build(*shapes(row))
    twin.set_weights(layer.get_weights())
    training = {} if ROWS[row][3] is None else {"training": ROWS[row][3]}
    for y, expected in zip(leaves(called(layer, row)), leaves(call(twin, data(row), **training)), strict=True):
        agree(("layer", name, row), y.detach().numpy(), expected)


@every_class
def test_we_make_our_layer_of_a_config_of_keras(keras, name):
    twin = getattr(keras.layers, name)(**ROWS[BY_CLASS[name]][1], dtype="float64")
    config = twin.get_config()
    ours = built(BY_CLASS[name]).get_config()
    ours = {key for key in ours if not key.endswith("initializer")}        # theirs have arguments of their own
    layer = getattr(layers, name).from_config(deserialize({key: value for key, value in config.items() if key in ours}))
    assert layer.name == twin.name and layer.dtype == "float64"
    again = layer.get_config()
    for key in ours & set(config) - {"dtype"}:
        assert as_lists(again[key]) == as_lists(config[key]), key


@pytest.mark.parametrize("name", ["add", "subtract", "multiply", "average", "maximum", "minimum", "concatenate", "dot"])
def test_functions_for_merging_take_what_those_of_keras_take(keras, name):
    ours, theirs = ([(p.name, p.default) for p in inspect.signature(getattr(home, name)).parameters.values() if p.kind is not p.VAR_KEYWORD]
                    for home in (layers, keras.layers))
    assert ours == theirs


def as_lists(value):
    return [as_lists(v) for v in value] if isinstance(value, (list, tuple)) else value


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("kind", ["Conv2D", "MaxPooling2D", "AveragePooling2D"])
def test_output_shapes_on_all_small_sizes(keras, kind, padding):
    """Sizes 1 to 6 with windows and steps of 1 to 4: compute_output_shape of both, and what really comes out."""
    for size, window, step in np.ndindex(6, 4, 4):
        size, window, step = size + 1, window + 1, step + 1
        settings = dict(strides=step, padding=padding)
        settings |= dict(filters=2, kernel_size=window) if kind == "Conv2D" else dict(pool_size=window)
        shape = 2, size, 7, 3
        if padding == "valid" and size < window:
            with pytest.raises(ValueError):
                getattr(layers, kind)(**settings)(np.zeros(shape))
            continue
        layer = getattr(layers, kind)(**settings)
        expected = getattr(keras.layers, kind)(**settings).compute_output_shape(shape)[1:]
        assert layer.compute_output_shape(shape) == (None, *expected), (size, window, step)
        assert layer(np.zeros(shape)).shape == (2, *expected), (size, window, step)
