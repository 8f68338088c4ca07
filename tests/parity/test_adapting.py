"""Normalization.adapt: the mean and the variance that it finds, against Keras; where data come from, and what it refuses."""
import numpy as np
import pytest

import tinyvision as tv
from tinyvision import layers

from .record import agree

rng = np.random.default_rng(0)
IMAGES, MORE = rng.normal(3, 2, (7, 5, 4, 3)), rng.normal(-1, 4, (2, 5, 4, 3))


@pytest.fixture(autouse=True)
def double():
    tv.config.set_floatx("float64")


def same(row, ours, theirs, x):
    agree(("layer", "Normalization", row), ours.mean.numpy(), theirs.adapt_mean.value)
    agree(("layer", "Normalization", row), ours.variance.numpy(), theirs.adapt_variance.value)
    agree(("layer", "Normalization", row), ours(x).numpy(), theirs(x))


@pytest.mark.parametrize("axis", [-1, 1, (1, 3), (-1, 2), None], ids=str)
def test_adapt_finds_what_keras_finds(keras, axis):
    """Of batches it is what Keras finds in all of them together: with batches Keras needs TensorFlow."""
    ours, theirs = layers.Normalization(axis), keras.layers.Normalization(axis, dtype="float64")
    both = np.concatenate([IMAGES, MORE])
    for data, whole in [(IMAGES, IMAGES), ([IMAGES, MORE], both), (MORE, MORE), ([(MORE, np.ones(2)), (IMAGES, np.ones(7))], both),
                        (iter([MORE]), MORE)]:             # each forgets the one before
        ours.adapt(data), theirs.adapt(whole)
        same(f"adapted, axis {axis}", ours, theirs, MORE)


@pytest.mark.parametrize("data", [rng.integers(0, 256, (5, 4, 3)).astype("uint8"), rng.standard_normal((6, 3)).astype("float32"),
                                  np.full((4, 3), 7.0)], ids=["bytes", "float32", "all the same"])
def test_adapt_to_other_numbers(keras, data):
    ours, theirs = layers.Normalization(), keras.layers.Normalization(dtype="float64")
    ours.adapt(data), theirs.adapt(data.astype("float64"))
    same("adapted to other numbers", ours, theirs, data.astype("float64"))
    np.testing.assert_allclose(ours(data).numpy(), theirs(data.astype("float64")), rtol=1e-12)


def test_numbers_without_channels(keras):
    ours, theirs = layers.Normalization(axis=None), keras.layers.Normalization(axis=None, dtype="float64")
    data = np.arange(1.0, 6)
    ours.adapt(tv.tensor(data)), theirs.adapt(data)
    same("adapted to numbers", ours, theirs, data)
    with pytest.raises(ValueError, match="known sizes on the axes \\(-1,\\), got inputs \\(None,\\); axis=None takes one mean for all"):
        layers.Normalization().adapt(data)


def test_large_data_are_looked_at_in_parts():
    data = rng.normal(1e4, 1, (5000, 3))
    layer = layers.Normalization()
    layer.adapt(data)
    np.testing.assert_allclose(layer.mean.numpy(), data.mean(0), rtol=1e-14)
    np.testing.assert_allclose(layer.variance.numpy(), data.var(0), rtol=1e-10)
    y = layer(data).numpy()
    np.testing.assert_allclose([y.mean(0), y.var(0)], [[0] * 3, [1] * 3], atol=1e-9)
    back = layers.Normalization(invert=True)
    back.adapt(data)
    np.testing.assert_allclose(back(y).numpy(), data, rtol=1e-12)


def test_files_go_both_ways(keras, tmp_path):
    make = lambda k: k.Sequential([k.Input((5, 4, 3)), k.layers.Normalization(name="n"), k.layers.Flatten()])
    ours, theirs = make(tv), make(keras)
    for model in ours, theirs:
        model.get_layer("n").adapt(IMAGES)
        model.save(tmp_path / f"{'ours' if model is ours else 'theirs'}.keras")
    expected = ours.predict(MORE)
    np.testing.assert_allclose(tv.models.load_model(tmp_path / "ours.keras").predict(MORE), expected, rtol=1e-12)
    np.testing.assert_allclose(tv.models.load_model(tmp_path / "theirs.keras").predict(MORE), expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(keras.models.load_model(tmp_path / "ours.keras").predict(MORE, verbose=0), expected, rtol=1e-4, atol=1e-5)
    ours.summary()
    assert not ours.trainable_weights and [w.name for w in ours.weights] == ["mean", "variance", "count"]


def test_arrays_of_numpy_go_into_configs():
    layer = layers.Normalization(mean=np.array([1.0, 2.0]), variance=(np.float64(4), 9))
    assert layer.get_config()["mean"] == [1.0, 2.0] and layer.get_config()["variance"] == [4.0, 9.0]
    np.testing.assert_allclose(layers.Normalization.from_config(layer.get_config())([[3.0, 5.0]]).numpy(), [[1, 1]])


@pytest.mark.parametrize("make, message", [
    (lambda: layers.Normalization(mean=1.0), "given together, got mean=1.0, variance=None"),
    (lambda: layers.Normalization(mean=[1.0, 2.0], variance=3.0), "have one shape"),
    (lambda: layers.Normalization(mean=[[1.0, 2.0]], variance=[[3.0, 2.0]]), "at most 1 axes for axis=-1, got \\(1, 2\\)"),
    (lambda: layers.Normalization(mean=1.0, variance=-1.0), "a variance is not negative, got -1.0"),
    (lambda: layers.Normalization(mean=1.0, variance=1.0).adapt(IMAGES), "was given its mean and variance"),
    (lambda: layers.Normalization(mean=[1.0, 2.0], variance=[1.0, 2.0])(IMAGES), "broadcast"),
    (lambda: layers.Normalization(axis=4).adapt(IMAGES), "have no axis \\(4,\\)"),
    (lambda: layers.Normalization(axis=0).adapt(IMAGES), "known sizes on the axes \\(0,\\)"),
    (lambda: layers.Normalization().adapt([]), "adapt got no data"),
    (lambda: layers.Normalization().adapt(IMAGES[:0]), "adapt got no data"),
    (lambda: layers.Normalization().adapt([IMAGES, MORE[..., :2]]), "built with inputs \\(None, 5, 4, 3\\), got data of shape \\(2, 5, 4, 2\\)"),
    (lambda: layers.Normalization().adapt([IMAGES, MORE[0]]), "got data of shape \\(5, 4, 3\\)"),
])
def test_what_cannot_be_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_list_of_numbers_is_no_data():
    with pytest.raises(TypeError, match="adapt takes an array, or batches of arrays, got list of float: make it an array"):
        layers.Normalization().adapt([1.0, 2.0])
