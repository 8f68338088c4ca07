"""Writes docs/parity.md: what was compared with Keras, how often, and the largest difference.

    python tests/parity/report.py            runs the parity suite and the trainings, and writes the page and its figure
"""
import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).parent
HOME = HERE.parents[1]
PAGE, FIGURE = HOME / "docs" / "parity.md", "parity_training.png"
KINDS = {                                                  # in the order of the page
    "op": "Ops: value, and gradients of all inputs", "layer": "Layers: outputs, gradients of inputs and weights, states, configs",
    "activation": "Activations: value and gradient", "model": "Models", "loss": "Losses: every reduction, and gradients",
    "metric": "Metrics: over several updates; some of Keras compute in float32", "optimizer": "Optimizers: the weights after each of 20 updates",
    "schedule": "Schedules", "initializer": "Initializers: shapes, fans, distributions", "regularizer": "Regularizers",
    "constraint": "Constraints", "callback": "Callbacks", "training": "Training",
}


def run_suite(folder, processes):
    """Run the tests of this folder, and gather what they compared: (kind, name, dtype) -> {row: difference}."""
    command = [sys.executable, "-m", "pytest", "-q", "-n", str(processes), str(HERE)]
    done = subprocess.run(command, cwd=HOME, env={**os.environ, "PARITY_RECORDS": folder}, capture_output=True, text=True)
    print(done.stdout[-1500:])
    if done.returncode:
        sys.exit("the parity suite is not green: the page stays as it was")
    found = defaultdict(dict)
    for file in Path(folder).glob("*.json"):
        for kind, name, dtype, rows in json.loads(file.read_text(encoding="utf-8")):
            for row, difference in rows.items():
                of_name = found[kind, name, dtype]
                of_name[row] = max(of_name.get(row, 0.0), difference)
    return found


def table(found, kind):
    """The rows of a kind, several names to a line: | name | configurations | largest difference |."""
    lines = ["| | configurations | largest difference |", "|---|---|---|"]
    for (_, name, dtype), rows in sorted((key, rows) for key, rows in found.items() if key[0] == kind):
        label = f"`{name}`" + (" (float32)" if dtype == "float32" else "")
        lines.append(f"| {label} | {len(rows)} | {shown(max(rows.values()))} |")
    return "\n".join(lines)


def shown(difference):
    return "0" if difference == 0 else f"{difference:.0e}"


def summary(found):
    """One line for each kind: names, configurations, and the largest difference in float64."""
    lines = ["| | names | configurations | largest difference, float64 |", "|---|---|---|---|"]
    for kind, title in KINDS.items():
        rows = {key: value for key, value in found.items() if key[0] == kind and key[2] == "float64"}
        if rows:
            lines.append(f"| {title} | {len({name for _, name, _ in rows})} | {sum(map(len, rows.values()))} | "
                         f"{shown(max(max(row.values()) for row in rows.values()))} |")
    return "\n".join(lines)


def trainings():
    """What training.py prints, as a table of the page."""
    done = subprocess.run([sys.executable, HERE / "training.py", "--json"], capture_output=True, text=True, check=True,
                          env={**os.environ, "PYTHONPATH": str(HOME)})
    lines = ["| network | optimizer | steps | loss, from and to | largest difference of a loss | of a weight |", "|---|---|---|---|---|---|"]
    for row in json.loads(done.stdout):
        lines.append(f"| {row['network']} | {row['optimizer']} | {row['steps']} | {row['first']:.3f} to {row['last']:.3f} | "
                     f"{shown(row['losses'])} | {shown(row['weights'])} |")
    subprocess.run([sys.executable, HERE / "training.py", "--figure", PAGE.with_name(FIGURE)], check=True,
                   env={**os.environ, "PYTHONPATH": str(HOME)})
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = run_suite(folder, options.processes)
    unknown = {kind for kind, _, _ in found} - set(KINDS)
    assert not unknown, f"give {unknown} a title in KINDS"
    parts = [f"# Equal to Keras\n\nCompared with Keras {version('keras')} on JAX {version('jax')}, in float64 unless it says otherwise; "
             "differences are absolute for numbers up to 1, relative for larger ones. This page is written by "
             "`python tests/parity/report.py`.", summary(found), "## Training, step by step",
             "The same first weights and batches, with `fit`, in float64.", trainings(),
             f"![Losses of 100 steps of the MNIST convnet in float32, Keras's and tinyvision's over one another, for four optimizers]({FIGURE})"]
    for kind, title in KINDS.items():
        if any(key[0] == kind for key in found):
            parts += [f"## {title}", table(found, kind)]
    parts.append((HERE / "differences.md").read_text(encoding="utf-8").strip())
    PAGE.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    readme = HOME / "README.md"
    text = readme.read_text(encoding="utf-8")
    marked = r"(<!-- parity -->\n).*?(<!-- end of parity -->)"
    readme.write_text(re.sub(marked, lambda match: match[1] + summary(found) + "\n" + match[2], text, flags=re.DOTALL), encoding="utf-8")


if __name__ == "__main__":
    main()
