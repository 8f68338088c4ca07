"""A normalization that has gone into the weights of the convolution before it: the same numbers, and nothing else changed."""
import numpy as np
import pytest

import tinyvision as keras
from tinyvision import grad, kernels, layers, no_grad, profile, tensor
from tinyvision.kernels.registry import WATCHERS
from tinyvision.models.folding import ConvNormChain

rng = np.random.default_rng(0)
CONVS = {"conv": lambda **s: layers.Conv2D(6, 3, **s), "pointwise": lambda **s: layers.Conv2D(5, 1, use_bias=False, **s),
         "strides": lambda **s: layers.Conv2D(33, (2, 3), strides=2, padding="same", **s),
         "depthwise": lambda **s: layers.DepthwiseConv2D(3, padding="same", use_bias=False, **s),
         "depthwise strides": lambda **s: layers.DepthwiseConv2D(5, strides=2, **s)}
RELUS = {"none": None, "relu": layers.ReLU, "relu0": lambda **s: layers.ReLU(0, **s), "relu1": lambda **s: layers.ReLU(True, **s), "relu6": lambda **s: layers.ReLU(0.6, **s), "activation": lambda **s: layers.Activation("relu", **s)}


def network(conv="conv", relu="relu", dtype="float32", **norm):
    """One chain, with statistics and scales of its own."""
    inputs = keras.Input((9, 8, 4), dtype=dtype)
    x = layers.BatchNormalization(name="norm", dtype=dtype, **norm)(CONVS[conv](name="conv", dtype=dtype)(inputs))
    x = RELUS[relu](name="relu", dtype=dtype)(x) if RELUS[relu] else x
    model = keras.Model(inputs, layers.Flatten(dtype=dtype)(x), dtype=dtype)
    model.set_weights([rng.uniform(0.2, 1.5, w.shape) - (w.ndim > 1) * 0.8 for w in model.get_weights()])
    return model


def chains(model):
    parts = [part for call in model._steps for part in getattr(call.layer, "parts", [call.layer])]
    return [part.name for part in parts if isinstance(part, ConvNormChain)]


def layer_by_layer(model, x, **told):
    for layer in model.layers[1:]:
        x = layer(x, **told)
    return x


def close(a, b, tolerance=1e-5):
    np.testing.assert_allclose(a, b, rtol=0, atol=tolerance * np.abs(b).max())


def images(dtype="float32", n=3):
    return rng.standard_normal((n, 9, 8, 4)).astype(dtype)


def kernels_of(run):
    names = []
    watch = lambda kernel, version, arguments: names.append(kernel.name)
    WATCHERS.append(watch)
    try:
        with no_grad():
            run()
    finally:
        WATCHERS.remove(watch)
    return names


@pytest.mark.parametrize("conv", CONVS)
@pytest.mark.parametrize("relu", RELUS)
@pytest.mark.parametrize("norm", [{}, {"scale": False}, {"center": False, "epsilon": 0.1}], ids=["all", "no scale", "no center"])
def test_inference_gives_the_same_numbers(conv, relu, norm):
    model, x = network(conv, relu, **norm), images()
    assert chains(model) == ["conv+norm+relu" if RELUS[relu] else "conv+norm"]
    with no_grad():
        expected = layer_by_layer(model, tensor(x)).numpy()
        close(model(x).numpy(), expected)
        assert model(x[:0]).shape == (0, expected.shape[1])
    if relu != "relu0":                                    # for a kernel, 0 is no limit
        assert kernels_of(lambda: model(x)) == ["conv_block_forward"]


@pytest.mark.parametrize("conv", ["conv", "depthwise"])
@pytest.mark.parametrize("training", [True, False])
def test_training_and_gradients_are_those_of_the_layers(conv, training):
    model, found = network(conv, "relu6"), []
    x, weights = tensor(images(), requires_grad=True), model.get_weights()
    for run in model, lambda x, **told: layer_by_layer(model, x, **told):
        model.set_weights(weights)
        y = run(x, training=training)
        found.append([y.detach().numpy(), *(g.numpy() for g in grad((y ** 2).sum(), [x, *model.trainable_weights])), *model.get_weights()])
    for a, b in zip(*found, strict=True):
        close(a, b)


def test_in_float64_nothing_changes():
    model, x = network(dtype="float64"), images("float64")
    with no_grad():
        np.testing.assert_array_equal(model(x).numpy(), layer_by_layer(model, tensor(x)).numpy())


@pytest.mark.parametrize("what", ["kernel", "bias", "gamma", "beta", "moving_mean", "moving_variance", "epsilon", "activation", "relu"])
def test_what_is_changed_later_is_seen(what):
    model, x = network(), images(n=1)
    conv, norm, relu = (model.get_layer(name) for name in ("conv", "norm", "relu"))
    before = [model.predict_on_batch(x) for _ in range(3)][-1]
    if what == "epsilon":
        norm.epsilon = 0.7
    elif what == "activation":
        conv.activation = keras.activations.get("tanh")
    elif what == "relu":
        relu.max_value = 0.3
    else:
        weight = getattr(conv, what, None) if hasattr(conv, what) else getattr(norm, what)
        weight.assign(weight.numpy() * 1.5 + 0.1)
    after = model.predict_on_batch(x)
    assert abs(after - before).max() > 0.01
    with no_grad():
        close(after, layer_by_layer(model, tensor(x)).numpy())


def test_training_drops_what_is_of_no_use_any_more():
    model, x = network("depthwise"), images(n=1)
    for _ in range(3):
        model.predict_on_batch(x)
    replay = next(call.layer for call in model._steps if hasattr(call.layer, "seen"))
    chain, = (part for part in replay.parts if isinstance(part, ConvNormChain))
    assert replay.seen and chain.kept
    model(x, training=True)
    assert not replay.seen and not chain.kept


@pytest.mark.parametrize("conv", ["conv", "depthwise", "depthwise strides"])
def test_what_is_infinite_stays_where_it_is(conv):
    """Outside the image nothing is: no row of it times 0, which of infinity would be NaN."""
    model, x = network(conv, "none"), images(n=1)
    x[0, 0, 0, 0], x[0, -1, -1, 1] = np.inf, -np.inf
    with no_grad(), kernels.use("numpy"):
        expected = layer_by_layer(model, tensor(x)).numpy()
    found = model.predict_on_batch(x)
    np.testing.assert_array_equal(np.isnan(found), np.isnan(expected))
    np.testing.assert_array_equal(np.isinf(found), np.isinf(expected))


def test_training_without_gradients_is_training():
    """Also where inference on such a batch was recorded before."""
    model, x = network(), images(n=2)
    for _ in range(3):
        model.predict_on_batch(x)
    with no_grad():
        weights = model.get_weights()
        found = model(x, training=True).numpy()
        moved = model.get_weights()
        model.set_weights(weights)
        close(found, layer_by_layer(model, tensor(x), training=True).numpy())
    for a, b in zip(moved, model.get_weights()):
        close(a, b)


def test_training_and_prediction_in_turn():
    model, x = network("conv", "none"), images(n=8)        # a limit would hide how large the numbers are that add up
    out = keras.Model(model.input, layers.Dense(2, activation="softmax")(model.output))
    out.compile("adam", "sparse_categorical_crossentropy")
    for _ in range(3):
        out.fit(x, np.arange(8) % 2, verbose=0)
        features = keras.Model(out.input, model.output)
        with no_grad():
            close(features.predict_on_batch(x), layer_by_layer(model, tensor(x)).numpy())


def test_what_cannot_be_folded_is_not():
    inputs = keras.Input((8, 8, 4))
    for conv, norm in ((layers.Conv2D(4, 3, activation="relu"), {}), (layers.Conv2D(4, 3, groups=2), {}),
                       (layers.DepthwiseConv2D(3, depth_multiplier=2), {}), (layers.Conv2D(6, 3), {"axis": 1})):
        model = keras.Model(inputs, layers.BatchNormalization(**norm)(conv(inputs)))
        assert chains(model) == []
    conv = layers.Conv2D(4, 3)(inputs)
    assert chains(keras.Model(inputs, [conv, layers.BatchNormalization()(conv)])) == []              # both are asked for


def test_versions_that_are_forced_run_layer_by_layer():
    model, x = network(), images()
    with kernels.use("numpy"):
        assert "conv_block_forward" not in kernels_of(lambda: model(x))
    with profile():                                        # and a profile does not disturb
        model.predict_on_batch(x)


def test_wrong_shapes_are_named():
    model = network()
    with pytest.raises(ValueError, match="takes inputs of shape"):
        model.predict(np.zeros((1, 9, 8, 3), "float32"))
