"""Part 1 of lesson 07 beside Keras: the same network, first weights and batches of pictures, no augmentation.

    python tests/parity/textbook.py FOLDER                 the losses of the first 20 steps of both, in float32 and in float64
    python tests/parity/textbook.py FOLDER --epochs 30     and the whole training in Keras, validated after each epoch

FOLDER holds train/ and validation/ with cat/ and dog/ each, as datasets/cats_vs_dogs prepares them. With `--json FILE` what was
found is written to a file. Keras runs on TensorFlow if that is installed, else on JAX.

In float32 the losses part by some 1e-3 within 20 steps, whoever computes: RMSprop's first step moves each weight by the same
length, and where a gradient is nearly 0, rounding decides which way.
"""
import argparse
import functools
import importlib.util
import json
import os
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "tensorflow" if importlib.util.find_spec("tensorflow") else "jax")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.pop("JAX_DISABLE_MOST_OPTIMIZATIONS", None)     # tests/conftest.py sets it; a whole training needs them

import keras  # noqa: E402
import numpy as np  # noqa: E402
from keras.src.backend.common import dtypes  # noqa: E402

import tinyvision  # noqa: E402
from tinyvision.files import replacing  # noqa: E402


def textbook(k, size):
    """The network of part 1: with tinyvision or with Keras, whichever `k` is."""
    x = inputs = k.Input((size, size, 3))
    x = k.layers.Rescaling(1 / 255)(x)
    for filters in 32, 64, 128, 256:
        x = k.layers.Conv2D(filters, 3, activation="relu")(x)
        x = k.layers.MaxPooling2D(2)(x)
    x = k.layers.Conv2D(256, 3, activation="relu")(x) if size > 100 else x
    return k.Model(inputs, k.layers.Dense(1, activation="sigmoid")(k.layers.Flatten()(x)))


def use_dtype(dtype):
    """Let both compute in float32 or in float64."""
    for home in tinyvision, keras:
        home.config.set_floatx(dtype)
    keras.config.set_dtype_policy(dtype)


def twins(size, seed):
    """Compiled networks of tinyvision and of Keras, with the first weights of lesson 07."""
    tinyvision.utils.set_random_seed(seed)
    pair = textbook(tinyvision, size), textbook(keras, size)
    pair[1].set_weights(pair[0].get_weights())
    for net in pair:
        net.compile("rmsprop", "binary_crossentropy", metrics=["accuracy"])
    return pair


def pictures(folder, size, shuffle, seed):
    """Batches, in the order of lesson 07: a new one for each pass."""
    return tinyvision.utils.image_dataset_from_directory(folder, label_mode="binary", image_size=(size, size), batch_size=32,
                                                         shuffle=shuffle, seed=seed, verbose=False).prefetch(2)


def step(net, x, y):
    """Train on a batch; its loss."""
    net.reset_metrics()
    return float(net.train_on_batch(x.numpy().astype(net.dtype), y.numpy(), return_dict=True)["loss"])


def measured(net, x, y):
    """The loss and the accuracy of a batch."""
    net.reset_metrics()
    logs = net.test_on_batch(x.numpy(), y.numpy(), return_dict=True)
    return float(logs["loss"]), float(logs["accuracy"])


def mean(batches, measure):
    """The mean of what is measured of batches, over all their pictures."""
    found, sizes = zip(*[(measure(x, y), len(x)) for x, y in batches])
    return np.average(found, axis=0, weights=sizes).tolist()


def first_losses(folder, dtype, size=180, steps=20, seed=0):
    """(losses of tinyvision's first steps, those of Keras's)."""
    use_dtype(dtype)
    ours, theirs = twins(size, seed)
    found = [(step(ours, x, y), step(theirs, x, y)) for x, y in pictures(folder / "train", size, True, seed).take(steps)]
    return [list(losses) for losses in zip(*found)]


def whole_training(folder, epochs, size=180, seed=0):
    """The training of part 1 in Keras: {"loss": [...], "val_loss": [...], "val_accuracy": [...]}, a number an epoch."""
    use_dtype("float32")
    _, net = twins(size, seed)
    training, validation = pictures(folder / "train", size, True, seed), pictures(folder / "validation", size, False, seed)
    history = {"loss": [], "val_loss": [], "val_accuracy": []}
    for epoch in range(epochs):
        history["loss"].append(mean(training, functools.partial(step, net)))
        val_loss, val_accuracy = mean(validation, functools.partial(measured, net))
        history["val_loss"].append(val_loss)
        history["val_accuracy"].append(val_accuracy)
        print(f"epoch {epoch + 1}:", ", ".join(f"{name} {values[-1]:.4f}" for name, values in history.items()), flush=True)
    return history


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--size", type=int, default=180)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--epochs", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="write what was found to this file")
    options = parser.parse_args()
    dtypes.BIT64_TO_BIT32_DTYPE["float64"] = "float64"     # Keras 3.15 narrows to float32
    found = {"keras": f"{keras.__version__} on {keras.backend.backend()}", "seed": options.seed, "size": options.size}
    for dtype in "float64", "float32":
        ours, theirs = first_losses(options.folder, dtype, options.size, options.steps, options.seed)
        found[dtype] = {"tinyvision": ours, "keras": theirs}
        for number, (a, b) in enumerate(zip(ours, theirs), 1):
            print(f"{dtype}, step {number:2}: tinyvision {a:.6f}, Keras {b:.6f}, difference {abs(a - b):.1e}", flush=True)
    if options.epochs:
        found["history"] = whole_training(options.folder, options.epochs, options.size, options.seed)
    if options.json:
        with replacing(options.json) as temporary:
            temporary.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
