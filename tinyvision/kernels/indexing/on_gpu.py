"""Gathering and scattering on a GPU: gather.cu."""
import functools

import numpy as np

from ...device import array_library
from .. import cuda
from ..fixed_point import summed
from ..registry import version
from .bounds import marked
from .reference import gathered, scattered

FILES = "fixed_point.cuh", "indexing/gather.cu"


def _places(indices):
    return cuda.contiguous(indices.astype(np.int64, copy=False))


@version(gathered, "cuda", gpu=True)
def gather(x, indices):
    if not cuda.fits(x) or len(x) * indices.size * x.shape[2] > cuda.MOST:
        return marked(array_library(x).take(x, indices, axis=1), indices[:, None], x.shape[1])
    x, k, (a, length, b) = cuda.contiguous(x), indices.size, x.shape
    y = array_library(x).empty((a, k, b), x.dtype)
    cuda.for_each(cuda.compiled("gathered", FILES), y.size, x, _places(indices), y, length, k, b)
    return y


@version(scattered, "cuda", gpu=True,
         serves=lambda y, indices, length: cuda.fits(y) and y.size and len(y) * length * y.shape[2] <= cuda.MOST)
def scatter(y, indices, length):
    y, (a, k, b) = cuda.contiguous(y), y.shape
    add = functools.partial(cuda.for_each, cuda.compiled("scattered", FILES), y.size, y, _places(indices), length, k, b)
    return summed(add, y, k, (a, length, b))
