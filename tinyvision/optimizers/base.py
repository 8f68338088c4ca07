"""Optimizer: changes weights by their gradients."""
import math
import numbers
import warnings

from .. import configurable
from ..autograd import as_array
from ..configurable import Configurable
from ..device import array_library

SHORTCUTS = []                                             # functions that do a whole step for an optimizer, or return False


class Optimizer(Configurable):
    """Changes weights by their gradients: `apply(gradients, variables)`.

    Write `update_step(gradient, variable, learning_rate)`, which gets arrays for the gradient, and ends in
    `variable.assign(...)`. What it has to remember of a variable is `self.slot("momentum", variable)`: an array, zeros at
    first, to be changed in place.

    Args:
        learning_rate: the size of the steps; may be changed at any time.
        clipnorm: gradients longer than this, each by itself, are shortened to it.
        clipvalue: gradients are held between -clipvalue and clipvalue.
        global_clipnorm: as clipnorm, for all gradients together as one long vector.
        name: for files.
    """

    slot_groups = ()                                       # what is remembered, in the order in which files hold it

    def __init__(self, learning_rate, clipnorm=None, clipvalue=None, global_clipnorm=None, name=None):
        if isinstance(learning_rate, bool) or not isinstance(learning_rate, numbers.Real) or learning_rate < 0:
            raise ValueError(f"{type(self).__name__}: the learning rate is a number, 0 or more, got {learning_rate!r}")
        given = {"clipnorm": clipnorm, "clipvalue": clipvalue, "global_clipnorm": global_clipnorm}
        given = {name: value for name, value in given.items() if value is not None}
        if len(given) > 1 or any(value <= 0 for value in given.values()):
            raise ValueError(f"{type(self).__name__}: at most one of clipnorm, clipvalue and global_clipnorm may be given, and "
                             f"must be positive; got {given}")
        self.learning_rate, self.iterations = learning_rate, 0
        self.clipnorm, self.clipvalue, self.global_clipnorm = clipnorm, clipvalue, global_clipnorm
        self.name, self.slots = name or type(self).__name__.lower(), {}

    def apply(self, gradients, variables) -> None:
        """One step: change each variable by its gradient.

        Args:
            gradients: arrays or Tensors, in the order of the variables. None leaves a variable as it is, with a warning.
            variables: leaf Tensors, such as `model.trainable_weights`.
        """
        gradients, variables = list(gradients), list(variables)
        if len(gradients) != len(variables):
            raise ValueError(f"apply: got {len(gradients)} gradients for {len(variables)} variables")
        pairs = [(as_array(g), v) for g, v in zip(gradients, variables) if g is not None]
        if len(pairs) < len(variables):
            missing = [i for i, g in enumerate(gradients) if g is None]
            self._warn([getattr(variables[i], "path", f"variable {i}") for i in missing], variables)
        for g, v in pairs:
            if g.shape != v.shape:
                raise ValueError(f"apply: {getattr(v, 'path', 'a variable')} has shape {v.shape}, its gradient {g.shape}")
        gradients, variables = self._clipped([g for g, _ in pairs]), [v for _, v in pairs]
        if not any(shortcut(self, gradients, variables) for shortcut in SHORTCUTS):
            for g, v in zip(gradients, variables):
                self.update_step(g, v, float(self.learning_rate))       # a np.float64 would make all of it float64
        self.iterations += 1

    def update_step(self, gradient, variable, learning_rate):
        """Change one variable. `self.iterations` is the number of steps before this one."""
        raise NotImplementedError(f"{type(self).__name__} must define update_step(gradient, variable, learning_rate)")

    def slot(self, name, variable):
        """What is remembered of a variable under a name: an array of its shape, zeros at first."""
        arrays = self.slots.setdefault(name, {})
        if id(variable) not in arrays:                     # the variable is kept too, so that its id stays its own
            arrays[id(variable)] = variable, array_library(variable.data).zeros_like(variable.data)
        return arrays[id(variable)][1]

    def _clipped(self, gradients):
        if self.clipvalue:
            return [array_library(g).clip(g, -self.clipvalue, self.clipvalue) for g in gradients]
        if self.clipnorm:
            return [g * (self.clipnorm / max(norm([g]), self.clipnorm)) for g in gradients]
        if self.global_clipnorm:
            factor = self.global_clipnorm / max(norm(gradients), self.global_clipnorm)
            return [g * factor for g in gradients]
        return gradients

    def get_config(self):
        return {**super().get_config(), "learning_rate": self.learning_rate}

    @staticmethod
    def _warn(paths, variables):
        if len(paths) == len(variables):
            raise ValueError(f"no gradient reached any of {', '.join(paths)}: does the loss depend on them, was backward() "
                             "called, and is the model called outside no_grad()?")
        warnings.warn(f"no gradient reached {', '.join(paths)}: nothing that the loss depends on uses them", stacklevel=4)


def norm(gradients) -> float:
    """The length of arrays, taken as one long vector."""
    return math.sqrt(sum(float((g * g).sum()) for g in gradients))


def get(identifier) -> Optimizer:
    """The optimizer for a name ("rmsprop"), a class, a config, or itself."""
    return configurable.get(Optimizer, identifier)
