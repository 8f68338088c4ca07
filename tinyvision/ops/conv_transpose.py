"""Transposed convolution: where a convolution gathers a window into a pixel, it spreads a pixel over a window."""
import functools

from ..autograd import Tensor, as_tensor
from ..kernels.windows import Windows, pair
from .conv import OTHER_RANKS, _conv_input_gradient, channels_last


def conv_transpose(inputs, kernel, strides=1, padding: str = "valid", output_padding=None, data_format: str | None = None,
                   dilation_rate=1) -> Tensor:
    """Add each pixel times the kernel to the output, s pixels further each time: https://keras.io/api/ops/nn/#convtranspose-function

    y[n, i s + p d - top, j s + q d - left, f] = the sum over all i, j, p, q that lead there, and over c,
    of inputs[n, i, j, c] kernel[p, q, f, c]

    This is the adjoint of a convolution with the same kernel, the one that makes (N, H, W, C) of (N, OH, OW, F), and so its
    input gradient: <dy, conv_transpose(x, kernel)> = <conv(dy, kernel), x>. What an image gets is s times as many pixels:

        "valid"  OH = (H - 1) s + max(reach, s), all that the kernels cover; reach = (KH - 1) d + 1
        "same"   OH = H s: of what the kernels cover, as much is cut off on both sides, the odd pixel below and to the right
        with output_padding   OH = (H - 1) s + reach + output_padding ("valid"), (H - 1) s + reach % 2 + output_padding ("same")

    Args:
        inputs: images (N, H, W, C), or sequences (N, T, C).
        kernel: (KH, KW, F, C), for sequences (K, F, C): the filters stand before the channels.
        strides: s, a number or (height, width).
        padding: "valid" or "same".
        output_padding: which of the sizes that a convolution in steps of s would make equal the output has: a number or
            (height, width), each less than s; None for the sizes above.
        data_format: None or "channels_last", the one layout there is.
        dilation_rate: d, the distance of the pixels under a kernel; a number or (height, width).

    Returns:
        (N, OH, OW, F), for sequences (N, OT, F).

    >>> import numpy as np
    >>> conv_transpose(np.array([[1.0], [5.0]])[None], np.array([1.0, 2.0, 3.0]).reshape(3, 1, 1), strides=2).numpy()[0, :, 0]
    array([ 1.,  2.,  8., 10., 15.])
    """
    channels_last(data_format, "conv_transpose")
    inputs, kernel = as_tensor(inputs), as_tensor(kernel)
    if inputs.ndim == kernel.ndim in OTHER_RANKS:
        return OTHER_RANKS[inputs.ndim](conv_transpose, inputs, kernel, strides=strides, padding=padding,
                                        output_padding=output_padding, dilation_rate=dilation_rate)
    if inputs.ndim != 4 or kernel.ndim != 4:
        raise ValueError("conv_transpose: it takes images (N, H, W, C) and a kernel (KH, KW, F, C), or sequences (N, T, C) and "
                         f"a kernel (K, F, C), got {inputs.shape} and {kernel.shape}")
    if kernel.shape[3] != inputs.shape[3]:
        raise ValueError(f"conv_transpose: the kernel {kernel.shape} takes {kernel.shape[3]} channels, images {inputs.shape} "
                         f"have {inputs.shape[3]}, channels last; a kernel is (KH, KW, F, C), the filters before the channels")
    windows = transposed_windows(inputs.shape[1:3], kernel.shape[:2], pair(strides, "strides"), padding,
                                 output_paddings(output_padding), pair(dilation_rate, "dilation_rate"))
    return _conv_input_gradient(inputs, kernel, windows=windows, groups=1)


def output_paddings(n) -> tuple | None:
    """None, or a pair of numbers from 0 on for a number or a pair."""
    both = tuple(n) if isinstance(n, (tuple, list)) else (n, n)
    if n is not None and (len(both) != 2 or any(isinstance(m, bool) or not hasattr(m, "__index__") or m < 0 for m in both)):
        raise ValueError(f"output_padding is None, an integer from 0 on or a pair of them (height, width), got {n!r}")
    return None if n is None else (int(both[0]), int(both[1]))


@functools.lru_cache(maxsize=1024)
def transposed_windows(image, size, strides, padding, output_padding=None, dilation=(1, 1)) -> Windows:
    """The Windows of the convolution whose input gradient is the transposed convolution of images (H, W), in Keras's words.

    Raises:
        ValueError: `padding` is another word, an output padding is not less than its stride, or no pixel is left.
    """
    if padding not in ("valid", "same"):
        raise ValueError(f"padding is 'valid' or 'same', not {padding!r}")
    if output_padding and any(more >= s for more, s in zip(output_padding, strides)):
        raise ValueError(f"output_padding must be less than strides, got output_padding {output_padding} and strides {strides}")
    reach = [(k - 1) * d + 1 for k, d in zip(size, dilation)]
    covered = [(n - 1) * s + r for n, s, r in zip(image, strides, reach)]
    if output_padding:
        sizes = [c + more - (r - r % 2) * (padding == "same") for c, more, r in zip(covered, output_padding, reach)]
    else:
        sizes = [n * s if padding == "same" else c + max(s - r, 0) for n, s, c, r in zip(image, strides, covered, reach)]
    if min(sizes) < 1:
        raise ValueError(f"conv_transpose: of images {image}, with output_padding {output_padding} and padding 'same', "
                         f"{tuple(sizes)} would be left; leave output_padding out, or use larger images")
    before = [max((c - n) // 2, 0) for c, n in zip(covered, sizes)]
    margins = tuple((b, max(c - n - b, 0)) for b, c, n in zip(before, covered, sizes))
    return Windows(tuple(sizes), size, strides, dilation, margins, image)
