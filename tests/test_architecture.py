"""The house has an order: a module imports only from below its own line, and nothing imports in a circle."""
import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "tinyvision"
MODULES = sorted(ROOT.rglob("*.py"))
FROM_THE_GROUND_UP = [
    {"config", "units"}, {"device", "files", "structures", "reporting", "progress", "nearest"}, {"autograd"}, {"op"}, {"kernels"}, {"ops", "profiling", "anomaly", "exchange"}, {"configurable"}, {"serialization"},
    {"activations", "initializers", "regularizers", "constraints"}, {"layers"}, {"losses"}, {"metrics"}, {"optimizers"}, {"data"}, {"callbacks"}, {"training"},
    {"outputs"}, {"advice"}, {"models"}, {"datasets", "applications"}, {"testing", "viz"}, {"utils", "extending"},
]
LINE = {name: number for number, names in enumerate(FROM_THE_GROUND_UP) for name in names}
HEAVY = {"numba", "scipy", "h5py", "PIL", "matplotlib", "cupy", "safetensors", "threadpoolctl"}
LOADED_AT_FIRST_USE = {"threads.py", "blocked.py", "vectors.py", "denormals.py", "jobs.py", "epilogue.py", "winograd.py", "direct.py", "depthwise.py", "tiled.py", "by_channel.py", "row_by_row.py", "counters.py", "updates.py", "compiling.py", "workers.py", "in_parallel.py", "recording.py", "few_channels.py", "banded.py", "pixelwise.py", "on_gpu.py", "grouped_on_gpu.py", "tiles.py", "cuda.py"}         # modules of fast kernels, which may import what they need


def name_of(path):
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports(path, top_level_only=False):
    """Full names of what a file imports from tinyvision: "ops.conv" or "ops" for `from . import conv` inside ops."""
    package = path.relative_to(ROOT).parts[:-1]
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in tree.body if top_level_only else ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = [*package[:len(package) - node.level + 1], *(node.module or "").split(".")]
            base = ".".join(part for part in base if part)
            for alias in node.names:
                inner = f"{base}.{alias.name}".strip(".")
                yield inner if (ROOT / inner.replace(".", "/")).with_suffix(".py").exists() or \
                    (ROOT / inner.replace(".", "/")).is_dir() else base


def outside_imports(tree):
    """Top-level packages that are imported when the module is: not those in functions, nor those for type checkers alone."""
    at_once = [n for n in tree.body if not isinstance(n, ast.FunctionDef)
               and not (isinstance(n, ast.If) and ast.unparse(n.test) == "TYPE_CHECKING")]
    for node in ast.walk(ast.Module(body=at_once, type_ignores=[])):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module.partition(".")[0]


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_point_down(path):
    mine = name_of(path).partition(".")[0]
    if mine == "__init__":
        return
    for other in imports(path):
        other = other.partition(".")[0]
        assert other, f"{name_of(path)} imports the package root"
        assert other == mine or LINE[other] < LINE[mine], f"{name_of(path)} imports {other}, which stands above it"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_nobody_names_the_package_from_inside(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert "tinyvision" not in set(outside_imports(tree))


def test_no_circles():
    arrows = {name_of(path): {other for other in imports(path) if other != name_of(path)} for path in MODULES}
    done, under_way = set(), []

    def visit(name):
        assert name not in under_way, f"a circle: {' -> '.join([*under_way[under_way.index(name):], name])}"
        if name not in done:
            under_way.append(name)
            for other in sorted(arrows.get(name, ())):
                visit(other)
            under_way.pop()
            done.add(name)

    for name in sorted(arrows):
        if not name.endswith("__init__") and not (ROOT / name.replace(".", "/")).is_dir():
            visit(name)


@pytest.mark.parametrize("path", [path for path in MODULES if path.name not in LOADED_AT_FIRST_USE], ids=name_of)
def test_heavy_packages_are_imported_at_first_use(path):
    found = HEAVY.intersection(outside_imports(ast.parse(path.read_text(encoding="utf-8"))))
    assert not found, f"{name_of(path)} imports {found} at once; do it inside the function that needs it"


@pytest.mark.parametrize("path", [path for path in MODULES if path.name == "__init__.py"], ids=name_of)
def test_init_files_import_and_register_no_more(path):
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        registers = isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and node.value.func.id == "offer"
        assert docstring or registers or isinstance(node, ast.ImportFrom), f"{path}: line {node.lineno}"


def test_every_folder_of_code_is_a_package():
    assert all((folder / "__init__.py").exists() for folder in {path.parent for path in MODULES})
