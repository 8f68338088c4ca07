"""Models on devices: `model.to("cuda")`, and batches that are copied to a GPU while the one before is computed."""
import sys

import numpy as np

from ..autograd import Tensor, as_array
from ..device import device_of, get_device, to_device
from ..device.copies import Copies
from ..layers.base import Layer
from ..structures import leaves, map_structure
from ..training import Trainer


def to(layer, device: str):
    """Move a layer or a model to a device: its weights, and what its optimizer remembers of them.

    `fit`, `evaluate` and `predict` then bring their batches there. Weights that are not there yet will be made there.

    Args:
        device: "cpu", "cuda" or "cuda:N".

    Returns:
        The layer itself: `model = Model(...).to("cuda")`.

    Raises:
        ValueError: there is no device of that name.
        RuntimeError: a GPU is asked for, and cannot be used; it says why.
    """
    device = device_of(to_device(np.zeros(1), device))     # "cuda" is a GPU from here on; what is wrong is told of here
    for weight in layer.weights:
        weight.data = to_device(weight.data, device)
        weight.grad = None if weight.grad is None else weight.grad.to(device)
        weight.mark_changed()
    for inner in _with_all_inside(layer):
        inner.home = device
    if getattr(layer, "optimizer", None) is not None:
        for arrays in layer.optimizer.slots.values():
            arrays.update({key: (variable, to_device(array, device)) for key, (variable, array) in arrays.items()})
    return layer


def _with_all_inside(layer):
    yield layer
    for inner in layer.sublayers:
        yield from _with_all_inside(inner)


def device_of_model(model) -> str:
    """Where a model computes: where its weights are, or will be made."""
    if "cupy" not in sys.modules:                          # no array can be on a GPU
        return "cpu"
    return next((weight.device for inner in _with_all_inside(model) for weight in inner._weights), model.home or get_device())


def fed(model, data):
    """Batches, where the model is."""
    device = device_of_model(model)
    return data if device == get_device() == "cpu" else Ahead(data, device)


def brought(model, batch):
    """One batch, where the model is: its arrays, lists of numbers and Tensors."""
    device = device_of_model(model)
    if device == get_device() == "cpu":
        return batch
    return map_structure(lambda x: x if x is None else Tensor(to_device(as_array(x), device)), batch)


class Ahead:
    """Batches where a model is. On a GPU, while one is computed, the next is copied there.

    Of a generator, which cannot begin again, no batch is drawn before its time.
    """

    def __init__(self, data, device: str):
        self.data, self.device, self._drawn = data, device, None

    def __len__(self):
        return len(self.data)

    def __length_hint__(self):
        return getattr(self.data, "__length_hint__", lambda: NotImplemented)()

    def __getattr__(self, name):
        return getattr(self.data, name)

    @property
    def drawn(self):
        """Of data that count what was drawn from them: how many that was for the last batch given, not for the one ahead."""
        if self._drawn is None:
            raise AttributeError("these data do not count what is drawn from them")
        return self._drawn

    def __iter__(self):
        batches = iter(self.data)
        if batches is self.data or self.device == "cpu":
            for batch in batches:
                self._drawn = getattr(self.data, "drawn", None)
                yield map_structure(self._moved, batch)
            return
        copies, coming = Copies(self.device), None
        try:
            for batch in batches:
                before, coming = coming, self._begun(copies, batch)
                if before is not None:
                    yield self._arrived(copies, *before)
            if coming is not None:
                yield self._arrived(copies, *coming)
        finally:
            copies.end()                                   # a batch that nobody waits for any more must not arrive later

    def _begun(self, copies, batch):
        arrays = [as_array(x) for x in leaves(batch) if x is not None]
        return batch, copies.begin(arrays), getattr(self.data, "drawn", None)

    def _arrived(self, copies, batch, coming, drawn):
        self._drawn, arrays = drawn, iter(copies.arrived(coming))
        return map_structure(lambda x: x if x is None else Tensor(next(arrays)), batch)

    def _moved(self, x):
        return x if x is None else Tensor(to_device(as_array(x), self.device))


Layer.to = to
Trainer.fed = fed
