"""Resizing one image of bytes at a time, on the thread that has read it, as `tf.image.resize` does."""
import functools
import math

import numpy as np

from ..ops.image.arguments import one_of
from ..ops.image.resizing import KERNELS, middle, nearest

REACH = {"bilinear": 1, "bicubic": 2, "lanczos3": 3, "lanczos5": 5, "gaussian": 1.5, "mitchellcubic": 2}


def _mitchell(x):
    """The cubic of Mitchell and Netravali, B = C = 1/3."""
    near, far = ((7 * x - 12) * x * x + 16 / 3) / 6, (((-7 / 3 * x + 12) * x - 20) * x + 32 / 3) / 6
    return np.where(x < 1, near, np.where(x < 2, far, 0))


def _gaussian(x):
    return np.where(x < 1.5, np.exp(-2 * x * x), 0)        # sigma = 1/2


WEIGHT = {**KERNELS, "gaussian": _gaussian, "mitchellcubic": _mitchell}
INTERPOLATIONS = ["bilinear", "nearest", "bicubic", "area", "lanczos3", "lanczos5", "gaussian", "mitchellcubic"]


def resized(image: np.ndarray, size: tuple[int, int], interpolation: str = "bilinear", crop_to_aspect_ratio: bool = False,
            pad_to_aspect_ratio: bool = False) -> np.ndarray:
    """An image (H, W, C) of bytes in another size: (*size, C), float32, not rounded.

    Args:
        size: the new (height, width).
        interpolation: "bilinear", "nearest", "bicubic", "area" (the mean over the area that a new pixel covers), "lanczos3",
            "lanczos5", "gaussian", "mitchellcubic". Where an image shrinks, only "area" takes all of its pixels into account.
        crop_to_aspect_ratio: cut off first what does not fit into the shape of the new size, the same on both sides.
        pad_to_aspect_ratio: make all of the image fit, and fill the rest with zeros, the same on both sides.

    >>> resized(np.array([[[0], [4]]], "uint8"), (1, 4))[0, :, 0]
    array([0., 1., 3., 4.], dtype=float32)
    """
    one_of("resized", "interpolation", interpolation, INTERPOLATIONS)
    if crop_to_aspect_ratio and pad_to_aspect_ratio:
        raise ValueError("resized: crop_to_aspect_ratio or pad_to_aspect_ratio, not both")
    if crop_to_aspect_ratio:
        image = image[middle(image.shape[:2], size)]
    if pad_to_aspect_ratio:
        inner, (top, left) = _fitting(image.shape[:2], size)
        whole = np.zeros((*size, image.shape[2]), np.float32)
        whole[top:top + inner[0], left:left + inner[1]] = _stretched(image, inner, interpolation)
        return whole
    return _stretched(image, size, interpolation)


def _stretched(image, size, interpolation):
    (H, W, _), (OH, OW) = image.shape, size
    if (H, W) == (OH, OW) and interpolation not in ("gaussian", "mitchellcubic"):  # these two blur
        return image.astype(np.float32)
    if interpolation == "nearest":
        return image[nearest(H, OH)].take(nearest(W, OW), axis=1).astype(np.float32)
    for axis in (0, 1) if OH * W <= OW * H else (1, 0):    # first the one after which less is left
        image = _along(image, axis, *taps(image.shape[axis], size[axis], interpolation))
    return image


def _along(image, axis, places, weights):
    """Sums of pixels along one axis, weighted."""
    shape = (-1, 1, 1) if axis == 0 else (-1, 1)
    total = image.take(places[0], axis) * weights[0].reshape(shape)
    term = np.empty_like(total)
    for place, weight in zip(places[1:], weights[1:]):
        total += np.multiply(image.take(place, axis), weight.reshape(shape), out=term)
    return total


@functools.lru_cache(maxsize=2048)
def taps(old: int, new: int, interpolation: str) -> tuple[np.ndarray, np.ndarray]:
    """Which of the old pixels along an axis each new one is a sum of, and their weights: (taps, new) each."""
    step = old / new
    if interpolation == "area":
        start = np.arange(new) * step
        places = np.floor(start).astype(int) + np.arange(math.ceil(step) + 1)[:, None]
        weights = np.clip(np.minimum(places + 1, start + step) - np.maximum(places, start), 0, None)
    else:
        reach, centres = REACH[interpolation], (np.arange(new) + 0.5) * step - 0.5
        places = np.ceil(centres - reach).astype(int) + np.arange(math.floor(2 * reach) + 1)[:, None]
        weights = WEIGHT[interpolation](np.abs(places - centres))
    weights = np.where((places >= 0) & (places < old), weights, 0)
    needed = weights.any(axis=1)                           # bilinear: two of three, unless a centre lies on a pixel
    places, weights = np.clip(places, 0, old - 1)[needed], weights[needed]
    return places, (weights / weights.sum(axis=0)).astype(np.float32)


def _fitting(old, new):
    """The size that all of an image takes within the new one, and where it begins; in float32, as in TensorFlow."""
    old, new = np.float32(old), np.float32(new)
    exact = old / (old / new).max()
    inner = np.maximum(np.floor(exact), 1).astype(int)
    return tuple(inner.tolist()), np.maximum(np.floor((new - exact) / 2), 0).astype(int).tolist()
