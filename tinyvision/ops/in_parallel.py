"""The elementwise ops that networks spend time in, on all cores: kernels take the place of their forwards.

What an op computes, its gradient and its errors stay those of elementwise.py; large float32 arrays of the CPU take the kernel.
"""
import numpy as np

from ..kernels.elementwise import LARGE, added, clipped, passed
from ..op import op
from .elementwise import add, relu


def _large(*arrays):
    return all(type(a) is np.ndarray and a.dtype == np.float32 and a.size >= LARGE for a in arrays) \
        and len({a.shape for a in arrays}) == 1


def _add(x1, x2, *, textbook=add.op.forward):
    return added(x1, x2) if _large(x1, x2) else textbook(x1, x2)


def _relu(x, *, textbook=relu.op.forward):
    return clipped(x, 0, np.inf) if _large(x) else textbook(x)


add.op.forward, relu.op.forward = _add, _relu


@op
def clipped_relu(x, *, max_value):
    """min(max(x, 0), max_value), in one go."""
    return clipped(x, 0, max_value)


@op
def _passed(dy, x, *, low, high):
    return passed(dy, x, low, high)


_passed.gradient(dy=lambda g, x, low, high: _passed(g, x, low=low, high=high), x=lambda g: None)         # flat in x
relu.gradient(x=lambda g, y: _passed(g, y, low=0, high=np.inf))
clipped_relu.gradient(x=lambda g, x, max_value: _passed(g, x, low=0, high=max_value))
