"""Convolution, bias, ReLU and pool in one go: the same numbers as one after the other, and nothing else changed."""
import numpy as np
import pytest

import tinyvision as keras
from tinyvision import detect_anomaly, grad, kernels, layers, ops, tensor
from tinyvision.kernels.registry import WATCHERS
from tinyvision.models.chains import Chain

rng = np.random.default_rng(0)


@pytest.fixture
def ran():
    """The names of the kernels that run."""
    names = []
    watch = lambda kernel, version, arguments: names.append(kernel.name)
    WATCHERS.append(watch)
    yield names
    WATCHERS.remove(watch)


def network(dtype="float32", padding="valid"):
    """Every kind of chain, with an odd size where the pool drops a row."""
    x = inputs = keras.Input((15, 14, 3), dtype=dtype)
    x = layers.Conv2D(8, 3, activation="relu", padding=padding, dtype=dtype, name="a")(x)
    x = layers.MaxPooling2D(name="pool_a", dtype=dtype)(x)
    x = layers.Conv2D(20, 3, padding="same", dtype=dtype, name="b")(x)
    x = layers.ReLU(name="relu_b", dtype=dtype)(x)
    x = layers.MaxPooling2D(name="pool_b", dtype=dtype)(x)
    x = layers.Conv2D(4, 2, dtype=dtype, name="c")(x)
    x = layers.Activation("relu", name="relu_c", dtype=dtype)(x)
    return keras.Model(inputs, layers.Dense(2, dtype=dtype, name="d")(layers.Flatten(dtype=dtype)(x)), dtype=dtype)


def chains(model):
    parts = [part for call in model._steps for part in getattr(call.layer, "parts", [call.layer])]
    return [part.name for part in parts if isinstance(part, Chain)]


def layer_by_layer(model, x):
    for layer in model.layers[1:]:
        x = layer(x)
    return x


def test_chains_are_found():
    assert chains(network()) == ["a+pool_a", "b+relu_b+pool_b", "c+relu_c"]


@pytest.mark.parametrize("padding", ["valid", "same"])
def test_the_same_numbers_and_gradients_as_layer_by_layer(padding, ran):
    model, x = network(padding=padding), tensor(rng.standard_normal((3, 15, 14, 3)).astype("float32"), requires_grad=True)
    ran.clear()
    y = model(x)
    assert set(ran) == {"conv_block_forward", "product"}
    with kernels.use("numpy"):
        expected = layer_by_layer(model, x)
    np.testing.assert_allclose(y.data, expected.data, rtol=0, atol=1e-5 * np.abs(expected.data).max())
    v = rng.standard_normal(y.shape).astype("float32")
    wanted = [x, *model.trainable_weights]
    for a, b in zip(grad(y, wanted, v), grad(expected, wanted, v), strict=True):
        np.testing.assert_allclose(a.data, b.data, rtol=0, atol=1e-5 * np.abs(b.data).max())


def test_in_float64_nothing_changes(ran):
    model, x = network("float64"), rng.standard_normal((3, 15, 14, 3))
    np.testing.assert_array_equal(model(x).data, layer_by_layer(model, x).data)
    assert "conv_block_forward" not in ran


def normalized(relu, dtype="float32"):
    x = inputs = keras.Input((6, 5, 3), dtype=dtype)
    x = layers.Conv2D(8, 3, activation="tanh", use_bias=False, dtype=dtype)(x)             # no part of a chain
    x = layers.BatchNormalization(name="norm", momentum=0.9, dtype=dtype)(x)
    return keras.Model(inputs, layers.Flatten(dtype=dtype)(relu(x)), dtype=dtype)


RELUS = {"relu": layers.ReLU, "relu6": lambda **settings: layers.ReLU(max_value=0.8, **settings),
         "activation": lambda **settings: layers.Activation("relu", **settings)}


@pytest.mark.parametrize("kind", RELUS)
@pytest.mark.parametrize("dtype, tolerance", [("float32", 1e-5), ("float64", 0)])
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("trainable", [True, False])
def test_a_normalization_and_its_relu(kind, dtype, tolerance, training, trainable, ran):
    """Numbers, gradients and moving averages are those of layer by layer; in float64 to the last bit."""
    model = normalized(RELUS[kind](name="relu", dtype=dtype), dtype)
    assert chains(model) == ["norm+relu"]
    norm = model.get_layer("norm")
    norm.gamma.assign(rng.uniform(-1, 1, 8))
    norm.beta.assign(rng.uniform(-1, 1, 8))
    norm.moving_mean.assign(rng.uniform(-1, 1, 8))
    norm.trainable = trainable
    x = tensor(rng.standard_normal((4, 6, 5, 3)).astype(dtype), requires_grad=True)
    weights, found = model.get_weights(), {}
    for way in "fused", "layer by layer":
        model.set_weights(weights)
        ran.clear()
        y = x
        for layer in model.layers[1:] if way == "layer by layer" else [model]:
            y = layer(y, training=training)
        assert "clipped" not in ran or way == "layer by layer"
        v = np.random.default_rng(1).standard_normal(y.shape).astype(dtype)
        found[way] = [y, *grad(y, [x, *model.trainable_weights], v), *map(tensor, model.get_weights())]
    for a, b in zip(*found.values(), strict=True):
        np.testing.assert_allclose(a.data, b.data, rtol=0, atol=tolerance * np.abs(b.data).max())


def test_the_outputs_of_all_layers_stay_within_reach():
    model, x = network(), rng.standard_normal((2, 15, 14, 3)).astype("float32")
    for layer in model.layers[1:]:
        part = keras.Model(model.input, layer.output)
        with kernels.use("numpy"):
            expected = keras.Model(model.input, layer.output)(x).data
        np.testing.assert_allclose(part(x).data, expected, rtol=0, atol=1e-5)


def test_what_others_use_is_not_fused():
    x = inputs = keras.Input((9, 9, 2))
    convolved = layers.Conv2D(3, 3, activation="relu")(x)
    pooled = layers.MaxPooling2D()(convolved)
    assert chains(keras.Model(inputs, [convolved, pooled])) == []          # asked for itself
    both = layers.Concatenate()([layers.Flatten()(convolved), layers.Flatten()(pooled)])
    assert chains(keras.Model(inputs, both)) == []                         # used twice
    assert len(chains(keras.Model(inputs, pooled))) == 1


@pytest.mark.parametrize("behind", [
    layers.MaxPooling2D(3), layers.MaxPooling2D(2, strides=1), layers.MaxPooling2D(2, padding="same"), layers.AveragePooling2D(),
    layers.ReLU(max_value=6), layers.ReLU(negative_slope=0.1), layers.Activation("tanh")], ids=lambda layer: layer.name)
def test_what_is_something_else_is_not_fused(behind):
    inputs = keras.Input((9, 9, 2))
    assert chains(keras.Model(inputs, behind(layers.Conv2D(3, 3)(inputs)))) == []


def test_a_tanh_between_keeps_the_pool_apart():
    inputs = keras.Input((9, 9, 2))
    assert chains(keras.Model(inputs, layers.MaxPooling2D()(layers.Conv2D(3, 3, activation="tanh")(inputs)))) == []


@pytest.mark.parametrize("version", ["numpy", "blocked", "direct", "exact"])
def test_a_forced_version_runs(version, ran):
    model, x = network(), rng.standard_normal((2, 15, 14, 3)).astype("float32")
    expected = model(x).data
    ran.clear()
    with kernels.use(version):
        np.testing.assert_allclose(model(x).data, expected, rtol=0, atol=1e-5)
    assert ("conv_block_forward" in ran) == (version in ("direct", "exact"))


def test_a_normalization_without_a_plain_relu_behind_it_is_not_fused():
    for behind in layers.ReLU(negative_slope=0.1), layers.ReLU(threshold=1.0), layers.Activation("tanh"), layers.MaxPooling2D():
        assert chains(normalized(behind)) == []


@pytest.mark.parametrize("training", [True, False])
def test_a_fused_normalization_is_differentiated_twice(training):
    norm, x = layers.BatchNormalization(dtype="float64"), tensor(rng.standard_normal((5, 3)), requires_grad=True)

    def penalty(relu):
        slope, = grad((relu(x) ** 2).sum(), x, create_graph=True)
        return grad((slope ** 3).sum(), [x, norm.gamma])

    found = penalty(lambda x: norm(x, training=training, limits=(0, 0.9)))
    expected = penalty(lambda x: ops.clip(norm(x, training=training), 0, 0.9))
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a.data, b.data, rtol=1e-9)


@pytest.mark.parametrize("make", [lambda: layers.BatchNormalization(), lambda: layers.Conv2D(3, 3)])
def test_a_relu_that_is_changed_later_is_seen(make):
    """In training, in inference, and where inference was recorded before."""
    inputs, first, layer, relu = keras.Input((6, 6, 3)), layers.Conv2D(3, 2), make(), layers.ReLU()
    model, x = keras.Model(inputs, relu(layer(first(inputs)))), rng.standard_normal((2, 6, 6, 3)).astype("float32")
    for _ in range(4):
        model.predict_on_batch(x)
    relu.negative_slope = 0.5
    expected = relu(layer(first(x), training=False)).detach().numpy()
    assert (expected < 0).any()
    for found in model(x, training=False).detach().numpy(), *(model.predict_on_batch(x) for _ in range(3)):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_limits_stand_in_order():
    with pytest.raises(ValueError, match=r"the limits are \(low, high\), got \(1, 0\)"):
        layers.BatchNormalization()(np.ones((2, 3)), limits=(1, 0))


def test_detect_anomaly_sees_every_step():
    model, x = network(), np.full((1, 15, 14, 3), np.nan, "float32")
    x[:] = 3e38
    with detect_anomaly(), pytest.raises(FloatingPointError, match="made inf"):
        model(x)


def test_a_fused_layer_is_differentiated_twice():
    layer = layers.Conv2D(3, 3, activation="relu")
    x = tensor(rng.standard_normal((2, 7, 6, 2)).astype("float32"), requires_grad=True)

    def penalty():
        slope, = grad((layer(x) ** 2).sum(), x, create_graph=True)
        return grad((slope ** 2).sum(), [x, layer.kernel])

    found = penalty()
    with kernels.use("numpy"):
        for a, b in zip(found, penalty(), strict=True):
            np.testing.assert_allclose(a.data, b.data, rtol=1e-4, atol=1e-5 * np.abs(b.data).max())


def test_only_gradients_that_are_asked_for_are_computed(monkeypatch):
    asked = []
    original = kernels.conv.conv_block_backward
    monkeypatch.setattr(kernels.conv, "conv_block_backward", lambda *a: asked.append(a[-1]) or original(*a))
    x = tensor(rng.standard_normal((2, 7, 6, 2)).astype("float32"), requires_grad=True)
    layer = layers.Conv2D(3, 3)
    layer(x.detach()).sum().backward()
    grad(layer(x).sum(), x)
    grad(layer(x).sum(), layer.bias)
    layer.trainable = False
    layer(x).sum().backward()
    assert asked == [(False, True, True), (True, False, False), (False, False, True), (True, False, False)]


def test_training_goes_the_same_way():
    """Five steps, fused and not, from the same weights."""
    x, y = rng.standard_normal((8, 15, 14, 3)).astype("float32"), rng.integers(0, 2, 8)
    losses = {}
    weights = network().get_weights()
    for version in (None, "numpy"):
        model = network()
        model.set_weights(weights)
        model.compile("rmsprop", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        with kernels.use(version):
            losses[version] = [model.train_on_batch(x, y) for _ in range(5)]
    np.testing.assert_allclose(losses[None], losses["numpy"], rtol=1e-3)


@pytest.mark.parametrize("change, message", [
    ({"kernel": np.ones((3, 3, 1, 2))}, "takes all channels together"), ({"bias": np.ones(3)}, r"bias has shape \(3,\), for 2 filters"),
    ({"inputs": np.ones((1, 3, 3, 2)), "pool": True}, "2x2 windows do not fit"), ({"inputs": np.ones((5, 5, 2))}, "takes images"),
])
def test_bad_arguments(change, message):
    given = {"inputs": np.ones((1, 5, 5, 2)), "kernel": np.ones((3, 3, 2, 2)), "bias": np.ones(2), **change}
    with pytest.raises(ValueError, match=message):
        ops.fused_conv(**given)
