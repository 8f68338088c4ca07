"""Objects made from settings: they remember their arguments, so that they can be made again, and their classes have names.

Layers, initializers, losses, metrics and optimizers are Configurable. A class found by name is one of tinyvision's own.
"""
import difflib
import inspect
import re


class Configurable:
    """Remembers the arguments that it was made with: `get_config` returns them, `from_config` makes another one.

    A wrong argument raises TypeError at once, and names the one that was probably meant.
    """

    families = {}                                          # base class -> {name in lower case without "_": class}
    aliases = ()                                           # other names that a class goes by, such as "mse"
    further_arguments = staticmethod(list)                 # names of arguments that `**settings` stand for, too

    def __init_subclass__(cls, **settings):
        super().__init_subclass__(**settings)
        if Configurable in cls.__bases__:
            Configurable.families[cls] = {}
        elif cls.__module__.partition(".")[0] == __package__ and not cls.__name__.startswith("_"):
            for name in (cls.__name__, *vars(cls).get("aliases", ())):
                _family(cls)[_plain(name)] = cls

    def __new__(cls, *args, **settings):
        self = super().__new__(cls)
        self._config = _bound(cls, self, args, settings)
        return self

    def get_config(self) -> dict:
        """The arguments that this object was made with."""
        return dict(self._config)

    @classmethod
    def from_config(cls, config: dict):
        """Make an object from what `get_config` returned."""
        return cls(**config)


def argument_names(cls) -> list[str]:
    """The names of all arguments that a class is made with; `**settings` stand for those of the class above."""
    names = []
    for base in cls.__mro__:
        if "__init__" in vars(base) and base is not object:
            parameters = list(inspect.signature(base.__init__).parameters.values())[1:]
            names += [p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
            if not any(p.kind is p.VAR_KEYWORD for p in parameters):
                break
    else:
        names += cls.further_arguments()
    return list(dict.fromkeys(names))


def _bound(cls, self, args, settings):
    """All arguments of the constructor by name, defaults included; TypeError where they do not fit."""
    if cls.__init__ is object.__init__ and (args or settings):
        raise TypeError(f"{cls.__name__} takes no arguments, got {[*args, *settings]}")
    known = argument_names(cls)
    check_names(cls.__name__, settings, known)
    try:
        bound = inspect.signature(cls.__init__).bind(self, *args, **settings)
    except TypeError as error:
        raise TypeError(f"{cls.__name__}: {error}; it takes {', '.join(known)}") from None
    bound.apply_defaults()
    found = {}
    for parameter in list(bound.signature.parameters.values())[1:]:
        value = bound.arguments[parameter.name]
        found.update(value if parameter.kind is parameter.VAR_KEYWORD else {parameter.name: value})
    found.pop("args", None)
    return found


def check_names(what: str, given, known) -> None:
    """Raise TypeError for an argument that `what` does not have, and name the one that was probably meant."""
    for name in given:
        if name not in known:
            raise TypeError(f"{what} has no argument {name!r}{did_you_mean(name, known)}; it takes {', '.join(known)}")


def _family(cls):
    return next(members for base, members in Configurable.families.items() if issubclass(cls, base))


def _plain(name):
    return name.lower().replace("_", "")


def snake_case(name: str) -> str:
    """The name of a class as Keras spells it in small letters: "MaxPooling2D" -> "max_pooling2d"."""
    name = re.sub(r"\W+", "", name)
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


def did_you_mean(name: str, known) -> str:
    """`: did you mean 'relu'?` for an unknown name that is like a known one; nothing for others."""
    close = difflib.get_close_matches(name, known, n=1)
    return f": did you mean {close[0]!r}?" if close else ""


def unknown(what: str, name, known) -> ValueError:
    """The error for a name that is not among those known."""
    known = sorted(known)
    return ValueError(f"unknown {what} {name!r}{did_you_mean(str(name).lower(), known) or '.'} There is {', '.join(known)}")


def find_class(name: str, module: str = "") -> type:
    """The class of tinyvision's of exactly that name.

    Args:
        name: of the class.
        module: where it lives, "keras.metrics" or so: a metric and a loss can have the same name.

    Raises:
        ValueError: there is none.
    """
    found = [f[_plain(name)] for f in Configurable.families.values() if f.get(_plain(name), type).__name__ == name]
    if not found:
        raise ValueError(f"tinyvision has no class {name!r}: one of your own is passed as custom_objects={{{name!r}: ...}}")
    return max(found, key=lambda cls: f".{cls.__module__.split('.')[1]}" in module)


def get(base, identifier):
    """An object of the family `base` from whatever stands for it: its name, its class, its config, or itself.

    >>> from tinyvision import optimizers
    >>> get(optimizers.Optimizer, "rmsprop").get_config()["rho"]
    0.9
    """
    if isinstance(identifier, str):
        members = Configurable.families[base]
        if _plain(identifier) not in members:
            names = {re.sub(r"(?<=[a-z])(?=[A-Z])", "_", c.__name__).lower() for c in members.values()}          # "rmsprop"
            raise unknown(base.__name__.lower(), identifier, names)
        return members[_plain(identifier)]()
    if isinstance(identifier, dict):
        return find_class(identifier["class_name"], base.__module__).from_config(identifier["config"])
    if isinstance(identifier, type) and issubclass(identifier, base):
        return identifier()
    if isinstance(identifier, base) or callable(identifier):
        return identifier
    raise TypeError(f"expected {base.__name__.lower()}: a name, an object or a function, got {identifier!r}")
