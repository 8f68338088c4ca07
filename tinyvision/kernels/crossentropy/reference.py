"""The crossentropy of classes, and its slope, which is a by-product of the value.

p being the probabilities, t the targets, S the sum of the output over the classes:

    from logits           p = softmax(output)    d/d output = p sum(t) - t
    from probabilities    p = output / S         d/d output = (sum(u p) - u) / S,   u = t / p where p is not held back, else 0
"""
from ...device import array_library
from ..registry import kernel


@kernel
def class_crossentropy(target, output, from_logits, axis, epsilon):
    """-sum(target * log(p)) over an axis, where p is held `epsilon` away from 0 and 1 unless it comes from logits.

    Returns:
        the values; log(p); and the slope of the values in `output`.
    """
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
        held = xp.minimum(xp.maximum(p, epsilon), 1 - epsilon)
        logs = xp.log(held)
        u = xp.where(held == p, target / held, xp.zeros((), p.dtype))
        slope = ((u * p).sum(axis, keepdims=True) - u) / total
    return -(target * logs).sum(axis), logs, slope
