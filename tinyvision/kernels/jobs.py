"""Jobs: functions that are compiled once for this machine, and shared out among all cores.

    @job
    def add(part, parts, x: FLOATS, y: FLOATS, bias: NUMBER):
        for i in share(y.size, part, parts):
            y[i] += x[i] + bias

    add(x, y, 0.5)

runs `add` once for each part, the parts at the same time on several cores (workers.py). The types stand in the signature, so
that a job is compiled once and for all; arrays come as they lie in memory, flat. While a job runs, numbers
below 1e-38 count as 0.
"""
import ctypes
import inspect
import struct
import types as python_types

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic
from numba.np.arrayobj import populate_array

from . import cores
from .compiling import compiled
from .denormals import flush_denormals, restore_denormals
from .vectors import inner
from .workers import pool

# The types of arguments. Arrays are C-contiguous.
FLOATS, DOUBLES, BYTES, INTEGERS = (types.Array(dtype, 1, "C")
                                    for dtype in (types.float32, types.float64, types.uint8, types.int64))
INTEGER, NUMBER, FLAG = types.intp, types.float32, types.boolean
SIZES = types.UniTuple(types.intp, 4)                      # the shape of images, or of a kernel
RECORDERS = []                                             # lists to which each run of a job is added; see recording.py
NO_FLOATS, NO_BYTES = np.empty(0, np.float32), np.empty(0, np.uint8)       # where a job will read or write nothing


def sizes(n):
    """The type of a tuple of n integers."""
    return types.UniTuple(types.intp, n)


@inner
def share(n, part, parts):
    """The numbers 0 .. n - 1 that fall to one part."""
    return range(n * part // parts, n * (part + 1) // parts)


class Job:
    """A function that is compiled at its first call, and run on all cores at once."""

    def __init__(self, function, name=None):
        self.function, self.name, self.__doc__ = function, name or function.__name__.strip("_"), function.__doc__
        self.kinds = [p.annotation for p in list(inspect.signature(function).parameters.values())[2:]]
        self.pack = struct.Struct("".join(_FORMATS[type(kind)](kind) for kind in self.kinds)).pack
        self.dtypes = ["tuple" if isinstance(kind, types.UniTuple) else _DTYPES.get(getattr(kind, "dtype", None))
                       for kind in self.kinds]             # None for numbers
        self.machine_code = None

    def __call__(self, *arguments, parts=None):
        """Run all parts. The first two arguments of the function, `part` and `parts`, are not to be given.

        Args:
            parts: how many there are; as many as `get_num_threads()` if None.
        """
        packed = self.pack(*self._flat(arguments))
        with cores.all_of_them:
            if self.machine_code is None:
                self.machine_code = compiled(_entry_of(self), types.void(types.int64, types.int64, types.int64))
            parts = parts or cores.get_num_threads()
            pool.run(self.machine_code.address, packed, parts)
            for found in RECORDERS:
                found.append((self.machine_code.address, packed, parts, arguments))

    def _flat(self, arguments):
        """All arguments as the numbers that `pack` takes: of an array its address and its size."""
        if len(arguments) != len(self.kinds):
            names = ", ".join(list(inspect.signature(self.function).parameters)[2:])
            raise TypeError(f"{self.name} takes {len(self.kinds)} arguments ({names}), got {len(arguments)}")
        flat = []
        for value, dtype in zip(arguments, self.dtypes):
            if dtype is None:
                flat.append(value)
            elif dtype == "tuple":
                flat += value
            elif value.flags.c_contiguous and value.dtype.char == dtype:
                flat += address_of(value), value.size
            else:
                raise TypeError(f"{self.name} takes contiguous arrays of {np.dtype(dtype)}, got {value.dtype} "
                                f"{value.shape} with strides {value.strides}; np.ascontiguousarray makes one")
        return flat


def all_floats(*arrays) -> bool:
    """Whether these are arrays of float32 with something in them; None, for one that is left out, may be among them."""
    return all(a is None or (a.dtype == np.float32 and a.size > 0) for a in arrays)


def address_of(array) -> int:
    """Where the elements of an array begin: the first field of NumPy's array object, five times faster than `ctypes.data`."""
    return ctypes.c_ssize_t.from_address(id(array) + _HEAD).value


_HEAD = object.__basicsize__                               # what every Python object has before its own fields
if address_of(_probe := np.empty(1)) != _probe.ctypes.data:  # another kind of Python
    def address_of(array):
        return array.ctypes.data


def job(function) -> Job:
    """Make a function of (part, parts, ...), whose annotations say what it takes, a Job: compiled by Numba, run on all cores.

    Arrays come flat, as they lie in memory; shapes come as numbers beside them. The function runs once for each part, several
    at a time: parts must not write to the same place. `share(n, part, parts)` gives a part its numbers, none if there are
    fewer than parts. The job is called without the first two arguments, with contiguous arrays and plain numbers;
    `parts=` says into how many parts it goes, as many as there are threads if left out.

    >>> import numpy as np
    >>> @job
    ... def add_to_rows(part, parts, x: FLOATS, row: FLOATS, rows: INTEGER):
    ...     for r in share(rows, part, parts):
    ...         here = x[r * row.size:(r + 1) * row.size]  # inner loops from 0: so the compiler uses the vector registers
    ...         for c in range(row.size):
    ...             here[c] += row[c]
    >>> x = np.zeros((3, 2), "float32")
    >>> add_to_rows(x, np.array([1, 2], "float32"), 3)
    >>> x.sum(axis=0)
    array([3., 6.], dtype=float32)
    """
    return Job(function)


_DTYPES = {types.float32: "f", types.float64: "d", types.uint8: "B", types.int64: np.dtype(np.int64).char}
_FORMATS = {types.Array: lambda kind: "qq", types.UniTuple: lambda kind: "q" * kind.count, types.Integer: lambda kind: "q",
            types.Boolean: lambda kind: "q", types.Float: lambda kind: "d"}


# What is called by address --------------------------------------------------------------------------------------------------

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


def _entry(part, parts, packed):
    """What is called by address. FUNCTION and READ are those of the job, as `_entry_of` puts them in."""
    mode = flush_denormals()
    FUNCTION(part, parts, *READ(packed))                   # noqa: F821
    restore_denormals(mode)


def _entry_of(job):
    """A copy of `_entry` for a job, with a name of its own, under which Numba files its code."""
    code, function = job.function.__code__, inner(job.function)
    places = {**globals(), "FUNCTION": function, "READ": _reader(job.kinds)}
    name = f"{job.name}_entry"
    code = _entry.__code__.replace(co_name=name, co_qualname=name, co_filename=code.co_filename,
                                   co_firstlineno=code.co_firstlineno)
    return python_types.FunctionType(code, places, name)
