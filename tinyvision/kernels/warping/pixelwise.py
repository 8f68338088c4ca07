"""Warping pixel by pixel, on all cores. The places of a row are found first; amid the image, nothing is asked of them."""
import numpy as np

from .. import memory
from ..jobs import DOUBLES, FLAG, FLOATS, INTEGER, NUMBER, SIZES, all_floats, job, share
from ..registry import version
from ..vectors import F32, LANES, inner, multiply_add, put_some, some, spread
from .reference import FAR, unwarp, warp

CONSTANT, NEAREST, WRAP, MIRROR, REFLECT = range(5)
NUMBERS = dict(constant=CONSTANT, nearest=NEAREST, wrap=WRAP, mirror=MIRROR, reflect=REFLECT)


@inner
def place_of(t, u, i, j):
    """One of the two coordinates that pixel (i, j) comes from; u = 0 for columns, 3 for rows. In the steps of the reference."""
    place, k = t[u] * j + t[u + 1] * i + t[u + 2], t[6] * j + t[7] * i + 1
    if k != 1:
        place = place / k if k != 0 else FAR
    if not abs(place) <= FAR:
        return -FAR if place < -FAR else FAR               # and what is no number
    return place


@inner
def amid(t, i, H, W, low, more):
    """The columns from .. to of row i of the new image that come from amid the old one: `low` <= place < size - 1 + `more`.

    By transforms that keep parallels these lie together. None, (W, W), by others.
    """
    first, end = W, W
    if t[6] == 0 and t[7] == 0:
        a, b, bottom, right = t[1] * i, t[4] * i, H - 1 + more, W - 1 + more
        for first in range(W + 1):
            row, column = t[3] * first + b + t[5], t[0] * first + a + t[2]
            if first == W or (row >= low and column >= low and row < bottom and column < right):
                break
        while end > first:
            row, column = t[3] * (end - 1) + b + t[5], t[0] * (end - 1) + a + t[2]
            if row >= low and column >= low and row < bottom and column < right:
                break
            end -= 1
    return first, end


@inner
def inside(place, size, mode):
    """Where a pixel outside lies inside, along an axis; -1 for a constant."""
    if 0 <= place < size:
        return place
    if mode == REFLECT:
        place = -1 - place if place < 0 else 2 * size - 1 - place          # mostly that is all
        if not 0 <= place < size:
            place %= 2 * size
            place = 2 * size - 1 - place if place >= size else place
        return place
    if mode == CONSTANT:
        return -1
    if mode == NEAREST or size == 1:
        return 0 if place < 0 else size - 1
    if mode == WRAP:
        return place % size
    return abs((place + size - 1) % (2 * size - 2) - (size - 1))


@inner
def pixel(row, column, H, W, C, mode):
    """Where a pixel begins in its image; -1 outside, for a constant."""
    row, column = inside(row, H, mode), inside(column, W, mode)
    return (row * W + column) * C if row >= 0 and column >= 0 else -1


@inner
def rounded(place):
    whole = np.int64(place)
    return whole + (1 if place > 0 else -1) if abs(place - whole) >= 0.5 else whole


@inner
def floor(place):
    whole = np.int64(place)
    return whole - 1 if place < whole else whole


@inner
def blend_outside(image, t, i, j, H, W, C, mode, fill, y, o):
    """A pixel whose four may lie outside, in part or all."""
    row, column = place_of(t, 3, i, j), place_of(t, 0, i, j)
    top, left = floor(row), floor(column)
    down, right, up, back = row - top, column - left, top + 1 - row, left + 1 - column
    w0, w1, w2, w3 = F32(up * back), F32(up * right), F32(down * back), F32(down * right)
    above, below, left, right = inside(top, H, mode), inside(top + 1, H, mode), inside(left, W, mode), inside(left + 1, W, mode)
    p, q = above * W * C, below * W * C
    if min(above, below, left, right) >= 0:
        blend(image, p + left * C, p + right * C, q + left * C, q + right * C, w0, w1, w2, w3, y, o, C)
        return
    for c in range(C):
        total = w0 * (image[p + left * C + c] if above >= 0 and left >= 0 else fill)
        total += w1 * (image[p + right * C + c] if above >= 0 and right >= 0 else fill)
        total += w2 * (image[q + left * C + c] if below >= 0 and left >= 0 else fill)
        total += w3 * (image[q + right * C + c] if below >= 0 and right >= 0 else fill)
        y[o + c] = total


@inner
def blend(image, p0, p1, p2, p3, w0, w1, w2, w3, y, o, C):
    """The weighted sum of four pixels. Where C is 1 or 3, that is known when this is compiled."""
    if C <= 3:
        for c in range(C):
            y[o + c] = image[p0 + c] * w0 + image[p1 + c] * w1 + image[p2 + c] * w2 + image[p3 + c] * w3
    else:
        for c in range(0, C, LANES):
            above = multiply_add(some(image, p1 + c, C - c), spread(w1), some(image, p0 + c, C - c) * spread(w0))
            below = multiply_add(some(image, p3 + c, C - c), spread(w3), some(image, p2 + c, C - c) * spread(w2))
            put_some(y, o + c, above + below, C - c)


@inner
def blend_row(image, t, i, y, o, H, W, C, mode, fill, at, down, right):
    """A row of a new image, which begins at y[o]: what comes from amid the old image lies between what does not."""
    first, end = amid(t, i, H, W, 0.0, 0.0)
    for j in range(first):
        blend_outside(image, t, i, j, H, W, C, mode, fill, y, o + j * C)
    for j in range(end, W):
        blend_outside(image, t, i, j, H, W, C, mode, fill, y, o + j * C)
    a0, a1, a2, b0, b1, b2 = t[0], t[1] * i, t[2], t[3], t[4] * i, t[5]
    for k in range(end - first):                           # by itself, which the compiler does with vectors
        row, column = b0 * (first + k) + b1 + b2, a0 * (first + k) + a1 + a2
        top, left = np.int64(row), np.int64(column)
        at[k], down[k], right[k] = (top * W + left) * C, F32(row - top), F32(column - left)
    for k in range(end - first):
        d, r, p = down[k], right[k], at[k]
        u, b, q = F32(1) - d, F32(1) - r, p + W * C
        blend(image, p, p + C, q, q + C, u * b, u * r, d * b, d * r, y, o + (first + k) * C, C)


@inner
def take(image, p, y, o, C, fill):
    """One pixel, or `fill` where there is none."""
    for c in range(C):
        y[o + c] = image[p + c] if p >= 0 else fill


@inner
def take_row(image, t, i, y, o, H, W, C, mode, fill, at):
    """`blend_row` with the nearest pixel alone."""
    first, end = amid(t, i, H, W, -0.49, 0.5)
    for j in range(first):
        take(image, pixel(rounded(place_of(t, 3, i, j)), rounded(place_of(t, 0, i, j)), H, W, C, mode), y, o + j * C, C, fill)
    for j in range(end, W):
        take(image, pixel(rounded(place_of(t, 3, i, j)), rounded(place_of(t, 0, i, j)), H, W, C, mode), y, o + j * C, C, fill)
    a0, a1, a2, b0, b1, b2 = t[0], t[1] * i, t[2], t[3], t[4] * i, t[5]
    for k in range(end - first):
        row, column = b0 * (first + k) + b1 + b2, a0 * (first + k) + a1 + a2
        top, left = np.int64(row), np.int64(column)
        at[k] = ((top + np.int64(row - top >= 0.5)) * W + left + np.int64(column - left >= 0.5)) * C
    for k in range(end - first):
        for c in range(C):
            y[o + (first + k) * C + c] = image[at[k] + c]


@job
def warp_rows(part, parts, x: FLOATS, transforms: DOUBLES, step: INTEGER, y: FLOATS, shape: SIZES, mode: INTEGER,
              bilinear: FLAG, fill: NUMBER):
    """Row by row of the new images. `step` leads from the transform of an image to that of the next."""
    N, H, W, C = shape
    at, down, right = np.empty(W, np.int64), np.empty(W, F32), np.empty(W, F32)
    for r in share(N * H, part, parts):
        n, i, o = r // H, np.float64(r % H), r * W * C
        image, t = x[n * H * W * C:(n + 1) * H * W * C], transforms[n * step:n * step + 8]
        if bilinear:
            if C == 3:
                blend_row(image, t, i, y, o, H, W, 3, mode, fill, at, down, right)
            elif C == 1:
                blend_row(image, t, i, y, o, H, W, 1, mode, fill, at, down, right)
            else:
                blend_row(image, t, i, y, o, H, W, C, mode, fill, at, down, right)
        elif C == 3:
            take_row(image, t, i, y, o, H, W, 3, mode, fill, at)
        else:
            take_row(image, t, i, y, o, H, W, C, mode, fill, at)


@version(warp, "pixelwise", lambda x, transforms, interpolation, fill_mode, fill: all_floats(x))
def fast_warp(x, transforms, interpolation, fill_mode, fill):
    y = memory.empty(x.shape)
    warp_rows(np.ascontiguousarray(x), np.ascontiguousarray(transforms, np.float64).ravel(), 8 * (len(transforms) > 1), y,
              x.shape, NUMBERS[fill_mode], interpolation == "bilinear", float(fill))
    return y


@job
def scatter(part, parts, g: FLOATS, transforms: DOUBLES, step: INTEGER, x: FLOATS, shape: SIZES, mode: INTEGER, bilinear: FLAG):
    """Image by image: each pixel of g is added to those that it was made of."""
    N, H, W, C = shape
    for n in share(N, part, parts):
        image, t = x[n * H * W * C:(n + 1) * H * W * C], transforms[n * step:n * step + 8]
        image[:] = F32(0)
        for place in range(H * W):
            i, j, o = np.float64(place // W), place % W, (n * H * W + place) * C
            row, column = place_of(t, 3, i, j), place_of(t, 0, i, j)
            if not bilinear:
                add_to(image, pixel(rounded(row), rounded(column), H, W, C, mode), 1.0, g, o, C)
                continue
            top, left = floor(row), floor(column)
            down, right, up, back = row - top, column - left, top + 1 - row, left + 1 - column
            add_to(image, pixel(top, left, H, W, C, mode), up * back, g, o, C)
            add_to(image, pixel(top, left + 1, H, W, C, mode), up * right, g, o, C)
            add_to(image, pixel(top + 1, left, H, W, C, mode), down * back, g, o, C)
            add_to(image, pixel(top + 1, left + 1, H, W, C, mode), down * right, g, o, C)


@inner
def add_to(image, p, weight, g, o, C):
    if p >= 0:
        for c in range(0, C, LANES):
            put_some(image, p + c, multiply_add(some(g, o + c, C - c), spread(F32(weight)), some(image, p + c, C - c)), C - c)


@version(unwarp, "pixelwise", lambda g, transforms, interpolation, fill_mode: all_floats(g))
def fast_unwarp(g, transforms, interpolation, fill_mode):
    x = memory.empty(g.shape)
    scatter(np.ascontiguousarray(g), np.ascontiguousarray(transforms, np.float64).ravel(), 8 * (len(transforms) > 1), x,
            g.shape, NUMBERS[fill_mode], interpolation == "bilinear")
    return x
