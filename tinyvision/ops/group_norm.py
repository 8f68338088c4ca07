"""Group and instance normalization: each sample by itself, over its pixels and a group of its channels."""
import math

from .. import kernels
from ..autograd import Tensor, as_tensor, is_recording
from ..config import floatx
from ..device import array_library
from ..op import op
from .elementwise import cast
from .rearranging import moveaxis
from .reduce import mean
from .second_order import vjp
from .shape import reshape


def group_normalization(x, groups: int, gamma=None, beta=None, axis: int = -1, epsilon: float = 0.001) -> Tensor:
    """(x - mean) / sqrt(variance + epsilon) * gamma + beta, sample by sample and group by group (Wu and He, 2018).

    The channels fall into groups of neighbours; mean and variance are those over the pixels of a sample and the channels of a
    group. So a sample's result does not hang on the others of its batch.

    Args:
        x: (N, ..., C).
        groups: how many; they have C / groups channels each.
        gamma, beta: (C,), or None for 1 and 0.
        axis: of the channels; not the first, which is the batch.
        epsilon: keeps the root from 0.

    >>> group_normalization([[1.0, 3.0, 0.0, 8.0]], groups=2, epsilon=0)
    Tensor([[-1.,  1., -1.,  1.]])
    """
    x = as_tensor(x)
    x = x if x.dtype.kind == "f" else cast(x, floatx())
    C = _channels(x, axis, "group_normalization")
    if not isinstance(groups, int) or groups < 1 or C % groups:
        raise ValueError(f"group_normalization: the {C} channels on axis {axis} of x {x.shape} are not {groups} equal groups")
    last = moveaxis(x, axis, -1) if axis % x.ndim != x.ndim - 1 else x
    pixels = reshape(last, (len(last), math.prod(last.shape[1:-1]), C))
    gamma, beta = (_of_channels(t, start, x, C) for t, start in ((gamma, 1), (beta, 0)))
    moments = _group_moments(pixels, groups=groups)
    y = reshape(_normalize_groups(pixels, gamma, beta, moments, groups=groups, epsilon=float(epsilon)), last.shape)
    return y if last is x else moveaxis(y, -1, axis)


def instance_normalization(x, gamma=None, beta=None, axis: int = -1, epsilon: float = 0.001) -> Tensor:
    """Each channel of each sample to mean 0 and variance 1 over its pixels, times gamma, plus beta (Ulyanov et al., 2016).

    Args: as in `group_normalization`, with a group for each channel.
    """
    x = as_tensor(x)
    return group_normalization(x, _channels(x, axis, "instance_normalization"), gamma, beta, axis, epsilon)


def _channels(x, axis, name):
    """How many channels there are."""
    if not -x.ndim < axis < x.ndim or not axis:
        raise ValueError(f"{name}: axis is that of the channels of x {x.shape}, and not the first, got {axis}")
    return x.shape[axis]


def _of_channels(t, start, x, C):
    """t as (1, 1, C), in the dtype of x."""
    if t is None:
        return array_library(x.data).full((1, 1, C), start, x.dtype)
    if as_tensor(t).shape != (C,):
        raise ValueError(f"group_normalization of x {x.shape} takes {C} numbers each for gamma and beta, got shape "
                         f"{as_tensor(t).shape}")
    return cast(reshape(t, (1, 1, C)), x.dtype)


def _over_groups(a, groups):
    """The mean over the channels of each group, for each channel: (..., C)."""
    parts = a.reshape(*a.shape[:-1], groups, a.shape[-1] // groups)
    xp = array_library(a)
    return xp.broadcast_to(parts.mean(-1, keepdims=True), parts.shape).reshape(a.shape)


@op(differentiable=False)
def _group_moments(x, *, groups):
    """Mean and variance of each sample's groups, for each channel: (2, N, 1, C).

    The variance of a group is the mean of its channels' variances, plus the variance of their means: no two large sums are
    subtracted from each other.
    """
    means, variances = kernels.norm.channel_moments(x, (1,))
    mean_of_group = _over_groups(means, groups)
    return array_library(x).stack([mean_of_group, _over_groups(variances + (means - mean_of_group) ** 2, groups)])


@op
def _normalize_groups(x, gamma, beta, moments, *, groups, epsilon):
    """Its gradient knows that `moments` are those of x."""
    means, variances = moments
    factor = gamma * (variances + epsilon) ** -0.5
    return kernels.norm.scale_and_shift(x, factor, beta - means * factor, None)


def _normalize_groups_in_small_ops(x, gamma, beta, groups, epsilon):
    N, P, C = x.shape
    parts = reshape(x, (N, P, groups, C // groups))
    centred = parts - mean(parts, axis=(1, 3), keepdims=True)
    variance = mean(centred * centred, axis=(1, 3), keepdims=True)
    return reshape(centred * (variance + epsilon) ** -0.5, x.shape) * gamma + beta


@_normalize_groups.gradient
def _(g, x, gamma, beta, moments, groups, epsilon):
    """dx = (dz - mean(dz) - z mean(dz z)) / std, where dz = gamma dy, means over the group: an affine map of dy and x."""
    if is_recording():                                     # it will be differentiated again
        found = vjp(lambda *args: _normalize_groups_in_small_ops(*args, groups, epsilon), (x, gamma, beta), g)
        return [*found, None]
    dy, x, gamma, (means, variances), P = g.data, x.data, gamma.data, moments.data, max(x.shape[1], 1)
    sums, sums_centred = kernels.norm.channel_sums(dy, x, means, (1,))
    inverse = (variances + epsilon) ** -0.5
    mean_dz = _over_groups(gamma * sums, groups) / P
    slope = _over_groups(gamma * sums_centred, groups) / P * inverse * inverse
    dx = kernels.norm.affine(dy, x, inverse * gamma, -slope * inverse, (slope * means - mean_dz) * inverse)
    return [*map(Tensor, (dx, sums_centred * inverse, sums)), None]
