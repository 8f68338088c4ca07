"""Weights as safetensors: a table of names, dtypes and shapes, and the numbers. https://huggingface.co/docs/safetensors

The names are those of the places in HDF5 files, without the folders: `conv2d/kernel`, `conv2d_1/kernel`.
"""
import json
from collections import Counter
from pathlib import Path

import numpy as np

from . import hdf5
from .archives import blaming, existing
from .places import inside, own_weights

OWN = "tinyvision"                                         # what files of ours say of their format
DTYPES = {"F16": "<f2", "F32": "<f4", "F64": "<f8", "I8": "i1", "I16": "<i2", "I32": "<i4", "I64": "<i8",
          "U8": "u1", "U16": "<u2", "U32": "<u4", "U64": "<u8", "BOOL": "?"}


def write(path, arrays: dict, form: str) -> None:
    """Write named arrays to a safetensors file; and their order, which such files do not keep."""
    from safetensors.numpy import save_file
    arrays = {name: np.array(array, order="C") for name, array in arrays.items()}          # a scalar stays one
    save_file(arrays, path, {"format": form, "order": json.dumps(list(arrays))})


def is_own(path) -> bool:
    """Whether `write_weights` wrote a safetensors file."""
    from safetensors import SafetensorError, safe_open
    with blaming(path):
        try:
            with safe_open(existing(path), "numpy") as file:
                return (file.metadata() or {}).get("format") == OWN
        except SafetensorError as error:
            raise ValueError(f"it is no safetensors file, or a damaged one: {error}") from error


def arrays_in(path) -> tuple[dict[str, np.ndarray], bool]:
    """All tensors of a safetensors file as arrays, and whether they are in the order in which they were written."""
    from safetensors import SafetensorError, deserialize, safe_open
    try:
        arrays = {name: _array(name, **tensor) for name, tensor in deserialize(Path(path).read_bytes())}
        with safe_open(path, "numpy") as file:
            order = json.loads((file.metadata() or {}).get("order", "null"))
        ordered = isinstance(order, list) and sorted(map(str, order)) == sorted(arrays)
        return {name: arrays[name] for name in order} if ordered else arrays, ordered
    except SafetensorError as error:
        raise ValueError(f"it is no safetensors file, or a damaged one: {error}") from error


def _array(name, dtype, shape, data):
    if dtype == "BF16":
        return from_bfloat16(np.frombuffer(data, "<u2")).reshape(shape)
    if dtype not in DTYPES:
        raise ValueError(f"{name} holds {dtype}, of which NumPy knows nothing")
    return np.frombuffer(data, DTYPES[dtype]).reshape(shape)


def from_bfloat16(halves) -> np.ndarray:
    """float32 from bfloat16, which is its upper half, and which NumPy does not have."""
    return (halves.astype("<u4") << 16).view("<f4")


def write_weights(path, model) -> None:
    """Write the weights of a model to a safetensors file."""
    write(path, {name: weight.numpy() for name, weight in by_name(model).items()}, OWN)


def read_weights(path, model, skip_mismatch: bool) -> None:
    """Set the weights of a model from a file of `write_weights`."""
    (arrays, _), ours = arrays_in(path), by_name(model)
    if ours and not ours.keys() & arrays.keys():
        raise ValueError(f"none of its tensors has the name of a weight: {some(arrays)} there, {some(ours)} here. If it comes "
                         "from PyTorch: models.load_state_dict(model, path)")
    fitting = [name for name, weight in ours.items() if name in arrays and arrays[name].shape == weight.shape]
    faults = [f"{name} has shape {ours[name].shape}, in the file {arrays[name].shape}" if name in arrays else
              f"the file has no weight {name}" for name in ours if name not in fitting]
    hdf5.settle(faults + [f"{model.name} has no weight {name}" for name in arrays if name not in ours], skip_mismatch)
    hdf5.assign([(ours[name], arrays[name]) for name in fitting])


def by_name(model) -> dict:
    """The weights of a model by their places and names. Those of the same name are numbered."""
    named, counts, seen = {}, Counter(), set()
    for base, weight in _named_weights(model, ""):
        name = base
        while name in named and id(weight) not in seen:
            counts[base] += 1
            name = f"{base}_{counts[base]}"
        if id(weight) not in seen:
            named[name] = weight
        seen.add(id(weight))
    return named


def _named_weights(layer, place):
    for weight in own_weights(layer):
        yield f"{place}{weight.name}", weight
    for there, inner in inside(layer):
        yield from _named_weights(inner, f"{place}{there.removeprefix('layers/')}/")


def some(names) -> str:
    """The first of some names."""
    names = list(names)
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "") if names else "none"
