"""Callbacks: what happens around training steps. `fit(callbacks=[...])` calls their methods at each turn."""
from ..progress import progress_bar


class Callback:
    """Override what you need. `self.model` is the model in training; `logs` holds loss and metrics by name.

    A callback ends training by `self.model.stop_training = True`. `on_test_begin` and `on_test_end` stand around the validation
    of an epoch, before `on_epoch_end`. At each turn those that are `last` come after the others.
    """

    model, last = None, False

    def on_train_begin(self, logs=None): ...
    def on_train_end(self, logs=None): ...
    def on_epoch_begin(self, epoch, logs=None): ...
    def on_epoch_end(self, epoch, logs=None): ...
    def on_test_begin(self, logs=None): ...
    def on_test_end(self, logs=None): ...
    def on_train_batch_begin(self, batch, logs=None): ...
    def on_train_batch_end(self, batch, logs=None): ...


class History(Callback):
    """Remembers the logs of each epoch. `fit` returns one.

    Attributes:
        history: {"loss": [...], "accuracy": [...], "val_loss": [...]}, a number an epoch.
        epoch: the numbers of the epochs, from 0.
    """

    def __init__(self):
        self.history, self.epoch = {}, []

    def on_epoch_end(self, epoch, logs):
        self.epoch.append(epoch)
        for name, value in logs.items():
            self.history.setdefault(name, []).append(value)


class ProgressBar(Callback):
    """Shows each epoch as a bar with loss, metrics and time; `fit(verbose=1)` has one. With `lines`, a line an epoch."""

    def __init__(self, epochs, steps, lines=False):
        self.epochs, self.steps, self.lines, self.bar = epochs, steps, lines, None

    def on_epoch_begin(self, epoch, logs=None):
        self.bar = progress_bar(self.steps, f"Epoch {epoch + 1}/{self.epochs}", unit="batch", disable=self.lines)

    def on_train_batch_end(self, batch, logs):
        self.bar.set_postfix_str(shown(logs), refresh=False)
        self.bar.update(batch + 1 - self.bar.n)

    def on_epoch_end(self, epoch, logs):
        self.bar.set_postfix_str(shown(logs), refresh=not self.lines)
        self.bar.close()
        if self.lines:
            print(f"Epoch {epoch + 1}/{self.epochs}: {shown(logs)}")

    def on_train_end(self, logs):
        if self.bar is not None:
            self.bar.close()


def shown(logs, sign="=") -> str:
    """Loss and metrics in one line; metrics that have a number for each class as arrays."""
    return ", ".join(f"{name}{sign}{x.round(4) if getattr(x, 'ndim', 0) else f'{x:.4f}'}" for name, x in logs.items())
