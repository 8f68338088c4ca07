"""Sequential: a model that is a chain of layers."""
from ..layers.base import Layer, SymbolicTensor
from ..layers.core import Input, InputLayer
from .functional import Model


class Sequential(Model):
    """Layers, one after the other. https://keras.io/api/models/sequential/

    With an `Input` first, the weights are made at once; without, when the model first sees data.

    Args:
        layers: a list of them.
        name: of the model.

    >>> from tinyvision import layers
    >>> Sequential([Input((28, 28, 1)), layers.Conv2D(8, 3), layers.Flatten(), layers.Dense(10)]).count_params()
    54170
    """

    def __init__(self, layers=None, *, name=None, trainable=True, dtype=None):
        super().__init__(name=name, dtype=dtype)
        self._chain, self._start = [], None
        for layer in layers or ():
            self.add(layer)
        if not trainable:
            self.trainable = False

    @property
    def layers(self) -> list[Layer]:
        return list(self._chain)

    def add(self, layer) -> None:
        """Put a layer, or an `Input`, at the end."""
        layer = layer.call.layer if isinstance(layer, SymbolicTensor) else layer
        if not isinstance(layer, Layer):
            raise TypeError(f"Sequential takes layers, got {type(layer).__name__} {layer!r:.60}")
        if isinstance(layer, InputLayer):
            if self._chain or self._start is not None:
                raise ValueError("the Input of a Sequential model comes first, and once")
            self._start = layer.output
            return
        if layer.name in [other.name for other in self._chain]:
            raise ValueError(f"each layer of a model needs a name of its own; {layer.name} is there already")
        self._chain.append(layer)
        self._extend(self.outputs[0] if self.built and self._calls_inside else self._start, [layer])

    def pop(self) -> Layer:
        """Take the last layer off."""
        if not self._chain:
            raise IndexError("pop: there are no layers in the model")
        layer = self._chain.pop()
        self._calls_inside, self.built = [], False
        self._extend(self._start, self._chain)
        return layer

    def _extend(self, end, layers):
        """Call layers on the symbolic end of the chain, if it is known already."""
        if end is not None and layers:
            for layer in layers:
                end = layer(end)
            self._connect(self._start, end)

    def build(self, input_shape):
        if self._start is None and not isinstance(input_shape, dict):
            self._start, self._promised = Input(input_shape[1:], dtype=self.dtype), False
            self._extend(self._start, self._chain)

    def call(self, inputs):
        if self._calls_inside:
            return super().call(inputs)
        for layer in self._chain:                          # of a dictionary of arrays there is no graph
            inputs = layer(inputs)
        return inputs
