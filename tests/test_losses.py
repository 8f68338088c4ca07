"""Losses against Keras: values, reductions and gradients, at ordinary and at extreme predictions."""
import functools
import inspect

import numpy as np
import pytest

import tinyvision as tv
from tinyvision import losses

TOLERANCE = 1e-10
CLASSES = "MeanSquaredError", "BinaryCrossentropy", "CategoricalCrossentropy", "SparseCategoricalCrossentropy"
FUNCTIONS = "mean_squared_error", "binary_crossentropy", "categorical_crossentropy", "sparse_categorical_crossentropy"
REDUCTIONS = "sum_over_batch_size", "mean", "sum", "none", None


def draw():
    return np.random.default_rng(0)


def rows(n, k, *more):
    """Probabilities (n, ..., k)."""
    e = np.exp(draw().standard_normal((n, *more, k)))
    return e / e.sum(-1, keepdims=True)


def one_hot(numbers, k):
    return np.eye(k)[numbers]


LOGITS, PIXELS = draw().standard_normal((6, 5)) * 3, draw().standard_normal((2, 4, 3, 5))
NUMBERS, LABELS = draw().integers(0, 5, 6), draw().integers(0, 2, (6, 5)).astype(float)
CORNERS = np.array([[0, 0, 1, 0, 0], [1, 0, 0, 0, 0], [0, 0, 0, 0, 1], [0, 1, 0, 0, 0], [0.5, 0.5, 0, 0, 0], [0, 0, 0, 0, 1.0]])
CLIFFS = 1000 * (2 * CORNERS - 1)

ROWS = {                                                   # class, arguments, targets, predictions
    "mse": ("MeanSquaredError", {}, LABELS, LOGITS),
    "mse of images": ("MeanSquaredError", {}, PIXELS + 1, PIXELS),
    "mse of numbers": ("MeanSquaredError", {}, LABELS[:, 0], LOGITS[:, 0]),
    "mse (N,) with (N, 1)": ("MeanSquaredError", {}, LABELS[:, 0], LOGITS[:, :1]),
    "mse (N, 1) with (N,)": ("MeanSquaredError", {}, LABELS[:, :1], LOGITS[:, 0]),
    "mse (N, M) with (N, M, 1)": ("MeanSquaredError", {}, LABELS, LOGITS[..., None]),
    "mse (N, M, 1) with (N, M)": ("MeanSquaredError", {}, LABELS[..., None], LOGITS),
    "mse of integers": ("MeanSquaredError", {}, NUMBERS, LOGITS[:, 0]),
    "binary": ("BinaryCrossentropy", {}, LABELS, rows(6, 5)),
    "binary (N,) with (N, 1)": ("BinaryCrossentropy", {}, LABELS[:, 0], rows(6, 5)[:, :1]),
    "binary logits": ("BinaryCrossentropy", dict(from_logits=True), LABELS, LOGITS),
    "binary smoothed": ("BinaryCrossentropy", dict(label_smoothing=0.2), LABELS, rows(6, 5)),
    "binary smoothed logits": ("BinaryCrossentropy", dict(from_logits=True, label_smoothing=1.0), LABELS, LOGITS),
    "binary integers": ("BinaryCrossentropy", {}, LABELS.astype(int), rows(6, 5)),
    "binary truths": ("BinaryCrossentropy", {}, LABELS.astype(bool), rows(6, 5)),
    "binary axis": ("BinaryCrossentropy", dict(axis=1, from_logits=True), (PIXELS > 0).astype(float), PIXELS),
    "binary corners": ("BinaryCrossentropy", {}, LABELS, CORNERS),
    "binary cliffs": ("BinaryCrossentropy", dict(from_logits=True), LABELS, CLIFFS),
    "categorical": ("CategoricalCrossentropy", {}, one_hot(NUMBERS, 5), rows(6, 5)),
    "categorical soft": ("CategoricalCrossentropy", {}, rows(6, 5)[::-1], rows(6, 5)),
    "categorical unnormalized": ("CategoricalCrossentropy", {}, one_hot(NUMBERS, 5), 3 * rows(6, 5)),
    "categorical logits": ("CategoricalCrossentropy", dict(from_logits=True), one_hot(NUMBERS, 5), LOGITS),
    "categorical smoothed": ("CategoricalCrossentropy", dict(label_smoothing=0.2), one_hot(NUMBERS, 5), rows(6, 5)),
    "categorical smoothed logits": ("CategoricalCrossentropy", dict(label_smoothing=0.1, from_logits=True),
                                    one_hot(NUMBERS, 5), LOGITS),
    "categorical axis": ("CategoricalCrossentropy", dict(axis=1, from_logits=True), one_hot(np.zeros((2, 3, 5), int), 4)
                         .transpose(0, 3, 1, 2), PIXELS),
    "categorical smoothed axis": ("CategoricalCrossentropy", dict(axis=1, label_smoothing=0.2, from_logits=True),
                                  one_hot(np.zeros((2, 3, 5), int), 4).transpose(0, 3, 1, 2), PIXELS),
    "categorical pixels": ("CategoricalCrossentropy", {}, rows(2, 5, 4, 3), rows(2, 5, 4, 3)[:, ::-1]),
    "categorical corners": ("CategoricalCrossentropy", {}, one_hot(NUMBERS, 5), CORNERS),
    "categorical cliffs": ("CategoricalCrossentropy", dict(from_logits=True), one_hot(NUMBERS, 5), CLIFFS),
    "sparse": ("SparseCategoricalCrossentropy", {}, NUMBERS, rows(6, 5)),
    "sparse logits": ("SparseCategoricalCrossentropy", dict(from_logits=True), NUMBERS, LOGITS),
    "sparse (N, 1)": ("SparseCategoricalCrossentropy", {}, NUMBERS[:, None], rows(6, 5)),
    "sparse floats": ("SparseCategoricalCrossentropy", {}, NUMBERS.astype(float), rows(6, 5)),
    "sparse bytes": ("SparseCategoricalCrossentropy", {}, NUMBERS.astype(np.uint8), rows(6, 5)),
    "sparse pixels": ("SparseCategoricalCrossentropy", dict(from_logits=True), draw().integers(0, 5, (2, 4, 3)), PIXELS),
    "sparse axis": ("SparseCategoricalCrossentropy", dict(from_logits=True, axis=1), draw().integers(0, 4, (2, 3, 5)), PIXELS),
    "sparse corners": ("SparseCategoricalCrossentropy", {}, NUMBERS, CORNERS),
    "sparse cliffs": ("SparseCategoricalCrossentropy", dict(from_logits=True), NUMBERS, CLIFFS),
}
every_row = pytest.mark.parametrize("row", ROWS)
every_reduction = pytest.mark.parametrize("reduction", REDUCTIONS)


@functools.cache
def theirs(keras, row):
    """The loss of a row by Keras, and the gradient of its (weighted) sum with respect to the predictions: by reduction."""
    import jax
    name, settings, y_true, y_pred = ROWS[row]
    axis = -1
    if row in ("sparse axis", "categorical smoothed axis"):                # Keras on JAX refuses the one; in the other it takes
        axis, settings = settings["axis"], {**settings, "axis": -1}        # the last axis for the number of classes: give it
        y_true = np.moveaxis(y_true, axis, -1) if y_true.ndim == y_pred.ndim else y_true           # the classes last

    @jax.jit                                               # all reductions at once: compiling takes longer than running
    def run(y_pred):
        found = []
        for reduction in REDUCTIONS:
            loss = getattr(keras.losses, name)(**settings, reduction=reduction, dtype="float64")
            y, pull = jax.vjp(lambda p: loss(y_true, jax.numpy.moveaxis(p, axis, -1)), y_pred)  # noqa: B023 (called at once)
            found.append((y, pull(weights(y.shape))[0]))
        return found

    return {reduction: (np.asarray(y), np.asarray(g)) for reduction, (y, g) in zip(REDUCTIONS, run(y_pred))}


def weights(shape):
    """What arrives at a loss in backward: a different number for each sample, so that mixed-up samples show."""
    return np.linspace(1, 2, int(np.prod(shape))).reshape(shape)


def close(ours, theirs):
    assert np.isfinite(ours).all()
    np.testing.assert_allclose(ours, theirs, rtol=TOLERANCE, atol=TOLERANCE)


@every_reduction
@every_row
def test_values_and_gradients_are_those_of_keras(keras, row, reduction):
    name, settings, y_true, y_pred = ROWS[row]
    y_pred = tv.tensor(y_pred, requires_grad=True)
    y = getattr(losses, name)(**settings, reduction=reduction)(y_true, y_pred)
    value, gradient = theirs(keras, row)[reduction]
    close(y.detach().numpy(), value)
    assert y.dtype == np.float64 and y.shape == value.shape
    y.backward(weights(y.shape))
    close(y_pred.grad.numpy(), gradient)


@every_row
def test_functions_are_the_values_of_the_samples(keras, row):
    name, settings, y_true, y_pred = ROWS[row]
    function = FUNCTIONS[CLASSES.index(name)]
    ours = getattr(losses, function)(y_true, y_pred, **settings).numpy()
    np.testing.assert_array_equal(ours, getattr(losses, name)(**settings, reduction=None)(y_true, y_pred).numpy())


@every_row
def test_float32_stays_float32(row):
    name, settings, y_true, y_pred = ROWS[row]
    loss = getattr(losses, name)(**settings)
    exact = loss(y_true, y_pred).item()
    y_pred = tv.tensor(y_pred.astype(np.float32), requires_grad=True)
    y = loss(y_true, y_pred)                               # whatever the dtype of the targets
    assert y.dtype == np.float32
    tolerance = 1e-3 if row == "binary corners" else 1e-5  # in float32, 1 - 1e-7 is 1 - 1.2e-7, and so is its logarithm
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


ABSENT = {"dtype", "ignore_class"}


@pytest.mark.parametrize("name", [*CLASSES, *FUNCTIONS])
def test_arguments_are_those_of_keras(keras, name):
    theirs, ours = (inspect.signature(getattr(home, name)).parameters.values() for home in (keras.losses, losses))
    expected = {p.name: p.default for p in theirs if p.name not in ABSENT and p.name != "name"}
    assert {p.name: p.default for p in ours if p.name != "name"} == expected
    by_position = [p.name for p in ours if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert by_position == [p.name for p in theirs][:len(by_position)], "an absent argument stands before one that is there"


@pytest.mark.parametrize("name", CLASSES)
def test_names_are_those_of_keras(keras, name):
    assert getattr(losses, name)().name == getattr(keras.losses, name)().name
    assert getattr(losses, name)(name="mine").name == "mine"


@pytest.mark.parametrize("alias, name", [
    ("mse", "MeanSquaredError"), ("MSE", "MeanSquaredError"), ("mean_squared_error", "MeanSquaredError"),
    ("bce", "BinaryCrossentropy"), ("binary_crossentropy", "BinaryCrossentropy"), ("BinaryCrossentropy", "BinaryCrossentropy"),
    ("categorical_crossentropy", "CategoricalCrossentropy"),
    ("sparse_categorical_crossentropy", "SparseCategoricalCrossentropy")])
def test_losses_by_name(keras, alias, name):
    assert type(losses.get(alias)) is getattr(losses, name)
    assert keras.losses.get(alias) is not None             # it is a name there, too


@pytest.mark.parametrize("name", CLASSES)
def test_a_config_makes_the_same_loss_again(name):
    loss = getattr(losses, name)(reduction="sum", name="mine")
    again = type(loss).from_config(loss.get_config())
    assert again.get_config() == loss.get_config() and (again.reduction, again.name) == ("sum", "mine")


@pytest.mark.parametrize("make, message", [
    (lambda: losses.MeanSquaredError(reduction="avg"), "reduction is .* not 'avg'"),
    (lambda: losses.BinaryCrossentropy(label_smoothing=2), "between 0 and 1, got 2"),
    (lambda: losses.get("sparse_categorical_crossentrop"), "did you mean 'sparse_categorical_crossentropy'"),
    (lambda: losses.MeanSquaredError()(np.ones((4, 3)), np.ones((4, 2))), "\\(4, 3\\).*\\(4, 2\\).*must be equal"),
    (lambda: losses.BinaryCrossentropy()(np.ones((4, 3)), np.ones((4, 2))), "\\(4, 3\\).*\\(4, 2\\).*must be equal"),
], ids=range(5))
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
