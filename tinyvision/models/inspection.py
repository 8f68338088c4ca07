"""Looking into a model: a table of its layers, shapes and parameters; and layers by name."""
from ..layers.base import Layer
from ..structures import leaves
from .functional import Model


def summary(model, line_length: int | None = None, print_fn=print) -> None:
    """Print the layers of a model, the shapes of their outputs and the numbers of their parameters.

    Args:
        line_length: the width of the table, in characters.
        print_fn: takes each line in place of `print`.
    """
    rows = [(f"{layer.name} ({type(layer).__name__})", _shape(layer), f"{_count(layer.weights):,}") for layer in model.layers]
    rows = [("Layer (type)", "Output shape", "Parameters"), *rows]
    widths = [max(len(row[i]) for row in rows) for i in range(3)]
    widths[1] = max(widths[1], (line_length or 0) - widths[0] - widths[2] - 4)
    lines = [f"{name:{widths[0]}}  {shape:{widths[1]}}  {count:>{widths[2]}}" for name, shape, count in rows]
    rule = "-" * len(lines[0])
    total, trainable = _count(model.weights), _count(model.trainable_weights)
    for line in (f"Model: {model.name}", rule, lines[0], rule, *lines[1:], rule,
                 f"Parameters: {total:,} ({_bytes(model.weights)}), {trainable:,} of them trainable"):
        print_fn(line)


def _shape(layer):
    if not layer._calls:
        return "?"
    shapes = [str(t.shape) for t in leaves(layer._calls[0].outputs)]
    return shapes[0] if len(shapes) == 1 else f"[{', '.join(shapes)}]"


def _count(weights):
    return sum(weight.size for weight in weights)


def _bytes(weights):
    size = sum(weight.data.nbytes for weight in weights)
    return f"{size / 1024:.1f} KiB" if size < 2 ** 20 else f"{size / 2 ** 20:.1f} MiB"


def get_layer(model, name: str | None = None, index: int | None = None) -> Layer:
    """The layer of that name, or at that place in `layers`."""
    if (name is None) == (index is None):
        raise ValueError("get_layer takes a name or an index")
    if index is not None:
        return model.layers[index]
    for layer in model.layers:
        if layer.name == name:
            return layer
    raise ValueError(f"no layer is named {name!r}; there is {', '.join(layer.name for layer in model.layers)}")


Model.summary, Model.get_layer = summary, get_layer
