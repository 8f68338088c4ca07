"""Batches: pieces of arrays for one training step each."""
import numpy as np

from ..autograd import Tensor, to_numpy
from ..config import random_key
from ..device import is_array
from ..structures import leaves, map_structure


class NoBatches(ValueError):
    """There was nothing to train on, or to evaluate."""


class ArrayBatches:
    """Arrays, cut along their first axis into batches, (x, y) or (x, y, sample_weight), in a new order each time if `shuffle`.

    Args:
        x: an array, or a list, tuple or dictionary of them, all of one length.
        y: targets: the same; or None.
        batch_size: how many samples a batch has; the last one may have fewer.
        shuffle: whether to draw a new order, from a stream of the common seed, for each pass.
        sample_weight: how much each sample counts in the loss: the same; or None.

    Attributes:
        passes: how many passes were begun; each has an order of its own.

    >>> [x.tolist() for x, y in ArrayBatches(np.arange(5), None, batch_size=2)]
    [[0, 1], [2, 3], [4]]
    """

    def __init__(self, x, y=None, batch_size: int | None = None, shuffle: bool = False, sample_weight=None):
        if batch_size is not None and (not hasattr(batch_size, "__index__") or batch_size < 1):
            raise ValueError(f"batch_size must be a positive integer, got {batch_size!r}")
        parts = (x, y) if sample_weight is None else (x, y, sample_weight)
        self.parts = [part if part is None else _arrays(part) for part in parts]
        self.batch_size, self.samples = int(batch_size or 32), _common_length(*self.parts)
        self.passes = self.skipped = 0
        self.key = random_key() if shuffle else None

    def __len__(self):
        return -(-self.samples // self.batch_size)

    def start_at(self, passes: int, batches: int) -> None:
        """Let the next pass be number `passes`, counted from 0, and begin with number `batches` of its batches."""
        self.passes, self.skipped = passes, batches

    def __iter__(self):
        order, begin, self.skipped = np.arange(self.samples), self.skipped * self.batch_size, 0
        if self.key:
            np.random.Generator(np.random.Philox(key=self.key, counter=[0, 0, 0, self.passes])).shuffle(order)
        self.passes += 1
        for start in range(begin, self.samples, self.batch_size):
            taken = order[start:start + self.batch_size] if self.key else slice(start, start + self.batch_size)
            yield tuple(_taken(part, taken) for part in self.parts)

    def split(self, fraction: float) -> tuple["ArrayBatches", "ArrayBatches"]:
        """Two in place of one: the last samples, that fraction of all, make the second, which is not shuffled."""
        first = int(self.samples * (1 - fraction)) if 0 < fraction < 1 else 0
        if not 0 < first < self.samples:
            raise ValueError(f"validation_split lies between 0 and 1 and cuts {self.samples} samples in two, got {fraction}")
        training, validation = self._only(slice(first)), self._only(slice(first, None))
        training.key = self.key
        return training, validation

    def _only(self, index):
        x, y, *weight = (_taken(part, index) for part in self.parts)
        return ArrayBatches(x, y, self.batch_size, False, *weight)


def batches(x, y=None, batch_size=None, shuffle=False, sample_weight=None):
    """What to iterate over for batches: ArrayBatches for arrays; an iterable of batches as it is."""
    if y is not None or holds_arrays(x):
        return ArrayBatches(x, y, batch_size, shuffle, sample_weight)
    if not hasattr(x, "__iter__"):
        raise TypeError(f"expected arrays, or an iterable of batches (x, y), got {type(x).__name__}")
    if batch_size is not None or sample_weight is not None:
        raise ValueError("batch_size and sample_weight are for arrays; an iterable brings batches and weights of its own")
    return x


def unpacked(batch) -> tuple:
    """The (x, y) or (x, y, sample_weight) of a batch; y is None where the batch is x alone."""
    if not isinstance(batch, (tuple, list)):
        return batch, None
    if not 1 <= len(batch) <= 3:
        raise ValueError(f"a batch is x, (x, y) or (x, y, sample_weight); got {len(batch)} parts")
    return tuple(batch) if len(batch) > 1 else (batch[0], None)


def holds_arrays(x) -> bool:
    """Whether x is an array, a Tensor, a list of numbers, or a list, tuple or dictionary of arrays; not batches."""
    if isinstance(x, dict):
        return True
    if isinstance(x, (list, tuple)):
        return bool(x) and not any(isinstance(part, tuple) for part in x)
    return isinstance(x, Tensor) or is_array(x) or hasattr(x, "__array__")


def _taken(arrays, index):
    return None if arrays is None else map_structure(lambda a: a[index], arrays)


def _arrays(x):
    """Lists of numbers become arrays, lists of arrays stay lists."""
    if isinstance(x, dict) or (isinstance(x, (list, tuple)) and x and hasattr(x[0], "shape")):
        return map_structure(_arrays, x)
    return x if is_array(x) else to_numpy(x)


def _common_length(*parts) -> int:
    if any(np.ndim(array) == 0 for part in parts for array in leaves(part) if array is not None):
        raise ValueError("x, y and sample_weight hold one array of samples for each, got a single number")
    lengths = [[len(array) for array in leaves(part) if array is not None] for part in parts]
    if len(set(sum(lengths, []))) > 1:
        raise ValueError(f"x and y{' and sample_weight' * (len(parts) > 2)} must hold equally many samples, got "
                         f"{' and '.join(map(str, lengths))}")
    if not lengths[0][0]:
        raise ValueError("x holds no samples")
    return lengths[0][0]
