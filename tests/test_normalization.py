"""Normalization: the formulas where Keras has no op or fails, numbers far from 0, what cannot be."""
import numpy as np
import pytest
from samples import ROWS

import tinyvision as tv
from tinyvision import grad, kernels, layers, ops, tensor

X = np.random.default_rng(0).standard_normal((3, 4, 5, 6))


@pytest.mark.parametrize("call, message", [
    (lambda: ops.layer_normalization(X, axis=4), "layer_normalization: axis: axis 4 is out of bounds"),
    (lambda: ops.layer_normalization(X, axis=(1, -3)), "repeated axis in `layer_normalization: axis`"),
    (lambda: ops.layer_normalization(X, gamma=np.ones(5)), "along axes \\(3,\\) of x \\(3, 4, 5, 6\\) there are \\(6,\\) numbers, got shape \\(5,\\)"),
    (lambda: ops.layer_normalization(X, beta=np.ones(1)), "there are \\(6,\\) numbers, got shape \\(1,\\)"),
    (lambda: ops.layer_normalization(X, beta=np.ones(6), rms_scaling=True), "rms_scaling=True goes without beta"),
    (lambda: ops.rms_normalization(X, np.ones(5), axis=1), "rms_normalization: along axes \\(1,\\) .* \\(4,\\) numbers, got shape \\(5,\\)"),
    (lambda: ops.rms_normalization(1.0), "rms_normalization: axis: axis -1 is out of bounds"),
    (lambda: ops.normalize(X, order=0), "the order is a whole number from 1 on, got 0"),
    (lambda: ops.normalize(X, order=1.5), "from 1 on, got 1.5"), (lambda: ops.normalize(X, axis=9), "normalize: axis: axis 9"),
    (lambda: ops.group_normalization(X, 4), "the 6 channels on axis -1 of x \\(3, 4, 5, 6\\) are not 4 equal groups"),
    (lambda: ops.group_normalization(X, 0), "are not 0 equal groups"), (lambda: ops.group_normalization(X, 2.0), "not 2.0 equal groups"),
    (lambda: ops.group_normalization(X, 3, axis=0), "axis is that of the channels of x \\(3, 4, 5, 6\\), and not the first, got 0"),
    (lambda: ops.group_normalization(X, 3, axis=-4), "not the first, got -4"), (lambda: ops.group_normalization(X, 3, axis=4), "got 4"),
    (lambda: ops.group_normalization(X, 3, gamma=np.ones(3)), "takes 6 numbers each for gamma and beta, got shape \\(3,\\)"),
    (lambda: ops.instance_normalization(X, axis=5), "axis is that of the channels of x .* got 5"),
    (lambda: layers.GroupNormalization(0), "groups is a positive integer, or -1 for one for each channel, got 0"),
    (lambda: layers.GroupNormalization(2.0), "for each channel, got 2.0"),
    (lambda: layers.GroupNormalization(4)(X), "6 channels are not 4 equal groups; choose a divisor of 6"),
    (lambda: layers.GroupNormalization()(X), "6 channels are not 32 equal groups"),
    (lambda: layers.GroupNormalization(2, axis=0)(X), "axis is that of the channels of x .*, and not the first, got 0|needs known sizes along axis 0"),
    (lambda: layers.GroupNormalization(2)(layers.Input((4, None))), "needs known sizes along axis -1, got \\(None, 4, None\\)"),
    (lambda: layers.LayerNormalization(axis=7)(X), "there is no axis 7 in an input of shape \\(None, 4, 5, 6\\)"),
    (lambda: layers.LayerNormalization(axis=(1, 2))(layers.Input((4, None))), "needs known sizes along axis \\(1, 2\\)"),
    (lambda: layers.RMSNormalization(axis=-5)(X), "there is no axis -5"),
    (lambda: layers.UnitNormalization(axis=7)(X), "normalize: axis: axis 7 is out of bounds"),
])
def test_what_cannot_be_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def by_the_formula(x, groups, gamma=None, beta=None, axis=-1, epsilon=0.001):
    y = np.empty(x.shape)
    x, out = np.moveaxis(x, axis, -1), np.moveaxis(y, axis, -1)
    C, size = x.shape[-1], x.shape[-1] // groups
    for n in range(len(x)):
        for first in range(0, C, size):
            part = x[n, ..., first:first + size]
            out[n, ..., first:first + size] = (part - part.mean()) / np.sqrt(((part - part.mean()) ** 2).mean() + epsilon)
    out *= np.ones(C) if gamma is None else gamma
    out += np.zeros(C) if beta is None else beta
    return y


@pytest.mark.parametrize("row", ROWS["group_normalization"] + ROWS["instance_normalization"], ids=repr)
def test_groups_are_normalized_one_by_one(row):
    how = dict(row.arguments)
    groups = how.pop("groups", how["x"].shape[how.get("axis", -1)])
    np.testing.assert_allclose(row(*row.leaves).data, by_the_formula(groups=groups, **how), rtol=1e-12, atol=1e-12)


def test_groups_same_as_torch():
    """The value, the gradients and their gradients."""
    torch = pytest.importorskip("torch", reason="needs torch: Keras has no such op")
    rng = np.random.default_rng(1)
    arrays = [rng.standard_normal(shape) for shape in ((3, 4, 5, 6), (6,), (6,))]
    xs, ts = [tensor(a, requires_grad=True) for a in arrays], [torch.tensor(a, requires_grad=True) for a in arrays]
    y = ops.group_normalization(xs[0], 3, xs[1], xs[2])
    t = torch.nn.functional.group_norm(ts[0].permute(0, 3, 1, 2), 3, ts[1], ts[2], 1e-3).permute(0, 2, 3, 1)
    v, ws = rng.standard_normal(y.shape), [rng.standard_normal(a.shape) for a in arrays]
    found, expected = grad(y, xs, v, create_graph=True), torch.autograd.grad(t, ts, torch.tensor(v), create_graph=True)
    second = grad(sum((g * w).sum() for g, w in zip(found, ws)), xs[:2])
    theirs = torch.autograd.grad(sum((g * torch.tensor(w)).sum() for g, w in zip(expected, ws)), ts[:2])
    for ours, other in zip([y, *found, *second], [t, *expected, *theirs], strict=True):
        np.testing.assert_allclose(ours.detach().data, other.detach(), rtol=0, atol=1e-11)


@pytest.mark.parametrize("function", [
    lambda x: ops.layer_normalization(x, axis=(1, 2, 3), epsilon=1e-3), lambda x: ops.layer_normalization(x, epsilon=1e-3),
    lambda x: ops.group_normalization(x, 4), lambda x: ops.instance_normalization(x)], ids=["all", "layer", "group", "instance"])
@pytest.mark.parametrize("shape", [(2, 64, 65, 8), (2, 20, 31, 64), (3, 5, 7, 16), (1, 400, 301, 8)])
def test_numbers_far_from_0_keep_their_digits(function, shape):
    """Around 1000, float32 has steps of 6e-5: no more than a few of them may get lost. E[x^2] - E[x]^2 would lose everything."""
    x = np.random.default_rng(0).standard_normal(shape) + 1000
    narrow = x.astype(np.float32)
    exact = function(narrow.astype(np.float64)).data
    np.testing.assert_allclose(function(narrow).data, exact, rtol=0, atol=5e-4)
    with kernels.use("numpy"):
        np.testing.assert_allclose(function(narrow).data, exact, rtol=0, atol=5e-4)


def test_a_vector_of_nothing_stays_nothing():
    """Divided by epsilon; and its gradient by epsilon too, where Keras on JAX gives nan."""
    for order in (1, 2, 3):
        x = tensor(np.array([[0.0, 0.0], [3.0, 4.0]]), requires_grad=True)
        with np.errstate(all="raise"):
            y = ops.normalize(x, order=order, epsilon=0.5)
            first, = grad(y, x, np.array([[1.0, 2.0], [0.0, 0.0]]), create_graph=True)
            second, = grad(first.sum(), x)
        np.testing.assert_array_equal(y.data[0], [0, 0])
        np.testing.assert_array_equal(first.data, [[2, 4], [0, 0]])
        assert np.isfinite(second.data).all()


@pytest.mark.parametrize("order", [1, 2, 3])
def test_the_norm_over_two_axes(order):
    """That of all elements over the axes, as documented; Keras takes a matrix norm for order 1, and fails for 3."""
    y = ops.normalize(X, axis=(1, -1), order=order)
    np.testing.assert_allclose(y.data, X / (np.abs(X) ** order).sum((1, 3), keepdims=True) ** (1 / order), rtol=1e-13)


@pytest.mark.parametrize("axis", [-1, 1, (1, 3), [-1, -2]])
def test_rms_normalization_along_any_axes(axis):
    """The scale runs along the axes; in Keras 3.15 it runs along the last, and other axes fail."""
    axes = tuple(sorted(a % 4 for a in np.ravel(axis)))
    scale = np.random.default_rng(1).standard_normal([X.shape[a] for a in axes])
    wide = scale.reshape([n if a in axes else 1 for a, n in enumerate(X.shape)])
    expected = X / np.sqrt((X ** 2).mean(axes, keepdims=True) + 1e-6) * wide
    np.testing.assert_allclose(ops.rms_normalization(X, scale, axis, 1e-6).data, expected, rtol=1e-12)
    layer = layers.RMSNormalization(axis, dtype="float64")
    layer(X)
    layer.scale.assign(scale)
    np.testing.assert_allclose(layer(X).detach().data, expected, rtol=1e-12)


def test_axes_from_both_ends():
    """They are the same axes, and gamma lies along them in rising order; Keras 3.15 sorts -1 before 1, and mixes up their sizes."""
    gamma = np.random.default_rng(1).standard_normal((4, 6))
    expected = ops.layer_normalization(X, gamma, axis=(1, 3)).data
    np.testing.assert_array_equal(ops.layer_normalization(X, gamma, axis=(-1, 1)).data, expected)
    layer = layers.LayerNormalization(axis=(-1, 1), epsilon=1e-7, dtype="float64")
    layer(X)
    layer.gamma.assign(gamma)
    np.testing.assert_allclose(layer(X).detach().data, expected, rtol=1e-12)


def test_a_sample_does_not_see_the_others():
    for function in (ops.layer_normalization, ops.instance_normalization, lambda x: ops.group_normalization(x, 3)):
        np.testing.assert_allclose(function(X).data[:1], function(X[:1]).data, rtol=1e-13)


def test_integers_become_floats_and_weights_take_the_dtype_of_x():
    pixels = np.arange(12, dtype=np.uint8).reshape(2, 3, 2)
    for function in (ops.layer_normalization, ops.instance_normalization, ops.normalize, ops.rms_normalization):
        assert function(pixels).dtype == np.float32
        np.testing.assert_array_equal(function(pixels).data, function(pixels.astype(np.float32)).data)
    assert ops.layer_normalization(X.astype(np.float32), np.ones(6), np.ones(6)).dtype == np.float32
    assert ops.group_normalization(X.astype(np.float32), 2, np.ones(6), np.ones(6)).dtype == np.float32


def test_a_small_model_with_all_of_them_learns():
    tv.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    x, labels = rng.standard_normal((64, 6, 6, 4)).astype(np.float32), rng.integers(0, 2, 64)
    x[labels == 1, :3] *= 3
    model = tv.Sequential([layers.Input((6, 6, 4)), layers.Conv2D(8, 3), layers.GroupNormalization(2), layers.ReLU(), layers.Conv2D(8, 3),
                           layers.GroupNormalization(-1), layers.ReLU(), layers.Flatten(), layers.LayerNormalization(),
                           layers.Dense(16, activation="relu"), layers.RMSNormalization(), layers.Dense(2), layers.UnitNormalization()])
    model.compile("adam", tv.losses.SparseCategoricalCrossentropy(from_logits=True))
    history = model.fit(x, labels, batch_size=16, epochs=8, verbose=0).history["loss"]
    assert history[-1] < 0.8 * history[0]
