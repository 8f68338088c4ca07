"""Cutting a part out of images, and putting margins around them."""
from ...autograd import Tensor
from ...device import array_library
from ...op import op
from ..indexing import pad
from .arguments import as_batch, as_given, is_size


def crop_images(images, top_cropping: int | None = None, left_cropping: int | None = None, bottom_cropping: int | None = None,
                right_cropping: int | None = None, target_height: int | None = None, target_width: int | None = None,
                data_format: str | None = None) -> Tensor:
    """A rectangle of each image. https://keras.io/api/ops/image/#cropimages-function

    Args:
        images: (N, H, W, C), or one image (H, W, C).
        top_cropping, bottom_cropping, target_height: how many rows are cut off above and below, and how many stay: two of the
            three, the third follows.
        left_cropping, right_cropping, target_width: the same for columns.
        data_format: None or "channels_last", the one layout there is.

    >>> import numpy as np
    >>> crop_images(np.arange(12.0).reshape(3, 4, 1), 1, 0, target_height=2, target_width=2).numpy()[:, :, 0]
    array([[4., 5.],
           [8., 9.]])
    """
    x = as_batch("crop_images", images, data_format)
    (top, height), (left, width) = (
        _part(size, before, after, target, words) for size, before, after, target, words in [
            (x.shape[1], top_cropping, bottom_cropping, target_height, ("top_cropping", "bottom_cropping", "target_height")),
            (x.shape[2], left_cropping, right_cropping, target_width, ("left_cropping", "right_cropping", "target_width"))])
    return as_given(x[:, top:top + height, left:left + width], images)


def pad_images(images, top_padding: int | None = None, left_padding: int | None = None, bottom_padding: int | None = None,
               right_padding: int | None = None, target_height: int | None = None, target_width: int | None = None,
               data_format: str | None = None) -> Tensor:
    """Zeros around images. https://keras.io/api/ops/image/#padimages-function

    Args:
        images: (N, H, W, C), or one image (H, W, C).
        top_padding, bottom_padding, target_height: the rows of zeros above and below, and the height that comes of it: two of
            the three, the third follows.
        left_padding, right_padding, target_width: the same for columns.
        data_format: None or "channels_last", the one layout there is.

    >>> import numpy as np
    >>> pad_images(np.ones((1, 2, 1)), 1, 0, bottom_padding=0, target_width=3).numpy()[:, :, 0]
    array([[0., 0., 0.],
           [1., 1., 0.]])
    """
    x = as_batch("pad_images", images, data_format)
    height, width = (
        _margins(size, before, after, target, words) for size, before, after, target, words in [
            (x.shape[1], top_padding, bottom_padding, target_height, ("top_padding", "bottom_padding", "target_height")),
            (x.shape[2], left_padding, right_padding, target_width, ("left_padding", "right_padding", "target_width"))])
    return as_given(pad(x, ((0, 0), height, width, (0, 0))), images)


@op
def crop_each(x, *, tops, lefts, size):
    """A rectangle of each image of a batch (N, H, W, C), from a place of its own: (N, *size, C)."""
    y = array_library(x).empty((len(x), *size, x.shape[3]), x.dtype)
    for n, (top, left) in enumerate(zip(tops, lefts)):
        y[n] = x[n, top:top + size[0], left:left + size[1]]
    return y


@op
def pad_each(y, *, tops, lefts, shape):
    """The adjoint of crop_each: each rectangle at its place, amid zeros: (N, H, W, C), the shape."""
    x = array_library(y).zeros(shape, y.dtype)
    for n, (top, left) in enumerate(zip(tops, lefts)):
        x[n, top:top + y.shape[1], left:left + y.shape[2]] = y[n]
    return x


crop_each.gradient(x=lambda g, x_shape, tops, lefts: pad_each(g, tops=tops, lefts=lefts, shape=x_shape))
pad_each.gradient(y=lambda g, y_shape, tops, lefts: crop_each(g, tops=tops, lefts=lefts, size=y_shape[1:3]))


def _part(size, before, after, target, words):
    """Where the rectangle begins along an axis, and how much it takes."""
    _two_of_three("crop_images", (before, after, target), words)
    start = size - target - after if before is None else before
    count = size - after - start if target is None else target
    if start < 0 or count < 1 or start + count > size:
        raise ValueError(f"crop_images: {_said(words, (before, after, target))} leave nothing of images of size {size} along "
                         "this axis, or reach beyond them")
    return start, count


def _margins(size, before, after, target, words):
    """The zeros before and after, along an axis."""
    _two_of_three("pad_images", (before, after, target), words)
    margins = (target - after - size if before is None else before, target - before - size if after is None else after)
    if min(margins) < 0:
        raise ValueError(f"pad_images: {_said(words, (before, after, target))} leave no room for images of size {size} along "
                         "this axis")
    return margins


def _two_of_three(name, values, words):
    if values.count(None) != 1 or not all(n is None or is_size(n) for n in values):
        raise ValueError(f"{name}: it takes two of {', '.join(words)}, whole numbers, 0 or more; the third follows. "
                         f"Got {_said(words, values)}")


def _said(words, values):
    return ", ".join(f"{word}={value}" for word, value in zip(words, values))
