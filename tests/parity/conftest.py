"""What JAX has compiled for one file of tests is of no use to the next, and takes gigabytes."""
import gc
import sys

import pytest

from .oracle import BACKEND, DIFFERS


def pytest_collection_modifyitems(items):
    """Skip, by name, what Keras does otherwise on TensorFlow."""
    for item in items if BACKEND == "tensorflow" else ():
        for why, parts in DIFFERS.items():
            if any(part in item.nodeid for part in parts):
                item.add_marker(pytest.mark.skip(reason=f"Keras on TensorFlow differs: {why}"))


@pytest.fixture(scope="module", autouse=True)
def forget_what_was_compiled():
    yield
    if "jax" in sys.modules:
        sys.modules["jax"].clear_caches()
        gc.collect()
