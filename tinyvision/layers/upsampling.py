"""Layers that make more pixels, or more steps, of those there are."""
from .. import ops
from ..kernels.windows import pair
from ..ops.conv import channels_last
from ..ops.image.arguments import one_of
from ..ops.image.resizing import INTERPOLATIONS
from .base import Layer
from .core import check_images, described, positive
from .margins import check_sequences


class UpSampling1D(Layer):
    """Each step `size` times in a row, (N, T, C) -> (N, size T, C).

    https://keras.io/api/layers/reshaping_layers/up_sampling1d/

    Args:
        size: how many times.
    """

    def __init__(self, size=2, **settings):
        super().__init__(**settings)
        self.size = positive(size, "size", self)

    def call(self, x):
        check_sequences(self, x)
        return ops.image.resize(x[:, :, None], (self.size * x.shape[1], 1), "nearest")[:, :, 0]


class UpSampling2D(Layer):
    """More pixels, (N, H, W, C) -> (N, size[0] H, size[1] W, C). https://keras.io/api/layers/reshaping_layers/up_sampling2d/

    Args:
        size: (height, width), how many times more, or a number for both.
        data_format: None or "channels_last", the one layout there is.
        interpolation: "nearest" (each pixel becomes a block of equals), "bilinear", "bicubic", "lanczos3" or "lanczos5"; see
            `ops.image.resize`.
    """

    def __init__(self, size=(2, 2), data_format=None, interpolation="nearest", **settings):
        super().__init__(**settings)
        channels_last(data_format, self.name)
        self.size = pair(size, "size")
        self.interpolation = one_of(described(self), "interpolation", str(interpolation).lower(), INTERPOLATIONS)

    def call(self, x):
        check_images(self, x)
        return ops.image.resize(x, (self.size[0] * x.shape[1], self.size[1] * x.shape[2]), self.interpolation)
