"""BackupAndRestore: a training that was killed and goes on ends in the very numbers of one that was not."""
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from survivor import OPTIMIZERS, Flip, X, Y, begin, found_in, network

import tinyvision as tv
from tinyvision import callbacks, layers
from tinyvision.callbacks import BackupAndRestore, Callback
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
def test_killed_after_any_batch(tmp_path, freq):
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


@pytest.mark.parametrize("make, settings", [
    (PIPELINES["prefetched"], dict(steps_per_epoch=4)), (PIPELINES["far ahead"], dict(steps_per_epoch=8)),
    (lambda: augmented().repeat().batch(4).prefetch(3), dict(steps_per_epoch=4)),
    (PIPELINES["shuffled"], dict(class_weight={1: 3.0})), (PIPELINES["filtered"], dict(validation_freq=2))])
def test_datasets_in_all_ways_to_fit(tmp_path, make, settings):
    train = on_a_dataset(make, **settings)
    same(interrupted(train, tmp_path / "run", 7, save_freq=2), never_interrupted(train))


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
