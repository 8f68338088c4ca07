"""Where arrays live: the library that owns an array (NumPy or CuPy), and the way from one device to another."""
import sys
from types import ModuleType

import numpy as np

_owners = {}                                               # type of an array -> the library that made it


def array_library(x) -> ModuleType:
    """The library whose functions take the array `x`: numpy, or cupy. Imports neither.

    >>> array_library(np.zeros(3)).__name__
    'numpy'
    """
    kind = type(x)
    if kind not in _owners:
        _owners[kind] = sys.modules[kind.__module__.partition(".")[0]]
    return _owners[kind]


def is_array(x) -> bool:
    """Whether `x` is an array of NumPy's or CuPy's."""
    return isinstance(x, np.ndarray) or isinstance(x, getattr(sys.modules.get("cupy"), "ndarray", ()))


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
        device: "cpu", "cuda" (the current GPU) or "cuda:N".

    Raises:
        ValueError: there is no device of that name.
        RuntimeError: a GPU is asked for, and CuPy is not installed.
    """
    if device == "cpu":
        return x if array_library(x) is np else x.get()
    name, _, number = device.partition(":")
    if name != "cuda" or not (number.isdigit() or device == "cuda"):
        raise ValueError(f"unknown device {device!r}: it is 'cpu', 'cuda' or 'cuda:N'")
    cupy = _cupy()
    with cupy.cuda.Device(int(number) if number else None):
        return cupy.asarray(x)


def _cupy():
    try:
        import cupy
    except ImportError as error:
        raise RuntimeError("a GPU needs CuPy, which is not installed: pip install 'tinyvision[cuda12]' "
                           "or 'tinyvision[cuda13]', whichever CUDA your driver has") from error
    return cupy
