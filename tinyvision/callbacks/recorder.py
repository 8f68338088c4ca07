"""A callback that writes down what happens to the weights: how large their gradients are, and how far each step moves them."""
import numpy as np

from .base import Callback


class Recorder(Callback):
    """Remembers, for each weight, the size of its gradient and of its steps. `viz.gradients` draws both.

    The size of a weight's gradient is its root mean square. The size of a step is the root mean square of the change, divided
    by that of the weight itself: about 0.001 is usual; 0.1 tears a network apart, 0.000001 leaves it where it was.

    Args:
        every: write down every so many steps; the weights are copied for it.

    Attributes:
        steps: the numbers of the steps that were written down, from 0.
        gradients, updates: {path of a weight: [a number for each of these steps]}.
    """

    def __init__(self, every: int = 1):
        if not hasattr(every, "__index__") or every < 1:
            raise ValueError(f"Recorder: every is 1 or more steps, got {every!r}")
        self.every, self.steps, self.gradients, self.updates, self._step, self._before = every, [], {}, {}, 0, None

    def on_train_batch_begin(self, batch, logs=None):
        if self._step % self.every == 0 and self.model.built:
            self._before = [weight.numpy().copy() for weight in self.model.trainable_weights]

    def on_train_batch_end(self, batch, logs=None):
        if self._before is not None:
            self.steps.append(self._step)
            for weight, before in zip(self.model.trainable_weights, self._before):
                gradient = 0.0 if weight.grad is None else _size(weight.grad.numpy())
                self.gradients.setdefault(weight.path, []).append(gradient)
                self.updates.setdefault(weight.path, []).append(_size(weight.numpy() - before) / (_size(before) or np.nan))
        self._step, self._before = self._step + 1, None


def _size(array):
    return float(np.sqrt(np.mean(np.square(array, dtype="float64")))) if array.size else 0.0
