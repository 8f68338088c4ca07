"""A training that test_backup.py kills: `python survivor.py folder seed`. Without a seed, chance is new in each process.

It says on its output when a step or a save begins, and ends with what it found in a file. Its saves are slow, so that kills hit
them: they write in pieces, and pause before and after files are renamed.
"""
import os
import random
import sys
import time
import warnings
from pathlib import Path

import numpy as np

import tinyvision as tv
from tinyvision import callbacks, config, kernels, layers
from tinyvision.callbacks.state import parts
from tinyvision.kernels.random import uniform
from tinyvision.layers.drawing import Drawing
from tinyvision.optimizers import schedules


class Flip(Drawing):
    """Mirrors each image or not, as chance has it."""
    flips = True
    amount = "flips"

    def noisy(self, x, key, step):
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


def begin(seed):
    """What a new process has: chance of its own, and no names of layers."""
    config.set_random_seed(seed)
    np.random.seed(seed)
    random.seed(seed)
    tv.utils.clear_session()


def train(folder, *around):
    """Six epochs at most, with backups in the middle of them."""
    model = network()
    watch = [callbacks.EarlyStopping("val_accuracy", patience=2, restore_best_weights=True), callbacks.CSVLogger(folder / "log.csv"),
             callbacks.ModelCheckpoint(folder / "best.keras", save_best_only=True)]
    backup = callbacks.BackupAndRestore(folder / "run", save_freq=3, double_checkpoint=True)
    history = model.fit(X, Y, batch_size=3, epochs=6, verbose=0, validation_data=(X[:6], Y[:6]),
                        callbacks=[backup, *watch, *around])
    best = tv.models.load_model(folder / "best.keras", {"Flip": Flip})
    return {**found_in(model, history), "table": (folder / "log.csv").read_text(), "best": [w.tobytes() for w in best.get_weights()]}


def tell(what):
    """Say what begins or ends now."""
    print(what, flush=True)


def slow_saves():
    """Let saves say when they begin and end, and take their time, so that kills hit them anywhere."""
    save, replace = callbacks.BackupAndRestore._save, os.replace

    def told(backup):
        tell("save")
        save(backup)
        tell("saved")

    def in_pieces(path, content):
        for start in range(0, len(content), 4096):
            with open(path, "ab") as file:
                file.write(content[start:start + 4096])
            time.sleep(0.001)

    def slowly(*paths):
        time.sleep(0.005)
        replace(*paths)
        time.sleep(0.005)

    callbacks.BackupAndRestore._save, Path.write_bytes, os.replace = told, in_pieces, slowly


if __name__ == "__main__":
    place, seeds = Path(sys.argv[1]), map(int, sys.argv[2:])
    for seed in seeds:
        begin(seed)
    sys.modules["numba"] = None                            # its import would take most of the time
    warnings.filterwarnings("ignore", "Numba does not work")
    kernels.use("numpy")
    slow_saves()
    found = train(place, callbacks.LambdaCallback(on_train_batch_begin=lambda batch, logs: tell("step")))
    (place / "found.txt").write_text(repr(found))
    tell("end")
