"""check_gradients accepts right rules and catches wrong ones, and says what is wrong with them."""
import re

import numpy as np
import pytest

from tinyvision import ops, tensor
from tinyvision.op import op
from tinyvision.testing import check_gradients

rng = np.random.default_rng(0)


def normal(*shape):
    return rng.standard_normal(shape)


# Right rules --------------------------------------------------------------------------------------------------------------

RIGHT = {
    "elementwise": (lambda x, y: (x * y).tanh() + x / (y * y + 1), [normal(3, 4), normal(4)]),
    "matmul": (lambda x, w, b: (x @ w + b).sigmoid(), [normal(3, 4), normal(4, 2), normal(2)]),
    "reductions": (lambda x: x.var(axis=0) + x.mean(axis=1).sum() + ops.logsumexp(x), [normal(4, 3)]),
    "conv": (lambda x, k: ops.conv(x, k, strides=2, padding="same"), [normal(2, 5, 6, 2), normal(3, 3, 2, 3)]),
    "batch norm": (lambda x, g, b: ops.batch_normalization_training(x, -1, b, g)[0], [normal(4, 3, 2), normal(2), normal(2)]),
    "softmax": (lambda x: ops.softmax(x), [normal(3, 5)]),
    "no axes": (lambda x, y: x ** 3 * y, [normal(), normal()]),
    "linear": (lambda x: x * 3, [normal(4)]),
    "constant": (lambda x: x * 0 + 1.0, [normal(4)]),
    "one input unused": (lambda x, y: x * x, [normal(3), normal(2)]),
    "no input used": (lambda x: tensor(np.ones(3)), [normal(3)]),
    "nothing": (lambda x: x.exp(), [np.zeros((0, 3))]),
    "large numbers": (lambda x: x * x * 1e6, [1e3 * normal(5)]),
    "small numbers": (lambda x: (x * 1e-6).exp().mean() * 1e-3, [normal(5)]),
    "a cancelling sum": (lambda x: ops.softmax(x).sum(axis=-1), [normal(3, 5)]),
    "steep": (lambda x: (5 * x).exp(), [normal(3)]),
}


@pytest.mark.parametrize("second", [False, True])
@pytest.mark.parametrize("name", RIGHT)
def test_right_rules_are_accepted(name, second):
    function, inputs = RIGHT[name]
    for seed in range(3):
        assert check_gradients(function, inputs, second=second, seed=seed) is None


@pytest.mark.parametrize("make", [lambda a: a, np.float32, tensor, lambda a: tensor(a, requires_grad=True), np.asfortranarray])
def test_inputs_are_arrays_or_tensors(make):
    a = np.float32(normal(3, 3)).astype(np.float64)
    given, seen = make(a), []
    check_gradients(lambda x: seen.append(x) or x.exp(), [given])
    assert all(x.dtype == "float64" for x in seen)
    np.testing.assert_array_equal(seen[0].numpy(), a)
    np.testing.assert_array_equal(given.detach().numpy() if hasattr(given, "detach") else given, a)    # it stays as it was


# Wrong rules --------------------------------------------------------------------------------------------------------------

def product(x=lambda g, w: g * w, w=lambda g, x: g * x):
    @op
    def _product(x, w):
        return x * w

    _product.gradient(x=x, w=w)
    return _product


def matrix_product(x=lambda g, w: g @ w.T, w=lambda g, x: x.T @ g):
    @op
    def _matrix_product(x, w):
        return x @ w

    _matrix_product.gradient(x=x, w=w)
    return _matrix_product


def normalized(rule):
    @op
    def _normalized(x):
        return x / np.sqrt((x * x).sum())

    _normalized.gradient(x=rule)
    return _normalized


def size(x):
    return (x * x).sum().sqrt()


def half_softmax(rule):
    @op
    def _softmax(x):
        e = np.exp(x - x.max(-1, keepdims=True))
        return e / e.sum(-1, keepdims=True)

    _softmax.gradient(x=rule)
    return _softmax


WRONG = {                                                  # function, inputs, the number of the wrong input
    "wrong sign": (product(w=lambda g, x: -g * x), [normal(3), normal(3)], 1),
    "wrong factor": (product(x=lambda g, w: 2 * g * w), [normal(2, 3), normal(3)], 0),
    "0.1 % too large": (product(w=lambda g, x: g * x * 1.001), [normal(4), normal(4)], 1),
    "0.1 % too small": (matrix_product(x=lambda g, w: (g @ w.T) * 0.999), [normal(3, 4), normal(4, 2)], 0),
    "transposed": (matrix_product(w=lambda g, x: g.T @ x), [normal(3, 3), normal(3, 3)], 1),
    "wrong operand": (product(x=lambda g, x: g * x), [normal(3), normal(3)], 0),
    "missing term": (normalized(lambda g, x: g / size(x)), [normal(4)], 0),
    "missing term of softmax": (half_softmax(lambda g, y: g * y), [normal(2, 3)], 0),
    "without the incoming gradient": (product(x=lambda g, w: 0 * g + w), [normal(3), normal(3)], 0),
    "summed over the wrong axis": (half_softmax(lambda g, y: y * (g - (g * y).sum(axis=0, keepdims=True))), [normal(3, 3)], 0),
    "none at all": (product(x=lambda g: None), [normal(3), normal(3)], 0),
    "cut off": (lambda x: x.detach() * 2, [normal(3)], 0),
    "half cut off": (lambda x, w: x * x.detach() * w, [normal(3), normal(3)], 0),
    "not a number": (product(w=lambda g, x: g * x * np.nan), [normal(3), normal(3)], 1),
    "infinite": (product(w=lambda g, x: g * x * np.inf), [normal(3), normal(3)], 1),
    "one infinite element": (product(w=lambda g, x: g * x * np.where(np.arange(3) == 1, np.inf, 1)), [np.ones(3), np.ones(3)], 1),
    "one element": (product(w=lambda g, x: g * x * np.where(np.arange(50) == 17, 1.01, 1)), [np.ones(50), np.ones(50)], 1),
    "a small part of a sum": (lambda x, w: x * 1e4 + product(w=lambda g, x: 1.001 * g * x)(x, w), [normal(3), normal(3)], 1),
    "tiny": (lambda x, w: product(w=lambda g, x: 2 * g * x)(x, w) * 1e-6, [normal(3), normal(3)], 1),
}


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("name", WRONG)
def test_wrong_rules_are_caught(name, seed):
    function, inputs, number = WRONG[name]
    with pytest.raises(AssertionError, match=f"^the gradient with respect to input {number}, of shape"):
        check_gradients(function, inputs, seed=seed)


SECOND = {
    "cut off": (product(x=lambda g, w: g * w.detach()), [normal(3), normal(3)]),
    "wrong sign": (product(x=lambda g, w: g * (2 * w.detach() - w)), [normal(3), normal(3)]),
    "0.1 % too large": (product(x=lambda g, w: g * (1.001 * w - 0.001 * w.detach())), [normal(3), normal(3)]),
    "of the incoming gradient": (lambda x: normalized_square(x).exp(), [normal(3)]),
}


@op
def normalized_square(x):
    return x * x


normalized_square.gradient(x=lambda g, x: g.detach() * 2 * x)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", SECOND)
def test_a_wrong_second_gradient_is_caught_by_second_alone(name, seed):
    function, inputs = SECOND[name]
    check_gradients(function, inputs, seed=seed)
    with pytest.raises(AssertionError, match=r"^the second gradient with respect to input \d, of shape \(3,\), is wrong"):
        check_gradients(function, inputs, second=True, seed=seed)


def test_a_second_gradient_of_a_rule_that_cannot_be_differentiated():
    @op
    def _exp(x):
        return np.exp(x)

    _exp.gradient(x=lambda g, y: tensor(g.data * y.data))  # arrays, where Tensors belong
    check_gradients(_exp, [normal(3)])
    with pytest.raises(AssertionError, match="the second gradient with respect to input 0"):
        check_gradients(_exp, [normal(3)], second=True)


# What is said -------------------------------------------------------------------------------------------------------------

def message_of(function, inputs, **settings):
    with pytest.raises(AssertionError) as caught:
        check_gradients(function, inputs, **settings)
    return str(caught.value)


def test_the_worst_element_is_named_with_both_values():
    factor = np.ones((3, 4))
    factor[2, 1], factor[0, 3] = 1.5, 1.01
    function = product(w=lambda g, x: g * x * factor)
    message = message_of(function, [np.ones((3, 4)), np.ones((3, 4))])
    found = re.search(r"input 1, of shape \(3, 4\), is wrong, most of all at \(2, 1\): the engine gives (\S+), central "
                      r"differences (\S+) \(of the sum of the result under random weights\)", message)
    engine, differences = map(float, found.groups())
    np.testing.assert_allclose(engine, 1.5 * differences, rtol=1e-6)


def test_an_element_that_is_not_a_number_is_the_worst():
    factor = np.array([1.0, 50.0, np.nan])
    message = message_of(product(w=lambda g, x: g * x * factor), [np.ones(3), np.ones(3)])
    assert "most of all at (2,): the engine gives nan, central differences" in message


@pytest.mark.parametrize("function, inputs, hint", [
    (product(w=lambda g, x: -g * x), [normal(4), normal(4)], "All its elements are -1 times what they should be"),
    (product(w=lambda g, x: 3 * g * x), [normal(4), normal(4)], "All its elements are 3 times what they should be"),
    (lambda x: x.detach() * 2, [normal(4)], "All its elements are 0 times what they should be"),
    (matrix_product(w=lambda g, x: g.T @ x), [normal(3, 3), normal(3, 3)], "It is the transpose of what it should be."),
    (half_softmax(lambda g, y: g * y), [normal(2, 3)], "Is a term missing"),
    (lambda x: ops.relu(x), [np.array([0.0, 1.0, 2.0])], "at a corner, such as relu at 0"),
])
def test_hints(function, inputs, hint):
    assert hint in message_of(function, inputs)


def test_the_tolerance_counts():
    function = product(w=lambda g, x: g * x * 1.001)
    check_gradients(function, [normal(4), normal(4)], tolerance=0.01)
    message_of(function, [normal(4), normal(4)], tolerance=1e-4)


def test_epsilon_counts():
    """Too large a step measures the curvature, too: of x^3 it gives 3 x^2 + h^2."""
    check_gradients(lambda x: x ** 3, [np.ones(3)])
    message_of(lambda x: x ** 3, [np.ones(3)], epsilon=0.1)


def test_misuse():
    with pytest.raises(ValueError, match="gives two results for the same inputs; let it draw its random numbers"):
        check_gradients(lambda x: ops.dropout(x, 0.5), [np.ones(100)])
    check_gradients(lambda x: ops.dropout(x, 0.5, seed=1), [np.ones(100)])
    with pytest.raises(TypeError, match="the inputs are floats, got int64"):
        check_gradients(lambda x: x * 2, [np.arange(3)])
    with pytest.raises(TypeError, match="the function returns a Tensor, got float"):
        check_gradients(lambda x: x.sum().item(), [normal(3)])
