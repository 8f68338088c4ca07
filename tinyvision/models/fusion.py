"""A pass over a model's graph: a convolution, its ReLU and the 2x2 max-pool behind it become one step; so do a batch
normalization and its ReLU, and in inference a convolution and both of these.

What lies between them is then never written. Nothing else changes: the layers and their symbolic outputs stay as they are,
and a model that ends at one of these outputs computes it by itself. Where they cannot be had in one go (convolutions in
float64, with a forced version of the kernels, on a GPU), the step runs the layers one after the other.
"""
from collections import Counter

from .. import ops
from ..activations import linear
from ..layers.base import Call
from ..layers.conv import Conv2D
from ..layers.depthwise import DepthwiseConv2D
from ..layers.norm import BatchNormalization
from .chains import PLAIN, ConvChain, NormChain, is_pool, limits_of
from .folding import ConvNormChain
from .functional import WHEN_CONNECTED


def fuse(calls, outputs):
    """The calls, with each chain of layers that can run as one replaced by one call of a Chain."""
    return in_rows(calls, outputs, _continues, _chain)


def _chain(layers):
    if type(layers[0]) is BatchNormalization:
        return NormChain(layers)
    return (ConvNormChain if type(layers[1]) is BatchNormalization else ConvChain)(layers)


def in_rows(calls, outputs, continues, combine):
    """The calls, with each row of two and more, of which nobody else sees what lies between, replaced by a call of one layer.

    Args:
        continues: (the row so far, a call) -> whether the call goes on with it; an empty row, whether it begins one.
        combine: the layers of a row -> the one layer.
    """
    uses = Counter(id(t) for call in calls for t in call.inputs)
    uses.update(id(t) for t in outputs)
    users = {id(t): call for call in calls for t in call.inputs}
    steps, done = [], set()
    for call in calls:
        if id(call) in done:
            continue
        row, follower = [], call
        while follower is not None and not follower.settings and continues(row, follower):
            row.append(follower)
            follower = users.get(id(follower.outputs)) if uses[id(follower.outputs)] == 1 else None
        if len(row) > 1:
            done.update(map(id, row))
            combined = Call(combine([c.layer for c in row]), call.args, {})
            combined.outputs, call = row[-1].outputs, combined
        steps.append(call)
    return steps


def _continues(row, call):
    """Whether a call can be part of a chain: see the classes of chains.py, and folding.py."""
    layer, kinds = call.layer, [type(c.layer) for c in row]
    if "activity_regularizer" in layer.regularization:     # it wants to see what the layer returns
        return False
    if not row:
        return type(layer) in (Conv2D, DepthwiseConv2D, BatchNormalization)
    first = row[0].layer
    if layer.dtype != first.dtype:
        return False
    if BatchNormalization in kinds:
        return kinds[-1] is BatchNormalization and limits_of(layer) is not None
    if type(layer) is BatchNormalization:
        return len(row) == 1 and layer.axis in (-1, 3) and first.activation is linear and _one_filter_or_all(first)
    if kinds[0] is DepthwiseConv2D or is_pool(row[-1].layer):
        return False
    if first.activation is ops.relu:
        return is_pool(layer)
    return first.activation is linear and (is_pool(layer) or (len(row) == 1 and limits_of(layer) == PLAIN))


def _one_filter_or_all(conv):
    """Whether each filter sees all channels, or each channel one filter."""
    return conv.depth_multiplier == 1 if type(conv) is DepthwiseConv2D else conv.groups == 1


def _run_fused(model):
    model._steps = fuse(model._steps, model.outputs)


WHEN_CONNECTED.append(_run_fused)
