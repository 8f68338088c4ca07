"""What models are made of, as JSON can hold it, in the form of Keras 3: layers, their settings, and how they are connected."""
import collections
import contextlib
import contextvars
from typing import NamedTuple

from ...layers.base import Layer, SymbolicTensor
from ...layers.core import InputLayer
from ...serialization import READERS, WRITERS, described, deserialize, serialize
from ...structures import leaves, map_structure
from ..functional import Model
from ..sequential import Sequential
from .places import is_functional

FUNCTIONAL = "Functional", "Model"                         # the latter in older files of ours
COMPILE_SETTINGS = "optimizer", "loss", "loss_weights", "metrics", "weighted_metrics"

_numbers = contextvars.ContextVar("numbers")               # of shared layers, while a model is written
_known = contextvars.ContextVar("known", default=None)     # while one is read


@contextlib.contextmanager
def _while(variable, value):
    token = variable.set(value)
    try:
        yield
    finally:
        variable.reset(token)


def model_config(model) -> dict:
    """What a model is made of, and what it was compiled with."""
    with _while(_numbers, _shared(model)):
        config = _config_of(model)
    if model.optimizer is not None:
        config["compile_config"] = {name: serialize(value) for name, value in model.compiled_with.items()}
    return config


def _shared(model):
    """Numbers for the layers that stand in several places: in a model, in models inside it, in wrappers."""
    counts = collections.Counter()

    def count(outer):
        for layer in outer.layers if isinstance(outer, Model) else outer.sublayers:
            counts[layer] += 1
            if counts[layer] == 1:
                count(layer)
    count(model)
    return {layer: number for number, layer in enumerate(counts) if counts[layer] > 1}


def _number(layer):
    return _numbers.get({}).get(layer)


def _config_of(layer):
    """What `serialize` gives for a layer, and the shape that it was built with; models describe the layers inside."""
    number = {} if _number(layer) is None else {"shared_object_id": _number(layer)}
    if is_functional(layer):
        return {"module": "keras.src.models.functional", "class_name": "Functional", "registered_name": "Functional",
                "config": _functional_config(layer), "build_config": {"input_shape": None}, **number}
    if type(layer) is Sequential:
        return {"module": "keras", "class_name": "Sequential", "registered_name": None, "config": _sequential_config(layer),
                **number}
    config = {**described(layer), **number}
    if layer.built_with is not None and not _is_chain(layer):
        config["build_config"] = getattr(layer, "build_config", {"input_shape": serialize(layer.built_with)})
    return config


def _written(value):
    """Models inside layers, in wrappers for instance, and layers that stand in several places."""
    if not isinstance(value, Layer) or not (is_functional(value) or type(value) is Sequential or _number(value) is not None):
        return None
    return _config_of(value)


def _is_chain(layer):
    """Whether it is a Sequential that is made of nothing but its layers, be it of a class of one's own."""
    return isinstance(layer, Sequential) and type(layer).__init__ is Sequential.__init__


def _sequential_config(model):
    """Begins with an Input if it was given one; the shape of a first batch is no promise, but shapes the weights."""
    shaped = {"build_input_shape": [None, *model.inputs[0].shape[1:]]} if model._calls_inside and not model._promised else {}
    layers = [*([model.inputs[0].call.layer] if model._calls_inside and model._promised else []), *model.layers]
    return {"name": model.name, "trainable": model.trainable, "dtype": model.dtype,
            "layers": [_config_of(layer) for layer in layers], **shaped}


def _functional_config(model):
    calls = collections.defaultdict(list)                  # layer -> its calls within this model
    begins = {id(t): InputLayer(t.shape[1:], dtype=t.dtype, name=f"{t.call.layer.name}_output_{t.index}").output.call
              for t in model.inputs if t.call.inputs}      # a model that begins amid another one gets Inputs of its own
    for call in [*(begins.get(id(t), t.call) for t in model.inputs), *model._calls_inside]:
        calls[call.layer].append(call)

    def history(t):
        call, index = (begins[id(t)], 0) if id(t) in begins else (t.call, t.index)
        return [call.layer.name, calls[call.layer].index(call), index]

    def end(t):
        name, call, index = history(t)
        return [name, call + (is_functional(t.call.layer) and id(t) not in begins), index]     # there Keras counts from 1

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


# And back

def model_from(config, custom_objects: dict) -> Model:
    """A model from what `model_config` gave; it is not compiled."""
    known = Known(custom_objects, {})
    with _while(_known, known):
        model = _layer_from(config, known)
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
        config = {name: value for name, value in config.items() if name != "shared_object_id"}
        known.shared[number] = _new_layer_from(config, known)
    return known.shared[number]


def _read(value, custom_objects):
    """The other way of `_written`."""
    shared = _known.get() and {"shared_object_id", "build_config"} <= value.keys()         # Keras numbers other things, too
    if value["class_name"] in (*FUNCTIONAL, "Sequential") or shared:
        return _layer_from(value, _known.get() or Known(custom_objects or {}, {}))
    return None


def _new_layer_from(config, known):
    name = config["class_name"]
    if name in FUNCTIONAL:
        return _functional_from(config["config"], known)
    if name == "Sequential":
        settings = {**config["config"]}
        layers = [_layer_from(layer, known) for layer in settings["layers"]]
        model = Sequential(layers, **{name: deserialize(settings[name]) for name in ("name", "dtype") if name in settings})
        if settings.get("build_input_shape") and not model.built:
            _build(model, settings["build_input_shape"])
        return _frozen(model, settings, zip(layers, settings["layers"]))
    layer = deserialize(config, known.custom_objects)
    shape = (config.get("build_config") or {}).get("input_shape")
    if shape and isinstance(layer, Layer) and not layer.built:
        _build(layer, shape)
    return layer


def _build(layer, shape):
    """Make the weights of a layer, and of those inside, as a call on data of that shape would; None is a size that may vary."""
    def symbols(shape):
        if isinstance(shape, dict):
            return {name: symbols(inner) for name, inner in shape.items()}
        several = shape and isinstance(shape[0], (list, tuple, dict))
        return [symbols(inner) for inner in shape] if several else SymbolicTensor(shape, layer.dtype)

    layer(symbols(shape))
    layer._calls.pop()                                     # it was a question, no part of a model


def _frozen(model, config, described):
    """The model, not trainable if its config says so. Layers inside have their own say in theirs; else they follow."""
    if config.get("trainable") is False:
        model._trainable = False
        for layer, inner in described:
            if "trainable" not in inner["config"]:
                layer.trainable = False
    return model


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
    return _frozen(model, config, [(layers[entry["config"]["name"]], entry) for entry in config["layers"]])


def _get_config(model):
    if is_functional(model):
        return _functional_config(model)
    return _sequential_config(model) if _is_chain(model) else Layer.get_config(model)


Model.get_config = _get_config
WRITERS.append(_written)
READERS.append(_read)
