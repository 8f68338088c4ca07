"""Where maps are flattened: there, channels first and channels last put the numbers of a sample in different orders."""
from ...layers import BatchNormalization, Dense, Flatten, Reshape
from ...layers.base import SymbolicTensor
from ...structures import leaves
from ..functional import Model

MIXED = "mixed"                                            # features of which the order is not known any more


def flattened_places(model) -> dict:
    """{layer: (H, W, C)} for the layers with a weight a feature, whose features are flattened maps of that shape.

    Raises:
        ValueError: flattened maps were changed in a way that leaves their order unknown, before a layer with weights.
    """
    found = {}
    if model._calls_inside:
        _follow(model, {}, found)
    return found


def _follow(model, places, found):
    """Go through the calls of a functional model; `places`: {id of a symbolic tensor: (H, W, C)}. Returns its outputs'."""
    for call in model._calls_inside:
        known = [places[id(t)] for t in call.inputs if id(t) in places]
        if isinstance(call.layer, Model) and call.layer._calls_inside:
            ends = zip(call.layer.inputs, call.inputs)
            known = _follow(call.layer, {id(t): places[id(given)] for t, given in ends if id(given) in places}, found)
        else:
            known = _behind(call, known, found)
        if known:
            places.update({id(t): known[0] for t in leaves(call.outputs)})
    return [places[id(t)] for t in model.outputs if id(t) in places]


def _behind(call, known, found):
    """What a call makes of flattened maps, or whether it makes some."""
    layer, source = call.layer, call.inputs[0]
    if isinstance(layer, (Flatten, Reshape)) and not known:
        *sizes, channels = source.shape[1:]
        spread = source.ndim > 2 and len(_only(call.outputs).shape) == 2 and channels != 1 and any(n != 1 for n in sizes)
        return [source.shape[1:]] if spread else []
    if not known or not layer.weights and _only(call.outputs).shape == source.shape and len(call.inputs) == 1:
        return known
    if type(layer) in (Dense, BatchNormalization) and known[0] is not MIXED:
        found[layer] = known[0]
        return known if type(layer) is BatchNormalization else []
    if layer.weights:
        raise ValueError(f"it cannot be told which feature of {layer.name} is which: maps are flattened before it, in another "
                         f"order in PyTorch. Say it by flattened={{{layer.name!r}: (H, W, C)}}")
    return [MIXED]


def _only(outputs):
    return outputs if isinstance(outputs, SymbolicTensor) else next(iter(leaves(outputs)))
