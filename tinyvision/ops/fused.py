"""Convolution, bias, ReLU and 2x2 max-pool in one go, for layers and models that have them in a row."""
import functools

from .. import kernels
from ..autograd import Tensor, as_tensor, is_recording
from ..kernels.windows import pair
from ..op import op
from .conv import _conv, geometry
from .elementwise import add, relu as relu_of
from .pool import max_pool
from .second_order import vjp


def fused_conv(inputs, kernel, bias=None, strides=1, padding: str = "valid", dilation_rate=1, relu: bool = False,
               pool: bool = False) -> Tensor:
    """conv(inputs, kernel) + bias, then relu, then max_pool of 2x2, as asked for; only the last of these maps is written.

    Args:
        inputs: images (N, H, W, C).
        kernel: (KH, KW, C, F); without groups.
        bias: (F,), or None.
        strides, padding, dilation_rate: as for `conv`.
        relu, pool: whether these follow.

    >>> import numpy as np
    >>> fused_conv(np.ones((1, 4, 4, 1)), -np.ones((3, 3, 1, 1)), np.array([12.0]), relu=True, pool=True)
    Tensor([[[[3.]]]])
    """
    inputs, kernel = as_tensor(inputs), as_tensor(kernel)
    windows = windows_of(inputs.shape, kernel.shape, pair(strides), padding, pair(dilation_rate), pool)
    if bias is not None and as_tensor(bias).shape != kernel.shape[3:]:
        raise ValueError(f"fused_conv: the bias has shape {as_tensor(bias).shape}, for {kernel.shape[3]} filters")
    return _fused_conv(inputs, kernel, bias, windows=windows, relu=relu, pool=pool)


@functools.lru_cache(maxsize=1024)
def windows_of(x_shape, kernel_shape, strides, padding, dilation_rate, pool):
    """The windows of a `fused_conv`, after all checks of its shapes. Strides and dilation rate are pairs here."""
    found = geometry("conv", x_shape, kernel_shape, strides, padding, dilation_rate)
    if found["groups"] > 1:
        raise ValueError(f"fused_conv: it takes all channels together, the kernel {kernel_shape} a part of those of the images "
                         f"{x_shape}; use conv")
    if pool and min(found["windows"].output) < 2:
        raise ValueError(f"fused_conv: 2x2 windows do not fit into {found['windows'].output}, what the convolution leaves")
    return found["windows"]


@op(keeps=["positions"])
def _fused_conv(x, kernel, bias=None, *, windows, relu, pool):
    return kernels.conv.conv_block_forward(x, kernel, bias, windows, relu, pool)


@_fused_conv.gradient
def _(g, x, kernel, bias, y, positions, windows, relu, pool, wanted):
    if is_recording():                                     # it will be differentiated again
        given = (x, kernel) if bias is None else (x, kernel, bias)
        found = vjp(lambda *a: _in_small_ops(*a, windows=windows, relu=relu, pool=pool), given, g)
        return (*found, None)[:3]
    found = kernels.conv.conv_block_backward(x.data, kernel.data, y.data, positions, g.data, windows, relu, pool,
                                             tuple(i in wanted for i in range(3)))
    return [a if a is None else Tensor(a) for a in found]


def _in_small_ops(x, kernel, bias=None, *, windows, relu, pool):
    y = _conv(x, kernel, windows=windows, groups=1)
    y = y if bias is None else add(y, bias)
    y = relu_of(y) if relu else y
    return max_pool(y, 2) if pool else y
