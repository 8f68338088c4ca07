"""What models are made of, as JSON can hold it, in the form of Keras 3: layers, their settings, and how they are connected."""
import collections
from typing import NamedTuple

from ...layers.base import Layer, SymbolicTensor
from ...layers.core import InputLayer
from ...serialization import deserialize, serialize
from ...structures import leaves, map_structure
from ..functional import Model
from ..sequential import Sequential
from .places import is_functional

BASE_SETTINGS = "name", "trainable", "dtype"
COMPILE_SETTINGS = "optimizer", "loss", "loss_weights", "metrics", "weighted_metrics"

def model_config(model) -> dict:
    """What a model is made of, and what it was compiled with."""
    config = _config_of(model, _shared(model))
    if model.optimizer is not None:
        config["compile_config"] = {name: serialize(value) for name, value in model.compiled_with.items()}
    return config


def _shared(model):
    """Numbers for the layers that stand in several models: a model, and models inside it."""
    counts = collections.Counter()

    def count(outer):
        for layer in outer.layers:
            counts[layer] += 1
            if counts[layer] == 1 and isinstance(layer, Model):
                count(layer)
    count(model)
    return {layer: number for number, layer in enumerate(counts) if counts[layer] > 1}


def _config_of(layer, shared):
    """What `serialize` gives for a layer, and the shape that it was built with; models describe the layers inside."""
    number = {"shared_object_id": shared[layer]} if layer in shared else {}
    if is_functional(layer):
        return {"module": "keras.src.models.functional", "class_name": "Functional", "registered_name": "Functional",
                "config": _functional_config(layer, shared), "build_config": {"input_shape": None}, **number}
    if type(layer) is Sequential:
        layers = [*([layer.inputs[0].call.layer] if layer._calls_inside else []), *layer.layers]
        base = {"name": layer.name, "trainable": layer.trainable, "dtype": layer.dtype}
        return {"module": "keras", "class_name": "Sequential", "registered_name": None,
                "config": {**base, "layers": [_config_of(inner, shared) for inner in layers]}, **number}
    config = {**serialize(layer), **number}
    if layer.built_with is not None:
        config["build_config"] = getattr(layer, "build_config", {"input_shape": serialize(layer.built_with)})
    return config


def _functional_config(model, shared):
    calls = collections.defaultdict(list)                  # layer -> its calls within this model
    for call in [*(t.call for t in model.inputs), *model._calls_inside]:
        calls[call.layer].append(call)

    def history(t):
        return [t.call.layer.name, calls[t.call.layer].index(t.call), t.index]

    def end(t):
        name, call, index = history(t)
        return [name, call + is_functional(t.call.layer), index]          # at the ends, Keras counts calls of models from 1

    def argument(value):
        if isinstance(value, SymbolicTensor):
            return {"class_name": "__keras_tensor__",
                    "config": {"shape": list(value.shape), "dtype": value.dtype, "keras_history": history(value)}}
        return serialize(value)

    def nodes(layer):
        return [{"args": [map_structure(argument, a) for a in call.args], "kwargs": map_structure(argument, call.settings)}
                for call in calls[layer] if call.inputs]

    layers = [{**_config_of(layer, shared), "name": layer.name, "inbound_nodes": nodes(layer)} for layer in calls]
    return {"name": model.name, "trainable": model.trainable, "layers": layers,
            "input_layers": map_structure(end, model._input_structure),
            "output_layers": map_structure(end, model._output_structure)}


# And back

def model_from(config, custom_objects: dict) -> Model:
    """A model from what `model_config` gave; it is not compiled."""
    model = _layer_from(config, Known(custom_objects, {}))
    if not isinstance(model, Model):
        raise ValueError(f"it describes a {type(model).__name__}, no model")
    return model


def compile_from(config, model, custom_objects: dict) -> None:
    """Compile a model as it was when `model_config` described it, if it was."""
    if settings := config.get("compile_config"):
        model.compile(**{name: _resolved(settings[name], custom_objects) for name in COMPILE_SETTINGS if name in settings})


def _resolved(value, custom_objects):
    """A loss or metric from the file: a name of a custom function, or what `deserialize` makes."""
    if isinstance(value, list):
        return [_resolved(part, custom_objects) for part in value]
    if isinstance(value, str) and value in custom_objects:
        return custom_objects[value]
    return deserialize(value, custom_objects)


class Known(NamedTuple):
    """What is known while layers are made."""

    custom_objects: dict
    shared: dict                                           # number of a layer that stands in several models -> the layer


def _layer_from(config, known):
    if not isinstance(config, dict) or not {"class_name", "config"} <= config.keys():
        raise ValueError(f"layers are described by a class_name and a config, this one by {config!r:.60}")
    number = config.get("shared_object_id")
    if number is None:
        return _new_layer_from(config, known)
    if number not in known.shared:
        known.shared[number] = _new_layer_from(config, known)
    return known.shared[number]


def _new_layer_from(config, known):
    name = config["class_name"]
    if name == "Functional":
        return _functional_from(config["config"], known)
    if name == "Sequential":
        settings = {**config["config"]}
        layers = [_layer_from(layer, known) for layer in settings.pop("layers")]
        return Sequential(layers, **{name: deserialize(settings[name]) for name in BASE_SETTINGS if name in settings})
    layer = deserialize(config, known.custom_objects)
    shape = (config.get("build_config") or {}).get("input_shape")
    if shape and not layer.built and isinstance(layer, Layer):
        _build(layer, shape)
    return layer


def _build(layer, shape):
    """Make the weights of a layer, and of those inside, as a call on data of that shape would; None is a size that may vary."""
    layer.compute_output_shape(shape)


def _functional_from(config, known):
    layers = {entry["config"]["name"]: _layer_from({**entry, "build_config": None}, known)
              for entry in config["layers"]}
    calls = {name: {} for name in layers}                  # what the first, second, ... call of a layer returned
    waiting = []
    for entry in config["layers"]:
        layer = layers[entry["config"]["name"]]
        if isinstance(layer, InputLayer):
            calls[layer.name][0] = [layer.output]
        if any(isinstance(node, list) for node in entry["inbound_nodes"]):
            raise ValueError("it connects layers as Keras 2 did: open the file with Keras 3 and save it again")
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
            return place((name, call - is_functional(layers[name]), index))
        return {n: ends(v) for n, v in value.items()} if isinstance(value, dict) else [ends(v) for v in value]

    model = Model(ends(config["input_layers"]), ends(config["output_layers"]), name=config["name"])
    if config.get("trainable") is False:
        model.trainable = False
    return model


def _get_config(model):
    own = type(model) in (Model, Sequential)
    return _config_of(model, _shared(model))["config"] if own else Layer.get_config(model)


Model.get_config = _get_config
