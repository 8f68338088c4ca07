"""Pieces, ranks and positions: all results of each, and what cannot be."""
import numpy as np
import pytest
from samples import ROWS

from tinyvision import Tensor, grad, ops, tensor

X = np.arange(24.0).reshape(4, 6)


@pytest.mark.parametrize("call, message", [
    (lambda: ops.split(X, 3), "axis 0 of x \\(4, 6\\) has 4 elements, which are not 3 equal pieces"),
    (lambda: ops.split(X, 0), "not 0 equal pieces"), (lambda: ops.split(X, -2, axis=1), "not -2 equal pieces"),
    (lambda: ops.split(X, [3, 1]), "indices rise, from 0 to the 4 elements along axis 0 of x \\(4, 6\\); got \\[3, 1\\]"),
    (lambda: ops.split(X, [2, 9]), "got \\[2, 9\\]"), (lambda: ops.split(X, [-1], axis=1), "got \\[-1\\]"),
    (lambda: ops.split(X, 2, axis=2), "split: axis 2 is out of bounds"),
    (lambda: ops.take_along_axis(X, np.zeros(4, int), 1), "that of x \\(4, 6\\) but for axis 1, got int64 \\(4,\\)"),
    (lambda: ops.take_along_axis(X, np.zeros((3, 1), int), 1), "that of x \\(4, 6\\) but for axis 1, got int64 \\(3, 1\\)"),
    (lambda: ops.take_along_axis(X, np.zeros((4, 1)), 1), "takes integers .* got float64 \\(4, 1\\)"),
    (lambda: ops.take_along_axis(X, np.zeros((1, 1), int)), "that of x \\(24,\\) but for axis 0"),
    (lambda: ops.take_along_axis(X, np.full((4, 1), 6), 1), "take_along_axis: index 6 is out of bounds for axis 1 with size 6"),
    (lambda: ops.take_along_axis(X, np.zeros((4, 1), int), 2), "take_along_axis: axis 2 is out of bounds"),
    (lambda: ops.top_k(X, 7), "top_k: k is a whole number, at most the size of the last axis of x \\(4, 6\\); got 7"),
    (lambda: ops.top_k(X, -1), "got -1"), (lambda: ops.top_k(X, 1.5), "got 1.5"), (lambda: ops.top_k(3.0, 1), "of x \\(\\); got 1"),
    (lambda: ops.sort(X, axis=2), "argsort: axis 2 is out of bounds"), (lambda: ops.argsort(X, axis=-3), "argsort: axis -3"),
])
def test_what_cannot_be_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_piece_is_a_whole_number():
    with pytest.raises(TypeError):
        ops.split(X, 2.0)


@pytest.mark.parametrize("row", ROWS["split"], ids=repr)
def test_all_pieces_are_those_of_keras(keras, row):
    """Their number, their values; and the gradient of them all together, which for random weights tells them apart."""
    x, = row.leaves
    expected = keras.ops.split(**row.arguments)
    t = Tensor(x, requires_grad=True)
    pieces = ops.split(**{**row.arguments, "x": t})
    assert isinstance(pieces, list) and len(pieces) == len(expected)
    rng, weights = np.random.default_rng(0), []
    for piece, other in zip(pieces, expected, strict=True):
        np.testing.assert_array_equal(piece.data, other)
        weights.append(rng.standard_normal(piece.shape))
    total = sum((piece * w).sum() for piece, w in zip(pieces, weights, strict=True))
    np.testing.assert_array_equal(grad(total, t)[0].data, np.concatenate(weights, row.arguments.get("axis", 0)))


def test_pieces_of_nothing():
    assert [piece.shape for piece in ops.split(np.zeros((0, 2)), 3)] == [(0, 2)] * 3


def test_top_k_of_equals_same_as_keras(keras):
    """The first of equals; nan counts as the largest."""
    for x in ([[1.0, 3.0, 3.0, 1.0], [2.0, 2.0, 2.0, 2.0]], [[1.0, np.nan, 3.0, np.inf]], np.array([[3, 1, 3, 2]]),
              np.random.default_rng(0).integers(0, 4, (20, 9)).astype(float)):
        for k in range(5):
            values, positions = ops.top_k(np.array(x), k)
            for found, expected in zip((values, positions), keras.ops.top_k(np.array(x), k), strict=True):
                np.testing.assert_array_equal(found.data, expected)
            assert positions.dtype == np.int32 and not positions.requires_grad


def test_only_what_was_taken_has_a_gradient():
    x = tensor([[1.0, 7.0, 5.0], [3.0, 3.0, 2.0]], requires_grad=True)
    values, _ = ops.top_k(x, 2)
    values.backward([[1.0, 2.0], [3.0, 4.0]])
    np.testing.assert_array_equal(x.grad.data, [[0, 1, 2], [3, 4, 0]])


def test_equals_stay_in_order(keras):
    x = np.array([[2.0, 1.0, 2.0, 1.0], [0.0, 0.0, 0.0, -0.0]])
    np.testing.assert_array_equal(ops.argsort(x).data, [[1, 3, 0, 2], [0, 1, 2, 3]])
    np.testing.assert_array_equal(ops.argsort(x).data, keras.ops.argsort(x))


def test_what_is_taken_twice_gets_both_gradients():
    x = tensor(np.array([[1.0, 2.0, 3.0]]), requires_grad=True)
    ops.take_along_axis(x, [[1, 1, -1]], axis=1).backward(np.array([[1.0, 10.0, 5.0]]))
    np.testing.assert_array_equal(x.grad.data, [[0, 11, 5]])
