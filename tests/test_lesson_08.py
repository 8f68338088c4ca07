"""Lesson 08: its record is of three frameworks that agree, and it runs where none but tinyvision is installed."""
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np

LESSONS = Path(__file__).parents[1] / "lessons"
ALONE = """
import importlib.util, runpy, sys
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, *more: None if name in ("keras", "torch") else found(name, *more)
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def alone(folder, *arguments):
    return subprocess.run([sys.executable, "-c", ALONE, folder / "08_three_frameworks.py", *arguments], capture_output=True, text=True)


def test_the_recorded_frameworks_agree():
    record = json.loads((LESSONS / "results" / "08_three_frameworks.json").read_text(encoding="utf-8"))
    assert set(record) == {"tinyvision", "keras", "torch"}
    for other in "keras", "torch":
        for what in "losses", "logits", "first kernel":
            a, b = np.array(record["tinyvision"][what]), np.array(record[other][what])
            assert abs(a - b).max() <= 1e-5 * abs(b).max() and a.size > 1


def test_without_the_others_the_record_takes_their_place(tmp_path):
    shutil.copy(LESSONS / "08_three_frameworks.py", tmp_path)
    done = alone(tmp_path)
    assert done.returncode == 1 and "there is nothing to compare with: pip install keras jax, or torch" in done.stderr
    (tmp_path / "results").mkdir()
    shutil.copy(LESSONS / "results" / "08_three_frameworks.json", tmp_path / "results")
    done = alone(tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "torch is not installed: these are the numbers of a recorded run, by version 2.13.0" in done.stdout
    assert "as expected" in done.stdout
    done = alone(tmp_path, "--record")
    assert done.returncode == 1 and "--record wants both frameworks" in done.stderr
