"""Batch normalization in four steps over whole maps; all else in it are a few numbers a channel.

Shapes: x and dy (N, H, W, C) or any other; statistics keep the axes that they were taken over, with size 1: (1, 1, 1, C).
"""
from ...device import array_library
from ..registry import kernel


@kernel
def channel_moments(x, axes):
    """The mean of x over the axes, and its mean squared distance from that: (2, 1, 1, 1, C)."""
    mean = x.mean(axes, keepdims=True)
    return array_library(x).stack([mean, ((x - mean) ** 2).mean(axes, keepdims=True)])


@kernel
def scale_and_shift(x, scale, shift):
    """x * scale + shift."""
    y = x * scale
    y += shift
    return y


@kernel
def channel_sums(dy, x, mean, axes):
    """The sums over the axes of dy, and of dy * (x - mean): (2, 1, 1, 1, C)."""
    return array_library(x).stack([dy.sum(axes, keepdims=True), (dy * (x - mean)).sum(axes, keepdims=True)])


@kernel
def affine(dy, x, a, b, c):
    """a * dy + b * x + c."""
    dx = dy * a
    dx += b * x
    dx += c
    return dx
