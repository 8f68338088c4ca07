"""One pool of threads at a time: BLAS keeps to one thread while the workers call it."""
import functools

import scipy.linalg.cython_blas  # noqa: F401  (the BLAS behind Numba's np.dot, now loaded)
from threadpoolctl import ThreadpoolController

_blas = ThreadpoolController().select(user_api="blas")


def single_threaded_blas(function):
    """A kernel whose threads call np.dot themselves: each such product runs on the thread that asked for it."""
    @functools.wraps(function)
    def call(*arguments):
        with _blas.limit(limits=1):
            return function(*arguments)
    return call
