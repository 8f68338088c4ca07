"""Configurable objects as JSON can hold them, in the form of Keras's files, and back."""
import numpy as np

from .configurable import Configurable, find_class


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
        package, *path = type(value).__module__.split(".")
        own = package == __package__
        return {"module": f"keras.{path[0]}" if own else type(value).__module__, "class_name": type(value).__name__,
                "config": serialize(value.get_config()), "registered_name": None if own else type(value).__name__}
    if callable(value) and value.__name__ != "<lambda>":
        return value.__name__
    raise TypeError(f"cannot write {type(value).__name__} {value!r:.60} into a config: give its class a get_config that "
                    "returns numbers, text, lists and dictionaries")


def deserialize(value, custom_objects: dict | None = None):
    """Make the object that `serialize` wrote down, and those inside it; other values are returned as they are.

    Args:
        value: what `serialize` returned.
        custom_objects: {"MyLayer": MyLayer}, classes of your own. Nothing else than these and tinyvision's is ever made.

    Raises:
        ValueError: a class is neither tinyvision's nor among `custom_objects`.
    """
    if isinstance(value, list):
        return [deserialize(v, custom_objects) for v in value]
    if not isinstance(value, dict):
        return value
    if not {"class_name", "config"} <= value.keys():
        return {name: deserialize(v, custom_objects) for name, v in value.items()}
    name, config = value["class_name"], value["config"]
    if name == "DTypePolicy":
        return config["name"]
    cls = custom_objects[name] if custom_objects and name in custom_objects else find_class(name)
    return cls.from_config(deserialize(config, custom_objects))
