"""Initializers: the distributions that they promise, with the widths of Keras; and seeds that repeat."""
import inspect

import numpy as np
import pytest

import tinyvision as tv
from tinyvision import initializers, layers

FANS = {                                                   # shape -> inputs of a unit, outputs of an input
    (300, 200): (300, 200), (3, 5, 40, 60): (15 * 40, 15 * 60), (5, 40, 60): (5 * 40, 5 * 60), (70,): (70, 70), (): (1, 1),
}
VARIANCES = {                                              # name -> whether a uniform distribution, and the variance by fans
    "GlorotUniform": (True, lambda i, o: 2 / (i + o)), "GlorotNormal": (False, lambda i, o: 2 / (i + o)),
    "HeUniform": (True, lambda i, o: 2 / i), "HeNormal": (False, lambda i, o: 2 / i),
}
MODES = {"fan_in": lambda i, o: i, "fan_out": lambda i, o: o, "fan_avg": lambda i, o: (i + o) / 2}
CUT = 0.87962566103423978                                  # the deviation of a standard normal that is cut at -2 and 2


@pytest.mark.parametrize("shape", FANS)
def test_fans_are_those_of_keras(keras, shape):
    from keras.src.initializers.random_initializers import compute_fans
    assert initializers.base.fans(shape) == tuple(compute_fans(shape)) == FANS[shape]


def check_normal(values, deviation):
    """Mean, variance and shape of a normal; each estimate within five of its own deviations."""
    n = values.size
    np.testing.assert_allclose(values.mean() / deviation, 0, atol=5 / np.sqrt(n))
    np.testing.assert_allclose(values.std() / deviation, 1, atol=5 / np.sqrt(2 * n))


def check_uniform(values, limit):
    n = values.size
    assert np.abs(values).max() <= limit * (1 + 1e-6)
    np.testing.assert_allclose(np.abs(values).max() / limit, 1, atol=20 / n)               # and goes up to it
    np.testing.assert_allclose(values.mean() / limit, 0, atol=5 / np.sqrt(3 * n))
    np.testing.assert_allclose(np.histogram(values / limit, 10, (-1, 1))[0] / n, 0.1, atol=5 * np.sqrt(0.09 / n))


def check_truncated(values, deviation):
    """The deviation is what is left after the cut; nothing lies beyond two of those before."""
    check_normal(values, deviation)
    assert np.abs(values).max() <= 2 * deviation / CUT * (1 + 1e-6)
    assert np.abs(values).max() > 1.9 * deviation / CUT


@pytest.mark.parametrize("shape", [(300, 200), (3, 5, 40, 60)], ids=["dense", "conv"])
@pytest.mark.parametrize("name", VARIANCES)
def test_named_initializers(name, shape):
    uniform, variance = VARIANCES[name]
    deviation = np.sqrt(variance(*FANS[shape]))
    values = getattr(initializers, name)(seed=1)(shape)
    assert values.shape == shape and values.dtype == np.float32
    check_uniform(values, np.sqrt(3) * deviation) if uniform else check_truncated(values, deviation)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("distribution", ["uniform", "untruncated_normal", "truncated_normal"])
@pytest.mark.parametrize("scale", [1.0, 3.0])
def test_variance_scaling(scale, distribution, mode):
    shape = 3, 5, 40, 60
    deviation = np.sqrt(scale / MODES[mode](*FANS[shape]))
    values = initializers.VarianceScaling(scale, mode, distribution, seed=1)(shape)
    if distribution == "uniform":
        check_uniform(values, np.sqrt(3) * deviation)
    else:
        (check_normal if distribution == "untruncated_normal" else check_truncated)(values, deviation)
    assert (np.abs(values).max() > 3 * deviation) == (distribution == "untruncated_normal")


@pytest.mark.parametrize("name", VARIANCES)
def test_widths_are_those_of_keras(keras, name):
    """The streams differ, the distributions do not: quantiles of 144,000 numbers agree."""
    shape = 3, 5, 80, 120
    ours, theirs = (np.asarray(getattr(home, name)(seed=1)(shape)) for home in (initializers, keras.initializers))
    levels = [0, 0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.98, 1]
    np.testing.assert_allclose(np.quantile(ours, levels), np.quantile(theirs, levels), atol=0.03 * theirs.std())


@pytest.mark.parametrize("name", ["Zeros", "Ones", "VarianceScaling", *VARIANCES])
def test_arguments_are_those_of_keras(keras, name):
    theirs, ours = (inspect.signature(getattr(home, name)).parameters for home in (keras.initializers, initializers))
    by_name = {p.name: p.default for p in theirs.values() if p.kind is p.POSITIONAL_OR_KEYWORD}
    for later in "input_axes", "output_axes":
        by_name.pop(later, None)
    ours = [(p.name, p.default) for p in ours.values() if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert ours == list(by_name.items())


@pytest.mark.parametrize("name", ["zeros", "ones", "variance_scaling", "glorot_uniform", "glorot_normal", "he_uniform",
                                  "he_normal", "GlorotUniform", "HeNormal"])
def test_initializers_by_name(keras, name):
    assert type(initializers.get(name)).__name__ == type(keras.initializers.get(name)).__name__


@pytest.mark.parametrize("dtype", [None, "float32", "float64"])
@pytest.mark.parametrize("name", ["Zeros", "Ones", *VARIANCES])
def test_the_dtype_is_as_asked(name, dtype):
    values = getattr(initializers, name)()((3, 4), dtype)
    assert values.dtype == (dtype or "float32") and values.shape == (3, 4)
    tv.config.set_floatx("float64")
    assert getattr(initializers, name)()((3, 4)).dtype == np.float64


def test_constants():
    np.testing.assert_array_equal(initializers.Zeros()((2, 3)), np.zeros((2, 3)))
    np.testing.assert_array_equal(initializers.Ones()((2, 3)), np.ones((2, 3)))


@pytest.mark.parametrize("name", VARIANCES)
def test_a_seed_repeats(name):
    make = getattr(initializers, name)
    np.testing.assert_array_equal(make(seed=5)((9, 8)), make(seed=5)((9, 8)))
    assert (make(seed=5)((9, 8)) != make(seed=6)((9, 8))).all()
    one = make()
    np.testing.assert_array_equal(one((9, 8)), one((9, 8)))                # as in Keras: an object is a fixed choice
    assert (make()((9, 8)) != make()((9, 8))).all()        # without a seed, each object takes a stream of its own


def test_set_random_seed_repeats_everything():
    def weights(seed):
        tv.utils.set_random_seed(seed)
        model = tv.Sequential([layers.Input((4,)), layers.Dense(5), layers.Dense(5),
                               layers.Dense(2, kernel_initializer="he_normal")])
        return model.get_weights()

    for a, b in zip(weights(3), weights(3)):
        np.testing.assert_array_equal(a, b)
    assert (weights(3)[0] != weights(4)[0]).all()
    assert (weights(3)[2][:4] != weights(3)[0]).all()      # layers do not draw the same


def test_float64_and_float32_weights_are_the_same():
    exact = initializers.HeNormal(3)((9, 8), "float64")
    np.testing.assert_array_equal(initializers.HeNormal(3)((9, 8)), exact.astype("float32"))


@pytest.mark.parametrize("name", ["GlorotUniform", "HeNormal", "VarianceScaling", "Zeros"])
def test_a_config_makes_the_same_initializer_again(name):
    one = getattr(initializers, name)(**({} if name == "Zeros" else {"seed": 3}))
    again = type(one).from_config(one.get_config())
    np.testing.assert_array_equal(again((4, 4)), one((4, 4)))


def test_a_function_serves_as_an_initializer():
    layer = layers.Dense(2, kernel_initializer=lambda shape, dtype: np.full(shape, 3, dtype), bias_initializer="ones")
    np.testing.assert_array_equal(layer(np.ones((1, 2))).detach().numpy(), [[7, 7]])


@pytest.mark.parametrize("make, message", [
    (lambda: initializers.VarianceScaling(mode="fan"), "'fan_in', 'fan_out' or 'fan_avg', not 'fan'"),
    (lambda: initializers.VarianceScaling(distribution="normal"), "not 'normal'"),
    (lambda: initializers.VarianceScaling(scale=0), "scale must be positive, got 0"),
    (lambda: initializers.get("he_norml"), "did you mean 'he_normal'")], ids=range(4))
def test_what_cannot_be_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
