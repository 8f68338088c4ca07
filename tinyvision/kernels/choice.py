"""The choice between the versions of a kernel: the cheapest that serves, unless `use` says otherwise.

Modules that need a heavy import are only named, by `offer`; they are imported when a kernel first runs on NumPy arrays.
"""
import functools
import importlib
import warnings

import numpy as np

from .registry import KERNELS, Kernel

REMEMBERED = 10_000                                        # choices, after which it begins anew

PRECISIONS = {"float32": "cuda", "tf32": "tf32"}          # what `set_precision` sets -> the version that computes so

_offered, _offered_for_gpu = [], []                        # modules of versions, not imported yet
_chosen = {}                                               # what was chosen before: by kernel, shapes, dtypes and settings
_precision = "float32"
_choice = None                                             # None: the cheapest that serves; or what `use` was told


def choose(kernel, arguments):
    """The version for these arguments: the one that `use` forces if it serves them, else the cheapest that does."""
    if _choice == "numpy":
        return kernel.versions["numpy"]
    if not isinstance(arguments[0], np.ndarray):
        return _on_gpu(kernel, arguments)
    if _offered:
        _import_offered()
    if not _compared(kernel, len(kernel.versions)):
        return _best(kernel, arguments)                    # which takes no longer than to look it up
    key = kernel, len(kernel.versions), _choice, *[(a.shape, a.dtype.char) if type(a) is np.ndarray else
                                                   "prepared" if type(a) is dict else a for a in arguments]
    if (chosen := _chosen.get(key)) is None:
        if len(_chosen) >= REMEMBERED:
            _chosen.clear()
        chosen = _chosen[key] = _best(kernel, arguments)
    return chosen


def _best(kernel, arguments):
    serving = [v for v in reversed(kernel.versions.values()) if v.serves(*arguments)]
    forced = [v for v in serving if v.name == _choice]
    allowed = forced or [v for v in serving if v.exact or _choice != "exact"]
    return min(allowed, key=lambda v: _seconds(v, arguments))


def _on_gpu(kernel, arguments):
    """The first that serves: what `use` forces, what `set_precision` asks for, what computes in float32, the reference."""
    _import_offered_for_gpu()
    for name in _choice, PRECISIONS[_precision], PRECISIONS["float32"]:
        found = kernel.on_gpu.get(name)
        if found and found.serves(*arguments):
            return found
    return kernel.versions["numpy"]


@functools.lru_cache
def _compared(kernel, count):
    """Whether a kernel with so many versions has some that are compared by their costs."""
    return any(version.cost for version in kernel.versions.values())


def _seconds(version, arguments):
    """What a version is estimated to take. One without rivals needs no estimate; a reference is the last resort."""
    if version.cost is None:
        return float("inf") if version.name == "numpy" else 0.0
    return version.cost(*arguments).seconds


def offer(module: str, gpu: bool = False) -> None:
    """Name a module that holds versions; it is imported when a kernel first runs on NumPy arrays, or on a GPU's."""
    (_offered_for_gpu if gpu else _offered).append(module)


def _import_offered_for_gpu():
    while _offered_for_gpu:
        importlib.import_module(_offered_for_gpu.pop(0))


def _import_offered():
    while _offered:
        module = _offered.pop(0)
        try:
            importlib.import_module(module)
        except Exception as error:                         # Numba missing, or at odds with the NumPy that is installed
            _offered.clear()
            warnings.warn(f"Numba does not work here ({error}); tinyvision runs on its NumPy kernels, which are slower.",
                          RuntimeWarning, stacklevel=4)


class use:
    """Force a version of all kernels that have it: `use("numpy")`, `use("direct")`; the others choose as ever.

    `use("exact")` leaves out the versions that round more than the definition does; `use(None)` lets the fastest be chosen
    again. Also a context: `with use("numpy"): ...` puts back what was before.

    >>> from tinyvision import ops
    >>> with use("numpy"):
    ...     ops.matmul([[1.0, 2.0]], [[3.0], [4.0]])
    Tensor([[11.]])
    """

    def __init__(self, name: str | None):
        global _choice
        _import_offered()
        _import_offered_for_gpu()
        known = {"exact", *(name for kernel in KERNELS.values() for name in (*kernel.versions, *kernel.on_gpu))}
        if name is not None and name not in known:
            raise ValueError(f"no kernel has a version {name!r}; there is {', '.join(sorted(known))}")
        self.before, _choice = _choice, name

    def __enter__(self):
        return self

    def __exit__(self, *error):
        global _choice
        _choice = self.before


def set_precision(precision: str) -> None:
    """Choose how a GPU multiplies matrices and convolves: in "float32", or in "tf32" on its tensor cores.

    TF32 rounds the factors to 10 bits of their mantissa, and adds in float32: results differ by some 5e-4 of the largest.

    Raises:
        ValueError: it is neither of them.
    """
    global _precision
    if precision not in PRECISIONS:
        raise ValueError(f"set_precision: the precision is 'float32' or 'tf32', not {precision!r}")
    _precision = precision


def get_precision() -> str:
    """What `set_precision` has chosen: "float32" unless set."""
    return _precision


def forced() -> str | None:
    """The version that `use` forces, if any."""
    return _choice


Kernel.choose = choose
