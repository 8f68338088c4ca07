"""The layers of a functional model in the order of Keras, by which `layers`, `weights` and files number them.

A layer's depth is the number of calls on the longest way from it to an output; of a layer that is called several times, the
largest of these. The deepest come first, and those of one depth in the order in which a walk from the outputs to the inputs
meets them.
"""
from .functional import WHEN_CONNECTED


def in_order_of_depth(model) -> None:
    """Bring the calls and the layers of a model into that order. In it they can run, too: what a call needs is deeper."""
    met, done = _walked(model)
    depth, of_layer = {}, {t.call.layer: 0 for t in model.inputs if not t.call.inputs}
    inside = set(done)
    for call in reversed(done):                            # what uses an output comes before what makes it
        depth[call] = of_layer[call.layer] = max(depth.get(call, 0), of_layer.get(call.layer, 0))
        for t in call.inputs:
            if t.call in inside:
                depth[t.call] = max(depth.get(t.call, 0), depth[call] + 1)

    def place(layer, deep):
        return -deep, met.get(layer, -1)                   # an input that nothing depends on comes first of the last

    model._calls_inside = sorted((call for call in done if call.inputs), key=lambda call: place(call.layer, depth[call]))
    model._layers_in_order = sorted(of_layer, key=lambda layer: place(layer, of_layer[layer]))


def _walked(model):
    """{layer: when it is met first} on the walk from the outputs, and the calls, each after those that it depends on."""
    begins = {id(t) for t in model.inputs if t.call.inputs}                # a model may begin in the middle of another
    met, done, seen, todo = {}, [], set(), [(t, False) for t in reversed(list(_by_key(model._output_structure)))]
    while todo:
        t, left = todo.pop()
        if left:
            done.append(t.call)
        elif t.call not in seen and id(t) not in begins:
            seen.add(t.call)
            met.setdefault(t.call.layer, len(met))
            todo += [(t, True), *((other, False) for other in reversed(t.call.inputs))]
    return met, done


def _by_key(structure):
    """What lies in nested lists and dictionaries, these in the order of their keys: so Keras goes through outputs."""
    if isinstance(structure, dict):
        structure = [structure[key] for key in sorted(structure)]
    if isinstance(structure, (list, tuple)):
        for part in structure:
            yield from _by_key(part)
    else:
        yield structure


WHEN_CONNECTED.append(in_order_of_depth)
