"""Layers around a layer: one that runs at each step of a sequence, and one that runs both ways."""
from .. import ops
from ..ops.recurrent import steps_of
from ..serialization import deserialize, serialize
from .base import Layer
from .core import described
from .inside import build_inside


class TimeDistributed(Layer):
    """The same layer at each step of a sequence. https://keras.io/api/layers/recurrent_layers/time_distributed/

    Args:
        layer: what runs at each step, with the same weights.

    Shapes: (N, steps, ...) -> (N, steps, ...), where the layer makes the latter of the former.

    >>> import numpy as np
    >>> from tinyvision import layers
    >>> TimeDistributed(layers.Conv2D(8, 3))(np.ones((2, 5, 16, 16, 3))).shape          # five images each
    (2, 5, 14, 14, 8)
    """

    def __init__(self, layer, **settings):
        super().__init__(**settings)
        self.layer = _checked(layer, self)

    def build(self, input_shape):
        if len(input_shape) > 2:                           # call explains what is wrong with others
            build_inside(self, self.layer, (None, *input_shape[2:]))

    def call(self, x):
        if x.ndim < 3 or not x.shape[1]:
            raise ValueError(f"{described(self)} expects sequences (N, steps, ...), got input {x.shape}")
        steps = steps_of(x.transpose((1, 0, *range(2, x.ndim))))
        return ops.stack([self.layer(step) for step in steps], axis=1)


class Bidirectional(Layer):
    """A recurrent layer and one that begins at the end: each step knows what comes before and after.

    https://keras.io/api/layers/recurrent_layers/bidirectional/

    Args:
        layer: an RNN, LSTM, ...; two copies of it run, one of them backwards.
        merge_mode: how their outputs make one: "concat", "sum", "mul", "ave"; None gives both.
        weights: None: call `set_weights` once the layer is built.
        backward_layer: in place of the second copy; it must have go_backwards=True.

    Call arguments: those of `layer`; initial_state: the states of the first, then those of the second. With return_state the
    last states come in that order, too.
    """

    def __init__(self, layer, merge_mode="concat", weights=None, backward_layer=None, **settings):
        super().__init__(**settings)
        for inner in layer, backward_layer or layer:
            if not hasattr(_checked(inner, self), "go_backwards"):
                raise ValueError(f"{described(self)} runs recurrent layers, such as LSTM(8), got {inner!r}")
        self.forward_layer = _copy(layer, "forward_")
        self.backward_layer = backward_layer or _copy(layer, "backward_", go_backwards=True)
        if weights is not None or merge_mode not in ("concat", "sum", "mul", "ave", None):
            raise ValueError(f"{described(self)}: merge_mode is 'concat', 'sum', 'mul', 'ave' or None, and weights is None "
                             f"(use set_weights once it is built); got {merge_mode!r} and {type(weights).__name__}")
        for name in "go_backwards", "return_sequences", "return_state", "stateful":
            one, other = getattr(self.forward_layer, name), getattr(self.backward_layer, name)
            if (one == other) == (name == "go_backwards"):
                raise ValueError(f"{described(self)}: {name} is {one} in the layer and {other} in the one that runs backwards")
        self.merge_mode = merge_mode

    def __call__(self, sequences, initial_state=None, **settings):
        return super().__call__(*([sequences] if initial_state is None else [sequences, initial_state]), **settings)

    def build(self, input_shape):
        for inner in self.forward_layer, self.backward_layer:
            build_inside(self, inner, input_shape)

    def call(self, x, initial_state=None):
        half = len(initial_state or ()) // 2
        states = (initial_state[:half], initial_state[half:]) if half else (None, None)
        found = [layer(x, state) for layer, state in zip((self.forward_layer, self.backward_layer), states)]
        (y, *after), (z, *before) = found if self.forward_layer.return_state else [[one] for one in found]
        z = ops.flip(z, axis=1) if self.forward_layer.return_sequences else z
        if self.merge_mode is None:
            return y, z, *after, *before
        merged = {"concat": lambda: ops.concatenate([y, z], axis=-1), "sum": lambda: y + z, "mul": lambda: y * z,
                  "ave": lambda: (y + z) / 2}[self.merge_mode]()
        return (merged, *after, *before) if self.forward_layer.return_state else merged

    def reset_state(self):
        """Forget where the last call of a stateful layer ended."""
        for inner in self.forward_layer, self.backward_layer:
            inner.reset_state()

    def get_config(self):
        return {**super().get_config(), "layer": self.forward_layer, "backward_layer": self.backward_layer}


def _checked(layer, outer):
    if not isinstance(layer, Layer):
        raise ValueError(f"{described(outer)} is put around a layer, got {layer!r:.60}")
    return layer


def _copy(layer, prefix, **changes):
    """A layer made again of its config, its name with a prefix."""
    config = {**serialize(layer.get_config()), **changes, "name": prefix + layer.name.removeprefix(prefix)}
    return type(layer).from_config(deserialize(config))
