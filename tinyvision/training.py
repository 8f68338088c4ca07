"""Trainer: compile, fit and evaluate, for every Model."""
import operator

from . import losses, metrics as metric_classes, optimizers
from .autograd import Tensor, no_grad
from .callbacks.base import History, ProgressBar, shown
from .data.batching import ArrayBatches, NoBatches, batches, unpacked
from .structures import leaves, map_structure

CHECKS = {"compile": [], "first batch": []}               # functions that look for mistakes then; see advice.py
WIDER = []                                                 # functions that compile what is more than a loss; see outputs.py


class Progress:
    """How far a training has come: `model.progress` within `fit`. Who sets it in `on_train_begin` lets it begin elsewhere.

    Attributes:
        data, validation_data, callbacks, epochs: what `fit` was given; callbacks include its own.
        epoch, step: those of the next batch, from 0.
        taken: how many batches of the present pass through the data were taken: not `step`, if epochs do not end with passes.
        logs: loss and metrics after the last batch, or epoch.
        interrupted: whether Ctrl-C has ended it.
    """

    interrupted = False

    def __init__(self, data, validation_data, callbacks, epochs, epoch):
        self.data, self.validation_data, self.callbacks, self.epochs = data, validation_data, callbacks, epochs
        self.epoch, self.step, self.taken, self.logs = epoch, 0, 0, {}

    def batches(self, endless=False):
        """The batches of a pass; if endless of pass after pass, until one gives none: a generator is used up."""
        while True:
            for batch in self.data:
                self.taken += 1
                yield batch
            over, self.taken = not (endless and self.taken), 0
            if over:
                return


class Trainer:
    """What a Model can do once it is compiled."""

    optimizer = loss = history = progress = None
    metrics, stop_training, weigh = (), False, None        # weigh: makes weights of classes those of samples; see outputs.py
    fed = staticmethod(lambda data: data)                  # batches, where the model is; see models/placement.py

    def compile(self, optimizer="rmsprop", loss=None, loss_weights=None, metrics=None, weighted_metrics=None) -> None:
        """Choose how to train: https://keras.io/api/models/model_training_apis/#compile-method

        Args:
            optimizer: a name ("rmsprop"), or an Optimizer.
            loss: a name ("sparse_categorical_crossentropy"), a Loss, or a function of (y_true, y_pred). For several outputs a
                list of them, or a dictionary by the names of the outputs; their sum is what training makes small.
            loss_weights: a factor for the loss; for several outputs a list or dictionary of them.
            metrics: a list of names ("accuracy"), Metrics, or functions of (y_true, y_pred). For several outputs a list or
                dictionary of such lists.
            weighted_metrics: the same, for metrics that weigh samples as the loss does.

        Raises:
            ValueError: there is no optimizer, loss or metric of that name; or the loss does not fit the last layer.
        """
        self.optimizer = optimizers.get(optimizer)
        self.compiled_with = {"optimizer": self.optimizer, "loss": loss, "loss_weights": loss_weights,
                              "metrics": metrics or [], "weighted_metrics": weighted_metrics}
        if not any(wider(self) for wider in WIDER):
            self.loss = None if loss is None else losses.get(loss)
            self.metrics = [metric_classes.get(metric) for metric in metrics or ()]
        self._loss_tracker, self._checked = metric_classes.Mean("loss"), False
        for check in CHECKS["compile"]:
            check(self)

    def fit(self, x=None, y=None, batch_size=None, epochs=1, verbose="auto", callbacks=None, validation_split=0.0,
            validation_data=None, shuffle=True, class_weight=None, sample_weight=None, initial_epoch=0, steps_per_epoch=None,
            validation_steps=None, validation_batch_size=None, validation_freq=1) -> History:
        """Train: https://keras.io/api/models/model_training_apis/#fit-method

        Args:
            x: inputs, an array (or a list of them, for several inputs); or an iterable of batches, (x, y) or (x, y,
                sample_weight).
            y: targets, an array (or a list or dictionary of them, for several outputs).
            batch_size: samples a step, 32 if None; for arrays only.
            epochs: the number of the last epoch: how many times to go through the data, if `initial_epoch` is 0.
            verbose: 1 or "auto" shows a progress bar, 2 prints a line an epoch, 0 is silent.
            callbacks: a list of Callbacks, or one.
            validation_split: the part of the arrays, their end, that is kept for validation.
            validation_data: (x, y), (x, y, sample_weight), or an iterable of batches: evaluated after each epoch.
            shuffle: whether to draw a new order of the arrays for each epoch.
            class_weight: {class: how much its samples count}, 1 for classes that are not named. Of one-hot targets, the class
                is the place of the largest.
            sample_weight: how much each sample counts in the loss: (N,), for arrays; or as y, for several outputs.
            initial_epoch: the epoch to begin with, counted from 0: to go on with an earlier training.
            steps_per_epoch: how many batches to take; the next epoch goes on where it was. None takes all.
            validation_steps: how many batches to take, from the first on; None takes all.
            validation_batch_size: as batch_size, for validation.
            validation_freq: validate after every so many epochs.

        Returns:
            A History: `.history` holds loss and metrics of each epoch, also when Ctrl-C has ended the training.
        """
        self._need_compiled("fit")
        training = batches(x, y, batch_size, shuffle, sample_weight)
        if validation_split and validation_data is None:
            if not isinstance(training, ArrayBatches):
                raise ValueError("validation_split is for arrays; give an iterable of batches as validation_data")
            training, validation_data = training.split(validation_split)
        steps = steps_per_epoch or operator.length_hint(training) or None
        training = self.weigh(training, class_weight) if class_weight else training
        history = self.history = History()
        bars = [ProgressBar(epochs, steps, lines=verbose == 2)] if verbose else []
        # The history stands behind the callbacks: it holds what they add to the logs.
        around = sorted([*(callbacks or ()), history, *bars], key=lambda callback: callback.last)
        at = self.progress = Progress(self.fed(training), validation_data, around, epochs, initial_epoch)
        for callback in around:
            callback.model = self
        self.stop_training, stream = False, at.batches(endless=True)
        _tell(around, "on_train_begin", {})
        try:
            for epoch in first(iter(range(at.epoch, epochs)), None, lambda: self.stop_training):
                self.reset_metrics()
                _tell(around, "on_epoch_begin", epoch, {})
                self._train_epoch(stream if steps_per_epoch else at.batches(), steps_per_epoch)
                if validation_data is not None and (epoch + 1) % validation_freq == 0:
                    at.logs.update(self._validate(validation_data, validation_batch_size or batch_size, validation_steps))
                at.epoch, at.step = epoch + 1, 0
                _tell(around, "on_epoch_end", epoch, at.logs)
        except KeyboardInterrupt:
            at.interrupted = True
            print("\nTraining was interrupted; the history so far and the weights are kept.")
        self.optimizer.finalize_variable_values(self.trainable_weights)
        _tell(around, "on_train_end", at.logs)
        self.progress = None                               # the data are not the model's to keep
        return history

    def _train_epoch(self, stream, steps):
        at = self.progress
        for step, batch in enumerate(first(stream, steps and steps - at.step, lambda: self.stop_training), at.step):
            _tell(at.callbacks, "on_train_batch_begin", step, {})
            at.step, at.logs = step + 1, self.train_step(batch)
            _tell(at.callbacks, "on_train_batch_end", step, at.logs)
        if not at.step:
            raise NoBatches(f"fit: the data gave no batches in epoch {at.epoch + 1}")
        at.logs = dict(at.logs)

    def train_step(self, batch) -> dict:
        """Learn from one batch: predict, measure the loss, send gradients back, step. Returns loss and metrics so far."""
        x, y, *sample_weight = unpacked(batch)
        y_pred = self(x, training=True)
        loss = self.compute_loss(x, y, y_pred, *sample_weight)
        weights = self.trainable_weights
        for weight in weights:
            weight.grad = None
        loss.backward()
        self.optimizer.apply([weight.grad for weight in weights], weights)
        return self._gather(loss, x, y, y_pred, *sample_weight)

    def test_step(self, batch) -> dict:
        """Measure one batch, without learning from it. Returns loss and metrics so far."""
        x, y, *sample_weight = unpacked(batch)
        with no_grad():
            y_pred = self(x, training=False)
            return self._gather(self.compute_loss(x, y, y_pred, *sample_weight), x, y, y_pred, *sample_weight)

    def compute_loss(self, x, y, y_pred, sample_weight=None) -> Tensor:
        """The loss of a batch, one number, with what layers add to it. Override it for losses that need more than this.

        `sample_weight` is passed only where there is one.
        """
        if self.loss is None and self.losses:
            return sum(self.losses)
        if self.loss is None:
            raise ValueError("compile was given no loss: pass one, or override compute_loss(x, y, y_pred)")
        if y is None:
            raise ValueError("the data hold no targets: pass y, or batches (x, y)")
        if not self._checked:
            for check in CHECKS["first batch"]:
                check(self, x, y_pred)
            self._checked = True
        loss = self.loss(y, y_pred, sample_weight)
        return sum(self.losses, loss.mean() if loss.ndim else loss)

    def _gather(self, loss, x, y, y_pred, *sample_weight):
        self._loss_tracker.update_state(loss.detach(), sample_weight=len(next(leaves(x))))
        y_pred = map_structure(Tensor.detach, y_pred)
        for metric in self.metrics:
            metric.update_state(y, y_pred, *(sample_weight if metric.weighs else ()))
        return {metric.name: metric.result() for metric in (self._loss_tracker, *self.metrics)}

    def reset_metrics(self):
        """Let loss and metrics count from here on. `fit` does so at the beginning of an epoch, `evaluate` at its own."""
        for metric in (self._loss_tracker, *self.metrics):
            metric.reset_state()

    def _need_compiled(self, method):
        if self.optimizer is None:
            raise RuntimeError(f"{method} needs a compiled model: call compile(optimizer, loss, metrics) before")

    def _validate(self, data, batch_size, steps):
        arrays = isinstance(data, (tuple, list)) and len(data) in (2, 3) and not isinstance(data[0], tuple)
        x, y, *weight = data if arrays else (data, None)
        _tell(self.progress.callbacks, "on_test_begin", {})
        found = self.evaluate(x, y, batch_size if arrays else None, 0, *weight, steps=steps, return_dict=True)
        _tell(self.progress.callbacks, "on_test_end", found)
        return {f"val_{name}": value for name, value in found.items()}

    def evaluate(self, x=None, y=None, batch_size=None, verbose="auto", sample_weight=None, steps=None,
                 return_dict=False) -> float | list | dict:
        """Loss and metrics on data: https://keras.io/api/models/model_training_apis/#evaluate-method

        Args:
            x, y, batch_size: as for `fit`.
            verbose: 0 is silent; others print the result.
            sample_weight: how much each sample counts, for arrays.
            steps: how many batches to take; None takes all.
            return_dict: give {"loss": ..., "accuracy": ...}.

        Returns:
            The loss, if there are no metrics; else [loss, metric, ...].
        """
        self._need_compiled("evaluate")
        self.reset_metrics()
        data, logs = batches(x, y, batch_size, sample_weight=sample_weight), {}
        for batch in first(iter(self.fed(data)), operator.length_hint(data) or None if steps is None else steps):
            logs = self.test_step(batch)
        if not logs:
            raise NoBatches("evaluate: the data gave no batches")
        if verbose:
            print(shown(logs, ": "))
        return logs if return_dict else list(logs.values()) if self.metrics else logs["loss"]


def _tell(callbacks, turn, *facts):
    for callback in callbacks:
        getattr(callback, turn)(*facts)


def first(stream, steps, ended=lambda: False):
    """The batches of a stream, or the first `steps` of them, or as long as it has not `ended`; no batch more is drawn."""
    taken = 0
    while not ended() and (steps is None or taken < steps):
        try:
            batch = next(stream)
        except StopIteration:
            return
        yield batch
        taken += 1
