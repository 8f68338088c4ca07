"""Comparing with Keras, and writing down what was compared: docs/parity.md is made of it.

With PARITY_RECORDS set to a folder, each process of the test run leaves a file there with what it compared.
"""
import atexit
import json
import os
from pathlib import Path

import numpy as np

from .oracle import accuracy

RECORDS = {}                                               # (kind, name, dtype) -> {row: largest difference}


def agree(what, ours, theirs, tolerance=1e-10, dtype="float64"):
    """Assert that arrays are equal to within a tolerance, absolute for numbers up to 1 and relative for larger ones.

    Args:
        what: (kind, name, row): ("layer", "Conv2D", "strides").
    """
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    kind, name, row = what
    tolerance = max(tolerance, accuracy(kind))
    np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance)
    found = RECORDS.setdefault((kind, name, dtype), {})
    finite = np.isfinite(theirs.astype(float))
    difference = np.abs(ours.astype(float)[finite] - theirs.astype(float)[finite]) / np.maximum(1, np.abs(theirs[finite].astype(float)))
    found[row] = max(found.get(row, 0.0), float(difference.max(initial=0.0)))


def _write():
    folder = os.environ.get("PARITY_RECORDS")
    if folder and RECORDS:
        records = [[*key, rows] for key, rows in RECORDS.items()]
        Path(folder, f"{os.getpid()}.json").write_text(json.dumps(records), encoding="utf-8")


atexit.register(_write)
