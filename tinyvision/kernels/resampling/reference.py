"""Resampling: each pixel of the new image is a weighted sum of pixels of the old one."""
from ...device import array_library
from ..registry import kernel


@kernel
def resample(x, rows, columns):
    """y[n, i, j, c] = sum over h, w of rows[i, h] columns[j, w] x[n, h, w, c]: resizing, blurring, and their adjoints.

    A matrix for each of the two axes, (OH, H) and (OW, W), says which pixels count and how much: mostly zeros, in a band along
    the diagonal. The adjoint is the same function with both matrices transposed.

    Shapes: x (N, H, W, C) -> (N, OH, OW, C).
    """
    xp = array_library(x)
    (N, H, W, C), OH, OW = x.shape, len(rows), len(columns)
    rows, columns = (xp.asarray(weights, x.dtype) for weights in (rows, columns))
    y = xp.matmul(rows, x.reshape(N, H, W * C))            # (N, OH, W C)
    return xp.matmul(columns, y.reshape(N * OH, W, C)).reshape(N, OH, OW, C)
