"""The libraries that are compared, and how a process of each is started and spoken to."""
import importlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

WORKER = Path(__file__).with_name("worker.py")
THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "BLIS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS",
                    "NUMBA_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
DEVICES = "cpu", "cuda"
EVERYTHING = frozenset({"mnist", "cats", "layers", "blocks", "imagenet", "scaling", "start", "memory"})

# glibc gives large blocks back to the system at once, which fills them with zeros again at the next use, page by page. So
# told, it keeps them. (Older versions refuse a threshold above 32 MiB; no more than 0 blocks apart means the same.)
KEEPS_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(2 ** 32), "MALLOC_TRIM_THRESHOLD_": str(2 ** 32), "MALLOC_TOP_PAD_": str(2 ** 26),
                "MALLOC_MMAP_MAX_": "0"}


@dataclass(frozen=True)
class Entry:
    module: str
    packages: tuple                                        # whose versions are reported
    options: dict = field(default_factory=dict)
    environment: dict = field(default_factory=dict)
    sections: frozenset = EVERYTHING
    devices: tuple = ()                                    # where `run.py --devices` measures it


ENTRIES = {
    "tinyvision": Entry("in_tinyvision", ("numpy", "numba", "cupy-cuda12x", "cupy-cuda13x"), devices=DEVICES),
    "torch": Entry("in_torch", ("torch",), {"channels_last": False}, devices=DEVICES),
    "torch channels last": Entry("in_torch", ("torch",), {"channels_last": True}, sections=EVERYTHING - {"start"},
                                 devices=DEVICES),
    "torch tuned malloc": Entry("in_torch", ("torch",), {"channels_last": True}, KEEPS_MEMORY, EVERYTHING - {"start"}),
    "keras": Entry("in_keras", ("keras", "tensorflow-cpu", "tensorflow"), sections=EVERYTHING - {"layers"},
                   devices=("cpu",)),
    "dezero": Entry("in_dezero", ("dezero",), sections=EVERYTHING - {"layers", "blocks", "imagenet", "scaling"}),
}
OURS, RIVALS, TUNED = "tinyvision", ("torch", "torch channels last"), "torch tuned malloc"


def load(entry, threads, device="cpu", precision="float32"):
    """Import a library and tell it how many threads it has, and which GPU, if any."""
    where = {} if device == "cpu" else {"device": device, "precision": precision}
    return importlib.import_module(entry.module).Library(threads, **entry.options, **where)


def versions(entry):
    """The versions of an entry's packages, of those that are installed."""
    found = {}
    for package in entry.packages:
        try:
            found[package] = version(package)
        except ModuleNotFoundError:
            pass
    return found


class Failed(Exception):
    """A library could not do what it was asked; the message says why."""


class Worker:
    """The process of one library. It starts at the first request, and again after it died."""

    def __init__(self, name, threads, environment=(), device="cpu", precision="float32"):
        self.name, self.threads, self.process, self.versions, self.import_peak = name, threads, None, {}, 0
        self.device, self.precision = device, precision
        self.environment = {**os.environ, **dict.fromkeys(THREAD_VARIABLES, str(threads)), **ENTRIES[name].environment,
                            **dict(environment)}

    def start(self):
        """Start the process and wait until the library is imported."""
        # In a group of its own: Ctrl-C reaches the parent alone, which then ends its workers.
        command = [sys.executable, str(WORKER), self.name, str(self.threads), self.device, self.precision]
        self.process = subprocess.Popen(command, env=self.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True, start_new_session=True)
        ready = self._answer()
        self.versions, self.import_peak = ready["versions"], ready["peak"]

    def ask(self, **request):
        """The answer to a request.

        Raises:
            Failed: the library raised an error, or its process died.
        """
        if self.process is None:
            self.start()
        try:
            self.process.stdin.write(json.dumps(request) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass                                           # it died in between: there will be no answer
        return self._answer()

    def _answer(self):
        line = self.process.stdout.readline()
        if not line:
            code = self.process.wait()
            self.stop()
            killed = "out of memory: the system killed its process"
            raise Failed(killed if code == -9 else f"its process ended with status {code}")
        answer = json.loads(line)
        if "error" in answer:
            if self.device != "cpu":
                self.stop()                                # after an error of CUDA's, all that follows in a process fails
            raise Failed(answer["error"])
        return answer

    def stop(self):
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
            self.process = None
