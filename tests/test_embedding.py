"""Embedding by itself; its numbers are compared with Keras's in parity/test_layers.py."""
import numpy as np
import pytest

import tinyvision as tv
from tinyvision import layers

VECTORS = np.arange(12.0).reshape(4, 3)


def test_floats_are_numbers_too(keras):
    layer, twin = layers.Embedding(4, 3, weights=VECTORS), keras.layers.Embedding(4, 3, weights=VECTORS)
    x = np.array([[0.0, 3.0], [1.0, 1.0]])
    np.testing.assert_array_equal(layer(x).detach().numpy(), VECTORS[x.astype(int)])
    np.testing.assert_array_equal(layer(x).detach().numpy(), np.asarray(twin(x)))


@pytest.mark.parametrize("dtype", ["uint8", "int32", "int64", "bool"])
def test_whole_numbers_of_any_kind(dtype):
    y = layers.Embedding(4, 3, weights=VECTORS, dtype="float32")(np.array([1, 0], dtype))
    assert y.dtype == np.float32
    np.testing.assert_array_equal(y.detach().numpy(), VECTORS[[1, 0]])


def test_gradients_of_one_vector_add_up():
    layer = layers.Embedding(4, 3, weights=VECTORS, dtype="float64")
    (layer(np.array([2, 0, 2, 2])) * np.array([[1.0], [10.0], [100.0], [1000.0]])).sum().backward()
    np.testing.assert_array_equal(layer.embeddings.grad.numpy(), np.array([[10.0], [0], [1101], [0]]) * np.ones(3))


@pytest.mark.parametrize("number, said", [(4, "4"), (-1, "-1"), (1.5, "1.5"), (np.nan, "nan"), (10 ** 12, "1000000000000")])
def test_other_numbers_are_refused(number, said):
    with pytest.raises(ValueError, match=f"words .Embedding.* takes whole numbers from 0 to 3, got {said}"):
        layers.Embedding(4, 3, weights=VECTORS, name="words")(np.array([[0, number]]))


@pytest.mark.parametrize("make, message", [
    (lambda: layers.Embedding(0, 3), "input_dim must be a positive integer, got 0"),
    (lambda: layers.Embedding(4, 2.5), "output_dim must be a positive integer, got 2.5"),
    (lambda: layers.Embedding(4, 3, mask_zero=True), "mask_zero=True is not available, there are no masks"),
    (lambda: layers.Embedding(3, 3, weights=VECTORS), r"embeddings has shape \(3, 3\), got an array of shape \(4, 3\)")])
def test_what_cannot_be_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_given_vectors_are_no_part_of_the_config():
    layer = layers.Embedding(4, 3, weights=[VECTORS])
    assert "weights" not in layer.get_config()
    np.testing.assert_array_equal(layer.get_weights()[0], VECTORS)


def test_a_model_of_words_learns_and_travels(tmp_path):
    inputs = layers.Input((5,), dtype="int32")
    vectors = layers.Embedding(6, 4, embeddings_initializer="glorot_uniform")(inputs)
    model = tv.Model(inputs, layers.Dense(1)(layers.Flatten()(vectors)))
    model.compile("adam", "mse")
    x = np.random.default_rng(0).integers(0, 6, (32, 5))
    y = (x == 3).sum(axis=1, keepdims=True)
    before = model.evaluate(x, y, verbose=0)
    model.fit(x, y, epochs=20, verbose=0)
    assert model.evaluate(x, y, verbose=0) < before
    model.save(tmp_path / "words.keras")
    again = tv.models.load_model(tmp_path / "words.keras")
    np.testing.assert_array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))
