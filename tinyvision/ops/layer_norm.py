"""Layer normalization, and what divides each vector by its size: normalize, rms_normalization."""
import math

from numpy.lib.array_utils import normalize_axis_tuple

from .. import kernels
from ..autograd import Tensor, as_tensor, is_recording
from ..config import epsilon as default_epsilon, floatx
from ..op import op
from .elementwise import cast, divide, power, where
from .functions import abs, maximum
from .mathematics import rsqrt
from .reduce import mean, sum
from .second_order import vjp
from .shape import reshape, transpose
from .statistics import var


def layer_normalization(x, gamma=None, beta=None, axis: int | tuple = -1, epsilon: float | None = None,
                        rms_scaling: bool = False) -> Tensor:
    """(x - mean) / sqrt(variance + epsilon) * gamma + beta, mean and variance being those over the axes (Ba et al., 2016).

    https://keras.io/api/ops/nn/#layernormalization-function

    Args:
        x: the array to normalize.
        gamma, beta: of the sizes of the axes, or None for 1 and 0.
        axis: of what is normalized together, or several.
        epsilon: keeps the root from 0; `config.epsilon()` if None.
        rms_scaling: x / sqrt(variance + epsilon) * gamma instead, without the mean; that is not `rms_normalization`.

    >>> layer_normalization([[1.0, 3.0], [0.0, 8.0]], gamma=[1.0, 5.0], epsilon=0)
    Tensor([[-1.,  5.],
            [-1.,  5.]])
    """
    x, axes = _prepared(x, axis, "layer_normalization")
    epsilon = default_epsilon() if epsilon is None else epsilon
    gamma, beta = (_along(t, x, axes, "layer_normalization") for t in (gamma, beta))
    if rms_scaling:
        if beta is not None:
            raise ValueError("layer_normalization: rms_scaling=True goes without beta")
        scaled = x * rsqrt(var(x, axis=axes, keepdims=True) + epsilon)
        return scaled if gamma is None else scaled * _spread(gamma, x, axes)
    order = (*(a for a in range(x.ndim) if a not in axes), *axes)
    last = transpose(x, order) if order != tuple(range(x.ndim)) else x
    rows = reshape(last, (math.prod(last.shape[:-len(axes)]), math.prod(last.shape[-len(axes):])))
    y = reshape(_normalize_rows(rows, gamma, beta, epsilon=float(epsilon)), last.shape)
    return y if last is x else transpose(y, tuple(order.index(a) for a in range(x.ndim)))


def rms_normalization(x, scale=None, axis: int | tuple = -1, epsilon: float | None = None) -> Tensor:
    """x / sqrt(mean(x^2) + epsilon) * scale, the mean being that over the axes (Zhang and Sennrich, 2019).

    https://keras.io/api/ops/nn/#rmsnormalization-function

    Args:
        scale: of the sizes of the axes, or None for 1.
        epsilon: keeps the root from 0; `config.epsilon()` if None.

    >>> rms_normalization([3.0, 4.0, 0.0, 0.0])
    Tensor([1.2, 1.6, 0. , 0. ])
    """
    x, axes = _prepared(x, axis, "rms_normalization")
    y = x * rsqrt(mean(x * x, axis=axes, keepdims=True) + (default_epsilon() if epsilon is None else epsilon))
    return y if scale is None else y * _spread(_along(scale, x, axes, "rms_normalization"), x, axes)


def normalize(x, axis: int | tuple = -1, order: int = 2, epsilon: float | None = None) -> Tensor:
    """x / max(norm, epsilon), where norm = sum(|x|^order)^(1/order) over the axes: then the norm is 1.

    https://keras.io/api/ops/nn/#normalize-function

    Args:
        x: the array to normalize; a number counts as an array of one.
        axis: of what has norm 1 together, or several.
        order: 1, 2, 3, ...
        epsilon: the least that x is divided by; `config.epsilon()` if None.

    >>> normalize([[3.0, 4.0], [0.0, 0.0]])
    Tensor([[0.6, 0.8],
            [0. , 0. ]])
    """
    if not isinstance(order, int) or order < 1:
        raise ValueError(f"normalize: the order is a whole number from 1 on, got {order!r}")
    x = as_tensor(x)
    x, axes = _prepared(x if x.ndim else reshape(x, 1), axis, "normalize")
    powers = sum(x * x if order == 2 else power(abs(x), order), axis=axes, keepdims=True)
    zero = powers == 0                                     # there the root has no slope
    norm = where(zero, 0, power(where(zero, 1, powers), 1 / order))
    return divide(x, maximum(norm, default_epsilon() if epsilon is None else epsilon))


def _prepared(x, axis, name):
    """x in floats, and the axes in rising order."""
    x = as_tensor(x)
    axis = tuple(axis) if isinstance(axis, list) else axis
    axes = tuple(sorted(normalize_axis_tuple(axis, x.ndim, f"{name}: axis")))
    return (x if x.dtype.kind == "f" else cast(x, floatx())), axes


def _along(t, x, axes, name):
    """t with one axis, of as many numbers as x has along its axes; None stays None."""
    if t is None:
        return None
    t, sizes = as_tensor(t), tuple(x.shape[a] for a in axes)
    if t.size != math.prod(sizes):
        raise ValueError(f"{name}: along axes {axes} of x {x.shape} there are {sizes} numbers, got shape {t.shape}")
    return cast(reshape(t, -1), x.dtype)


def _spread(t, x, axes):
    """t (K,), shaped so that it broadcasts along the axes of x."""
    return reshape(t, tuple(n if a in axes else 1 for a, n in enumerate(x.shape)))


@op(keeps=["means", "inverse"])
def _normalize_rows(x, gamma=None, beta=None, *, epsilon):
    return kernels.norm.normalized_rows(x, gamma, beta, epsilon)


def _normalize_rows_in_small_ops(x, gamma=None, beta=None, *, epsilon):
    centred = x - mean(x, axis=1, keepdims=True)
    y = centred * (mean(centred * centred, axis=1, keepdims=True) + epsilon) ** -0.5
    y = y if gamma is None else y * gamma
    return y if beta is None else y + beta


@_normalize_rows.gradient
def _(g, x, gamma, beta, means, inverse, epsilon):
    if is_recording():                                     # it will be differentiated again
        given = {name: t for name, t in (("x", x), ("gamma", gamma), ("beta", beta)) if t is not None}
        found = vjp(lambda *args: _normalize_rows_in_small_ops(**dict(zip(given, args)), epsilon=epsilon), given.values(), g)
        return [dict(zip(given, found)).get(name) for name in ("x", "gamma", "beta")]
    gamma = gamma if gamma is None else gamma.data
    return list(map(Tensor, kernels.norm.normalized_rows_gradients(g.data, x.data, gamma, means, inverse)))
