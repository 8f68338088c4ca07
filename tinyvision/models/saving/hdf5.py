"""Weights in HDF5 files: groups are folders, datasets are arrays. A layer's own weights are `vars/0`, `vars/1`, ...

Of a file from outside only plain numbers are read, and only such as lie in the file itself: HDF5 has links to other files, and
datasets that lie there.
"""
import contextlib
import io
import math
import warnings

import numpy as np

from .limits import check_proportion
from .places import inside, own_weights


def library():
    """The package h5py, imported at first use."""
    import h5py
    return h5py


# Writing

def write(group, layer, dtype=None) -> None:
    """Write the weights of a layer, and of those inside it, into a group; floats in `dtype`, None for their own."""
    own = group.create_group("vars")
    own.attrs["name"] = layer.name
    for i, weight in enumerate(own_weights(layer)):
        own[str(i)] = in_dtype(weight, dtype)
    for place, inner in inside(layer):
        write(group.require_group(place), inner, dtype)


def in_dtype(weight, dtype) -> np.ndarray:
    """The numbers of a weight; floats in `dtype`, which must have room for them."""
    numbers = weight.numpy()
    if dtype is None or numbers.dtype.kind != "f":
        return numbers
    largest, most = float(abs(numbers[np.isfinite(numbers)]).max(initial=0)), float(np.finfo(dtype).max)
    if most < largest:
        raise ValueError(f"save: {weight.path} holds {largest:g}, more than {dtype} can: the most is {most:g}")
    return numbers.astype(dtype)


# Reading

@contextlib.contextmanager
def opened(source, size: int):
    """An HDF5 file to read, from a path or from bytes; `size` is that of the file on disk, of which it may be a packed part."""
    with _damages():
        file = library().File(io.BytesIO(source) if isinstance(source, bytes) else source, "r")
    with file:
        with _damages():
            check_proportion("its HDF5 part", sum(map(_memory, _datasets(file))), size)
        yield file


@contextlib.contextmanager
def _damages():
    """What h5py raises where it stumbles over bytes becomes a ValueError."""
    try:
        yield
    except (OSError, RuntimeError) as error:
        raise ValueError(f"the HDF5 part of it is damaged: {error}") from error


def numbers_in(file) -> int:
    """How many numbers all datasets of a file have together."""
    with _damages():
        return sum(dataset.size for dataset in _datasets(file))


def _datasets(file):
    found = []
    file.visititems(lambda name, item: found.append(item) if isinstance(item, library().Dataset) else None)
    return [dataset for dataset in found if dataset.shape is not None]


def _memory(dataset):
    """What it takes to read a dataset: its numbers; or a chunk of them, if that is more."""
    return max(dataset.nbytes, math.prod(dataset.chunks or [0]) * dataset.dtype.itemsize)


@_damages()
def at(group, place: str):
    """What lies at a place within a group, None if nothing does. Links are refused."""
    for name in place.split("/"):
        if not isinstance(group, library().Group):
            return None
        link = group.get(name, getlink=True)
        if link is None:
            return None
        if not isinstance(link, library().HardLink):
            there = getattr(link, "filename", "") or "elsewhere"
            raise ValueError(f"{group.name}/{name} is a link to {there}: weights are read from the file itself only")
        group = group[name]
    return group


@_damages()
def checked(dataset):
    """A dataset of which it is sure that it holds numbers, and those within the file."""
    if not isinstance(dataset, library().Dataset):
        raise ValueError(f"{dataset.name} is a {type(dataset).__name__.lower()}, where an array would be")
    if dataset.external or dataset.is_virtual:
        raise ValueError(f"the numbers of {dataset.name} lie in another file: weights are read from the file itself only")
    if dataset.shape is None or dataset.dtype.kind not in "fiub":
        what = "nothing" if dataset.shape is None else dataset.dtype
        raise ValueError(f"{dataset.name} holds {what}, where numbers would be")
    return dataset


def read(group, layer, skip_mismatch: bool = False) -> None:
    """Set the weights of a layer, and of those inside it, to what `write` wrote. All is checked before anything is changed.

    Args:
        skip_mismatch: whether to leave layers as they are, with one warning, for which the group has none or others.

    Raises:
        ValueError: a weight is missing, or has another shape.
    """
    found, faults = {}, {}                                 # layer -> its pairs of weight and dataset; or what is wrong
    _find(group, layer, found, faults)
    settle([fault for layer, fault in faults.items() if layer not in found], skip_mismatch)
    assign([pair for pairs in found.values() for pair in pairs])


def settle(faults, skip_mismatch) -> None:
    """Raise the first of the faults, with the number of the others; or only warn."""
    if faults and not skip_mismatch:
        more = f" (and {len(faults) - 1} more like that)" if len(faults) > 1 else ""
        raise ValueError(f"{faults[0]}{more}: is it of another model? load_weights(path, skip_mismatch=True) takes what fits")
    if faults:
        warnings.warn(f"{len(faults)} weights or layers do not fit and are left out: {'; '.join(faults)}", stacklevel=4)


def assign(pairs) -> None:
    """Read datasets into weights, from (weight, dataset) pairs; nothing is changed where one cannot be read."""
    with _damages():
        arrays = [dataset[()] for _, dataset in pairs]
    for (weight, _), array in zip(pairs, arrays):
        weight.assign(array)


def _find(group, layer, found, faults):
    """Collect pairs, and faults, of a layer and those inside. Where a layer occurs twice, Keras has written it once."""
    own = own_weights(layer)
    pairs = [(weight, at(group, f"vars/{i}")) for i, weight in enumerate(own)]
    wrong = [fault for i, pair in enumerate(pairs) if (fault := _fault(f"{group.name.rstrip('/')}/vars/{i}", *pair))]
    if own and not wrong and at(group, f"vars/{len(own)}") is not None:
        wrong = [f"{layer.name} has {len(own)} weights, in the file more, at {group.name}"]
    if wrong:
        faults[layer] = wrong[0]
    elif own:
        found[layer] = pairs
    places = dict(inside(layer))
    for name in at(group, "layers") or ():
        if f"layers/{name}" not in places and at(group, f"layers/{name}/vars/0") is not None:
            faults[group.name, name] = f"{layer.name} has no layer for the weights at {group.name.rstrip('/')}/layers/{name}"
    for place, inner in places.items():
        there = at(group, place)
        if there is not None:
            _find(there, inner, found, faults)
        elif inner.weights:
            faults[inner] = f"the file has no weights for {inner.name} at {group.name.rstrip('/')}/{place}"


def _fault(place, weight, dataset):
    if dataset is None:
        return f"the file has no weight for {weight.path} at {place}"
    if checked(dataset).shape != weight.shape:
        return f"{weight.path} has shape {weight.shape}, in the file {dataset.shape}"
    return None
