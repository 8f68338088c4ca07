"""The choice between the versions of a kernel: the cheapest that serves, unless `use` says otherwise.

Modules that need a heavy import are only named, by `offer`; they are imported when a kernel first runs on NumPy arrays.
"""
import functools
import importlib
import warnings

import numpy as np

from .registry import KERNELS, Kernel

REMEMBERED = 10_000                                        # choices, after which it begins anew

_offered = []                                              # modules of versions, not imported yet
_chosen = {}                                               # what was chosen before: by kernel, shapes, dtypes and settings
_choice = None                                             # None: the cheapest that serves; or what `use` was told


def choose(kernel, arguments):
    """The version for these arguments: the one that `use` forces if it serves them, else the cheapest that does."""
    if _choice == "numpy" or not isinstance(arguments[0], np.ndarray):
        return kernel.versions["numpy"]
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


@functools.lru_cache
def _compared(kernel, count):
    """Whether a kernel with so many versions has some that are compared by their costs."""
    return any(version.cost for version in kernel.versions.values())


def _seconds(version, arguments):
    """What a version is estimated to take. One without rivals needs no estimate; a reference is the last resort."""
    if version.cost is None:
        return float("inf") if version.name == "numpy" else 0.0
    return version.cost(*arguments).seconds


def offer(module: str) -> None:
    """Name a module that holds versions; it is imported when a kernel first runs on NumPy arrays."""
    _offered.append(module)


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
        known = {"exact", *(name for kernel in KERNELS.values() for name in kernel.versions)}
        if name is not None and name not in known:
            raise ValueError(f"no kernel has a version {name!r}; there is {', '.join(sorted(known))}")
        self.before, _choice = _choice, name

    def __enter__(self):
        return self

    def __exit__(self, *error):
        global _choice
        _choice = self.before


def forced() -> str | None:
    """The version that `use` forces, if any."""
    return _choice


Kernel.choose = choose
