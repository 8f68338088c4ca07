"""What `torch.save` wrote: pickles, which are programs. Here they can make dictionaries and tensors, and nothing else."""
import collections
import io
import math
import pickle
import pickletools
import zipfile
import zlib
from typing import NamedTuple

import numpy as np

from .archives import unpacked, what_it_is
from .tensors import from_bfloat16

MAGIC = 0x1950a86a20f9469cfc6c                             # with which the files of PyTorch before 1.6 begin
OTHER_BYTE_ORDER = "it comes from a machine of the other byte order: save it again on a common one"
STORAGES = {"DoubleStorage": "<f8", "FloatStorage": "<f4", "HalfStorage": "<f2", "BFloat16Storage": "bfloat16",
            "LongStorage": "<i8", "IntStorage": "<i4", "ShortStorage": "<i2", "CharStorage": "i1", "ByteStorage": "u1",
            "BoolStorage": "?"}


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
    found, numbers = (_read_zip if zipfile.is_zipfile(io.BytesIO(data)) else _read_older)(data)
    return _with_arrays(found, numbers)


def _read_zip(data):
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = {name.partition("/")[2]: name for name in archive.namelist()}            # all lie in one folder
            if "data.pkl" not in entries:
                raise ValueError("it is a zip archive, but none of torch.save: there is no data.pkl in it")
            if "byteorder" in entries and unpacked(archive, entries["byteorder"]) != b"little":
                raise ValueError(OTHER_BYTE_ORDER)
            found = _unpickled(unpacked(archive, entries["data.pkl"]))
            places = {storage: f"data/{storage.key}" for storage in _storages(found)}
            if missing := sorted(set(places.values()) - entries.keys()):
                raise ValueError(f"it lacks {missing[0]}")
            return found, {storage: unpacked(archive, entries[place]) for storage, place in places.items()}
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise ValueError(f"the archive is damaged: {error}") from error


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
    storages, numbers = {storage.key: storage for storage in _storages(found)}, {}
    for key in keys:
        size = int.from_bytes(stream.read(8), "little")
        if key not in storages or size != storages[key].size:
            raise ValueError(f"storage {key} is described in two ways")
        numbers[storages[key]] = stream.read(storages[key].nbytes)
    return found, numbers


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
        greedy = any(code.name == "LONG_BINPUT" and place > len(data) for code, place, _ in pickletools.genops(data))
    except ValueError as error:
        raise ValueError(f"a pickle in it is damaged: {error}") from error
    if greedy:
        raise ValueError("a pickle in it asks for memory that it does not need")
    try:
        return _Unpickler(io.BytesIO(data)).load()
    except (pickle.UnpicklingError, EOFError, KeyError, IndexError, TypeError, AttributeError) as error:
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
        kind, dtype, key, _device, size = pid[:5]
        if kind != "storage" or dtype not in STORAGES or not isinstance(size, int) or size < 0:
            raise ValueError(f"a pickle in it refers to {pid!r:.60}, which is no storage")
        return Storage(STORAGES[dtype], str(key), size)


def _tensor(storage, offset, shape, strides, *_):
    return StoredTensor(storage, offset, tuple(shape), tuple(strides))


def _parameter(data, *_):
    return data


ALLOWED = {"collections.OrderedDict": collections.OrderedDict, "torch._utils._rebuild_tensor_v2": _tensor,
           "torch._utils._rebuild_tensor": _tensor, "torch._utils._rebuild_parameter": _parameter, "torch.Size": tuple}


def _storages(found):
    """All storages of tensors within dictionaries and lists."""
    if isinstance(found, StoredTensor):
        return {found.storage}
    parts = found.values() if isinstance(found, dict) else found if type(found) in (list, tuple) else ()
    return set().union(*map(_storages, parts))


def _with_arrays(found, numbers):
    if isinstance(found, StoredTensor):
        return _array(found, numbers[found.storage])
    if isinstance(found, dict):
        return {name: _with_arrays(value, numbers) for name, value in found.items()}
    return type(found)(_with_arrays(value, numbers) for value in found) if type(found) in (list, tuple) else found


def _array(tensor, data):
    """The array of a tensor: rows of a storage, whose places must lie within it."""
    storage, offset, shape, strides = tensor
    if len(data) != storage.nbytes:
        raise ValueError(f"storage {storage.key} has {len(data)} bytes, where {storage.nbytes} were promised")
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
