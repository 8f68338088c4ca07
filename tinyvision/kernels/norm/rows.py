"""Layer normalization: each row of a matrix by itself.

Shapes: x, y, dy, dx (R, K); mean and inverse (R, 1); gamma and beta (K,), or None for 1 and 0.
"""
from ..registry import kernel


@kernel
def normalized_rows(x, gamma, beta, epsilon):
    """gamma z + beta, where z = (x - mean) inverse, and inverse = 1 / sqrt(variance + epsilon); and mean and inverse."""
    mean = x.mean(1, keepdims=True)
    y = x - mean
    inverse = ((y * y).mean(1, keepdims=True) + epsilon) ** -0.5
    y *= inverse
    if gamma is not None:
        y *= gamma
    if beta is not None:
        y += beta
    return y, mean, inverse


@kernel
def normalized_rows_gradients(dy, x, gamma, mean, inverse):
    """dx = inverse (dz - mean(dz) - z mean(dz z)), where dz = gamma dy; the sums over the rows of dy z and of dy."""
    z = (x - mean) * inverse
    dgamma, dbeta = (dy * z).sum(0), dy.sum(0)
    dz = dy if gamma is None else dy * gamma
    dx = dz - dz.mean(1, keepdims=True)
    dx -= z * (dz * z).mean(1, keepdims=True)
    dx *= inverse
    return dx, dgamma, dbeta
