"""Lesson 03: Feedforward networks, and why they need activations.

You put neurons behind neurons, derive the gradient of two layers with matrices, draw the borders that networks of several sizes
find between real digits, see what goes wrong in deep ones, and train a network that reads 97 of 100 digits.
Needs: 01, 02.   Time: 20 s on 2 cores.
Expected: by hand and by tinyvision the gradients agree to 1e-10; test accuracy >= 0.97.
"""
# %% Setup
import argparse
from pathlib import Path

import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

import tinyvision as keras
from tinyvision import layers, ops, tensor, viz
from tinyvision.datasets import mnist

OUTPUT = Path(__file__).parent / "output"
EPOCHS, BATCH_SIZE = 6, 128
KINDS, COLORS, MARKERS = (0, 5, 7, 8), (viz.BLUE, viz.ORANGE, viz.GREEN, viz.GREY), "os^D"

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--quick", action="store_true", help="a tenth of the digits, fewer epochs: a few seconds")
parser.add_argument("-f", "--f", help=argparse.SUPPRESS)             # notebooks pass it
options = parser.parse_args()
keras.utils.set_random_seed(0)
rng = np.random.default_rng(0)

# %% The data
# All ten digits of MNIST, each a row of 784 numbers between 0 and 1.
(train_images, train_labels), (test_images, test_labels) = mnist.load_data()
if options.quick:
    train_images, train_labels = train_images[:6000], train_labels[:6000]
    test_images, test_labels = test_images[:2000], test_labels[:2000]
train_pixels = train_images.reshape(-1, 784).astype("float32") / 255
test_pixels = test_images.reshape(-1, 784).astype("float32") / 255

# %% A layer is a matrix
# Lesson 01 had one neuron: p = squeeze(x . w + b). Let 5 neurons look at the same 3 inputs: put their weights side by side as
# the columns of a matrix W (3, 5), their biases in a row b (5,). Then one product does all of them, and for a whole batch of
# inputs, X (N, 3), too:
#
#     Z = X W + b        (N, 3) (3, 5) + (5,) -> (N, 5)
#
# That is `layers.Dense(5)`. A feedforward network is such layers in a row, each fed by the one before.
batch = rng.standard_normal((2, 3)).astype("float32")
dense = layers.Dense(5)
y = dense(batch)
W, b = dense.get_weights()
print(f"{batch.shape} through W {W.shape} and b {b.shape} -> {y.shape}")
np.testing.assert_allclose(y.detach().numpy(), batch @ W + b, rtol=1e-5, atol=1e-6)

# %% Two layers without anything between are one
# (X W_1 + b_1) W_2 + b_2  =  X (W_1 W_2) + (b_1 W_2 + b_2): again a matrix and a row. Ten layers or a hundred, it stays one
# neuron's straight line. Something that is not linear has to come between: the activation.
two = keras.Sequential([keras.Input((3,)), layers.Dense(5), layers.Dense(2)])
(W_1, b_1), (W_2, b_2) = (layer.get_weights() for layer in two.layers)
np.testing.assert_allclose(two.predict(batch), batch @ (W_1 @ W_2) + (b_1 @ W_2 + b_2), rtol=1e-4, atol=1e-6)
print("two layers without activations are one layer")

# %% Activations
# Three that have made history. Sigmoid squeezes into 0 .. 1: a neuron that is "on" or "off". Tanh does so around 0. ReLU,
# max(x, 0), passes what is positive and stops the rest. Beside them their slopes, which is what a gradient is multiplied with
# on its way back. Sigmoid's slope is 1/4 at best; sigmoid and tanh are flat where they are sure. ReLU hands a gradient on
# whole, or not at all.
ACTIVATIONS = {"sigmoid": (ops.sigmoid, "-", viz.ORANGE), "tanh": (ops.tanh, "--", viz.GREEN),
               "relu": (ops.relu, "-.", viz.BLUE)}
figure = Figure(figsize=(9.5, 3.4), layout="constrained")
left, right = figure.subplots(1, 2)
for name, (function, style, color) in ACTIVATIONS.items():
    x = tensor(np.linspace(-4, 4, 401), requires_grad=True)
    y = function(x)
    slope, = keras.grad(y.sum(), x)
    left.plot(x.detach().numpy(), y.detach().numpy(), style, color=color, label=name)
    right.plot(x.detach().numpy(), slope.numpy(), style, color=color, label=name)
left.set(xlabel="x", title="Activations", ylim=(-1.2, 2))
right.set(xlabel="x", title="Their slopes")
for ax in left, right:
    ax.grid(alpha=0.3)
    ax.legend(frameon=False)
viz.save(figure, OUTPUT / "03_activations.png")

# %% Bends make curves
# What can a layer of ReLUs and one neuron behind it do? Each ReLU is a line with one bend, placed by its bias. Weighed and
# added up, they follow any curve, the closer the more there are. Here bends at even distances; `np.linalg.lstsq` finds the best
# weights for them at once. (A network has to find the places of the bends, too. That it can be done at all is the universal
# approximation theorem of 1989; that gradient descent does it is a fact of experience.)
line = np.linspace(0, 1, 400)
curve = np.sin(6 * line) + 0.5 * np.sin(17 * line)
figure = Figure(figsize=(10, 3), layout="constrained")
errors = []
for ax, count in zip(figure.subplots(1, 3, sharey=True), (3, 8, 24)):
    bends = np.maximum(line[:, None] - np.linspace(0, 1, count, endpoint=False), 0)             # (400, count)
    columns = np.concatenate([bends, np.ones((400, 1))], axis=1)
    fitted = columns @ np.linalg.lstsq(columns, curve, rcond=None)[0]
    errors.append(np.abs(fitted - curve).max())
    ax.plot(line, curve, color=viz.GREY, linewidth=4, alpha=0.4, label="to be followed")
    ax.plot(line, fitted, color=viz.BLUE, label=f"{count} ReLUs")
    ax.set(xlabel="x", title=f"largest error {errors[-1]:.2f}")
    ax.legend(frameon=False, loc="upper right", fontsize=8)
viz.save(figure, OUTPUT / "03_bends.png")
assert errors[0] > errors[1] > errors[2]

# %% Ten classes: softmax
# One neuron gave the probability of an 8. For ten digits take ten neurons, one for each, and let their sums z compete:
#
#     p_k = exp(z_k) / (exp(z_0) + ... + exp(z_9))
#
# All are positive and add up to 1. The loss is again -log(p of the right one). And again the gradient is as simple as can be:
# dL/dz = p - t, with t = 1 for the right digit and 0 for the others.

# %% The gradient of two layers, by hand
# H = relu(X W_1 + b_1), then P = softmax(H W_2 + b_2). Backwards, with lesson 02's rules for matrices:
#
#     dZ_2 = (P - T) / N                       (N, 10)
#     dW_2 = H^T dZ_2       db_2 = its sum over the batch
#     dH   = dZ_2 W_2^T     dZ_1 = dH where H > 0, else 0        (ReLU)
#     dW_1 = X^T dZ_1       db_1 = its sum over the batch
#
# Six lines, and they are all of backpropagation. Each layer needs two products on the way back, where it needed one forward:
# so training costs about three times what a prediction does.
X = train_pixels[:32].astype("float64")
T = np.eye(10)[train_labels[:32]]
W_1, b_1, W_2, b_2 = (0.1 * rng.standard_normal(shape) for shape in ((784, 16), (16,), (16, 10), (10,)))
H = np.maximum(X @ W_1 + b_1, 0)
scores = np.exp(H @ W_2 + b_2)
P = scores / scores.sum(axis=1, keepdims=True)
dZ_2 = (P - T) / len(X)
dZ_1 = dZ_2 @ W_2.T * (H > 0)
by_hand = [X.T @ dZ_1, dZ_1.sum(axis=0), H.T @ dZ_2, dZ_2.sum(axis=0)]

weights = [tensor(w, requires_grad=True) for w in (W_1, b_1, W_2, b_2)]
hidden = ops.relu(tensor(X) @ weights[0] + weights[1])
loss = ops.categorical_crossentropy(T, hidden @ weights[2] + weights[3], from_logits=True).mean()
difference = max(np.abs(mine - theirs.numpy()).max() for mine, theirs in zip(by_hand, keras.grad(loss, weights)))
print(f"gradients of two layers: by hand and by tinyvision they differ by {difference:.0e}")

# %% Two numbers for a digit, again
# To see what networks do we need a plane. Lesson 01 measured two numbers; now let the data say which two are best. Principal
# component analysis turns the 784 axes such that the first points where the digits differ most, the second where they
# differ most otherwise; all others are left out. `np.linalg.svd` finds them. Four kinds of digits are enough for a picture.
chosen = np.flatnonzero(np.isin(train_labels, KINDS))[:4000]
centre = train_pixels[chosen].mean(axis=0)
axes = np.linalg.svd(train_pixels[chosen] - centre, full_matrices=False)[2][:2]                # (2, 784)
plane = (train_pixels[chosen] - centre) @ axes.T
spread = plane.std()
plane, kinds = (plane / spread).astype("float32"), np.searchsorted(KINDS, train_labels[chosen])
unseen = np.flatnonzero(np.isin(test_labels, KINDS))
unseen_plane = ((test_pixels[unseen] - centre) @ axes.T / spread).astype("float32")
unseen_kinds = np.searchsorted(KINDS, test_labels[unseen])


def small_network(hidden, activation):
    """Two inputs, layers of so many neurons, four classes."""
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((2,)), *(layers.Dense(n, activation=activation) for n in hidden),
                              layers.Dense(4, activation="softmax")])
    model.compile(optimizer=keras.optimizers.Adam(0.01), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


# %% The borders that networks find
# Each picture is a network of its own, trained on the same 4,000 digits; the colour says what it would call a digit at that
# place. Without a hidden layer, all borders are straight. Two ReLUs bend them twice; more make corners wherever they are
# needed. Tanh's borders are round. Where digits of two kinds lie on each other in the plane of two numbers, no network can
# help.
across, down = np.linspace(-3.2, 2.2, 180, dtype="float32"), np.linspace(-2.4, 2.4, 160, dtype="float32")
grid = np.stack(np.meshgrid(across, down), axis=-1).reshape(-1, 2)
NETWORKS = {"no hidden layer": ((), "relu"), "2 ReLUs": ((2,), "relu"), "4 ReLUs": ((4,), "relu"), "32 ReLUs": ((32,), "relu"),
            "32 tanhs": ((32,), "tanh"), "16 + 16 + 16 ReLUs": ((16, 16, 16), "relu")}
figure = Figure(figsize=(10.5, 7.2), layout="constrained")
found = {}
for ax, (name, (hidden, activation)) in zip(figure.subplots(2, 3, sharex=True, sharey=True).flat, NETWORKS.items()):
    model = small_network(hidden, activation)
    model.fit(plane, kinds, batch_size=64, epochs=3 if options.quick else 15, verbose=0)
    found[name] = model.evaluate(unseen_plane, unseen_kinds, batch_size=500, verbose=0)[1]
    called = model.predict(grid, batch_size=6400).argmax(axis=1).reshape(160, 180)
    ax.pcolormesh(across, down, called, cmap=ListedColormap(COLORS), vmin=0, vmax=3, alpha=0.25, linewidth=0, rasterized=True)
    for kind, (color, marker) in enumerate(zip(COLORS, MARKERS)):
        some = plane[kinds == kind][:120]
        ax.scatter(*some.T, s=9, color=color, marker=marker, label=f"a {KINDS[kind]}", linewidths=0)
    ax.set(title=f"{name}: {found[name]:.1%} right", xlim=across[[0, -1]], ylim=down[[0, -1]])
figure.axes[0].legend(loc="upper left", fontsize=8)
figure.supxlabel("first principal component")
figure.supylabel("second principal component")
viz.save(figure, OUTPUT / "03_borders.png")
print("; ".join(f"{name} {accuracy:.1%}" for name, accuracy in found.items()))

# %% Deep is difficult
# A gradient that goes back through twenty layers is multiplied twenty times. If each factor is a little below 1, nothing is
# left; a little above, and it explodes. Sigmoid's slope is 1/4 at best: twenty of them make 1e-12. ReLU hands gradients on,
# but whether signals keep their size also depends on the first weights. Too small, and they die out on their way forward: with
# ReLU and Glorot's start a thousandth is left. He (2015) found the right size for ReLU, a variance of 2 / inputs: half of the
# numbers are stopped, so the others need twice the power.
DEPTH = 20
STARTS = {"sigmoid, Glorot's start": ("sigmoid", "glorot_uniform"), "tanh, Glorot's start": ("tanh", "glorot_uniform"),
          "relu, Glorot's start": ("relu", "glorot_uniform"), "relu, He's start": ("relu", "he_normal")}
figure = Figure(figsize=(7.5, 4), layout="constrained")
ax = figure.subplots()
norms = {}
for (name, (activation, start)), style, color in zip(STARTS.items(), ("o-", "s--", "^-.", "D:"),
                                                     (viz.ORANGE, viz.GREEN, viz.BLUE, viz.GREY)):
    keras.utils.set_random_seed(0)
    deep = keras.Sequential([keras.Input((784,)), *(layers.Dense(64, activation=activation, kernel_initializer=start)
                                                    for _ in range(DEPTH)), layers.Dense(10, activation="softmax")])
    loss = ops.sparse_categorical_crossentropy(train_labels[:256], deep(train_pixels[:256])).mean()
    loss.backward()
    norms[name] = [np.linalg.norm(layer.kernel.grad.numpy()) for layer in deep.layers[1:-1]]
    ax.plot(range(2, DEPTH + 1), norms[name], style, color=color, markersize=4, label=name)
ax.set(yscale="log", xlabel="layer (2 is next to the input)", ylabel="size of its gradient",
       title="What arrives of the gradient in a network of 20 layers")
ax.set_xticks(range(2, DEPTH + 1, 2))
ax.grid(alpha=0.3)
ax.legend(frameon=False)
viz.save(figure, OUTPUT / "03_deep_gradients.png")
print(", ".join(f"{name}: {values[-1] / values[0]:.0e}" for name, values in norms.items()), "(last layer's / second layer's)")

# %% Reading digits
# All 784 pixels, one hidden layer of 128 ReLUs, ten classes.
model = keras.Sequential([keras.Input((784,)), layers.Dense(128, activation="relu", name="hidden"),
                          layers.Dense(10, activation="softmax", name="digit")])
model.summary()
model.compile(optimizer=keras.optimizers.Adam(), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(train_pixels, train_labels, batch_size=BATCH_SIZE, epochs=EPOCHS, validation_batch_size=500,
                    validation_data=(test_pixels, test_labels))
_, accuracy = model.evaluate(test_pixels, test_labels, batch_size=500, verbose=0)
viz.save(viz.curves(history), OUTPUT / "03_curves.png")

# %% What the hidden neurons look for
# The weights of 32 of them, as pictures: orange adds, purple subtracts. Some see strokes; many are hard to put in words. None
# knows that neighbouring pixels belong together: shuffle the pixels of all digits in the same way, and this network learns
# just as well. Lesson 05 makes use of what it ignores.
kernel, _ = model.get_layer("hidden").get_weights()                  # (784, 128)
strongest = np.argsort(-np.abs(model.get_layer("digit").get_weights()[0]).max(axis=1))[:32]
figure = viz.filters(kernel[:, strongest].reshape(28, 28, 1, 32), title="32 hidden neurons: orange adds, purple subtracts")
viz.save(figure, OUTPUT / "03_hidden_neurons.png")
print(f"figures are in {OUTPUT}")

# %% Expected
# 0.97 on digits that it has never seen; in quick mode, from a tenth of the digits, 0.90.
expected = 0.90 if options.quick else 0.97
assert difference < 1e-10, f"by hand and by tinyvision gradients should agree to 1e-10, they differ by {difference:.1e}"
assert norms["sigmoid, Glorot's start"][0] < 1e-3 * norms["relu, He's start"][0], "sigmoids should lose the gradient"
assert accuracy >= expected, f"the network should reach {expected}, it got {accuracy:.4f}"
print(f"accuracy {accuracy:.4f} >= {expected}: as expected")
