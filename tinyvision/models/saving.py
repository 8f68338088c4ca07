"""Models as files, in the layout of Keras 3: `.keras`, a zip of the config and the weights; and `.weights.h5`, the weights.

In the HDF5 file a layer has a group: `vars/0`, `vars/1`, ... are its own weights, the trainable ones first. The groups of the
layers inside are named by class and place (`layers/conv2d`, `layers/conv2d_1`), or by attribute in those of your own.
"""
import collections
import io
import json
import warnings
import zipfile
from pathlib import Path

import numpy as np

from ..configurable import snake_case
from ..files import replacing
from ..layers.base import Layer, SymbolicTensor
from ..layers.core import InputLayer
from ..serialization import deserialize, serialize
from ..structures import leaves, map_structure
from .functional import Model
from .sequential import Sequential

LAYOUT = {"keras_version": "3.15.1", "saved_by": "tinyvision"}         # whose layout the file has


def save(model, filepath, overwrite: bool = True, include_optimizer: bool = True, weights_dtype: str | None = None) -> None:
    """Write a model to a `.keras` file: what it is made of, its weights, and the state of its optimizer.

    The file is written under a temporary name and renamed, so an older one is never half overwritten.

    Args:
        filepath: must end in ".keras".
        overwrite: whether a file that is there already may be replaced.
        include_optimizer: whether to write what the optimizer remembers. Without it a file is half as large or less, and
            training goes on with an optimizer that starts afresh.
        weights_dtype: in which the file holds the weights; None keeps theirs. "float16" makes it half as large, at 11 bits a
            number. Whoever loads them gets the dtype of the layers again.

    Raises:
        FileExistsError: there is a file, and `overwrite` is False.
        ValueError: the path has another ending; or `weights_dtype` is unknown, or cannot hold a weight.
    """
    if weights_dtype not in (None, "float16", "float32", "float64"):
        raise ValueError(f"save: weights_dtype is 'float16', 'float32', 'float64' or None, got {weights_dtype!r}")
    path = _checked(filepath, ".keras", overwrite)
    weights = io.BytesIO()
    with _h5py().File(weights, "w") as file:
        _write(file, model, weights_dtype)
        if model.optimizer is not None and include_optimizer:
            for i, array in enumerate(_optimizer_arrays(model)):
                file[f"optimizer/vars/{i}"] = array
    with replacing(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        archive.writestr("metadata.json", json.dumps(LAYOUT))
        archive.writestr("config.json", json.dumps(_model_config(model)))
        archive.writestr("model.weights.h5", weights.getvalue())


def load_model(filepath, custom_objects: dict | None = None, compile: bool = True) -> Model:
    """Read a model from a `.keras` file.

    Args:
        filepath: of the file.
        custom_objects: {"MyLayer": MyLayer}: the classes and functions of your own that the file names. No other code runs.
        compile: whether to restore loss, metrics and optimizer with its state, too.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no `.keras` file, or it names classes that are not there.
    """
    path = Path(filepath)
    if not path.exists():
        raise FileNotFoundError(f"load_model: there is no file {path}")
    if not zipfile.is_zipfile(path):
        raise ValueError(f"load_model: {path} is no .keras file: those are zip archives of config.json and model.weights.h5")
    with zipfile.ZipFile(path) as archive:
        if missing := {"config.json", "model.weights.h5"}.difference(archive.namelist()):
            raise ValueError(f"load_model: {path} lacks {', '.join(sorted(missing))}")
        config, weights = json.loads(archive.read("config.json")), io.BytesIO(archive.read("model.weights.h5"))
    model = _model_from(config, custom_objects or {})
    if compile and config.get("compile_config"):
        model.compile(**{name: _resolved(value, custom_objects or {}) for name, value in config["compile_config"].items()
                         if name in ("optimizer", "loss", "loss_weights", "metrics", "weighted_metrics")})
    with _h5py().File(weights, "r") as file:
        _read(file, model)
        if compile and model.optimizer is not None and "optimizer" in file:
            _set_optimizer_arrays(model, [file[f"optimizer/vars/{i}"][()] for i in range(len(file["optimizer/vars"]))])
    return model


def save_weights(model, filepath, overwrite: bool = True) -> None:
    """Write the weights alone, to a file that ends in ".weights.h5"."""
    path = _checked(filepath, ".weights.h5", overwrite)
    with replacing(path) as temporary, _h5py().File(temporary, "w") as file:
        _write(file, model)


def load_weights(model, filepath) -> None:
    """Read the weights of a built model from a ".weights.h5" file, or from a ".keras" file.

    Raises:
        ValueError: a weight is missing in the file, or has another shape there. Then no weight has been changed.
    """
    if zipfile.is_zipfile(filepath):
        with zipfile.ZipFile(filepath) as archive:
            filepath = io.BytesIO(archive.read("model.weights.h5"))
    with _h5py().File(filepath, "r") as file:
        _read(file, model)


def _h5py():
    import h5py
    return h5py


def _checked(filepath, ending, overwrite):
    path = Path(filepath)
    if not path.name.endswith(ending):
        raise ValueError(f"the path must end in {ending!r}, got {str(path)!r}")
    if path.exists() and not overwrite:
        raise FileExistsError(f"{path} is there already, and overwrite is False")
    return path


# Weights ----------------------------------------------------------------------------------------------------------------

def _inside(layer):
    """(name of its group, layer) for the layers inside a layer."""
    if isinstance(layer, Model) and layer._calls_inside:
        yield from _numbered("layers", layer.layers)
    elif isinstance(layer, Sequential):
        yield from _numbered("layers", layer.layers)
    else:
        for name, value in sorted(vars(layer).items()):
            if isinstance(value, Layer):
                yield name, value
            elif isinstance(value, (list, tuple, dict)) and name not in ("_calls", "_config"):
                yield from _numbered(name, [leaf for leaf in leaves(value) if isinstance(leaf, Layer)])


def _numbered(folder, layers):
    counts = collections.Counter()
    for layer in layers:
        name = snake_case(type(layer).__name__ if not _is_functional(layer) else "Functional")
        yield f"{folder}/{name}_{counts[name]}" if counts[name] else f"{folder}/{name}", layer
        counts[name] += 1


def _own(layer):
    return sorted(layer._weights, key=lambda weight: not weight.trainable)


def _write(group, layer, dtype=None):
    own = group.create_group("vars")
    own.attrs["name"] = layer.name
    for i, weight in enumerate(_own(layer)):
        own[str(i)] = _in_dtype(weight, dtype)
    for name, inner in _inside(layer):
        _write(group.require_group(name), inner, dtype)


def _in_dtype(weight, dtype):
    """The numbers of a weight; floats in `dtype`, which must have room for them."""
    numbers = weight.numpy()
    if dtype is None or numbers.dtype.kind != "f":
        return numbers
    largest, most = float(abs(numbers).max(initial=0)), float(np.finfo(dtype).max)
    if most < largest < np.inf:
        raise ValueError(f"save: {weight.path} holds {largest:g}, more than {dtype} can: the most is {most:g}")
    return numbers.astype(dtype)


def _read(group, layer):
    found = list(_found(group, layer))                     # all is checked before anything is changed
    for weight, value in found:
        weight.assign(value)


def _found(group, layer):
    for i, weight in enumerate(_own(layer)):
        place = f"vars/{i}"
        if place not in group:
            raise ValueError(f"the file has no weight for {weight.path} at {group.name}/{place}: is it of another model?")
        if group[place].shape != weight.shape:
            raise ValueError(f"{weight.path} has shape {weight.shape}, in the file {group[place].shape}")
        yield weight, group[place][()]
    for name, inner in _inside(layer):
        if name in group:
            yield from _found(group[name], inner)
        elif inner.weights:
            raise ValueError(f"the file has no weights for {inner.name} at {group.name}/{name}: is it of another model?")


def _optimizer_arrays(model):
    """Steps, the learning rate unless a schedule chooses it, and what is remembered of each weight, in Keras's order."""
    optimizer = model.optimizer
    yield np.asarray(optimizer.calls, np.int32)
    if not callable(optimizer.get_config()["learning_rate"]):
        yield np.asarray(optimizer.learning_rate, np.float32)
    if optimizer.slots:                                    # otherwise there was no step yet
        yield from _slots(optimizer, model.trainable_weights)
        yield from (np.asarray(getattr(optimizer, name), np.float64) for name in getattr(optimizer, "shared", ()))


def _set_optimizer_arrays(model, arrays):
    optimizer, (calls, *arrays) = model.optimizer, arrays
    rate = arrays.pop(0) if arrays and not callable(optimizer.get_config()["learning_rate"]) else None
    slots = list(_slots(optimizer, model.trainable_weights)) if arrays else []
    shared = getattr(optimizer, "shared", ()) if arrays else ()
    if [s.shape for s in slots] + [()] * len(shared) != [a.shape for a in arrays]:
        warnings.warn(f"the file remembers other things of the weights than this {type(optimizer).__name__} does, in "
                      f"{len(arrays)} arrays, not {len(slots) + len(shared)}: the optimizer starts afresh", stacklevel=3)
        return
    optimizer.calls = int(calls)
    optimizer.iterations = optimizer.calls // (optimizer.gradient_accumulation_steps or 1)
    if rate is not None:
        optimizer.learning_rate = float(np.format_float_positional(rate))
    for slot, array in zip(slots, arrays):
        slot[...] = array
    for name, array in zip(shared, arrays[len(slots):]):
        setattr(optimizer, name, float(array))


def _slots(optimizer, weights):
    """What an optimizer remembers of weights: arrays, in the order of Keras's files."""
    groups = [*(group for options in optimizer.options for group in options.slot_groups), *optimizer.slot_groups]
    return (optimizer.slot(name, weight) for names in groups for weight in weights for name in names)


# Configs ----------------------------------------------------------------------------------------------------------------

def _is_functional(layer):
    return type(layer) is Model


def _model_config(model):
    config = _config_of(model)
    if model.optimizer is not None:
        config["compile_config"] = {name: serialize(value) for name, value in model.compiled_with.items()}
    return config


def _config_of(layer):
    """What `serialize` gives for a layer, and the shape that it was built with; models describe the layers inside."""
    if _is_functional(layer):
        return {"module": "keras.src.models.functional", "class_name": "Functional", "config": _functional_config(layer),
                "registered_name": "Functional", "build_config": {"input_shape": None}}
    if type(layer) is Sequential:
        layers = [*([layer.inputs[0].call.layer] if layer._calls_inside else []), *layer.layers]
        base = {"name": layer.name, "trainable": layer.trainable, "dtype": layer.dtype}
        return {"module": "keras", "class_name": "Sequential", "registered_name": None,
                "config": {**base, "layers": [_config_of(inner) for inner in layers]}}
    config = serialize(layer)
    if layer.built_with is not None:
        config["build_config"] = getattr(layer, "build_config", {"input_shape": serialize(layer.built_with)})
    return config


def _functional_config(model):
    calls = collections.defaultdict(list)                  # layer -> its calls within this model
    for call in [*(t.call for t in model.inputs), *model._calls_inside]:
        calls[call.layer].append(call)

    def history(t):
        return [t.call.layer.name, calls[t.call.layer].index(t.call), t.index]

    def end(t):
        name, call, index = history(t)
        return [name, call + _is_functional(t.call.layer), index]          # at the ends, Keras counts calls of models from 1

    def argument(value):
        if isinstance(value, SymbolicTensor):
            return {"class_name": "__keras_tensor__",
                    "config": {"shape": list(value.shape), "dtype": value.dtype, "keras_history": history(value)}}
        return serialize(value)

    def nodes(layer):
        return [{"args": [map_structure(argument, a) for a in call.args], "kwargs": map_structure(argument, call.settings)}
                for call in calls[layer] if call.inputs]

    layers = [{**_config_of(layer), "name": layer.name, "inbound_nodes": nodes(layer)} for layer in calls]
    return {"name": model.name, "trainable": model.trainable, "layers": layers,
            "input_layers": map_structure(end, model._input_structure),
            "output_layers": map_structure(end, model._output_structure)}


def _model_from(config, custom_objects):
    """A layer or model from what `_config_of` gave."""
    name = config["class_name"]
    if name == "Functional":
        return _functional_from(config["config"], custom_objects)
    if name == "Sequential":
        settings = {**config["config"]}
        layers = [_model_from(layer, custom_objects) for layer in settings.pop("layers")]
        known = {key: deserialize(settings[key]) for key in ("name", "trainable", "dtype") if key in settings}
        return Sequential(layers, **known)
    layer = deserialize(config, custom_objects)
    shape = (config.get("build_config") or {}).get("input_shape")
    if shape and not layer.built and isinstance(layer, Layer):
        _build(layer, shape)
    return layer


def _build(layer, shape):
    """Make the weights of a layer, and of those inside, as a call on data of that shape would; None is a size that may vary."""
    layer.compute_output_shape(shape)


def _functional_from(config, custom_objects):
    layers = {entry["config"]["name"]: _model_from({**entry, "build_config": None}, custom_objects)
              for entry in config["layers"]}
    calls = {name: {} for name in layers}                  # what the first, second, ... call of a layer returned
    waiting = []
    for entry in config["layers"]:
        layer = layers[entry["config"]["name"]]
        if isinstance(layer, InputLayer):
            calls[layer.name][0] = [layer.output]
        waiting += [(layer, i, node) for i, node in enumerate(entry["inbound_nodes"])]

    def is_tensor(value):
        return isinstance(value, dict) and value.get("class_name") == "__keras_tensor__"

    def found(value):
        """The symbolic tensors in an argument; LookupError where one is not there yet."""
        if is_tensor(value):
            return place(value["config"]["keras_history"])
        if isinstance(value, dict):
            return {name: found(part) for name, part in value.items()}
        return [found(part) for part in value] if isinstance(value, list) else value

    def place(history):
        name, call, index = history
        return calls[name][call][index]

    while waiting:
        later = []
        for layer, i, node in waiting:
            try:
                args, settings = found(node["args"]), found(node["kwargs"])
            except LookupError:
                later.append((layer, i, node))
                continue
            settings = {name: value for name, value in settings.items() if value is not None}
            calls[layer.name][i] = list(leaves(layer(*args, **settings)))
        if len(later) == len(waiting):
            names = sorted({layer.name for layer, *_ in later})
            raise ValueError(f"the layers {names} of the file are not connected to an input")
        waiting = later

    def ends(value):
        if isinstance(value, list) and len(value) == 3 and isinstance(value[0], str):
            name, call, index = value
            return place((name, call - _is_functional(layers[name]), index))
        return {n: ends(v) for n, v in value.items()} if isinstance(value, dict) else [ends(v) for v in value]

    model = Model(ends(config["input_layers"]), ends(config["output_layers"]), name=config["name"])
    if config.get("trainable") is False:
        model.trainable = False
    return model


def _resolved(value, custom_objects):
    """A loss or metric from the file: a name of a custom function, or what `deserialize` makes."""
    if isinstance(value, list):
        return [_resolved(part, custom_objects) for part in value]
    if isinstance(value, str) and value in custom_objects:
        return custom_objects[value]
    return deserialize(value, custom_objects)


Model.save, Model.save_weights, Model.load_weights = save, save_weights, load_weights
Model.get_config = lambda model: _config_of(model)["config"] if type(model) in (Model, Sequential) else Layer.get_config(model)
