"""Activation functions by name, as layers take them: activation="relu"."""
from . import ops
from .configurable import unknown


def linear(x):
    """x itself."""
    return x


def relu(x):
    """max(x, 0)."""
    return ops.relu(x)


def sigmoid(x):
    """1 / (1 + exp(-x))."""
    return ops.sigmoid(x)


def tanh(x):
    """The hyperbolic tangent."""
    return ops.tanh(x)


def softmax(x, axis=-1):
    """exp(x) / sum(exp(x)) along an axis."""
    return ops.softmax(x, axis=axis)


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
