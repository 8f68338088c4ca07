"""Elements of datasets: arrays and texts, alone or in tuples and dictionaries; taken apart, put together, described."""
import os

import numpy as np

from ..autograd import Tensor, as_array, as_tensor
from ..device import array_library, is_array


def mapped(function, element):
    """The same tuples and dictionaries, with the function applied to what lies in them. Lists are taken for arrays."""
    if isinstance(element, dict):
        return {name: mapped(function, part) for name, part in element.items()}
    if isinstance(element, tuple):
        parts = [mapped(function, part) for part in element]
        return type(element)(*parts) if hasattr(element, "_fields") else tuple(parts)
    return function(element)


def leaves(element):
    """What lies in tuples and dictionaries, one after the other."""
    if isinstance(element, (dict, tuple)):
        for part in element.values() if isinstance(element, dict) else element:
            yield from leaves(part)
    else:
        yield element


def as_element(found, where: str):
    """What a function or a generator gave, as an element of arrays and texts.

    Raises:
        TypeError: there is None in it, or something else that is none of these.
    """
    def leaf(x):
        if x is None:
            raise TypeError(f"{where} is None, or holds it; does the function end with `return`?")
        if isinstance(x, (str, os.PathLike)):
            return os.fspath(x)
        if is_array(x) and x.dtype.kind == "U":
            return x
        return _array(x, f"{where}: ")
    return mapped(leaf, found)


def _array(x, where=""):
    """An array; the parts of a list are stacked to one."""
    try:
        return as_array(x)
    except (TypeError, ValueError) as error:
        several = " (A list is stacked to one array; several parts are a tuple: (x, y), not [x, y].)"
        raise TypeError(f"{where}{error}{several if isinstance(x, list) else ''}") from error


def as_tensors(element):
    """The element as its users see it: arrays of numbers are Tensors, texts stay as they are."""
    return mapped(lambda x: x if isinstance(x, str) or x.dtype.kind == "U" else as_tensor(x), element)


def as_numpy(element):
    """The element in NumPy's arrays and numbers."""
    return mapped(lambda x: x.numpy()[()] if isinstance(x, Tensor) else x, element)


def rows(x):
    """An array that can be cut into rows; a list of texts for texts and paths."""
    if isinstance(x, (list, np.ndarray)) and np.size(x[:1]) == 1 and isinstance(x[0], (str, os.PathLike)):
        return [os.fspath(text) for text in x]
    array = _array(x)
    if not array.ndim:
        raise ValueError(f"from_tensor_slices takes arrays to cut into rows, got the number {array}")
    return array


def row(element, i):
    """Row i of all arrays."""
    return mapped(lambda a: a[i] if isinstance(a, list) or a.dtype.kind == "U" else a[i, ...], element)


def stacked(elements: list):
    """A batch: the elements along a new first axis.

    Raises:
        ValueError: they differ in structure, shape or dtype.
    """
    first = elements[0]
    for i, other in enumerate(elements):
        if type(other) is not type(first) or (isinstance(first, (tuple, dict)) and (
                len(other) != len(first) or (isinstance(first, dict) and set(other) != set(first)))):
            raise ValueError(f"batch: elements 0 and {i} of a batch of {len(elements)} differ: {described(first)}, and "
                             f"{described(other)}")
    if isinstance(first, dict):
        return {name: stacked([element[name] for element in elements]) for name in first}
    if isinstance(first, tuple):
        parts = [stacked(list(column)) for column in zip(*elements)]
        return type(first)(*parts) if hasattr(first, "_fields") else tuple(parts)
    if isinstance(first, str):
        return np.array(elements)
    for i, other in enumerate(elements):
        if other.shape != first.shape:
            mend = "resize them before batch, with map(lambda x, y: (ops.image.resize(x, (180, 180)), y)) for instance" \
                if first.ndim == 3 else "map them to one shape before batch"
            raise ValueError(f"batch: elements 0 and {i} of a batch of {len(elements)} have the shapes {first.shape} and "
                             f"{other.shape}: {mend}")
        if other.dtype != first.dtype:
            raise ValueError(f"batch: elements 0 and {i} of a batch of {len(elements)} hold {first.dtype} and {other.dtype}: "
                             "map them to one dtype before batch, with x.astype('float32') for instance")
    return array_library(first).stack(elements)


def described(element) -> str:
    """Shapes and dtypes, for messages: "((180, 180, 3) float32, () int32)"."""
    if isinstance(element, dict):
        return "{" + ", ".join(f"{name!r}: {described(part)}" for name, part in element.items()) + "}"
    if isinstance(element, tuple):
        return "(" + ", ".join(map(described, element)) + ")"
    return f"{element.shape} {element.dtype}" if hasattr(element, "shape") else repr(element)[:60]
