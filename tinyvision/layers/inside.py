"""Layers inside of layers."""
from .base import SymbolicTensor


def build_inside(outer, inner, shape) -> None:
    """Make the weights of a layer inside of another, whose name their paths begin with: "lstm/lstm_cell/kernel".

    Args:
        outer, inner: layers.
        shape: of the inner layer's input: (None, 28).
    """
    if not inner.built:
        inner._build((SymbolicTensor(shape, inner.dtype),))
        for weight in inner.weights:
            weight.path = f"{outer.name}/{weight.path}"
