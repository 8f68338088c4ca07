"""Steps of the optimizers on a GPU: updates.cu, a launch for each weight."""
from . import cuda


def _each(name, columns, *numbers):
    """Run a kernel for each weight: its array, its gradient, and what is remembered of it."""
    kernel = cuda.compiled(name, ("updates.cu",))
    for weight, *others in zip(*columns):
        cuda.for_each(kernel, weight.size, weight, *others, *numbers)


def sgd(columns, rate, momentum, nesterov):
    """A step of SGD, with momentum or without. Columns: weights, gradients, and velocities if there is momentum."""
    if momentum:
        _each("sgd_with_momentum", columns, rate, float(momentum), int(nesterov))
    else:
        _each("sgd", columns, rate)


def rmsprop(columns, rate, rho, rest, epsilon):
    """A step of RMSprop; `rest` is 1 - rho. Columns: weights, gradients, velocities."""
    _each("rmsprop", columns, rate, float(rho), float(rest), float(epsilon))


def adam(columns, rate, rest_1, rest_2, epsilon):
    """A step of Adam; the rests are 1 - beta_1 and 1 - beta_2. Columns: weights, gradients, momenta, velocities."""
    _each("adam", columns, rate, float(rest_1), float(rest_2), float(epsilon))
