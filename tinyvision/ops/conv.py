"""Convolution and its two gradients. Each is linear in both of its arguments, and their gradients are each other."""
from .. import kernels
from ..autograd import Tensor, as_tensor
from ..kernels.windows import pair, windows as sliding_windows
from ..op import op

OTHER_RANKS = {}                                           # {number of axes: what does an op of images on such inputs}


def conv(inputs, kernel, strides=1, padding: str = "valid", data_format: str | None = None, dilation_rate=1) -> Tensor:
    """Slide a kernel over images and correlate: https://keras.io/api/ops/nn/#conv-function

    y[n, i, j, f] = sum over p, q, c of inputs[n, i s + p d, j s + q d, c] kernel[p, q, c, f]

    Args:
        inputs: images (N, H, W, C), or sequences (N, T, C).
        kernel: (KH, KW, C / groups, F), for sequences (K, C / groups, F). The groups are inferred: where the kernel takes a
            part of the channels only, the first part of the F filters sees the first part of the channels, and so on.
        strides: s, a number or (height, width).
        padding: "valid" (no margins) or "same" (zeros around, so that OH = ceil(H / s)).
        data_format: None or "channels_last", the one layout there is.
        dilation_rate: d, the distance of the pixels under a kernel; a number or (height, width).

    Returns:
        (N, OH, OW, F), for sequences (N, OT, F).

    >>> import numpy as np
    >>> conv(np.ones((1, 4, 5, 1)), np.ones((3, 2, 1, 1)), strides=2).numpy()[0, :, :, 0]
    array([[6., 6.]])
    """
    channels_last(data_format, "conv")
    inputs, kernel = as_tensor(inputs), as_tensor(kernel)
    if inputs.ndim == kernel.ndim in OTHER_RANKS:
        return OTHER_RANKS[inputs.ndim](conv, inputs, kernel, strides=strides, padding=padding, dilation_rate=dilation_rate)
    return _conv(inputs, kernel, **geometry("conv", inputs.shape, kernel.shape, strides, padding, dilation_rate))


def geometry(name, x_shape, kernel_shape, strides, padding, dilation_rate) -> dict:
    """The windows and the groups of a convolution, once its arguments are found to fit."""
    if len(x_shape) != 4 or len(kernel_shape) != 4:
        raise ValueError(f"{name}: it takes images (N, H, W, C) and a kernel (KH, KW, C, F), got {x_shape} and {kernel_shape}")
    c, part, filters = x_shape[3], *kernel_shape[2:]
    if not part or c % part or filters % (c // part):
        raise ValueError(f"{name}: the kernel {kernel_shape} takes {part} channels, the images {x_shape} have {c}, channels "
                         "last. They must be equal; or, with groups, a part of them, and the filters a multiple of the groups")
    return {"windows": sliding_windows(x_shape[1:3], kernel_shape[:2], pair(strides, "strides"), padding,
                                       pair(dilation_rate, "dilation_rate")), "groups": c // part}


def channels_last(data_format: str | None, what: str) -> None:
    """Refuse any other layout than the one there is."""
    if data_format not in (None, "channels_last"):
        raise ValueError(f"{what}: data_format={data_format!r} is not available: images are (N, H, W, C), channels last, "
                         "everywhere; transpose once, with x.transpose(0, 2, 3, 1)")


@op
def _conv(x, kernel, *, windows, groups):
    return kernels.conv.conv_forward(x, kernel, windows)


@op
def _conv_input_gradient(dy, kernel, *, windows, groups):
    """The adjoint of conv in x: <dy, conv(x, kernel)> = <conv_input_gradient(dy, kernel), x>."""
    return kernels.conv.conv_input_gradient(dy, kernel, windows, groups)


@op
def _conv_kernel_gradient(x, dy, *, windows, groups):
    """The adjoint of conv in the kernel: <dy, conv(x, kernel)> = <conv_kernel_gradient(x, dy), kernel>."""
    return kernels.conv.conv_kernel_gradient(x, dy, windows, groups)


_conv.gradient(x=lambda g, kernel, **how: _conv_input_gradient(g, kernel, **how),
               kernel=lambda g, x, **how: _conv_kernel_gradient(x, g, **how))
_conv_input_gradient.gradient(dy=lambda g, kernel, **how: _conv(g, kernel, **how),
                              kernel=lambda g, dy, **how: _conv_kernel_gradient(g, dy, **how))
_conv_kernel_gradient.gradient(x=lambda g, dy, **how: _conv_input_gradient(dy, g, **how),
                               dy=lambda g, x, **how: _conv(x, g, **how))
