"""Lesson 14: what is stored of its runs shows what the lesson and the README claim."""
import json
import re
from pathlib import Path

HOME = Path(__file__).parents[1]
RUNS = json.loads((HOME / "lessons" / "results" / "14_transfer_learning.json").read_text(encoding="utf-8"))["runs"]
STEPS = "nothing learned", "the last layer", "with augmentation", "fine-tuned"


def test_transfer_beats_learning_from_nothing():
    scratch = json.loads((HOME / "lessons" / "results" / "07_cats_vs_dogs.json").read_text(encoding="utf-8"))["runs"]
    for run in RUNS:
        assert run["fine-tuned"] >= 0.97 > max(other["test_accuracy"] for other in scratch)
        assert run["nothing learned"] < run["the last layer"]


def test_what_is_told_is_what_was_recorded():
    run, = (run for run in RUNS if run["seed"] == 0)
    lesson = (HOME / "lessons" / "14_transfer_learning.py").read_text(encoding="utf-8")
    table = dict(re.findall(r"^#   ([a-z -]+?) {2,}(0\.\d{4})\b", lesson, flags=re.MULTILINE))
    assert table == {step: f"{run[step]:.4f}" for step in STEPS}
    readme = (HOME / "README.md").read_text(encoding="utf-8")
    told = readme.split("## Two thousand photographs")[1].split("\n## ")[0]
    assert f"{run[STEPS[1]]:.1%}" in told and run['fine-tuned'] - run[STEPS[1]] < 0.003      # of which it says: chance
