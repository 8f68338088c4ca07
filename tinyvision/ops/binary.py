"""Binary crossentropy: from probabilities and from logits, in the numbers of Keras."""
from ..autograd import Tensor, as_tensor
from ..config import epsilon
from ..device import array_library
from ..op import op
from .elementwise import clip, log, sigmoid


def binary_crossentropy(target, output, from_logits: bool = False) -> Tensor:
    """-target * log(output) - (1 - target) * log(1 - output), element by element.

    https://keras.io/api/ops/nn/#binarycrossentropy-function

    Args:
        target: numbers between 0 and 1, of the shape of `output`.
        output: probabilities, which are held `epsilon()` away from 0 and 1; or logits.
        from_logits: whether `output` are logits, before a sigmoid.
    """
    output = as_tensor(output)
    target = as_tensor(target)
    if target.shape != output.shape:
        raise ValueError(f"binary_crossentropy: the targets have shape {target.shape}, the output {output.shape}: they must "
                         "be equal")
    if from_logits:
        return _softplus(output) - target * output
    output = clip(output, epsilon(), 1 - epsilon())
    return -(target * log(output) + (1 - target) * log(1 - output))


@op
def _softplus(x):
    """log(1 + exp(x)), without overflow."""
    return array_library(x).logaddexp(x, array_library(x).zeros((), x.dtype))


_softplus.gradient(x=lambda g, x: g * sigmoid(x))
