"""Batch normalization in four steps over whole maps; all else in it are a few numbers a channel.

A ReLU behind it costs nothing more: forward, the result is held between two limits, (low, high), while it is written; on the
way back only those elements of dy count where low < x * scale + shift < high.

Shapes: x and dy (N, H, W, C) or any other; statistics keep the axes that they were taken over, with size 1: (1, 1, 1, C).
"""
from ...device import array_library
from ..registry import kernel


@kernel
def channel_moments(x, axes):
    """The mean of x over the axes, and its mean squared distance from that: (2, 1, 1, 1, C).

    A mean of many numbers far from 0 is rounded; what is left of it, among the distances, is found and taken over.
    """
    mean = x.mean(axes, keepdims=True)
    distances = x - mean
    rest = distances.mean(axes, keepdims=True)
    return array_library(x).stack([mean + rest, (distances ** 2).mean(axes, keepdims=True) - rest ** 2])


@kernel
def scale_and_shift(x, scale, shift, limits=None):
    """x * scale + shift; held between the two limits if there are any, NaN staying NaN."""
    y = x * scale
    y += shift
    return y if limits is None else array_library(x).clip(y, *limits)


@kernel
def channel_sums(dy, x, mean, axes, scale=None, shift=None, limits=None):
    """The sums over the axes of dy, and of dy * (x - mean): (2, 1, 1, 1, C)."""
    dy = dy if limits is None else _passed(dy, x, scale, shift, *limits)
    return array_library(x).stack([dy.sum(axes, keepdims=True), (dy * (x - mean)).sum(axes, keepdims=True)])


@kernel
def affine(dy, x, a, b, c, scale=None, shift=None, limits=None):
    """a * dy + b * x + c."""
    dx = a * (dy if limits is None else _passed(dy, x, scale, shift, *limits))
    dx += b * x
    dx += c
    return dx


def _passed(dy, x, scale, shift, low, high):
    """dy, and 0 where a limit has cut off what x was made into."""
    y = x * scale + shift
    return array_library(x).where((low < y) & (y < high), dy, array_library(x).zeros((), dy.dtype))
