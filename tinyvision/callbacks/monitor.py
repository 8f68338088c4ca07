"""Callbacks that follow one number of the logs: stop in time, keep the best."""
import warnings

from .base import Callback


class Monitor(Callback):
    """Follows one number of the logs, and knows when it got better."""

    def __init__(self, monitor, mode, min_delta=0.0, best=None):
        if mode not in ("auto", "min", "max"):
            raise ValueError(f"{type(self).__name__}: mode is 'auto', 'min' or 'max', not {mode!r}")
        rising = mode == "max" or (mode == "auto" and any(word in monitor for word in ("acc", "auc", "precision", "recall")))
        self.monitor, self.sign, self.min_delta = monitor, 1 if rising else -1, abs(min_delta)
        self.best = best                                   # None: whatever comes is better

    def value(self, logs):
        if self.monitor not in logs:
            warnings.warn(f"{type(self).__name__} watches {self.monitor!r}, which is not in the logs: there is "
                          f"{', '.join(logs)}" + ("; fit needs validation_data" if self.monitor.startswith("val_") else ""),
                          stacklevel=4)
        return logs.get(self.monitor)

    def better(self, value):
        return self.best is None or self.sign * (value - self.best) > self.min_delta


class EarlyStopping(Monitor):
    """Ends training when a number has stopped getting better. https://keras.io/api/callbacks/early_stopping/

    Args:
        monitor: the name in the logs.
        min_delta: how much better counts as better.
        patience: how many epochs without anything better are borne.
        verbose: 1 says when and why.
        mode: "min", "max", or "auto": "max" for accuracies, "min" for all else.
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
        self.best, self.best_weights, self.best_epoch, self.wait, self.stopped_epoch = None, None, 0, 0, 0

    def on_epoch_end(self, epoch, logs):
        value = self.value(logs)
        if value is None or epoch < self.start_from_epoch:
            return
        self.wait += 1
        if self.better(value):
            self.best, self.best_epoch = value, epoch
            self.best_weights = self.model.get_weights() if self.restore_best_weights else None
            if self.baseline is None or self.sign * (value - self.baseline) > self.min_delta:
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
        mode: "min", "max", or "auto": "max" for accuracies, "min" for all else.
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
        path = self.filepath.format(epoch=self.epoch + 1, **logs)
        (self.model.save_weights if self.save_weights_only else self.model.save)(path)
        if self.verbose:
            print(f"Saved {path} after epoch {self.epoch + 1}")
