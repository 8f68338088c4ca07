"""Initializers against Keras: names, arguments, widths; what has no chance in it number by number."""
import inspect
import json

import numpy as np
import pytest

from tinyvision import initializers
from tinyvision.serialization import serialize

from .record import agree

RANDOM = {                                                 # row: class, arguments besides the seed
    **{name: (name, {}) for name in ("GlorotUniform", "GlorotNormal", "HeUniform", "HeNormal", "LecunUniform", "LecunNormal")},
    "VarianceScaling": ("VarianceScaling", dict(scale=2.0, mode="fan_out", distribution="untruncated_normal")),
    "VarianceScaling average": ("VarianceScaling", dict(scale=0.5, mode="fan_avg", distribution="uniform")),
    "VarianceScaling normal": ("VarianceScaling", dict(scale=3, mode="fan_in", distribution="normal")),
    "VarianceScaling plain": ("VarianceScaling", {}),
    "RandomNormal": ("RandomNormal", dict(mean=0.5, stddev=0.2)), "RandomNormal wide": ("RandomNormal", dict(mean=-2, stddev=3)),
    "TruncatedNormal": ("TruncatedNormal", dict(mean=-1.0, stddev=0.3)), "TruncatedNormal wide": ("TruncatedNormal", dict(mean=2, stddev=3)),
    "RandomUniform": ("RandomUniform", dict(minval=-0.2, maxval=0.6)), "RandomUniform below": ("RandomUniform", dict(minval=-3, maxval=-1)),
    "Orthogonal": ("Orthogonal", dict(gain=3.0)),
}
CONSTANT = {                                               # row: class, arguments, shape
    "zeros": ("Zeros", {}, (3, 4)), "ones": ("Ones", {}, (3, 4, 2)), "constant": ("Constant", dict(value=1.37), (3, 4)),
    "constant default": ("Constant", {}, (5,)), "constant number": ("Constant", dict(value=-2), ()),
    "identity": ("Identity", {}, (4, 4)), "identity wide": ("Identity", dict(gain=0.3), (3, 5)), "identity tall": ("Identity", dict(gain=-2), (5, 2)),
}
CLASSES = [*dict.fromkeys(name for name, _ in RANDOM.values()), "Zeros", "Ones", "Constant", "Identity"]


@pytest.mark.parametrize("shape, expected", [
    ((300, 200), (300, 200)), ((3, 5, 40, 60), (15 * 40, 15 * 60)), ((5, 40, 60), (5 * 40, 5 * 60)), ((70,), (70, 70)), ((), (1, 1))])
def test_fans_are_those_of_keras(keras, shape, expected):
    from keras.src.initializers.random_initializers import compute_fans
    assert initializers.base.fans(shape) == tuple(compute_fans(shape)) == expected
    if len(shape) > 2:
        assert initializers.base.fans(shape, [0, 1], [-1]) == tuple(compute_fans(shape, [0, 1], [-1]))
        assert initializers.base.fans(shape, [0], None) == tuple(compute_fans(shape, [0], None))


@pytest.mark.parametrize("row", CONSTANT)
def test_values_are_those_of_keras(keras, row):
    name, settings, shape = CONSTANT[row]
    ours = getattr(initializers, name)(**settings)(shape, "float64")
    assert ours.shape == shape and ours.dtype == np.float64
    agree(("initializer", name, row), ours, getattr(keras.initializers, name)(**settings)(shape, "float64"))


@pytest.mark.parametrize("row", RANDOM)
def test_widths_are_those_of_keras(keras, row):
    """The streams differ, the distributions do not: quantiles of 144,000 numbers agree, and a Kolmogorov-Smirnov test of two."""
    from scipy import stats
    shape = 3, 5, 80, 120
    name, settings = RANDOM[row]
    ours, theirs = (np.asarray(getattr(home, name)(**settings, seed=1)(shape)).ravel() for home in (initializers, keras.initializers))
    levels = [0, 0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.98, 1] if name not in ("RandomNormal", "VarianceScaling", "Orthogonal") \
        else [0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.98]         # where there are no bounds, the largest is any number
    np.testing.assert_allclose(np.quantile(ours, levels), np.quantile(theirs, levels), atol=0.03 * theirs.std())
    assert stats.ks_2samp(ours, theirs).pvalue > 1e-3


@pytest.mark.parametrize("shape", [(6, 4), (4, 6), (3, 2, 4, 5), (2, 3, 30)])
def test_orthogonal_matrices_are_made_as_in_keras(keras, shape):
    """What is at right angles, rows or columns, and how long: of both."""
    rows, columns = int(np.prod(shape[:-1])), shape[-1]
    ours, theirs = (np.asarray(home.Orthogonal(gain=1.5, seed=3)(shape, "float64")).reshape(rows, columns)
                    for home in (initializers, keras.initializers))
    product = (lambda w: w @ w.T) if rows < columns else (lambda w: w.T @ w)
    agree(("initializer", "Orthogonal", f"shape {shape}"), product(ours), product(theirs))


@pytest.mark.parametrize("name", CLASSES)
def test_arguments_are_those_of_keras(keras, name):
    theirs, ours = (inspect.signature(getattr(home, name)).parameters for home in (keras.initializers, initializers))
    by_name = [(p.name, p.default) for p in theirs.values() if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert [(p.name, p.default) for p in ours.values() if p.kind is p.POSITIONAL_OR_KEYWORD] == by_name


@pytest.mark.parametrize("name", [
    "zeros", "ones", "identity", "variance_scaling", "glorot_uniform", "glorot_normal", "he_uniform", "he_normal", "lecun_uniform",
    "lecun_normal", "random_normal", "random_uniform", "truncated_normal", "orthogonal", "normal", "uniform", "one", "zero",
    "GlorotUniform", "HeNormal", "OrthogonalInitializer", "IdentityInitializer"])
def test_initializers_by_name(keras, name):
    assert type(initializers.get(name)).__name__ == type(keras.initializers.get(name)).__name__


def test_a_constant_by_name(keras):
    assert initializers.get("constant")(3).tolist() == [0, 0, 0]
    with pytest.raises(KeyError):                          # Keras has the name, and fails on it
        keras.initializers.get("constant")


@pytest.mark.parametrize("name", CLASSES)
def test_the_same_names_in_small_letters(keras, name):
    small = [other for other in dir(keras.initializers) if getattr(keras.initializers, other) is getattr(keras.initializers, name)]
    for other in set(small) - {"OrthogonalInitializer", "IdentityInitializer"}:
        assert getattr(initializers, other) is getattr(initializers, name)


@pytest.mark.parametrize("name", CLASSES)
def test_keras_makes_its_initializer_of_our_config(keras, name):
    settings = RANDOM.get(name, (name, {}))[1]
    ours = getattr(initializers, name)(**settings)
    theirs = keras.initializers.deserialize(json.loads(json.dumps(serialize(ours))))
    assert type(theirs).__name__ == name
    if name == "Identity":                                 # Keras forgets its gain in get_config
        return np.testing.assert_array_equal(np.asarray(theirs((2, 3))), ours((2, 3)))
    assert theirs.get_config() == ours.get_config()
    assert initializers.deserialize(keras.initializers.serialize(theirs)).get_config() == ours.get_config()
