"""What JAX has compiled for one file of tests is of no use to the next, and takes gigabytes."""
import gc
import sys

import pytest


@pytest.fixture(scope="module", autouse=True)
def forget_what_was_compiled():
    yield
    if "jax" in sys.modules:
        sys.modules["jax"].clear_caches()
        gc.collect()
