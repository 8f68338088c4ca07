"""Global pooling: of each channel one number, whatever the size of the image."""
from .. import ops
from ..ops.conv import channels_last
from .base import Layer
from .sequences import CHECKS


class GlobalPooling(Layer):
    """What the four classes share. They say what they do to the `axes` of the positions, `reduce`.

    Args:
        data_format: None or "channels_last", the one layout there is.
        keepdims: whether to keep the axes of the positions, with size 1.
    """
    axes = 1, 2

    def __init__(self, data_format=None, keepdims=False, **settings):
        super().__init__(**settings)
        channels_last(data_format, self.name)
        self.keepdims = keepdims

    def call(self, x):
        CHECKS[len(self.axes)](self, x)
        return self.reduce(x, axis=self.axes, keepdims=self.keepdims)


class GlobalAveragePooling2D(GlobalPooling):
    """The mean of each channel, (N, H, W, C) -> (N, C). https://keras.io/api/layers/pooling_layers/global_average_pooling2d/

    Args:
        data_format: None or "channels_last", the one layout there is.
        keepdims: give (N, 1, 1, C).
    """
    aliases = "GlobalAvgPool2D",
    reduce = staticmethod(ops.mean)


class GlobalMaxPooling2D(GlobalPooling):
    """The largest of each channel, (N, H, W, C) -> (N, C). https://keras.io/api/layers/pooling_layers/global_max_pooling2d/

    Args:
        data_format: None or "channels_last", the one layout there is.
        keepdims: give (N, 1, 1, C).
    """
    aliases = "GlobalMaxPool2D",
    reduce = staticmethod(ops.max)


class GlobalAveragePooling1D(GlobalPooling):
    """The mean of each channel, (N, T, C) -> (N, C). https://keras.io/api/layers/pooling_layers/global_average_pooling1d/

    Args:
        data_format: None or "channels_last", the one layout there is.
        keepdims: give (N, 1, C).
    """
    aliases = "GlobalAvgPool1D",
    axes = 1,
    reduce = staticmethod(ops.mean)


class GlobalMaxPooling1D(GlobalPooling):
    """The largest of each channel, (N, T, C) -> (N, C). https://keras.io/api/layers/pooling_layers/global_max_pooling1d/

    Args:
        data_format: None or "channels_last", the one layout there is.
        keepdims: give (N, 1, C).
    """
    aliases = "GlobalMaxPool1D",
    axes = 1,
    reduce = staticmethod(ops.max)


GlobalAvgPool1D, GlobalAvgPool2D = GlobalAveragePooling1D, GlobalAveragePooling2D
GlobalMaxPool1D, GlobalMaxPool2D = GlobalMaxPooling1D, GlobalMaxPooling2D
