"""Training beside Keras: the same first weights and batches, step by step; the losses and all weights are compared.

    python tests/parity/training.py                        prints the differences for all optimizers
    python tests/parity/training.py --figure curves.png    draws the losses of both over one another, in float32

A process of its own, because Keras runs on a JAX that optimizes here: 100 steps in 5 s in place of 100.
"""
import argparse
import json
import os
import sys

os.environ.update(KERAS_BACKEND="jax", JAX_ENABLE_X64="1", JAX_PLATFORMS="cpu", TF_CPP_MIN_LOG_LEVEL="3")
os.environ.pop("JAX_DISABLE_MOST_OPTIMIZATIONS", None)

import keras  # noqa: E402
import numpy as np  # noqa: E402
from keras.src.backend.common import dtypes  # noqa: E402

import tinyvision  # noqa: E402

OPTIMIZERS = {
    "SGD": dict(learning_rate=0.02, momentum=0.9), "RMSprop": dict(learning_rate=1e-3), "Adam": dict(learning_rate=1e-3),
    "AdamW": dict(learning_rate=1e-3, weight_decay=0.01),
}


# The same code builds each network with tinyvision and with Keras: k is the one or the other ------------------------------

def mnist_convnet(k):
    """The network of lesson 06."""
    x = inputs = k.Input((28, 28, 1))
    x = k.layers.Conv2D(32, 3, activation="relu")(x)
    x = k.layers.MaxPooling2D(2)(x)
    x = k.layers.Conv2D(64, 3, activation="relu")(x)
    x = k.layers.MaxPooling2D(2)(x)
    x = k.layers.Conv2D(128, 3, activation="relu")(x)
    return k.Model(inputs, k.layers.Dense(10, activation="softmax")(k.layers.Flatten()(x)))


def cats_vs_dogs_convnet(k):
    """The textbook's network for photographs, with fewer filters and for smaller pictures."""
    x = inputs = k.Input((64, 64, 3))
    x = k.layers.Rescaling(1 / 255)(x)
    for filters in 8, 16, 32:
        x = k.layers.Conv2D(filters, 3, activation="relu")(x)
        x = k.layers.MaxPooling2D(2)(x)
    x = k.layers.Flatten()(k.layers.Conv2D(32, 3, activation="relu")(x))
    return k.Model(inputs, k.layers.Dense(1, activation="sigmoid")(x))


def branched(k):
    """Two branches with batch normalization, added, and joined with a third."""
    x = inputs = k.Input((16, 16, 3))
    x = k.layers.Conv2D(8, 3, padding="same", use_bias=False)(x)
    x = y = k.layers.Activation("relu")(k.layers.BatchNormalization()(x))
    y = k.layers.BatchNormalization()(k.layers.Conv2D(8, 3, padding="same", use_bias=False)(y))
    x = k.layers.Activation("relu")(k.layers.Add()([x, y]))
    z = k.layers.AveragePooling2D(2)(x)
    x = k.layers.Conv2D(8, 3, strides=2, padding="same")(x)
    x = k.layers.BatchNormalization(momentum=0.9)(k.layers.Concatenate()([x, z]))
    return k.Model(inputs, k.layers.Dense(4, activation="softmax")(k.layers.GlobalAveragePooling2D()(x)))


def digits(samples):
    from tinyvision.datasets import mnist
    (x, y), _ = mnist.load_data()
    return x[:samples, ..., None] / 255, y[:samples]


def textures(shape, classes):
    """Images of noise, of which one channel is brighter, by class."""
    def draw(samples):
        rng = np.random.default_rng(0)
        y = rng.integers(0, classes, samples)
        x = rng.uniform(0, 255, (samples, *shape))
        x[np.arange(samples), ..., y % shape[-1]] *= 0.8 - 0.1 * (y[:, None, None] // shape[-1])
        return x if classes == 2 else x / 255, y
    return draw


NETWORKS = {                                               # network, data, loss, steps, samples a step
    "MNIST convnet": (mnist_convnet, digits, "sparse_categorical_crossentropy", 100, 8),
    "cats-vs-dogs convnet, small": (cats_vs_dogs_convnet, textures((64, 64, 3), 2), "binary_crossentropy", 20, 4),
    "branched, batch normalization": (branched, textures((16, 16, 3), 4), "sparse_categorical_crossentropy", 50, 8),
}


def means_of_steps(home):
    """A callback that writes down the loss after each step: the mean of the epoch so far."""
    class Means(home.callbacks.Callback):
        def __init__(self):
            super().__init__()
            self.means = []

        def on_train_batch_end(self, batch, logs=None):
            self.means.append(float(logs["loss"]))

    return Means()


def train(network, optimizer, dtype, steps=None):
    """(losses of tinyvision's steps, those of Keras's, the largest difference of a weight at the end)."""
    build, data, loss, count, batch = NETWORKS[network]
    steps = steps or count
    tinyvision.config.set_floatx(dtype)
    keras.config.set_floatx(dtype)
    keras.config.set_dtype_policy(dtype)
    tinyvision.utils.set_random_seed(0)
    model, twin = build(tinyvision), build(keras)
    if dtype == "float32":                                 # where all is black, biases of 0 put ReLUs on their corner: there
        rng = np.random.default_rng(1)                     # Winograd's last digits would decide which gradients pass
        model.set_weights([w if w.ndim > 1 else w + rng.uniform(-0.05, 0.05, w.shape) for w in model.get_weights()])
    twin.set_weights(model.get_weights())
    x, y = data(steps * batch)
    found = []
    for net, home in (model, tinyvision), (twin, keras):
        net.compile(getattr(home.optimizers, optimizer)(**OPTIMIZERS[optimizer]), loss)
        seen = means_of_steps(home)
        net.fit(x.astype(dtype), y, batch_size=batch, shuffle=False, verbose=0, callbacks=[seen])
        found.append(np.diff(seen.means * np.arange(1, steps + 1), prepend=0))
    worst = max(float(np.abs(a - b).max()) for a, b in zip(model.get_weights(), twin.get_weights(), strict=True))
    return *found, worst


def compare(optimizers, networks, dtype="float64", steps=None) -> list[dict]:
    """The differences for each network and optimizer."""
    rows = []
    for optimizer in optimizers:
        for network in networks:
            ours, theirs, worst = train(network, optimizer, dtype, steps)
            rows.append({"network": network, "optimizer": optimizer, "dtype": dtype, "steps": len(ours), "weights": worst,
                         "losses": float((np.abs(ours - theirs) / np.maximum(1, theirs)).max()), "first": float(ours[0]), "last": float(ours[-5:].mean())})
    return rows


def draw(path):
    """The losses of both over one another, in float32: MNIST, each optimizer."""
    import matplotlib
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, len(OPTIMIZERS), figsize=(12, 2.8), sharey=True, layout="constrained")
    for axis, optimizer in zip(axes, OPTIMIZERS):
        ours, theirs, _ = train("MNIST convnet", optimizer, "float32")
        axis.plot(theirs, color="#d5893b", linewidth=4, alpha=0.5, label="Keras")
        axis.plot(ours, color="#22577a", linewidth=1, label="tinyvision")
        axis.set(title=optimizer, xlabel="step")
        axis.spines[["top", "right"]].set_visible(False)
    axes[0].set(ylabel="loss of the batch")
    axes[0].legend(frameon=False)
    figure.savefig(path, dpi=110)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--optimizers", nargs="*", default=list(OPTIMIZERS), choices=OPTIMIZERS)
    parser.add_argument("--networks", nargs="*", default=list(NETWORKS), choices=NETWORKS)
    parser.add_argument("--dtype", default="float64", choices=["float64", "float32"])
    parser.add_argument("--steps", type=int, help="so many steps in place of those of the network")
    parser.add_argument("--json", action="store_true", help="for other programs")
    parser.add_argument("--figure", help="draw the curves of float32 to this file, and end")
    options = parser.parse_args()
    dtypes.BIT64_TO_BIT32_DTYPE["float64"] = "float64"     # Keras 3.15 narrows to float32, even where JAX does not
    if options.figure:
        return draw(options.figure)
    rows = compare(options.optimizers, options.networks, options.dtype, options.steps)
    if options.json:
        return json.dump(rows, sys.stdout)
    print(f"{'network':32}{'optimizer':11}{'steps':>6}{'loss':>16}{'differences: losses':>22}{'weights':>10}")
    for row in rows:
        print(f"{row['network']:32}{row['optimizer']:11}{row['steps']:6}{row['first']:8.3f} {row['last']:7.3f}"
              f"{row['losses']:22.1e}{row['weights']:10.1e}")


if __name__ == "__main__":
    main()
