"""Gradients against central differences."""
import numpy as np

from ..autograd import Tensor, grad, tensor, to_numpy

DIRECTIONS = 3                                             # one alone would miss an error of 0.1 % now and then


def check_gradients(function, inputs, epsilon: float = 1e-6, tolerance: float = 1e-5, second: bool = False,
                    seed: int = 0) -> None:
    """Check the gradients that the engine gives for a function against central differences, in float64.

    (f(x + h u) - f(x - h u)) / 2 h must be the gradient's part along u. Here f is the sum of all elements of the result, each
    with a random weight (with equal ones, some errors would cancel), and u a random direction of one input: a few numbers,
    and all elements take part in each. Only where they differ is every element measured by itself, to name the worst.

    Args:
        function: takes as many Tensors as there are inputs, and returns one. It must be smooth near them: at a corner, such as
            relu at 0 or two equal maxima, there is no one gradient.
        inputs: a list of arrays or Tensors of floats.
        epsilon: h, the step.
        tolerance: how far the two may be apart, relative to the size of the gradient.
        second: check the gradients of the gradients, too.
        seed: of the random weights and directions.

    Raises:
        AssertionError: a gradient is wrong; the message names the input, the element that is most wrong, and both values.
        ValueError: the function draws random numbers: it does not return the same twice.

    >>> check_gradients(lambda x, w: (x @ w).tanh(), [np.ones((2, 3)), np.ones((3, 2))], second=True)
    >>> check_gradients(lambda x: x * x.detach(), [np.array([2.0, -1.0])])         # doctest: +ELLIPSIS
    Traceback (most recent call last):
    AssertionError: the gradient with respect to input 0, of shape (2,), is wrong, ... All its elements are 0.5 times what ...
    """
    arrays, generator = [_floats(x) for x in inputs], np.random.default_rng(seed)
    result = _called(function, arrays).data
    if not np.array_equal(result, _called(function, arrays).data, equal_nan=True):
        raise ValueError("check_gradients: the function gives two results for the same inputs; let it draw its random numbers "
                         "from a fixed seed")
    weights = generator.standard_normal(result.shape)
    direction = [generator.standard_normal(a.shape) for a in arrays]

    def weighted(*tensors):
        return (function(*tensors) * weights).sum()

    def slope(*tensors):
        """The derivative of `weighted` along a direction: one number again, whose gradient is of second order."""
        gradients = _gradients(weighted(*tensors), tensors, create_graph=True)
        return sum(((g * u).sum() for g, u in zip(gradients, direction)), tensor(np.zeros(())))

    _compare("gradient", weighted, arrays, generator, epsilon, tolerance)
    if second:
        _compare("second gradient", slope, arrays, generator, epsilon, tolerance)


def _floats(x):
    array = np.array(to_numpy(x))
    if array.dtype.kind != "f":
        raise TypeError(f"check_gradients: the inputs are floats, got {array.dtype}: there are no gradients for others; let "
                        "the function itself bring them along")
    return array.astype(np.float64)


def _called(function, arrays):
    y = function(*(tensor(a, requires_grad=True) for a in arrays))
    if not isinstance(y, Tensor):
        raise TypeError(f"check_gradients: the function returns a Tensor, got {type(y).__name__}")
    return y


def _gradients(y, tensors, create_graph=False):
    """The gradient of y for each of the tensors: zeros where y does not depend on it."""
    found = grad(y, tensors, create_graph=create_graph, allow_unused=True) if y.requires_grad else [None] * len(tensors)
    return [tensor(np.zeros(t.shape)) if g is None else g for t, g in zip(tensors, found)]


def _compare(what, function, arrays, generator, epsilon, tolerance):
    """Raise AssertionError unless the gradients of a function that returns one number agree with central differences."""
    tensors = [tensor(a, requires_grad=True) for a in arrays]
    y = function(*tensors)
    rounding = 10 * np.finfo(np.float64).eps * max(1, abs(y.item())) / epsilon
    for i, gradient in enumerate(_gradients(y, tensors)):
        found = gradient.numpy()
        allowed = tolerance * np.linalg.norm(found) + rounding
        for u in generator.standard_normal((DIRECTIONS, *found.shape)):
            if not (allowed < np.inf and abs((found * u).sum() - _difference(function, arrays, i, u, epsilon)) <= allowed):
                raise AssertionError(_explained(what, i, found, _elementwise(function, arrays, i, epsilon)))


def _difference(function, arrays, i, u, epsilon):
    """The derivative of a function along the direction u of input i."""
    def at(step):
        return _called(function, [a + step * u if j == i else a for j, a in enumerate(arrays)]).item()
    return (at(epsilon) - at(-epsilon)) / (2 * epsilon)


def _elementwise(function, arrays, i, epsilon):
    """The derivative along each element of input i."""
    units = np.eye(arrays[i].size).reshape(-1, *arrays[i].shape)
    return np.reshape([_difference(function, arrays, i, unit, epsilon) for unit in units], arrays[i].shape)


def _explained(what, i, found, expected):
    worst = np.unravel_index(np.nan_to_num(np.abs(found - expected), nan=np.inf).argmax(), found.shape)
    return (f"the {what} with respect to input {i}, of shape {found.shape}, is wrong, most of all at {tuple(map(int, worst))}: "
            f"the engine gives {found[worst]:.8g}, central differences {expected[worst]:.8g} (of the sum of the result under "
            f"random weights). {_hint(found, expected)}")


def _hint(found, expected):
    """What an error of this kind mostly comes from."""
    def like(other):
        return found.shape == other.shape and np.allclose(found, other, rtol=1e-4, atol=1e-6 * np.abs(expected).max())
    factor = (found * expected).sum() / ((expected * expected).sum() or 1)
    if like(factor * expected):
        return f"All its elements are {factor:.4g} times what they should be: a factor, a sign or a term is wrong."
    if like(expected.T):
        return "It is the transpose of what it should be."
    return ("Is a term missing (an argument that occurs twice), a product transposed, a sum over the wrong axis, or an input "
            "at a corner, such as relu at 0?")
