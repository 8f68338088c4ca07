"""Lesson 09: Your own op and layer, from a formula to a fast kernel.

You take an activation from a paper, write it as a function, as an op with its gradient, as a kernel in compiled code on all
cores, and as a layer with a weight; you hold each against the laws that tinyvision's own parts keep, see what a mistake looks
like, and train a network with it.
Needs: 05.   Time: 25 s on 2 cores.
Expected: all checks pass, and a planted mistake does not; the kernel is at least 4 times as fast as NumPy; test accuracy
>= 0.96.
"""
# %% Setup
import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import tinyvision as keras
from tinyvision import kernels, layers, ops, tensor, viz
from tinyvision.datasets import mnist
from tinyvision.extending import (
    F32,
    FLOATS,
    Tensor,
    array_library,
    empty,
    is_recording,
    job,
    kernel,
    op,
    share,
    version,
    vjp,
)
from tinyvision.testing import check_layer, check_op

OUTPUT = Path(__file__).parent / "output"
FASTER, START = 4, 0.1                                     # START: the width of corners in the network

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--quick", action="store_true", help="small arrays, few digits; the times mean nothing")
parser.add_argument("-f", "--f", help=argparse.SUPPRESS)             # notebooks pass it
options = parser.parse_args()
keras.utils.set_random_seed(0)
rng = np.random.default_rng(0)

# %% The formula
# ReLU has a corner at 0. Squareplus (Barron, 2021, https://arxiv.org/abs/2112.11687) rounds it off, without the exponential
# that other smooth activations need:
#
#     y = (x + sqrt(x^2 + c^2)) / 2
#
# For c = 0 the root is |x|, and y is max(x, 0): ReLU. The larger c, the wider the bend. Why choose c? Let the network learn it,
# one for each channel.
figure = Figure(figsize=(6, 3.6), layout="constrained")
ax = figure.subplots()
line = np.linspace(-4, 4, 401)
for c, style, color in (0, ":", viz.GREY), (1, "-", viz.BLUE), (3, "--", viz.ORANGE):
    ax.plot(line, (line + np.sqrt(line ** 2 + c ** 2)) / 2, style, color=color, label=f"c = {c}")
ax.set(xlabel="x", ylabel="y", title="Squareplus")
ax.grid(alpha=0.3)
ax.legend(frameon=False)
viz.save(figure, OUTPUT / "09_squareplus.png")

# %% First: a function made of ops
# That is all that it takes. The gradient comes by itself, and the gradient of the gradient. `check_op` runs the laws on samples
# of your choice: here images of three channels, with a bend for each, and a single row of numbers.


def in_small_ops(x, bend):
    """Squareplus, made of tinyvision's ops: x (..., C), bend (C,)."""
    return (x + (x * x + bend * bend) ** 0.5) / 2


samples = [(rng.standard_normal((2, 5, 4, 3)), rng.uniform(0.5, 2, 3)),
           {"x": rng.standard_normal((40, 1)), "bend": np.array([0.1])},
           {"x": rng.standard_normal((8, 32, 32, 16)), "bend": rng.uniform(0.5, 2, 16)}]
reports = {"a function made of ops": check_op(in_small_ops, samples[:2])}

# %% Why an op of its own?
# The function above records six ops, and NumPy makes an array for each: on large maps, most of the time goes into moving
# these through memory. Also, each keeps what its gradient needs. As one op, it keeps x and the bends, and that is all.
#
# An op is a function of arrays, and a rule for each of them. The derivatives, by school mathematics, with r = sqrt(x^2 + c^2):
#
#     dy/dx = (1 + x / r) / 2            dy/dc = c / (2 r)
#
# A rule gets g, what arrives at y, and whatever else it asks for by name: arguments, their shapes (`x_shape`), the result `y`,
# settings. It is made of ops, so that it can be differentiated again. The bend's gradient comes out in the shape of x; the
# engine sums it to the shape of the bend, as it does for all ops.
# `array_library` is NumPy for NumPy's arrays and CuPy for those on a GPU, so the op runs on both.


@op
def squareplus_simple(x, bend):
    """(x + sqrt(x^2 + bend^2)) / 2."""
    return (x + array_library(x).sqrt(x * x + bend * bend)) / 2


def root(x, bend):
    return (x * x + bend * bend) ** 0.5


squareplus_simple.gradient(x=lambda g, x, bend: g * (1 + x / root(x, bend)) / 2,
                           bend=lambda g, x, bend: g * bend / (2 * root(x, bend)))
reports["an op"] = check_op(squareplus_simple, samples[:2])

# %% What a mistake looks like
# Somebody has lost the 2 in the rule of the bend. It would train, only worse, and nobody would notice for weeks.


@op
def squareplus_wrong(x, bend):
    """The same, with a mistake in its gradient."""
    return (x + array_library(x).sqrt(x * x + bend * bend)) / 2


squareplus_wrong.gradient(x=lambda g, x, bend: g * (1 + x / root(x, bend)) / 2,
                          bend=lambda g, x, bend: g * bend / root(x, bend))
noticed = ""
try:
    check_op(squareplus_wrong, samples[:2], second=False)
except AssertionError as error:
    noticed = str(error)

# %% A kernel in two versions
# Forward and backward become kernels: array functions that may have several versions. The first is the reference: plain
# NumPy that reads like the formula, and runs on a GPU, too. The way back is one kernel for both gradients, because both
# need the root.


@kernel
def squareplus_forward(x, bend):
    """y, for x (..., C) and bend (C,)."""
    return (x + array_library(x).sqrt(x * x + bend * bend)) / 2


@kernel
def squareplus_backward(g, x, bend):
    """dx, and dbend in the shape of the bend."""
    r = array_library(x).sqrt(x * x + bend * bend)
    dbend = (g * bend / (2 * r)).reshape(-1, *bend.shape).sum(axis=0)
    return g * (1 + x / r) / 2, dbend


# %% The fast version
# A job is compiled once by Numba and run on all cores: `part` says which of `parts` it is, and `share` which rows are its own.
# Arrays come flat; what does not follow from their sizes is handed over as integers (`N: INTEGER`). Every number is read once
# and written once, and nothing is kept in between. Three things to mind:
#
#   * a plain 0.5 is a float64 and would drag all else with it, hence F32;
#   * parts run at the same time, so each keeps sums of its own, which are added at the end (where a result belongs to one
#     image, one shares out the images, and there is nothing to add);
#   * a row is cut out first, `x[here]`, and the inner loop counts from 0. In `x[row * C + c]` the compiler cannot know that no
#     index is negative, which in Python counts from the end; it then computes one number at a time in place of sixteen. For
#     this op that makes a factor of 8 forward and of 3 backward.


@job
def forward_job(part, parts, x: FLOATS, bend: FLOATS, y: FLOATS):
    C = bend.size
    for row in share(x.size // C, part, parts):
        here = slice(row * C, (row + 1) * C)
        v, out = x[here], y[here]
        for c in range(C):
            out[c] = F32(0.5) * (v[c] + np.sqrt(v[c] * v[c] + bend[c] * bend[c]))


@job
def backward_job(part, parts, g: FLOATS, x: FLOATS, bend: FLOATS, dx: FLOATS, sums: FLOATS):
    C = bend.size
    own = sums[part * C:(part + 1) * C]                    # (parts, C): a row for each part
    own[:] = 0
    for row in share(x.size // C, part, parts):
        here = slice(row * C, (row + 1) * C)
        v, arrived, out = x[here], g[here], dx[here]
        for c in range(C):
            half, inverse = F32(0.5) * arrived[c], F32(1) / np.sqrt(v[c] * v[c] + bend[c] * bend[c])
            out[c] = half * (F32(1) + v[c] * inverse)
            own[c] += half * bend[c] * inverse


def serves(x, bend, *others):
    """Which arguments the jobs take: float32 throughout, and a bend for each channel. For others the reference runs."""
    return bend.shape == x.shape[-1:] and x.size > 0 and all(a.dtype == np.float32 for a in (x, bend, *others))


@version(squareplus_forward, "job", serves)
def fast_forward(x, bend):
    x, bend = np.ascontiguousarray(x), np.ascontiguousarray(bend)
    y = empty(x.shape)
    forward_job(x, bend, y)
    return y


@version(squareplus_backward, "job", lambda g, x, bend: serves(x, bend, g))
def fast_backward(g, x, bend):
    g, x, bend = map(np.ascontiguousarray, (g, x, bend))
    dx, sums = empty(x.shape), np.empty((kernels.get_num_threads(), len(bend)), "float32")
    backward_job(g, x, bend, dx, sums, parts=len(sums))
    return dx, sums.sum(axis=0)


# %% The op that uses it
# One rule for all gradients together: a list, in the order of the arguments. A kernel's result cannot be differentiated. While
# gradients are computed, ops mostly do not record themselves; if they do, somebody wants gradients of the gradients
# (`create_graph=True`), and the rule answers with what `vjp` makes of the small ops. An op also checks what it is given: an
# error should name both shapes. `check_op` now compares the versions of the kernels, too, and their times, on the largest
# sample.


@op
def squareplus(x, bend):
    """(x + sqrt(x^2 + bend^2)) / 2: ReLU with a round corner (Barron, 2021, https://arxiv.org/abs/2112.11687).

    Args:
        x: (..., C).
        bend: (C,), how wide the corner is, for each channel.

    >>> squareplus([[3.0, 0.0]], [4.0, 2.0])
    Tensor([[4., 1.]])
    """
    if bend.shape != x.shape[-1:]:
        raise ValueError(f"squareplus: takes a bend for each of the channels of x {x.shape}, got bends of shape {bend.shape}")
    return squareplus_forward(x, bend)


@squareplus.gradient
def _(g, x, bend):
    if is_recording():
        return vjp(in_small_ops, (x, bend), g)
    return [Tensor(a) for a in squareplus_backward(g.data, x.data, bend.data)]


reports["an op with a fast kernel"] = check_op(squareplus, samples, batch=["x"])

# %% A layer
# A layer has settings (`__init__` keeps them under their own names, and hands the others on), weights (`build` makes them, once
# it knows the input's shape), and a function (`call`). Names, dtype, files and summaries come from Layer.


class Squareplus(layers.Layer):
    """ReLU with a round corner, whose width is learned for each channel (Barron, 2021).

    Args:
        start: the width of all corners at the start.

    Shapes: any (N, ..., C); the weight `bend` has shape (C,).

    >>> Squareplus(2.0)([[0.0, 1.5]])
    Tensor([[1., 2.]], made by squareplus)
    """

    def __init__(self, start=1.0, **settings):
        super().__init__(**settings)
        self.start = start

    def build(self, input_shape):
        self.bend = self.add_weight(input_shape[-1:], lambda shape, dtype: np.full(shape, self.start, dtype), name="bend")

    def call(self, x):
        return squareplus(x, self.bend)


reports["a layer"] = check_layer(Squareplus(start=0.5), (6, 5, 4))

# %% Layers inside a layer
# Most layers of one's own are made of others. Those are attributes; made in `__init__`, or in `build` if their sizes depend on
# the input. Their weights are found, trained, frozen, saved and loaded with the rest. Only their dtype is their own affair:
# hand it on.


class BentConv(layers.Layer):
    """A convolution and Squareplus behind it.

    Args:
        filters: of the convolution, with windows of 3 x 3.
        start: the width of all corners at the start.
    """

    def __init__(self, filters, start=1.0, **settings):
        super().__init__(**settings)
        self.filters, self.start = filters, start
        self.conv = layers.Conv2D(filters, 3, dtype=self.dtype, name="conv")
        self.bent = Squareplus(start, dtype=self.dtype, name="bent")

    def call(self, x):
        return self.bent(self.conv(x))


reports["a layer made of layers"] = check_layer(BentConv(4, start=0.5), (6, 5, 3))

# %% How fast is it?
# On the maps of a network's first layer, forward and backward: as a function, as an op, with the kernel's reference, and with
# the job. ReLU, for comparison, has a kernel of the same kind.
shape = (2, 30, 30, 32) if options.quick else (64, 26, 26, 32)
x, bend = rng.standard_normal(shape, dtype="float32"), np.ones(32, "float32")
g = rng.standard_normal(shape, dtype="float32")


def seconds(function, version):
    """The best of some runs, forward and backward."""
    best = np.inf
    with kernels.use(version):
        for _ in range(3 if options.quick else 15):
            a, b = tensor(x, requires_grad=True), tensor(bend, requires_grad=True)
            arriving, start = tensor(g), time.perf_counter()
            keras.grad(function(a, b), [a, b], arriving, allow_unused=True)
            best = min(best, time.perf_counter() - start)
    return best


times = {"a function of ops": seconds(in_small_ops, None), "an op": seconds(squareplus_simple, None),
         "kernel: reference": seconds(squareplus, "numpy"), "kernel: job": seconds(squareplus, None),
         "ReLU, to compare": seconds(lambda a, b: ops.relu(a), None)}
figure = Figure(figsize=(7, 3), layout="constrained")
ax = figure.subplots()
bars = ax.barh(list(times), [1e3 * value for value in times.values()],
               color=[viz.ORANGE if "job" in name else viz.GREY if "ReLU" in name else viz.BLUE for name in times])
ax.bar_label(bars, [f"{1e3 * value:.2f} ms" for value in times.values()], padding=4)
ax.set(xlabel="ms, forward and backward", title=f"Squareplus on {' x '.join(map(str, shape))} numbers",
       xlim=(0, 1.2e3 * max(times.values())))
ax.invert_yaxis()
viz.save(figure, OUTPUT / "09_times.png")
ratio = times["kernel: reference"] / times["kernel: job"]
print(", ".join(f"{name} {1e3 * value:.2f} ms" for name, value in times.items()))

# %% In a network
# Your layer stands where any other could: here behind each convolution. The same network with ReLU, for comparison, from the
# same first weights.
(train_images, train_labels), (test_images, test_labels) = mnist.load_data()
count = 4000 if options.quick else 30_000
train_x, train_y = train_images[:count, ..., None].astype("float32") / 255, train_labels[:count]
test_x = test_images[..., None].astype("float32") / 255


def trained(activation):
    """A convnet with activation(name) behind its convolutions, and how many of the unseen digits it gets right."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((28, 28, 1)),
                              layers.Conv2D(16, 3), activation("bent_1"), layers.MaxPooling2D(),
                              layers.Conv2D(32, 3), activation("bent_2"), layers.MaxPooling2D(),
                              layers.Flatten(), layers.Dense(10, activation="softmax")])
    model.compile(optimizer="rmsprop", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(train_x, train_y, batch_size=64, epochs=3, verbose=0)
    return model, model.evaluate(test_x, test_labels, batch_size=500, verbose=0)[1]


model, accuracy = trained(lambda name: Squareplus(START, name=name))
print(f"a convnet with Squareplus: {accuracy:.4f} of the unseen digits right; with ReLU: "
      f"{trained(lambda name: layers.ReLU(name=name))[1]:.4f}")

# %% Saved and loaded
# A file names your class; whoever loads it says which class is meant. No code is ever run from a file.
with tempfile.TemporaryDirectory() as folder:
    model.save(Path(folder) / "bent.keras")
    loaded = keras.models.load_model(Path(folder) / "bent.keras", custom_objects={"Squareplus": Squareplus})
np.testing.assert_array_equal(loaded.predict(test_x[:100]), model.predict(test_x[:100]))

# %% What it learned
# The widths of the corners, channel by channel; the line is where all began. In the first layer, some of them have gone to 0:
# there the network prefers ReLU's sharp corner. Others were widened.
figure = Figure(figsize=(7, 3), layout="constrained")
for ax, name, color in zip(figure.subplots(1, 2, sharey=True), ("bent_1", "bent_2"), (viz.BLUE, viz.ORANGE)):
    layer = model.get_layer(name)
    ax.bar(range(layer.bend.size), np.sort(np.abs(layer.bend.numpy())), color=color)
    ax.axhline(layer.start, color="black", linewidth=0.8)
    ax.set(xlabel="channels, sorted", title=name)
figure.axes[0].set_ylabel("width of the corner")
viz.save(figure, OUTPUT / "09_learned_bends.png")
print(f"figures are in {OUTPUT}")

# %% Expected
# All laws hold for what is right, and the mistake was seen. Where the times mean something, the job beats NumPy.
assert all(report.ok for report in reports.values())
assert "All its elements are 2 times" in " ".join(noticed.split()), f"the mistake should be noticed: {noticed!r}"
if not options.quick:
    assert ratio > FASTER, f"the job should be {FASTER} times as fast as the reference, it is {ratio:.1f} times"
expected = 0.85 if options.quick else 0.96
assert accuracy >= expected, f"the network should reach {expected}, it got {accuracy:.4f}"
print(f"{len(reports)} checks passed, {ratio:.1f} times as fast as NumPy, accuracy {accuracy:.4f}: as expected")
