"""Pooling layers: fewer pixels, the same channels."""
from .. import ops
from ..kernels.windows import pair
from ..ops.conv import channels_last
from .base import Layer
from .core import check_images, described


class _Pooling2D(Layer):
    def __init__(self, pool_size=(2, 2), strides=None, padding="valid", data_format=None, **settings):
        super().__init__(**settings)
        channels_last(data_format, self.name)
        self.pool_size = pair(pool_size, "pool_size")
        self.strides, self.padding = self.pool_size if strides is None else pair(strides, "strides"), padding.lower()
        if self.padding not in ("valid", "same"):
            raise ValueError(f"{described(self)}: padding is 'valid' or 'same', not {padding!r}")

    def call(self, x):
        check_images(self, x)
        return self.pool(x, self.pool_size, self.strides, self.padding)


class MaxPooling2D(_Pooling2D):
    """The largest of each window. https://keras.io/api/layers/pooling_layers/max_pooling2d/

    Args:
        pool_size: (height, width) of a window, or a number for both.
        strides: the step from window to window; `pool_size` if None.
        padding: "valid" (what is left over at the edge is dropped) or "same" (margins, which never win).
        data_format: None or "channels_last", the one layout there is.

    Shapes: (N, H, W, C) -> (N, OH, OW, C).
    """
    aliases = "MaxPool2D",
    pool = staticmethod(ops.max_pool)


class AveragePooling2D(_Pooling2D):
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


MaxPool2D, AvgPool2D = MaxPooling2D, AveragePooling2D
