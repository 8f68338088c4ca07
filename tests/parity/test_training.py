"""Training against Keras: regularizers and constraints, weights of samples and classes, several outputs; and whole trainings."""
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import tinyvision as tv
from tinyvision.datasets import cats_vs_dogs

from .record import agree

TOLERANCE = 1e-10
N = 20


pytestmark = pytest.mark.usefixtures("in_double")


rng = np.random.default_rng(0)
VECTORS, IMAGES = rng.standard_normal((N, 4)), rng.standard_normal((N, 6, 5, 2))
CLASSES, NUMBERS, WEIGHTS = rng.integers(0, 3, N), rng.standard_normal((N, 2)), rng.uniform(0, 3, N)
OTHERS = rng.uniform(0, 2, N)


# The same code builds each network with tinyvision and with Keras: k is the one or the other ------------------------------

def dense(k, units=3, activation="softmax", **settings):
    return k.Sequential([k.Input((4,)), k.layers.Dense(5, activation="tanh", **settings), k.layers.Dense(units, activation=activation)])


def convnet(k, **settings):
    x = inputs = k.Input((6, 5, 2))
    x = k.layers.Conv2D(3, 3, activation="relu", **settings)(x)
    x = k.layers.BatchNormalization()(x)
    return k.Model(inputs, k.layers.Dense(3, activation="softmax")(k.layers.Flatten()(x)))


def two_outputs(k, kind="list"):
    x = inputs = k.Input((4,))
    x = k.layers.Dense(5, activation="tanh")(x)
    classes, numbers = k.layers.Dense(3, activation="softmax", name="classes")(x), k.layers.Dense(2, name="numbers")(x)
    return k.Model(inputs, [classes, numbers] if kind == "list" else {"b": numbers, "a": classes})


def both(keras, build, compiled, **fitted):
    """Train twins in the same way; histories, results of evaluate and weights must agree. Returns our model."""
    model, twin = build(tv), build(keras)
    twin.set_weights(model.get_weights())
    found = []
    for net, home in (model, tv), (twin, keras):
        settings = compiled(home) if callable(compiled) else compiled
        net.compile(optimizer=home.optimizers.SGD(0.1, momentum=0.5), **settings)
        history = net.fit(**{**fitted, "batch_size": 8, "shuffle": False, "verbose": 0, "epochs": 2}).history
        arrays = {name: value for name, value in fitted.items() if name in ("x", "y", "sample_weight")}
        found.append((history, net.evaluate(**arrays, batch_size=8, verbose=0, return_dict=True), net.evaluate(**arrays, batch_size=8, verbose=0)))
    (ours, our_result, our_list), (theirs, their_result, their_list) = found
    what = "training", "fit", os.environ["PYTEST_CURRENT_TEST"].split("::")[-1].split(" ")[0]
    for one, other in (ours, theirs), (our_result, their_result):
        assert set(one) == set(other)
        for name in other:
            agree(what, one[name], other[name])
    if np.size(their_list) == len(their_result):               # where two metrics have one name, Keras lists the first twice
        np.testing.assert_allclose(our_list, their_list, rtol=TOLERANCE, atol=TOLERANCE)
    for a, b in zip(model.get_weights(), twin.get_weights(), strict=True):
        agree(what, a, b)
    return model


SPARSE = dict(loss="sparse_categorical_crossentropy", metrics=["accuracy"])


# Regularizers and constraints ---------------------------------------------------------------------------------------------

@pytest.mark.parametrize("settings", [
    dict(kernel_regularizer="l2"), dict(kernel_regularizer="l1", bias_regularizer="l2"), dict(activity_regularizer="l2"),
    dict(kernel_constraint="non_neg"), dict(kernel_constraint="unit_norm", bias_constraint="max_norm"),
    dict(kernel_regularizer="L1L2", activity_regularizer="l1", kernel_constraint="max_norm")], ids=lambda s: ", ".join(s))
@pytest.mark.parametrize("build, x", [(dense, VECTORS), (convnet, IMAGES)], ids=["dense", "convnet"])
def test_regularizers_and_constraints_in_training(keras, build, x, settings):
    both(keras, lambda k: build(k, **settings), SPARSE, x=x, y=CLASSES, validation_split=0.4)


def test_losses_of_layers_are_those_of_keras(keras):
    def build(k):
        x = inputs = k.Input((4,))
        x = k.layers.Dense(5, kernel_regularizer=k.regularizers.L2(0.1), activity_regularizer="l1")(x)
        inner = k.Sequential([k.Input((5,)), k.layers.Dense(3, bias_regularizer="l1", bias_initializer="ones")])
        return k.Model(inputs, inner(x))

    model, twin = build(tv), build(keras)
    twin.set_weights(model.get_weights())
    model(VECTORS), twin(VECTORS)
    assert len(model.losses) == len(twin.losses) == 3
    agree(("training", "losses", "three"), sorted(loss.item() for loss in model.losses), sorted(map(float, twin.losses)))


# Weights of samples and classes -------------------------------------------------------------------------------------------

@pytest.mark.parametrize("fitted", [
    dict(sample_weight=WEIGHTS), dict(class_weight={0: 0.5, 2: 3.0}),
    dict(validation_data=(VECTORS[:9], CLASSES[:9], OTHERS[:9])), dict(sample_weight=WEIGHTS, validation_split=0.4),
    dict(class_weight={1: 2.0}, validation_split=0.4), dict(initial_epoch=1)], ids=lambda f: ", ".join(f))
def test_weights_in_fit(keras, fitted):
    both(keras, dense, {**SPARSE, "weighted_metrics": ["accuracy"]}, x=VECTORS, y=CLASSES, **fitted)


def test_class_weights_of_one_hot_targets(keras):
    both(keras, dense, dict(loss="categorical_crossentropy"), x=VECTORS, y=np.eye(3)[CLASSES], class_weight={0: 0.5, 2: 3.0})


@pytest.mark.parametrize("compiled", [
    dict(loss="mse", loss_weights=0.5), dict(loss=["mse"], metrics=["mae"]), dict(loss="mse", weighted_metrics=["mse"], metrics=["mae"])],
    ids=str)
def test_one_output(keras, compiled):
    both(keras, lambda k: dense(k, 2, None), compiled, x=VECTORS, y=NUMBERS, sample_weight=WEIGHTS)


@pytest.mark.parametrize("weight", [None, "sample", "class"])
def test_single_batches_with_weights(keras, weight):
    settings = {None: {}, "sample": dict(sample_weight=WEIGHTS), "class": dict(class_weight={0: 0.5, 2: 3.0})}[weight]
    model, twin = dense(tv), dense(keras)
    twin.set_weights(model.get_weights())
    for net in model, twin:
        net.compile("sgd", **SPARSE)
    agree(("training", "train_on_batch", str(weight)), model.train_on_batch(VECTORS, CLASSES, **settings), twin.train_on_batch(VECTORS, CLASSES, **settings))
    if weight != "class":
        twin.reset_metrics()
        agree(("training", "test_on_batch", str(weight)), model.test_on_batch(VECTORS, CLASSES, **settings), twin.test_on_batch(VECTORS, CLASSES, **settings))


# Several outputs ------------------------------------------------------------------------------------------------------------

LOSSES = ["sparse_categorical_crossentropy", "mse"]
BY_NAME = dict(zip(("classes", "numbers"), LOSSES))


@pytest.mark.parametrize("compiled", [
    dict(loss=LOSSES), dict(loss=LOSSES, loss_weights=[0.5, 2.0], metrics=[["accuracy"], ["mae", "mse"]]),
    dict(loss=BY_NAME, loss_weights={"classes": 0.5, "numbers": 2.0}, metrics={"numbers": "mae"}),
    dict(loss=BY_NAME, metrics={"numbers": ["mae"]}, weighted_metrics={"numbers": ["mae"], "classes": ["accuracy"]}),
    dict(loss=[LOSSES[0], None], metrics=[None, "mae"])], ids=range(5))
@pytest.mark.parametrize("targets", ["list", "dictionary"])
def test_two_outputs(keras, compiled, targets):
    y = [CLASSES, NUMBERS] if targets == "list" else {"classes": CLASSES, "numbers": NUMBERS}
    both(keras, two_outputs, compiled, x=VECTORS, y=y, validation_split=0.4 if targets == "list" else 0.0)


def test_one_loss_for_all_outputs(keras):
    def build(k):
        inputs = k.Input((4,))
        return k.Model(inputs, [k.layers.Dense(2, name="p")(inputs), k.layers.Dense(2, name="q")(inputs)])

    both(keras, build, dict(loss="mse", metrics=["mae", "mse"]), x=VECTORS, y=[NUMBERS, -NUMBERS])


@pytest.mark.parametrize("weights", [WEIGHTS, [WEIGHTS, OTHERS]], ids=["one for all", "one each"])
def test_weights_for_two_outputs(keras, weights):
    both(keras, two_outputs, dict(loss=LOSSES, weighted_metrics=[["accuracy"], ["mae"]]), x=VECTORS, y=[CLASSES, NUMBERS],
         sample_weight=weights)


def test_outputs_in_a_dictionary(keras):
    compiled = dict(loss={"a": LOSSES[0], "b": LOSSES[1]}, metrics={"a": ["accuracy"]}, loss_weights={"a": 0.3, "b": 1.0})
    model = both(keras, lambda k: two_outputs(k, "dict"), compiled, x=VECTORS, y={"b": NUMBERS, "a": CLASSES})
    assert set(model.predict(VECTORS)) == {"a", "b"}


# Whole trainings ------------------------------------------------------------------------------------------------------------

def whole_trainings(*options):
    script = Path(__file__).with_name("training.py")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(script.parents[2]), os.environ.get("PYTHONPATH", "")])}
    done = subprocess.run([sys.executable, script, "--json", *options], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


@pytest.mark.parametrize("optimizer", ["SGD", "RMSprop", "Adam", "AdamW"])
def test_a_hundred_steps_are_those_of_keras(optimizer):
    """MNIST convnet 100 steps, small cats-vs-dogs convnet 20, branched network with batch normalization 50: to 1e-8."""
    pytest.importorskip("keras", reason="needs keras: it trains beside it")
    rows = whole_trainings("--optimizers", optimizer)
    assert [row["steps"] for row in rows] == [100, 20, 50]
    for row in rows:
        assert row["losses"] < 1e-8 and row["weights"] < 1e-8, row
        agree(("training", optimizer, row["network"]), [row["losses"], row["weights"]], [0, 0], 1e-8)
    assert rows[0]["last"] < 0.5 * rows[0]["first"], "a network that does not learn agrees with anything"


def test_twenty_steps_in_float32(keras):
    for row in whole_trainings("--networks", "MNIST convnet", "--dtype", "float32", "--steps", "20"):
        assert row["losses"] < 1e-3, row
        agree(("training", row["optimizer"], row["network"]), [row["losses"]], [0], 1e-3, dtype="float32")


def test_the_textbooks_network_on_pictures(keras, tmp_path):
    """Part 1 of lesson 07, for 20 steps on small drawn cats and dogs."""
    cats_vs_dogs.draw(tmp_path / "drawn", size=64, counts=(320, 1, 1))
    script, found = Path(__file__).with_name("textbook.py"), tmp_path / "found.json"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(script.parents[2]), os.environ.get("PYTHONPATH", "")])}
    done = subprocess.run([sys.executable, script, tmp_path / "drawn", "--size", "64", "--steps", "20", "--json", found],
                          capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr[-3000:]
    losses = json.loads(found.read_text())
    for dtype, steps, tolerance in ("float64", 20, 1e-6), ("float32", 4, 1e-3):
        ours, theirs = (np.array(losses[dtype][home])[:steps] for home in ("tinyvision", "keras"))
        agree(("training", "RMSprop", "part 1 of lesson 07"), ours, theirs, tolerance, dtype=dtype)
    assert len(losses["float64"]["keras"]) == len(set(losses["float64"]["keras"])) == 20
