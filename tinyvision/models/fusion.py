"""A pass over a model's graph: a convolution, its ReLU and the 2x2 max-pool behind it become one step.

What lies between them is then never written. Nothing else changes: the layers and their symbolic outputs stay as they are,
and a model that ends at one of these outputs computes it by itself. Where the three cannot be had in one go (float64, a
forced version of the kernels, a GPU), the step runs the layers one after the other.
"""
from collections import Counter

from .. import ops
from ..activations import linear
from ..layers.activation import Activation, ReLU
from ..layers.base import Call
from ..layers.conv import Conv2D
from ..layers.fused import fused
from ..layers.pool import MaxPooling2D
from .functional import REWRITES


class Chain:
    """Layers in a row that run as one, and look like one layer to the model."""

    def __init__(self, layers):
        self.layers, self.name = layers, "+".join(layer.name for layer in layers)
        self.dtype, self.relu = layers[0].dtype, any(_is_relu(layer) for layer in layers[1:])
        self.pool = _is_pool(layers[-1])

    def __call__(self, x):
        x = self.layers[0]._inputs(x)
        y = fused(self.layers[0], x, self.relu, self.pool)
        if y is None:
            y = x
            for layer in self.layers:
                y = layer(y)
        return y


def fuse(calls, outputs):
    """The calls, with each chain of Conv2D, ReLU and MaxPooling2D replaced by one call of a Chain."""
    return in_rows(calls, outputs, _continues, Chain)


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
    """Whether a call can be part of a chain: a ReLU behind a bare convolution, a pool behind either."""
    if not row:
        return type(call.layer) is Conv2D
    if _is_pool(row[-1].layer) or call.layer.dtype != row[0].layer.dtype:
        return False
    activation = row[0].layer.activation
    if activation is ops.relu:
        return _is_pool(call.layer)
    return activation is linear and (_is_pool(call.layer) or (len(row) == 1 and _is_relu(call.layer)))


def _is_relu(layer):
    plain = type(layer) is ReLU and (layer.max_value, layer.negative_slope, layer.threshold) == (None, 0, 0)
    return plain or (type(layer) is Activation and layer.activation is ops.relu)


def _is_pool(layer):
    return type(layer) is MaxPooling2D and layer.pool_size == layer.strides == (2, 2) and layer.padding == "valid"


REWRITES.append(fuse)
