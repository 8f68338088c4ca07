"""Average-pooling: the mean of each window."""
from .. import ops
from .pool import Pooling2D


class AveragePooling2D(Pooling2D):
    """The mean of each window; margins do not count. https://keras.io/api/layers/pooling_layers/average_pooling2d/

    Args: as for `MaxPooling2D`.
    """
    aliases = "AvgPool2D",
    pool = staticmethod(ops.average_pool)


AvgPool2D = AveragePooling2D
