"""A whole step of an optimizer in one go: all weights by all cores, each number read and written once.

The jobs get the arrays of all weights as a table of addresses: for each weight its size, its own address, its gradient's, and
those of what the optimizer remembers of it.
"""
import numpy as np

from .compiling import floats_at
from .jobs import FLAG, INTEGER, INTEGERS, NUMBER, address_of, job
from .vectors import F32, LANES, inner, put_some, some, spread, square_root


@inner
def _piece(table, row, columns, part, parts):
    """The part of a weight that falls to a part: (first, last + 1), and the row's place in the table."""
    at = row * columns
    return table[at] * part // parts, table[at] * (part + 1) // parts, at


@job
def sgd(part, parts, table: INTEGERS, rows: INTEGER, rate: NUMBER, momentum: NUMBER, nesterov: FLAG):
    rates, kept = spread(rate), spread(momentum)
    for row in range(rows):
        first, last, at = _piece(table, row, 4 if momentum != 0 else 3, part, parts)
        w, g = floats_at(table[at + 1], table[at]), floats_at(table[at + 2], table[at])
        velocity = floats_at(table[at + 3], table[at]) if momentum != 0 else w
        for i in range(first, last, LANES):
            n, step = last - i, rates * some(g, i, last - i)
            if momentum != 0:
                moving = kept * some(velocity, i, n) - step
                put_some(velocity, i, moving, n)
                step = step - kept * moving if nesterov else spread(F32(0)) - moving
            put_some(w, i, some(w, i, n) - step, n)


@job
def rmsprop(part, parts, table: INTEGERS, rows: INTEGER, rate: NUMBER, rho: NUMBER, rest: NUMBER, epsilon: NUMBER):
    """`rest` is 1 - rho, as exact as float32 has it: 1 - 0.999 is 5e-5 off if 0.999 is rounded before."""
    rates, kept, new, more = spread(rate), spread(rho), spread(rest), spread(epsilon)
    for row in range(rows):
        first, last, at = _piece(table, row, 4, part, parts)
        w, g, velocity = (floats_at(table[at + 1], table[at]), floats_at(table[at + 2], table[at]),
                          floats_at(table[at + 3], table[at]))
        for i in range(first, last, LANES):
            n, slope = last - i, some(g, i, last - i)
            square = kept * some(velocity, i, n) + new * slope * slope
            put_some(velocity, i, square, n)
            put_some(w, i, some(w, i, n) - rates * slope / square_root(square + more), n)


@job
def adam(part, parts, table: INTEGERS, rows: INTEGER, rate: NUMBER, rest_1: NUMBER, rest_2: NUMBER, epsilon: NUMBER):
    """`rest_1` and `rest_2` are 1 - beta_1 and 1 - beta_2."""
    rates, new, new_square, more = spread(rate), spread(rest_1), spread(rest_2), spread(epsilon)
    for row in range(rows):
        first, last, at = _piece(table, row, 5, part, parts)
        w, g = floats_at(table[at + 1], table[at]), floats_at(table[at + 2], table[at])
        momentum, velocity = floats_at(table[at + 3], table[at]), floats_at(table[at + 4], table[at])
        for i in range(first, last, LANES):
            n, slope, mean, square = last - i, some(g, i, last - i), some(momentum, i, last - i), some(velocity, i, last - i)
            mean = mean + (slope - mean) * new
            square = square + (slope * slope - square) * new_square
            put_some(momentum, i, mean, n)
            put_some(velocity, i, square, n)
            put_some(w, i, some(w, i, n) - rates * mean / (square_root(square) + more), n)


def table_of(*columns):
    """The table for lists of arrays, weight by weight: its size, then the address in each list."""
    rows = zip(*columns)
    return np.array([[row[0].size, *map(address_of, row)] for row in rows], np.int64)
