"""Layer: weights, and a call that uses them. Variable: a weight. SymbolicTensor: what a layer returns in a functional model."""
import collections
import inspect
import itertools
import threading

import numpy as np

from .. import initializers
from ..autograd import Tensor, as_tensor, no_grad
from ..config import FLOATS, floatx
from ..configurable import Configurable, argument_names, snake_case
from ..device import is_array, placed
from ..structures import leaves, map_structure, unique

_name_counts = collections.Counter()
_clock = itertools.count()                                 # a call is younger than those that made its inputs


# Attributes of a layer or a model that hold no others, or only those that its calls name: no need to look for layers there
NO_LAYERS = {"_calls", "_config", "_weights", "_prepared", "_added", "_layers_in_order", "_calls_inside", "_steps",
             "_input_structure", "_output_structure", "regularization", "built_with", "compiled_with", "batch_shape"}
AFTER_CALL = []                                            # functions (layer, output, what it was told about training)
RESOLVERS = {}                                             # "regularizer" -> what makes one of its name; see penalties.py


class _Context(threading.local):
    training, calls = None, 0                              # what the call around was told, None outside of calls; their count


_context = _Context()


class Variable(Tensor):
    """A weight: a Tensor with a name, overwritten in place by `assign`.

    Attributes:
        name: "kernel", for instance; path: "conv2d_1/kernel".
        trainable: whether optimizers are to change it.
        regularizer: a function of it that training adds to the loss, or None.
        constraint: a function of it that returns the nearest value that is allowed, applied after each step; or None.
    """

    def __init__(self, data, name: str = "variable", path: str | None = None, trainable: bool = True):
        super().__init__(data, requires_grad=trainable and data.dtype.kind == "f")
        self.name, self.path, self.trainable, self.regularizer, self.constraint = name, path or name, trainable, None, None

    def __repr__(self):
        return f"<Variable {self.path}, shape={self.shape}, dtype={self.dtype}>"


class SymbolicTensor:
    """Stands for the output of a layer while a functional model is drawn up: it has a shape and a dtype, but no elements.

    Attributes:
        shape: (None, 28, 28, 1); None is a size that is not known before the data come.
        call: the Call that it came from.
    """

    def __init__(self, shape, dtype, call=None, index=0):
        self.shape, self.dtype, self.call, self.index, self.ndim = tuple(shape), str(dtype), call, index, len(shape)

    def __repr__(self):
        return f"<SymbolicTensor shape={self.shape}, dtype={self.dtype}, from {self.call.layer.name}>"

    def _refuse(self, *args):
        raise TypeError(f"{self} holds no numbers: in a functional model, layers are called on it; use layers.Add and its like "
                        "for arithmetic, or a Layer of your own around other ops")

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = __neg__ = __pow__ = _refuse
    __matmul__ = __getitem__ = __array__ = __len__ = __bool__ = _refuse


class Call:
    """One call of a layer on symbolic tensors: an edge of the graph of a functional model."""

    def __init__(self, layer, args, settings):
        self.layer, self.args, self.settings, self.outputs, self.born = layer, args, settings, None, next(_clock)
        self.inputs = [leaf for leaf in leaves((args, settings)) if isinstance(leaf, SymbolicTensor)]
        self.flat = not settings and all(isinstance(a, SymbolicTensor) for a in args)


class Layer(Configurable):
    """A function with weights. Write `__init__` for its settings, `build` for its weights and `call` for what it computes:

    >>> class Scale(Layer):
    ...     def __init__(self, start=1.0, **settings):
    ...         super().__init__(**settings)
    ...         self.start = start
    ...     def build(self, input_shape):
    ...         self.scale = self.add_weight((input_shape[-1],), "ones", name="scale")
    ...     def call(self, x):
    ...         return x * self.scale * self.start
    >>> Scale(2.0)([[1.0, 2.0]])
    Tensor([[2., 4.]], made by multiply)

    Layers that are attributes, also in lists and dictionaries, are part of it. A `call` that has an argument `training` is
    told whether it runs in training: as the caller says, or as the layer around it was told.

    Args:
        name: for summaries and files; numbered by class if None: "conv2d", "conv2d_1", ...
        dtype: "float32" or "float64", of weights and computation; `config.floatx()` if None. Layers inside have one of their
            own: make them with `dtype=self.dtype`, in `__init__` or in `build`.
        trainable: whether optimizers are to change its weights, those of the layers inside included.
        activity_regularizer: a Regularizer, or the name of one: its value for the output, divided by the number of samples, is
            added to the loss of training.
        kernel_regularizer, kernel_constraint, ...: a Regularizer and a Constraint, or their names, for each of the weights that
            the class lists in `regularized`.

    Attributes:
        name, dtype, trainable: as above.
        built: whether there are weights yet; they are made when the layer first sees an input.
        weights, trainable_weights: lists of Variables, those of the layers inside included.
        sublayers: the layers inside.
    """

    # Names of weights that may have a regularizer (penalties.py); the device that `to` moved the layer to (placement.py)
    regularized, losses, home = (), (), None

    def __init__(self, *, name: str | None = None, dtype=None, trainable: bool = True, **regularization):
        self.name = name or unique_name(type(self))
        self.dtype = str(np.dtype(dtype or floatx()))
        if self.dtype not in FLOATS:
            raise ValueError(f"{self.name}: the dtype of a layer is {' or '.join(map(repr, FLOATS))}, not {self.dtype!r}")
        self._trainable, self._weights, self._calls = bool(trainable), [], []
        self.built, self.built_with = False, None          # the shape of the first input, once built
        self.regularization = {name: RESOLVERS[name.rpartition("_")[2]](value) for name, value in regularization.items()
                               if value is not None}

    def build(self, input_shape):
        """Make the weights, with `add_weight`. Called once, with the shape of the first input: (None, 28, 28, 1)."""

    def call(self, inputs):
        """Compute the output. Takes and returns Tensors."""
        raise NotImplementedError(f"{type(self).__name__} must define call(self, inputs)")

    def add_weight(self, shape=(), initializer="glorot_uniform", dtype=None, trainable=True, name="variable", regularizer=None,
                   constraint=None) -> Variable:
        """A new weight of this layer.

        Args:
            shape: its shape.
            initializer: a name, an Initializer, or a function of (shape, dtype).
            dtype: that of the layer if None.
            trainable: False for what the layer itself keeps up, such as moving averages.
            name: its name within the layer.
            regularizer, constraint: functions of it, see `Variable`; those given to the layer for that name if None.
        """
        values = np.array(initializers.get(initializer)(tuple(shape), dtype or self.dtype), dtype or self.dtype)
        weight = Variable(placed(values, self.home), name, f"{self.name}/{name}", trainable)
        weight.requires_grad = weight.requires_grad and self.trainable
        weight.regularizer = regularizer or self.regularization.get(f"{name}_regularizer")
        weight.constraint = constraint or self.regularization.get(f"{name}_constraint")
        self._weights.append(weight)
        return weight

    def __call__(self, *args, **settings):
        if "_calls" not in vars(self):
            raise RuntimeError(f"{type(self).__name__}.__init__ must call super().__init__() before the layer is used")
        plain = len(args) == 1 and type(args[0]) is Tensor and settings.keys() <= {"training"}
        if not plain and any(isinstance(leaf, SymbolicTensor) for leaf in leaves((args, settings))):
            return self._call_symbolically(args, settings)
        args = tuple(map(self._inputs, args))
        if not self.built:
            self._build(args)
        outer, _context.calls = _context.training, _context.calls + (_context.training is None)
        told = settings.pop("training", None)
        told = outer if told is None else told
        _context.training = "" if told is None else told   # "": there is a call around, and nobody said
        try:
            if self._takes_training():
                settings["training"] = bool(told)
            y = self.call(*args, **settings)
        finally:
            _context.training = outer
        if told is None or self.regularization:
            for notice in AFTER_CALL:
                notice(self, y, told)
        return y

    def _inputs(self, structure):
        numbers = isinstance(structure, list) and all(isinstance(leaf, (int, float)) for leaf in leaves(structure))
        return self._input(structure) if numbers or type(structure) is Tensor else map_structure(self._input, structure)

    def _input(self, x):
        """Arrays become Tensors; floats take the dtype of the layer."""
        if type(x) is not Tensor and (is_array(x) or isinstance(x, (np.generic, list, int, float))) and not isinstance(x, bool):
            x = as_tensor(x)
        return x.astype(self.dtype) if isinstance(x, Tensor) and x.dtype.kind == "f" and x.dtype != self.dtype else x

    def _build(self, args):
        shapes = [map_structure(lambda t: (None, *t.shape[1:]), a) for a in args if any(hasattr(t, "shape") for t in leaves(a))]
        self.build(*shapes[:len(inspect.signature(self.build).parameters)])
        if not self._trainable:
            self.trainable = False                         # of the layers inside, too
        self.built, self.built_with = True, shapes[0] if shapes else None

    @classmethod
    def _takes_training(cls):
        if "_told_training" not in vars(cls):
            cls._told_training = "training" in inspect.signature(cls.call).parameters
        return cls._told_training

    def _call_symbolically(self, args, settings):
        if not self.built:
            self._build(args)                              # with None for the sizes that are not known
        call = Call(self, args, settings)
        probe = self._probe(args, settings, size=512)
        if any(None in t.shape[1:] for t in call.inputs):  # a size that follows the input's is not known either
            other = self._probe(args, settings, size=640)
            shapes = [tuple(n if n == m else None for n, m in zip(a.shape, b.shape))
                      for a, b in zip(leaves(probe), leaves(other))]
        else:
            shapes = [t.shape for t in leaves(probe)]
        outputs = iter([SymbolicTensor((None, *shape[1:]), t.dtype, call, i)
                        for i, (shape, t) in enumerate(zip(shapes, leaves(probe)))])
        call.outputs = map_structure(lambda t: next(outputs), probe)
        self._calls.append(call)
        return call.outputs

    def _probe(self, args, settings, size):
        """What the layer returns for an empty batch, unknown sizes taken as `size`: that costs no arithmetic at any size."""
        def empty(t):
            sizes = [size if n is None else n for n in t.shape[1:]] if isinstance(t, SymbolicTensor) else None
            return t if sizes is None else Tensor(placed(np.zeros([0, *sizes], t.dtype), device))
        device = next((weight.device for weight in self.weights), self.home)
        with no_grad():
            return self(*map_structure(empty, args), **{"training": False, **map_structure(empty, settings)})

    def compute_output_shape(self, input_shape) -> tuple:
        """The shape of what the layer returns for an input of that shape, or for a list of inputs; the batch is None."""
        several = isinstance(input_shape[0], (tuple, list))
        symbols = [SymbolicTensor(shape, self.dtype) for shape in (input_shape if several else [input_shape])]
        found = self._call_symbolically((symbols if several else symbols[0],), {})
        self._calls.pop()                                  # it was a question, no part of a model
        return map_structure(lambda t: t.shape, found)

    # Weights ----------------------------------------------------------------------------------------------------------

    @property
    def sublayers(self) -> list["Layer"]:
        """The layers that are attributes of this one, in the order in which they were set."""
        held = [v for k, v in vars(self).items() if isinstance(v, (Layer, list, tuple, dict)) and k not in NO_LAYERS]
        return unique(leaf for leaf in leaves(held) if isinstance(leaf, Layer))

    @property
    def trainable(self) -> bool:
        """Whether optimizers are to change the weights. Setting it sets it for all layers inside, too."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool):
        self._trainable = bool(value)
        for layer in self.sublayers:
            layer.trainable = value
        for weight in self._weights:
            weight.requires_grad = bool(value) and weight.trainable

    @property
    def weights(self) -> list[Variable]:
        """All weights, of the layers inside too: within a layer the trainable ones come first."""
        own = sorted(self._weights, key=lambda weight: not weight.trainable)
        return unique([*own, *(weight for layer in self.sublayers for weight in layer.weights)])

    @property
    def trainable_weights(self) -> list[Variable]:
        """The weights that optimizers are to change."""
        return [weight for weight in self.weights if weight.requires_grad]

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """The other weights: moving averages, and those of frozen layers."""
        return [weight for weight in self.weights if not weight.requires_grad]

    variables, trainable_variables = weights, trainable_weights

    def get_weights(self) -> list[np.ndarray]:
        """Copies of the weights as NumPy arrays, in the order of `weights`."""
        return [weight.numpy().copy() for weight in self.weights]

    def set_weights(self, weights) -> None:
        """Overwrite all weights with arrays of the same shapes, in the order of `weights`."""
        if len(weights) != len(self.weights):
            raise ValueError(f"{self.name} has {len(self.weights)} weights, got {len(weights)} arrays" +
                             ("" if self.built or self.weights else ": it is not built; call it on data once, before"))
        for weight, value in zip(self.weights, weights):
            if np.shape(value) != weight.shape:
                raise ValueError(f"{weight.path} has shape {weight.shape}, got an array of shape {np.shape(value)}")
        for weight, value in zip(self.weights, weights):
            weight.assign(value)

    def count_params(self) -> int:
        """The number of numbers in all weights."""
        if not self.built and not self.weights:
            raise ValueError(f"{self.name} has no weights yet: call it on data, or give the model an Input")
        return sum(weight.size for weight in self.weights)

    def get_config(self) -> dict:
        """The arguments that make this layer again, its name included."""
        base = {name: getattr(self, name) for name in ("name", "trainable", "dtype") if name in argument_names(type(self))}
        return {**base, **super().get_config(), **base}

    @property
    def input(self):
        """The symbolic input of the layer in a functional model."""
        return self._only_call().args[0]

    @property
    def output(self):
        """The symbolic output of the layer in a functional model: `Model(model.inputs, layer.output)`."""
        return self._only_call().outputs

    def _only_call(self):
        if not self._calls:
            raise AttributeError(f"{self.name} was not called in a functional model, so it has no symbolic input and output")
        return self._calls[0]

    def __repr__(self):
        return f"<{type(self).__name__} {self.name}>"


def unique_name(cls) -> str:
    """The next name for a layer of that class: "conv2d", "conv2d_1", ..."""
    name = snake_case(cls.__name__)
    _name_counts[name] += 1
    return f"{name}_{_name_counts[name] - 1}" if _name_counts[name] > 1 else name


def clear_session() -> None:
    """Let the names of layers be numbered from the start again."""
    _name_counts.clear()
