"""Regularizers and constraints against Keras: values, gradients, arguments, names."""
import inspect
import json

import numpy as np
import pytest

import tinyvision as tv
from tinyvision import constraints, regularizers
from tinyvision.serialization import serialize

from .oracle import vjp
from .record import agree

MATRIX, KERNEL = np.random.default_rng(0).standard_normal((4, 3)), np.random.default_rng(1).standard_normal((3, 2, 2, 5))
SPARSE = MATRIX * (MATRIX > 0)
REGULARIZERS = {                                           # row: class, arguments, weight
    "l1": ("L1", {}, MATRIX), "l1 strong": ("L1", dict(l1=0.7), KERNEL), "l1 of zeros": ("L1", dict(l1=0.2), SPARSE),
    "l2": ("L2", {}, MATRIX), "l2 of zeros": ("L2", dict(l2=0.2), SPARSE), "l2 strong": ("L2", dict(l2=3), KERNEL), "l1_l2 of nothing": ("L1L2", {}, MATRIX),
    "l1_l2 l1": ("L1L2", dict(l1=0.2), MATRIX), "l1_l2 l2": ("L1L2", dict(l2=0.2), MATRIX),
    "l1_l2": ("L1L2", dict(l1=0.3, l2=0.1), KERNEL), "orthogonal": ("OrthogonalRegularizer", {}, MATRIX),
    "orthogonal columns": ("OrthogonalRegularizer", dict(factor=0.7, mode="columns"), MATRIX),
    "orthogonal square": ("OrthogonalRegularizer", dict(factor=0.2, mode="rows"), np.linalg.qr(MATRIX.T @ MATRIX)[0] + 0.1),
}
CONSTRAINTS = {
    "max": ("MaxNorm", {}, 2 * MATRIX), "max value": ("MaxNorm", dict(max_value=0.5), MATRIX), "max axis": ("MaxNorm", dict(max_value=1, axis=1), MATRIX),
    "max of a kernel": ("MaxNorm", dict(max_value=1.5, axis=[0, 1, 2]), KERNEL), "max of zeros": ("MaxNorm", {}, 0 * MATRIX),
    "non_neg": ("NonNeg", {}, MATRIX), "unit": ("UnitNorm", {}, MATRIX), "unit axis": ("UnitNorm", dict(axis=-1), MATRIX),
    "unit of a kernel": ("UnitNorm", dict(axis=(0, 1, 2)), KERNEL), "unit of zeros": ("UnitNorm", {}, SPARSE * [1, 0, 1]),
    "min_max": ("MinMaxNorm", {}, MATRIX), "min_max values": ("MinMaxNorm", dict(min_value=1.5, max_value=2), MATRIX),
    "min_max slowly": ("MinMaxNorm", dict(min_value=1.5, max_value=2, rate=0.25, axis=1), MATRIX),
    "min_max axis": ("MinMaxNorm", dict(axis=[0, 1, 2], min_value=0.5, max_value=1.5, rate=0.9), KERNEL),
}
REGULARIZER_CLASSES, CONSTRAINT_CLASSES = (sorted({row[0] for row in rows.values()}) for rows in (REGULARIZERS, CONSTRAINTS))


def exact(regularizer, settings):
    """Keras keeps some factors in float32, whatever the weights are in."""
    for name in {"l1", "factor"} & set(vars(regularizer)):
        setattr(regularizer, name, settings.get(name, 0.0 if type(regularizer).__name__ == "L1L2" else 0.01))
    return regularizer


@pytest.mark.parametrize("row", REGULARIZERS)
def test_what_weights_cost_is_what_they_cost_in_keras(keras, row):
    name, settings, w = REGULARIZERS[row]
    theirs = exact(getattr(keras.regularizers, name)(**settings), settings)
    (value,), _, (gradient,) = vjp(lambda w: ([theirs(w)], []), [w], lambda y: [np.ones(())])
    x = tv.tensor(w, requires_grad=True)
    y = getattr(regularizers, name)(**settings)(x)
    assert y.shape == () and y.dtype == np.float64
    agree(("regularizer", name, row), y.detach().numpy(), value)
    y.backward()
    gradient = np.where((w == 0) & (row == "l1 of zeros"), 0, gradient)    # JAX gives abs the slope 1 at 0; here, as in PyTorch, it is 0
    agree(("regularizer", name, row), x.grad.numpy(), gradient)


@pytest.mark.parametrize("row", CONSTRAINTS)
def test_weights_are_put_where_keras_puts_them(keras, row):
    name, settings, w = CONSTRAINTS[row]
    before = w.copy()
    y = getattr(constraints, name)(**settings)(w)
    assert y.shape == w.shape and y.dtype == np.float64
    agree(("constraint", name, row), y.numpy(), getattr(keras.constraints, name)(**settings)(w))
    np.testing.assert_array_equal(w, before)


@pytest.mark.parametrize("home, name", [*(("regularizers", name) for name in REGULARIZER_CLASSES),
                                        *(("constraints", name) for name in CONSTRAINT_CLASSES)])
def test_arguments_names_and_configs_are_those_of_keras(keras, home, name):
    ours, theirs = getattr(getattr(tv, home), name), getattr(getattr(keras, home), name)
    if name != "NonNeg":                                   # which takes none
        parameters = [[(p.name, p.default) for p in inspect.signature(cls).parameters.values()] for cls in (ours, theirs)]
        assert parameters[0] == parameters[1]
    small = {other for other in dir(getattr(keras, home)) if getattr(getattr(keras, home), other) is theirs}
    for other in small:
        assert getattr(getattr(tv, home), other) is ours
        assert type(getattr(tv, home).get(other)) is ours
        if other != "l1_l2":                               # Keras exports it, and does not find it by this name
            assert type(getattr(keras, home).get(other)) is theirs
    twin = getattr(keras, home).deserialize(json.loads(json.dumps(serialize(ours()))))
    assert type(twin) is theirs
    np.testing.assert_allclose(list(map(float, [v for v in twin.get_config().values() if not isinstance(v, str)])),
                               [v for v in ours().get_config().values() if not isinstance(v, str)], rtol=1e-7)
    assert type(getattr(tv, home).deserialize(getattr(keras, home).serialize(theirs()))) is ours


def test_nothing_is_nothing(keras):
    for home in "regularizers", "constraints":
        assert getattr(tv, home).get(None) is getattr(keras, home).get(None) is None
