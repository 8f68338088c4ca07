"""Activations by name, against Keras: arguments, values, gradients, layers that take them, and how files name them."""
import inspect
import json

import numpy as np
import pytest

import tinyvision as tv
from tinyvision import activations, layers, ops
from tinyvision.activations.base import ACTIVATIONS
from tinyvision.serialization import deserialize, serialize

from .oracle import vjp
from .record import agree

NOT_HERE = {"sparse_plus", "sparse_sigmoid", "sparsemax"}              # for text; and Keras's sparsemax does not sum to 1
NUMBERS = 2.5 * np.random.default_rng(0).standard_normal((3, 4))
every_name = pytest.mark.parametrize("name", sorted(ACTIVATIONS))


@pytest.fixture(autouse=True)
def double():
    tv.config.set_floatx("float64")


def test_there_are_all_that_keras_has(keras):
    theirs = {name for name, thing in vars(keras.activations).items() if inspect.isfunction(thing)} - {"get", "serialize", "deserialize"}
    assert set(ACTIVATIONS) == theirs - NOT_HERE
    for name in NOT_HERE:
        with pytest.raises(ValueError, match=f"unknown activation '{name}'"):
            activations.get(name)


@every_name
def test_arguments_are_those_of_keras(keras, name):
    ours, theirs = ([(p.name, p.default) for p in inspect.signature(getattr(home, name)).parameters.values()]
                    for home in (activations, keras.activations))
    assert ours == theirs


CALLS = [(name, {}) for name in sorted(set(ACTIVATIONS) - {"threshold"})] + [
    ("relu", dict(negative_slope=0.3)), ("relu", dict(max_value=1.5)), ("relu", dict(max_value=6)), ("relu", dict(threshold=0.5)),
    ("relu", dict(threshold=-0.5)), ("relu", dict(negative_slope=0.3, max_value=1.5)), ("relu", dict(max_value=0)),
    ("relu", dict(negative_slope=0.3, threshold=0.5)), ("relu", dict(max_value=1.5, threshold=-0.5)),
    ("relu", dict(negative_slope=0.3, max_value=1.5, threshold=0.5)), ("relu", dict(negative_slope=-0.3)),
    ("gelu", dict(approximate=True)), ("leaky_relu", dict(negative_slope=0.01)), ("elu", dict(alpha=0.3)), ("celu", dict(alpha=0.3)),
    ("softmax", dict(axis=0)), ("log_softmax", dict(axis=0)), ("glu", dict(axis=1)), ("hard_shrink", dict(threshold=1.0)),
    ("soft_shrink", dict(threshold=1.0)), ("squareplus", dict(b=1.5)), ("threshold", dict(threshold=0.5, default_value=-2.0))]


@pytest.mark.parametrize("name, settings", CALLS, ids=[f"{name} {settings or ''}".strip() for name, settings in CALLS])
def test_values_and_gradients_are_those_of_keras(keras, name, settings):
    x = tv.tensor(NUMBERS, requires_grad=True)
    y = getattr(activations, name)(x, **settings)
    arriving = np.random.default_rng(1).standard_normal(y.shape)
    (expected,), _, (gradient,) = vjp(lambda a: ([getattr(keras.activations, name)(a, **settings)], []), [NUMBERS], lambda y: [arriving])
    y.backward(tv.tensor(arriving))
    agree(("activation", name, str(settings)), y.detach().numpy(), expected)
    agree(("activation", name, str(settings)), x.grad.numpy(), gradient)


def test_relu_at_its_corners(keras):
    """Up to the threshold, itself included, numbers count as negative."""
    x = np.array([-1.0, 0.0, 0.5, 1.0, 1.5, 2.0])
    for settings in (dict(threshold=0.5), dict(threshold=0.5, negative_slope=0.3), dict(threshold=1, max_value=1.5), dict(threshold=None)):
        expected = keras.activations.relu(x, **{**settings, "threshold": settings["threshold"] or 0})
        np.testing.assert_allclose(activations.relu(x, **settings).numpy(), expected, rtol=1e-12)
    np.testing.assert_allclose(layers.ReLU(threshold=0.5)(x).numpy(), keras.layers.ReLU(threshold=0.5)(x), rtol=1e-12)


def test_floats_stay_as_narrow_as_they_are():
    for name in set(ACTIVATIONS) - {"threshold"}:
        assert ACTIVATIONS[name](NUMBERS.astype("float32")).dtype == np.float32, name


# By name ------------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("name", sorted(set(ACTIVATIONS) - {"threshold"}))
def test_dense_takes_it_by_name_as_keras(keras, name):
    dense, twin = layers.Dense(4, activation=name), keras.layers.Dense(4, activation=name, dtype="float64")
    dense(NUMBERS), twin.build(NUMBERS.shape)
    twin.set_weights(dense.get_weights())
    agree(("activation", name, "in Dense"), dense(NUMBERS).detach().numpy(), twin(NUMBERS))


@every_name
def test_files_name_it_as_keras_does(keras, name):
    word = activations.serialize(getattr(activations, name))
    assert word == activations.serialize(name) == keras.activations.serialize(keras.activations.get(name))
    assert activations.deserialize(word) is activations.get(name)
    config = json.loads(json.dumps(serialize(layers.Dense(3, activation=name).get_config())))
    assert config["activation"] == name                    # as it was given; for Keras, aliases mean the same
    assert layers.Dense.from_config(deserialize(config)).activation is activations.get(name)
    assert keras.activations.get(config["activation"]).__name__ == word


def test_the_relu_that_layers_get_is_the_one_that_they_fuse():
    for relu in ("relu", activations.relu, ops.relu):
        assert layers.Conv2D(2, 3, activation=relu).activation is ops.relu
    assert activations.get(None) is activations.get("linear") is activations.linear
    assert activations.get("swish") is activations.get("silu") and activations.get("hard_swish") is activations.hard_silu


def doubled(x):
    return x * 2


def test_functions_of_ones_own(keras):
    config = activations.serialize(doubled)
    assert config == keras.activations.serialize(doubled)
    assert activations.deserialize(config, {"doubled": doubled}) is doubled
    assert activations.deserialize("doubled", {"doubled": doubled}) is doubled
    with pytest.raises(ValueError, match="'doubled' is none that tinyvision knows by name: pass it as custom_objects={'doubled': ...}"):
        activations.deserialize(config)
    with pytest.raises(ValueError, match="an activation is a name, a function or a layer"):
        activations.get({"name": "relu"})
    with pytest.raises(TypeError, match="cannot write function .*<lambda>.*: files hold the names of functions: write it with def"):
        activations.serialize(lambda x: x)


def relu(x):
    """Not what goes by that name."""
    return x * 2


def test_a_name_stands_for_one_function_only():
    """Functions that share the name of an activation, but compute something else, are not written down by it."""
    for other in (relu, ops.gelu, ops.square):
        config = serialize(layers.Activation(other).get_config())["activation"]
        assert config == {"module": "builtins", "class_name": "function", "config": other.__name__, "registered_name": "function"}
    import functools
    with pytest.raises(TypeError, match="cannot write partial .*: write it with def"):
        serialize(layers.Activation(functools.partial(activations.elu, alpha=2.0)).get_config())


def test_a_file_with_functions_of_ones_own(tmp_path):
    model = tv.Sequential([layers.Input((4,)), layers.Dense(3, activation=doubled), layers.Activation(relu), layers.Dense(2, "mish")])
    model.save(tmp_path / "a.keras")
    with pytest.raises(ValueError, match="the function 'doubled' is none that tinyvision knows"):
        tv.models.load_model(tmp_path / "a.keras")
    again = tv.models.load_model(tmp_path / "a.keras", custom_objects={"doubled": doubled, "relu": relu})
    np.testing.assert_array_equal(again.predict(NUMBERS), model.predict(NUMBERS))
    assert again.layers[2].activation is activations.mish


def test_keras_reads_our_names_and_we_read_theirs(keras, tmp_path):
    """A network with each activation that has a name, in files both ways."""
    names = sorted(set(ACTIVATIONS) - {"threshold", "exponential", "glu", "log_sigmoid"})
    make = lambda k: k.Sequential([k.Input((4,)), *(k.layers.Activation(name) for name in names)])
    ours, theirs = make(tv), make(keras)
    ours.save(tmp_path / "ours.keras")
    theirs.save(tmp_path / "theirs.keras")
    expected = theirs.predict(NUMBERS, verbose=0)
    found = keras.models.load_model(tmp_path / "ours.keras").predict(NUMBERS, verbose=0)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)
    found = tv.models.load_model(tmp_path / "theirs.keras").predict(NUMBERS)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("wrong", ["rleu", "sotfmax", 3])
def test_unknown_names(wrong):
    with pytest.raises(ValueError, match=f"unknown activation {wrong!r}"):
        activations.get(wrong)


def test_glu_needs_two_halves():
    with pytest.raises(ValueError, match="glu: axis 1 is cut into halves, so its size must be even, got x \\(2, 3\\)"):
        activations.glu(np.ones((2, 3)), axis=1)
