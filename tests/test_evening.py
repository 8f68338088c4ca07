"""The engine can be read in an evening: the README's reading path is short, closed, and trains the convnet on its own."""
import ast
import io
import json
import re
import statistics
import subprocess
import sys
import textwrap
import tokenize
from pathlib import Path

import numpy as np
import pytest

HOME = Path(__file__).parents[1]
PACKAGE = HOME / "tinyvision"


def reading_path():
    """The modules that the README lists in its section "The reading path"."""
    readme = (HOME / "README.md").read_text(encoding="utf-8")
    section = readme.split("## The reading path")[1].split("\n## ")[0]
    return [PACKAGE / name for name in re.findall(r"`([a-z_/]+\.py)`", section)]


def lines_of_code(source):
    """The numbers of the lines that hold code: no comments, no docstrings, no blank lines."""
    docstrings = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(node) is not None:
            docstrings.update(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    silent = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
    code = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in silent:
            code.update(range(token.start[0], token.end[0] + 1))
    return code - docstrings


def test_the_path_is_at_most_2000_lines_and_no_file_over_300():
    lengths = {path.relative_to(PACKAGE).as_posix(): len(lines_of_code(path.read_text(encoding="utf-8"))) for path in reading_path()}
    assert len(lengths) >= 20
    assert max(lengths.values()) <= 300, max(lengths, key=lengths.get)
    assert sum(lengths.values()) <= 2000, json.dumps(lengths, indent=1)


def test_functions_are_short():
    sizes = []
    for path in reading_path():
        source = path.read_text(encoding="utf-8")
        code = lines_of_code(source)
        sizes += [len(code.intersection(range(node.lineno, node.end_lineno + 1)))
                  for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)]
    assert statistics.median(sizes) <= 10
    assert max(sizes) <= 60, "a function should fit on a screen"


def imported_modules(path):
    """The modules of tinyvision that a file names in its imports, packages left out."""
    folder = path.parent
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = folder.joinpath(*[".."] * (node.level - 1), *(node.module or "").split(".")).resolve()
            places = [base.with_suffix(".py"), *(base / f"{alias.name}.py" for alias in node.names)]
            yield from (place for place in places if place.exists())


@pytest.mark.parametrize("path", reading_path(), ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_the_path_is_closed(path):
    outside = set(imported_modules(path)) - set(reading_path())
    assert not outside, f"{path.name} is on the reading path and imports {', '.join(other.name for other in outside)}, which is not"


def copy_of_the_path(target):
    """Only the modules of the path, and `__init__` files that import only from them."""
    modules = reading_path()
    for path in modules:
        place = target / "tinyvision" / path.relative_to(PACKAGE)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    for folder in sorted({path.parent for path in modules} | {PACKAGE}):
        kept = []
        for node in ast.parse((folder / "__init__.py").read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ImportFrom):
                base = folder.joinpath(*[".."] * (node.level - 1), *(node.module or "").split(".")).resolve()
                if node.module is None:                    # from . import a, b: keep those that are there
                    node.names = [alias for alias in node.names if (folder / f"{alias.name}.py") in modules
                                  or any((folder / alias.name) in path.parents for path in modules)]
                elif base.with_suffix(".py") not in modules and not any(base in path.parents for path in modules):
                    node.names = []
                if node.names:
                    kept.append(ast.unparse(node))
        place = target / "tinyvision" / folder.relative_to(PACKAGE) / "__init__.py"
        place.write_text("\n".join(kept) + "\n", encoding="utf-8")


TRAINING = """
    import numpy as np
    import tinyvision as keras
    from tinyvision import layers

    data = np.load("mnist.npz")
    keras.config.set_random_seed(0)
    inputs = keras.Input(shape=(28, 28, 1))
    x = layers.Conv2D(32, 3, activation="relu")(inputs)
    x = layers.MaxPooling2D(2)(x)
    x = layers.Conv2D(64, 3, activation="relu")(x)
    x = layers.MaxPooling2D(2)(x)
    x = layers.Conv2D(128, 3, activation="relu")(x)
    outputs = layers.Dense(10, activation="softmax")(layers.Flatten()(x))
    model = keras.Model(inputs, outputs)
    model.compile("rmsprop", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(data["x_train"][:24000], data["y_train"][:24000], batch_size=64, verbose=2)
    model.optimizer.learning_rate = 2e-4                   # smaller steps at the end save half of an epoch
    model.fit(data["x_train"][24000:36000], data["y_train"][24000:36000], batch_size=64, verbose=2)
    print("accuracy", model.evaluate(data["x_test"], data["y_test"], batch_size=500, verbose=0)[1])
"""


def test_the_path_alone_trains_on_mnist(tmp_path):
    """36,000 digits once, NumPy kernels only, in a copy that holds the modules of the path alone: 0.98."""
    from tinyvision.datasets import mnist
    (x_train, y_train), (x_test, y_test) = mnist.load_data()
    np.savez(tmp_path / "mnist.npz", x_train=x_train[..., None].astype("float32") / 255, y_train=y_train,
             x_test=x_test[..., None].astype("float32") / 255, y_test=y_test)
    copy_of_the_path(tmp_path)
    done = subprocess.run([sys.executable, "-W", "error", "-c", textwrap.dedent(TRAINING)], cwd=tmp_path, capture_output=True,
                          text=True)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout.split()[-1]) >= 0.98, done.stdout


RULES = """
    import numpy as np
    from tinyvision import ops, tensor
    from tinyvision.autograd import grad

    rng = np.random.default_rng(0)
    x, t = rng.standard_normal((4, 3)), np.eye(3)[[0, 2, 1, 1]]
    w = rng.standard_normal(x.shape)
    cases = {
        "relu": lambda x: ops.relu(x),
        "add": lambda x: x + x * 2,
        "crossentropy of logits": lambda x: ops.categorical_crossentropy(t, x, from_logits=True),
        "crossentropy": lambda x: ops.categorical_crossentropy(t, ops.softmax(x)),
    }
    for name, function in cases.items():
        weighted = lambda a: (function(a) * w[:, :function(a).shape[-1]] if function(a).ndim == 2 else function(a) * w[:, 0]).sum()
        a = tensor(x, requires_grad=True)
        found, = grad(weighted(a), a)
        for u in rng.standard_normal((3, *x.shape)):
            slope = (weighted(tensor(x + 1e-6 * u)) - weighted(tensor(x - 1e-6 * u))).item() / 2e-6
            assert abs((found.numpy() * u).sum() - slope) < 1e-6, name
    p = rng.uniform(0.1, 1, (4, 3))
    expected = -np.log((p / p.sum(axis=1, keepdims=True))[t == 1])
    np.testing.assert_allclose(ops.categorical_crossentropy(t, p).numpy(), expected, rtol=1e-12)
    np.testing.assert_allclose(ops.sparse_categorical_crossentropy(t.argmax(axis=1), p).numpy(), expected, rtol=1e-12)
"""


def test_the_paths_own_rules_are_right(tmp_path):
    """In the whole package, faster rules stand in for some of these, and hide them from the laws."""
    copy_of_the_path(tmp_path)
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(RULES)], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
