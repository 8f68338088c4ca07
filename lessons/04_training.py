"""Lesson 04: Training, and what to do when a network does not learn.

You compare losses, build five optimizers in a few lines each and watch their steps on a surface, find a learning rate by a
sweep, lower it on a schedule, see a network learn its examples by heart and stop it from doing so in four ways, rescue a deep
network with batch normalization, and work through the list that finds most bugs.
Needs: 03.   Time: 45 s on 2 cores.
Expected: your optimizers take tinyvision's steps to 1e-5; a learning rate that falls ends lower; each remedy against
overfitting beats none; the deep network learns only with batch normalization; the planted bugs are found.
"""
# %% Setup
import argparse
import math
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import tinyvision as keras
from tinyvision import callbacks, layers, ops, optimizers, tensor, viz
from tinyvision.datasets import mnist
from tinyvision.testing import check_gradients

OUTPUT = Path(__file__).parent / "output"
STYLES = [{"color": color, "linestyle": style} for color, style in ((viz.BLUE, "-"), (viz.ORANGE, "--"), (viz.GREEN, "-."))]

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--quick", action="store_true", help="fewer digits and steps: some seconds")
parser.add_argument("-f", "--f", help=argparse.SUPPRESS)             # notebooks pass it
options = parser.parse_args()
keras.utils.set_random_seed(0)
rng = np.random.default_rng(0)

(train_images, train_labels), (test_images, test_labels) = mnist.load_data()
train_x, train_y = train_images.reshape(-1, 784).astype("float32") / 255, train_labels
test_x, test_y = test_images.reshape(-1, 784).astype("float32") / 255, test_labels
EPOCHS = 12 if options.quick else 30
LARGE = slice(0, 2000 if options.quick else 6000)          # the digits to learn from, where there should be enough of them
FEW = slice(0, 500 if options.quick else 1000)             # and where there should not


def network(*middle, seed=0):
    """784 inputs, the layers that are given, ten classes."""
    keras.utils.set_random_seed(seed)
    return keras.Sequential([keras.Input((784,)), *middle, layers.Dense(10, activation="softmax", name="digit")])


# %% A loss says what you want
# For classes, why crossentropy and not simply the squared error (p - t)^2? Look at what the neuron is told when it is wrong and
# sure of it: the slope of the loss with respect to z, the sum before the sigmoid. The squared error has a factor p (1 - p): it
# is silent just where the mistake is worst. Crossentropy's slope is p - t: the worse, the louder. For numbers (the
# temperature, the place of a nose) the squared error is right, or the absolute error, which bears outliers better.
z = tensor(np.linspace(-8, 8, 401), requires_grad=True)
p = ops.sigmoid(z)
losses = {"crossentropy": -p.log(), "squared error": (1 - p) ** 2, "absolute error": 1 - p}
figure = Figure(figsize=(9.5, 3.4), layout="constrained")
left, right = figure.subplots(1, 2)
for i, (name, loss) in enumerate(losses.items()):
    slope, = keras.grad(loss.sum(), z, retain_graph=True)
    for ax, y in (left, loss), (right, slope):
        ax.plot(z.detach().numpy(), y.detach().numpy(), label=name, **STYLES[i])
left.set(xlabel="z, where the truth is 1", ylabel="loss", ylim=(0, 5), title="Losses")
right.set(xlabel="z, where the truth is 1", ylabel="slope in z", title="What the neuron is told")
for ax in left, right:
    ax.grid(alpha=0.3)
    ax.legend(frameon=False)
viz.save(figure, OUTPUT / "04_losses.png")

# %% Optimizers, by hand
# All take the gradient g and change the weights w. Plain descent goes against g. Momentum remembers where it was going, like a
# ball: it rolls on through flat stretches, and shaking from side to side cancels out. Nesterov's variant looks ahead. RMSprop
# divides each weight's step by the recent size of its own gradient, so that steep and flat directions get steps of one size.
# Adam does both, and corrects for having started from zero.


def sgd(rate):
    def step(w, g, memory):
        return w - rate * g
    return step


def momentum(rate, keep=0.9, nesterov=False):
    def step(w, g, memory):
        memory["v"] = keep * memory.get("v", 0) - rate * g
        return w + (keep * memory["v"] - rate * g if nesterov else memory["v"])
    return step


def rmsprop(rate, keep=0.9, epsilon=1e-7):
    def step(w, g, memory):
        memory["square"] = keep * memory.get("square", 0) + (1 - keep) * g ** 2
        return w - rate * g / np.sqrt(memory["square"] + epsilon)
    return step


def adam(rate, keep=0.9, keep_square=0.999, epsilon=1e-7):
    def step(w, g, memory):
        t = memory["t"] = memory.get("t", 0) + 1
        memory["v"] = keep * memory.get("v", 0) + (1 - keep) * g
        memory["square"] = keep_square * memory.get("square", 0) + (1 - keep_square) * g ** 2
        mean, square = memory["v"] / (1 - keep ** t), memory["square"] / (1 - keep_square ** t)
        return w - rate * mean / (np.sqrt(square) + epsilon)
    return step


PAIRS = {"SGD": (sgd(0.045), optimizers.SGD(0.045)), "momentum": (momentum(0.02), optimizers.SGD(0.02, momentum=0.9)),
         "Nesterov": (momentum(0.02, nesterov=True), optimizers.SGD(0.02, momentum=0.9, nesterov=True)),
         "RMSprop": (rmsprop(0.05), optimizers.RMSprop(0.05)), "Adam": (adam(0.2), optimizers.Adam(0.2))}


def height(x, y):
    """A valley, forty times as steep across as along, with a bend in it."""
    return 20 * (y - 0.3 * ops.tanh(2 * x)) ** 2 + 0.5 * (x - 2.5) ** 2


ways, furthest = {}, 0.0
for name, (step, theirs) in PAIRS.items():
    w, memory, point, way = np.array([-2.5, 0.8]), {}, tensor(np.array([-2.5, 0.8]), requires_grad=True), []
    for _ in range(80):
        way.append(w)
        here = tensor(w, requires_grad=True)
        g, = keras.grad(height(here[0], here[1]), here)
        w = step(w, g.numpy(), memory)
        theirs.apply(keras.grad(height(point[0], point[1]), [point]), [point])
        furthest = max(furthest, np.abs(w - point.numpy()).max())
    ways[name] = np.array([*way, w])
print(f"steps by hand and by tinyvision differ by {furthest:.0e}")

# %% Steps on a surface
# The valley from above, with the first 80 steps of each. Plain descent shakes from wall to wall and creeps along the floor: the
# steep direction forbids longer steps, the flat one would need them. Momentum gets along faster, and overshoots. RMSprop and
# Adam do not care how steep a wall is.
x, y = np.meshgrid(np.linspace(-3, 4, 200), np.linspace(-1.2, 1.2, 150))
figure = Figure(figsize=(11, 6), layout="constrained")
axes = figure.subplots(2, 3, sharex=True, sharey=True).flat
for ax, (name, way) in zip(axes, ways.items()):
    ax.contour(x, y, height(tensor(x), tensor(y)).numpy(), levels=np.geomspace(0.05, 60, 14), cmap="cividis", linewidths=0.7)
    ax.plot(*way.T, ".-", color=viz.ORANGE, markersize=4, linewidth=1)
    ax.plot(2.5, 0.3, "*", color="black", markersize=9)
    ax.set(title=f"{name}: {height(*map(tensor, way[-1])).item():.2g} after 80 steps", ylim=(-1.2, 1.2))
axes = list(figure.axes)
axes[-1].set_axis_off()
axes[-1].text(0, 0.5, "the star is the lowest point;\nall begin on the left at\n(-2.5, 0.8)", va="center",
              transform=axes[-1].transAxes)
viz.save(figure, OUTPUT / "04_surface.png")

# %% A sweep of learning rates
# The most important number of all, and nothing computes it for you. So try: a few steps with each of many, over several powers
# of ten. On the left nothing happens yet; then it gets better and better; at the right end, it explodes. Take one a
# little to the left of the lowest point: half or a third of it.
RATES = np.geomspace(1e-5, 3, 12 if options.quick else 18)
figure = Figure(figsize=(7.5, 3.8), layout="constrained")
ax = figure.subplots()
best = {}
for i, name in enumerate(("SGD", "RMSprop", "Adam")):
    ends = []
    for rate in RATES:
        model = network(layers.Dense(64, activation="relu"))
        model.compile(optimizer=getattr(optimizers, name)(float(rate)), loss="sparse_categorical_crossentropy")
        with np.errstate(all="ignore"):
            for start in range(0, 60 * 32, 32):
                model.train_on_batch(train_x[start:start + 32], train_y[start:start + 32])
            ends.append(min(model.evaluate(train_x[:1000], train_y[:1000], batch_size=1000, verbose=0), 10))
    best[name] = float(RATES[np.nanargmin(ends)])
    ax.plot(RATES, ends, marker="o", markersize=4, label=f"{name}: best near {best[name]:.1g}", **STYLES[i])
ax.axhline(math.log(10), color="black", linewidth=0.8)
ax.text(RATES[-1], math.log(10), "ln 10: knows nothing", va="bottom", ha="right", fontsize=8)
ax.set(xscale="log", xlabel="learning rate", ylabel="loss after 60 steps", ylim=(0, 4), title="A sweep of learning rates")
ax.grid(alpha=0.3)
ax.legend(frameon=False)
viz.save(figure, OUTPUT / "04_learning_rates.png")
print("best learning rates:", ", ".join(f"{name} {rate:.1g}" for name, rate in best.items()))

# %% Schedules
# Large steps get near, small steps get there. So lower the rate while training: a callback sets `optimizer.learning_rate` at
# the beginning of each epoch. Halve it now and then, or let it follow a cosine from full to zero, which has no steps to choose.
# How it is lowered matters less than that it is.


class Schedule(callbacks.Callback):
    """Sets the learning rate at the beginning of each epoch."""

    def __init__(self, rate_of):
        self.rate_of = rate_of

    def on_epoch_begin(self, epoch, logs=None):
        self.model.optimizer.learning_rate = self.rate_of(epoch)


HOT, epochs = 0.1, EPOCHS // 3
SCHEDULES = {"constant": lambda epoch: HOT, "halved three times": lambda epoch: HOT / 2 ** (4 * epoch // epochs),
             "cosine": lambda epoch: HOT * (1 + math.cos(math.pi * epoch / epochs)) / 2}
figure = Figure(figsize=(9.5, 3.4), layout="constrained")
left, right = figure.subplots(1, 2)
scheduled = {}
for i, (name, rate_of) in enumerate(SCHEDULES.items()):
    model = network(layers.Dense(64, activation="relu"))
    model.compile(optimizer=optimizers.SGD(HOT, momentum=0.9), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(train_x[LARGE], train_y[LARGE], batch_size=32, epochs=epochs, callbacks=[Schedule(rate_of)], verbose=0)
    scheduled[name] = history.history["loss"]
    left.plot([rate_of(epoch) for epoch in range(epochs)], label=name, **STYLES[i])
    right.plot(scheduled[name], label=name, **STYLES[i])
left.set(xlabel="epoch", ylabel="learning rate", title="Schedules")
right.set(xlabel="epoch", ylabel="training loss", yscale="log", title="A rate that is too hot, and what helps")
for ax in left, right:
    ax.grid(alpha=0.3)
    ax.legend(frameon=False)
viz.save(figure, OUTPUT / "04_schedules.png")

# %% Learning by heart
# Give a large network few digits: it gets all of them right, and goes on to be more and more sure of them, while on digits that
# it has not seen its loss rises again. It has learned its examples by heart, noise and all: overfitting. The remedies make it
# harder to learn by heart:
#
#   early stopping   stop when the loss on digits that are kept apart no longer falls, and go back to the best weights;
#   L2               add a little of the sum of all squared weights to the loss: large weights must pay for themselves;
#   dropout          in each step silence half of the neurons at random: none can rely on a certain other one;
#   more data        the best of all, where it can be had. Lesson 13 makes more from what is there.


class WithL2(keras.Sequential):
    """A Sequential whose loss, while it learns, has a penalty on the weights."""

    def compute_loss(self, x, y, y_pred):
        loss = super().compute_loss(x, y, y_pred)
        if not y_pred.requires_grad:                       # it is only being measured
            return loss
        return loss + 1e-3 * sum((weight * weight).sum() for weight in self.trainable_weights if weight.ndim == 2)


def large_network(kind):
    """Two layers of 256 ReLUs, with a remedy."""
    keras.utils.set_random_seed(0)
    model = WithL2() if kind == "L2" else keras.Sequential()
    model.add(keras.Input((784,)))
    for _ in range(2):
        model.add(layers.Dense(256, activation="relu"))
        if kind == "dropout":
            model.add(layers.Dropout(0.5))
    model.add(layers.Dense(10, activation="softmax"))
    return model


REMEDIES = "none", "early stopping", "L2", "dropout", "more data"
histories, results = {}, {}
kept_apart = train_x[-2000:], train_y[-2000:]
for kind in REMEDIES:
    model = large_network(kind)
    model.compile(optimizer=optimizers.Adam(1e-3), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    stop = [callbacks.EarlyStopping(patience=3, restore_best_weights=True)] if kind == "early stopping" else []
    digits = slice(0, 10 * FEW.stop) if kind == "more data" else FEW
    histories[kind] = model.fit(train_x[digits], train_y[digits], batch_size=32, callbacks=stop, verbose=0,
                                epochs=EPOCHS // 4 if kind == "more data" else EPOCHS,
                                validation_data=kept_apart, validation_batch_size=1000).history
    results[kind] = model.evaluate(test_x, test_y, batch_size=1000, verbose=0)
    print(f"{kind:15} unseen digits: loss {results[kind][0]:.3f}, accuracy {results[kind][1]:.4f}")

figure = Figure(figsize=(13, 3.4), layout="constrained")
for ax, kind in zip(figure.subplots(1, 5, sharey=True), REMEDIES):
    ax.plot(histories[kind]["loss"], color=viz.BLUE, label="training")
    ax.plot(histories[kind]["val_loss"], "--", color=viz.ORANGE, label="kept apart")
    ax.set(xlabel="epoch", title=f"{kind}\nunseen: {results[kind][1]:.1%}", ylim=(0, 1))
    ax.grid(alpha=0.3)
figure.axes[0].set_ylabel("loss")
figure.axes[0].legend(frameon=False)
viz.save(figure, OUTPUT / "04_overfitting.png")

# %% Batch normalization
# Lesson 03 showed how the gradient fades in twenty layers of sigmoids. Batch normalization brings the numbers in front of
# each activation back to mean 0 and deviation 1, over the batch, and lets the network scale and shift them as it likes. So
# they stay where the sigmoid is steep. `Recorder` writes down how large each layer's gradient is, and how far a step
# moves its weights.
recorders, deep_results = {}, {}
for name, between in {"without": [], "with": [layers.BatchNormalization]}.items():
    keras.utils.set_random_seed(0)
    middle = [layer for i in range(8) for layer in (
        layers.Dense(64, name=f"dense_{i}"), *(make() for make in between), layers.Activation("sigmoid"))]
    model = network(*middle)
    model.compile(optimizer=optimizers.SGD(0.1, momentum=0.9), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    recorders[name] = callbacks.Recorder(every=10)
    model.fit(train_x[LARGE], train_y[LARGE], batch_size=64, epochs=12 if options.quick else 4, callbacks=[recorders[name]],
              verbose=0)
    deep_results[name] = model.evaluate(test_x, test_y, batch_size=1000, verbose=0)[1]
    viz.save(viz.gradients(recorders[name]), OUTPUT / f"04_gradients_{name}_batch_normalization.png")
print(f"eight layers of sigmoids: {deep_results['without']:.3f} without, {deep_results['with']:.3f} with batch normalization")

# %% The art of debugging: is the start sane?
# Networks do not crash when something is wrong: they learn badly. So check, from the cheap to the dear. First: ten classes and
# no knowledge give a loss of ln 10 = 2.303. A much larger one means that the network is sure of nonsense before it has
# seen anything: inputs of 0 to 255 instead of 0 to 1 do that.
model = network(layers.Dense(64, activation="relu"))
model.compile(optimizer=optimizers.Adam(1e-3), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
sane = model.evaluate(train_x[:1000], train_y[:1000], verbose=0)[0]
bytes_instead = model.evaluate(255 * train_x[:1000], train_y[:1000], verbose=0)[0]
print(f"loss at the start: {sane:.3f} (ln 10 = {math.log(10):.3f}); with bytes instead of 0 .. 1: {bytes_instead:.1f}")
assert abs(sane - math.log(10)) < 0.4 and bytes_instead > 5

# %% Does it learn one batch by heart?
# Here overfitting is what we want: 16 digits, a hundred steps, and all must be right. If not, something is broken: data,
# labels, loss, gradients or learning rate.
for _ in range(100):
    by_heart = model.train_on_batch(train_x[:16], train_y[:16])
accuracy_by_heart = model.evaluate(train_x[:16], train_y[:16], verbose=0)[1]
print(f"sixteen digits by heart: {accuracy_by_heart:.0%}")

# %% Are the gradients right?
# Everything from tinyvision is checked. What you write yourself is not: so check it against nudges, as in lesson 01. Below, a
# table for some functions; the last has a bug that trains, only worse: `detach` cuts a term out of the gradient.
FUNCTIONS = {
    "dense and relu": lambda x, w: ops.relu(x @ w),
    "softmax": lambda x, w: ops.softmax(x @ w),
    "crossentropy": lambda x, w: ops.sparse_categorical_crossentropy([0, 1, 2], x @ w, from_logits=True),
    "norm, by hand": lambda x, w: x / (x * x).sum(axis=1, keepdims=True) ** 0.5 @ w,
    "norm, with a bug": lambda x, w: x / (x * x).sum(axis=1, keepdims=True).detach() ** 0.5 @ w,
}
verdicts = {}
for name, function in FUNCTIONS.items():
    try:
        check_gradients(function, [rng.standard_normal((3, 4)), rng.standard_normal((4, 5))])
        verdicts[name] = "right"
    except AssertionError as error:
        verdicts[name] = f"WRONG: {str(error).split('. ')[0][:90]} ..."
    print(f"{name:18} {verdicts[name]}")

# %% The list, by machine
# `model.check(x, y)` goes through all of this and more on a model of your own. First on a sound one; then on one that somebody
# has got wrong in three ways: raw bytes, sigmoids in a row of eight layers, and a learning rate of 1e-7.
model = network(layers.Dense(64, activation="relu", name="hidden"))
model.compile(optimizer=optimizers.Adam(1e-3), loss="sparse_categorical_crossentropy")
sound = model.check(train_x[:256], train_y[:256])
broken_model = network(*(layers.Dense(32, activation="sigmoid", name=f"sigmoid_{i}") for i in range(8)))
broken_model.compile(optimizer=optimizers.Adam(1e-7), loss="sparse_categorical_crossentropy")
broken = broken_model.check(255 * train_x[:256], train_y[:256])
found = {finding.law for finding in broken.findings if finding.state in ("WRONG", "look")}
print(f"figures are in {OUTPUT}")

# %% Expected
# Your steps are tinyvision's. Schedules help. Each remedy does better on unseen digits than none. Batch normalization rescues
# the deep network.
# The sound model is found sound, and all three bugs of the other are found.
assert furthest < 1e-5, f"steps by hand and by tinyvision should agree to 1e-5, they differ by {furthest:.1e}"
assert accuracy_by_heart == 1, f"sixteen digits should be learned by heart, {accuracy_by_heart:.0%} were"
for name in "halved three times", "cosine":
    assert scheduled[name][-1] < scheduled["constant"][-1], f"{name} should end below a constant rate: {scheduled}"
for kind in REMEDIES[1:]:
    assert results[kind][0] < results["none"][0], f"{kind} should lower the loss on unseen digits: {results}"
assert deep_results["with"] > deep_results["without"] + 0.3, f"batch normalization should rescue the network: {deep_results}"
assert [name for name, verdict in verdicts.items() if verdict != "right"] == ["norm, with a bug"], verdicts
assert all(finding.state in ("ok", "-") for finding in sound.findings), "the sound model should be found sound"
assert {"the data", "gradients arrive", "a few learned by heart", "the size of the steps"} <= found, f"only {found} were found"
lowest = min(loss for loss, _ in results.values())
print(f"remedies lower the loss of unseen digits from {results['none'][0]:.2f} to {lowest:.2f} at best: as expected")
