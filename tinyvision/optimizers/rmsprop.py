"""RMSprop."""
from .base import Optimizer


class RMSprop(Optimizer):
    """Steps divided by the size that gradients had of late (Hinton, 2012): each weight gets a rate of its own.

    velocity = rho * velocity + (1 - rho) * g**2;  w -= learning_rate * g / sqrt(velocity + epsilon)

    https://keras.io/api/optimizers/rmsprop/

    Args:
        learning_rate: the size of the steps.
        rho: how slowly the past is forgotten.
        momentum: how much of the last step is kept.
        epsilon: added under the root.
        centered: take the variance of the gradients in place of their mean square.
        name, and others by name: as for `Optimizer` and its `Options`.
    """

    def __init__(self, learning_rate=0.001, rho=0.9, momentum=0.0, epsilon=1e-7, centered=False, **settings):
        super().__init__(learning_rate, **settings)
        self.rho, self.momentum, self.epsilon, self.centered = rho, momentum, epsilon, centered
        self.slot_groups = [("velocity",), *[("momentum",)] * bool(momentum), *[("average_gradient",)] * bool(centered)]

    def update_step(self, gradient, variable, learning_rate):
        velocity = self.slot("velocity", variable)
        velocity *= self.rho
        velocity += (1 - self.rho) * gradient * gradient
        scale = velocity + self.epsilon
        if self.centered:
            average = self.slot("average_gradient", variable)
            average *= self.rho
            average += (1 - self.rho) * gradient
            scale -= average * average
        step = learning_rate * gradient / scale ** 0.5
        if self.momentum:
            kept = self.slot("momentum", variable)
            kept *= self.momentum
            kept += step
            step = kept
        variable.assign(variable.data - step)
