"""Callbacks that set the learning rate, and the log on disk, against Keras: driven by the same logs, and in fit."""
import inspect

import numpy as np
import pytest

import tinyvision as tv
from tinyvision.callbacks import backup

from .record import agree

CURVES = {
    "down": [5.0, 4.0, 3.0, 2.0, 1.0], "up": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0], "flat": [2.0] * 9,
    "late": [3.0, 4.0, 4.0, 2.0, 5.0, 5.0, 5.0, 1.0, 1.0, 1.0, 1.0, 0.5, 0.5],
    "broken": [np.nan, 3.0, 2.0, 2.0, 2.0, 1.0], "breaking": [3.0, 2.0, np.nan, np.nan, np.nan, 1.0, 1.0],
    "hardly": [1.0 - 0.00005 * i for i in range(9)], "random": list(np.random.default_rng(0).integers(0, 16, 24) / 8),
}
PLATEAUS = {
    "plain": dict(patience=2), "impatient": dict(patience=0), "one": dict(patience=1, factor=0.5),
    "cooling": dict(patience=1, cooldown=2), "patient cooling": dict(patience=2, cooldown=3, factor=0.5),
    "choosy": dict(patience=2, min_delta=1.5), "any gain": dict(patience=2, min_delta=0), "at most": dict(patience=1, min_lr=0.02),
    "max": dict(patience=2, mode="max"), "to zero": dict(patience=1, factor=0.0), "default": {},
}


class Dummy:
    """A model that has no more than an optimizer."""

    def __init__(self, optimizer):
        self.optimizer, self.metrics, self.stop_training = optimizer, [], False


@pytest.fixture(autouse=True)
def double(keras):
    tv.config.set_floatx("float64")
    before = keras.config.floatx()
    keras.config.set_floatx("float64")
    yield
    keras.config.set_floatx(before)


def rates(home, make, curve, name="val_loss"):
    """The rate after the start and after the end of each epoch, and what the logs say."""
    callback, optimizer, found = make(home), home.optimizers.SGD(0.5), []
    if home is tv:
        callback.model = Dummy(optimizer)
    else:
        callback.set_model(Dummy(optimizer))
    callback.on_train_begin()
    for epoch, value in enumerate(curve):
        logs = {name: value}
        callback.on_epoch_begin(epoch)
        found.append(float(optimizer.learning_rate))
        callback.on_epoch_end(epoch, logs)
        found += [float(optimizer.learning_rate), logs["learning_rate"]]
    return found


@pytest.mark.parametrize("settings", PLATEAUS)
@pytest.mark.parametrize("curve", CURVES)
def test_plateaus_lower_the_rate_as_in_keras(keras, settings, curve):
    def make(home):
        return home.callbacks.ReduceLROnPlateau(**PLATEAUS[settings])

    ours = rates(tv, make, CURVES[curve])
    agree(("callback", "ReduceLROnPlateau", f"{settings}, {curve}"), ours, rates(keras, make, CURVES[curve]))
    assert settings in ("choosy", "max", "default") or curve != "flat" or ours[-1] < 0.5


@pytest.mark.parametrize("schedule", [lambda epoch, rate: rate * 0.9, lambda epoch, rate: 0.1 if epoch < 3 else rate / 2,
                                      lambda epoch: 1.0 / (1 + epoch)], ids=["falling", "later", "of the epoch alone"])
def test_a_scheduler_sets_the_rate_as_in_keras(keras, schedule):
    def make(home):
        return home.callbacks.LearningRateScheduler(schedule)

    agree(("callback", "LearningRateScheduler", "rates"), rates(tv, make, [1.0] * 6), rates(keras, make, [1.0] * 6))


@pytest.mark.parametrize("name", ["ReduceLROnPlateau", "LearningRateScheduler", "CSVLogger", "TerminateOnNaN", "LambdaCallback", "BackupAndRestore"])
def test_arguments_are_those_of_keras(keras, name):
    ours, theirs = (inspect.signature(getattr(home.callbacks, name)).parameters.values() for home in (tv, keras))
    assert [(p.name, p.default) for p in ours if p.kind is p.POSITIONAL_OR_KEYWORD] == \
        [(p.name, p.default) for p in theirs if p.kind is p.POSITIONAL_OR_KEYWORD]


X, Y = np.linspace(-1, 1, 36).reshape(12, 3), np.linspace(0, 1, 12).reshape(12, 1)


def fitted(home, *around, epochs=5, optimizer=None, **settings):
    """A small model that was fit, and its history."""
    model = home.Sequential([home.layers.Input((3,)), home.layers.Dense(1)])
    model.set_weights([np.full((3, 1), 0.5), np.zeros(1)])
    model.compile(optimizer or home.optimizers.SGD(0.5), "mse")
    return model, model.fit(X, Y, batch_size=6, epochs=epochs, shuffle=False, verbose=0, callbacks=list(around), **settings)


def test_rates_are_in_the_history(keras):
    """Whatever callbacks add to the logs is."""
    def run(home):
        return fitted(home, home.callbacks.ReduceLROnPlateau("loss", patience=1, min_delta=0.05, factor=0.5),
                      home.callbacks.EarlyStopping("learning_rate", mode="min", patience=3), epochs=8)[1]

    ours, theirs = run(tv), run(keras)
    assert list(ours.history) == list(theirs.history) == ["loss", "learning_rate"]
    for name in ours.history:
        agree(("callback", "ReduceLROnPlateau", f"{name} in fit"), ours.history[name], theirs.history[name])


@pytest.mark.parametrize("settings", [{}, {"separator": ";"}, {"append": True}])
@pytest.mark.parametrize("validation", [{}, {"validation_split": 0.5}, {"validation_data": (X, Y), "validation_freq": 2}],
                         ids=["alone", "validated", "seldom"])
def test_tables_on_disk_are_those_of_keras(keras, tmp_path, settings, validation):
    """The same header and rows, also in a second training that goes on in the same file."""
    tables = []
    for home in tv, keras:
        path = tmp_path / f"{home.__name__}.csv"
        for _ in range(2):
            fitted(home, home.callbacks.CSVLogger(path, **settings), epochs=3, **validation)
        tables.append([line.split(settings.get("separator", ",")) for line in path.read_text().splitlines()])
    ours, theirs = tables
    assert [line[0] for line in ours] == [line[0] for line in theirs] == ["epoch", "0", "1", "2", *"012"[:3 * ("append" in settings)]]
    assert ours[0] == theirs[0]
    for a, b in zip(ours[1:], theirs[1:], strict=True):
        assert [n == "NA" for n in a] == [n == "NA" for n in b]
        agree(("callback", "CSVLogger", str(settings)), [float(n) for n in a if n != "NA"], [float(n) for n in b if n != "NA"])


@pytest.mark.parametrize("raise_error", [False, True])
def test_training_ends_where_it_ends_in_keras(keras, raise_error):
    """With a rate that makes the loss infinite after some batches."""
    def run(home):
        seen = []
        watch = home.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append(("batch", batch)),
                                              on_epoch_end=lambda epoch, logs: seen.append(("epoch", epoch)),
                                              on_train_end=lambda logs: seen.append("end"))
        stop = home.callbacks.TerminateOnNaN(raise_error=raise_error)
        try:
            fitted(home, watch, stop, epochs=200, optimizer=home.optimizers.SGD(1e30))
        except RuntimeError:
            seen.append("raised")
        return seen

    with np.errstate(all="ignore"):
        ours = run(tv)
    assert ours == run(keras)
    assert ("raised" in ours, "end" in ours) == (raise_error, not raise_error)


@pytest.mark.parametrize("ema", [dict(ema_momentum=0.5), dict(ema_momentum=0.9, ema_overwrite_frequency=3)], ids=str)
def test_averaged_weights_after_fit_are_those_of_keras(keras, ema):
    ours, theirs = (fitted(home, optimizer=home.optimizers.Adam(0.1, use_ema=True, gradient_accumulation_steps=2, **ema))[0]
                    for home in (tv, keras))
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        agree(("optimizer", "Adam", f"fit with averages {ema}"), a, b)


def test_constraints_of_ones_own_after_fit(keras):
    """A weight's `constraint` holds after each step."""
    def run(home):
        model = home.Sequential([home.layers.Input((3,)), home.layers.Dense(1)])
        model.set_weights([np.full((3, 1), 0.5), np.zeros(1)])
        for weight in model.trainable_weights:
            weight.constraint = lambda w: home.ops.clip(w, -0.3, 0.3)
        model.compile(home.optimizers.RMSprop(0.1), "mse")
        model.fit(X, Y, batch_size=6, epochs=3, shuffle=False, verbose=0)
        return model.get_weights()

    for a, b in zip(run(tv), run(keras), strict=True):
        agree(("optimizer", "RMSprop", "constrained in fit"), a, b)
        assert np.abs(a).max() <= 0.3


def watching(home, fatal=None):
    """A callback that raises in one epoch, and the epochs that it saw begin: not its attribute, which ours would remember."""
    seen = []

    class Watch(home.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            seen.append(epoch)
            if epoch == fatal:
                raise RuntimeError("killed")
    return Watch(), seen


def in_two_attempts(home, folder, fatal, optimizer="SGD", **settings):
    """A training that is killed when an epoch begins, and its second attempt: what epochs each begins, the weights, and files."""
    optimizer = {"SGD": lambda: home.optimizers.SGD(0.5, momentum=0.9), "Adam": lambda: home.optimizers.Adam(0.1)}[optimizer]
    (first, before), (second, after) = watching(home, fatal), watching(home)
    with pytest.raises(RuntimeError, match="killed"):
        fitted(home, home.callbacks.BackupAndRestore(folder, **settings), first, epochs=6, optimizer=optimizer())
    model, history = fitted(home, home.callbacks.BackupAndRestore(folder, **settings), second, epochs=6, optimizer=optimizer())
    return before, after, folder.exists(), model.get_weights(), history


@pytest.mark.parametrize("settings", [{}, {"double_checkpoint": True}, {"delete_checkpoint": False}], ids=str)
@pytest.mark.parametrize("fatal, optimizer", [(0, "SGD"), (1, "SGD"), (4, "Adam"), (5, "SGD")])
def test_a_killed_training_goes_on_as_in_keras(keras, tmp_path, fatal, optimizer, settings):
    """The same epochs are trained in the second attempt, to the same weights. Of the history, Keras keeps the second part alone."""
    ours, theirs = (in_two_attempts(home, tmp_path / home.__name__, fatal, optimizer, **settings) for home in (tv, keras))
    assert ours[:3] == theirs[:3] and ours[1] == list(range(fatal, 6))
    for a, b in zip(ours[3], theirs[3], strict=True):
        agree(("callback", "BackupAndRestore", f"{optimizer}, {settings}"), a, b)
    assert ours[4].epoch == list(range(6)) and theirs[4].epoch == list(range(fatal, 6))
    agree(("callback", "BackupAndRestore", "history"), ours[4].history["loss"][fatal:], theirs[4].history["loss"])


def test_a_finished_training_that_is_kept_is_as_in_keras(keras, tmp_path):
    """With more epochs, it goes on."""
    def run(home):
        seen = []
        for epochs in 2, 2, 5:
            backup._ended.clear()                          # as in a new process, where another model may go on
            watch, began = watching(home)
            kept = home.callbacks.BackupAndRestore(tmp_path / home.__name__, delete_checkpoint=False)
            model, _ = fitted(home, kept, watch, epochs=epochs)
            seen.append(began)
        return seen, model.get_weights()

    (ours, weights), (theirs, their_weights) = run(tv), run(keras)
    assert ours == theirs == [[0, 1], [], [2, 3, 4]]
    for a, b in zip(weights, their_weights, strict=True):
        agree(("callback", "BackupAndRestore", "more epochs"), a, b)


@pytest.mark.parametrize("settings", [dict(backup_dir=""), dict(backup_dir="run", save_freq="batch"), dict(backup_dir="run", save_freq=2.5)],
                         ids=str)
def test_backups_refuse_what_keras_refuses(keras, settings):
    for home in tv, keras:
        with pytest.raises(ValueError):
            home.callbacks.BackupAndRestore(**settings)


def test_callbacks_get_logs_at_all_turns_as_in_keras(keras):
    """Empty ones where there are none yet: a callback need not give them a default."""
    def run(home):
        seen = []

        class Watch(home.callbacks.Callback):
            def on_train_begin(self, logs):
                seen.append(dict(logs))

            def on_epoch_begin(self, epoch, logs):
                seen.append((epoch, dict(logs)))

            def on_train_batch_begin(self, batch, logs):
                seen.append((batch, dict(logs)))
        fitted(home, Watch(), epochs=2)
        return seen

    assert run(tv) == run(keras)
