"""Training: whole runs against Keras, step by step; data in all their forms; seeds, interruptions, memory."""
import gc
import itertools
import json
import sys

import numpy as np
import pytest

import tinyvision as tv
from tinyvision import callbacks, layers

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning:keras")
TOLERANCE = 1e-8                                           # after 20 steps in float64


@pytest.fixture
def double(keras):
    """float64 on both sides; Keras keeps learning rates and metrics in floatx."""
    tv.config.set_floatx("float64")
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    yield keras
    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy("float32")


def pictures(n=48, classes=4):
    """Small images of so many classes, which can be told apart, and their numbers."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, classes, n)
    x = rng.random((n, 10, 8, 1)) + np.eye(classes)[y][:, :, None, None].repeat(8, 2).repeat(3, 1)[:, :10]
    return x / 2, y


def convnet(k, inputs=True, **head):
    """The MNIST convnet of the textbook, small. k is tinyvision or Keras."""
    return k.Sequential([
        *([k.layers.Input((10, 8, 1))] if inputs else []),
        k.layers.Conv2D(4, 3, activation="relu"), k.layers.MaxPooling2D(2), k.layers.Conv2D(6, (3, 2), padding="same",
                                                                                           activation="relu"),
        k.layers.BatchNormalization(), k.layers.Flatten(), k.layers.Dense(4, **(head or {"activation": "softmax"}))])


def dense(k, units=1, activation=None):
    return k.Sequential([k.layers.Input((5,)), k.layers.Dense(6, activation="tanh"),
                         k.layers.Dense(units, activation=activation)])


def twins(keras, make, *args, **settings):
    """The same model twice, with the same weights: ours, and that of Keras."""
    model, twin = make(tv, *args, **settings), make(keras, *args, **settings)
    twin.set_weights(model.get_weights())
    return model, twin


def losses_of_steps(home):
    """A callback that writes down the running loss after each step."""
    class Steps(home.callbacks.Callback):
        def __init__(self):
            super().__init__()
            self.losses = []

        def on_train_batch_end(self, batch, logs=None):
            self.losses.append(float(logs["loss"]))

    return Steps()


def same_history(ours, theirs, tolerance=TOLERANCE):
    assert set(ours.history) == set(theirs.history) and ours.epoch == theirs.epoch
    for name, values in theirs.history.items():
        np.testing.assert_allclose(ours.history[name], values, rtol=tolerance, atol=tolerance, err_msg=name)


def same_weights(model, twin, tolerance=TOLERANCE):
    for a, b in zip(model.get_weights(), twin.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


# Against Keras ----------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("optimizer, settings", [
    ("RMSprop", {}), ("Adam", dict(learning_rate=0.01)), ("SGD", dict(learning_rate=0.05, momentum=0.9, nesterov=True))])
def test_twenty_steps_are_those_of_keras(double, optimizer, settings):
    keras, (x, y) = double, pictures()                     # batches of 8 and 4 everywhere: JAX compiles each size anew
    model, twin = twins(keras, convnet)
    found = []
    for net, home in (model, tv), (twin, keras):
        net.compile(getattr(home.optimizers, optimizer)(**settings), "sparse_categorical_crossentropy", metrics=["accuracy"])
        steps = losses_of_steps(home)
        history = net.fit(x, y, batch_size=8, epochs=4, shuffle=False, validation_split=0.25, verbose=0, callbacks=[steps])
        result = net.evaluate(x[:44], y[:44], batch_size=8, verbose=0)
        found.append((history, steps.losses, result, net.predict(x[:12], batch_size=8, verbose=0)))
    (ours, our_steps, our_result, our_scores), (theirs, their_steps, their_result, their_scores) = found
    assert len(our_steps) == 20 and ours.history["loss"][-1] < ours.history["loss"][0]
    np.testing.assert_allclose(our_steps, their_steps, rtol=TOLERANCE)
    same_history(ours, theirs)
    same_weights(model, twin)
    np.testing.assert_allclose(our_result, their_result, rtol=TOLERANCE)
    np.testing.assert_allclose(our_scores, their_scores, rtol=TOLERANCE, atol=TOLERANCE)


def targets(kind, n=21):
    rng = np.random.default_rng(1)
    classes = rng.integers(0, 3, n)
    return {"numbers": rng.standard_normal((n, 1)), "flat numbers": rng.standard_normal(n), "bits": rng.integers(0, 2, n),
            "many bits": rng.integers(0, 2, (n, 3)), "one-hot": np.eye(3)[classes], "classes": classes}[kind]


@pytest.mark.parametrize("units, activation, loss, kind, metrics", [
    (1, None, "mse", "numbers", ["mse", "mean_squared_error"]),
    (1, None, "mean_squared_error", "flat numbers", []),
    (1, "sigmoid", "binary_crossentropy", "bits", ["accuracy"]),
    (3, "sigmoid", "binary_crossentropy", "many bits", ["binary_accuracy"]),
    (3, "softmax", "categorical_crossentropy", "one-hot", ["acc"]),
    (3, None, ("SparseCategoricalCrossentropy", dict(from_logits=True)), "classes",
     ["accuracy", "sparse_categorical_accuracy"]),
    (3, None, ("CategoricalCrossentropy", dict(from_logits=True, label_smoothing=0.1)), "one-hot", ["categorical_accuracy"]),
    (3, None, ("MeanSquaredError", dict(reduction="sum")), "one-hot", []),
], ids=lambda value: value if isinstance(value, str) else None)
def test_losses_and_metrics_in_training(double, units, activation, loss, kind, metrics):
    """Over batches of unequal size, the loss and the metrics of an epoch are weighted as in Keras."""
    keras, x, y = double, np.random.default_rng(2).standard_normal((21, 5)), targets(kind)
    model, twin = twins(keras, dense, units, activation)
    histories, results = [], []
    for net, home in (model, tv), (twin, keras):
        chosen = loss if isinstance(loss, str) else getattr(home.losses, loss[0])(**loss[1])
        net.compile(home.optimizers.SGD(0.1), chosen, metrics=metrics)
        histories.append(net.fit(x, y, batch_size=6, epochs=3, shuffle=False, validation_data=(x[:9], y[:9]), verbose=0))
        results.append(net.evaluate(x, y, batch_size=6, verbose=0, return_dict=True))
    same_history(*histories)
    same_weights(model, twin)
    assert set(results[0]) == set(results[1])
    np.testing.assert_allclose([results[0][name] for name in results[1]], list(results[1].values()), rtol=TOLERANCE)


def test_steps_per_epoch_go_on_where_they_were(double):
    keras, x, y = double, np.random.default_rng(2).standard_normal((24, 5)), targets("numbers", 24)
    model, twin = twins(keras, dense)
    histories = []
    for net in model, twin:
        net.compile("sgd", "mse")
        histories.append(net.fit(x, y, batch_size=4, steps_per_epoch=2, epochs=5, shuffle=False, verbose=0))
    same_history(*histories)
    same_weights(model, twin)


def test_validation_as_often_as_asked(double):
    keras, x, y = double, np.random.default_rng(2).standard_normal((21, 5)), targets("numbers")
    model, twin = twins(keras, dense)
    histories = []
    for net in model, twin:
        net.compile("sgd", "mse")
        histories.append(net.fit(x, y, batch_size=6, epochs=4, shuffle=False, validation_data=(x, y), validation_freq=2,
                                 validation_batch_size=3, validation_steps=2, verbose=0))
    same_history(*histories)
    assert len(histories[0].history["val_loss"]) == 2


# Seeds ------------------------------------------------------------------------------------------------------------------

def a_run(seed):
    """Weights and history of a training with a shuffle, dropout and random weights."""
    tv.utils.set_random_seed(seed)
    x, y = pictures()
    model = tv.Sequential([layers.Input((10, 8, 1)), layers.Conv2D(4, 3, activation="relu"), layers.Dropout(0.3),
                           layers.Flatten(), layers.Dense(4, activation="softmax")])
    model.compile("rmsprop", "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(x, y, batch_size=8, epochs=3, validation_split=0.2, verbose=0)
    return [w.tobytes() for w in model.get_weights()], history.history


def test_the_same_seed_is_the_same_run_bit_for_bit():
    assert a_run(1) == a_run(1)


def test_another_seed_is_another_run():
    (weights, history), (others, other) = a_run(1), a_run(2)
    assert all(a != b for a, b in zip(weights, others)) and history["loss"] != other["loss"]


def test_two_fits_in_a_row_are_one_long_one_without_a_shuffle():
    def run(*epochs):
        tv.utils.set_random_seed(1)
        (x, y), model = pictures(), convnet(tv)
        model.compile("adam", "sparse_categorical_crossentropy")
        losses = [model.fit(x, y, batch_size=8, epochs=n, shuffle=False, verbose=0).history["loss"] for n in epochs]
        return sum(losses, []), [w.tobytes() for w in model.get_weights()]

    assert run(4) == run(1, 3)


# Forms of data ----------------------------------------------------------------------------------------------------------

X, Y = np.random.default_rng(3).standard_normal((20, 5)), np.random.default_rng(4).standard_normal((20, 1))


def compiled(make=dense, seed=5, **settings):
    tv.utils.set_random_seed(seed)
    model = make(tv)
    model.compile("sgd", "mse", **settings)
    return model


def pairs(size=6):
    return [(X[i:i + size], Y[i:i + size]) for i in range(0, len(X), size)]


class Loader:
    """An iterable of batches that can be gone through again and again."""

    def __init__(self, sized):
        self.passes = 0
        if sized:
            self.__class__ = type("Sized", (Loader,), {"__len__": lambda self: 4})

    def __iter__(self):
        self.passes += 1
        return iter(pairs())


def endless():
    return itertools.cycle(pairs())


FORMS = {                                                  # all give the same batches, epoch by epoch
    "list": lambda: dict(x=pairs()), "tuple": lambda: dict(x=tuple(pairs())), "loader": lambda: dict(x=Loader(False)),
    "sized loader": lambda: dict(x=Loader(True)), "generator": lambda: dict(x=endless(), steps_per_epoch=4),
    "list in steps": lambda: dict(x=pairs(), steps_per_epoch=4), "lists in a list": lambda: dict(x=[tuple(p) for p in pairs()]),
    "tensors": lambda: dict(x=tv.tensor(X), y=tv.tensor(Y), batch_size=6, shuffle=False),
    "nested lists": lambda: dict(x=X.tolist(), y=Y.tolist(), batch_size=6, shuffle=False),
    "transposed": lambda: dict(x=np.asfortranarray(X), y=Y, batch_size=6, shuffle=False),
}


@pytest.mark.parametrize("form", FORMS)
def test_data_in_all_forms(form):
    model, expected = compiled(), compiled()
    history = model.fit(**FORMS[form](), epochs=3, verbose=0).history
    np.testing.assert_allclose(history["loss"], expected.fit(X, Y, 6, 3, shuffle=False, verbose=0).history["loss"], rtol=1e-12)
    for a, b in zip(model.get_weights(), expected.get_weights()):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("form", ["list", "loader", "sized loader"])
def test_evaluate_and_predict_on_all_forms(form):
    model = compiled()
    np.testing.assert_allclose(model.evaluate(**FORMS[form](), verbose=0), model.evaluate(X, Y, 6, verbose=0), rtol=1e-12)
    np.testing.assert_array_equal(model.predict(**FORMS[form]()), model.predict(X, batch_size=6))


@pytest.mark.parametrize("validation", [lambda: (X, Y), lambda: [X, Y], lambda: pairs(20), lambda: Loader(True),
                                        lambda: pairs(3), lambda: (tv.tensor(X), Y.tolist())], ids=range(6))
def test_validation_data_in_all_forms(validation):
    model = compiled()
    history = model.fit(X, Y, epochs=2, validation_data=validation(), verbose=0).history
    np.testing.assert_allclose(history["val_loss"][-1], model.evaluate(X, Y, verbose=0), rtol=1e-6)


def test_a_loader_is_gone_through_once_an_epoch():
    loader = Loader(False)
    compiled().fit(loader, epochs=3, verbose=0)
    assert loader.passes == 3


def test_an_endless_generator_goes_on_where_it_was():
    drawn = []

    def numbers():
        for i in itertools.count():
            drawn.append(i)
            yield X[i % 20:i % 20 + 1], Y[i % 20:i % 20 + 1]

    compiled().fit(numbers(), steps_per_epoch=3, epochs=4, verbose=0)
    assert drawn == list(range(12))                        # not one more than was needed


def test_a_used_up_generator_says_so():
    model = compiled()
    with pytest.raises(ValueError, match="no batches in epoch 2: a generator can be gone through only once"):
        model.fit((pair for pair in pairs()), epochs=2, verbose=0)
    assert len(model.history.history["loss"]) == 1
    with pytest.raises(ValueError, match="no batches in epoch 3"):         # 4 batches: two epochs of 3 and 1, and then no more
        model.fit((pair for pair in pairs()), steps_per_epoch=3, epochs=4, verbose=0)
    with pytest.raises(ValueError, match="gave no batches"):
        model.evaluate(iter(()), verbose=0)
    with pytest.raises(ValueError, match="gave no batches"):
        model.predict([])


def two_inputs():
    a, b = layers.Input((5,), name="a"), layers.Input((5,), name="b")
    model = tv.Model([a, b], layers.Dense(1)(layers.Concatenate()([a, b])))
    model.compile("sgd", "mse")
    return model


@pytest.mark.parametrize("form", ["list", "dict", "batches of lists", "batches of dicts"])
def test_several_inputs(form):
    def run(x, *y, **settings):
        tv.utils.set_random_seed(1)
        model = two_inputs()
        return model.fit(x, *y, epochs=2, shuffle=False, verbose=0, **settings).history["loss"], model.predict(x, **settings)

    lists, dicts = [X, X ** 2], {"b": X ** 2, "a": X}
    if form.startswith("batches"):
        found = run([([x, x ** 2] if "lists" in form else {"a": x, "b": x ** 2}, y) for x, y in pairs()])
    else:
        found = run(lists if form == "list" else dicts, Y, batch_size=6)
    expected = run(lists, Y, batch_size=6)
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-12)
    np.testing.assert_array_equal(found[1], expected[1])


@pytest.mark.parametrize("structure", [list, tuple, dict])
def test_predict_keeps_the_structure_of_the_outputs(structure):
    inputs = layers.Input((5,))
    parts = [layers.Dense(2)(inputs), layers.Dense(3)(inputs)]
    model = tv.Model(inputs, dict(zip("ab", parts)) if structure is dict else structure(parts))
    found, whole = model.predict(X, batch_size=6), model.predict_on_batch(X)
    assert isinstance(whole, structure)
    for a, b in zip(*(list(y.values()) if structure is dict else y for y in (found, whole)), strict=True):
        assert isinstance(a, np.ndarray) and len(a) == len(X)
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_predict():
    model = compiled()
    y = model.predict(X, batch_size=6)
    assert isinstance(y, np.ndarray) and y.shape == (20, 1)
    np.testing.assert_allclose(y, model(X, training=False).detach().numpy(), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(model.predict(X, batch_size=6, steps=2), y[:12])
    np.testing.assert_array_equal(dense(tv).predict(X).shape, (20, 1))     # needs no compile


def test_evaluate_returns_what_keras_returns(double):
    keras = double
    for metrics in [], ["mse"], ["mse", "mean_squared_error"]:
        model, twin = twins(keras, dense)
        for net in model, twin:
            net.compile("sgd", "mse", metrics=metrics)
        ours, theirs = (net.evaluate(X, Y, batch_size=6, verbose=0) for net in (model, twin))
        assert np.shape(ours) == np.shape(theirs)
        np.testing.assert_allclose(ours, theirs, rtol=1e-10)
        np.testing.assert_allclose(model.evaluate(X, Y, batch_size=5, steps=2, verbose=0),
                                   model.evaluate(X[:10], Y[:10], verbose=0), rtol=1e-10)


def test_single_batches():
    model, expected = compiled(metrics=["mse"]), compiled()
    before = model.test_on_batch(X, Y)
    assert model.train_on_batch(X, Y) == before and len(before) == 2       # as it was before the step
    found = model.train_on_batch(X, Y, return_dict=True)
    assert list(found) == ["loss", "mse"] and found["loss"] < before[0]
    history = expected.fit(X, Y, batch_size=20, epochs=2, shuffle=False, verbose=0).history["loss"]
    np.testing.assert_allclose([before[0], found["loss"]], history, rtol=1e-12)
    assert isinstance(expected.train_on_batch(X, Y), float)
    np.testing.assert_array_equal(model.predict_on_batch(X), model.predict(X))


# A loop that can be changed ---------------------------------------------------------------------------------------------

def test_a_loss_of_ones_own():
    class Autoencoder(tv.Model):
        def __init__(self):
            super().__init__()
            self.net = layers.Dense(5)

        def call(self, x):
            return self.net(x)

        def compute_loss(self, x, y, y_pred):
            return tv.ops.mean(tv.ops.square(y_pred - x))

    model = Autoencoder()
    model.compile("adam")
    history = model.fit(X, epochs=3, verbose=0).history["loss"]
    assert history[-1] < history[0] and model.evaluate(X, verbose=0) < history[-1]


def test_a_function_serves_as_a_loss():
    model, expected = dense(tv), compiled()
    model.set_weights(expected.get_weights())
    model.compile("sgd", lambda y_true, y_pred: tv.ops.mean(tv.ops.square(y_true - y_pred), axis=-1))
    found, expected = (net.fit(X, Y, shuffle=False, verbose=0).history["loss"] for net in (model, expected))
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_a_step_of_ones_own():
    class Loud(tv.Model):
        def train_step(self, batch):
            return {**super().train_step(batch), "steps": float(self.optimizer.iterations)}

    inputs = layers.Input((5,))
    model = Loud(inputs, layers.Dense(1)(inputs))
    model.compile("sgd", "mse")
    assert model.fit(X, Y, batch_size=5, epochs=2, verbose=0).history["steps"] == [4.0, 8.0]


def test_training_by_hand_is_fit():
    model, expected = compiled(), compiled()
    optimizer, loss = tv.optimizers.SGD(), tv.losses.MeanSquaredError()
    for x, y in pairs():
        value = loss(y, model(x, training=True))
        gradients = tv.grad(value, model.trainable_weights)
        optimizer.apply(gradients, model.trainable_weights)
    expected.fit(X, Y, batch_size=6, shuffle=False, verbose=0)
    for a, b in zip(model.get_weights(), expected.get_weights()):
        np.testing.assert_array_equal(a, b)


def test_gradients_reach_every_weight_of_every_layer():
    inputs = layers.Input((10, 8, 1))
    x = layers.Rescaling(2.0)(inputs)
    x = layers.Conv2D(4, (3, 2), strides=(1, 2), activation="tanh")(x)
    x = layers.BatchNormalization()(x)
    y = layers.Conv2D(4, 3, padding="same", groups=2)(x)
    x = layers.Add()([x, layers.ReLU(negative_slope=0.1)(y)])
    x = layers.Concatenate()([layers.MaxPooling2D(2)(x), layers.AveragePooling2D(2)(x)])
    x = layers.Conv2D(5, 2, dilation_rate=1, use_bias=False)(layers.Dropout(0.2)(x))
    x = layers.Activation("sigmoid")(layers.BatchNormalization(axis=1)(x))
    x = layers.Concatenate()([layers.GlobalAveragePooling2D()(x), layers.Flatten()(layers.Reshape((-1, 5))(x))])
    model = tv.Model(inputs, layers.Softmax()(layers.Dense(4)(x)))
    images, numbers = pictures()
    loss = tv.losses.SparseCategoricalCrossentropy()(numbers, model(images, training=True))
    loss.backward()
    assert len(model.trainable_weights) == 11
    for weight in model.trainable_weights:
        assert np.isfinite(weight.grad.numpy()).all() and np.abs(weight.grad.numpy()).max() > 1e-7, weight.path


def test_a_fit_leaves_no_gradients_of_the_step_before():
    model = compiled()
    model.fit(X, Y, batch_size=20, shuffle=False, verbose=0)
    first = [w.grad.numpy().copy() for w in model.weights]
    model.optimizer.learning_rate = 0.0
    for _ in range(2):                                     # at rate 0, each step finds the same gradients: none add up
        model.fit(X, Y, batch_size=20, shuffle=False, verbose=0)
        second = [w.grad.numpy().copy() for w in model.weights]
        assert (np.abs(second[0]) < 2 * np.abs(first[0]).max()).all()
    np.testing.assert_array_equal(second[0], model.weights[0].grad.numpy())


# Output, interruption, memory -------------------------------------------------------------------------------------------

def test_silence(capfd):
    model = compiled(metrics=["mse"])
    model.fit(X, Y, epochs=2, validation_split=0.2, verbose=0)
    model.evaluate(X, Y, verbose=0)
    model.predict(X, verbose=0)
    assert capfd.readouterr() == ("", "")


def test_a_line_an_epoch(capfd):
    history = compiled(metrics=["mse"]).fit(X, Y, epochs=2, validation_split=0.2, verbose=2).history
    expected = "".join(f"Epoch {i + 1}/2: " + ", ".join(f"{name}={values[i]:.4f}" for name, values in history.items()) + "\n"
                       for i in range(2))
    assert capfd.readouterr() == (expected, "")


@pytest.mark.parametrize("verbose", [1, "auto"])
def test_a_bar(capfd, verbose):
    history = compiled().fit(X, Y, batch_size=5, epochs=2, verbose=verbose).history
    shown = capfd.readouterr().err
    assert "Epoch 2/2" in shown and "4/4" in shown and f"loss={history['loss'][1]:.4f}" in shown


def test_evaluate_prints_its_result(capsys):
    loss = compiled().evaluate(X, Y)
    assert capsys.readouterr().out == f"loss: {loss:.4f}\n"


def test_histories_are_plain_numbers():
    history = compiled(metrics=["mse"]).fit(X, Y, epochs=2, validation_split=0.2, verbose=0)
    assert json.loads(json.dumps(history.history)) == history.history
    assert list(history.history) == ["loss", "mse", "val_loss", "val_mse"] and history.epoch == [0, 1]


def test_ctrl_c_keeps_what_was_learned(capsys):
    class Impatient(callbacks.Callback):
        ended = False

        def on_train_batch_end(self, batch, logs=None):
            if self.model.optimizer.iterations == 10:
                raise KeyboardInterrupt

        def on_train_end(self, logs=None):
            self.ended = True

    model, expected, impatient = compiled(), compiled(), Impatient()
    history = model.fit(X, Y, batch_size=5, epochs=10, shuffle=False, callbacks=[impatient], verbose=0)
    assert "interrupted" in capsys.readouterr().out
    assert len(history.history["loss"]) == 2 and history is model.history and impatient.ended
    expected.fit(X, Y, batch_size=5, steps_per_epoch=10, shuffle=False, verbose=0)         # two and a half rounds
    for a, b in zip(model.get_weights(), expected.get_weights()):
        np.testing.assert_array_equal(a, b)
    assert len(model.fit(X, Y, epochs=2, verbose=0).epoch) == 2            # and it can go on


def test_memory_stays_flat():
    """2,000 steps: after the first 50 not an object piles up, and none has to wait for the garbage collector."""
    model = tv.Sequential([layers.Input((4, 4, 1)), layers.Conv2D(2, 3), layers.BatchNormalization(), layers.Dropout(0.1),
                           layers.MaxPooling2D(), layers.Flatten(), layers.Dense(2, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    x, y = np.random.default_rng(0).random((4, 4, 4, 1), np.float32), np.array([0, 1, 0, 1])

    def blocks_after(steps):
        for _ in range(steps):
            model.train_on_batch(x, y)
        return gc.collect(), sys.getallocatedblocks()      # what was in cycles; blocks of memory that Python's objects hold

    with tv.kernels.use("numpy"):                          # the meetings of threads would take a minute on a busy machine
        blocks_after(50)
        gc.disable()
        try:
            (_, start), (cycles, end) = blocks_after(50), blocks_after(1900)
        finally:
            gc.enable()
    assert cycles == 0 and end - start < 950               # half an object a step
