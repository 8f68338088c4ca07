"""State dictionaries of PyTorch: {"features.0.weight": array, ...}, from and to files, and into models of ours.

A layer corresponds to a module, which has the layer's arrays under PyTorch's names and in PyTorch's layout: torch_layout.py.
"""
import contextlib
import reprlib

import numpy as np

from ...files import replacing
from . import pickles, tensors
from .archives import blaming, existing
from .flattening import MIXED, flattened_places
from .places import check_built, own_weights
from .tensors import some
from .torch_layout import PARTS
from .whole import free_path

IGNORED = "num_batches_tracked"                            # a count of batches that PyTorch keeps, and nobody needs
WRAPPED = "state_dict", "model_state_dict", "model"        # keys under which checkpoints of trainings have it


def load_state_dict(model, source, names=None, flattened: dict | None = None) -> None:
    """Set the weights of a built model to those of a network of PyTorch: axes are turned, features behind a Flatten reordered.

    >>> import numpy as np
    >>> from tinyvision import Input, Sequential, layers
    >>> model = Sequential([Input((4, 4, 1)), layers.Conv2D(2, 3)])
    >>> load_state_dict(model, {"0.weight": np.ones((2, 1, 3, 3)), "0.bias": np.zeros(2)})

    Args:
        source: a dictionary of arrays (tensors of PyTorch will do), or the path of a file that has one: safetensors, or what
            `torch.save` wrote, of which nothing is run; or the bytes of the latter.
        names: which module a layer corresponds to: {"conv2d": "features.0"}, or a list of modules in the order of the layers
            that have weights. None takes modules and layers in their order; the shapes must fit. Files of safetensors keep no
            order: there, modules must be numbered. Modules that are not named are left out.
        flattened: {"dense": (H, W, C)}: the shape of the maps that were flattened before a layer, where the graph does not
            tell: in models with a `call` of your own, or behind layers of your own. None for features whose order is the same.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is damaged; or modules and layers do not fit. Then no weight has changed.
    """
    if isinstance(source, (dict, bytes)):
        with blaming("the bytes") if isinstance(source, bytes) else contextlib.nullcontext():
            _load(model, pickles.read(source) if isinstance(source, bytes) else source, True, names, flattened)
        return
    path = existing(source)
    with blaming(path):
        arrays, ordered = tensors.arrays_in(path) if path.suffix == ".safetensors" else (pickles.read(path), True)
        _load(model, arrays, ordered, names, flattened)


def state_dict(model, names=None, flattened: dict | None = None) -> dict[str, np.ndarray]:
    """The weights of a model for PyTorch: `module.load_state_dict({n: torch.tensor(a) for n, a in state_dict(model).items()})`.

    Args:
        names: which module a layer is to be, see `load_state_dict`; None gives modules the names of layers.
        flattened: see `load_state_dict`.

    Raises:
        ValueError: a layer has weights that no module of PyTorch has.
    """
    pairs = layers_with_parts(model, flattened)
    modules = _named(model, pairs, names) if names else [place for place, _, _ in pairs]
    found = {}
    for module, (_, _, parts) in zip(modules, pairs):
        for part in parts:
            arrays = part.outward(*(weight.numpy() for weight in part.weights))
            for name, a in zip(part.names, arrays, strict=True):
                if f"{module}.{name}" in found:
                    raise ValueError(f"two layers would be the module {module!r}: say by names= which is to be which")
                found[f"{module}.{name}"] = np.array(a, order="C")
    return found


def save_state_dict(model, filepath, names=None, flattened: dict | None = None, overwrite: bool = True) -> None:
    """Write `state_dict` to a safetensors file, which PyTorch opens by `safetensors.torch.load_file`."""
    path = free_path(filepath, overwrite, ".safetensors")
    arrays = state_dict(model, names, flattened)
    with replacing(path) as temporary:
        tensors.write(temporary, arrays, "pt")


def layers_with_parts(model, flattened=None) -> list[tuple]:
    """(place, layer, parts) for the layers of a model that have weights, in order; parts are arrays of PyTorch."""
    check_built(model)
    pairs = list(_leaves(model, "", set()))
    maps = flattened_places(model) | _by_layer(model, pairs, flattened or {})
    for place, layer in pairs:
        if maps.get(layer) == MIXED:
            raise ValueError(f"it cannot be told which feature of {layer.name} is which: maps are flattened before it, in "
                             f"another order in PyTorch. Say it by flattened={{{place!r}: (H, W, C)}}")
    return [(place, layer, _parts(layer, maps.get(layer))) for place, layer in pairs]


def _by_layer(model, pairs, named) -> dict:
    """What the caller says of layers by their places or names, by the layers themselves."""
    found = {}
    for name, value in named.items():
        called = [layer for place, layer in pairs if name == place] or [layer for _, layer in pairs if name == layer.name]
        if len(called) != 1:
            raise ValueError(f"{model.name} has {len(called) or 'no'} layers {name!r} with weights, but "
                             f"{some(place for place, _ in pairs)}")
        found[called[0]] = value
    return found


def _leaves(layer, place, seen):
    """(place, layer) for the layers that are modules in PyTorch."""
    if layer in seen or not layer.weights:
        return
    seen.add(layer)
    if type(layer) in PARTS:
        yield place, layer
        return
    if own_weights(layer):
        raise ValueError(_no_module(layer))
    for inner in layer.sublayers:
        yield from _leaves(inner, f"{place}.{inner.name}" if place else inner.name, seen)


def _parts(layer, flattened):
    """The arrays of a layer in PyTorch, which must be all of it."""
    parts = PARTS[type(layer)](layer, flattened)
    if parts is None or {id(w) for part in parts for w in part.weights} != {id(w) for w in layer.weights}:
        raise ValueError(_no_module(layer))
    return parts


def _no_module(layer):
    return f"{layer.name} ({type(layer).__name__}) has weights that no module of PyTorch has"


def _load(model, source, ordered, names, flattened):
    pairs = layers_with_parts(model, flattened)
    modules = _modules(source)
    if names:
        chosen = _named(model, pairs, names)
    elif len(modules) == len(pairs):
        chosen = list(modules) if ordered else _by_number(modules)
    else:
        raise ValueError(f"{model.name} has {len(pairs)} layers with weights ({some(place for place, _, _ in pairs)}), "
                         f"PyTorch's network {len(modules)} modules ({some(modules)}): say by names= which is which")
    found = []
    for module, (_, layer, parts) in zip(chosen, pairs):
        if module not in modules:
            raise ValueError(f"there is no module {module!r} for {layer.name}, but {some(modules)}")
        found += _fitted(layer, parts, module, modules[module])
    for weight, value in found:
        weight.assign(value)


def _modules(source):
    """{module: {name: array}}, of PyTorch's dictionary or of one that is within."""
    inner = [key for key in WRAPPED if isinstance(source, dict) and isinstance(source.get(key), dict)]
    source = source[inner[0]] if inner else source
    if not isinstance(source, dict) or not source:
        raise ValueError(f"it holds a {type(source).__name__}, where a dictionary of tensors would be")
    modules = {}
    for key, value in source.items():
        if not isinstance(key, str):
            raise ValueError(f"its keys are names, but {reprlib.repr(key)} is none")
        if not hasattr(value, "shape"):
            raise ValueError(f"its entry {key!r} is a {type(value).__name__}, where a tensor would be")
        module, _, name = key.rpartition(".")
        if module.endswith(".out_proj"):                   # of an attention layer, which is one module of ours
            module, name = module.removesuffix(".out_proj"), f"out_proj.{name}"
        if name != IGNORED:
            modules.setdefault(module, {})[name] = _numbers(key, value)
    return modules


def _numbers(key, value):
    """The array of a tensor of PyTorch's, or an array as it is."""
    if hasattr(value, "detach"):
        value = value.detach().cpu()
        value = value.float() if str(value.dtype) == "torch.bfloat16" else value          # which NumPy does not have
    array = np.asarray(value)
    if array.dtype.kind not in "fiub":
        raise ValueError(f"its entry {key!r} holds {array.dtype}, where numbers would be")
    return array


def _by_number(modules):
    """The names of modules in the order of the numbers in them, "features.2" before "features.10"."""
    paths = [module.split(".") for module in modules]
    for path in paths:
        for depth, part in enumerate(path):
            beside = {other[depth] for other in paths if other[:depth] == path[:depth] and len(other) > depth}
            if len(beside) > 1 and not part.isdecimal():
                raise ValueError(f"safetensors keep no order, and nothing says which of {some(sorted(beside))} comes first: "
                                 "say by names= which module is which layer")
    return sorted(modules, key=lambda module: [(part.isdecimal() and int(part), part) for part in module.split(".")])


def _named(model, pairs, names):
    """The module of each layer, by what the caller says."""
    if not isinstance(names, dict):
        if len(names) != len(pairs):
            raise ValueError(f"{len(names)} names of modules, for {len(pairs)} layers with weights")
        return list(names)
    if unknown := names.keys() - {name for place, layer, _ in pairs for name in (place, layer.name)}:
        raise ValueError(f"{model.name} has no layers {some(sorted(unknown))} with weights")
    if missing := [place for place, layer, _ in pairs if not {place, layer.name} & names.keys()]:
        raise ValueError(f"names say nothing of {some(missing)}")
    return [names.get(place, names.get(layer.name)) for place, layer, _ in pairs]


def _fitted(layer, parts, module, arrays):
    """(weight, array) for the weights of a layer; ValueError where the arrays of a module do not fit."""
    wanted = [name for part in parts for name in part.names]
    if set(wanted) != arrays.keys():
        raise ValueError(f"{layer.name} takes {', '.join(wanted)}, the module {module!r} has {', '.join(arrays)}: name the "
                         "modules by names=, if they come in another order")
    for part in parts:
        given = [arrays[name] for name in part.names]
        expected = [a.shape for a in part.outward(*(weight.numpy() for weight in part.weights))]
        if [a.shape for a in given] != expected:
            raise ValueError(f"{layer.name} takes {part.names[0]} of shape {expected[0]}, the module {module!r} has "
                             f"{given[0].shape}: name the modules by names=, if they come in another order")
        yield from zip(part.weights, part.inward(*given), strict=True)
