"""Optimizer: changes weights by their gradients."""
import numbers
import warnings

from .. import configurable
from ..autograd import as_array
from ..configurable import Configurable, argument_names
from ..device import array_library, on_one_device

SHORTCUTS = []                                             # functions that do a whole step for an optimizer, or return False


class Optimizer(Configurable):
    """Changes weights by their gradients: `apply(gradients, variables)`.

    Write `update_step(gradient, variable, learning_rate)`, which gets arrays for the gradient, and ends in
    `variable.assign(...)`. What it has to remember of a variable is `self.slot("momentum", variable)`: an array, zeros at
    first, to be changed in place. https://keras.io/api/optimizers/

    Args:
        learning_rate: the size of the steps: a number, or a function of the steps so far, such as a LearningRateSchedule. It
            may be changed at any time.
        name: for files.
        options: what goes on around each step, by name, such as `clipnorm` or `weight_decay`: see `Options` in options.py.

    Attributes:
        iterations: how many steps were taken.
        calls: how often `apply` was called: as often, unless gradients of several calls make a step. Schedules count these.
    """

    also = ()                                              # what takes `options`, and acts before and after each step
    slot_groups, starts = (), {}                           # what is remembered, in the order of files; what is not 0 at first

    def __init__(self, learning_rate, name=None, **options):
        self.learning_rate, self.iterations, self.calls = learning_rate, 0, 0
        self.name, self.slots = name or type(self).__name__.lower(), {}
        self.options = [kind(**options) for kind in self.also]          # Options, of options.py

    @property
    def learning_rate(self):
        """The size of the next step: a number, also where a schedule chooses it."""
        return self._rate(self.calls) if callable(self._rate) else self._rate

    @learning_rate.setter
    def learning_rate(self, rate):
        if not callable(rate) and (isinstance(rate, bool) or not isinstance(rate, numbers.Real) or not rate >= 0):
            raise ValueError(f"{type(self).__name__}: the learning rate is a number, 0 or more, or a schedule, got {rate!r}")
        self._rate = rate

    def apply(self, gradients, variables) -> None:
        """One step: change each variable by its gradient.

        Args:
            gradients: arrays or Tensors, in the order of the variables. None leaves a variable as it is, with a warning.
            variables: leaf Tensors, such as `model.trainable_weights`.
        """
        gradients, reached = checked(list(gradients), variables := list(variables))
        for options in self.options:
            gradients = options.before(self, gradients, reached)
        if gradients:                                      # options may hold them back
            self.step(gradients, reached)
            self.iterations += 1
        for options in self.options:
            options.after(self, variables)
        self.calls += 1

    def step(self, gradients, variables):
        """Change the variables by gradients that fit them."""
        if not any(shortcut(self, gradients, variables) for shortcut in SHORTCUTS):
            for g, v in zip(gradients, variables):
                on_one_device("apply", (g, v.data), (g, v.data))        # its GPU computes, and remembers
                self.update_step(g, v, float(self.learning_rate))       # a np.float64 would make all of it float64

    def update_step(self, gradient, variable, learning_rate):
        """Change one variable. `self.iterations` is the number of steps before this one."""
        raise NotImplementedError(f"{type(self).__name__} must define update_step(gradient, variable, learning_rate)")

    def slot(self, name, variable):
        """What is remembered of a variable under a name: an array of its shape, zeros, or `starts[name]`, at first."""
        arrays = self.slots.setdefault(name, {})
        if id(variable) not in arrays:                     # the variable is kept too, so that its id stays its own
            arrays[id(variable)] = variable, array_library(variable.data).full_like(variable.data, self.starts.get(name, 0))
        return arrays[id(variable)][1]

    def finalize_variable_values(self, var_list) -> None:
        """What is left to do with the weights when training ends; `fit` calls it. Here, nothing."""

    def get_config(self):
        """All arguments, as they are now."""
        now = {name: getattr(self, name) for name in argument_names(type(self)) if hasattr(self, name)}
        return {**super().get_config(), **now, "learning_rate": self._rate}


def checked(gradients, variables):
    """The gradients that are there, as arrays, and their variables."""
    if len(gradients) != len(variables):
        raise ValueError(f"apply: got {len(gradients)} gradients for {len(variables)} variables")
    missing = [getattr(v, "path", f"variable {i}") for i, v in enumerate(variables) if gradients[i] is None]
    if missing and len(missing) == len(variables):
        raise ValueError(f"no gradient reached any of {', '.join(missing)}: does the loss depend on them, was backward() "
                         "called, and is the model called outside no_grad()?")
    if missing:
        warnings.warn(f"no gradient reached {', '.join(missing)}: nothing that the loss depends on uses them", stacklevel=4)
    pairs = [(as_array(g), v) for g, v in zip(gradients, variables) if g is not None]
    for g, v in pairs:
        on_one_device("apply", (g, v.data), (g, v.data))
        if g.shape != v.shape:
            raise ValueError(f"apply: {getattr(v, 'path', 'a variable')} has shape {v.shape}, its gradient {g.shape}")
    return [g for g, _ in pairs], [v for _, v in pairs]


def get(identifier) -> Optimizer:
    """The optimizer for a name ("rmsprop"), a class, a config, or itself."""
    return configurable.get(Optimizer, identifier)
