"""Lesson 07: what is stored of its runs is what its networks do, and shows what the lesson claims."""
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from shared_data import shared

import tinyvision as keras
from tinyvision.datasets import cats_vs_dogs

LESSON = Path(__file__).parents[1] / "lessons" / "07_cats_vs_dogs.py"
RESULTS = LESSON.parent / "results"
RUNS = json.loads((RESULTS / "07_cats_vs_dogs.json").read_text(encoding="utf-8"))["runs"]


def accuracies(part):
    return {run["seed"]: run["test_accuracy"] for run in RUNS if run["part"] == part}


def lesson(folder, *arguments, **environment):
    """Run a copy of the lesson in a folder: what it makes goes there, and not over what somebody has made."""
    copy = shutil.copy(LESSON, folder)
    return subprocess.run([sys.executable, copy, *arguments], capture_output=True, text=True, env={**os.environ, **environment})


@pytest.fixture(scope="module")
def photographs(tmp_path_factory):
    """The photographs, prepared anew in a data folder, where they are at hand."""
    archive, data = shared("cats_vs_dogs_180.tar"), tmp_path_factory.mktemp("data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TINYVISION_DATA", str(data))
        return data, cats_vs_dogs.folder(archive)


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


def test_part_1_is_the_same_in_keras():
    """As tests/parity/textbook.py found: the same losses at first, and as good a network in the end."""
    found = json.loads((RESULTS / "07_keras.json").read_text(encoding="utf-8"))
    ours = next(run for run in RUNS if (run["part"], run["seed"]) == (1, found["seed"]))["history"]["val_accuracy"]
    theirs = found["history"]["val_accuracy"]
    assert len(found["float64"]["tinyvision"]) == 20 and len(theirs) == len(ours)
    assert found["float64"]["tinyvision"] == pytest.approx(found["float64"]["keras"], abs=1e-3)
    assert theirs[-1] == pytest.approx(ours[-1], abs=0.03)


@pytest.mark.parametrize("part, size, twice", [(1, 180, False), (2, 180, False), (3, 192, True)])
def test_the_networks_are_as_good_as_it_says(part, size, twice, photographs):
    path = RESULTS / f"07_part{part}.keras"
    assert path.stat().st_size < 4e6
    network = keras.models.load_model(path)
    right = []
    for x, y in keras.utils.image_dataset_from_directory(photographs[1] / "test", label_mode="binary", image_size=(size, size)):
        dogs = network.predict_on_batch(x)
        dogs = (dogs + network.predict_on_batch(x.numpy()[:, :, ::-1])) / 2 if twice else dogs
        right.extend((dogs > 0.5) == y.numpy())
    assert len(right) == 2000
    assert np.mean(right) == pytest.approx(accuracies(part)[0], abs=0.00075)     # on another machine, one photograph may change sides


def test_runs_join_the_record(photographs, tmp_path):
    """A run that is done is not done again; it takes the place of the stored one of its part and seed, and no other's."""
    results, output = tmp_path / "results", tmp_path / "output"
    output.mkdir()
    results.mkdir()
    run = {**next(run for run in RUNS if (run["part"], run["seed"]) == (1, 0)), "machine": "another"}
    (output / "07_part1_photographs_seed0.json").write_text(json.dumps(run))
    shutil.copy(RESULTS / "07_part1.keras", output / "07_part1_photographs_seed0.keras")
    shutil.copy(RESULTS / "07_cats_vs_dogs.json", results)
    done = lesson(tmp_path, "--parts", "1", "--record", TINYVISION_DATA=str(photographs[0]))
    assert done.returncode == 0, done.stderr
    assert "it was trained before; to train it anew, delete" in done.stdout and "Epoch" not in done.stdout + done.stderr
    stored = json.loads((results / "07_cats_vs_dogs.json").read_text())["runs"]
    assert stored == [run if (other["part"], other["seed"]) == (1, 0) else other for other in RUNS]
    ours, theirs = (keras.models.load_model(folder / "07_part1.keras").get_weights() for folder in (results, RESULTS))
    assert all(np.array_equal(a, b) for a, b in zip(ours, theirs, strict=True))


@pytest.mark.parametrize("arguments, message", [
    (["--quick", "--drawn"], "leave --drawn out"),
    (["--drawn", "--data", "x"], "--data is for photographs: it does not go with --quick and --drawn"),
    (["--quick", "--download"], "--download is for photographs"),
    (["--quick", "--record"], "--record is for photographs")])
def test_options_that_do_not_go_together(arguments, message, tmp_path):
    done = lesson(tmp_path, *arguments)
    assert done.returncode == 2 and message in done.stderr


@pytest.mark.parametrize("name, message", [("nowhere.zip", "there is nothing at"), ("notes.zip", "no photographs")])
def test_who_has_no_photographs_is_told_what_to_do(name, message, tmp_path):
    with zipfile.ZipFile(tmp_path / "notes.zip", "w") as archive:
        archive.writestr("notes.txt", "no cats")
    done = lesson(tmp_path, "--data", tmp_path / name, TINYVISION_DATA=str(tmp_path))
    assert done.returncode == 1 and "Traceback" not in done.stderr and message in done.stderr
    assert done.stderr.endswith("--download, --data COPY, or for drawn ones --drawn or --quick\n")


def test_the_ablation_trains_versions_that_differ(tmp_path):
    done = lesson(tmp_path, "--quick", "--ablate")
    assert done.returncode == 0, done.stderr
    rows = [line for line in done.stdout.splitlines() if line.startswith("part 3, small, with")]
    logs = [json.loads(path.read_text()) for path in (tmp_path / "output").glob("07_without_*.json")]
    assert len(rows) == len(logs) == len({tuple(log["val_loss"]) for log in logs}) == 9 and "with everything" in rows[0]


def test_the_table_of_what_paid_is_what_was_recorded():
    rows = json.loads((RESULTS / "07_ablation.json").read_text(encoding="utf-8"))["runs"]
    recorded = {row["without"]: (row["accuracy"], row["val_accuracy"]) for row in rows if row["seed"] == 0}
    assert len(recorded) == 9 and all(row["epochs"] == 60 for row in rows)
    table = re.findall(r"^#   ([a-z ]+?) {2,}([01]\.\d{3}) {2,}([01]\.\d{3})$", LESSON.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert {name: (float(a), float(b)) for name, a, b in table} == {
        name: tuple(round(value, 3) for value in values) for name, values in recorded.items()}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT to send to a child")
def test_ctrl_c_stops_a_run_that_goes_on_later(tmp_path):
    """And comes to the very result that it would have come to."""
    (tmp_path / "other").mkdir()
    command = [sys.executable, "-u", shutil.copy(LESSON, tmp_path), "--quick", "--parts", "1"]
    said = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)) as child:     # in background jobs it is off
        for line in child.stdout:
            said.append(line)
            if line.startswith("Epoch 2/"):
                child.send_signal(signal.SIGINT)
    assert child.returncode == 1 and said[-1].endswith("start the lesson again, and it goes on\n")
    assert not (tmp_path / "output" / "07_part1_quick_seed0.json").exists()
    results = []
    for folder in tmp_path, tmp_path / "other":
        done = lesson(folder, "--quick", "--parts", "1")
        assert done.returncode == 0, done.stderr
        assert ("Epoch 1/" in done.stdout) == (folder != tmp_path) and "as expected" in done.stdout
        result = json.loads((folder / "output" / "07_part1_quick_seed0.json").read_text())
        del result["seconds"], result["history"]["seconds"]
        results.append(result)
    assert results[0] == results[1]


def test_it_names_ones_own_pictures(tmp_path):
    """Drawn ones, of any size: what it makes of them is its own business, but it says so, and how sure it is."""
    cats_vs_dogs.draw(tmp_path / "drawn", size=90, counts=(1, 1, 1))
    pictures = sorted((tmp_path / "drawn").rglob("*.jpg"))[:2]
    (tmp_path / "results").mkdir()
    shutil.copy(RESULTS / "07_part3.keras", tmp_path / "results")
    done = lesson(tmp_path, "--predict", tmp_path / "none.jpg", *pictures)
    assert done.returncode == 0, done.stderr
    missing, *lines = done.stdout.splitlines()
    assert "none.jpg" in missing and len(lines) == 2
    for path, line in zip(pictures, lines):
        name, _, found = line.rpartition(": a ")
        assert name == str(path) and found.split(",")[0] in ("cat", "dog") and found.endswith("% sure")
