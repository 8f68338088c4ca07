"""The choice between the versions of a kernel; life without Numba; and what `import tinyvision` costs."""
import json
import subprocess
import sys
import textwrap

import fake_cupy
import numpy as np
import pytest

from tinyvision import kernels, ops, tensor
from tinyvision.kernels import choice as choices
from tinyvision.kernels.choice import use
from tinyvision.kernels.registry import KERNELS, kernel, version

rng = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def _no_choice():
    yield
    use(None)


@pytest.fixture
def doubled():
    """A kernel of three versions, which note their names; "small" and "tiny" serve few shapes."""
    calls = []

    @kernel
    def doubled_for_this_test(x):
        """Twice x."""
        calls.append("numpy")
        return x * 2

    @version(doubled_for_this_test, "small", serves=lambda x: x.size <= 10)
    def small(x):
        calls.append("small")
        return x + x

    @version(doubled_for_this_test, "tiny", serves=lambda x: x.size <= 2)
    def tiny(x):
        calls.append("tiny")
        return x + x

    yield doubled_for_this_test, calls
    del KERNELS["doubled_for_this_test"]


# Choosing -----------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("choice, expected", [
    (None, {1: "tiny", 5: "small", 50: "numpy"}), ("numpy", {1: "numpy", 5: "numpy", 50: "numpy"}),
    ("small", {1: "small", 5: "small", 50: "numpy"}), ("tiny", {1: "tiny", 5: "small", 50: "numpy"}),
])
def test_the_forced_one_or_the_last_registered_that_serves(doubled, choice, expected):
    function, calls = doubled
    with use(choice):
        for size in expected:
            x = rng.standard_normal(size)
            np.testing.assert_array_equal(function(x), 2 * x)
    assert calls == list(expected.values())


def test_a_kernel_looks_like_its_reference(doubled):
    function, _ = doubled
    assert function.__name__ == "doubled_for_this_test" and function.__doc__ == "Twice x."
    assert KERNELS["doubled_for_this_test"] is function.kernel and list(function.kernel.versions) == ["numpy", "small", "tiny"]


def test_arrays_of_a_gpu_take_the_reference(doubled):
    function, calls = doubled
    with fake_cupy.installed() as cupy:
        assert type(function(cupy.ones(1))) is cupy.ndarray
    assert calls == ["numpy"]


def test_use_as_a_function(doubled):
    function, calls = doubled
    use("small")
    function(np.ones(1))
    function(np.ones(1))
    use(None)
    function(np.ones(1))
    assert calls == ["small", "small", "tiny"]


def test_use_as_a_context(doubled):
    function, calls = doubled
    with use("numpy"):
        function(np.ones(1))
        with use("small"):
            function(np.ones(1))
            with use(None):
                function(np.ones(1))
        function(np.ones(1))
    function(np.ones(1))
    assert calls == ["numpy", "small", "tiny", "numpy", "tiny"]


def test_a_context_ends_with_an_error_too():
    with pytest.raises(ZeroDivisionError), use("numpy"):
        raise ZeroDivisionError
    assert choices._choice is None


def test_an_unknown_version_is_refused_and_changes_nothing(doubled):
    with use("numpy"):
        with pytest.raises(ValueError, match="no kernel has a version 'fastest'; there is .*exact, .*numpy, .*small, .*tiny"):
            use("fastest")
        assert choices._choice == "numpy"


def test_use_is_public():
    assert kernels.use is use


# Versions -----------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("name", ["conv_forward", "conv_input_gradient", "conv_kernel_gradient", "max_pool_forward",
                                  "scatter_windows", "product"])
def test_the_heavy_kernels_have_a_fast_version(name):
    use(None)                                              # imports the modules that hold versions
    assert len(KERNELS[name].versions) > 1


@pytest.mark.parametrize("arguments", [
    {"dtype": np.float16}, {"dtype": np.int32}, {"groups": 2}, {"batch": 0},
], ids=str)
def test_a_forced_version_leaves_what_it_does_not_serve_to_the_reference(arguments):
    """Convolutions of halves, of integers, in groups, of nothing: Numba's version does not serve them, whoever forces it."""
    dtype, groups, batch = arguments.get("dtype", np.float32), arguments.get("groups", 1), arguments.get("batch", 2)
    x = rng.integers(-4, 5, (batch, 6, 5, 4)).astype(dtype)
    k = rng.integers(-4, 5, (3, 3, 4 // groups, 2)).astype(dtype)
    found = {}
    for name in ("numpy", "blocked", None):
        with use(name):
            found[name] = ops.conv(x, k).numpy()
    assert found["numpy"].dtype == found["blocked"].dtype == dtype and found["blocked"].shape == (batch, 4, 3, 2)
    np.testing.assert_array_equal(found["blocked"], found["numpy"])
    np.testing.assert_array_equal(found[None], found["numpy"])


def test_versions_agree_where_they_are_chosen():
    x = tensor(rng.standard_normal((2, 8, 8, 3)).astype(np.float32), requires_grad=True)
    k = tensor(rng.standard_normal((3, 3, 3, 4)).astype(np.float32), requires_grad=True)
    found = {}
    for name in ("numpy", "blocked", "winograd", "direct"):
        x.grad = k.grad = None
        with use(name):
            y = ops.max_pool(ops.conv(x, k), 2)
            (y * y).sum().backward()
        found[name] = [y.detach().numpy(), x.grad.numpy(), k.grad.numpy()]
    for name in found:
        for a, b in zip(found[name], found["numpy"]):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5 * np.abs(b).max())


# Without Numba ------------------------------------------------------------------------------------------------------------

WORK = """
    import warnings

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        import numpy as np
        import tinyvision as keras
        from tinyvision import layers, ops

        keras.config.set_random_seed(0)
        model = keras.Sequential([
            layers.Input((8, 8, 1)), layers.Conv2D(4, 3, activation="relu", padding="same"), layers.BatchNormalization(),
            layers.MaxPooling2D(2), layers.AveragePooling2D(2), layers.Flatten(), layers.Dropout(0.25), layers.Dense(3)])
        model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
        images, labels = np.random.default_rng(0).standard_normal((12, 8, 8, 1)).astype("float32"), np.arange(12) % 3
        losses = model.fit(images, labels, batch_size=4, epochs=2, verbose=0).history["loss"]
        predicted = [model.predict_on_batch(images[:4]) for _ in range(3)]             # from the second on it would be recorded
        losses += [float(y.sum()) for y in predicted]
        x = keras.tensor(images.astype("float64"), requires_grad=True)
        (ops.max_pool(ops.conv(x, np.ones((2, 2, 1, 2))), 2) @ np.ones((2, 1))).sum().backward()
    print(losses, [float(x.grad.sum())], sep="\\n")
    for warning in caught:
        print(f"{warning.category.__name__}: {warning.message}")
"""


def run(code):
    """What a fresh process prints, line by line."""
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


MISSING = """
    import sys
    sys.modules["numba"] = None
"""

BROKEN = """
    import sys

    class Broken:
        def find_spec(self, name, path=None, target=None):
            if name.partition(".")[0] == "numba":
                raise {error}

    sys.meta_path.insert(0, Broken())
"""


@pytest.fixture(scope="module")
def with_numba():
    return run(WORK)


@pytest.mark.parametrize("breaking", [
    MISSING, BROKEN.format(error='ImportError("Numba needs NumPy 2.4 or less, got NumPy 9.9")'),
    BROKEN.format(error='SystemError("initialization of _internal failed")'),
    BROKEN.format(error='AttributeError("no such thing")'),
], ids=["missing", "too old for NumPy", "binary does not load", "error within"])
def test_everything_runs_without_numba_with_one_sentence_of_warning(with_numba, breaking):
    losses, gradient, *warnings = run(breaking + WORK)
    assert with_numba[2:] == []                            # with Numba, no warning
    np.testing.assert_allclose(json.loads(losses), json.loads(with_numba[0]), rtol=1e-4)
    np.testing.assert_allclose(json.loads(gradient), json.loads(with_numba[1]), rtol=1e-10)
    assert len(warnings) == 1
    assert warnings[0].startswith("RuntimeWarning: Numba does not work here (")
    assert warnings[0].endswith("); tinyvision runs on its NumPy kernels, which are slower.")
    assert warnings[0].count(". ") == 0                    # one sentence


def test_without_numba_its_versions_cannot_be_forced():
    lines = run(MISSING + """
    import warnings
    warnings.simplefilter("ignore")
    from tinyvision import kernels
    for name in ("numpy", None, "blocked"):
        try:
            kernels.use(name)
            print("used", name)
        except ValueError as error:
            print(error)
    """)
    assert lines == ["used numpy", "used None", "no kernel has a version 'blocked'; there is cuda, exact, numpy, tf32"]


# Importing ----------------------------------------------------------------------------------------------------------------

HEAVY = "numba", "llvmlite", "scipy", "h5py", "PIL", "matplotlib", "cupy", "safetensors", "pandas"


def test_importing_tinyvision_imports_nothing_heavy():
    loaded, = run("import sys, tinyvision; print(*sys.modules)")
    assert {name.partition(".")[0] for name in loaded.split()}.isdisjoint(HEAVY)


def test_importing_tinyvision_takes_little_time():
    """0.3 s is the aim. Other work on the machine may slow it: what is asserted is an import that nobody would accept."""
    code = "import time; start = time.perf_counter(); import tinyvision; print(time.perf_counter() - start)"
    seconds = min(float(run(code)[0]) for _ in range(5))
    print(f"import tinyvision: {seconds:.2f} s, the best of 5")
    assert seconds < 1
