"""Lamb."""
from .base import Optimizer
from .options import norm


class Lamb(Optimizer):
    """Adam, with steps in proportion to the weights: for very large batches (You et al., 2020).

    With momentum and velocity as in Adam, in step t = 1, 2, ...:
    step = momentum / (1 - beta_1**t) / (sqrt(velocity / (1 - beta_2**t)) + epsilon)
    w -= learning_rate * |w| / |step| * step, where |w| is the length of the whole array; 1 stands for the ratio if either is 0

    https://keras.io/api/optimizers/lamb/

    Args:
        learning_rate: the size of the steps, as a part of the weights.
        beta_1, beta_2: how slowly momentum and velocity forget.
        epsilon: keeps the division from 0.
        name, and others by name: as for `Optimizer` and its `Options`.
    """

    slot_groups = ("momentum", "velocity"),

    def __init__(self, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7, **settings):
        super().__init__(learning_rate, **settings)
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon

    def update_step(self, gradient, variable, learning_rate):
        t, momentum, velocity = self.iterations + 1, self.slot("momentum", variable), self.slot("velocity", variable)
        momentum += (gradient - momentum) * (1 - self.beta_1)
        velocity += (gradient * gradient - velocity) * (1 - self.beta_2)
        size = (velocity / (1 - self.beta_2 ** t)) ** 0.5
        step = momentum / (1 - self.beta_1 ** t) / (size + self.epsilon)
        weights, steps = norm([variable.data]), norm([step])
        ratio = weights / steps if weights > 0 and steps > 0 else 1.0
        variable.assign(variable.data - ratio * learning_rate * step)
