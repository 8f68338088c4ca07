"""What `torch.save` wrote: pickles, which are programs. Here they can make dictionaries and tensors, and nothing else."""
import collections
import io
import math
import pickle
import pickletools
import reprlib
from typing import NamedTuple

import numpy as np

from .archives import is_archive, opened, unpacked, what_it_is
from .tensors import from_bfloat16

MAGIC = 0x1950a86a20f9469cfc6c                             # with which the files of PyTorch before 1.6 begin
OTHER_BYTE_ORDER = "it comes from a machine of the other byte order: save it again on a common one"
STORAGES = {"DoubleStorage": "<f8", "FloatStorage": "<f4", "HalfStorage": "<f2", "BFloat16Storage": "bfloat16",
            "LongStorage": "<i8", "IntStorage": "<i4", "ShortStorage": "<i2", "CharStorage": "i1", "ByteStorage": "u1",
            "BoolStorage": "?"}
DEEPEST = 20                                               # dictionaries within dictionaries that are followed


class Storage(NamedTuple):
    """The numbers that tensors share: their dtype, the name under which the file has them, and how many there are."""

    dtype: str
    key: str
    size: int

    @property
    def nbytes(self):
        """The bytes that they take."""
        return self.size * (2 if self.dtype == "bfloat16" else np.dtype(self.dtype).itemsize)


class StoredTensor(NamedTuple):
    """A tensor that is still in the file."""

    storage: Storage
    offset: int
    shape: tuple
    strides: tuple


def read(source):
    """What `torch.save` wrote, with arrays for its tensors, from the path of a file or from its bytes.

    Raises:
        ValueError: it is no such file, or damaged, or it would call anything.
    """
    data = source if isinstance(source, bytes) else source.read_bytes()
    found, numbers = (_read_zip if is_archive(data) else _read_older)(data)
    return _with_arrays(found, numbers, {})


def _read_zip(data):
    with opened(data) as archive:
        folders = {name.partition("/")[0] for name in archive.namelist()}
        if len(folders) > 1 or len(set(archive.namelist())) < len(archive.namelist()):
            raise ValueError("it is a zip archive, but none of torch.save: those have one folder, and each file once")
        entries = {name.partition("/")[2]: name for name in archive.namelist()}
        if "data.pkl" not in entries:
            raise ValueError("it is a zip archive, but none of torch.save: there is no data.pkl in it")
        if "byteorder" in entries and unpacked(archive, entries["byteorder"]) != b"little":
            raise ValueError(OTHER_BYTE_ORDER)
        found = _unpickled(unpacked(archive, entries["data.pkl"]))
        places = {storage: f"data/{key}" for key, storage in _storages(found).items()}
        if missing := sorted(set(places.values()) - entries.keys()):
            raise ValueError(f"it lacks {missing[0]}")
        for storage, place in places.items():
            _check_size(storage, archive.getinfo(entries[place]).file_size)
        return found, {storage: unpacked(archive, entries[place]) for storage, place in places.items()}


def _read_older(data):
    """Three pickles about the file, one of what was saved, one of the names of the storages, and their numbers."""
    if hint := what_it_is(data):
        raise ValueError(f"it is no file of torch.save{hint}")
    stream = io.BytesIO(data)
    if _next_pickle(stream, "beginning") != MAGIC:
        raise ValueError("it is no file of torch.save: it begins otherwise")
    _version, system, found, keys = [_next_pickle(stream, what) for what in ("version", "system", "what was saved", "keys")]
    if isinstance(system, dict) and not system.get("little_endian", True):
        raise ValueError(OTHER_BYTE_ORDER)
    storages, numbers = _storages(found), {}
    if not isinstance(keys, list) or set(map(str, keys)) != storages.keys():
        raise ValueError("its list of storages is not that of its tensors")
    for key in keys:
        storage, size = storages[str(key)], int.from_bytes(stream.read(8), "little")
        if size != storage.size:
            raise ValueError(_described_twice(storage.key))
        numbers[storage] = stream.read(storage.nbytes)
        _check_size(storage, len(numbers[storage]))
    return found, numbers


def _described_twice(key):
    return f"storage {key} is described in two ways"


def _check_size(storage, size):
    if size != storage.nbytes:
        raise ValueError(f"storage {storage.key} has {size} bytes, where {storage.nbytes} were promised")


def _next_pickle(stream, what):
    start = stream.tell()
    try:
        for _ in pickletools.genops(stream):               # finds its end
            pass
    except ValueError as error:
        raise ValueError(f"it is no file of torch.save, or a damaged one: its part {what!r} is no pickle ({error})") from error
    return _unpickled(stream.getvalue()[start:stream.tell()])


def _unpickled(data):
    """The object that a pickle makes. The numbers in it are looked at first: they could ask for memory without end."""
    try:
        greedy = any(code.name in ("PUT", "LONG_BINPUT") and int(place) > len(data)
                     for code, place, _ in pickletools.genops(data))
    except ValueError as error:
        raise ValueError(f"a pickle in it is damaged: {error}") from error
    if greedy:
        raise ValueError("a pickle in it asks for memory that it does not need")
    try:
        return _Unpickler(io.BytesIO(data)).load()
    except (pickle.UnpicklingError, EOFError, KeyError, IndexError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"a pickle in it is damaged: {error}") from error


class _Unpickler(pickle.Unpickler):
    def find_class(self, module, name):
        allowed = ALLOWED.get(f"{module}.{name}")
        if allowed is None and module in ("torch", "torch.storage") and name in STORAGES:
            allowed = name
        if allowed is None:
            raise ValueError(f"a pickle in it would use {module}.{name}: code in files is never run. Save the state_dict() "
                             "alone, best as safetensors")
        return allowed

    def persistent_load(self, pid):
        kind, dtype, key, _device, size, *view = pid
        known = isinstance(dtype, str) and dtype in STORAGES and isinstance(key, (str, int))
        if kind != "storage" or not known or not isinstance(size, int) or size < 0:
            raise ValueError(f"a pickle in it refers to {reprlib.repr(pid)}, which is no storage")
        if any(part is not None for part in view):
            raise ValueError(f"storage {key} is a view of another one: save the file again with a newer PyTorch")
        return Storage(STORAGES[dtype], str(key), size)


class _Tensor:
    """`torch._utils._rebuild_tensor_v2`, an object without room for attributes: those of a function, a pickle could set."""

    __slots__ = ()

    def __call__(self, storage, offset, shape, strides, *_):
        if not isinstance(storage, Storage):
            raise TypeError(f"a tensor of {reprlib.repr(storage)}, which is no storage")
        return StoredTensor(storage, offset, tuple(shape), tuple(strides))


class _Parameter:
    """`torch._utils._rebuild_parameter`."""

    __slots__ = ()

    def __call__(self, data, *_):
        return data


ALLOWED = {"collections.OrderedDict": collections.OrderedDict, "torch._utils._rebuild_tensor_v2": _Tensor(),
           "torch._utils._rebuild_tensor": _Tensor(), "torch._utils._rebuild_parameter": _Parameter(), "torch.Size": tuple}


def _storages(found):
    """{key: storage} of all tensors within dictionaries and lists. Each of these is looked at once, however often it occurs."""
    storages, seen, stack = {}, set(), [(found, 0)]
    while stack:
        value, depth = stack.pop()
        if isinstance(value, StoredTensor):
            if storages.setdefault(value.storage.key, value.storage) != value.storage:
                raise ValueError(_described_twice(value.storage.key))
        elif type(value) in (dict, collections.OrderedDict, list, tuple) and id(value) not in seen:
            if depth > DEEPEST:
                raise ValueError("it is nested too deeply for a dictionary of tensors")
            seen.add(id(value))
            stack += [(part, depth + 1) for part in (value.values() if isinstance(value, dict) else value)]
    return storages


def _with_arrays(found, numbers, done):
    """The same with arrays in the place of tensors. `done`: {id of a part: what it became}, for parts may occur often."""
    if id(found) not in done:
        if isinstance(found, StoredTensor):
            done[id(found)] = _array(found, numbers[found.storage])
        elif isinstance(found, dict):
            done[id(found)] = {name: _with_arrays(value, numbers, done) for name, value in found.items()}
        elif type(found) in (list, tuple):
            done[id(found)] = type(found)(_with_arrays(value, numbers, done) for value in found)
        else:
            return found
    return done[id(found)]


def _array(tensor, data):
    """The array of a tensor: rows of a storage, whose places must lie within it."""
    storage, offset, shape, strides = tensor
    if len(shape) != len(strides):
        raise ValueError(f"a tensor of shape {shape} has strides {strides}")
    steps = [(n - 1) * step for n, step in zip(shape, strides)]
    if min([offset, *shape, *strides]) < 0 or math.prod(shape) and offset + sum(steps) >= storage.size:
        raise ValueError(f"a tensor of shape {shape} reaches beyond its storage {storage.key} of {storage.size} numbers")
    flat = np.frombuffer(data, "<u2" if storage.dtype == "bfloat16" else storage.dtype)
    flat = from_bfloat16(flat) if storage.dtype == "bfloat16" else flat
    if not math.prod(shape):
        return np.zeros(shape, flat.dtype)
    return np.lib.stride_tricks.as_strided(flat[offset:], shape, [step * flat.itemsize for step in strides], writeable=False)
