"""Lesson 07: what is stored of its runs is what its networks do, and shows what the lesson claims."""
import json
import shutil
import signal
import statistics
import subprocess
import sys
from pathlib import Path

import pytest
from shared_data import shared

import tinyvision as keras
from tinyvision.datasets import cats_vs_dogs

LESSON = Path(__file__).parents[1] / "lessons" / "07_cats_vs_dogs.py"
RESULTS = LESSON.parent / "results"
RUNS = json.loads((RESULTS / "07_cats_vs_dogs.json").read_text(encoding="utf-8"))["runs"]


def accuracies(part):
    return {run["seed"]: run["test_accuracy"] for run in RUNS if run["part"] == part}


@pytest.fixture(scope="module")
def photographs(tmp_path_factory):
    """The photographs, prepared anew, where they are at hand."""
    root = tmp_path_factory.mktemp("photographs") / "root"
    cats_vs_dogs.prepare(shared("cats_vs_dogs_180.tar"), root)
    return root


def test_the_runs_show_what_the_lesson_claims():
    least = {1: 0.69, 2: 0.81, 3: 0.88}
    for run in RUNS:
        history = run["history"]
        assert run["pictures"] == "photographs" and {len(values) for values in history.values()} == {run["epochs"]}
        assert max(history["val_accuracy"]) == history["val_accuracy"][run["best_epoch"] - 1]
        assert run["validation_accuracy"] == pytest.approx(history["val_accuracy"][run["best_epoch"] - 1], abs=1e-4)
        assert run["seconds"] == pytest.approx(sum(history["seconds"]), abs=1)
        assert run["test_accuracy"] >= least[run["part"]]
    assert sorted(accuracies(1)) == [0, 1, 2] and statistics.median(accuracies(1).values()) <= 0.76


@pytest.mark.parametrize("part", sorted({run["part"] for run in RUNS}))
def test_the_networks_are_as_good_as_it_says(part, photographs):
    path = RESULTS / f"07_part{part}.keras"
    assert path.stat().st_size < 4e6
    test = keras.utils.image_dataset_from_directory(photographs / "test", label_mode="binary", image_size=(180, 180), shuffle=False)
    found = keras.models.load_model(path).evaluate(test, verbose=0)[1]
    assert found == pytest.approx(accuracies(part)[0], abs=0.0015)       # in half floats, three photographs may change sides


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT to send to a child")
def test_ctrl_c_stops_a_run_that_goes_on_later(tmp_path):
    command = [sys.executable, "-u", shutil.copy(LESSON, tmp_path), "--quick", "--parts", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)) as child:     # in background jobs it is off
        for line in child.stdout:
            if line.startswith("Epoch 2/"):
                child.send_signal(signal.SIGINT)
    done = tmp_path / "output" / "07_part1_quick_seed0.json"
    assert child.returncode == 1 and not done.exists()
    again = subprocess.run(command, capture_output=True, text=True)
    assert again.returncode == 0, again.stderr
    assert "Epoch 1/" not in again.stdout and "as expected" in again.stdout
    assert len(json.loads(done.read_text())["history"]["loss"]) == 6


@pytest.mark.skipif(not (RESULTS / "07_part3.keras").exists(), reason="there is no network of part 3 yet")
def test_it_names_ones_own_pictures(tmp_path):
    """Drawn ones, of any size: what it makes of them is its own business, but it says so, and how sure it is."""
    cats_vs_dogs.draw(tmp_path / "drawn", size=90, counts=(1, 1, 1))
    pictures = sorted((tmp_path / "drawn").rglob("*.jpg"))[:2]
    done = subprocess.run([sys.executable, LESSON, "--predict", tmp_path / "none.jpg", *pictures], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    missing, *lines = done.stdout.splitlines()
    assert "none.jpg" in missing and len(lines) == 2
    for path, line in zip(pictures, lines):
        name, _, found = line.rpartition(": a ")
        assert name == str(path) and found.split(",")[0] in ("cat", "dog") and found.endswith("% sure")
