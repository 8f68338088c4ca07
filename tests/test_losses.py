"""Losses by themselves: dtypes, weights, what is refused, losses of one's own."""
import numpy as np
import pytest
from loss_rows import FUNCTIONS, ROWS

import tinyvision as tv
from tinyvision import losses

every_row = pytest.mark.parametrize("row", ROWS)


@every_row
def test_functions_are_the_values_of_the_samples(keras, row):
    name, settings, y_true, y_pred = ROWS[row]
    settings = {key: tuple(value) if key == "axis" and isinstance(value, list) else value for key, value in settings.items()}
    ours = getattr(losses, FUNCTIONS[name])(y_true, y_pred, **settings).numpy()
    np.testing.assert_array_equal(ours, getattr(losses, name)(**settings, reduction=None)(y_true, y_pred).numpy())


@every_row
def test_float32_stays_float32(row):
    name, settings, y_true, y_pred = ROWS[row]
    loss = getattr(losses, name)(**settings)
    exact = loss(y_true, y_pred).item()
    y_pred = tv.tensor(y_pred.astype(np.float32), requires_grad=True)
    y = loss(y_true, y_pred)                               # whatever the dtype of the targets
    assert y.dtype == np.float32
    tolerance = 1e-3 if "corners" in row else 1e-5         # in float32, 1 - 1e-7 is 1 - 1.2e-7, and so is its logarithm
    np.testing.assert_allclose(y.item(), exact, rtol=tolerance, atol=tolerance)
    y.backward()
    assert y_pred.grad.dtype == np.float32 and np.isfinite(y_pred.grad.numpy()).all()


@every_row
def test_predictions_and_targets_stay_untouched(row):
    name, settings, y_true, y_pred = ROWS[row]
    before = y_true.copy(), y_pred.copy()
    getattr(losses, name)(**settings)(y_true, y_pred)
    np.testing.assert_array_equal(y_true, before[0])
    np.testing.assert_array_equal(y_pred, before[1])


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_config_makes_the_same_loss_again(name):
    loss = getattr(losses, name)(reduction="sum", name="mine")
    again = type(loss).from_config(loss.get_config())
    assert again.get_config() == loss.get_config() and (again.reduction, again.name) == ("sum", "mine")


@pytest.mark.parametrize("make, message", [
    (lambda: losses.MeanSquaredError(reduction="avg"), "MeanSquaredError: reduction is one of 'sum_over_batch_size', .*, None, not 'avg'"),
    (lambda: losses.BinaryCrossentropy(label_smoothing=2), "between 0 and 1, got 2"),
    (lambda: losses.get("sparse_categorical_crossentrop"), "did you mean 'sparse_categorical_crossentropy'"),
    (lambda: losses.MeanSquaredError()(np.ones((4, 3)), np.ones((4, 2))), "\\(4, 3\\).*\\(4, 2\\).*must be equal"),
    (lambda: losses.BinaryCrossentropy()(np.ones((4, 3)), np.ones((4, 2))), "\\(4, 3\\).*\\(4, 2\\).*must be equal"),
    (lambda: losses.MeanSquaredError()(np.ones((4, 3)), np.ones((4, 3)), np.ones(3)),
     "weights of shape \\(3,\\) do not fit values of shape \\(4,\\): give one weight for each sample"),
    (lambda: losses.MeanSquaredError()(np.ones((4, 3)), np.ones((4, 3)), np.ones((4, 3))), "weights of shape \\(4, 3\\) do not fit"),
    (lambda: losses.MeanSquaredError()(np.ones((1, 3)), np.ones((1, 3)), np.ones(4)), "weights of shape \\(4,\\) do not fit"),
    (lambda: losses.Dice()(np.ones((4, 3)), np.ones((4, 3)), np.ones(4)), "weights of shape \\(4,\\) do not fit values of shape \\(\\)"),
    (lambda: losses.SparseCategoricalCrossentropy(ignore_class=255)([7, 255], np.ones((2, 5))), "class numbers are whole numbers in 0 .. 4.*to 7"),
    (lambda: losses.CategoricalFocalCrossentropy(label_smoothing=-1), "between 0 and 1, got -1"),
], ids=range(11))
def test_what_cannot_be_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_loss_of_ones_own():
    class Worst(losses.Loss):
        def call(self, y_true, y_pred):
            return tv.ops.max(tv.ops.abs(y_true - y_pred), axis=-1)

    loss = Worst(reduction="sum")
    assert loss.name == "worst"
    y_pred = tv.tensor([[1.0, 2.0], [5.0, 3.0]], requires_grad=True)
    y = loss([[0.0, 0.0], [0.0, 0.0]], y_pred)
    assert y.item() == 7
    y.backward()
    np.testing.assert_array_equal(y_pred.grad.numpy(), [[0, 1], [1, 0]])


def test_a_function_as_a_loss():
    def worst(y_true, y_pred):
        return tv.ops.max(tv.ops.abs(y_true - y_pred), axis=-1)

    loss = losses.get(worst)
    assert isinstance(loss, losses.Loss) and loss.name == "worst"
    y_true, y_pred = np.zeros((2, 2)), np.array([[1.0, 2.0], [5.0, 3.0]])
    assert loss(y_true, y_pred).item() == 3.5 and loss(y_true, y_pred, [1, 0]).item() == 1
    assert losses.LossFunctionWrapper(worst, "sum", "mine")(y_true, y_pred, [2, 1]).item() == 9


def test_weights_reach_the_samples_that_they_are_of():
    """(N,) with values (N, N): of each sample, not of each column."""
    y_true, y_pred = np.zeros((3, 3, 2)), np.arange(18.0).reshape(3, 3, 2)
    w = np.array([0.0, 1.0, 0.0])
    np.testing.assert_allclose(losses.MeanSquaredError(reduction="sum")(y_true, y_pred, w).item(), (y_pred[1] ** 2).mean(-1).sum())


def test_an_ignored_class_leaves_no_trace():
    p = tv.tensor([[0.2, 0.8], [np.nan, np.nan], [0.5, 0.5]], requires_grad=True)
    loss = losses.SparseCategoricalCrossentropy(ignore_class=255)
    y = loss([1, 255, 0], p)
    np.testing.assert_allclose(y.item(), -(np.log(0.8) + np.log(0.5)) / 2, rtol=1e-6)
    y.backward()
    assert (p.grad.numpy()[1] == 0).all()
    assert loss([255, 255, 255], np.ones((3, 2))).item() == 0


def test_the_class_that_keras_files_name():
    assert type(losses.get({"class_name": "SparseCategoricalCrossentropy", "config": {"ignore_class": 3}})).__module__ == \
        "tinyvision.losses.ignoring"
