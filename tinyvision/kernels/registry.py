"""Kernels: array functions that deserve several versions.

A kernel's reference is plain NumPy that reads like the textbook; it also runs on CuPy's arrays. A faster version registers
itself for the arguments that it serves:

    @kernel
    def max_pool(x, windows): ...                          # reference.py

    @version(max_pool, "blocked", serves=lambda x, windows: x.dtype == np.float32)
    def max_pool_blocked(x, windows): ...                  # a module of its own

Which version runs, choice.py decides; without it, the reference does.
"""
import functools
from collections import namedtuple

KERNELS = {}                                               # name -> Kernel
WATCHERS = []                                              # called with (kernel, version, arguments) before each run


# A function, the arguments that it serves, what it costs if it has rivals, and whether it errs by rounding alone.
Version = namedtuple("Version", "name function serves cost exact")


class Kernel:
    """A kernel's reference and its other versions, by name: those for NumPy arrays, and those for a GPU's."""

    def __init__(self, reference):
        self.name = reference.__name__
        self.versions, self.on_gpu = {"numpy": Version("numpy", reference, lambda *arguments: True, None, True)}, {}

    def choose(self, arguments) -> Version:
        """The version for these arguments."""
        return self.versions["numpy"]


def kernel(reference):
    """Make a readable array function the reference of a kernel. Calls go to the version that is chosen for the arguments.

    The reference must do for everything that no other version serves: float64, empty batches, and CuPy's arrays on a GPU.
    """
    this = KERNELS[reference.__name__] = Kernel(reference)

    @functools.wraps(reference)
    def call(*arguments):
        chosen = this.choose(arguments)
        for watch in WATCHERS:
            watch(this, chosen, arguments)
        return chosen.function(*arguments)

    call.kernel = this
    return call


def version(of, name, serves=lambda *arguments: True, cost=None, exact=True, gpu=False):
    """Register a version of the kernel `of`: `@version(of, "name", serves)` above a function.

    If several serve the arguments, the one of the least cost runs; without costs, the one that was registered last. If none
    does, the reference runs.

    Args:
        serves: takes just the arguments of the kernel, and says whether this version can do them. It may look at shapes, dtypes
            and settings.
        cost: takes the same arguments, and returns a `kernels.Cost`: what the version is estimated to take.
        exact: False for a version that errs more than another order of additions would; `kernels.use("exact")` leaves it out.
        gpu: whether it is for the arrays of a GPU, not for NumPy's.
    """
    def register(function):
        function.__doc__ = function.__doc__ or of.__doc__
        (of.kernel.on_gpu if gpu else of.kernel.versions)[name] = Version(name, function, serves, cost, exact)
        return function
    return register
