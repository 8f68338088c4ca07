"""State dictionaries of PyTorch: networks with its weights give what they give there, and the weights find their way back."""
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import tinyvision as keras
from tinyvision import layers
from tinyvision.models import load_state_dict, save_state_dict, state_dict

PARITY = Path(__file__).parent / "parity"
STORED = np.load(PARITY / "networks_by_torch.npz")         # made by networks_by_torch.py
rng = np.random.default_rng(0)


def convnet():
    return keras.Sequential([keras.Input((9, 7, 3)), layers.Conv2D(4, 3), layers.BatchNormalization(epsilon=1e-5), layers.ReLU(),
                             layers.MaxPooling2D(2), layers.Flatten(), layers.Dense(5)])


def normalized():
    inputs = keras.Input((5, 4, 2))
    x = layers.Flatten()(layers.Conv2D(3, 3, use_bias=False)(inputs))
    return keras.Model(inputs, layers.Dense(4)(layers.Dropout(0.5)(layers.BatchNormalization(epsilon=1e-5)(x))))


def kinds():
    return keras.Sequential([
        keras.Input((6, 5, 4)), layers.DepthwiseConv2D((3, 2), depth_multiplier=2), layers.PReLU(shared_axes=[1, 2]),
        layers.Conv2D(6, 1, groups=2), layers.GroupNormalization(3, epsilon=1e-5), layers.Conv2DTranspose(5, (2, 3), strides=(2, 3))])


def series():
    return keras.Sequential([keras.Input((8, 3)), layers.Conv1D(4, 3, activation="relu"), layers.Conv1DTranspose(2, 2, strides=2)])


def recurrent(layer):
    return lambda: keras.Sequential([keras.Input((5, 3)), layer()])


def attention():
    inputs = keras.Input((6,), dtype="int32")
    x = layers.Embedding(9, 8)(inputs)
    y = layers.MultiHeadAttention(num_heads=2, key_dim=4)(x, x)
    return keras.Model(inputs, layers.LayerNormalization(epsilon=1e-5)(layers.Add()([x, y])))


NETWORKS = {
    "convnet": convnet, "normalized": normalized, "kinds": kinds, "series": series, "attention": attention,
    "lstm": recurrent(lambda: layers.LSTM(4, return_sequences=True)), "gru": recurrent(lambda: layers.GRU(4, return_sequences=True)),
    "both_ways": recurrent(lambda: layers.Bidirectional(layers.LSTM(4, return_sequences=True))),
    "simple": recurrent(lambda: layers.SimpleRNN(4, return_sequences=True)),
}


def stored(network):
    """The weights of a network as PyTorch has them."""
    start = f"{network}/weights/"
    return {key.removeprefix(start): STORED[key] for key in STORED.files if key.startswith(start)}


@pytest.fixture(autouse=True)
def double():
    keras.config.set_floatx("float64")


@pytest.mark.parametrize("network", NETWORKS)
def test_networks_of_torch_give_the_same_here(network):
    model = NETWORKS[network]()
    load_state_dict(model, stored(network))
    np.testing.assert_allclose(model.predict(STORED[f"{network}/input"], verbose=0), STORED[f"{network}/output"], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("network", NETWORKS)
def test_weights_find_their_way_back(network, tmp_path):
    model, weights = NETWORKS[network](), stored(network)
    load_state_dict(model, weights)
    modules = list(dict.fromkeys(key.rpartition(".")[0].removesuffix(".out_proj") for key in weights))
    save_state_dict(model, tmp_path / "model.safetensors", names=modules)
    found = load_file(tmp_path / "model.safetensors")
    assert found.keys() == {key for key in weights if not key.endswith("num_batches_tracked")}
    for key, array in found.items():
        if "bias_" not in key or network == "gru":
            np.testing.assert_array_equal(array, weights[key], err_msg=key)
    for suffix in {"lstm": [""], "simple": [""], "both_ways": ["", "_reverse"]}.get(network, []):       # one bias here, two there
        both = [f"inner.bias_{which}_l0{suffix}" for which in ("ih", "hh")]
        np.testing.assert_allclose(sum(found[key] for key in both), sum(weights[key] for key in both), rtol=1e-12)
    other = NETWORKS[network]()
    load_state_dict(other, tmp_path / "model.safetensors")
    for a, b in zip(other.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)


@pytest.mark.parametrize("name", ["network_by_torch.pth", "network_by_older_torch.pth"])
def test_files_of_torch_save(name):
    model = convnet()
    load_state_dict(model, PARITY / name)
    np.testing.assert_allclose(model.predict(STORED["convnet/input"], verbose=0), STORED["convnet/output"], rtol=1e-9, atol=1e-9)


def test_names_say_which_is_which():
    """Modules in another order, some of equal shapes."""
    inputs = keras.Input((3,))
    a, b = layers.Dense(3, name="first")(inputs), layers.Dense(3, name="second")(inputs)
    model = keras.Model(inputs, layers.Concatenate()([a, b]))
    weights = {f"{module}.{name}": rng.random(shape) for module in ("two", "one") for name, shape in (("weight", (3, 3)), ("bias", (3,)))}
    load_state_dict(model, weights, names={"first": "one", "second": "two"})
    np.testing.assert_array_equal(model.get_layer("first").get_weights()[0], weights["one.weight"].T)
    load_state_dict(model, weights, names=["one", "two"])
    np.testing.assert_array_equal(model.get_layer("second").get_weights()[0], weights["two.weight"].T)
    load_state_dict(model, weights)                        # by order
    np.testing.assert_array_equal(model.get_layer("first").get_weights()[0], weights["two.weight"].T)
    assert list(state_dict(model)) == ["first.weight", "first.bias", "second.weight", "second.bias"]
    with pytest.raises(ValueError, match="has no layers frist with weights"):
        load_state_dict(model, weights, names={"frist": "one", "second": "two"})
    with pytest.raises(ValueError, match="names say nothing of second"):
        load_state_dict(model, weights, names={"first": "one"})
    with pytest.raises(ValueError, match="3 names of modules, for 2 layers"):
        load_state_dict(model, weights, names=["one", "two", "three"])
    with pytest.raises(ValueError, match="no module 'three' for second, but two, one"):
        load_state_dict(model, weights, names={"first": "one", "second": "three"})


def test_safetensors_keep_no_order(tmp_path):
    """Numbered modules have one all the same; of others it must be said."""
    model = keras.Sequential([keras.Input((3,)), *[layers.Dense(3) for _ in range(12)]])
    weights = {f"layers.{i}.{name}": rng.random(shape) for i in range(12) for name, shape in (("weight", (3, 3)), ("bias", (3,)))}
    save_file(weights, tmp_path / "numbered.safetensors")
    load_state_dict(model, tmp_path / "numbered.safetensors")
    for i, layer in enumerate(model.layers):
        np.testing.assert_array_equal(layer.get_weights()[0], weights[f"layers.{i}.weight"].T)
    save_file({name.replace("layers.0", "start"): array for name, array in weights.items()}, tmp_path / "named.safetensors")
    with pytest.raises(ValueError, match="named.safetensors: safetensors keep no order, .* of layers, start comes first"):
        load_state_dict(model, tmp_path / "named.safetensors")
    load_state_dict(model, tmp_path / "named.safetensors", names=["start", *[f"layers.{i}" for i in range(1, 12)]])
    np.testing.assert_array_equal(model.layers[0].get_weights()[0], weights["layers.0.weight"].T)


def test_what_does_not_fit_changes_nothing():
    model, weights = convnet(), stored("convnet")
    before = model.get_weights()
    for change, message in (({"5.weight": np.zeros((5, 25))}, r"dense takes weight of shape \(5, 24\), the module '5' has \(5, 25\)"),
                            ({"5.scale": np.zeros(5)}, r"dense takes weight, bias, the module '5' has weight, bias, scale"),
                            ({"7.weight": np.zeros((5, 5))}, r"3 layers with weights .conv2d, batch_normalization, dense., PyTorch's network 4")):
        keras.utils.clear_session()
        with pytest.raises(ValueError, match=message):
            load_state_dict(model, {**weights, **change})
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.fixture(autouse=True)
def names_from_the_start():
    keras.utils.clear_session()


def test_flattened_maps_in_models_of_ones_own():
    class Network(keras.Model):
        def __init__(self):
            super().__init__()
            self.conv, self.norm, self.dense = layers.Conv2D(4, 3), layers.BatchNormalization(epsilon=1e-5), layers.Dense(5)

        def call(self, x):
            x = layers.MaxPooling2D(2)(layers.ReLU()(self.norm(self.conv(x))))
            return self.dense(layers.Flatten()(x))

    model = Network()
    model(STORED["convnet/input"])
    load_state_dict(model, stored("convnet"), flattened={"dense": (3, 2, 4)})
    np.testing.assert_allclose(model.predict(STORED["convnet/input"], verbose=0), STORED["convnet/output"], rtol=1e-9, atol=1e-9)


def test_flattened_maps_that_lead_into_a_model_inside_or_out_of_one():
    features = keras.Sequential([keras.Input((9, 7, 3)), layers.Conv2D(4, 3), layers.BatchNormalization(epsilon=1e-5), layers.ReLU(),
                                 layers.MaxPooling2D(2), layers.Flatten()], name="features")
    head = keras.Sequential([keras.Input((24,)), layers.Dropout(0.5), layers.Dense(5)], name="head")
    inputs = keras.Input((9, 7, 3))
    model = keras.Model(inputs, head(layers.Activation("linear")(features(inputs))))
    load_state_dict(model, stored("convnet"))
    np.testing.assert_allclose(model.predict(STORED["convnet/input"], verbose=0), STORED["convnet/output"], rtol=1e-9, atol=1e-9)


def test_an_order_that_cannot_be_known_is_refused():
    inputs = keras.Input((4, 4, 2))
    flat = layers.Flatten()(inputs)
    mixed = keras.Model(inputs, layers.Dense(3, name="last")(layers.Concatenate()([flat, flat])))
    with pytest.raises(ValueError, match=r"which feature of last is which: .* flattened=\{'last': \(H, W, C\)\}"):
        state_dict(mixed)
    one_channel = keras.Sequential([keras.Input((4, 4, 1)), layers.Flatten(), layers.Dense(3)])       # there is one order only
    np.testing.assert_array_equal(state_dict(one_channel)["dense.weight"], one_channel.get_weights()[0].T)


def turned(model):
    """Whether a Dense at the end would have its features in another order in PyTorch."""
    model.set_weights([rng.random(w.shape) for w in model.get_weights()])
    kernel = model.layers[-1].get_weights()[0]
    found = state_dict(model)[f"{model.layers[-1].name}.weight"]
    load_state_dict(model, state_dict(model))
    np.testing.assert_array_equal(model.layers[-1].get_weights()[0], kernel)
    assert sorted(found.ravel()) == sorted(kernel.ravel())
    return not np.array_equal(found, kernel.T)


FLAT = {                                                   # layers before a Flatten and a Dense, and whether PyTorch's order is another
    "rows of a picture": ([keras.Input((4, 6))], False),
    "a picture": ([keras.Input((4, 5, 3))], True),
    "a picture of one channel": ([keras.Input((4, 5, 1))], False),
    "words": ([keras.Input((6,), dtype="int32"), layers.Embedding(9, 4)], False),
    "a series": ([keras.Input((6, 4)), layers.LSTM(3, return_sequences=True)], False),
    "a series of maps": ([keras.Input((6, 4)), layers.Conv1D(3, 2)], True),
    "a series made of maps": ([keras.Input((6, 4)), layers.Conv1D(3, 2), layers.GRU(2, return_sequences=True)], False),
    "channels first already": ([keras.Input((4, 5, 3)), layers.Conv2D(2, 3), layers.Permute((3, 1, 2))], False),
    "patches": ([keras.Input((4, 6, 3)), layers.Conv2D(2, 2, strides=2), layers.Reshape((6, 2))], False),
    "pixels as vectors": ([keras.Input((4, 5, 3)), layers.Dense(2, name="pixels"), layers.LayerNormalization()], True),
}


@pytest.mark.parametrize("name", FLAT)
def test_what_is_flattened_in_another_order(name):
    before, expected = FLAT[name]
    model = keras.Sequential([*before, layers.Flatten(), layers.Dense(5)])
    assert turned(model) == expected


def test_maps_in_another_order_of_axes():
    model = keras.Sequential([keras.Input((4, 5, 3)), layers.Permute((2, 1, 3)), layers.Flatten(), layers.Dense(5, name="last")])
    with pytest.raises(ValueError, match="which feature of last is which"):
        state_dict(model)
    kernel = model.get_weights()[0]
    np.testing.assert_array_equal(state_dict(model, flattened={"last": None})["last.weight"], kernel.T)
    turned = state_dict(model, flattened={"last": (5, 4, 3)})["last.weight"]
    np.testing.assert_array_equal(turned.reshape(5, 3, 20), kernel.T.reshape(5, 20, 3).swapaxes(1, 2))


def test_maps_made_of_features_are_refused():
    """Of a generator: PyTorch would take the features of its first layer in another order."""
    model = keras.Sequential([keras.Input((6,)), layers.Dense(16), layers.ReLU(), layers.Reshape((2, 2, 4)), layers.Conv2D(3, 2, name="conv")])
    with pytest.raises(ValueError, match="conv takes maps that a Reshape made of features"):
        state_dict(model)
    state_dict(keras.Sequential([keras.Input((16,)), layers.Reshape((2, 2, 4)), layers.Conv2D(3, 2)]))        # of the inputs: the caller's order
    state_dict(keras.Sequential([keras.Input((6,)), layers.Dense(4), layers.Reshape((2, 2, 1)), layers.Conv2D(3, 2)]))


def test_layers_of_one_name_are_told_apart():
    """Of two layers named dense, in two models inside, only one stands behind a Flatten."""
    features = keras.Sequential([keras.Input((4, 5, 3)), layers.Flatten(), layers.Dense(24, name="dense")], name="features")
    head = keras.Sequential([keras.Input((24,)), layers.Dense(5, name="dense")], name="head")
    inputs = keras.Input((4, 5, 3))
    model = keras.Model(inputs, head(features(inputs)))
    np.testing.assert_array_equal(state_dict(model)["head.dense.weight"], head.get_weights()[0].T)
    with pytest.raises(ValueError, match="has 2 layers 'dense' with weights, but features.dense, head.dense"):
        state_dict(model, flattened={"dense": None})
    np.testing.assert_array_equal(state_dict(model, flattened={"features.dense": None})["features.dense.weight"], features.get_weights()[0].T)
    with pytest.raises(ValueError, match="has no layers 'dens' with weights"):
        state_dict(model, flattened={"dens": None})


def test_two_layers_that_would_be_one_module():
    class Two(keras.Model):
        def __init__(self):
            super().__init__()
            self.parts = [layers.Dense(2, name="same"), layers.Dense(2, name="same")]

        def call(self, x):
            return self.parts[1](self.parts[0](x))

    model = Two()
    model(np.ones((1, 2), "float32"))
    with pytest.raises(ValueError, match="two layers would be the module 'same'"):
        state_dict(model)
    assert len(state_dict(model, names=["0", "1"])) == 4


UNKNOWN = {
    "gates before the product": layers.GRU(3, reset_after=False),
    "both ways": layers.Bidirectional(layers.GRU(3, reset_after=False)),
    "a slope a pixel": layers.PReLU(),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_layers_of_other_equations(name):
    model = keras.Sequential([keras.Input((4, 6)), UNKNOWN[name]])
    with pytest.raises(ValueError, match="has weights that no module of PyTorch has"):
        state_dict(model)


@pytest.mark.parametrize("settings", [{"num_heads": 2, "key_dim": 16}, {"num_heads": 2, "key_dim": 4, "value_dim": 3},
                                      {"num_heads": 2, "key_dim": 4, "output_shape": 5}, {"num_heads": 2, "key_dim": 4, "use_gate": True}])
def test_attention_of_other_sizes(settings):
    inputs = keras.Input((5, 8))
    model = keras.Model(inputs, layers.MultiHeadAttention(**settings)(inputs, inputs))
    with pytest.raises(ValueError, match="has weights that no module of PyTorch has"):
        state_dict(model)


def test_numbers_are_looked_at_before_anything_changes():
    model = keras.Sequential([keras.Input((2,)), layers.Dense(2), layers.Dense(2)])
    before = model.get_weights()
    weights = {f"{i}.{name}": np.ones(shape) for i in range(2) for name, shape in (("weight", (2, 2)), ("bias", (2,)))}
    for value in np.full((2, 2), "text"), np.full((2, 2), None), np.ones((2, 2), complex):
        with pytest.raises(ValueError, match="its entry '1.weight' holds .*, where numbers would be"):
            load_state_dict(model, {**weights, "1.weight": value})
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_layers_that_torch_does_not_have():
    model = keras.Sequential([keras.Input((4, 4, 2)), layers.SeparableConv2D(3, 3, name="apart")])
    with pytest.raises(ValueError, match="apart .SeparableConv2D. has weights that no module of PyTorch has"):
        state_dict(model)
    with pytest.raises(ValueError, match="no weights yet: call it on data, or give it an Input"):
        load_state_dict(keras.Sequential([layers.Dense(2)]), {})


def test_torch_itself_takes_what_we_write(tmp_path):
    torch = pytest.importorskip("torch", reason="needs torch: what PyTorch reads of ours is tried where it is installed")
    module = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.ReLU(), torch.nn.MaxPool2d(2),
                                 torch.nn.Flatten(), torch.nn.Linear(24, 5)).double().eval()
    model = convnet()
    model.set_weights([rng.random(w.shape) for w in model.get_weights()])
    weights = {key: torch.tensor(array) for key, array in state_dict(model, names=["0", "1", "5"]).items()}
    missing, unexpected = module.load_state_dict(weights, strict=False)
    assert set(missing) <= {"1.num_batches_tracked"} and not unexpected
    x = rng.random((2, 9, 7, 3))
    with torch.no_grad():
        found = module(torch.tensor(np.moveaxis(x, -1, 1).copy())).numpy()
    np.testing.assert_allclose(model.predict(x, verbose=0), found, rtol=1e-9)
    load_state_dict(model, module.state_dict())            # tensors, as they are
    halves = module.bfloat16().state_dict()
    torch.save(halves, tmp_path / "bf16.pth")
    load_state_dict(model, tmp_path / "bf16.pth")
    from_file = model.get_weights()
    load_state_dict(model, halves)
    for a, b in zip(from_file, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
