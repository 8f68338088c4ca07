"""Pooling layers: fewer pixels, the same channels."""
from .. import ops
from ..kernels.windows import pair
from ..ops.conv import channels_last
from .base import Layer
from .core import check_images, described


class Pooling2D(Layer):
    """What max-pooling and average-pooling share: the windows. A subclass says what is done to them, `pool`."""

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


class MaxPooling2D(Pooling2D):
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


MaxPool2D = MaxPooling2D
