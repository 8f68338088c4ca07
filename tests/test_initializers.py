"""Initializers by themselves: the distributions that they promise, and seeds that repeat."""
import numpy as np
import pytest

import tinyvision as tv
from tinyvision import initializers, layers

FANS = {                                                   # shape -> inputs of a unit, outputs of an input
    (300, 200): (300, 200), (3, 5, 40, 60): (15 * 40, 15 * 60),
}
VARIANCES = {                                              # name -> whether a uniform distribution, and the variance by fans
    "GlorotUniform": (True, lambda i, o: 2 / (i + o)), "GlorotNormal": (False, lambda i, o: 2 / (i + o)),
    "HeUniform": (True, lambda i, o: 2 / i), "HeNormal": (False, lambda i, o: 2 / i),
    "LecunUniform": (True, lambda i, o: 1 / i), "LecunNormal": (False, lambda i, o: 1 / i),
}
RANDOM = [*VARIANCES, "VarianceScaling", "RandomNormal", "RandomUniform", "TruncatedNormal", "Orthogonal"]
MODES = {"fan_in": lambda i, o: i, "fan_out": lambda i, o: o, "fan_avg": lambda i, o: (i + o) / 2}
CUT = 0.87962566103423978                                  # the deviation of a standard normal that is cut at -2 and 2


def follows(values, distribution):
    """A Kolmogorov-Smirnov test of the numbers against the exact distribution, one of scipy.stats."""
    from scipy import stats
    assert stats.kstest(np.asarray(values, "float64").ravel(), distribution.cdf).pvalue > 1e-3


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
    from scipy import stats
    follows(values, stats.uniform(-np.sqrt(3) * deviation, 2 * np.sqrt(3) * deviation) if uniform
            else stats.truncnorm(-2, 2, scale=deviation / CUT))


def test_distributions_that_know_no_shape():
    from scipy import stats
    shape = 200, 300
    for mean, stddev in (0.0, 0.05), (3.0, 2.0):
        follows(initializers.RandomNormal(mean, stddev, seed=1)(shape, "float64"), stats.norm(mean, stddev))
        values = initializers.TruncatedNormal(mean, stddev, seed=1)(shape, "float64")
        follows(values, stats.truncnorm(-2, 2, mean, stddev))
        assert np.abs(values - mean).max() <= 2 * stddev
    for low, high in (-0.05, 0.05), (2.0, 5.0):
        values = initializers.RandomUniform(low, high, seed=1)(shape, "float64")
        follows(values, stats.uniform(low, high - low))
        assert low <= values.min() and values.max() < high
    assert (initializers.RandomUniform(2.0, 2.0)((3,)) == 2).all() and (initializers.RandomNormal(3.0, 0.0)((3,)) == 3).all()


@pytest.mark.parametrize("shape", [(7, 7), (9, 4), (4, 9), (3, 2, 4, 5), (2, 2, 30)])
def test_orthogonal(shape):
    w = initializers.Orthogonal(gain=2.0, seed=1)(shape, "float64").reshape(-1, shape[-1])
    w = w if w.shape[0] >= w.shape[1] else w.T
    np.testing.assert_allclose(w.T @ w, 4 * np.eye(w.shape[1]), atol=1e-12)


def test_all_orthogonal_matrices_are_equally_likely():
    """A column of n numbers has the distribution of a random direction: its squares follow Beta(1/2, (n - 1)/2). And both
    determinants are as frequent, which the factor of a QR decomposition alone does not give."""
    from scipy import stats
    matrices = np.array([initializers.Orthogonal(seed=seed)((3, 3), "float64") for seed in range(600)])
    for place in np.ndindex(3, 3):
        numbers = matrices[:, *place]
        assert stats.kstest(numbers ** 2, stats.beta(0.5, 1).cdf).pvalue > 1e-4
        assert 220 < (numbers > 0).sum() < 380
    assert 220 < (np.linalg.det(matrices) > 0).sum() < 380


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


@pytest.mark.parametrize("dtype", [None, "float32", "float64"])
@pytest.mark.parametrize("name", ["Zeros", "Ones", "Constant", "Identity", *RANDOM])
def test_the_dtype_is_as_asked(name, dtype):
    values = getattr(initializers, name)()((3, 4), dtype)
    assert values.dtype == (dtype or "float32") and values.shape == (3, 4)
    tv.config.set_floatx("float64")
    assert getattr(initializers, name)()((3, 4)).dtype == np.float64


def test_constants():
    np.testing.assert_array_equal(initializers.Zeros()((2, 3)), np.zeros((2, 3)))
    np.testing.assert_array_equal(initializers.Ones()((2, 3)), np.ones((2, 3)))
    np.testing.assert_array_equal(initializers.Constant(2.5)((2, 3)), np.full((2, 3), 2.5))
    np.testing.assert_array_equal(initializers.Identity(3)((2, 3)), [[3, 0, 0], [0, 3, 0]])


@pytest.mark.parametrize("name", RANDOM)
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


@pytest.mark.parametrize("name", [*RANDOM, "Zeros", "Constant", "Identity"])
def test_a_config_makes_the_same_initializer_again(name):
    one = getattr(initializers, name)(**({"seed": 3} if name in RANDOM else {}))
    again = type(one).from_config(one.get_config())
    np.testing.assert_array_equal(again((4, 4)), one((4, 4)))


def test_a_function_serves_as_an_initializer():
    layer = layers.Dense(2, kernel_initializer=lambda shape, dtype: np.full(shape, 3, dtype), bias_initializer="ones")
    np.testing.assert_array_equal(layer(np.ones((1, 2))).detach().numpy(), [[7, 7]])


@pytest.mark.parametrize("make, message", [
    (lambda: initializers.VarianceScaling(mode="fan"), "'fan_in', 'fan_out' or 'fan_avg', not 'fan'"),
    (lambda: initializers.VarianceScaling(distribution="gauss"), "uniform, untruncated_normal, truncated_normal, normal, not 'gauss'"),
    (lambda: initializers.VarianceScaling(scale=0), "scale must be positive, got 0"),
    (lambda: initializers.RandomNormal(stddev=-1), "RandomNormal: a standard deviation is at least 0, got stddev=-1"),
    (lambda: initializers.TruncatedNormal(stddev=-1), "TruncatedNormal: a standard deviation is at least 0, got stddev=-1"),
    (lambda: initializers.RandomUniform(2, 1), "minval is at most maxval, got minval=2 and maxval=1"),
    (lambda: initializers.Orthogonal()((3,)), "a weight of shape \\(3,\\)"),
    (lambda: initializers.Identity()((3, 3, 1)), "Identity makes matrices.*shape \\(3, 3, 1\\)"),
    (lambda: initializers.get("he_norml"), "did you mean 'he_normal'")], ids=range(9))
def test_what_cannot_be_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_constant_is_a_number():
    with pytest.raises(TypeError, match="Constant: value is a number, got .1, 2.; for values of an array pass a function"):
        initializers.Constant([1, 2])


def test_configs_in_the_form_of_keras():
    config = initializers.serialize(initializers.RandomNormal(stddev=0.5, seed=2))
    assert config["module"] == "keras.initializers" and config["class_name"] == "RandomNormal"
    np.testing.assert_array_equal(initializers.deserialize(config)((3,)), initializers.RandomNormal(0.0, 0.5, 2)((3,)))
    assert type(initializers.get({"class_name": "Identity", "config": {"gain": 2.0}})) is initializers.Identity
