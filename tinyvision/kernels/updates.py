"""A whole step of an optimizer in one go: all weights by all cores, each number read and written once.

The jobs get the arrays of all weights as a table of addresses: for each weight its size, its own address, its gradient's, and
those of what the optimizer remembers of it.
"""
import math

import numpy as np

from .compiling import floats_at
from .jobs import FLAG, INTEGER, INTEGERS, NUMBER, address_of, job
from .vectors import F32, inner


@inner
def _piece(table, row, columns, part, parts):
    """The part of a weight that falls to a part: (first, last + 1), and the row's place in the table."""
    at = row * columns
    return table[at] * part // parts, table[at] * (part + 1) // parts, at


@job
def sgd(part, parts, table: INTEGERS, rows: INTEGER, rate: NUMBER, momentum: NUMBER, nesterov: FLAG):
    for row in range(rows):
        first, last, at = _piece(table, row, 4 if momentum != 0 else 3, part, parts)
        w, g = floats_at(table[at + 1], table[at]), floats_at(table[at + 2], table[at])
        if momentum == 0:
            for i in range(first, last):
                w[i] -= rate * g[i]
        else:
            velocity = floats_at(table[at + 3], table[at])
            for i in range(first, last):
                step = -rate * g[i]
                velocity[i] = momentum * velocity[i] + step
                w[i] += momentum * velocity[i] + step if nesterov else velocity[i]


@job
def rmsprop(part, parts, table: INTEGERS, rows: INTEGER, rate: NUMBER, rho: NUMBER, epsilon: NUMBER):
    for row in range(rows):
        first, last, at = _piece(table, row, 4, part, parts)
        w, g, velocity = (floats_at(table[at + 1], table[at]), floats_at(table[at + 2], table[at]),
                          floats_at(table[at + 3], table[at]))
        for i in range(first, last):
            velocity[i] = rho * velocity[i] + (F32(1) - rho) * g[i] * g[i]
            w[i] -= rate * g[i] / np.sqrt(velocity[i] + epsilon)


@job
def adam(part, parts, table: INTEGERS, rows: INTEGER, rate: NUMBER, beta_1: NUMBER, beta_2: NUMBER, epsilon: NUMBER):
    for row in range(rows):
        first, last, at = _piece(table, row, 5, part, parts)
        w, g = floats_at(table[at + 1], table[at]), floats_at(table[at + 2], table[at])
        momentum, velocity = floats_at(table[at + 3], table[at]), floats_at(table[at + 4], table[at])
        for i in range(first, last):
            momentum[i] += (g[i] - momentum[i]) * (F32(1) - beta_1)
            velocity[i] += (g[i] * g[i] - velocity[i]) * (F32(1) - beta_2)
            w[i] -= rate * momentum[i] / (math.sqrt(velocity[i]) + epsilon)


def table_of(*columns):
    """The table for lists of arrays, weight by weight: its size, then the address in each list."""
    rows = zip(*columns)
    return np.array([[row[0].size, *map(address_of, row)] for row in rows], np.int64)
