"""Layers that mix images of a batch with each other, or with noise: MixUp, CutMix, RandomErasing."""
import numpy as np

from .. import ops
from ..device import array_library
from ..kernels.random import NUMBERS_FOR_BETA, beta, normal
from ..ops.image.arguments import is_number
from .augmentation import Augmentation, between, drawn_for_each, limits, whole_range
from .core import described
from .random_color import for_images


class Mixing(Augmentation):
    """What MixUp and CutMix share: each image has a partner in the batch, and its label becomes a mean of theirs."""

    def checked(self, data):
        others = set(data) - self.parts if isinstance(data, dict) and "labels" not in data else ()
        if others:
            raise ValueError(f'{described(self)} mixes images with their labels, which it takes under "labels"; this '
                             f"dictionary has none, but {', '.join(map(repr, sorted(others)))}")
        return super().checked(data)

    def change_labels(self, y, drawn):
        partners, weight = drawn["partners"], drawn["weight"]
        if y.dtype.kind != "f" and (y.ndim < 2 or y.shape[-1] == 1):
            raise ValueError(f"{described(self)} takes means of labels, and those of class numbers have no meaning: got "
                             f"{y.dtype} of shape {y.shape}. ops.one_hot(labels, number of classes) makes rows of zeros and a "
                             "one; of two classes 0 and 1, labels.astype('float32') will do")
        if y.ndim == 1 and y.size and not (0 <= float(y.data.min()) and float(y.data.max()) <= 1):
            raise ValueError(f"{described(self)} takes means of labels: (N,) of them are probabilities of one class, between 0 "
                             f"and 1, got numbers from {float(y.data.min()):g} to {float(y.data.max()):g}. Of class numbers, "
                             "ops.one_hot(labels, number of classes) makes rows; other numbers come as (N, 1)")
        weight = array_library(y.data).asarray(weight.reshape(-1, *[1] * (y.ndim - 1)), self.dtype)
        return y * weight + ops.take(y, array_library(y.data).asarray(partners), axis=0) * (1 - weight)


class MixUp(Mixing):
    """Each image becomes a mean of itself and of another one, and so does its label (Zhang et al., 2018).

    x[i] = w x[i] + (1 - w) x[j], with j from a random order of the batch, and w drawn for each image from the beta distribution
    of (alpha, alpha). It takes a dictionary, {"images": x, "labels": y}; labels are floats, one-hot for several classes.
    https://keras.io/api/layers/preprocessing_layers/image_augmentation/mix_up/ and https://arxiv.org/abs/1710.09412

    Args:
        alpha: more than 0; the smaller, the nearer to 0 and 1 are the weights.
        data_format: None or "channels_last", the one layout there is.
        seed: for the same numbers in each run; None takes a stream of the common seed.

    >>> x, y = np.zeros((4, 2, 2, 1)), np.eye(4)
    >>> MixUp(seed=1)({"images": x, "labels": y})["labels"].numpy().sum(axis=1)
    array([1., 1., 1., 1.], dtype=float32)
    """
    keeps_integers = True                                  # at rest

    def __init__(self, alpha=0.2, data_format=None, seed=None, **settings):
        super().__init__(seed=seed, data_format=data_format, **settings)
        if not is_number(alpha) or alpha <= 0:
            raise ValueError(f"{described(self)}: alpha is a positive, finite number, got {alpha!r}")
        self.alpha = alpha

    def draw(self, shape, key, step):
        order, *others = drawn_for_each(1 + NUMBERS_FOR_BETA, shape, key, step)
        return dict(partners=order.argsort(kind="stable"), weight=beta(self.alpha, np.array(others)))

    def change(self, x, drawn):
        x = x if x.dtype.kind == "f" else x.astype(self.dtype)
        weight = for_images(drawn["weight"], x)
        return x * weight + ops.take(x, array_library(x.data).asarray(drawn["partners"]), axis=0) * (1 - weight)

    def change_masks(self, masks, drawn):
        return self.change(masks, drawn)


class CutMix(Mixing):
    """A rectangle of each image is taken from another one, and its label changes by the share of the area (Yun et al., 2019).

    The share that stays, w, is drawn for each image from the beta distribution of (a, a), and a within `factor`; the rectangle
    is sqrt(1 - w) times as high and as wide as the image. It takes a dictionary, {"images": x, "labels": y}; labels are floats,
    one-hot for several classes.
    https://keras.io/api/layers/preprocessing_layers/image_augmentation/cut_mix/ and https://arxiv.org/abs/1905.04899

    Args:
        factor: the limits of a, within [0, 1]; a number alone draws between 0 and itself.
        seed, data_format: as for `MixUp`.
    """

    def __init__(self, factor=1.0, seed=None, data_format=None, **settings):
        super().__init__(seed=seed, data_format=data_format, **settings)
        self.factor = limits(factor, "factor", self, low=0.0, within=True)

    def draw(self, shape, key, step):
        order, a, down, across, *others = drawn_for_each(4 + NUMBERS_FOR_BETA, shape, key, step)
        side = np.sqrt(1 - beta(between(self.factor, a) + 1e-6, np.array(others)))
        return dict(partners=order.argsort(kind="stable"), weight=1 - side * side,
                    there=rectangles(shape, (side, side), (down, across)))

    def change(self, x, drawn):
        there, partners = (array_library(x.data).asarray(drawn[name]) for name in ("there", "partners"))
        return ops.where(there, ops.take(x, partners, axis=0), x)

    def change_masks(self, masks, drawn):
        return self.change(masks, drawn)


class RandomErasing(Augmentation):
    """A rectangle of some images becomes noise, or one colour (Zhong et al., 2017).

    https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_erasing/ and https://arxiv.org/abs/1708.04896

    Args:
        factor: the limits between which the probability is drawn that an image is changed; a number alone draws between 0 and
            itself, so that 1 changes half of the images, and (1, 1) all.
        scale: the limits of the squares of height and width, drawn each by itself, as fractions of those of the image.
        fill_value: a number, or a list with one for each channel; None draws normal numbers times the upper end of
            `value_range`.
        value_range: the lowest and the highest value of a pixel; what fills the rectangle is held within.
        seed, data_format: as for `MixUp`.

    >>> RandomErasing((1, 1), scale=(1, 1), fill_value=7)([[[1.0], [2.0]]]).numpy()[0, :, 0]
    array([7., 7.], dtype=float32)
    """

    def __init__(self, factor=1.0, scale=(0.02, 0.33), fill_value=None, value_range=(0, 255), seed=None, data_format=None,
                 **settings):
        super().__init__(seed=seed, data_format=data_format, **settings)
        self.factor, self.scale = (limits(pair, name, self, low=0.0, within=True) for name, pair in
                                   (("factor", factor), ("scale", scale)))
        self.value_range = whole_range(value_range, self)
        self.fill_value = fill_value.tolist() if hasattr(fill_value, "tolist") else fill_value
        numbers = self.fill_value if isinstance(self.fill_value, (list, tuple)) else [self.fill_value]
        if fill_value is not None and not all(map(is_number, numbers)):
            raise ValueError(f"{described(self)}: fill_value is a finite number, one for each channel or None, got "
                             f"{fill_value!r}")

    def get_config(self):
        return {**super().get_config(), "fill_value": self.fill_value}

    def draw(self, shape, key, step):
        chance, chosen, width, height, down, across = drawn_for_each(6, shape, key, step)
        sides = np.sqrt(between(self.scale, height)), np.sqrt(between(self.scale, width))
        there = rectangles(shape, sides, (down, across)) & (chosen < between(self.factor, chance)).reshape(-1, 1, 1, 1)
        return dict(there=there, fill=self._fill(there, shape, key, step))

    def _fill(self, there, shape, key, step):
        """What the rectangles are filled with: one colour, or noise where they are. The n-th image has a key of its own."""
        if self.fill_value is not None:
            if np.ndim(self.fill_value) and len(self.fill_value) != shape[3]:
                raise ValueError(f"{described(self)}: fill_value has {len(self.fill_value)} numbers, for images of {shape[3]} "
                                 "channels")
            return np.clip(np.array(self.fill_value, float), *self.value_range)
        fill = np.zeros(shape, self.dtype)
        for n in np.flatnonzero(there.any(axis=(1, 2, 3))):
            inside = there[n, :, :, 0]
            noise = normal((inside.sum(), shape[3]), (key[0] ^ (int(n) + 1) << 32, key[1]), step)
            fill[n, inside] = np.clip(noise * self.value_range[1], *self.value_range)
        return fill

    def change(self, x, drawn):
        xp = array_library(x.data)
        return ops.where(xp.asarray(drawn["there"]), xp.asarray(drawn["fill"], x.dtype), x)


def rectangles(shape, sides, places):
    """Where a rectangle lies in each image: (N, H, W, 1).

    Args:
        shape: of the images.
        sides: the heights and the widths, (N,) each, as fractions of those of an image.
        places: where they begin, as fractions of what is left.
    """
    inside = True
    for axis, size, side, place in zip((1, 2), shape[1:3], sides, places):
        start = place.astype(float) * (size - side * size)
        pixels = np.arange(size).reshape(1, *[1] * (axis - 1), size, *[1] * (3 - axis))
        start, end = start.reshape(-1, 1, 1, 1), (start + side * size).reshape(-1, 1, 1, 1)
        inside = inside & (pixels >= start) & (pixels < end)
    return inside
