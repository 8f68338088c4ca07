"""Each lesson runs in quick mode and keeps its own claim; and a lesson that trains fails when nothing is learned."""
import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

LESSONS = sorted((Path(__file__).parents[1] / "lessons").glob("[0-9][0-9]_*.py"))
TRAINING = [path for path in LESSONS if re.search(r"\.fit\(|\.apply\(|train_on_batch\(", path.read_text(encoding="utf-8"))]
IDLE = """
import runpy, sys
from tinyvision.optimizers import Optimizer
Optimizer.apply = lambda self, gradients, variables: None
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def run(folder, path, *before):
    """Run a copy of a lesson in quick mode: its figures go to the folder, and not over those that somebody has made."""
    copy = shutil.copy(path, folder)
    return subprocess.run([sys.executable, *before, copy, "--quick"], capture_output=True, text=True)


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_quick_mode_keeps_the_claim(path, tmp_path):
    done = run(tmp_path, path)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "as expected" in done.stdout


@pytest.mark.parametrize("path", TRAINING, ids=lambda path: path.stem)
def test_nothing_learned_is_noticed(path, tmp_path):
    done = run(tmp_path, path, "-c", IDLE)
    assert done.returncode != 0 and "AssertionError" in done.stderr


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_mistyped_options_are_refused(path):
    done = subprocess.run([sys.executable, path, "--f=notebook.json", "--quik"], capture_output=True, text=True)
    assert done.returncode == 2 and done.stderr.endswith("error: unrecognized arguments: --quik\n")


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_form(path):
    """A docstring with what it needs and what to expect, cells with prose, and a last cell that asserts."""
    text = path.read_text(encoding="utf-8")
    docstring = ast.get_docstring(ast.parse(text))
    assert re.match(rf"Lesson {path.stem[:2]}: .+\.$", docstring.splitlines()[0])
    assert all(word in docstring for word in ("Needs:", "Time:", "Expected:"))
    cells = re.split(r"^# %%", text, flags=re.MULTILINE)[1:]
    assert len(cells) >= 5 and "assert" in cells[-1]
    assert all(re.match(r" .+\n(# |import|from)", cell) for cell in cells), "each cell has a title, and prose before code"
    assert not re.search(r"tinyvision\.(kernels|autograd|op)\b", text), "lessons use the public interface only"
