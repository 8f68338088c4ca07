"""Arrays made from scratch, and diagonals: dtypes, all results, what cannot be."""
import numpy as np
import pytest

from tinyvision import config, grad, ops, tensor


@pytest.mark.parametrize("call, message", [
    (lambda: ops.arange(1, 2, 0), "arange: steps of 0 never arrive"), (lambda: ops.linspace(0, 1, -1), "linspace: num is 0 or more, got -1"),
    (lambda: ops.zeros((2, -1)), "zeros: negative dimensions"), (lambda: ops.full((2, 3), np.ones(2)), "broadcast_to: .*\\(2,\\).*\\(2, ?3\\)"),
    (lambda: ops.meshgrid([1.0], [2.0], indexing="yx"), "indexing is 'xy' or 'ij', not 'yx'"),
    (lambda: ops.diag(np.ones((2, 2, 2))), "diag: takes a vector or a matrix, got shape \\(2, 2, 2\\)"), (lambda: ops.diag(1.0), "got shape \\(\\)"),
    (lambda: ops.diagonal(np.ones((2, 3)), 0, 1, -1), "two different axes of x \\(2, 3\\), got 1 twice"),
    (lambda: ops.trace(np.ones(3)), "diagonal: axis 1 is out of bounds"), (lambda: ops.vstack([]), "one array or more, got none"),
    (lambda: ops.hstack([]), "one array or more, got none"), (lambda: ops.vstack([np.ones(2), np.ones(3)]), "concatenate"),
    (lambda: ops.tril(np.ones(3)), "tril: takes matrices, .*got shape \\(3,\\)"), (lambda: ops.triu(2.0), "triu: takes matrices, .*got shape \\(\\)"),
])
def test_what_cannot_be_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("floatx", ["float32", "float64"])
def test_dtypes_are_those_of_keras(keras, floatx):
    """Of what has none of its own: `floatx()`; whole numbers are int32 in a range."""
    config.set_floatx(floatx)
    before = keras.config.floatx()
    keras.config.set_floatx(floatx)
    try:
        for name, *args in [("zeros", (2,)), ("ones", 2), ("full", (2,), 3), ("eye", 2), ("identity", 2), ("arange", 3), ("arange", 3.0), ("arange", 0, 1, 0.5),
                            ("zeros_like", np.ones(2, "uint8")), ("ones_like", np.ones(2)), ("full_like", np.ones(2, "int32"), 2.5)]:
            ours, theirs = (getattr(k, name)(*args) for k in (ops, keras.ops))
            assert str(ours.dtype) == keras.backend.standardize_dtype(theirs.dtype), (name, args)
            np.testing.assert_array_equal(ours.data, theirs)
    finally:
        keras.config.set_floatx(before)


@pytest.mark.parametrize("indexing", ["xy", "ij"])
@pytest.mark.parametrize("sizes", [(2, 3), (3, 1, 2), (4,), (2, 3, 4, 2), ()])
def test_all_coordinates_of_a_grid(sizes, indexing):
    xs = [np.random.default_rng(i).standard_normal(n) for i, n in enumerate(sizes)]
    for ours, expected in zip(ops.meshgrid(*xs, indexing=indexing), np.meshgrid(*xs, indexing=indexing), strict=True):
        np.testing.assert_array_equal(ours.data, expected)


def test_the_ends_of_a_range_are_exact():
    for start, stop in ((0.1, 0.7), (-1e9, 1e-9)):
        y = ops.linspace(np.array(start), np.array(stop), 7).data
        np.testing.assert_allclose(y, np.linspace(start, stop, 7), rtol=1e-15)
    y, step = ops.linspace(np.array(1.0), np.array([2.0, 4.0]), 5, retstep=True)
    np.testing.assert_array_equal(y.data[[0, -1]], [[1, 1], [2, 4]])
    np.testing.assert_array_equal(step.data, [0.25, 0.75])
    assert ops.linspace(0, 1, 0).shape == (0,) and np.isnan(float(ops.linspace(0, 1, 1, retstep=True)[1]))
    assert ops.linspace(0, 1, 3).dtype == np.float32


def test_what_is_filled_with_a_tensor_has_its_gradient():
    t = tensor(2.0, requires_grad=True)
    assert float(grad(ops.full((2, 3), t).sum(), t)[0]) == 6
    assert float(grad(ops.full_like(np.ones(4, "float32"), t).sum(), t)[0]) == 4
    assert not ops.zeros_like(t).requires_grad
