"""The settings that everything shares: the float type, epsilon, the seed."""
import subprocess
import sys

import numpy as np
import pytest

from tinyvision import config, initializers, layers, models, ops, tensor, utils

# floatx and epsilon -------------------------------------------------------------------------------------------------------

def test_defaults():
    assert config.floatx() == "float32" and config.epsilon() == 1e-7


@pytest.mark.parametrize("name", ["float32", "float64"])
def test_floatx_is_the_dtype_of_new_numbers(name):
    config.set_floatx(name)
    assert config.floatx() == name
    assert tensor([1.0]).dtype == name and ops.exp(1).dtype == name and (tensor([1]) / 2).dtype == name
    assert initializers.Ones()((2,)).dtype == name and initializers.GlorotUniform()((2, 3)).dtype == name
    layer = layers.Dense(2)
    layer(np.ones((1, 3), np.float32))
    assert layer.dtype == name and all(w.dtype == name for w in layer.weights)
    assert ops.one_hot([1], num_classes=3).dtype == name


@pytest.mark.parametrize("value", ["float16", "bfloat16", "int32", "double", "", None, 32, np.float32])
def test_other_float_types_are_refused(value):
    with pytest.raises(ValueError, match=r"set_floatx: unknown float type .*; it is one of float32, float64"):
        config.set_floatx(value)
    assert config.floatx() == "float32"


def test_epsilon_keeps_logarithms_finite():
    expected = [-np.log(1e-7), -np.log(1 - 1e-7)]
    p = np.array([[0.0, 1.0]])
    np.testing.assert_allclose(ops.binary_crossentropy(np.array([[1.0, 1.0]]), p).numpy(), [expected], rtol=1e-6)
    config.set_epsilon(1e-3)
    assert config.epsilon() == 1e-3 and isinstance(config.epsilon(), float)
    np.testing.assert_allclose(ops.binary_crossentropy(np.array([[1.0, 1.0]]), p).numpy(), [[-np.log(1e-3), -np.log(1 - 1e-3)]])
    np.testing.assert_allclose(ops.sparse_categorical_crossentropy([1], np.array([[1.0, 0.0]])).numpy(), [-np.log(1e-3)])


def test_epsilon_may_be_a_whole_number():
    config.set_epsilon(1)
    assert type(config.epsilon()) is float


@pytest.mark.parametrize("value", [0, -1e-7, float("nan")])
def test_epsilon_must_be_positive(value):
    with pytest.raises(ValueError, match="set_epsilon: epsilon must be positive, got "):
        config.set_epsilon(value)
    assert config.epsilon() == 1e-7


# The seed -----------------------------------------------------------------------------------------------------------------

def drawn():
    """Of everything that draws: weights, a shuffle, dropout, a key."""
    model = models.Sequential([layers.Input((4,)), layers.Dense(8, activation="relu"), layers.Dropout(0.5), layers.Dense(3)])
    model.compile("sgd", "mean_squared_error")
    x = np.linspace(-1, 1, 40, dtype=np.float32).reshape(10, 4)
    history = model.fit(x, x[:, :3], batch_size=3, epochs=2, verbose=0)
    return [*model.get_weights(), ops.dropout(np.ones(20, np.float32), 0.5).numpy(), np.array(history.history["loss"]),
            np.array(config.random_key())]


def test_the_same_seed_gives_the_same_run_bit_for_bit():
    config.set_random_seed(3)
    first = drawn()
    config.set_random_seed(3)
    for a, b in zip(first, drawn()):
        np.testing.assert_array_equal(a, b)


def test_another_seed_gives_another_run():
    config.set_random_seed(3)
    first = drawn()
    config.set_random_seed(4)
    second = drawn()
    assert not any(np.array_equal(a, b) for a, b in zip(first, second) if a.any() or b.any())


def test_without_a_new_seed_the_next_run_is_another():
    config.set_random_seed(3)
    first, second = drawn(), drawn()
    assert not any(np.array_equal(a, b) for a, b in zip(first, second) if a.any() or b.any())


def test_keras_name_for_it():
    assert utils.set_random_seed is config.set_random_seed


def test_random_keys_are_streams_of_the_seed():
    config.set_random_seed(7)
    assert [config.random_key() for _ in range(3)] == [(7, 0), (7, 1), (7, 2)]
    assert config.random_key(5) == config.random_key(5) == (5, 2 ** 31)
    assert config.random_key() == (7, 3)                   # a seed of one's own takes none of the streams
    config.set_random_seed(7)
    assert config.random_key() == (7, 0)
    assert config.random_key(np.int64(5)) == (5, 2 ** 31) and type(config.random_key(np.int64(5))[0]) is int


def test_streams_do_not_repeat_each_other():
    config.set_random_seed(0)
    draws = [ops.dropout(np.ones(64), 0.5, seed=config.random_key()).numpy().tobytes() for _ in range(20)]
    assert len(set(draws)) == 20


@pytest.mark.parametrize("seed", [0, 2 ** 32 - 1, np.int64(7), np.uint8(3)])
def test_seeds(seed):
    config.set_random_seed(seed)
    assert config.random_key() == (int(seed), 0)


@pytest.mark.parametrize("seed", [1.0, "1", None, True, np.float64(2), [1]])
def test_a_seed_is_an_integer(seed):
    with pytest.raises(TypeError, match="set_random_seed: the seed must be an integer, got "):
        config.set_random_seed(seed)


@pytest.mark.parametrize("seed", [-1, 2 ** 32, 10 ** 20])
def test_a_seed_lies_in_32_bits(seed):
    with pytest.raises(ValueError, match=rf"set_random_seed: the seed must lie in 0 .. 2\*\*32 - 1, got {seed}"):
        config.set_random_seed(seed)


def test_a_process_without_a_seed_draws_anew():
    command = [sys.executable, "-c", "from tinyvision import config; print(config.random_key()[0])"]
    assert len({subprocess.run(command, capture_output=True, text=True, check=True).stdout for _ in range(3)}) > 1
