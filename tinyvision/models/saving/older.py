"""Weights in the HDF5 files of older Keras, which go by the names of layers: those of its published networks are such files.

The attribute `layer_names` lists the layers in order, the attribute `weight_names` of each layer's group its arrays.
"""
from . import hdf5
from .tensors import some


def is_older(file) -> bool:
    """Whether an HDF5 file has that layout."""
    return _layers(file) is not None


def read(file, model, by_name: bool, skip_mismatch: bool) -> None:
    """Set the weights of a model from such a file: layers with weights in order, or those of equal names where `by_name`."""
    stored = {name: arrays for name, arrays in _stored(_layers(file)) if arrays}
    layers = [layer for layer in model.layers if layer.weights]
    if by_name:
        pairs = [(layer, stored[layer.name]) for layer in layers if layer.name in stored]
        if not pairs:
            raise ValueError(f"none of its layers has the name of one of {model.name}'s: {some(stored)} there, "
                             f"{some(layer.name for layer in layers)} here")
    elif len(layers) != len(stored):
        raise ValueError(f"{model.name} has {len(layers)} layers with weights, the file {len(stored)}; by_name=True takes "
                         "those of equal names")
    else:
        pairs = list(zip(layers, stored.values()))
    faults, found = [], []
    for layer, arrays in pairs:
        weights = _in_order(layer, arrays)
        ours, theirs = [w.shape for w in weights], [a.shape for a in arrays.values()]
        if ours == theirs:
            found += zip(weights, arrays.values())
        else:
            faults.append(f"{layer.name} has weights of shapes {ours}, in the file {theirs}")
    hdf5.settle(faults, skip_mismatch)
    hdf5.assign(found)


def _in_order(layer, arrays):
    """The weights of a layer in the order of its arrays. Keras wrote the trainable ones of a model first, but of a frozen model
    those of each layer inside together: shapes tell which it was, or else names."""
    orders = [sorted(layer.weights, key=lambda weight: not weight.trainable), layer.weights]

    def fit(weights):
        names = [name.rpartition("/")[2].partition(":")[0] for name in arrays]
        return [w.shape for w in weights] == [a.shape for a in arrays.values()], \
            sum(weight.name == name for weight, name in zip(weights, names))
    return max(orders, key=fit)


def _layers(file):
    """The group of the layers: the file itself, or a part of it where it holds a whole model."""
    inner = hdf5.at(file, "model_weights")
    return next((group for group in (file, inner) if group is not None and _names(group, "layer_names") is not None), None)


def _stored(group):
    for name in _names(group, "layer_names"):
        layer = hdf5.at(group, name)
        places = None if layer is None else _names(layer, "weight_names")
        if places is None:
            raise ValueError(f"it lists a layer {name!r}, of which it has no weights")
        arrays = {place: hdf5.at(layer, place) for place in places}
        if missing := [place for place, array in arrays.items() if array is None]:
            raise ValueError(f"it lists a weight {missing[0]!r} of {name}, and has none")
        yield name, {place: hdf5.checked(array) for place, array in arrays.items()}


def _names(group, attribute):
    """A list of names from an attribute; long ones lie in several, `layer_names0`, `layer_names1`, ..."""
    if attribute in group.attrs:
        found = list(group.attrs[attribute])
    elif f"{attribute}0" in group.attrs:
        found, part = [], 0
        while f"{attribute}{part}" in group.attrs:
            found += list(group.attrs[f"{attribute}{part}"])
            part += 1
    else:
        return None
    return [name.decode() if isinstance(name, bytes) else str(name) for name in found]

