"""Small callbacks: functions in place of a class, a log on disk, an end to training that has gone astray."""
import csv
import math
import os

from ..configurable import check_names
from ..files import replacing
from .base import Callback

TURNS = [name for name in vars(Callback) if name.startswith("on_")]


class LambdaCallback(Callback):
    """A callback made of functions. https://keras.io/api/callbacks/lambda_callback/

    >>> tell = LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch, logs["loss"]))

    Args:
        on_epoch_begin, on_epoch_end: functions of (epoch, logs).
        on_train_begin, on_train_end: functions of (logs).
        on_train_batch_begin, on_train_batch_end: functions of (batch, logs).
        others: functions for the other methods of Callback, by name.
    """

    def __init__(self, on_epoch_begin=None, on_epoch_end=None, on_train_begin=None, on_train_end=None,
                 on_train_batch_begin=None, on_train_batch_end=None, **others):
        check_names("LambdaCallback", others, TURNS)
        given = {"on_epoch_begin": on_epoch_begin, "on_epoch_end": on_epoch_end, "on_train_begin": on_train_begin,
                 "on_train_end": on_train_end, "on_train_batch_begin": on_train_batch_begin,
                 "on_train_batch_end": on_train_batch_end, **others}
        self.functions = {name: function for name, function in given.items() if function is not None}
        for name, function in self.functions.items():
            if not callable(function):
                raise TypeError(f"LambdaCallback: {name} is a function, got {function!r}")
            setattr(self, name, function)


class TerminateOnNaN(Callback):
    """Ends training when the loss is no number any more, or infinite. https://keras.io/api/callbacks/terminate_on_nan/

    Args:
        raise_error: raise RuntimeError at once, without the end that other callbacks would see.
    """

    def __init__(self, raise_error: bool = False):
        self.raise_error = raise_error

    def on_train_batch_end(self, batch, logs):
        loss = logs.get("loss")
        if loss is not None and not math.isfinite(loss):
            said = f"the loss is {loss} in batch {batch}: try a smaller learning rate, or clipnorm=1.0 in the optimizer"
            if self.raise_error:
                raise RuntimeError(f"TerminateOnNaN: {said}")
            print(f"Training ends: {said}")
            self.model.stop_training = True


class CSVLogger(Callback):
    """Writes the logs of each epoch to a table in a file, line by line. https://keras.io/api/callbacks/csv_logger/

    The columns are those of the first epoch, by name; a line is on disk when its epoch has ended.

    Args:
        filename: "log.csv", for instance.
        separator: what stands between numbers.
        append: go on with a file that is there, in place of writing it anew.
    """

    def __init__(self, filename, separator=",", append=False):
        self.filename, self.separator, self.append, self.columns = os.fspath(filename), separator, append, None

    def on_train_begin(self, logs=None):
        self.columns = None
        with open(self.filename, "a" if self.append else "w", encoding="utf-8"):
            pass                                           # a path that cannot be written to is found before the first epoch

    def on_epoch_end(self, epoch, logs):
        with open(self.filename, "a", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, delimiter=self.separator)
            if self.columns is None:
                self.columns = self._columns(logs)
                if file.tell() == 0:
                    writer.writerow(["epoch", *self.columns])
            writer.writerow([epoch, *(logs.get(name, "NA") for name in self.columns)])

    def get_state(self):
        """The file as it is: for backups, see `BackupAndRestore`."""
        with open(self.filename, newline="", encoding="utf-8") as file:
            return {"columns": self.columns, "text": file.read()}

    def set_state(self, state):
        """Put the file back to what it was; rows of epochs that are trained once more go."""
        self.columns = state["columns"]
        with replacing(self.filename) as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
            file.write(state["text"])

    def _columns(self, logs):
        names = sorted(logs)
        seldom = [] if any(name.startswith("val_") for name in names) else [f"val_{name}" for name in names]
        return names + seldom                              # validation may begin in a later epoch
