"""model.predict, and what a model does with single batches: `train_on_batch`, `test_on_batch`, `predict_on_batch`."""
import operator

import numpy as np

from ..advice import explains_data, marks_batches, names_arguments
from ..autograd import as_tensor, no_grad, to_numpy
from ..callbacks.base import ProgressBar
from ..data.batching import NoBatches, batches, unpacked
from ..data.weights import ClassWeights
from ..structures import map_structure
from ..training import first
from .functional import Model
from .placement import brought


@names_arguments
@explains_data
def predict(model, x, batch_size: int | None = None, verbose=0, steps: int | None = None) -> np.ndarray | list | dict:
    """What the model says about x: https://keras.io/api/models/model_training_apis/#predict-method

    Args:
        x, batch_size, steps: as for `evaluate`; of batches (x, y), x is taken.
        verbose: 1 shows a progress bar.

    Returns:
        A NumPy array, or the model's structure of them.
    """
    found = batches(x, None, batch_size)
    bar = ProgressBar(1, steps or operator.length_hint(found) or None)
    if verbose:
        bar.on_epoch_begin(0)
    parts = []
    for batch in first(iter(model.fed(found)), steps):
        parts.append(model.predict_on_batch(unpacked(batch)[0]))
        if verbose:
            bar.on_train_batch_end(len(parts) - 1, {})
    bar.on_train_end({})
    if not parts:
        raise NoBatches("predict: the data gave no batches")
    return _joined(parts)


@marks_batches
def predict_on_batch(model, x) -> np.ndarray | list | dict:
    """What the model says about one batch, as NumPy arrays."""
    with no_grad():
        return map_structure(to_numpy, model(_as_batch(model, x), training=False))


def train_on_batch(model, x, y=None, sample_weight=None, class_weight: dict | None = None,
                   return_dict: bool = False) -> float | list[float] | dict[str, float]:
    """One step on one batch. Returns what `evaluate` would, for this batch as it was before the step."""
    model._need_compiled("train_on_batch")
    model.reset_metrics()
    batch = _batch(model, x, y, sample_weight)
    logs = model.train_step(next(iter(ClassWeights([batch], class_weight))) if class_weight else batch)
    return logs if return_dict else list(logs.values()) if model.metrics else logs["loss"]


def test_on_batch(model, x, y=None, sample_weight=None,
                  return_dict: bool = False) -> float | list[float] | dict[str, float]:
    """Loss and metrics of one batch."""
    model._need_compiled("test_on_batch")
    model.reset_metrics()
    logs = model.test_step(_batch(model, x, y, sample_weight))
    return logs if return_dict else list(logs.values()) if model.metrics else logs["loss"]


def _joined(parts):
    if isinstance(parts[0], dict):
        return {name: _joined([part[name] for part in parts]) for name in parts[0]}
    if isinstance(parts[0], (list, tuple)):
        return type(parts[0])(_joined(list(column)) for column in zip(*parts))
    return np.concatenate(parts)


def _batch(model, x, y, sample_weight):
    x, y, sample_weight = _as_batch(model, x), brought(model, y), brought(model, sample_weight)
    return (x, y) if sample_weight is None else (x, y, sample_weight)


def _as_batch(model, x):
    x = brought(model, x)
    return as_tensor(x) if not isinstance(x, (list, tuple, dict)) else x


Model.predict, Model.predict_on_batch = predict, predict_on_batch
Model.train_on_batch, Model.test_on_batch = train_on_batch, test_on_batch
