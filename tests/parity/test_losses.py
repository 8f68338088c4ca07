"""Losses against Keras: values and gradients at ordinary and at extreme predictions; reductions, weights, arguments, names."""
import functools
import inspect
import json

import numpy as np
import pytest
from loss_rows import BY_CLASS, FUNCTIONS, ROWS

import tinyvision as tv
from tinyvision import losses
from tinyvision.serialization import serialize

from .oracle import values_and_gradients
from .record import agree

REDUCTIONS = "sum_over_batch_size", "mean", "sum", "mean_with_sample_weight", "none", None
every_row = pytest.mark.parametrize("row", ROWS)
every_class = pytest.mark.parametrize("name", BY_CLASS)


def weights(shape):
    """A different number for each sample, so that mixed-up samples show."""
    return np.linspace(1, 2, int(np.prod(shape))).reshape(shape)


@functools.cache
def shape_of_values(row):
    name, settings, y_true, y_pred = ROWS[row]
    return getattr(losses, name)(**settings, reduction=None)(y_true, y_pred).shape


def weighings(row):
    """{kind of weights: (weights, the same in a shape that Keras takes)}."""
    shape = shape_of_values(row)
    found = {"none": (None, None)}
    if shape:                                              # Keras broadcasts (N,) from the right, against the last axis
        found["samples"] = weights(shape[:1]), weights(shape[:1]).reshape(-1, *[1] * (len(shape) - 1))
        found["values"] = weights(shape), weights(shape)
    return found


@functools.cache
def theirs(keras, row):
    """The loss of a row by Keras, and the gradient of its (weighted) sum to the predictions: by reduction and weights."""
    name, settings, y_true, y_pred = ROWS[row]
    axis = -1
    if row in ("sparse axis", "sparse ignoring pixels", "categorical smoothed axis"):                # Keras on JAX refuses the one; in the other it takes
        axis, settings = settings["axis"], {**settings, "axis": -1}        # the last axis for the number of classes: give it
        y_true = np.moveaxis(y_true, axis, -1) if y_true.ndim == y_pred.ndim else y_true           # the classes last

    def loss_of(reduction, w):
        loss = getattr(keras.losses, name)(**settings, reduction=reduction, dtype="float64")
        return lambda p: loss(y_true, keras.ops.moveaxis(p, axis, -1), w)

    functions = {(str(reduction), kind): loss_of(reduction, w) for reduction in REDUCTIONS for kind, (_, w) in weighings(row).items()}
    return values_and_gradients(functions, y_pred, weights)


@every_row
def test_values_and_gradients_are_those_of_keras(keras, row):
    name, settings, y_true, y_pred = ROWS[row]
    for reduction in REDUCTIONS:
        for kind, (w, _) in weighings(row).items():
            x = tv.tensor(y_pred, requires_grad=True)
            y = getattr(losses, name)(**settings, reduction=reduction)(y_true, x, w)
            value, gradient = theirs(keras, row)[str(reduction), kind]
            assert y.dtype == np.float64 and y.shape == value.shape and np.isfinite(y.detach().numpy()).all()
            agree(("loss", name, row), y.detach().numpy(), value)
            y.backward(weights(y.shape))
            agree(("loss", name, row), x.grad.numpy(), gradient)


@pytest.mark.parametrize("values, w", [((4,), (4, 1)), ((4, 1), (4,)), ((4, 3), (4, 3, 1)), ((4, 3, 1), (4, 3)), ((4, 3), (4, 1)), ((4, 3), (1, 3)),
                                       ((4, 3), ()), ((4, 3), (1, 1)), ((4,), (1,))])
def test_weights_of_other_ranks_mean_what_they_mean_in_keras(keras, values, w):
    y, w = np.random.default_rng(0).random(values), weights(w)
    for reduction in REDUCTIONS[:4]:
        ours, expected = (home.losses.Loss(reduction=reduction) for home in (tv, keras))
        ours.call = expected.call = lambda y_true, y_pred: y_pred
        expected._dtype = "float64"
        agree(("loss", "Loss", f"weights {values} {w.shape}"), ours(y, y, w).numpy(), expected(y, y, w))


@pytest.mark.parametrize("reduction", REDUCTIONS[:4])
def test_weights_of_zero_are_those_of_keras(keras, reduction):
    name, settings, y_true, y_pred = ROWS["mse"]
    ours, theirs = (home.losses.MeanSquaredError(reduction=reduction)(y_true, y_pred, np.zeros(6)) for home in (tv, keras))
    assert ours.item() == float(theirs) == 0


ABSENT = {"dtype"}


@pytest.mark.parametrize("name", [*BY_CLASS, *FUNCTIONS.values(), "Loss"])
def test_arguments_are_those_of_keras(keras, name):
    theirs, ours = (inspect.signature(getattr(home, name)).parameters.values() for home in (keras.losses, losses))
    expected = [(p.name, p.default) for p in theirs if p.name not in ABSENT and p.name != "name"]
    assert [(p.name, p.default) for p in ours if p.name != "name"] == expected
    assert [p.name for p in ours] == [p.name for p in theirs if p.name not in ABSENT]


@every_class
def test_names_are_those_of_keras(keras, name):
    assert getattr(losses, name)().name == getattr(keras.losses, name)().name
    assert getattr(losses, name)(name="mine").name == "mine"


@pytest.mark.parametrize("alias", ["mse", "MSE", "mae", "MAE", "mape", "MAPE", "msle", "MSLE", "bce", "BCE", "kld", "KLD", "huber",
                                   *BY_CLASS, *FUNCTIONS.values()])
def test_losses_by_name(keras, alias):
    """Keras returns a function for the name of one: that of our class."""
    ours, theirs = losses.get(alias), keras.losses.get(alias)
    assert getattr(theirs, "__name__", type(theirs).__name__) in (type(ours).__name__, FUNCTIONS[type(ours).__name__])


@every_class
def test_keras_makes_its_loss_of_our_config_and_we_ours_of_its(keras, name):
    row = BY_CLASS[name]
    settings, y_true, y_pred = ROWS[row][1:]
    ours = getattr(losses, name)(**settings, reduction="sum", name="mine")
    twin = keras.losses.deserialize(json.loads(json.dumps(serialize(ours))))
    assert type(twin).__name__ == name and (twin.reduction, twin.name) == ("sum", "mine")
    again = losses.deserialize(json.loads(json.dumps(keras.losses.serialize(getattr(keras.losses, name)(**settings, reduction="sum")))))
    assert type(again) is type(ours) and again.reduction == "sum"
    np.testing.assert_allclose(again(y_true, y_pred).item(), ours(y_true, y_pred).item(), rtol=1e-12)


def test_every_loss_of_keras_is_here_or_named(keras):
    """What Keras has and we do not, by name."""
    known = {name for name in dir(keras.losses) if not name.startswith("_")}
    assert {name for name in known if not hasattr(losses, name)} == {
        "CTC", "ctc",                                      # for sequences of sound and handwriting
        "Circle", "circle", "CategoricalGeneralizedCrossEntropy", "categorical_generalized_cross_entropy"}
