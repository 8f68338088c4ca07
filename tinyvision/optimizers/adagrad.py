"""Adagrad and Adadelta: each weight has a rate of its own, by the gradients that it saw."""
from .base import Optimizer


class Adagrad(Optimizer):
    """Steps that get smaller, the more gradient a weight has seen: where some gradients come seldom (Duchi et al., 2011).

    accumulator += g**2;  w -= learning_rate * g / sqrt(accumulator + epsilon)

    https://keras.io/api/optimizers/adagrad/

    Args:
        learning_rate: the size of the steps.
        initial_accumulator_value: what the accumulator is at first.
        epsilon: added under the root.
        name, and others by name: as for `Optimizer` and its `Options`.
    """

    slot_groups = ("accumulator",),

    def __init__(self, learning_rate=0.001, initial_accumulator_value=0.1, epsilon=1e-7, **settings):
        super().__init__(learning_rate, **settings)
        self.initial_accumulator_value, self.epsilon = initial_accumulator_value, epsilon
        self.starts = {"accumulator": initial_accumulator_value}

    def update_step(self, gradient, variable, learning_rate):
        accumulator = self.slot("accumulator", variable)
        accumulator += gradient * gradient
        variable.assign(variable.data - learning_rate * gradient / (accumulator + self.epsilon) ** 0.5)


class Adadelta(Optimizer):
    """Steps of the size that steps had of late, whatever the unit of the gradients (Zeiler, 2012).

    accumulated_grad = rho * accumulated_grad + (1 - rho) * g**2
    delta = -sqrt(accumulated_delta_var + epsilon) / sqrt(accumulated_grad + epsilon) * g
    accumulated_delta_var = rho * accumulated_delta_var + (1 - rho) * delta**2;  w += learning_rate * delta

    https://keras.io/api/optimizers/adadelta/

    Args:
        learning_rate: a factor for the steps: 1.0 in the paper.
        rho: how slowly the past is forgotten.
        epsilon: added under the roots.
        name, and others by name: as for `Optimizer` and its `Options`.
    """

    slot_groups = ("accumulated_grad", "accumulated_delta_var"),

    def __init__(self, learning_rate=0.001, rho=0.95, epsilon=1e-7, **settings):
        super().__init__(learning_rate, **settings)
        self.rho, self.epsilon = rho, epsilon

    def update_step(self, gradient, variable, learning_rate):
        gradients, steps = self.slot("accumulated_grad", variable), self.slot("accumulated_delta_var", variable)
        gradients *= self.rho
        gradients += (1 - self.rho) * gradient * gradient
        delta = (steps + self.epsilon) ** 0.5 / (gradients + self.epsilon) ** 0.5 * gradient
        steps *= self.rho
        steps += (1 - self.rho) * delta * delta
        variable.assign(variable.data - learning_rate * delta)
