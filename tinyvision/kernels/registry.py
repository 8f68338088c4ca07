"""Kernels: array functions that deserve several versions, and the choice between them.

A kernel's reference is plain NumPy that reads like the textbook; it also runs on CuPy's arrays. A faster version registers
itself for the arguments that it serves:

    @kernel
    def max_pool(x, windows): ...                          # reference.py

    @version(max_pool, "numba", serves=lambda x, windows: x.dtype == np.float32)
    def max_pool_blocked(x, windows): ...                  # a module that `offer` named

Modules that need a heavy import are only named here, by `offer`; they are imported when a kernel first runs.
"""
import functools
import importlib
import warnings

import numpy as np

KERNELS = {}                                               # name -> Kernel
_offered = []                                              # modules of versions, not imported yet
_choice = None                                             # None: the last registered that serves; or a version's name


class Kernel:
    """A kernel's reference and its other versions, by name, each with the test of what it serves."""

    def __init__(self, reference):
        self.name, self.versions = reference.__name__, {"numpy": (reference, lambda *arguments: True)}

    def choose(self, arguments):
        """The version for these arguments: the newest that serves them, or the one that `use` forces."""
        for name, (function, serves) in reversed(self.versions.items()):
            if _choice in (None, name) and serves(*arguments):
                return name, function
        return "numpy", self.versions["numpy"][0]


def kernel(reference):
    """Make a readable array function the reference of a kernel. Calls go to the fastest version that serves them."""
    this = KERNELS[reference.__name__] = Kernel(reference)

    @functools.wraps(reference)
    def call(*arguments):
        if _choice == "numpy" or not isinstance(arguments[0], np.ndarray):
            return reference(*arguments)
        if _offered:
            _import_offered()
        return this.choose(arguments)[1](*arguments)

    call.kernel = this
    return call


def version(of, name, serves=lambda *arguments: True):
    """Register a version of the kernel `of` for NumPy arrays, for the arguments that `serves` says."""
    def register(function):
        of.kernel.versions[name] = function, serves
        return function
    return register


def offer(module: str) -> None:
    """Name a module that holds versions; it is imported when a kernel first runs on NumPy arrays."""
    _offered.append(module)


def _import_offered():
    while _offered:
        module = _offered.pop()
        try:
            importlib.import_module(module)
        except Exception as error:                         # Numba missing, or at odds with the NumPy that is installed
            _offered.clear()
            warnings.warn(f"Numba does not work here ({error}); tinyvision runs on its NumPy kernels, which are slower.",
                          RuntimeWarning, stacklevel=3)


class use:
    """Force a version of all kernels that have it: `use("numpy")`; `use(None)` lets the fastest be chosen again.

    Also a context: `with use("numpy"): ...` puts back what was before.
    """

    def __init__(self, name: str | None):
        global _choice
        _import_offered()
        known = {name for kernel in KERNELS.values() for name in kernel.versions}
        if name is not None and name not in known:
            raise ValueError(f"no kernel has a version {name!r}; there is {', '.join(sorted(known))}")
        self.before, _choice = _choice, name

    def __enter__(self):
        return self

    def __exit__(self, *error):
        global _choice
        _choice = self.before
