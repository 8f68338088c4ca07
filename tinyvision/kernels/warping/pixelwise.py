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
def amid(t, i, j, H, W):
    """Whether all pixels around the place that (i, j) comes from lie inside, by a transform that keeps parallels."""
    row, column = t[3] * j + t[4] * i + t[5], t[0] * j + t[1] * i + t[2]
    return row >= 0 and column >= 0 and row < H - 1 and column < W - 1


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
def taken(image, at, c, C, fill):
    """Up to LANES channels of a pixel."""
    return some(image, at + c, C - c) if at >= 0 else fill


@inner
def blend_outside(image, t, i, j, H, W, C, mode, fill, y, o):
    """A pixel whose four may lie outside, in part or all."""
    row, column, fill = place_of(t, 3, i, j), place_of(t, 0, i, j), spread(fill)
    top, left = floor(row), floor(column)
    p0, p1 = pixel(top, left, H, W, C, mode), pixel(top, left + 1, H, W, C, mode)
    p2, p3 = pixel(top + 1, left, H, W, C, mode), pixel(top + 1, left + 1, H, W, C, mode)
    down, right, up, back = row - top, column - left, top + 1 - row, left + 1 - column
    w0, w1, w2, w3 = spread(F32(up * back)), spread(F32(up * right)), spread(F32(down * back)), spread(F32(down * right))
    for c in range(0, C, LANES):
        above = multiply_add(taken(image, p1, c, C, fill), w1, taken(image, p0, c, C, fill) * w0)
        below = multiply_add(taken(image, p3, c, C, fill), w3, taken(image, p2, c, C, fill) * w2)
        put_some(y, o + c, above + below, C - c)


@inner
def blend_few(image, at, down, right, count, line, y, o, C):
    """`count` pixels amid the image, one after the other, of up to 3 channels. C is known when this is compiled."""
    for k in range(count):
        d, r, p = down[k], right[k], at[k]
        u, b, q = F32(1) - d, F32(1) - r, p + line
        w0, w1, w2, w3 = u * b, u * r, d * b, d * r
        for c in range(C):
            y[o + c] = image[p + c] * w0 + image[p + C + c] * w1 + image[q + c] * w2 + image[q + C + c] * w3
        o += C


@inner
def blend_many(image, at, down, right, count, line, y, o, C):
    """`blend_few`, of any number of channels."""
    for k in range(count):
        d, r, p = spread(down[k]), spread(right[k]), at[k]
        u, b, q = spread(F32(1)) - d, spread(F32(1)) - r, p + line
        w0, w1, w2, w3 = u * b, u * r, d * b, d * r
        for c in range(0, C, LANES):
            above = multiply_add(some(image, p + C + c, C - c), w1, some(image, p + c, C - c) * w0)
            below = multiply_add(some(image, q + C + c, C - c), w3, some(image, q + c, C - c) * w2)
            put_some(y, o + c, above + below, C - c)
        o += C


@job
def blend_rows(part, parts, x: FLOATS, transforms: DOUBLES, step: INTEGER, y: FLOATS, shape: SIZES, mode: INTEGER,
               fill: NUMBER):
    """Row by row of the new images, each in three pieces: what comes from amid the old image lies between what does not.

    `step` leads from the transform of an image to that of the next.
    """
    N, H, W, C = shape
    at, down, right = np.empty(W, np.int64), np.empty(W, F32), np.empty(W, F32)
    for r in share(N * H, part, parts):
        n, i, o, first, end = r // H, np.float64(r % H), r * W * C, 0, W
        image, t = x[n * H * W * C:(n + 1) * H * W * C], transforms[n * step:n * step + 8]
        parallels = t[6] == 0 and t[7] == 0
        while first < W and not (parallels and amid(t, i, first, H, W)):
            blend_outside(image, t, i, first, H, W, C, mode, fill, y, o + first * C)
            first += 1
        while end > first and not amid(t, i, end - 1, H, W):
            end -= 1
            blend_outside(image, t, i, end, H, W, C, mode, fill, y, o + end * C)
        a0, a1, a2, b0, b1, b2 = t[0], t[1] * i, t[2], t[3], t[4] * i, t[5]
        for k in range(end - first):
            row, column = b0 * (first + k) + b1 + b2, a0 * (first + k) + a1 + a2
            top, left = np.int64(row), np.int64(column)
            at[k], down[k], right[k] = (top * W + left) * C, F32(row - top), F32(column - left)
        if C == 3:
            blend_few(image, at, down, right, end - first, W * 3, y, o + first * 3, 3)
        elif C == 1:
            blend_few(image, at, down, right, end - first, W, y, o + first, 1)
        else:
            blend_many(image, at, down, right, end - first, W * C, y, o + first * C, C)


@job
def take_rows(part, parts, x: FLOATS, transforms: DOUBLES, step: INTEGER, y: FLOATS, shape: SIZES, mode: INTEGER, fill: NUMBER):
    """`blend_rows` with the nearest pixel alone."""
    N, H, W, C = shape
    for r in share(N * H, part, parts):
        n, i, o = r // H, np.float64(r % H), r * W * C
        image, t = x[n * H * W * C:(n + 1) * H * W * C], transforms[n * step:n * step + 8]
        for j in range(W):
            p = pixel(rounded(place_of(t, 3, i, j)), rounded(place_of(t, 0, i, j)), H, W, C, mode)
            if C >= 4:
                for c in range(0, C, LANES):
                    put_some(y, o + c, taken(image, p, c, C, spread(fill)), C - c)
            elif p >= 0:
                for c in range(C):
                    y[o + c] = image[p + c]
            else:
                for c in range(C):
                    y[o + c] = fill
            o += C


@version(warp, "pixelwise", lambda x, transforms, interpolation, fill_mode, fill: all_floats(x))
def fast_warp(x, transforms, interpolation, fill_mode, fill):
    y, run = memory.empty(x.shape), blend_rows if interpolation == "bilinear" else take_rows
    run(np.ascontiguousarray(x), np.ascontiguousarray(transforms, np.float64).ravel(), 8 * (len(transforms) > 1), y, x.shape,
        NUMBERS[fill_mode], float(fill))
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
