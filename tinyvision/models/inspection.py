"""Looking into a model: a table of its layers, shapes and parameters; and layers by name."""
from ..layers.base import Layer
from ..structures import leaves
from ..units import readable_bytes
from .costs import WHOLE, costs as _costs
from .functional import Model


def summary(model, line_length: int | None = None, print_fn=print, expand_nested: bool = False, show_trainable: bool = False,
            costs: bool = False) -> None:
    """Print the layers of a model, the shapes of their outputs and the numbers of their parameters.

    Args:
        line_length: the width of the table, in characters.
        print_fn: takes each line in place of `print`.
        expand_nested: list the layers of models inside, too, indented.
        show_trainable: add whether optimizers are to change the weights: Y, N, or - where there are none.
        costs: add what each layer costs for one sample: multiplications (each with an addition), how many pixels of the image
            an output sees across (its receptive field), and the memory of the output.

    >>> from tinyvision import Sequential, layers
    >>> Sequential([layers.Input((28, 28, 1)), layers.Conv2D(4, 3, name="conv")], name="small").summary(costs=True)
    Model: small
    ----------------------------------------------------------------------------------
    Layer (type)   Output shape       Parameters  Multiply-adds  Sees  Output's memory
    ----------------------------------------------------------------------------------
    conv (Conv2D)  (None, 26, 26, 4)          40         24,336     3         10.6 KiB
    ----------------------------------------------------------------------------------
    Parameters: 40 (160 bytes), 40 of them trainable
    For one sample: 24,336 multiply-adds, 10.6 KiB of outputs, which training keeps
    """
    listed, ends = list(_listed(model, expand_nested)), []
    rows = [["Layer (type)", "Output shape", "Parameters"]]
    rows += [[f"{indent}{layer.name} ({type(layer).__name__})", _shape(layer), f"{_count(layer.weights):,}"]
             for layer, indent in listed]
    if show_trainable:
        cells = ["Trainable", *("-" if not layer.weights else "NY"[layer.trainable] for layer, _ in listed)]
        rows = [[*row, cell] for row, cell in zip(rows, cells)]
    total, trainable = _count(model.weights), _count(model.trainable_weights)
    ends.append(f"Parameters: {total:,} ({readable_bytes(_bytes(model.weights))}), {trainable:,} of them trainable")
    if costs:
        found = _costs(model)
        for row, layer in zip(rows, [None, *(layer for layer, _ in listed)]):
            row += ("Multiply-adds", "Sees", "Output's memory") if layer is None else _cost_of(layer, found)
        ends.append(f"For one sample: {sum(cost.multiply_adds for cost in found.values()):,} multiply-adds, "
                    f"{readable_bytes(sum(cost.bytes for cost in found.values()))} of outputs, which training keeps")
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    widths[1] += max(0, (line_length or 0) - sum(widths) - 2 * len(widths) + 2)
    lines = ["  ".join(f"{cell:{width}}" if i < 2 else f"{cell:>{width}}" for i, (cell, width) in enumerate(zip(row, widths)))
             for row in rows]
    rule = "-" * len(lines[0])
    for line in (f"Model: {model.name}", rule, lines[0], rule, *lines[1:], rule, *ends):
        print_fn(line)


def _listed(model, deep, indent=""):
    """(layer, what stands before its name) for each layer of a model; those of models inside, too, if wanted."""
    for layer in model.layers:
        yield layer, indent
        if deep and isinstance(layer, Model):
            yield from _listed(layer, deep, indent + "  ")


def _cost_of(layer, found):
    """What a layer costs, in all its calls; an input costs nothing."""
    of_layer = [cost for call, cost in found.items() if call.layer is layer]
    if not of_layer:
        return "", "", ""
    sees = of_layer[-1].receptive_field
    return (f"{sum(cost.multiply_adds for cost in of_layer):,}", "?" if sees is None else "all" if sees == WHOLE else f"{sees}",
            readable_bytes(sum(cost.bytes for cost in of_layer)))


def _shape(layer):
    if not layer._calls:
        return "?"
    shapes = [str(t.shape) for t in leaves(layer._calls[0].outputs)]
    return shapes[0] if len(shapes) == 1 else f"[{', '.join(shapes)}]"


def _count(weights):
    return sum(weight.size for weight in weights)


def _bytes(weights):
    return sum(weight.data.nbytes for weight in weights)


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


def input_shape(model) -> tuple | list[tuple]:
    """The shape of the input, (None, 28, 28, 1), or a list of those of several."""
    return _only([t.shape for t in model.inputs])


def output_shape(model) -> tuple | list[tuple]:
    """The shape of the output, or a list of those of several."""
    return _only([t.shape for t in model.outputs])


def _only(items):
    return items[0] if len(items) == 1 else items


Model.summary, Model.get_layer = summary, get_layer
Model.input_shape, Model.output_shape = property(input_shape), property(output_shape)
