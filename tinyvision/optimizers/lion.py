"""Lion."""
from ..device import array_library
from .base import Optimizer


class Lion(Optimizer):
    """Steps of one size: only the sign of the momentum counts. Found by a search over programs (Chen et al., 2023).

    w -= learning_rate * sign(beta_1 * momentum + (1 - beta_1) * g);  momentum = beta_2 * momentum + (1 - beta_2) * g

    It wants a learning rate some 3 to 10 times smaller than Adam's, and a weight decay as much larger.
    https://keras.io/api/optimizers/lion/

    Args:
        learning_rate: the size of the steps.
        beta_1: the part of the past in a step.
        beta_2: how slowly momentum forgets.
        name, and others by name: as for `Optimizer` and its `Options`.
    """

    slot_groups = ("momentum",),

    def __init__(self, learning_rate=0.001, beta_1=0.9, beta_2=0.99, **settings):
        super().__init__(learning_rate, **settings)
        if not 0 < beta_1 <= 1:
            raise ValueError(f"Lion: beta_1 lies above 0 and is at most 1, got {beta_1}")
        self.beta_1, self.beta_2 = beta_1, beta_2

    def update_step(self, gradient, variable, learning_rate):
        momentum = self.slot("momentum", variable)
        direction = array_library(gradient).sign(self.beta_1 * momentum + (1 - self.beta_1) * gradient)
        momentum *= self.beta_2
        momentum += (1 - self.beta_2) * gradient
        variable.assign(variable.data - learning_rate * direction)
