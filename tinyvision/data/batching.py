"""Batches: pieces of arrays for one training step each."""
import numpy as np

from ..autograd import Tensor, to_numpy
from ..config import random_key
from ..device import is_array
from ..structures import leaves, map_structure


class ArrayBatches:
    """Arrays, cut along their first axis into batches (x, y), in a new order each time if `shuffle`.

    Args:
        x: an array, or a list, tuple or dictionary of them, all of one length.
        y: targets: the same; or None.
        batch_size: how many samples a batch has; the last one may have fewer.
        shuffle: whether to draw a new order, from a stream of the common seed, for each pass.

    >>> [x.tolist() for x, y in ArrayBatches(np.arange(5), None, batch_size=2)]
    [[0, 1], [2, 3], [4]]
    """

    def __init__(self, x, y=None, batch_size: int | None = None, shuffle: bool = False):
        if batch_size is not None and (not hasattr(batch_size, "__index__") or batch_size < 1):
            raise ValueError(f"batch_size must be a positive integer, got {batch_size!r}")
        self.x, self.y, self.batch_size, self.passes = _arrays(x), y if y is None else _arrays(y), batch_size or 32, 0
        self.samples = _common_length(self.x, self.y)
        self.key = random_key() if shuffle else None

    def __len__(self):
        return -(-self.samples // self.batch_size)

    def __iter__(self):
        order = np.arange(self.samples)
        if self.key:
            np.random.Generator(np.random.Philox(key=self.key, counter=[0, 0, 0, self.passes])).shuffle(order)
            self.passes += 1
        for start in range(0, self.samples, self.batch_size):
            taken = order[start:start + self.batch_size] if self.key else slice(start, start + self.batch_size)
            yield _taken(self.x, taken), _taken(self.y, taken)

    def split(self, fraction: float) -> tuple["ArrayBatches", "ArrayBatches"]:
        """Two in place of one: the last samples, that fraction of all, make the second, which is not shuffled."""
        if not 0 < fraction < 1:
            raise ValueError(f"validation_split lies between 0 and 1, got {fraction}")
        first = int(self.samples * (1 - fraction))
        if not 0 < first < self.samples:
            raise ValueError(f"validation_split={fraction} leaves nothing to train on, or nothing to validate with, of "
                             f"{self.samples} samples")
        training, validation = (ArrayBatches(_taken(self.x, part), _taken(self.y, part), self.batch_size)
                                for part in (slice(first), slice(first, None)))
        training.key = self.key
        return training, validation


def batches(x, y=None, batch_size=None, shuffle=False):
    """What to iterate over for batches: ArrayBatches for arrays; an iterable of batches as it is."""
    if y is not None or holds_arrays(x):
        return ArrayBatches(x, y, batch_size, shuffle)
    if not hasattr(x, "__iter__"):
        raise TypeError(f"expected arrays, or an iterable of batches (x, y), got {type(x).__name__}")
    if batch_size is not None:
        raise ValueError("batch_size is for arrays; an iterable brings its batches as they are")
    return x


def unpacked(batch) -> tuple:
    """The (x, y) of a batch; y is None where the batch is x alone."""
    if not isinstance(batch, (tuple, list)):
        return batch, None
    if not 1 <= len(batch) <= 2:
        raise ValueError(f"a batch is x, or (x, y); got {len(batch)} parts")
    return tuple(batch) if len(batch) == 2 else (batch[0], None)


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


def _common_length(x, y) -> int:
    of_x, of_y = [len(part) for part in leaves(x)], [len(part) for part in leaves(y) if part is not None]
    if len({*of_x, *of_y}) > 1:
        raise ValueError(f"x and y must hold equally many samples, got {of_x} and {of_y}")
    if not of_x[0]:
        raise ValueError("x holds no samples")
    return of_x[0]
