"""Functional models against Keras: outputs, the order of layers and weights, sizes, and files both ways.

The same code builds each network with tinyvision and with Keras: k is the one or the other. More of them are in tests/test_models.py.
"""
import json

import numpy as np
import pytest

import tinyvision as tv
from tinyvision import layers
from tinyvision.serialization import deserialize
from tinyvision.structures import leaves

from .record import agree

IMAGES, VECTORS = (3, 8, 6, 2), (3, 4)


pytestmark = pytest.mark.usefixtures("in_double")


def residual(k):
    """The short way is made first, and the long way is deeper."""
    x = inputs = k.Input(IMAGES[1:])
    for i in range(2):
        short = k.layers.Conv2D(3, 1, strides=2, name=f"short{i}")(x)
        x = k.layers.Conv2D(3, 1, strides=2, activation="relu", name=f"a{i}")(x)
        x = k.layers.Conv2D(3, 1, name=f"b{i}")(k.layers.BatchNormalization(name=f"n{i}")(x))
        x = k.layers.Add()([x, short])
    return k.Model(inputs, k.layers.GlobalAveragePooling2D()(x))


def inception(k):
    x = inputs = k.Input(IMAGES[1:])
    for i in range(2):
        long = k.layers.Conv2D(2, 3, padding="same", name=f"long{i}_2")(k.layers.Conv2D(3, 1, name=f"long{i}_1")(x))
        pooled = k.layers.Conv2D(2, 1, name=f"pooled{i}")(k.layers.AveragePooling2D(2, strides=1, padding="same")(x))
        x = k.layers.Concatenate()([k.layers.Conv2D(2, 1, name=f"one{i}")(x), long, pooled])
    return k.Model(inputs, k.layers.Dense(2, name="end")(k.layers.Flatten()(x)))


def late_input(k):
    """An input that is used at the end only, and one that has nothing to do with the outputs."""
    first, late, unused = (k.Input(VECTORS[1:], name=name) for name in ("first", "late", "unused"))
    x = k.layers.Dense(4, activation="tanh", name="d2")(k.layers.Dense(3, name="d1")(first))
    return k.Model([late, unused, first], k.layers.Multiply()([k.layers.Dense(4, name="of_late")(late), x]))


def shared_at_two_depths(k):
    shared, inputs = k.layers.Dense(4, activation="tanh", name="shared"), k.Input(VECTORS[1:])
    near = shared(k.layers.Dense(4, name="near")(inputs))
    far = k.layers.Dense(4, name="after")(shared(k.layers.Dense(4, name="far")(inputs)))
    return k.Model(inputs, k.layers.Subtract()([near, far]))


def shared_model(k):
    """A model, called three times, within another; and its inside seen from there."""
    a = k.Input(VECTORS[1:])
    encoder = k.Model(a, k.layers.Dense(2, activation="tanh", name="code")(k.layers.Dense(3, name="hidden")(a)), name="encoder")
    left, right = k.Input(VECTORS[1:], name="left"), k.Input(VECTORS[1:], name="right")
    middle = k.layers.Average()([left, right])
    codes = [encoder(x) for x in (left, right, middle)]
    return k.Model({"left": left, "right": right}, {"product": k.layers.dot(codes[:2]), "sum": k.layers.Add()(codes), "codes": codes[2]})


def outputs_on_the_way(k):
    inputs = k.Input(VECTORS[1:])
    first = k.layers.Dense(3, name="d1")(inputs)
    second = k.layers.Dense(2, name="d2")(first)
    return k.Model([inputs], [second, first, k.layers.Dense(3, name="d3")(second)])


def models_in_models(k):
    inner = k.Sequential([k.Input(VECTORS[1:]), k.layers.Dense(3, name="i1"), k.layers.PReLU(name="p")], name="inner")
    start = k.Input(VECTORS[1:])
    two = k.Model(start, [inner(start), k.layers.Dense(3, name="beside")(start)], name="two")
    inputs = k.Input(VECTORS[1:])
    a, b = two(k.layers.LeakyReLU()(inputs))
    return k.Model(inputs, k.layers.Maximum()([a, b]), name="outer")


ROWS = {function.__name__: (function, shapes) for function, shapes in [
    (residual, IMAGES), (inception, IMAGES), (late_input, [VECTORS] * 3), (shared_at_two_depths, VECTORS),
    (shared_model, {"left": VECTORS, "right": VECTORS}), (outputs_on_the_way, VECTORS), (models_in_models, VECTORS)]}
every_row = pytest.mark.parametrize("row", ROWS)


def data(row):
    rng, shapes = np.random.default_rng(0), ROWS[row][1]
    if isinstance(shapes, dict):
        return {name: rng.standard_normal(shape) for name, shape in shapes.items()}
    return [rng.standard_normal(shape) for shape in shapes] if isinstance(shapes, list) else rng.standard_normal(shapes)


def named(y):
    """The outputs of a model by name or place."""
    return y if isinstance(y, dict) else dict(enumerate(y)) if isinstance(y, (list, tuple)) else {0: y}


def pair(keras, row):
    """A model of ours and its twin, with the same weights, which are set in the order in which both have them."""
    ours, theirs = ROWS[row][0](tv), ROWS[row][0](keras)
    rng = np.random.default_rng(1)
    weights = [rng.random(w.shape) + 0.1 for w in ours.weights]
    ours.set_weights(weights)
    theirs.set_weights(weights)
    return ours, theirs


def same_outputs(row, found, expected, tolerance=1e-10):
    found, expected = named(found), named(expected)
    assert set(found) == set(expected)
    for name in found:
        agree(("model", "functional", row), found[name], expected[name], tolerance)


@every_row
def test_outputs_are_those_of_keras(keras, row):
    ours, theirs = pair(keras, row)
    same_outputs(row, ours.predict(data(row)), theirs.predict(data(row), verbose=0))
    with tv.no_grad():
        found = ours(data(row), training=False)
    assert type(found) is type(theirs(data(row), training=False)) or not isinstance(found, (list, dict))


@every_row
def test_layers_and_weights_come_in_the_order_of_keras(keras, row):
    ours, theirs = pair(keras, row)
    assert [layer.name for layer in ours.layers] == [layer.name for layer in theirs.layers]
    assert [w.path.split("/")[-2:] for w in ours.weights] == [w.path.split("/")[-2:] for w in theirs.weights]
    assert [w.shape for w in ours.trainable_weights] == [tuple(w.shape) for w in theirs.trainable_weights]
    assert ours.count_params() == theirs.count_params()
    for i, layer in enumerate(theirs.layers):
        assert ours.get_layer(index=i) is ours.get_layer(layer.name) is ours.layers[i]


@every_row
def test_files_go_both_ways(keras, row, tmp_path):
    ours, theirs = pair(keras, row)
    expected = ours.predict(data(row))
    ours.save(tmp_path / "ours.keras")
    same_outputs(row, tv.models.load_model(tmp_path / "ours.keras").predict(data(row)), expected)
    again = keras.models.load_model(tmp_path / "ours.keras")
    assert [layer.name for layer in again.layers] == [layer.name for layer in ours.layers]
    same_outputs(row, again.predict(data(row), verbose=0), expected)
    fresh = ROWS[row][0](tv)
    ours.save_weights(tmp_path / "a.weights.h5")
    fresh.load_weights(tmp_path / "a.weights.h5")
    same_outputs(row, fresh.predict(data(row)), expected)
    theirs.save_weights(tmp_path / "b.weights.h5")
    fresh.set_weights([w * 0 for w in fresh.get_weights()])
    fresh.load_weights(tmp_path / "b.weights.h5")
    same_outputs(row, fresh.predict(data(row)), expected)


@every_row
def test_summaries_name_all_layers_in_order(keras, row):
    lines, model = [], ROWS[row][0](tv)
    model.summary(print_fn=lines.append)
    theirs = ROWS[row][0](keras)
    assert [line.split(" (")[0] for line in lines[4:-2]] == [layer.name for layer in model.layers]
    assert f"{theirs.count_params():,} " in lines[-1]


def test_a_summary_shows_what_is_inside(keras):
    """Names, order and numbers of parameters as in Keras's table, the layers of models inside included."""
    lines, model, theirs = [], models_in_models(tv), models_in_models(keras)
    for outer in model, theirs:
        outer.get_layer("two").get_layer("inner").get_layer("i1").trainable = False
    model.summary(print_fn=lines.append, expand_nested=True, show_trainable=True)
    assert "Trainable" in lines[2]
    found = [(line.split(" (")[0], line.split()[-2], line.split()[-1]) for line in lines[4:-2]]

    def inside(network, indent=""):
        for layer in network.layers:
            yield indent + layer.name, f"{layer.count_params():,}", "-" if not layer.weights else "Y" if layer.trainable else "N"
            if hasattr(layer, "layers"):
                yield from inside(layer, indent + "  ")

    assert found == list(inside(theirs))
    assert [name for name, _, _ in found][:5] == ["input_layer_2", "leaky_re_lu", "two", "  input_layer_1", "  inner"]


@every_row
def test_freezing_a_layer_freezes_what_it_freezes_in_keras(keras, row):
    ours, theirs = pair(keras, row)
    for i, layer in enumerate(theirs.layers):
        if layer.weights:
            for model in ours, theirs:
                model.layers[i].trainable = False
            assert [w.path.split("/")[-2:] for w in ours.trainable_weights] == [w.path.split("/")[-2:] for w in theirs.trainable_weights]
            for model in ours, theirs:
                model.layers[i].trainable = True
    ours.trainable = theirs.trainable = False
    assert ours.trainable_weights == [] == list(theirs.trainable_weights)


def test_a_layer_inside_can_be_seen(keras):
    ours, theirs = pair(keras, "residual")
    probes = [k.Model(model.inputs, [model.get_layer("b0").output, model.get_layer("n1").output]) for k, model in ((tv, ours), (keras, theirs))]
    same_outputs("residual", *(probe.predict(data("residual"), verbose=0) for probe in probes))
    assert [layer.name for layer in probes[0].layers] == [layer.name for layer in probes[1].layers]


def test_structures_come_back_as_in_keras(keras):
    def results(k):
        a, b, c = (k.Input(VECTORS[1:], name=name) for name in "abc")
        both = k.layers.Add()([a, b])
        one = k.Model([a], [k.layers.Flatten()(a)])
        two = k.Model((a, b), (both, a))
        deep = k.Model([a, {"b": b, "c": [c]}], {"y": [both, c]})
        same = k.Model([a, a], [both_of_a := k.layers.Add()([a, a]), both_of_a])
        for model, x in (one, X), (one, [X]), (two, (X, 2 * X)), (deep, [X, {"b": 2 * X, "c": [3 * X]}]), (same, [X, X]):
            yield model.predict(x, verbose=0), model.input_shape, model.output_shape

    X = np.arange(12.0).reshape(3, 4)
    for (ours, *shapes), (theirs, *their_shapes) in zip(results(tv), results(keras), strict=True):
        assert type(ours) is type(theirs) and shapes == their_shapes
        for y, z in zip(leaves(ours), leaves(theirs), strict=True):
            np.testing.assert_array_equal(y, z)


def test_a_model_without_layers_is_refused():
    x = layers.Input((4,))
    with pytest.raises(ValueError, match="the outputs are the inputs themselves, .*: put a layers.Identity there"):
        tv.Model(x, x)
    assert tv.Model(x, layers.Identity()(x))(np.ones((2, 4))).shape == (2, 4)


def grown(k, seed):
    """A network of Dense layers and sums, grown by chance: some layers are used again, some inputs and ends are many."""
    rng = np.random.default_rng(seed)
    starts = [k.Input((4,), name=f"in{i}") for i in range(rng.integers(1, 4))]
    tensors, used = list(starts), []
    for i in range(rng.integers(3, 12)):
        picked = [tensors[j] for j in rng.integers(0, len(tensors), 3)]
        if used and rng.random() < 0.3:
            tensors.append(used[rng.integers(len(used))](picked[0]))
        elif rng.random() < 0.4:
            tensors.append(k.layers.Add(name=f"add{i}")(picked))
        else:
            used.append(k.layers.Dense(4, name=f"dense{i}"))
            tensors.append(used[-1](picked[0]))
    ends = [tensors[-1], *(tensors[j] for j in rng.integers(0, len(tensors), rng.integers(0, 3)))]
    return k.Model(starts, ends)


@pytest.mark.parametrize("seed", range(60))
def test_any_graph_has_the_order_of_keras(keras, seed):
    ours, theirs = grown(tv, seed), grown(keras, seed)
    assert [layer.name for layer in ours.layers] == [layer.name for layer in theirs.layers]
    assert [w.path for w in ours.weights] == [w.path for w in theirs.weights]
    weights = [np.random.default_rng(seed).standard_normal(w.shape) / 2 for w in ours.weights]
    ours.set_weights(weights)
    x = [tv.tensor(np.random.default_rng(i).standard_normal((2, 4))) for i in range(len(ours.inputs))]
    values = {id(t): a for t, a in zip(ours.inputs, x)}    # the calls can run in the order in which they are listed
    for call in ours._calls_inside:
        args = [values[id(t)] for t in call.inputs]
        values[id(call.outputs)] = call.layer(args if isinstance(call.args[0], list) else args[0])
    for t, y in zip(ours.outputs, leaves(ours(x)), strict=True):
        np.testing.assert_array_equal(values[id(t)].data, y.data)


def test_arithmetic_on_symbolic_tensors_is_refused():
    x = layers.Input((4,))
    for use in (lambda: x + x, lambda: x - 1, lambda: 2 * x, lambda: x / 2, lambda: x ** 2):
        with pytest.raises(TypeError, match="holds no numbers: in a functional model, layers are called on it; use layers.Add"):
            use()


@every_row
def test_we_read_files_of_keras(keras, row, tmp_path):
    ours, theirs = pair(keras, row)
    theirs.save(tmp_path / "theirs.keras")
    found = tv.models.load_model(tmp_path / "theirs.keras")
    assert [layer.name for layer in found.layers] == [layer.name for layer in theirs.layers]
    same_outputs(row, found.predict(data(row)), ours.predict(data(row)))


def test_what_keras_asks_for_and_we_do_not_have_is_refused(keras):
    """Arguments that are off are passed over; those that are on are not."""
    plain = serialize_keras(keras, keras.layers.BatchNormalization())
    assert deserialize(plain).momentum == 0.99
    assert deserialize(serialize_keras(keras, keras.layers.Dense(3))).units == 3
    with pytest.raises(TypeError, match="BatchNormalization has no argument 'renorm'"):
        deserialize(serialize_keras(keras, keras.layers.BatchNormalization(renorm=True)))
    with pytest.raises(TypeError, match="GlorotUniform has no argument 'fan_axes'"):
        deserialize({**plain, "class_name": "GlorotUniform", "config": {"seed": 1, "fan_axes": [0]}})


def serialize_keras(keras, layer):
    return json.loads(json.dumps(keras.saving.serialize_keras_object(layer)))


def test_activity_regularization_adds_what_keras_adds(keras):
    """The losses of a layer, of a model with it, and of training with it."""
    X = np.random.default_rng(0).standard_normal(VECTORS)
    ours, theirs = layers.ActivityRegularization(0.1, 0.02), keras.layers.ActivityRegularization(0.1, 0.02)
    ours(X, training=True), theirs(X)
    agree(("layer", "ActivityRegularization", "loss"), [float(loss) for loss in ours.losses], [np.asarray(loss) for loss in theirs.losses])
    results = []
    for k in tv, keras:
        model = k.Sequential([k.Input((4,)), k.layers.Dense(3, name="d"), k.layers.ActivityRegularization(l2=0.5), k.layers.Dense(1)])
        model.set_weights([np.random.default_rng(2).standard_normal(w.shape) for w in model.get_weights()])
        model.compile("sgd", "mse")
        model.fit(X, X[:, :1], epochs=2, batch_size=3, verbose=0, shuffle=False)
        results.append([model.evaluate(X, X[:, :1], verbose=0), *model.get_weights()])
    for mine, other in zip(*results):
        np.testing.assert_allclose(mine, other, rtol=1e-9, atol=1e-9)


def test_prelu_takes_what_keras_gives_weights(keras):
    settings = dict(alpha_initializer="ones", alpha_regularizer="l2", alpha_constraint="non_neg", shared_axes=[1])
    ours, theirs = layers.PReLU(**settings), keras.layers.PReLU(**settings)
    ours(np.ones((2, 3, 4))), theirs(np.ones((2, 3, 4)))
    agree(("regularizer", "L2", "of PReLU"), ours.losses[0].item(), float(theirs.losses[0]))
    assert ours.alpha.constraint is not None
