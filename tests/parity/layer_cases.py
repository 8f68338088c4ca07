"""A row of layer_rows as a layer of ours with data, and what Keras makes of the same row."""
import functools

import numpy as np

from tinyvision import layers
from tinyvision.structures import leaves

from .layer_rows import ROWS


def data(row):
    """The input of a row: an array, or a list of them."""
    shapes = ROWS[row][2]
    rng = np.random.default_rng(list(row.encode()))
    return [rng.standard_normal(s) for s in shapes] if isinstance(shapes, list) else rng.standard_normal(shapes)


def built(row, **settings):
    """The layer of a row, with weights that are not what layers begin with."""
    name, own, shapes, _ = ROWS[row]
    layer = getattr(layers, name)(**{**own, **settings})
    layer(data(row), training=False)
    rng = np.random.default_rng(1)
    layer.set_weights([rng.standard_normal(w.shape) ** (2 if w.name == "moving_variance" else 1) for w in layer.weights])
    return layer


def called(layer, row, x=None):
    """The output of a layer in the mode of the row."""
    return layer(data(row) if x is None else x, training=bool(ROWS[row][3]))


def arriving(outputs):
    """A random gradient for each output."""
    rng = np.random.default_rng(2)
    return [rng.standard_normal(y.shape) for y in leaves(outputs)]


@functools.cache
def theirs(keras, row):
    """What Keras makes of a row: its outputs, gradients by name, and the weights that it keeps up itself, afterwards."""
    import jax
    name, settings, shapes, training = ROWS[row]
    start = {"kernel_initializer": "zeros"} if name in ("Dense", "Conv2D") else {}           # no need to draw what is set
    layer = getattr(keras.layers, name)(**settings, **start, dtype="float64")
    layer.build(shapes)
    layer.set_weights(built(row).get_weights())
    training = {} if training is None else {"training": training}
    before = [v.value for v in layer.trainable_variables], [v.value for v in layer.non_trainable_variables]

    @jax.jit
    def run(weights, x):
        def flat(w, x):
            y, after = layer.stateless_call(w, before[1], x, **training)
            return jax.tree_util.tree_leaves(y), after

        y, pull, after = jax.vjp(flat, weights, x, has_aux=True)
        return y, pull([jax.numpy.asarray(g) for g in arriving(y)]), after

    y, (of_weights, of_x), after = run(before[0], data(row))
    return dict(outputs=list(map(np.asarray, y)), inputs=of_x, kept={v.name: np.asarray(a) for v, a in zip(layer.non_trainable_variables, after)},
                weights={v.name: g for v, g in zip(layer.trainable_variables, of_weights)}, names=[v.name for v in layer.weights])
