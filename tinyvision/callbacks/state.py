"""What training changes besides weights, found in objects of any class, and as text with arrays: for backups.

An object's state are its plain attributes that changed since training began: numbers, text, arrays, and lists, tuples, sets and
dictionaries of them. Attributes that stay as they are, settings, belong to the script, which may change them between two runs.
An object that knows better defines `get_state()`, which returns such a plain value, and `set_state(value)`.
"""
import functools
import hashlib
import json
import os
import types

import numpy as np

from ..autograd import Tensor
from ..device import device_of, is_array, to_device
from ..layers.base import NO_LAYERS, Call, Layer, SymbolicTensor
from ..structures import leaves

FUNCTIONS = types.FunctionType, types.MethodType, functools.partial
PACKAGE = __package__.partition(".")[0]
ELSEWHERE = NO_LAYERS | {"model", "progress", "slots", "built", "name"}            # saved by others, or the script's
SETTINGS = *FUNCTIONS, types.BuiltinFunctionType, types.ModuleType, np.ufunc, type, np.dtype, os.PathLike


def pack(value, keep):
    """A plain value as JSON can hold it; `keep(array)` returns what stands for an array. TypeError for what is not plain."""
    kind = type(value)
    if value is None or kind in (bool, int, float, str):
        return value
    if kind in (list, tuple, set):
        return {kind.__name__: [pack(part, keep) for part in value]}
    if kind is dict:
        return {"dict": [[pack(name, keep), pack(part, keep)] for name, part in value.items()]}
    if isinstance(value, np.generic) and value.dtype.kind in "biuf":
        return {"number": [value.dtype.str, value.item()]}
    if kind is Tensor and not value.node:
        return {"tensor": pack(value.data, keep)}
    if is_array(value) and value.dtype.kind in "biufc":
        return {"array": keep(to_device(value, "cpu")), "device": device_of(value)}
    raise TypeError(f"{kind.__name__} is not plain")


def unpack(text, arrays):
    """The value that `pack` was given, with arrays of its own."""
    if not isinstance(text, dict):
        return text
    if "array" in text:
        return to_device(arrays[text["array"]].copy(order="K"), text["device"])
    (kind, parts), = text.items()
    if kind == "tensor":
        return Tensor(unpack(parts, arrays))
    if kind == "number":
        return np.dtype(parts[0]).type(parts[1])
    if kind == "dict":
        return {unpack(name, arrays): unpack(part, arrays) for name, part in parts}
    return {"list": list, "tuple": tuple, "set": set}[kind](unpack(part, arrays) for part in parts)


def parts(thing, place, seen):
    """(place, object) for an object and all of this package's, or derived from them, that are its attributes, nested or not."""
    if id(thing) in seen:
        return
    seen[id(thing)] = thing
    yield place, thing
    for name, value in _inside(thing).items():
        for i, leaf in enumerate(leaves(value)):
            if _is_part(leaf):
                yield from parts(leaf, f"{place}.{name}" + (f"[{i}]" if leaf is not value else ""), seen)


def attributes(thing) -> dict:
    """The attributes of an object that may hold something of its state."""
    return {name: value for name, value in getattr(thing, "__dict__", {}).items() if name not in ELSEWHERE}


def _inside(thing) -> dict:
    """The same, with the layers that only the calls of a functional model name."""
    return attributes(thing) | ({"layers": thing.sublayers} if isinstance(thing, Layer) else {})


def _is_part(thing):
    ours = any(cls.__module__.partition(".")[0] == PACKAGE for cls in type(thing).__mro__)
    return ours and not isinstance(thing, (Tensor, SymbolicTensor, Call, type))


def keys(thing, place, seen):
    """(place, key, function that sets it) for all keys of random numbers in what gives batches, and in the functions within.

    A shuffle has one, and so have layers that a function calls, be it in a pipeline, by what the function closes over,
    or by the names of globals in it. What functions of others call `key` is none.
    """
    if id(thing) in seen:
        return
    seen[id(thing)] = thing
    cells, inside = {}, _inside(thing)
    if isinstance(thing, types.FunctionType):
        cells = dict(zip(thing.__code__.co_freevars, thing.__closure__ or ()))
        inside = {name: cell.cell_contents for name, cell in cells.items() if cell != types.CellType()}
        inside |= {name: thing.__globals__[name] for name in _names(thing.__code__)
                   if name in thing.__globals__ and _is_users(thing.__globals__[name])}
    elif isinstance(thing, types.MethodType):
        inside = {"self": thing.__self__, "function": thing.__func__}
    elif isinstance(thing, functools.partial):
        inside = {"function": thing.func, "args": thing.args, **thing.keywords}
    for name, value in inside.items():
        if name == "key" and _is_key(thing, value):
            holder = (cells[name], "cell_contents") if cells else (thing, name)
            yield f"{place}.{name}", value, functools.partial(setattr, *holder)
        for i, leaf in enumerate(leaves(value)):
            if _is_part(leaf) or isinstance(leaf, FUNCTIONS):
                yield from keys(leaf, f"{place}.{name}" + (f"[{i}]" if leaf is not value else ""), seen)


def _is_key(thing, value):
    """Whether what a thing calls `key` is one of random numbers: a seed and a stream, in what is this package's or derived."""
    ours = str(thing.__module__).partition(".")[0] == PACKAGE if isinstance(thing, types.FunctionType) else _is_part(thing)
    return ours and type(value) is tuple and [type(part) for part in value] == [int, int]


def _is_users(thing):
    """Whether what a function names may hold keys: all but this package's own functions, of which each would lead to others."""
    return not (isinstance(thing, types.FunctionType) and str(thing.__module__).partition(".")[0] == PACKAGE)


def _names(code):
    """The names of globals in the code of a function, and in that of the functions within."""
    yield from code.co_names
    for inner in code.co_consts:
        yield from _names(inner) if isinstance(inner, types.CodeType) else ()


class Changes:
    """What of objects has changed since they were first seen.

    Attributes:
        odd: places of attributes that can be neither saved nor taken for settings.
    """

    def __init__(self):
        self.first, self.changed, self.odd = {}, set(), set()

    def watch(self, places) -> None:
        """Remember how objects are now: pairs of a place and an object."""
        for place, thing in places:
            for name, value in self._plain(place, thing):
                self.first[place, name] = _mark(value)

    def of(self, places, keep) -> dict:
        """{place: {attribute: its value, packed}} for what has changed; keys of random numbers always count as changed."""
        found = {}
        for place, thing in places:
            if hasattr(thing, "get_state"):
                found[place] = pack(thing.get_state(), keep)
                continue
            for name, value in self._plain(place, thing):
                key = name == "key" and _is_key(thing, value)
                if key or (place, name) in self.changed or self.first.get((place, name)) != _mark(value):
                    self.changed.add((place, name))
                    found.setdefault(place, {})[name] = pack(value, keep)
        return found

    def put(self, places, found: dict, arrays) -> None:
        """Set the attributes of objects to what `of` found."""
        for place, thing in places:
            if place in found and hasattr(thing, "set_state"):
                thing.set_state(unpack(found[place], arrays))
            elif place in found:
                for name, text in found[place].items():
                    vars(thing)[name] = unpack(text, arrays)
                    self.changed.add((place, name))

    def _plain(self, place, thing):
        if hasattr(thing, "get_state"):
            return
        for name, value in attributes(thing).items():
            try:
                pack(value, lambda array: 0)
            except TypeError:
                if not all(isinstance(leaf, (*SETTINGS, Tensor, Call, SymbolicTensor)) or _is_part(leaf) or is_plain(leaf)
                           for leaf in leaves(value)):
                    self.odd.add(f"{place}.{name}")
            else:
                yield name, value


def is_plain(value) -> bool:
    """Whether a backup can hold a value."""
    try:
        pack(value, lambda array: 0)
    except TypeError:
        return False
    return True


def _mark(value) -> str:
    """A text that tells values apart."""
    return json.dumps(pack(value, lambda array: hashlib.blake2b(np.ascontiguousarray(array)).hexdigest() + str(array.shape)))
