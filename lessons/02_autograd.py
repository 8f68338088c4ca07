"""Lesson 02: Automatic differentiation in a hundred lines.

You build an autograd engine: arrays that remember how they were made, and a walk back through that memory which gives the
gradient of anything you can write down. It gives gradients of gradients, too. You show that it equals tinyvision's on a dozen
expressions, find each of its parts again in tinyvision's source, and train a small network with it.
Needs: 01.   Time: 5 s on 2 cores.
Expected: values, gradients and second gradients equal tinyvision's to 1e-10; the network solves exclusive or.
"""
# %% Setup
import argparse
import itertools
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import tinyvision as keras
from tinyvision import tensor, viz

OUTPUT = Path(__file__).parent / "output"
TOLERANCE = 1e-10

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--quick", action="store_true", help="the same: it takes a second anyway")
parser.add_argument("-f", "--f", help=argparse.SUPPRESS)             # notebooks pass it
parser.parse_args()
rng = np.random.default_rng(0)

# %% The idea
# In lesson 01 you took the way from the weights to the loss apart into steps, wrote down the derivative of each step, and
# multiplied them from the loss backwards. The steps were few kinds: add, multiply, exp, log. A computer can do the same:
#
#   forward    each operation computes its result, and notes from which values it was made and by which rule a gradient that
#              arrives at the result is handed on to each of them;
#   backward   begin at the loss with a gradient of 1; visit the values from the newest to the oldest; each hands on what
#              arrived at it; where several shares arrive at one value, they add up.
#
# That is all. It is called reverse-mode automatic differentiation; in networks, backpropagation. One walk gives the gradient of
# the loss with respect to every weight, for about as much work as the loss itself took.

# %% A value that remembers
# `edges` are pairs of a parent and a rule. `born` counts: whatever was made from others is younger than they are.
clock = itertools.count()


class Value:
    """An array, and how it was made."""

    def __init__(self, data, *edges, name="leaf"):
        self.data, self.edges, self.name, self.born = np.asarray(data, "float64"), edges, name, next(clock)

    shape = property(lambda self: self.data.shape)
    __array_ufunc__ = None                                 # array * Value asks Value, and not NumPy

    def __add__(self, other):
        return add(self, value(other))

    def __mul__(self, other):
        return multiply(self, value(other))

    def __pow__(self, exponent):
        return power(self, exponent)

    def __neg__(self):
        return self * -1

    def __sub__(self, other):
        return self + -value(other)

    def __truediv__(self, other):
        return self * value(other) ** -1

    def __rsub__(self, other):
        return value(other) - self

    def __rtruediv__(self, other):
        return value(other) / self

    def __matmul__(self, other):
        return matmul(self, other)

    __radd__, __rmul__ = __add__, __mul__

    def exp(self):
        return exp(self)

    def log(self):
        return log(self)

    def tanh(self):
        return 1 - 2 / ((2 * self).exp() + 1)

    def relu(self):
        return self * (self.data > 0)

    def sum(self, axis=None, keepdims=False):
        return total(self, axis, keepdims)

    def mean(self):
        return self.sum() / self.data.size


def value(x):
    """x itself if it is a Value; else a new leaf."""
    return x if isinstance(x, Value) else Value(x)


# %% Operations and their rules
# Each operation names its parents, and beside each the rule: a function that takes g, the gradient that arrived at the result,
# and returns the parent's share. From school:
#
#     y = a + b      the share of a is g, and so is that of b
#     y = a b        the share of a is g b, that of b is g a
#     y = a^n        g n a^(n-1)
#     y = exp(a)     g exp(a) = g y
#     y = log(a)     g / a
#     Y = A B        matrices: the share of A is G B^T, that of B is A^T G (write out one element, and you see it)
#     y = sum(a)     each element of a counts once: g for each of them
#
# Look at what the rules are made of: of the operations themselves. So what they return is again a Value that remembers, and a
# gradient can be differentiated like anything else.


def add(a, b):
    return Value(a.data + b.data, (a, lambda g: g), (b, lambda g: g), name="add")


def multiply(a, b):
    return Value(a.data * b.data, (a, lambda g: g * b), (b, lambda g: g * a), name="multiply")


def power(a, n):
    return Value(a.data ** n, (a, lambda g: g * n * a ** (n - 1)), name=f"power {n}")


def exp(a):
    y = Value(np.exp(a.data), (a, lambda g: g * y), name="exp")
    return y


def log(a):
    return Value(np.log(a.data), (a, lambda g: g / a), name="log")


def matmul(a, b):
    return Value(a.data @ b.data, (a, lambda g: g @ transpose(b)), (b, lambda g: transpose(a) @ g), name="matmul")


def transpose(a):
    return Value(a.data.T, (a, transpose), name="transpose")


def total(a, axis=None, keepdims=False):
    kept = a.data.sum(axis, keepdims=True).shape
    return Value(a.data.sum(axis, keepdims=keepdims), (a, lambda g: spread(reshape(g, kept), a.shape)), name="sum")


def spread(a, shape):
    """a, repeated along axes of size 1 or along new ones in front, as NumPy does when shapes differ ("broadcasting")."""
    return Value(np.broadcast_to(a.data, shape), (a, lambda g: g), name="spread")


def reshape(a, shape):
    return Value(a.data.reshape(shape), (a, lambda g: reshape(g, a.shape)), name="reshape")


# %% The way back
# `fitted` deserves a second look. A bias of shape (3,) is added to a batch of shape (100, 3): NumPy uses it 100 times. Then 100
# shares come back, and they add up, like everything that is used more than once. So the rules above need not know about
# broadcasting; its undoing stands in one place.


def newest_first(y):
    """y and all values that it was made from. A value is younger than its parents: age is the order."""
    seen, stack = {y}, [y]
    while stack:
        for parent, _ in stack.pop().edges:
            if parent not in seen:
                seen.add(parent)
                stack.append(parent)
    return sorted(seen, key=lambda v: v.born, reverse=True)


def fitted(g, shape):
    """A gradient in the shape of its value: sums over the axes along which the value was repeated."""
    if g.shape == shape:
        return g
    extra = len(g.shape) - len(shape)
    axes = (*range(extra), *(extra + i for i, n in enumerate(shape) if n == 1))
    return reshape(g.sum(axes), shape)


def gradients(y, inputs):
    """dy/dx for each x of `inputs`; y is one number. The results are Values, which remember how they were made."""
    arrived = {y: Value(1.0)}
    for v in newest_first(y):
        for parent, rule in v.edges:
            share = fitted(rule(arrived[v]), parent.shape)
            arrived[parent] = arrived[parent] + share if parent in arrived else share
    return [arrived.get(x, Value(np.zeros(x.shape))) for x in inputs]


# %% It works
# The neuron of lesson 01, with its gradient by hand for comparison: dL/dw = (p - t) x.
x, t, w = np.array([0.5, -1.0]), 1.0, Value([0.3, 0.8])
p = 1 / (1 + (-(w * x).sum()).exp())
surprise = -p.log()
found, = gradients(surprise, [w])
print(f"by your engine {found.data}, by hand {(p.data - t) * x}")
np.testing.assert_allclose(found.data, (p.data - t) * x, rtol=1e-12)

# %% A dozen expressions
# Your Values and tinyvision's Tensors understand the same operators, so one function serves both. For each: the value, the
# gradients, and the gradients of the sum of squares of the gradients.
EXPRESSIONS = {
    "a x + b": lambda a, x, b: a * x + b,
    "a value used three times": lambda a, x, b: a * a * a + a,
    "a quotient": lambda a, x, b: (a - x) / (b * b + 1),
    "powers": lambda a, x, b: a ** 3 - 2 * x ** 2 + (b * b + 2) ** 0.5,
    "numbers on the left": lambda a, x, b: 2 - a + 3 * x + 1 / (b * b + 1),
    "exp and log": lambda a, x, b: (a.exp() + x.exp()).log() * b,
    "tanh": lambda a, x, b: (a * x + b).tanh(),
    "a sum over one axis": lambda a, x, b: (a * x).sum(0) * b.sum(0),
    "broadcasting a row": lambda a, x, b: a * x.sum(0) + b,
    "broadcasting a column": lambda a, x, b: a / (1 + x * x).sum(1, keepdims=True) + b,
    "softmax": lambda a, x, b: a.exp() / a.exp().sum(1, keepdims=True) * x,
    "relu of a product of matrices": lambda a, x, b: (a @ x + b).relu() * a,
    "two layers and a loss": lambda a, x, b: ((a @ (x @ a).tanh() - b) ** 2).mean() * a,
    "what does not matter": lambda a, x, b: a + 0 * x,
}
arrays = [rng.standard_normal((3, 3)) for _ in range(3)]
largest = 0.0
for name, expression in EXPRESSIONS.items():
    mine, theirs = [Value(a) for a in arrays], [tensor(a, requires_grad=True) for a in arrays]
    y, z = expression(*mine), expression(*theirs)
    first = gradients(y.sum(), mine)
    their_first = keras.grad(z.sum(), theirs, create_graph=True, allow_unused=True)
    second = gradients(sum((g * g).sum() for g in first), mine)
    squares = sum((g * g).sum() for g in their_first if g is not None)
    their_second = keras.grad(squares, theirs, allow_unused=True) if squares.requires_grad else [None] * 3
    pairs = [(y, z), *zip(first, their_first), *zip(second, their_second)]
    difference = max(np.abs(a.data - (0 if b is None else b.detach().numpy())).max() for a, b in pairs)
    largest = max(largest, difference)
    print(f"{name:30} differs by {difference:.0e}")
    assert difference < TOLERANCE

# %% What it remembers, drawn
# An expression and the graph that it leaves behind, as tinyvision recorded it; yours has the same shape. Arrows go the way of
# the computation; gradients go back along them. `a` is used twice, so two shares arrive there.
a, x, b = (tensor(array, requires_grad=True) for array in (arrays[0], arrays[1], arrays[2][0]))
hidden = (a @ x + b).tanh()
y = (hidden * a).sum()
viz.save(viz.graph(y, names={"a": a, "x": x, "b": b}, title="sum(tanh(a @ x + b) * a)"), OUTPUT / "02_graph.png")

# %% Gradients of gradients
# The slope of tanh, the slope of that slope, and once more: `gradients` applied to what `gradients` returned.
points = Value(np.linspace(-3, 3, 200))
curves = [points.tanh()]
for _ in range(3):
    curves += gradients(curves[-1].sum(), [points])
figure = Figure(figsize=(7, 3.8), layout="constrained")
ax = figure.subplots()
for curve, name, style, color in zip(curves, ("tanh", "its slope", "the slope of that", "and of that"), ("-", "--", "-.", ":"),
                                     (viz.BLUE, viz.ORANGE, viz.GREEN, viz.GREY)):
    ax.plot(points.data, curve.data, style, color=color, label=name)
ax.set(xlabel="x", title="A function and three derivatives, by your engine")
ax.grid(alpha=0.3)
ax.legend(frameon=False)
viz.save(figure, OUTPUT / "02_derivatives.png")
np.testing.assert_allclose(curves[1].data, 1 - np.tanh(points.data) ** 2, atol=1e-12)

# %% The same in tinyvision
# Open tinyvision/autograd.py (the whole engine, under 500 lines with its explanations) and tinyvision/op.py beside this lesson:
#
#     yours                        tinyvision's
#     Value                        two classes: Tensor, which you hold, and Node, what is remembered of an operation. A Tensor
#                                  that needs no gradient gets no Node, so that data and labels cost nothing.
#     born, clock                  Node.born, _clock
#     edges: (parent, rule)        Node.edges and Plan.rules. A rule is written once for an op, not anew in each call:
#                                  multiply.gradient(x1=lambda g, x2: g * x2, x2=lambda g, x1: g * x1), in ops/elementwise.py
#     the b in `lambda g: g * b`   Node.kept: only what the rules ask for by name. The rest can be forgotten at once; most of
#                                  a network's memory is what was kept for the way back.
#     __add__, __mul__, exp, ...   the methods of Tensor, each of which looks up the op of that name
#     newest_first                 _newest_first
#     fitted                       _fitted, which undoes changes of dtype, too
#     gradients                    grad and backward, which both call _flow
#
# What else is there answers questions that come up in use. `no_grad`: do not remember at all. `retain_graph`: what was kept is
# freed on the way back, unless you want to go twice. Unless `create_graph`, the rules run without being remembered, which is
# faster. `Tensor.assign`: if an array is overwritten whose old numbers a rule still needs, that rule refuses. Hooks: see or
# change a gradient on its way.

# %% A network on your engine
# Lesson 01 ended with four points that one neuron cannot tell apart. Eight neurons, and one behind them, can. The loop is the
# one of lesson 01; no derivative in it was found by hand.
corners = np.array([[0, 0], [1, 1], [0, 1], [1, 0]]) - 0.5
opposite = np.array([[0.0], [0], [1], [1]])
start = [rng.standard_normal((2, 8)), np.zeros(8), rng.standard_normal((8, 1)), np.zeros(1)]


def answer(x, w_1, b_1, w_2, b_2):
    return 1 / (1 + (-((x @ w_1 + b_1).tanh() @ w_2 + b_2)).exp())


def surprise_of(p):
    return -(opposite * p.log() + (1 - opposite) * (1 - p).log()).mean()


weights, losses = [Value(w) for w in start], []
for _ in range(200):
    loss = surprise_of(answer(Value(corners), *weights))
    weights = [Value(w.data - g.data) for w, g in zip(weights, gradients(loss, weights))]
    losses.append(loss.data)
right = np.sum((answer(Value(corners), *weights).data > 0.5) == opposite)
print(f"exclusive or, by your engine: loss {losses[0]:.3f} -> {losses[-1]:.3f}, {right} of 4 corners right")

# %% The same network on tinyvision
# Tensors in place of Values, `assign` in place of new leaves, and an optimizer that does the subtraction.
tensors, theirs = [tensor(w, requires_grad=True) for w in start], []
descent = keras.optimizers.SGD(learning_rate=1.0)
for _ in range(200):
    loss = surprise_of(answer(tensor(corners), *tensors))
    descent.apply(keras.grad(loss, tensors), tensors)
    theirs.append(loss.item())
print(f"exclusive or, by tinyvision:  loss {theirs[0]:.3f} -> {theirs[-1]:.3f}")

# %% What the network sees
# The probability at each point of the plane, and the four corners. Two bends, put together from eight straight lines.
figure = Figure(figsize=(10, 3.8), layout="constrained")
left, middle = figure.subplots(1, 2)
left.plot(losses, color=viz.BLUE, linewidth=4, alpha=0.4, label="your engine")
left.plot(theirs, color=viz.ORANGE, linestyle="--", label="tinyvision")
left.set(xlabel="step", ylabel="loss", title="The same steps")
left.grid(alpha=0.3)
left.legend(frameon=False)
side = np.linspace(-1, 1, 100)
plane = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
seen = answer(Value(plane), *weights).data.reshape(100, 100)
drawn = middle.contourf(side, side, seen, levels=np.linspace(0, 1, 11), cmap="PuOr_r")
figure.colorbar(drawn, ax=middle, label="probability of class 1")
for kind, marker in (0, "o"), (1, "s"):
    middle.plot(*corners[opposite[:, 0] == kind].T, marker, color="black", markersize=9, label=f"class {kind}")
middle.set(xlabel="$x_1$", ylabel="$x_2$", title="Exclusive or, by a network", aspect="equal")
middle.legend(loc="upper right", fontsize=8)
viz.save(figure, OUTPUT / "02_exclusive_or.png")
print(f"figures are in {OUTPUT}")

# %% Expected
# All expressions agree with tinyvision's, second gradients included; the losses of 200 steps agree; and the network learned.
drift = np.abs(np.array(losses) - theirs).max()
assert largest < TOLERANCE, f"all expressions should agree to {TOLERANCE}, the largest difference is {largest:.1e}"
assert drift < TOLERANCE, f"the losses of both engines should agree to {TOLERANCE}, they differ by {drift:.1e}"
assert right == 4 and theirs[-1] < 0.05, f"the network should solve exclusive or: {right} of 4 right, loss {theirs[-1]:.3f}"
print(f"{len(EXPRESSIONS)} expressions agree to {largest:.0e}, 200 losses to {drift:.0e}: as expected")
