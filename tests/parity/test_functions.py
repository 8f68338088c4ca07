"""Lambda: as a layer, against Keras; in files, which hold the names of functions and never their code."""
import inspect
import json
import zipfile

import numpy as np
import pytest

import tinyvision as tv
from tinyvision import layers, ops
from tinyvision.serialization import deserialize, serialize

X = np.random.default_rng(0).standard_normal((3, 4))


@pytest.fixture(autouse=True)
def double():
    tv.config.set_floatx("float64")


def halved(x, by=2.0):
    return x / by


def in_training(x, training=False):
    return x * 3 if training else x


def joined(inputs):
    return inputs[0] * inputs[1]


CALLS = [(halved, {}, X), (halved, dict(arguments={"by": 4.0}), X), (joined, {}, [X, 2 * X]), (in_training, {}, X),
         (halved, dict(output_shape=(4,)), X), (halved, dict(output_shape=lambda shape: shape), X)]


@pytest.mark.parametrize("function, settings, x", CALLS, ids=range(len(CALLS)))
def test_it_is_that_of_keras(keras, function, settings, x):
    ours, theirs = (home.Lambda(function, **settings, dtype="float64") for home in (layers, keras.layers))
    for training in False, True:
        np.testing.assert_array_equal(ours(x, training=training).numpy(), theirs(x, training=training))
    shapes = [(None, 4), (None, 4)] if isinstance(x, list) else (None, 4)
    assert ours.compute_output_shape(shapes) == (None, 4)


def test_its_arguments_are_those_of_keras(keras):
    theirs = [(p.name, p.default) for p in inspect.signature(keras.layers.Lambda).parameters.values() if p.kind is not p.VAR_KEYWORD]
    ours = [(p.name, p.default) for p in inspect.signature(layers.Lambda).parameters.values() if p.kind is not p.VAR_KEYWORD]
    assert ours == [p for p in theirs if p[0] != "mask"]
    with pytest.raises(TypeError, match="Lambda has no argument 'mask'"):
        layers.Lambda(halved, mask=None)


def test_gradients_go_through():
    x = tv.tensor(X, requires_grad=True)
    layers.Lambda(lambda x: x ** 3)(x).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), 3 * X ** 2)


def test_the_shape_is_asked_or_told():
    assert layers.Lambda(lambda x: ops.mean(x, axis=1))(layers.Input((5, 7))).shape == (None, 7)
    stubborn = lambda x: ops.max(x, axis=0, keepdims=True) + x * 0         # of an empty batch there is no largest
    with pytest.raises(ValueError):
        layers.Lambda(stubborn)(layers.Input((5,)))
    for told in (5,), lambda shape: shape:
        model = tv.Sequential([layers.Input((5,)), layers.Lambda(stubborn, output_shape=told), layers.Dense(2)])
        assert model(np.ones((3, 5))).shape == (3, 2)
    wrong = layers.Lambda(halved, output_shape=(3,), name="wrong")
    with pytest.raises(ValueError, match="wrong .Lambda.: the function returned \\(3, 4\\), but output_shape says \\(None, 3\\)"):
        wrong(X)
    with pytest.raises(TypeError, match="takes a function, got 'relu'"):
        layers.Lambda("relu")


# Files --------------------------------------------------------------------------------------------------------------------

def test_configs_go_both_ways(keras):
    layer = layers.Lambda(halved, output_shape=(4,), arguments={"by": 4.0}, name="half")
    config = json.loads(json.dumps(serialize(layer.get_config())))
    twin = keras.layers.Lambda.from_config({**config}, custom_objects={"halved": halved})       # which writes to what it is given
    np.testing.assert_array_equal(twin(X), X / 4)
    theirs = keras.layers.Lambda(halved, output_shape=(4,), arguments={"by": 4.0}, name="half").get_config()
    theirs = json.loads(json.dumps({**theirs, "dtype": "float64"}))
    assert theirs == config
    again = layers.Lambda.from_config(deserialize(theirs, {"halved": halved}))
    np.testing.assert_array_equal(again(X).numpy(), X / 4)


def network(k, function):
    return k.Sequential([k.Input((4,)), k.layers.Lambda(function, name="mine"), k.layers.Flatten()])


def test_a_named_function_is_loaded_where_it_is_given(keras, tmp_path):
    for name, k in ("ours", tv), ("theirs", keras):
        path = tmp_path / f"{name}.keras"
        network(k, halved).save(path)
        with pytest.raises(ValueError, match="the function 'halved' is none that tinyvision knows by name: pass it as custom_objects="):
            tv.models.load_model(path)
        found = tv.models.load_model(path, custom_objects={"halved": halved})
        np.testing.assert_allclose(found.predict(X), X / 2, rtol=1e-6)
    found = keras.models.load_model(tmp_path / "ours.keras", custom_objects={"halved": halved})
    np.testing.assert_allclose(found.predict(X, verbose=0), X / 2, rtol=1e-6)


def test_an_activation_needs_not_be_given(tmp_path):
    for function in tv.activations.gelu, ops.relu:
        network(tv, function).save(tmp_path / "a.keras")
        found = tv.models.load_model(tmp_path / "a.keras")
        np.testing.assert_allclose(found.predict(X), function(X).numpy(), rtol=1e-12)
    network(tv, ops.gelu).save(tmp_path / "a.keras")       # which is another one
    with pytest.raises(ValueError, match="the function 'gelu' is none that tinyvision knows by name"):
        tv.models.load_model(tmp_path / "a.keras")


def test_a_lambda_is_not_saved(tmp_path):
    with pytest.raises(TypeError, match="cannot write function .*<lambda>.*files hold the names of functions: write it with def"):
        network(tv, lambda x: x / 2).save(tmp_path / "a.keras")
    assert not list(tmp_path.iterdir())


RAN = []


@pytest.mark.parametrize("place", ["function", "output_shape", "in the arguments", "a loss", "an activation"])
def test_code_in_a_file_is_refused_and_not_run(keras, tmp_path, place, monkeypatch):
    """Keras writes a lambda as marshalled code, in a dictionary "__lambda__"; whoever makes a file can write it anywhere."""
    import marshal
    path = tmp_path / "a.keras"
    network(keras, lambda x: x / 2).save(path)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(parts["config.json"])
    mine = next(layer for layer in config["config"]["layers"] if layer["config"]["name"] == "mine")["config"]
    code = mine["function"]
    assert code["class_name"] == "__lambda__"
    named = {"module": "builtins", "class_name": "function", "config": "halved", "registered_name": "function"}
    if place != "function":
        mine["function"] = named
    if place == "output_shape":
        mine["output_shape"] = code
    if place == "in the arguments":
        mine["arguments"] = {"by": [{"deep": code}]}
    if place == "a loss":
        config["compile_config"] = {"optimizer": "sgd", "loss": code, "metrics": [code]}
    if place == "an activation":
        config["config"]["layers"].append({"module": "keras.layers", "class_name": "Activation", "registered_name": None,
                                           "config": {"name": "a", "trainable": True, "dtype": "float32", "activation": code}})
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in {**parts, "config.json": json.dumps(config)}.items():
            archive.writestr(name, text)
    monkeypatch.setattr(marshal, "loads", lambda *a: RAN.append(a))
    with pytest.raises(ValueError, match="the file holds the code of a lambda, and code from files is never run"):
        tv.models.load_model(path, custom_objects={"halved": halved})
    assert not RAN
