"""Average-pooling layers: the mean of windows, and of whole images."""
from .. import ops
from ..ops.conv import channels_last
from .base import Layer
from .core import check_images
from .pool import Pooling2D


class AveragePooling2D(Pooling2D):
    """The mean of each window; margins do not count. https://keras.io/api/layers/pooling_layers/average_pooling2d/

    Args: as for `MaxPooling2D`.
    """
    aliases = "AvgPool2D",
    pool = staticmethod(ops.average_pool)


class GlobalAveragePooling2D(Layer):
    """The mean of each channel, (N, H, W, C) -> (N, C). https://keras.io/api/layers/pooling_layers/global_average_pooling2d/

    Args:
        data_format: None or "channels_last", the one layout there is.
        keepdims: give (N, 1, 1, C).
    """

    def __init__(self, data_format=None, keepdims=False, **settings):
        super().__init__(**settings)
        channels_last(data_format, self.name)
        self.keepdims = keepdims

    def call(self, x):
        check_images(self, x)
        return ops.mean(x, axis=(1, 2), keepdims=self.keepdims)


AvgPool2D = AveragePooling2D
