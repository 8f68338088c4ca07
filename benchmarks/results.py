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
from tinyvision.device import to_device  # noqa: E402
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


def gpu():
    """The first GPU's model.

    Raises:
        RuntimeError: it cannot be used; it says why.
    """
    to_device(np.zeros(1), "cuda")
    import cupy
    return cupy.cuda.runtime.getDeviceProperties(0)["name"].decode()


def available_cores():
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def new(threads, quick, device=None, precision="float32"):
    """An empty record of this machine, today; of one of its devices."""
    where = {} if device is None else {"device": device}
    if device == "cuda":
        where |= {"gpu": gpu(), "precision": precision}
    return {"processor": processor(), "cores": available_cores(), "threads": threads, "quick": quick,
            **where, "date": datetime.date.today().isoformat(), "system": f"{platform.system()} {platform.machine()}",
            "python": platform.python_version(), "versions": {}, "left out": {}, "tasks": {}}


def slug(name):
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def path_of(record, folder=FOLDER):
    machine = slug(record["processor"])
    first = f"{slug(record['gpu'])}-{record['precision']}-" if "gpu" in record else ""
    quick = "-quick" if record["quick"] else ""
    return Path(folder) / f"{first}{machine}-{record['cores']}-cores-{record['threads']}-threads-{record['date']}{quick}.json"


def opened(threads, quick, folder=FOLDER, **where):
    """The record of this machine, today: what it has is kept until a task is measured again."""
    record = new(threads, quick, **where)
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


def best_median(found, names=RIVALS):
    """The best median of some libraries, or None: of PyTorch's two layouts. What has another allocator does not count."""
    return min((found[name]["median"] for name in names if name in found), default=None)


def ratio(found, rivals=RIVALS):
    """tinyvision's median divided by the best of the rivals'; None where one of them is missing."""
    theirs = best_median(found, rivals)
    return found[OURS]["median"] / theirs if OURS in found and theirs else None
