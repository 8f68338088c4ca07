"""Callbacks that set the learning rate: by the epoch, or when a number has stopped getting better."""
import inspect
import numbers

from .base import Callback
from .monitor import Monitor


class LearningRateScheduler(Callback):
    """Sets the learning rate at the start of each epoch. https://keras.io/api/callbacks/learning_rate_scheduler/

    >>> halve = LearningRateScheduler(lambda epoch, rate: rate if epoch < 10 else rate / 2)

    The rate of each epoch is in `logs["learning_rate"]`, and so in the History.

    Args:
        schedule: a function of the epoch, from 0, and of the current rate (or of the epoch alone), which returns the new one.
        verbose: 1 says what is set.
    """

    def __init__(self, schedule, verbose=0):
        if not callable(schedule):
            raise TypeError(f"LearningRateScheduler: schedule is a function of (epoch, learning_rate), got {schedule!r}")
        self.schedule, self.verbose = schedule, verbose
        kinds = [p.kind for p in inspect.signature(schedule).parameters.values() if p.kind is not p.KEYWORD_ONLY]
        self.takes_rate = len(kinds) > 1 or inspect.Parameter.VAR_POSITIONAL in kinds

    def on_epoch_begin(self, epoch, logs=None):
        now = current_rate(self)
        rate = self.schedule(epoch, now) if self.takes_rate else self.schedule(epoch)
        if isinstance(rate, bool) or not isinstance(rate, numbers.Real):
            raise ValueError(f"LearningRateScheduler: the schedule is to return a number, got {rate!r} for epoch {epoch}")
        self.model.optimizer.learning_rate = rate
        if self.verbose:
            print(f"Epoch {epoch + 1}: learning rate {rate:g}")

    def on_epoch_end(self, epoch, logs):
        logs["learning_rate"] = current_rate(self)


class ReduceLROnPlateau(Monitor):
    """Lowers the learning rate when a number has stopped getting better. https://keras.io/api/callbacks/reduce_lr_on_plateau/

    The rate of each epoch is in `logs["learning_rate"]`, and so in the History.

    Args:
        monitor: the name in the logs.
        factor: the new rate is factor times the old one.
        patience: how many epochs without anything better it takes.
        verbose: 1 says what is set.
        mode: "min", "max", or "auto": "min" for the loss; for metrics as their `direction` says, "up" or "down". Metrics that
            have none, and what callbacks add to the logs, need "min" or "max".
        min_delta: how much better counts as better.
        cooldown: how many epochs do not count after the rate was lowered.
        min_lr: no rate is lower than this.
    """

    def __init__(self, monitor="val_loss", factor=0.1, patience=10, verbose=0, mode="auto", min_delta=1e-4, cooldown=0,
                 min_lr=0.0):
        super().__init__(monitor, mode, min_delta)
        if not 0 <= factor < 1:
            raise ValueError(f"ReduceLROnPlateau: factor lies between 0 and 1, and is not 1, got {factor}")
        self.factor, self.patience, self.verbose, self.cooldown, self.min_lr = factor, patience, verbose, cooldown, min_lr

    def on_train_begin(self, logs=None):
        super().on_train_begin(logs)
        self.best, self.wait, self.cooling = None, 0, 0

    def on_epoch_end(self, epoch, logs):
        logs["learning_rate"] = rate = current_rate(self)
        value = self.value(logs)
        if value is None:
            return
        if self.cooling:
            self.cooling, self.wait = self.cooling - 1, 0
        if self.better(value):
            self.best, self.wait = value, 0
        elif not self.cooling:
            self.wait += 1
            if self.wait >= self.patience and rate > self.min_lr:
                self.model.optimizer.learning_rate = max(rate * self.factor, self.min_lr)
                self.cooling, self.wait = self.cooldown, 0
                if self.verbose:
                    print(f"Epoch {epoch + 1}: {self.monitor} was best with {self.best:.4f}; learning rate "
                          f"{self.model.optimizer.learning_rate:g} from here on")


def current_rate(callback) -> float:
    """The learning rate of the model in training, if it is a callback's to set.

    Raises:
        TypeError: a schedule of the optimizer's own chooses it.
    """
    chosen = callback.model.optimizer.get_config()["learning_rate"]
    if callable(chosen):
        raise TypeError(f"{type(callback).__name__}: the learning rate is chosen by the optimizer's {type(chosen).__name__}; "
                        "give it a number, or leave the callback out")
    return float(chosen)
