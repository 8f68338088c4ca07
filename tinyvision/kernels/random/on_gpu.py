"""Dropout on a GPU: dropout.cu, with the same numbers as on the CPU."""
import numpy as np

from ...device import array_library
from .. import cuda
from ..registry import version
from .reference import dropped


@version(dropped, "cuda", gpu=True,
         serves=lambda x, rate, shape, key, step: cuda.fits(x) and x.size and tuple(shape) == x.shape)
def drop(x, rate, shape, key, step):
    x, xp = cuda.contiguous(x), array_library(x)
    y, kept = xp.empty(x.shape, x.dtype), xp.empty(x.shape, np.uint8)
    limit = int(np.ceil(np.float32(rate) * np.float32(2 ** 24)))           # draws are whole multiples of 2**-24
    words = [np.uint32(word) for word in (key[1], step, key[0] & 0xFFFFFFFF, key[0] >> 32)]
    cuda.for_each(cuda.compiled("dropped", ("random/dropout.cu",)), -(-x.size // 4), x, y, kept, x.size, np.uint32(limit),
                  float(1 - rate), *words)
    return y, kept.view(bool)
