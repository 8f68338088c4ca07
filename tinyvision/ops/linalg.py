"""The matrix product."""
import numpy as np

from .. import kernels
from ..op import op
from .shape import expand_dims, transpose


@op
def matmul(x1, x2):
    """The matrix product (..., n, k) @ (..., k, m) -> (..., n, m), of matrices, stacks of them, and vectors, as in NumPy."""
    left, right = np.shape(x1), np.shape(x2)
    if not left or not right or left[-1] != right[-2 if len(right) > 1 else 0]:
        raise ValueError(f"matmul: shapes {left} and {right} do not fit: it takes (..., n, k) and (..., k, m)")
    return kernels.matmul.product(x1, x2)


def _turned(x):
    """Each matrix of the stack, transposed."""
    return transpose(x, axes=(*range(x.ndim - 2), x.ndim - 1, x.ndim - 2))


def _left_gradient(g, x2, x1_shape):
    if x2.ndim == 1:
        return expand_dims(g, -1) * x2
    return (expand_dims(g, -2) if len(x1_shape) == 1 else g) @ _turned(x2)


def _right_gradient(g, x1, x2_shape):
    if x1.ndim == 1:
        return g * x1 if len(x2_shape) == 1 else expand_dims(x1, -1) * expand_dims(g, -2)
    if len(x2_shape) == 1:
        return x1.reshape(-1, x1.shape[-1]).transpose() @ g.reshape(-1)
    if len(x2_shape) == 2:                                 # one matrix for a whole stack: one long product
        return x1.reshape(-1, x1.shape[-1]).transpose() @ g.reshape(-1, g.shape[-1])
    return _turned(x1) @ g


matmul.gradient(x1=_left_gradient, x2=_right_gradient)
