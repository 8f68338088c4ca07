"""Whether there is a GPU that can be used, and if not, why: asked when the first array is to go there, never at import."""
import functools
import os
import re
import sys
from typing import NamedTuple

import numpy as np

from ..units import readable_bytes
from .arrays import PROBES, SHORTAGES

INSTALL = "pip install 'tinyvision[cuda12]' or 'tinyvision[cuda13]', whichever CUDA your driver has"
DOUBLED = 'extern "C" __global__ void doubled(float* x, int n) { int i = threadIdx.x; if (i < n) x[i] *= 2; }'


class Finding(NamedTuple):
    """What is known of GPUs here.

    Attributes:
        facts: {what was asked: the answer}, in the order in which it was asked.
        missing: why no GPU can be used, in a sentence; None if one can.
    """

    facts: dict
    missing: str | None

    @property
    def gpus(self) -> int:
        """How many there are: each has a line."""
        return self.facts.get("GPUs", "").count("cuda:")


def find() -> Finding:
    """Ask step by step: CuPy, the driver, its GPUs, the compiler NVRTC, and a small kernel whose result is known.

    Each step needs those before: the first that fails is the last that is asked.
    """
    facts = {}
    for what, step in STEPS.items():
        try:
            facts[what] = step()
        except _Missing as why:
            return Finding({**facts, what: why.found}, str(why))
        except Exception as error:                         # CUDA's own errors, and those of a library that does not load
            return Finding({**facts, what: f"{type(error).__name__}: {error}"}, f"{what} failed: {error}")
    return Finding(facts, None)


def report() -> None:
    """Print what was found: versions, GPUs with their memory, and whether they can be used; if not, why, and what mends it.

        CuPy      14.2.0
        driver    for CUDA 13.0
        GPUs      cuda:0  NVIDIA H100 80GB HBM3, compute capability 9.0, 132 multiprocessors, 78.4 GiB of 79.1 GiB free
        NVRTC     13.0
        a kernel  was compiled and ran
        tinyvision can use cuda:0.
    """
    found = find()
    width = max(map(len, found.facts)) + 2
    for what, answer in found.facts.items():
        print(what.ljust(width) + answer.replace("\n", "\n" + " " * width))
    usable = ", ".join(f"cuda:{i}" for i in range(found.gpus))
    print(f"tinyvision cannot use a GPU: {found.missing}" if found.missing else f"tinyvision can use {usable}.")


class _Missing(RuntimeError):
    """A step that failed: `found` is what it found, the message what that means and how to mend it."""

    def __init__(self, found, message):
        super().__init__(message)
        self.found = found


def _cupy():
    try:
        import cupy
    except ModuleNotFoundError as error:
        if error.name != "cupy":
            raise
        raise _Missing("not installed", f"a GPU needs CuPy, which is not installed: {INSTALL}") from None
    except ImportError as error:
        raise _Missing(f"does not load: {error}", f"CuPy is installed, but does not load ({error}): reinstall it, one version "
                       f"alone: {INSTALL}") from error
    return cupy.__version__


def _driver():
    import cupy
    version = cupy.cuda.runtime.driverGetVersion()
    if not version:
        raise _Missing("none", "there is no NVIDIA driver on this machine (nvidia-smi would say the same): install one, or use "
                       "a machine with a GPU; in a container, start it with --gpus all")
    return f"for CUDA {version // 1000}.{version % 1000 // 10}"


def _gpus():
    import cupy
    runtime, visible = cupy.cuda.runtime, os.environ.get("CUDA_VISIBLE_DEVICES")
    try:
        count = runtime.getDeviceCount()
    except runtime.CUDARuntimeError as error:
        hidden = f"; CUDA_VISIBLE_DEVICES is {visible!r}" if visible is not None else ""
        raise _Missing(f"none: {error}{hidden}", f"the driver shows no GPU ({error}){hidden}") from error
    found = []
    for number in range(count):
        facts, (free, total) = runtime.getDeviceProperties(number), cupy.cuda.Device(number).mem_info
        found.append(f"cuda:{number}  {facts['name'].decode()}, compute capability {facts['major']}.{facts['minor']}, "
                     f"{facts['multiProcessorCount']} multiprocessors, {readable_bytes(free)} of {readable_bytes(total)} free")
    return "\n".join(found)


def _nvrtc():
    import cupy
    try:
        return "{}.{}".format(*cupy.cuda.nvrtc.getVersion())
    except Exception as error:                             # whatever looks for its library
        raise _Missing(f"not found: {error}", f"CUDA's compiler NVRTC was not found ({error}), without which CuPy computes "
                       f"nothing: {INSTALL}; the [ctk] in them brings it") from error


def _kernel():
    import cupy
    x = cupy.asarray(np.arange(8, dtype=np.float32))
    cupy.RawModule(code=DOUBLED).get_function("doubled")((1,), (8,), (x, np.int32(8)))
    if not np.array_equal(x.get(), 2 * np.arange(8)):
        raise _Missing("ran, with a wrong result", "the GPU computes wrong numbers: does the CUDA of CuPy fit the driver?")
    return "was compiled and ran"


STEPS = {"CuPy": _cupy, "driver": _driver, "GPUs": _gpus, "NVRTC": _nvrtc, "a kernel": _kernel}


def probe(number) -> None:
    """Make a GPU the current one, where CuPy makes arrays and computes; or raise a RuntimeError that says why it cannot be."""
    if number >= (gpus := _usable()):                      # when it has worked once, it is not asked again
        raise RuntimeError(f"there is no GPU cuda:{number}: this machine has {gpus}, cuda:0 to cuda:{gpus - 1}")
    cuda = sys.modules["cupy"].cuda
    if gpus > 1 and cuda.runtime.getDevice() != number:
        cuda.Device(number).use()


@functools.cache
def _usable():
    found = find()
    if found.missing:
        raise RuntimeError(f"{found.missing}. tinyvision.device.report() tells all that was found.")
    return found.gpus


def shortage(what, error):
    """How much memory of a GPU was asked for, how much is free, who has the rest, and what to do; None for other shortages."""
    asked = re.search(r"allocating ([\d,]+) bytes", str(error))
    if not asked or type(error).__module__.partition(".")[0] != "cupy":
        return None
    cupy = sys.modules["cupy"]
    device, pool = cupy.cuda.Device(), cupy.get_default_memory_pool()
    free, total = device.mem_info
    asked = readable_bytes(int(asked[1].replace(",", "")))
    return MemoryError(
        f"{what}: cuda:{device.id} has not enough memory: {asked} were asked for, {readable_bytes(free)} of "
        f"{readable_bytes(total)} are free, and {readable_bytes(pool.used_bytes())} are in use by this process. Make batches "
        "or images smaller, let go of Tensors that are not needed any more (a loss that is kept keeps its whole graph: "
        "loss.item() does not), or see with nvidia-smi who else uses the GPU")


PROBES.append(probe)
SHORTAGES.append(shortage)
