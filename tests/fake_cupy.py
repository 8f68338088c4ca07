"""A stand-in for CuPy on machines with no GPU: arrays on "cuda:0" whose numbers NumPy computes, under CuPy's rules.

It has no name and takes no argument that CuPy has not (cupy_names.txt lists them), and refuses what CuPy refuses: NumPy arrays
among its own, and turning into a NumPy array unasked. It is stricter in one thing: where CuPy copies a NumPy array to the GPU
in silence, as an index for instance, this raises too. What it cannot show: speed, rounding, and errors of kernels.

    with fake_cupy.installed() as cupy:
        x = cupy.asarray(np.ones(3))

With the real CuPy installed, `python tests/fake_cupy.py` writes the list anew.
"""
import collections
import contextlib
import inspect
import pathlib
import re
import sys
import types

import emulated_cuda
import numpy as np
import scipy.special

NAMES = pathlib.Path(__file__).with_name("cupy_names.txt")
SCATTERED = "int32", "uint32", "uint64", "float16", "float32", "float64"               # dtypes that add.at can add
transfers = collections.Counter()                          # what went between the devices: "up", "down", and single "numbers"


def read_names():
    """The list: {name: its Signature; or "ufunc", or "" where it is no function or nobody knows}."""
    found = {}
    for line in NAMES.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            name, rest = re.fullmatch(r"([\w.]+)(.*)", line).groups()
            found[name] = _signature(rest) if rest.startswith("(") else rest.strip()
    return found


def _signature(text):
    """`(a, axis=, *, out=)`: an argument that ends in = has a default."""
    kind, parameters = inspect.Parameter.POSITIONAL_OR_KEYWORD, []
    for word in filter(None, text.strip("()").split(", ")):
        if word == "*":
            kind = inspect.Parameter.KEYWORD_ONLY
        elif word.startswith("*"):
            stars = inspect.Parameter.VAR_KEYWORD if word.startswith("**") else inspect.Parameter.VAR_POSITIONAL
            parameters.append(inspect.Parameter(word.strip("*"), stars))
            kind = inspect.Parameter.KEYWORD_ONLY
        else:
            default = None if word.endswith("=") else inspect.Parameter.empty
            parameters.append(inspect.Parameter(word.strip("="), kind, default=default))
    return inspect.Signature(parameters)


class OutOfMemoryError(MemoryError):
    """cupy.cuda.memory.OutOfMemoryError."""

    def __init__(self, size, total, limit=0):
        super().__init__(f"Out of memory allocating {size:,} bytes (allocated so far: {total:,} bytes).")


OutOfMemoryError.__module__ = "cupy.cuda.memory"
PROPERTIES = {"name": b"a GPU that NumPy feigns", "major": 9, "minor": 0, "multiProcessorCount": 4}


# Arrays -------------------------------------------------------------------------------------------------------------------

class Device:
    """cupy.cuda.Device: a GPU by number, and a context that makes it the current one. This machine feigns two."""

    current = 0

    def __init__(self, device=None):
        self.id = Device.current if device is None else int(device)
        self.attributes, self.mem_info = {"MultiProcessorCount": 4}, (30 << 30, 40 << 30)

    def __enter__(self):
        if not 0 <= self.id < 2:
            raise RuntimeError("cudaErrorInvalidDevice: invalid device ordinal")
        self.before, Device.current = Device.current, self.id
        return self

    def __exit__(self, *error):
        Device.current = self.before

    def use(self):
        Device.current = self.id

    def synchronize(self):
        MAIN.synchronize()


class Event:
    """cupy.cuda.Event: a place in a stream."""

    def __init__(self, stream):
        self.stream, self.place = stream, stream.begun

    def synchronize(self):
        self.stream.run(self.place)


class Stream:
    """cupy.cuda.Stream. What is begun on it is done as late as it may be: when somebody waits for it."""

    def __init__(self, null=False, non_blocking=False, ptds=False):
        self.begun, self.done, self.queue = 0, 0, []

    def add(self, work):
        self.queue.append(work)
        self.begun += 1

    def run(self, place):
        while self.done < place:
            self.queue.pop(0)()
            self.done += 1

    def record(self, event=None):
        return Event(self)

    def wait_event(self, event):
        event.synchronize()

    def synchronize(self):
        self.run(self.begun)


MAIN = Stream()                                            # what all else runs on, at once


class ndarray(np.lib.mixins.NDArrayOperatorsMixin):
    """cupy.ndarray. Operators go through NumPy's functions to `__array_ufunc__`, as CuPy's do."""

    __slots__ = "_array", "_device", "base"
    __array_priority__ = 100
    __hash__ = None

    def __init__(self, shape, dtype=float):
        self._array, self._device, self.base = np.empty(shape, dtype), Device.current, None

    device = property(lambda self: Device(self._device))
    flags = property(lambda self: types.SimpleNamespace(c_contiguous=self._array.flags.c_contiguous,
                                                        f_contiguous=self._array.flags.f_contiguous, owndata=self.base is None))

    def get(self, stream=None, order="C", out=None, blocking=True):
        transfers["down"] += 1
        return np.array(self._array, order=order)

    data = property(lambda self: types.SimpleNamespace(ptr=self._array.ctypes.data))

    def set(self, arr, stream=None):
        if not isinstance(arr, np.ndarray) or arr.dtype != self._array.dtype or arr.shape != self._array.shape:
            raise TypeError("set takes an array of NumPy's, of the same shape and dtype")
        transfers["up"] += 1
        (stream or MAIN).add(lambda: np.copyto(self._array, arr))
        if stream is None:
            MAIN.synchronize()

    def tolist(self):
        return self.get().tolist()

    def item(self):
        transfers["numbers"] += 1
        return self._array.item()

    def __bool__(self):
        return bool(self.item()) if self.size == 1 else bool(self._array)

    def __float__(self):
        return float(self.item())

    def __int__(self):
        return int(self.item())

    def __index__(self):
        return self.item().__index__()

    def __len__(self):
        return len(self._array)

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    def __repr__(self):
        return repr(self._array)

    def __getitem__(self, index):
        return _computed(lambda a, i: a[_wrapped(i, a.shape)], (self, index))

    def __setitem__(self, index, value):
        if isinstance(value, np.ndarray) and value.ndim:
            raise ValueError("non-scalar numpy.ndarray cannot be used for fill")
        _computed(lambda a, i, v: a.__setitem__(i, v), (self, index, value))

    def __array__(self, *args, **settings):
        raise TypeError("Implicit conversion to a NumPy array is not allowed. Please use `.get()` to construct a NumPy array "
                        "explicitly.")

    def __array_ufunc__(self, function, method, *args, out=None, **settings):
        theirs = getattr(sys.modules["cupy"], function.__name__, None)
        known = all(isinstance(a, (ndarray, np.ndarray, np.generic, int, float, complex)) for a in args)
        if method != "__call__" or theirs is None or not known:
            return NotImplemented
        return theirs(*args, **settings) if out is None else theirs(*args, out=out[0], **settings)

    def __array_function__(self, function, kinds, args, settings):
        theirs = getattr(sys.modules["cupy"], function.__name__, None)
        if theirs is None or theirs is function or any(kind not in (ndarray, np.ndarray) for kind in kinds):
            return NotImplemented
        return theirs(*args, **settings)


ndarray.__module__ = "cupy"                                # by which tinyvision knows whose array it is


def _on(device, array, base=None):
    """A NumPy array as one of a GPU."""
    new = ndarray.__new__(ndarray)
    new._array, new._device, new.base = array, device, base
    return new


def _computed(function, args, settings=None):
    """What NumPy's function gives for the arrays that the arguments hold; its arrays are on the GPU again."""
    settings, sources = settings or {}, []

    def inside(x):
        if isinstance(x, ndarray):
            sources.append(x)
            return x._array
        if isinstance(x, np.ndarray):
            raise TypeError(f"Unsupported type {type(x)}")
        return type(x)(map(inside, x)) if isinstance(x, (list, tuple)) else x

    result = function(*map(inside, args), **{name: inside(value) for name, value in settings.items()})
    devices = {source._device for source in sources} or {Device.current}
    shown = not isinstance(result, (np.ndarray, np.generic, type(None))) or any(np.may_share_memory(result, s._array) for s in sources)
    if devices != {Device.current} and not (shown and len(devices) == 1):
        raise ValueError(f"Array device must be same as the current device: the arrays are on {sorted(devices)}, and "
                         f"{Device.current} is the current device")

    def outside(x):
        if isinstance(x, (np.ndarray, np.generic)):
            same = [s for s in sources if s._array is x]
            return same[0] if same else _on(*devices, np.asarray(x), _base(x, sources))
        return type(x)(map(outside, x)) if type(x) in (list, tuple) else x
    return outside(result)


def _anew(places, n):
    """Places along an axis of n, as CuPy understands those beyond its ends: they begin anew."""
    places = places.astype(np.int64)
    return np.where((places >= -n) & (places < n), places, places % max(n, 1))


def _wrapped(index, shape):
    """An index whose arrays of integers begin anew beyond the ends."""
    parts, axes = index if isinstance(index, tuple) else (index,), iter(shape)
    if any(i is None or i is Ellipsis or isinstance(i, (bool, np.bool_)) or str(getattr(i, "dtype", "")) == "bool" for i in parts):
        return index
    sizes = [next(axes, 1) for _ in parts]
    return tuple(_anew(i, n) if isinstance(i, np.ndarray) and i.dtype.kind in "iu" else i for i, n in zip(parts, sizes))


def _base(x, sources):
    """The array that the NumPy array x is a view of."""
    for source in sources:
        if isinstance(x, np.ndarray) and x.base is not None and np.may_share_memory(x, source._array):
            return source if source.base is None else source.base
    return None


# Functions ----------------------------------------------------------------------------------------------------------------

def _bound(name, signature, function, method=False):
    """A function that takes the arguments that CuPy's takes, and no others; or a method, which takes `self` before them."""
    def call(*args, **settings):
        if isinstance(signature, inspect.Signature):
            try:
                signature.bind(*args[method:], **settings)
            except TypeError as error:
                raise TypeError(f"cupy.{name}: {error}") from None
        return _computed(function, args, settings)
    call.__name__ = name
    return call


class Ufunc:
    """A function of CuPy's class ufunc: elementwise, with `out` and `dtype`; `at` where CuPy has it."""

    def __init__(self, name):
        self.name, self.__name__ = name, name

    def __call__(self, *args, out=None, dtype=None):
        settings = {"dtype": dtype} if dtype is not None else {}
        if out is not None:
            settings["out"] = out
        return _computed(getattr(np, self.name), args, settings)

    def at(self, a, indices, b=None):
        if self.name not in ("add", "maximum", "minimum"):
            raise NotImplementedError(f"`cupy_{self.name}.at` is not supported yet")
        if a.dtype.name not in SCATTERED:
            raise TypeError(f"scatter_{self.name} only supports {', '.join(SCATTERED)} as data type")
        _computed(getattr(np, self.name).at, (a, indices, b))


def array(obj, dtype=None, copy=True, order="K", subok=False, ndmin=0, *, blocking=False):
    if isinstance(obj, ndarray):
        same = not copy and dtype in (None, obj.dtype) and obj._device == Device.current
        return obj if same else _on(Device.current, np.array(obj._array, dtype))
    if isinstance(obj, (list, tuple)) and any(isinstance(x, ndarray) for x in obj):
        return _computed(lambda *parts: np.array(parts, dtype), obj)
    transfers["up"] += isinstance(obj, np.ndarray)
    return _on(Device.current, np.array(obj, dtype, ndmin=ndmin))


def asarray(a, dtype=None, order=None, *, copy=None, blocking=False):
    return array(a, dtype, copy=bool(copy))


def asnumpy(a, stream=None, order="C", out=None, *, blocking=True):
    return a.get() if isinstance(a, ndarray) else np.asarray(a)


def get_array_module(*args):
    return sys.modules["cupy"] if any(isinstance(a, ndarray) for a in args) else np


def empty(shape, dtype=float, order="C"):
    """Of floats, NaN: nobody may read what was not written."""
    new = np.empty(shape, dtype)
    new[...] = np.nan if new.dtype.kind == "f" else 77 if new.dtype.kind in "iu" else new
    return _on(Device.current, new)


def where(condition, x=None, y=None):
    if not isinstance(condition, ndarray):
        raise AttributeError(f"{type(condition).__name__!r} object has no attribute 'astype'")
    return _computed(np.where, (condition,) if x is None else (condition, x, y))


def concatenate(tup, axis=0, out=None, *, dtype=None, casting="same_kind"):
    if not all(isinstance(a, ndarray) for a in tup):
        raise TypeError("Only cupy arrays can be concatenated")
    return _computed(lambda *parts: np.concatenate(parts, axis, dtype=dtype, casting=casting), tuple(tup))


def take(a, indices, axis=None, out=None):
    return _computed(lambda a, i: np.take(a, i, axis, mode="wrap"), (a, indices))


def take_along_axis(a, indices, axis):
    return _computed(lambda a, i: np.take_along_axis(a, _anew(i, a.shape[axis]), axis), (a, indices))


class RawModule(emulated_cuda.Module):
    """cupy.RawModule, run by the emulator on the arrays that NumPy holds."""

    def launch(self, name, grid, block, args, *, shared_mem=0):
        devices = {a._device for a in args if isinstance(a, ndarray)}
        if devices - {Device.current}:
            raise ValueError(f"Array device must be same as the current device: {sorted(devices)} while current is {Device.current}")
        super().launch(name, grid, block, args, shared_mem=shared_mem)


OWN = {"RawModule": RawModule, "ndarray": ndarray, "array": array, "asarray": asarray, "asnumpy": asnumpy, "where": where, "concatenate": concatenate,
       "get_array_module": get_array_module,
       "empty": empty, "take": take, "take_along_axis": take_along_axis}


HOST = "data", "flat", "dump", "dumps", "tobytes", "tofile"              # what shows the memory itself


def _add_members():
    """CuPy's methods and attributes that NumPy's arrays have too, put on the class once."""
    for name, signature in read_names().items():
        owner, _, member = name.rpartition(".")
        if owner != "ndarray" or member in (*vars(ndarray), *HOST) or not hasattr(np.ndarray, member):
            continue
        if isinstance(signature, inspect.Signature):
            setattr(ndarray, member, _bound(name, signature, getattr(np.ndarray, member), method=True))
        else:
            setattr(ndarray, member, property(lambda self, _name=member: _computed(lambda a: getattr(a, _name), (self,))))


def make():
    """A module `cupy`: of the listed names, those that NumPy has too, and what is written here."""
    _add_members()
    module = types.ModuleType("cupy", "A stand-in for CuPy.")
    module.cuda = types.SimpleNamespace(Device=Device, runtime=types.SimpleNamespace(
        driverGetVersion=lambda: 13000, getDeviceCount=lambda: 2, getDevice=lambda: Device.current, getDeviceProperties=lambda number: PROPERTIES,
        CUDARuntimeError=RuntimeError), nvrtc=types.SimpleNamespace(getVersion=lambda: (13, 0)),
        Stream=Stream, Event=Event, get_current_stream=lambda: MAIN,
        memory=types.SimpleNamespace(OutOfMemoryError=OutOfMemoryError))
    module.get_default_memory_pool = lambda: types.SimpleNamespace(
        used_bytes=lambda: 9 << 30, total_bytes=lambda: 10 << 30, free_all_blocks=lambda stream=None: None)
    module.__version__ = re.search(r"CuPy ([\d.]+\d)", NAMES.read_text(encoding="utf-8")).group(1)
    for name, signature in read_names().items():
        ours = getattr(np, name, None)
        if name in OWN:
            setattr(module, name, OWN[name])
        elif signature == "ufunc" and ours is not None:
            setattr(module, name, Ufunc(name))
        elif isinstance(ours, type) or isinstance(ours, float) or name == "newaxis":
            setattr(module, name, ours)                    # dtypes, pi, inf: CuPy's are NumPy's own
        elif callable(ours):
            setattr(module, name, _bound(name, signature, ours))
    return module


@contextlib.contextmanager
def installed():
    """`import cupy` finds the stand-in, until the end."""
    from tinyvision import device
    before = {name: sys.modules.get(name) for name in ("cupy", "cupyx", "cupyx.scipy", "cupyx.scipy.special")}
    sys.modules["cupy"] = module = make()
    for name in list(before)[1:]:
        sys.modules[name] = types.ModuleType(name)
    sys.modules["cupyx"].empty_pinned = lambda shape, dtype=float, order="C": np.empty(shape, dtype, order)
    sys.modules["cupyx.scipy.special"].erf = lambda x: _computed(scipy.special.erf, (x,))
    before_probe = dict(device.gpu.STEPS)
    if not emulated_cuda.available:
        device.gpu.STEPS["a kernel"] = lambda: "was not tried: there is no g++"
    device.gpu._usable.cache_clear()
    Device.current = 0
    device.gpu.probe(0)
    transfers.clear()
    try:
        yield module
    finally:
        for name, old in before.items():
            del sys.modules[name]
            if old is not None:
                sys.modules[name] = old
        device.gpu.STEPS.update(before_probe)
        device.arrays._owners.pop(ndarray, None)           # tinyvision remembers which library owns which kind of array
        device.gpu._usable.cache_clear()


# The list of names --------------------------------------------------------------------------------------------------------

def described(thing, name) -> str:
    """A line of the list: `sum(a, axis=, ...)`, `add ufunc`, or the name alone."""
    if type(thing).__name__ == "ufunc":
        return f"{name} ufunc"
    if isinstance(thing, (type, types.ModuleType)):
        return name
    try:
        parameters = [str(p.replace(annotation=p.empty, default=p.empty)) + "=" * (p.default is not p.empty)
                      for p in inspect.signature(thing).parameters.values()]
        kinds = [p.kind for p in inspect.signature(thing).parameters.values()]
        if inspect.Parameter.KEYWORD_ONLY in kinds and inspect.Parameter.VAR_POSITIONAL not in kinds:
            parameters.insert(kinds.index(inspect.Parameter.KEYWORD_ONLY), "*")
    except (TypeError, ValueError):                        # Cython's methods say it in their docstrings only
        said = re.match(r"_ndarray_base\.\w+\(self(.*?)\)( ->|\n|$)", getattr(thing, "__doc__", None) or "")
        if not said:
            return name
        parameters = [re.sub(r"=.*", "=", word.split()[-1] if "=" not in word else word.split("=")[0].split()[-1] + "=")
                      for word in said.group(1).split(", ") if word]
    return f"{name}({', '.join(word for word in parameters if word != 'self')})"


def write_names() -> None:
    """Write the list, from the real CuPy; it needs no GPU for that."""
    import cupy
    lines = [described(getattr(cupy, name), name) for name in dir(cupy) if not name.startswith("_")]
    lines += [described(getattr(cupy.ndarray, name), f"ndarray.{name}") for name in dir(cupy.ndarray) if name[0] != "_"]
    title = f"# CuPy {cupy.__version__}: its public names and those of cupy.ndarray, with their arguments (= for a default)."
    NAMES.write_text("\n".join([title, *sorted(lines)]) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write_names()
