"""Depthwise convolution, filters for each channel alone; and separable convolution, which mixes the channels afterwards."""
from ..autograd import Tensor, as_tensor
from .conv import channels_last, conv
from .shape import broadcast_to, expand_dims, reshape


def depthwise_conv(inputs, kernel, strides=1, padding: str = "valid", data_format: str | None = None,
                   dilation_rate=1) -> Tensor:
    """Convolve each channel with filters of its own: https://keras.io/api/ops/nn/#depthwiseconv-function

    y[n, i, j, c M + m] = sum over p, q of inputs[n, i s + p d, j s + q d, c] kernel[p, q, c, m]

    It is a convolution in as many groups as there are filters: of inputs in which each channel stands M times.

    Args:
        inputs: images (N, H, W, C), or sequences (N, T, C).
        kernel: (KH, KW, C, M), for sequences (K, C, M): M filters for each channel.
        strides, padding, data_format, dilation_rate: as for `conv`.

    Returns:
        (N, OH, OW, C * M), for sequences (N, OT, C * M): the M results of the first channel, then those of the second, ...

    >>> import numpy as np
    >>> depthwise_conv(np.ones((1, 3, 3, 2)), np.ones((3, 3, 2, 1)) * [[1], [10]])
    Tensor([[[[ 9., 90.]]]])
    """
    channels_last(data_format, "depthwise_conv")
    inputs, kernel = as_tensor(inputs), as_tensor(kernel)
    if (inputs.ndim, kernel.ndim) not in ((4, 4), (3, 3)):
        raise ValueError("depthwise_conv: it takes images (N, H, W, C) and a kernel (KH, KW, C, M), or sequences (N, T, C) and "
                         f"a kernel (K, C, M), got {inputs.shape} and {kernel.shape}")
    *size, channels, multiplier = kernel.shape
    if channels != inputs.shape[-1]:
        raise ValueError(f"depthwise_conv: the kernel {kernel.shape} is for {channels} channels, the inputs {inputs.shape} "
                         f"have {inputs.shape[-1]}, channels last")
    if multiplier > 1 and channels > 1:                    # fast kernels have one filter for each channel
        repeated = broadcast_to(expand_dims(inputs, -1), (*inputs.shape, multiplier))
        inputs = reshape(repeated, (*inputs.shape[:-1], channels * multiplier))
    kernel = reshape(kernel, (*size, 1, channels * multiplier))
    return conv(inputs, kernel, strides, padding, dilation_rate=dilation_rate)


def separable_conv(inputs, depthwise_kernel, pointwise_kernel, strides=1, padding: str = "valid",
                   data_format: str | None = None, dilation_rate=1) -> Tensor:
    """`depthwise_conv`, then a 1x1 convolution that mixes the channels: https://keras.io/api/ops/nn/#separableconv-function

    Args:
        inputs: images (N, H, W, C), or sequences (N, T, C).
        depthwise_kernel: (KH, KW, C, M), for sequences (K, C, M).
        pointwise_kernel: (1, 1, C * M, F), for sequences (1, C * M, F).
        strides, padding, data_format, dilation_rate: of the depthwise convolution, as for `conv`.

    Returns:
        (N, OH, OW, F), for sequences (N, OT, F).

    >>> import numpy as np
    >>> separable_conv(np.ones((1, 3, 3, 2)), np.ones((3, 3, 2, 1)), np.ones((1, 1, 2, 4)))
    Tensor([[[[18., 18., 18., 18.]]]])
    """
    y = depthwise_conv(inputs, depthwise_kernel, strides, padding, data_format, dilation_rate)
    pointwise_kernel = as_tensor(pointwise_kernel)
    expected = *(1,) * (y.ndim - 2), y.shape[-1]
    if pointwise_kernel.shape[:-1] != expected:
        raise ValueError(f"separable_conv: behind this depthwise kernel, the pointwise kernel has shape {expected} and a "
                         f"number of filters, got {pointwise_kernel.shape}")
    return conv(y, pointwise_kernel)
