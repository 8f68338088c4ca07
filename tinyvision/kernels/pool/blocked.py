"""Pooling in Numba: one pass over the image for each direction, a thread to an image."""
import numpy as np
from numba import njit, prange

from ..registry import version
from .reference import max_pool_forward, scatter_windows


def _serves(x, *rest):
    return x.dtype.char in "fd" and rest[-1].size[0] * rest[-1].size[1] <= 256


@version(max_pool_forward, "blocked", _serves)
def forward(x, windows):
    y = np.empty((len(x), *windows.output, x.shape[3]), x.dtype)
    positions = np.empty(y.shape, np.uint8)
    _forward(np.ascontiguousarray(windows.pad(x, -np.inf)), y, positions, *windows.size, *windows.strides)
    return y, positions


@version(scatter_windows, "blocked", _serves)
def scatter(dy, positions, windows):
    (top, bottom), (left, right) = windows.margins
    h, w = windows.image
    dx = np.empty((len(dy), top + h + bottom, left + w + right, dy.shape[3]), dy.dtype)
    _scatter(np.ascontiguousarray(dy), np.ascontiguousarray(positions), dx, windows.size[1], *windows.strides)
    return dx[:, top:top + h, left:left + w]


@njit(parallel=True, cache=True)
def _forward(x, y, positions, kh, kw, sh, sw):
    n, oh, ow, c = y.shape
    for row in prange(n * oh):
        image, i = row // oh, row % oh
        for j in range(ow):
            best, where = y[image, i, j], positions[image, i, j]
            best[:] = x[image, i * sh, j * sw]
            where[:] = 0
            for p in range(kh):
                for q in range(kw):
                    pixel, position = x[image, i * sh + p, j * sw + q], np.uint8(p * kw + q)
                    for k in range(c):
                        if pixel[k] > best[k] or (pixel[k] != pixel[k] and best[k] == best[k]):
                            best[k], where[k] = pixel[k], position


@njit(parallel=True, cache=True)
def _scatter(dy, positions, dx, kw, sh, sw):
    n, oh, ow, c = dy.shape
    for image in prange(n):
        dx[image] = 0
        for i in range(oh):
            for j in range(ow):
                for k in range(c):
                    p = positions[image, i, j, k]
                    dx[image, i * sh + p // kw, j * sw + p % kw, k] += dy[image, i, j, k]
