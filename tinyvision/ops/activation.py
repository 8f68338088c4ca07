"""Activations, in the numbers of Keras: https://keras.io/api/ops/nn/"""
import math

from ..autograd import as_tensor
from ..device import array_library
from ..op import op
from .elementwise import clip, exp, sigmoid, tanh, where
from .functions import abs, sqrt
from .in_parallel import clipped_relu
from .indexing import getitem
from .mathematics import erf

SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805      # Klambauer et al., 2017: mean 0 and variance 1 are kept
GELU_SLOPE, GELU_CUBE = math.sqrt(2 / math.pi), 0.044715             # Hendrycks and Gimpel, 2016


def relu6(x):
    """min(max(x, 0), 6)."""
    return clipped_relu(x, max_value=6)


@op(floats=True)
def leaky_relu(x, *, negative_slope=0.2):
    """x above 0, negative_slope * x below (Maas et al., 2013)."""
    return array_library(x).where(x > 0, x, negative_slope * x)


@op(floats=True)
def elu(x, *, alpha=1.0):
    """x above 0, alpha * (exp(x) - 1) below (Clevert et al., 2015)."""
    xp = array_library(x)
    return xp.where(x > 0, x, alpha * xp.expm1(xp.minimum(x, 0)))


def selu(x):
    """1.0507 * elu(x, 1.6733), which brings the numbers of deep networks to mean 0 and variance 1 (Klambauer et al., 2017)."""
    return SELU_SCALE * elu(x, alpha=SELU_ALPHA)


def celu(x, alpha=1.0):
    """x above 0, alpha * (exp(x / alpha) - 1) below: an `elu` without a corner at 0, for every alpha (Barron, 2017)."""
    return alpha * elu(as_tensor(x) / alpha)


@op(floats=True)
def gelu(x, *, approximate=True):
    """x times the probability that a normal number is below x (Hendrycks and Gimpel, 2016); approximate: by a tanh."""
    if approximate:
        return 0.5 * x * (1 + array_library(x).tanh(GELU_SLOPE * (x + GELU_CUBE * x * x * x)))
    return 0.5 * x * (1 + erf.op.forward(x * math.sqrt(0.5)))


@op(floats=True)
def silu(x):
    """x * sigmoid(x), also known as swish."""
    return x * sigmoid.op.forward(x)


def mish(x):
    """x * tanh(softplus(x)) (Misra, 2019). (keras.activations has it; keras.ops does not.)"""
    x = as_tensor(x)
    return x * tanh(softplus(x))


@op(floats=True)
def softplus(x):
    """log(1 + exp(x)), without overflow: a smooth ReLU."""
    xp = array_library(x)
    return xp.maximum(x, 0) + xp.log1p(xp.exp(-xp.abs(x)))


def softsign(x):
    """x / (1 + |x|)."""
    x = as_tensor(x)
    return x / (1 + abs(x))


def log_sigmoid(x):
    """log(sigmoid(x)) = -softplus(-x), exact where sigmoid itself would be 0."""
    return -softplus(-as_tensor(x))


def hard_sigmoid(x):
    """A sigmoid of straight lines: relu6(x + 3) / 6."""
    return relu6(as_tensor(x) + 3) / 6


def hard_silu(x):
    """x * hard_sigmoid(x) (Howard et al., 2019)."""
    x = as_tensor(x)
    return x * hard_sigmoid(x)


def hard_tanh(x):
    """x, held between -1 and 1."""
    return clip(x, -1, 1)


def tanh_shrink(x):
    """x - tanh(x)."""
    x = as_tensor(x)
    return x - tanh(x)


def hard_shrink(x, threshold=0.5):
    """x where |x| is above the threshold, 0 elsewhere."""
    x = as_tensor(x)
    return where(abs(x) > threshold, x, 0)


def soft_shrink(x, threshold=0.5):
    """x, moved towards 0 by the threshold; what is nearer to 0 than that becomes 0."""
    x = as_tensor(x)
    return where(x > threshold, x - threshold, where(x < -threshold, x + threshold, 0))


def threshold(x, threshold, default_value):
    """x where it is above the threshold, default_value elsewhere."""
    x = as_tensor(x)
    return where(x > threshold, x, default_value)


def squareplus(x, b=4):
    """(x + sqrt(x**2 + b)) / 2: a smooth ReLU without exp (Barron, 2021)."""
    x = as_tensor(x)
    return (x + sqrt(x * x + b)) / 2


def glu(x, axis=-1):
    """a * sigmoid(b), where a and b are the two halves of x along an axis (Dauphin et al., 2017).

    >>> glu([[3.0, 5.0, 0.0, 0.0]])
    Tensor([[1.5, 2.5]])
    """
    x = as_tensor(x)
    half, rest = divmod(x.shape[axis], 2)
    if rest:
        raise ValueError(f"glu: axis {axis} is cut into halves, so its size must be even, got x {x.shape}")
    before = (slice(None),) * (axis % x.ndim)
    return getitem(x, index=(*before, slice(half))) * sigmoid(getitem(x, index=(*before, slice(half, None))))


def _gelu_gradient(g, x, approximate):
    if not approximate:
        return g * (0.5 * (1 + erf(x * math.sqrt(0.5))) + x * exp(-0.5 * x * x) / math.sqrt(2 * math.pi))
    t = tanh(GELU_SLOPE * (x + GELU_CUBE * x * x * x))
    return g * (0.5 * (1 + t) + 0.5 * x * (1 - t * t) * (GELU_SLOPE * (1 + 3 * GELU_CUBE * x * x)))


def _silu_gradient(g, x):
    s = sigmoid(x)
    return g * (s + x * s * (1 - s))


leaky_relu.gradient(x=lambda g, x, negative_slope: where(x > 0, g, g * negative_slope))
elu.gradient(x=lambda g, x, y, alpha: where(x > 0, g, g * (y + alpha)))
gelu.gradient(x=_gelu_gradient)
silu.gradient(x=_silu_gradient)
softplus.gradient(x=lambda g, x: g * sigmoid(x))
