"""The crossentropy of classes in one op: it is small, and so each op costs more to record than to compute.

The slope in the output is a by-product of the value. p being the probabilities, t the targets, S the sum of the output:

    from logits           p = softmax(output)    d/d output = p sum(t) - t
    from probabilities    p = output / S         d/d output = (sum(u p) - u) / S,   u = t / p where p is not held back, else 0
"""
from ..autograd import Tensor, is_recording
from ..config import epsilon
from ..device import array_library
from ..op import op
from . import loss
from .second_order import vjp

in_small_ops = loss.crossentropy


@op(keeps=["logs", "slope"], floats=True)
def _crossentropy(target, output, *, from_logits, axis):
    xp = array_library(output)
    if from_logits:
        shifted = output - output.max(axis, keepdims=True)
        powers = xp.exp(shifted)
        total = powers.sum(axis, keepdims=True)
        logs = shifted - xp.log(total)
        slope = powers * (target.sum(axis, keepdims=True) / total) - target
    else:
        total = output.sum(axis, keepdims=True)
        p = output / total
        held = xp.minimum(xp.maximum(p, epsilon()), 1 - epsilon())
        logs = xp.log(held)
        u = xp.where(held == p, target / held, xp.zeros((), p.dtype))
        slope = ((u * p).sum(axis, keepdims=True) - u) / total
    return -(target * logs).sum(axis), logs, slope


@_crossentropy.gradient
def _(g, target, output, logs, slope, from_logits, axis):
    if is_recording():                                     # it will be differentiated again
        return vjp(lambda *a: in_small_ops(*a, from_logits=from_logits, axis=axis), (target, output), g)
    g = array_library(g.data).expand_dims(g.data, axis)
    return Tensor(-g * logs), Tensor(g * slope)


loss.crossentropy = _crossentropy
