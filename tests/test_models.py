"""Models: functional, sequential and subclassed ones against Keras; their weights, names, summaries and errors."""
import sys

import numpy as np
import pytest

import tinyvision as tv
from tinyvision import layers

TOLERANCE = 1e-10
IMAGES, VECTORS = (3, 8, 6, 2), (3, 4)


pytestmark = pytest.mark.usefixtures("in_double")


# The same code builds each network with tinyvision and with Keras: k is the one or the other ------------------------------

def chain(k):
    x = inputs = k.Input(IMAGES[1:])
    x = k.layers.Conv2D(3, 3, padding="same", activation="relu", name="c1")(x)
    x = k.layers.MaxPooling2D(2)(x)
    x = k.layers.BatchNormalization(name="n1")(x)
    x = k.layers.Flatten()(x)
    return k.Model(inputs, k.layers.Dense(5, activation="softmax", name="d1")(x))


def residual(k):
    x = inputs = k.Input(IMAGES[1:])
    for i, filters in enumerate((3, 4)):
        short = k.layers.Conv2D(filters, 1, strides=2, name=f"short{i}")(x)
        x = k.layers.Conv2D(filters, 3, padding="same", strides=2, name=f"a{i}")(x)
        x = k.layers.BatchNormalization(name=f"n{i}")(x)
        x = k.layers.ReLU()(x)
        x = k.layers.Conv2D(filters, 3, padding="same", name=f"b{i}")(x)
        x = k.layers.Add()([x, short])
    return k.Model(inputs, k.layers.GlobalAveragePooling2D()(x))


def branches(k):
    inputs = k.Input(IMAGES[1:])
    parts = [k.layers.Conv2D(2, size, padding="same", name=f"c{size}")(inputs) for size in (1, 2, 3)]
    parts += [k.layers.AveragePooling2D(2, strides=1, padding="same")(inputs)]
    return k.Model(inputs, k.layers.Concatenate()(parts))


def siamese(k):
    shared = k.layers.Dense(3, activation="tanh", name="shared")
    left, right = k.Input(VECTORS[1:], name="left"), k.Input(VECTORS[1:], name="right")
    x = k.layers.Concatenate()([shared(left), shared(right)])
    return k.Model([left, right], k.layers.Dense(1, name="verdict")(x))


def twice(k):
    """One layer, one after the other."""
    layer = k.layers.Dense(4, activation="sigmoid", name="again")
    inputs = k.Input(VECTORS[1:])
    return k.Model(inputs, layer(layer(inputs)))


def forked(k):
    inputs = k.Input(VECTORS[1:])
    x = k.layers.Dense(4, name="trunk")(inputs)
    return k.Model(inputs, [k.layers.Dense(2, name="head1")(x), k.layers.Dense(3, name="head2")(x), x])


def named(k):
    a, b = k.Input(VECTORS[1:], name="a"), k.Input(VECTORS[1:], name="b")
    x = k.layers.Add()([k.layers.Dense(3, name="of_a")(a), k.layers.Dense(3, name="of_b")(b)])
    return k.Model({"a": a, "b": b}, {"sum": x, "flat": k.layers.Softmax()(x)})


def nested(k):
    inner = k.Sequential([k.layers.Dense(3, name="i1"), k.layers.ReLU(), k.layers.Dense(4, name="i2")], name="inner")
    start = k.Input(VECTORS[1:])
    other = k.Model(start, k.layers.Dense(4, name="o1")(start), name="other")
    inputs = k.Input(VECTORS[1:])
    return k.Model(inputs, k.layers.Add()([inner(other(inputs)), other(inner(inputs))]))


def sequential(k):
    return k.Sequential([k.Input(IMAGES[1:]), k.layers.Rescaling(0.5), k.layers.Conv2D(3, 2, name="c"), k.layers.Flatten(),
                         k.layers.Dense(2, name="d")])


def deferred(k):
    return k.Sequential([k.layers.Conv2D(3, 2, name="c"), k.layers.BatchNormalization(name="n"), k.layers.Flatten(),
                         k.layers.Dense(2, name="d")])


def any_size(k):
    inputs = k.Input((None, None, 2))
    x = k.layers.Conv2D(3, 3, strides=2, padding="same", name="c")(inputs)
    return k.Model(inputs, k.layers.GlobalAveragePooling2D()(k.layers.MaxPooling2D(2)(x)))


def stubborn(k):
    """A normalization that stays at rest, whatever the mode of the model: the promise of Keras's guide on transfer learning."""
    inputs = k.Input(VECTORS[1:])
    x = k.layers.BatchNormalization(name="rest")(inputs, training=False)
    return k.Model(inputs, k.layers.BatchNormalization(name="work")(x))


def lenient(k):
    """Grey images may come without their axis of one channel."""
    inputs = k.Input((8, 6, 1))
    return k.Model(inputs, k.layers.Conv2D(2, 3, name="c")(inputs))


def subclassed(k):
    class Block(k.layers.Layer):
        def __init__(self, width, **settings):
            super().__init__(**settings)
            self.dense = k.layers.Dense(width, activation="relu", name=f"dense{width}")
            self.norm = k.layers.BatchNormalization(name=f"norm{width}")

        def call(self, x, training=False):
            return self.norm(self.dense(x), training=training)

    class Net(k.Model):
        def __init__(self):
            super().__init__()
            self.head = k.layers.Dense(2, name="head")     # made first, used last: weights come as they were made
            self.blocks = [Block(3), Block(4)]

        def call(self, x, training=False):
            for block in self.blocks:
                x = block(x, training=training)
            return self.head(x)

    return Net()


ROWS = {function.__name__: (function, shapes) for function, shapes in [
    (chain, IMAGES), (residual, IMAGES), (branches, IMAGES), (siamese, [VECTORS, VECTORS]), (twice, VECTORS), (forked, VECTORS),
    (named, {"a": VECTORS, "b": VECTORS}), (nested, VECTORS), (sequential, IMAGES), (deferred, IMAGES), (any_size, IMAGES),
    (stubborn, VECTORS), (lenient, (3, 8, 6)), (subclassed, VECTORS)]}
every_row = pytest.mark.parametrize("row", ROWS)
BOTH_MODES = [(row, training) for row in ROWS for training in (False, True)
              if (row, training) != ("stubborn", True)]    # which Keras breaks: fit's training=True overrides the layer's False


def data(row):
    rng, shapes = np.random.default_rng(0), ROWS[row][1]
    if isinstance(shapes, dict):
        return {name: rng.standard_normal(shape) for name, shape in shapes.items()}
    return [rng.standard_normal(shape) for shape in shapes] if isinstance(shapes, list) else rng.standard_normal(shapes)


def flat(y):
    """The outputs of a model, whatever they lie in, as a list."""
    return list(y.values()) if isinstance(y, dict) else list(y) if isinstance(y, (list, tuple)) else [y]


def ours(row):
    """The model of a row, built, with weights of every sign; variances are positive."""
    model = ROWS[row][0](tv)
    model(data(row), training=False)
    rng = np.random.default_rng(1)
    model.set_weights([rng.standard_normal(w.shape) ** (2 if w.name == "moving_variance" else 1) for w in model.weights])
    return model


def key(weight):
    """ "dense/kernel": the name of a weight and of its layer, whatever models are around."""
    return "/".join(weight.path.split("/")[-2:])


def theirs(keras, row, model):
    """The twin in Keras of one of our models, with its weights."""
    twin = ROWS[row][0](keras)
    twin(data(row), training=False)
    values = {key(w): w.numpy().copy() for w in model.weights}             # copies: JAX may go on using the memory of an array
    assert {key(w) for w in twin.weights} == set(values)
    for weight in twin.weights:
        weight.assign(values[key(weight)])
    return twin


def arriving(i, shape):
    return np.random.default_rng(i + 5).standard_normal(shape)


@pytest.mark.parametrize("row, training", BOTH_MODES)
def test_outputs_are_those_of_keras(keras, row, training):
    model = ours(row)
    twin = theirs(keras, row, model)
    found, expected = model(data(row), training=training), twin(data(row), training=training)
    assert type(found) is type(expected) or not isinstance(found, (list, tuple, dict))
    for y, z in zip(flat(found), flat(expected), strict=True):
        np.testing.assert_allclose(y.detach().numpy(), np.asarray(z), rtol=TOLERANCE, atol=TOLERANCE)
    for weight in twin.weights:                            # moving averages, too
        mine = next(w for w in model.weights if key(w) == key(weight))
        np.testing.assert_allclose(mine.numpy(), np.asarray(weight.value), rtol=TOLERANCE, atol=TOLERANCE)


@pytest.mark.parametrize("row", [row for row, training in BOTH_MODES if training])
def test_gradients_are_those_of_keras(keras, row):
    import jax
    model = ours(row)
    twin = theirs(keras, row, model)
    fixed = [v.value for v in twin.non_trainable_variables]

    @jax.jit
    def loss(weights):
        y, _ = twin.stateless_call(weights, fixed, data(row), training=True)
        return sum((z * arriving(i, z.shape)).sum() for i, z in enumerate(flat(y)))

    expected = jax.grad(loss)([v.value for v in twin.trainable_variables])
    expected = {key(v): np.asarray(g) for v, g in zip(twin.trainable_variables, expected)}
    y = model(data(row), training=True)
    sum((z * arriving(i, z.shape)).sum() for i, z in enumerate(flat(y))).backward()
    assert {key(w) for w in model.trainable_weights} == set(expected)
    for weight in model.trainable_weights:
        np.testing.assert_allclose(weight.grad.numpy(), expected[key(weight)], rtol=TOLERANCE, atol=TOLERANCE)
        assert np.abs(weight.grad.numpy()).max() > 0 or key(weight) == "c/bias"    # all but one, normalized away, are reached


@every_row
def test_weights_and_layers_come_in_the_order_of_keras(keras, row):
    model = ours(row)
    twin = theirs(keras, row, model)
    assert [key(w) for w in model.weights] == [key(w) for w in twin.weights]
    assert [key(w) for w in model.trainable_weights] == [key(w) for w in twin.trainable_weights]
    assert [key(w) for w in model.non_trainable_weights] == [key(w) for w in twin.non_trainable_weights]
    assert [layer.name for layer in model.layers] == [layer.name for layer in twin.layers]


@every_row
def test_names_and_sizes_are_those_of_keras(keras, row):
    def shapes(structure):
        return [tuple(t.shape) for t in flat(structure)]

    model, twin = ROWS[row][0](tv), ROWS[row][0](keras)
    assert {layer.name for layer in model.layers} == {layer.name for layer in twin.layers}
    assert model.name == twin.name or row == "nested"      # there, Keras has counted the inside of the Sequential as a model
    for net in model, twin:
        net(data(row), training=False)
    assert model.count_params() == twin.count_params()
    if row not in ("subclassed", "deferred"):              # after a first batch, Keras keeps its size in the shapes
        assert shapes(model.inputs) == shapes(twin.inputs) and shapes(model.outputs) == shapes(twin.outputs)
        assert shapes(model.input) == shapes(twin.inputs) and shapes(model.output) == shapes(twin.outputs)


@every_row
def test_weights_can_be_taken_to_a_twin(row):
    model, twin = ours(row), ours(row)
    twin.set_weights([w * 0 for w in twin.get_weights()])
    twin.set_weights(model.get_weights())
    for a, b in zip(flat(model(data(row), training=False)), flat(twin(data(row), training=False))):
        np.testing.assert_array_equal(a.data, b.data)


@every_row
def test_a_sample_alone(row):
    """A batch of one, and an empty batch."""
    model, x = ours(row), data(row)

    def cut(part):
        if isinstance(x, dict):
            return {name: a[part] for name, a in x.items()}
        return [a[part] for a in x] if isinstance(x, list) else x[part]

    for whole, one, none in zip(*(flat(model(cut(part), training=False)) for part in (slice(None), slice(1, 2), slice(0)))):
        np.testing.assert_allclose(one.data, whole.data[1:2], rtol=TOLERANCE, atol=TOLERANCE)
        assert none.shape == (0, *whole.shape[1:])


@every_row
def test_a_frozen_model_records_nothing(row):
    model = ours(row)
    model.trainable = False
    assert model.trainable_weights == [] and len(model.non_trainable_weights) == len(model.weights)
    assert not any(y.requires_grad for y in flat(model(data(row), training=True)))
    model.trainable = True
    assert any(y.requires_grad for y in flat(model(data(row), training=True)))


# Functional models ------------------------------------------------------------------------------------------------------

def test_intermediate_outputs():
    model, x = ours("chain"), data("chain")
    probe = tv.Model(model.inputs, [model.get_layer("c1").output, model.get_layer("d1").output])
    seen, scores = probe(x, training=False)
    np.testing.assert_array_equal(scores.data, model(x, training=False).data)
    np.testing.assert_array_equal(seen.data, model.get_layer("c1")(x).data)
    assert probe.weights == model.weights                  # the same objects
    np.testing.assert_array_equal(tv.Model(model.input, model.output)(x, training=False).data, scores.data)


def test_a_model_may_begin_in_the_middle():
    model, x = ours("chain"), data("chain")
    middle = model.get_layer("n1").output
    head, tail = tv.Model(model.inputs, middle), tv.Model(middle, model.output)
    np.testing.assert_array_equal(tail(head(x, training=False), training=False).data, model(x, training=False).data)
    assert len(head.weights) + len(tail.weights) == len(model.weights)


def test_a_model_grown_on_another():
    base, x = ours("chain"), data("chain")
    base.trainable = False
    model = tv.Model(base.inputs, layers.Dense(2, name="new")(base.get_layer("n1").output))
    assert [key(w) for w in model.trainable_weights] == ["new/kernel", "new/bias"]
    assert model(x, training=True).shape == (3, 4, 3, 2)


def test_inner_models_are_layers():
    model = ours("nested")
    assert {"inner", "other"} < {layer.name for layer in model.layers}
    inner = model.get_layer("inner")
    assert set(map(id, inner.weights)) < set(map(id, model.weights))
    inner.trainable = False
    assert [key(w) for w in model.trainable_weights] == ["o1/kernel", "o1/bias"]


def test_dictionaries_of_inputs_go_by_name():
    model, x = ours("siamese"), data("siamese")
    y = model(x)
    np.testing.assert_array_equal(model({"right": x[1], "left": x[0]}).data, y.data)
    with pytest.raises(ValueError, match="takes inputs named left, right; right is missing in left, rihgt"):
        model({"left": x[0], "rihgt": x[1]})
    a, b = layers.Input((4,)), layers.Input((4,))          # by the keys of the model's own dictionary, not by layer names
    model = tv.Model({"first": a, "second": b}, layers.Concatenate()([a, b]))
    np.testing.assert_array_equal(model({"second": x[1], "first": x[0]}).data, np.concatenate(x, axis=-1))


def test_inputs_are_converted():
    model = ours("chain")
    x = data("chain").astype(np.float32)
    assert model(x, training=False).dtype == np.float64
    numbers = layers.Input((2,), dtype="int32")
    np.testing.assert_array_equal(tv.Model(numbers, layers.Flatten()(numbers))(np.array([[1.7, 2.2]])).data, [[1, 2]])
    pixels = layers.Input((2,), dtype="uint8")
    model = tv.Model(pixels, layers.Rescaling(1 / 255)(pixels))
    np.testing.assert_array_equal(model(np.array([[0, 255]])).data, [[0, 1]])


@pytest.mark.parametrize("make, error, message", [
    (lambda a, b: tv.Model(a), ValueError, "needs both"),
    (lambda a, b: tv.Model(a, np.ones(3)), TypeError, "what Input and layers return, got ndarray"),
    (lambda a, b: tv.Model(a, layers.Dense(2, name="d")(b)), ValueError, "depend on b, which is not among the inputs"),
    (lambda a, b: tv.Model(a, layers.Dense(2, name="d")(layers.Dense(3, name="d")(a))), ValueError,
     "name of its own; d occurs more than once"),
    (lambda a, b: tv.Model([a, b], layers.Add()([a, b]), name="m")(np.ones((1, 4))), ValueError, "m takes 2 inputs, got 1"),
    (lambda a, b: tv.Model(a, layers.Dense(2)(a), name="m")(np.ones((1, 5))), ValueError,
     "m takes inputs of shape \\(None, 4\\) at a, got \\(1, 5\\)"),
    (lambda a, b: tv.Model(a, layers.Dense(2)(a), name="m")(np.ones(4)), ValueError, "needs a batch axis: x\\[None\\]"),
    (lambda a, b: tv.Model(a, layers.Dense(2)(a), nmae="m"), TypeError, "Model has no argument 'nmae': did you mean 'name'"),
    (lambda a, b: tv.Model(a, layers.Dense(2)(a)).get_layer("dens"), ValueError, "no layer is named 'dens'; there is a, dense"),
    (lambda a, b: tv.Model(a, layers.Dense(2)(a)).get_layer(), ValueError, "takes a name or an index"),
    (lambda a, b: tv.Model(a, layers.Dense(2)(a)).get_layer("a", 1), ValueError, "takes a name or an index"),
    (lambda a, b: layers.Dense(2, name="d").output, AttributeError, "d was not called in a functional model"),
], ids=range(12))
def test_what_cannot_be_is_refused(make, error, message):
    with pytest.raises(error, match=message):
        make(layers.Input((4,), name="a"), layers.Input((4,), name="b"))


def test_get_layer():
    model = ours("chain")
    assert model.get_layer("c1") is model.get_layer(index=1) is model.layers[1]
    assert model.get_layer(index=-1).name == "d1"


@pytest.mark.parametrize("shape", [(3, 8, 6, 2), (1, 5, 9, 2), (2, 4, 4, 2)])
def test_sizes_may_vary_where_they_are_none(shape):
    model = ours("any_size")
    assert model(np.ones(shape)).shape == (shape[0], 3)
    assert model.get_layer("c").output.shape == (None, None, None, 3)
    fixed = tv.Sequential([layers.Input(shape[1:]), layers.Conv2D(3, 3, strides=2, padding="same"), layers.MaxPooling2D(2),
                           layers.GlobalAveragePooling2D()])
    fixed.set_weights(model.get_weights())
    np.testing.assert_array_equal(model(np.ones(shape)).data, fixed(np.ones(shape)).data)


def test_a_deferred_model_inside_one_of_any_size():
    inner = tv.Sequential([layers.Conv2D(3, 3), layers.GlobalAveragePooling2D()])
    inputs = layers.Input((None, None, 2))
    model = tv.Model(inputs, inner(inputs))
    assert [model(np.ones((1, n, n + 1, 2))).shape for n in (3, 8)] == [(1, 3), (1, 3)]


def test_a_sequential_without_input_takes_images_of_other_sizes():
    """The first batch tells how many channels there are; a size only an Input promises. In Keras the same."""
    model = tv.Sequential([layers.Conv2D(3, 3, activation="relu"), layers.MaxPooling2D(2), layers.GlobalAveragePooling2D(), layers.Dense(2)])
    for shape in (2, 8, 8, 3), (1, 12, 9, 3):
        expected = x = tv.tensor(np.random.default_rng(0).normal(size=shape), dtype="float32")
        y = model(x)
        for layer in model.layers:
            expected = layer(expected)
        np.testing.assert_allclose(y.data, expected.data, rtol=1e-6)
        np.testing.assert_allclose(model.predict(x, verbose=0), expected.data, rtol=1e-6)
    with pytest.raises(ValueError, match="expects 3 channels last"):
        model(np.ones((2, 8, 8, 4)))
    with pytest.raises(ValueError, match=r"takes inputs of shape \(None, 8, 8, 3\)"):
        model(np.ones((8, 8, 3)))


def test_a_layer_told_to_rest_rests_while_the_model_trains():
    model, x = ours("stubborn"), data("stubborn")
    rest, work = model.get_layer("rest"), model.get_layer("work")
    kept = [w.numpy().copy() for w in rest.weights]
    expected = work(rest(x, training=False), training=True).data
    model(x, training=True)
    np.testing.assert_array_equal(model(x, training=True).data, expected)
    for weight, value in zip(rest.weights, kept):
        np.testing.assert_array_equal(weight.numpy(), value)


# Sequential models ------------------------------------------------------------------------------------------------------

def test_a_sequential_model_grows_and_shrinks():
    model = tv.Sequential(name="s")
    with pytest.raises(IndexError, match="no layers"):
        model.pop()
    model.add(layers.Input((4,)))
    model.add(layers.Dense(3, name="one"))
    model.add(layers.Dense(2, name="two"))
    x = np.ones((5, 4))
    weights = model.get_weights()
    assert model(x).shape == (5, 2) and model.outputs[0].shape == (None, 2)
    assert model.pop().name == "two"
    assert model(x).shape == (5, 3) and len(model.weights) == 2 and model.outputs[0].shape == (None, 3)
    model.add(layers.Dense(7, name="three"))
    assert model(x).shape == (5, 7) and [layer.name for layer in model.layers] == ["one", "three"]
    np.testing.assert_array_equal(model.get_weights()[0], weights[0])      # what stayed kept its weights
    shorter = tv.Sequential([layers.Input((4,)), layers.Dense(3)])
    shorter.pop()
    assert shorter.weights == [] and shorter.layers == []  # although it was made with that layer
    np.testing.assert_array_equal(tv.Model(model.inputs, model.get_layer("one").output)(x).data, model.layers[0](x).data)


def test_a_deferred_model_is_built_by_data():
    model = deferred(tv)
    assert not model.built and model.weights == []
    with pytest.raises(ValueError, match="no weights yet"):
        model.count_params()
    with pytest.raises(ValueError, match="not built"):
        model.set_weights([np.ones(3)])
    x = data("deferred")
    model(x, training=False)
    assert model.built and [w.path for w in model.weights][0] == "c/kernel"
    twin = tv.Sequential([layers.Input(IMAGES[1:]), *[type(layer).from_config(layer.get_config()) for layer in model.layers]])
    twin.set_weights(model.get_weights())
    np.testing.assert_array_equal(model(x, training=False).data, twin(x, training=False).data)
    model.add(layers.Dense(3))
    assert model(x, training=False).shape == (3, 3)


def test_layers_can_be_added_to_a_deferred_model():
    model = tv.Sequential()
    for width in 3, 2:
        model.add(layers.Dense(width))
    assert model(np.ones((1, 4))).shape == (1, 2) and model.pop() and model(np.ones((1, 4))).shape == (1, 3)


@pytest.mark.parametrize("make, error, message", [
    (lambda: tv.Sequential([layers.Dense(2, name="d"), layers.Dense(2, name="d")]), ValueError, "name of its own; d is there"),
    (lambda: tv.Sequential([layers.Dense(2), layers.Input((3,))]), ValueError, "Input of a Sequential model comes first"),
    (lambda: tv.Sequential(["dense"]), TypeError, "takes layers, got str 'dense'"),
    (lambda: tv.Sequential([layers.Input((3,)), layers.Dense(2)])(np.ones((1, 4))), ValueError, "takes .* \\(None, 3\\)"),
    (lambda: tv.Sequential([layers.Input((3, 3, 1)), layers.Conv2D(2, 5)]), ValueError, ""),
], ids=range(5))
def test_a_sequential_model_refuses(make, error, message):
    with pytest.raises(error, match=message or None):
        make()


# Models of one's own ----------------------------------------------------------------------------------------------------

def test_layers_in_lists_and_dictionaries_are_found():
    class Net(tv.Model):
        def __init__(self):
            super().__init__(name="net")
            self.parts = [layers.Dense(3, name="l0"), {"x": layers.Dense(3, name="l1"), "y": (layers.Dense(3, name="l2"),)}]
            self.number, self.text, self.nothing = 3, "abc", None

        def call(self, x):
            return self.parts[1]["y"][0](self.parts[1]["x"](self.parts[0](x)))

    net = Net()
    net(np.ones((1, 3)))
    assert [layer.name for layer in net.layers] == ["l0", "l1", "l2"] and len(net.weights) == 6
    net.get_layer("l1").trainable = False
    assert [key(w) for w in net.trainable_weights] == ["l0/kernel", "l0/bias", "l2/kernel", "l2/bias"]


def test_a_model_needs_a_call():
    class Net(tv.Model):
        pass

    with pytest.raises(NotImplementedError, match="Net must define call"):
        Net()(np.ones((1, 2)))


def test_a_subclass_may_be_functional():
    class Net(tv.Model):
        def __init__(self, width):
            inputs = layers.Input((4,))
            super().__init__(inputs, layers.Dense(width)(inputs))

    assert Net(3)(np.ones((2, 4))).shape == (2, 3)


# Freezing ---------------------------------------------------------------------------------------------------------------

def test_no_gradient_is_computed_for_frozen_weights(monkeypatch):
    conv = sys.modules["tinyvision.ops.conv"]              # ops.conv itself is the function
    model, x = ours("chain"), data("chain")
    computed = []
    of_kernels = conv._conv_kernel_gradient
    monkeypatch.setattr(conv, "_conv_kernel_gradient", lambda *a, **how: computed.append(1) or of_kernels(*a, **how))
    model(x, training=True).sum().backward()
    assert computed == [1]
    for weight in model.weights:
        weight.grad = None
    model.get_layer("c1").trainable = False
    model(x, training=True).sum().backward()
    assert computed == [1]
    assert [key(w) for w in model.weights if w.grad is not None] == ["n1/gamma", "n1/beta", "d1/kernel", "d1/bias"]


def test_frozen_weights_do_not_change():
    model = ours("chain")
    model.get_layer("c1").trainable = False
    model.get_layer("n1").trainable = False
    model.compile("sgd", "sparse_categorical_crossentropy")
    before = dict(zip(map(key, model.weights), model.get_weights()))
    model.fit(data("chain") / 10, np.array([0, 1, 2]), epochs=2, verbose=0)
    same = {key(w): (w.numpy() == before[key(w)]).all() for w in model.weights}
    assert same == {name: name.split("/")[0] in ("c1", "n1") for name in same}


def test_a_layer_made_frozen_stays_frozen():
    model = tv.Sequential([layers.Input((3,)), layers.Dense(2, trainable=False, name="a"), layers.Dense(2, name="b")])
    assert [key(w) for w in model.trainable_weights] == ["b/kernel", "b/bias"]
    assert tv.Sequential([layers.Input((3,)), layers.Dense(2)], trainable=False).trainable_weights == []


# Names ------------------------------------------------------------------------------------------------------------------

def test_names_are_numbered_by_class():
    def names():
        return [layer.name for layer in (layers.Conv2D(1, 1), layers.Conv2D(1, 1), layers.Dense(1), layers.MaxPooling2D())]

    assert names() == ["conv2d", "conv2d_1", "dense", "max_pooling2d"]
    assert names() == ["conv2d_2", "conv2d_3", "dense_1", "max_pooling2d_1"]
    tv.utils.clear_session()
    assert names() == ["conv2d", "conv2d_1", "dense", "max_pooling2d"]
    assert layers.Conv2D(1, 1, name="mine").name == "mine" and layers.Conv2D(1, 1).name == "conv2d_2"


@pytest.mark.parametrize("make, message", [
    (lambda: layers.Dense(16, activaton="relu"), "Dense has no argument 'activaton': did you mean 'activation'\\?"),
    (lambda: layers.Conv2D(16, kernal_size=3), "Conv2D has no argument 'kernal_size': did you mean 'kernel_size'\\?"),
    (lambda: layers.Conv2D(16), "Conv2D: missing a required argument: 'kernel_size'; it takes filters, kernel_size, strides"),
    (lambda: layers.Dense(), "Dense: missing a required argument: 'units'"),
    (lambda: layers.Flatten(1, 2), "Flatten: too many positional arguments"),
    (lambda: layers.Dense(3, zzz=1), "Dense has no argument 'zzz'; it takes units, activation, use_bias")], ids=range(6))
def test_slips_are_named(make, message):
    with pytest.raises(TypeError, match=message):
        make()


# Summaries --------------------------------------------------------------------------------------------------------------

SUMMARY = """\
Model: functional
---------------------------------------------------------
Layer (type)                  Output shape     Parameters
---------------------------------------------------------
input_layer (InputLayer)      (None, 8, 6, 2)           0
c1 (Conv2D)                   (None, 8, 6, 3)          57
max_pooling2d (MaxPooling2D)  (None, 4, 3, 3)           0
n1 (BatchNormalization)       (None, 4, 3, 3)          12
flatten (Flatten)             (None, 36)                0
d1 (Dense)                    (None, 5)               185
---------------------------------------------------------
Parameters: 254 (2 KiB), 248 of them trainable
"""


def test_the_summary(capsys):
    assert chain(tv).summary() is None
    assert capsys.readouterr().out == SUMMARY


@every_row
def test_summaries_are_tables_in_ascii(row, capsys):
    lines = []
    ours(row).summary(print_fn=lines.append)
    assert capsys.readouterr().out == ""
    assert all(line.isascii() for line in lines)
    assert {len(line) for line in lines[1:-1]} == {len(lines[1])}
    assert f"{ours(row).count_params():,}" in lines[-1]


def test_a_summary_of_what_is_not_built(capsys):
    model = deferred(tv)
    model.summary()
    table = capsys.readouterr().out
    assert table.count(" ?  ") == 4 and "Parameters: 0" in table
    model(data("deferred"), training=False)
    model.summary(line_length=100)
    table = capsys.readouterr().out
    assert "?" not in table and max(map(len, table.splitlines())) == 100


def test_a_summary_counts_shared_weights_once(capsys):
    model = ours("siamese")
    model.summary()
    assert f"Parameters: {4 * 3 + 3 + 6 + 1} " in capsys.readouterr().out
    assert model.count_params() == 22
