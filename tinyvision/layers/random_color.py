"""Layers that change the brightness and the contrast of images at random."""
from .. import ops
from ..device import array_library
from .augmentation import Augmentation, between, drawn_for_each, limits, whole_range


class RandomContrast(Augmentation):
    """Images of more or less contrast: (x - mean) * factor + mean, held within `value_range`.

    The mean is that of each channel of each image; the factor is drawn for each image. Bytes become floats in training.
    https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_contrast/

    Args:
        factor: (lower, upper) draws factors between 1 - lower and 1 + upper; of a pair the smaller number is the lower. A
            number alone, from 0 to 1, stands for both. So Keras's page says; Keras 3.15 itself draws between 1 and 1 + factor
            for a number alone.
        value_range: the lowest and the highest value of a pixel: (0, 255), or (0, 1) after a Rescaling.
        seed: for the same numbers in each run; None takes a stream of the common seed.

    >>> RandomContrast((0.5, 0.5), seed=1)([[[100.0], [200.0]]]).shape
    (1, 2, 1)
    """
    keeps_integers = True                                  # at rest

    def __init__(self, factor, value_range=(0, 255), seed=None, **settings):
        super().__init__(seed=seed, **settings)
        self.factor = limits(factor, "factor", self, low=0.0)
        if not isinstance(factor, (tuple, list)):
            self.factor = factor, factor
        self.value_range = whole_range(value_range, self)

    def draw(self, shape, key, step):
        lower, upper = self.factor
        return between((1 - lower, 1 + upper), drawn_for_each(1, shape, key, step)[0])

    def change(self, x, drawn):
        x = x if x.dtype.kind == "f" else x.astype(self.dtype)
        factor, mean = for_images(drawn, x), ops.image.toning.channel_means(x)
        return ops.image.toning.toned(x, factor, mean * (1 - factor), limits=self.value_range)


class RandomBrightness(Augmentation):
    """Lighter or darker images: something is added to all pixels of an image, and the sum held within `value_range`.

    Bytes stay bytes, of what is added the part behind the point is dropped.
    https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_brightness/

    Args:
        factor: how much, as a fraction of the range: 0.2 draws between -0.2 and 0.2 for each image, (0.1, 0.3) from that. -1
            makes black, 1 white.
        value_range: the lowest and the highest value of a pixel: (0, 255), or (0, 1) after a Rescaling.
        seed: for the same numbers in each run; None takes a stream of the common seed.

    >>> RandomBrightness((0.1, 0.1), value_range=(0, 1))([[[0.25], [0.95]]]).numpy()[0, :, 0]
    array([0.35, 1.  ], dtype=float32)
    """
    keeps_integers = True

    def __init__(self, factor, value_range=(0, 255), seed=None, **settings):
        super().__init__(seed=seed, **settings)
        self.factor, self.value_range = limits(factor, "factor", self), whole_range(value_range, self)

    def draw(self, shape, key, step):
        low, high = self.value_range
        return (high - low) * between(self.factor, drawn_for_each(1, shape, key, step)[0])

    def change(self, x, drawn):
        if x.dtype.kind != "f":
            wide = ops.cast(x, "float32") if x.dtype.itemsize < 4 else ops.cast(x, "float64")
            return ops.cast(self.change(wide, drawn.astype(int)), x.dtype.name)
        return ops.image.toning.toned(x, 1, for_images(drawn, x), limits=self.value_range)


def for_images(numbers, x):
    """A number for each image, (N,), as an array to compute with images: (N, 1, 1, 1)."""
    return array_library(x.data).asarray(numbers.reshape(-1, 1, 1, 1), x.dtype)
