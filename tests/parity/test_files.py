"""Files between tinyvision and Keras: there and back, with optimizers, in all formats; and training goes on the same.

The same code builds each network with tinyvision and with Keras: k is the one or the other.
"""
import json

import h5py
import numpy as np
import pytest
from test_serialization import needed

import tinyvision as tv
from tinyvision.models.saving.optimizer_state import optimizer_arrays
from tinyvision.serialization import deserialize

pytestmark = pytest.mark.usefixtures("in_double")


def digits(k):
    """The convnet of lesson 06."""
    x = inputs = k.Input((28, 28, 1))
    for filters in 32, 64, 128:
        x = k.layers.MaxPooling2D(2)(x) if filters > 32 else x
        x = k.layers.Conv2D(filters, 3, activation="relu")(x)
    return k.Model(inputs, k.layers.Dense(10, activation="softmax")(k.layers.Flatten()(x)))


def cats_and_dogs(k):
    """The convnet of lesson 07, of smaller pictures."""
    inputs = k.Input((94, 94, 3))
    x = k.layers.Rescaling(1 / 255)(inputs)
    for filters in 32, 64, 128, 256:
        x = k.layers.MaxPooling2D(2)(k.layers.Conv2D(filters, 3, activation="relu")(x))
    x = k.layers.Flatten()(k.layers.Conv2D(256, 3, activation="relu")(x))
    return k.Model(inputs, k.layers.Dense(1, activation="sigmoid")(x))


def branches(k):
    """Two ways that meet, and a layer that is used twice."""
    inputs = k.Input((6, 5, 2))
    shared = k.layers.Conv2D(4, 1, activation="tanh")
    a = shared(k.layers.Conv2D(4, 3, padding="same")(inputs))
    b = k.layers.LayerNormalization()(shared(a))
    y = k.layers.Concatenate()([k.layers.Add()([a, b]), k.layers.DepthwiseConv2D(3, padding="same")(inputs)])
    y = k.layers.Conv2DTranspose(3, 2, strides=2)(k.layers.PReLU(shared_axes=[1, 2])(y))
    return k.Model(inputs, [k.layers.GlobalAveragePooling2D()(y), k.layers.GlobalMaxPooling2D()(b)])


def normalized(k):
    return k.Sequential([k.Input((6, 5, 2)), k.layers.SeparableConv2D(4, 3), k.layers.BatchNormalization(), k.layers.ReLU(6.0),
                         k.layers.Flatten(), k.layers.BatchNormalization(scale=False), k.layers.Dense(3)])


def nested(k):
    """Models in models in models, one of them used twice."""
    a = k.Input((4,))
    deep = k.Sequential([k.Input((4,)), k.layers.Dense(3), k.layers.Dense(4, activation="relu")])
    encoder = k.Model(a, k.layers.Dense(4)(deep(a)))
    inputs = k.Input((4,))
    return k.Model(inputs, k.layers.Subtract()([encoder(inputs), k.layers.Dense(4)(encoder(k.layers.ReLU()(inputs)))]))


def recurrent(k):
    x = inputs = k.Input((5, 3))
    x = k.layers.Bidirectional(k.layers.LSTM(4, return_sequences=True))(x)
    x = k.layers.GRU(3, return_sequences=True)(k.layers.TimeDistributed(k.layers.Dense(4, activation="tanh"))(x))
    return k.Model(inputs, k.layers.Dense(2)(k.layers.LSTM(4)(x)))


def attention(k):
    """Without biases: that of the keys changes nothing, so its gradient is rounding, which Adam makes steps of; and Keras's attention
    on JAX rounds to float32."""
    x = inputs = k.Input((6,), dtype="int32")
    x = k.layers.Embedding(9, 8)(x)
    y = k.layers.MultiHeadAttention(num_heads=2, key_dim=4, use_bias=False)(x, x)
    x = k.layers.LayerNormalization()(k.layers.Add()([x, y]))
    return k.Model(inputs, k.layers.Dense(2)(k.layers.GlobalAveragePooling1D()(x)))


NETWORKS = {make.__name__: make for make in (digits, cats_and_dogs, branches, normalized, nested, recurrent, attention)}
every_network = pytest.mark.parametrize("network", NETWORKS)


def data(model, n=3):
    """A batch that goes into a model."""
    rng = np.random.default_rng(0)
    shape = (n, *model.inputs[0].shape[1:])
    return rng.integers(0, 9, shape) if "int" in str(model.inputs[0].dtype) else rng.standard_normal(shape)


def targets(model, n=3):
    outputs = [np.random.default_rng(1).random((n, *t.shape[1:])) for t in model.outputs]
    return outputs if len(outputs) > 1 else outputs[0]


def outputs(model):
    found = model.predict_on_batch(data(model))
    return [np.asarray(y) for y in (found if isinstance(found, (list, tuple)) else [found])]


def same(a, b, tolerance=1e-6):
    for one, other in zip(a, b, strict=True):
        np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance)


def step(model):
    """One more step of training, and the weights after it."""
    model.train_on_batch(data(model), targets(model))
    return weights_of(model)


def weights_of(model):
    """Weights sorted by what they are worth, for Keras and tinyvision list those of nested models in orders of their own."""
    return sorted((np.asarray(w) for w in model.get_weights()), key=lambda a: (a.shape, float(a.sum()), a.tobytes()))


def trained(model, optimizer):
    model.compile(optimizer, "mse")
    for _ in range(2):
        model.train_on_batch(data(model), targets(model))
    return model


OPTIMIZERS = {"rmsprop": lambda k: k.optimizers.RMSprop(0.01, momentum=0.5), "adam": lambda k: k.optimizers.Adam(0.01)}


@pytest.mark.parametrize("network, optimizer", [(network, optimizer) for network in NETWORKS for optimizer in OPTIMIZERS
                                                if (network, optimizer) != ("cats_and_dogs", "adam")])         # it is large
def test_from_keras_and_back(keras, network, optimizer, tmp_path):
    theirs = trained(NETWORKS[network](keras), OPTIMIZERS[optimizer](keras))
    theirs.save(tmp_path / "theirs.keras")
    ours = tv.models.load_model(tmp_path / "theirs.keras")
    same(outputs(ours), outputs(theirs))
    ours.save(tmp_path / "ours.keras")
    again = keras.models.load_model(tmp_path / "ours.keras")
    same(outputs(again), outputs(theirs))
    before = weights_of(theirs)
    after = step(theirs)
    assert max(abs(a - b).max() for a, b in zip(before, after)) > 1e-4
    same(step(ours), after)                                # the optimizer has come along
    same(step(again), after)


@every_network
def test_from_here_and_back(keras, network, tmp_path):
    ours = trained(NETWORKS[network](tv), OPTIMIZERS["adam"](tv))
    ours.save(tmp_path / "ours.keras")
    theirs = keras.models.load_model(tmp_path / "ours.keras")
    same(outputs(theirs), outputs(ours))
    theirs.save(tmp_path / "theirs.keras")
    again = tv.models.load_model(tmp_path / "theirs.keras")
    same(outputs(again), outputs(ours))
    assert int(optimizer_arrays(again).__next__()) == 2
    after = step(ours)
    same(step(theirs), after)
    same(step(again), after)


@every_network
def test_weights_alone_both_ways(keras, network, tmp_path):
    theirs, ours = NETWORKS[network](keras), NETWORKS[network](tv)
    theirs.save_weights(tmp_path / "theirs.weights.h5")
    ours.load_weights(tmp_path / "theirs.weights.h5")
    same(outputs(ours), outputs(theirs))
    fresh, other = NETWORKS[network](tv), NETWORKS[network](keras)
    fresh.save_weights(tmp_path / "ours.weights.h5")
    other.load_weights(tmp_path / "ours.weights.h5")
    same(outputs(other), outputs(fresh))
    fresh.save_weights(tmp_path / "ours.safetensors")
    ours.load_weights(tmp_path / "ours.safetensors")
    same(outputs(ours), outputs(fresh), 0)


def test_a_layer_that_stands_in_two_models(keras, tmp_path):
    """It stays one layer. (Keras 3.15 itself confuses the calls of such a layer when it opens its own file.)"""
    def network(k):
        shared, a, inputs = k.layers.Dense(4, activation="tanh"), k.Input((4,)), k.Input((4,))
        encoder = k.Model(a, k.layers.Dense(4)(shared(a)))
        return k.Model(inputs, shared(encoder(shared(inputs))))
    theirs = trained(network(keras), "adam")
    theirs.save(tmp_path / "theirs.keras")
    ours = tv.models.load_model(tmp_path / "theirs.keras")
    ours.save(tmp_path / "ours.keras")
    after = step(theirs)
    for model in ours, tv.models.load_model(tmp_path / "ours.keras"):
        assert len(model.weights) == 4
        same(step(model), after)


@pytest.mark.parametrize("name", sorted(name for name in vars(tv.layers) if isinstance(getattr(tv.layers, name), type)))
def test_configs_of_keras_with_its_own_defaults(keras, name):
    theirs = getattr(keras.layers, name, None)
    if theirs is None or name == "Layer":
        pytest.skip("Keras has none that could be made")
    least = needed(theirs)
    least.update({key: theirs for key, theirs in (("layer", keras.layers.GRU(2)), ("cell", keras.layers.LSTMCell(2))) if key in least})
    least.update(function=keras.ops.square) if "function" in least else None
    layer = theirs(**{**least, **({"shape": (3,)} if name == "InputLayer" else {})})
    config = json.loads(json.dumps(keras.saving.serialize_keras_object(layer)))
    if name == "Lambda":                                   # the name of a function, of which Keras says the module, too
        assert deserialize(config, {"square": tv.ops.square}).function is tv.ops.square
    else:
        assert type(deserialize(config)).__name__ == type(layer).__name__


@pytest.mark.parametrize("network", ["digits", "normalized", "branches"])
@pytest.mark.parametrize("whole", [False, True])
def test_older_files_of_keras(keras, network, whole, tmp_path):
    """Those that go by names of layers: of weights, and of a whole model, of which the weights are read."""
    theirs, ours = NETWORKS[network](keras), NETWORKS[network](tv)
    if whole:
        theirs.save(tmp_path / "older.h5")
    else:
        from keras.src.legacy.saving import legacy_h5_format
        with h5py.File(tmp_path / "older.h5", "w") as file:
            legacy_h5_format.save_weights_to_hdf5_group(file, theirs)
    ours.load_weights(tmp_path / "older.h5")
    same(outputs(ours), outputs(theirs))
    named = NETWORKS[network](tv)
    tv.utils.clear_session()
    named = NETWORKS[network](tv)                          # the names of a fresh program, as theirs are
    named.load_weights(tmp_path / "older.h5", by_name=True)
    same(outputs(named), outputs(theirs))


@pytest.mark.parametrize("frozen", [False, True])
def test_older_files_of_frozen_models(keras, frozen, tmp_path):
    """Keras writes the weights of a frozen model in another order; two normalizations have the same shapes in both."""
    def network(k):
        a, inputs = k.Input((4,)), k.Input((4,))
        base = k.Model(a, k.layers.BatchNormalization()(k.layers.BatchNormalization()(a)), name="base")
        base.trainable = not frozen
        return k.Model(inputs, k.layers.Dense(2)(base(inputs)))
    theirs, ours = network(keras), network(tv)
    rng = np.random.default_rng(0)
    theirs.set_weights([rng.uniform(0.5, 1.5, w.shape) for w in theirs.get_weights()])
    theirs.save(tmp_path / "older.h5")
    ours.load_weights(tmp_path / "older.h5")
    x = np.random.default_rng(1).random((3, 4))
    same(ours.predict(x, verbose=0), theirs.predict(x, verbose=0))


def test_models_in_wrappers_and_models_amid_models(keras, tmp_path):
    """There and back: a model at each step of a series, a layer in a model and in a wrapper, a model that begins in another."""
    def at_each_step(k):
        a, inputs = k.Input((4,)), k.Input((5, 4))
        return k.Model(inputs, k.layers.TimeDistributed(k.Model(a, k.layers.Dense(3)(a)))(inputs))

    def shared(k):
        dense, inputs, series = k.layers.Dense(4), k.Input((4,)), k.Input((5, 4))
        return k.Model([inputs, series], [dense(inputs), k.layers.TimeDistributed(dense)(series)])

    def amid(k):
        hidden = k.layers.Dense(3, name="a")(k.Input((4,)))
        return k.Model(hidden, k.layers.Dense(2, name="b")(hidden))
    for network in at_each_step, shared, amid:
        for k, other in (keras, tv), (tv, keras):
            model = network(k)
            model.save(tmp_path / "a.keras")
            again = other.models.load_model(tmp_path / "a.keras")
            assert len(again.weights) == len(model.weights)
            x = [np.random.default_rng(0).random((2, *t.shape[1:])) for t in model.inputs]
            for a, b in zip(*(m.predict(x if len(x) > 1 else x[0], verbose=0) for m in (again, model)), strict=True):
                same(a, b)


def test_layers_that_do_not_fit_are_left_as_they_are(keras, tmp_path):
    def network(k, classes):
        return k.Sequential([k.Input((4,)), k.layers.Dense(3, name="hidden"), k.layers.Dense(classes, name="classes")])
    theirs = network(keras, 5)
    theirs.save_weights(tmp_path / "five.weights.h5")
    ours = network(tv, 2)
    hidden, start = (ours.get_layer(name).get_weights() for name in ("hidden", "classes"))
    with pytest.raises(ValueError, match=r"classes/kernel has shape \(3, 2\), in the file \(3, 5\)"):
        ours.load_weights(tmp_path / "five.weights.h5")
    same(ours.get_layer("hidden").get_weights(), hidden, 0)            # all or nothing
    with pytest.warns(UserWarning, match=r"1 weights or layers do not fit .*classes/kernel has shape \(3, 2\), in the file \(3, 5\)") as caught:
        ours.load_weights(tmp_path / "five.weights.h5", skip_mismatch=True)
    assert caught[0].filename == __file__                  # where it was asked for
    np.testing.assert_array_equal(ours.get_layer("hidden").get_weights()[0], np.asarray(theirs.get_weights()[0]))
    same(ours.get_layer("classes").get_weights(), start, 0)


def test_long_lists_of_names_lie_in_parts(keras, tmp_path):
    """HDF5 holds no attribute over 64 kB: Keras cuts them up."""
    def network(k):
        return k.Sequential([k.Input((2,)), *[k.layers.Dense(2, name=f"{'long' * 100}_{i}") for i in range(200)]])
    theirs, ours = network(keras), network(tv)
    theirs.save(tmp_path / "long.h5")
    with h5py.File(tmp_path / "long.h5") as file:
        assert "layer_names1" in file["model_weights"].attrs
    ours.load_weights(tmp_path / "long.h5", by_name=True)
    same(ours.get_weights(), theirs.get_weights(), 0)
