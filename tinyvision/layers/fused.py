"""Conv2D in one go: convolution, bias and ReLU by one kernel; and the 2x2 max-pool that a model has found behind it."""
import numpy as np

from .. import ops
from ..activations import linear
from ..autograd import Tensor, is_recording, mode
from ..kernels.choice import forced
from ..kernels.conv import conv_block_forward
from ..kernels.registry import WATCHERS
from ..ops.fused import fused_conv, windows_of
from .conv import FUSED, Conv2D
from .core import check_images


def fused(layer: Conv2D, x, relu: bool = False, pool: bool = False) -> Tensor | None:
    """What a Conv2D returns, ReLU and 2x2 max-pool behind it included if asked for; None if this cannot be had in one go.

    It can for float32 without groups, as long as no other version of the kernels is forced. `detect_anomaly` wants to see each
    step by itself.
    """
    if not isinstance(x, Tensor) or x.ndim != 4 or not x.size or layer.groups > 1 or mode.detecting:
        return None
    if type(x.data) is not type(layer.kernel.data) or not x.dtype == layer.kernel.dtype == np.float32 or not _allowed(forced()):
        return None
    activation = layer.activation
    own_relu = activation is ops.relu
    if (relu or pool) and not own_relu and activation is not linear:
        return None                                        # something else comes between
    if layer.bias is None and not (relu or pool or own_relu):
        return None                                        # a bare convolution, which has versions of its own
    check_images(layer, x, layer.kernel.shape[2])
    kernel, bias, relu, how = layer.kernel, layer.bias, relu or own_relu, (layer.strides, layer.padding, layer.dilation_rate)
    if is_recording() or WATCHERS:
        y = fused_conv(x, kernel, bias, *how, relu, pool)
    else:                                                  # an op would do the same, and ask more questions
        windows, bias = windows_of(x.shape, kernel.shape, *how, pool), None if bias is None else bias.data
        y = Tensor(conv_block_forward(x.data, kernel.data, bias, windows, relu, pool, _prepared(layer))[0])
    return y if own_relu else activation(y)


def _allowed(choice):
    """Whether the version of the kernels that is forced, if any, can do it in one go."""
    versions = conv_block_forward.kernel.versions.keys() | conv_block_forward.kernel.on_gpu.keys()
    return choice in (None, "exact") or (choice != "numpy" and choice in versions)


def _prepared(layer):
    """What the kernels have made of the layer's weights, kept from call to call as long as these do not change."""
    weights, changed = layer.kernel.data, layer.kernel.changed
    kept = getattr(layer, "_prepared", (None, None))
    if kept[0] is not weights or kept[1] != changed:
        kept = layer._prepared = weights, changed, {}
    return kept[2]


FUSED.append(fused)
