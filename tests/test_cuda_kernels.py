"""CUDA kernels without a GPU: they run on the CPU (emulated_cuda.py), and nvcc compiles them where it is installed.

What this cannot show is speed, and errors of the hardware. With a GPU, benchmarks/gpu_check.py does the same there.
"""
import itertools
import re
import shutil
import subprocess

import emulated_cuda
import fake_cupy
import numpy as np
import pytest
from samples import KERNEL_SAMPLES, KERNELS
from test_laws import assert_close, cast, every_other, random_like, reference

from tinyvision import Tensor, extending, kernels, optimizers
from tinyvision.kernels import cuda, updates_on_gpu
from tinyvision.kernels.matmul import on_gpu as matmul_on_gpu, tiles

kernels.use(None)                                          # imports the versions for GPUs, too
TOLERANCES = {"cuda": 1e-5, "tf32": 1e-3}
needs_gcc = pytest.mark.skipif(not emulated_cuda.available, reason="needs g++: kernels of GPUs run on the CPU where it is installed")


@pytest.fixture
def cupy():
    with fake_cupy.installed() as module:
        yield module


def there(a, layout=lambda a: a):
    """An array on the GPU, in that layout; other arguments as they are."""
    return fake_cupy._on(0, layout(a)) if isinstance(a, np.ndarray) else a


def back(a):
    return None if a is None else a._array


def as_tuple(results):
    return results if isinstance(results, tuple) else (results,)


def rows():
    """Each sample of each kernel that has a version for GPUs."""
    for name, samples in KERNEL_SAMPLES.items():
        for (version, _), (i, arguments) in itertools.product(KERNELS[name].on_gpu.items(), enumerate(samples)):
            yield pytest.param(name, version, arguments, id=f"{name}-{version}-{i}")


# Laws ---------------------------------------------------------------------------------------------------------------------

@needs_gcc
@pytest.mark.parametrize("name, version, arguments", list(rows()))
def test_version_agrees_with_its_reference(cupy, name, version, arguments):
    """In float32 near the reference in float64; twice the same, to the last bit; and what it is given stays as it is."""
    given = [there(a) for a in cast(arguments, "float32")]
    before = [back(a).copy() if isinstance(a, cupy.ndarray) else a for a in given]
    version_of = KERNELS[name].on_gpu[version]
    if not version_of.serves(*given):
        return
    found, again = (as_tuple(version_of.function(*given)) for _ in range(2))
    for y, other, exact, same_dtype in zip(found, again, reference(name, arguments), reference(name, cast(arguments, "float32")), strict=True):
        if exact is None:                                  # a gradient that was not wanted
            assert y is None
            continue
        assert y.dtype == same_dtype.dtype
        np.testing.assert_array_equal(back(y), back(other))
        if y.dtype.kind == "f":
            assert_close(back(y), exact, TOLERANCES[version])
        elif version == "tf32":                            # of nearly equal numbers another one may be the largest
            assert y.size < 20 or (back(y) == same_dtype).mean() > 0.9
        else:
            np.testing.assert_array_equal(back(y), same_dtype)
    for a, b in zip(given, before):
        if isinstance(a, cupy.ndarray):
            np.testing.assert_array_equal(back(a), b)


@needs_gcc
@pytest.mark.parametrize("name, version", sorted({p.values[:2] for p in rows()}))
def test_version_takes_any_layout(cupy, name, version):
    for arguments in KERNEL_SAMPLES[name][::7]:
        given = [there(a, every_other) for a in cast(arguments, "float32")]
        if KERNELS[name].on_gpu[version].serves(*given):
            for y, exact in zip(as_tuple(KERNELS[name].on_gpu[version].function(*given)), reference(name, arguments), strict=True):
                if exact is not None and exact.dtype.kind == "f":
                    assert_close(back(y), exact, TOLERANCES[version])


@pytest.mark.parametrize("shape, strides, readable", [((3, 4), (16, 4), True), ((3, 4), (4, 12), True), ((3, 4), (-16, 4), False),
                                                      ((2, 3, 4), (48, 16, 4), True), ((2, 2, 3, 4), (96, 52, 16, 4), False),
                                                      ((2, 4), (2 ** 32, 4), True), ((3, 4), (2 ** 32, 4), False)])
def test_products_read_what_32_bits_can_tell(shape, strides, readable):
    """Of a view of a very large array, a copy is multiplied."""
    view = np.lib.stride_tricks.as_strided(np.zeros(64, np.float32), shape, strides)
    assert matmul_on_gpu._readable(view) == readable


# The arguments that hold batches, where it is not the first alone
BATCHES = dict.fromkeys(["conv_kernel_gradient", "scatter_windows", "gather_windows", "affine", "channel_sums", "class_crossentropy"], (0, 1))
BATCHES["normalized_rows_gradients"] = 0, 1, 3, 4
BATCHES["conv_block_backward"] = 0, 2, 3, 4


@needs_gcc
@pytest.mark.parametrize("name, version", sorted({p.values[:2] for p in rows()}))
def test_empty_batches(cupy, name, version):
    for arguments in KERNEL_SAMPLES[name][:5]:
        batches = BATCHES.get(name, (0,))
        empty = [a[:0] if i in batches else a for i, a in enumerate(cast(arguments, "float32"))]
        given = [there(a) for a in empty]
        if KERNELS[name].on_gpu[version].serves(*given):
            for y, expected in zip(as_tuple(KERNELS[name].on_gpu[version].function(*given)), reference(name, empty), strict=True):
                if expected is not None:
                    np.testing.assert_array_equal(back(y), expected)


@needs_gcc
@pytest.mark.parametrize("version", ["cuda", "tf32"])
@pytest.mark.parametrize("dy, kernel, windows, groups", [p for p in KERNEL_SAMPLES["conv_input_gradient"] if p[3] == 1][::6])
def test_convolution_and_its_gradients_are_adjoint(cupy, version, dy, kernel, windows, groups):
    x, = random_like([np.empty((len(dy), *windows.image, kernel.shape[2]))])
    dy, kernel, x = (there(a.astype(np.float32)) for a in (dy, kernel, x))
    with kernels.use(version):
        y = kernels.conv.conv_forward(x, kernel, windows)
        dx, dk = kernels.conv.conv_input_gradient(dy, kernel, windows, 1), kernels.conv.conv_kernel_gradient(x, dy, windows, 1)
    products = [float(np.vdot(back(a).astype(float), back(b))) for a, b in ((dy, y), (dx, x), (dk, kernel))]
    size = np.linalg.norm(back(dy)) * np.linalg.norm(back(y))
    np.testing.assert_allclose(products, products[0], rtol=0, atol=size * TOLERANCES[version])


@needs_gcc
@pytest.mark.parametrize("version", ["cuda", "tf32"])
@pytest.mark.parametrize("tile", tiles.TILES)
@pytest.mark.parametrize("multiprocessors", [1, 40])
def test_every_tile_and_slices_of_the_depth(cupy, monkeypatch, version, tile, multiprocessors):
    """Sizes that no tile divides; with many multiprocessors the pixels are cut into slices."""
    monkeypatch.setattr(tiles, "TILES", (tile,))
    monkeypatch.setattr(cuda, "multiprocessors", lambda: multiprocessors)
    rng = np.random.default_rng(0)
    x, kernel = rng.standard_normal((3, 11, 13, 5)), rng.standard_normal((3, 2, 5, 70))
    geometry = kernels.windows.windows((11, 13), (3, 2), (1, 1), "same")
    dy = rng.standard_normal((3, 11, 13, 70))
    for name, arguments in (("conv_forward", (x, kernel, geometry)), ("conv_input_gradient", (dy, kernel, geometry, 1)),
                            ("conv_kernel_gradient", (x, dy, geometry, 1))):
        y = KERNELS[name].on_gpu[version].function(*map(there, cast(arguments, "float32")))
        assert_close(back(y), reference(name, arguments)[0], TOLERANCES[version])
    assert (tiles.tiling(30, 70, 429).slices > 1) == (multiprocessors > 1)


@needs_gcc
@pytest.mark.parametrize("stride", [4, 8, 16])
def test_patches(cupy, stride):
    """Windows beside one another, whose strides are powers of 2 that 32 bits forget."""
    rng = np.random.default_rng(0)
    kernel, dy = rng.standard_normal((stride, stride, 3, 4)), rng.standard_normal((1, 2, 2, 4))
    arguments = dy, kernel, kernels.windows.windows((2 * stride, 2 * stride), (stride, stride), (stride, stride), "valid"), 1
    for version, tolerance in TOLERANCES.items():
        y = KERNELS["conv_input_gradient"].on_gpu[version].function(*map(there, cast(arguments, "float32")))
        assert_close(back(y), reference("conv_input_gradient", arguments)[0], tolerance)


@needs_gcc
@pytest.mark.parametrize("shape, rate, key, step", [((5,), 0.5, (7, 3), 0), ((33, 7), 0.999, (2 ** 33 + 1, 0), 2 ** 31), ((100, 41), 0.1, (0, 2 ** 31), 4)])
def test_dropout_draws_what_the_cpu_draws(cupy, shape, rate, key, step):
    """To the last bit, also what is kept and divided."""
    x = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    found = KERNELS["dropped"].on_gpu["cuda"].function(there(x), rate, shape, key, step)
    for version in "numpy", "counters":
        for a, b in zip(found, KERNELS["dropped"].versions[version].function(x, rate, shape, key, step), strict=True):
            np.testing.assert_array_equal(back(a), b)
            assert back(a).dtype == b.dtype


@needs_gcc
def test_long_rows(cupy):
    """A block for each row, whose warps add up what they found; far from 0, where digits are few."""
    rng = np.random.default_rng(0)
    x, dy, gamma, beta = rng.standard_normal((3, 3000)) + 100, rng.standard_normal((3, 3000)), rng.standard_normal(3000), rng.standard_normal(3000)
    for name, arguments in (("normalized_rows", (x, gamma, beta, 1e-3)), ("normalized_rows_gradients", (dy, x, gamma, x.mean(1, keepdims=True),
                                                                                                      1 / x.std(1, keepdims=True)))):
        found = KERNELS[name].on_gpu["cuda"].function(*map(there, cast(arguments, "float32")))
        rounded = [a.astype(float) if isinstance(a, np.ndarray) else a for a in cast(arguments, "float32")]
        for y, exact in zip(found, reference(name, rounded), strict=True):
            assert_close(back(y), exact, 1e-5)


@needs_gcc
def test_a_kernel_of_ones_own(cupy, tmp_path):
    """As `tinyvision.extending` says: a reference, a .cu file, and a version that takes it."""
    path = tmp_path / "softsign.cu"
    path.write_text("""extern "C" __global__ void softsign(const float* x, float* y, int count) {
        const int i = blockIdx.x * blockDim.x + threadIdx.x;
        if (i < count) y[i] = x[i] / (SCALE + fabsf(x[i]));
    }""", encoding="utf-8")

    @extending.kernel
    def softsign(x):
        return x / (1 + abs(x))

    @extending.version(softsign, "cuda", extending.cuda.fits, gpu=True)
    def softsign_on_gpu(x):
        x, y = extending.cuda.contiguous(x), extending.array_library(x).empty(x.shape, x.dtype)
        extending.cuda.for_each(extending.cuda.compiled("softsign", [path], SCALE=1), x.size, x, y)
        return y

    try:
        x = np.linspace(-3, 3, 1000).reshape(20, 50)
        launched = KERNELS["softsign"].choose([there(x.astype("float32"))]).function is softsign_on_gpu
        assert launched and KERNELS["softsign"].choose([there(x)]).name == "numpy"
        for layout in np.array, every_other:
            assert_close(back(softsign(there(x.astype("float32"), layout))), x / (1 + abs(x)), 1e-6)
    finally:
        del KERNELS["softsign"]


@needs_gcc
def test_more_weights_than_a_launch_takes(cupy):
    weights = [Tensor(there(np.full(n % 5, n, np.float32))) for n in range(updates_on_gpu.MOST_WEIGHTS * 2 + 3)]
    optimizers.SGD(0.5).apply([np.ones_like(w.data) for w in weights], weights)
    for n, w in enumerate(weights):
        np.testing.assert_array_equal(back(w.data), np.full(n % 5, n - 0.5))


OPTIMIZERS = [optimizers.SGD(0.1), optimizers.SGD(0.1, momentum=0.9), optimizers.SGD(0.1, momentum=0.9, nesterov=True),
              optimizers.RMSprop(0.01, rho=0.999), optimizers.Adam(0.01), optimizers.AdamW(0.01, weight_decay=0.1)]


@needs_gcc
@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda o: f"{o.name}-{o.get_config().get('momentum', '')}")
def test_steps_of_optimizers(cupy, optimizer, monkeypatch):
    """Three steps, by kernels and weight by weight in NumPy, in float64; weights of odd sizes, gradients in any layout."""
    rng, launched = np.random.default_rng(0), []
    launch = cuda.launch
    monkeypatch.setattr(cuda, "launch", lambda *arguments: launched.append(1) or launch(*arguments))
    start = [rng.standard_normal(shape) for shape in ((3, 3, 5, 7), (7,), (300, 40), ())]         # the third is more than a thread for each
    ours, exact = [Tensor(there(a.astype(np.float32))) for a in start], [Tensor(a.copy()) for a in start]
    mine, theirs = (type(optimizer).from_config(optimizer.get_config()) for _ in range(2))
    for _ in range(3):
        gradients = [rng.standard_normal(a.shape) for a in start]
        mine.apply([Tensor(there(g.astype(np.float32), every_other if g.ndim else np.array)) for g in gradients], ours)
        with kernels.use("numpy"):
            theirs.apply(list(map(Tensor, gradients)), exact)
    for a, b in zip(ours, exact, strict=True):
        assert_close(back(a.data), b.data, 1e-5)
    assert len(launched) == 3                              # all weights at once


def test_precision_chooses_between_float32_and_tensor_cores(cupy):
    x, kernel, windows = KERNEL_SAMPLES["conv_forward"][0]
    given = [there(x.astype(np.float32)), there(kernel.astype(np.float32)), windows]
    choose = KERNELS["conv_forward"].choose
    assert kernels.get_precision() == "float32" and choose(given).name == "cuda"
    kernels.set_precision("tf32")
    try:
        assert choose(given).name == "tf32"
        with kernels.use("cuda"):
            assert choose(given).name == "cuda"
        with kernels.use("numpy"):                         # im2col and cuBLAS
            assert choose(given).name == "numpy"
        assert choose([there(x), there(kernel), windows]).name == "numpy"              # float64
    finally:
        kernels.set_precision("float32")
    with pytest.raises(ValueError, match="the precision is 'float32' or 'tf32', not 'half'"):
        kernels.set_precision("half")


# The emulator itself ------------------------------------------------------------------------------------------------------

def run(body, *arguments, grid=(1,), block=(64,), head="", shared="__shared__ float s[64];"):
    """A kernel `f` with that body, on the emulator."""
    declared = "float* x, int n" if len(arguments) == 2 else "float* x"
    code = f'{head}extern "C" __global__ __launch_bounds__(64) void f({declared}) {{ {shared} int i = threadIdx.x; {body} }}'
    emulated_cuda.Module(code=code).get_function("f")(grid, block, arguments)


def numbers(n=64):
    return there(np.arange(n, dtype=np.float32))


@needs_gcc
def test_the_emulator_runs_blocks_and_barriers(cupy):
    x = numbers()
    run("s[i] = x[i]; __syncthreads(); x[i] = s[63 - i];", x)
    np.testing.assert_array_equal(back(x), np.arange(64)[::-1])
    run("for (int step = 32; step > 0; step /= 2) x[i] += __shfl_xor_sync(0xffffffff, x[i], step % 32);", x)      # 0 counts double
    np.testing.assert_allclose(back(x), np.repeat([2 * 1520, 2 * 496], 32))
    y = numbers(8)
    run("if (i == 0) x[blockIdx.x + 4 * blockIdx.y] = gridDim.x * 10 + blockDim.x;", y, grid=(4, 2))
    np.testing.assert_array_equal(back(y), 104)


@needs_gcc
@pytest.mark.parametrize("body", [
    "s[i] = x[i]; x[i] = s[63 - i];",                                                   # read before the others wrote
    "s[i] = x[i]; __syncthreads(); x[i] = s[63 - i]; s[i] = 0; __syncthreads();",       # written before the others read
])
def test_a_missing_barrier_gives_wrong_numbers(cupy, body):
    x = numbers()
    run(body, x)
    assert not np.array_equal(back(x), np.arange(64)[::-1])


@needs_gcc
@pytest.mark.parametrize("body, message", [
    ("if (i < 32) __syncthreads(); else {\n __syncthreads(); }", "threads wait at different barriers"),
    ("if (i < 40) __syncthreads(); else while (true) __syncwarp();", "wait"),
    ("x[i + 1] = 0;", "argument 0: it writes beyond the end of the array"),
    ("x[i - 1] = 0;", "argument 0: it writes beyond the end of the array"),
])
def test_what_a_gpu_would_not_tell(cupy, body, message):
    with pytest.raises(emulated_cuda.LaunchError, match=message):
        run(body, numbers())


@needs_gcc
def test_shared_memory_and_what_lies_beside_arrays_is_not_zero(cupy):
    x = numbers()
    run("x[i] = s[i];", x)
    assert np.isnan(back(x)).all()
    x = numbers()
    run("float beyond = x[i + 1]; __syncthreads(); x[i] = beyond;", x)
    assert np.isnan(back(x)[63])


@needs_gcc
@pytest.mark.parametrize("arguments, message", [
    ((there(np.zeros(64)),), "argument 0 is declared float\\*, got float64"), ((np.float32(1),), "argument 0 is declared float\\*, got float32"),
    ((there(np.zeros((64, 2), "f4")[:, 0]),), "argument 0 is not contiguous in memory"), ((numbers(), 3), "argument 1 is declared int, got int 3"),
    ((numbers(), np.int64(3)), "argument 1 is declared int, got int64 3"), ((numbers(), np.int32(1), 2), "takes 1 arguments, got 3"),
])
def test_arguments_that_do_not_fit(cupy, arguments, message):
    with pytest.raises(emulated_cuda.LaunchError, match=message):
        run("x[i] = 0;", *arguments)


@needs_gcc
def test_structs(cupy):
    """Handed over by value, with addresses in them."""
    x = numbers(3)
    code = """struct Pair { float* x; int n; };
        extern "C" __global__ void f(const Pair pair, float step) { if (threadIdx.x < pair.n) pair.x[threadIdx.x] += step; }"""
    pair = np.array([(x.data.ptr, 2)], np.dtype([("x", np.uint64), ("n", np.int32)], align=True))
    f = emulated_cuda.Module(code=code).get_function("f")
    f((1,), (3,), (pair, np.float32(5)))
    np.testing.assert_array_equal(back(x), [5, 6, 2])
    with pytest.raises(emulated_cuda.LaunchError, match="declared const Pair, got float32: it takes an array of one struct"):
        f((1,), (3,), (np.float32(1), np.float32(5)))


def test_the_table_of_weights_is_the_struct_of_the_kernels():
    source = cuda.source("updates.cu")
    fields = re.findall(r"^    (?:const )?(float\*|int) (\w+)\[MOST_WEIGHTS\];", source, flags=re.MULTILINE)
    assert [(name, "<u8" if kind == "float*" else "<i4") for kind, name in fields] == \
        [(name, updates_on_gpu.WEIGHTS[name].base.str) for name in updates_on_gpu.WEIGHTS.names]
    assert f"MOST_WEIGHTS = {updates_on_gpu.MOST_WEIGHTS};" in source
    assert updates_on_gpu.WEIGHTS.itemsize % 8 == 0 and updates_on_gpu.WEIGHTS.itemsize <= 4000       # 4096 bytes for all arguments


@needs_gcc
def test_a_block_that_is_too_large(cupy):
    with pytest.raises(emulated_cuda.LaunchError, match="a block of 128 threads, where __launch_bounds__ allows 64"):
        run("", numbers(), block=(128,))


@needs_gcc
def test_a_grid_that_is_too_large(cupy):
    with pytest.raises(emulated_cuda.LaunchError, match="65535 are the most along the second and third axis"):
        run("", numbers(), grid=(1, 1, 65536))


def test_what_is_too_large_is_left_to_the_reference(cupy):
    """Indices of 32 bits, and grids; arrays of no memory, all of one number."""
    def large(*shape):
        return fake_cupy._on(0, np.broadcast_to(np.float32(0), shape))
    for columns, name in (3_000_000, "numpy"), (2_000_000, "cuda"):
        assert KERNELS["product"].choose([large(3, 3), large(3, columns)]).name == name
    for stack, name in (70_000, "numpy"), (60_000, "cuda"):
        assert KERNELS["product"].choose([large(stack, 2, 3), large(stack, 3, 2)]).name == name
    for n, name in (2 ** 16, "numpy"), (2 ** 15 - 1, "cuda"):
        windows = kernels.windows.windows((32, 32), (1, 1), (1, 1), "valid")
        assert KERNELS["conv_forward"].choose([large(n, 32, 32, 1), large(1, 1, 1, 64), windows]).name == name


@needs_gcc
def test_constants_are_variables_and_those_of_tiles_are_not(cupy):
    x, head = numbers(), "constexpr int H = {};\nconstexpr int TILE_N = {};\n"
    before = emulated_cuda.compiled.cache_info().misses
    for h, tile in (3, 4), (5, 4), (5, 8):
        run("float own[TILE_N]; x[i] = H + sizeof own;", x, head=head.format(h, tile))
        np.testing.assert_array_equal(back(x), h + 4 * tile)
    assert emulated_cuda.compiled.cache_info().misses == before + 2


# What nvcc says -----------------------------------------------------------------------------------------------------------

def geometry(h, w, size, strides=(1, 1), padding="valid"):
    return kernels.windows.windows((h, w), (size, size), strides, padding)


def of_networks():
    """Calls of kernels as networks make them: (kernel, arguments), shapes in the place of arrays."""
    for n, h, c, f, size, strides, padding in [(256, 28, 1, 32, 3, 1, "valid"), (256, 11, 64, 128, 3, 1, "valid"), (128, 178, 3, 32, 3, 1, "valid"),
                                               (32, 43, 128, 256, 3, 1, "valid"), (32, 56, 64, 128, 3, 2, "same"), (32, 7, 2048, 512, 1, 1, "valid")]:
        windows = geometry(h, h, size, (strides, strides), padding)
        x, kernel, dy = (n, h, h, c), (size, size, c, f), (n, *windows.output, f)
        yield "conv_forward", (x, kernel, windows)
        yield "conv_input_gradient", (dy, kernel, windows, 1)
        yield "conv_kernel_gradient", (x, dy, windows, 1)
        yield "conv_block_forward", (x, kernel, (f,), windows, True, False)
        yield "conv_block_backward", (x, kernel, dy, (0,), dy, windows, True, False, (True, True, True))
        half = kernels.windows.windows(windows.output, (2, 2), (2, 2), "valid")
        pooled = n, *half.output, f
        yield "max_pool_forward", (dy, half)
        yield "window_sums", (dy, half)
        yield "spread_windows", (pooled, half)
        yield "channel_moments", (dy, (0, 1, 2))
        statistics = [(1, 1, 1, f)] * 5
        yield "channel_sums", (dy, dy, statistics[0], (0, 1, 2), *statistics[:2], (0.0, 6.0))
        yield "scale_and_shift", (dy, *statistics[:2], (0.0, 6.0))
        yield "affine", (dy, dy, *statistics, (0.0, 6.0))
        yield "dropped", ((n, c * h), 0.5, (n, c * h), (1, 2), 3)
    windows = geometry(28, 28, 3, padding="same")
    x, kernel = (32, 28, 28, 96), (3, 3, 1, 96)
    yield "conv_forward", (x, kernel, windows)
    yield "conv_input_gradient", (x, kernel, windows, 96)
    yield "conv_kernel_gradient", (x, x, windows, 96)
    yield "class_crossentropy", ((256, 10), (256, 10), True, -1, 1e-7)
    for how in itertools.product(("bilinear", "nearest"), ("constant", "reflect")):
        yield "warp", ((32, 180, 180, 3), np.ones((32, 8)), *how, 0.0)
        yield "unwarp", ((32, 180, 180, 3), np.ones((32, 8)), *how)
    for rows, k in (6272, 192), (64, 12544):
        yield "normalized_rows", ((rows, k), (k,), (k,), 1e-6)
        yield "normalized_rows_gradients", ((rows, k), (rows, k), (k,), (rows, 1), (rows, 1))
    yield "gathered", ((1, 5000, 64), np.zeros(1024, int))
    yield "scattered", ((1, 1024, 64), np.zeros(1024, int), 5000)
    for i, k, j in (256, 1152, 10), (1152, 256, 10), (32, 12544, 512):
        yield "product", ((i, k), (k, j))


def is_shape(name, i, argument):
    """Whether a tuple stands for an array, and is not itself what the kernel takes: axes, limits, a shape, a key."""
    settings = {"dropped": (2, 3), "channel_moments": (1,), "channel_sums": (3, 6), "scale_and_shift": (3,), "affine": (7,), "conv_block_backward": (8,)}
    return type(argument) is tuple and i not in settings.get(name, ())


def codes_of_networks(monkeypatch, architecture_blocks):
    """{the code that would be compiled: the kernels in it}, for calls as networks make them on such a GPU."""
    codes = {}

    class Recorded:
        def __init__(self, *, code, options):
            self.code = code

        def get_function(self, name):
            codes.setdefault(self.code, set()).add(name)
    monkeypatch.setattr("cupy.RawModule", Recorded)
    monkeypatch.setattr(cuda, "launch", lambda *arguments: None)
    monkeypatch.setattr(cuda, "multiprocessors", lambda: architecture_blocks)
    cuda._compiled.cache_clear()
    for name, arguments in of_networks():
        given = [fake_cupy._on(0, np.broadcast_to(np.float32(0), a)) if is_shape(name, i, a) else there(a) for i, a in enumerate(arguments)]
        for version in KERNELS[name].on_gpu.values():
            if version.serves(*given):
                version.function(*given)
    x = fake_cupy._on(0, np.zeros(3, np.float32))
    updates_on_gpu.adam([[x], [x], [x], [x]], 0.1, 0.1, 0.1, 0.1)
    cuda._compiled.cache_clear()
    return codes


@pytest.mark.skipif(shutil.which("nvcc") is None, reason="needs nvcc: it compiles the kernels where CUDA's toolkit is installed")
@pytest.mark.parametrize("architecture", ["sm_80", "sm_90"])
def test_nvcc_compiles_them_without_spills(cupy, monkeypatch, tmp_path, architecture):
    """For the shapes of real networks; a kernel that needs more registers than there are would keep numbers in slow memory."""
    codes = codes_of_networks(monkeypatch, 132)
    assert codes
    different = {emulated_cuda.CONSTANT.sub("", code): code for code in codes}           # other sizes of images make no other kernels
    for path in cuda.HERE.rglob("*.cu*"):
        assert any(path.read_text(encoding="utf-8") in code for code in different), f"{path.name} is not compiled"
    for i, code in enumerate(different.values()):
        path = tmp_path / f"{i}.cu"
        path.write_text(code, encoding="utf-8")
        done = subprocess.run(["nvcc", "-std=c++17", "-cubin", f"-arch={architecture}", "-Xptxas", "-v", path, "-o", tmp_path / "out"],
                              capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        spills = re.findall(r"function '(\w+)'.*?(\d+) bytes spill stores", done.stderr, flags=re.DOTALL)
        assert spills and all(bytes == "0" for _, bytes in spills), spills
        assert not re.search(r"warning", done.stderr), done.stderr
