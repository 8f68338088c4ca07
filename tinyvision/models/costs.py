"""What each layer of a model costs, for one sample: multiplications, the pixels that it sees, and the memory of its output."""
import math
from collections import namedtuple
from fractions import Fraction

import numpy as np

from ..autograd import Tensor, no_grad
from ..kernels.registry import WATCHERS
from ..structures import leaves, map_structure

Cost = namedtuple("Cost", "multiply_adds receptive_field bytes")
WHOLE = math.inf                                           # the receptive field of a layer behind a Flatten: the whole image
ALL_TOGETHER = {"Flatten", "Reshape", "GlobalAveragePooling2D", "GlobalMaxPooling2D", "GlobalAveragePooling1D",
                "GlobalMaxPooling1D"}
EACH_ALONE = {"Activation", "ReLU", "LeakyReLU", "PReLU", "ELU", "Identity", "Dropout", "SpatialDropout1D", "GaussianNoise",
              "GaussianDropout", "AlphaDropout", "BatchNormalization"}                   # of sequences, too


def _multiply_adds(kernel, arguments):
    """Pairs of a multiplication and an addition, as the definition counts them, in one run of a kernel."""
    if kernel.name in ("conv_forward", "conv_block_forward", "conv_input_gradient"):       # the last one is conv_transpose
        x, weights = arguments[:2]
        windows = next(a for a in arguments if hasattr(a, "output"))
        return len(x) * math.prod(windows.output) * weights.size
    if kernel.name == "product":
        x1, x2 = arguments
        return x1.size * (x2.shape[-1] if x2.ndim > 1 else 1) * math.prod(x2.shape[:max(x2.ndim - x1.ndim, 0)])
    return 0


def costs(model) -> dict:
    """{call of a layer: Cost}, found by sending one sample of zeros through the model, layer by layer.

    Raises:
        ValueError: the model has no graph, or takes inputs of unknown size.
    """
    if not model._calls_inside:
        raise ValueError(f"{model.name}: costs are known for functional and Sequential models that are built, not for a model "
                         "with a `call` of its own")
    if unknown := [t.shape for t in model.inputs if None in t.shape[1:]]:
        raise ValueError(f"{model.name}: costs need inputs of known size, got {unknown[0]}")
    values = {id(t): Tensor(np.zeros((1, *t.shape[1:]), t.dtype)) for t in model.inputs}
    fields, found = {id(t): (1, 1) for t in model.inputs}, {}          # (pixels seen, step between neighbours), in the image
    for call in model._calls_inside:
        args, settings = map_structure(lambda t: values.get(id(t), t), (call.args, call.settings))
        counted = []
        WATCHERS.append(watch := lambda kernel, version, arguments, c=counted: c.append(_multiply_adds(kernel, arguments)))
        try:
            with no_grad():
                y = call.layer(*args, **{"training": False, **settings})
        finally:
            WATCHERS.remove(watch)
        field = _field(call.layer, [fields[id(t)] for t in call.inputs], list(leaves(y)))
        for symbol, t in zip(leaves(call.outputs), leaves(y)):
            values[id(symbol)], fields[id(symbol)] = t, field
        found[call] = Cost(sum(counted), field and _whole_pixels(field[0]), sum(t.data.nbytes for t in leaves(y)))
    return found


def _whole_pixels(seen):
    return seen if seen == WHOLE else math.ceil(seen)      # between the pixels of the image, transposed convolutions have some


def _field(layer, before, outputs):
    """What a layer's outputs see of the image, given what its inputs do: pixels across, and the step between neighbours.

    None if nobody knows: layers inside the layer, and a `call` of a user's, may look anywhere.
    """
    users = type(layer).call.__module__.partition(".")[0] != __package__.partition(".")[0]
    if None in before or layer.sublayers or users:
        return None
    seen, step = max(before)
    size, kind = getattr(layer, "kernel_size", None) or getattr(layer, "pool_size", None), type(layer).__name__
    axes = 2 if size is None else len(size)                # that windows slide along
    if kind in ALL_TOGETHER or (any(t.ndim != axes + 2 for t in outputs) and kind not in EACH_ALONE):
        return WHOLE, step
    if size is None:
        return seen, step
    reach, strides = [(n - 1) * d for n, d in zip(size, getattr(layer, "dilation_rate", (1, 1)))], layer.strides
    if hasattr(layer, "output_padding"):                   # transposed: of s outputs in a row, the kernel is over each one
        return seen + max(r // s for r, s in zip(reach, strides)) * step, Fraction(step) / max(strides)
    return seen + max(reach) * step, step * max(strides)
