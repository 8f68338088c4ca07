"""Weights of classes, made weights of samples."""
import numpy as np

from ..autograd import Tensor, to_numpy
from ..config import floatx
from ..device import is_array
from .batching import unpacked


class ClassWeights:
    """Batches (x, y), with a weight for each sample that its class decides: (x, y, sample_weight)."""

    def __init__(self, batches, class_weight: dict):
        if not isinstance(class_weight, dict):
            raise TypeError(f"class_weight is a dictionary, {{class number: weight}}, got {class_weight!r}")
        self.batches, self.class_weight = batches, class_weight

    def __getattr__(self, name):
        if name in ("passes", "start_at", "drawn"):      # where the batches themselves can be begun elsewhere, so can these
            return getattr(self.batches, name)
        raise AttributeError(f"{type(self).__name__} has no {name!r}")

    def __iter__(self):
        for batch in self.batches:
            x, y, *weight = unpacked(batch)
            if weight or y is None or not (is_array(y) or isinstance(y, Tensor)):
                raise ValueError("class_weight is for batches (x, y), y an array of class numbers or of one-hot rows; give "
                                 "either class_weight or sample_weight")
            classes = to_numpy(y)
            classes = classes.argmax(-1) if classes.ndim > 1 and classes.shape[-1] > 1 else np.round(classes).ravel()
            yield x, y, np.array([self.class_weight.get(int(c), 1.0) for c in classes], floatx())
