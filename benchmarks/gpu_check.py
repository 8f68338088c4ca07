"""What a GPU shows: `python benchmarks/gpu_check.py` checks what runs there, trains, measures, and writes one file of results.

It needs a GPU, CuPy and the test extras; PyTorch is measured beside it where it is installed, compute-sanitizer runs where it
is. Each part has processes of its own and a limit: one that fails, crashes or hangs is recorded with its error, and the others
go on. All that is not timed runs at once; rows that are compared are shared out among as many processes as there are cores, for
most of their time goes into compiling kernels. `--only speed,memory` runs some of the parts, `--quick` all with little work.
"""
import argparse
import concurrent.futures
import contextlib
import datetime
import hashlib
import itertools
import json
import os
import platform
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

import numpy as np

HOME = Path(__file__).parents[1]
sys.path[:0] = [str(HOME), str(HOME / "tests")]

from results import available_cores, gpu, processor, slug  # noqa: E402

import tinyvision as keras  # noqa: E402
from tinyvision import config, datasets, device, grad, kernels, layers, tensor  # noqa: E402
from tinyvision.files import replacing  # noqa: E402
from tinyvision.kernels import cuda  # noqa: E402
from tinyvision.kernels.registry import KERNELS  # noqa: E402
from tinyvision.structures import leaves, map_structure  # noqa: E402

FOLDER = Path(__file__).with_name("results") / "gpu"
TOLERANCES = {"float32": 1e-5, "tf32": 1e-3}               # of the largest number
VERSIONS = {"float32": "cuda", "tf32": "tf32"}
PARTS = {}


def part(limit, shared=False, timed=False):
    """A part of the check: a function of the options that returns what it found, or raises.

    Args:
        limit: seconds, after which it is stopped.
        shared: whether several processes take a share of its rows each.
        timed: whether it measures times, and so must be alone.
    """
    def register(function):
        function.limit, function.shared, function.timed = limit, shared, timed
        PARTS[function.__name__] = function
        return function
    return register


def mine(options, rows):
    """This process's share of the rows; with `--quick` every ninth of them."""
    number, of = options.share
    return list(rows)[::9 if options.quick else 1][number::of]


def kernel_hash() -> str:
    """Tells the CUDA sources and what launches them from others."""
    sources = {path: path.read_bytes() for path in sorted(cuda.HERE.rglob("*")) if path.suffix in (".py", ".cu", ".cuh")}
    of_gpus = [text for path, text in sources.items() if path.suffix != ".py" or re.search(rb"\bcuda\b", text)]
    return hashlib.sha256(b"".join(of_gpus)).hexdigest()[:16]


# Right --------------------------------------------------------------------------------------------------------------------

def there(structure):
    """Arrays as Tensors on the GPU."""
    return map_structure(lambda a: tensor(a, device="cuda") if isinstance(a, np.ndarray) else a, structure)


def difference(found, exact, largest=None) -> float:
    """The largest difference, as a share of the largest number: of `exact`, unless another is given."""
    exact = np.asarray(exact)
    if found.shape != exact.shape:
        raise AssertionError(f"shape {found.shape}, expected {exact.shape}")
    largest = np.abs(exact).max(initial=0) if largest is None else largest
    return float(np.abs(found - exact).max(initial=0) / max(largest, 1e-30))


def judged(worst, tolerance):
    """The row that differs most; an error that names those that differ too much."""
    ranked = sorted(worst.items(), key=lambda item: -np.nan_to_num(item[1], nan=np.inf)) or [("none", 0.0)]
    if wrong := [f"{name}: {value:.1e}" for name, value in ranked if not value <= tolerance]:
        raise AssertionError("; ".join(wrong[:10]))
    return {"rows": len(worst), "worst": ranked[0][0], "difference": ranked[0][1]}


@part(limit=600, shared=True)
def ops(options):
    """Every op on every row of samples, with the gradients of all leaves, against the CPU in float64."""
    from samples import ROWS, first
    found = {}
    for dtype, tolerance in (("float64", 1e-10), ("float32", TOLERANCES["float32"])):
        worst, named = {}, [(name, i, row) for name, rows in ROWS.items() for i, row in enumerate(rows)]
        for name, i, row in mine(options, named):
            if name == "to_device" or not row.leaves or not row.differentiable:
                continue
            with kernels.use("numpy"):
                exact = _with_gradients(row, row.leaves, lambda x: x, first)
            narrow = row.cast(dtype)
            ours = _with_gradients(narrow, narrow.leaves, there, first)
            worst[f"{name} {i}"] = max(difference(a, b) for a, b in zip(ours, exact, strict=True))
        found[dtype] = judged(worst, tolerance)
    return found


def _with_gradients(row, leaves_of_row, place, first):
    xs = [tensor(place(a), requires_grad=True) for a in leaves_of_row]
    y = first(row.function(**row.filled(xs, place)))
    if not y.requires_grad:
        return [y.to("cpu").numpy()]
    g = np.random.default_rng(0).standard_normal(y.shape).astype(y.dtype)
    return [t.detach().to("cpu").numpy() for t in (y, *grad(y, xs, tensor(place(g))))]


@part(limit=600, shared=True)
def kernels_against_references(options):
    """Every version for GPUs on every row of samples, against its reference in float64; and twice the same, to the last bit."""
    import cupy
    from samples import KERNEL_SAMPLES

    def placed(a):
        return cupy.asarray(a.astype(np.float32) if a.dtype.kind == "f" else a) if isinstance(a, np.ndarray) else a
    found = {}
    for precision, version in VERSIONS.items():
        worst, named = {}, [(name, i, row) for name, rows in KERNEL_SAMPLES.items() for i, row in enumerate(rows)]
        for name, i, arguments in mine(options, named):
            given, this = list(map(placed, arguments)), KERNELS[name].on_gpu.get(version)
            if this is None or not this.serves(*given):
                continue
            with kernels.use("numpy"):
                exact = KERNELS[name].versions["numpy"].function(*arguments)
            ours, again = (this.function(*given) for _ in range(2))
            results = zip(*(r if isinstance(r, tuple) else (r,) for r in (ours, again, exact)), strict=True)
            for y, other, right in results:
                if y is not None and not np.array_equal(y.get(), other.get(), equal_nan=True):
                    raise AssertionError(f"{name} {i}: two runs differ")
                if y is not None and y.dtype.kind == "f":
                    worst[f"{name} {i}"] = max(worst.get(f"{name} {i}", 0), difference(y.get(), right))
        found[precision] = judged(worst, TOLERANCES[precision])
    return found


@part(limit=600, shared=True)
def every_layer(options):
    """Outputs and gradients of all rows of layers, float32 there against float64 here."""
    from parity.layer_cases import arriving, built, called, data, filled, floats
    from parity.layer_rows import ROWS
    worst = {}
    for row in mine(options, ROWS):
        results = []
        for dtype, place in (("float64", lambda x: x), ("float32", there)):
            layer = built(row, dtype=dtype)
            layer = layer if place is not there else layer.to("cuda")
            x = [tensor(place(a.astype(dtype)), requires_grad=True) for a in floats(data(row))]
            outputs = list(leaves(called(layer, row, filled(place(data(row)), x))))
            for y, g in zip(outputs, arriving(outputs)):
                if y.requires_grad:
                    (y * tensor(place(g.astype(y.dtype)))).sum().backward(retain_graph=True)
            slopes = [w.grad for w in layer.trainable_weights if w.grad is not None]
            results.append([t.detach().to("cpu").numpy() for t in (*outputs, *slopes)])
        exact, found = results
        largest = max(np.abs(a).max(initial=0) for a in exact)               # a bias that a softmax takes back has slopes of 0
        worst[row] = max((difference(a, b, largest) for a, b in zip(found, exact, strict=True) if b.size), default=0.0)
    return {"float32": judged(worst, TOLERANCES["float32"])}


# Trained ------------------------------------------------------------------------------------------------------------------

def convnet(shape, filters, classes, metrics=("accuracy",)):
    """The convnets of lessons 06 and 07."""
    x = inputs = keras.Input(shape)
    for i, n in enumerate(filters):
        x = layers.Conv2D(n, 3, activation="relu")(x)
        x = layers.MaxPooling2D(2)(x) if i + 1 < len(filters) else x
    x = layers.Dropout(0.5, seed=1)(layers.Flatten()(x)) if classes == 1 else layers.Flatten()(x)
    model = keras.Model(inputs, layers.Dense(classes, activation="sigmoid" if classes == 1 else "softmax")(x)).to("cuda")
    loss = "binary_crossentropy" if classes == 1 else "sparse_categorical_crossentropy"
    model.compile("rmsprop", loss, metrics=list(metrics))
    return model


NETWORKS = {"mnist": ((28, 28, 1), (32, 64, 128), 10), "cats": ((180, 180, 3), (32, 64, 128, 256, 256), 1)}


def batch(name, n):
    """Random images and labels."""
    shape, _, classes = NETWORKS[name]
    rng = np.random.default_rng(0)
    return rng.random((n, *shape), np.float32), rng.integers(0, max(classes, 2), n)


@part(limit=120)
def two_runs(options):
    """Twenty steps with dropout, twice from the same seed: the same bits."""
    weights, steps = [], 2 if options.quick else 20
    x, y = batch("mnist", 4 if options.quick else 64)
    for _ in range(2):
        config.set_random_seed(0)
        model = keras.Sequential([
            layers.Input((28, 28, 1)), layers.Conv2D(16, 3, activation="relu"), layers.BatchNormalization(),
            layers.MaxPooling2D(2), layers.Flatten(), layers.Dropout(0.5), layers.Dense(10, activation="softmax")]).to("cuda")
        model.compile("adam", "sparse_categorical_crossentropy")
        for _ in range(steps):
            model.train_on_batch(x, y)
        weights.append(model.get_weights())
    for a, b in zip(*weights, strict=True):
        np.testing.assert_array_equal(a, b)
    return {"steps": steps, "weights": len(weights[0])}


@part(limit=120)
def memory(options):
    """What 2,000 steps take, beyond what the first 200 took."""
    import cupy
    model, pool = convnet(*NETWORKS["mnist"]), cupy.get_default_memory_pool()
    x, y = batch("mnist", 2 if options.quick else 64)
    x, y, used = tensor(x, device="cuda"), tensor(y, device="cuda"), []
    for step in range(2 if options.quick else 2000):
        model.train_on_batch(x, y)
        used += [pool.used_bytes()] if step in (199, 1999) else []
    if len(used) == 2 and used[1] > used[0]:
        raise AssertionError(f"{used[1] - used[0]} bytes more after 2,000 steps than after 200")
    return {"bytes": used}


@part(limit=120, timed=True)
def mnist(options):
    """Five epochs of all digits; the goal is 0.99 in less than ten seconds."""
    try:
        (x, y), (x_test, y_test) = datasets.mnist.load_data()
    except Exception as error:
        return {"left out": f"there are no digits here: {error}"}
    many = 640 if options.quick else len(x)
    config.set_random_seed(0)
    model = convnet(*NETWORKS["mnist"])
    x, x_test = (images[..., None].astype(np.float32) / 255 for images in (x, x_test))
    model.fit(x[:96], y[:96], batch_size=64, verbose=0)    # compiles the kernels, those of the last batch of 32, too
    model.evaluate(x_test[:many], y_test[:many], verbose=0)
    start = time.perf_counter()
    history = model.fit(x[:many], y[:many], epochs=5, batch_size=64, verbose=0).history
    seconds = time.perf_counter() - start
    accuracy = model.evaluate(x_test[:many], y_test[:many], verbose=0)[1]
    if not options.quick and accuracy < 0.985:
        raise AssertionError(f"{accuracy:.4f} of the test digits are right, where the CPU reaches 0.99")
    return {"seconds": seconds, "loss": history["loss"], "test accuracy": accuracy}


@part(limit=120)
def cats(options):
    """Photographs of two patterns under noise, five epochs: the loss falls."""
    rng = np.random.default_rng(0)
    n, model = 32 if options.quick else 512, convnet(*NETWORKS["cats"])
    y = rng.integers(0, 2, n)
    pattern = y[:, None, None, None] * rng.random((1, 180, 180, 3), np.float32)
    x = rng.random((n, 180, 180, 3), np.float32) * 0.5 + 0.5 * pattern
    losses = model.fit(x, y, epochs=1 if options.quick else 5, batch_size=32, verbose=0).history["loss"]
    if not options.quick and not losses[-1] < losses[0]:
        raise AssertionError(f"the loss does not fall: {losses}")
    return {"loss": losses}


# Fast ---------------------------------------------------------------------------------------------------------------------

def milliseconds(step, synchronize, seconds) -> float:
    """The median time of a step, work on the GPU included."""
    for _ in range(5):
        step()
    synchronize()
    times, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < 5:
        start = time.perf_counter()
        step()
        synchronize()
        times.append(time.perf_counter() - start)
    return 1000 * statistics.median(times)


@contextlib.contextmanager
def by_cublas():
    """Meanwhile convolutions are im2col and a product of cuBLAS's, and products are cuBLAS's, too; all else is as ever."""
    names = "conv_forward", "conv_block_forward", "conv_input_gradient", "conv_kernel_gradient", "matmul"
    kept = [(KERNELS[name].on_gpu, dict(KERNELS[name].on_gpu)) for name in names]
    for versions, _ in kept:
        versions.clear()
    try:
        yield
    finally:
        for versions, before in kept:
            versions.update(before)


def our_step(name, n, where="cuda"):
    model, (x, y) = convnet(*NETWORKS[name], metrics=()).to(where), batch(name, n)
    x, y = tensor(x, device=where), tensor(y, device=where)
    return lambda: model.train_on_batch(x, y)


def torch_step(name, n, channels_last, compiled):
    """The same network, loss and optimizer in PyTorch."""
    import torch
    from torch import nn
    (height, _, channels), filters, classes = NETWORKS[name]
    steps, size, before = [], height, channels
    for i, count in enumerate(filters):
        steps += [nn.Conv2d(before, count, 3), nn.ReLU(), *([nn.MaxPool2d(2)] if i + 1 < len(filters) else [])]
        size, before = (size - 2) // (2 if i + 1 < len(filters) else 1), count
    dropout = [nn.Dropout(0.5)] if classes == 1 else []
    model = nn.Sequential(*steps, nn.Flatten(), *dropout, nn.Linear(before * size * size, classes)).cuda()
    layout = torch.channels_last if channels_last else torch.contiguous_format
    model, (x, y) = model.to(memory_format=layout), batch(name, n)
    x = torch.tensor(x.transpose(0, 3, 1, 2).copy(), device="cuda").to(memory_format=layout)
    y = torch.tensor(y, device="cuda")
    torch._dynamo.reset()                                  # else the next network is compiled for any sizes, and slower
    run = torch.compile(model, dynamic=False) if compiled else model
    optimizer = torch.optim.RMSprop(model.parameters(), 1e-3)

    def step():
        optimizer.zero_grad(set_to_none=True)
        scores = run(x)
        one_class = nn.functional.binary_cross_entropy_with_logits
        loss = one_class(scores[:, 0], y.float()) if classes == 1 else nn.functional.cross_entropy(scores, y)
        loss.backward()
        optimizer.step()
        return loss.item()
    return step


@part(limit=400, timed=True)
def speed(options):
    """Training steps in milliseconds: ours in float32 and TF32, with im2col and cuBLAS, and on the CPU; PyTorch's."""
    import cupy
    ours_done, seconds, found = cupy.cuda.Device().synchronize, 0.1 if options.quick else 2, {}
    for name, n in [("mnist", 64), ("mnist", 256), ("cats", 32), ("cats", 128)][:1 if options.quick else 4]:
        row = found[f"{name} {n}"] = {}
        for precision in TOLERANCES:
            kernels.set_precision(precision)
            row[f"tinyvision {precision}"] = milliseconds(our_step(name, n), ours_done, seconds)
        kernels.set_precision("float32")
        with by_cublas():
            row["tinyvision im2col"] = milliseconds(our_step(name, n), ours_done, seconds)
        row["tinyvision cpu"] = milliseconds(our_step(name, n, "cpu"), ours_done, seconds)
        cupy.get_default_memory_pool().free_all_blocks()
        row.update(_torch_times(name, n, seconds))
    return found


def _torch_times(name, n, seconds):
    try:
        import torch
    except ImportError:
        return {"torch": "is not installed"}
    found, torch.backends.cudnn.benchmark = {"torch": torch.__version__, "cudnn.benchmark": True}, True
    for tf32, (last, compiled) in itertools.product((False, True), [(False, False), (True, False), (True, True)]):
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = tf32
        what = f"torch {'tf32' if tf32 else 'float32'}{' channels last' * last}{' compiled' * compiled}"
        try:
            found[what] = milliseconds(torch_step(name, n, last, compiled), torch.cuda.synchronize, seconds)
        except Exception as error:                         # of compilation, mostly: the others go on
            found[what] = f"{type(error).__name__}: {str(error)[:200]}"
    return found


@part(limit=240)
def sanitizer(options):
    """NVIDIA's own checks of memory, races and barriers, on some rows of each kernel."""
    tool = shutil.which("compute-sanitizer")
    if tool is None:
        return {"compute-sanitizer": "is not installed"}
    checks = "memcheck", "racecheck", "synccheck"

    def told(check):
        """What the check says, or how far it came in the time there is."""
        command = [tool, "--tool", check, "--error-exitcode", "9", sys.executable, __file__, "--here", "--quick", "--no-file",
                   "--only", "kernels_against_references"]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        with subprocess.Popen(command, **pipes, start_new_session=True) as running:
            try:
                text, _ = running.communicate(timeout=sanitizer.limit - 20)
            except subprocess.TimeoutExpired:
                os.killpg(running.pid, signal.SIGKILL)     # and what it has started: it must not go on beside what is timed
                return "not finished"
        return "clean" if running.returncode == 0 else text[-2000:]
    with concurrent.futures.ThreadPoolExecutor(len(checks)) as pool:
        found = dict(zip(checks, pool.map(told, checks)))
    if wrong := [f"{check}: {text}" for check, text in found.items() if text not in ("clean", "not finished")]:
        raise AssertionError("\n".join(wrong))
    return found


# All of it ----------------------------------------------------------------------------------------------------------------

def record() -> dict:
    """What is known of this machine, its GPU and the sources, before anything ran."""
    return {"gpu": gpu(), "processor": processor(), "cores": available_cores(), "date": datetime.date.today().isoformat(),
            "kernels": kernel_hash(), "python": platform.python_version(), "found": device.find().facts, "parts": {}}


def run(function, options) -> dict:
    """What a part found and how long it took; or its error."""
    start = time.perf_counter()
    try:
        return {"ok": True, **(function(options) or {}), "took": round(time.perf_counter() - start, 1)}
    except Exception as error:
        traceback.print_exc()
        told = f"{type(error).__name__}: {str(error)[:2000]}"
        return {"ok": False, "error": told, "took": round(time.perf_counter() - start, 1)}


def here(options):
    """Each part and what it found, in this process, one after the other."""
    for name in options.only:
        yield name, run(PARTS[name], options)


def apart(options):
    """Each part and what it found, in processes of their own: at once what is not timed, then one after the other."""
    cores = min(available_cores(), 16)                     # each process takes half a gigabyte of the GPU
    timed = [[name] for name in options.only if PARTS[name].timed]
    for group in [name for name in options.only if not PARTS[name].timed], *timed:
        with concurrent.futures.ThreadPoolExecutor(cores) as pool:
            running = {}
            for name in sorted(group, key=lambda name: PARTS[name].shared):    # what takes long in one process goes first
                shares = cores if PARTS[name].shared else 1
                running[name] = [pool.submit(in_a_process, name, f"{i}/{shares}", options) for i in range(shares)]
            for name, jobs in running.items():
                yield name, together([job.result() for job in jobs])


def in_a_process(name, share, options) -> dict:
    """What a share of a part finds."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, __file__, "--here", "--only", name, "--share", share, "--folder", folder]
        command += ["--quick"] * options.quick
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=PARTS[name].limit)
        except subprocess.TimeoutExpired:
            return {"ok": False, "error": f"not finished in {PARTS[name].limit} seconds"}
        for path in Path(folder).glob("*.json"):
            return json.loads(path.read_text(encoding="utf-8"))["parts"][name]
    return {"ok": False, "error": f"ended with {done.returncode}: {done.stdout[-1000:]}{done.stderr[-1000:]}"}


def together(shares) -> dict:
    """What all shares of a part found: all rows, and of the worst the worst."""
    if errors := [share["error"] for share in shares if not share["ok"]]:
        return {"ok": False, "error": "\n".join(errors)}
    found = dict(shares[0])
    for precision in (key for key, value in found.items() if isinstance(value, dict) and "rows" in value):
        all_of_it = [share[precision] for share in shares]
        worst = max(all_of_it, key=lambda one: one["difference"])
        found[precision] = {**worst, "rows": sum(one["rows"] for one in all_of_it)}
        if not found[precision]["rows"]:
            return {"ok": False, "error": f"no row was compared in {precision}"}
    return {**found, "took": max(share["took"] for share in shares)}


def write(results, options):
    """What a part has found, into the file; other parts of it that an earlier run found of the same kernels stay there."""
    file = options.folder / f"{slug(results['gpu'])}{'-quick' * options.quick}.json"
    earlier = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    if earlier.get("kernels") == results["kernels"]:
        results["parts"] = {**earlier["parts"], **results["parts"]}
    options.folder.mkdir(parents=True, exist_ok=True)
    with replacing(file) as path:
        path.write_text(json.dumps(results, indent=1, default=str) + "\n", encoding="utf-8")


def main(arguments=None) -> int:
    """Run the parts, and write the file; 1 if one of them failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], formatter_class=argparse.RawDescriptionHelpFormatter,
                                     epilog="\n".join(f"  {name:28} {function.__doc__}" for name, function in PARTS.items()))
    parser.add_argument("--only", type=lambda text: text.split(","), default=list(PARTS), metavar="PARTS",
                        help="some of the parts, with commas between")
    parser.add_argument("--quick", action="store_true", help="little of each part")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the file of results goes")
    parser.add_argument("--no-file", action="store_true", help="write none")
    parser.add_argument("--here", action="store_true", help="all in this process, for debuggers and profilers")
    parser.add_argument("--share", type=lambda text: tuple(map(int, text.split("/"))), default=(0, 1), metavar="I/N",
                        help="every N-th row alone, from the I-th on")
    options = parser.parse_args(arguments)
    if unknown := set(options.only) - PARTS.keys():
        parser.error(f"there are no parts {', '.join(sorted(unknown))}, only {', '.join(PARTS)}")
    device.report()
    if missing := device.find().missing:
        print(f"nothing to check: {missing}")
        return 1
    kernels.use(None)                                      # imports all versions
    results, right = record(), True
    for name, found in (here if options.here else apart)(options):
        results["parts"][name], right = found, right and found["ok"]
        print(f"{name}: {json.dumps(found)[:300]}", flush=True)
        if not options.no_file:
            write(results, options)                        # after each part: what comes next may never end
    return int(not right)


if __name__ == "__main__":
    sys.exit(main())
