"""Lesson 10: Fast convolution, from seven loops to Winograd.

You build a convolution six times: as loops, as compiled loops, in a better order, as one matrix product, as many small ones,
and with Winograd's trick; you show that all are equal, time them, count what they do, and see why the last of the library's
versions is a hundred thousand times as fast as the first of yours.
Needs: 05.   Time: 1 minute on 2 cores.   Expected: all versions agree to 1e-5 of the largest result; the library's choice is
at least 2.5 times (for a first layer 1.5 times) as fast as im2col in NumPy. (Measured: 5.2 to 6.0 times, and 3.0 to 5.1 times.)
"""
# %% Setup
import argparse
import time
from pathlib import Path

import numba
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, Rectangle
from threadpoolctl import threadpool_limits

import tinyvision
from tinyvision import kernels, ops, viz

OUTPUT = Path(__file__).parent / "output"
TOLERANCE = 1e-5                                           # max|difference| / max|result|
MIDDLE, FIRST = "32 to 64 channels", "first layer, 3 to 32"
FASTER = {MIDDLE: 2.5, FIRST: 1.5}                         # than im2col in NumPy, at least
L2 = 2 ** 20                                               # bytes of a core's second-level cache; `lscpu` tells yours

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--quick", action="store_true", help="tiny images, one run each: are all equal? The times mean nothing")
parser.add_argument("-f", "--f", help=argparse.SUPPRESS)             # notebooks pass it
options = parser.parse_args()

TURNS, RUNS = (1, 1) if options.quick else (3, 4)
IMAGES, SIDE, FIRST_SIDE = (1, 12, 12) if options.quick else (16, 64, 176)     # the sides are those of the results
rng = np.random.default_rng(0)


def race(runners):
    """The seconds of each function: {name: function} -> {name: seconds}.

    They take turns of a few runs, so that a change of the machine's load meets all of them, and the best run counts: whatever
    else the machine does can only make a run longer. The first run of a turn does not count: it compiles, and it finds the
    cores still busy with waiting for more work of the version before.
    """
    best = dict.fromkeys(runners, np.inf)
    for _ in range(TURNS):
        for name, run in runners.items():
            run()
            for _ in range(RUNS):
                start = time.perf_counter()
                run()
                best[name] = min(best[name], time.perf_counter() - start)
    return best


def error(y, expected):
    """The largest difference, as a part of the largest result."""
    return np.abs(y - expected).max() / np.abs(expected).max()


# %% What a convolution costs
# Two layers go through the whole lesson. One stands in the middle of a network and turns 32 channels into 64; one comes first
# and turns 3 colours into 32 channels. Each number of the result is a sum of 3 * 3 * C products, so
#
#     multiplications = N * OH * OW * F * 3 * 3 * C,  with as many additions: operations = twice that
#
# A multiplication needs its numbers, and they come from memory. At the least, each number of the image is read once and each
# number of the result written once. Operations divided by these bytes is the layer's arithmetic intensity.


def layer(images, side, channels, filters):
    """Random images that give results of side x side pixels, and a kernel that keeps the size of the numbers."""
    x = rng.standard_normal((images, side + 2, side + 2, channels), dtype="float32")
    kernel = rng.standard_normal((3, 3, channels, filters), dtype="float32") / np.float32(3 * channels ** 0.5)
    return x, kernel


def operations(x, kernel):
    """Additions and multiplications of the definition."""
    n, h, w, _ = x.shape
    return 2 * n * (h - 2) * (w - 2) * kernel.size


def result(x, kernel):
    """An empty result, (N, OH, OW, F)."""
    n, h, w, _ = x.shape
    return np.empty((n, h - 2, w - 2, kernel.shape[3]), x.dtype)


LAYERS = {MIDDLE: layer(IMAGES, SIDE, 32, 64), FIRST: layer(IMAGES, FIRST_SIDE, 3, 32)}
x, kernel = LAYERS[MIDDLE]
least, columns = {}, {}                                    # bytes: moved at the least; of all columns (see below)
for name, (images, weights) in LAYERS.items():
    y = result(images, weights)
    least[name], columns[name] = images.nbytes + y.nbytes, y.nbytes // y.shape[3] * weights[..., 0].size
    print(f"{name}: {operations(images, weights) / 1e9:.2f} billion operations, {least[name] / 1e6:.0f} MB at the least, "
          f"{operations(images, weights) / least[name]:.0f} operations a byte")

# %% What the machine gives
# Two limits: how fast it computes, and how fast it moves numbers. For the first we take NumPy's product of two large square
# matrices, in which each number is used thousands of times once it is near; people have tuned this product for decades. For
# the second, a copy of an array that fits no cache, on all cores.


@numba.njit(parallel=True, cache=True)
def copy(source, target):
    for i in numba.prange(len(source)):
        target[i] = source[i]


side = 256 if options.quick else 1536
square = rng.standard_normal((side, side), dtype="float32")
source = np.ones((side, 16384), "float32")
target = np.empty_like(source)
times = race({"product": lambda: square @ square, "copy": lambda: copy(source, target)})
PEAK, BANDWIDTH = 2 * side ** 3 / times["product"], 2 * source.nbytes / times["copy"]
print(f"matrix product: {PEAK / 1e9:.0f} billion operations a second; memory: {BANDWIDTH / 1e9:.0f} GB a second")

# A layer takes no less than operations / PEAK, and no less than bytes / BANDWIDTH. Against the intensity, the two limits make
# a roof: below PEAK / BANDWIDTH operations a byte the memory decides, above it the arithmetic. The dots show how high a
# layer can get if it moves only what it must, and, hollow, if it writes all columns to memory and reads them again, as im2col
# does (below). The roof holds for work that moves numbers while it computes with others; what first moves and then computes
# takes the sum of both times, and stays well below it.
figure = Figure(figsize=(7, 4.2), layout="constrained")
ax = figure.subplots()
intensity = np.geomspace(1, 300, 500)
ax.plot(intensity, np.minimum(PEAK, intensity * BANDWIDTH) / 1e9, color=viz.GREY, linewidth=2)
for (name, pair), color, marker in zip(LAYERS.items(), (viz.BLUE, viz.ORANGE), "os"):
    im2col_bytes = least[name] + 2 * columns[name]
    for what, moved, face in ("as little as possible", least[name], color), ("im2col", im2col_bytes, "white"):
        at = operations(*pair) / moved
        ax.plot(at, min(PEAK, at * BANDWIDTH) / 1e9, marker, markersize=9, color=color, markerfacecolor=face,
                label=f"{name}: {what}")
ax.set(xscale="log", yscale="log", xlabel="operations for each byte that is moved", ylim=(BANDWIDTH / 1.5e9, PEAK / 0.6e9),
       ylabel="at most: billion operations a second", title="The roof: memory limits on the left, arithmetic on the right")
ticks = np.outer(10.0 ** np.arange(4), [1, 2, 5]).reshape(-1)
for axis, (low, high) in (ax.xaxis, ax.get_xlim()), (ax.yaxis, ax.get_ylim()):
    axis.set_ticks(ticks[(ticks >= low) & (ticks <= high)])
    axis.set_major_formatter("{x:g}")
ax.minorticks_off()
ax.grid(alpha=0.3)
ax.legend(frameon=False, loc="lower right")
viz.save(figure, OUTPUT / "10_roof.png")

# %% Seven loops
# The definition, word for word. Python does every addition as a call of a function on boxed numbers, so we only run it on a
# corner of one image; what the whole layer would take is an extrapolation, by the number of multiplications.


def seven_loops(x, kernel, y):
    """y[n, i, j, f] = sum over p, q, c of x[n, i + p, j + q, c] kernel[p, q, c, f]"""
    N, OH, OW, F = y.shape
    KH, KW, C, _ = kernel.shape
    for n in range(N):
        for i in range(OH):
            for j in range(OW):
                for f in range(F):
                    y[n, i, j, f] = 0
                    for p in range(KH):
                        for q in range(KW):
                            for c in range(C):
                                y[n, i, j, f] += x[n, i + p, j + q, c] * kernel[p, q, c, f]


corner, few = x[:1, :6, :6], kernel[..., :4].copy()        # 4 x 4 pixels and 4 filters
y = result(corner, few)
start = time.perf_counter()
seven_loops(corner, few, y)
python_speed = operations(corner, few) / (time.perf_counter() - start)
print(f"seven loops in Python: {python_speed / 1e6:.1f} million operations a second; the whole layer would take about "
      f"{operations(x, kernel) / python_speed / 60:.0f} minutes (extrapolated)")

# %% Seven loops, compiled
# Numba turns the same function into machine code. What is left of each step is a multiplication, an addition, and finding the
# two numbers; but the processor still does them one at a time, and each addition waits for the one before it.
compiled = numba.njit(seven_loops, cache=True)

# One change makes a large difference: the loop over the filters goes inside. Neighbouring filters are neighbours in memory, in
# the kernel and in the result, so that one instruction multiplies 8 or 16 of them at once, and no addition waits for another.
# And images are independent: `prange` gives each core some.


@numba.njit(parallel=True, cache=True)
def filters_inside(x, kernel, y):
    N, OH, OW, F = y.shape
    KH, KW, C, _ = kernel.shape
    for n in numba.prange(N):
        sums = np.empty(F, y.dtype)
        for i in range(OH):
            for j in range(OW):
                sums[:] = 0
                for p in range(KH):
                    for q in range(KW):
                        for c in range(C):
                            number = x[n, i + p, j + q, c]
                            for f in range(F):
                                sums[f] += number * kernel[p, q, c, f]
                y[n, i, j] = sums


# From here on, all is compared with the definition in float64, where rounding is 500 million times smaller.
expected = result(x.astype("float64"), kernel)
filters_inside(x.astype("float64"), kernel.astype("float64"), expected)
np.testing.assert_allclose(y, expected[:1, :4, :4, :4], atol=TOLERANCE * np.abs(expected).max())
first, y = result(x[:1], kernel), result(x, kernel)
times = race({"as written": lambda: compiled(x[:1], kernel, first), "filters inside": lambda: filters_inside(x, kernel, y)})
assert error(first, expected[:1]) < TOLERANCE and error(y, expected) < TOLERANCE
for name, share in ("as written", 1 / IMAGES), ("filters inside", 1):
    print(f"compiled, {name}: {share * operations(x, kernel) / times[name] / 1e9:.1f} billion operations a second")

# %% Columns and one matrix product
# Lesson 05 laid the 3 * 3 * C numbers under each window side by side, in a row of a matrix, and multiplied once. (The
# transposed matrix has them as columns; hence the name im2col.) The product runs in NumPy's BLAS. But the columns hold each
# pixel nine times over: 9 times the image is written to memory, and read back. The cores wait while the one happens, and the
# memory waits while the other does.


def im2col(x):
    """(N, H, W, C) -> (N * OH * OW, 3 * 3 * C): the numbers under each window."""
    windows = np.lib.stride_tricks.sliding_window_view(x, (3, 3), axis=(1, 2))            # (N, OH, OW, C, 3, 3), a view
    return windows.transpose(0, 1, 2, 4, 5, 3).reshape(-1, 9 * x.shape[3])                # here it is copied


def by_columns(x, kernel):
    n, h, w, _ = x.shape
    return (im2col(x) @ kernel.reshape(-1, kernel.shape[3])).reshape(n, h - 2, w - 2, -1)


assert error(by_columns(x, kernel), expected) < TOLERANCE
all_columns, matrix = im2col(x), kernel.reshape(-1, kernel.shape[3])
times = race({"columns": lambda: im2col(x), "product": lambda: all_columns @ matrix, "both": lambda: by_columns(x, kernel)})
print(f"im2col: {times['both'] * 1e3:.0f} ms, {operations(x, kernel) / times['both'] / 1e9:.0f} billion operations a second; "
      f"the columns alone {times['columns'] * 1e3:.0f} ms, the product alone {times['product'] * 1e3:.0f} ms")

# %% Where the bytes go
# The picture draws arrays to scale, as areas. Above, im2col: three arrays in memory, and the columns cross the line between
# memory and core twice. Below, the idea of the next section: make a few columns, use them at once, and make the next ones in
# the same place. That place is small and is touched all the time, so it stays in the core's cache. Only the image comes in,
# and only the result goes out.


def draw_box(ax, x, y, megabytes, text, color):
    """A box whose area says how many megabytes, with its middle at (x, y)."""
    side = 0.034 * megabytes ** 0.5
    ax.add_patch(Rectangle((x - side / 2, y - side / 2), side, side, facecolor=color, alpha=0.75))
    ax.text(x, y + side / 2 + 0.015, text, ha="center", va="bottom", fontsize=9)


def draw_arrow(ax, start, end, text, left=True):
    ax.add_patch(FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=14, color="black", linewidth=1.3))
    ax.text((start[0] + end[0]) / 2 + (-0.012 if left else 0.012), 0.345, text, ha="right" if left else "left", va="center",
            fontsize=9)


figure = Figure(figsize=(9, 7.4), layout="constrained")
in_mb, col_mb, out_mb = x.nbytes / 1e6, columns[MIDDLE] / 1e6, expected.size * 4 / 1e6
for ax, blocked in zip(figure.subplots(2), (False, True)):
    total = in_mb + out_mb + (0 if blocked else 2 * col_mb)
    ax.axhspan(0.4, 1.12, color=viz.GREY, alpha=0.08)
    ax.axhspan(0, 0.29, color=viz.BLUE, alpha=0.08)
    ax.text(0.01, 1.05, "memory", color=viz.GREY, fontsize=11)
    ax.text(0.01, 0.025, "core and its cache", color=viz.BLUE, fontsize=11)
    for place, size, name, color in (0.17, in_mb, "image", viz.BLUE), (0.83, out_mb, "result", viz.GREEN):
        draw_box(ax, place, 0.68, size, f"{name}\n{size:.0f} MB", color)
    draw_arrow(ax, (0.17, 0.55), (0.17, 0.2), f"{in_mb:.0f} MB")
    draw_arrow(ax, (0.83, 0.2), (0.83, 0.55), f"{out_mb:.0f} MB", left=False)
    if blocked:
        draw_box(ax, 0.5, 0.12, 0.3, "a block of columns, 0.3 MB,\nfilled and used over and over", viz.ORANGE)
        ax.text(0.17, 0.12, "windows laid\nside by side", ha="center", va="center", fontsize=9)
        ax.text(0.83, 0.12, "times the\nkernel", ha="center", va="center", fontsize=9)
        draw_arrow(ax, (0.26, 0.12), (0.47, 0.12), "")
        draw_arrow(ax, (0.53, 0.12), (0.76, 0.12), "")
    else:
        draw_box(ax, 0.5, 0.7, col_mb, f"columns\n{col_mb:.0f} MB", viz.ORANGE)
        draw_arrow(ax, (0.45, 0.2), (0.45, 0.52), f"{col_mb:.0f} MB")
        draw_arrow(ax, (0.55, 0.52), (0.55, 0.2), f"{col_mb:.0f} MB", left=False)
        ax.text(0.31, 0.12, "windows laid side by side", ha="center", va="center", fontsize=9)
        ax.text(0.69, 0.12, "times the kernel", ha="center", va="center", fontsize=9)
    ax.set(xlim=(0, 1), ylim=(0, 1.12), xticks=[], yticks=[],
           title=f"{'A block at a time' if blocked else 'im2col'}: {total:.0f} MB cross the line")
viz.save(figure, OUTPUT / "10_memory.png")

# %% A block at a time
# So: each core has a buffer for the columns of some pixels; it fills it, multiplies, and goes on to its next block. The
# products are now many and small. Each runs on the core that asked for it, hence one thread for BLAS.


@numba.njit(parallel=True, cache=True)
def columns_and_products(x, matrix, products, buffers, OH, OW):
    """products (N * OH * OW, F); buffers (cores, pixels of a block, 9 * C)."""
    C, cores, block = x.shape[3], *buffers.shape[:2]
    blocks = (len(products) + block - 1) // block
    for core in numba.prange(cores):
        for b in range(core, blocks, cores):
            start, stop = b * block, min((b + 1) * block, len(products))
            columns = buffers[core, :stop - start]
            for pixel in range(start, stop):
                n, i, j = pixel // (OH * OW), pixel // OW % OH, pixel % OW
                for p in range(3):                         # a window's row is 3 * C neighbours in memory
                    row = x[n, i + p, j:j + 3].reshape(-1)
                    place = columns[pixel - start, 3 * p * C:3 * (p + 1) * C]
                    for k in range(3 * C):
                        place[k] = row[k]
            np.dot(columns, matrix, products[start:stop])


def by_blocks(x, kernel, block):
    y = result(x, kernel)
    f = kernel.shape[3]
    buffers = np.empty((numba.get_num_threads(), block, 9 * x.shape[3]), "float32")
    with threadpool_limits(1, "blas"):
        columns_and_products(x, kernel.reshape(-1, f), y.reshape(-1, f), buffers, *y.shape[1:3])
    return y


sizes = 2 ** np.arange(1 if options.quick else 16)         # pixels in a block
for block in sizes[:9]:
    assert error(by_blocks(x, kernel, int(block)), expected) < TOLERANCE
times = race({block: lambda block=int(block): by_blocks(x, kernel, block) for block in sizes})
milliseconds = np.array([times[block] for block in sizes]) * 1e3
BEST_BLOCK = int(sizes[milliseconds.argmin()])
print(f"best block: {BEST_BLOCK} pixels, {BEST_BLOCK * 9 * 32 * 4 / 1024:.0f} KiB of columns: {milliseconds.min():.1f} ms")

# %% How large a block?
# On the left, blocks of a pixel or two: each number of the kernel is fetched for one or two multiplications only, and each
# call of the product has little to do. On the right, blocks that the cores' own caches do not hold: for a few megabytes the
# shared third-level cache keeps up, then the columns travel to memory after all. Between them lies a valley, and in it, a
# step that says how much is in the details: OpenBLAS, behind NumPy and Numba, multiplies small matrices where they lie, and
# copies larger ones into an order of its own first. It draws the line at a million multiplications. With 64 filters, a column
# is used for so few that the copy costs more than it brings. (Another BLAS has no such step, or another one; that is why
# block sizes are measured, not derived.)
figure = Figure(figsize=(7.5, 4.4), layout="constrained")
ax = figure.subplots()
row = 9 * 32 * 4                                           # bytes of columns for a pixel
ax.plot(sizes * row / 1024, milliseconds, "o-", color=viz.BLUE)
for at, text in (L2, "L2 cache of a core, 1 MiB"), (1e6 / kernel.size * row, "10$^6$ multiplications"):
    ax.axvline(at / 1024, color=viz.ORANGE, linestyle="--")
    ax.annotate(text, (at / 1024, milliseconds.max()), xytext=(4, -4), textcoords="offset points", rotation=90, va="top",
                color=viz.ORANGE, fontsize=9)
ax.set(xscale="log", xlabel="KiB of columns in a block", ylabel="ms, the whole layer", title="The size of a block matters")
ax.set_ylim(bottom=0)
ax.grid(alpha=0.3, which="both")
viz.save(figure, OUTPUT / "10_block_size.png")

# %% Register tiles
# Caches are near, registers are nearer: the 32 places (16 on older processors) that a core computes in, each a vector of 16
# numbers with AVX-512. A matrix product is fast if its sums never leave them. Take 8 pixels by 32 filters of the result: 16
# vectors of sums. For each of the 3 * 3 * C positions under the window, load 2 vectors of the kernel, and for each of the 8
# pixels one number of the image: 10 loads for 2 * 8 * 32 = 512 operations. Only at the end are the sums written, once.
#
# And no columns are needed: the 8 numbers are read from the image where it lies, C numbers apart. That is the version
# "direct", in tinyvision/kernels/conv/direct.py; the tile itself, which is written in LLVM's language because compilers do not
# find it by themselves, is `register_tile` in tinyvision/kernels/vectors.py.
figure = Figure(figsize=(8.5, 4), layout="constrained")
ax = figure.subplots()
for left, bottom, width, height in (0, 0, 16, 8), (17, 9, 32, 10):
    ax.add_patch(Rectangle((left, bottom), width, height, facecolor="white", edgecolor="black"))
for row in range(8):                                       # the sums: two vectors for each pixel
    for left in 17, 33:
        ax.add_patch(Rectangle((left, row), 16, 1, facecolor=viz.GREEN, edgecolor="white", alpha=0.8))
ax.add_patch(Rectangle((3, 0), 1, 8, facecolor=viz.ORANGE))
ax.add_patch(Rectangle((17, 15), 32, 1, facecolor=viz.BLUE))
ax.text(8.5, 9.3, "the windows of 8 pixels,\n9 C numbers each,\nread where the image lies", ha="center", va="bottom")
ax.text(33, 12, "the kernel: 9 C numbers for each of 32 filters", ha="center", va="center")
ax.text(49.6, 15.5, "in this step:\n2 loads of 16", va="center", color=viz.BLUE)
ax.text(3.5, -0.4, "in this step:\n8 loads of 1", ha="center", va="top", color=viz.ORANGE)
ax.text(33, -0.4, "8 x 32 sums: 16 registers, from the first step to the last", ha="center", va="top", color=viz.GREEN)
ax.set(xlim=(-1, 58), ylim=(-3.4, 19.5), aspect="equal", title="One of 9 C steps: 10 loads, 16 vector multiply-adds")
ax.set_axis_off()
viz.save(figure, OUTPUT / "10_register_tile.png")

with kernels.use("direct"):
    assert error(ops.conv(x, kernel).numpy(), expected) < TOLERANCE
    times = race({"direct": lambda: ops.conv(x, kernel)})
print(f"direct: {times['direct'] * 1e3:.1f} ms, {operations(x, kernel) / times['direct'] / 1e9:.0f} billion operations a "
      f"second; the large matrix product had {PEAK / 1e9:.0f}")

# %% Fewer multiplications
# So far every version did the same multiplications. Winograd showed in 1980 that they are not all needed. Two neighbouring
# results of a filter of three numbers g over a row d:
#
#     y0 = d0 g0 + d1 g1 + d2 g2
#     y1 = d1 g0 + d2 g1 + d3 g2
#
# are 6 multiplications. Here are 4. The sums of g are made once, and serve all rows of all images.
d, g = rng.standard_normal(4), rng.standard_normal(3)
m0 = (d[0] - d[2]) * g[0]
m1 = (d[1] + d[2]) * (g[0] + g[1] + g[2]) / 2
m2 = (d[2] - d[1]) * (g[0] - g[1] + g[2]) / 2
m3 = (d[1] - d[3]) * g[2]
np.testing.assert_allclose([m0 + m1 + m2, m1 - m2 - m3], [d[:3] @ g, d[1:] @ g])
print("F(2, 3): 2 results of 3 taps by 4 multiplications in place of 6")

# %% Why it works, and how it is made
# A polynomial of degree n - 1 is fixed by its values at n points. To multiply two polynomials, evaluate both, multiply
# value by value, and go back to coefficients: n multiplications for n coefficients. A filter is the transpose of that product,
# and needs as many: m results of 3 taps need n = m + 2 points, each one multiplication, where the definition takes 3 m. With
#
#     E_k (n, k): row i holds the powers 1, t, t^2, ... of point i, that is, it evaluates k coefficients there;
#                 the last point is infinity, where only the highest power counts
#
# the filter is y = E_m^T [(E_3 g) * (E_n^-T d)], the star meaning value by value. The matrices have names:
#
#     y = A^T [(G g) * (B^T d)],   A^T = E_m^T,  G = E_3,  B^T = the inverse of E_n, transposed


def matrices(m):
    """B^T (m + 2, m + 2), A^T (m, m + 2) and G (m + 2, 3), in float64."""
    n = m + 2
    points = np.array([0, 1, -1, 2, -2, 1/2, -1/2])[:n - 1]

    def evaluate(k):
        return np.vstack([points[:, None] ** np.arange(k), np.arange(k) == k - 1])

    return np.linalg.inv(evaluate(n)).T, evaluate(m).T, evaluate(3)


# Of the n values at a point, B^T may have its row multiplied by what G's row is divided by. So one makes B^T whole numbers,
# which are cheap for the many tiles, and leaves the fractions to the kernel. For m = 4 all this gives:
BT = np.array([[4, 0, -5, 0, 1, 0],
               [0, -4, -4, 1, 1, 0],
               [0, 4, -4, -1, 1, 0],
               [0, -2, -1, 2, 1, 0],
               [0, 2, -1, -2, 1, 0],
               [0, 4, 0, -5, 0, 1]])
AT = np.array([[1, 1, 1, 1, 1, 0],
               [0, 1, -1, 2, -2, 0],
               [0, 1, 1, 4, 4, 0],
               [0, 1, -1, 8, -8, 1]])
G = np.array([[1/4, 0, 0], [-1/6, -1/6, -1/6], [-1/6, 1/6, -1/6], [1/24, 1/12, 1/6], [1/24, -1/12, 1/6], [0, 0, 1]])
made = matrices(4)
scale = np.array([4, -6, -6, 24, 24, 1])[:, None]
np.testing.assert_allclose(made[0] * scale, BT, atol=1e-12)
np.testing.assert_allclose(made[1], AT)
np.testing.assert_allclose(made[2] / scale, G)

# %% Two dimensions
# A 3 x 3 filter is a row filter of row filters. Nest the recipe: where it multiplies two numbers, let these be rows, and their
# product the one-dimensional recipe again. Applied to rows and to columns, the matrices stand on both sides:
#
#     Y = A^T [(G K G^T) * (B^T X B)] A
#
# X is a 6 x 6 tile of the image, K the kernel, Y the 4 x 4 results: 36 multiplications, and the definition takes
# 4 * 4 * 9 = 144. Tiles overlap by two pixels, as windows do.
BT, AT, G = (matrix.astype("float32") for matrix in (BT, AT, G))
i, j = np.mgrid[:10, :10]
picture = np.exp(-((np.hypot(i - 4.5, j - 4.5) - 3) / 0.9) ** 2).astype("float32")        # a ring
edges = np.array([[2, 1, 0], [1, 0, -1], [0, -1, -2]], "float32")
X = picture[:6, :6]
V, U = BT @ X @ BT.T, G @ edges @ G.T
Y = AT @ (V * U) @ AT.T
by_definition = (np.lib.stride_tricks.sliding_window_view(X, (3, 3)) * edges).sum(axis=(2, 3))
assert error(Y, by_definition) < TOLERANCE

figure = Figure(figsize=(11, 5.6), layout="constrained")
axes = figure.subplots(2, 4)
panels = (picture, "the image, in tiles of 6 x 6"), (X, "X: one tile, 6 x 6"), (V, "V = B$^T$X B, 6 x 6"), \
         (V * U, "M = V * U: 36 multiplications"), (None, ""), (edges, "K: the kernel, 3 x 3"), \
         (U, "U = G K G$^T$, once for all tiles"), (Y, "Y = A$^T$M A: 4 x 4 results")
for ax, (values, title) in zip(axes.reshape(-1), panels):
    ax.set_axis_off()
    if values is not None:
        largest = np.abs(values).max()
        ax.imshow(values, cmap="PuOr_r", vmin=-largest, vmax=largest)
        ax.set_title(title, fontsize=10)
        for line in range(len(values) + 1):
            ax.axhline(line - 0.5, color="white", linewidth=0.5)
            ax.axvline(line - 0.5, color="white", linewidth=0.5)
for corner, color in ((0, 0), viz.ORANGE), ((4, 0), viz.BLUE), ((0, 4), viz.GREEN), ((4, 4), viz.GREY):
    axes[0, 0].add_patch(Rectangle((corner[0] - 0.45, corner[1] - 0.45), 5.9, 5.9, fill=False, edgecolor=color, linewidth=2.5))
axes[1, 0].text(0.5, 0.5, "tiles begin 4 pixels apart\nand overlap by 2;\ntheir results, 4 x 4 each,\nlie side by side",
                ha="center", va="center", transform=axes[1, 0].transAxes)
viz.save(figure, OUTPUT / "10_winograd_tile.png")

# %% Winograd for a whole layer
# With channels, a result is the sum over C of such products. The way back is linear, so the sum is taken before it: at each of
# the 36 points, tiles by channels times channels by filters, a matrix product like im2col's, a quarter of the arithmetic:
#
#     V (36, tiles, C)    U (36, C, F)    M = V U (36, tiles, F)    then Y = A^T M A for each tile and filter
#
# The times below show the catch. The products are quick, but in NumPy the transforms take most of the time: each of their
# steps reads and writes a whole array. To gain, a version has to transform a tile in registers, and to multiply a few tiles
# while they are in the cache.


def to_tiles(x, m):
    """(N, H, W, C) -> (N, DOWN, ACROSS, C, m + 2, m + 2): a view of the tiles that begin every m pixels."""
    return np.lib.stride_tricks.sliding_window_view(x, (m + 2, m + 2), axis=(1, 2))[:, ::m, ::m]


def both_sides(left, subscripts, values):
    """left @ values @ left^T over the axes p and q of `values`, as "...p...q... -> ...i...j..." says."""
    return np.einsum("ip," + subscripts.replace(" -> ", ",jq->"), left, values, left, optimize=True)


def transformed(x, BT):
    """V, (n * n, N * DOWN * ACROSS, C)."""
    return both_sides(BT, "nhwcpq -> ijnhwc", to_tiles(x, len(BT) - 2)).reshape(len(BT) ** 2, -1, x.shape[3])


def kernel_transformed(kernel, G):
    """U, (n * n, C, F)."""
    return both_sides(G, "pqcf -> ijcf", kernel).reshape(len(G) ** 2, *kernel.shape[2:])


def transformed_back(M, AT, images, down, across):
    """Y, (N, OH, OW, F)."""
    m, n = AT.shape
    Y = both_sides(AT, "pqnhwf -> nhiwjf", M.reshape(n, n, images, down, across, -1))
    return Y.reshape(images, down * m, across * m, -1)


def winograd(x, kernel, BT, AT, G):
    """The results, whose height and width must be multiples of m."""
    V, U = transformed(x, BT), kernel_transformed(kernel, G)
    return transformed_back(V @ U, AT, *to_tiles(x, len(AT)).shape[:3])


assert error(winograd(x, kernel, BT, AT, G), expected) < TOLERANCE
tiles = to_tiles(x, 4).shape[:3]
V, U = transformed(x, BT), kernel_transformed(kernel, G)
M = V @ U
times = race({"B^T X B": lambda: transformed(x, BT), "G K G^T": lambda: kernel_transformed(kernel, G), "V U": lambda: V @ U,
              "A^T M A": lambda: transformed_back(M, AT, *tiles)})
print("Winograd in NumPy, ms:", ", ".join(f"{name} {seconds * 1e3:.1f}" for name, seconds in times.items()))
by_hand = V.size * kernel.shape[3]
print(f"million multiplications: {by_hand / 1e6:.0f} in the products, {operations(x, kernel) / 2e6:.0f} in the definition")
assert operations(x, kernel) / 2 == 4 * by_hand

# %% The gradient is the transpose
# Y = A^T [U * (B^T X B)] A is linear in X. Its gradient in X is the same chain backwards, each matrix transposed:
#
#     dM = A dY A^T,   dV = dM U^T (at each point),   dX = B dV B^T, and where tiles overlap, both add up
#
# and in the kernel likewise: dU = V^T dM, dK = G^T dU G. In the library, one transform of dY serves both gradients.
# They round a little more than the results do.
dy = rng.standard_normal(expected[:2].shape, dtype="float32")                             # two images are enough here
n, down, across = len(dy), *tiles[1:]
V = transformed(x[:2], BT)
dM = both_sides(AT.T, "nhpwqf -> ijnhwf", dy.reshape(n, down, 4, across, 4, -1)).reshape(36, n * down * across, -1)
dV = (dM @ U.transpose(0, 2, 1)).reshape(6, 6, n, down, across, -1)
dX_of_tiles = both_sides(BT.T, "pqnhwc -> nhwijc", dV)
dx = np.zeros_like(x[:2])
for i in range(6):
    for j in range(6):
        dx[:, i:i + 4 * down:4, j:j + 4 * across:4] += dX_of_tiles[:, :, :, i, j]
dk = both_sides(G.T, "pqcf -> ijcf", (V.transpose(0, 2, 1) @ dM).reshape(6, 6, *kernel.shape[2:]))

with kernels.use("numpy"):                                 # the library's, by the definition, in float64
    inputs, weights = (tinyvision.tensor(values.astype("float64"), requires_grad=True) for values in (x[:2], kernel))
    gradients = tinyvision.grad(ops.conv(inputs, weights), [inputs, weights], tinyvision.tensor(dy.astype("float64")))
for name, mine, theirs in ("input", dx, gradients[0]), ("kernel", dk, gradients[1]):
    print(f"gradient of the {name}: differs from the library's in float64 by {error(mine, theirs.numpy()):.1e}")
    assert error(mine, theirs.numpy()) < 2 * TOLERANCE

# %% The price: rounding
# Larger tiles save more: m = 6 does with 64 multiplications what the definition does with 324. But the powers of more points
# are larger, and large numbers that cancel leave their rounding behind: float32 keeps about 7 digits. Below, each version
# against float64, on the same images. The definition's versions add 288 numbers in float32. Winograd adds only the 32
# channels, so m = 2, whose matrices are harmless, rounds less than the definition; m = 4 rounds several times as much; and
# m = 6 comes near to what we allow.
side = 12 if options.quick else 48                         # 2, 3, 4 and 6 divide it
image = x[:4, :side + 2, :side + 2].copy()
exact = expected[:4, :side, :side]
y = result(image, kernel)
filters_inside(image, kernel, y)
errors = {"compiled loops": error(y, exact), "im2col": error(by_columns(image, kernel), exact),
          "blocks": error(by_blocks(image, kernel, BEST_BLOCK), exact)}
for name in "direct", "winograd":
    with kernels.use(name):
        errors[f"library: {name}"] = error(ops.conv(image, kernel).numpy(), exact)
for m in 2, 3, 4, 6:
    given = (BT, AT, G) if m == 4 else [matrix.astype("float32") for matrix in matrices(m)]
    errors[f"Winograd, m = {m}"] = error(winograd(image, kernel, *given), exact)
for name, value in errors.items():
    print(f"{name:20} {value:.1e}")
assert max(value for name, value in errors.items() if name != "Winograd, m = 6") < TOLERANCE

figure = Figure(figsize=(7.5, 4), layout="constrained")
ax = figure.subplots()
colors = [viz.ORANGE if "inograd" in name else viz.BLUE for name in errors]
bars = ax.barh(list(errors), list(errors.values()), color=colors)
ax.bar_label(bars, [f"{value:.1e}" for value in errors.values()], label_type="center", color="white", fontsize=9)
ax.axvline(TOLERANCE, color="black", linestyle="--", linewidth=1)
ax.text(TOLERANCE, -1.25, " what we allow", fontsize=9, va="top")
ax.set(xscale="log", xlim=(5e-8, 1e-4), ylim=(len(errors) - 0.4, -1.4), xlabel="max|error| / max|result|, float32",
       title="Fewer multiplications, more rounding")
viz.save(figure, OUTPUT / "10_errors.png")

# %% When it gains
# Winograd's products are a quarter of the definition's, but its transforms come on top, and they move numbers more than they
# multiply them. A tile is transformed once for each channel, back once for each filter; it is multiplied C * F times. So with
# few channels the transforms outweigh what the products save. Left, counted, for 64 filters; right, measured, the two
# versions of the library.


def both_sides_operations(matrix):
    """Multiply-adds of `matrix @ X @ matrix^T` for one X, zeros left out, as operations."""
    return 2 * np.count_nonzero(matrix) * sum(matrix.shape)


filters, channels = 64, np.array([1, 8] if options.quick else [1, 3, 8, 16, 32, 64, 128])
definition = 144 * 2 * channels * filters                  # operations for a tile
products = 36 * 2 * channels * filters
transforms = channels * both_sides_operations(BT) + filters * both_sides_operations(AT)
speeds = {"direct": [], "winograd": []}
for c in channels:
    pair = layer(1, 12, c, filters) if options.quick else layer(min(64, 1024 // c), 32, c, filters)

    def run(name, pair=pair):
        with kernels.use(name):
            ops.conv(*pair)

    for name, seconds in race({name: lambda name=name: run(name) for name in speeds}).items():
        speeds[name].append(operations(*pair) / seconds / 1e9)

figure = Figure(figsize=(10, 4), layout="constrained")
left, right = figure.subplots(1, 2)
places = np.arange(len(channels))
left.bar(places, products / definition, color=viz.ORANGE, label="products")
left.bar(places, transforms / definition, bottom=products / definition, color=viz.GREY, label="transforms")
left.axhline(1, color=viz.BLUE, linestyle="--", label="the definition")
left.set(xticks=places, xticklabels=channels, xlabel="channels of the image", ylabel="operations, the definition's = 1",
         title="Counted")
for (name, values), color, marker in zip(speeds.items(), (viz.BLUE, viz.ORANGE), "so"):
    right.plot(places, values, marker + "-", color=color, label=name)
right.set(xticks=places, xticklabels=channels, xlabel="channels of the image",
          ylabel="billion operations a second,\nas the definition counts", title="Measured")
right.set_ylim(bottom=0)
for ax in left, right:
    ax.legend(frameon=False)
    ax.grid(alpha=0.3, axis="y")
viz.save(figure, OUTPUT / "10_when_winograd_gains.png")

# %% What the library chooses
# Each version tells the planner its arithmetic, its bytes, and what part of the peak such loops reach; the cheapest runs.
# `kernels.explain` shows it: Winograd for the middle layer, register tiles for the first. tinyvision/kernels/conv/winograd.py
# has all that you saw, with register tiles for the products, and chunks of tiles whose V and M stay in the cache.
for name, pair in LAYERS.items():
    print(name)
    kernels.explain(ops.conv, *pair)

# %% Side by side
# All versions on both layers, in turn, and the large matrix product again, as the line. Speeds count the definition's
# operations, whatever a version really does; so Winograd may pass the line. The
# first layer stays far below: its sums have 27 products each, so more of the time goes into reading and writing.


def forced(version):
    def run(x, kernel):
        with kernels.use(version):
            return ops.conv(x, kernel).numpy()
    return run


def by_loops(x, kernel):
    y = result(x, kernel)
    filters_inside(x, kernel, y)
    return y


VERSIONS = {"compiled loops": by_loops, "im2col, NumPy": by_columns,
            "blocks": lambda x, kernel: by_blocks(x, kernel, BEST_BLOCK * 32 // x.shape[3]),            # as many bytes
            "Winograd, NumPy": lambda x, kernel: winograd(x, kernel, BT, AT, G),
            "library: numpy": forced("numpy"), "library: blocked": forced("blocked"), "library: direct": forced("direct"),
            "library: winograd": forced("winograd"), "library's choice": forced(None)}
PRODUCT = "large matrix product"
disagreement, seconds = {}, {}
for layer_name, pair in LAYERS.items():
    exact = by_loops(*(values.astype("float64") for values in pair))
    for name, version in VERSIONS.items():
        disagreement[layer_name, name] = error(version(*pair), exact)
    seconds[layer_name] = race({name: lambda version=version, pair=pair: version(*pair) for name, version in VERSIONS.items()}
                               | {PRODUCT: lambda: square @ square})

figure = Figure(figsize=(11, 4.6), layout="constrained")
for ax, (layer_name, pair) in zip(figure.subplots(1, 2, sharey=True), LAYERS.items()):
    speed = [operations(*pair) / seconds[layer_name][name] / 1e9 for name in VERSIONS]
    colors = [viz.GREEN if "choice" in name else viz.ORANGE if "library" in name else viz.BLUE for name in VERSIONS]
    bars = ax.barh(list(VERSIONS), speed, color=colors)
    ax.bar_label(bars, [f"{value:.0f}" for value in speed], padding=5, fontsize=9,
                 bbox={"facecolor": "white", "edgecolor": "none", "pad": 1})
    line = 2 * len(square) ** 3 / seconds[layer_name][PRODUCT] / 1e9
    ax.axvline(line, color="black", linestyle="--", linewidth=1)
    ax.text(line, -1.35, f" {PRODUCT}: {line:.0f}", fontsize=9, va="top")
    ax.set(title=layer_name, xlabel="billion operations a second, as the definition counts", ylim=(len(VERSIONS) - 0.4, -1.5),
           xlim=(0, 1.15 * max(*speed, 1.5 * line)))
    print(f"{layer_name}: " + ", ".join(f"{name} {value * 1e3:.1f} ms" for name, value in seconds[layer_name].items()))
viz.save(figure, OUTPUT / "10_versions.png")
print(f"figures are in {OUTPUT}")

# %% Expected
# All versions agree with the definition in float64 to 1e-5 of the largest result. Where the times mean something, on whole
# images, the library's choice is as many times as fast as im2col in NumPy as FASTER says, or more.
largest = max(disagreement.values())
assert largest < TOLERANCE, f"all versions should agree to {TOLERANCE}, the largest error is {largest:.1e}"
if not options.quick:
    for layer_name, taken in seconds.items():
        ratio = taken["im2col, NumPy"] / taken["library's choice"]
        print(f"{layer_name}: the library's choice is {ratio:.1f} times as fast as im2col in NumPy")
        assert ratio > FASTER[layer_name], f"{layer_name}: expected {FASTER[layer_name]} or more, got {ratio:.1f}"
print(f"all versions agree to {largest:.1e}: as expected")
