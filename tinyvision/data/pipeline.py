"""Dataset: a lazy pipeline from files or arrays to batches, with the names of tf.data.

A dataset is a stream of *tasks*: functions without arguments, whose result is an element. `map` puts a function around each
task, `shuffle` changes the order of tasks, `batch` makes one task of several, `skip` drops some: nothing of all that reads a
file. Only the end of the chain runs the tasks, several ahead of the consumer on threads of their own where `prefetch` says
so. What an element is depends on the number of the pass and of the element alone, so that it is the same on any number of
threads, and after a start from the middle.
"""
import functools
import itertools
import math

import numpy as np

from ..config import random_key
from ..kernels.cores import get_num_threads
from ..nearest import DATASET, missing
from .elements import as_element, as_numpy, as_tensors, described, leaves, mapped, row, rows
from .tasks import Function, Round, Yields, ahead_of, done, itself, together

AUTOTUNE = -1                                              # as many as there are cores
INFINITE_CARDINALITY, UNKNOWN_CARDINALITY = -1, -2


class NearestNames(type):
    """A class whose missing names raise what an instance of it raises: tf.data has functions that are called on the class."""

    def __getattr__(cls, name):
        raise missing("Dataset", name, DATASET, vars(Dataset))


class Source:
    """Where elements come from: it counts the passes that were begun, of whatever was made of it."""

    passes = 0


class Dataset(metaclass=NearestNames):
    """Elements that are made when they are asked for: arrays cut into samples, files read, functions applied, batches.

    https://www.tensorflow.org/api_docs/python/tf/data/Dataset

        train = Dataset.from_tensor_slices((paths, labels)).shuffle(1000).map(load, AUTOTUNE).batch(32).prefetch(2)
        for x, y in train: ...

    An element is a Tensor, a text, or a tuple or dictionary of such. Each method returns a new dataset; each iteration is a new
    pass, and shuffles anew. What is made of a dataset after passes were begun goes on counting where these have come to: a
    `train.take(100)` in a loop is another one each time. `fit`, `evaluate` and `predict` take a dataset of batches.

    Attributes:
        passes: how many passes were begun: the number of the next one.
        drawn: how many elements of the pass begun last were drawn, with those that are left out: where `start_at` goes on.

    >>> squares = Dataset.from_tensor_slices([1, 2, 3, 4, 5]).map(lambda x: x * x).batch(2)
    >>> [x.tolist() for x in squares.as_numpy_iterator()]
    [[1, 4], [9, 16], [25]]
    >>> len(squares)
    3
    """

    def __init__(self, tasks, length: int | float | None, threads: int = 0, ahead: int = 0, sources=(), depth: int = 0):
        """For `tasks(round)`, which returns an iterator; `length` is None where unknown. See the functions `from_...`."""
        self._tasks, self._length, self._threads, self._ahead, self._depth = tasks, length, threads, ahead, depth
        self._sources = tuple(dict.fromkeys(sources)) or (Source(),)
        self.passes, self._first, self.drawn = max(source.passes for source in self._sources), 0, 0

    def _then(self, tasks, length, threads=0, ahead=None, functions=0):
        """What this becomes: with so many threads at least, with that much made ahead (None: as much as before, and something
        for each thread), and with so many functions more in the chain."""
        ahead = max(threads, self._ahead) if ahead is None else ahead
        return Dataset(tasks, length, max(threads, self._threads), ahead, self._sources, self._depth + functions)

    @staticmethod
    def _of(parts, tasks, length):
        """What several datasets become."""
        return Dataset(tasks, length, max(part._threads for part in parts), max(part._ahead for part in parts),
                       sum((part._sources for part in parts), ()), max(part._depth for part in parts))

    def _begun(self, passes):
        self.passes = passes
        for source in self._sources:
            source.passes = max(source.passes, passes)

    # Where elements come from

    @staticmethod
    def from_tensor_slices(tensors) -> "Dataset":
        """The rows of an array, of a list of numbers, texts or paths; or of a tuple or dictionary of these, all of one length.

        A list of arrays is stacked to one: for images and their labels give a tuple, (x, y).

        >>> pairs = Dataset.from_tensor_slices((["a.jpg", "b.jpg"], np.array([0, 1])))
        >>> next(iter(pairs))
        ('a.jpg', Tensor(0))
        """
        arrays = mapped(rows, tensors)
        lengths = [len(array) for array in leaves(arrays)]
        if len(set(lengths)) != 1:
            raise ValueError(f"from_tensor_slices takes arrays of one length, got {', '.join(map(str, lengths)) or 'none'}")

        def tasks(round):
            return (functools.partial(row, arrays, i) for i in range(lengths[0]))
        return Dataset(tasks, lengths[0])

    @staticmethod
    def from_generator(generator, output_types=None, output_shapes=None, args=None, output_signature=None) -> "Dataset":
        """What a generator yields, drawn when it is asked for.

        Args:
            generator: a function that returns a new iterator for each pass; or what can be gone through again and again: a
                list, a DataLoader.
            args: arguments for that function.
            output_types, output_shapes, output_signature: tf.data's; refused, for elements bring their own shapes and dtypes.

        >>> [x.item() for x in Dataset.from_generator(lambda n: (i / 2 for i in range(n)), args=(3,))]
        [0.0, 0.5, 1.0]
        """
        refused = {"output_types": output_types, "output_shapes": output_shapes, "output_signature": output_signature}
        for name, value in refused.items():
            if value is not None:
                raise TypeError(f"from_generator: the elements bring their own shapes and dtypes: leave {name} out")
        if not callable(generator) and (not hasattr(generator, "__iter__") or iter(generator) is generator):
            raise TypeError("from_generator takes a function that returns a new iterator for each pass (a generator can be "
                            f"gone through only once), or something like a list, got {type(generator).__name__}")

        def tasks(round):
            found = generator(*(args or ())) if callable(generator) else generator
            for index, element in enumerate(found):
                yield functools.partial(as_element, element, f"from_generator: element {index}")
        return Dataset(tasks, None if callable(generator) or not hasattr(generator, "__len__") else len(generator))

    @staticmethod
    def range(*args) -> "Dataset":
        """The integers of `range(*args)`.

        >>> len(Dataset.range(2, 10))
        8
        """
        return Dataset.from_tensor_slices(np.arange(*args))

    @staticmethod
    def zip(*args) -> "Dataset":
        """Tuples of one element of each dataset, as long as all have one; of one tuple or dictionary of datasets, such tuples
        or dictionaries.

        >>> letters, numbers = Dataset.from_tensor_slices(["a", "b"]), Dataset.range(5)
        >>> list(Dataset.zip(letters, numbers))
        [('a', Tensor(0)), ('b', Tensor(1))]
        """
        structure = args[0] if len(args) == 1 and isinstance(args[0], (tuple, dict)) else args
        parts = list(leaves(structure))
        if not parts or not all(isinstance(part, Dataset) for part in parts):
            raise TypeError(f"zip takes datasets, got {', '.join(type(part).__name__ for part in parts) or 'none'}")

        def joined(tasks):
            results = iter([task() for task in tasks])
            return mapped(lambda part: next(results), structure)

        def tasks(round):
            for group in zip(*(part._tasks(round.inside(i)) for i, part in enumerate(parts))):
                yield functools.partial(joined, group)
        known = [part._length for part in parts]
        return Dataset._of(parts, tasks, None if None in known else min(known))

    # What becomes of them

    def map(self, map_func, num_parallel_calls: int | None = None, deterministic: bool | None = None) -> "Dataset":
        """The results of a function of each element. It gets Tensors: `f(x, y)` where elements are tuples (x, y).

        Args:
            map_func: returns a Tensor, an array, a number, a text, or a tuple or dictionary of these; a list is stacked to one
                array. Gradients are not recorded in it. Layers in it that draw random numbers draw by the pass and the place
                of the element.
            num_parallel_calls: how many of these calls may run at once; 1 for a function that is not safe on several threads.
                The chain has as many threads at least. AUTOTUNE has as many threads as there are cores, and sets no bound;
                nor does None, which leaves threads to the other parts of the chain (`prefetch`, another map), and without
                one to the thread that iterates.
            deterministic: None or True: the order of the elements is always kept.

        A thread makes a whole element of the end of the chain. So with `map(load, 8).batch(256)` each of 8 threads loads a
        batch of its own, one file after the other, and up to 8 batches wait in memory: `prefetch` behind it says how many may.

        >>> list(Dataset.from_tensor_slices(([1, 2], [3, 4])).map(lambda x, y: x + y))
        [Tensor(4), Tensor(6)]
        """
        threads = _parallel("map", num_parallel_calls)
        function = Function(map_func, "map", self._depth, None if num_parallel_calls == AUTOTUNE else threads)
        _in_order("map", deterministic)

        def run(task, round, index):
            return function(task(), round, index)

        def tasks(round):
            for index, task in enumerate(self._tasks(round)):
                yield functools.partial(run, task, round, index)
        return self._then(tasks, self._length, threads, functions=1)

    def filter(self, predicate) -> "Dataset":
        """The elements of which a function says True. To know which, what stands before it in the chain is run one by one.

        >>> [x.item() for x in Dataset.range(6).filter(lambda x: x > 3)]
        [4, 5]
        """
        function = Function(predicate, "filter", self._depth)

        def tasks(round):
            for index, element in enumerate(done(self._tasks(round))):
                kept = function(element, round, index)
                if not hasattr(kept, "dtype") or kept.dtype.kind == "U" or kept.size != 1:
                    raise ValueError(f"filter: {function.name} returns True or False, got {described(kept)}")
                if bool(kept):
                    yield functools.partial(itself, element)
        return self._then(tasks, None, functions=1)

    def batch(self, batch_size: int, drop_remainder: bool = False, num_parallel_calls: int | None = None,
              deterministic: bool | None = None) -> "Dataset":
        """Several elements each, stacked along a new first axis.

        Args:
            batch_size: how many; the last batch may have fewer.
            drop_remainder: leave such a last batch out, and any that has fewer since elements of it were left out (`LeftOut`).
            num_parallel_calls: on how many threads batches are made, at least; each makes a whole one, with all that stands
                before it in the chain, so up to that many wait in memory. None and AUTOTUNE as for `map`.
            deterministic: as for `map`.

        Raises:
            ValueError: when the batch is made, if its elements differ in shape or dtype.

        >>> [x.tolist() for x in Dataset.range(5).batch(2, drop_remainder=True).as_numpy_iterator()]
        [[0, 1], [2, 3]]
        """
        size, threads = _count("batch", "batch_size", batch_size), _parallel("batch", num_parallel_calls)
        _in_order("batch", deterministic)

        def tasks(round):
            source = self._tasks(round)
            while group := list(itertools.islice(source, size)):
                if len(group) == size or not drop_remainder:
                    yield functools.partial(together, group, size if drop_remainder else 1)
        known = self._length
        if known not in (None, math.inf):
            known = known // size if drop_remainder else -(-known // size)
        return self._then(tasks, known, threads)

    def unbatch(self) -> "Dataset":
        """The rows of each element, one by one. To know how many, what stands before it in the chain is run one by one.

        >>> [x.item() for x in Dataset.range(5).batch(2).unbatch()]
        [0, 1, 2, 3, 4]
        """
        def tasks(round):
            for element in done(self._tasks(round)):
                lengths = {len(a) if np.ndim(a) else 0 for a in leaves(element)}
                if len(lengths) != 1 or any(not np.ndim(a) for a in leaves(element)):
                    raise ValueError(f"unbatch: an element is arrays of one length, got {described(element)}")
                for i in range(lengths.pop()):
                    yield functools.partial(row, element, i)
        return self._then(tasks, None)

    def shuffle(self, buffer_size: int, seed: int | None = None, reshuffle_each_iteration: bool | None = True) -> "Dataset":
        """In another order: each comes at random out of a buffer, whose place the next one takes.

        What is shuffled is not yet made, so the buffer holds no images where `map` loads them afterwards.

        Args:
            buffer_size: from how many; with the length of the dataset, or more, all orders are equally likely.
            seed: for the same orders in each run; None takes a stream of the common seed.
            reshuffle_each_iteration: whether each pass has an order of its own.
        """
        size = _count("shuffle", "buffer_size", buffer_size)
        if seed is not None and (not hasattr(seed, "__index__") or not 0 <= seed < 2 ** 64):
            raise ValueError(f"shuffle: the seed is an integer from 0 on, got {seed!r}")
        key, anew = random_key() if seed is None else (int(seed), 0), reshuffle_each_iteration in (None, True)

        def tasks(round):
            around = functools.reduce(lambda outer, inner: (outer << 32) + inner, round.around, 0)
            counter = [0, 0, around % 2 ** 64, round.number % 2 ** 64] if anew else 0        # four numbers of 64 bits
            rng = np.random.Generator(np.random.Philox(key=key, counter=counter))
            source = self._tasks(round)
            waiting = list(itertools.islice(source, size))
            for task in source:
                i = int(rng.integers(size))
                yield waiting[i]
                waiting[i] = task
            for i in rng.permutation(len(waiting)):
                yield waiting[i]
        return self._then(tasks, self._length)

    def repeat(self, count: int | None = None) -> "Dataset":
        """All of it so many times, each a pass of its own to what stands before; None or -1: until a pass gives nothing."""
        count = None if count in (None, -1) else _count("repeat", "count", count, 0)

        def endlessly(round):
            passes = Yields()
            for i in itertools.count():
                if passes.have_ended():
                    return
                yield from passes.of(self._tasks(round.repetition(i)))

        def tasks(round):
            for i in range(count):
                yield from self._tasks(round._replace(number=round.number * count + i))
        if self._length == 0 or count == 0:
            return self.take(0)
        if count is None:
            return self._then(endlessly, math.inf)
        return self._then(tasks, None if self._length is None else self._length * count)

    def take(self, count: int) -> "Dataset":
        """The first elements only; -1 for all.

        >>> list(Dataset.range(10).take(2))
        [Tensor(0), Tensor(1)]
        """
        stop = None if count == -1 else _count("take", "count", count, 0)
        known = self._length if stop is None else 0 if stop == 0 else None if self._length is None else min(stop, self._length)
        return self._then(lambda round: itertools.islice(self._tasks(round), stop), known)

    def skip(self, count: int) -> "Dataset":
        """Without the first elements, which are not made; -1 for none at all."""
        if count == -1:
            return self.take(0)
        start = _count("skip", "count", count, 0)
        known = None if self._length is None else max(self._length - start, 0)
        return self._then(lambda round: itertools.islice(self._tasks(round), start, None), known)

    def concatenate(self, dataset: "Dataset") -> "Dataset":
        """These elements, then those of another dataset."""
        if not isinstance(dataset, Dataset):
            raise TypeError(f"concatenate takes a dataset, got {type(dataset).__name__}")
        known = None if None in (self._length, dataset._length) else self._length + dataset._length

        def tasks(round):
            return itertools.chain(self._tasks(round.inside(0)), dataset._tasks(round.inside(1)))
        return Dataset._of([self, dataset], tasks, known)

    def enumerate(self, start: int = 0) -> "Dataset":
        """Pairs of a number, counted up from `start`, and the element.

        >>> list(Dataset.from_tensor_slices(["a", "b"]).enumerate())
        [(Tensor(0), 'a'), (Tensor(1), 'b')]
        """
        def tasks(round):
            for i, task in enumerate(self._tasks(round), start):
                yield lambda i=i, task=task: (np.array(i), task())
        return self._then(tasks, self._length)

    def cache(self, filename: str = "") -> "Dataset":
        """The same elements in each pass, made once and kept in memory: those of the first pass, in its order.

        Put it behind what is slow and the same each time (reading files), and before what differs (shuffle, augmentation).

        Args:
            filename: tf.data's; refused: they are kept in memory only.
        """
        if filename:
            raise ValueError(f"cache keeps elements in memory: leave filename={filename!r} out")
        kept, made = [], {}                                # tasks of the first pass, once it went to its end; elements

        def get(index, task):
            if index not in made:
                made.setdefault(index, task())             # another pass may have been at it, too
            return made[index]

        def tasks(round):
            if kept:
                yield from kept
                return
            found = []
            for index, task in enumerate(self._tasks(Round(0, round.branch))):
                found.append(functools.partial(get, index, task))
                yield found[-1]
            kept[:] = found
        return self._then(tasks, self._length)

    def prefetch(self, buffer_size: int) -> "Dataset":
        """The same elements, of which some are made ahead of the consumer, on threads of their own.

        Wherever it stands in the chain: all of the chain runs on these threads. Of several the last one counts, and it counts
        for what maps before it make ahead, too.

        Args:
            buffer_size: how many elements of the end of the chain (of batches: how many batches) are made, or being made, while
                the consumer is at the one before; AUTOTUNE takes one more than there are cores. Each is made by one thread: so
                behind `map(load, 8)`, prefetch(2) holds two batches, and keeps two or three of the 8 threads busy.
        """
        ahead = get_num_threads() + 1 if buffer_size == AUTOTUNE else _count("prefetch", "buffer_size", buffer_size)
        return self._then(self._tasks, self._length, min(ahead, get_num_threads()), ahead)

    def apply(self, transformation_func) -> "Dataset":
        """`transformation_func(self)`, a dataset."""
        return transformation_func(self)

    # Going through them

    def start_at(self, passes: int, batches: int) -> None:
        """Let the next iteration be pass number `passes`, from element number `batches` on; what is skipped is not made."""
        passes, self._first = _count("start_at", "passes", passes, 0), _count("start_at", "batches", batches, 0)
        self._begun(passes)

    def __iter__(self):
        round, first = self.passes, self._first
        self._begun(round + 1)
        self._first, self.drawn = 0, first

        def count():
            self.drawn += 1
        tasks = itertools.islice(self._tasks(Round(round)), first, None)
        return map(as_tensors, done(ahead_of(tasks, self._threads, self._ahead) if self._ahead else tasks, count))

    def as_numpy_iterator(self):
        """An iterator whose elements are NumPy arrays and numbers in place of Tensors."""
        return map(as_numpy, self)

    def __len__(self):
        if self._length == math.inf:
            raise ValueError("this dataset has no end, for there is a repeat() without count in it: say how much is meant, "
                             "with take(n), or steps_per_epoch in fit, validation_steps there, and steps in evaluate")
        if self._length is None:
            raise TypeError("how many elements this dataset has is not known before it was gone through: it comes from a "
                            "generator, filter or unbatch")
        return self._length

    def __bool__(self):
        return True

    def cardinality(self) -> int:
        """How many elements there are; INFINITE_CARDINALITY, -1, or UNKNOWN_CARDINALITY, -2."""
        return {None: UNKNOWN_CARDINALITY, math.inf: INFINITE_CARDINALITY}.get(self._length, self._length)

    def __repr__(self):
        elements = "unknown length" if self._length is None else f"{self._length} elements"
        return f"<Dataset of {elements}, {self.passes} passes begun>"

    def __getattr__(self, name):
        raise missing("Dataset", name, DATASET, vars(Dataset))


# Arguments ------------------------------------------------------------------------------------------------------------------

def _count(method, argument, value, least=1):
    if isinstance(value, bool) or not hasattr(value, "__index__") or value < least:
        raise ValueError(f"{method}: {argument} is an integer, {least} or more, got {value!r}")
    return int(value)


def _parallel(method, value):
    """On how many threads: 0 for None."""
    if value is None:
        return 0
    return get_num_threads() if value == AUTOTUNE else _count(method, "num_parallel_calls", value)


def _in_order(method, deterministic):
    if deterministic not in (None, True):
        raise ValueError(f"{method}: the order of the elements is always kept: leave deterministic={deterministic!r} out")
