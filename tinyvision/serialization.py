"""Configurable objects as JSON can hold them, in the form of Keras's files, and back."""
import numpy as np

from .config import FLOATS
from .configurable import Configurable, argument_names, find_class

OFF = {"synchronized": [False], "renorm": [False], "renorm_momentum": [0.99],      # in Keras's configs; others are None
       "zero_output_for_mask": [False, True]}              # of masks of steps, which nothing here makes
BY_NAME = set()                                            # ops that a name stands for in configs: activations
WRITERS, READERS = [], []                                  # functions that describe, or make, objects in their own way, or None


def serialize(value):
    """A value as JSON can hold it. Objects become {"class_name", "config", ...}, in Keras's form."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (list, tuple)):
        return [serialize(v) for v in value]
    if isinstance(value, dict):
        return {name: serialize(v) for name, v in value.items()}
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.dtype) or (isinstance(value, type) and issubclass(value, np.generic)):
        return np.dtype(value).name
    if isinstance(value, Configurable):
        return next((found for write in WRITERS if (found := write(value)) is not None), None) or described(value)
    name = getattr(value, "__name__", "<lambda>")
    if callable(value) and name != "<lambda>":
        return name if _has_a_name(value) else {"module": "builtins", "class_name": "function", "config": name,
                                                "registered_name": "function"}
    mend = ("files hold the names of functions: write it with def" if callable(value) else
            "give its class a get_config that returns numbers, text, lists and dictionaries")
    raise TypeError(f"cannot write {type(value).__name__} {value!r:.60} into a config: {mend}")


def described(value) -> dict:
    """A Configurable as JSON can hold it: by its class and its config."""
    package, *path = type(value).__module__.split(".")
    own = package == __package__
    home = "keras." + (".".join(path) if path[1:] == ["schedules"] else path[0]) if own else type(value).__module__
    return {"module": home, "class_name": type(value).__name__,
            "config": serialize(value.get_config()), "registered_name": None if own else type(value).__name__}


def _has_a_name(function):
    """Whether its name is enough to find a function again: it is tinyvision's, and no op that is not known as an activation."""
    package, _, rest = (function.__module__ or "").partition(".")
    return function in BY_NAME or (package == __package__ and rest.partition(".")[0] != "ops")


def deserialize(value, custom_objects: dict | None = None):
    """Make the object that `serialize` wrote down, and those inside it; other values are returned as they are.

    Args:
        value: what `serialize` returned.
        custom_objects: {"MyLayer": MyLayer}, classes and functions of your own. Nothing else than these and tinyvision's is
            ever made, and no code of a file is run.

    Raises:
        ValueError: a class is neither tinyvision's nor among `custom_objects`; or there is the code of a lambda.
    """
    if isinstance(value, list):
        return [deserialize(v, custom_objects) for v in value]
    if not isinstance(value, dict):
        return value
    if not {"class_name", "config"} <= value.keys():
        return {name: deserialize(v, custom_objects) for name, v in value.items()}
    for read in READERS:
        if (found := read(value, custom_objects)) is not None:
            return found
    name, config = value["class_name"], value["config"]
    if name == "DTypePolicy":
        if config["name"] not in FLOATS:
            raise ValueError(f"it computes under the policy {config['name']!r}; here layers compute in {' or '.join(FLOATS)}")
        return config["name"]
    if name == "function":
        return _function(config, custom_objects or {})
    if name == "__lambda__":
        raise ValueError("the file holds the code of a lambda, and code from files is never run. Give the function a name, and "
                         "save the model with that: def halved(x): return x / 2; then Lambda(halved)")
    cls = custom_objects[name] if custom_objects and name in custom_objects else find_class(name, value.get("module") or "")
    return cls.from_config(deserialize(_without_what_is_off(cls, config), custom_objects))


def _without_what_is_off(cls, config):
    """A config without the arguments that Keras has and a class of ours has not, as long as they ask for nothing."""
    if cls.__module__.partition(".")[0] != __package__ or not isinstance(config, dict):
        return config
    known = argument_names(cls)
    return {name: value for name, value in config.items() if name in known or value not in OFF.get(name, [None])}


def _function(name, custom_objects):
    if name not in custom_objects:
        raise ValueError(f"the function {name!r} is none that tinyvision knows by name: pass it as custom_objects="
                         f"{{{name!r}: ...}}")
    return custom_objects[name]
