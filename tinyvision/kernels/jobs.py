"""Jobs: functions that are compiled once for this machine, and shared out among all cores.

    @job
    def add(part, parts, x: FLOATS, y: FLOATS, bias: NUMBER):
        for i in share(y.size, part, parts):
            y[i] += x[i] + bias

    add(x, y, 0.5)

runs `add` once for each part, all parts at the same time, each on a core of its own. The types stand in the signature, so
that a job is compiled once and for all. Every job is called by its address from one small parallel loop, `_run`: a parallel
loop of its own in each would have LLVM compile each three times.

Compiled jobs are kept on disk, in a folder whose name carries a hash of all sources in `kernels/`: Numba by itself does
not notice a change in a function of another file, and would go on calling the old one.
"""
import contextlib
import ctypes
import functools
import hashlib
import inspect
import itertools
import os
import pickle
import shutil
import struct
import sys
import tempfile
import time
import types as python_types
import warnings
from pathlib import Path

import numba
import numpy as np
from llvmlite import ir
from numba import carray, cfunc, njit, prange, types
from numba.extending import intrinsic
from numba.np.arrayobj import populate_array
from tqdm import tqdm

from ..files import cache_folder
from . import cores
from .vectors import flush_denormals, restore_denormals

# The types of arguments. Arrays are C-contiguous; REALS and REAL are float32, or float64 in a second version of the job.
FLOATS, BYTES, INTEGERS = (types.Array(dtype, 1, "C") for dtype in (types.float32, types.uint8, types.int64))
INTEGER, NUMBER, FLAG = types.intp, types.float32, types.boolean
SIZES = types.UniTuple(types.intp, 4)                      # the shape of images, or of a kernel


def sizes(n):
    """The type of a tuple of n integers."""
    return types.UniTuple(types.intp, n)


@njit
def share(n, part, parts):
    """The numbers 0 .. n - 1 that fall to one part."""
    return range(n * part // parts, n * (part + 1) // parts)


class Job:
    """A function that is compiled at its first call, and run on all cores at once."""

    def __init__(self, function, name=None):
        self.function, self.name, self.__doc__ = function, name or function.__name__.strip("_"), function.__doc__
        self.kinds = [p.annotation for p in list(inspect.signature(function).parameters.values())[2:]]
        self.format = "".join(_FORMATS[type(kind)](kind) for kind in self.kinds)
        self.machine_code = None

    def __call__(self, *arguments, parts=None):
        """Run all parts. The first two arguments of the function, `part` and `parts`, are not to be given.

        Args:
            parts: how many there are; as many as `get_num_threads()` if None.
        """
        packed = np.frombuffer(struct.pack(self.format, *self._flat(arguments)), np.int64)
        with cores.all_of_them:
            if self.machine_code is None:
                self.machine_code = _compiled(self)
            _run(self.machine_code.address, packed, parts or cores.get_num_threads())

    def _flat(self, arguments):
        """All arguments as the numbers that `format` describes: of an array its address and its size."""
        flat = []
        for value, kind in zip(arguments, self.kinds, strict=True):
            if isinstance(kind, types.Array):
                if not value.flags.c_contiguous or value.dtype.char != _DTYPES[kind.dtype]:
                    raise TypeError(f"{self.name} takes contiguous arrays of {kind.dtype}, got {value.dtype} {value.strides}")
                flat += address_of(value), value.size
            elif isinstance(kind, types.UniTuple):
                flat += value
            else:
                flat.append(value)
        return flat


def address_of(array) -> int:
    """Where the elements of an array begin: the first field of NumPy's array object, five times faster than `ctypes.data`."""
    return ctypes.c_ssize_t.from_address(id(array) + _HEAD).value


_HEAD = object.__basicsize__                               # what every Python object has before its own fields
if address_of(_probe := np.empty(1)) != _probe.ctypes.data:  # another kind of Python
    def address_of(array):
        return array.ctypes.data


def job(function) -> Job:
    """Make a function of (part, parts, ...), whose annotations say what it takes, a Job."""
    return Job(function)


_DTYPES = {types.float32: "f", types.uint8: "B", types.int64: "l"}
_FORMATS = {types.Array: lambda kind: "qq", types.UniTuple: lambda kind: "q" * kind.count, types.Integer: lambda kind: "q",
            types.Boolean: lambda kind: "q", types.Float: lambda kind: "d"}


@intrinsic
def _pointer(typing_context, address):
    return types.voidptr(types.int64), lambda context, builder, signature, values: builder.inttoptr(
        values[0], ir.IntType(8).as_pointer())


@njit
def floats_at(address, size):
    """The float32 array that lies at an address."""
    return carray(_pointer(address), size, np.float32)


# Running: one parallel loop for all ----------------------------------------------------------------------------------------

@intrinsic
def _call(typing_context, address, part, parts, arguments):
    """Call the machine code at an address."""
    def generate(context, builder, signature, values):
        kind = ir.FunctionType(ir.VoidType(), [ir.IntType(64)] * 3)
        builder.call(builder.inttoptr(values[0], kind.as_pointer()), values[1:])
        return context.get_dummy_value()
    n = types.int64
    return types.void(n, n, n, n), generate


_SIGNATURE = types.void(types.int64, types.Array(types.int64, 1, "C", readonly=True), types.int64)


def _run_parts(address, packed, parts):
    for part in prange(parts):
        _call(address, part, parts, packed.ctypes.data)


def _reader(kinds):
    """An intrinsic that turns the memory that `Job` has packed back into arguments: a tuple of those kinds."""
    @intrinsic
    def read(typing_context, address):
        def generate(context, builder, signature, values):
            place, found = builder.inttoptr(values[0], ir.IntType(64).as_pointer()), []

            def next_word():
                nonlocal place
                word, place = builder.load(place), builder.gep(place, [ir.IntType(64)(1)])
                return word

            for kind in kinds:
                if isinstance(kind, types.Array):
                    found.append(_flat_array(context, builder, kind, next_word(), next_word()))
                elif isinstance(kind, types.UniTuple):
                    found.append(context.make_tuple(builder, kind, [next_word() for _ in range(kind.count)]))
                elif isinstance(kind, types.Float):
                    found.append(builder.fptrunc(builder.bitcast(next_word(), ir.DoubleType()), ir.FloatType()))
                elif isinstance(kind, types.Boolean):
                    found.append(builder.icmp_signed("!=", next_word(), ir.IntType(64)(0)))
                else:
                    found.append(next_word())
            return context.make_tuple(builder, signature.return_type, found)
        return types.Tuple(kinds)(types.int64), generate
    return read


def _flat_array(context, builder, kind, address, size):
    array = context.make_array(kind)(context, builder)
    width = context.get_constant(types.intp, kind.dtype.bitwidth // 8)
    populate_array(array, builder.inttoptr(address, array.data.type), [size], [width], width, None)
    return array._getvalue()


# Compiling: kept on disk ---------------------------------------------------------------------------------------------------

def _entry(part, parts, packed):
    """What is called by address. FUNCTION and READ are those of the job, as `_entry_of` puts them in."""
    mode = flush_denormals()
    FUNCTION(part, parts, *READ(packed))                   # noqa: F821
    restore_denormals(mode)


def _entry_of(job):
    """A copy of `_entry` for a job, which says that it stands where the job does: Numba files its code under that name."""
    code, function = job.function.__code__, njit(error_model="numpy")(job.function)
    places = {**globals(), "FUNCTION": function, "READ": _reader(job.kinds)}
    code = _entry.__code__.replace(co_name=job.name, co_qualname=job.name, co_filename=code.co_filename,
                                   co_firstlineno=code.co_firstlineno)
    return python_types.FunctionType(code, places, job.name)


def _compiled(job):
    """Machine code for a job."""
    return _from_disk_or_new(lambda keep: cfunc("void(int64, int64, int64)", cache=keep)(_entry_of(job)), job.name)


def _from_disk_or_new(compile, name):
    """compile(whether to keep it on disk): the first time, which takes a second or so, it is said on the screen."""
    folder = _folder()
    if folder is None:
        with _said(name):
            return compile(False)
    before, numba.config.CACHE_DIR = numba.config.CACHE_DIR, str(folder)
    try:
        if any(folder.glob(f"*/*.{name}-*.nbi")):
            return compile(True)
        with _said(name):
            return compile(True)
    except (OSError, EOFError, ValueError, pickle.PickleError):        # what lies there cannot be read: do without
        return compile(False)
    finally:
        numba.config.CACHE_DIR = before


@functools.cache
def _folder():
    """Where machine code is kept, for just these sources; None, with a warning, if nothing can be written."""
    home = Path(numba.config.CACHE_DIR) if numba.config.CACHE_DIR else cache_folder() / "kernels"
    folder = home / f"tinyvision-{hash_of_sources()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
        for other in home.glob("tinyvision-*"):            # of sources that were edited since
            if time.time() - other.stat().st_mtime > 30 * 24 * 3600:
                shutil.rmtree(other, ignore_errors=True)
        os.utime(folder)
        return folder
    except OSError as error:
        warnings.warn(f"the compiled kernels cannot be kept in {folder} ({error}); every process compiles them anew. "
                      "NUMBA_CACHE_DIR names another folder", RuntimeWarning, stacklevel=2)
        return None


def hash_of_sources() -> str:
    """A hash of all files that compiled code comes from."""
    here = Path(__file__).parent
    return hashlib.sha256(b"".join(path.read_bytes() for path in sorted(here.rglob("*.py")))).hexdigest()[:16]


_compiled_here = itertools.count(1)


@contextlib.contextmanager
def _said(name):
    """A line on the screen while something compiles; gone when it is done."""
    with tqdm(desc=f"tinyvision compiles its kernels for this machine, once: {name}", initial=next(_compiled_here),
              bar_format="{desc} ({n}, {elapsed})", leave=False, file=sys.stderr):
        yield


_run = _from_disk_or_new(lambda keep: njit(_SIGNATURE, parallel=True, nogil=True, cache=keep)(_run_parts), "_run_parts")
