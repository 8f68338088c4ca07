"""A row of layer_rows as a layer of ours with data, and what Keras makes of the same row.

What a layer is called on is an array, or a list of them, or (arguments, settings) for a row with a `Call`.
"""
import functools

import numpy as np

from tinyvision import layers
from tinyvision.structures import leaves, map_structure

from .layer_rows import ROWS, Call, Integers, Mask
from .oracle import vjp


def each(function, x):
    """What a layer is called on, with `function` done to each array in it."""
    return map_structure(lambda a: function(a) if hasattr(a, "shape") else a, x)


def floats(x):
    """The arrays of floats that a layer is called on: those that have gradients."""
    return [a for a in leaves(x) if hasattr(a, "dtype") and a.dtype.kind == "f"]


def filled(x, others):
    """What a layer is called on, with others in the places of its `floats`."""
    others = iter(others)
    return map_structure(lambda a: next(others) if hasattr(a, "dtype") and a.dtype.kind == "f" else a, x)


def data(row):
    """What the layer of a row is called on."""
    rng = np.random.default_rng(list(row.encode()))

    def some(shape):
        if isinstance(shape, list):
            return [some(s) for s in shape]
        if not isinstance(shape, tuple):
            return shape                                   # a setting that is no array
        if isinstance(shape, Integers):
            return rng.integers(0, 5, shape)
        return rng.random(shape) < 0.7 if isinstance(shape, Mask) else rng.standard_normal(shape)

    shapes = ROWS[row][2]
    if isinstance(shapes, Call):
        return tuple(map(some, shapes.args)), {name: some(value) for name, value in shapes.settings.items()}
    return some(shapes)


def call(layer, x, **settings):
    """What a layer of ours or of Keras returns for x."""
    args, more = x if isinstance(x, tuple) else ((x,), {})
    return layer(*args, **more, **settings)


def shapes(row):
    """The shapes that the layer of a row is built with: of its arguments."""
    x = data(row)
    return each(np.shape, x[0] if isinstance(x, tuple) else (x,))


def built(row, **settings):
    """The layer of a row, with weights that are not what layers begin with."""
    name, own, _, _ = ROWS[row]
    layer = getattr(layers, name)(**{**own, **settings})
    call(layer, data(row), training=False)
    rng = np.random.default_rng(1)
    layer.set_weights([rng.standard_normal(w.shape) ** (2 if w.name.endswith("variance") else 1) for w in layer.weights])
    return layer


def called(layer, row, x=None):
    """The output of a layer in the mode of the row."""
    return call(layer, data(row) if x is None else x, training=bool(ROWS[row][3]))


def arriving(outputs):
    """A random gradient for each output."""
    rng = np.random.default_rng(2)
    return [rng.standard_normal(y.shape) for y in leaves(outputs)]


def weighted(outputs):
    """One number of all outputs, each with a random gradient arriving."""
    outputs = list(leaves(outputs))
    return sum((y * g.astype(y.dtype)).sum() for y, g in zip(outputs, arriving(outputs)))


@functools.cache
def theirs(keras, row):
    """What Keras makes of a row: its outputs, the gradients of floats and weights, and the weights that it keeps up itself, afterwards."""
    name, settings, _, training = ROWS[row]
    start = {"kernel_initializer": "zeros"} if name in ("Dense", "Conv2D") else {}           # no need to draw what is set
    layer, given = getattr(keras.layers, name)(**{**start, **settings}, dtype="float64"), data(row)
    layer.build(*shapes(row))
    layer.set_weights(built(row).get_weights())
    if name == "Normalization":
        layer.finalize_state()                             # else it goes on with the mean that it began with
    training = {} if training is None else {"training": training}
    weights, kept = [v.value for v in layer.trainable_variables], [v.value for v in layer.non_trainable_variables]

    def run(*arrays):
        w, x = arrays[:len(weights)], arrays[len(weights):]
        y, after = call(functools.partial(layer.stateless_call, list(w), kept), filled(given, x), **training)
        return list(leaves(y)), after

    keras.config.set_floatx("float64")                     # what layers draw is of that type
    try:
        outputs, after, gradients = vjp(run, [*map(np.asarray, weights), *floats(given)], arriving)
    finally:
        keras.config.set_floatx("float32")
    names = [v.name for v in layer.trainable_variables]
    return dict(outputs=outputs, weights=list(zip(names, gradients)), inputs=gradients[len(names):],
                kept={v.name: a for v, a in zip(layer.non_trainable_variables, after)}, names=[v.name for v in layer.weights])
