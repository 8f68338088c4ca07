"""Lesson 05: Convolution is a matrix product.

You slide filters over a photograph, see edges light up, turn the sliding into one matrix product, derive both gradients of it,
check all against tinyvision, and train a small convolutional network in which everything is your own.
Needs: 03.   Time: 40 s on 2 cores.
Expected: loops, columns and tinyvision agree to 1e-5, gradients too; test accuracy of your own network >= 0.96.
"""
# %% Setup
import argparse
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import Image
from scipy import signal

import tinyvision as keras
from tinyvision import layers, ops, tensor, viz
from tinyvision.datasets import mnist

OUTPUT = Path(__file__).parent / "output"
TOLERANCE = 1e-5                                           # max|difference| / max|result|

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--quick", action="store_true", help="fewer digits: a few seconds")
parser.add_argument("-f", "--f", help=argparse.SUPPRESS)             # notebooks pass it
options = parser.parse_args()
keras.utils.set_random_seed(0)
rng = np.random.default_rng(0)


def error(found, expected):
    """The largest difference, as a part of the largest result."""
    return np.abs(found - expected).max() / np.abs(expected).max()


# %% A photograph
# Rear Admiral Grace Hopper, who wrote the first compiler; the picture comes with matplotlib. A photograph is an array
# (height, width, 3), red, green and blue between 0 and 1. For the first filters, grey is enough.
photograph = Image.open(Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg").reduce(2)
photograph = np.asarray(photograph, "float32") / 255
grey = photograph.mean(axis=2)
print("photograph", photograph.shape, "grey", grey.shape)

# %% Sliding a filter
# A filter is a small array of weights. Lay it on the image, multiply what lies under it, add up: one number. Slide it on by a
# pixel, and so on: a new image. (Mathematicians flip the filter first and call it convolution; without the flip it is
# cross-correlation. Networks learn their filters, so the flip does not matter, and everybody leaves it out and says
# "convolution". SciPy has both.)


def slide(image, kernel):
    """(H, W) and (KH, KW) -> (H - KH + 1, W - KW + 1): the sum of the products at each place."""
    KH, KW = kernel.shape
    result = np.empty((image.shape[0] - KH + 1, image.shape[1] - KW + 1), image.dtype)
    for i in range(result.shape[0]):
        for j in range(result.shape[1]):
            result[i, j] = np.sum(image[i:i + KH, j:j + KW] * kernel)
    return result


FILTERS = {
    "blur": np.full((5, 5), 1 / 25),
    "vertical edges": np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]) / 4,
    "horizontal edges": np.array([[-1, -2, -1], [0, 0, 0], [1, 2, 1]]) / 4,
    "spots": np.array([[0, -1, 0], [-1, 4, -1], [0, -1, 0]]),
    "sharper": np.array([[0, -1, 0], [-1, 5, -1], [0, -1, 0]]),
}
filtered = {name: slide(grey, kernel) for name, kernel in FILTERS.items()}
for name, kernel in FILTERS.items():
    assert error(filtered[name], signal.correlate2d(grey, kernel, mode="valid")) < TOLERANCE

figure = Figure(figsize=(10, 6.6), layout="constrained")
for ax, (name, image) in zip(figure.subplots(2, 3).flat, {"grey": grey, **filtered}.items()):
    signed = name.endswith(("edges", "spots"))
    ax.imshow(image, cmap="PuOr_r" if signed else "gray", vmin=-0.5 if signed else 0, vmax=0.5 if signed else 1)
    ax.set_title(name)
    ax.set_axis_off()
figure.suptitle("five filters; where numbers have signs, orange is above 0 and purple below")
viz.save(figure, OUTPUT / "05_filters.png")

# %% Windows, steps and margins
# A 3 x 3 window has H - 2 places down an image of H rows. With steps of S ("strides"), only every S-th counts; with P rows of
# zeros around ("padding"), there are more; with gaps of D - 1 pixels between the weights ("dilation") the window is larger:
#
#     OH = (H + 2 P - D (KH - 1) - 1) // S + 1
#
# padding="same" chooses the margins such that OH = ceil(H / S); the odd zero, if any, goes to the bottom and to the right.
for H in 7, 8, 12:
    for size in 1, 2, 3, 5:
        for stride in 1, 2, 3:
            for dilation in (1, 2) if stride == 1 else (1,):
                image, kernel = np.ones((1, H, H, 1), "float32"), np.ones((size, size, 1, 1), "float32")
                reach = dilation * (size - 1) + 1
                if reach <= H:
                    valid = ops.conv(image, kernel, strides=stride, dilation_rate=dilation)
                    assert valid.shape[1] == (H - reach) // stride + 1
                same = ops.conv(image, kernel, strides=stride, padding="same", dilation_rate=dilation)
                assert same.shape[1] == -(-H // stride)
print("the formula for sizes holds")

# %% Channels
# A colour image has three numbers a pixel, and a network's inner images have dozens. A filter then has weights for all of
# them, (KH, KW, C), and still gives one number a place. F filters side by side, (KH, KW, C, F), give images of F channels:
#
#     y[n, i, j, f] = sum over p, q, c of x[n, i + p, j + q, c] kernel[p, q, c, f]


def by_loops(x, kernel):
    """(N, H, W, C) and (KH, KW, C, F) -> (N, OH, OW, F)."""
    N, H, W, _ = x.shape
    KH, KW, _, F = kernel.shape
    y = np.empty((N, H - KH + 1, W - KW + 1, F), x.dtype)
    for i in range(y.shape[1]):
        for j in range(y.shape[2]):
            y[:, i, j] = np.tensordot(x[:, i:i + KH, j:j + KW], kernel, axes=3)          # (N, F)
    return y


x = np.stack([photograph[60:92, 80:112], photograph[150:182, 40:72]])        # two pieces of 32 x 32, (2, 32, 32, 3)
kernel = rng.standard_normal((3, 3, 3, 8), dtype="float32") / 5
y = by_loops(x, kernel)
print(f"x {x.shape}, kernel {kernel.shape} -> y {y.shape}")

# %% Columns: sliding becomes a product
# Each result is a sum of KH KW C products: so is each element of a matrix product. Write the numbers under each window into a
# row of a matrix, and the filters into columns of another:
#
#     columns (N OH OW, KH KW C)  @  kernel (KH KW C, F)  =  y (N OH OW, F)
#
# This is im2col ("image to columns"). The matrix holds each pixel up to KH KW times, which costs memory. But then one product
# does it all, and matrix products are what computers have been tuned for. `sliding_window_view` shows the windows
# without copying; the reshape copies.


def im2col(x, KH, KW):
    """(N, H, W, C) -> (N, OH, OW, KH * KW * C): the numbers under each window."""
    windows = np.lib.stride_tricks.sliding_window_view(x, (KH, KW), axis=(1, 2))          # (N, OH, OW, C, KH, KW)
    return windows.transpose(0, 1, 2, 4, 5, 3).reshape(*windows.shape[:3], -1)


def by_columns(x, kernel):
    KH, KW, _, F = kernel.shape
    return im2col(x, KH, KW) @ kernel.reshape(-1, F)


theirs = ops.conv(x, kernel).numpy()
disagreement = {"loops and columns": error(by_columns(x, kernel), y),
                "columns and tinyvision": error(by_columns(x, kernel), theirs)}
print(", ".join(f"{name} differ by {value:.0e}" for name, value in disagreement.items()))

# %% Columns, drawn
# A tiny image of 4 x 4, whose pixels are numbered, under a 2 x 2 window: nine places, so nine rows of four numbers. The
# marked window is the marked row. Most pixels occur four times.
tiny = np.arange(16).reshape(1, 4, 4, 1)
rows = im2col(tiny, 2, 2).reshape(9, 4)
figure = Figure(figsize=(8, 4.2), layout="constrained")
for ax, values, title, marked in ((*pair, mark) for pair, mark in zip(
        zip(figure.subplots(1, 2, width_ratios=(1, 0.62)), (tiny[0, ..., 0], rows), ("the image, and its fifth window",
            "the windows as rows")), (((1, 1), 2, 2), ((0, 4), 4, 1)))):
    ax.imshow(values, cmap="cividis", vmin=0, vmax=15)
    for i, j in np.ndindex(values.shape):
        ax.text(j, i, values[i, j], ha="center", va="center", color="white" if values[i, j] < 9 else "black")
    (left, top), width, height = marked
    ax.add_patch(Rectangle((left - 0.5, top - 0.5), width, height, fill=False, edgecolor=viz.ORANGE, linewidth=3))
    ax.set(title=title, xticks=[], yticks=[])
viz.save(figure, OUTPUT / "05_columns.png")

# %% The gradient of the kernel
# y = columns @ matrix, and lesson 02 knows the rules of a product. g arrives at y, with y's shape:
#
#     dmatrix = columns^T @ g        (KH KW C, F)
#
# In words: how much a weight matters at a place is the pixel that it met there; its gradient is the sum over all places.

# %% The gradient of the image
# The other rule of a product,
#
#     dcolumns = g @ matrix^T        (N OH OW, KH KW C)
#
# says what each entry of the columns should get. But a pixel has several entries: its shares add up. Taking the columns apart
# and adding them back where they came from is called col2im, "columns to image".


def col2im(dcolumns, shape, KH, KW):
    """The adjoint of im2col: each entry is added to the pixel that it was copied from."""
    N, OH, OW, _ = dcolumns.shape
    dx = np.zeros(shape, dcolumns.dtype)
    parts = dcolumns.reshape(N, OH, OW, KH, KW, -1)
    for p in range(KH):
        for q in range(KW):
            dx[:, p:p + OH, q:q + OW] += parts[:, :, :, p, q]
    return dx


def gradients(x, kernel, g):
    """What arrives at the image and at the kernel when g arrives at the result."""
    KH, KW, C, F = kernel.shape
    columns, rows = im2col(x, KH, KW).reshape(-1, KH * KW * C), g.reshape(-1, F)
    dkernel = (columns.T @ rows).reshape(kernel.shape)
    dcolumns = (rows @ kernel.reshape(-1, F).T).reshape(*g.shape[:3], -1)
    return col2im(dcolumns, x.shape, KH, KW), dkernel


g = rng.standard_normal(y.shape, dtype="float32")
inputs, weights = tensor(x, requires_grad=True), tensor(kernel, requires_grad=True)
expected = keras.grad(ops.conv(inputs, weights), [inputs, weights], tensor(g))
for name, mine, theirs in zip(("image", "kernel"), gradients(x, kernel, g), expected):
    disagreement[f"gradients of the {name}"] = error(mine, theirs.numpy())
    print(f"gradient of the {name}: differs from tinyvision's by {disagreement[f'gradients of the {name}']:.0e}")

# %% The same, seen otherwise
# Look at one pixel of dx: it gets g from all windows that it lies in, each times the weight that met it there. That is again a
# filter sliding over g, with margins around, and turned by 180 degrees: the gradient of a convolution is a convolution.
wide = np.pad(g, ((0, 0), (2, 2), (2, 2), (0, 0)))
turned = kernel[::-1, ::-1].transpose(0, 1, 3, 2)          # upside down, left to right, and from F channels to C
disagreement["the turned kernel"] = error(by_columns(wide, turned), expected[0].numpy())
print(f"as a convolution with the turned kernel: differs by {disagreement['the turned kernel']:.0e}")

# %% What a pixel deep inside sees
# A 3 x 3 window sees 3 pixels across; two in a row see 5, three see 7: each adds 2. Behind a step of 2 each adds twice as much.
# This is the receptive field. Gradients draw it: a 1 arrives at one pixel of the result; where it gets to in the image is what
# that pixel saw. Random kernels, all positive; bright is a strong influence. In the middle it is strongest, for many ways lead
# there.
figure = Figure(figsize=(10, 3.3), layout="constrained")
fields = []
for ax, strides in zip(figure.subplots(1, 4), ((1,), (1, 1), (1, 1, 1, 1), (2, 2, 1, 1))):
    image = tensor(np.zeros((1, 41, 41, 1)), requires_grad=True)
    z = image
    for step in strides:
        z = ops.conv(z, rng.random((3, 3, z.shape[3], 4)), strides=step, padding="same")
    arriving = np.zeros(z.shape)
    arriving[0, z.shape[1] // 2, z.shape[2] // 2] = 1
    seen, = keras.grad(z, image, tensor(arriving))
    seen = seen.numpy()[0, ..., 0]
    fields.append(int((seen > 0).any(axis=0).sum()))
    ax.imshow(seen, cmap="magma")
    ax.set(title=f"steps {', '.join(map(str, strides))}:\n{fields[-1]} pixels across", xticks=[], yticks=[])
viz.save(figure, OUTPUT / "05_receptive_fields.png")
assert fields == [3, 5, 9, 23], fields

# %% Why not Dense?
# On a digit, 16 filters of 5 x 5 in steps of 2 give 12 x 12 x 16 numbers. A Dense layer with as many outputs has a weight for
# each pair of a pixel and an output. The convolution says: only neighbours matter, and what is worth seeing in one place is
# worth seeing everywhere. So it has few weights, and each learns from all places.
dense, shared = 28 * 28 * 12 * 12 * 16, 5 * 5 * 16
print(f"weights from a digit to 12 x 12 x 16 numbers: Dense {dense:,}, convolution {shared}: {dense // shared:,} times fewer")

# %% A convolutional network of your own
# Convolution 5 x 5 in steps of 2, ReLU, then ten scores and a softmax. Forward and backward are the functions above, and
# lesson 03's lines for the rest. Steps of 2 mean to keep every other window; on the way back, zeros stand between.
(train_images, train_labels), (test_images, test_labels) = mnist.load_data()
count = 4000 if options.quick else 24_000
train_x, train_y = train_images[:count, ..., None].astype("float32") / 255, train_labels[:count]
test_x, test_y = test_images[..., None].astype("float32") / 255, test_labels
BATCH, EPOCHS, RATE, COMPARED = 32, 2, 0.1, 50


def forward(x, kernel, bias, matrix, offset):
    """The activations (N, 12, 12, 16) and the probabilities (N, 10)."""
    hidden = np.maximum((im2col(x, 5, 5)[:, ::2, ::2] @ kernel.reshape(25, 16)) + bias, 0)
    scores = np.exp(hidden.reshape(len(x), -1) @ matrix + offset)
    return hidden, scores / scores.sum(axis=1, keepdims=True)


def backward(x, hidden, p, t, kernel, matrix):
    """The gradients of kernel, bias, matrix and offset."""
    dscores = (p - t) / len(x)
    dhidden = (dscores @ matrix.T).reshape(hidden.shape) * (hidden > 0)
    g = np.zeros((len(x), 24, 24, 16), "float32")
    g[:, ::2, ::2] = dhidden
    flat = hidden.reshape(len(x), -1)
    return gradients(x, kernel, g)[1], dhidden.sum(axis=(0, 1, 2)), flat.T @ dscores, dscores.sum(axis=0)


weights = [rng.standard_normal((5, 5, 1, 16), dtype="float32") / 5, np.zeros(16, "float32"),
           rng.standard_normal((12 * 12 * 16, 10), dtype="float32") / 48, np.zeros(10, "float32")]
start = [w.copy() for w in weights]
order = np.concatenate([rng.permutation(count) for _ in range(EPOCHS)]).reshape(-1, BATCH)
for step, chosen in enumerate(order):
    if step == COMPARED:
        early = weights
    x, t = train_x[chosen], np.eye(10, dtype="float32")[train_y[chosen]]
    hidden, p = forward(x, *weights)
    found = backward(x, hidden, p, t, weights[0], weights[2])
    weights = [w - RATE * d for w, d in zip(weights, found)]
right = np.concatenate([forward(test_x[i:i + 500], *weights)[1].argmax(axis=1) for i in range(0, len(test_x), 500)]) == test_y
print(f"your network: {right.mean():.4f} of the unseen digits right")

# %% The same network from layers
# From the same first weights, with the same batches in the same order, tinyvision's layers learn the same. We compare the
# weights after 50 steps. Later, the ways part: float32 rounds a little differently in both, some ReLU is on in one and off in
# the other, and from there differences grow. Both get equally good.
model = keras.Sequential([keras.Input((28, 28, 1)), layers.Conv2D(16, 5, strides=2, activation="relu", name="conv"),
                          layers.Flatten(), layers.Dense(10, activation="softmax", name="digit")])
model.compile(optimizer=keras.optimizers.SGD(RATE), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
model.set_weights(start)
for step, chosen in enumerate(order):
    if step == COMPARED:
        drift = max(error(mine, theirs) for mine, theirs in zip(early, model.get_weights()))
    model.train_on_batch(train_x[chosen], train_y[chosen])
accuracy = model.evaluate(test_x, test_y, batch_size=500, verbose=0)[1]
print(f"tinyvision:   {accuracy:.4f}; after {COMPARED} steps the weights differed by {drift:.0e}")

# %% What it has learned
# Its 16 filters, and what one of the digits looks like behind each. Strokes in several directions, and their ends.
viz.save(viz.filters(weights[0]), OUTPUT / "05_learned_filters.png")
viz.save(viz.feature_maps(forward(test_x[:1], *weights)[0][0], columns=8, title="a 7, behind 16 filters"),
         OUTPUT / "05_feature_maps.png")

# %% Neighbours matter
# Lesson 03 claimed that a Dense network does not care in which order the pixels come. A convolution does: here both read
# digits whose pixels were shuffled, all in the same way. What is lost is the use of neighbourhood.
shuffled = rng.permutation(784)
results = {}
for name, first in ("Dense", [layers.Flatten(), layers.Dense(64, activation="relu")]), ("convolution", [
        layers.Conv2D(16, 5, strides=2, activation="relu"), layers.Conv2D(16, 3, activation="relu"), layers.Flatten()]):
    for order_of_pixels, what in (np.arange(784), "as they are"), (shuffled, "shuffled"):
        keras.utils.set_random_seed(0)
        model = keras.Sequential([keras.Input((28, 28, 1)), *[type(layer).from_config(layer.get_config()) for layer in first],
                                  layers.Dense(10, activation="softmax")])
        model.compile(optimizer="rmsprop", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
        seen, unseen = (x.reshape(-1, 784)[:, order_of_pixels].reshape(-1, 28, 28, 1) for x in (train_x, test_x))
        model.fit(seen, train_y, batch_size=64, epochs=2, verbose=0)
        results[name, what] = model.evaluate(unseen, test_y, batch_size=500, verbose=0)[1]
for (name, what), value in results.items():
    print(f"{name:12} pixels {what:12} {value:.4f}")
print(f"figures are in {OUTPUT}")

# %% Expected
# Everything agrees, and your own network reads digits: 0.96, in quick mode 0.88.
worst = max(disagreement, key=disagreement.get)
expected = 0.88 if options.quick else 0.96
assert disagreement[worst] < TOLERANCE, f"all should agree to {TOLERANCE}: {worst} by {disagreement[worst]:.1e}"
assert drift < 1e-4, f"your steps and tinyvision's should agree to 1e-4, the weights differ by {drift:.1e}"
assert abs(accuracy - right.mean()) < 0.01, f"both networks should be equally good: {accuracy:.4f}, {right.mean():.4f}"
assert right.mean() >= expected, f"your network should reach {expected}, it got {right.mean():.4f}"
print(f"all agree to {disagreement[worst]:.0e}, accuracy {right.mean():.4f} >= {expected}: as expected")
