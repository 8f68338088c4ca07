"""Layers that draw random numbers in training, and how the numbers of one element of a pipeline are drawn."""
import collections
import contextlib
import hashlib
import threading

from ..autograd import Tensor
from ..config import random_key
from ..device import array_library
from .base import Layer
from .core import described


class _Place(threading.local):
    element = None                                         # (round, element, where), inside of `drawing_for`
    calls = collections.Counter()                          # of each layer there


_place = _Place()


@contextlib.contextmanager
def drawing_for(round: int, element: int, where: tuple = ()):
    """Within, layers draw the numbers that belong to one element of one round through the data, whatever was drawn before.

    So the numbers are the same in any order of the elements, on any number of threads, and after a start from the middle. No
    layer is changed. It holds in the thread that it was entered in.

    Args:
        round: the number of the round.
        element: that of the element in it, below 2**32.
        where: numbers that tell the functions of a pipeline apart: in each of them a layer draws other numbers.

    >>> from tinyvision import layers
    >>> drop = layers.Dropout(0.5, seed=1)
    >>> with drawing_for(round=2, element=7):
    ...     first = drop([1.0, 2.0, 3.0, 4.0], training=True)
    >>> with drawing_for(round=2, element=7):
    ...     again = drop([1.0, 2.0, 3.0, 4.0], training=True)
    >>> bool((first.numpy() == again.numpy()).all())
    True
    """
    before = _place.element, _place.calls
    _place.element, _place.calls = (round, element, where), collections.Counter()
    try:
        yield
    finally:
        _place.element, _place.calls = before


class Drawing(Layer):
    """What layers share that draw random numbers in training: a stream of its own for each, of which each call takes the next.

    A subclass says what comes of the input, in `noisy(x, key, step)`, with the numbers of that key and step; and, in `amount`,
    the name of the attribute that is 0 where nothing is to be done.
    """
    amount = "rate"

    def __init__(self, seed=None, **settings):
        super().__init__(**settings)
        if seed is not None and not hasattr(seed, "__index__"):
            raise TypeError(f"{described(self)}: the seed must be an integer, got {seed!r}")
        if seed is not None and not 0 <= seed < 2 ** 32:
            raise ValueError(f"{described(self)}: the seed must lie in 0 .. 2**32 - 1, got {seed}")
        self.key, self.step = random_key(seed), 0

    def call(self, x, training=False):
        if not training or not getattr(self, self.amount):
            return x
        return self.noisy(x, *self.next_draw())

    def next_draw(self):
        """The key and the step of the numbers of one call. Outside of `drawing_for`, the layer counts its calls.

        Inside, the step is the element, and the key a hash of the layer's own, the round, where in the pipeline this is, and
        how many calls the layer had for this element there: 96 bits, so that no two places share numbers.
        """
        if _place.element is None:
            self.step += 1
            return self.key, self.step
        (round, element, where), calls = _place.element, _place.calls[id(self)]
        _place.calls[id(self)] += 1
        text = repr([*map(int, self.key), int(round), where, calls])
        digest = hashlib.blake2b(text.encode(), digest_size=12).digest()
        return (int.from_bytes(digest[:8], "little"), int.from_bytes(digest[8:], "little")), element

    def noisy(self, x, key, step):
        """What comes of x in training."""
        raise NotImplementedError

    def drawn(self, numbers, x, dtype=None) -> Tensor:
        """Random numbers, which NumPy drew, as a Tensor where x is."""
        return Tensor(array_library(x.data).asarray(numbers, dtype or self.dtype))
