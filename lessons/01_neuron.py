"""Lesson 01: A neuron, a loss, and a gradient by hand.

You teach one neuron to tell handwritten 0s from 8s: first from two numbers that you measure yourself, so that everything can be
drawn, then from all 784 pixels. You derive its gradient with pencil and paper, check it by nudging each weight, walk downhill,
and see that tinyvision takes the very same steps.
Needs: school mathematics and some Python.   Time: 10 s on 2 cores.
Expected: by hand and by tinyvision the weights agree to 1e-5; test accuracy >= 0.94 from two numbers, >= 0.98 from all pixels.
"""
# %% Setup
import argparse
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import tinyvision as keras
from tinyvision import grad, layers, tensor, viz
from tinyvision.datasets import mnist

OUTPUT = Path(__file__).parent / "output"
STEPS, RATE = 300, 1.0

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--quick", action="store_true", help="fewer digits: a few seconds")
parser.add_argument("-f", "--f", help=argparse.SUPPRESS)             # notebooks pass it
options = parser.parse_args()
keras.utils.set_random_seed(0)

# %% Two numbers for a digit
# The digits of MNIST are 28 x 28 bytes: 0 is paper, 255 is ink. An 8 crosses itself in the middle, where a 0 is empty. So we
# measure how much ink there is in the middle, and how much in all, for a bold pen leaves more of it everywhere. Then we shift
# and scale both to mean 0 and standard deviation 1 ("standardize"), because a neuron begins with weights that suit inputs of
# about this size. The mean and the deviation are those of the training digits: the test digits must stay unknown until the
# end.
(train_images, train_labels), (test_images, test_labels) = mnist.load_data()


def zeros_and_eights(images, labels, count):
    """Images (N, 28, 28) between 0 and 1, and targets (N,): 1 for an 8, 0 for a 0."""
    chosen = np.flatnonzero((labels == 0) | (labels == 8))[:count]
    return images[chosen].astype("float32") / 255, (labels[chosen] == 8).astype("float32")


def measure(images):
    """(N, 28, 28) -> (N, 2): the mean ink in the middle, 8 x 8 pixels, and in all of the image."""
    return np.stack([images[:, 10:18, 10:18].mean(axis=(1, 2)), images.mean(axis=(1, 2))], axis=1)


images, targets = zeros_and_eights(train_images, train_labels, 1000 if options.quick else 10_000)
unseen, unseen_targets = zeros_and_eights(test_images, test_labels, 10_000)
measured = measure(images)
mean, deviation = measured.mean(axis=0), measured.std(axis=0)
x = (measured - mean) / deviation                          # (N, 2)
unseen_x = (measure(unseen) - mean) / deviation
print(f"{len(x)} digits to learn from, {len(unseen_x)} to be tested with")

# %% A neuron
# A neuron weighs its inputs, adds them up with a bias, and squeezes the sum z between 0 and 1:
#
#     z = w_1 x_1 + w_2 x_2 + b          p = 1 / (1 + exp(-z))
#
# We read p as "the probability that this is an 8". Where z = 0, p is one half: that is a straight line in the plane of the two
# inputs. On one side the neuron says 8, on the other 0. The weights decide where the line runs; b shifts it.


def neuron(x, w, b):
    """(N, 2), (2,), number -> (N,): the probability of an 8 for each digit."""
    z = x @ w + b
    return 1 / (1 + np.exp(-z))


w, b = np.array([-1.0, -0.5]), 0.0                          # weights that somebody made up
p = neuron(x, w, b)
print(f"with weights from nowhere: {np.mean((p > 0.5) == targets):.0%} right")

# %% A loss
# How wrong is it? For an 8 (t = 1) we want p near 1, for a 0 (t = 0) near 0. The loss of a digit is
#
#     L = -log(p)      if t = 1
#     L = -log(1 - p)  if t = 0
#
# 0 for a right answer given with certainty, 0.69 (which is log 2) for a shrug, and larger without end the more certain a
# wrong answer was. It is called crossentropy. The loss of the neuron is the mean over all digits: one number, to be made
# small.


def loss(p, t):
    """The mean crossentropy. p is kept off 0 and 1, whose logarithms a computer does not have."""
    p = np.clip(p, 1e-12, 1 - 1e-12)
    return -np.mean(t * np.log(p) + (1 - t) * np.log(1 - p))


print(f"loss {loss(p, targets):.3f}; of a shrug {loss(np.full_like(targets, 0.5), targets):.3f}")

figure = Figure(figsize=(9, 3.4), layout="constrained")
left, right = figure.subplots(1, 2)
sums = np.linspace(-6, 6, 200)
left.plot(sums, 1 / (1 + np.exp(-sums)), color=viz.BLUE)
left.set(xlabel="z", ylabel="p", title="The neuron squeezes z into 0 .. 1")
probabilities = np.linspace(0.002, 0.998, 500)
right.plot(probabilities, -np.log(probabilities), color=viz.ORANGE, label="for an 8: -log(p)")
right.plot(probabilities, -np.log(1 - probabilities), color=viz.BLUE, linestyle="--", label="for a 0: -log(1 - p)")
right.set(xlabel="p, what the neuron says", ylabel="loss", title="Certain and wrong is expensive")
right.legend(frameon=False)
for ax in left, right:
    ax.grid(alpha=0.3)
viz.save(figure, OUTPUT / "01_neuron_and_loss.png")

# %% A gradient, by hand
# If we change w_1 a little, how does the loss change? That number is the derivative dL/dw_1, and the derivatives for all
# weights together are the gradient. The chain rule takes the way from w to L apart into steps that we know:
#
#     dL/dp = -1 / p  (for t = 1)        the derivative of -log(p)
#     dp/dz = p (1 - p)                  the derivative of 1 / (1 + exp(-z)): differentiate, and you find p in it again
#     dz/dw_1 = x_1                      z = w_1 x_1 + ...
#
# Multiplied:  dL/dw_1 = -1 / p * p (1 - p) * x_1 = (p - 1) x_1.  For t = 0 it is 1 / (1 - p) * p (1 - p) * x_1 = p x_1. Both
# are the same formula, which is why sigmoid and crossentropy go together so well:
#
#     dL/dz = p - t        dL/dw = (p - t) x        dL/db = p - t
#
# The error, p - t, is handed back to each weight in proportion to its input. Everything that later lessons do, with millions
# of weights, is this: a chain of small steps whose derivatives are known, multiplied from the loss backwards.


def gradient(x, w, b, t):
    """dL/dw (2,) and dL/db, the means over all digits."""
    error = neuron(x, w, b) - t                            # dL/dz of each digit, (N,)
    return x.T @ error / len(x), error.mean()


# %% Is it right?
# Never believe a derivation. Nudge a weight by a tiny h in both directions, and see how the loss changes:
#
#     (L(w + h) - L(w - h)) / 2 h   must be   dL/dw
#
# This is how every gradient in tinyvision is tested.
h = 1e-5
by_hand, by_hand_b = gradient(x, w, b, targets)
for i in range(2):
    nudge = h * np.eye(2)[i]
    by_nudging = (loss(neuron(x, w + nudge, b), targets) - loss(neuron(x, w - nudge, b), targets)) / (2 * h)
    print(f"dL/dw_{i + 1}: by hand {by_hand[i]:+.8f}, by nudging {by_nudging:+.8f}")
    assert abs(by_hand[i] - by_nudging) < 1e-7
by_nudging = (loss(neuron(x, w, b + h), targets) - loss(neuron(x, w, b - h), targets)) / (2 * h)
print(f"dL/db:   by hand {by_hand_b:+.8f}, by nudging {by_nudging:+.8f}")
assert abs(by_hand_b - by_nudging) < 1e-7

# %% Downhill
# The gradient points uphill: the direction in which the loss grows fastest. So we go the other way, a step whose length is the
# gradient's times a number that we choose, the learning rate. Again and again: this is gradient descent.


def descend(x, t, w, b, rate, steps):
    """The weights and biases on the way, (steps + 1, 3), and the losses."""
    way, losses = [[*w, b]], [loss(neuron(x, w, b), t)]
    for _ in range(steps):
        dw, db = gradient(x, w, b, t)
        w, b = w - rate * dw, b - rate * db
        way.append([*w, b])
        losses.append(loss(neuron(x, w, b), t))
    return np.array(way), losses


way, losses = descend(x, targets, w, b, RATE, STEPS)
accuracy = np.mean((neuron(unseen_x, way[-1, :2], way[-1, 2]) > 0.5) == unseen_targets)
print(f"after {STEPS} steps: loss {losses[-1]:.3f}, {accuracy:.1%} of the digits that it has never seen are right")

# %% What happened
# Left, the digits in the plane of the two measurements, with the line where the neuron is undecided: dotted at the start,
# solid at the end. Right, the loss for all pairs of weights around there, as a landscape seen from above (the bias is that
# of the end), and the way down. The steps are long where it is steep and short where it is flat.
figure = Figure(figsize=(11, 4.6), layout="constrained")
left, right = figure.subplots(1, 2)
for value, name, color, marker in (0, "a 0", viz.BLUE, "o"), (1, "an 8", viz.ORANGE, "s"):
    shown = x[targets == value][:300]
    left.scatter(*shown.T, s=10, color=color, marker=marker, alpha=0.5, label=name, linewidths=0)
across = np.array([-2.5, 3])
for (w_1, w_2, bias), style, name in (way[0], ":", "the line at the start"), (way[-1], "-", "at the end"):
    left.plot(across, -(w_1 * across + bias) / w_2, style, color="black", label=name)
left.set(xlabel="ink in the middle (standardized)", ylabel="ink in all (standardized)", xlim=(-2.5, 3), ylim=(-3, 3.5),
         title="0s and 8s by two numbers")
left.legend(loc="upper left", fontsize=8)
w_1, w_2 = np.meshgrid(np.linspace(-2, 6, 60), np.linspace(-4, 2, 60))
some, some_targets = x[:1000], targets[:1000]
height = [[loss(neuron(some, np.array(pair), way[-1, 2]), some_targets) for pair in zip(*row)]
          for row in zip(w_1, w_2)]
lines = right.contour(w_1, w_2, height, levels=14, cmap="cividis")
right.clabel(lines, fontsize=7)
right.plot(way[:, 0], way[:, 1], ".-", color=viz.ORANGE, markersize=4, linewidth=1)
right.plot(*way[0, :2], "o", color="black")
right.annotate("start", way[0, :2], xytext=(6, 6), textcoords="offset points")
right.set(xlabel="$w_1$", ylabel="$w_2$", title="The loss as a landscape, and the way down")
viz.save(figure, OUTPUT / "01_downhill.png")

# %% How long a step?
# Too short, and it takes for ever. Too long, and a step jumps across the valley and lands higher than it began; it is a long
# way back from there, and larger networks never find it. There is no formula for the right length; lesson 04 shows how to
# find it.
figure = Figure(figsize=(7, 3.8), layout="constrained")
ax = figure.subplots()
for rate, style, color in (0.01, ":", viz.GREY), (RATE, "-", viz.BLUE), (200.0, "--", viz.ORANGE):
    ax.plot(descend(x, targets, w, b, rate, 60)[1], style, color=color, label=f"learning rate {rate:g}")
ax.set(xlabel="step", ylabel="loss", title="Too short, right, too long")
ax.grid(alpha=0.3)
ax.legend(frameon=False)
viz.save(figure, OUTPUT / "01_learning_rates.png")

# %% The same gradient from tinyvision
# A Tensor is an array that remembers how it was made. Write down the loss, and `grad` goes the way back by the chain rule; you
# derive nothing. (How it does this is lesson 02.)
weights, bias = tensor(w, requires_grad=True), tensor(b, dtype="float64", requires_grad=True)
z = tensor(x.astype("float64")) @ weights + bias
p = 1 / (1 + (-z).exp())
surprise = -(targets.astype("float64") * p.log() + (1 - targets.astype("float64")) * (1 - p).log()).mean()
dw, db = grad(surprise, [weights, bias])
print(f"by tinyvision: dL/dw {dw.numpy()}, dL/db {db.item():.8f}")
np.testing.assert_allclose([*dw.numpy(), db.item()], [*by_hand, by_hand_b], rtol=1e-6)

# %% The same steps from a layer
# `Dense(1, activation="sigmoid")` is our neuron, "binary_crossentropy" our loss, SGD ("stochastic gradient descent") our
# descent. With all digits in one batch, from the same start, it takes the same steps.
model = keras.Sequential([keras.Input((2,)), layers.Dense(1, activation="sigmoid", name="neuron")])
model.compile(optimizer=keras.optimizers.SGD(RATE), loss="binary_crossentropy", metrics=["accuracy"])
model.get_layer("neuron").set_weights([w[:, None], [b]])
model.fit(x, targets, batch_size=len(x), epochs=STEPS, verbose=0)
kernel, bias = model.get_layer("neuron").get_weights()
found = np.array([*kernel[:, 0], *bias])
print(f"by hand {way[-1]}, by tinyvision {found}")
difference = np.abs(found - way[-1]).max()
_, two_numbers = model.evaluate(unseen_x, unseen_targets, batch_size=500, verbose=0)

# %% A neuron with 784 inputs
# Why measure at all? Give the neuron every pixel, and let it find out which ones count. The code is the same, only the inputs
# are more. Now it takes the digits in batches of 64 and a step after each: many rough steps instead of few exact ones, which
# gets there sooner.
pixels = keras.Sequential([keras.Input((28, 28)), layers.Flatten(), layers.Dense(1, activation="sigmoid", name="neuron")])
pixels.compile(optimizer=keras.optimizers.SGD(0.1), loss="binary_crossentropy", metrics=["accuracy"])
history = pixels.fit(images, targets, batch_size=64, epochs=10, validation_data=(unseen, unseen_targets), verbose=0)
_, all_pixels = pixels.evaluate(unseen, unseen_targets, batch_size=500, verbose=0)
print(f"right of the unseen digits: {two_numbers:.1%} by two numbers, {all_pixels:.1%} by all pixels")

# %% What it looks at
# Its 784 weights as a picture: ink where it is orange speaks for an 8, where it is purple for a 0. It has found the middle by
# itself, and a good deal more.
kernel, _ = pixels.get_layer("neuron").get_weights()
wrong = np.flatnonzero((pixels.predict(unseen, batch_size=500)[:, 0] > 0.5) != unseen_targets)[:8]
figure = Figure(figsize=(11, 3.6), layout="constrained")
parts = figure.subfigures(1, 2, width_ratios=(1, 2.2))
ax = parts[0].subplots()
largest = np.abs(kernel).max()
drawn = ax.imshow(kernel.reshape(28, 28), cmap="PuOr_r", vmin=-largest, vmax=largest)
ax.set_axis_off()
parts[0].colorbar(drawn, ax=ax, shrink=0.8, label="weight")
parts[0].suptitle("The weights of the neuron")
for ax, i in zip(parts[1].subplots(2, 4).flat, wrong):
    ax.imshow(unseen[i], cmap="gray_r")
    ax.set_title("an 8" if unseen_targets[i] else "a 0", fontsize=9)
    ax.set_axis_off()
parts[1].suptitle("Digits that it gets wrong")
viz.save(figure, OUTPUT / "01_what_it_looks_at.png")

# %% What one neuron cannot do
# A neuron draws one straight line. Four points in the corners of a square, of which opposite ones belong together ("exclusive
# or"), cannot be parted by any line: however long it learns, one corner stays wrong. Lesson 03 puts neurons behind neurons.
corners, opposite = np.array([[0, 0], [1, 1], [0, 1], [1, 0]]) - 0.5, np.array([0, 0, 1, 1])
best = descend(corners, opposite, np.array([0.3, -0.2]), 0.1, RATE, 1000)[0][-1]
print(f"exclusive or: {np.sum((neuron(corners, best[:2], best[2]) > 0.5) == opposite)} of 4 corners right, loss "
      f"{loss(neuron(corners, best[:2], best[2]), opposite):.3f}: a shrug")
print(f"figures are in {OUTPUT}")

# %% Expected
# The same weights by hand and by tinyvision; and more right answers the more the neuron sees.
assert difference < 1e-5, f"the weights should agree to 1e-5, they differ by {difference:.1e}"
assert two_numbers >= 0.94, f"two numbers should suffice for 0.94, got {two_numbers:.4f}"
assert all_pixels >= 0.98, f"all pixels should give 0.98, got {all_pixels:.4f}"
print(f"accuracy {two_numbers:.3f} and {all_pixels:.3f}, weights equal to {difference:.0e}: as expected")
