"""Looking inside: the tape, the profile, costs in the summary, the recorder, and graphs."""
import gc
import re
import weakref

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

import tinyvision as keras
from tinyvision import callbacks, layers, ops, tensor, viz
from tinyvision.layers import Layer

rng = np.random.default_rng(0)


# The tape -----------------------------------------------------------------------------------------------------------------

def test_backward_explains_itself(capsys):
    """Each op from the newest on, with its shape, the norm of what arrived and of what it handed on; the gradients are the same."""
    layer = layers.Dense(3, activation="tanh", name="small")
    x = tensor(rng.standard_normal((4, 2)).astype("float32"), requires_grad=True)
    (layer(x) ** 2).sum().backward()
    expected = x.grad.numpy().copy()
    x.grad = None
    (layer(x) ** 2).sum().backward(explain=True)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[2:]] == ["sum", "power", "tanh", "add", "matmul"]
    assert re.search(r"4 x 3 .* to matmul, .* to small/bias$", lines[5])
    assert re.search(rf"{np.linalg.norm(expected):.3g} to a leaf", lines[6])
    np.testing.assert_array_equal(x.grad.numpy(), expected)


def test_nothing_is_printed_otherwise(capsys):
    x = tensor([1.0, 2.0], requires_grad=True)
    (x * x).sum().backward()
    assert capsys.readouterr().out == ""


# The profile --------------------------------------------------------------------------------------------------------------

def test_a_profile_of_a_training_step(capsys):
    model = keras.Sequential([keras.Input((8, 8, 1)), layers.Conv2D(4, 3, activation="relu"), layers.Flatten(), layers.Dense(2)])
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    x, y = rng.standard_normal((5, 8, 8, 1)).astype("float32"), np.array([0, 1, 0, 1, 1])
    with keras.profile() as found:
        model.train_on_batch(x, y)
    rows = found.rows
    assert rows["fused_conv"]["calls"] == rows["matmul"]["calls"] == 1
    assert rows["fused_conv"]["made"] == 5 * 6 * 6 * 4 * 4 and rows["reshape"]["made"] == 0
    assert rows["fused_conv"]["kept"] == 4 * (5 * 8 * 8 + 9 * 4 + 4 + 5 * 6 * 6 * 4)                # x, kernel, bias, result
    assert rows["matmul"]["handed_on"] == 4 * (5 * 144 + 144 * 2)
    assert all(row["forward"] > 0 for row in rows.values()) and rows["matmul"]["backward"] > 0
    assert 0 < sum(row["forward"] + row["backward"] for row in rows.values()) <= found.seconds
    printed = capsys.readouterr().out
    assert printed.strip() == str(found) and "fused_conv" in printed and "ms in all" in printed


def test_a_profile_of_inference_sees_the_ops():
    """Where nothing is recorded, fused layers take a short cut past the ops; not so while somebody looks on."""
    model = keras.Sequential([keras.Input((8, 8, 1)), layers.Conv2D(4, 3, activation="relu"), layers.Flatten(), layers.Dense(2)])
    x = rng.standard_normal((2, 8, 8, 1)).astype("float32")
    expected = [model.predict_on_batch(x) for _ in range(3)][-1]
    with keras.profile(verbose=False) as found:
        np.testing.assert_array_equal(model.predict_on_batch(x), expected)
    assert found.rows["fused_conv"]["calls"] == 1


def test_a_profile_holds_no_arrays():
    """It may last a whole training: what was kept in one step is free in the next."""
    alive = []
    with keras.profile(verbose=False):
        for _ in range(3):
            x = tensor(np.ones(1000), requires_grad=True)
            y = (x * 2).exp()
            alive.append(weakref.ref(y.data))
            y.sum().backward()
            del x, y
        gc.collect()
        assert not any(ref() is not None for ref in alive)


def test_a_profile_leaves_no_trace():
    from tinyvision.autograd import Node
    from tinyvision.op import Op

    before = Op.run, Node.gradients
    with pytest.raises(ZeroDivisionError), keras.profile(verbose=False):
        1 / 0                                              # noqa: B018
    assert (Op.run, Node.gradients) == before


# Costs --------------------------------------------------------------------------------------------------------------------

def table(model):
    """The lines of a summary with costs, as cells."""
    lines = []
    model.summary(print_fn=lines.append, costs=True)
    return {line.split()[0]: re.split(r"  +", line) for line in lines}, lines


def test_costs_of_the_mnist_convnet():
    inputs = x = keras.Input((28, 28, 1))
    for i, filters in enumerate((32, 64)):
        x = layers.Conv2D(filters, 3, activation="relu", name=f"conv_{i}")(x)
        x = layers.MaxPooling2D(name=f"pool_{i}")(x)
    x = layers.Conv2D(128, 3, name="conv_2")(x)
    model = keras.Model(inputs, layers.Dense(10, name="dense")(layers.Flatten(name="flatten")(x)))
    rows, lines = table(model)
    assert rows["conv_0"][3:] == [f"{26 * 26 * 9 * 32:,}", "3", f"{26 * 26 * 32 * 4 / 1024:.1f} KiB"]
    assert rows["pool_0"][3:5] == ["0", "4"] and rows["conv_1"][4] == "8" and rows["pool_1"][4] == "10"
    assert rows["conv_2"][3:5] == [f"{9 * 9 * 64 * 128:,}", "18"]
    assert rows["dense"][3:5] == [f"{1152 * 10:,}", "all"]
    total = 26 * 26 * 9 * 32 + 11 * 11 * 9 * 32 * 64 + 9 * 9 * 64 * 128 + 11520
    assert f"For one sample: {total:,} multiply-adds" in lines[-1]


def test_costs_of_a_dense_layer_over_rows():
    inputs = keras.Input((5, 4))
    rows, _ = table(keras.Model(inputs, layers.Dense(3, name="dense")(inputs)))
    assert rows["dense"][3] == str(5 * 4 * 3)


def test_costs_of_branches_and_dilation():
    inputs = keras.Input((16, 16, 2))
    left = layers.Conv2D(2, 3, padding="same", dilation_rate=2, name="wide")(inputs)
    right = layers.Conv2D(2, 3, padding="same", name="narrow")(inputs)
    model = keras.Model(inputs, layers.Add(name="both")([left, right]))
    rows, _ = table(model)
    assert (rows["wide"][4], rows["narrow"][4], rows["both"][4]) == ("5", "3", "5")


def test_the_receptive_field_is_what_gradients_reach():
    """By its own definition: the pixels that one output depends on."""
    inputs = x = keras.Input((41, 41, 1), dtype="float64")
    for i, (kind, size, strides) in enumerate([("conv", 3, 2), ("pool", 2, 2), ("conv", 5, 1), ("conv", 3, 1)]):
        layer = (layers.Conv2D(2, size, strides, padding="same", kernel_initializer="ones", dtype="float64") if kind == "conv"
                 else layers.AveragePooling2D(size, strides, dtype="float64"))
        layer.name = f"layer_{i}"
        x = layer(x)
    model = keras.Model(inputs, x, dtype="float64")
    image = tensor(rng.random((1, 41, 41, 1)), requires_grad=True)
    y = model(image)
    arriving = np.zeros(y.shape)
    arriving[0, y.shape[1] // 2, y.shape[2] // 2] = 1
    seen, = keras.grad(y, image, arriving)
    assert str((seen.numpy()[0, ..., 0] != 0).any(axis=0).sum()) == table(model)[0]["layer_3"][4]


class Inside(Layer):
    """A layer with a convolution inside."""

    def __init__(self, **settings):
        super().__init__(**settings)
        self.inner = layers.Conv2D(2, 5, padding="same")

    def call(self, x):
        return self.inner(x)


def test_costs_of_layers_of_ones_own():
    """Multiplications are counted where they happen; what such a layer sees, nobody knows."""
    inputs = keras.Input((8, 8, 2))
    model = keras.Model(inputs, layers.ReLU(name="behind")(Inside(name="own")(inputs)))
    rows, _ = table(model)
    assert rows["own"][3:5] == [f"{64 * 25 * 4:,}", "?"] and rows["behind"][4] == "?"


def test_what_a_layer_of_ones_own_sees_is_not_guessed():
    class Own(Layer):
        def build(self, input_shape):
            self.kernel = self.add_weight((5, 5, 2, 2), name="kernel")

        def call(self, x):
            return ops.conv(x, self.kernel)

    inputs = keras.Input((9, 9, 2))
    assert table(keras.Model(inputs, Own(name="own")(inputs)))[0]["own"][3:5] == [f"{25 * 25 * 4:,}", "?"]


def test_costs_need_a_graph_and_sizes():
    with pytest.raises(ValueError, match="costs need inputs of known size"):
        inputs = keras.Input((None, None, 3))
        keras.Model(inputs, layers.Conv2D(2, 3)(inputs)).summary(costs=True, print_fn=str)
    with pytest.raises(ValueError, match="costs are known for functional and Sequential models"):
        type("Own", (keras.Model,), {"call": lambda self, x: x})().summary(costs=True, print_fn=str)


# The recorder -------------------------------------------------------------------------------------------------------------

def small_model():
    model = keras.Sequential([keras.Input((4,)), layers.Dense(3, name="a"), layers.Dense(1, name="b")])
    model.compile(keras.optimizers.SGD(0.1), "mean_squared_error")
    return model


def test_the_recorder_writes_down_sizes():
    model, x, y = small_model(), rng.standard_normal((6, 4)).astype("float32"), rng.standard_normal((6, 1)).astype("float32")
    before = [w.numpy().copy() for w in model.trainable_weights]
    recorder = callbacks.Recorder()
    model.fit(x, y, batch_size=6, epochs=1, callbacks=[recorder], verbose=0)
    assert recorder.steps == [0] and list(recorder.gradients) == ["a/kernel", "a/bias", "b/kernel", "b/bias"]
    for weight, old in zip(model.trainable_weights, before, strict=True):
        moved = np.sqrt(np.mean((weight.numpy() - old) ** 2))
        np.testing.assert_allclose(recorder.gradients[weight.path], [moved / 0.1], rtol=1e-4)      # plain SGD
        if old.any():
            np.testing.assert_allclose(recorder.updates[weight.path], [moved / np.sqrt(np.mean(old ** 2))], rtol=1e-4)


def test_the_recorder_can_skip_steps():
    model, recorder = small_model(), callbacks.Recorder(every=3)
    model.fit(np.ones((14, 4)), np.ones((14, 1)), batch_size=2, epochs=2, callbacks=[recorder], verbose=0)
    assert recorder.steps == [0, 3, 6, 9, 12] and all(len(v) == 5 for v in recorder.gradients.values())
    figure = viz.gradients(recorder)
    assert [line.get_label() for line in figure.axes[0].lines] == ["a/kernel", "b/kernel"]
    assert len(viz.gradients(recorder, kernels_only=False).axes[0].lines) == 4


def test_the_recorder_wants_a_number_of_steps():
    with pytest.raises(ValueError, match="every is 1 or more"):
        callbacks.Recorder(every=0)


# Graphs -------------------------------------------------------------------------------------------------------------------

def texts(figure):
    return [text.get_text() for text in figure.axes[0].texts if text.get_text()]


def test_the_graph_of_a_tensor():
    a, x = tensor(np.ones((2, 3)), requires_grad=True), tensor(np.ones((3, 2)), requires_grad=True)
    layer = layers.Dense(2, use_bias=False, name="d", dtype="float64")
    figure = viz.graph((layer(a @ x) * 2).sum(), names={"a": a}, title="a graph")
    assert sorted(texts(figure)) == ["a\n2 x 3", "d/kernel\n2 x 2", "leaf\n3 x 2", "matmul\n2 x 2", "matmul\n2 x 2", "multiply\n2 x 2",
                                     "sum\none number"]
    assert figure.axes[0].get_title() == "a graph"


def test_boxes_do_not_overlap_and_arrows_point_down():
    x = tensor(rng.standard_normal((2, 6, 6, 2)), requires_grad=True)
    y, z = ops.relu(x * 2), x + 1
    for _ in range(3):
        y, z = y + z, y * z - x
    figure = viz.graph((y * z).sum())
    FigureCanvasAgg(figure).draw()
    boxes = [t.get_bbox_patch().get_window_extent() for t in figure.axes[0].texts if t.get_text()]
    for i, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[:i])
    down = {t.get_text().split("\n")[0]: t.get_position()[1] for t in figure.axes[0].texts if t.get_text()}
    assert down["leaf"] == 0 < down["relu"] < down["sum"] == 10


def test_the_graph_of_a_model():
    inputs = keras.Input((8, 8, 3), name="image")
    x = layers.Conv2D(4, 3, name="conv")(inputs)
    left, right = layers.ReLU(name="left")(x), layers.Conv2D(4, 1, name="right")(x)
    figure = viz.graph(keras.Model(inputs, layers.Add(name="sum")([left, right])))
    assert "conv\nConv2D\nN x 6 x 6 x 4" in texts(figure) and len(texts(figure)) == 5


@pytest.mark.parametrize("of, error, message", [
    (tensor([1.0]), ValueError, "does not remember how it was made"), (3, TypeError, "takes a Tensor, or a functional")])
def test_what_has_no_graph(of, error, message):
    with pytest.raises(error, match=message):
        viz.graph(of)
