"""The crossentropy of classes in one op: it is small, and so each op costs more to record than to compute."""
from ..autograd import Tensor, is_recording
from ..config import epsilon
from ..device import array_library
from ..kernels.crossentropy import class_crossentropy
from ..op import op
from . import loss
from .second_order import vjp

in_small_ops = loss.crossentropy


@op(keeps=["logs", "slope"], floats=True)
def _crossentropy(target, output, *, from_logits, axis):
    return class_crossentropy(target, output, from_logits, axis, epsilon())


@_crossentropy.gradient
def _(g, target, output, logs, slope, from_logits, axis):
    if is_recording():                                     # it will be differentiated again
        return vjp(lambda *a: in_small_ops(*a, from_logits=from_logits, axis=axis), (target, output), g)
    g = array_library(g.data).expand_dims(g.data, axis)
    return Tensor(-g * logs), Tensor(g * slope)


loss.crossentropy = _crossentropy
