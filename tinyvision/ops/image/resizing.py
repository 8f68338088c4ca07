"""Resizing images: a linear map along each axis, whose adjoint is its gradient."""
import functools

import numpy as np

from ... import kernels
from ...autograd import Tensor
from ...device import array_library
from ...op import op
from ..indexing import pad
from .arguments import as_batch, as_dtype, as_floats, as_given, as_number, as_size, one_of


def resize(images, size, interpolation: str = "bilinear", antialias: bool = False, crop_to_aspect_ratio: bool = False,
           pad_to_aspect_ratio: bool = False, fill_mode: str = "constant", fill_value: float = 0.0,
           data_format: str | None = None) -> Tensor:
    """Images in another size. https://keras.io/api/ops/image/#resize-function

    Seen as little squares, pixel i of OH new ones has its centre at (i + 0.5) H / OH - 0.5 of the H old ones, and is a sum of
    those around it, weighted by how far they are.

    Args:
        images: (N, H, W, C), or one image (H, W, C).
        size: the new (height, width).
        interpolation: "nearest" (the pixel in which the centre lies), "bilinear" (weights fall linearly to 0 at distance 1),
            "bicubic" (Keys' cubic, a = -0.5), "lanczos3" or "lanczos5" (a windowed sine).
        antialias: when an image shrinks, weigh pixels by distances in the new image, so that all of them count; otherwise
            thin lines get lost. Nothing changes where it grows, nor for "nearest".
        crop_to_aspect_ratio: cut off first what does not fit into the shape of the new size, the same on both sides.
        pad_to_aspect_ratio: add margins first, so that all of the image fits into the shape of the new size.
        fill_mode: "constant", the one mode that margins have.
        fill_value: what these margins hold.
        data_format: None or "channels_last", the one layout there is.

    Returns:
        (N, *size, C), or (*size, C) for one image, in the dtype of the images: for integers the sums are rounded, and held
        within the range of the dtype.

    >>> resize([[[0.0], [4.0]]], (1, 4)).numpy()[0, :, 0]
    array([0., 1., 3., 4.], dtype=float32)
    """
    x = as_batch("resize", images, data_format)
    size, dtype = as_size("resize", "size", size), x.dtype
    one_of("resize", "interpolation", interpolation, INTERPOLATIONS)
    one_of("resize", "fill_mode", fill_mode, ["constant"])
    as_number("resize", "fill_value", fill_value)
    if crop_to_aspect_ratio and pad_to_aspect_ratio:
        raise ValueError("resize: crop_to_aspect_ratio or pad_to_aspect_ratio, not both")
    if crop_to_aspect_ratio:
        rows, columns = middle(x.shape[1:3], size)
        x = x[:, rows, columns]
    if pad_to_aspect_ratio:
        x = _padded(as_floats(x), *size, fill_value)
    if interpolation == "nearest":
        y = _nearest(x, size=size)
    else:
        rows, columns = (weights(old, new, interpolation, bool(antialias)) for old, new in zip(x.shape[1:3], size))
        y = resample(as_floats(x), rows=rows, columns=columns)
    return as_given(as_dtype(y, dtype), images)


def middle(old: tuple[int, int], new: tuple[int, int]) -> tuple[slice, slice]:
    """The rows and columns of the largest part in the middle of an image of size `old` that has the shape of size `new`."""
    (H, W), (height, width) = old, new
    h, w = max(min(H, W * height // width), 1), max(min(W, H * width // height), 1)
    top, left = (H - h) // 2, (W - w) // 2
    return slice(top, top + h), slice(left, left + w)


def _padded(x, height, width, fill_value):
    """With equal margins on two sides, so that it has the shape of the new size; an odd pixel is not added."""
    _, H, W, _ = x.shape
    above, beside = max(W * height // width - H, 0) // 2, max(H * width // height - W, 0) // 2
    return pad(x, [(0, 0), (above, above), (beside, beside), (0, 0)], constant_values=fill_value)


# The weights of pixels, by their distance -------------------------------------------------------------------------------

def _cubic(x):
    near, far = ((1.5 * x - 2.5) * x) * x + 1, ((-0.5 * x + 2.5) * x - 4) * x + 2
    return np.where(x < 1, near, np.where(x < 2, far, 0))


def _lanczos(x, reach):
    return np.where(x < reach, np.sinc(x) * np.sinc(x / reach), 0)


KERNELS = {
    "bilinear": lambda x: np.maximum(1 - x, 0),
    "bicubic": _cubic,
    "lanczos3": functools.partial(_lanczos, reach=3),
    "lanczos5": functools.partial(_lanczos, reach=5),
}
INTERPOLATIONS = ["nearest", *KERNELS]


@functools.lru_cache(maxsize=16)
def weights(old: int, new: int, interpolation: str, antialias: bool) -> np.ndarray:
    """How much each of the old pixels along an axis counts for each of the new ones: (new, old), rows of sum 1."""
    step = old / new
    centres = (np.arange(new) + 0.5) * step - 0.5
    distances = np.abs(centres[:, None] - np.arange(old)) / (max(step, 1) if antialias else 1)
    w = KERNELS[interpolation](distances)
    w /= w.sum(axis=1, keepdims=True)
    w.setflags(write=False)
    return w


# Ops ----------------------------------------------------------------------------------------------------------------------

@op
def resample(x, *, rows, columns):
    """Images (N, H, W, C) through a matrix for each axis, (OH, H) and (OW, W): (N, OH, OW, C)."""
    return kernels.resampling.resample(x, rows, columns)


@op
def _nearest(x, *, size):
    xp, (N, H, W, C) = array_library(x), x.shape
    if size[0] % H == size[1] % W == 0:                    # each pixel becomes a block
        blocks = N, H, size[0] // H, W, size[1] // W, C
        return xp.broadcast_to(x[:, :, None, :, None], blocks).reshape(N, *size, C)
    rows, columns = (xp.asarray(nearest(old, new)) for old, new in zip((H, W), size))
    return x.take(rows, axis=1).take(columns, axis=2)


def nearest(old: int, new: int) -> np.ndarray:
    """The old pixel in which the centre of each new one lies; in integers, so that no rounding decides it."""
    return (2 * np.arange(new) + 1) * old // (2 * new)


@functools.lru_cache(maxsize=16)
def _taken(old, new):
    """The matrix that takes these: ones and zeros, (new, old)."""
    w = (nearest(old, new)[:, None] == np.arange(old)).astype(float)
    w.setflags(write=False)
    return w


def _nearest_gradient(g, x_shape, size):
    rows, columns = (_taken(old, new) for old, new in zip(x_shape[1:3], size))
    return resample(g, rows=rows.T, columns=columns.T)


resample.gradient(x=lambda g, rows, columns: resample(g, rows=rows.T, columns=columns.T))
_nearest.gradient(x=_nearest_gradient)
