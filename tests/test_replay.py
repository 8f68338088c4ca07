"""Inference that is recorded and replayed: the same numbers to the last bit, and nothing stale."""
import threading

import numpy as np
import pytest

import tinyvision as keras
from tinyvision import kernels, layers, ops
from tinyvision.kernels import cores
from tinyvision.models.replay import Replay

rng = np.random.default_rng(0)
X = rng.standard_normal((3, 16, 15, 3)).astype("float32")


def network(dtype="float32", last="softmax", groups=1):
    model = keras.Sequential([
        keras.Input((16, 15, 3), dtype=dtype), layers.Conv2D(16, 3, activation="relu", padding="same", dtype=dtype),
        layers.MaxPooling2D(dtype=dtype), layers.Conv2D(32, 3, dtype=dtype, groups=groups), layers.ReLU(dtype=dtype),
        layers.Conv2D(8, 2, strides=2, dtype=dtype), layers.Flatten(dtype=dtype), layers.Dense(5, activation=last, dtype=dtype)])
    for weight in model.weights:
        weight.assign(weight.numpy() + rng.normal(0, 0.05, weight.shape))
    return model


def replay_of(model):
    step, = (call.layer for call in model._steps)
    assert isinstance(step, Replay)
    return step


def replayed(model, x=X):
    """What the model says when it has seen such a batch twice."""
    for _ in range(2):
        model.predict_on_batch(rng.standard_normal(x.shape).astype("float32"))
    found = model.predict_on_batch(x)
    assert replay_of(model).seen[x.shape].recording, "it was not recorded"
    return found


def one_after_the_other(model, x=X):
    """The same layers, with the gradients recorded: then nothing is replayed."""
    return model(keras.tensor(x), training=False).detach().numpy()


@pytest.mark.parametrize("last", ["softmax", "relu", None])
@pytest.mark.parametrize("images", [1, 3])
def test_the_same_numbers_to_the_last_bit(images, last):
    model = network(last=last)
    np.testing.assert_array_equal(replayed(model, X[:images]), one_after_the_other(model, X[:images]))
    np.testing.assert_array_equal(model.predict_on_batch(-X[:images]), one_after_the_other(model, -X[:images]))


def test_results_are_the_callers_own():
    model = keras.Sequential([keras.Input((16, 15, 3)), layers.Conv2D(16, 3, activation="relu"), layers.Conv2D(16, 3)])
    first = replayed(model)
    before = first.copy()
    model.predict_on_batch(-X)
    np.testing.assert_array_equal(first, before)


def another_variable(model):
    """In place of a kernel, and as old as that."""
    old = model.layers[0].kernel
    model.layers[0].kernel = new = type(old)(-old.numpy(), "kernel")
    new.memory[0] = old.changed


CHANGES = {
    "a weight": lambda model: model.layers[0].kernel.assign(2 * model.layers[0].kernel.numpy()),
    "the last weight": lambda model: model.layers[-1].kernel.assign(2 * model.layers[-1].kernel.numpy()),
    "a bias": lambda model: model.layers[0].bias.assign(model.layers[0].bias.numpy() + 1),
    "another Variable": another_variable,
    "no bias": lambda model: setattr(model.layers[-1], "bias", None),
    "an activation": lambda model: setattr(model.layers[-1], "activation", ops.sigmoid),
    "an activation within": lambda model: setattr(model.layers[4], "activation", ops.relu),
    "training": lambda model: model.train_on_batch(X, np.array([0, 1, 2])),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_is_seen_at_once(change):
    model = network()
    model.compile("sgd", "sparse_categorical_crossentropy")
    before = replayed(model)
    change(model)
    found = model.predict_on_batch(X)
    assert np.abs(found - before).max() > 1e-4
    np.testing.assert_array_equal(found, one_after_the_other(model))
    np.testing.assert_array_equal(replayed(model), found)


def test_forced_versions_and_threads(monkeypatch):
    model = network()
    before = replayed(model)
    with kernels.use("numpy"):
        rows = kernels.explain(model.predict_on_batch, X, print_fn=lambda line: None)
        assert {row["version"] for row in rows} == {"numpy"}
        for _ in range(3):
            np.testing.assert_allclose(model.predict_on_batch(X), before, rtol=1e-5)
    monkeypatch.setattr(cores, "_threads", 1)
    np.testing.assert_allclose(model.predict_on_batch(X), before, rtol=1e-5)


@pytest.mark.parametrize("layer, name", [(0, "bias"), (2, "kernel"), (-1, "kernel"), (-1, "bias")])
def test_a_float64_weight(layer, name):
    """It is computed by NumPy, which a recording does not see."""
    model = network()
    old = getattr(model.layers[layer], name)
    setattr(model.layers[layer], name, type(old)(old.numpy().astype("float64"), name))
    for _ in range(3):
        model.predict_on_batch(X)
    np.testing.assert_allclose(model.predict_on_batch(-X), one_after_the_other(model, -X), rtol=1e-6)


def test_explain_sees_the_kernels_of_a_replayed_model():
    model = network()
    replayed(model)
    rows = kernels.explain(model.predict_on_batch, X, print_fn=lambda line: None)
    assert [row["kernel"] for row in rows] == ["conv_block_forward"] * 3 + ["product"]


@pytest.mark.parametrize("model, x", [(network("float64"), X), (network(groups=2), X), (network(), np.repeat(X, 200, axis=0)), (network(), X[:0])],
                         ids=["float64", "groups", "a large batch", "an empty batch"])
def test_what_is_not_recorded(model, x):
    found = [model.predict_on_batch(x) for _ in range(3)]
    assert not any(seen.recording for call in model._steps for seen in getattr(call.layer, "seen", {}).values())
    np.testing.assert_array_equal(found[2], found[0])


def test_many_shapes_are_not_kept_for_ever():
    model = network()
    for images in range(1, 30):
        model.predict_on_batch(X[:1].repeat(images, axis=0))
    assert len(replay_of(model).seen) <= 8


def test_recordings_that_were_not_used_for_longest_make_room(monkeypatch):
    model, other = network(), network()
    replayed(model)
    room = 19 * replay_of(model).seen[X.shape].recording.bytes             # of larger batches, one is as large as that
    monkeypatch.setattr("tinyvision.models.replay.MOST", room)
    for images in range(1, 6):
        for _ in range(3):
            other.predict_on_batch(X[:1].repeat(images, axis=0))
        model.predict_on_batch(X)                          # is in use all the time
    kept = [seen for network in (model, other) for seen in replay_of(network).seen.values() if seen.recording]
    assert sum(seen.recording.bytes for seen in kept) <= room
    assert replay_of(model).seen[X.shape] in kept and replay_of(other).seen[(5, *X.shape[1:])] in kept
    assert not replay_of(other).seen[(1, *X.shape[1:])].recording


def test_several_threads_may_ask_one_model():
    model, wrong = network(), []
    batches = [rng.standard_normal(X.shape).astype("float32") for _ in range(4)]
    expected = [one_after_the_other(model, x) for x in batches]
    replayed(model)

    def ask(x, y):
        wrong.extend(True for _ in range(100) if not np.array_equal(model.predict_on_batch(x), y))

    threads = [threading.Thread(target=ask, args=pair) for pair in zip(batches, expected)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
