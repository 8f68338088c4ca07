"""Brightness and contrast, in few passes over the pixels."""
from ...device import array_library
from ...op import op
from ..elementwise import where
from ..reduce import spread


@op
def toned(x, factor, shift, *, limits):
    """x * factor + shift, held within limits; the factor is a constant."""
    y = x * factor
    y += shift
    return array_library(x).clip(y, *limits, out=y)


@op
def channel_means(x):
    """The mean of each channel of each image: (N, H, W, C) -> (N, 1, 1, C). As a product of matrices, which is quicker."""
    N, H, W, C = x.shape
    ones = array_library(x).ones((1, H * W), x.dtype)
    return ((ones @ x.reshape(N, H * W, C)) / (H * W)).reshape(N, 1, 1, C)


def _where_within(g, y, limits):
    return where((y.data > limits[0]) & (y.data < limits[1]), g, 0)


toned.gradient(x=lambda g, y, factor, limits: _where_within(g, y, limits) * factor,
               shift=lambda g, y, limits: _where_within(g, y, limits))
channel_means.gradient(x=lambda g, x_shape: spread(g / (x_shape[1] * x_shape[2]), x_shape, (1, 2)))
