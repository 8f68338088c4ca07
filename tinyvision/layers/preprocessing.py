"""Layers that prepare data."""
import numpy as np

from .. import ops
from ..device import array_library
from ..ops.image.arguments import as_number, one_of
from ..ops.image.resizing import INTERPOLATIONS
from .augmentation import ImageLayer
from .base import Layer
from .core import described, positive


class Rescaling(Layer):
    """x * scale + offset. https://keras.io/api/layers/preprocessing_layers/image_preprocessing/rescaling/

    Args:
        scale: Rescaling(1 / 255) turns bytes into numbers between 0 and 1.
        offset: added afterwards; both may be lists, a number for each channel.
    """

    def __init__(self, scale, offset=0.0, **settings):
        super().__init__(**settings)
        self.scale, self.offset = scale, offset

    def call(self, x):
        return x.astype(self.dtype) * self._numbers(self.scale, x) + self._numbers(self.offset, x)

    def _numbers(self, numbers, x):
        """A number as it is; a list as an array of the layer's dtype, where x is."""
        return array_library(x.data).asarray(numbers, self.dtype) if np.ndim(numbers) else numbers


class Resizing(ImageLayer):
    """Images in another size, as `ops.image.resize` makes them: (N, H, W, C) -> (N, height, width, C); or of one image.

    In a dictionary, masks take the nearest pixel.
    https://keras.io/api/layers/preprocessing_layers/image_preprocessing/resizing/

    Args:
        height, width: the new size.
        interpolation, crop_to_aspect_ratio, pad_to_aspect_ratio, fill_mode, fill_value, antialias: see `ops.image.resize`.
        data_format: None or "channels_last", the one layout there is.
    """

    keeps_integers = True

    def __init__(self, height, width, interpolation="bilinear", crop_to_aspect_ratio=False, pad_to_aspect_ratio=False,
                 fill_mode="constant", fill_value=0.0, antialias=False, data_format=None, **settings):
        super().__init__(data_format=data_format, **settings)
        self.height, self.width = positive(height, "height", self), positive(width, "width", self)
        self.interpolation = one_of(described(self), "interpolation", interpolation, INTERPOLATIONS)
        self.fill_mode = one_of(described(self), "fill_mode", fill_mode, ["constant"])
        self.fill_value = as_number(described(self), "fill_value", fill_value)
        self.crop_to_aspect_ratio, self.pad_to_aspect_ratio = crop_to_aspect_ratio, pad_to_aspect_ratio
        self.antialias = bool(antialias)
        if crop_to_aspect_ratio and pad_to_aspect_ratio:
            raise ValueError(f"{described(self)}: crop_to_aspect_ratio or pad_to_aspect_ratio, not both")

    def change(self, x, interpolation=None):
        return ops.image.resize(x, (self.height, self.width), interpolation or self.interpolation, self.antialias,
                                self.crop_to_aspect_ratio, self.pad_to_aspect_ratio, self.fill_mode, self.fill_value)

    def change_masks(self, masks):
        return self.change(masks, "nearest")


class CenterCrop(ImageLayer):
    """The middle of images, of that size. Where an image is smaller, the largest part that has its shape is resized.

    Of an odd rest, one pixel more is cut off below and on the right.
    https://keras.io/api/layers/preprocessing_layers/image_preprocessing/center_crop/

    Args:
        height, width: of the part.
        data_format: None or "channels_last", the one layout there is.

    >>> CenterCrop(1, 2)([[[1.0], [2.0], [3.0], [4.0]]]).numpy()[0, :, 0]
    array([2., 3.], dtype=float32)
    """

    def __init__(self, height, width, data_format=None, **settings):
        super().__init__(data_format=data_format, **settings)
        self.height, self.width = positive(height, "height", self), positive(width, "width", self)

    def change(self, x, interpolation="bilinear"):
        top, left = (x.shape[1] - self.height) // 2, (x.shape[2] - self.width) // 2
        if min(top, left) >= 0:
            return x[:, top:top + self.height, left:left + self.width]
        return ops.image.resize(x, (self.height, self.width), interpolation, crop_to_aspect_ratio=True)

    def change_masks(self, masks):
        return self.change(masks, "nearest")
