"""Callbacks that follow one number of the logs: stop in time, keep the best."""
import warnings

from ..configurable import did_you_mean
from ..metrics.direction import direction
from .base import Callback


class Monitor(Callback):
    """Follows one number of the logs, and knows when it got better."""

    def __init__(self, monitor, mode, min_delta=0.0, best=None):
        if mode not in ("auto", "min", "max"):
            raise ValueError(f"{type(self).__name__}: mode is 'auto', 'min' or 'max', not {mode!r}")
        self.monitor, self.mode, self.min_delta = monitor, mode, abs(min_delta)
        self.best = best                                   # None: whatever comes is better

    def on_train_begin(self, logs=None):
        self.sign()                                        # what cannot be known is said before the first epoch

    def sign(self) -> int:
        """1 if more is better, -1 if less is."""
        if self.mode != "auto":
            return 1 if self.mode == "max" else -1
        name, metrics = self.monitor.removeprefix("val_"), {metric.name: metric for metric in self.model.metrics}
        found = "down" if name == "loss" else direction(metrics.get(name))
        if found is None:
            kind = f"a {type(metrics[name]).__name__}" if name in metrics else "neither the loss nor a metric of compile"
            others = "" if name in metrics else f"{did_you_mean(name, metrics) or '.'} There is {', '.join(['loss', *metrics])}"
            raise ValueError(f"{type(self).__name__} watches {self.monitor!r}, which is {kind}: whether more or less of it is "
                             f"better cannot be told; give mode='max' or mode='min'{others}")
        return 1 if found == "up" else -1

    def value(self, logs):
        """The number in the logs; None, and a warning, if it is not there."""
        if self.monitor not in logs:
            warnings.warn(f"{type(self).__name__} watches {self.monitor!r}, {_not_in(logs, self.monitor)}", stacklevel=4)
        value = logs.get(self.monitor)
        if getattr(value, "ndim", 0):
            if value.size != 1:
                raise ValueError(f"{type(self).__name__} watches {self.monitor!r}, which is not one number but an array of "
                                 f"shape {value.shape}: let the metric average, with F1Score(average=\"macro\") for instance")
            value = value.item()
        return value

    def better(self, value):
        return self.best is None or self.sign() * (value - self.best) > self.min_delta


def _not_in(logs, name):
    return (f"which is not in the logs: there is {', '.join(logs)}"
            + ("; fit needs validation_data" if name.startswith("val_") else ""))


class EarlyStopping(Monitor):
    """Ends training when a number has stopped getting better. https://keras.io/api/callbacks/early_stopping/

    Args:
        monitor: the name in the logs.
        min_delta: how much better counts as better.
        patience: how many epochs without anything better are borne.
        verbose: 1 says when and why.
        mode: "min", "max", or "auto": "min" for the loss; for metrics as their `direction` says, "up" or "down". Metrics that
            have none, and what callbacks add to the logs, need "min" or "max".
        baseline: the number to be better than from the start.
        restore_best_weights: go back to the weights of the best epoch.
        start_from_epoch: epochs before it do not count.
    """

    def __init__(self, monitor="val_loss", min_delta=0, patience=0, verbose=0, mode="auto", baseline=None,
                 restore_best_weights=False, start_from_epoch=0):
        super().__init__(monitor, mode, min_delta)
        self.patience, self.verbose, self.baseline = patience, verbose, baseline
        self.restore_best_weights, self.start_from_epoch = restore_best_weights, start_from_epoch

    def on_train_begin(self, logs=None):
        super().on_train_begin(logs)
        self.best, self.best_weights, self.best_epoch, self.wait, self.stopped_epoch = None, None, 0, 0, 0

    def on_epoch_begin(self, epoch, logs=None):
        self.stopped_epoch = 0                             # a training that was stopped may go on, from a backup

    def on_epoch_end(self, epoch, logs):
        value = self.value(logs)
        if value is None or epoch < self.start_from_epoch:
            return
        self.wait += 1
        if self.better(value):
            self.best, self.best_epoch = value, epoch
            self.best_weights = self.model.get_weights() if self.restore_best_weights else None
            if self.baseline is None or self.sign() * (value - self.baseline) > self.min_delta:
                self.wait = 0
        elif self.wait >= self.patience and epoch > 0:
            self.stopped_epoch, self.model.stop_training = epoch, True

    def on_train_end(self, logs):
        if self.stopped_epoch and self.verbose:
            print(f"Stopped after epoch {self.stopped_epoch + 1}: {self.monitor} was best in epoch {self.best_epoch + 1}, "
                  f"{self.best:.4f}")
        if self.best_weights is not None:
            self.model.set_weights(self.best_weights)


class ModelCheckpoint(Monitor):
    """Saves the model while it trains. https://keras.io/api/callbacks/model_checkpoint/

    Args:
        filepath: "best.keras"; may hold the epoch and logs, as in "{epoch:02d}-{val_loss:.2f}.keras", epochs counted from 1;
            with a `save_freq` in batches the {batch}, too.
        monitor: the name in the logs that tells which epoch is best.
        verbose: 1 says what is saved.
        save_best_only: only when the number got better.
        save_weights_only: weights alone; the path must end in ".weights.h5".
        mode: "min", "max", or "auto": "min" for the loss; for metrics as their `direction` says, "up" or "down". Metrics that
            have none, and what callbacks add to the logs, need "min" or "max".
        save_freq: "epoch", or a number of batches.
        initial_value_threshold: the number to be better than from the start.
    """

    def __init__(self, filepath, monitor="val_loss", verbose=0, save_best_only=False, save_weights_only=False, mode="auto",
                 save_freq="epoch", initial_value_threshold=None):
        super().__init__(monitor, mode, best=initial_value_threshold)
        self.filepath, self.verbose, self.save_best_only = str(filepath), verbose, save_best_only
        self.save_weights_only, self.save_freq, self.batches, self.epoch = save_weights_only, save_freq, 0, 0
        ending = ".weights.h5" if save_weights_only else ".keras"
        if not self.filepath.endswith(ending):
            raise ValueError(f"ModelCheckpoint: the path must end in {ending!r}, got {self.filepath!r}")
        if save_freq != "epoch" and (not hasattr(save_freq, "__index__") or save_freq < 1):
            raise ValueError(f"ModelCheckpoint: save_freq is 'epoch' or a number of batches, got {save_freq!r}")

    def on_train_begin(self, logs=None):
        if self.save_best_only:                            # else what it watches does not matter
            super().on_train_begin(logs)

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_end(self, batch, logs):
        self.batches += 1
        if self.save_freq != "epoch" and self.batches % self.save_freq == 0:
            self.save({"batch": batch + 1, **logs})

    def on_epoch_end(self, epoch, logs):
        if self.save_freq == "epoch":
            self.save(logs)

    def save(self, logs):
        if self.save_best_only:
            value = self.value(logs)
            if value is not None and not self.better(value):
                return
            self.best = self.best if value is None else value           # unknown: better one file too many than none
        try:
            path = self.filepath.format(epoch=self.epoch + 1, **logs)
        except KeyError as error:
            name, = error.args
            raise ValueError(f"ModelCheckpoint: the path {self.filepath!r} names {name!r}, "
                             f"{_not_in({'epoch': 0, **logs}, name)}") from None
        (self.model.save_weights if self.save_weights_only else self.model.save)(path)
        if self.verbose:
            print(f"Saved {path} after epoch {self.epoch + 1}")
