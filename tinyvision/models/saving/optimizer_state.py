"""What an optimizer remembers, as a list of arrays in the order of Keras's files."""
import warnings

import numpy as np

from ...autograd import to_numpy
from ...device import device_of, to_device


def optimizer_arrays(model):
    """Steps, the learning rate unless a schedule chooses it, and what is remembered of each weight."""
    optimizer = model.optimizer
    yield np.asarray(optimizer.calls, np.int32)
    if not callable(optimizer.get_config()["learning_rate"]):
        yield np.asarray(optimizer.learning_rate, np.float32)
    if optimizer.slots:                                    # otherwise there was no step yet
        yield from map(to_numpy, _slots(optimizer, model.trainable_weights))
        yield from (np.asarray(getattr(optimizer, name), np.float64) for name in getattr(optimizer, "shared", ()))


def set_optimizer_arrays(model, arrays) -> None:
    """Take over what `optimizer_arrays` gave, from arrays or HDF5 datasets; where they do not fit, warn and start afresh."""
    optimizer, (calls, *arrays) = model.optimizer, arrays
    rate = arrays.pop(0) if arrays and not callable(optimizer.get_config()["learning_rate"]) else None
    slots = list(_slots(optimizer, model.trainable_weights)) if arrays else []
    shared = getattr(optimizer, "shared", ()) if arrays else ()
    if calls.shape or calls[()] < 0:
        raise ValueError("the optimizer in it has taken no number of steps")
    if [s.shape for s in slots] + [()] * len(shared) != [a.shape for a in arrays]:
        warnings.warn(f"the file remembers other things of the weights than this {type(optimizer).__name__} does, in "
                      f"{len(arrays)} arrays, not {len(slots) + len(shared)}: the optimizer starts afresh", stacklevel=4)
        return
    optimizer.calls = int(calls[()])
    optimizer.iterations = optimizer.calls // (optimizer.gradient_accumulation_steps or 1)
    if rate is not None:
        optimizer.learning_rate = float(np.format_float_positional(rate[()]))
    for slot, array in zip(slots, arrays):
        slot[...] = to_device(array[()], device_of(slot))
    for name, array in zip(shared, arrays[len(slots):]):
        setattr(optimizer, name, float(array[()]))


def _slots(optimizer, weights):
    groups = [*(group for options in optimizer.options for group in options.slot_groups), *optimizer.slot_groups]
    return (optimizer.slot(name, weight) for names in groups for weight in weights for name in names)
