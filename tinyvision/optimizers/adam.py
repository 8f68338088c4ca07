"""Adam."""
from ..device import array_library
from .base import Optimizer


class Adam(Optimizer):
    """Momentum, divided by the size that gradients had of late (Kingma and Ba, 2014).

    momentum = beta_1 * momentum + (1 - beta_1) * g;  velocity = beta_2 * velocity + (1 - beta_2) * g**2
    w -= learning_rate * sqrt(1 - beta_2**t) / (1 - beta_1**t) * momentum / (sqrt(velocity) + epsilon), in step t = 1, 2, ...

    https://keras.io/api/optimizers/adam/

    Args:
        learning_rate: the size of the steps.
        beta_1, beta_2: how slowly momentum and velocity forget.
        epsilon: keeps the division from 0.
        amsgrad: divide by the largest velocity so far (Reddi et al., 2018).
        clipnorm, clipvalue, global_clipnorm, name: as for `Optimizer`.
    """

    slot_groups = ("momentum", "velocity"), ("velocity_hat",)

    def __init__(self, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7, amsgrad=False, **settings):
        super().__init__(learning_rate, **settings)
        self.beta_1, self.beta_2, self.epsilon, self.amsgrad = beta_1, beta_2, epsilon, amsgrad

    def update_step(self, gradient, variable, learning_rate):
        t = self.iterations + 1
        rate = learning_rate * (1 - self.beta_2 ** t) ** 0.5 / (1 - self.beta_1 ** t)
        momentum, velocity = self.slot("momentum", variable), self.slot("velocity", variable)
        momentum += (gradient - momentum) * (1 - self.beta_1)
        velocity += (gradient * gradient - velocity) * (1 - self.beta_2)
        if self.amsgrad:
            largest = self.slot("velocity_hat", variable)
            array_library(largest).maximum(largest, velocity, out=largest)
            velocity = largest
        variable.assign(variable.data - rate * momentum / (velocity ** 0.5 + self.epsilon))
