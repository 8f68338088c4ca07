"""Who made the first NaN: ops that look at what they have just computed."""
import contextlib

import numpy as np

from .autograd import _with, mode
from .device import array_library, is_array


@contextlib.contextmanager
def detect_anomaly():
    """A context in which the op that makes the first NaN or Inf raises FloatingPointError, forward or backward.

    >>> from tinyvision import tensor
    >>> with detect_anomaly():
    ...     tensor(-1.0).log()
    Traceback (most recent call last):
    FloatingPointError: log made nan from an input of shape () without any
    """
    with _with(detecting=_check_finite), np.errstate(all="ignore"):        # NumPy would only warn of the same
        yield


def _check_finite(op, y, arrays):
    """Raise if `y` has a NaN or Inf and no argument had."""
    def bad(a):
        return is_array(a) and a.dtype.kind == "f" and not array_library(a).isfinite(a).all()
    if bad(y) and not any(map(bad, arrays)):
        what = "nan" if array_library(y).isnan(y).any() else "inf"
        shapes = " and ".join(str(a.shape) for a in arrays if is_array(a))
        where = f" in the gradient of {mode.differentiating.name}" if mode.differentiating else ""
        raise FloatingPointError(f"{op.name} made {what}{where} from an input of shape {shapes} without any")
