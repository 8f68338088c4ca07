"""Tasks: functions without arguments whose result is an element of a dataset; and the threads that do them ahead of time."""
import functools
import queue
import threading
import typing
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext, suppress

from ..autograd import no_grad
from ..layers.drawing import drawing_for
from .elements import as_element, as_tensors, described, stacked


class LeftOut(Exception):
    """Raised in the function of `map`, it leaves this element out: a batch has one less, and is left out if it has none."""


class Round(typing.NamedTuple):
    """A pass, as a part of the pipeline sees it: its number, and which part this is of each `zip` and `concatenate` around."""
    number: int
    branch: tuple = ()

    def inside(self, part):
        return Round(self.number, (*self.branch, part))


class Function:
    """A user's function, called with the Tensors of an element, at its place in a pass.

    `depth` is the number of functions before it in the chain. With the branch it tells all functions of a pipeline apart.
    """

    def __init__(self, function, what, depth):
        if not callable(function):
            raise TypeError(f"{what} takes a function, got {type(function).__name__}")
        self.function, self.what, self.depth = function, what, depth
        self.name = getattr(getattr(function, "func", function), "__name__", type(function).__name__)
        self.called, self.first = False, threading.Lock()

    def __call__(self, element, round, index):
        arguments = as_tensors(element)
        alone = nullcontext() if self.called else self.first           # the first call may build layers: let others wait
        try:
            with no_grad(), drawing_for(round.number, index, (*round.branch, self.depth)), alone:
                result = self.function(*arguments) if isinstance(arguments, tuple) else self.function(arguments)
        except LeftOut:
            raise
        except Exception as error:
            error.add_note(f"This was in {self.what}({self.name}), element {index} of pass {round.number}: "
                           f"{described(element)}.")
            raise
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


def together(tasks):
    """A batch of what these tasks make."""
    elements = list(done(tasks))
    if not elements:
        raise LeftOut
    return stacked(elements)


def noted(task, results):
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

    pool = ThreadPoolExecutor(threads, thread_name_prefix="tinyvision data")
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
