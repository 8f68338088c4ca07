"""Model: layers put together, by calls on symbolic tensors or in a `call` of your own; it can be trained, saved and loaded."""
from ..autograd import Tensor, as_tensor
from ..layers.base import Layer, SymbolicTensor, unique_name
from ..structures import leaves, map_structure, unique
from ..training import Trainer

WHEN_CONNECTED = []                                        # functions of a model that was just put together


class Model(Trainer, Layer):
    """A network. https://keras.io/api/models/model/

    Either from the symbolic tensors at its ends:

    >>> from tinyvision import layers
    >>> inputs = layers.Input((4,))
    >>> model = Model(inputs, layers.Dense(2, name="scores")(inputs))
    >>> model.count_params()
    10

    or as a subclass: make layers in `__init__`, after `super().__init__()`, and call them in `call(self, x)`.

    Args:
        inputs, outputs: symbolic tensors, or lists or dictionaries of them.
        name: of the model.
    """

    def __init__(self, inputs=None, outputs=None, *, name=None, trainable=True, dtype=None):
        functional = inputs is not None and type(self) is Model
        super().__init__(name=name or (unique_name(type("Functional", (), {})) if functional else None), dtype=dtype)
        self._calls_inside, self._promised = [], True      # promised: shapes of inputs, by an Input and not by a first batch
        if (inputs is None) != (outputs is None):
            raise ValueError("a functional model needs both: Model(inputs=..., outputs=...)")
        if inputs is not None:
            self._connect(inputs, outputs)
        if not trainable:
            self.trainable = False

    def _connect(self, inputs, outputs):
        """Find the calls that lead from the inputs to the outputs, in the order in which to run them."""
        for t in (*leaves(inputs), *leaves(outputs)):
            if not isinstance(t, SymbolicTensor):
                raise TypeError(f"inputs and outputs of a Model are what Input and layers return, got {type(t).__name__}")
        self.inputs, self.outputs = list(leaves(inputs)), list(leaves(outputs))
        self._input_structure, self._output_structure = inputs, outputs
        self._result = outputs[0] if isinstance(outputs, (list, tuple)) and len(outputs) == 1 else outputs       # as in Keras
        given, found, todo = {id(t) for t in self.inputs}, {}, list(self.outputs)
        while todo:
            t = todo.pop()
            if id(t) not in given and id(t.call) not in found:
                if not t.call.inputs:
                    raise ValueError(f"the outputs depend on {t.call.layer.name}, which is not among the inputs of the Model")
                found[id(t.call)] = t.call
                todo += t.call.inputs
        if not found:
            raise ValueError("the outputs are the inputs themselves, with no layer in between: put a layers.Identity there")
        self._calls_inside = sorted(found.values(), key=lambda call: call.born)
        starts = [t.call for t in self.inputs if not t.call.inputs]
        self._layers_in_order = unique(call.layer for call in (*starts, *self._calls_inside))
        names = [layer.name for layer in self._layers_in_order]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"each layer of a model needs a name of its own; {', '.join(sorted(twice))} occurs more than once")
        self._steps, self.built = self._calls_inside, True
        for look in WHEN_CONNECTED:
            look(self)

    @property
    def layers(self) -> list[Layer]:
        """The layers of the model, in an order in which they can run."""
        return list(self._layers_in_order) if self._calls_inside else self.sublayers

    @property
    def sublayers(self):
        return unique([*(call.layer for call in self._calls_inside), *super().sublayers])

    @property
    def input(self):
        """The symbolic input of the model, or the list or dictionary of them that it was made with."""
        return self._input_structure if self._calls_inside else super().input

    @property
    def output(self):
        """The symbolic output of the model, or the list or dictionary of them that it was made with."""
        return self._output_structure if self._calls_inside else super().output

    def call(self, inputs):
        if not self._calls_inside:
            raise NotImplementedError(f"{type(self).__name__} must define call(self, x), or be made with inputs and outputs")
        values = {id(t): self._fitted(x, t) for t, x in zip(self.inputs, self._in_order(inputs))}

        def value(t):
            return values[id(t)] if isinstance(t, SymbolicTensor) else t

        for call in self._steps:
            if call.flat:
                y = call.layer(*[values[id(t)] for t in call.args])
            else:
                y = call.layer(*map_structure(value, call.args), **map_structure(value, call.settings))
            values.update({id(call.outputs): y} if isinstance(y, Tensor) else zip(map(id, leaves(call.outputs)), leaves(y)))
        return map_structure(value, self._result)

    def _in_order(self, inputs) -> list:
        """What was given, in the order of `self.inputs`. Dictionaries go by the keys of the model's own, or by layer names."""
        given = [inputs] if isinstance(inputs, Tensor) else list(leaves(inputs))
        if isinstance(inputs, dict):
            own = self._input_structure
            names = list(own) if isinstance(own, dict) else [t.call.layer.name for t in self.inputs]
            if missing := [name for name in names if name not in inputs]:
                raise ValueError(f"{self.name} takes inputs named {', '.join(names)}; {', '.join(missing)} is missing in "
                                 f"{', '.join(inputs)}")
            given = [inputs[name] for name in names]
        if len(given) != len(self.inputs):
            raise ValueError(f"{self.name} takes {len(self.inputs)} inputs, got {len(given)}")
        return given

    def _fitted(self, x, symbol) -> Tensor:
        """An input in the dtype and shape that was promised; a missing last axis of 1 is added, as in Keras."""
        x = as_tensor(x)
        given, x = x.shape, x if x.dtype == symbol.dtype else x.astype(symbol.dtype)
        if x.ndim == symbol.ndim - 1 and symbol.shape[-1] == 1:
            x = x.reshape(*x.shape, 1)
        if x.ndim != symbol.ndim or self._promised and any(n not in (m, None) for n, m in zip(symbol.shape[1:], x.shape[1:])):
            hint = "; one sample needs a batch axis: x[None]" if given == symbol.shape[1:] else ""
            raise ValueError(f"{self.name} takes inputs of shape {symbol.shape} at {symbol.call.layer.name}, got {given}{hint}")
        return x
