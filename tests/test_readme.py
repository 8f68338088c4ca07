"""What the README says runs: its Python blocks, in order, as one script; and its lists name what is there."""
import re
import subprocess
import sys
from pathlib import Path

HOME = Path(__file__).parents[1]
README = (HOME / "README.md").read_text(encoding="utf-8")


def test_python_blocks_run_and_reach_98_percent(tmp_path):
    blocks = re.findall(r"^```python\n(.*?)^```", README, flags=re.DOTALL | re.MULTILINE)
    assert len(blocks) >= 4
    done = subprocess.run([sys.executable, "-c", "\n".join(blocks)], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    loss, accuracy = map(float, re.search(r"^\[([\d.e-]+), ([\d.]+)\]$", done.stdout, flags=re.MULTILINE).groups())
    assert loss < 0.1 and accuracy >= 0.98
    assert "[ 3. 12. 27.] [ 6. 12. 18.]" in done.stdout


def test_commands_of_both_systems_are_the_same():
    bash = re.findall(r"^```bash\n(.*?)^```", README, flags=re.DOTALL | re.MULTILINE)
    powershell = re.search(r"^```powershell\n(.*?)^```", README, flags=re.DOTALL | re.MULTILINE).group(1)
    assert len(bash) == 2
    for command, other in zip(bash, powershell.splitlines()):
        plain = command.strip().replace("python3", "py").replace(" && ", "; ").replace("/", "\\").replace("\\bin\\", "\\Scripts\\")
        assert plain == other


def test_links_and_paths_are_there():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (HOME / target).exists(), target
    for target in re.findall(r"`((?:tests|lessons|benchmarks|tinyvision|datasets|docs)/[\w/.]*)`", README):
        assert target == "lessons/output/" or (HOME / target).exists(), target


def test_the_top_level_holds_what_was_agreed():
    listed = subprocess.run(["git", "ls-files"], cwd=HOME, capture_output=True, text=True)
    found = {line.partition("/")[0] for line in listed.stdout.splitlines()} or {"README.md"}
    assert found <= {"tinyvision", "lessons", "tests", "benchmarks", "datasets", "docs", "setup.cfg", "README.md", "LICENSE",
                     "pyproject.toml", ".ci", ".gitignore"}
