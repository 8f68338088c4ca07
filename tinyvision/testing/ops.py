"""All laws that the engine's ops keep, on an op of your own."""
import inspect
import time

import numpy as np

from .. import kernels
from ..autograd import Tensor, grad, tensor
from ..kernels.registry import WATCHERS
from ..reporting import DoesNotApply, Report
from .gradients import check_gradients

HINTS = {
    "value": "An op returns one Tensor of finite numbers, the same for the same arguments: let random numbers come from a "
             "seed that is an argument.",
    "gradient": "Write the rule down again, element by element.",
    "second gradient": "Rules are made of ops on Tensors: what a rule computes on `.data`, the engine cannot differentiate "
                       "again.",
    "dtypes": "float32 in, float32 out, forward and backward: look for np.float64 constants, and for arrays made without a "
              "dtype.",
    "float32 is near float64": "Numbers were lost to rounding: look for differences of large numbers, and for exp without the "
                               "largest subtracted.",
    "broadcasting": "A row that is used for the whole batch gets the sum of all shares. The engine adds them up, if the "
                    "rule returns the gradient in the shape of the result.",
    "empty batch": "A batch can be empty: models are run on no samples to learn their shapes. If the check has guessed wrong, "
                   "say which arguments have a batch axis: batch=('x', 's'), or batch=() if none has.",
    "arguments are left alone": "Copy before you write. And an array may be a view with gaps: index it, or call "
                                "np.ascontiguousarray.",
    "versions of kernels agree": "Each version must compute what the reference does, for all arguments that it says it serves.",
}


class Sample:
    """Arguments of a function by name: the float arrays among them in float64, all else as it was given."""

    def __init__(self, function, given):
        if not isinstance(given, (tuple, dict)):
            raise TypeError("check_op: a sample is a tuple of arguments, or a dictionary {name: argument}, got "
                            f"{type(given).__name__}")
        args, settings = ((), given) if isinstance(given, dict) else (given, {})
        if hasattr(function, "op") and not function.op.variadic:       # an op takes settings by position, too
            args, settings = function.op.sort_out(args, dict(settings))
        self.function, self.arguments = function, dict(inspect.signature(function).bind(*args, **settings).arguments)
        self.names = [name for name, a in self.arguments.items() if isinstance(a, np.ndarray) and a.dtype.kind == "f"]
        self.arrays = [self.arguments[name].astype("float64") for name in self.names]
        if not self.names:
            raise ValueError(f"check_op: a sample needs a NumPy array of floats among its arguments, got {self}")

    def __call__(self, *arrays):
        """The function on other arrays, or Tensors, in the place of the float arrays."""
        y = self.function(**{**self.arguments, **dict(zip(self.names, arrays))})
        assert isinstance(y, Tensor), f"it returned {type(y).__name__}, not one Tensor"
        return y

    def results(self, arrays, seed=0):
        """The value, and the gradients of all arrays for a random gradient that arrives: NumPy arrays."""
        xs = [tensor(a, requires_grad=True) for a in arrays]
        y = self(*xs)
        if not y.requires_grad:
            return [y.numpy()]
        v = np.random.default_rng(seed).standard_normal(y.shape).astype(y.dtype)
        return [y.detach().numpy(), *(g.numpy() if g is not None else np.zeros(x.shape) for x, g in zip(
            xs, grad(y, xs, tensor(v), allow_unused=True)))]

    def __repr__(self):
        return ", ".join(f"{name}: {a.dtype} {a.shape}" if isinstance(a, np.ndarray) else f"{name}: {a!r:.40}"
                         for name, a in self.arguments.items())


def check_op(function, samples, *, batch=None, second: bool = True, tolerance: float = 1e-5, verbose: bool = True) -> Report:
    """Hold a function of Tensors, an op above all, against the laws that tinyvision's own ops keep, and print what was found.

    The laws: the value is a Tensor, finite, and the same each time; gradient and second gradient agree with central
    differences; float32 stays float32 and is near float64; an argument that is a single row for all others gets the sum of
    their gradients; an empty batch works; arguments are not written to, and may be views; all versions of the kernels that run
    agree. And it says how long forward and backward take on the largest sample, in float32; where kernels have several
    versions, also how that compares with the references. On small arrays the calls cost more than the arithmetic.

    Args:
        function: takes Tensors (or arrays) and settings, returns one Tensor.
        samples: a list of tuples of arguments, or of dictionaries by name. The NumPy arrays of floats are what is
            differentiated; the function must be smooth near them.
        batch: the names of the arguments whose first axis counts samples; () for none. If None, it is the first array, or,
            where that alone cannot be empty, all arrays with as long a first axis.
        second: whether gradients of gradients are to be had.
        tolerance: of float32, relative to the largest number.
        verbose: whether to print.

    Raises:
        AssertionError: a law is broken; the message lists all that are.

    >>> def cube(x):
    ...     return x * x * x
    >>> check_op(cube, [(np.array([1.0, -2.0, 0.5]),)], verbose=False).ok
    True
    """
    samples = [Sample(function, given) for given in samples]
    if not samples:
        raise ValueError("check_op: needs a sample at least")
    report = Report(getattr(function, "__name__", repr(function)), verbose)
    smooth = samples[0](*(tensor(a, requires_grad=True) for a in samples[0].arrays)).requires_grad

    def law(name, check, needs_gradient=False):
        def on_all():
            if needs_gradient and not smooth:
                raise DoesNotApply("it has no gradient")
            said = [check(sample) for sample in samples]
            return "; ".join(dict.fromkeys(text for text in said if text))
        report.law(name, on_all, HINTS.get(name, ""))

    law("value", _value)
    law("gradient", lambda s: check_gradients(s, s.arrays), needs_gradient=True)
    if second:
        law("second gradient", lambda s: check_gradients(s, s.arrays, second=True), needs_gradient=True)
    law("dtypes", _dtypes)
    law("float32 is near float64", lambda s: _near(s, tolerance))
    law("broadcasting", _broadcasting, needs_gradient=True)
    law("empty batch", lambda s: _empty_somehow(s) if batch is None else _empty(s, batch))
    law("arguments are left alone", _left_alone)
    law("versions of kernels agree", lambda s: _versions(s, tolerance))
    largest = max(samples, key=lambda sample: sum(a.size for a in sample.arrays))
    report.law("time", lambda: _time(largest))
    return report.finish()


def _value(sample):
    y = sample(*map(tensor, sample.arrays)).numpy()
    assert np.isfinite(y).all(), f"the result holds {np.sum(~np.isfinite(y))} numbers that are not finite, for {sample}"
    again = sample(*map(tensor, sample.arrays)).numpy()
    assert np.array_equal(y, again), f"two calls with the same arguments gave different results, for {sample}"


def _dtypes(sample):
    for dtype in "float32", "float64":
        found = sample.results([a.astype(dtype) for a in sample.arrays])
        if found[0].dtype.kind == "f":
            assert found[0].dtype == dtype, f"{dtype} went in, {found[0].dtype} came out, for {sample}"
        for name, g in zip(sample.names, found[1:]):
            assert g.dtype == dtype, f"the gradient of {name} is {g.dtype} for an argument of {dtype}"


def _near(sample, tolerance):
    rounded = [a.astype("float32") for a in sample.arrays]
    _compare(sample.results(rounded), sample.results([a.astype("float64") for a in rounded]), tolerance, "in float32", sample)


def _compare(found, expected, tolerance, what, sample):
    for name, a, b in zip(["the result", *(f"the gradient of {name}" for name in sample.names)], found, expected):
        assert a.shape == b.shape, f"{what}, {name} has shape {a.shape}, not {b.shape}, for {sample}"
        scale = np.abs(b).max(initial=0) or 1.0
        error = np.abs(a.astype("float64") - b).max(initial=0) / scale
        assert error <= tolerance, f"{what}, {name} is off by {error:.1e} of its largest number, for {sample}"


def _broadcasting(sample):
    """An argument that is a single row must do what the same row, written out for all, does."""
    tried, length = [], max((len(a) for a in sample.arrays if a.ndim), default=0)
    for i, (name, a) in enumerate(zip(sample.names, sample.arrays)):
        if len(sample.arrays) == 1 or not a.ndim or not len(a) or length < 2:
            continue
        row, whole = list(sample.arrays), list(sample.arrays)
        row[i], whole[i] = a[:1], np.repeat(a[:1], len(a) if len(a) > 1 else length, axis=0)
        try:
            found, expected = sample.results(row), sample.results(whole)
        except (ValueError, TypeError):
            continue                                       # it refuses, which is its right
        if found[0].shape != expected[0].shape or not np.allclose(found[0], expected[0]):
            continue                                       # a single row means something else here
        assert found[1 + i].shape == a[:1].shape, f"the gradient of {name} has shape {found[1 + i].shape}, not {a[:1].shape}"
        expected[1 + i] = expected[1 + i].sum(axis=0, keepdims=True)
        _compare(found, expected, 1e-10, f"with one row of {name} for all", sample)
        tried.append(name)
    if not tried:
        raise DoesNotApply("no argument can be a single row for all of another")
    return f"a single row of {' or '.join(tried)} for all"


def _empty_somehow(sample):
    first = sample.arrays[0]
    together = [name for name, a in zip(sample.names, sample.arrays) if a.shape[:1] == first.shape[:1]]
    try:
        _empty(sample, sample.names[:1] if first.ndim else ())
    except ValueError:
        if len(together) == 1:
            raise
        _empty(sample, together)


def _empty(sample, batch):
    if unknown := set(batch).difference(sample.names):
        raise AssertionError(f"batch names {', '.join(sorted(unknown))}; the arrays of floats are {', '.join(sample.names)}.")
    if not batch:
        raise DoesNotApply("no argument has a batch axis")
    found = sample.results([a[:0] if name in batch else a for name, a in zip(sample.names, sample.arrays)])
    for name, g in zip(sample.names, found[1:]):
        if name in batch:
            assert g.shape[0] == 0, f"the gradient of {name} has shape {g.shape} for an empty batch"
        else:
            assert not g.any(), f"the gradient of {name} is not 0, although there was nothing"


def _left_alone(sample):
    expected = sample.results(sample.arrays)
    for what, layout in ("of views with gaps", _with_gaps), ("of transposed arrays", lambda a: a.T.copy().T):
        given = [layout(a) for a in sample.arrays]
        xs = [Tensor(a, requires_grad=True) for a in given]
        y = sample(*xs)
        _compare([y.detach().numpy()], expected[:1], 1e-10, what, sample)
        if y.requires_grad:
            y.sum().backward()
        for name, a, before in zip(sample.names, given, sample.arrays):
            assert np.array_equal(a, before), f"the argument {name} was written to"


def _with_gaps(a):
    wide = np.full([2 * n for n in a.shape], np.nan)
    view = wide[(..., *[slice(None, None, 2)] * a.ndim)]
    view[...] = a
    return view


def _versions(sample, tolerance):
    """All versions of all kernels that run, in float32 and float64, against the references."""
    names = versions_that_run(lambda: sample.results([a.astype("float32") for a in sample.arrays]))
    if not names:
        raise DoesNotApply("it runs no kernel that has several versions")
    for dtype, allowed in ("float32", tolerance), ("float64", 1e-10):
        arrays = [a.astype(dtype) for a in sample.arrays]
        with kernels.use("numpy"):
            expected = sample.results(arrays)
        for name in (None, *names):
            with kernels.use(name):
                _compare(sample.results(arrays), expected, allowed, f"version {name or 'chosen'} in {dtype}", sample)
    return ", ".join(names)


def versions_that_run(function) -> list:
    """The names of all versions of the kernels that a function runs, if any of these has several."""
    found = {}
    WATCHERS.append(watch := lambda kernel, version, arguments: found.update(dict.fromkeys(kernel.versions)))
    try:
        function()
    finally:
        WATCHERS.remove(watch)
    return list(found) if len(found) > 1 else []


def _time(sample):
    xs = [tensor(a.astype("float32"), requires_grad=True) for a in sample.arrays]
    y = sample(*xs)
    v = tensor(np.ones(y.shape, "float32"))

    def run():
        y = sample(*xs)
        if y.requires_grad:
            grad(y, xs, v, allow_unused=True)

    return described(run)


def described(run) -> str:
    """How long a function takes; if it runs kernels with several versions, beside the time with the references."""
    text = f"{1e3 * _best(run):.3g} ms forward and backward"
    if versions_that_run(run):
        with kernels.use("numpy"):
            text += f", by the reference kernels {1e3 * _best(run):.3g} ms"
    return text


def _best(run):
    """The shortest of some runs, in seconds: what else the machine does can only make it longer."""
    run()
    times, end = [], time.perf_counter() + 0.05
    while not times or (time.perf_counter() < end and len(times) < 50):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times)
