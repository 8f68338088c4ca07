"""Axes and repeats that are not there are refused by name, and none is taken for another."""
import numpy as np
import pytest

from tinyvision import ops

X = np.ones((2, 3, 4))


@pytest.mark.parametrize("call, message", [
    (lambda: ops.prod(X, axis=5), "prod: axis: axis 5 is out of bounds"), (lambda: ops.prod(X, axis=(0, -3)), "repeated axis in `prod: axis`"),
    (lambda: ops.swapaxes(X, 0, 7), "swapaxes: axis 7 is out of bounds"), (lambda: ops.moveaxis(X, 9, 0), "moveaxis: source: axis 9"),
    (lambda: ops.moveaxis(X, (0, 1), 0), "as many destinations as sources"), (lambda: ops.cumsum(X, axis=9), "cumsum: axis 9"),
    (lambda: ops.roll(X, 1, axis=9), "roll: axis 9"), (lambda: ops.tile(X, (-1, 1)), "tile: the numbers of repeats are 0 or more"),
    (lambda: ops.repeat(X, 2, axis=7), "repeat: axis 7 is out of bounds"), (lambda: ops.repeat(X, [1, 2], axis=2), "one for each of the 4"),
    (lambda: ops.repeat(X, -1, axis=0), "a whole number, 0 or more"), (lambda: ops.repeat(X, 1.5, axis=0), "a whole number, 0 or more"),
])
def test_bad_axes_and_repeats(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_numbers_of_numpy_are_numbers():
    assert ops.tile(X, np.int64(2)).shape == (2, 3, 8) and ops.repeat(X, np.int64(2), axis=0).shape == (4, 3, 4)


def test_the_product_of_nothing():
    np.testing.assert_array_equal(ops.prod(np.zeros((0, 3)), axis=0).numpy(), np.ones(3))
