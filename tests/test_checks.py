"""check_op, check_layer and model.check: what is right passes, and each kind of mistake is named."""
import numpy as np
import pytest

import tinyvision as keras
from tinyvision import Tensor, layers, ops, testing
from tinyvision.extending import kernel, op, version
from tinyvision.reporting import Report

rng = np.random.default_rng(0)


def broken(check, *args, **settings):
    """The laws that a check finds broken, and the whole message."""
    with pytest.raises(AssertionError) as found:
        check(*args, verbose=False, **settings)
    return str(found.value)


# Ops that are right -------------------------------------------------------------------------------------------------------

RIGHT = {
    "a function of ops": (lambda x, w: ops.tanh(x @ w), [(rng.standard_normal((3, 4)), rng.standard_normal((4, 2)))]),
    "an op": (ops.conv, [{"inputs": rng.standard_normal((2, 6, 6, 2)), "kernel": rng.standard_normal((3, 3, 2, 4)), "padding": "same"}]),
    "broadcasting": (ops.multiply, [(rng.standard_normal((3, 4)), rng.standard_normal((3, 4)))]),
    "with integers": (ops.sparse_categorical_crossentropy, [{"target": np.array([0, 2]), "output": rng.standard_normal((2, 3)),
                                                             "from_logits": True}], ()),
    "no axes": (lambda x: x ** 3, [(np.array(2.0),)], ()),
    "without a gradient": (ops.argmax, [(rng.standard_normal((3, 4)), 1)]),
}


@pytest.mark.parametrize("name", RIGHT)
def test_right_ops_pass(name):
    function, samples, *batch = RIGHT[name]
    report = testing.check_op(function, samples, batch=batch[0] if batch else None, verbose=False)
    assert report.ok and len(report.findings) == 10


def test_what_it_prints(capsys):
    testing.check_op(ops.multiply, [(rng.standard_normal((3, 4)), rng.standard_normal((3, 4)))])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Checking multiply" and lines[-1] == "multiply: all laws hold"
    assert any(line.split()[:2] == ["ok", "broadcasting"] and line.endswith("a single row of x1 or x2 for all") for line in lines)


# Ops that are wrong -------------------------------------------------------------------------------------------------------

def op_with(forward=lambda x: x * x, gradient=lambda g, x: 2 * g * x):
    made = op(forward)
    made.gradient(x=gradient)
    return made


calls = []
WRONG = {
    "gradient": op_with(gradient=lambda g, x: g * x),
    "second gradient": op_with(gradient=lambda g, x: Tensor(2 * g.data * x.data)),
    "dtypes": lambda x: ops.cast(x * x, "float64"),
    "value": op_with(forward=lambda x: calls.append(0) or x * len(calls)),
    "arguments are left alone": op_with(forward=lambda x: np.negative(x, out=x), gradient=lambda g: -g),
    "empty batch": op_with(forward=lambda x: x * x * (1 + 0 * x.max()), gradient=lambda g, x: 2 * g * x),
    "float32 is near float64": op_with(forward=lambda x: (x * x + 1e6) - 1e6),
}


@pytest.mark.parametrize("law", WRONG)
def test_wrong_ops_fall(law):
    message = broken(testing.check_op, WRONG[law], [(rng.standard_normal((4, 3)),)])
    assert f"WRONG  {law}" in message


def test_a_version_that_differs():
    @kernel
    def doubled(x):
        return 2 * x

    @version(doubled, "hasty", lambda x: x.dtype == np.float32)
    def hasty(x):
        return 2.001 * x

    made = op(lambda x: doubled(x))
    made.gradient(x=lambda g: 2 * g)
    message = broken(testing.check_op, made, [(rng.standard_normal((4, 3)),)])
    assert "WRONG  versions of kernels agree" in message
    assert "version chosen in float32, the result is off by 5.0e-04" in " ".join(message.split())


@pytest.mark.parametrize("samples, error, message", [
    ([], ValueError, "needs a sample"), ([np.ones(3)], TypeError, "a sample is a tuple of arguments"),
    ([(3.0, 4)], ValueError, "needs a NumPy array of floats")])
def test_samples_that_are_none(samples, error, message):
    with pytest.raises(error, match=message):
        testing.check_op(ops.multiply, samples, verbose=False)


def test_an_unknown_batch_argument():
    message = broken(testing.check_op, ops.relu, [(rng.standard_normal((2, 3)),)], batch=["y"])
    assert "batch names y" in message


# Layers -------------------------------------------------------------------------------------------------------------------

class Scale(layers.Layer):
    """A right layer of one's own."""

    def __init__(self, start=1.0, **settings):
        super().__init__(**settings)
        self.start = start

    def build(self, input_shape):
        self.scale = self.add_weight(input_shape[-1:], "ones", name="scale")

    def call(self, x):
        return x * self.scale * self.start


class Twice(layers.Layer):
    """One with layers inside."""

    def __init__(self, units=3, **settings):
        super().__init__(**settings)
        self.units = units
        self.first, self.second = layers.Dense(units, activation="tanh", dtype=self.dtype), Scale(dtype=self.dtype)

    def call(self, x):
        return self.second(self.first(x))


LAYERS = {
    "Scale": (Scale(2.0), (4,)), "Twice": (Twice(2), (5, 4)), "Conv2D": (layers.Conv2D(3, 3, padding="same"), (5, 4, 2)),
    "BatchNormalization": (layers.BatchNormalization(), (4, 3, 2)), "Dropout": (layers.Dropout(0.5), (6,)),
    "Add": (layers.Add(), [(3, 2), (3, 2)]), "Flatten": (layers.Flatten(), (3, 2)),
    "MaxPooling2D": (layers.MaxPooling2D(2), (4, 4, 3)),
}


@pytest.mark.parametrize("name", LAYERS)
def test_right_layers_pass(name):
    layer, shape = LAYERS[name]
    report = testing.check_layer(layer, shape, verbose=False)
    assert report.ok and len(report.findings) == 13


def faulty(**methods):
    """A class like Scale, with other methods."""
    return type("Faulty", (Scale,), methods)


def _forgetful(self, start=1.0, **settings):
    layers.Layer.__init__(self, **settings)
    self.start = 2.0


def _idle(self, input_shape):
    Scale.build(self, input_shape)
    self.other = self.add_weight((2,), "ones", name="other")


draws = np.random.default_rng(0)

def _in_float32(self, input_shape):
    self.inner = layers.Dense(4)


FAULTS = {
    "dtypes": {"build": _in_float32, "call": lambda self, x: self.inner(x)},
    "every weight learns": {"build": _idle},
    "samples are independent": {"call": lambda self, x: x * self.scale - ops.mean(x, axis=0)},
    "gradient of the inputs": {"call": lambda self, x: Tensor(np.tanh(x.data)) * self.scale},
    "gradients of the weights": {"call": lambda self, x: x * Tensor(self.scale.data)},
    "inference repeats itself": {"call": lambda self, x: x * self.scale * float(draws.random())},
    "empty batch": {"call": lambda self, x: x * self.scale * float(np.max(x.data))},
    "made again from its config": {"get_config": lambda self: {"start": lambda: 1}},
}


@pytest.mark.parametrize("law", FAULTS)
def test_wrong_layers_fall(law):
    message = broken(testing.check_layer, faulty(**FAULTS[law])(), (4,))
    assert f"WRONG  {law}" in message


def test_an_output_of_another_dtype():
    assert "WRONG  dtypes" in broken(testing.check_layer, faulty(call=lambda self, x: ops.cast(x * self.scale, "float64"))(), (4,))


class Unit(layers.Layer):
    """A Dense of one ReLU, which is silent for some inputs and first weights."""

    def __init__(self, **settings):
        super().__init__(**settings)
        self.unit = layers.Dense(1, activation="relu", dtype=self.dtype)

    def call(self, x):
        return self.unit(x) * x


def test_a_relu_that_is_silent_by_chance_is_no_fault():
    assert all(testing.check_layer(Unit(), (2,), batch_size=n, verbose=False).ok for n in range(1, 8))


def test_layers_inside_a_frozen_layer_are_frozen(tmp_path):
    """Whether they are made in `__init__` or in `build`; and they stay so through a file."""
    class Made(Twice):
        def build(self, input_shape):
            self.third = layers.Dense(2)

        def call(self, x):
            return self.third(super().call(x))

    frozen = Made(trainable=False)
    frozen(np.ones((2, 4)))
    assert len(frozen.weights) == 5 and not frozen.trainable_weights
    model = keras.Sequential([keras.Input((4,)), Made(name="inside"), layers.Dense(1)])
    model.get_layer("inside").trainable = False
    model.save(tmp_path / "frozen.keras")
    loaded = keras.models.load_model(tmp_path / "frozen.keras", custom_objects={"Made": Made, "Scale": Scale})
    assert len(loaded.trainable_weights) == len(model.trainable_weights) == 2
    frozen.trainable = True
    assert len(frozen.trainable_weights) == 5


def test_an_input_shape_that_is_none():
    with pytest.raises(TypeError, match="the input shape is that of one sample"):
        testing.check_layer(Scale(), 4)


def test_a_class_is_no_layer():
    with pytest.raises(TypeError, match="got type: make one"):
        testing.check_layer(Scale, (4,))


def test_the_layer_itself_is_left_alone():
    layer = Scale(2.0)
    layer(np.ones((2, 4)))
    before = layer.scale.numpy().copy()
    testing.check_layer(layer, (4,), verbose=False)
    np.testing.assert_array_equal(layer.scale.numpy(), before)
    assert layer.scale.grad is None


# Models -------------------------------------------------------------------------------------------------------------------

def classifier(*middle, rate=1e-2, loss="sparse_categorical_crossentropy"):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((8,)), *middle, layers.Dense(3, activation="softmax")])
    model.compile(optimizer=keras.optimizers.Adam(rate), loss=loss)
    return model


X = rng.standard_normal((64, 8)).astype("float32")
Y = (X[:, :3]).argmax(axis=1)


def states(report):
    return {finding.law: finding.state for finding in report.findings}


def test_a_sound_model_is_found_sound(capsys):
    model = classifier(layers.Dense(32, activation="relu"), layers.BatchNormalization())
    before, optimizer = model.get_weights(), model.optimizer
    report = model.check(X, Y)
    assert set(states(report).values()) == {"ok"}, report.findings
    assert capsys.readouterr().out.splitlines()[-1].endswith("nothing found")
    for a, b in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(a, b)
    assert model.optimizer is optimizer and optimizer.iterations == 0 and all(w.grad is None for w in model.weights)


def test_a_sound_model_that_steps_once_in_many_batches():
    """Its steps are looked at as if it took one for each batch."""
    model = classifier(layers.Dense(32, activation="relu"), layers.BatchNormalization())
    model.compile(keras.optimizers.Adam(1e-2, gradient_accumulation_steps=100), model.loss)
    assert set(states(model.check(X, Y)).values()) == {"ok"}


class Cut(layers.Layer):
    """A layer whose result has no gradient."""

    def call(self, x):
        return Tensor(x.data)


class Mixing(layers.Layer):
    """A layer in which samples see each other."""

    def call(self, x):
        return x - ops.sum(x, axis=0)


SICK = {
    "bytes": (lambda: classifier(layers.Dense(8)), 255 * np.abs(X), Y, {"the data": "look"}),
    "nan": (lambda: classifier(layers.Dense(8)), np.where(X > 2, np.nan, X), Y, {"the data": "WRONG"}),
    "sorted by class": (lambda: classifier(layers.Dense(8)), X, 0 * Y, {"the data": "look"}),
    "a gradient cut off": (lambda: classifier(layers.Dense(8, name="lost"), Cut()), X, Y, {"gradients arrive": "WRONG"}),
    "fading": (lambda: classifier(*(layers.Dense(8, activation="sigmoid") for _ in range(8))), X, Y, {"gradients arrive": "look"}),
    "mixing": (lambda: classifier(Mixing(), layers.Dense(8)), X, Y, {"samples are independent": "WRONG"}),
    "a rate too small": (lambda: classifier(layers.Dense(32, activation="relu"), rate=1e-9), X, Y,
                         {"a few learned by heart": "WRONG", "the size of the steps": "look"}),
    "a rate too large": (lambda: classifier(layers.Dense(32, activation="relu"), rate=10.0), X, Y, {"the size of the steps": "look"}),
    "silent units": (lambda: classifier(layers.Dense(32, activation="relu", name="silent",
                                                     bias_initializer=lambda shape, dtype: np.full(shape, -9, dtype))), X, Y,
                     {"units answer": "look"}),
}


@pytest.mark.parametrize("x, y, error, message", [
    (X[:0], Y[:0], ValueError, "one at least, got .0."), (X, Y[:7], ValueError, r"equally many samples, one at least, got \[7, 64\]"),
    (iter([1]), Y, TypeError, "x is an array, or a list or dictionary of arrays, got list_iterator")])
def test_data_that_cannot_be_checked(x, y, error, message):
    with pytest.raises(error, match=message):
        classifier().check(x, y, verbose=False)


def test_labels_may_be_a_list():
    assert states(classifier().check(X, list(Y), verbose=False))["the data"] == "ok"


@pytest.mark.parametrize("name", SICK)
def test_sick_models_are_seen_through(name):
    make, x, y, expected = SICK[name]
    report = make().check(x, y, verbose=False)
    found = states(report)
    assert report.ok == ("WRONG" not in found.values())
    assert {law: found[law] for law in expected} == expected


def test_a_model_that_is_too_sure_at_the_start():
    model = classifier(layers.Dense(8))
    model.set_weights([50 * w for w in model.get_weights()])
    assert states(model.check(X, Y, verbose=False))["the loss at the start"] == "look"


def test_a_regression_can_be_checked():
    model = keras.Sequential([keras.Input((8,)), layers.Dense(16, activation="tanh"), layers.Dense(1)])
    model.compile(optimizer=keras.optimizers.Adam(1e-2), loss="mean_squared_error")
    report = model.check(X, X[:, :1] * 2, verbose=False)
    assert report.ok and states(report)["the loss at the start"] == "-"


def test_a_report_that_is_fine_says_so():
    report = Report("nothing", verbose=False)
    assert report.ok and report.finish() is report
    report.law("a law", lambda: None)
    assert [tuple(finding) for finding in report.findings] == [("a law", "ok", "")]


def test_tensors_may_be_samples_of_functions():
    """The check hands Tensors to the function, and arrays of the sample as they are."""
    kinds = []
    testing.check_op(lambda x, n: kinds.append(type(n)) or x * n, [(rng.standard_normal(3), 2)], verbose=False)
    assert set(kinds) == {int}
