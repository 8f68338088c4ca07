"""BackupAndRestore: a training that was killed and goes on ends in the very numbers of one that was not."""
import random

import numpy as np
import pytest

import tinyvision as tv
from tinyvision import callbacks, config, layers
from tinyvision.callbacks import BackupAndRestore, Callback
from tinyvision.callbacks.state import parts
from tinyvision.layers.drawing import Drawing
from tinyvision.optimizers import schedules


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


class Flip(Drawing):
    """Mirrors each image or not, as chance has it."""
    flips = True
    amount = "flips"

    def noisy(self, x, key, step):
        from tinyvision.kernels.random import uniform
        left = uniform((len(x.data), 1, 1, 1), key, step) < 0.5
        return tv.ops.where(left, x[:, :, ::-1], x)


rng = np.random.default_rng(0)
X, Y = rng.standard_normal((21, 6, 6, 1)).astype("float32"), rng.integers(0, 3, 21)
OPTIMIZERS = {
    "adam": lambda: tv.optimizers.Adam(schedules.ExponentialDecay(0.01, 10, 0.9)),
    "averages": lambda: tv.optimizers.Adam(0.01, amsgrad=True, use_ema=True, gradient_accumulation_steps=2),
    "rmsprop": lambda: tv.optimizers.RMSprop(0.01, momentum=0.5, centered=True, use_ema=True, ema_overwrite_frequency=3),
    "nadam": lambda: tv.optimizers.Nadam(0.01, clipnorm=1.0), "sgd": lambda: tv.optimizers.SGD(0.05, momentum=0.9, weight_decay=0.01),
}


def network(optimizer="adam", width=4, metrics=("accuracy",)):
    """A small network with all that a training has to remember."""
    model = tv.Sequential([tv.Input((6, 6, 1)), Flip(), layers.Conv2D(width, 3), layers.BatchNormalization(), layers.ReLU(),
                           layers.GaussianNoise(0.1), layers.Flatten(), layers.Dropout(0.3), layers.Dense(3, activation="softmax")])
    model.compile(OPTIMIZERS[optimizer](), "sparse_categorical_crossentropy", metrics=list(metrics))
    return model


def found_in(model, history):
    """All that two trainings must have in common, as bytes and texts."""
    optimizer, numbers = model.optimizer, {id(w): i for i, w in enumerate(model.weights)}
    slots = {(name, numbers[id(v)]): array.tobytes() for name, arrays in optimizer.slots.items() for v, array in arrays.values()}
    drawing = [(layer.key, layer.step) for _, layer in parts(model, "", {}) if isinstance(layer, Drawing)]
    return {"weights": [w.tobytes() for w in model.get_weights()], "slots": slots, "history": repr(history.history),
            "epochs": history.epoch, "rate": repr(optimizer.learning_rate), "steps": (optimizer.iterations, optimizer.calls),
            "drawing": drawing, "next key": config.random_key(), "numpy": np.random.random(), "python": random.random()}


def same(a, b):
    for name in a:
        assert a[name] == b[name], name


def begin(seed):
    """What a new process has: chance of its own, and no names of layers."""
    config.set_random_seed(seed)
    np.random.seed(seed)
    random.seed(seed)
    tv.utils.clear_session()


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
