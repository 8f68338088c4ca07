"""BackupAndRestore: a training that was killed and goes on ends in the very numbers of one that was not."""
import os
import subprocess
import sys
import time
import types
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest
from survivor import OPTIMIZERS, Flip, X, Y, begin, found_in, network

import tinyvision as tv
from tinyvision import callbacks, kernels, layers
from tinyvision.callbacks import BackupAndRestore, Callback, backup, state
from tinyvision.callbacks.backup import _Damaged, _read
from tinyvision.data import Dataset


class Killed(Exception):
    """What ends a training in the tests that need no process of their own."""


class Kill(Callback):
    """Raises Killed after so many batches; counts them over all attempts."""

    def __init__(self, after=None):
        self.after, self.seen = after, 0

    def on_train_batch_end(self, batch, logs=None):
        self.seen += 1
        if self.after == self.seen:
            raise Killed


@pytest.fixture
def compiled():
    """For tests that train with the fast kernels."""


@pytest.fixture(autouse=True)
def textbook(request):
    """The other trainings are too small for these to be worth their compilation."""
    with kernels.use(None if "compiled" in request.fixturenames else "numpy"):
        yield


def same(a, b):
    for name in a:
        assert a[name] == b[name], name


def interrupted(train, folder, after, **settings):
    """What `train` finds when it was killed after some batches, and was begun once more with all of chance otherwise."""
    begin(0)
    with pytest.raises(Killed):
        train(BackupAndRestore(folder, **settings), Kill(after))
    if not (folder / "latest.npz").exists():
        return None                                        # killed before the first backup: there is nothing to go on from
    begin(after)
    found = train(BackupAndRestore(folder, **settings), Kill())
    assert not folder.exists()
    return found


def never_interrupted(train):
    begin(0)
    return train(Callback(), Kill())


def graph():
    """A functional model with two inputs, a layer that is used twice, and a model inside."""
    a, b = tv.Input((6, 6, 1)), tv.Input((6, 6, 1))
    shared = tv.Sequential([tv.Input((6, 6, 1)), Flip(), layers.Conv2D(3, 3), layers.Dropout(0.2)])
    merged = layers.Concatenate()([layers.Dropout(0.1)(shared(a)), layers.GaussianNoise(0.1)(shared(b))])
    outputs = layers.Dense(3)(layers.Flatten()(layers.BatchNormalization()(merged)))
    model = tv.Model([a, b], [outputs, layers.Activation("softmax")(outputs)])
    sparse = tv.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", [sparse, "sparse_categorical_crossentropy"], loss_weights=[0.5, 1], metrics=[["accuracy"], []])
    return model


def on_arrays(optimizer="adam", **settings):
    """A training on arrays, in shuffled batches of 4: 6 a pass."""
    def train(*around):
        model = network(optimizer)
        history = model.fit(X, Y, **{"batch_size": 4, "epochs": 3, "verbose": 0, **settings}, callbacks=list(around))
        return found_in(model, history)
    return train


@pytest.mark.parametrize("freq", ["epoch", 1, 4])
def test_killed_after_any_batch(tmp_path, compiled, freq):
    train = on_arrays()
    expected, resumed = never_interrupted(train), 0
    for after in range(1, 19):
        found = interrupted(train, tmp_path / f"run {after}", after, save_freq=freq)
        if found is not None:
            same(found, expected)
            resumed += 1
    assert resumed == {"epoch": 12, 1: 17, 4: 14}[freq]    # the backup comes last at each turn: after the kill


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("after", [3, 8])
def test_optimizers_go_on(tmp_path, optimizer, after):
    train = on_arrays(optimizer)
    same(interrupted(train, tmp_path / "run", after, save_freq=1), never_interrupted(train))


VARIANTS = {
    "steps": dict(steps_per_epoch=4, epochs=5), "steps beyond a pass": dict(steps_per_epoch=7, epochs=3),
    "whole passes as steps": dict(steps_per_epoch=6), "in order": dict(shuffle=False), "validated": dict(validation_split=0.2),
    "validated seldom": dict(validation_data=(X[:5], Y[:5]), validation_freq=2), "class weights": dict(class_weight={0: 2.0}),
    "class weights, steps": dict(class_weight={0: 2.0}, steps_per_epoch=4), "sample weights": dict(sample_weight=np.linspace(0, 1, 21)),
    "a bar": dict(verbose=1), "lines": dict(verbose=2), "later epochs": dict(initial_epoch=2, epochs=5),
}


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("after, freq", [(7, 1), (10, 3)])
def test_all_ways_to_fit(tmp_path, variant, after, freq):
    train = on_arrays(**VARIANTS[variant])
    same(interrupted(train, tmp_path / "run", after, save_freq=freq), never_interrupted(train))


def test_callbacks_go_on(tmp_path):
    """Those that stop, lower rates, keep the best and write tables remember what they knew."""
    def train(*around):
        model = network("rmsprop")
        watch = [callbacks.ReduceLROnPlateau("val_loss", 0.5, patience=1, cooldown=1, min_delta=0.05),
                 callbacks.EarlyStopping(patience=3, restore_best_weights=True), callbacks.CSVLogger(tmp_path / "log.csv"),
                 callbacks.ModelCheckpoint(tmp_path / "best.keras", save_best_only=True),
                 callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.9)]
        history = model.fit(X, Y, batch_size=8, epochs=12, verbose=0, validation_split=0.3, callbacks=[*around, *watch])
        best = tv.models.load_model(tmp_path / "best.keras", {"Flip": Flip})
        return {**found_in(model, history), "table": (tmp_path / "log.csv").read_text(),
                "best": [w.tobytes() for w in best.get_weights()]}

    expected = never_interrupted(train)
    assert 4 < len(expected["epochs"]) < 12                # it stops by itself, with the weights of an epoch before
    for after, freq in (3, 1), (5, "epoch"), (7, 3), (2 * len(expected["epochs"]), 1):
        same(interrupted(train, tmp_path / f"run {after}", after, save_freq=freq), expected)


@pytest.mark.parametrize("after, freq", [(3, 2), (8, "epoch"), (10, 1)])
def test_models_of_any_shape_go_on(tmp_path, after, freq):
    """Several inputs and outputs, with metrics of each, a layer called twice, a model inside."""
    def train(*around):
        model = graph()
        return found_in(model, model.fit([X, X[::-1]], [Y, Y], batch_size=4, epochs=3, verbose=0, callbacks=list(around)))

    same(interrupted(train, tmp_path / "run", after, save_freq=freq), never_interrupted(train))


@pytest.mark.parametrize("after, freq", [(7, 2), (8, "epoch"), (14, "epoch")])
def test_averages_in_place_of_weights_go_on(tmp_path, after, freq):
    def train(*around):
        model = network("averages")
        swap = callbacks.SwapEMAWeights(swap_on_epoch=True)
        return found_in(model, model.fit(X, Y, batch_size=4, epochs=3, verbose=0, validation_data=(X, Y), callbacks=[swap, *around]))

    same(interrupted(train, tmp_path / "run", after, save_freq=freq), never_interrupted(train))


class Thaw(Callback):
    """Lets all layers learn from the second epoch on."""

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 1:
            self.model.trainable = True


def test_thawed_layers_stay_thawed(tmp_path):
    def train(*around):
        model = network("sgd")
        model.layers[1].trainable = False
        history = model.fit(X, Y, batch_size=4, epochs=4, verbose=0, callbacks=[Thaw(), *around])
        return found_in(model, history) | {"trainable": [w.requires_grad for w in model.weights]}

    same(interrupted(train, tmp_path / "run", 14, save_freq="epoch"), never_interrupted(train))


class Rivals(tv.Model):
    """Two networks with an optimizer each, and a training step of its own that counts and draws."""

    def __init__(self):
        super().__init__()
        self.first, self.second = layers.Dense(3, name="first"), layers.Dense(3, name="second")
        self.rival, self.tally, self.running = tv.optimizers.Adam(0.01), {"steps": 0}, np.zeros(3)
        self.seen = tv.metrics.Mean("seen")

    def call(self, x, training=False):
        return self.first(x) - self.second(x)

    def train_step(self, batch):
        x, y = batch[0].reshape(len(batch[0]), -1), batch[1]
        loss = (self(x + np.random.standard_normal(x.shape).astype("float32")) - y[:, None]).square().mean()
        loss.backward()
        self.optimizer.apply([w.grad for w in self.first.weights], self.first.weights)
        if self.tally["steps"] % 2:
            self.rival.apply([w.grad for w in self.second.weights], self.second.weights)
        for weight in self.weights:
            weight.grad = None
        self.tally["steps"] += 1
        self.running = 0.9 * self.running + self.second.bias.numpy()
        self.seen.update_state(loss.detach())
        return {"loss": loss.item(), "seen": self.seen.result()}


@pytest.mark.parametrize("after, freq", [(8, 3), (9, "epoch")])
def test_training_steps_of_ones_own_go_on(tmp_path, after, freq):
    """All optimizers, metrics and plain attributes of a model; NumPy's own random numbers."""
    def train(*around):
        model = Rivals()
        model(X.reshape(21, -1))
        model.compile(tv.optimizers.RMSprop(0.01))
        history = model.fit(X, Y.astype("float32"), batch_size=4, epochs=3, verbose=0, callbacks=list(around))
        assert model.rival.slots and model.rival.iterations == 9
        return found_in(model, history) | {"tally": model.tally, "running": model.running.tobytes(), "seen": model.seen.result(),
                                           "rival": [a.tobytes() for s in model.rival.slots.values() for _, a in s.values()]}

    same(interrupted(train, tmp_path / "run", after, save_freq=freq), never_interrupted(train))


def test_one_process_can_go_on_more_than_once(tmp_path):
    """With the same callbacks, as in a notebook; then in a new one, whose callbacks know nothing."""
    def train(watch, kill):
        model = network()
        history = model.fit(X, Y, batch_size=4, epochs=4, verbose=0, callbacks=[*watch, kill])
        return found_in(model, history)

    def some(*backup):
        return [*backup, callbacks.ModelCheckpoint(tmp_path / "best.keras", "loss", save_best_only=True, mode="max")]

    begin(0)
    whole, watch = some(), some(BackupAndRestore(tmp_path / "run"))
    expected = train(whole, Kill())
    for seed, after in enumerate([8, 14, 15]):             # the best stays that of the first epoch
        begin(seed)
        with pytest.raises(Killed):
            train(watch, Kill(after))
    begin(2)
    again = some(BackupAndRestore(tmp_path / "run"))
    same(train(again, Kill()), expected)
    assert again[1].best == whole[0].best


def test_ctrl_c_leaves_a_backup(tmp_path, capsys):
    def train(*around):
        model = network()
        early = callbacks.EarlyStopping("loss", patience=9, restore_best_weights=True)
        return found_in(model, model.fit(X, Y, batch_size=4, epochs=4, verbose=0, callbacks=[early, *around]))

    class Interrupt(Callback):
        def on_train_batch_begin(self, batch, logs=None):
            if self.model.progress.epoch == 2 and batch == 3:
                raise KeyboardInterrupt

    expected = never_interrupted(train)
    begin(0)
    found = train(BackupAndRestore(tmp_path / "run"), Interrupt())
    assert found["epochs"] == [0, 1]
    assert f"goes on from the backup in {tmp_path / 'run'}" in capsys.readouterr().out
    begin(1)
    same(train(BackupAndRestore(tmp_path / "run")), expected)
    begin(0)
    train(BackupAndRestore(tmp_path / "other", save_freq=100), Interrupt())
    assert "there is no backup yet" in capsys.readouterr().out


@pytest.mark.parametrize("freq", ["epoch", 1, 4])
@pytest.mark.parametrize("epochs, stop", [(3, False), (9, True)])
def test_ctrl_c_at_the_very_end_leaves_a_backup(tmp_path, capsys, freq, epochs, stop):
    """After the last batch, and validation, of the last epoch, which the history lacks; or of the one that is to be the last."""
    class Interrupt(Callback):
        def __init__(self, active):
            self.active = active

        def on_epoch_end(self, epoch, logs=None):
            self.model.stop_training = stop and epoch == 2
            if self.active and epoch == 2:
                raise KeyboardInterrupt

    def train(active, *around):
        model = network()
        return found_in(model, model.fit(X, Y, batch_size=4, epochs=epochs, verbose=0, validation_data=(X, Y),
                                         callbacks=[Interrupt(active), *around]))

    begin(0)
    expected = train(False)
    begin(0)
    assert train(True, BackupAndRestore(tmp_path / "run", save_freq=freq))["epochs"] == [0, 1]
    said = capsys.readouterr().out
    assert "was interrupted" in said and f"goes on from the backup in {tmp_path / 'run'}" in said
    begin(1)
    same(train(False, BackupAndRestore(tmp_path / "run", save_freq=freq)), expected)
    assert not (tmp_path / "run").exists() and capsys.readouterr().out == ""


@pytest.mark.parametrize("freq", ["epoch", 1])
def test_a_training_that_went_astray_leaves_the_backup_before(tmp_path, capsys, freq):
    """So that it can go on from there, more carefully."""
    def train(explode):
        class Explode(Callback):
            def on_train_batch_begin(self, batch, logs=None):
                if explode and self.model.optimizer.iterations == 14:
                    self.model.weights[0].assign(self.model.weights[0] * np.nan)

        model = network()
        model.fit(X, Y, batch_size=4, epochs=4, verbose=0, callbacks=[
            callbacks.TerminateOnNaN(), Explode(), BackupAndRestore(tmp_path / "run", save_freq=freq)])
        return model

    assert np.isnan(train(True).get_weights()[0]).all()
    assert f"goes on from the backup in {tmp_path / 'run'}" in capsys.readouterr().out
    text, arrays = _read(tmp_path / "run" / "latest.npz")
    assert all(np.isfinite(array).all() for array in arrays) and text["epoch"] == 2 and text["step"] == {"epoch": 0, 1: 2}[freq]
    model = train(False)
    assert model.history.epoch == [0, 1, 2, 3] and np.isfinite(model.get_weights()[0]).all() and not (tmp_path / "run").exists()


# Data that cannot be begun elsewhere ------------------------------------------------------------------------------------

def batches_of(n):
    rng = np.random.default_rng(5)
    for _ in range(n):
        chosen = rng.integers(0, 21, 4)
        yield X[chosen], Y[chosen]


class Loader:
    """Batches of a class of one's own, the same each time."""

    def __iter__(self):
        return batches_of(5)


@pytest.mark.parametrize("data, settings, named", [
    (lambda: list(batches_of(5)), {}, None), (lambda: list(batches_of(5)), dict(steps_per_epoch=3), None),
    (lambda: batches_of(40), dict(steps_per_epoch=5), "data (generator"), (Loader, {}, "data (Loader"),
    (Loader, dict(steps_per_epoch=4), "data (Loader"), (Loader, dict(class_weight={0: 2.0}), "data (Loader")])
def test_what_was_taken_is_dropped(tmp_path, data, settings, named):
    """And that it has to be is said."""
    def train(*around):
        model = network()
        return found_in(model, model.fit(data(), **{"epochs": 3, "verbose": 0, **settings}, callbacks=list(around)))

    expected = never_interrupted(train)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        same(interrupted(train, tmp_path / "run", 8, save_freq=3), expected)
        same(interrupted(train, tmp_path / "other", 8, save_freq="epoch"), expected)
    said = [str(warning.message) for warning in said if "BackupAndRestore cannot" in str(warning.message)]
    assert len(said) == 4 * bool(named) and all(named in text for text in said)


@pytest.mark.parametrize("data, settings", [(lambda: list(batches_of(5)), {}), (lambda: list(batches_of(5)), dict(class_weight={0: 2.0})),
                                            (Loader, {}), (lambda: list(batches_of(5)), dict(steps_per_epoch=3))])
def test_data_that_cannot_be_begun_elsewhere_survive_many_kills(tmp_path, data, settings):
    """Twice within one epoch, too: each start drops what those before it took."""
    def train(*around):
        model = network()
        return found_in(model, model.fit(data(), **{"epochs": 3, "verbose": 0, **settings}, callbacks=list(around)))

    expected = never_interrupted(train)
    for seed, after in enumerate([3, 4, 5, 8]):
        begin(seed)
        with pytest.raises(Killed):
            train(BackupAndRestore(tmp_path / "run", save_freq=1), Kill(after))
    same(train(BackupAndRestore(tmp_path / "run", save_freq=1), Kill()), expected)


# What callbacks remember ------------------------------------------------------------------------------------------------

class Lookup(tv.Model):
    """Gets its weights from its first batch: of words, which zeros of floats are not."""

    def __init__(self):
        super().__init__()
        self.table, self.scores = layers.Embedding(9, 4), layers.Dense(3, activation="softmax")

    def call(self, x):
        if x.dtype.kind == "f":
            raise TypeError("words have numbers")
        return self.scores(self.table(x).mean(axis=1))


def test_models_without_weights_get_them(tmp_path):
    """At first from the first batch, then as the backup says."""
    def train(*around):
        model = tv.Sequential([Flip(), layers.Conv2D(4, 3), layers.BatchNormalization(), layers.Flatten(), layers.Dropout(0.2),
                               layers.Dense(3, activation="softmax")])
        model.compile("adam", "sparse_categorical_crossentropy")
        return found_in(model, model.fit(X, Y, batch_size=4, epochs=2, verbose=0, callbacks=list(around)))

    same(interrupted(train, tmp_path / "run", 8, save_freq=3), never_interrupted(train))

    def words(*around):
        model = Lookup()
        model.compile("adam", "sparse_categorical_crossentropy")
        return found_in(model, model.fit(np.abs(X[..., 0, 0] * 3).astype(int), Y, batch_size=4, verbose=0, callbacks=list(around)))

    with pytest.raises(ValueError, match="lookup.* has no weights yet: give it an Input, or call it on a batch before fit"):
        interrupted(words, tmp_path / "words", 4, save_freq=3)


class Everything(Callback):
    """Remembers one value of each kind."""

    def on_train_begin(self, logs=None):
        self.kinds = None

    def on_epoch_end(self, epoch, logs=None):
        self.kinds = [epoch, -0.0, np.nan, -np.inf, 0.1 + 0.2, None, True, "text", (1, 2.5), {3}, {"a": [1], 2: "b", (1, 2): None},
                      np.float32(0.1), np.int64(2) ** 62, np.array([1, np.nan]), np.array([], "int8"), np.arange(6).reshape(2, 3).T,
                      np.array(3.5, "float16"), 2 ** 100, tv.tensor([1.0, 2.0])]


def test_values_of_all_kinds_come_back(tmp_path):
    def run(*around):
        watch = Everything()
        model = network()
        model.fit(X, Y, batch_size=7, epochs=2, verbose=0, callbacks=[watch, *around])
        return watch.kinds

    expected = run()
    with pytest.raises(Killed):
        run(BackupAndRestore(tmp_path / "run"), Kill(4))

    class Look(Callback):
        last = True

        def on_epoch_begin(self, epoch, logs=None):
            found.append(next(c for c in self.model.progress.callbacks if isinstance(c, Everything)).kinds)

    found = []
    run(BackupAndRestore(tmp_path / "run"), Kill(), Look())
    expected[0] = 0
    for a, b in zip(found[0], expected, strict=True):
        assert type(a) is type(b)
        if isinstance(a, np.ndarray):
            assert a.dtype == b.dtype and a.strides == b.strides and a.tobytes() == b.tobytes()
        else:
            assert repr(a) == repr(b)


class Counting(Callback):
    """Has state that is not plain, and says what of it is."""

    def __init__(self):
        self.rng, self.drawn = np.random.default_rng(0), []

    def on_train_batch_end(self, batch, logs=None):
        self.drawn.append(self.rng.random())

    def get_state(self):
        return {"rng": self.rng.bit_generator.state, "drawn": self.drawn}

    def set_state(self, state):
        self.rng.bit_generator.state, self.drawn = state["rng"], state["drawn"]


def test_callbacks_can_say_what_they_remember(tmp_path):
    def train(*around):
        counting = Counting()
        network().fit(X, Y, batch_size=4, epochs=2, verbose=0, callbacks=[counting, *around])
        return {"drawn": counting.drawn}

    expected = never_interrupted(train)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        same(interrupted(train, tmp_path / "run", 9, save_freq=4), expected)


class Odd(Callback):
    """Holds what no backup can: a generator of random numbers; and, later, a file."""

    def __init__(self):
        self.rng, self.schedule, self.count = np.random.default_rng(0), lambda epoch: epoch, 0

    def on_epoch_begin(self, epoch, logs=None):
        self.file = open(os.devnull)


def test_what_cannot_be_saved_is_named_once(tmp_path):
    with pytest.warns(UserWarning) as said:
        network().fit(X, Y, batch_size=7, epochs=3, verbose=0, callbacks=[BackupAndRestore(tmp_path / "run"), Odd(), Odd()])
    said = [str(warning.message) for warning in said if "BackupAndRestore" in str(warning.message)]
    assert len(said) == 2
    assert "cannot save Odd 1.rng, Odd.rng: " in said[0] and "get_state and set_state" in said[0]
    assert "cannot save Odd 1.file, Odd.file: " in said[1]


def test_settings_are_the_scripts(tmp_path):
    """What training does not change may be changed between two runs."""
    def run(patience, rate, kill):
        model, stop = network("sgd"), callbacks.EarlyStopping("loss", patience=patience)
        model.optimizer.momentum = rate
        model.fit(X, Y, batch_size=4, epochs=3, verbose=0, callbacks=[BackupAndRestore(tmp_path / "run", delete_checkpoint=False),
                                                                     stop, Kill(kill)])
        return stop.patience, model.optimizer.momentum

    with pytest.raises(Killed):
        run(5, 0.9, 10)
    assert run(7, 0.8, None) == (7, 0.8)


# The folder -------------------------------------------------------------------------------------------------------------

def fit_two(folder, after=8, **settings):
    with pytest.raises(Killed):
        on_arrays()(BackupAndRestore(folder, **settings), Kill(after))


def test_nothing_is_left_behind(tmp_path):
    on_arrays()(BackupAndRestore(str(tmp_path / "a" / "run"), double_checkpoint=True), Kill())
    assert os.listdir(tmp_path / "a") == []
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("x")
    on_arrays()(BackupAndRestore(tmp_path / "mine", save_freq=5, double_checkpoint=True), Kill())
    assert os.listdir(tmp_path / "mine") == ["notes.txt"]


def test_a_finished_training_that_is_kept(tmp_path, capsys):
    """It is found finished, with the same results; and with more epochs, goes on."""
    def run(epochs, *around):
        model, kill = network("averages"), Kill()
        early = callbacks.EarlyStopping("loss", patience=50, restore_best_weights=True)
        model.fit(X, Y, batch_size=4, epochs=epochs, verbose=0, callbacks=[kill, early, *around])
        return found_in(model, model.history), kill.seen

    expected = run(4)
    kept = BackupAndRestore(tmp_path / "run", delete_checkpoint=False)
    begin(0)
    first, steps = run(2, kept)
    backup._ended.clear()                                  # as in a new process
    begin(1)
    capsys.readouterr()
    again, seen = run(2, BackupAndRestore(tmp_path / "run", delete_checkpoint=False))
    assert capsys.readouterr().out == (
        f"BackupAndRestore: the training in {tmp_path / 'run'} ended after 2 epochs: nothing is left to train; delete the folder to "
        "train anew, or give fit more epochs to go on\n")
    backup._ended.clear()
    same(again, first)
    assert seen == steps == 12 and os.listdir(tmp_path / "run") == ["latest.npz"]
    begin(2)
    more, seen = run(4, BackupAndRestore(tmp_path / "run"))
    assert capsys.readouterr().out == ""
    assert more["epochs"] == [0, 1, 2, 3] and seen == 24 and expected[1] == 24 and not (tmp_path / "run").exists()


def test_a_training_that_was_stopped_stays_so(tmp_path, capsys):
    """Killed between its last backup and its end, it trains no more."""
    class Stop(Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.stop_training = epoch == 1

    class Die(Callback):
        def on_train_end(self, logs=None):
            raise Killed

    model, kill = network(), Kill()
    with pytest.raises(Killed):
        model.fit(X, Y, batch_size=4, epochs=9, verbose=0, callbacks=[BackupAndRestore(tmp_path / "run"), Stop(), kill, Die()])
    other, again = network(), Kill()
    history = other.fit(X, Y, batch_size=4, epochs=9, verbose=0, callbacks=[BackupAndRestore(tmp_path / "run"), Stop(), again, Callback()])
    assert history.epoch == [0, 1] and again.seen == kill.seen == 12
    assert capsys.readouterr().out == (
        f"BackupAndRestore: the training in {tmp_path / 'run'} was stopped after 2 of 9 epochs: nothing is left to train; the backup is "
        "deleted now, and the next run trains anew\n")
    for a, b in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("epochs, last", [(9, 3), (3, 2)])
def test_a_training_that_was_stopped_goes_on_with_other_epochs(tmp_path, capsys, epochs, last):
    """With what the callback that had stopped it remembers, and with its new settings: as one that had them from the start."""
    def run(epochs, patience, *around):
        model = network("sgd")
        stop = callbacks.EarlyStopping("loss", min_delta=9, patience=patience, verbose=1)
        model.fit(X, Y, batch_size=4, epochs=epochs, verbose=0, callbacks=[stop, *around])
        return found_in(model, model.history), stop.stopped_epoch, capsys.readouterr().out

    def kept():
        backup._ended.clear()                              # as in a new process
        return BackupAndRestore(tmp_path / "run", delete_checkpoint=False)

    begin(0)
    expected = run(epochs, 3)
    begin(0)
    first = run(6, 1, kept())
    assert first[0]["epochs"] == [0, 1] and first[1] == 1 and first[2].startswith("Stopped after epoch 2")
    begin(1)
    assert run(6, 3, kept())[0]["epochs"] == [0, 1]
    begin(2)
    found = run(epochs, 3, kept())
    same(found[0], expected[0])
    assert found[1:] == expected[1:] and found[0]["epochs"] == list(range(last + 1))
    begin(3)
    found, _, said = run(epochs, 3, kept())
    same(found, expected[0])
    assert (f"was stopped after 4 of {epochs} epochs" if last == 3 else "ended after 3 epochs") + ": nothing is left to train" in said


def test_what_is_kept_is_kept_for_one_model(tmp_path):
    """Within one run of a script: not for the next model, of another seed. The same one may go on."""
    def fit(model, epochs, **settings):
        backup = BackupAndRestore(tmp_path / "run", **{"delete_checkpoint": False, **settings})
        return model.fit(X, Y, batch_size=4, epochs=epochs, verbose=0, callbacks=[backup]).epoch

    first, second = network(), network()
    assert fit(first, 1) == [0] and fit(first, 2) == [0, 1]
    before = second.get_weights()
    with pytest.raises(ValueError, match="of training number 1 of the script, this is number 2: each needs a backup_dir of its own; "
                                         "delete the folder to train anew, or give this training another backup_dir"):
        fit(second, 2)
    np.testing.assert_equal(second.get_weights(), before)
    assert fit(first, 3, delete_checkpoint=True) == [0, 1, 2] and not (tmp_path / "run").exists()
    assert fit(first, 2) == [0, 1]                         # the folder is free
    with pytest.raises(ValueError, match="of training number 2 of the script, this is number 3"):
        fit(second, 3)
    backup._ended.clear()                                  # in a new process, it is that of the second training as well
    with pytest.raises(ValueError, match="of training number 2 of the script, this is number 1"):
        fit(network(), 2)


def test_cells_that_keep_backups_may_run_again(tmp_path, monkeypatch):
    def run_cell(number, epochs):
        shell = types.SimpleNamespace(execution_count=number)
        monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(get_ipython=lambda: shell))
        kept, model = BackupAndRestore(tmp_path / "run", delete_checkpoint=False), network()
        return [model.fit(X, Y, batch_size=4, epochs=n, verbose=0, callbacks=[kept]).epoch for n in epochs]

    assert run_cell(3, [1]) == [[0]]
    assert run_cell(4, [1, 2]) == [[0], [0, 1]]
    assert run_cell(5, [1, 3]) == [[0, 1], [0, 1, 2]]
    backup._ended.clear()                                  # as in a new kernel
    assert run_cell(1, [4]) == [[0, 1, 2, 3]]


def test_backups_of_before_know_no_epochs(tmp_path):
    fit_two(tmp_path / "run", delete_checkpoint=False)
    text, arrays = _read(tmp_path / "run" / "latest.npz")
    del text["epochs"]
    backup._write(tmp_path / "run" / "latest.npz", text, arrays)
    assert on_arrays()(BackupAndRestore(tmp_path / "run"), Kill())["epochs"] == [0, 1, 2]


def test_the_one_before_is_kept(tmp_path):
    fit_two(tmp_path / "run", save_freq=3, double_checkpoint=True)
    assert sorted(os.listdir(tmp_path / "run")) == ["latest.npz", "previous.npz"]
    steps = [_read(tmp_path / "run" / name)[0]["step"] for name in ("latest.npz", "previous.npz")]
    assert steps == [6, 3]
    begin(0)
    expected = never_interrupted(on_arrays())
    begin(0)
    fit_two(tmp_path / "whole", save_freq=3, double_checkpoint=True)
    damage(tmp_path / "whole" / "latest.npz", lambda content: content[:100])
    with pytest.warns(UserWarning, match="latest.npz is damaged.*from the backup before it"):
        same(on_arrays()(BackupAndRestore(tmp_path / "whole", save_freq=3), Kill()), expected)
    fit_two(tmp_path / "gone", save_freq=3, double_checkpoint=True)
    (tmp_path / "gone" / "latest.npz").unlink()            # killed between the two renamings
    on_arrays()(BackupAndRestore(tmp_path / "gone", save_freq=3), Kill())
    assert not (tmp_path / "gone").exists()


def damage(path, how):
    path.write_bytes(how(path.read_bytes()))


def test_leftovers_of_killed_saves_are_removed(tmp_path):
    fit_two(tmp_path / "run")
    (tmp_path / "run" / ".latest-x1y2.npz").write_bytes(b"half")
    fit_two(tmp_path / "run", after=9)
    assert os.listdir(tmp_path / "run") == ["latest.npz"]


@pytest.mark.parametrize("where", ["write_bytes", "fsync", "replace"])
def test_a_save_that_fails_leaves_the_one_before(tmp_path, monkeypatch, where):
    """The disk is full, for instance."""
    fit_two(tmp_path / "run", after=7)
    before = (tmp_path / "run" / "latest.npz").read_bytes()

    def full(*args):
        raise OSError("no space left")

    monkeypatch.setattr(Path if where == "write_bytes" else os, where, full)
    with pytest.raises(OSError, match="no space left"):
        on_arrays()(BackupAndRestore(tmp_path / "run"), Kill())
    assert os.listdir(tmp_path / "run") == ["latest.npz"] and (tmp_path / "run" / "latest.npz").read_bytes() == before


# Backups that do not fit ------------------------------------------------------------------------------------------------

def test_every_truncation_and_every_flip_is_found(tmp_path):
    fit_two(tmp_path / "run")
    path = tmp_path / "run" / "latest.npz"
    whole, (text, arrays) = path.read_bytes(), _read(path)
    for length in [*range(0, 60, 7), *np.linspace(60, len(whole) - 60, 25).astype(int), *range(len(whole) - 60, len(whole), 7)]:
        path.write_bytes(whole[:length])
        with pytest.raises(_Damaged):
            _read(path)
    path.write_bytes(whole)
    with zipfile.ZipFile(tmp_path / "less.zip", "w") as less, zipfile.ZipFile(path) as archive:
        for name in archive.namelist()[:-1]:
            less.writestr(name, archive.read(name))
    os.replace(tmp_path / "less.zip", path)
    with pytest.raises(_Damaged):
        _read(path)
    found = 0
    for place in np.random.default_rng(0).integers(0, len(whole), 150):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 64]) + whole[place + 1:])
        try:
            again = _read(path)
            assert again[0] == text                        # some bytes, such as the time of day, do not matter
            for a, b in zip(again[1], arrays, strict=True):
                np.testing.assert_array_equal(a, b)
        except _Damaged:
            found += 1
    assert found > 75


@pytest.mark.parametrize("content", [b"", b"text", b"PK", "zip", "other format"])
def test_a_damaged_or_foreign_backup(tmp_path, content):
    (tmp_path / "run").mkdir()
    path = tmp_path / "run" / "latest.npz"
    if content == "zip":
        np.savez(path, a=np.zeros(3))
    elif content == "other format":
        fit_two(tmp_path / "run")
        text, arrays = _read(path)
        backup._write(path, text | {"format": "tinyvision backup 99"}, arrays)
    else:
        path.write_bytes(content)
    with pytest.raises(ValueError, match=f"{path} is damaged, or no backup: .*delete the folder {tmp_path / 'run'}, and"):
        on_arrays()(BackupAndRestore(tmp_path / "run"), Kill())


@pytest.mark.parametrize("other, message", [
    (lambda: network(width=5), r"of another model: .*number 0 is conv2d.*/kernel \(3, 3, 1, 4\) float32 there, "
                               r"conv2d.*/kernel \(3, 3, 1, 5\) float32 here; delete the folder"),
    (lambda: tv.Sequential([tv.Input((6, 6, 1)), layers.Conv2D(4, 3)]), r"it has 8 weights, this one 2; number 2 is .* there, nothing here"),
    (lambda: network("sgd"), r"has Adam as model.optimizer, which remembers \['momentum', 'velocity'\] of each weight; here it is "
                             r"SGD, with \['momentum'\]"),
    (lambda: network("averages"), r"has Adam .*; here it is Adam, with \['average', 'gradient_accumulator', 'momentum', .*'\]")])
def test_a_backup_of_another_model(tmp_path, other, message):
    fit_two(tmp_path / "run")
    model = other()
    if model.optimizer is None:
        model.compile("adam", "mse")
    before = model.get_weights()
    with pytest.raises(ValueError, match=message):
        model.fit(X, Y, batch_size=4, epochs=3, verbose=0, callbacks=[BackupAndRestore(tmp_path / "run"), Kill()])
    for a, b in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_backup_of_other_data(tmp_path):
    fit_two(tmp_path / "run", save_freq=2)
    with pytest.raises(ValueError, match="within 6 batches a pass, the data here are 3; delete the folder"):
        on_arrays(batch_size=8)(BackupAndRestore(tmp_path / "run"), Kill())


def test_a_backup_of_another_training_of_the_script(tmp_path):
    """Two trainings in one folder: the second one's backup is not for the first."""
    on_arrays()(BackupAndRestore(tmp_path / "run"), Kill())
    fit_two(tmp_path / "run")
    on_arrays()(BackupAndRestore(tmp_path / "run"), Kill())                # the same place in the script: it may go on
    fit_two(tmp_path / "run")
    backup._ended.clear()                                  # as in a new process
    with pytest.raises(ValueError, match="of training number 3 of the script, this is number 1: each needs a backup_dir"):
        on_arrays()(BackupAndRestore(tmp_path / "run"), Kill())


def test_cells_of_a_notebook_may_run_again(tmp_path, monkeypatch):
    """One that ran to its end, ran again and was interrupted, goes on in a new kernel; two trainings in one are told apart."""
    def run_cell(number, *trainings):
        shell = types.SimpleNamespace(execution_count=number)
        monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(get_ipython=lambda: shell))
        for after in trainings:
            on_arrays()(BackupAndRestore(tmp_path / "run"), Kill(after))

    run_cell(3, None)
    with pytest.raises(Killed):
        run_cell(4, 8)
    run_cell(5, None)                                      # it goes on in the same kernel
    with pytest.raises(Killed):
        run_cell(6, 8)
    backup._ended.clear()                                  # as in a new kernel
    run_cell(1, None)
    assert not (tmp_path / "run").exists()
    with pytest.raises(Killed):
        run_cell(2, None, 8)
    with pytest.raises(ValueError, match="of training number 2 of the script, this is number 1: each needs a backup_dir"):
        run_cell(3, None, None)


def test_callbacks_that_came_and_went(tmp_path):
    with pytest.raises(Killed):
        on_arrays()(BackupAndRestore(tmp_path / "run"), callbacks.EarlyStopping("loss"), Kill(8))
    with pytest.warns(UserWarning, match="holds the state of EarlyStopping, which are not here"):
        on_arrays()(BackupAndRestore(tmp_path / "run"), Kill(), Everything())


def test_what_is_refused(tmp_path):
    with pytest.raises(ValueError, match="backup_dir is empty"):
        BackupAndRestore("")
    for freq in "batch", 0, -1, 2.5, False, True:
        with pytest.raises(ValueError, match="save_freq is 'epoch' or a number of batches, got"):
            BackupAndRestore("run", save_freq=freq)
    (tmp_path / "file").write_text("x")
    with pytest.raises(ValueError, match="file is a file; backup_dir is a folder"):
        on_arrays()(BackupAndRestore(tmp_path / "file"), Kill())

    class Strange(Callback):
        def on_train_batch_end(self, batch, logs=None):
            weight = layers.Dense(1)
            weight(np.zeros((1, 2)), training=False)
            self.model.optimizer.slot("momentum", weight.weights[0])

    with pytest.raises(ValueError, match="the Adam optimizer changes <Variable dense.*, which is not among the weights"):
        on_arrays()(BackupAndRestore(tmp_path / "run"), Kill(), Strange())


# Datasets ---------------------------------------------------------------------------------------------------------------

def augmented(*, source=None, seed=None, threads=None):
    """A pipeline that shuffles, and mirrors each image by a layer of its own."""
    flip, samples = Flip(), Dataset.from_tensor_slices((X, Y)) if source is None else source

    def turned(x, y):
        return flip(x[None], training=True)[0], y

    return samples.shuffle(10, seed).map(turned, threads)


def helped(x, y):
    """A function that finds its layer by a global name, in another function."""
    return mirrored(x), y


def mirrored(x):
    return GLOBAL["flip"](x, training=True)


GLOBAL = {}
PIPELINES = {
    "shuffled": lambda: augmented().batch(4), "seeded": lambda: augmented(seed=3).batch(4),
    "prefetched": lambda: augmented().batch(4).prefetch(1), "far ahead": lambda: augmented(threads=3).batch(4).prefetch(50),
    "cached": lambda: augmented(source=Dataset.from_tensor_slices((X, Y)).cache()).batch(4).prefetch(2),
    "batches shuffled": lambda: augmented().batch(4).shuffle(3), "repeated": lambda: augmented().repeat(2).batch(7),
    "filtered": lambda: augmented().filter(lambda x, y: y > 0).batch(3), "unbatched": lambda: augmented().batch(5).unbatch().batch(4),
    "generated": lambda: augmented(source=Dataset.from_generator(lambda: zip(X, Y))).batch(4).prefetch(2),
    "global names": lambda: Dataset.from_tensor_slices((X, Y)).batch(4).map(helped).prefetch(2),
}


def on_a_dataset(make, **settings):
    def train(*around):
        GLOBAL["flip"] = Flip()
        model = network()
        validation = Dataset.from_tensor_slices((X, Y)).shuffle(21).take(8).batch(4)
        history = model.fit(make(), **{"epochs": 3, "verbose": 0, **settings}, validation_data=validation, callbacks=list(around))
        return found_in(model, history)
    return train


@pytest.mark.parametrize("pipeline", PIPELINES)
@pytest.mark.parametrize("after, freq", [(8, 3), (11, "epoch")])
def test_datasets_go_on(tmp_path, pipeline, after, freq):
    """The same shuffles and the same random numbers for each image, however far ahead they were drawn; nothing is seeded anew."""
    train = on_a_dataset(PIPELINES[pipeline])
    same(interrupted(train, tmp_path / "run", after, save_freq=freq), never_interrupted(train))


def test_validation_datasets_go_on(tmp_path):
    """One that draws other samples in each pass."""
    def train(*around):
        flip = Flip()
        validation = Dataset.from_tensor_slices((X, Y)).shuffle(21).take(5).map(lambda x, y: (flip(x[None], training=True)[0], y))
        model = network()
        history = model.fit(X, Y, batch_size=4, epochs=4, verbose=0, validation_data=validation.batch(5), callbacks=list(around))
        return found_in(model, history)

    expected = never_interrupted(train)
    for after, freq in (11, 2), (14, "epoch"):
        same(interrupted(train, tmp_path / f"run {after}", after, save_freq=freq), expected)


@pytest.mark.parametrize("make, settings", [
    (PIPELINES["prefetched"], dict(steps_per_epoch=4)), (PIPELINES["far ahead"], dict(steps_per_epoch=8)),
    (lambda: augmented().repeat().batch(4).prefetch(3), dict(steps_per_epoch=4)),
    (PIPELINES["shuffled"], dict(class_weight={1: 3.0})), (PIPELINES["filtered"], dict(validation_freq=2))])
def test_datasets_in_all_ways_to_fit(tmp_path, make, settings):
    train = on_a_dataset(make, **settings)
    same(interrupted(train, tmp_path / "run", 7, save_freq=2), never_interrupted(train))


key = "cat", "dog"                                         # a name that keys of random numbers have, too


class Named(Flip):
    """A layer whose `key` is none of random numbers, which it draws by one that it gets for each call."""

    def __init__(self, key):
        super().__init__()
        self.drawn_by, self.key = self.key, key

    def noisy(self, x, key, step):
        return super().noisy(x, self.drawn_by, step)


def test_what_users_call_a_key_stays_theirs(tmp_path):
    """A global name, what a function closes over, an attribute: even a pair of numbers, as keys of random numbers are."""
    def run(pair, names, kill):
        def in_closure(key, also):
            return lambda x, y: (x + 0 * len(globals()["key"]) + also * key[0], y)

        def by_global_name(also):
            return lambda x, y: (x + also * len(key), y)

        named = Named(names)
        data = Dataset.from_tensor_slices((X, Y)).map(in_closure(pair, 0.0)).map(by_global_name(0.0)).batch(4)
        model = tv.Sequential([tv.Input((6, 6, 1)), named, layers.Flatten(), layers.Dense(3, activation="softmax")])
        model.compile("sgd", "sparse_categorical_crossentropy")
        model.fit(data, epochs=2, verbose=0, callbacks=[BackupAndRestore(tmp_path / "run"), kill])
        return named.key, list(state.keys(data, "data", {}))

    with pytest.raises(Killed):
        run((1, 2), ("a", "b"), Kill(8))
    assert run((3, 4), ("c", "d"), Kill()) == (("c", "d"), []) and key == ("cat", "dog")


# Processes that are killed ----------------------------------------------------------------------------------------------

CHILD = Path(__file__).with_name("survivor.py")


def first_seed(folder):
    """The seed, for a process that cannot go on from a backup."""
    return [] if (folder / "run" / "latest.npz").exists() or (folder / "run" / "previous.npz").exists() else [0]


def run_child(folder, *seed, kill=None):
    """Run the training in a process of its own; returns what it said. It is ended by SIGKILL after it has said a word for the
    n-th time, some seconds later: kill = (word, n, seconds)."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(CHILD.parents[1]), os.environ.get("PYTHONPATH", "")])}
    command = [sys.executable, "-W", "error", str(CHILD), str(folder), *map(str, seed)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment) as child:
        said = []
        for line in child.stdout:
            said.append(line.strip())
            if kill and said[-1] == kill[0] and said.count(kill[0]) == kill[1]:
                time.sleep(kill[2])
                child.kill()
        errors = child.stderr.read()
    assert child.returncode == (-9 if said[-1] != "end" else 0), errors
    return said


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """What a training finds in a process that nobody kills."""
    folder = tmp_path_factory.mktemp("whole")
    run_child(folder, 0)
    return (folder / "found.txt").read_text()


@pytest.mark.parametrize("seed", range(4))
def test_killed_processes_go_on(tmp_path, whole, seed):
    """Six kills each, every other within a save; then the training may end. All processes but the first draw other seeds."""
    chance, hits = np.random.default_rng(seed), 0
    for attempt in range(6):
        kill = ("save", chance.integers(1, 4), chance.uniform(0, 0.025)) if attempt % 2 else \
            ("step", chance.integers(1, 12), chance.uniform(0, 0.01))
        said = run_child(tmp_path, *first_seed(tmp_path), kill=kill)
        hits += said[-1] == "save"
        left = list((tmp_path / "run").glob(".*"))
        assert len(left) <= 1, "each start removes what killed saves have left"
    run_child(tmp_path, *first_seed(tmp_path))
    assert (tmp_path / "found.txt").read_text() == whole
    assert not (tmp_path / "run").exists() and hits > 0
