"""The common optimizers' steps by one kernel for all weights together, in place of `update_step` weight by weight."""
import functools
import importlib

import numpy as np

from ..device import array_library, device_of
from ..kernels import updates_on_gpu
from ..kernels.choice import forced
from .adam import Adam, AdamW
from .base import SHORTCUTS
from .rmsprop import RMSprop
from .sgd import SGD


def all_at_once(optimizer, gradients, variables) -> bool:
    """Do the step, if it is a plain one of SGD, RMSprop, Adam or AdamW on float32 arrays of one device; else return False."""
    names = _remembered(optimizer)
    if names is None or not variables or forced() == "numpy" or len({device_of(v.data) for v in variables}) > 1:
        return False
    columns = [[v.data for v in variables], gradients, *([optimizer.slot(name, v) for v in variables] for name in names)]
    kind = type(columns[0][0])
    if not all(type(a) is kind and a.dtype == np.float32 for column in columns for a in column):
        return False
    columns[1] = list(map(array_library(columns[0][0]).ascontiguousarray, gradients))
    if not all(a.flags.c_contiguous for column in (columns[0], *columns[2:]) for a in column):
        return False
    if kind is not np.ndarray:
        _run(optimizer, updates_on_gpu, columns)
    elif _updates() is None or not all(a.flags.writeable for column in (columns[0], *columns[2:]) for a in column):
        return False
    else:
        _run(optimizer, _updates(), _updates().table_of(*columns), len(variables))
    for v in variables:
        v.mark_changed()
    return True


def _remembered(optimizer):
    """What a plain step remembers of a weight; None for other steps, and for classes that may do something else."""
    if type(optimizer) is SGD:
        return ["momentum"] if optimizer.momentum else []
    if type(optimizer) is RMSprop and not optimizer.momentum and not optimizer.centered:
        return ["velocity"]
    if type(optimizer) in (Adam, AdamW) and not optimizer.amsgrad:
        return ["momentum", "velocity"]
    return None


def _run(optimizer, updates, *arrays):
    rate, t = float(optimizer.learning_rate), optimizer.iterations + 1
    if type(optimizer) is SGD:
        updates.sgd(*arrays, rate, optimizer.momentum, optimizer.nesterov)
    elif type(optimizer) is RMSprop:
        updates.rmsprop(*arrays, rate, optimizer.rho, 1 - optimizer.rho, optimizer.epsilon)
    else:
        rate *= (1 - optimizer.beta_2 ** t) ** 0.5 / (1 - optimizer.beta_1 ** t)
        updates.adam(*arrays, rate, 1 - optimizer.beta_1, 1 - optimizer.beta_2, optimizer.epsilon)


@functools.cache
def _updates():
    """The module of the kernels; None without Numba, of which kernels/choice.py warns."""
    try:
        return importlib.import_module("...kernels.updates", __name__)
    except Exception:
        return None


SHORTCUTS.append(all_at_once)
