"""The crossentropy of classes on a GPU: crossentropy.cu, for classes along the last axis."""
from ...device import array_library
from .. import cuda
from ..registry import version
from .reference import class_crossentropy

ROWS = 8                                                   # of a block


@version(class_crossentropy, "cuda", gpu=True, serves=lambda target, output, from_logits, axis, epsilon:
         cuda.fits(target, output) and output.ndim > 0 and axis % output.ndim == output.ndim - 1 and output.size
         and target.shape == output.shape)
def crossentropy(target, output, from_logits, axis, epsilon):
    target, output, xp = cuda.contiguous(target), cuda.contiguous(output), array_library(output)
    classes, rows = output.shape[-1], output.size // output.shape[-1]
    values, logs, slope = xp.empty(output.shape[:-1], output.dtype), xp.empty_like(output), xp.empty_like(output)
    name = "from_logits" if from_logits else "from_probabilities"
    kernel = cuda.compiled(name, ("warps.cuh", "crossentropy/crossentropy.cu"), CLASSES=classes)
    cuda.launch(kernel, (-(-rows // ROWS),), (32 * ROWS,), target, output, values, logs, slope,
                *([] if from_logits else [float(epsilon)]), rows)
    return values, logs, slope
