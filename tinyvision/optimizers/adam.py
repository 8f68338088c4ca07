"""Adam and its kin: AdamW, Adamax, Nadam."""
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
        name, and others by name: as for `Optimizer` and its `Options`.
    """

    def __init__(self, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7, amsgrad=False, **settings):
        super().__init__(learning_rate, **settings)
        self.beta_1, self.beta_2, self.epsilon, self.amsgrad = beta_1, beta_2, epsilon, amsgrad
        self.slot_groups = (("momentum", "velocity"), ("velocity_hat",)) if amsgrad else (("momentum", "velocity"),)

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


class AdamW(Adam):
    """Adam, with weights that decay by themselves: w -= learning_rate * weight_decay * w, before each step of Adam's.

    A penalty in the loss would be divided by Adam like any gradient, and hardly hold back the weights that it steps most
    (Loshchilov and Hutter, 2019). https://keras.io/api/optimizers/adamw/

    Args:
        learning_rate, beta_1, beta_2, epsilon, amsgrad: as for `Adam`.
        weight_decay: how strongly weights decay.
        name, and others by name: as for `Optimizer` and its `Options`.
    """

    def __init__(self, learning_rate=0.001, weight_decay=0.004, beta_1=0.9, beta_2=0.999, epsilon=1e-7, amsgrad=False,
                 **settings):
        if weight_decay is None:
            raise ValueError("AdamW: weight_decay is a number, got None; Adam has no decay")
        super().__init__(learning_rate, beta_1, beta_2, epsilon, amsgrad, weight_decay=weight_decay, **settings)


class Adamax(Optimizer):
    """Adam that divides by the largest gradient of late, in place of their mean square (Kingma and Ba, 2014, section 7).

    momentum = beta_1 * momentum + (1 - beta_1) * g;  norm = max(beta_2 * norm, |g|)
    w -= learning_rate / (1 - beta_1**t) * momentum / (norm + epsilon), in step t = 1, 2, ...

    https://keras.io/api/optimizers/adamax/

    Args:
        learning_rate: the size of the steps.
        beta_1, beta_2: how slowly momentum and norm forget.
        epsilon: keeps the division from 0.
        name, and others by name: as for `Optimizer` and its `Options`.
    """

    slot_groups = ("momentum", "norm"),

    def __init__(self, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7, **settings):
        super().__init__(learning_rate, **settings)
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon

    def update_step(self, gradient, variable, learning_rate):
        xp, momentum, norm = array_library(gradient), self.slot("momentum", variable), self.slot("norm", variable)
        momentum += (gradient - momentum) * (1 - self.beta_1)
        norm *= self.beta_2
        xp.maximum(norm, xp.abs(gradient), out=norm)
        rate = learning_rate / (1 - self.beta_1 ** (self.iterations + 1))
        variable.assign(variable.data - rate * momentum / (norm + self.epsilon))


class Nadam(Optimizer):
    """Adam with Nesterov's momentum: it looks one step ahead (Dozat, 2016).

    With u(t) = beta_1 * (1 - 0.5 * 0.96**t), a beta_1 that starts low, and U(t) = u(1) * ... * u(t):
    step = u(t+1) * momentum / (1 - U(t+1)) + (1 - u(t)) * g / (1 - U(t))
    w -= learning_rate * step / (sqrt(velocity / (1 - beta_2**t)) + epsilon), momentum and velocity as in Adam

    https://keras.io/api/optimizers/nadam/

    Args:
        learning_rate: the size of the steps.
        beta_1, beta_2: how slowly momentum and velocity forget.
        epsilon: keeps the division from 0.
        name, and others by name: as for `Optimizer` and its `Options`.
    """

    slot_groups, shared = (("momentum", "velocity"),), ("u_product",)         # a number for all weights; files hold it last

    def __init__(self, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7, **settings):
        super().__init__(learning_rate, **settings)
        self.beta_1, self.beta_2, self.epsilon, self.u_product = beta_1, beta_2, epsilon, 1.0

    def step(self, gradients, variables):
        self.u_product *= self.u(self.iterations + 1)
        super().step(gradients, variables)

    def u(self, t):
        """The beta_1 of step t."""
        return self.beta_1 * (1 - 0.5 * 0.96 ** t)

    def update_step(self, gradient, variable, learning_rate):
        t, product = self.iterations + 1, self.u_product
        momentum, velocity = self.slot("momentum", variable), self.slot("velocity", variable)
        momentum += (gradient - momentum) * (1 - self.beta_1)
        velocity += (gradient * gradient - velocity) * (1 - self.beta_2)
        ahead = self.u(t + 1) / (1 - product * self.u(t + 1)) * momentum + (1 - self.u(t)) / (1 - product) * gradient
        size = (velocity / (1 - self.beta_2 ** t)) ** 0.5
        variable.assign(variable.data - learning_rate * ahead / (size + self.epsilon))
