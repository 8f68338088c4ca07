"""What was measured, as files: one for each machine, number of threads and day."""
import datetime
import json
import os
import platform
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
from libraries import OURS, RIVALS

sys.path.insert(0, str(Path(__file__).parents[1]))
from tinyvision.files import replacing  # noqa: E402

FOLDER = Path(__file__).with_name("results")


def processor():
    """The processor's model; nothing that names this one machine."""
    if sys.platform.startswith("linux"):
        found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), flags=re.MULTILINE)
        return found.group(1).strip() if found else platform.machine()
    if sys.platform == "darwin":
        return subprocess.run(["sysctl", "-n", "machdep.cpu.brand_string"], capture_output=True, text=True).stdout.strip()
    return platform.processor() or platform.machine()


def available_cores():
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def new(threads, quick):
    """An empty record of this machine, today."""
    return {"processor": processor(), "cores": available_cores(), "threads": threads, "quick": quick,
            "date": datetime.date.today().isoformat(), "system": f"{platform.system()} {platform.machine()}",
            "python": platform.python_version(), "versions": {}, "left out": {}, "tasks": {}}


def path_of(record, folder=FOLDER):
    machine = re.sub(r"[^a-z0-9]+", "-", record["processor"].lower()).strip("-")
    quick = "-quick" if record["quick"] else ""
    return Path(folder) / f"{machine}-{record['cores']}-cores-{record['threads']}-threads-{record['date']}{quick}.json"


def opened(threads, quick, folder=FOLDER):
    """The record of this machine, today: what it has is kept until a task is measured again."""
    record = new(threads, quick)
    path = path_of(record, folder)
    if path.exists():
        record["tasks"] = json.loads(path.read_text(encoding="utf-8"))["tasks"]
    return record


def save(record, folder=FOLDER):
    with replacing(path_of(record, folder)) as path:
        path.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def stored(folder=FOLDER):
    """All records, by the names of their files."""
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(Path(folder).glob("*.json"))}


def summary(values):
    """Median, quartiles and number of some measurements."""
    lower, median, upper = (float(f"{value:.4g}") for value in np.percentile(values, (25, 50, 75)))
    return {"median": median, "lower quartile": lower, "upper quartile": upper, "calls": len(values)}


def better_torch(found, rivals=RIVALS):
    """The better median of PyTorch's two layouts, or None. What has another allocator does not count."""
    return min((found[name]["median"] for name in rivals if name in found), default=None)


def ratio(found, rivals=RIVALS):
    """tinyvision's median divided by the best of the rivals'; None where one of them is missing."""
    theirs = better_torch(found, rivals)
    return found[OURS]["median"] / theirs if OURS in found and theirs else None
