"""The matrix product."""
from ..registry import kernel


@kernel
def product(x1, x2):
    """(..., n, k) @ (..., k, m) -> (..., n, m), of matrices, stacks of them, and vectors: the product of the array library."""
    return x1 @ x2
