"""Einsum beside NumPy's on all it reads, its mistakes by name, and the products that are special cases of it."""
import itertools

import numpy as np
import pytest

from tinyvision import grad, ops, tensor

A, B = np.ones((2, 3)), np.ones((4, 3))


@pytest.mark.parametrize("call, message", [
    (lambda: ops.einsum("ij,jk->ik", A, B), "'j' has size 3 in operand 0 of shape \\(2, 3\\), but 4 in operand 1 of shape \\(4, 3\\)"),
    (lambda: ops.einsum("...i,...i", A, B), "an axis of '...' has size 2 in operand 0 .* but 4 in operand 1"),
    (lambda: ops.einsum("ij->ik", A), "the result has the letter k, which no operand has"),
    (lambda: ops.einsum("ij->ii", A), "the result has the letter i more than once"),
    (lambda: ops.einsum("ij,jk", A), "the subscripts are for 2 operands, got 1"),
    (lambda: ops.einsum("ij", A, B), "the subscripts are for 1 operands, got 2"),
    (lambda: ops.einsum("ijk->i", A), "operand 0 of shape \\(2, 3\\) has 2 axes, 'ijk' 3"),
    (lambda: ops.einsum("i->i", A), "operand 0 of shape \\(2, 3\\) has 2 axes, 'i' 1"),
    (lambda: ops.einsum("i...jk->i", A), "'i...jk' at least 3"),
    (lambda: ops.einsum("i1->i", A), "takes letters, commas, '...' and one '->', got 1"),
    (lambda: ops.einsum("ij->i->j", A), "one '->', got - >"),
    (lambda: ops.einsum("ij->i,j", A), "one '->', got ,"),
    (lambda: ops.einsum("..ij->i", A), "'.' comes as '...', once in '..ij'"),
    (lambda: ops.einsum("...i...->i", A), "once in '...i...'"),
    (lambda: ops.einsum("ii", A), "'i' has size 2 in operand 0 of shape \\(2, 3\\), but 3 in operand 0"),
    (lambda: ops.einsum("ii->i", np.ones((1, 3))), "'i' stands for two axes of one operand, of sizes 1 and 3"),
    (lambda: ops.dot(A, B), "dot: axes \\(1,\\) of x1 \\(2, 3\\) go with axes \\(0,\\) of x2 \\(4, 3\\), but their sizes differ"),
    (lambda: ops.tensordot(A, B), "tensordot: axes \\(0, 1\\) of x1 \\(2, 3\\)"),
    (lambda: ops.tensordot(A, B, 3), "as a number, axes is 0 up to .* got 3"),
    (lambda: ops.tensordot(A, B, [1]), "a number, or a list of axes of x1 and one of x2"),
    (lambda: ops.tensordot(A, B, [[1, 0], [1]]), "axes \\(1, 0\\) of x1 .* \\(1,\\) of x2"),
    (lambda: ops.tensordot(A, B, [5, 0]), "tensordot: axes of x1: axis 5 is out of bounds"),
    (lambda: ops.tensordot(A, A, [[0, 0], [0, 1]]), "repeated axis in `tensordot: axes of x1`"),
])
def test_mistakes_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_einsum_takes_a_text():
    with pytest.raises(TypeError, match="einsum: the subscripts are a text, 'ij,jk->ik'"):
        ops.einsum(A, [0, 1], [1])


def test_every_product_of_two_small_arrays():
    """All subscripts of two operands with up to two letters of i, j, k each, and all results in all orders: NumPy's einsum."""
    rng, sizes = np.random.default_rng(0), {"i": 2, "j": 3, "k": 4}
    terms = ["".join(term) for n in range(3) for term in itertools.product("ijk", repeat=n)]
    for first, second in itertools.product(terms, terms):
        x1, x2 = (rng.standard_normal([sizes[n] for n in term]) for term in (first, second))
        letters = sorted(set(first + second))
        for result in itertools.chain.from_iterable(itertools.permutations(letters, n) for n in range(len(letters) + 1)):
            subscripts = f"{first},{second}->{''.join(result)}"
            np.testing.assert_allclose(ops.einsum(subscripts, x1, x2).data, np.einsum(subscripts, x1, x2), rtol=0, atol=1e-13,
                                       err_msg=subscripts)


def test_the_implicit_result():
    x = np.arange(6.0).reshape(2, 3)
    np.testing.assert_array_equal(ops.einsum("Ba", x).data, np.einsum("Ba", x))                # capitals come first
    np.testing.assert_array_equal(ops.einsum("b...a", x[None]).data, np.einsum("b...a", x[None]))
    assert ops.einsum("ij,jh", np.ones((2, 3)), np.ones((3, 4))).shape == (4, 2)


def test_a_long_chain_makes_no_large_array():
    """Pairs are taken in the order that keeps what lies between small: here n^3 numbers would not fit into memory."""
    n = 2000
    v, m = np.ones(n), np.eye(n)
    assert float(ops.einsum("i,j,k,ij,jk->", v, v, v, m, m)) == n


def test_an_index_of_one_operand_alone():
    """Its gradient is that of a sum: the same for every place along that axis."""
    x, w = tensor(np.ones((2, 3, 4)), requires_grad=True), tensor(np.array([1.0, 10.0]), requires_grad=True)
    to_x, to_w = grad(ops.einsum("ijk,i->", x, w), [x, w])
    np.testing.assert_array_equal(to_x.data, np.broadcast_to([[[1.0]], [[10.0]]], (2, 3, 4)))
    np.testing.assert_array_equal(to_w.data, [12, 12])


def test_the_gradient_of_a_diagonal_lies_on_it():
    x = tensor(np.arange(9.0).reshape(3, 3), requires_grad=True)
    np.testing.assert_array_equal(grad(ops.einsum("ii", x), x)[0].data, np.eye(3))
    np.testing.assert_array_equal(grad(ops.einsum("ii->i", x), x, np.array([1.0, 2.0, 3.0]))[0].data, np.diag([1, 2, 3]))


@pytest.mark.parametrize("sizes", [(0, 3, 2), (2, 0, 2), (2, 3, 0), (0, 0, 0)])
def test_products_of_nothing(sizes):
    n, k, m = sizes
    x, w = tensor(np.zeros((n, k)), requires_grad=True), tensor(np.zeros((k, m)), requires_grad=True)
    for y in (ops.einsum("nk,km->nm", x, w), ops.dot(x, w), ops.tensordot(x, w, 1)):
        np.testing.assert_array_equal(y.data, np.zeros((n, m)))
        assert [g.shape for g in grad(y, [x, w], np.zeros((n, m)))] == [(n, k), (k, m)]
