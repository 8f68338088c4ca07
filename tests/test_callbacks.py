"""Callbacks: early stopping and checkpoints against Keras, driven by the same logs; history and progress."""
import inspect
import os
import warnings

import numpy as np
import pytest

import tinyvision as tv
from tinyvision import callbacks, layers
from tinyvision.metrics.direction import direction


class Dummy:
    """A model that only remembers what was asked of it. Its one weight is the epoch that it is in."""

    def __init__(self):
        self.stop_training, self.saved, self.weights, self.metrics = False, [], [np.array(-1.0)], []

    def get_weights(self):
        return [w.copy() for w in self.weights]

    def set_weights(self, weights):
        self.weights = weights

    def save(self, path, overwrite=True):
        self.saved.append(("model", path))

    def save_weights(self, path, overwrite=True):
        self.saved.append(("weights", path))


def drive(callback, values, name="val_loss", batches=0):
    """Tell a callback what `fit` would tell it: the number of each epoch, and of each batch. Returns what it did."""
    model = Dummy()
    if hasattr(callback, "set_model"):
        callback.set_model(model)
    else:
        callback.model = model
    epochs = 0
    callback.on_train_begin()
    for epoch, value in enumerate(values):
        model.weights = [np.array(float(epoch))]
        callback.on_epoch_begin(epoch)
        for batch in range(batches):
            callback.on_train_batch_begin(batch)
            callback.on_train_batch_end(batch, {"loss": float(batch)} | ({} if value is None else {name: value}))
        callback.on_epoch_end(epoch, {} if value is None else {name: value})
        epochs += 1
        if model.stop_training:
            break
    callback.on_train_end({})
    return {"epochs": epochs, "weights": float(model.weights[0]), "saved": model.saved}


def curve(seed):
    """Twelve numbers that go down for a while; eighths, so that ties and differences are exact."""
    rng = np.random.default_rng(seed)
    return list(np.round(8 * (2 - np.linspace(0, 1.5, 12) + rng.normal(0, 0.5, 12))) / 8)


CURVES = {
    "down": [5.0, 4.0, 3.0, 2.0], "up": [1.0, 2.0, 3.0, 4.0], "flat": [2.0] * 5,
    "late": [3.0, 4.0, 4.0, 2.0, 5.0, 5.0, 5.0, 1.0],
    "one": [1.0], "infinite": [np.inf, 3.0, np.inf, np.inf, 2.0],
    "broken": [np.nan, 3.0, 2.0, 1.0], "breaking": [3.0, 2.0, np.nan, np.nan, 1.0],
    **{f"random {seed}": curve(seed) for seed in range(6)},
}
every_curve = pytest.mark.parametrize("curve", CURVES)

STOPPING = {
    "plain": {}, "patient": dict(patience=2), "very patient": dict(patience=5),
    "choosy": dict(min_delta=0.25, patience=1), "negative delta": dict(min_delta=-0.25, patience=1),
    "baseline": dict(baseline=1.5), "patient baseline": dict(baseline=1.5, patience=3),
    "strict baseline": dict(baseline=1.5, patience=3, min_delta=0.125),
    "later": dict(start_from_epoch=3), "later and patient": dict(start_from_epoch=2, patience=2),
    "beyond the end": dict(start_from_epoch=50),
}


@pytest.mark.parametrize("mode", ["min", "max", "auto"])
@pytest.mark.parametrize("restore", [False, True], ids=["stay", "restore"])
@pytest.mark.parametrize("settings", STOPPING)
@every_curve
def test_early_stopping_is_that_of_keras(keras, curve, settings, restore, mode):
    """The same last epoch, and the same weights at the end."""
    settings = dict(**STOPPING[settings], restore_best_weights=restore, mode=mode)
    ours = drive(callbacks.EarlyStopping(**settings), CURVES[curve])
    assert ours == drive(keras.callbacks.EarlyStopping(**settings), CURVES[curve])


def test_early_stopping_starts_afresh():
    stop = callbacks.EarlyStopping(patience=1, restore_best_weights=True)
    first = drive(stop, CURVES["late"])
    assert drive(stop, CURVES["late"]) == first == {"epochs": 2, "weights": 0.0, "saved": []}


def test_early_stopping_tells_what_it_did(capsys):
    drive(callbacks.EarlyStopping(verbose=1, patience=1), CURVES["late"])
    assert capsys.readouterr().out == "Stopped after epoch 2: val_loss was best in epoch 1, 3.0000\n"
    drive(callbacks.EarlyStopping(verbose=1), CURVES["down"])
    drive(callbacks.EarlyStopping(), CURVES["late"])
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("make", [lambda: callbacks.EarlyStopping(),
                                  lambda: callbacks.ModelCheckpoint("a.keras", save_best_only=True)])
def test_a_number_that_is_not_there(make):
    with pytest.warns(UserWarning, match="watches 'val_loss', which is not in the logs: there is accuracy; .*validation_data"):
        assert drive(make(), [1.0, 2.0], "accuracy")["epochs"] == 2


CHECKPOINTS = {
    "each": ("m.keras", {}), "best": ("m.keras", dict(save_best_only=True)),
    "best of max": ("m.keras", dict(save_best_only=True, mode="max")),
    "threshold": ("m.keras", dict(save_best_only=True, initial_value_threshold=1.5)),
    "threshold of max": ("m.keras", dict(save_best_only=True, initial_value_threshold=1.5, mode="max")),
    "weights": ("m.weights.h5", dict(save_weights_only=True)),
    "named": ("m-{epoch:02d}-{val_loss:.2f}.keras", dict(save_best_only=True)),
    "batches": ("m-{epoch}-{batch}.keras", dict(save_freq=3)),
    "many batches": ("m-{epoch}-{batch:03d}-{loss:.1f}.weights.h5", dict(save_freq=7, save_weights_only=True)),
    "best batches": ("m-{epoch}-{batch}.keras", dict(save_freq=2, save_best_only=True, monitor="val_loss")),
}


@pytest.mark.parametrize("settings", CHECKPOINTS)
@every_curve
def test_checkpoints_are_those_of_keras(keras, curve, settings):
    """The same files, in the same order."""
    path, settings = CHECKPOINTS[settings]
    ours, theirs = (home.callbacks.ModelCheckpoint(path, **settings) for home in (tv, keras))
    if "save_freq" in settings:
        theirs.set_model(Dummy())
        theirs._set_monitor_op()                           # which it would do in its first on_epoch_end, after it needs it
    expected = drive(theirs, CURVES[curve], batches=4)
    assert drive(ours, CURVES[curve], batches=4) == expected
    assert expected["saved"] or "threshold" in str(settings) or "max" in str(settings) or len(CURVES[curve]) == 1


def test_a_checkpoint_without_its_number_is_kept(keras):
    """Better one file too many than none, as in Keras."""
    settings = dict(filepath="m-{epoch}.keras", save_best_only=True)
    with pytest.warns(UserWarning, match="not in the logs"):
        ours = drive(callbacks.ModelCheckpoint(**settings), [3.0, None, 2.0, 4.0])
    with pytest.warns(UserWarning):
        assert ours == drive(keras.callbacks.ModelCheckpoint(**settings), [3.0, None, 2.0, 4.0])
    assert ours["saved"] == [("model", f"m-{epoch}.keras") for epoch in (1, 2, 3)]


def test_a_path_that_names_what_is_not_there():
    with pytest.raises(ValueError, match="the path '{val_loss:.2f}.keras' names 'val_loss', which is not in the logs: there is "
                                         "epoch, accuracy; fit needs validation_data"):
        drive(callbacks.ModelCheckpoint("{val_loss:.2f}.keras"), [1.0], "accuracy")
    with pytest.raises(ValueError, match="names 'batch', which is not in the logs: there is epoch, loss$"):
        drive(callbacks.ModelCheckpoint("{batch}.keras"), [1.0], "loss")


def test_a_checkpoint_tells_what_it_did(capsys):
    drive(callbacks.ModelCheckpoint("m.keras", verbose=1, save_best_only=True), [3.0, 4.0])
    assert capsys.readouterr().out == "Saved m.keras after epoch 1\n"


@pytest.mark.parametrize("make, message", [
    (lambda: callbacks.ModelCheckpoint("model"), "must end in '.keras', got 'model'"),
    (lambda: callbacks.ModelCheckpoint("model.keras", save_weights_only=True), "must end in '.weights.h5'"),
    (lambda: callbacks.ModelCheckpoint("m.keras", save_freq=0), "'epoch' or a number of batches, got 0"),
    (lambda: callbacks.ModelCheckpoint("m.keras", save_freq="batch"), "got 'batch'"),
    (lambda: callbacks.EarlyStopping(mode="down"), "mode is 'auto', 'min' or 'max', not 'down'")], ids=range(5))
def test_what_cannot_be_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("name", ["EarlyStopping", "ModelCheckpoint"])
def test_arguments_are_those_of_keras(keras, name):
    ours, theirs = (inspect.signature(getattr(home.callbacks, name)).parameters for home in (tv, keras))
    assert {p.name: p.default for p in ours.values()} == {p.name: p.default for p in theirs.values()}
    assert list(ours) == list(theirs)


@pytest.mark.parametrize("turn", ["on_train_begin", "on_train_end", "on_epoch_begin", "on_epoch_end", "on_train_batch_begin",
                                  "on_train_batch_end"])
def test_turns_have_the_arguments_of_keras(keras, turn):
    ours, theirs = (inspect.signature(getattr(home.callbacks.Callback, turn)).parameters for home in (tv, keras))
    assert {p.name: p.default for p in ours.values()} == {p.name: p.default for p in theirs.values()}


@pytest.mark.parametrize("make, error, message", [
    (lambda: callbacks.ReduceLROnPlateau(factor=1.0), ValueError, "factor lies between 0 and 1, and is not 1, got 1.0"),
    (lambda: callbacks.ReduceLROnPlateau(mode="down"), ValueError, "mode is 'auto', 'min' or 'max', not 'down'"),
    (lambda: callbacks.LearningRateScheduler(0.1), TypeError, "schedule is a function of .epoch, learning_rate., got 0.1"),
    (lambda: callbacks.LambdaCallback(on_epoch_ended=print), TypeError, "no argument 'on_epoch_ended': did you mean 'on_epoch_end'"),
    (lambda: callbacks.LambdaCallback(on_epoch_end=3), TypeError, "LambdaCallback: on_epoch_end is a function, got 3"),
    (lambda: callbacks.CSVLogger(3.5), TypeError, "float"),
    (lambda: tiny().fit(X, Y, callbacks=[callbacks.CSVLogger("there/is/no/such/folder.csv")], verbose=0), FileNotFoundError,
     "no/such/folder.csv"),
    (lambda: tiny().fit(X, Y, callbacks=[callbacks.LearningRateScheduler(lambda epoch, rate: None)], verbose=0), ValueError,
     "schedule is to return a number, got None for epoch 0"),
    (lambda: tiny().fit(X, Y, callbacks=[callbacks.LearningRateScheduler(lambda epoch, rate: -rate)], verbose=0), ValueError,
     "SGD: the learning rate is a number, 0 or more, .*got -0.01")], ids=range(9))
def test_what_cannot_be_is_refused_by_others(make, error, message):
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize("make", [lambda: callbacks.ReduceLROnPlateau("loss"),
                                  lambda: callbacks.LearningRateScheduler(lambda epoch, rate: rate)])
def test_one_chooses_the_rate(make):
    """Not a schedule of the optimizer's and a callback, too."""
    model, schedule = tiny(), tv.optimizers.schedules.CosineDecay(0.1, 10)
    model.compile(tv.optimizers.SGD(schedule), "mse")
    with pytest.raises(TypeError, match="the learning rate is chosen by the optimizer's CosineDecay; give it a number"):
        model.fit(X, Y, callbacks=[make()], verbose=0)


def test_callbacks_tell_what_they_did(capsys):
    model = tiny()
    model.fit(X, Y, epochs=3, verbose=0, callbacks=[callbacks.ReduceLROnPlateau("loss", patience=1, min_delta=1e9, verbose=1)])
    model.fit(X, Y, epochs=1, verbose=0, callbacks=[callbacks.LearningRateScheduler(lambda epoch: 0.25, verbose=1)])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("Epoch 2: loss was best with ") and lines[0].endswith("; learning rate 0.001 from here on")
    assert lines[2:] == ["Epoch 1: learning rate 0.25"]
    model.compile(tv.optimizers.SGD(1e38), "mse")
    with np.errstate(all="ignore"):
        model.fit(X, Y, batch_size=4, epochs=3, verbose=0, callbacks=[callbacks.TerminateOnNaN()])
    assert capsys.readouterr().out.startswith("Training ends: the loss is inf in batch 1: try a smaller learning rate, or clipnorm=1.0")


def test_lines_are_on_disk_when_training_crashes(tmp_path):
    class Crash(callbacks.Callback):
        def on_epoch_end(self, epoch, logs):
            if epoch == 2:
                raise MemoryError

    with pytest.raises(MemoryError):
        tiny().fit(X, Y, epochs=5, verbose=0, callbacks=[callbacks.CSVLogger(tmp_path / "log.csv"), Crash()])
    lines = (tmp_path / "log.csv").read_text().splitlines()
    assert [line.split(",")[0] for line in lines] == ["epoch", "0", "1", "2"]


# Which way is better ----------------------------------------------------------------------------------------------------

METRICS = {
    name: {"IoU": {"num_classes": 2, "target_class_ids": [0]}, "OneHotIoU": {"num_classes": 2, "target_class_ids": [0]},
           "MeanIoU": {"num_classes": 2}, "OneHotMeanIoU": {"num_classes": 2}, "SensitivityAtSpecificity": {"specificity": 0.5},
           "SpecificityAtSensitivity": {"sensitivity": 0.5}, "PrecisionAtRecall": {"recall": 0.5},
           "RecallAtPrecision": {"precision": 0.5}}.get(name, {})
    for name, found in vars(tv.metrics).items()
    if isinstance(found, type) and name not in ("Metric", "MeanMetricWrapper")}


@pytest.mark.parametrize("name", METRICS)
def test_metrics_have_the_direction_of_keras(keras, name):
    there = getattr(getattr(keras.metrics, name)(**METRICS[name]), "_direction", None)
    assert direction(getattr(tv.metrics, name)(**METRICS[name])) == there
    assert there or name in ("Mean", "Sum", "TruePositives", "TrueNegatives", "FalsePositives", "FalseNegatives")


def watching(make, monitor, values, *metrics):
    """How a callback takes numbers of a metric of a model that was compiled with it."""
    model = tiny([*metrics])
    callback = make(monitor)
    callback.model = model
    callback.on_train_begin()
    kept = []
    for epoch, value in enumerate(values):
        callback.on_epoch_end(epoch, {monitor: value})
        kept.append(callback.best)
    return kept


WATCHERS = [lambda monitor: callbacks.EarlyStopping(monitor), lambda monitor: callbacks.ReduceLROnPlateau(monitor)]


@pytest.mark.parametrize("make", WATCHERS)
@pytest.mark.parametrize("monitor, metric, rising", [
    ("val_loss", "mse", False), ("loss", "mse", False), ("val_mse", "mse", False), ("acc", "acc", True), ("accuracy", "accuracy", True),
    ("val_r2_score", "r2_score", True), ("f1_score", tv.metrics.F1Score(average="macro"), True),
    ("val_cosine_similarity", "cosine_similarity", True), ("hits", tv.metrics.BinaryAccuracy(name="hits"), True),
    ("val_io_u", tv.metrics.IoU(2, [0], name="io_u"), True), ("acceleration", tv.metrics.MeanSquaredError(name="acceleration"), False),
    ("binary_accuracy", tv.metrics.binary_accuracy, True), ("huber_loss", tv.losses.Huber(), False),
    ("log_cosh", tv.losses.log_cosh, False), ("precision", tv.metrics.Precision(), True)])
def test_the_direction_is_that_of_the_metric(make, monitor, metric, rising):
    """Not one that its name makes likely."""
    assert watching(make, monitor, [1.0, 3.0, 2.0], metric) == ([1.0, 3.0, 3.0] if rising else [1.0, 1.0, 1.0])


@pytest.mark.parametrize("make", [*WATCHERS, lambda monitor: callbacks.ModelCheckpoint("a.keras", monitor, save_best_only=True)])
@pytest.mark.parametrize("monitor, metric, message", [
    ("val_true_positives", tv.metrics.TruePositives(), "watches 'val_true_positives', which is a TruePositives: whether more or less "
                                                       "of it is better cannot be told; give mode='max' or mode='min'$"),
    ("learning_rate", "mse", "which is neither the loss nor a metric of compile: .*; give mode='max' or mode='min'. There is loss, mse"),
    ("val_acuracy", "accuracy", "give mode='max' or mode='min': did you mean 'accuracy'. There is loss, accuracy"),
    ("mine", tv.metrics.MeanMetricWrapper(lambda y, p: p - y, "mine"), "'mine', which is a MeanMetricWrapper: ")])
def test_what_has_no_direction_needs_a_mode(make, monitor, metric, message):
    with pytest.raises(ValueError, match=message):
        watching(make, monitor, [], metric)


def test_a_direction_is_needed_only_where_it_is_asked_for():
    callback = callbacks.ModelCheckpoint("a.keras", "nothing")
    callback.model = tiny()
    callback.on_train_begin()
    for name in "learning_rate", "true_positives":
        assert watching(lambda monitor: callbacks.EarlyStopping(monitor, mode="max"), name, [1.0, 2.0]) == [1.0, 2.0]


def test_the_best_by_a_metric_is_kept(tmp_path):
    """R2 goes up as the training succeeds: no stop, and the last epoch is the best."""
    model, rng = tiny([tv.metrics.R2Score()]), np.random.default_rng(0)
    x = rng.standard_normal((16, 3))
    y = x.sum(axis=1, keepdims=True)
    best = callbacks.ModelCheckpoint(tmp_path / "best.keras", "val_r2_score", save_best_only=True)
    history = model.fit(x, y, epochs=8, verbose=0, validation_data=(x, y), callbacks=[best, callbacks.EarlyStopping("val_r2_score")])
    assert len(history.epoch) == 8 and best.best == max(history.history["val_r2_score"]) == history.history["val_r2_score"][-1]
    np.testing.assert_array_equal(tv.models.load_model(tmp_path / "best.keras").get_weights()[0], model.get_weights()[0])


def test_metrics_of_several_outputs_have_directions():
    inputs = tv.Input((3,))
    model = tv.Model(inputs, [layers.Dense(1, name="a")(inputs), layers.Dense(2, name="b")(inputs)])
    model.compile("sgd", ["mse", "mse"], metrics=[["accuracy"], ["mae"]], weighted_metrics=[["accuracy"], []])
    expected = {"a_loss": -1, "b_loss": -1, "a_accuracy": 1, "b_mae": -1, "a_weighted_accuracy": 1, "loss": -1}
    for name, sign in expected.items():
        watch = callbacks.EarlyStopping(f"val_{name}")
        watch.model = model
        assert watch.sign() == sign
    history = model.fit(X, [Y, np.ones((12, 2))], epochs=2, verbose=0, callbacks=[callbacks.EarlyStopping(n) for n in expected])
    assert set(expected) <= set(history.history)


def test_one_number_is_watched():
    three = np.array([0.1, 0.2, 0.3])
    for make in WATCHERS:
        with pytest.raises(ValueError, match=r"watches 'f1_score', which is not one number but an array of shape \(3,\): let the metric "
                                             'average, with F1Score\\(average="macro"\\) for instance'):
            watching(make, "f1_score", [three], tv.metrics.F1Score())
        assert watching(make, "f1_score", [np.array([0.5])], tv.metrics.F1Score()) == [0.5]


def test_metrics_that_are_arrays_are_shown(capsys):
    model = tiny([tv.metrics.F1Score(), "mse"])
    for verbose in 1, 2:
        model.fit(X, Y, epochs=1, verbose=verbose)
    assert ", f1_score=[1.], mse=" in capsys.readouterr().out
    model.evaluate(X, Y)
    assert ", f1_score: [1.], mse: " in capsys.readouterr().out


# In fit -----------------------------------------------------------------------------------------------------------------

def tiny(metrics=()):
    model = tv.Sequential([layers.Input((3,)), layers.Dense(1)])
    model.compile("sgd", "mse", metrics=metrics)
    return model


X, Y = np.random.default_rng(0).standard_normal((12, 3)), np.ones((12, 1))


class Diary(callbacks.Callback):
    """Writes down each turn."""

    def __init__(self):
        self.turns = []

    def __getattribute__(self, name):
        if name.startswith("on_"):
            return lambda *facts: self.turns.append((name, *[sorted(f) if isinstance(f, dict) else f for f in facts]))
        return super().__getattribute__(name)


def test_the_order_of_turns():
    diary = Diary()
    model = tiny(["mse"])
    model.fit(X, Y, batch_size=8, epochs=2, validation_data=(X, Y), callbacks=[diary], verbose=0)
    batch, end = ["loss", "mse"], ["loss", "mse", "val_loss", "val_mse"]
    assert [turn for turn in diary.turns] == [
        ("on_train_begin", []),
        *[turn for epoch in (0, 1) for turn in (
            ("on_epoch_begin", epoch, []), ("on_train_batch_begin", 0, []), ("on_train_batch_end", 0, batch),
            ("on_train_batch_begin", 1, []), ("on_train_batch_end", 1, batch), ("on_test_begin", []), ("on_test_end", batch),
            ("on_epoch_end", epoch, end))],
        ("on_train_end", end)]
    assert diary.model is model


def test_turns_are_those_of_keras(keras):
    """A callback that is written for Keras sees the same turns, with the same numbers and names."""
    def seen(home):
        class Watch(home.callbacks.Callback):
            found = []

            def on_train_begin(self, logs=None):
                super().on_train_begin(logs)
                self.found.append("begin")

            def on_epoch_begin(self, epoch, logs=None):
                super().on_epoch_begin(epoch, logs)
                self.found.append(("epoch", epoch))

            def on_train_batch_end(self, batch, logs=None):
                super().on_train_batch_end(batch, logs)
                self.found.append((batch, sorted(logs)))

            def on_epoch_end(self, epoch, logs=None):
                super().on_epoch_end(epoch, logs)
                self.found.append((epoch, sorted(logs)))
                if epoch == 1:
                    self.model.stop_training = True

            def on_train_end(self, logs=None):
                self.found.append("end")

        watch = Watch()
        model = home.Sequential([home.layers.Input((3,)), home.layers.Dense(1)])
        model.compile("sgd", "mse", metrics=["mse"])
        model.fit(X, Y, batch_size=8, epochs=5, validation_split=0.25, callbacks=[watch], verbose=0)
        return watch.found

    assert seen(tv) == seen(keras)


def test_early_stopping_in_fit():
    model = tiny()
    weights = model.get_weights()
    stop = callbacks.EarlyStopping("loss", patience=2, restore_best_weights=True, min_delta=1e9)
    history = model.fit(X, Y, epochs=50, callbacks=[stop], verbose=0)
    assert len(history.epoch) == 3 and stop.stopped_epoch == 2
    assert (model.get_weights()[0] != weights[0]).all()    # the best epoch was the first, not the start


def test_checkpoints_in_fit(monkeypatch, tmp_path):
    model, saved = tiny(), []
    monkeypatch.setattr(type(model), "save", lambda self, path: saved.append((path, self.get_weights()[0])), raising=False)
    path = tmp_path / "m-{epoch}.keras"
    history = model.fit(X, Y, epochs=3, callbacks=[callbacks.ModelCheckpoint(path, "loss")], verbose=0)
    assert [os.path.basename(name) for name, _ in saved] == ["m-1.keras", "m-2.keras", "m-3.keras"]
    np.testing.assert_array_equal(saved[-1][1], model.get_weights()[0])
    assert len(history.history["loss"]) == 3


def test_history():
    history = callbacks.History()
    history.on_epoch_end(0, {"loss": 2.0})
    history.on_epoch_end(1, {"loss": 1.0, "val_loss": 3.0})
    assert history.epoch == [0, 1] and history.history == {"loss": [2.0, 1.0], "val_loss": [3.0]}


@pytest.mark.parametrize("wrap", [lambda one: one, lambda one: [one], lambda one: (one,), lambda one: iter([one])])
def test_one_callback_or_several(wrap):
    """Alone as in Keras, in a list, or in anything that holds it; by name or by position."""
    named, placed = Diary(), Diary()
    tiny().fit(X, Y, verbose=0, callbacks=wrap(named))
    tiny().fit(X, Y, None, 1, 0, wrap(placed))
    assert len(named.turns) == len(placed.turns) == 6


class Loader:
    """No callback, though it has a turn."""

    def on_epoch_end(self, epoch, logs=None): ...


@pytest.mark.parametrize("given, message", [
    ([callbacks.EarlyStopping], r"has the class EarlyStopping, not an object of it: write callbacks=\[EarlyStopping\(...\)\]"),
    (callbacks.Callback, "has the class Callback, not an object of it"),
    ([Loader()], r"a list of Callbacks, got <.*> \(Loader\) in it: derive its class from tinyvision's callbacks.Callback"),
    ([callbacks.EarlyStopping(), None], r"got None \(NoneType\) in it"), ("EarlyStopping", r"got 'EarlyStopping' \(str\)"),
    (3, r"got 3 \(int\) in it: derive"), (lambda epoch, logs: None, r"\(function\) in it: a function is one in LambdaCallback\(on_epoch_end"),
    ([[callbacks.TerminateOnNaN()]], r"\(list\) in it")])
def test_what_is_no_callback(given, message):
    model = tiny()
    with pytest.raises(TypeError, match=f"fit: callbacks .*{message}"):
        model.fit(X, Y, verbose=0, callbacks=given)
    assert model.history is None                           # it was found before training


def test_turns_that_never_come_are_named_once():
    class Hopeful(callbacks.Callback):
        def on_test_batch_end(self, batch, logs=None): ...
        def on_predict_begin(self, logs=None): ...
        def on_batch_end(self, batch, logs=None): ...
        def on_epoch_ends(self, epoch, logs=None): ...
        def on_epoch_end(self, epoch, logs=None): ...

    with pytest.warns(UserWarning) as said:
        tiny().fit(X, Y, verbose=0, callbacks=Hopeful())
        tiny().fit(X, Y, verbose=0, callbacks=[Hopeful()])
    all_turns = ("it calls on_train_begin, on_train_end, on_epoch_begin, on_epoch_end, on_test_begin, on_test_end, "
                 "on_train_batch_begin, on_train_batch_end")
    assert sorted(str(warning.message) for warning in said) == [
        "fit never calls Hopeful.on_batch_end: did you mean on_train_batch_end?",
        "fit never calls Hopeful.on_epoch_ends: did you mean on_epoch_end?",
        f"fit never calls Hopeful.on_predict_begin: {all_turns}", f"fit never calls Hopeful.on_test_batch_end: {all_turns}"]
    assert {warning.filename for warning in said} == {__file__}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tiny().fit(X, Y, verbose=0, callbacks=[Diary(), callbacks.LambdaCallback(on_test_end=print), callbacks.TerminateOnNaN()])


def test_stop_training_is_forgotten_by_the_next_fit():
    class Stop(callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.stop_training = True

    model = tiny()
    assert len(model.fit(X, Y, epochs=4, callbacks=[Stop()], verbose=0).epoch) == 1
    assert len(model.fit(X, Y, epochs=4, verbose=0).epoch) == 4


# Averages of weights ----------------------------------------------------------------------------------------------------------

def averaging(*watchers, epochs=4, framework=tv, kinds=layers, **settings):
    """A small model that has been trained with averages of its weights; its history."""
    model = framework.Sequential([framework.Input((3,)), kinds.Dense(4, activation="tanh"), kinds.Dense(1)])
    rng = np.random.default_rng(0)
    model.set_weights([rng.normal(size=w.shape).astype("float32") for w in model.get_weights()])
    model.compile(framework.optimizers.SGD(0.05, use_ema=True, ema_momentum=0.8), "mse")
    x, y = rng.normal(size=(20, 3)).astype("float32"), rng.normal(size=(20, 1)).astype("float32")
    history = model.fit(x[:12], y[:12], batch_size=4, epochs=epochs, shuffle=False, verbose=0, callbacks=list(watchers),
                        validation_data=(x[12:], y[12:]), **settings)
    return model, history.history


class Notes(callbacks.Callback):
    """The weights at each turn."""

    def __init__(self):
        super().__init__()
        self.seen = {}

    def on_epoch_begin(self, epoch, logs=None):
        self.seen["begin", epoch] = self.model.get_weights()

    def on_test_begin(self, logs=None):
        self.seen["test", len([turn for turn, _ in self.seen if turn == "test"])] = self.model.get_weights()

    def on_epoch_end(self, epoch, logs=None):
        self.seen["end", epoch] = self.model.get_weights()


def test_averages_stand_in_for_the_weights_during_validation(tmp_path):
    plain, between, over = Notes(), Notes(), Notes()
    model, without = averaging(plain)
    after, history = averaging(callbacks.SwapEMAWeights(), between)
    kept = callbacks.ModelCheckpoint(tmp_path / "{epoch}.keras")
    last, saved = averaging(callbacks.SwapEMAWeights(swap_on_epoch=True), over, kept)
    assert history["loss"] == without["loss"] == saved["loss"]           # training goes on with the weights
    assert history["val_loss"] == saved["val_loss"] != without["val_loss"]
    for epoch in range(4):
        weights = plain.seen["end", epoch]
        for notes in between, over:
            np.testing.assert_equal(notes.seen["begin", epoch], plain.seen["begin", epoch])
        np.testing.assert_equal(between.seen["end", epoch], weights)
        averages = over.seen["end", epoch]
        np.testing.assert_equal(over.seen["test", epoch], averages)
        assert all((a != b).any() for a, b in zip(averages, weights))
        np.testing.assert_equal(tv.models.load_model(tmp_path / f"{epoch + 1}.keras").get_weights(), averages)
    for ended in model, after, last:
        np.testing.assert_equal(ended.get_weights(), averages)


@pytest.mark.parametrize("swap_on_epoch", [False, True])
def test_averages_stand_in_as_in_keras(keras, swap_on_epoch):
    mine, ours = averaging(callbacks.SwapEMAWeights(swap_on_epoch))
    other, theirs = averaging(keras.callbacks.SwapEMAWeights(swap_on_epoch), framework=keras, kinds=keras.layers)
    for name in "loss", "val_loss":
        np.testing.assert_allclose(ours[name], theirs[name], rtol=1e-5)
    for a, b in zip(mine.get_weights(), other.get_weights()):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def test_averages_are_backed_up(tmp_path):
    class Killed(callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 2:
                raise SystemExit

    def watchers():
        return callbacks.SwapEMAWeights(swap_on_epoch=True), callbacks.BackupAndRestore(tmp_path / "run")
    whole, expected = averaging(*watchers())
    with pytest.raises(SystemExit):
        averaging(*watchers(), Killed())
    model, found = averaging(*watchers())
    assert found == expected
    np.testing.assert_equal(model.get_weights(), whole.get_weights())


def test_averages_need_an_optimizer_that_has_them():
    model = tv.Sequential([tv.Input((1,)), layers.Dense(1)])
    model.compile("adam", "mse")
    with pytest.raises(ValueError, match="SwapEMAWeights needs an optimizer that averages weights: give Adam use_ema=True"):
        model.fit([[1.0]], [[1.0]], callbacks=[callbacks.SwapEMAWeights()], verbose=0)
