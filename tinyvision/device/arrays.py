"""Where arrays live: the library that owns an array (NumPy or CuPy), and the way from one device to another."""
import sys
from types import ModuleType

import numpy as np

# What gpu.py adds: functions that make a GPU the current one, or say why there is none of that number; and functions that
# explain a MemoryError of one, or return None
PROBES, SHORTAGES = [], []
_owners, _default = {}, "cpu"                              # type of an array -> its library; where new arrays are made


def array_library(x) -> ModuleType:
    """The library whose functions take the array `x`: numpy, or cupy. Imports neither.

    >>> array_library(np.zeros(3)).__name__
    'numpy'
    """
    if (kind := type(x)) not in _owners:
        _owners[kind] = sys.modules[kind.__module__.partition(".")[0]]
    return _owners[kind]


def is_array(x) -> bool:
    """Whether `x` is an array of NumPy's or CuPy's."""
    return isinstance(x, np.ndarray) or type(x).__module__ == "cupy"


def device_of(x) -> str:
    """The device that holds the array `x`: "cpu", or "cuda:0", "cuda:1", ...

    >>> device_of(np.zeros(3))
    'cpu'
    """
    return "cpu" if array_library(x) is np else f"cuda:{x.device.id}"


def to_device(x, device: str):
    """The array `x` on another device; itself where it is there already.

    Args:
        x: an array of NumPy's or CuPy's.
        device: "cpu", "cuda:N", or "cuda", the GPU of `set_device`, or else the first. It becomes CuPy's current one.

    Raises:
        ValueError: there is no device of that name.
        RuntimeError: a GPU is asked for, and cannot be used; it says why.
    """
    if device == "cpu":
        return x if array_library(x) is np else x.get()
    name, _, number = device.partition(":")
    if name != "cuda" or not (number.isdigit() or device == "cuda"):
        raise ValueError(f"unknown device {device!r}: it is 'cpu', 'cuda' or 'cuda:N'")
    for probe in PROBES:
        probe(int(number or _default.partition(":")[2] or 0))
    import cupy
    return cupy.asarray(x)


def placed(x, device: str | None = None):
    """An array of NumPy's on a device, that of `set_device` if None; other arrays stay where they are."""
    return x if array_library(x) is not np else to_device(x, device or _default)


def on_one_device(what: str, given, arrays) -> list:
    """The arrays that `what` computes with, on one device, which computes then. Lists go where the others are; so do NumPy
    arrays that `set_device` has brought to a GPU.

    Args:
        given: what each array was made of.

    Raises:
        ValueError: arrays are on several devices; none ever moves unasked.
    """
    fixed = [a for g, a in zip(given, arrays) if is_array(a) and (a is g or not isinstance(g, (list, tuple, np.ndarray)))]
    homes = set(map(device_of, fixed))
    if len(homes) > 1:
        raise ValueError(f"{what} got arrays on {' and '.join(sorted(homes))}: bring them to one device, for instance by "
                         f".to({max(homes)!r})")
    for home in homes - {"cpu"}:
        for probe in PROBES:
            probe(int(home.partition(":")[2]))
    return arrays if len(fixed) in (0, len(arrays)) else [
        to_device(a, *homes) if is_array(a) and device_of(a) not in homes else a for a in arrays]


def out_of_memory(what: str, error: MemoryError) -> MemoryError:
    """The error for whoever asked for more memory than there is; gpu.py has one that says more."""
    return next((told for explain in SHORTAGES if (told := explain(what, error))), None) or MemoryError(f"{what}: {error}")


def get_device() -> str:
    """The device on which new Tensors and weights are made: "cpu" unless set."""
    return _default


def set_device(device: str) -> None:
    """Choose where numbers, lists and NumPy arrays become Tensors, and where weights are made: "cpu", "cuda" or "cuda:N".

    Tensors and models that are there already stay where they are: `.to(device)` moves them.

    Raises:
        ValueError: there is no device of that name.
        RuntimeError: a GPU is asked for, and cannot be used; it says why.
    """
    global _default
    to_device(np.zeros(1), device)                         # a GPU that does not work is told of here
    _default = device
