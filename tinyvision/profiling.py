"""Where time, memory and gradients go, op by op: `profile()` around any code, and `loss.backward(explain=True)`.

Both look over the engine's shoulder: while they are on, the two methods through which every op runs, `Op.run` forward and
`Node.gradients` backward, are replaced by ones that also write down what they did. While they are off, they cost nothing.
"""
import contextlib
import time
import weakref
from collections import defaultdict

import numpy as np

from .autograd import Node, Tensor
from .device import array_library, is_array
from .kernels.registry import WATCHERS
from .op import Op

FIELDS = "calls", "forward", "backward", "made", "kept", "handed_on"
COLUMNS = "op", "calls", "forward ms", "backward ms", "MB made", "MB kept", "MB handed on"


class Profile:
    """What `profile()` has seen.

    Attributes:
        rows: {name of an op: {"calls", "forward", "backward", "made", "kept", "handed_on"}}: how often it ran; the seconds that
            it and its gradient rules took, those of the ops inside the rules included; and the bytes of what it returned, of
            what its rules had kept until they ran (weights included, nothing counted twice), and of the gradients that they
            handed on.
        seconds: from the beginning to the end.
    """

    def __init__(self):
        self.rows, self.seconds = defaultdict(lambda: dict.fromkeys(FIELDS, 0)), 0.0

    def __str__(self):
        rows = sorted(self.rows.items(), key=lambda row: -row[1]["forward"] - row[1]["backward"])
        lines = [COLUMNS, *((name, str(row["calls"]), f"{1e3 * row['forward']:.3f}", f"{1e3 * row['backward']:.3f}",
                             *(f"{row[field] / 1e6:.2f}" for field in FIELDS[3:])) for name, row in rows)]
        spent = sum(row["forward"] + row["backward"] for _, row in rows)
        total = f"{1e3 * self.seconds:.2f} ms in all, {1e3 * (self.seconds - spent):.2f} of them outside of ops and their rules"
        return "\n".join([*_table(lines), total])


@contextlib.contextmanager
def profile(verbose: bool = True):
    """Measure what the ops take inside a `with`, forward and backward, and print a table at the end.

    An op inside of another's gradient rule counts to that rule, not again for itself.

    Args:
        verbose: whether to print; the table is `str` of the Profile, too.

    Yields:
        A Profile.

    >>> from tinyvision import tensor
    >>> with profile(verbose=False) as found:
    ...     x = tensor([1.0, 2.0], requires_grad=True)
    ...     (x * x).sum().backward()
    >>> found.rows["multiply"]["calls"]
    1
    """
    found, inside = Profile(), [False]                     # inside: whether a rule is running
    seen = weakref.WeakValueDictionary()                   # arrays that were kept, as long as they live

    def timed(run):
        def method(op, arrays, settings):
            start = time.perf_counter()
            results = run(op, arrays, settings)
            _wait_for(results[0])
            if not inside[0]:
                row = found.rows[op.name]
                row["calls"] += 1
                row["forward"] += time.perf_counter() - start
                row["made"] += 0 if any(_shows(results[0], a) for a in arrays) else results[0].nbytes
            return results
        return method

    def rules_timed(gradients):
        def method(node, g, useful):
            row, outer, inside[0] = found.rows[node.op.name], inside[0], True
            for a in map(_array, (node.kept or {}).values()):
                if a is not None and not outer and id(a) not in seen:
                    seen[id(a)] = a
                    row["kept"] += a.nbytes
            start = time.perf_counter()
            try:
                shares = list(gradients(node, g, useful))
                _wait_for(*(share.data for _, share in shares))
            finally:
                inside[0] = outer
            if not outer:
                row["backward"] += time.perf_counter() - start
                row["handed_on"] += sum(share.data.nbytes for _, share in shares)
            return shares
        return method

    start = time.perf_counter()
    WATCHERS.append(watch := lambda *run: None)            # somebody looks on: inference takes no short cut past the ops
    try:
        with _replaced(Op, "run", timed), _replaced(Node, "gradients", rules_timed):
            yield found
    finally:
        WATCHERS.remove(watch)
        found.seconds = time.perf_counter() - start
    if verbose:
        print(found)


def _array(kept):
    """The array in what a node keeps, if there is one."""
    array = kept.data if isinstance(kept, Tensor) else kept
    return array if is_array(array) else None


def _shows(y, a):
    """Whether y is a view of a."""
    return is_array(a) and array_library(y).may_share_memory(y, a)


def _wait_for(*arrays):
    """A GPU works behind our back: let it finish, or the time would go to whoever looks at a result first."""
    for array in arrays:
        if not isinstance(array, np.ndarray):
            array.device.synchronize()


@contextlib.contextmanager
def _replaced(cls, name, around):
    original = getattr(cls, name)
    setattr(cls, name, around(original))
    try:
        yield
    finally:
        setattr(cls, name, original)


def backward(self, gradient=None, retain_graph: bool | None = None, create_graph: bool = False, explain: bool = False) -> None:
    """Add d(self)/d(leaf) to `leaf.grad`, for every leaf that requires a gradient.

    Args:
        gradient: what arrives at this Tensor, of its shape; a Tensor of one element takes 1.
        retain_graph: keep what the graph saved, for a second backward. Defaults to `create_graph`.
        create_graph: record the gradients themselves, so that they can be differentiated again.
        explain: print the way back, the newest op first: the norm of the gradient that arrived at it, and of what it handed on.

    >>> from tinyvision import tensor
    >>> x = tensor([1.0, 2.0], requires_grad=True)
    >>> (x * x).sum().backward(explain=True)
    op        shape       gradient arrived  handed on
    ---------------------------------------------------------------
    sum       one number  1                 1.41 to multiply
    multiply  2           1.41              2.24 and 2.24 to a leaf
    >>> x.grad
    Tensor([2., 4.])
    """
    if not explain:
        return _backward(self, gradient, retain_graph, create_graph)
    lines = [("op", "shape", "gradient arrived", "handed on")]

    def written_down(gradients):
        def rules(node, g, useful):
            shares = list(gradients(node, g, useful))
            lines.append((node.op.name, _shape(node.shape), _norm(g), _handed_on(shares)))
            return shares
        return rules

    with _replaced(Node, "gradients", written_down):
        _backward(self, gradient, retain_graph, create_graph)
    print("\n".join(_table(lines)))


_backward, Tensor.backward = Tensor.backward, backward


def _handed_on(shares):
    norms = defaultdict(list)
    for edge, share in shares:
        norms[_name(edge)].append(_norm(share))
    return ", ".join(f"{' and '.join(found)} to {name}" for name, found in norms.items())


def _name(edge):
    return getattr(edge, "path", None) or ("a leaf" if isinstance(edge, Tensor) else edge.op.name)


def _norm(g):
    return f"{float(np.sqrt((g.data.astype('float64') ** 2).sum())):.3g}"


def _shape(shape):
    return " x ".join(map(str, shape)) or "one number"


def _table(rows):
    """Lines of text: columns as wide as they need to be."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ["  ".join(f"{cell:{width}}" for cell, width in zip(row, widths)).rstrip() for row in rows]
    return [lines[0], "-" * max(map(len, lines)), *lines[1:]]
