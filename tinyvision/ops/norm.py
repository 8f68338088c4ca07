"""Batch normalization: with given statistics, and in training with those of the batch."""
import math

import numpy as np

from .. import kernels
from ..autograd import Tensor, as_tensor, is_recording
from ..device import array_library
from ..op import op
from .elementwise import clip, where
from .reduce import mean
from .second_order import vjp
from .shape import reshape


def batch_normalization(x, mean, variance, axis: int | tuple, offset=None, scale=None, epsilon: float = 0.001,
                        limits: tuple | None = None) -> Tensor:
    """(x - mean) / sqrt(variance + epsilon) * scale + offset, channel by channel.

    https://keras.io/api/ops/nn/#batchnormalization-function

    Args:
        x: the array to normalize.
        mean, variance: (C,), of each channel.
        axis: the axis of the C channels, or a tuple of them.
        offset, scale: (C,), or None for 0 and 1.
        epsilon: keeps the root from 0.
        limits: (low, high), numbers that the result is held between; (0, inf) for a ReLU in the same go.
    """
    x = as_tensor(x)
    mean, variance, offset, scale = (t if t is None else along(t, x, axis) for t in (mean, variance, offset, scale))
    factor = (variance + epsilon) ** -0.5
    factor = factor if scale is None else factor * scale
    shift = -mean * factor
    return _scale_and_shift(x, factor, shift if offset is None else shift + offset, limits=_numbers(limits))


def batch_normalization_training(x, axis: int = -1, offset=None, scale=None, epsilon: float = 0.001,
                                 limits: tuple | None = None) -> tuple[Tensor, Tensor]:
    """Normalize each channel by the mean and the variance of the batch itself (Ioffe and Szegedy, 2015).

    Args: as in `batch_normalization`.

    Returns:
        The normalized x, and the moments that it was normalized by: (2, C), mean and biased variance, without gradient.
    """
    x = as_tensor(x)
    axes = tuple(a for a in range(x.ndim) if a != axis % x.ndim)
    moments = _moments(x, axes=axes)
    one = array_library(x.data).ones((1,) * x.ndim, x.dtype)
    y = _normalize(x, one if scale is None else along(scale, x, axis), one * 0 if offset is None else along(offset, x, axis),
                   moments, axes=axes, epsilon=epsilon, limits=_numbers(limits))
    return y, reshape(moments, (2, -1))


def _numbers(limits):
    """The limits as two floats."""
    if limits is None:
        return None
    low, high = map(float, limits)
    if not low <= high:
        raise ValueError(f"batch normalization: the limits are (low, high), got {limits}")
    return low, high


def along(t, x, axis):
    """t (C,), shaped so that it broadcasts along the channel axis of x."""
    axes = {a % x.ndim for a in ((axis,) if isinstance(axis, int) else axis)}
    shape = tuple(n if a in axes else 1 for a, n in enumerate(x.shape))
    if np.size(t) != math.prod(shape):
        raise ValueError(f"batch normalization along axis {axis} of x {x.shape} takes {math.prod(shape)} numbers each for "
                         f"mean, variance, scale and offset, got shape {np.shape(t)}")
    return reshape(t, shape)


@op(differentiable=False)
def _moments(x, *, axes):
    """Mean and variance over the axes, which are kept, stacked: (2, 1, ..., C)."""
    return kernels.norm.channel_moments(x, axes)


@op
def _scale_and_shift(x, factor, shift, *, limits):
    return kernels.norm.scale_and_shift(x, factor, shift, limits)


@_scale_and_shift.gradient
def _(g, x, factor, y, limits, wanted):
    g = g if limits is None else where((y > limits[0]) * (y < limits[1]), g, 0)
    return [rule() if i in wanted else None for i, rule in enumerate((lambda: g * factor, lambda: g * x, lambda: g))]


@op
def _normalize(x, scale, offset, moments, *, axes, epsilon, limits):
    """Its gradient knows that `moments` are those of x."""
    return kernels.norm.scale_and_shift(x, *_straight_line(scale, offset, moments, epsilon), limits)


def _straight_line(scale, offset, moments, epsilon):
    """The factor and the shift that normalization comes to, channel by channel."""
    m, variance = moments
    factor = scale * (variance + epsilon) ** -0.5
    return factor, offset - m * factor


def _normalize_in_small_ops(x, scale, offset, axes, epsilon, limits):
    centred = x - mean(x, axis=axes, keepdims=True)
    variance = mean(centred * centred, axis=axes, keepdims=True)
    y = centred * (variance + epsilon) ** -0.5 * scale + offset
    return y if limits is None else clip(y, *limits)


@op(differentiable=False)
def _sums(dy, x, scale, offset, moments, *, axes, epsilon, limits):
    """What all the gradients share: the sums of dy, and of dy * (x - mean); (2, 1, ..., C)."""
    return kernels.norm.channel_sums(dy, x, moments[0], axes, *_straight_line(scale, offset, moments, epsilon), limits)


@op(differentiable=False)
def _normalize_input_gradient(dy, x, scale, offset, moments, sums, *, epsilon, limits):
    """scale / std * (dy - mean(dy) - z mean(dy z)), z = (x - mean) / std: per channel, an affine map of dy and x."""
    (m, variance), (sum_dy, sum_dy_centred) = moments, sums
    n = max(x.size // sum_dy.size, 1)
    slope = sum_dy_centred / (variance + epsilon) / n
    factor, shift = _straight_line(scale, offset, moments, epsilon)
    return kernels.norm.affine(dy, x, factor, -slope * factor, (slope * m - sum_dy / n) * factor, factor, shift, limits)


@_normalize.gradient
def _(g, x, scale, offset, moments, axes, epsilon, limits):
    if is_recording():                                     # it will be differentiated again
        dx, dscale, doffset = vjp(lambda *a: _normalize_in_small_ops(*a, axes, epsilon, limits), (x, scale, offset), g)
        return dx, dscale, doffset, None
    sums = _sums(g, x, scale, offset, moments, axes=axes, epsilon=epsilon, limits=limits)
    dscale = sums[1] * (moments[1] + epsilon) ** -0.5
    dx = _normalize_input_gradient(g, x, scale, offset, moments, sums, epsilon=epsilon, limits=limits)
    return dx, dscale, sums[0], None
