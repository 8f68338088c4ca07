"""Where maps are flattened: there, channels first and channels last put the numbers of a sample in different orders.

What is known of a tensor of a functional model is one of: nothing, for its numbers lie as in PyTorch; MAP, for its channels are
the last axis here and the first there; (H, W, C), for it is a flattened map of that shape; MIXED, for their order is lost; and
FOLDED, for it was made a map of numbers that a layer with weights gave.
"""
from ... import layers as kinds
from ...layers.base import SymbolicTensor
from ...layers.core import InputLayer
from ...structures import leaves
from ..functional import Model

MAP, MIXED, FOLDED = "map", "mixed", "folded"
# What takes and gives maps, whatever it gets
IN_MAPS = tuple(getattr(kinds, name) for name in (
    "Conv1D", "Conv2D", "Conv1DTranspose", "Conv2DTranspose", "DepthwiseConv1D", "DepthwiseConv2D", "SeparableConv1D",
    "SeparableConv2D", "MaxPooling1D", "MaxPooling2D", "AveragePooling1D", "AveragePooling2D", "UpSampling1D", "UpSampling2D",
    "ZeroPadding1D", "ZeroPadding2D", "Cropping1D", "Cropping2D", "Resizing"))
# What goes through a sequence (N, T, C), which is how PyTorch has it, too, with batch_first
IN_SEQUENCES = kinds.RNN, kinds.Bidirectional, kinds.MultiHeadAttention


def flattened_places(model) -> dict:
    """{layer: (H, W, C)} for the layers with a weight a feature, whose features are flattened maps of that shape; or
    {layer: MIXED}, where maps were changed before it in a way that leaves the order of their numbers unknown.

    Raises:
        ValueError: a layer takes maps that a Reshape made of features.
    """
    found = {}
    if model._calls_inside:
        _follow(model, {id(t): MAP for t in model.inputs if t.ndim == 4}, found)
    return found


def _follow(model, places, found):
    """Go through the calls of a functional model; `places`: {id of a symbolic tensor: what is known}. Returns its outputs'."""
    for call in model._calls_inside:
        known = [places[id(t)] for t in call.inputs if id(t) in places]
        if isinstance(call.layer, Model) and call.layer._calls_inside:
            ends = zip(call.layer.inputs, call.inputs)
            known = _follow(call.layer, {id(t): places[id(given)] for t, given in ends if id(given) in places}, found)
        else:
            known = _behind(call, None if not known else known[0] if len(set(known)) == 1 else MIXED, found)
            known = [known] if known else []
        if known:
            places.update({id(t): known[0] for t in leaves(call.outputs)})
    return [places[id(t)] for t in model.outputs if id(t) in places]


def _behind(call, known, found):
    """What is known of the output of a call, from what is known of its input."""
    layer, source, output = call.layer, call.inputs[0], _only(call.outputs)
    if isinstance(layer, IN_MAPS):
        if known == FOLDED:
            raise ValueError(f"{layer.name} takes maps that a Reshape made of features. PyTorch would make others of them, and "
                             "the layer that gives the features is not turned to mend that")
        return MAP
    if known is None:
        return _of_features(layer, source, output)
    if known == MAP:
        return _of_map(layer, source, output)
    if not layer.weights and output.shape == source.shape and len(call.inputs) == 1:
        return known
    if type(layer) in (kinds.Dense, kinds.BatchNormalization) and isinstance(known, tuple):
        found[layer] = known
        return known if type(layer) is kinds.BatchNormalization else None
    if layer.weights:
        found[layer] = MIXED
        return None
    return MIXED


def _of_features(layer, source, output):
    """Numbers that a layer has made, not those of the model's inputs, become a map: Dense, then Reshape, in a generator."""
    made = not isinstance(source.call.layer, InputLayer)
    if isinstance(layer, kinds.Reshape) and made and source.ndim == 2 and output.ndim > 2 and _spread(output.shape[1:]):
        return FOLDED
    return None


def _of_map(layer, source, output):
    if isinstance(layer, kinds.Permute):                   # to channels first, which is PyTorch's order
        return None if tuple(layer.dims) == (source.ndim - 1, *range(1, source.ndim - 1)) else MIXED
    if isinstance(layer, IN_SEQUENCES):
        return None
    if output.ndim == source.ndim:
        return MAP
    if isinstance(layer, (kinds.Flatten, kinds.Reshape)) and output.ndim == 2:
        return source.shape[1:] if _spread(source.shape[1:]) else None
    return None if output.shape[-1] == source.shape[-1] else MIXED         # pixels become places of a sequence, or are pooled


def _spread(shape):
    """Whether the two orders of a map differ: it has several channels and several pixels."""
    *sizes, channels = shape
    return channels != 1 and any(n != 1 for n in sizes)


def _only(outputs):
    return outputs if isinstance(outputs, SymbolicTensor) else next(iter(leaves(outputs)))
