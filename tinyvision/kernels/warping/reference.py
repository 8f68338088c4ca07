"""Warping: each pixel of the new image comes from a place in the old one, which may lie between pixels; a transform says where.

For a transform (a0, a1, a2, b0, b1, b2, c0, c1), the pixel in row i and column j comes from

    row (b0 j + b1 i + b2) / k  and  column (a0 j + a1 i + a2) / k,  where  k = c0 j + c1 i + 1.

With "bilinear" it is the mean of the four pixels around that place, each weighted by how near it is along both axes; with
"nearest" it is the nearest pixel, halves going away from 0. Where a place lies outside, the image is thought to go on:

    "constant"  x x | a b c | x x      the value `fill`        "mirror"    c b | a b c | b a
    "nearest"   a a | a b c | c c                              "reflect"   b a | a b c | c b
    "wrap"      b c | a b c | a b
"""
import itertools

from ...device import array_library
from ..registry import kernel

FAR = 2.0 ** 24                                            # places are held within: float32 has no fractions beyond


@kernel
def warp(x, transforms, interpolation, fill_mode, fill):
    """Images (N, H, W, C), transforms (N, 8) or (1, 8) in float64 -> images of that shape. Places are computed in float64."""
    xp, (N, H, W, _) = array_library(x), x.shape
    image, y = xp.arange(N)[:, None, None], xp.zeros((), x.dtype)
    for row, column, there, weight in _corners(xp, transforms, (H, W), interpolation, fill_mode):
        found = x[image, row, column]                      # (N, H, W, C)
        if fill_mode == "constant":
            found = xp.where(there[..., None], found, xp.asarray(fill, x.dtype))
        y = y + found * weight[..., None].astype(x.dtype)
    return y


@kernel
def unwarp(g, transforms, interpolation, fill_mode):
    """The adjoint of `warp` with fill 0: <warp(x), g> = <x, unwarp(g)>. Each pixel is the sum of all that it gave to others."""
    xp, (N, H, W, C) = array_library(g), g.shape
    image, x = xp.arange(N)[:, None, None], xp.zeros(g.size)
    for row, column, there, weight in _corners(xp, transforms, (H, W), interpolation, fill_mode):
        weight = weight * there if fill_mode == "constant" else weight
        pixel = xp.broadcast_to((image * H + row) * W + column, (N, H, W))
        place = (pixel[..., None] * C + xp.arange(C)).ravel()
        x = x + xp.bincount(place, (g * weight[..., None]).ravel(), g.size)
    return x.reshape(g.shape).astype(g.dtype)


def _corners(xp, transforms, sizes, interpolation, fill_mode):
    """(row, column, whether it lies inside, weight) of each pixel that counts: one, or four. Arrays (N or 1, H, W)."""
    axes = zip(places(xp, xp.asarray(transforms), *sizes), sizes)
    for (row, above, near), (column, beside, close) in itertools.product(
            *(neighbours(xp, place, size, interpolation, fill_mode) for place, size in axes)):
        yield row, column, above & beside, near * close


def places(xp, transforms, H, W):
    """The rows and columns that the pixels come from, (N or 1, H, W) each."""
    a0, a1, a2, b0, b1, b2, c0, c1 = (transforms[:, i, None, None] for i in range(8))
    j, i = xp.arange(W, dtype="float64"), xp.arange(H, dtype="float64")[:, None]
    k = c0 * j + c1 * i + 1
    nowhere, k = k == 0, xp.where(k == 0, 1, k)
    return [xp.where(nowhere, FAR, (u * j + v * i + w) / k) for u, v, w in ((b0, b1, b2), (a0, a1, a2))]


def neighbours(xp, place, size, interpolation, fill_mode):
    """[(pixel, whether it lies inside, weight), ...] along an axis: the pixels are such that there are, by now."""
    place = xp.where(place == place, place, FAR).clip(-FAR, FAR)           # what is no number is far outside
    if interpolation == "nearest":
        found = [(nearest(xp, place), xp.ones_like(place))]
    else:
        lower = xp.floor(place)
        found = [(lower, 1 - (place - lower)), (lower + 1, place - lower)]
    return [(INSIDE[fill_mode](pixel, size).astype("int64"), (pixel >= 0) & (pixel < size), weight) for pixel, weight in found]


def nearest(xp, place):
    """The nearest whole number; a half goes away from 0."""
    whole = xp.trunc(place)
    return whole + xp.sign(place) * (abs(place - whole) >= 0.5)


# Where a pixel outside lies inside ----------------------------------------------------------------------------------------

def _edge(place, size):
    return place.clip(0, size - 1)


def _wrapped(place, size):
    return place % size


def _mirrored(place, size):
    period = max(2 * size - 2, 1)
    return abs((place + size - 1) % period - (size - 1)) if size > 1 else place * 0


def _reflected(place, size):
    place = place % (2 * size)
    return place + (place >= size) * (2 * size - 1 - 2 * place)


INSIDE = {"constant": _edge, "nearest": _edge, "wrap": _wrapped, "mirror": _mirrored, "reflect": _reflected}
