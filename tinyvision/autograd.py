"""Tensor: an array that remembers how it was made, so that gradients can flow back through it.

`Tensor` is what you hold; `tensor` makes one from data. Every op that touches a Tensor which requires a gradient records a
`Node` (op.py shows how an op is written); `backward` and `grad` carry gradients down the nodes, in `_flow`.

>>> x = tensor([1.0, 2.0], requires_grad=True)
>>> y = (x * x).sum()
>>> y.backward()
>>> x.grad
Tensor([2., 4.])
"""
import contextlib
import itertools
import operator
import threading
import types
import weakref

import numpy as np

from . import config
from .device import array_library, device_of, is_array, on_one_device, out_of_memory, placed, to_device

OPS = {}                                                   # every public op by name: Tensor's operators find theirs here
BORROWED = [0]                                             # the memory of Tensors that show an array of the caller's own
_clock = itertools.count(1)                                # dates every node, and every change in place


class Mode(threading.local):
    """What ops do beside computing, in this thread."""

    recording = True
    detecting = None                                       # a function that looks at each result; see anomaly.py
    differentiating = None                                 # the op whose rule is running, for its message


mode = Mode()


@contextlib.contextmanager
def _with(**settings):
    before = {name: getattr(mode, name) for name in settings}
    vars(mode).update(settings)
    try:
        yield
    finally:
        vars(mode).update(before)


def no_grad() -> contextlib.AbstractContextManager:
    """A context, or a decorator, in which ops record nothing.

    >>> x = tensor(2.0, requires_grad=True)
    >>> with no_grad():
    ...     (x * x).requires_grad
    False
    """
    return _with(recording=False)


def enable_grad() -> contextlib.AbstractContextManager:
    """A context, or a decorator, in which ops record again, inside `no_grad`."""
    return _with(recording=True)


def is_recording() -> bool:
    """Whether ops record themselves now, in this thread.

    While gradients are computed they do not, unless `create_graph=True` asks for gradients that can be differentiated again. So
    in a rule it tells whether what the rule returns must be made of ops, or may come from anywhere.
    """
    return mode.recording


def _method(name, swapped=False):
    """The op of that name, looked up when it is called: so the engine need not import its ops."""
    def method(*args, **settings):
        return OPS[name](*(args[::-1] if swapped else args), **settings)
    method.__name__, method.__doc__ = name, f"See `tinyvision.ops.{name}`."
    return method


class NoInteger(TypeError, AttributeError):
    """A Tensor was taken for an integer and is none. To Python that is a wrong type, to `hasattr` a lack of `__index__`."""


class Tensor:
    """An array, the gradient that arrived at it, and the node that made it; a leaf has none.

    Make one with `tensor(data)`. Tensors are immutable: operators and methods, which are the ops of the same name, return
    new ones, and `assign` is the one way to overwrite a leaf. How other libraries see them, exchange.py says.

    Attributes:
        data: the array itself (NumPy's or CuPy's). The engine's own: do not write to it.
        grad: after `backward`, the gradient summed so far, a Tensor; None before.
        requires_grad: whether gradients are to reach it.
    """

    __slots__ = "data", "_requires_grad", "grad", "node", "memory", "hooks", "__weakref__"
    __array_priority__ = 1000                              # array + Tensor asks Tensor first
    __hash__ = object.__hash__                             # == compares elements; a Tensor is itself in sets and dicts
    born, edges = 0, ()                                    # a leaf is older than any node, and leads nowhere

    def __init__(self, data, requires_grad: bool = False):
        self.data, self._requires_grad, self.grad, self.node, self.memory, self.hooks = data, False, None, None, [0], ()
        if requires_grad:
            self.requires_grad = True

    shape = property(lambda self: self.data.shape, doc="The size of each axis, a tuple.")
    dtype = property(lambda self: self.data.dtype, doc="The NumPy dtype of the elements.")
    ndim = property(lambda self: self.data.ndim, doc="The number of axes.")
    size = property(lambda self: self.data.size, doc="The number of elements.")
    device = property(lambda self: device_of(self.data), doc='"cpu", or "cuda:0" and so on.')
    T = property(lambda self: self.transpose(), doc="The axes in reverse order.")
    changed = property(lambda self: self.memory[0])        # when it was last assigned to: known to all that share its memory

    requires_grad = property(lambda self: self._requires_grad, doc="Whether gradients are to reach this Tensor.")

    @requires_grad.setter
    def requires_grad(self, wanted: bool):
        if self.node:
            raise RuntimeError(f"requires_grad is set on leaves only; this Tensor was made by {self.node.op.name}: "
                               "use detach() for one that is cut off")
        if wanted and self.dtype.kind != "f":
            raise TypeError(f"only a Tensor of floats can require a gradient, this one holds {self.dtype}: "
                            "convert it first, with astype('float32')")
        self._requires_grad = bool(wanted)

    __add__, __radd__ = _method("add"), _method("add", swapped=True)
    __sub__, __rsub__ = _method("subtract"), _method("subtract", swapped=True)
    __mul__, __rmul__ = _method("multiply"), _method("multiply", swapped=True)
    __truediv__, __rtruediv__ = _method("divide"), _method("divide", swapped=True)
    __pow__, __rpow__ = _method("power"), _method("power", swapped=True)
    __matmul__, __rmatmul__ = _method("matmul"), _method("matmul", swapped=True)
    __neg__, __abs__, __getitem__ = _method("negative"), _method("abs"), _method("getitem")
    __eq__, __ne__, __lt__ = _method("equal"), _method("not_equal"), _method("less")
    __le__, __gt__, __ge__ = _method("less_equal"), _method("greater"), _method("greater_equal")
    sum, mean, var, max, min, argmax = map(_method, ("sum", "mean", "var", "max", "min", "argmax"))
    exp, log, sqrt, square, abs, clip = map(_method, ("exp", "log", "sqrt", "square", "abs", "clip"))
    tanh, sigmoid, relu, astype, to = map(_method, ("tanh", "sigmoid", "relu", "cast", "to_device"))
    squeeze, flip, take = map(_method, ("squeeze", "flip", "take"))

    def reshape(self, *newshape):
        """`t.reshape((2, 3))` or `t.reshape(2, 3)`. See `tinyvision.ops.reshape`."""
        return OPS["reshape"](self, newshape[0] if len(newshape) == 1 else newshape)

    def transpose(self, *axes):
        """`t.transpose()`, `t.transpose((1, 0))` or `t.transpose(1, 0)`. See `tinyvision.ops.transpose`."""
        return OPS["transpose"](self, (axes[0] if len(axes) == 1 else axes) if axes else None)

    def __setitem__(self, index, value):
        raise TypeError("Tensors are not changed in place: build a new one, with ops.where for instance, or overwrite "
                        "a whole leaf with t.assign(value)")

    def __len__(self):
        if not self.ndim:
            raise TypeError("a Tensor of shape () has no length")
        return self.shape[0]

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    def __bool__(self):
        if self.size != 1:
            raise ValueError(f"is a Tensor of shape {self.shape} true? Say which is meant: compare numbers with .item(), "
                             "identity with `is`")
        return bool(self.item())

    __float__, __int__ = (lambda self: float(self.item())), (lambda self: int(self.item()))

    @property
    def __index__(self):                                   # for lists, ranges and slices; hasattr tells what is an integer
        if self.shape or self.dtype.kind not in "iu":
            raise NoInteger(f"an index is one integer, of shape (); this Tensor holds {self.dtype} of shape {self.shape}")
        return self.item().__index__

    def __format__(self, spec):
        return super().__format__(spec) if self.shape else format(self.item(), spec)

    def __repr__(self):
        origin = f", made by {self.node.op.name}" if self.node else ", requires_grad=True" if self.requires_grad else ""
        return f"Tensor({np.array2string(to_numpy(self.data), separator=', ', prefix='Tensor(')}{origin})"

    def item(self):
        """The single element, as a Python number."""
        if self.size != 1:
            raise ValueError(f"item() is for one element, this Tensor has shape {self.shape}")
        return self.data.item()

    def numpy(self) -> np.ndarray:
        """The elements as a NumPy array that cannot be written to; `.copy()` gives one that can.

        Raises:
            TypeError: the Tensor takes part in gradients; then say `t.detach().numpy()`.
        """
        if self.requires_grad and self.node:
            raise TypeError("this Tensor takes part in gradients: say t.detach().numpy()")
        view = to_numpy(self.data).view()
        view.flags.writeable = False
        return view

    def detach(self) -> "Tensor":
        """The same array, cut off from the graph."""
        new = Tensor(self.data)
        new.memory = self.memory
        return new

    def assign(self, value) -> None:
        """Overwrite the elements of a leaf, in place. A gradient that still needs the old ones will refuse to be taken.

        Raises:
            RuntimeError: this Tensor is no leaf.
            ValueError: the shapes differ.
        """
        if self.node:
            raise RuntimeError(f"assign: only a leaf is changed in place, this Tensor was made by {self.node.op.name}")
        value = as_array(value)
        if value.shape != self.shape:
            raise ValueError(f"assign: the value has shape {value.shape}, the Tensor {self.shape}")
        self.data[...] = to_device(value, self.device)
        self.mark_changed()

    def mark_changed(self) -> None:
        """Tell the engine that the elements were overwritten, for who has written to `data` himself."""
        self.memory[0] = next(_clock)

    def backward(self, gradient=None, retain_graph: bool | None = None, create_graph: bool = False) -> None:
        """Add d(self)/d(leaf) to `leaf.grad`, for every leaf that requires a gradient.

        Args:
            gradient: what arrives at this Tensor, of its shape; a Tensor of one element takes 1.
            retain_graph: keep what the graph saved, for a second backward. Defaults to `create_graph`.
            create_graph: record the gradients themselves, so that they can be differentiated again.

        >>> x = tensor([1.0, 2.0], requires_grad=True)
        >>> (x * x).sum().backward()
        >>> x.grad
        Tensor([2., 4.])
        """
        found = _flow([self], [gradient], None, retain_graph, create_graph)
        with _with(recording=create_graph):
            for place, g in found.items():
                t = place if isinstance(place, Tensor) else place.retained()
                if t is not None:
                    t.grad = g if t.grad is None else t.grad + g

    def register_hook(self, hook):
        """Call `hook(gradient)` when the whole gradient of this Tensor is known; what it returns, if anything, replaces it.

        Returns a handle; `handle.remove()` takes the hook away.
        """
        if not self.requires_grad:
            raise RuntimeError("register_hook: no gradient will reach a Tensor that does not require one")
        holder, entry = self.node or self, (hook,)         # an entry of its own, although the same hook may come twice
        holder.hooks = (*holder.hooks, entry)
        return types.SimpleNamespace(remove=lambda: setattr(holder, "hooks", tuple(e for e in holder.hooks if e is not entry)))

    def retain_grad(self) -> None:
        """Have `backward` fill `.grad` of this Tensor too, although it is no leaf."""
        if self.node:
            self.node.retained = weakref.ref(self)


def tensor(data, dtype=None, requires_grad: bool = False, device: str | None = None) -> Tensor:
    """A new Tensor that holds a copy of `data`.

    Args:
        data: numbers, nested lists, an array, a Tensor. Arrays keep their dtype; Python numbers take `config.floatx()`.
        dtype: the dtype to convert to.
        requires_grad: whether `backward` shall compute its gradient; for floats only.
        device: "cpu" or "cuda"; if not given, `set_device` says where numbers, lists and NumPy arrays go, and others stay.

    >>> tensor([[1, 2], [3, 4]]).sum(axis=0)
    Tensor([4., 6.])
    """
    array = data.data if isinstance(data, Tensor) else _numbers(data)
    own = hasattr(data, "dtype") or array.dtype.kind == "b"
    array = array.astype(dtype or (array.dtype if own else config.floatx()))         # astype copies
    return Tensor(to_device(array, device) if device else placed(array), requires_grad)


def as_array(x):
    """The array in a Tensor, or made of numbers and lists: Python floats take `config.floatx()`, integers stay integers.

    Raises:
        TypeError: `x` holds something else than numbers and booleans.
    """
    if isinstance(x, Tensor):
        return x.data
    array = _numbers(x)
    return array if hasattr(x, "dtype") or array.dtype.kind != "f" else array.astype(config.floatx())


def _numbers(x):
    """An array, or what NumPy makes of numbers and lists, in the dtype in which they come."""
    try:
        array = x if is_array(x) else placed(np.asarray(x))
    except ValueError as error:
        raise TypeError(f"expected numbers, got {type(x).__name__} {x!r:.60}: do all rows have the same length?") from error
    if array.dtype.kind not in "biuf":
        raise TypeError(f"expected numbers or booleans, got {type(x).__name__} {x!r:.60}")
    return array


def as_tensor(x) -> Tensor:
    """`x` itself if it is a Tensor; else a Tensor of it, which shares the memory of an array, where that may stay."""
    if isinstance(x, Tensor):
        return x
    new = Tensor(placed(as_array(x)))
    new.memory = BORROWED if new.data is x else new.memory
    return new


def to_numpy(x) -> np.ndarray:
    """The NumPy array of a Tensor, of an array wherever it lives, or of a list."""
    return to_device(as_array(x), "cpu")


def grad(outputs, inputs, grad_outputs=None, retain_graph: bool | None = None, create_graph: bool = False,
         allow_unused: bool = False) -> tuple:
    """The gradients of the sum of `outputs` with respect to each of `inputs`; no `.grad` is touched.

    Args:
        outputs: a Tensor, or several.
        inputs: a Tensor, or several; they need not be leaves.
        grad_outputs: what arrives at each output, of its shape; a Tensor of one element takes 1.
        retain_graph, create_graph: see `Tensor.backward`.
        allow_unused: give None for an input that no output depends on, instead of an error.

    >>> x = tensor(3.0, requires_grad=True)
    >>> slope, = grad(x ** 3, x, create_graph=True)
    >>> slope, grad(slope, x)[0]
    (Tensor(27., made by multiply), Tensor(18.))
    """
    if isinstance(outputs, Tensor):
        outputs, grad_outputs = [outputs], [grad_outputs]
    outputs, inputs = list(outputs), [inputs] if isinstance(inputs, Tensor) else list(inputs)
    arriving = [None] * len(outputs) if grad_outputs is None else list(grad_outputs)
    if len(arriving) != len(outputs):
        raise ValueError(f"grad: got {len(arriving)} grad_outputs for {len(outputs)} outputs")
    found = _flow(outputs, arriving, {t.node or t for t in inputs}, retain_graph, create_graph)
    results = tuple(found.get(t.node or t) for t in inputs)
    if not allow_unused and any(g is None for g in results):
        unused = [i for i, g in enumerate(results) if g is None]
        raise RuntimeError(f"grad: the outputs do not depend on inputs {unused} of {len(inputs)} (counted from 0); "
                           "pass allow_unused=True to get None for them")
    return results


# The graph: nodes, whose edges lead to the nodes and leaves that their arguments came from -------------------------------

class Node:
    """One recorded step: the op, where its arguments came from, and what its rules asked to keep."""

    __slots__ = "plan", "born", "shape", "dtype", "edges", "settings", "kept", "hooks", "retained"

    def __init__(self, plan, args, arrays, settings, results):
        y = results[0]
        self.plan, self.born, self.shape, self.dtype, self.hooks = plan, next(_clock), y.shape, y.dtype, ()
        self.edges = [args[i].node or args[i] for i in plan.wanted]
        self.settings, self.kept, self.retained = settings, {}, None       # retained: the Tensor whose .grad to fill, weakly
        for name, i in plan.arguments:                     # an array of the caller's own may be written to: copy it
            t, a = args[i], arrays[i]
            self.kept[name] = t if getattr(t, "memory", BORROWED) is not BORROWED else Tensor(a.copy()) if is_array(a) else a
        for name, i in plan.results:                       # arrays: a Tensor y would close a cycle with this node
            self.kept[name] = results[i]
        for name, fact in plan.facts:
            self.kept[name] = fact(arrays)

    op = property(lambda self: self.plan.op)

    def gradients(self, g, useful):
        """Run the rules: yields (edge, its gradient) for each useful edge."""
        values, together = self.values(), None
        if self.op.joint:
            values["wanted"] = {i for edge, i in zip(self.edges, self.plan.wanted) if edge in useful}
        for edge, i, (rule, names) in zip(self.edges, self.plan.wanted, self.plan.rules):
            if edge in useful:
                try:
                    found = together or rule(g, **{name: values[name] for name in names})
                except MemoryError as error:
                    raise out_of_memory(f"the gradient of {self.op.name}", error) from None
                if self.op.joint:                          # one rule, which gave the gradients of all arguments
                    together, found = found, found[i]
                if found is not None:
                    yield edge, _fitted(found, edge, self.op)

    def values(self):
        """Everything that the rules can ask for, by name."""
        if self.kept is None:
            raise RuntimeError(f"{self.op.name}: what its gradient needs was freed by an earlier backward; "
                               "give that one retain_graph=True")
        for name, _ in self.plan.arguments:
            if getattr(self.kept[name], "changed", 0) > self.born:
                raise RuntimeError(f"{self.op.name}: its argument {name} was changed in place before its gradient was "
                                   "taken; call backward() first, or give the op a copy")
        values = {**self.op.settings, **self.settings, **self.kept}
        if "y" in values:
            values["y"] = y = Tensor(values["y"])
            y._requires_grad, y.node = True, self
        return values


def _flow(outputs, arriving, inputs, retain_graph, create_graph):
    """Carry gradients down the graph, newest node first; {input: what arrives there}. Inputs None: all that have a .grad."""
    grads = {}
    with _with(recording=create_graph, differentiating=None):
        for output, g in zip(outputs, arriving):
            start = output.node or output
            g = _arriving(output, g)
            grads[start] = grads[start] + g if start in grads else g
        nodes = _newest_first(list(grads))
        inputs = {node for node in nodes if isinstance(node, Tensor) or node.retained} if inputs is None else inputs
        useful = set()                                     # whatever leads to an input
        for node in reversed(nodes):
            if node in inputs or not useful.isdisjoint(node.edges):
                useful.add(node)
        for node in nodes:
            if node not in grads:
                continue
            for hook, in node.hooks:
                replaced = hook(grads[node])
                grads[node] = grads[node] if replaced is None else replaced
            if not useful.isdisjoint(node.edges):          # its rules are wanted: it is no input with nothing behind it
                g = grads[node] if node in inputs else grads.pop(node)
                mode.differentiating = node.op
                for edge, ge in node.gradients(g, useful):
                    grads[edge] = grads[edge] + ge if edge in grads else ge
                if not (create_graph if retain_graph is None else retain_graph):
                    node.kept = None
    return {node: grads[node] for node in inputs if node in grads}


def _arriving(output, g):
    """The gradient that arrives at an output: as given, or 1."""
    if not output.requires_grad:
        raise RuntimeError("backward: no op that led here was recorded; does any input have requires_grad=True, "
                           "and was it outside no_grad()?")
    on_one_device("backward", (output,), (output.data,))   # rules make arrays there
    if g is None:
        if output.size != 1:
            raise ValueError(f"backward: needs one number to start from, got shape {output.shape}; reduce it with .sum() "
                             "or .mean(), or pass the gradient that arrives at it")
        return Tensor(array_library(output.data).ones_like(output.data))
    g = g if isinstance(g, Tensor) else tensor(g, device=output.device)
    if g.shape != output.shape:
        raise ValueError(f"backward: the gradient has shape {g.shape}, the output {output.shape}")
    return g if g.dtype == output.dtype else g.astype(output.dtype)


def _newest_first(starts):
    """All nodes and leaves that `starts` were made from. A node is younger than its arguments: age is the order."""
    seen, stack = set(starts), list(starts)
    while stack:
        for edge in stack.pop().edges:
            if edge not in seen:
                seen.add(edge)
                stack.append(edge)
    return sorted(seen, key=operator.attrgetter("born"), reverse=True)


def _fitted(g, edge, op):
    """A gradient in the shape and dtype of its argument: undoes broadcasting and promotion, once, for every op."""
    g = g if g.dtype == edge.dtype else g.astype(edge.dtype)
    if g.shape == edge.shape:
        return g
    extra = g.ndim - len(edge.shape)
    if extra < 0 or any(n not in (1, m) for n, m in zip(edge.shape, g.shape[extra:])):
        raise ValueError(f"{op.name}: a rule gave a gradient of shape {g.shape} for an argument of shape {edge.shape}")
    axes = (*range(extra), *(extra + i for i, n in enumerate(edge.shape) if n == 1))
    return g.sum(axes, keepdims=True).reshape(edge.shape)
