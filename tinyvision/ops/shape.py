"""Ops that change the shape and move no element."""
import math

from ..device import array_library
from ..op import op


@op
def reshape(x, *, newshape):
    """The same elements, in reading order, in another shape; one size may be -1: whatever is left."""
    newshape = (newshape,) if isinstance(newshape, int) else tuple(newshape)
    if -1 in newshape and not x.size:                      # an empty batch does not say how much is left: its other axes do
        known, left = math.prod(n for n in newshape if n > 0), math.prod(n for n in x.shape if n)
        newshape = tuple((left // known if 0 in newshape else 0) if n == -1 else n for n in newshape)
    return x.reshape(newshape)


@op
def transpose(x, *, axes=None):
    """The axes in another order; reversed if `axes` is None."""
    return x.transpose(axes)


@op
def expand_dims(x, *, axis):
    """New axes of size 1 at the positions `axis` of the result."""
    return array_library(x).expand_dims(x, axis)


@op
def squeeze(x, *, axis=None):
    """Without the axes of size 1, or without those named."""
    return x.squeeze(axis)


@op
def broadcast_to(x, *, shape):
    """x repeated along new axes and axes of size 1, to fill `shape`."""
    return array_library(x).broadcast_to(x, shape)


def _inverse(axes):
    return None if axes is None else tuple(sorted(range(len(axes)), key=lambda i: axes[i] % len(axes)))


reshape.gradient(x=lambda g, x_shape: reshape(g, newshape=x_shape))
transpose.gradient(x=lambda g, axes: transpose(g, axes=_inverse(axes)))
expand_dims.gradient(x=lambda g, x_shape: reshape(g, newshape=x_shape))
squeeze.gradient(x=lambda g, x_shape: reshape(g, newshape=x_shape))
broadcast_to.gradient(x=lambda g: g)                       # the engine undoes the broadcasting
