"""Tasks: functions without arguments whose result is an element of a dataset; and the threads that do them ahead of time."""
import contextvars
import functools
import queue
import threading
import typing
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext, suppress

from ..autograd import no_grad
from ..layers.drawing import drawing_for
from .elements import as_element, as_tensors, described, stacked

_running = contextvars.ContextVar("_running", default=())     # the Functions that run around here, also on threads they began


class LeftOut(Exception):
    """Raised in the function of `map`, it leaves this element out: a batch has one less, and is left out if it has none."""


class Round(typing.NamedTuple):
    """A pass, as a part of the pipeline sees it.

    Its number; which part this is of each `zip` and `concatenate` around; and the number of the pass in which each endless
    `repeat` around began it.
    """
    number: int
    branch: tuple = ()
    around: tuple = ()

    def inside(self, part):
        return self._replace(branch=(*self.branch, part))

    def repetition(self, i):
        """The i-th of an endless repeat in this pass."""
        return self._replace(number=i, around=(*self.around, self.number))

    def place(self, depth):
        """What tells a function, behind so many others, apart from all others and from itself in other passes."""
        return (*self.branch, depth, self.around) if self.around else (*self.branch, depth)


class Function:
    """A user's function, called with the Tensors of an element, at its place in a pass.

    `depth` is the number of functions before it in the chain. With the branch it tells all functions of a pipeline apart.
    No more than `at_once` calls of it run at a time, wherever they come from; None sets no bound.
    """

    def __init__(self, function, what, depth, at_once: int | None = None):
        if not callable(function):
            raise TypeError(f"{what} takes a function, got {type(function).__name__}")
        self.function, self.what, self.depth = function, what, depth
        self.name = getattr(getattr(function, "func", function), "__name__", type(function).__name__)
        self.called, self.first = False, threading.Lock()
        self.turn = threading.Semaphore(at_once) if at_once else nullcontext()

    def __call__(self, element, round, index):
        if self in (around := _running.get()):             # it would wait for itself, or never end
            raise RuntimeError(f"{self.what}({self.name}) goes through a dataset that it makes itself: let it go through the "
                               f"one that stands before this {self.what}")
        arguments = as_tensors(element)
        alone = nullcontext() if self.called else self.first           # the first call may build layers: let others wait
        outside = _running.set((*around, self))
        try:
            with no_grad(), drawing_for(round.number, index, round.place(self.depth)), self.turn, alone:
                result = self.function(*arguments) if isinstance(arguments, tuple) else self.function(arguments)
        except LeftOut:
            raise
        except Exception as error:
            error.add_note(f"This was in {self.what}({self.name}), element {index} of pass {round.number}: "
                           f"{described(element)}.")
            raise
        finally:
            _running.reset(outside)
        self.called = True
        return as_element(result, f"{self.what}: what {self.name} returned for element {index}")


def done(tasks, count=lambda: None):
    """The elements, one by one; without those that are left out. `count()` is called for each, left out or not."""
    try:
        for task in tasks:
            count()
            with suppress(LeftOut):
                yield task()
    finally:
        if hasattr(tasks, "close"):                        # or an error would keep a generator, and its threads, alive
            tasks.close()


def together(tasks, least=1):
    """A batch of what these tasks make; left out if that is less than `least` elements."""
    elements = list(done(tasks))
    if len(elements) < least:
        raise LeftOut
    return stacked(elements)


class Yields:
    """Whether the passes of an endless repeat still give anything.

    Tasks may be done later than they are asked for. So each pass is watched until one of its tasks has made something, or all
    are done and none has: then no end would come.
    """

    def __init__(self):
        self.watched = []                                  # passes: how many tasks; of those done, whether they made anything

    def of(self, tasks):
        """The tasks of one more pass, under watch."""
        length, results = 0, []
        for task in tasks:
            length += 1
            yield functools.partial(self._noted, task, results)
        self.watched.append((length, results))

    def have_ended(self) -> bool:
        """Whether a pass is done and gave nothing."""
        self.watched = [(length, results) for length, results in self.watched if not any(results)]
        return any(len(results) == length for length, results in self.watched)

    @staticmethod
    def _noted(task, results):
        """What a task makes; `results` gets whether it made anything."""
        try:
            element = task()
        except LeftOut:
            results.append(False)
            raise
        results.append(True)
        return element


def itself(element):
    """The task of an element that is there already."""
    return element


def ahead_of(tasks, threads: int, ahead: int):
    """Tasks that are done already, in the same order: up to `ahead` of them before they are asked for, on a few threads.

    The threads draw from `tasks` in turn. They end with the iteration, however that ends: what they are at then is done to its
    end, and dropped.
    """
    drawn, one_at_a_time = queue.SimpleQueue(), threading.Lock()

    def work():
        result = Future()
        with one_at_a_time:
            try:
                task = next(tasks, None)
            except BaseException as error:
                task = functools.partial(_raise, error)
            drawn.put(task and result)                     # None after the last
        if task:
            try:
                result.set_result(task())
            except BaseException as error:
                result.set_exception(error)

    pool = ThreadPoolExecutor(threads, "tinyvision data", initializer=_running.set, initargs=(_running.get(),))
    try:
        for _ in range(ahead):
            pool.submit(work)
        while result := drawn.get():
            pool.submit(work)
            yield result.result
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _raise(error):
    raise error
