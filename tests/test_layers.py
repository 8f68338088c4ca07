"""Layers against Keras: their arguments, weights, outputs, gradients and shapes, row by row; and what each promises."""
import functools
import inspect
import json

import numpy as np
import pytest

import tinyvision as tv
from tinyvision import layers
from tinyvision.layers.base import Layer, clear_session
from tinyvision.serialization import deserialize, serialize

TOLERANCE = 1e-10                                          # of float64 against float64; the numbers are about 1

IMAGES = 2, 7, 5, 4                                        # not square, odd sizes: one shape, since JAX compiles each anew
CONVS = {
    "rectangular": dict(filters=6, kernel_size=(3, 2)),
    "strides": dict(filters=6, kernel_size=(3, 2), strides=(2, 1)),
    "same": dict(filters=6, kernel_size=(3, 2), padding="same"),
    "same strides": dict(filters=6, kernel_size=(2, 4), strides=(3, 2), padding="same"),
    "dilation": dict(filters=6, kernel_size=(2, 3), dilation_rate=(3, 1)),
    "same dilation": dict(filters=6, kernel_size=3, padding="same", dilation_rate=2),
    "groups": dict(filters=6, kernel_size=3, groups=2),
    "groups of one": dict(filters=8, kernel_size=2, groups=4, strides=2),
    "no bias": dict(filters=6, kernel_size=(3, 2), use_bias=False),
    "relu": dict(filters=6, kernel_size=(3, 2), activation="relu"),
    "softmax": dict(filters=6, kernel_size=(3, 2), activation="softmax"),
    "pointwise": dict(filters=6, kernel_size=1, strides=3),
    "capitals": dict(filters=6, kernel_size=(3, 2), padding="SAME"),
}
POOLS = {
    "pairs": dict(pool_size=2),
    "overlap": dict(pool_size=(3, 2), strides=(1, 2)),
    "same": dict(pool_size=2, padding="same"),
    "same overlap": dict(pool_size=(2, 3), strides=(1, 2), padding="same"),
    "gaps": dict(pool_size=2, strides=3),
}
NORMS = {
    "plain": {}, "rows": dict(axis=1), "columns": dict(axis=-2), "no center": dict(center=False), "no scale": dict(scale=False),
    "bare": dict(center=False, scale=False), "settings": dict(momentum=0.7, epsilon=0.1), "frozen": dict(trainable=False),
}
ROWS = {                                                   # class, arguments, shape of the input (or a list of them), training
    "Dense": ("Dense", dict(units=5), (3, 4), None),
    "Dense softmax": ("Dense", dict(units=5, activation="softmax"), (3, 4), None),
    "Dense no bias": ("Dense", dict(units=5, use_bias=False), (3, 4), None),
    "Dense on images": ("Dense", dict(units=5, activation="tanh"), IMAGES, None),
    **{f"Conv2D {name}": ("Conv2D", settings, IMAGES, None) for name, settings in CONVS.items()},
    **{f"{kind}Pooling2D {name}": (f"{kind}Pooling2D", settings, IMAGES, None)
       for kind in ("Max", "Average") for name, settings in POOLS.items()},
    "GlobalAveragePooling2D": ("GlobalAveragePooling2D", {}, IMAGES, None),
    "GlobalAveragePooling2D keepdims": ("GlobalAveragePooling2D", dict(keepdims=True), IMAGES, None),
    "Flatten": ("Flatten", {}, IMAGES, None),
    "Flatten numbers": ("Flatten", {}, (3,), None),
    "Reshape": ("Reshape", dict(target_shape=(10, 14)), IMAGES, None),
    "Reshape rest": ("Reshape", dict(target_shape=(7, -1, 2)), IMAGES, None),
    "Reshape flat": ("Reshape", dict(target_shape=(-1,)), IMAGES, None),
    **{f"Activation {name}": ("Activation", dict(activation=name), IMAGES, None)
       for name in ("linear", "relu", "sigmoid", "tanh", "softmax")},
    "ReLU": ("ReLU", {}, IMAGES, None),
    "ReLU max": ("ReLU", dict(max_value=1), IMAGES, None),
    "ReLU slope": ("ReLU", dict(negative_slope=0.3), IMAGES, None),
    "ReLU threshold": ("ReLU", dict(threshold=0.5), IMAGES, None),
    "ReLU all": ("ReLU", dict(max_value=1.0, negative_slope=0.3, threshold=0.5), IMAGES, None),
    "Softmax": ("Softmax", {}, IMAGES, None),
    "Softmax rows": ("Softmax", dict(axis=1), IMAGES, None),
    "Softmax pixels": ("Softmax", dict(axis=(1, 2)), IMAGES, None),
    "Dropout at rest": ("Dropout", dict(rate=0.5), IMAGES, False),
    "Dropout of nothing": ("Dropout", dict(rate=0), IMAGES, True),
    **{f"BatchNormalization {name}{', training' * training}": ("BatchNormalization", settings, IMAGES, training)
       for name, settings in NORMS.items() for training in (False, True)},
    "BatchNormalization of vectors, training": ("BatchNormalization", {}, (3, 4), True),
    "Rescaling": ("Rescaling", dict(scale=1 / 255), IMAGES, None),
    "Rescaling offset": ("Rescaling", dict(scale=2.0, offset=-1), IMAGES, None),
    "Rescaling channels": ("Rescaling", dict(scale=[1.0, 2.0, 3.0, 4.0], offset=[0.0, 1.0, 0.0, -1.0]), IMAGES, None),
    "Add": ("Add", {}, [IMAGES, IMAGES], None),
    "Add three": ("Add", {}, [(3, 4)] * 3, None),
    "Concatenate": ("Concatenate", {}, [IMAGES, (2, 7, 5, 1)], None),
    "Concatenate rows": ("Concatenate", dict(axis=1), [IMAGES, (2, 3, 5, 4)], None),
    "Concatenate three": ("Concatenate", dict(axis=2), [IMAGES] * 3, None),
}
CLASSES = sorted({row[0] for row in ROWS.values()})
WEIGHTY = [name for name, row in ROWS.items() if row[0] in ("Dense", "Conv2D", "BatchNormalization")]
BY_CLASS = {row[0]: name for name, row in ROWS.items()}   # one row of each class

every_row = pytest.mark.parametrize("row", ROWS)
every_class = pytest.mark.parametrize("name", CLASSES)


@pytest.fixture(autouse=True)
def double():
    tv.config.set_floatx("float64")


def data(row):
    """The input of a row: an array, or a list of them."""
    shapes = ROWS[row][2]
    rng = np.random.default_rng(list(row.encode()))
    return [rng.standard_normal(s) for s in shapes] if isinstance(shapes, list) else rng.standard_normal(shapes)


def built(row, **settings):
    """The layer of a row, with weights that are not what layers begin with."""
    name, own, shapes, _ = ROWS[row]
    layer = getattr(layers, name)(**{**own, **settings})
    layer(data(row), training=False)
    rng = np.random.default_rng(1)
    layer.set_weights([rng.standard_normal(w.shape) ** (2 if w.name == "moving_variance" else 1) for w in layer.weights])
    return layer


def called(layer, row, x=None):
    """The output of a layer in the mode of the row."""
    return layer(data(row) if x is None else x, training=bool(ROWS[row][3]))


def arriving(shape):
    return np.random.default_rng(2).standard_normal(shape)


@functools.cache
def theirs(keras, row):
    """What Keras makes of a row: its output, gradients by name, and the weights that it keeps up itself, afterwards."""
    import jax
    name, settings, shapes, training = ROWS[row]
    start = {} if name not in ("Dense", "Conv2D") else {"kernel_initializer": "zeros"}           # no need to draw what is set
    layer = getattr(keras.layers, name)(**settings, **start, dtype="float64")
    layer.build(shapes)
    layer.set_weights(built(row).get_weights())
    training = {} if training is None else {"training": training}
    before = [v.value for v in layer.trainable_variables], [v.value for v in layer.non_trainable_variables]

    @jax.jit
    def run(weights, x):
        y, pull, after = jax.vjp(lambda w, x: layer.stateless_call(w, before[1], x, **training), weights, x, has_aux=True)
        return y, pull(jax.numpy.asarray(arriving(y.shape))), after

    y, (of_weights, of_x), after = run(before[0], data(row))
    return dict(output=np.asarray(y), inputs=of_x, weights={v.name: g for v, g in zip(layer.trainable_variables, of_weights)},
                kept={v.name: np.asarray(a) for v, a in zip(layer.non_trainable_variables, after)},
                names=[v.name for v in layer.weights])


def close(ours, theirs, tolerance=TOLERANCE):
    np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance)


# Against Keras ----------------------------------------------------------------------------------------------------------

@every_row
def test_the_output_is_that_of_keras(keras, row):
    y = called(built(row), row)
    assert y.dtype == np.float64
    close(y.detach().numpy(), theirs(keras, row)["output"])


@every_row
def test_gradients_are_those_of_keras(keras, row):
    layer, x = built(row), data(row)
    x = [tv.tensor(a, requires_grad=True) for a in x] if isinstance(x, list) else tv.tensor(x, requires_grad=True)
    y = called(layer, row, x)
    y.backward(arriving(y.shape))
    oracle = theirs(keras, row)
    for ours, expected in zip(x, oracle["inputs"], strict=True) if isinstance(x, list) else [(x, oracle["inputs"])]:
        close(ours.grad.numpy(), expected)
    assert {w.name for w in layer.trainable_weights} == set(oracle["weights"])
    for weight in layer.trainable_weights:
        close(weight.grad.numpy(), oracle["weights"][weight.name])


@pytest.mark.parametrize("row", [row for row in ROWS if ROWS[row][0] == "BatchNormalization"])
def test_moving_averages_are_those_of_keras(keras, row):
    layer = built(row)
    called(layer, row)
    kept, now = theirs(keras, row)["kept"], {w.name: w.numpy() for w in layer.weights}
    assert {"moving_mean", "moving_variance"} <= set(kept)
    for name, expected in kept.items():
        close(now[name], expected)


@pytest.mark.parametrize("row", WEIGHTY)
def test_weights_come_in_the_order_of_keras(keras, row):
    assert [w.name for w in built(row).weights] == theirs(keras, row)["names"]


@pytest.mark.parametrize("name", ["Dense", "Conv2D", "BatchNormalization"])
def test_paths_of_weights_are_those_of_keras(keras, name):
    row = BY_CLASS[name]
    layer = getattr(keras.layers, name)(**ROWS[row][1], name="block_1")
    layer.build(ROWS[row][2])
    assert [w.path for w in built(row, name="block_1").weights] == [v.path for v in layer.weights]


ABSENT = {                                                 # what Keras has and we do not, yet: to be given by name, at the end
    "kernel_regularizer", "bias_regularizer", "activity_regularizer", "kernel_constraint", "bias_constraint",
    "beta_regularizer", "gamma_regularizer", "beta_constraint", "gamma_constraint", "synchronized",
    "renorm", "renorm_clipping", "renorm_momentum", "lora_rank", "lora_alpha", "quantization_config",
}
OUR_OWN = {("AveragePooling2D", "pool_size"): (2, 2)}      # Keras has no default for it, but one for MaxPooling2D


@every_class
def test_arguments_are_those_of_keras(keras, name):
    """The same names, in the same order, with the same defaults; nothing is missing in between."""
    accepted = inspect.signature(getattr(keras.layers, name).__init__).parameters.values()
    accepted = [p for p in list(accepted)[1:] if p.kind is p.POSITIONAL_OR_KEYWORD and p.name != "name"]
    expected = {p.name: OUR_OWN.get((name, p.name), p.default) for p in accepted if p.name not in ABSENT}
    ours = list(inspect.signature(getattr(layers, name)).parameters.values())
    assert {p.name: p.default for p in ours if p.kind is p.POSITIONAL_OR_KEYWORD} == expected
    assert [p.name for p in ours if p.kind is p.POSITIONAL_OR_KEYWORD] == list(expected)
    assert [p.name for p in accepted][:len(expected)] == list(expected), "an absent argument stands before one that is there"
    layer = getattr(layers, name)(**ROWS[BY_CLASS[name]][1], name="mine", dtype="float32", trainable=False)
    assert (layer.name, layer.dtype, layer.trainable) == ("mine", "float32", False)


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
    twin.build(ROWS[row][2])
    twin.set_weights(layer.get_weights())
    training = {} if ROWS[row][3] is None else {"training": ROWS[row][3]}
    close(called(layer, row).detach().numpy(), np.asarray(twin(data(row), **training)))


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


# By themselves ----------------------------------------------------------------------------------------------------------

@every_row
def test_a_config_makes_the_same_layer_again(row):
    layer = built(row)
    config = layer.get_config()
    again = type(layer).from_config(deserialize(json.loads(json.dumps(serialize(config)))))
    assert serialize(again.get_config()) == serialize(config)
    called(again, row)
    again.set_weights(layer.get_weights())
    np.testing.assert_array_equal(called(again, row).data, called(layer, row).data)


@every_row
def test_float32_stays_float32(row):
    layer, x = built(row, dtype="float32"), data(row)
    x = [a.astype(np.float32) for a in x] if isinstance(x, list) else x.astype(np.float32)
    y = called(layer, row, x)
    assert {w.dtype for w in layer.weights} <= {np.dtype("float32")} and y.dtype == np.float32
    exact = built(row)
    exact.set_weights(layer.get_weights())
    close(y.detach().numpy(), called(exact, row).detach().numpy(), 1e-5)
    if layer.trainable_weights:
        y.sum().backward()
        assert {w.grad.dtype for w in layer.trainable_weights} == {np.dtype("float32")}


@every_row
def test_floats_take_the_dtype_of_the_layer(row):
    x = data(row)
    x = [a.astype(np.float32) for a in x] if isinstance(x, list) else x.astype(np.float32)
    assert called(built(row, dtype="float64"), row, x).dtype == np.float64


@every_row
def test_the_output_shape_is_foretold(row):
    layer, shapes = built(row), ROWS[row][2]
    unsized = [(None, *s[1:]) for s in shapes] if isinstance(shapes, list) else (None, *shapes[1:])
    expected = None, *called(layer, row).shape[1:]
    assert layer.compute_output_shape(shapes) == layer.compute_output_shape(unsized) == expected
    fresh = type(layer).from_config({**layer.get_config(), "name": None})
    assert fresh.compute_output_shape(unsized) == expected


@every_row
def test_an_empty_batch(row):
    layer, x = built(row), data(row)
    x = [tv.tensor(a[:0], requires_grad=True) for a in x] if isinstance(x, list) else tv.tensor(x[:0], requires_grad=True)
    before = layer.get_weights()
    y = called(layer, row, x)
    assert y.shape == (0, *called(built(row), row).shape[1:])
    for weight, value in zip(layer.weights, before):
        np.testing.assert_array_equal(weight.numpy(), value)
    y.sum().backward()
    for weight in layer.trainable_weights:
        np.testing.assert_array_equal(weight.grad.numpy(), np.zeros(weight.shape))


@pytest.mark.parametrize("row", [row for row in ROWS if not ROWS[row][3] or "frozen" in row])
def test_each_sample_is_treated_by_itself(row):
    """A batch of one gives what the sample gives among others."""
    layer, x = built(row), data(row)
    one = [a[1:2] for a in x] if isinstance(x, list) else x[1:2]
    close(called(layer, row, one).data, called(layer, row).data[1:2])


@every_row
def test_inputs_stay_untouched(row):
    layer, x = built(row), data(row)
    y = called(layer, row, x)
    if y.requires_grad:
        y.sum().backward()
    for now, before in zip(x, data(row)) if isinstance(x, list) else [(x, data(row))]:
        np.testing.assert_array_equal(now, before)


@every_class
def test_an_unknown_argument_is_named(name):
    with pytest.raises(TypeError, match=f"{name} has no argument 'nmae': did you mean 'name'"):
        getattr(layers, name)(**ROWS[BY_CLASS[name]][1], nmae="x")


@pytest.mark.parametrize("name", ["Conv2D", "MaxPooling2D", "AveragePooling2D", "GlobalAveragePooling2D", "Flatten"])
def test_there_is_one_layout(name):
    settings = ROWS[BY_CLASS[name]][1]
    getattr(layers, name)(**settings, data_format="channels_last")
    with pytest.raises(ValueError, match="channels_first.*channels last, everywhere"):
        getattr(layers, name)(**settings, data_format="channels_first")


@pytest.mark.parametrize("make, message", [
    (lambda: layers.Dense(0), "units must be a positive integer, got 0"),
    (lambda: layers.Dense(2.5), "units must be a positive integer, got 2.5"),
    (lambda: layers.Dense(True), "units must be a positive integer, got True"),
    (lambda: layers.Conv2D(-1, 3), "filters must be a positive integer, got -1"),
    (lambda: layers.Conv2D(6, 3, groups=4), "filters must be a multiple of the groups, got 4"),
    (lambda: layers.Conv2D(6, 3, padding="full"), "padding is 'valid' or 'same', not 'full'"),
    (lambda: layers.MaxPooling2D(padding="causal"), "padding is 'valid' or 'same', not 'causal'"),
    (lambda: layers.Conv2D(6, (3, 3, 3)), "kernel_size"),
    (lambda: layers.Dropout(1.5), "rate is a probability.*1.5"),
    (lambda: layers.ReLU(negative_slope=-1.0), "negative_slope must not be negative, got -1"),
    (lambda: layers.ReLU(max_value=-1.0), "max_value must not be negative, got -1"),
    (lambda: layers.Dense(3, dtype="float16"), "'float32' or 'float64', not 'float16'"),
    (lambda: layers.Dense(3, activation="rleu"), "did you mean 'relu'"),
    (lambda: layers.Dense(3, kernel_initializer="glorot_unifrom")(np.ones((1, 2))), "did you mean 'glorot_uniform'"),
    (lambda: layers.Input((28, 28.0)), "tuple of sizes or None, got"),
    (lambda: layers.Reshape((3, 3))(np.ones((2, 8))), "reshape.*8 numbers, into \\(3, 3\\)"),
    (lambda: layers.Reshape((-1, -1))(np.ones((2, 8))), "8 numbers, into \\(-1, -1\\)"),
    (lambda: layers.Add()(np.ones((2, 8))), "a list of at least two inputs"),
    (lambda: layers.Add()([np.ones((2, 8))]), "a list of at least two inputs"),
    (lambda: layers.Add()([np.ones((2, 8)), np.ones((2, 7))]), "\\(2, ?8\\)"),
    (lambda: layers.Concatenate()([np.ones((2, 8)), np.ones((3, 8))]), "may differ on axis -1 only"),
    (lambda: layers.Dense(3)(layers.Input((None,))), "inputs .* of a known C, got \\(None, None\\)"),
    (lambda: layers.Conv2D(3, 3)(layers.Input((9, 9, None))), "known number of channels, got \\(None, 9, 9, None\\)"),
    (lambda: layers.BatchNormalization()(layers.Input((None,))), "known number of channels on axis -1"),
    (lambda: layers.Conv2D(8, 3, groups=4)(np.ones((1, 5, 5, 6))), "channels must be a multiple of the 4 groups"),
], ids=lambda x: None if callable(x) else x[:24])
def test_what_cannot_be_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("name", ["MaxPool2D", "AvgPool2D"])
def test_short_names_are_the_same_classes(name):
    assert getattr(layers, name) is getattr(layers, {"MaxPool2D": "MaxPooling2D", "AvgPool2D": "AveragePooling2D"}[name])


def test_functions_for_merging():
    x = data("Add")
    np.testing.assert_array_equal(layers.add(x).data, x[0] + x[1])
    np.testing.assert_array_equal(layers.concatenate(x).data, np.concatenate(x, axis=-1))
    np.testing.assert_array_equal(layers.concatenate(x, axis=1, name="j").data, np.concatenate(x, axis=1))


def test_an_activation_may_be_a_function():
    np.testing.assert_array_equal(layers.Activation(lambda x: x * 2)(np.ones(3)).numpy(), [2, 2, 2])
    np.testing.assert_array_equal(layers.Dense(1, tv.ops.exp, kernel_initializer="zeros")(np.ones((1, 3))).data, [[1]])
    assert layers.Dense(1).activation is layers.Dense(1, activation="linear").activation is tv.activations.linear


def test_lists_of_numbers_are_data():
    np.testing.assert_array_equal(layers.Rescaling(2.0)([[1.0, 2.0]]).numpy(), [[2, 4]])
    assert layers.Dense(3)([[1.0, 2.0], [3.0, 4.0]]).shape == (2, 3)


def test_bytes_become_floats():
    pixels = np.array([[0, 51, 255]], np.uint8)
    y = layers.Rescaling(1 / 255, dtype="float32")(pixels)
    assert y.dtype == np.float32
    np.testing.assert_allclose(y.numpy(), [[0, 0.2, 1]], atol=1e-7)


@pytest.mark.parametrize("scale", [[1.0, 2.0, 3.0], (1.0, 2.0, 3.0), np.array([1.0, 2.0, 3.0]), np.float64(2), 2], ids=range(5))
def test_scales_do_not_widen(scale):
    y = layers.Rescaling(scale, offset=scale, dtype="float32")(np.ones((2, 3), np.float32))
    assert y.dtype == np.float32
    np.testing.assert_array_equal(y.numpy(), np.ones((2, 3)) * (2 * np.array(scale)))


# Input ------------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("shape", [(28, 28, 1), (None, None, 3), (4,), ()])
def test_input_is_that_of_keras(keras, shape):
    clear_session()
    keras.utils.clear_session(free_memory=False)
    for settings in {}, dict(dtype="uint8"), dict(name="pixels"):
        ours, expected = layers.Input(shape, **settings), keras.Input(shape, **settings)
        assert ours.shape == expected.shape
        assert ours.call.layer.name == expected._keras_history.operation.name
        assert ours.dtype == ("uint8" if settings.get("dtype") else "float64")


def test_a_symbolic_tensor_holds_no_numbers():
    x = layers.Input((3,))
    for use in (lambda: x + 1, lambda: 2 * x, lambda: -x, lambda: x[0], lambda: np.asarray(x), lambda: bool(x), lambda: x @ x):
        with pytest.raises(TypeError, match="holds no numbers"):
            use()


# Dropout ----------------------------------------------------------------------------------------------------------------

def test_dropout_keeps_the_mean():
    y = layers.Dropout(0.3)(np.ones((200, 500)), training=True).numpy()
    np.testing.assert_allclose(np.unique(y), [0, 1 / 0.7], rtol=1e-12)
    np.testing.assert_allclose((y == 0).mean(), 0.3, atol=5 * np.sqrt(0.21 / 1e5))         # five standard deviations
    for axis in 0, 1:                                      # nor do whole rows or columns go together
        spread = (y == 0).mean(axis).std() / np.sqrt(0.21 / y.shape[axis])
        np.testing.assert_allclose(spread, 1, atol=0.25)


def test_dropout_of_whole_channels():
    y = layers.Dropout(0.5, noise_shape=(None, 1, 1, None))(np.ones((20, 4, 3, 50)), training=True).numpy()
    np.testing.assert_array_equal(y, np.broadcast_to(y[:, :1, :1], y.shape))
    assert 0.4 < (y[:, 0, 0] == 0).mean() < 0.6


def test_dropout_sends_gradients_where_it_let_through():
    x = tv.tensor(np.ones((5, 40)), requires_grad=True)
    y = layers.Dropout(0.5)(x, training=True)
    y.sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), y.detach().numpy())


def test_dropout_draws_anew_in_each_step_and_layer():
    x = np.ones((1, 200))
    one, other = layers.Dropout(0.5), layers.Dropout(0.5)
    drawn = [one(x, training=True).numpy(), one(x, training=True).numpy(), other(x, training=True).numpy()]
    for i, j in (0, 1), (0, 2), (1, 2):
        assert 60 < (drawn[i] != drawn[j]).sum() < 140     # independent masks differ in half of the places


@pytest.mark.parametrize("seeded", [dict(seed=7), dict()], ids=["own seed", "common seed"])
def test_the_same_seed_drops_the_same(seeded):
    def run():
        tv.utils.set_random_seed(3)
        layer = layers.Dropout(0.5, **seeded)
        return [layer(np.ones((3, 40)), training=True).numpy() for _ in range(3)]
    np.testing.assert_array_equal(run(), run())


# Batch normalization ----------------------------------------------------------------------------------------------------

def test_a_normalized_batch_has_mean_0_and_variance_1():
    x = np.random.default_rng(0).normal(5, 3, (6, 4, 5, 3))
    y = layers.BatchNormalization(epsilon=1e-12)(x, training=True).detach().numpy()
    close(y.mean((0, 1, 2)), 0)
    close(y.var((0, 1, 2)), 1)


def test_moving_averages_approach_the_statistics():
    layer, x = layers.BatchNormalization(momentum=0.5), np.random.default_rng(0).normal(5, 3, (6, 4, 5, 3))
    for _ in range(60):
        layer(x, training=True)
    close(layer.moving_mean.numpy(), x.mean((0, 1, 2)))
    close(layer.moving_variance.numpy(), x.var((0, 1, 2)))
    close(layer(x, training=False).data, layer(x, training=True).data)


def test_a_frozen_normalization_neither_learns_nor_keeps_averages():
    layer, x = layers.BatchNormalization(), np.random.default_rng(0).normal(5, 3, (6, 4))
    layer(x, training=True)
    before, layer.trainable = layer.get_weights(), False
    y = layer(x, training=True)
    assert not y.requires_grad and not layer.trainable_weights
    for weight, value in zip(layer.weights, before):
        np.testing.assert_array_equal(weight.numpy(), value)
    np.testing.assert_array_equal(y.numpy(), layer(x, training=False).numpy())
    layer.trainable = True
    assert [w.name for w in layer.trainable_weights] == ["gamma", "beta"]


# Layers of one's own ----------------------------------------------------------------------------------------------------

class Scaled(Layer):
    def __init__(self, start=1.0, **settings):
        super().__init__(**settings)
        self.start = start

    def build(self, input_shape):
        self.counter = self.add_weight((), "zeros", trainable=False, name="counter")
        self.scale = self.add_weight((input_shape[-1],), "ones", name="scale")

    def call(self, x, training=False):
        return x * self.scale * (self.start if training else 1.0)


def test_a_layer_of_ones_own():
    layer = Scaled(3.0, name="mine")
    np.testing.assert_array_equal(layer(np.ones((2, 3)), training=True).data, np.full((2, 3), 3.0))
    assert [w.path for w in layer.weights] == ["mine/scale", "mine/counter"]           # trainable ones first, as in Keras
    assert [w.name for w in layer.trainable_weights] == ["scale"]
    assert layer.get_config() == {"name": "mine", "trainable": True, "dtype": "float64", "start": 3.0}
    assert layer.built and layer.count_params() == 4


def test_training_reaches_the_layers_inside():
    class Pair(Layer):
        def __init__(self, **settings):
            super().__init__(**settings)
            self.inner = [Scaled(2.0), {"second": Scaled(5.0)}]

        def call(self, x):
            return self.inner[1]["second"](self.inner[0](x))

    layer = Pair()
    assert float(layer(np.ones((1, 1)), training=True)) == 10
    assert float(layer(np.ones((1, 1)), training=False)) == 1
    assert len(layer.weights) == 4 and len(layer.trainable_weights) == 2


def test_an_inner_layer_may_be_told_otherwise():
    class Rebel(Layer):
        def __init__(self, **settings):
            super().__init__(**settings)
            self.inner = Scaled(2.0)

        def call(self, x):
            return self.inner(x, training=False)

    assert float(Rebel()(np.ones((1, 1)), training=True)) == 1


def test_a_failed_call_leaves_the_mode_as_it_was():
    class Broken(Layer):
        def call(self, x):
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        Broken()(np.ones(3), training=True)
    with tv.no_grad():
        assert float(Scaled(4.0)(np.ones((1, 1)))) == 1


def test_init_must_call_super():
    class Forgetful(Layer):
        def __init__(self):
            self.size = 3

    with pytest.raises(RuntimeError, match="Forgetful.__init__ must call super"):
        Forgetful()(np.ones(3))


def test_call_must_be_defined():
    with pytest.raises(NotImplementedError, match="must define call"):
        Layer()(np.ones(3))


def test_weights_are_set_all_or_none():
    layer = built("Dense")
    before = layer.get_weights()
    for wrong, message in [([before[0]], "has 2 weights, got 1 arrays"), ([before[0], np.ones(6)], "bias has shape \\(5,\\)"),
                           ([before[0].T, before[1]], "kernel has shape \\(4, 5\\), got an array of shape \\(5, 4\\)")]:
        with pytest.raises(ValueError, match=message):
            layer.set_weights(wrong)
    for weight, value in zip(layer.weights, before):
        np.testing.assert_array_equal(weight.numpy(), value)
    layer.get_weights()[0][:] = 0                          # they are copies
    np.testing.assert_array_equal(layer.kernel.numpy(), before[0])


def test_an_unbuilt_layer_says_so():
    with pytest.raises(ValueError, match="not built; call it on data once"):
        layers.Dense(3, name="d").set_weights([np.ones((2, 3)), np.ones(3)])
    with pytest.raises(ValueError, match="no weights yet"):
        layers.Dense(3).count_params()


def test_asking_for_a_shape_leaves_no_trace():
    layer = layers.Conv2D(2, 3)
    layer.compute_output_shape((None, 9, 9, 1))
    model = tv.Sequential([layers.Input((9, 9, 1)), layer])
    assert tv.Model(model.inputs, layer.output)(np.zeros((1, 9, 9, 1))).shape == (1, 7, 7, 2)
