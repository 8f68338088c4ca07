"""Validation of the averaged weights, while those in training go on as they are."""
from .base import Callback


class SwapEMAWeights(Callback):
    """Lets the moving averages of the weights stand in for them during validation. https://keras.io/api/callbacks/swap_ema_weights/

    For optimizers with `use_ema=True`, which keep an average of each weight over the last steps (Polyak and Juditsky, 1992): it
    swings less than the weight itself, and mostly predicts better. When training ends, the averages stay in the model.

    Args:
        swap_on_epoch: let them stand in for the weights from the end of an epoch until the next begins, too: then a
            `ModelCheckpoint` that comes after this callback in the list saves the averages.

    >>> from tinyvision import Input, Sequential, layers, optimizers
    >>> model = Sequential([Input((1,)), layers.Dense(1)])
    >>> model.compile(optimizers.SGD(0.01, use_ema=True), "mse")
    >>> history = model.fit([[0.0], [1.0]], [[1.0], [3.0]], validation_data=([[2.0]], [[5.0]]), verbose=0,
    ...                     callbacks=[SwapEMAWeights(swap_on_epoch=True)])
    """

    def __init__(self, swap_on_epoch=False):
        self.swap_on_epoch, self.held = swap_on_epoch, []

    def on_train_begin(self, logs=None):
        self.held = []
        if not getattr(self.model.optimizer, "use_ema", False):
            raise ValueError("SwapEMAWeights needs an optimizer that averages weights: give "
                             f"{type(self.model.optimizer).__name__} use_ema=True")

    def on_epoch_begin(self, epoch, logs=None):
        self.put_back()

    def on_test_begin(self, logs=None):
        self.put_averages()

    def on_test_end(self, logs=None):
        self.put_back()

    def on_epoch_end(self, epoch, logs=None):
        if self.swap_on_epoch:
            self.put_averages()

    def put_averages(self):
        """Let the averages stand in for the weights, which are held until `put_back`."""
        self.held = [weight.numpy().copy() for weight in self.model.trainable_weights]
        self.model.optimizer.finalize_variable_values(self.model.trainable_weights)

    def put_back(self):
        """Training goes on with the weights."""
        for weight, values in zip(self.model.trainable_weights, self.held):
            weight.assign(values)
        self.held = []
