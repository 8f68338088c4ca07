"""Activation functions by name, as layers take them: activation="relu"."""
from ..configurable import unknown
from ..ops import relu, sigmoid, softmax, tanh


def linear(x):
    """x itself."""
    return x


def get(identifier):
    """The function for a name, a function, or None (which is `linear`).

    Raises:
        ValueError: there is no activation of that name.

    >>> get("relu")([-1.0, 2.0])
    Tensor([0., 2.])
    """
    if identifier is None:
        return linear
    if callable(identifier):
        return identifier
    if identifier not in ACTIVATIONS:
        raise unknown("activation", identifier, ACTIVATIONS)
    return ACTIVATIONS[identifier]


ACTIVATIONS = {function.__name__: function for function in (linear, relu, sigmoid, tanh, softmax)}
