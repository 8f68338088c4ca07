"""Sums that many threads of a GPU add to at once, the same every time: fixed_point.cuh."""
from ..device import array_library
from . import cuda


def summed(add, numbers, terms: int, shape):
    """What `add(largest, terms, sums)` has added to sums, as floats of that shape.

    Args:
        numbers: an array of all that is added; `largest` is the largest size of them.
        terms: how many numbers come together in a sum at most.
    """
    xp = array_library(numbers)
    largest, sums, x = abs(numbers).max(), xp.zeros(shape, "int64"), xp.empty(shape, numbers.dtype)
    add(largest, float(terms), sums)
    cuda.for_each(cuda.compiled("from_fixed", ("fixed_point.cuh",)), x.size, sums, largest, float(terms), x)
    return x
