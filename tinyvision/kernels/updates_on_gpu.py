"""Steps of the optimizers on a GPU: updates.cu, a launch for all weights, or for each 64 of them."""
import numpy as np

from . import cuda

MOST_WEIGHTS = 64                                          # of a launch, as updates.cu has it
FIELDS = "numbers", "gradients", "momenta", "velocities"
WEIGHTS = np.dtype([*((field, np.uint64, MOST_WEIGHTS) for field in FIELDS), ("sizes", np.int32, MOST_WEIGHTS)])
BLOCKS = 8                                                 # of a weight, for each multiprocessor; threads take several numbers


def _run(name, columns, *numbers):
    """Run a kernel for all weights. Columns: {field of the table: arrays, one for each weight}."""
    kernel = cuda.compiled(name, ("updates.cu",))
    for first in range(0, len(columns["numbers"]), MOST_WEIGHTS):
        arrays = {field: column[first:first + MOST_WEIGHTS] for field, column in columns.items()}
        table = np.zeros(1, WEIGHTS)                       # CuPy hands its bytes over, as the struct
        for field, column in arrays.items():
            table[field][0, :len(column)] = [a.data.ptr for a in column]
        sizes = [a.size for a in arrays["numbers"]]
        table["sizes"][0, :len(sizes)] = sizes
        blocks = min(-(-max(sizes) // cuda.THREADS), BLOCKS * cuda.multiprocessors())
        cuda.launch(kernel, (blocks, len(sizes)), (cuda.THREADS,), table, *numbers)


def sgd(columns, rate, momentum, nesterov):
    """A step of SGD, with momentum or without. Columns: weights, gradients, and velocities if there is momentum."""
    named = dict(zip(FIELDS, columns))
    if momentum:
        _run("sgd_with_momentum", named, float(rate), float(momentum), int(nesterov))
    else:
        _run("sgd", named, float(rate))


def rmsprop(columns, rate, rho, rest, epsilon):
    """A step of RMSprop; `rest` is 1 - rho. Columns: weights, gradients, velocities."""
    weights, gradients, velocities = columns
    _run("rmsprop", dict(numbers=weights, gradients=gradients, velocities=velocities), float(rate), float(rho), float(rest),
         float(epsilon))


def adam(columns, rate, rest_1, rest_2, epsilon):
    """A step of Adam; the rests are 1 - beta_1 and 1 - beta_2. Columns: weights, gradients, momenta, velocities."""
    _run("adam", dict(zip(FIELDS, columns)), float(rate), float(rest_1), float(rest_2), float(epsilon))
