"""Warping on a GPU: warp.cu."""
import functools

import numpy as np

from ...device import array_library
from .. import cuda
from ..fixed_point import summed
from ..registry import version
from .reference import unwarp, warp

MODES = dict(constant=0, nearest=1, wrap=2, mirror=3, reflect=4)               # as warp.cu has them


def _kernel(name, shape, transforms, interpolation, fill_mode):
    _, h, w, c = shape
    return cuda.compiled(name, ("fixed_point.cuh", "warping/warp.cu"), H=h, W=w, C=c, MODE=MODES[fill_mode],
                         BILINEAR=int(interpolation == "bilinear"), STEP=8 * (len(transforms) > 1))


def _there(transforms, x):
    """The transforms in float64 where x is, in C's order."""
    return cuda.contiguous(array_library(x).asarray(transforms, np.float64))


@version(warp, "cuda", gpu=True, serves=lambda x, transforms, interpolation, fill_mode, fill: cuda.fits(x) and x.size)
def warped(x, transforms, interpolation, fill_mode, fill):
    x, y, (n, h, w, _) = cuda.contiguous(x), array_library(x).empty(x.shape, x.dtype), x.shape
    kernel = _kernel("warp", x.shape, transforms, interpolation, fill_mode)
    cuda.for_each(kernel, n * h * w, x, _there(transforms, x), y, float(fill))
    return y


@version(unwarp, "cuda", gpu=True, serves=lambda g, transforms, interpolation, fill_mode: cuda.fits(g) and g.size)
def unwarped(g, transforms, interpolation, fill_mode):
    g, (n, h, w, _) = cuda.contiguous(g), g.shape
    add = functools.partial(cuda.for_each, _kernel("unwarp", g.shape, transforms, interpolation, fill_mode), n * h * w, g,
                            _there(transforms, g))
    return summed(add, g, 4 * h * w, g.shape)
