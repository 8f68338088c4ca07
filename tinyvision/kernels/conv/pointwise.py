"""1x1 convolution in steps of 1: a matrix product over all pixels.

It is the direct convolution of an image that is one long row, so that no register tile ends at the edge of a small image.
"""
import functools

from ..jobs import all_floats
from ..registry import version
from ..windows import Windows
from . import direct
from .block import conv_block_forward
from .reference import conv_forward, conv_input_gradient


def _serves(a, kernel, windows):
    return windows.size == windows.strides == (1, 1) and not windows.padded and all_floats(a, kernel)


@functools.lru_cache(maxsize=1024)
def _in_a_row(windows):
    height, width = windows.image
    row = 1, height * width
    return Windows(row, (1, 1), (1, 1), (1, 1), windows.margins, row)


def _cost(images, windows, channels, filters):
    return direct._cost(images, _in_a_row(windows), channels, filters, rate=direct.RATE + 0.1)


@version(conv_forward, "pointwise", lambda x, kernel, windows: kernel.shape[2] == x.shape[3] and _serves(x, kernel, windows),
         lambda x, kernel, windows: _cost(len(x), windows, *kernel.shape[2:]))
def forward(x, kernel, windows):
    n, h, w, c = x.shape
    return direct.plain_forward(x.reshape(n, 1, h * w, c), kernel, _in_a_row(windows)).reshape(n, h, w, kernel.shape[3])


@version(conv_block_forward, "pointwise",
         lambda x, kernel, bias, windows, relu, pool, prepared=None:
         not pool and kernel.shape[2] == x.shape[3] and _serves(x, kernel, windows) and all_floats(bias),
         lambda x, kernel, bias, windows, relu, pool, prepared=None: _cost(len(x), windows, *kernel.shape[2:]))
def block_forward(x, kernel, bias, windows, relu, pool, prepared=None):
    n, h, w, c = x.shape
    y, positions = direct.forward(x.reshape(n, 1, h * w, c), kernel, bias, _in_a_row(windows), relu, pool, prepared)
    return y.reshape(n, h, w, kernel.shape[3]), positions


@version(conv_input_gradient, "pointwise", lambda dy, kernel, windows, groups: groups == 1 and _serves(dy, kernel, windows),
         lambda dy, kernel, windows, groups: _cost(len(dy), windows, kernel.shape[3], kernel.shape[2]))
def input_gradient(dy, kernel, windows, groups):
    return forward(dy, kernel.transpose(0, 1, 3, 2), windows)
