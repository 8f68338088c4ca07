"""Steps of the optimizers on a GPU: updates.cu, a launch for each weight."""
from . import cuda


def _each(name, columns, *numbers):
    """Run a kernel for each weight: its array, its gradient, and what is remembered of it."""
    kernel = cuda.compiled(name, ("updates.cu",))
    for weight, *others in zip(*columns):
        cuda.for_each(kernel, weight.size, weight, *others, *numbers)


def sgd(columns, rate, momentum, nesterov):
    if momentum:
        _each("sgd_with_momentum", columns, rate, float(momentum), int(nesterov))
    else:
        _each("sgd", columns, rate)


def rmsprop(columns, rate, rho, rest, epsilon):
    _each("rmsprop", columns, rate, float(rho), float(rest), float(epsilon))


def adam(columns, rate, rest_1, rest_2, epsilon):
    _each("adam", columns, rate, float(rest_1), float(rest_2), float(epsilon))
