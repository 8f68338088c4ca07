"""Layers by themselves: what each promises, row by row of parity/layer_rows. Their numbers are compared in parity/test_layers.py."""
import json

import numpy as np
import pytest
from parity.layer_cases import built, called, data, each, filled, floats, shapes, weighted
from parity.layer_rows import BY_CLASS, CLASSES, ROWS, Call

import tinyvision as tv
from tinyvision import layers
from tinyvision.kernels.random import uniform
from tinyvision.layers.base import Layer, clear_session
from tinyvision.serialization import deserialize, serialize
from tinyvision.structures import leaves, map_structure

every_row = pytest.mark.parametrize("row", ROWS)
every_class = pytest.mark.parametrize("name", CLASSES)


@pytest.fixture(autouse=True)
def double():
    tv.config.set_floatx("float64")


def close(ours, theirs, tolerance=1e-10):
    np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance)


# By themselves ----------------------------------------------------------------------------------------------------------

@every_row
def test_a_config_makes_the_same_layer_again(row):
    layer = built(row)
    config = layer.get_config()
    again = type(layer).from_config(deserialize(json.loads(json.dumps(serialize(config)))))
    assert serialize(again.get_config()) == serialize(config)
    called(again, row)
    again.set_weights(layer.get_weights())
    for y, expected in zip(leaves(called(again, row)), leaves(called(layer, row)), strict=True):
        np.testing.assert_array_equal(y.data, expected.data)


@every_row
def test_float32_stays_float32(row):
    layer = built(row, dtype="float32")
    outputs = called(layer, row, narrow(row))
    assert {w.dtype for w in layer.weights if w.dtype.kind == "f"} <= {np.dtype("float32")} and {y.dtype for y in leaves(outputs)} == {np.dtype("float32")}
    exact = built(row)
    exact.set_weights(layer.get_weights())
    for y, expected in zip(leaves(outputs), leaves(called(exact, row)), strict=True):
        scale = max(1, np.abs(expected.data).max(initial=0))             # errors are relative to the largest number
        close(y.detach().numpy() / scale, expected.detach().numpy() / scale, 1e-5)
    if layer.trainable_weights:
        weighted(outputs).backward()
        assert {w.grad.dtype for w in layer.trainable_weights} == {np.dtype("float32")}


def narrow(row):
    """The data of a row, floats in float32."""
    return filled(data(row), [a.astype(np.float32) for a in floats(data(row))])


@every_row
def test_floats_take_the_dtype_of_the_layer(row):
    assert {y.dtype for y in leaves(called(built(row, dtype="float64"), row, narrow(row)))} == {np.dtype("float64")}


@every_row
def test_the_output_shape_is_foretold(row):
    layer, known = built(row), shapes(row)
    unsized = each_shape(lambda shape: (None, *shape[1:]), known)
    expected = structure(called(layer, row))
    if not isinstance(ROWS[row][2], Call):                 # settings may change what is returned: see the functional model
        assert layer.compute_output_shape(*known) == layer.compute_output_shape(*unsized) == expected
        fresh = type(layer).from_config({**layer.get_config(), "name": None})
        assert fresh.compute_output_shape(*unsized) == expected
    symbols = each(lambda a: layers.Input(a.shape[1:], dtype=a.dtype), data(row))
    assert structure(called(layer, row, symbols)) == expected


def structure(outputs):
    """The shapes of what a layer returns, the batch aside."""
    return map_structure(lambda y: (None, *y.shape[1:]), outputs)


def each_shape(function, shapes):
    """Shapes in a tuple, alone or in lists, each with `function` done to it."""
    return tuple([function(s) for s in shape] if isinstance(shape, list) else function(shape) for shape in shapes)


@every_row
def test_an_empty_batch(row):
    layer = built(row)
    x = each(lambda a: tv.tensor(a[:0], requires_grad=a.dtype.kind == "f"), data(row))
    before = layer.get_weights()
    outputs = called(layer, row, x)
    assert {len(y) for y in leaves(outputs)} == {0}
    assert structure(outputs) == structure(called(built(row), row))
    for weight, value in zip(layer.weights, before):
        np.testing.assert_array_equal(weight.numpy(), value)
    if floats(x) or layer.trainable_weights:
        weighted(outputs).backward()
    for weight in layer.trainable_weights:
        np.testing.assert_array_equal(weight.grad.numpy(), np.zeros(weight.shape))


@pytest.mark.parametrize("row", [row for row in ROWS if not ROWS[row][3] or "frozen" in row])
def test_each_sample_is_treated_by_itself(row):
    """A batch of one gives what the sample gives among others."""
    layer = built(row)
    for one, y in zip(leaves(called(layer, row, each(lambda a: a[1:2], data(row)))), leaves(called(layer, row)), strict=True):
        close(one.data, y.data[1:2])


@every_row
def test_inputs_stay_untouched(row):
    layer, x = built(row), data(row)
    y = weighted(called(layer, row, x))
    if y.requires_grad:
        y.backward()
    for now, before in zip(leaves(x), leaves(data(row)), strict=True):
        np.testing.assert_array_equal(now, before)


@every_class
def test_an_unknown_argument_is_named(name):
    with pytest.raises(TypeError, match=f"{name} has no argument 'nmae': did you mean 'name'"):
        getattr(layers, name)(**ROWS[BY_CLASS[name]][1], nmae="x")


@pytest.mark.parametrize("name", ["Conv2D", "MaxPooling2D", "AveragePooling2D", "GlobalAveragePooling2D", "Flatten", "SpatialDropout2D"])
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
    (lambda: layers.SpatialDropout2D(-0.5), "rate is a probability.*-0.5"),
    (lambda: layers.SpatialDropout2D(0.5)(np.ones((2, 3, 4))), "expects images"),
    (lambda: layers.SpatialDropout1D(0.5)(np.ones((2, 3))), "expects sequences \\(N, T, C\\), got input \\(2, 3\\)"),
    (lambda: layers.GaussianDropout(1.0), "rate is a probability.*1.0"),
    (lambda: layers.GaussianNoise(1.5), "stddev lies between 0 and 1, got 1.5"),
    (lambda: layers.AlphaDropout(0.5, (2, 2))(np.ones((2, 3)), training=True), "AlphaDropout.: each size of noise_shape .*\\(2, 2\\)"),
    (lambda: layers.Permute((1, 3)), "each once, got \\(1, 3\\)"),
    (lambda: layers.Permute((0, 1)), "each once, got \\(0, 1\\)"),
    (lambda: layers.Permute((2, 1))(np.ones((2, 3, 4, 5))), "axes \\(2, 1\\) are not those of samples of shape \\(3, 4, 5\\)"),
    (lambda: layers.RepeatVector(0), "n must be a positive integer, got 0"),
    (lambda: layers.RepeatVector(2)(np.ones((2, 3, 4))), "expects vectors \\(N, C\\), got input \\(2, 3, 4\\)"),
    (lambda: layers.PReLU()(layers.Input((None, None, 3))), "known sizes, .*shared_axes=\\[1, 2\\]"),
    (lambda: layers.PReLU(shared_axes=[3])(np.ones((2, 3, 4))), "shared_axes are among 1 .. 2 .*got \\[3\\]"),
    (lambda: layers.LeakyReLU(-0.1), "negative_slope must not be negative, got -0.1"),
    (lambda: layers.LeakyReLU(None), "negative_slope must not be negative, got None"),
    (lambda: layers.ReLU(negative_slope=-1.0), "negative_slope must not be negative, got -1"),
    (lambda: layers.ReLU(max_value=-1.0), "max_value must not be negative, got -1"),
    (lambda: layers.Dense(3, dtype="float16"), "'float32' or 'float64', not 'float16'"),
    (lambda: layers.Dense(3, activation="rleu"), "did you mean 'relu'"),
    (lambda: layers.Dense(3, kernel_initializer="glorot_unifrom")(np.ones((1, 2))), "did you mean 'glorot_uniform'"),
    (lambda: layers.Input((28, 28.0)), "tuple of sizes or None, got"),
    (lambda: layers.Reshape((3, 3))(np.ones((2, 8))), "reshape.*8 numbers, into \\(3, 3\\)"),
    (lambda: layers.Reshape((-1, -1))(np.ones((2, 8))), "8 numbers, into \\(-1, -1\\)"),
    (lambda: layers.Add()(np.ones((2, 8))), "called on a list of inputs"),
    (lambda: layers.Add()([]), "called on a list of inputs"),
    (lambda: layers.Multiply()([np.ones((2, 8)), np.ones((2, 7))]), "shapes \\(2, 8\\), \\(2, 7\\) cannot be joined"),
    (lambda: layers.Add()([np.ones((2, 8)), np.ones((1, 8))]), "\\(2, 8\\), \\(1, 8\\) hold different numbers of samples"),
    (lambda: layers.Subtract()([np.ones((2, 8))]), "called on two inputs, got 1"),
    (lambda: layers.Dot(1)([np.ones((2, 8))] * 3), "called on two inputs, got 3"),
    (lambda: layers.Dot(1)([np.ones((2, 8)), np.ones((2, 7))]), "\\(2, 8\\), \\(2, 7\\) have different sizes on the axes 1 and 1"),
    (lambda: layers.Dot((1, 0))([np.ones((2, 8)), np.ones((2, 8))]), "cannot sum axis 0 .* or the batch"),
    (lambda: layers.Dot(2)([np.ones((2, 8)), np.ones((2, 8))]), "cannot sum axis 2 of an input of shape \\(2, 8\\)"),
    (lambda: layers.Dot((1, 2, 3)), "axes is a number or a pair of numbers, got \\(1, 2, 3\\)"),
    (lambda: layers.Dot((1, (2,))), "axes is a number or a pair of numbers"),
    (lambda: layers.Concatenate()([np.ones((2, 8, 2)), np.ones((2, 7, 2))]), "may differ on axis -1 only"),
    (lambda: layers.Dense(3)(layers.Input((None,))), "inputs .* of a known C, got \\(None, None\\)"),
    (lambda: layers.Conv2D(3, 3)(layers.Input((9, 9, None))), "known number of channels, got \\(None, 9, 9, None\\)"),
    (lambda: layers.BatchNormalization()(layers.Input((None,))), "known number of channels on axis -1"),
    (lambda: layers.Conv2D(8, 3, groups=4)(np.ones((1, 5, 5, 6))), "channels must be a multiple of the 4 groups"),
], ids=lambda x: None if callable(x) else x[:24])
def test_what_cannot_be_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("name", [name for name in CLASSES if getattr(layers, name).regularized])
def test_regularizers_and_constraints_reach_their_weights(name):
    names = getattr(layers, name).regularized
    layer = built(BY_CLASS[name], **{f"{weight}_regularizer": "l2" for weight in names}, **{f"{weight}_constraint": "non_neg" for weight in names})
    assert len(layer.losses) == len(layer.trainable_weights) == sum(weight.constraint is not None for weight in layer.trainable_weights)
    config = json.loads(json.dumps(serialize(layer.get_config())))
    assert {config[f"{weight}_regularizer"] for weight in names} == {"l2"}


@pytest.mark.parametrize("name", ["MaxPool2D", "AvgPool2D"])
def test_short_names_are_the_same_classes(name):
    assert getattr(layers, name) is getattr(layers, {"MaxPool2D": "MaxPooling2D", "AvgPool2D": "AveragePooling2D"}[name])


def test_functions_for_merging():
    x = data("Add")
    results = dict(add=x[0] + x[1], subtract=x[0] - x[1], multiply=x[0] * x[1], average=(x[0] + x[1]) / 2, maximum=np.maximum(*x),
                   minimum=np.minimum(*x), dot=np.einsum("nabc,ndec->nabde", *x))
    for name, expected in results.items():
        layer = layers.Input((7, 5, 4))
        close(getattr(layers, name)(x).data, expected)
        assert getattr(layers, name)([layer, layer], name="joined").call.layer.name == "joined"
    np.testing.assert_array_equal(layers.concatenate(x).data, np.concatenate(x, axis=-1))
    np.testing.assert_array_equal(layers.concatenate(x, axis=1, name="j").data, np.concatenate(x, axis=1))


def test_the_dot_product_of_nothing():
    """A vector of zeros has no direction: its cosine with others is 0, and its gradient a number."""
    x = tv.tensor(np.array([[0.0, 0.0], [3.0, 4.0]]), requires_grad=True)
    y = layers.dot([x, np.array([[1.0, 2.0], [4.0, 3.0]])], normalize=True)
    y.sum().backward()
    close(y.detach().numpy(), [[0], [24 / 25]])
    assert np.isfinite(x.grad.numpy()).all()


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


NOISY = {
    "SpatialDropout1D": (dict(rate=0.5), (20, 6, 50)), "SpatialDropout2D": (dict(rate=0.5), (20, 4, 3, 50)),
    "GaussianNoise": (dict(stddev=0.5), (20, 300)), "GaussianDropout": (dict(rate=0.3), (20, 300)), "AlphaDropout": (dict(rate=0.3), (20, 300)),
}
every_noise = pytest.mark.parametrize("name", NOISY)


def noisy(name, **settings):
    return getattr(layers, name)(**NOISY[name][0], **settings), np.ones(NOISY[name][1])


@every_noise
def test_noise_is_new_in_each_step_and_layer_and_the_same_for_a_seed(name):
    def run(**settings):
        (one, x), (other, _) = noisy(name, **settings), noisy(name, **settings)
        return [layer(x, training=True).numpy() for layer in (one, one, other)]

    tv.utils.set_random_seed(3)
    first = run()
    tv.utils.set_random_seed(3)
    for a, b in zip(first, run()):
        np.testing.assert_array_equal(a, b)
    for i, j in (0, 1), (0, 2), (1, 2):
        assert (first[i] != first[j]).mean() > 0.3
    seeded, again = run(seed=7), run(seed=7)
    np.testing.assert_array_equal(seeded, again)
    np.testing.assert_array_equal(seeded[0], seeded[2])    # layers of one seed draw the same
    assert (seeded[0] != seeded[1]).mean() > 0.3


@every_noise
def test_noise_in_both_dtypes_and_on_bytes(name):
    layer, x = noisy(name, dtype="float32", seed=1)
    wide, _ = noisy(name, seed=1)
    narrow = layer(x.astype(np.float32), training=True)
    assert narrow.dtype == np.float32
    close(narrow.numpy(), wide(x, training=True).numpy(), 1e-6)
    if name != "SpatialDropout1D":
        layer, _ = noisy(name, dtype="float32", seed=1)
        close(layer(x.astype(np.uint8), training=True).numpy(), narrow.numpy(), 1e-6)
    empty = layer(x[:0].astype(np.float32), training=True)
    assert empty.shape == (0, *x.shape[1:])


@pytest.mark.parametrize("name", ["SpatialDropout1D", "SpatialDropout2D"])
def test_spatial_dropout_drops_whole_channels(name):
    layer, x = noisy(name)
    y = layer(x, training=True).numpy()
    first = y.reshape(20, -1, 50)[:, 0]
    np.testing.assert_array_equal(y.reshape(20, -1, 50), np.broadcast_to(first[:, None], y.reshape(20, -1, 50).shape))
    np.testing.assert_array_equal(np.unique(y), [0, 2])
    assert 0.4 < (first == 0).mean() < 0.6


def test_gaussian_noise_is_normal():
    """Mean, deviation and share beyond one deviation, each within five standard deviations; and neighbours are independent."""
    y = layers.GaussianNoise(0.5)(np.full((200, 501), 3.0), training=True).numpy() - 3
    n = y.size
    np.testing.assert_allclose(y.mean(), 0, atol=5 * 0.5 / n ** 0.5)
    np.testing.assert_allclose(y.std(), 0.5, rtol=5 / (2 * n) ** 0.5)
    np.testing.assert_allclose((np.abs(y) > 0.5).mean(), 0.3173, atol=5 * (0.3173 * 0.6827 / n) ** 0.5)
    np.testing.assert_allclose((np.abs(y) > 1).mean(), 0.0455, atol=5 * (0.0455 * 0.9545 / n) ** 0.5)
    flat = y.ravel()
    for a, b in (flat[::2][:-1], flat[1::2]), (flat[:-1], flat[1:]), (np.abs(flat[:-1]), np.abs(flat[1:])):
        assert abs(np.corrcoef(a[:len(b)], b[:len(a)])[0, 1]) < 5 / len(b) ** 0.5


def test_gaussian_dropout_has_the_variance_of_dropout():
    x = tv.tensor(np.full((200, 500), 2.0), requires_grad=True)
    y = layers.GaussianDropout(0.2)(x, training=True)
    y.sum().backward()
    factor = y.detach().numpy() / 2
    close(x.grad.numpy(), factor)
    np.testing.assert_allclose(factor.mean(), 1, atol=5 * 0.5 / 1e5 ** 0.5)
    np.testing.assert_allclose(factor.var(), 0.2 / 0.8, rtol=0.03)


@pytest.mark.parametrize("noise_shape", [None, (None, 1, 40), (3, 50, 1)])
def test_alpha_dropout_is_its_formula_and_keeps_the_statistics(noise_shape):
    x = tv.tensor(np.random.default_rng(0).standard_normal((3, 50, 40)), requires_grad=True)
    y = layers.AlphaDropout(0.3, noise_shape, seed=5)(x, training=True)
    shape = [m or n for m, n in zip(noise_shape or (None,) * 3, x.shape)]
    kept = uniform(tuple(shape), tv.config.random_key(5), 1) >= 0.3
    least = -1.6732632423543772 * 1.0507009873554805
    scale = (0.7 * (1 + 0.3 * least ** 2)) ** -0.5
    close(y.detach().numpy(), scale * np.where(kept, x.data, least) - scale * least * 0.3)
    y.sum().backward()
    close(x.grad.numpy(), scale * np.broadcast_to(kept, x.shape))
    if noise_shape is None:
        assert abs(y.detach().numpy().mean()) < 0.05 and abs(y.detach().numpy().var() - 1) < 0.1


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


def test_a_convolution_called_on_the_wrong_shape_can_still_be_built():
    layer = layers.Conv2D(2, 3)
    with pytest.raises(ValueError, match="expects images"):
        layer(np.ones((4, 4, 1)))
    assert not layer.built and layer(np.ones((1, 4, 4, 1))).shape == (1, 2, 2, 2)
