"""Picking out places on a GPU: kernels take the place of the forwards of indexing.py and selecting.py.

CuPy is quiet about places that there are not: it begins anew. And it adds to those that come twice in another order every time.
Along one axis, the kernels give NaN, and the same numbers. Where integers are picked, which have no NaN, and where an index has
several arrays, the GPU is asked, and waited for.
"""
import math

import numpy as np

from ..autograd import OPS, Tensor
from ..device import array_library, is_array
from ..kernels.indexing import gathered, scattered
from ..kernels.indexing.bounds import check, marked, nowhere
from .indexing import _index, getitem, putitem, take
from .selecting import _put_along, _take_along


def _take(x, indices, *, axis=None, textbook=take.op.forward):
    places = array_library(x).asarray(indices)
    if type(x) is np.ndarray or places.dtype.kind not in "iu" or not (axis is None or -x.ndim <= axis < x.ndim):
        return textbook(x, indices, axis=axis)
    return _gathered(x.ravel(), 0, places) if axis is None else _gathered(x, axis % x.ndim, places)


def _getitem(x, *, index, textbook=getitem.op.forward):
    axis, places = _places(index) if type(x) is not np.ndarray else (None, None)
    return textbook(x, index=index) if places is None or axis >= x.ndim else _gathered(x, axis, places)


def _putitem(x, *, index, shape, textbook=putitem.op.forward):
    axis, places = _places(index) if type(x) is not np.ndarray and x.dtype == np.float32 else (None, None)
    if places is None:
        return textbook(x, index=index, shape=shape)
    before, after = math.prod(shape[:axis]), math.prod(shape[axis + 1:])
    return scattered(x.reshape(before, places.size, after), places.ravel(), shape[axis]).reshape(shape)


def _along(x, indices, *, axis, textbook=_take_along.op.forward):
    y = textbook(x, indices, axis=axis)
    return y if type(x) is np.ndarray else marked(y, indices, x.shape[axis])


def _put(x, indices, *, axis, shape, textbook=_put_along.op.forward):
    if type(x) is np.ndarray or x.dtype != np.float32:
        return textbook(x, indices, axis=axis, shape=shape)
    xp, size, flat = array_library(x), math.prod(shape), 0
    indices = indices.astype(np.int64, copy=False)         # narrow ones have no room for the length
    places = xp.where(indices < 0, indices + shape[axis], indices)
    for a, n in enumerate(shape):                          # from places along the axis to places in reading order
        along = places if a == axis else xp.arange(n).reshape([-1 if b == a else 1 for b in range(len(shape))])
        flat = flat * n + along
    flat = xp.broadcast_to(xp.where(nowhere(indices, shape[axis]), size, flat), x.shape)
    return scattered(x.reshape(1, x.size, 1), flat.ravel(), size).reshape(shape)


def _picked(x, index):
    """x[index], as others than the engine ask for it. Lists and NumPy arrays are looked at here, and then go to the GPU."""
    if type(x.data) is not np.ndarray:
        if _places(index)[1] is None:
            _look(x.shape, index if isinstance(index, tuple) else (index,))
        index = _index(x.data, index)
    return getitem(x, index=index)


def _look(shape, index):
    """Ask the GPU whether there are all places of an index; each of its arrays of integers picks along an axis."""
    index = [i.data if isinstance(i, Tensor) else np.asarray(i) if isinstance(i, list) else i for i in index]
    if not any(is_array(i) and i.dtype.kind in "iu" for i in index):
        return
    nothing = [i is None or i is Ellipsis or isinstance(i, bool) for i in index]
    many = [0 if none else i.ndim if is_array(i) and i.dtype == bool else 1 for i, none in zip(index, nothing)]
    axis = 0
    for i, axes in zip(index, many):
        if is_array(i) and i.dtype.kind in "iu" and axis < len(shape):
            check(i, shape[axis])
        axis += len(shape) - sum(many) if i is Ellipsis else axes


def _places(index):
    """The axis along which an index picks, and the places; None for other indices."""
    *before, last = index if isinstance(index, tuple) and index else (index,)
    last = last.data if isinstance(last, Tensor) else last
    whole = all(isinstance(i, slice) and i == slice(None) for i in before)
    fits = whole and is_array(last) and type(last) is not np.ndarray and last.dtype.kind in "iu"
    return len(before), last if fits else None


def _gathered(x, axis, places):
    before, after = x.shape[:axis], x.shape[axis + 1:]
    y = gathered(x.reshape(math.prod(before), x.shape[axis], math.prod(after)), places.ravel())
    return y.reshape(*before, *places.shape, *after)


OPS["getitem"] = _picked                                   # what Tensor[index] calls
take.op.forward, getitem.op.forward, putitem.op.forward = _take, _getitem, _putitem
_take_along.op.forward, _put_along.op.forward = _along, _put
