"""The machinery of the fast kernels: jobs and workers, memory that is used again, the disk cache, the planner; ties and NaN."""
import os
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import threadpoolctl

import tinyvision as keras
from tinyvision import kernels, layers, ops
from tinyvision.kernels import choice, cores, memory
from tinyvision.kernels.conv import conv_block_backward, conv_block_forward
from tinyvision.kernels.norm import channel_moments
from tinyvision.kernels.random import dropped, uniform
from tinyvision.kernels.windows import windows

kernels.use(None)                                          # imports the fast versions
from tinyvision.kernels.jobs import FLOATS, INTEGER, NUMBER, SIZES, job, share  # noqa: E402

HOME = Path(__file__).parents[1]
rng = np.random.default_rng(0)


@job
def scaled_sum(part, parts, x: FLOATS, y: FLOATS, factor: NUMBER, shape: SIZES):
    """y = factor x + the last of shape, each part its share."""
    for i in share(x.size, part, parts):
        y[i] = factor * x[i] + shape[3]


@job
def marked(part, parts, y: FLOATS, rounds: INTEGER):
    """Each part counts up its own element."""
    for _ in range(rounds):
        y[part] += 1


# Jobs and the threads that run them -----------------------------------------------------------------------------------

@pytest.mark.parametrize("parts", [1, 2, 3, 7, 64])
def test_every_part_runs_once(parts):
    y = np.zeros(parts, np.float32)
    for _ in range(200):
        marked(y, 3, parts=parts)
    np.testing.assert_array_equal(y, 600)


@pytest.mark.parametrize("size", [0, 1, 2, 1000])
def test_arguments_arrive(size):
    x, y = rng.standard_normal(size).astype("float32"), np.zeros(size, np.float32)
    scaled_sum(x, y, 0.5, (1, 2, 3, 4))
    np.testing.assert_allclose(y, x / 2 + 4, rtol=1e-6)


@pytest.mark.parametrize("bad", [np.zeros(4), np.zeros((4, 4), np.float32)[:, 1], np.zeros(4, np.int32)], ids=["float64", "a column", "int32"])
def test_other_arrays_are_refused(bad):
    with pytest.raises(TypeError, match="scaled_sum takes contiguous arrays of float32"):
        scaled_sum(np.zeros(4, np.float32), bad, 1.0, (0, 0, 0, 0))


def test_workers_wake_after_a_rest():
    y = np.zeros(8, np.float32)
    for rest in (0, 0.002, 0.08, 0):
        time.sleep(rest)
        marked(y, 1, parts=8)
    np.testing.assert_array_equal(y, 4)


def test_kernels_run_in_several_python_threads_at_once():
    x, k = rng.standard_normal((4, 20, 20, 16)).astype("float32"), rng.standard_normal((3, 3, 16, 16)).astype("float32")
    expected, wrong = ops.conv(x, k).data.copy(), []

    def go():
        for _ in range(30):
            if not np.array_equal(ops.conv(x, k).data, expected):
                wrong.append(True)

    threads = [threading.Thread(target=go) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_the_number_of_threads_changes_sums_by_rounding_alone(monkeypatch):
    x, dy = rng.standard_normal((5, 20, 20, 16)).astype("float32"), rng.standard_normal((5, 18, 18, 32)).astype("float32")
    geometry = windows((20, 20), (3, 3), (1, 1), "valid")
    found = []
    for count in (1, 2, 5):
        monkeypatch.setattr(cores, "_threads", count)
        found.append(kernels.conv.conv_kernel_gradient(x, dy, geometry, 1))
    for other in found[1:]:
        np.testing.assert_allclose(other, found[0], rtol=0, atol=1e-5 * np.abs(found[0]).max())


def test_set_num_threads():
    most = kernels.get_num_threads()
    blas = lambda: {pool["num_threads"] for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas"}
    kernels.set_num_threads(1)
    assert kernels.get_num_threads() == 1 and blas() == {1}
    kernels.set_num_threads(None)
    assert kernels.get_num_threads() == most and blas() == {most}
    for bad in (0, most + 1, 1.5, True):
        with pytest.raises(ValueError, match=f"1 to {most} threads to use, got {bad}"):
            kernels.set_num_threads(bad)


def run(code, **environment):
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=300,
                          cwd=environment.get("PYTHONPATH", HOME), env={**os.environ, "PYTHONPATH": str(HOME), **environment})
    assert done.returncode == 0, done.stderr
    return done


CONV = """
    import numpy as np
    from tinyvision import ops
    x, k = np.ones((2, 12, 12, 16), "float32"), np.ones((3, 3, 16, 16), "float32")
    print(float(ops.conv(x, k).data.sum()), flush=True)    # what is buffered, a forked child would print again
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_child_computes_too():
    done = run(CONV + """
    import os
    child = os.fork()
    if not child:
        print(float(ops.conv(x, k).data.sum()), flush=True)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    """)
    assert done.stdout.split() == ["460800.0", "460800.0"]


def test_programs_end_while_workers_are_awake():
    for _ in range(5):
        assert run(CONV).stdout.split() == ["460800.0"]


def test_denormals_count_as_zero_in_kernels_and_nowhere_else():
    tiny = np.full((1, 3, 3, 16), 1e-40, np.float32)
    assert ops.conv(tiny, np.ones((3, 3, 16, 16), "float32")).data.max() == 0
    assert (tiny * np.float32(1)).max() > 0                # the mode is put back


# What is kept on disk -------------------------------------------------------------------------------------------------

@pytest.fixture
def copy(tmp_path):
    """A copy of the package, to be edited, and a folder for its compiled kernels."""
    import shutil
    shutil.copytree(HOME / "tinyvision", tmp_path / "tinyvision", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


POOL = """
    import numpy as np
    from tinyvision import ops
    print(ops.max_pool(np.arange(64, dtype="float32").reshape(1, 8, 8, 1), 2).data.max())
"""


def test_an_edit_in_a_shared_function_is_seen(copy):
    """`put_some` lies in another file than the job that uses it."""
    where = {"PYTHONPATH": str(copy), "NUMBA_CACHE_DIR": str(copy / "cache")}
    assert run(POOL, **where).stdout.split() == ["63.0"]
    shared = copy / "tinyvision" / "kernels" / "vectors.py"
    old = "    if count >= LANES:\n        store(array, i, vector)"
    text = shared.read_text()
    assert text.count(old) == 1
    shared.write_text(text.replace("        store_some(array, i, vector, count)", "        store_some(array, i, vector + vector, count)"))
    assert run(POOL, **where).stdout.split() == ["126.0"]
    shared.write_text(text)
    assert run(POOL, **where).stdout.split() == ["63.0"]


def test_the_first_compile_is_said_and_the_second_process_is_silent(copy):
    where = {"PYTHONPATH": str(copy), "NUMBA_CACHE_DIR": str(copy / "cache")}
    assert "tinyvision compiles for this machine, once: largest" in run(POOL, **where).stderr
    assert run(POOL, **where).stderr == ""


def test_a_folder_that_cannot_be_written_to_costs_time_and_nothing_else(copy):
    (copy / "file").write_text("")
    done = run(POOL, PYTHONPATH=str(copy), NUMBA_CACHE_DIR=str(copy / "file" / "folder"))
    assert done.stdout.split() == ["63.0"]
    assert done.stderr.count("RuntimeWarning: the compiled kernels cannot be kept in") == 1


def test_files_of_another_kind_do_no_harm(copy):
    where = {"PYTHONPATH": str(copy), "NUMBA_CACHE_DIR": str(copy / "cache")}
    run(POOL, **where)
    kept = list((copy / "cache").rglob("*.nb?"))
    assert len(kept) >= 4
    for path in kept:
        path.write_bytes(b"something else")
    assert run(POOL, **where).stdout.split() == ["63.0"]


def test_two_processes_may_compile_at_once(copy):
    where = {"PYTHONPATH": str(copy), "NUMBA_CACHE_DIR": str(copy / "cache")}
    found = []
    threads = [threading.Thread(target=lambda: found.append(run(POOL, **where).stdout.split())) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [["63.0"]] * 2


# Memory ---------------------------------------------------------------------------------------------------------------

def test_memory_is_used_again_once_nobody_sees_it():
    a = memory.empty((1000, 100))
    address = a.ctypes.data
    view = a[3:]
    del a
    b = memory.empty((1000, 100))
    assert b.ctypes.data != address                        # a part is still seen
    del view
    c = memory.empty((1000, 100))
    assert c.ctypes.data == address and c.shape == (1000, 100) and c.dtype == np.float32


@pytest.mark.parametrize("shape", [(129, 1001), (2 ** 17,), (3, 5, 7, 2 ** 14)])
def test_memory_begins_with_a_line_of_the_cache(shape):
    a, b = memory.empty(shape), memory.empty(shape, np.uint8)
    assert a.ctypes.data % 64 == b.ctypes.data % 64 == 0
    assert not np.shares_memory(a, memory.empty(shape))


def test_memory_is_given_back():
    a = memory.empty((2 ** 20,))
    del a
    held = sum(block.nbytes for blocks in memory._blocks.values() for block, *_ in blocks)
    kernels.release()
    assert sum(block.nbytes for blocks in memory._blocks.values() for block, *_ in blocks) <= held - 2 ** 22


def test_a_result_outlives_later_calls():
    x, k = rng.standard_normal((8, 30, 30, 16)).astype("float32"), rng.standard_normal((3, 3, 16, 16)).astype("float32")
    first = ops.conv(x, k).data
    before = first.copy()
    for _ in range(3):
        ops.conv(x + 1, k)
    np.testing.assert_array_equal(first, before)


# The planner ----------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("shape, kernel, version", [
    ((64, 28, 28, 1), (3, 3, 1, 32), "direct"), ((32, 180, 180, 3), (3, 3, 3, 32), "direct"), ((64, 13, 13, 32), (3, 3, 32, 64), "winograd"),
    ((32, 14, 14, 64), (1, 1, 64, 128), "pointwise"), ((8, 14, 14, 64), (3, 3, 1, 64), "depthwise"), ((8, 14, 14, 64), (5, 5, 64, 64), "direct"),
    ((8, 14, 14, 64), (3, 3, 32, 64), "numpy"),
])
def test_the_version_for_the_shape(shape, kernel, version):
    rows = kernels.explain(ops.conv, np.zeros(shape, "float32"), np.zeros(kernel, "float32"), print_fn=lambda line: None)
    assert [row["version"] for row in rows] == [version]


def test_choices_are_not_remembered_for_ever(monkeypatch):
    x = np.ones(8, "float32")
    before = len(choice._chosen)
    for step in range(20):                                 # a number that differs in every call
        ops.dropout(x, 0.5, seed=1, step=step)
    assert len(choice._chosen) == before
    monkeypatch.setattr(choice, "REMEMBERED", 4)
    for size in range(1, 12):
        ops.conv(np.ones((1, size + 3, 4, 1), "float32"), np.ones((3, 3, 1, 2), "float32"))
        assert len(choice._chosen) <= max(4, before)


def test_float64_and_exact_take_no_winograd():
    x, k = np.zeros((4, 12, 12, 32)), np.zeros((3, 3, 32, 32))
    for arrays, version in [((x, k), None), ((x.astype("float32"), k.astype("float32")), "exact")]:
        with kernels.use(version):
            rows = kernels.explain(ops.conv, *arrays, print_fn=lambda line: None)
        assert rows[0]["version"] in ("blocked", "direct")


def test_explain_shows_a_whole_step():
    model = keras.Sequential([keras.Input((12, 12, 1)), layers.Conv2D(16, 3, activation="relu"), layers.MaxPooling2D(), layers.Conv2D(16, 3),
                              layers.BatchNormalization(), layers.Flatten(), layers.Dense(2)])
    model.compile("sgd", "mse")
    lines = []
    rows = kernels.explain(model.train_on_batch, rng.standard_normal((4, 12, 12, 1)), rng.standard_normal((4, 2)), print_fn=lines.append)
    assert {"conv_block_forward", "conv_block_backward", "channel_moments", "product"} <= {row["kernel"] for row in rows}
    assert any("Gflop" in line and "workspace" in line for line in lines)
    assert len(lines) == 2 * len(rows)


# What is kept between calls ------------------------------------------------------------------------------------------

@pytest.mark.parametrize("layer", [layers.Conv2D(32, 3), layers.Conv2D(8, 3)], ids=["winograd", "direct"])
def test_inference_sees_new_weights(layer):
    """Kernels are prepared once for many calls: not past a change in place, nor past another Variable in its place."""
    x = rng.standard_normal((2, 8, 8, 32 if layer.filters == 32 else 1)).astype("float32")
    with keras.no_grad():
        layer(x)
        for change in (lambda: setattr(layer, "kernel", type(layer.kernel)(3 * layer.kernel.numpy(), "kernel")),
                       lambda: layer.kernel.assign(2 * layer.kernel.numpy())):
            change()
            found = layer(x).data
            with kernels.use("numpy"):
                np.testing.assert_allclose(found, layer(x).data, rtol=0, atol=1e-4)


# Ties, NaN, limits ----------------------------------------------------------------------------------------------------

VERSIONS = [name for name, version in conv_block_forward.kernel.versions.items()]


@pytest.mark.parametrize("version", VERSIONS)
def test_of_equals_the_first_wins(version):
    x, k = np.ones((1, 6, 6, 16), "float32"), np.ones((3, 3, 16, 16), "float32")
    geometry = windows((6, 6), (3, 3), (1, 1), "valid")
    with kernels.use(version):
        y, positions = conv_block_forward(x, k, None, geometry, True, True)
        np.testing.assert_allclose(y, 144, rtol=1e-5)
        assert version == "winograd" or (positions == 0).all()             # Winograd's equals differ by rounding
        y, positions = conv_block_forward(-x, k, None, geometry, True, True)
        assert (y == 0).all() and (positions == 4).all()
        found = conv_block_backward(-x, k, y, positions, np.ones_like(y), geometry, True, True, (True, True, True))
    assert not any(a.any() for a in found)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("pool_too", [False, True])
def test_nan_stays_nan(version, pool_too):
    x, k = np.ones((1, 6, 6, 16), "float32"), np.ones((3, 3, 16, 16), "float32")
    x[0, 0, 0, 0] = np.nan
    with kernels.use(version):
        y, _ = conv_block_forward(x, k, np.zeros(16, "float32"), windows((6, 6), (3, 3), (1, 1), "valid"), True, pool_too)
    assert np.isnan(y[0, 0, 0]).all()
    assert version == "winograd" or not np.isnan(y[0, 1:, 1:]).any()       # of a tile's pixels Winograd makes none right


@pytest.mark.parametrize("rows", [1, 63, 100_000])
@pytest.mark.parametrize("mean", [0, 1000])
@pytest.mark.parametrize("outlier", [0, -1, None])
def test_moments_keep_their_precision(outlier, mean, rows):
    """Neither one pixel far from the others nor a mean that is large beside the spread costs it."""
    x = (mean + 0.01 * rng.standard_normal((rows, 19))).astype("float32")
    if outlier is not None:
        x[outlier] += 100
    found, exact = channel_moments(x, (0,)), channel_moments(x.astype("float64"), (0,))
    np.testing.assert_allclose(found[0], exact[0], rtol=1e-7, atol=1e-3 * np.sqrt(exact[1].max()))
    np.testing.assert_allclose(found[1], exact[1], rtol=1e-3)


@pytest.mark.parametrize("rate", [0.5, 0.25, 2 ** -24, 0.3])
def test_dropout_at_its_limit(rate):
    """The rate itself may be drawn: it is not below the rate."""
    x = np.ones(200_000, "float32")
    y, kept = dropped(x, rate, x.shape, (5, 6), 7)
    drawn = uniform(x.shape, (5, 6), 7)
    np.testing.assert_array_equal(kept, drawn >= np.float32(rate))
    limit = float(drawn[100])
    np.testing.assert_array_equal(dropped(x, limit, x.shape, (5, 6), 7)[1], drawn >= drawn[100])


def test_workers_are_no_more_than_threads():
    done = run(CONV + """
    from tinyvision import kernels
    from tinyvision.kernels.workers import pool
    print(len(pool.bells) < kernels.get_num_threads())
    """)
    assert done.stdout.split()[-1] == "True"


# Other processors -----------------------------------------------------------------------------------------------------

ELSEWHERE = """
    import numpy as np
    from tinyvision import kernels, layers, ops, tensor
    kernels.use(None)
    from tinyvision.kernels.vectors import LANES, ROWS
    print(LANES, ROWS)

    def results(dtype):
        rng = np.random.default_rng(0)
        found = []
        for h, w, c, f, size, groups, padding in [(13, 14, 32, 40, 3, 1, "same"), (9, 9, 3, 32, 3, 1, "valid"), (28, 28, 1, 32, 3, 1, "valid"),
                                                  (8, 7, 20, 20, 3, 20, "same"), (8, 9, 16, 33, 1, 1, "valid"), (10, 11, 5, 7, 5, 1, "same")]:
            x = tensor(rng.standard_normal((2, h, w, c)).astype(dtype), requires_grad=True)
            k = tensor(rng.standard_normal((size, size, c // groups, f)).astype(dtype), requires_grad=True)
            b = tensor(rng.standard_normal(f).astype(dtype), requires_grad=True)
            y = ops.fused_conv(x, k, b, 1, padding, relu=True, pool=True) if groups == 1 else ops.max_pool(ops.conv(x, k, 1, padding) + b, 2)
            z, _ = ops.batch_normalization_training(y)
            (z * z * z).sum().backward()
            found += [y.data, z.data, x.grad.data, k.grad.data, b.grad.data]
        return found

    exact = results("float64")
    for version in (None, "direct"):
        with kernels.use(version):
            for a, b in zip(results("float32"), exact):
                assert abs(a - b).max() < 2e-4 * max(abs(b).max(), 1), (version, a.shape, abs(a - b).max() / abs(b).max())
"""


@pytest.mark.skipif("x86" not in __import__("platform").machine().lower(), reason="this processor runs no code for others")
@pytest.mark.parametrize("processor, lanes, rows", [("haswell", 8, 4), ("nehalem", 4, 4)])
def test_processors_with_narrower_registers(processor, lanes, rows, tmp_path):
    """Numba compiles for a processor without AVX-512, and one without AVX."""
    done = run(ELSEWHERE, NUMBA_CPU_NAME=processor, NUMBA_CPU_FEATURES="", NUMBA_CACHE_DIR=str(tmp_path))
    assert done.stdout.split() == [str(lanes), str(rows)]
