"""Stochastic gradient descent."""
from .base import Optimizer


class SGD(Optimizer):
    """w -= learning_rate * g; or, with momentum m, velocity = m * velocity - learning_rate * g and w += velocity.

    https://keras.io/api/optimizers/sgd/

    Args:
        learning_rate: the size of the steps.
        momentum: in [0, 1], how much of the last step is kept.
        nesterov: w += m * velocity - learning_rate * g, after the velocity has changed (Nesterov, 1983).
        name, and others by name: as for `Optimizer` and its `Options`.
    """

    def __init__(self, learning_rate=0.01, momentum=0.0, nesterov=False, **settings):
        super().__init__(learning_rate, **settings)
        if not 0 <= momentum <= 1:
            raise ValueError(f"SGD: momentum lies between 0 and 1, got {momentum}")
        self.momentum, self.nesterov = momentum, nesterov
        self.slot_groups = (("momentum",),) if momentum else ()

    def update_step(self, gradient, variable, learning_rate):
        step = -learning_rate * gradient
        if self.momentum:
            velocity = self.slot("momentum", variable)
            velocity *= self.momentum
            velocity += step
            step = self.momentum * velocity + step if self.nesterov else velocity
        variable.assign(variable.data + step)
