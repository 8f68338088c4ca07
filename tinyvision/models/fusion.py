"""A pass over a model's graph: a convolution, its ReLU and the 2x2 max-pool behind it become one step; so do a batch
normalization and its ReLU.

What lies between them is then never written. Nothing else changes: the layers and their symbolic outputs stay as they are,
and a model that ends at one of these outputs computes it by itself. Where they cannot be had in one go (convolutions in
float64, with a forced version of the kernels, on a GPU), the step runs the layers one after the other.
"""
import math
from collections import Counter

from .. import ops
from ..activations import linear
from ..autograd import mode
from ..layers.activation import Activation, ReLU
from ..layers.base import Call
from ..layers.conv import Conv2D
from ..layers.fused import fused
from ..layers.norm import BatchNormalization
from ..layers.pool import MaxPooling2D
from .functional import WHEN_CONNECTED

PLAIN = 0.0, math.inf                                      # the limits of a ReLU


class Chain:
    """Layers in a row that run as one, and look like one layer to the model."""

    def __init__(self, layers):
        self.layers, self.name, self.dtype = layers, "+".join(layer.name for layer in layers), layers[0].dtype

    def __call__(self, x):
        x = self.layers[0]._inputs(x)
        y = self.in_one_go(x)
        if y is None:
            y = x
            for layer in self.layers:
                y = layer(y)
        return y

    def in_one_go(self, x):
        """What the last layer returns; None if it takes a step for each layer."""
        raise NotImplementedError


class ConvChain(Chain):
    """Conv2D, a ReLU, a 2x2 max-pool."""

    def __init__(self, layers):
        super().__init__(layers)
        self.pool = _is_pool(layers[-1])
        self.relu = len(layers) > 1 + self.pool

    def unchanged(self):
        """Whether ReLU and pool are still set as they were when the chain was made."""
        *relus, last = self.layers[1:]
        relus = relus if self.pool else [*relus, last]
        return (_is_pool(last) or not self.pool) and all(_limits(relu) == PLAIN for relu in relus)

    def in_one_go(self, x):
        return fused(self.layers[0], x, self.relu, self.pool) if self.unchanged() else None


class NormChain(Chain):
    """BatchNormalization, and a ReLU, with an upper limit or without."""

    def in_one_go(self, x):
        norm, relu = self.layers
        limits = _limits(relu)                             # None if its settings were changed since
        return None if mode.detecting or limits is None else norm(x, limits=limits)


def fuse(calls, outputs):
    """The calls, with each chain of layers that can run as one replaced by one call of a Chain."""
    return in_rows(calls, outputs, _continues, lambda layers: (ConvChain if type(layers[0]) is Conv2D else NormChain)(layers))


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
    """Whether a call can be part of a chain: a ReLU behind a bare convolution or a normalization, a pool behind the former."""
    if "activity_regularizer" in call.layer.regularization:            # it wants to see what the layer returns
        return False
    if not row:
        return type(call.layer) in (Conv2D, BatchNormalization)
    if _is_pool(row[-1].layer) or call.layer.dtype != row[0].layer.dtype:
        return False
    if type(row[0].layer) is BatchNormalization:
        return len(row) == 1 and _limits(call.layer) is not None
    activation = row[0].layer.activation
    if activation is ops.relu:
        return _is_pool(call.layer)
    return activation is linear and (_is_pool(call.layer) or (len(row) == 1 and _limits(call.layer) == PLAIN))


def _limits(layer):
    """(low, high) of a layer that holds numbers between these; None for other layers."""
    if type(layer) is ReLU and (layer.negative_slope, layer.threshold) == (0, 0):
        return 0.0, math.inf if layer.max_value is None else layer.max_value
    return PLAIN if type(layer) is Activation and layer.activation is ops.relu else None


def _is_pool(layer):
    return type(layer) is MaxPooling2D and layer.pool_size == layer.strides == (2, 2) and layer.padding == "valid"


def _run_fused(model):
    model._steps = fuse(model._steps, model.outputs)


WHEN_CONNECTED.append(_run_fused)
