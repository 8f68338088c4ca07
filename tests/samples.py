"""Rows of arguments, on which every law of test_laws.py is checked: SAMPLES for the public ops, KERNEL_SAMPLES for the kernels.

A new op or kernel needs rows here, and nothing else: without them a test fails.
"""
import copy
import inspect
import itertools

import numpy as np

from tinyvision import kernels, ops
from tinyvision.kernels.windows import pair, windows
from tinyvision.ops.conv_transpose import output_paddings, transposed_windows

kernels.use(None)                                          # imports the versions of the kernels, so that KERNELS lists them
KERNELS = kernels.registry.KERNELS
OPS = {prefix + name: function for prefix, home in (("", ops), ("image.", ops.image)) for name, function in vars(home).items()
       if callable(function) and not name.startswith("_")}
WITHOUT_GRADIENT = {"all", "any", "argmax", "argmin", "argsort", "equal", "greater", "greater_equal", "isclose", "isfinite", "isinf",
                    "isnan", "less", "less_equal", "logical_and", "logical_not", "logical_or", "logical_xor", "not_equal", "one_hot", "ones_like", "zeros_like"}
NOT_IN_KERAS = {"batch_normalization_training", "clipped_relu", "dropout", "fused_conv", "getitem", "group_normalization", "instance_normalization", "mish", "putitem", "to_device"}        # in keras.ops, that is


class Row:
    """Arguments for one call of an op. Its `leaves`, the arrays of floats among them, are what gradients are taken for.

    Attributes:
        name: of the op, which is ops.name; "image.resize" for ops.image.resize. Of several results the laws take the first.
        arguments: by name. A value may be a list of arrays (concatenate).
        batch: names of the leaves whose leading axis is a batch, of whose entries the op treats each alone.
        leaves: the arrays of floats, in order, without those named in `constant`.
        differentiable: whether the result has a gradient.
    """

    def __init__(self, batch="", constant="", differentiable=True, **arguments):
        self.batch, self.constant, self.differentiable = batch.split(), constant.split(), differentiable
        self.arguments = arguments
        self.leaves, self.owners = [], []                  # owners: the name of the argument that each leaf belongs to
        for name, value in arguments.items():
            for a in value if isinstance(value, list) else [value]:
                if self.is_leaf(name, a):
                    self.leaves.append(a)
                    self.owners.append(name)

    def of(self, name):
        """The same row for the op of that name."""
        this = copy.copy(self)
        this.name, this.function = name, by_name(OPS[name])
        this.differentiable = self.differentiable and name not in WITHOUT_GRADIENT
        return this

    def part(self, n):
        """The same row with the first n entries of its batch alone."""
        return self.changed(lambda name, a: a[:n] if name in self.batch else a)

    def cast(self, dtype):
        """The same row with all its floats in another dtype."""
        return self.changed(lambda name, a: a.astype(dtype) if a.dtype.kind == "f" else a)

    def changed(self, change):
        """The same row with `change(name, array)` in the place of each array."""
        def walk(name, value):
            if isinstance(value, list):
                return [walk(name, v) for v in value]
            return change(name, value) if isinstance(value, np.ndarray) else value
        arguments = {name: walk(name, value) for name, value in self.arguments.items()}
        return Row(" ".join(self.batch), " ".join(self.constant), self.differentiable, **arguments).of(self.name)

    def is_leaf(self, name, value):
        return isinstance(value, np.ndarray) and value.dtype.kind == "f" and name not in self.constant

    def filled(self, leaves, others=lambda a: a):
        """The arguments with other leaves, and with `others` done to the arrays that are no leaves."""
        rest = iter(leaves)

        def fill(name, value):
            if isinstance(value, list):
                return [fill(name, v) for v in value]
            return next(rest) if self.is_leaf(name, value) else others(value) if isinstance(value, np.ndarray) else value
        return {name: fill(name, value) for name, value in self.arguments.items()}

    def __call__(self, *leaves, function=None):
        """The op on other leaves: leading arrays by position, as one writes it, and what follows by name."""
        function, arguments = function or self.function, self.filled(leaves)
        positional = []
        for name in inspect.signature(function).parameters:
            if name not in arguments or not _holds_arrays(self.arguments[name]):
                break
            positional.append(arguments.pop(name))
        return first(function(*positional, **arguments))

    def __repr__(self):
        return f"{self.name}({', '.join(f'{name}={_shown(value)}' for name, value in self.arguments.items())})"


def _holds_arrays(value):
    return isinstance(value, np.ndarray) or (isinstance(value, list) and any(map(_holds_arrays, value)))


def _shown(value):
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_shown, value))}]"
    return f"{value.dtype}{value.shape}" if isinstance(value, np.ndarray) else repr(value)


def first(results):
    return results[0] if isinstance(results, (tuple, list)) else results


def by_name(function):
    """The function itself; or one that takes a list, by name or position, in the place of its `*operands`."""
    parameters = list(inspect.signature(function).parameters.values())
    at = [i for i, p in enumerate(parameters) if p.kind is p.VAR_POSITIONAL]
    if not at:
        return function
    signature = inspect.Signature([p.replace(kind=p.POSITIONAL_OR_KEYWORD) for p in parameters if p.kind is not p.VAR_KEYWORD])

    def call(*args, **settings):
        arguments = signature.bind(*args, **settings).arguments
        before = [arguments.pop(p.name) for p in parameters[:at[0]]]
        return function(*before, *arguments.pop(parameters[at[0]].name), **arguments)
    call.__signature__ = signature
    return call


# Arrays: float64, of fixed random numbers -------------------------------------------------------------------------------

rng = np.random.default_rng(0)


def normal(*shape):
    return np.asarray(rng.standard_normal(shape))


def positive(*shape):
    return np.asarray(rng.uniform(0.5, 2, shape))


def apart(*shape):
    """Positive and negative numbers, 0.1 and more from each other, 0.05 and more from 0: no ties, and no corner near."""
    count = int(np.prod(shape))
    return (0.12 * (rng.permutation(count) - count // 2 + rng.uniform(0.45, 0.55, count))).reshape(shape)


def probabilities(*shape, axis=-1):
    p = rng.uniform(0.1, 1, shape)
    return p / p.sum(axis, keepdims=True)


def integers(low, high, *shape):
    return rng.integers(low, high, shape)


def booleans(*shape):
    return np.asarray(rng.random(shape) < 0.5)


# Rows for many ops --------------------------------------------------------------------------------------------------------

def one(make=normal):
    """For ops of one array."""
    return [Row("x", x=make(5, 4)), Row("x", x=make(3, 1, 2, 3)), Row(x=make()), Row("x", x=make(1))]


def two(make1=normal, make2=normal):
    """For ops of two arrays: equal shapes, both directions of broadcasting, scalars, numbers, integers, booleans."""
    return [Row("x1 x2", x1=make1(2, 3), x2=make2(2, 3)),
            Row("x1", x1=make1(2, 3, 4), x2=make2(1, 4)),
            Row("x2", x1=make1(2, 1), x2=make2(4, 1, 3)),
            Row("x1", x1=make1(3, 2), x2=make2()),
            Row(x1=make1(), x2=make2()),
            Row("x1", x1=make1(2, 3), x2=2),
            Row("x2", x1=0.75, x2=make2(2, 3)),
            Row("x1", x1=make1(2, 3), x2=np.array([1, 2, 3])),
            Row("x2", x1=np.array([[2], [3]]), x2=make2(3, 2, 2)),
            Row("x2", x1=np.array([[True], [True]]), x2=make2(3, 2, 2))]


def reductions(make=normal, axes=(None, 0, 1, -1, (0, 2), (-1, 0), ()), **settings):
    """For ops with axis and keepdims. Where the leading axis stays, it is a batch."""
    rows = [Row("x" if axis in (1, -1) else "", x=make(2, 3, 4), axis=axis, keepdims=keepdims, **settings)
            for axis, keepdims in itertools.product(axes, (False, True))]
    return [Row(x=make(2, 3), **settings), Row(x=make(), **settings), Row("x", x=make(1, 5, 1), axis=-2, **settings), *rows]


COMPARED = [Row("x1 x2", x1=apart(2, 3), x2=apart(2, 3)), Row("x1", x1=apart(2, 3, 4), x2=apart(1, 4)),
            Row("x1", x1=np.array([[1.0, 2.0, 3.0]]), x2=2), Row("x2", x1=1.0, x2=np.array([0.0, 1.0, 2.0])),
            Row(x1=np.array([1, 2, 3]), x2=np.array([3, 2, 1])), Row(x1=np.array([True, False]), x2=True)]

SPREAD = [Row("x1", x1=apart(6, 6), x2=0), Row("x2", x1=np.array([-1, 0, 1]), x2=apart(5, 3)), Row("x1", x1=apart(4), x2=0.004)]

# Pairwise: each two of these settings meet in some row (test_signatures.py checks it).
CONV = [
    Row("inputs", inputs=normal(n, h, w, c), kernel=normal(*size, c // groups, f), strides=strides, padding=padding,
        dilation_rate=dilation)
    for (n, h, w, c), size, f, groups, strides, padding, dilation in [
        ((2, 7, 9, 3), (1, 1), 4, 1, (2, 3), "same", 1),
        ((2, 7, 8, 3), (1, 1), 6, 3, 1, "valid", (1, 2)),
        ((2, 8, 6, 4), (1, 1), 6, 2, 2, "same", 2),
        ((2, 7, 8, 3), (2, 2), 3, 3, (2, 3), "same", 1),
        ((1, 6, 7, 2), (2, 2), 3, 1, 1, "valid", 2),
        ((2, 6, 9, 4), (2, 2), 2, 2, 2, "valid", (1, 2)),
        ((2, 9, 8, 4), (3, 2), 6, 2, (2, 3), "valid", (1, 2)),
        ((2, 7, 5, 1), (3, 2), 4, 1, 1, "same", 2),
        ((2, 7, 8, 3), (3, 2), 6, 3, 2, "valid", 1),
        ((2, 9, 8, 3), (3, 3), 3, 3, (2, 3), "valid", 2),
        ((2, 7, 9, 4), (3, 3), 6, 2, 1, "valid", 1),
        ((2, 8, 7, 3), (3, 3), 4, 1, 2, "same", (1, 2)),
        ((2, 8, 6, 3), (2, 2), 4, 1, 2, "same", 1),        # an even kernel at stride 2: no margins at all
        ((2, 7, 9, 2), (4, 2), 3, 1, 2, "same", 1),        # an even kernel, odd margins: more below and right
        ((2, 8, 9, 2), (2, 2), 3, 1, 3, "valid", 1),       # a stride over the kernel's size skips pixels
        ((2, 8, 7, 2), (2, 3), 3, 1, (4, 5), "same", 1),
        ((1, 5, 5, 1), (5, 5), 1, 1, 1, "valid", 1),       # a single window
        ((1, 2, 3, 1), (3, 5), 2, 1, 1, "same", 1),        # a kernel larger than the image
    ]
] + [Row("inputs", inputs=normal(2, 6, 7, 3), kernel=normal(3, 3, 3, 2)),
     Row("inputs", inputs=normal(2, 6, 7, 3), kernel=normal(3, 1, 3, 2), data_format="channels_last", strides=(1, 2))]

POOL = [
    Row("inputs", inputs=apart(2, 7, 9, 3), pool_size=size, strides=strides, padding=("valid", "same")[(i + j) % 2])
    for (i, size), (j, strides) in itertools.product(enumerate((2, 3, (3, 2))), enumerate((None, 1, (2, 3), 4)))
] + [Row("inputs", inputs=apart(2, 6, 8, 1), pool_size=2),
     Row("inputs", inputs=apart(1, 7, 8, 2), pool_size=(2, 4), strides=2, padding="same", data_format="channels_last"),
     Row("inputs", inputs=apart(2, 5, 4, 2), pool_size=(5, 4)),
     Row("inputs", inputs=apart(1, 18, 18, 1), pool_size=17, strides=1)]       # more than 256 positions in a window

# In one dimension; of filters for each channel alone; transposed: pairwise likewise, each list by itself.
CONV_1D = [
    Row("inputs", inputs=normal(n, length, c), kernel=normal(k, c // groups, f), strides=strides, padding=padding, dilation_rate=dilation)
    for (n, length, c), k, f, groups, strides, padding, dilation in [
        ((2, 9, 4), 2, 4, 4, 1, "valid", 1),
        ((2, 9, 4), 2, 3, 1, 2, "same", (3,)),
        ((2, 8, 4), 3, 6, 2, 1, "valid", 2),
        ((2, 9, 4), 1, 6, 2, 3, "same", 1),
        ((2, 9, 4), 3, 3, 1, (2,), "valid", 1),
        ((2, 9, 4), 1, 4, 4, 1, "same", 2),
        ((2, 8, 4), 3, 8, 4, 2, "same", 1),
        ((2, 9, 4), 1, 3, 1, 1, "valid", 3),
        ((2, 9, 4), 2, 6, 2, 1, "valid", 1),
        ((2, 9, 2), 4, 3, 1, 2, "same", 1),                # an even kernel, odd margins: more behind
        ((1, 3, 1), 5, 2, 1, 1, "same", 1)]]               # a kernel larger than the sequence

DEPTHWISE = [
    Row("inputs", inputs=normal(n, h, w, c), kernel=normal(*size, c, m), strides=strides, padding=padding, dilation_rate=dilation)
    for (n, h, w, c), size, m, strides, padding, dilation in [
        ((2, 7, 8, 3), (1, 1), 2, (2, 3), "valid", (1, 2)),
        ((2, 7, 8, 3), (3, 2), 1, 2, "valid", 1),
        ((2, 7, 8, 3), (3, 2), 2, 1, "same", 2),
        ((2, 7, 8, 3), (3, 3), 1, 1, "same", (1, 2)),
        ((2, 7, 8, 3), (2, 2), 1, (2, 3), "same", 2),
        ((2, 7, 8, 3), (3, 3), 3, 2, "valid", 2),
        ((2, 7, 8, 3), (2, 2), 2, 1, "valid", 1),
        ((2, 7, 8, 3), (1, 1), 1, 2, "same", 1),
        ((2, 7, 8, 3), (2, 2), 2, 2, "valid", (1, 2)),
        ((2, 7, 8, 3), (3, 3), 1, (2, 3), "valid", 1),
        ((2, 7, 8, 3), (1, 1), 2, 1, "same", 2),
        ((2, 7, 8, 3), (2, 3), 2, (2, 3), "valid", (2, 1)),
        ((2, 7, 8, 1), (3, 3), 4, 1, "same", 1)]           # one channel: an ordinary convolution
] + [Row("inputs", inputs=normal(2, 5, 6, 3), kernel=normal(3, 3, 3, 1), data_format="channels_last"),
     Row("inputs", inputs=normal(2, 9, 3), kernel=normal(3, 3, 2), strides=2, padding="same"),
     Row("inputs", inputs=normal(2, 9, 3), kernel=normal(2, 3, 1), dilation_rate=(2,))]

SEPARABLE = [
    Row("inputs", inputs=row.arguments["inputs"], depthwise_kernel=kernel, pointwise_kernel=normal(*[1] * (kernel.ndim - 2), c * m, f),
        **{name: value for name, value in row.arguments.items() if name not in ("inputs", "kernel")})
    for row, f in zip([DEPTHWISE[i] for i in (1, 2, 4, 8, 13, 14, 15)], (3, 2, 4, 3, 2, 4, 5))
    for kernel in [row.arguments["kernel"]] for c, m in [kernel.shape[-2:]]]

CONV_TRANSPOSE = [
    Row("inputs", inputs=normal(n, h, w, c), kernel=normal(*size, f, c), strides=strides, padding=padding, dilation_rate=dilation,
        output_padding=more)
    for (n, h, w, c), size, f, strides, padding, dilation, more in [
        ((2, 3, 4, 2), (1, 1), 3, (2, 3), "valid", (1, 2), (1, 0)),
        ((2, 3, 4, 2), (3, 2), 1, 2, "valid", 1, None),
        ((2, 5, 4, 2), (3, 2), 3, 1, "same", 2, 0),
        ((2, 3, 4, 3), (3, 3), 2, 1, "same", (1, 2), None),
        ((2, 3, 4, 2), (2, 2), 3, (2, 3), "same", 2, None),
        ((2, 3, 4, 2), (3, 3), 3, 2, "valid", 2, 1),
        ((2, 3, 4, 2), (2, 2), 3, 1, "valid", 1, (0, 0)),
        ((2, 3, 4, 2), (1, 1), 3, 2, "same", 1, None),     # steps over the size of the kernel leave zeros between
        ((2, 3, 4, 2), (2, 2), 3, 2, "valid", (1, 2), 0),
        ((2, 3, 4, 2), (3, 3), 3, (2, 3), "valid", 1, None),
        ((2, 3, 4, 2), (1, 1), 3, 1, "same", 2, 0),
        ((2, 3, 4, 2), (2, 3), 3, (3, 4), "valid", (2, 1), (2, 1)),
        ((2, 4, 3, 2), (4, 4), 3, 2, "same", 1, None),     # doubles the size
        ((2, 4, 3, 2), (3, 3), 3, 2, "same", 1, 1),        # likewise
        ((2, 4, 3, 2), (4, 3), 3, (2, 3), "same", 1, (1, 2)),
        ((2, 4, 3, 2), (2, 5), 3, 3, "same", 1, (2, 0)),
        ((2, 3, 3, 1), (5, 2), 1, (2, 4), "same", 1, None),                    # a margin above, more than is covered on the right
        ((2, 3, 4, 2), (2, 1), 3, 3, "valid", 1, None),
        ((3, 1, 1, 1), (3, 3), 2, 2, "valid", 1, None)]
] + [Row("inputs", inputs=normal(2, 3, 4, 2), kernel=normal(3, 3, 3, 2), data_format="channels_last")] + [
    Row("inputs", inputs=normal(2, 5, 2), kernel=normal(k, 3, 2), strides=strides, padding=padding, dilation_rate=dilation,
        output_padding=more)
    for k, strides, padding, dilation, more in [
        (1, 1, "same", 2, None), (1, 3, "valid", 1, 1), (4, 1, "same", 1, (0,)), (2, 2, "valid", (3,), None), (3, 1, "valid", 1, None),
        (3, (2,), "same", 2, 1)]]

POOL_1D = [Row("inputs", inputs=apart(2, 9, 3), pool_size=2), Row("inputs", inputs=apart(2, 9, 3), pool_size=(3,), strides=1, padding="same"),
           Row("inputs", inputs=apart(2, 9, 3), pool_size=2, strides=(3,)), Row("inputs", inputs=apart(2, 8, 3), pool_size=3, strides=2, padding="same"),
           Row("inputs", inputs=apart(2, 8, 1), pool_size=4, strides=4, padding="same", data_format="channels_last")]

INDICES = [1, -1, slice(1, 3), slice(None, None, -2), ..., None, (slice(1, 3), None, 0), (..., 1), (2, slice(None), -1),
           np.array([0, 2, 0]), [3, 1, 1], (slice(None), np.array([0, 2, 2, -1])), (np.array([0, 1, 1]), np.array([2, 0, 0])),
           (np.array([[0], [1]]), np.array([0, 2])), (np.array([0, 1]), slice(1, None), np.array([1, 0])),
           np.array([True, False, True, True]), (slice(None), np.array([True, False, True]))]

TRUTHS = [Row("x1 x2", x1=booleans(3, 4), x2=booleans(3, 4)), Row("x1", x1=booleans(2, 3, 4), x2=booleans(1, 4)),
          Row("x1", x1=np.array([0.0, -2.0, np.nan]), x2=True), Row("x2", x1=0, x2=np.array([0, 3]))]

FOUND = [Row("x", x=np.array([[1.0, np.nan], [np.inf, -np.inf]])), Row("x", x=normal(3)), Row(x=np.array([1, 2]))]

SAMPLES = {
    "abs": one(apart),
    "add": two(),
    "all": reductions(booleans, axes=(None, 0, 1, (0, 2))) + [Row(x=integers(0, 2, 3, 4), axis=1)],
    "any": reductions(booleans, axes=(None, 0, 1, (0, 2))) + [Row(x=integers(0, 2, 3, 4), axis=1)],
    "argmin": reductions(apart, axes=(None, 0, 1, -1)),
    "argmax": reductions(apart, axes=(None, 0, 1, -1)),
    "average_pool": POOL + POOL_1D,
    "batch_normalization": [
        Row("x", x=normal(4, 3, 2, 5), mean=normal(5), variance=positive(5), axis=-1),
        Row("x", x=normal(4, 3, 2, 5), mean=normal(5), variance=positive(5), axis=3, offset=normal(5), scale=normal(5)),
        Row("x", x=normal(2, 4, 3), mean=normal(4), variance=positive(4), axis=1, offset=normal(4), epsilon=0.1),
        Row("x", x=normal(4, 3, 2, 5), mean=normal(5), variance=positive(5), axis=-1, scale=normal(5), limits=(0, np.inf)),
        Row("x", x=normal(2, 4, 3), mean=normal(4), variance=positive(4), axis=1, offset=normal(4), limits=(-0.5, 0.75)),
        Row(x=normal(3, 2), mean=normal(3), variance=positive(3), axis=0, scale=normal(3), epsilon=1e-5)],
    "batch_normalization_training": [
        Row(x=normal(4, 3, 2, 5)),
        Row(x=normal(4, 3, 2, 5) + 3, offset=normal(5), scale=normal(5)),
        Row(x=normal(6, 4), axis=1, scale=positive(4), epsilon=0.1),
        Row(x=normal(3, 5, 2), axis=0, offset=normal(3), epsilon=1e-5),
        Row(x=normal(2, 4, 3), axis=-2, offset=normal(4), scale=normal(4)),
        Row(x=normal(4, 3, 2, 5), offset=normal(5), scale=normal(5), limits=(0, np.inf)),
        Row(x=normal(2, 4, 3), axis=1, scale=normal(4), limits=(-0.5, 0.75))],
    "binary_crossentropy": [
        Row("target output", target=probabilities(4, 3), output=probabilities(4, 3)),
        Row("target output", target=probabilities(4, 3), output=apart(4, 3), from_logits=True),
        Row("target output", target=np.array([0, 1, 1]), output=probabilities(3)),
        Row("target output", target=np.array([True, False, True]), output=apart(3), from_logits=True)],
    "broadcast_to": [Row(x=normal(3, 1), shape=(2, 3, 4)), Row(x=normal(), shape=(2, 3)), Row(x=normal(2, 3), shape=(2, 3)),
                     Row(x=normal(1, 3, 1), shape=(2, 3, 1))],
    "cast": [Row("x", x=normal(2, 3), dtype="float64"), Row("x", x=apart(2, 3), dtype="int32", differentiable=False),
             Row("x", x=np.array([[0.0, 2.0]]), dtype="bool", differentiable=False), Row(x=booleans(2, 3), dtype="float32")],
    "categorical_crossentropy": [
        Row("target output", target=probabilities(4, 5), output=positive(4, 5), from_logits=False),
        Row("target output", target=probabilities(4, 5), output=normal(4, 5), from_logits=True),
        Row("target output", target=probabilities(2, 3, 4, axis=1), output=positive(2, 3, 4), axis=1),
        Row(target=probabilities(3, 2, axis=0), output=normal(3, 2), from_logits=True, axis=-2),
        Row("target output", target=np.eye(3, dtype=int)[[2, 0]], output=normal(2, 3), from_logits=True)],
    "clip": [Row("x", x=apart(4, 5), x_min=-0.5, x_max=0.5), Row("x", x=apart(4, 5), x_min=0, x_max=1),
             Row("x", x=apart(2, 3, 4), x_min=np.full((3, 1), -0.6), x_max=np.array(0.6), constant="x_min x_max"),
             Row(x=apart(), x_min=-1.0, x_max=2.0)],
    "clipped_relu": [Row("x", x=apart(4, 5), max_value=0.5), Row("x", x=apart(2, 3, 2), max_value=1), Row(x=apart(), max_value=6.0)],
    "concatenate": [Row("xs", xs=[normal(2, 3), normal(2, 1), normal(2, 2)], axis=1), Row(xs=[normal(2, 3), normal(1, 3)]),
                    Row("xs", xs=[normal(2, 3, 1), normal(2, 3, 4)], axis=-1), Row(xs=[normal(3)]),
                    Row("xs", xs=[normal(2, 2), np.array([[1], [2]])], axis=1)],
    "conv": CONV + CONV_1D,
    "conv_transpose": CONV_TRANSPOSE,
    "cumsum": [Row("x" if axis == 1 else "", x=normal(3, 4, 2), axis=axis) for axis in (None, 0, 1, -1)] + [
        Row(x=normal(4), dtype="float64"), Row(x=np.array([[1, 2], [3, 4]]), axis=1, dtype="int32", differentiable=False)],
    "depthwise_conv": DEPTHWISE,
    "divide": two(normal, positive),
    "fused_conv": [
        Row("inputs", inputs=normal(2, 6, 7, 3), kernel=normal(3, 3, 3, 4)),
        Row("inputs", inputs=normal(2, 7, 6, 2), kernel=normal(3, 2, 2, 3), bias=normal(3), strides=(2, 1), padding="same"),
        Row("inputs", inputs=normal(1, 7, 8, 1), kernel=normal(2, 2, 1, 2), strides=3, dilation_rate=2, relu=True),
        Row("inputs", inputs=normal(2, 6, 7, 3), kernel=normal(3, 3, 3, 4), bias=normal(4), padding="same", relu=True),
        Row("inputs", inputs=normal(2, 7, 8, 2), kernel=normal(3, 3, 2, 3), bias=normal(3), relu=True, pool=True),
        Row("inputs", inputs=normal(1, 9, 9, 2), kernel=normal(2, 3, 2, 3), dilation_rate=(2, 1), pool=True)],
    "dropout": [Row("x", x=normal(4, 5), rate=0.5, seed=1), Row("x", x=normal(2, 3, 4), rate=0.25, seed=2, step=1),
                Row("x", x=normal(2, 3, 4), rate=0.4, noise_shape=(None, 1, None), seed=(3, 7), step=5),
                Row("x", x=normal(3, 2), rate=0, seed=1), Row(x=normal(2, 3, 4), rate=0.3, noise_shape=(2, 1, 4), seed=1)],
    "celu": one(apart) + [Row("x", x=apart(4, 5), alpha=0.3), Row("x", x=apart(3, 2), alpha=2)],
    "ceil": one(apart),
    "cos": one(),
    "elu": one(apart) + [Row("x", x=apart(4, 5), alpha=0.3), Row("x", x=apart(3, 2), alpha=2)],
    "equal": COMPARED,
    "erf": one(),
    "exp": one(),
    "expand_dims": [Row(x=normal(2, 3), axis=axis) for axis in (0, 1, -1, (0, 2), (-1, 1))],
    "floor": one(apart),
    "gelu": one() + [Row("x", x=normal(4, 5), approximate=False), Row("x", x=normal(2, 3, 2), approximate=True)],
    "hard_shrink": one(apart) + [Row("x", x=apart(4, 5), threshold=0.01), Row("x", x=apart(2, 3), threshold=0)],
    "group_normalization": [
        Row("x", x=normal(3, 4, 3, 6), groups=2), Row("x", x=normal(2, 5, 4) + 3, groups=4, gamma=normal(4), beta=normal(4)),
        Row("x", x=normal(3, 6), groups=1, gamma=positive(6), epsilon=0.1), Row("x", x=normal(2, 6, 5), groups=3, axis=1, beta=normal(6)),
        Row("x", x=normal(2, 3, 4, 2), groups=2, axis=-2, gamma=normal(4), beta=normal(4), epsilon=1e-5)],
    "instance_normalization": [
        Row("x", x=normal(3, 4, 3, 2)), Row("x", x=normal(2, 5, 4) + 3, gamma=normal(4), beta=normal(4)),
        Row("x", x=normal(2, 3, 5), axis=1, gamma=normal(3), epsilon=0.1), Row("x", x=normal(2, 3, 4, 2), axis=-2, beta=normal(4), epsilon=1e-5)],
    "layer_normalization": [
        Row("x", x=normal(3, 4, 5)), Row("x", x=normal(4, 6) + 3, gamma=normal(6), beta=normal(6), epsilon=0.1),
        Row("x", x=normal(2, 3, 4), gamma=normal(3), axis=1, epsilon=1e-5), Row(x=normal(2, 3, 4), beta=normal(2, 4), axis=(0, -1)),
        Row("x", x=normal(3, 2, 4), gamma=normal(2, 4), beta=normal(2, 4), axis=(1, 2)), Row(x=normal(5)), Row(x=normal(3, 4), axis=[0], gamma=normal(3)),
        Row("x", x=normal(3, 4, 5), rms_scaling=True), Row("x", x=normal(2, 4, 3), gamma=normal(4), axis=1, rms_scaling=True)],
    "normalize": [Row("x" if axis in (1, -1) else "", x=apart(3, 4, 2), axis=axis, order=order) for axis, order in
                  [(-1, 2), (1, 1), (0, 3), ((0, 2), 2), (1, 4)]] + [Row("x", x=apart(3, 4)), Row(x=apart()),
                  Row("x", x=apart(3, 4), epsilon=0.9), Row("x", x=apart(3, 4), order=1, epsilon=1.5)],
    "rms_normalization": [Row("x", x=normal(3, 4, 5)), Row("x", x=normal(4, 6), scale=normal(6), epsilon=0.1), Row(x=normal(5)),
                          Row("x", x=normal(2, 3, 4), scale=normal(4), axis=2, epsilon=1e-5), Row(x=normal(3, 4), axis=0), Row("x", x=normal(2, 3, 4), axis=-2)],
    "hard_sigmoid": [Row("x", x=4 * apart(4, 5)), Row("x", x=4 * apart(2, 3, 2))],
    "hard_silu": [Row("x", x=4 * apart(4, 5)), Row("x", x=4 * apart(2, 3, 2))],
    "hard_tanh": one(apart),
    "flip": [Row("" if axis in (None, 0) else "x", x=normal(2, 3, 4), axis=axis) for axis in (None, 0, -1, (1, 2))],
    "getitem": [Row(x=normal(4, 3, 2), index=index) for index in INDICES],
    "glu": [Row("x" if axis else "", x=normal(4, 6, 2), axis=axis) for axis in (-1, 0, 1, -2)] + [Row("x", x=normal(2, 6))],
    "greater": COMPARED,
    "greater_equal": COMPARED,
    "leaky_relu": one(apart) + [Row("x", x=apart(4, 5), negative_slope=0.01), Row("x", x=apart(2, 3), negative_slope=0)],
    "less": COMPARED,
    "less_equal": COMPARED,
    "log": one(positive),
    "log1p": one(positive),
    "log_sigmoid": one(),
    "log_softmax": [Row("x" if axis in (-1, 1, (1, 2)) else "", x=normal(4, 5, 2), axis=axis) for axis in (-1, 0, 1, (1, 2))],
    "logsumexp": reductions(),
    "matmul": [
        Row("x1", x1=normal(2, 3), x2=normal(3, 4)), Row("x1", x1=normal(5, 2, 3), x2=normal(3, 4)),
        Row(x1=normal(5, 1, 2, 3), x2=normal(6, 3, 4)), Row("x1", x1=normal(6, 2, 3), x2=normal(1, 3, 4)),
        Row("x2", x1=normal(2, 3), x2=normal(5, 3, 4)), Row(x1=normal(3), x2=normal(3)),
        Row("x1", x1=normal(2, 3), x2=normal(3)), Row(x1=normal(3), x2=normal(3, 4)),
        Row("x1", x1=normal(5, 2, 3), x2=normal(3)), Row("x2", x1=normal(3), x2=normal(5, 3, 4)),
        Row("x1", x1=normal(1, 3), x2=normal(3, 1)), Row("x1 x2", x1=normal(2, 1, 3), x2=normal(2, 3, 1)),
        Row("x1", x1=normal(2, 3), x2=np.array([[1, 2], [0, 1], [3, 0]])), Row("x2", x1=booleans(2, 3), x2=normal(4, 3, 2))],
    "max": reductions(apart, axes=(None, 0, -1, (0, 2), ())) + [Row("x", x=apart(2, 3, 4), axis=1, initial=0.01),
                                                               Row(x=apart(2, 3), initial=10.0, keepdims=True)],
    "max_pool": POOL + POOL_1D,
    "maximum": two(apart, apart) + SPREAD,
    "mean": reductions(),
    "min": reductions(apart, axes=(None, 0, -1, (0, 2), ())) + [Row("x", x=apart(2, 3, 4), axis=1, initial=0.01),
                                                               Row(x=apart(2, 3), initial=-10.0, keepdims=True)],
    "minimum": two(apart, apart) + SPREAD,
    "mish": one(),
    "moveaxis": [Row(x=normal(2, 3, 4), source=source, destination=destination)
                 for source, destination in ((0, -1), (-1, 0), ((0, 1), (2, 0)), (1, 1))],
    "multiply": two(),
    "negative": one(),
    "not_equal": COMPARED,
    "one_hot": [Row(x=integers(0, 3, 4), num_classes=3), Row(x=integers(0, 4, 2, 3), num_classes=4, axis=0, dtype="float64"),
                Row(x=np.array([[0, -1, 2], [5, 1, 1]]), num_classes=3, axis=1, dtype="int32"),
                Row(x=np.array(1), num_classes=2), Row(x=np.array([1, 0], np.uint8), num_classes=300, axis=-2)],
    "pad": [Row(x=normal(2, 3), pad_width=1), Row(x=normal(2, 3), pad_width=(1, 2), constant_values=1.5),
            Row("x", x=normal(2, 3), pad_width=((0, 0), (2, 1)), mode="constant", constant_values=-1),
            Row("x", x=normal(2, 4, 3), pad_width=((0, 0), (1, 0), (0, 2))), Row(x=normal(3), pad_width=0),
            Row(x=normal(3, 4), pad_width=((2, 1), (0, 3)), mode="reflect"), Row(x=normal(3, 4), pad_width=2, mode="symmetric"),
            Row("x", x=normal(2, 4), pad_width=((0, 0), (3, 1)), mode="symmetric"),
            Row(x=normal(2, 2, 3), pad_width=(1, 2), mode="edge"), Row(x=normal(2), pad_width=4, mode="reflect")],
    "power": two(positive) + [Row("x1", x1=apart(4, 3), x2=exponent) for exponent in (3, -1.0, 2.0, 1, 0)] + [
        Row("x1", x1=positive(3), x2=0.5), Row("x1", x1=apart(2, 3), x2=np.array([0, 1, 2])), Row("x2", x1=2, x2=normal(3))],
    "prod": reductions(axes=(None, 0, 1, (0, 2))) + [
        Row(x=np.array([[0.0, 2.0, 3.0], [0.0, 0.0, 1.0], [0.5, -1.0, 2.0]]), axis=1), Row(x=normal(2, 5), dtype="float64"),
        Row(x=np.array([[1, 2], [3, 4]]), dtype="int32", differentiable=False)],
    "putitem": [Row(x=normal(*np.zeros((4, 3, 2))[index].shape), index=index, shape=(4, 3, 2)) for index in INDICES] + [
        Row(x=normal(2), index=np.array([1, 1]), shape=(3,))],
    "reciprocal": one(positive),
    "relu": one(apart),
    "relu6": [Row("x", x=5 * apart(4, 5)), Row("x", x=5 * apart(2, 3, 2))],
    "reshape": [Row(x=normal(2, 6), newshape=shape) for shape in ((3, -1), -1, 12, (2, 2, 3), (-1, 1), [4, 3])] + [
        Row("x", x=normal(2, 4, 3), newshape=(-1, 12)), Row(x=normal(1), newshape=()), Row(x=normal(), newshape=(1, 1))],
    "repeat": [Row("x", x=normal(3, 2), repeats=2, axis=1), Row(x=normal(3, 2), repeats=3), Row(x=normal(2, 3), repeats=1, axis=-2),
               Row(x=normal(3, 2), repeats=np.array([1, 0, 2]), axis=0)],
    "roll": [Row("x" if axis == 1 else "", x=normal(3, 4, 2), shift=shift, axis=axis)
             for shift, axis in ((1, None), (-2, 1), (5, -1), ((1, -1), (0, 2)))],
    "round": [Row("x", x=apart(4, 5)), Row("x", x=7 * apart(3, 4), decimals=1), Row("x", x=30 * apart(2, 3), decimals=-1)],
    "rsqrt": one(positive),
    "selu": one(apart),
    "separable_conv": SEPARABLE,
    "sigmoid": one(),
    "sign": one(apart),
    "silu": one(),
    "sin": one(),
    "softmax": [Row("x" if axis in (-1, 1, (1, 2)) else "", x=normal(4, 5, 2), axis=axis) for axis in (-1, 0, 1, (1, 2))],
    "soft_shrink": one(apart) + [Row("x", x=apart(4, 5), threshold=0.01), Row("x", x=apart(2, 3), threshold=0)],
    "softplus": one(),
    "softsign": one(apart),
    "sparse_categorical_crossentropy": [
        Row("target output", target=integers(0, 5, 4), output=positive(4, 5), from_logits=False),
        Row("target output", target=integers(0, 5, 4), output=normal(4, 5), from_logits=True),
        Row("target output", target=integers(0, 3, 4, 1), output=normal(4, 3), from_logits=True),
        Row("target output", target=integers(0, 3, 2, 4), output=positive(2, 3, 4), axis=1),
        Row(target=integers(0, 3, 2), output=normal(3, 2), from_logits=True, axis=-2)],
    "sqrt": one(positive),
    "square": one(),
    "squareplus": one() + [Row("x", x=normal(4, 5), b=0.5), Row("x", x=normal(3, 2), b=2)],
    "squeeze": [Row("x" if axis else "", x=normal(2, 1, 3, 1), axis=axis) for axis in (None, 1, -1, (1, 3))],
    "stack": [Row(x=[normal(2, 3), normal(2, 3)]), Row("x", x=[normal(2, 3), normal(2, 3), normal(2, 3)], axis=1),
              Row("x", x=[normal(2, 3), normal(2, 3)], axis=-1), Row(x=[normal()])],
    "std": reductions(axes=(None, 0, 1, -1, (0, 2)))[3:],
    "subtract": two(),
    "swapaxes": [Row(x=normal(2, 3, 4), axis1=i, axis2=j) for i, j in ((0, 1), (-1, 0), (1, 1), (2, -2))],
    "sum": reductions(),
    "take": [Row("" if axis in (None, 0) else "x", x=normal(4, 3, 2), indices=indices, axis=axis) for axis, indices in [
        (None, np.array([0, 23, 5, 5])), (0, np.array([3, 0, 0])), (1, np.array([[0, 2], [-1, 1]])), (-1, np.array([1])),
        (1, 2), (0, 1)]] + [Row(x=normal(5), indices=np.array([4, 4]))],
    "tanh": one(),
    "tanh_shrink": one(positive) + [Row("x", x=3 * apart(4, 5))],           # near 0 x and tanh(x) cancel each other
    "threshold": [Row("x", x=apart(4, 5), threshold=0.004, default_value=-1.5), Row("x", x=apart(2, 3, 2), threshold=-0.3, default_value=0)],
    "to_device": [Row("x", x=normal(2, 3), device="cpu"), Row(x=normal(), device="cpu")],
    "tile": [Row(x=normal(2, 3), repeats=repeats) for repeats in (2, (2, 1), (1, 3), (2, 1, 2), [3])],
    "true_divide": two(normal, positive),
    "transpose": [Row(x=normal(2, 3, 4), axes=axes) for axes in (None, (1, 2, 0), (0, -1, 1))] + [
        Row("x", x=normal(2, 3, 4), axes=(0, 2, 1)), Row(x=normal(3)), Row(x=normal(2, 3), axes=[1, 0])],
    "arange": [Row(start=3), Row(start=1, stop=9, step=3), Row(start=2, stop=7), Row(start=0.5, stop=2.0, step=0.25, dtype="float64"),
               Row(start=5, stop=0, step=-2, dtype="float32"), Row(start=1.5), Row(start=4, stop=2)],
    "diag": [Row(x=normal(3)), Row(x=normal(2), k=1), Row(x=normal(2), k=-2), Row(x=normal(3, 4)), Row(x=normal(4, 3), k=-1), Row(x=normal(3, 4), k=2),
             Row(x=normal(2, 2), k=5)],
    "diagonal": [Row(x=normal(3, 4)), Row(x=normal(3, 4), offset=1), Row(x=normal(4, 3), offset=-2), Row("x", x=normal(2, 3, 4), axis1=1, axis2=2),
                 Row("x", x=normal(2, 3, 4), offset=1, axis1=-1, axis2=-2), Row("x", x=normal(2, 3, 3, 2), offset=-1, axis1=2, axis2=-3)],
    "eye": [Row(N=3), Row(N=2, M=4), Row(N=4, M=2, k=-1, dtype="int32"), Row(N=3, M=None, k=1, dtype="float64")],
    "full": [Row(shape=(2, 3), fill_value=1.5), Row(shape=3, fill_value=2, dtype="int32"), Row(shape=(2, 3), fill_value=normal(3), dtype="float64"),
             Row(shape=(2,), fill_value=normal(), dtype="float64")],
    "full_like": [Row(x=np.ones((2, 3), int), fill_value=2), Row(x=np.ones((2, 3), int), fill_value=1.5, dtype="float64"),
                  Row(x=normal(2, 3), fill_value=normal(3), constant="x"), Row(x=normal(2), fill_value=3, dtype="int32", constant="x")],
    "hstack": [Row(xs=[normal(2), normal(3)]), Row("xs", xs=[normal(2, 3), normal(2, 1)]), Row(xs=[normal(), normal(2)]), Row("xs", xs=[normal(2, 3, 2)])],
    "identity": [Row(n=3), Row(n=2, dtype="int32"), Row(n=1, dtype="float64")],
    "linspace": [Row(start=normal(), stop=normal()), Row(start=normal(3), stop=normal(2, 3), num=4, axis=1), Row(start=0.0, stop=normal(), num=1),
                 Row(start=normal(), stop=2, num=5, endpoint=False, retstep=True), Row(start=normal(2), stop=normal(2), num=3, axis=-1, retstep=True),
                 Row(start=normal(), stop=normal(), num=3, dtype="float64"), Row(start=0, stop=9, num=4, dtype="int32", differentiable=False)],
    "meshgrid": [Row(x=[normal(2), np.arange(3)]), Row(x=[normal(2), np.arange(3), np.arange(4)], indexing="ij"),
                 Row(x=[normal(2), np.arange(1), np.arange(3)]), Row(x=[normal(3)])],
    "ones": [Row(shape=(2, 3)), Row(shape=3, dtype="int32"), Row(shape=(), dtype="float64")],
    "ones_like": [Row(x=integers(0, 3, 2)), Row(x=integers(0, 3, 2, 3)), Row("x", x=normal(2, 3), dtype="int32"), Row(x=booleans(2), dtype="float64")],
    "trace": [Row(x=normal(3, 4)), Row(x=normal(3, 4), offset=1), Row(x=normal(4, 3), offset=-2), Row("x", x=normal(2, 3, 4), axis1=1, axis2=2),
              Row("x", x=normal(2, 3, 4), offset=1, axis1=-1, axis2=-2)],
    "tril": [Row(x=normal(3, 4)), Row("x", x=normal(2, 3, 3), k=1), Row(x=normal(4, 3), k=-1)],
    "triu": [Row(x=normal(3, 4)), Row("x", x=normal(2, 3, 3), k=1), Row(x=normal(4, 3), k=-1)],
    "vstack": [Row(xs=[normal(2), normal(2)]), Row(xs=[normal(2, 3), normal(1, 3)]), Row(xs=[normal(3), normal(2, 3)]), Row(xs=[normal(), normal(1)])],
    "zeros": [Row(shape=(2, 3)), Row(shape=3, dtype="int32"), Row(shape=(), dtype="float64")],
    "zeros_like": [Row(x=integers(0, 3, 2)), Row(x=integers(0, 3, 2, 3)), Row("x", x=normal(2, 3), dtype="int32"), Row(x=booleans(2), dtype="float64")],
    "argsort": [Row("x" if axis != 0 else "", x=apart(3, 4, 2), axis=axis) for axis in (0, 1, -1)] + [
        Row(x=np.array([[2, 1, 2, 1]])), Row(x=apart())],
    "dot": [Row("x1" if len(a) > 1 and len(b) < 3 else "", x1=normal(*a), x2=normal(*b)) for a, b in
            [((2, 3), (3, 4)), ((3,), (3,)), ((5, 2, 3), (3,)), ((5, 2, 3), (6, 3, 4)), ((), (2, 3)), ((2, 3), ()), ((3,), (3, 2))]] + [
        Row("x1", x1=normal(2, 3), x2=2)],
    "einsum": [Row(subscripts=subscripts, operands=[normal(*shape) for shape in shapes]) for subscripts, *shapes in [
        ("ij,jk->ik", (2, 3), (3, 4)), ("ij, jk", (2, 3), (3, 4)), ("ba", (2, 3)), ("ij->", (2, 3)), ("i->i", (3,)), ("ii", (3, 3)),
        ("ii->i", (3, 3)), ("iji->j", (3, 2, 3)), ("iii,i->", (2, 2, 2), (2,)), ("ijij->ji", (2, 3, 2, 3)), ("i,j->ij", (2,), (3,)),
        ("ij,ij->ij", (2, 3), (2, 3)), ("ij,ij", (2, 3), (2, 3)), ("ik,jk->", (2, 3), (4, 3)), ("ij,k->i", (2, 3), (4,)),
        ("...ij,...jk->...ik", (2, 1, 3, 2), (4, 2, 3)), ("i...,i...", (3, 2), (3, 2)), ("...i->i...", (2, 4, 3)), ("...i->i", (2, 4, 3)),
        ("... i , ... -> ...", (2, 3), (2,)), ("ij,jk->ik", (2, 1), (3, 4)), ("ij,ij->i", (1, 3), (2, 3)), ("...ii->...i", (2, 3, 3)),
        ("ab,bc,cd->ad", (2, 3), (3, 4), (4, 2)), ("ab,bc,ca", (2, 3), (3, 4), (4, 2)), ("i,i,i->i", (3,), (3,), (3,)),
        ("ib,ij,jb->b", (2, 5), (2, 3), (3, 5)), ("btnh,bsnh->bnts", (2, 3, 2, 4), (2, 5, 2, 4)), ("bnts,bsnh->btnh", (2, 2, 3, 5), (2, 5, 2, 4)),
        ("abc,cde->abde", (2, 3, 4), (4, 2, 2)), (",ij->ji", (), (2, 3))]] + [
        Row("operands", subscripts="bi,bi->b", operands=[normal(3, 4), normal(3, 4)]),
        Row(subscripts="ij,j->i", operands=[normal(2, 3), np.array([1, 2, 0])])],
    "isclose": [Row("x1 x2", x1=np.array([[1.0, 2.0], [np.nan, 1e-9]]), x2=np.array([[1.0 + 2e-5, 2.0 - 1e-5], [np.nan, 0.0]]), **how)
                for how in ({}, {"rtol": 1e-4}, {"rtol": 0, "atol": 1.5e-5}, {"atol": 1e-10, "equal_nan": True})] + [
        Row("x1", x1=np.array([1.0, np.inf]), x2=1), Row(x1=np.array([1, 2]), x2=np.array([1, 3]))],
    "isfinite": FOUND, "isinf": FOUND, "isnan": FOUND,
    "logical_and": TRUTHS, "logical_or": TRUTHS, "logical_xor": TRUTHS,
    "logical_not": [Row("x", x=booleans(3, 4)), Row("x", x=np.array([0.0, -2.0, np.nan])), Row(x=np.array([0, 3]))],
    "outer": [Row(x1=normal(2), x2=normal(3)), Row(x1=normal(2, 2), x2=normal(1, 3)), Row(x1=normal(), x2=normal(3)),
              Row(x1=normal(2), x2=np.array([1, 2]))],
    "sort": [Row("x" if axis != 0 else "", x=apart(3, 4, 2), axis=axis) for axis in (0, 1, -1)] + [
        Row(x=np.array([[2, 1, 2, 1]])), Row("x", x=apart(2, 5))],
    "split": [Row("x" if axis else "", x=normal(4, 6, 2), indices_or_sections=cuts, axis=axis) for cuts, axis in
              [(2, 0), (3, 1), (1, -1), ([1, 2], 0), ((2, 2, 5), 1), ([], -1), (np.array([4]), -2)]] + [Row(x=normal(4), indices_or_sections=[3])],
    "take_along_axis": [Row("x indices" if axis in (1, -1) else "", x=normal(4, 3, 2), indices=indices, axis=axis) for axis, indices in [
        (0, integers(-4, 4, 5, 3, 2)), (1, integers(0, 3, 4, 6, 2)), (-1, integers(0, 2, 4, 3, 1)), (None, np.array([0, 23, 5, 5]))]] + [
        Row(x=normal(4, 1, 2), indices=integers(0, 4, 3, 5, 1), axis=0), Row(x=normal(5), indices=np.array([4, 4, 0]), axis=0)],
    "tensordot": [Row(x1=normal(*a), x2=normal(*b), axes=axes) for a, b, axes in
                  [((2, 3, 4), (3, 4, 5), 2), ((2, 3), (3, 4), 1), ((2,), (3,), 0), ((2, 3, 4), (4, 5, 2), ([0, 2], [2, 0])),
                   ((2, 3, 4), (5, 3), (1, -1)), ((2, 3), (2, 3), ((0, 1), (0, 1)))]] + [Row(x1=normal(2, 3, 4), x2=normal(3, 4, 2))],
    "top_k": [Row("x", x=apart(3, 6), k=2), Row("x", x=apart(3, 6), k=6, sorted=False), Row("x", x=apart(2, 3, 4), k=1), Row(x=apart(5), k=3),
              Row(x=np.array([3, 1, 3, 2]), k=2)],
    "var": reductions(),
    "where": [Row("x1 x2", condition=np.array([[True, False, True]]), x1=normal(2, 3), x2=normal(2, 3)),
              Row(condition=booleans(2, 1, 4), x1=normal(3, 4), x2=normal()),
              Row("x1", condition=booleans(3), x1=normal(2, 3), x2=0),
              Row("x2", condition=booleans(3), x1=-1.5, x2=normal(2, 3)),
              Row("x2", condition=np.array([0, 2, 1]), x1=np.array([1, 2, 3]), x2=normal(2, 3))],
}

# Functions of images ------------------------------------------------------------------------------------------------------

REFUSED = {"image.hsv_to_rgb": "it takes floats", "image.rgb_to_hsv": "it takes floats",        # where all arguments are ones
           "image.perspective_transform": "lie on a line"}

CORNERS = np.array([[0.3, 0.2], [4.8, 0.4], [0.1, 3.6], [4.7, 3.9]])       # of images of 5 x 6 pixels, nearly
MODES = "constant", "nearest", "wrap", "mirror", "reflect"  # what lies outside


def places(axes, low, high, *shape):
    """Coordinates 0.1 and more from whole numbers and from halves, where what is taken changes."""
    return rng.integers(2 * low, 2 * high, (axes, *shape)) / 2 + rng.uniform(0.1, 0.4, (axes, *shape))


def smooth(draw, transform=lambda drawn: drawn):
    """What is drawn, anew until no pixel of 5 x 6 goes near a whole or half place, where gradients and nearest pixels change."""
    y, x = np.mgrid[:5, :6]
    while True:
        drawn = draw()
        a0, a1, a2, b0, b1, b2, c0, c1 = transform(drawn)
        seen = np.stack([a0 * x + a1 * y + a2, b0 * x + b1 * y + b2]) / (c0 * x + c1 * y + 1)
        if np.abs(2 * seen - np.round(2 * seen)).min() > 0.005:
            return drawn


def a_transform(tilt=0.0):
    """(8,): a turn and a shear that leave some of an image outside."""
    middle, spread = np.array([0.9, 0, 0.7, 0, 1.1, -1.3, 0, 0]), np.array([0.3] * 6 + [0.3 * tilt] * 2)
    return smooth(lambda: middle + spread * rng.uniform(-1, 1, 8))


def quadrangles(spread=1.0):
    """(2, 4, 2): four points of an image, and where they go, which is not far away."""
    def homography(points):
        (x, y), (u, v), one, zero = points[0].T, points[1].T, np.ones(4), np.zeros(4)
        equations = np.concatenate([np.stack([u, v, one, zero, zero, zero, -x * u, -x * v], axis=1),
                                    np.stack([zero, zero, zero, u, v, one, -y * u, -y * v], axis=1)])
        return np.linalg.solve(equations, np.concatenate([x, y]))
    return smooth(lambda: CORNERS + rng.uniform(-spread, spread, (2, 4, 2)), homography)


QUADRANGLES = np.stack([quadrangles() for _ in range(2)], axis=1)      # (2, 2, 4, 2)


SAMPLES.update({f"image.{name}": rows for name, rows in {
    "affine_transform": [Row("images transform", images=normal(2, 5, 6, 3), transform=np.stack([a_transform(tilt=0.1), a_transform()]), fill_mode=mode)
                         for mode in MODES] + [
        Row("images", images=normal(2, 5, 6, 3), transform=a_transform(tilt=0.1), interpolation="nearest", fill_mode=mode,
            constant="transform") for mode in MODES] + [
        Row("images transform", images=normal(2, 5, 6, 3), transform=np.stack([a_transform(), a_transform(tilt=0.1)]), fill_mode=mode, fill_value=2.5,
            constant="transform") for mode in MODES] + [
        Row("images", images=normal(2, 5, 6, 3), transform=a_transform(), fill_value=1.5, data_format="channels_last"),
        Row("images", images=normal(2, 5, 6, 3), transform=a_transform()[None], fill_value=-1, interpolation="bilinear"),
        Row(images=normal(5, 6, 3), transform=a_transform(tilt=0.2)),
        Row(images=normal(5, 6, 3), transform=np.array([1, 0, -2, 0, 1, 3, 0, 0])),
        Row(images=integers(0, 255, 5, 6, 3), transform=a_transform(), constant="transform")],
    "map_coordinates": [
        Row(inputs=normal(5, 6), coordinates=places(2, -6, 10, 4, 3), order=1, fill_mode=mode) for mode in MODES] + [
        Row(inputs=normal(5, 6), coordinates=places(2, -6, 10, 4, 3), order=0, fill_mode=mode, constant="coordinates") for mode in MODES
    ] + [Row(inputs=normal(3, 4, 2), coordinates=places(3, 0, 2, 5), order=1, fill_value=0.5),
         Row(inputs=normal(7), coordinates=places(1, -4, 9, 5), order=1, fill_value=-2),
         Row(inputs=integers(-99, 99, 5, 6), coordinates=places(2, -3, 7, 4, 3), order=1, constant="coordinates")],
    "perspective_transform": [
        Row("images start_points end_points", images=normal(2, 5, 6, 3), start_points=QUADRANGLES[0], end_points=QUADRANGLES[1]),
        Row("images", images=normal(2, 5, 6, 3), start_points=QUADRANGLES[0, 0], end_points=QUADRANGLES[1, 0], fill_value=1.5),
        Row("images", images=normal(2, 5, 6, 3), start_points=QUADRANGLES[0, 1:], end_points=QUADRANGLES[1, 1], interpolation="nearest",
            constant="start_points end_points"),
        Row(images=normal(5, 6, 3), start_points=QUADRANGLES[0, 1], end_points=QUADRANGLES[1, 1], fill_value=-1,
            interpolation="bilinear", data_format="channels_last")],
    "crop_images": [
        Row("images", images=normal(2, 7, 5, 3), top_cropping=2, left_cropping=1, bottom_cropping=1, right_cropping=3),
        Row("images", images=normal(2, 7, 5, 3), top_cropping=1, left_cropping=0, target_height=3, target_width=5),
        Row("images", images=normal(2, 7, 5, 3), bottom_cropping=0, right_cropping=1, target_height=4, target_width=2,
            data_format="channels_last"),
        Row(images=normal(7, 5, 3), top_cropping=0, left_cropping=2, bottom_cropping=3, target_width=1),
        Row(images=integers(0, 9, 7, 5, 3), top_cropping=0, left_cropping=2, bottom_cropping=3, target_width=1)],
    "extract_patches": [
        Row("images", images=normal(2, 7, 6, 3), size=2), Row("images", images=normal(2, 7, 6, 3), size=(3, 2), strides=(2, 1)),
        Row("images", images=normal(2, 7, 6, 3), size=2, strides=1, dilation_rate=2, padding="same"),
        Row("images", images=normal(2, 7, 6, 3), size=(2, 3), strides=2, padding="same", data_format="channels_last"),
        Row("images", images=normal(2, 7, 6, 3), size=(3, 2), strides=1, dilation_rate=(1, 3)),
        Row(images=normal(7, 6, 3), size=(2, 3)), Row(images=integers(0, 255, 7, 6, 3), size=3)],
    "gaussian_blur": [
        Row("images", images=normal(2, 7, 6, 3)), Row("images", images=normal(2, 7, 6, 3), kernel_size=(5, 3), sigma=(0.7, 2.0)),
        Row("images", images=normal(2, 7, 6, 3), kernel_size=(2, 4), sigma=(1.0, 0.5), data_format="channels_last"),
        Row(images=normal(7, 6, 3), kernel_size=[9, 15])],
    "hsv_to_rgb": [Row("images", images=normal(2, 4, 5, 3)), Row(images=positive(4, 5, 3), data_format="channels_last")],
    "rgb_to_grayscale": [
        Row("images", images=normal(2, 4, 5, 3)), Row(images=normal(4, 5, 3), data_format="channels_last"),
        Row("images", images=normal(2, 4, 5, 1)), Row(images=integers(0, 255, 4, 5, 3))],
    "rgb_to_hsv": [Row("images", images=positive(2, 4, 5, 3)), Row(images=positive(4, 5, 3), data_format="channels_last")],
    "pad_images": [
        Row("images", images=normal(2, 7, 5, 3), top_padding=2, left_padding=1, bottom_padding=1, right_padding=3),
        Row("images", images=normal(2, 7, 5, 3), top_padding=1, left_padding=0, target_height=9, target_width=5),
        Row("images", images=normal(2, 7, 5, 3), bottom_padding=0, right_padding=1, target_height=7, target_width=8,
            data_format="channels_last"),
        Row(images=normal(7, 5, 3), top_padding=0, left_padding=2, bottom_padding=3, target_width=9),
        Row(images=integers(0, 9, 7, 5, 3), top_padding=0, left_padding=2, bottom_padding=3, target_width=9)],
    "resize": [Row("images", images=normal(2, 7, 5, 3), size=size, interpolation=interpolation, antialias=antialias)
               for interpolation in ("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5")
               for size, antialias in (((4, 8), True), ((11, 3), False))] + [
        Row("images", images=normal(2, 7, 5, 3), size=(7, 2)), Row("images", images=normal(2, 7, 5, 3), size=[1, 1], antialias=True),
        Row("images", images=normal(2, 7, 5, 3), size=(7, 5), interpolation="bicubic"),
        Row("images", images=normal(2, 7, 5, 3), size=(3, 6), crop_to_aspect_ratio=True),
        Row("images", images=normal(2, 7, 5, 3), size=(6, 2), interpolation="nearest", crop_to_aspect_ratio=True),
        Row("images", images=normal(2, 7, 5, 3), size=(3, 6), pad_to_aspect_ratio=True, fill_value=0.5, fill_mode="constant"),
        Row("images", images=normal(2, 7, 5, 3), size=(9, 3), interpolation="nearest", pad_to_aspect_ratio=True, fill_value=-2),
        Row(images=normal(7, 5, 3), size=(4, 8), interpolation="bicubic", data_format="channels_last"),
        Row(images=integers(0, 255, 7, 5, 3), size=(4, 8), interpolation="nearest"),
        Row(images=integers(0, 255, 7, 5, 3), size=(4, 8), interpolation="lanczos3"),
        Row(images=integers(-99999, 99999, 7, 5, 3), size=(11, 3), antialias=True), Row(images=booleans(7, 5, 3), size=(4, 8))],
}.items()})

SEEN = booleans(2, 4, 3, 6)
SEEN[..., 0] = True                                        # each query sees one key at least
SAMPLES["dot_product_attention"] = [
    Row("query key value", query=normal(2, 3, 4, 5), key=normal(2, 6, 4, 5), value=normal(2, 6, 4, 2)),
    Row("query key value mask", query=normal(2, 3, 4, 5), key=normal(2, 6, 4, 5), value=normal(2, 6, 4, 5), mask=SEEN, scale=0.7),
    Row("query key value bias", query=normal(2, 3, 4, 5), key=normal(2, 6, 2, 5), value=normal(2, 6, 2, 5), bias=normal(2, 4, 3, 6)),
    Row("query key value", query=normal(2, 3, 4, 5), key=normal(2, 6, 1, 5), value=normal(2, 6, 1, 3), bias=normal(3, 6),
        mask=SEEN[0, 0], scale=2.0, is_causal=True),
    Row("query key value", query=normal(1, 5, 1, 2), key=normal(1, 4, 1, 2), value=normal(1, 4, 1, 2), is_causal=True)]

ROWS = {name: [row.of(name) for row in rows] for name, rows in SAMPLES.items()}


# Kernels: arguments by position, arrays in float64 -----------------------------------------------------------------------

def conv_arguments(row):
    """What the ops hand to the three kernels of a convolution: x, kernel, dy, the geometry, the groups."""
    how = row.arguments
    x, kernel = how["inputs"], how["kernel"]
    geometry = windows(x.shape[1:3], kernel.shape[:2], pair(how.get("strides", 1)), how.get("padding", "valid"),
                       pair(how.get("dilation_rate", 1)))
    return x, kernel, normal(len(x), *geometry.output, kernel.shape[3]), geometry, x.shape[3] // kernel.shape[2]


def pool_arguments(row):
    """x, the positions of the maxima, dy and the geometry."""
    how = row.arguments
    x, size = how["inputs"], pair(how["pool_size"])
    geometry = windows(x.shape[1:3], size, pair(how.get("strides") or size), how.get("padding", "valid"))
    y, positions = KERNELS["max_pool_forward"].versions["numpy"].function(x, geometry)
    return x, positions, normal(*y.shape), geometry


def transposed_arguments(row):
    """The same for a transposed convolution of images: what it makes is the x of the kernels, its input their dy."""
    how = row.arguments
    dy, kernel, more = how["inputs"], how["kernel"], how.get("output_padding")
    geometry = transposed_windows(dy.shape[1:3], kernel.shape[:2], pair(how.get("strides", 1)), how.get("padding", "valid"),
                                  more if more is None else output_paddings(more), pair(how.get("dilation_rate", 1)))
    return normal(len(dy), *geometry.image, kernel.shape[2]), kernel, dy, geometry, 1


# Sizes that fast versions are made for: several blocks, many channels, the first layer of a network.
CONVS = [conv_arguments(row) for row in CONV + [
    Row(inputs=normal(n, h, w, c), kernel=normal(kh, kw, c, f), padding=padding)
    for (n, h, w, c), (kh, kw), f, padding in [
        ((3, 21, 21, 16), (3, 3), 8, "valid"), ((2, 12, 13, 32), (3, 3), 32, "valid"), ((1, 9, 10, 32), (3, 3), 64, "same"),
        ((5, 28, 28, 1), (3, 3), 32, "valid"), ((2, 30, 31, 3), (3, 3), 32, "valid"), ((9, 5, 6, 64), (1, 1), 32, "valid"),
        ((4, 40, 40, 16), (3, 3), 8, "same"),              # more blocks than the kernel gradient has partial sums
        ((1, 9, 10, 17), (3, 3), 33, "same"), ((2, 7, 6, 5), (3, 3), 3, "valid"), ((3, 5, 5, 64), (3, 3), 96, "valid"),
        ((2, 6, 11, 48), (1, 1), 20, "valid"), ((33, 3, 3, 4), (3, 3), 4, "valid"), ((1, 40, 44, 32), (3, 3), 40, "same"),
        ((1, 6, 6, 512), (3, 3), 64, "same"), ((1, 6, 6, 64), (3, 3), 512, "same")]] + [
    Row(inputs=normal(n, h, w, c), kernel=normal(*size, 1, c), strides=strides, padding=padding, dilation_rate=dilation)
    for (n, h, w, c), size, strides, padding, dilation in [        # a filter for each channel
        ((2, 9, 8, 32), (3, 3), 1, "same", 1), ((1, 11, 10, 20), (3, 3), 2, "same", 1), ((3, 9, 9, 5), (3, 2), (2, 1), "valid", 1),
        ((2, 9, 12, 33), (2, 3), 1, "same", (2, 3)), ((1, 5, 9, 32), (3, 3), 1, "valid", 2), ((2, 9, 13, 32), (5, 5), 1, "same", 1),
        ((1, 14, 11, 48), (5, 5), 2, "same", 1), ((2, 6, 2, 32), (3, 3), 1, "same", 4), ((1, 3, 2, 16), (5, 4), 1, "same", 1)]]] + [
    transposed_arguments(row) for row in CONV_TRANSPOSE if row.arguments["inputs"].ndim == 4] + [
    transposed_arguments(Row(inputs=normal(n, h, w, c), kernel=normal(*size, f, c), strides=strides, padding=padding))
    for (n, h, w, c), size, f, strides, padding in [       # as decoders and generators have them
        ((2, 7, 7, 64), (5, 5), 32, 2, "same"), ((1, 8, 9, 32), (4, 4), 16, 2, "same"), ((2, 6, 7, 32), (2, 2), 32, 2, "valid"),
        ((1, 9, 8, 32), (3, 3), 32, 1, "same"), ((2, 5, 6, 33), (3, 3), 17, 2, "same")]]


def block_arguments(arguments, relu, pool):
    """What conv_block_forward and conv_block_backward take: x, kernel, bias, y, positions, dy, windows, relu, pool."""
    x, kernel, _, geometry, _ = arguments
    bias = normal(kernel.shape[3])
    with kernels.use("numpy"):                             # the kernels that it calls, too
        y, positions = KERNELS["conv_block_forward"].versions["numpy"].function(x, kernel, bias, geometry, relu, pool)
    return x, kernel, bias, y, positions, normal(*y.shape), geometry, relu, pool


def nearly_all(y):
    """A limit for a ReLU that a few numbers reach: those that remain are as large as what the errors are measured by."""
    return float(0.9 * abs(y).max())


BLOCKS = [block_arguments(arguments, relu, pool) for i, arguments in enumerate(a for a in CONVS if a[4] == 1)
          for relu, pool in [[(False, False), (True, True)], [(True, False), (False, True)]][i % 2]
          if not pool or min(arguments[3].output) > 1]
WANTED = [(True, True, True), (False, True, True), (True, False, False), (False, False, True), (True, True, False)]
POOLS = [pool_arguments(row) for row in POOL + [
    Row(inputs=apart(3, 26, 26, 32), pool_size=2), Row(inputs=apart(2, 11, 13, 32), pool_size=2),
    Row(inputs=np.round(normal(2, 8, 8, 16)), pool_size=3, strides=2, padding="same")]]          # of equals, the first

def statistics(shape, axes, count):
    """So many arrays of one number for each channel, the other axes of size 1."""
    return [normal(*(1 if a in axes else n for a, n in enumerate(shape))) for _ in range(count)]


NORMALIZED = [((4, 3, 2, 5), (0, 1, 2)), ((3, 5, 4, 32), (0, 1, 2)), ((300, 40), (0,)), ((2, 7, 5, 16), (0, 1, 2)), ((2, 4, 3), (0, 2)),
              ((1, 1, 1, 3), (0, 1, 2)), ((6, 5), (1,)), ((3, 300, 64), (1,)), ((1, 700, 33), (1,))]

NORMALIZED_ROWS = [((4, 6), 1, 1, 1e-3), ((300, 40), None, 1, 1e-5), ((33, 192), 1, None, 0.1), ((2, 3001), 1, 1, 1e-3), ((1, 1), None, None, 1e-3),
                   ((517, 33), 1, 1, 1e-3)]

# Transforms in whole 64ths, which float32 holds: turned, mirrored, shrunk with a tilt, nearly nothing, and far away
TURNED, MIRRORED = [0.75, -0.625, 2.5, 0.625, 0.75, -1.25, 0, 0], [-1, 0, 5, 0, 1, 0, 0, 0]
OVER = [-1, 0, 5.25, 0, -1, 6.5, 0, 0]                    # mirrored both ways, and begins a little outside
TILTED, SHIFTED, FAR = [1.5, 0.25, -4, -0.125, 2.5, -6, 0.015625, 0.03125], [1, 0, 0.25, 0, 1, -0.75, 0, 0], [1, 0, 1e9, 0, 1, -70, 0, 0]
WARPS = [(shape, np.array(transforms, float), (interpolation, fill_mode))
         for interpolation in ("bilinear", "nearest") for fill_mode in ("constant", "nearest", "wrap", "mirror", "reflect")
         for shape, transforms in [((5, 7, 6, 3), [TURNED, MIRRORED, TILTED, FAR, OVER]), ((2, 5, 9, 1), [TURNED]), ((1, 1, 1, 4), [SHIFTED]),
                                   ((3, 6, 8, 21), [SHIFTED, TURNED, TILTED]), ((1, 8, 8, 2), [SHIFTED])]]
KERNEL_SAMPLES = {
    "conv_forward": [(x, kernel, geometry) for x, kernel, dy, geometry, groups in CONVS],
    "conv_input_gradient": [(dy, kernel, geometry, groups) for x, kernel, dy, geometry, groups in CONVS],
    "conv_kernel_gradient": [(x, dy, geometry, groups) for x, kernel, dy, geometry, groups in CONVS],
    "conv_block_forward": [(x, kernel, bias if i % 3 else None, geometry, nearly_all(y) if relu and not pool and i % 4 else relu, pool)
                           for i, (x, kernel, bias, y, positions, dy, geometry, relu, pool) in enumerate(BLOCKS)] + [
                           (x, kernel, normal(kernel.shape[3]) if i % 3 else None, geometry, (False, True, nearly_all(dy))[i % 3], False)
                           for i, (x, kernel, dy, geometry, groups) in enumerate(CONVS) if groups == x.shape[3] > 1],
    "conv_block_backward": [(x, kernel, y, positions, dy, geometry, relu, pool, WANTED[i % len(WANTED)])
                            for i, (x, kernel, bias, y, positions, dy, geometry, relu, pool) in enumerate(BLOCKS)],
    "max_pool_forward": [(x, geometry) for x, positions, dy, geometry in POOLS],
    "scatter_windows": [(dy, positions, geometry) for x, positions, dy, geometry in POOLS],
    "gather_windows": [(x, positions, geometry) for x, positions, dy, geometry in POOLS],
    "added": [(normal(64, 520), normal(64, 520)), (normal(33, 1001), normal(33, 1001)), (normal(3, 4), normal(4))],
    "clipped": [(normal(64, 520), -0.5, 1.5), (normal(33, 1001), 0, np.inf), (normal(3, 4), 0, 6)],
    "passed": [(normal(64, 520), normal(64, 520), -0.5, 1.5), (normal(33, 1001), normal(33, 1001), 0, np.inf), (normal(3, 4), normal(3, 4), 0, 6)],
    "dropped": [(x, rate, x.shape, (7, 3), step) for x, rate, step in [
        (normal(5), 0.5, 0), (normal(2, 3, 4), 0.25, 1), (normal(33, 7), 0.999, 2), (normal(4, 4), 0, 3), (normal(100, 41), 0.1, 4)]] + [
        (normal(2, 3, 4), 0.3, (2, 1, 4), (2 ** 33 + 1, 0), 5)],
    "channel_moments": [(normal(*shape) + 3, axes) for shape, axes in NORMALIZED],
    "scale_and_shift": [(normal(*shape), *statistics(shape, axes, 2), *limits) for shape, axes in NORMALIZED
                        for limits in [(), ((-0.5, 1.0),)]],
    "channel_sums": [(normal(*shape), normal(*shape), *statistics(shape, axes, 1), axes, *limited) for shape, axes in NORMALIZED
                     for limited in [(), (*statistics(shape, axes, 2), (-0.5, 1.0))]],
    "affine": [(normal(*shape), normal(*shape), *statistics(shape, axes, 3), *limited) for shape, axes in NORMALIZED
               for limited in [(), (*statistics(shape, axes, 2), (-0.5, 1.0))]],
    "resample": [(normal(n, h, w, c), normal(oh, h), normal(ow, w)) for n, h, w, c, oh, ow in [
        (2, 7, 5, 3, 4, 8), (1, 1, 4, 1, 3, 1), (3, 6, 6, 17, 6, 2)]] + [
        (normal(2, 9, 12, 40), np.eye(5, 9, 2) + np.eye(5, 9, 4), np.eye(15, 12, -3))],         # bands, and rows of nothing
    "warp": [(normal(*shape), transforms, *how, 0.5) for shape, transforms, how in WARPS],
    "unwarp": [(normal(*shape), transforms, *how) for shape, transforms, how in WARPS],
    "normalized_rows": [(normal(*shape) + 3, gamma and normal(shape[1]), beta and normal(shape[1]), epsilon)
                        for shape, gamma, beta, epsilon in NORMALIZED_ROWS],
    "normalized_rows_gradients": [
        (normal(*shape), normal(*shape) + 3, gamma and normal(shape[1]), normal(shape[0], 1) + 3, positive(shape[0], 1))
        for shape, gamma, _, _ in NORMALIZED_ROWS],
    "class_crossentropy": [(target, output, logits, axis, 1e-7) for shape, axis in [((5, 3), -1), ((1, 70), 1), ((2, 3, 33), -1), ((4, 1), -1), ((3, 4), 0)]
                           for target, output, logits in [(positive(*shape), 5 * normal(*shape), True), (positive(*shape), positive(*shape), False)]
                           if logits or shape[axis] > 1],             # of one class, a probability of 1 - 1e-7 has no logarithm in float32
    "window_sums": [(x, geometry) for x, positions, dy, geometry in POOLS],
    "spread_windows": [(dy, geometry) for x, positions, dy, geometry in POOLS],
    "product": [(row.arguments["x1"], row.arguments["x2"]) for row in SAMPLES["matmul"]] + [
        (normal(100, 64), normal(64, 200)), (normal(1, 300), normal(300, 7)), (normal(33, 1), normal(1, 5)), (normal(9, 1500), normal(1500, 40)),
        (normal(2, 5, 3, 4).transpose(0, 2, 1, 3), normal(2, 6, 3, 4).transpose(0, 2, 3, 1)), (normal(3, 17, 40), normal(3, 40, 70)),
        (normal(2, 3, 9, 33).swapaxes(0, 1), normal(2, 33, 20)), (normal(2, 1, 7, 5), normal(4, 5, 9)), (normal(6, 4, 3)[::2], normal(3, 2)),
        (normal(4, 1, 3), normal(4, 3, 1)), (normal(5, 33, 8).swapaxes(1, 2), normal(33, 32)), (normal(1, 2, 3), normal(1, 3, 40)[..., ::2])],
    "gathered": [], "scattered": [],
}
for _a, _length, _b, _places in [(1, 5, 1, integers(-5, 5, 9)), (2, 7, 3, integers(0, 7, 4).astype("int32")), (3, 1, 40, integers(-1, 1, 70)),
                                 (1, 300, 8, integers(0, 3, 500)), (2, 4, 5, integers(0, 4, 0))]:
    KERNEL_SAMPLES["gathered"].append((normal(_a, _length, _b), _places))
    KERNEL_SAMPLES["scattered"].append((normal(_a, _places.size, _b), _places, _length))
