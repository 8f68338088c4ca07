"""A convolution and what follows it in a network, as one kernel: bias, ReLU, 2x2 max-pool; and all its gradients as another.

Apart, each of these steps reads and writes a whole map of the network. Together, only the pooled map is ever written, and a
byte for each of its elements.
"""
import numpy as np

from ..pool.reference import max_pool_forward, scatter_windows
from ..registry import kernel as kernel_of_versions
from ..windows import windows as sliding_windows
from .reference import conv_forward, conv_input_gradient, conv_kernel_gradient

STOPPED = 4                                                # the position of an element that the ReLU stopped


@kernel_of_versions
def conv_block_forward(x, kernel, bias, windows, relu, pool, prepared=None):
    """conv(x, kernel) + bias, then ReLU if `relu`, then the largest of each 2x2 window if `pool`.

    Args:
        relu: True, False, or, without `pool`, the most that the ReLU lets through, 6.0 for ReLU6.
        prepared: a dictionary in which a version may keep what it has made of the kernel alone; for callers who come again with
            the same kernel, and give another dictionary when it has changed.

    Returns:
        y, and its positions: uint8 of y's shape, which of its window's four pixels each element is, row by row, or 4
        if the ReLU stopped it; an empty array without `pool`.
    """
    y = conv_forward(x, kernel, windows)
    y = y if bias is None else y + bias
    y = np.clip(y, 0, None if relu is True else relu) if relu else y
    if not pool:
        return y, np.empty(0, np.uint8)
    y, positions = max_pool_forward(y, halves(windows))
    return y, np.where(y > 0, positions, STOPPED).astype(np.uint8) if relu else positions


@kernel_of_versions
def conv_block_backward(x, kernel, y, positions, dy, windows, relu, pool, wanted):
    """The gradients of conv_block_forward in x, kernel and bias: the three of them that `wanted` says, None for the others."""
    if pool:
        dy = scatter_windows(np.where(positions < STOPPED, dy, 0).astype(dy.dtype), np.where(positions < STOPPED, positions, 0),
                             halves(windows))
    elif relu:
        dy = np.where(y > 0, dy, 0).astype(dy.dtype)
    return (conv_input_gradient(dy, kernel, windows, 1) if wanted[0] else None,
            conv_kernel_gradient(x, dy, windows, 1) if wanted[1] else None,
            dy.sum(axis=(0, 1, 2)) if wanted[2] else None)


def halves(windows):
    """2x2 windows over what a convolution leaves; the odd row and column are dropped."""
    return sliding_windows(windows.output, (2, 2), (2, 2), "valid")
