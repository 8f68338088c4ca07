"""benchmarks/gpu_check.py, on a GPU that NumPy feigns; and whether what a real one has shown is of the kernels that are here."""
import json
import os
import subprocess
import sys
from pathlib import Path

import emulated_cuda
import fake_cupy
import pytest

HOME = Path(__file__).parents[1]
sys.path.insert(0, str(HOME / "benchmarks"))
import gpu_check  # noqa: E402

EVIDENCE = sorted(path for path in gpu_check.FOLDER.glob("*.json") if not path.stem.endswith("-quick"))


@pytest.mark.skipif(not emulated_cuda.available, reason="needs g++: kernels of GPUs run on the CPU where it is installed")
def test_it_checks_and_writes_what_it_found(tmp_path, capsys):
    with fake_cupy.installed():
        assert gpu_check.main(["--here", "--quick", "--folder", str(tmp_path), "--only", "kernels_against_references,every_layer,two_runs,memory"]) == 0
    found = json.loads((tmp_path / "a-gpu-that-numpy-feigns-quick.json").read_text(encoding="utf-8"))
    assert found["gpu"] == "a GPU that NumPy feigns" and found["kernels"] == gpu_check.kernel_hash()
    assert all(part["ok"] for part in found["parts"].values()) and found["parts"]["kernels_against_references"]["tf32"]["rows"] > 10


def test_a_part_that_fails_is_recorded_and_the_others_go_on(tmp_path, monkeypatch, capsys):
    def wrong(options):
        raise AssertionError("conv 3: 0.5")
    monkeypatch.setattr(gpu_check, "PARTS", {"wrong": wrong, "right": lambda options: {"rows": 3}})
    with fake_cupy.installed():
        assert gpu_check.main(["--here", "--folder", str(tmp_path), "--only", "wrong,right"]) == 1
    parts = json.loads((tmp_path / "a-gpu-that-numpy-feigns.json").read_text(encoding="utf-8"))["parts"]
    assert parts["wrong"]["error"] == "AssertionError: conv 3: 0.5" and not parts["wrong"]["ok"]
    assert parts["right"]["rows"] == 3 and parts["right"]["ok"]


@pytest.mark.parametrize("kernels", ["the same", "others"])
def test_a_part_alone_leaves_the_other_parts_of_the_same_kernels(tmp_path, monkeypatch, capsys, kernels):
    hashes = iter(["these", "these" if kernels == "the same" else "those"])
    monkeypatch.setattr(gpu_check, "kernel_hash", lambda: next(hashes))
    monkeypatch.setattr(gpu_check, "PARTS", {"wrong": lambda options: {}["nothing"], "right": lambda options: {"rows": 3}})
    with fake_cupy.installed():
        assert [gpu_check.main(["--here", "--folder", str(tmp_path), "--only", name]) for name in ("wrong", "right")] == [1, 0]
    parts = json.loads((tmp_path / "a-gpu-that-numpy-feigns.json").read_text(encoding="utf-8"))["parts"]
    assert list(parts) == (["wrong", "right"] if kernels == "the same" else ["right"])


ON_THE_FAKE = """
import os, sys
import fake_cupy
with fake_cupy.installed():
    import gpu_check
    gpu_check.__file__ = __file__                          # what processes of parts run
    gpu_check.PARTS.clear()

    @gpu_check.part(limit=100, shared=True)
    def rows(options):
        return {"float32": gpu_check.judged({f"row {i}": i * 1e-7 for i in gpu_check.mine(options, range(9))}, 1e-5)}

    @gpu_check.part(limit=100, shared=True)
    def wrong(options):
        return {"float32": gpu_check.judged({f"row {i}": float(i) for i in gpu_check.mine(options, range(3))}, 1.5)}

    @gpu_check.part(limit=100, shared=True)
    def empty(options):
        return {"tf32": gpu_check.judged({}, 1e-3)}

    @gpu_check.part(limit=100, timed=True)
    def crashes(options):
        os._exit(3)

    @gpu_check.part(limit=1)
    def hangs(options):
        pass

    sys.exit(gpu_check.main())
"""


def test_each_part_has_processes_of_its_own(tmp_path):
    """Whatever becomes of a part, the others go on; shares of rows are put together."""
    (tmp_path / "check.py").write_text(ON_THE_FAKE, encoding="utf-8")
    paths = os.pathsep.join(str(HOME / folder) for folder in ("", "tests", "benchmarks"))
    done = subprocess.run([sys.executable, tmp_path / "check.py", "--folder", tmp_path], capture_output=True, text=True,
                          env={**os.environ, "PYTHONPATH": paths})
    assert done.returncode == 1, done.stderr
    parts = json.loads((tmp_path / "a-gpu-that-numpy-feigns.json").read_text(encoding="utf-8"))["parts"]
    assert parts["rows"]["ok"] and parts["rows"]["float32"] == {"rows": 9, "worst": "row 8", "difference": 8e-7}
    assert parts["wrong"] == {"ok": False, "error": "AssertionError: row 2: 2.0e+00"}
    assert parts["empty"] == {"ok": False, "error": "no row was compared in tf32"}
    assert parts["crashes"]["error"].startswith("ended with 3")
    assert parts["hangs"]["error"] == "not finished in 1 seconds"


def test_without_a_gpu_it_says_why(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "cupy", None)
    assert gpu_check.main([]) == 1
    assert "nothing to check: a GPU needs CuPy" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        gpu_check.main(["--only", "dancing"])


def test_what_a_gpu_has_shown_is_of_these_kernels():
    if not EVIDENCE:
        assert "**No GPU has run any of this yet**" in (HOME / "README.md").read_text(encoding="utf-8")
        pytest.skip("no GPU has run benchmarks/gpu_check.py yet")
    old = [path.name for path in EVIDENCE if json.loads(path.read_text(encoding="utf-8"))["kernels"] != gpu_check.kernel_hash()]
    if old:
        pytest.skip(f"{', '.join(old)} show kernels that have changed since: run benchmarks/gpu_check.py on a GPU again")
