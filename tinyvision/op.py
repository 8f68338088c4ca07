"""op: how a function of arrays becomes an op on Tensors.

An op is written once, as a function of arrays; its gradient once, as rules on Tensors:

    @op
    def multiply(x1, x2):
        return x1 * x2

    multiply.gradient(x1=lambda g, x2: g * x2,
                      x2=lambda g, x1: g * x1)

A rule receives `g`, the gradient that arrives at the op's output, and whatever else it asks for by name: an argument, an
argument's shape or dtype (`x1_shape`), the output `y`, a setting, or `**settings` for the rest of them. What no rule asks
for is not kept. Rules are made of ops, so what they return can be differentiated again.
"""
import functools
import inspect
import operator
import sys
from collections.abc import Callable

import numpy as np

from .autograd import OPS, Node, Tensor, as_array, mode
from .config import floatx
from .device import is_array, on_one_device, out_of_memory, placed


def op(forward=None, *, keeps=(), differentiable=True, floats=False) -> Callable[..., Tensor]:
    """Make a function of arrays into an op on Tensors. Arrays stand before the `*` of its signature, settings after.

    Its rules come by name, one for each argument that has a gradient: `my_op.gradient(x=lambda g, x, y: ...)`. A rule takes the
    gradient that arrives, and asks by name for what else it needs: arguments (`x`), their shapes and dtypes (`x_shape`,
    `x_dtype`), the result `y`, settings, and what `keeps` names. It returns a Tensor, made of ops, in the shape of the argument
    or in a shape that the argument was broadcast to.

    Or one function gives all of them together: `@my_op.gradient`, above a function of any name, `_` mostly. It returns a list
    or tuple with an entry for each array argument, in their order: a Tensor, or None for one that has no gradient. If it asks
    for `wanted`, that is the set of the positions that are needed; entries of others are ignored.

    Args:
        keeps: names for what `forward` returns after its output: for the rules to ask for, and nobody else to see.
        floats: True for an op that computes in floats: integers become `floatx()` first.
        differentiable: False for an op whose result is a constant to whoever differentiates.

    >>> @op
    ... def cube(x):
    ...     return x ** 3
    >>> cube.gradient(x=lambda g, x: 3 * g * x * x)
    >>> x = Tensor(np.array([1.0, 2.0]), requires_grad=True)
    >>> cube(x).sum().backward()
    >>> x.grad
    Tensor([ 3., 12.])
    """
    if forward is None:
        return functools.partial(op, keeps=keeps, differentiable=differentiable, floats=floats)
    this = Op(forward, keeps, floats)
    expected, plans = this.expected, this.plans

    @functools.wraps(forward)
    def call(*args, **settings):
        if len(args) != expected:
            args, settings = this.sort_out(args, settings)
        arrays, wanted = [], []
        for i, a in enumerate(args):
            if isinstance(a, Tensor):
                arrays.append(a.data)
                if a._requires_grad:
                    wanted.append(i)
            else:
                arrays.append(_plain(a, this))
        arrays = on_one_device(this.name, args, arrays) if "cupy" in sys.modules else arrays        # else all are NumPy's
        results = this.run(arrays, settings)
        y = Tensor(results[0])
        if y.data.base is not None or (arrays and y.data is arrays[0]):
            _share_memory(y, args)
        if wanted and differentiable and mode.recording and y.data.dtype.kind == "f":
            wanted = tuple(wanted)
            plan = plans.get(wanted) or this.plan(wanted)
            y.node, y._requires_grad = Node(plan, args, arrays, settings, results), True
        return y

    call.gradient, call.op = this.gradient, this
    if not forward.__name__.startswith("_"):
        OPS.setdefault(forward.__name__, call)             # an op of a user's does not take over Tensor's operators
    return call


def _share_memory(y, args):
    """A view of an argument learns with it of changes in place."""
    owner = _owner(y.data)
    for a in args:
        if isinstance(a, Tensor) and _owner(a.data) is owner:
            y.memory = a.memory


def _owner(array):
    """What holds the elements that an array shows: itself, or the array that it is a view of."""
    while (base := getattr(array, "base", None)) is not None:
        array = base
    return array


def _plain(a, op):
    """An argument that is no Tensor, as ops take it: an array, a Python number (which changes no dtype) or None."""
    if isinstance(a, np.generic):                          # np.float64 is a float, too
        return a.item()
    if isinstance(a, (bool, int, float)) or (a is None and op.optional):
        return a
    try:
        return placed(as_array(a))
    except TypeError as error:
        raise TypeError(f"{op.name}: {error}") from None


class Op:
    """What the engine knows of an op: its arrays and settings by name, and a rule for each array with a gradient."""

    def __init__(self, forward, keeps, floats):
        parameters = inspect.signature(forward).parameters.values()
        self.forward, self.name, self.results = forward, forward.__name__.strip("_"), ("y", *keeps)
        self.rules, self.plans, self.joint, self.floats = {}, {}, False, floats
        self.defaults = {p.name: p.default for p in parameters}
        self.settings = {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}
        self.variadic = any(p.kind is p.VAR_POSITIONAL for p in parameters)
        self.arrays = [p.name for p in parameters if p.kind is not p.KEYWORD_ONLY]
        self.names = [*self.arrays, *self.settings]
        self.optional = any(self.defaults[name] is None for name in self.arrays)
        self.expected = None if self.variadic else len(self.arrays)
        self.facts = {f"{name}_{fact}": self.fact(i, read) for i, name in enumerate(self.arrays)
                      for fact, read in (("shape", np.shape), ("dtype", operator.attrgetter("dtype")))}

    def fact(self, i, read):
        return (lambda arrays: [read(a) for a in arrays]) if self.variadic else lambda arrays: read(arrays[i])

    def run(self, arrays, settings):
        """The results of `forward` as arrays. float64 comes out only where float64 went in: `bool * 1.0` does not leak it."""
        if arrays and type(arrays[0]) is not np.ndarray and not any(map(is_array, arrays)):
            arrays = [a if a is None else as_array(a) for a in arrays]
        if self.floats:
            arrays = [a.astype(floatx()) if is_array(a) and a.dtype.kind in "biu" else a for a in arrays]
        try:
            results = self.forward(*arrays, **settings)
        except ValueError as error:                        # the array library does not know the name of the op
            raise ValueError(str(error) if str(error).startswith(self.name) else f"{self.name}: {error}") from None
        except MemoryError as error:
            raise out_of_memory(self.name, error) from None
        results = results if len(self.results) > 1 else (results,)
        y = results[0]
        leaks = y.dtype.char == "d" and "dtype" not in self.settings and "d" not in [getattr(a, "dtype", 0) for a in arrays]
        if leaks or type(y) is not np.ndarray and isinstance(y, np.generic):
            y = y.astype(floatx()) if leaks else y
            results = np.asarray(y) if isinstance(y, np.generic) else y, *results[1:]
        if mode.detecting:
            mode.detecting(self, results[0], arrays)
        return results

    def gradient(self, joint=None, **rules):
        """Give arguments their rules by name; or decorate one function that returns the gradients of all together."""
        self.joint = self.variadic or bool(joint)
        rules = dict.fromkeys(self.arrays, joint) if joint else rules
        if unknown := set(rules).difference(self.arrays):
            raise TypeError(f"{self.name}.gradient: it has no argument {', '.join(sorted(unknown))}, only {self.arrays}")
        self.rules = {name: (rule, self.needs(rule)) for name, rule in rules.items()}

    def needs(self, rule):
        """The names that a rule asks for. `**settings` stands for all settings that it does not name."""
        _, *parameters = inspect.signature(rule).parameters.values()
        names = [p.name for p in parameters if p.kind is not p.VAR_KEYWORD]
        if unknown := set(names).difference(self.arrays, self.settings, self.facts, self.results, ["wanted"] * self.joint):
            raise TypeError(f"{self.name}.gradient: a rule asks for {sorted(unknown)}; there is "
                            f"{[*self.arrays, *self.settings, *self.facts, *self.results]}")
        return names if len(names) == len(parameters) else list(dict.fromkeys([*names, *self.settings]))

    def plan(self, wanted):
        plan = self.plans[wanted] = Plan(self, wanted)
        return plan

    def sort_out(self, args, settings):
        """Keras lets settings come by position and arrays by name: put each in its place."""
        if self.variadic:
            return args, settings
        names, count = self.names, self.expected
        if len(args) >= count and settings.keys().isdisjoint(names[:len(args)]):
            settings.update(zip(names[count:], args[count:]))
            if len(args) <= len(names):
                return args[:count], settings
        if len(args) > len(names):
            raise TypeError(f"{self.name} takes at most {len(names)} arguments ({', '.join(names)}), got {len(args)}")
        given = dict(zip(names, args))
        if twice := [name for name in given if name in settings]:
            raise TypeError(f"{self.name} got its argument {twice[0]} twice, by position and by name")
        given.update(settings)
        if missing := [name for name in names if name not in given and self.defaults[name] is inspect.Parameter.empty]:
            raise TypeError(f"{self.name} needs its argument {missing[0]}")
        arrays = tuple(given.pop(name, self.defaults[name]) for name in self.arrays)
        return arrays, given


class Plan:
    """What an op does when the arguments at `wanted` want gradients: the rules to run, and what to keep for them."""

    def __init__(self, op, wanted):
        names = [op.arrays[0 if op.variadic else i] for i in wanted]
        if missing := [name for name in names if name not in op.rules]:
            raise NotImplementedError(f"{op.name} has no gradient with respect to {', '.join(missing)}")
        self.op, self.wanted, self.rules = op, wanted, [op.rules[name] for name in names]
        needed = {name for _, names in self.rules for name in names}
        self.arguments = [(name, i) for i, name in enumerate(op.arrays) if name in needed]
        self.results = [(name, i) for i, name in enumerate(op.results) if name in needed]
        self.facts = [(name, fact) for name, fact in op.facts.items() if name in needed]
