"""The rest of Keras's activations, with its names, arguments and defaults: https://keras.io/api/layers/activations/"""
from .. import ops
from ..autograd import Tensor, as_tensor
from ..ops import (
    celu,
    elu,
    exp,
    glu,
    hard_shrink,
    hard_sigmoid,
    hard_silu,
    hard_tanh,
    leaky_relu,
    log_sigmoid,
    log_softmax,
    mish,
    relu6,
    selu,
    silu,
    soft_shrink,
    softplus,
    softsign,
    squareplus,
    tanh_shrink,
    threshold,
)
from ..serialization import BY_NAME, deserialize as _deserialize, serialize as _serialize
from . import base
from .base import ACTIVATIONS

swish, hard_swish = silu, hard_silu


def relu(x, negative_slope=0.0, max_value=None, threshold=0.0) -> Tensor:
    """max(x, 0), or something like it. https://keras.io/api/layers/activations/#relu-function

    Args:
        x: the array.
        negative_slope: what x below the threshold is multiplied by, after subtracting the threshold.
        max_value: the largest result, or None for no limit.
        threshold: up to it, x counts as negative.

    >>> relu([-2.0, 1.0, 3.0], negative_slope=0.5, max_value=2)
    Tensor([-1.,  1.,  2.])
    """
    if not threshold and negative_slope and max_value is None:
        return leaky_relu(x, negative_slope=negative_slope)
    x, threshold = as_tensor(x), threshold or 0
    if threshold:
        y = ops.where(x > threshold, x, 0)
        y = y if max_value is None else ops.clip(y, 0, max_value)
    else:
        y = ops.relu(x) if max_value is None else ops.clipped_relu(x, max_value=max_value)
    return y - negative_slope * ops.relu(threshold - x) if negative_slope else y


def gelu(x, approximate=False) -> Tensor:
    """x times the probability that a normal number is below x (Hendrycks and Gimpel, 2016).

    Args:
        x: the array.
        approximate: take a tanh in the place of the error function. (ops.gelu does so by default, as keras.ops.gelu.)
    """
    return ops.gelu(x, approximate=approximate)


def exponential(x) -> Tensor:
    """e ** x."""
    return exp(x)


def get(identifier):
    """The function for a name, a function, what `serialize` made of one, or None (which is `linear`).

    Raises:
        ValueError: there is no activation of that name.

    >>> get("leaky_relu")([-1.0, 2.0])
    Tensor([-0.2,  2. ])
    """
    if isinstance(identifier, dict):
        identifier = deserialize(identifier)
    return ops.relu if identifier is relu else base.get(identifier)        # which layers know, and fuse


def serialize(activation):
    """An activation as JSON can hold it: its name in Keras; a dictionary for a function of one's own."""
    return _serialize(get(activation))


def deserialize(config, custom_objects: dict | None = None):
    """The activation that `serialize` wrote down.

    Args:
        config: what it returned.
        custom_objects: {"my_function": my_function}: the functions of one's own that it may name.
    """
    if isinstance(config, str):
        return (custom_objects or {}).get(config) or get(config)
    found = _deserialize(config, custom_objects)
    if not callable(found):
        raise ValueError(f"an activation is a name, a function or a layer, got {config!r:.80}")
    return found


for _function in (celu, elu, exponential, gelu, glu, hard_shrink, hard_sigmoid, hard_silu, hard_tanh, leaky_relu, log_sigmoid,
                  log_softmax, mish, relu6, selu, silu, soft_shrink, softplus, softsign, squareplus, tanh_shrink, threshold):
    ACTIVATIONS[_function.__name__] = _function
ACTIVATIONS |= {"swish": silu, "hard_swish": hard_silu}
BY_NAME.update(ACTIVATIONS.values())
