"""Warping pixel by pixel, on all cores. The places of a row are found first; amid the image, nothing is asked of them."""
import numpy as np

from .. import memory
from ..jobs import DOUBLES, FLAG, FLOATS, INTEGER, NUMBER, SIZES, all_floats, job, share
from ..registry import version
from ..vectors import F32, LANES, inner, multiply_add, put_some, round_up, some, spread, sum_of_four
from .reference import FAR, unwarp, warp

CONSTANT, NEAREST, WRAP, MIRROR, REFLECT = range(5)
NUMBERS = dict(constant=CONSTANT, nearest=NEAREST, wrap=WRAP, mirror=MIRROR, reflect=REFLECT)
sum_of_3_channels, sum_of_4_channels = sum_of_four(3), sum_of_four(4)


@inner
def place_of(u, v, w, k, i, j):
    """One of the two coordinates that pixel (i, j) comes from, (u j + v i + w) / k. In the steps of the reference."""
    place = u * j + v * i + w
    if k != 1:
        place = place / k if k != 0 else FAR
    if not abs(place) <= FAR:
        return -FAR if place < -FAR else FAR               # and what is no number
    return place


@inner
def transform_at(transforms, t):
    """The eight numbers a0, a1, a2, b0, b1, b2, c0, c1 of a transform: pixel (i, j) comes from row (b0 j + b1 i + b2) / k and
    column (a0 j + a1 i + a2) / k, with k = c0 j + c1 i + 1."""
    return (transforms[t], transforms[t + 1], transforms[t + 2], transforms[t + 3], transforms[t + 4], transforms[t + 5],
            transforms[t + 6], transforms[t + 7])


@inner
def amid(a0, a1, a2, b0, b1, b2, c0, c1, i, H, W, low, more):
    """The columns from .. to of row i of the new image that come from amid the old one: `low` <= place < size - 1 + `more`.

    Where k is 1 these lie together; elsewhere none are looked for.
    """
    first, end = W, W
    if c0 != 0 or c1 != 0:
        return first, end
    for first in range(W + 1):
        row, column = b0 * first + b1 * i + b2, a0 * first + a1 * i + a2
        if first == W or (row >= low and column >= low and row < H - 1 + more and column < W - 1 + more):
            break
    while end > first:
        row, column = b0 * (end - 1) + b1 * i + b2, a0 * (end - 1) + a1 * i + a2
        if row >= low and column >= low and row < H - 1 + more and column < W - 1 + more:
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


@job
def blend_rows(part, parts, x: FLOATS, transforms: DOUBLES, step: INTEGER, y: FLOATS, shape: SIZES, mode: INTEGER,
               fill: NUMBER):
    """Row by row of the new images: first where the four of each pixel lie and what they weigh, then the sums.

    `step` leads from the transform of an image to that of the next. Functions take numbers alone: an array that is handed on,
    pixel by pixel, would be counted.
    """
    N, H, W, C = shape
    at, weight = np.empty((5, round_up(W, 16)), np.int64), np.empty((4, round_up(W, 16)), F32)
    for r in share(N * H, part, parts):
        n, i, o = r // H, np.float64(r % H), r * W * C
        base = n * H * W * C
        a0, a1, a2, b0, b1, b2, c0, c1 = transform_at(transforms, n * step)
        first, end = amid(a0, a1, a2, b0, b1, b2, c0, c1, i, H, W, 0.0, 0.0)
        count = end - first
        for m in range(count):                             # by itself: the compiler does it with vectors
            row, column = b0 * (first + m) + b1 * i + b2, a0 * (first + m) + a1 * i + a2
            top, left = np.int64(row), np.int64(column)
            down, right, p = F32(row - top), F32(column - left), base + (top * W + left) * C
            at[0, m], at[1, m], at[2, m], at[3, m], at[4, m] = p, p + C, p + W * C, p + W * C + C, o + (first + m) * C
            weight[0, m], weight[1, m] = (F32(1) - down) * (F32(1) - right), (F32(1) - down) * right
            weight[2, m], weight[3, m] = down * (F32(1) - right), down * right
        for j in range(W - (end - first)):                 # what may lie outside
            j += (end - first) * (j >= first)
            k = c0 * j + c1 * i + 1
            row, column = place_of(b0, b1, b2, k, i, j), place_of(a0, a1, a2, k, i, j)
            top, left = floor(row), floor(column)
            w0, w1 = F32((top + 1 - row) * (left + 1 - column)), F32((top + 1 - row) * (column - left))
            w2, w3 = F32((row - top) * (left + 1 - column)), F32((row - top) * (column - left))
            p0, p1 = pixel(top, left, H, W, C, mode), pixel(top, left + 1, H, W, C, mode)
            p2, p3 = pixel(top + 1, left, H, W, C, mode), pixel(top + 1, left + 1, H, W, C, mode)
            if min(p0, p1, p2, p3) < 0:                    # done at once
                for c in range(C):
                    total = w0 * (x[base + p0 + c] if p0 >= 0 else fill) + w1 * (x[base + p1 + c] if p1 >= 0 else fill)
                    y[o + j * C + c] = (total + w2 * (x[base + p2 + c] if p2 >= 0 else fill)
                                        + w3 * (x[base + p3 + c] if p3 >= 0 else fill))
            else:
                at[0, count], at[1, count], at[2, count], at[3, count] = base + p0, base + p1, base + p2, base + p3
                weight[0, count], weight[1, count], weight[2, count], weight[3, count], at[4, count] = w0, w1, w2, w3, o + j * C
                count += 1
        for m in range(count):
            p0, p1, p2, p3, q = at[0, m], at[1, m], at[2, m], at[3, m], at[4, m]
            w0, w1, w2, w3 = weight[0, m], weight[1, m], weight[2, m], weight[3, m]
            if C == 3:
                sum_of_3_channels(x, p0, p1, p2, p3, w0, w1, w2, w3, y, q)
            elif C == 4:
                sum_of_4_channels(x, p0, p1, p2, p3, w0, w1, w2, w3, y, q)
            elif C == 1:
                y[q] = x[p0] * w0 + x[p1] * w1 + x[p2] * w2 + x[p3] * w3
            else:
                for c in range(0, C, LANES):
                    above = multiply_add(some(x, p1 + c, C - c), spread(w1), some(x, p0 + c, C - c) * spread(w0))
                    below = multiply_add(some(x, p3 + c, C - c), spread(w3), some(x, p2 + c, C - c) * spread(w2))
                    put_some(y, q + c, above + below, C - c)


@job
def take_rows(part, parts, x: FLOATS, transforms: DOUBLES, step: INTEGER, y: FLOATS, shape: SIZES, mode: INTEGER,
              fill: NUMBER):
    """`blend_rows` with the nearest pixel alone."""
    N, H, W, C = shape
    at = np.empty((2, round_up(W, 16)), np.int64)
    for r in share(N * H, part, parts):
        n, i, o = r // H, np.float64(r % H), r * W * C
        base = n * H * W * C
        a0, a1, a2, b0, b1, b2, c0, c1 = transform_at(transforms, n * step)
        first, end = amid(a0, a1, a2, b0, b1, b2, c0, c1, i, H, W, -0.49, 0.5)
        count = end - first
        for m in range(count):
            row, column = b0 * (first + m) + b1 * i + b2, a0 * (first + m) + a1 * i + a2
            top, left = np.int64(row), np.int64(column)
            at[0, m] = ((top + np.int64(row - top >= 0.5)) * W + left + np.int64(column - left >= 0.5)) * C
            at[1, m] = o + (first + m) * C
        for m in range(count, W):                          # what may lie outside
            j = m - count + count * (m - count >= first)
            k = c0 * j + c1 * i + 1
            row, column = rounded(place_of(b0, b1, b2, k, i, j)), rounded(place_of(a0, a1, a2, k, i, j))
            at[0, m], at[1, m] = pixel(row, column, H, W, C, mode), o + j * C
        for m in range(W):
            p, q = at[0, m], at[1, m]
            if p < 0:
                for c in range(C):
                    y[q + c] = fill
            elif C == 3:
                y[q], y[q + 1], y[q + 2] = x[base + p], x[base + p + 1], x[base + p + 2]
            else:
                for c in range(C):
                    y[q + c] = x[base + p + c]


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
        image = x[n * H * W * C:(n + 1) * H * W * C]
        a0, a1, a2, b0, b1, b2, c0, c1 = transform_at(transforms, n * step)
        image[:] = F32(0)
        for place in range(H * W):
            i, j, o = np.float64(place // W), place % W, (n * H * W + place) * C
            k = c0 * j + c1 * i + 1
            row, column = place_of(b0, b1, b2, k, i, j), place_of(a0, a1, a2, k, i, j)
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
