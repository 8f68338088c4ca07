"""Where the weights of a layer lie in a file: those of the layers inside in places of their own, named as in Keras 3.

The layers of a model are named by class and place (`layers/conv2d`, `layers/conv2d_1`), for their own names change from program
to program; the layers inside one of yours by the attribute that holds them. Of a layer's own weights the trainable ones come
first.
"""
import collections

from ...configurable import snake_case
from ...layers.base import Layer
from ...structures import leaves
from ..functional import Model
from ..sequential import Sequential


def is_functional(layer) -> bool:
    """Whether a layer is a functional model."""
    return type(layer) is Model


def check_built(model) -> None:
    """Raise ValueError where a model has no weights yet."""
    if not model.built and not model.weights:
        raise ValueError(f"{model.name} has no weights yet: call it on data, or give it an Input")


def own_weights(layer) -> list:
    """The weights of a layer without those of the layers inside it, in the order of files."""
    return sorted(layer._weights, key=lambda weight: not weight.trainable)


def inside(layer):
    """(place, layer) for the layers inside a layer."""
    if isinstance(layer, Model) and layer._calls_inside or isinstance(layer, Sequential):
        yield from _numbered("layers", layer.layers)
        return
    for name, value in sorted(vars(layer).items()):
        if isinstance(value, Layer):
            yield name, value
        elif isinstance(value, (list, tuple, dict)) and name not in ("_calls", "_config"):
            yield from _numbered(name, [leaf for leaf in leaves(value) if isinstance(leaf, Layer)])


def _numbered(folder, layers):
    counts = collections.Counter()
    for layer in layers:
        name = snake_case("Functional" if is_functional(layer) else type(layer).__name__)
        yield f"{folder}/{name}_{counts[name]}" if counts[name] else f"{folder}/{name}", layer
        counts[name] += 1
