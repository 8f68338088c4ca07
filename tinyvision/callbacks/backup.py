"""Backups: trainings that go on where they were after their process was killed, to the same numbers."""
import collections
import io
import itertools
import json
import math
import operator
import os
import random
import sys
import warnings
import weakref
import zipfile
from pathlib import Path

import numpy as np

from .. import config
from ..data.weights import ClassWeights
from ..device import array_library, to_device
from ..files import replacing
from ..optimizers import Optimizer
from .base import Callback, ProgressBar
from .state import Changes, is_plain, keys, pack, parts, unpack

FORMAT = "tinyvision backup 1"
_ended = collections.Counter()                             # _run of a folder -> how many trainings ended well there
_kept = {}                                                 # the same -> the model of the last (a weak reference), if kept


class BackupAndRestore(Callback):
    """Lets a training survive being killed: the same script, run again, goes on from the last backup.

    It goes on to the same numbers, bit for bit (at the same number of threads), as if nothing had happened. A backup holds
    weights and the state of the optimizer, the keys and steps of all random numbers, the place in the data and in the epoch,
    metrics, the history, and what the other callbacks remember: those of their attributes, and of the attributes of layers and
    metrics of your own, that training has changed, if they are plain (numbers, text, arrays, lists and dictionaries of them).
    Others are named in a warning; objects that have them define `get_state()`, which returns something plain, and
    `set_state(state)`.

    Where the data are an iterable of your own, what was taken is taken again and dropped; it must give the same batches each
    time. It is spared that if it has `passes`, the number of passes begun, and `start_at(passes, batches)`, which lets the next
    pass be that one, and begin with that batch. State that nothing here can see, such as variables of functions, is not saved.
    With `steps_per_epoch`, validate on a dataset of its own, not on the one in training.

    Ctrl-C leaves the last backup, and so does a training that `TerminateOnNaN` has ended; one that ends well deletes it.
    https://keras.io/api/callbacks/backup_and_restore/

    Args:
        backup_dir: a folder for this training alone, text or a Path.
        save_freq: "epoch", at the end of each, or after every so many batches.
        double_checkpoint: keep the backup before the last one, too, for when the last one is damaged.
        delete_checkpoint: whether the backup is deleted at the end. One that stays lets the script, run again, find the
            training finished, and say so; with more epochs, it goes on. So does one that a callback had stopped early, if
            `epochs` are others than they were. Within one run of a script only the same model goes on from it.

    >>> import tempfile
    >>> from tinyvision import Input, Sequential, layers
    >>> x, y = np.linspace(0, 1, 8)[:, None], np.linspace(1, 3, 8)
    >>> def script(callback):
    ...     model = Sequential([Input((1,)), layers.Dense(1)])
    ...     model.compile("sgd", "mse")
    ...     return model.fit(x, y, epochs=3, verbose=0, callbacks=[BackupAndRestore(folder), callback])
    >>> class Killed(Callback):
    ...     def on_epoch_begin(self, epoch, logs=None):
    ...         if epoch == 2:
    ...             raise SystemExit("killed")
    >>> folder = Path(tempfile.mkdtemp()) / "run"
    >>> script(Killed())
    Traceback (most recent call last):
    SystemExit: killed
    >>> script(Callback()).epoch                           # the third alone was trained now
    [0, 1, 2]
    """

    last = True                                            # what the others have done at a turn is saved, or overwritten

    def __init__(self, backup_dir, save_freq="epoch", double_checkpoint=False, delete_checkpoint=True):
        if not os.fspath(backup_dir):
            raise ValueError("BackupAndRestore: backup_dir is empty: give it a folder of its own")
        if save_freq != "epoch" and (isinstance(save_freq, bool) or not hasattr(save_freq, "__index__") or save_freq < 1):
            raise ValueError(f"BackupAndRestore: save_freq is 'epoch' or a number of batches, got {save_freq!r}")
        self.backup_dir, self.save_freq = Path(os.fspath(backup_dir)), save_freq
        self.double_checkpoint, self.delete_checkpoint = double_checkpoint, delete_checkpoint
        self.latest, self.previous = self.backup_dir / "latest.npz", self.backup_dir / "previous.npz"

    def on_train_begin(self, logs=None):
        if self.backup_dir.exists() and not self.backup_dir.is_dir():
            raise ValueError(f"BackupAndRestore: {self.backup_dir} is a file; backup_dir is a folder of its own")
        self.backup_dir.mkdir(parents=True, exist_ok=True)
        for left in self.backup_dir.glob(".latest-*.npz"):               # of saves that were killed
            left.unlink()
        self.changes, self.batches, self.passes, self.named = Changes(), 0, 0, set()
        run = _run(self.backup_dir)
        same = run in _kept and _kept[run]() is self.model
        self.number = _ended[run] - same                   # of this training; the model of the last one goes on with that
        self.found = self._load()
        if self.found is not None:
            self._build(self.found[0])
        self.changes.watch(self._parts())
        self.keys = {place: key for place, key, _ in self._keys()}
        self._warn(self.changes.odd | self._loose_data())
        if self.found is not None:
            self._check(self.found[0])
            self._go_there(*self.found)
            self._restore(*self.found)
            self._say_if_over()

    def on_epoch_begin(self, epoch, logs=None):
        if self.found is not None and self.model.progress.step:
            self._restore(*self.found)                     # the others began this epoch once more: as if they had not
        self.found = None

    def on_train_batch_begin(self, batch, logs=None):
        progress = self.model.progress
        if progress.taken == 1:                            # the data have begun a pass
            self.passes = getattr(progress.data, "passes", 1) - 1

    def on_train_batch_end(self, batch, logs=None):
        self.batches += 1
        if self.save_freq != "epoch" and self.batches >= self.save_freq:
            self.batches = 0
            self._save()

    def on_epoch_end(self, epoch, logs=None):
        if self.save_freq == "epoch":
            self._save()

    def on_train_end(self, logs=None):
        if self.model.progress.interrupted or self._astray():
            kept = f"fit goes on from the backup in {self.backup_dir}" if self.latest.exists() else "there is no backup yet"
            print(f"BackupAndRestore: {kept}")
            return
        run = _run(self.backup_dir)
        _ended[run] = self.number + 1
        if not self.delete_checkpoint:
            _kept[run] = weakref.ref(self.model)
            return
        _kept.pop(run, None)
        for path in self.previous, self.latest:
            path.unlink(missing_ok=True)
        if not any(self.backup_dir.iterdir()):
            self.backup_dir.rmdir()

    def _astray(self):
        """Whether training was stopped with a loss that is no number: what was saved before may be worth more."""
        loss = self.model.progress.logs.get("loss")
        return self.model.stop_training and loss is not None and not math.isfinite(loss)

    # What there is to save ----------------------------------------------------------------------------------------------

    def _parts(self):
        """(place, object) for all that training may change, each object once."""
        seen, counts = {}, collections.Counter()
        for callback in self.model.progress.callbacks:
            if not isinstance(callback, (BackupAndRestore, ProgressBar)):
                kind = type(callback).__name__
                yield from parts(callback, f"{kind} {counts[kind]}" if counts[kind] else kind, seen)
                counts[kind] += 1
        yield from parts(self.model, "model", seen)

    def _keys(self):
        """(place, key, function that sets it) for the random numbers of what gives the batches."""
        seen, progress = {}, self.model.progress
        for place, data in ("data", progress.data), ("validation data", progress.validation_data):
            yield from keys(data, place, seen)

    def _warn(self, lost):
        """Name, once, what a backup does not hold."""
        if new := sorted(lost - self.named):
            warnings.warn(f"BackupAndRestore cannot save {', '.join(new)}: a training that goes on may differ, if training "
                          "changes them; what has get_state and set_state is saved", stacklevel=7)
        self.named |= lost

    def _loose_data(self) -> set:
        """What gives batches and cannot be begun elsewhere."""
        progress, found = self.model.progress, set()
        for place, data in ("data", progress.data), ("validation data", progress.validation_data):
            data = data.batches if isinstance(data, ClassWeights) else data
            if data is not None and not isinstance(data, (list, tuple)) and not hasattr(data, "start_at"):
                found.add(f"{place} ({type(data).__name__} without start_at: on going on, batches are gone through anew)")
        return found

    def _save(self):
        model, progress, arrays = self.model, self.model.progress, []
        if self._astray():
            return

        def keep(array):
            arrays.append(array)
            return len(arrays) - 1

        places = list(self._parts())
        text = {"format": FORMAT, "ended": self.number, "epochs": progress.epochs, "batches": self.batches,
                "epoch": progress.epoch, "step": progress.step, "steps": _length(progress.data),
                "taken": progress.taken and getattr(progress.data, "drawn", progress.taken),
                "built_with": pack(model.built_with, keep),
                "passes": self.passes if progress.taken else getattr(progress.data, "passes", 0),
                "validation_passes": getattr(progress.validation_data, "passes", 0), "keys": self.keys,
                "logs": pack({name: value for name, value in progress.logs.items() if is_plain(value)}, keep),
                "weights": [[w.path, list(w.shape), str(w.dtype), w.trainable, w.requires_grad, keep(w.numpy())]
                            for w in model.weights],
                "optimizers": {place: {"class": type(thing).__name__, "remembers": _remembered(thing),
                                       "slots": self._slots(thing, keep)}
                               for place, thing in places if isinstance(thing, Optimizer)},
                "random": pack(_random_state(), keep), "state": self.changes.of(places, keep)}
        self._warn(self.changes.odd)
        with replacing(self.latest) as temporary:
            _write(temporary, text, arrays)
            if self.double_checkpoint and self.latest.exists():
                os.replace(self.latest, self.previous)

    def _slots(self, optimizer, keep):
        """{name of a slot: [[number of a weight, its array], ...]}."""
        numbers = {id(weight): number for number, weight in enumerate(self.model.weights)}
        if strange := [v for arrays in optimizer.slots.values() for v, _ in arrays.values() if id(v) not in numbers]:
            raise ValueError(f"BackupAndRestore: the {type(optimizer).__name__} optimizer changes {strange[0]!r}, which is not "
                             "among the weights of the model: make it an attribute of a layer in it")
        return {name: [[numbers[id(v)], keep(to_device(array, "cpu"))] for v, array in arrays.values()]
                for name, arrays in optimizer.slots.items()}

    # Going on -----------------------------------------------------------------------------------------------------------

    def _load(self):
        """Text and arrays of the backup, or None if there is none. Of a damaged one the one before is taken."""
        paths = [path for path in (self.latest, self.previous) if path.exists()]
        for path in paths:
            try:
                return _read(path)
            except _Damaged as error:
                if path is paths[-1]:
                    raise ValueError(f"BackupAndRestore: {path} is damaged, or no backup: {error}; delete the folder "
                                     f"{self.backup_dir}, and training begins anew") from error
                warnings.warn(f"BackupAndRestore: {path} is damaged ({error}); training goes on from the backup before it",
                              stacklevel=5)

    def _build(self, text):
        """Make the weights of a model that its first batch would give them."""
        if not self.model.built and text["built_with"]:
            try:
                self.model.compute_output_shape(unpack(text["built_with"], []))
            except Exception as error:
                raise ValueError(f"BackupAndRestore: {self.model.name} has no weights yet: give it an Input, or call it on a "
                                 "batch before fit") from error

    def _check(self, text):
        """Raise ValueError unless the backup is of such a model, in such a training."""
        if text["ended"] != self.number:
            raise self._misfit(f"is of training number {text['ended'] + 1} of the script, this is number {self.number + 1}: "
                               "each needs a backup_dir of its own")
        self._check_weights(text["weights"])
        optimizers = {place: thing for place, thing in self._parts() if isinstance(thing, Optimizer)}
        for place in {**text["optimizers"], **optimizers}:
            there = text["optimizers"].get(place, {"class": None, "remembers": []})
            here = type(optimizers.get(place)).__name__, _remembered(optimizers.get(place))
            if (there["class"], there["remembers"]) != here:
                raise self._misfit(f"has {there['class']} as {place}, which remembers {there['remembers']} of each weight; "
                                   f"here it is {here[0]}, with {here[1]}")
        if text["taken"] and text["steps"] != (here := _length(self.model.progress.data)):
            raise self._misfit(f"is within {text['steps']} batches a pass, the data here are {here}")
        known = [place for place, _ in self._parts()]
        if missing := [place for place in text["state"] if place not in known]:
            warnings.warn(f"BackupAndRestore: the backup in {self.backup_dir} holds the state of {', '.join(missing)}, "
                          "which are not here", stacklevel=6)

    def _check_weights(self, weights):
        there = [f"{path} {tuple(shape)} {dtype}" for path, shape, dtype, *_ in weights]
        here = [f"{w.path} {w.shape} {w.dtype}" for w in self.model.weights]
        for number, (t, h) in enumerate(itertools.zip_longest(there, here, fillvalue="nothing")):
            if t.rpartition("/")[2] != h.rpartition("/")[2]:           # names of layers may be numbered otherwise
                raise self._misfit(f"is of another model: it has {len(there)} weights, this one {len(here)}; number {number} "
                                   f"is {t} there, {h} here")

    def _misfit(self, what):
        return ValueError(f"BackupAndRestore: the backup in {self.backup_dir} {what}; delete the folder to train anew, or give "
                          "this training another backup_dir")

    def _go_there(self, text, arrays):
        """Let the data, and `fit`, begin where the backup was made."""
        progress = self.model.progress
        for place, _, put in self._keys():
            if place in text["keys"]:
                put(tuple(text["keys"][place]))
        self.keys = text["keys"]
        if hasattr(progress.validation_data, "start_at"):
            progress.validation_data.start_at(text["validation_passes"], 0)
        if hasattr(progress.data, "start_at"):
            progress.data.start_at(text["passes"], text["taken"])
        elif text["taken"]:
            progress.data = _Skipping(progress.data, text["taken"])
        self.passes, self.batches = text["passes"], text["batches"]
        progress.epoch, progress.step, progress.taken = text["epoch"], text["step"], text["taken"]

    def _restore(self, text, arrays):
        model = self.model
        model.progress.logs = unpack(text["logs"], arrays)
        for weight, (_, _, _, trainable, requires_grad, number) in zip(model.weights, text["weights"]):
            weight.assign(arrays[number])
            weight.trainable, weight.requires_grad = trainable, requires_grad
        places = list(self._parts())
        for place, optimizer in places:
            if isinstance(optimizer, Optimizer):
                self._fill_slots(optimizer, text["optimizers"][place]["slots"], arrays)
        self.changes.put(places, text["state"], arrays)
        if text.get("epochs", model.progress.epochs) != model.progress.epochs:
            model.stop_training = False                    # what stopped that training is not to stop another one
        _set_random_state(unpack(text["random"], arrays))

    def _say_if_over(self):
        """Print a line if there is nothing left to train."""
        stopped, at = self.model.stop_training, self.model.progress
        if stopped or at.epoch >= at.epochs:
            how = f"was stopped after {at.epoch} of {at.epochs} epochs" if stopped else f"ended after {at.epoch} epochs"
            mend = "the backup is deleted now, and the next run trains anew" if self.delete_checkpoint else \
                f"delete the folder to train anew, or give fit {'another number of' if stopped else 'more'} epochs to go on"
            print(f"BackupAndRestore: the training in {self.backup_dir} {how}: nothing is left to train; {mend}")

    def _fill_slots(self, optimizer, slots, arrays):
        weights = self.model.weights
        optimizer.slots.clear()
        for name, entries in slots.items():
            for weight, number in entries:
                slot = optimizer.slot(name, weights[weight])
                slot[...] = array_library(slot).asarray(arrays[number])


def _remembered(optimizer) -> list:
    """The names of what an optimizer says that it remembers of a weight."""
    if optimizer is None:
        return []
    groups = [*(group for options in optimizer.options for group in options.slot_groups), *optimizer.slot_groups]
    return sorted({name for group in groups for name in group})


def _run(folder):
    """What the trainings in a folder are counted in: this run of the script, or of a cell in a notebook, which may run anew."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return folder.resolve(), shell and shell.execution_count


def _length(data):
    """The number of batches in a pass; None where it is unknown."""
    try:
        return operator.length_hint(data) or None
    except ValueError:                                     # a Dataset without end
        return None


class _Skipping:
    """Batches without those at the beginning of the first pass."""

    def __init__(self, data, batches):
        self.data, self.batches = data, batches

    def __length_hint__(self):
        return operator.length_hint(self.data)

    def __iter__(self):
        batches, self.batches = self.batches, 0
        yield from itertools.islice(self.data, batches, None)


def _random_state() -> dict:
    """Where all random numbers are: the common seed and the number of its next stream, NumPy's and Python's own generators."""
    stream = next(config._streams)
    config._streams = itertools.count(stream)
    return {"seed": config._seed, "stream": stream, "numpy": np.random.get_state(), "python": random.getstate()}


def _set_random_state(state):
    config._seed, config._streams = state["seed"], itertools.count(state["stream"])
    np.random.set_state(state["numpy"])
    random.setstate(state["python"])


# Files ------------------------------------------------------------------------------------------------------------------

class _Damaged(Exception):
    """A file that cannot be read as a backup."""


def _write(path, text, arrays):
    """A zip of arrays, as `np.load` reads them, and of the text; it has checksums of its own."""
    file = io.BytesIO()                                    # zip goes back and forth, which takes its time on a disk
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("backup.json", json.dumps(text | {"arrays": len(arrays)}))
        for number, array in enumerate(arrays):
            content = io.BytesIO()
            np.lib.format.write_array(content, np.asarray(array), allow_pickle=False)
            archive.writestr(f"{number}.npy", content.getbuffer())
    path.write_bytes(file.getbuffer())


def _read(path):
    content = path.read_bytes()                            # an error of the disk is none of the file
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            text = json.loads(archive.read("backup.json"))
            if text["format"] != FORMAT:
                raise ValueError(f"its format is {text['format']!r}, not {FORMAT!r}")
            arrays = [np.lib.format.read_array(io.BytesIO(archive.read(f"{number}.npy")), allow_pickle=False)
                      for number in range(text["arrays"])]
    except Exception as error:                             # whatever bytes in disorder make of the readers
        raise _Damaged(f"{type(error).__name__}: {error}") from error
    return text, arrays
