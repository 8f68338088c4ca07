"""What all tests share: repeatable random numbers, and Keras in float64 as the oracle: on JAX, or where PARITY_BACKEND says."""
import os
import sys

# Read when Keras and JAX are imported, whoever does that first. XLA compiles each shape anew: most of its time goes into
# optimizing what runs once. And more threads of its own would crowd out the kernels'.
BACKEND = os.environ.get("PARITY_BACKEND", "jax")
os.environ.update(KERAS_BACKEND=BACKEND, JAX_ENABLE_X64="1", JAX_PLATFORMS="cpu", TF_CPP_MIN_LOG_LEVEL="3",
                  JAX_DISABLE_MOST_OPTIMIZATIONS="1")
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
if "PYTEST_XDIST_WORKER" in os.environ:                    # OpenBLAS's threads wait for each other, busily, where others compute
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")     # (40 s of training digits took 344 beside another worker)

import numpy as np  # noqa: E402
import pytest  # noqa: E402

from tinyvision import config  # noqa: E402
from tinyvision.utils import clear_session  # noqa: E402


@pytest.fixture(autouse=True)
def _fresh_settings():
    """Each test draws the same random numbers, alone or among others, and leaves the settings as they were."""
    floatx, epsilon = config.floatx(), config.epsilon()
    config.set_random_seed(0)
    yield
    config.set_floatx(floatx)
    config.set_epsilon(epsilon)
    if "keras" in sys.modules:                             # a policy that was set, were it that of floatx, would stay
        sys.modules["keras"].config.set_floatx("float32")
        sys.modules["keras"].src.backend.common.global_state.set_global_attribute("dtype_policy", None)


@pytest.fixture
def in_double(request):
    """float64 here, and in Keras where the test asks for it; names of layers are counted from the start."""
    clear_session()
    config.set_floatx("float64")
    if "keras" in request.fixturenames:
        theirs = request.getfixturevalue("keras")
        theirs.utils.clear_session(free_memory=False)
        theirs.config.set_floatx("float64")


@pytest.fixture(scope="session")
def keras():
    """Keras, mended so that float64 stays float64. The first test that asks for it pays for its import, 2 s."""
    for name in BACKEND, "keras":
        pytest.importorskip(name, reason=f"needs {name}: the oracle is Keras on {BACKEND}", exc_type=ImportError)
    import keras
    from keras.src.backend.common import dtypes

    if keras.backend.backend() != BACKEND:
        pytest.fail(f"the oracle is Keras on {BACKEND}, but something imported it on {keras.backend.backend()} before")
    dtypes.BIT64_TO_BIT32_DTYPE["float64"] = "float64"     # Keras 3.15 narrows to float32, even where JAX does not
    _check_precision(keras)
    return keras


def _check_precision(keras):
    """An oracle that narrows in secret would agree to 1e-7 with everything: refuse it."""
    a = np.random.default_rng(0).standard_normal((5, 5))
    for name, theirs, ours in [("sin", keras.ops.sin(a), np.sin(a)), ("matmul", keras.ops.matmul(a, a), a @ a),
                               ("var", keras.ops.var(a, axis=0), a.var(axis=0))]:
        np.testing.assert_allclose(np.asarray(theirs), ours, rtol=0, atol=1e-14, err_msg=f"keras.ops.{name} is not in float64")
