"""Pooling of sequences: fewer elements, the same channels."""
from .. import ops
from ..ops.conv import channels_last
from ..ops.one_dimension import single
from .base import Layer
from .core import described
from .sequences import check_sequences


class Pooling1D(Layer):
    """What max-pooling and average-pooling share: the windows. A subclass says what is done to them, `pool`."""

    def __init__(self, pool_size=2, strides=None, padding="valid", data_format=None, **settings):
        super().__init__(**settings)
        channels_last(data_format, self.name)
        self.pool_size = single(pool_size, "pool_size")
        self.strides, self.padding = self.pool_size if strides is None else single(strides, "strides"), padding.lower()
        if self.padding not in ("valid", "same"):
            raise ValueError(f"{described(self)}: padding is 'valid' or 'same', not {padding!r}")

    def call(self, x):
        check_sequences(self, x)
        return self.pool(x, self.pool_size, self.strides, self.padding)


class MaxPooling1D(Pooling1D):
    """The largest of each window. https://keras.io/api/layers/pooling_layers/max_pooling1d/

    Args:
        pool_size: the length of a window.
        strides: the step from window to window; `pool_size` if None.
        padding: "valid" (what is left over at the end is dropped) or "same" (margins, which never win).
        data_format: None or "channels_last", the one layout there is.

    Shapes: (N, T, C) -> (N, OT, C).
    """
    aliases = "MaxPool1D",
    pool = staticmethod(ops.max_pool)


class AveragePooling1D(Pooling1D):
    """The mean of each window; margins do not count. https://keras.io/api/layers/pooling_layers/average_pooling1d/

    Args: as for `MaxPooling1D`.
    """
    aliases = "AvgPool1D",
    pool = staticmethod(ops.average_pool)


MaxPool1D, AvgPool1D = MaxPooling1D, AveragePooling1D
