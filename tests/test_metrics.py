"""Metrics against Keras: gathered over batches of unequal size."""
import inspect

import numpy as np
import pytest

import tinyvision as tv
from tinyvision import losses, metrics

TOLERANCE = 1e-10
SIZES = 5, 5, 5, 2                                         # of the batches: the last one is smaller, as in most epochs


def draw():
    return np.random.default_rng(0)


N = sum(SIZES)
SCORES, COLUMN = draw().random((N, 4)), draw().random((N, 1))
NUMBERS, BITS = draw().integers(0, 4, N), draw().integers(0, 2, (N, 1)).astype(float)
ONE_HOT, MANY = np.eye(4)[NUMBERS], draw().integers(0, 2, (N, 4)).astype(float)
MAPS, MAP_NUMBERS = draw().random((N, 3, 2, 4)), draw().integers(0, 4, (N, 3, 2))

ROWS = {                                                   # class, arguments, targets, predictions
    "binary": ("BinaryAccuracy", {}, BITS, COLUMN),
    "binary (N,) with (N, 1)": ("BinaryAccuracy", {}, BITS[:, 0], COLUMN),
    "binary (N, 1) with (N,)": ("BinaryAccuracy", {}, BITS, COLUMN[:, 0]),
    "binary (N,)": ("BinaryAccuracy", {}, BITS[:, 0], COLUMN[:, 0]),
    "binary many": ("BinaryAccuracy", {}, MANY, SCORES),
    "binary threshold": ("BinaryAccuracy", dict(threshold=0.8), MANY, SCORES),
    "binary on the threshold": ("BinaryAccuracy", {}, MANY, np.round(SCORES * 2) / 2),
    "binary integers": ("BinaryAccuracy", {}, MANY.astype(int), SCORES),
    "categorical": ("CategoricalAccuracy", {}, ONE_HOT, SCORES),
    "categorical soft": ("CategoricalAccuracy", {}, SCORES[::-1], SCORES),
    "categorical ties": ("CategoricalAccuracy", {}, ONE_HOT, np.round(SCORES)),
    "categorical pixels": ("CategoricalAccuracy", {}, np.eye(4)[MAP_NUMBERS], MAPS),
    "sparse": ("SparseCategoricalAccuracy", {}, NUMBERS, SCORES),
    "sparse (N, 1)": ("SparseCategoricalAccuracy", {}, NUMBERS[:, None], SCORES),
    "sparse floats": ("SparseCategoricalAccuracy", {}, NUMBERS.astype(np.float32), SCORES),
    "sparse ties": ("SparseCategoricalAccuracy", {}, NUMBERS, np.round(SCORES)),
    "sparse pixels": ("SparseCategoricalAccuracy", {}, MAP_NUMBERS, MAPS),
}
every_row = pytest.mark.parametrize("row", ROWS)


def batches(*arrays):
    ends = np.cumsum(SIZES)
    return [[a[end - size:end] for a in arrays] for end, size in zip(ends, SIZES)]


def results(metric, pairs):
    """What a metric says after each batch."""
    found = []
    for y_true, y_pred in pairs:
        metric.update_state(y_true, y_pred)
        found.append(float(metric.result()))
    return found


@every_row
def test_results_are_those_of_keras(keras, row):
    name, settings, y_true, y_pred = ROWS[row]
    pairs = batches(y_true, y_pred)
    theirs = getattr(keras.metrics, name)(**settings, dtype="float64")
    ours = getattr(metrics, name)(**settings)
    np.testing.assert_allclose(results(ours, pairs), results(theirs, pairs), rtol=TOLERANCE)
    assert isinstance(ours.result(), float)


@every_row
def test_values_of_samples_are_those_of_keras(keras, row):
    name, settings, y_true, y_pred = ROWS[row]
    name = {"BinaryAccuracy": "binary_accuracy", "CategoricalAccuracy": "categorical_accuracy",
            "SparseCategoricalAccuracy": "sparse_categorical_accuracy"}[name]
    ours = getattr(metrics, name)(y_true, y_pred, **settings).numpy()
    theirs = np.asarray(getattr(keras.metrics, name)(y_true, y_pred, **settings))
    if theirs.ndim > ours.ndim:                            # binary: Keras leaves the labels of a sample apart
        theirs = theirs.mean(-1)
    np.testing.assert_allclose(ours, theirs, rtol=1e-6)    # in float32
    assert ours.dtype == np.float32


@every_row
def test_an_epoch_ends_with_a_reset(row):
    name, settings, y_true, y_pred = ROWS[row]
    metric = getattr(metrics, name)(**settings)
    assert metric.result() == 0
    first = results(metric, batches(y_true, y_pred))
    metric.reset_state()
    assert metric.result() == 0
    assert results(metric, batches(y_true, y_pred)) == first


ACCURACIES = {
    "binary": (BITS, COLUMN), "binary (N,)": (BITS[:, 0], COLUMN), "one-hot": (ONE_HOT, SCORES), "many": (MANY, SCORES),
    "numbers": (NUMBERS, SCORES), "numbers (N, 1)": (NUMBERS[:, None], SCORES), "pixels": (MAP_NUMBERS, MAPS),
    "one-hot pixels": (np.eye(4)[MAP_NUMBERS], MAPS), "one class of pixels": (MAP_NUMBERS[..., None] // 2, MAPS[..., :1]),
}


@pytest.mark.parametrize("name", ["accuracy", "acc"])
@pytest.mark.parametrize("case", ACCURACIES)
def test_accuracy_means_what_it_means_in_keras(keras, case, name):
    from keras.src.trainers.compile_utils import get_metric
    y_true, y_pred = ACCURACIES[case]
    ours, theirs, pairs = metrics.get(name), get_metric(name, y_true, y_pred), batches(y_true, y_pred)
    np.testing.assert_allclose(results(ours, pairs), results(theirs, pairs), rtol=1e-6)                # Keras's is in float32
    assert ours.name == theirs.name == name
    ours.reset_state()
    assert ours.result() == 0


@pytest.mark.parametrize("y_true, y_pred, form", [
    ((8,), (8, 1), "BinaryAccuracy"), ((8, 1), (8, 1), "BinaryAccuracy"), ((8,), (8, 10), "SparseCategoricalAccuracy"),
    ((8, 1), (8, 10), "SparseCategoricalAccuracy"), ((8, 10), (8, 10), "CategoricalAccuracy")])
def test_the_form_of_accuracy(y_true, y_pred, form):
    rng = np.random.default_rng(0)
    y_true, y_pred = rng.integers(0, 2, y_true), rng.random(y_pred)
    expected = getattr(metrics, form)()
    expected.update_state(y_true, y_pred)
    np.testing.assert_allclose(results(metrics.get("accuracy"), [(y_true, y_pred)]), expected.result())


@pytest.mark.parametrize("name, y_true, y_pred", [
    ("mse", SCORES[::-1], SCORES), ("mean_squared_error", BITS[:, 0], COLUMN), ("MeanSquaredError", SCORES[::-1], SCORES),
    ("binary_crossentropy", MANY, SCORES), ("categorical_crossentropy", ONE_HOT, SCORES),
    ("sparse_categorical_crossentropy", NUMBERS, SCORES), ("sparse_categorical_accuracy", NUMBERS, SCORES),
    ("BinaryAccuracy", MANY, SCORES)])
def test_losses_and_metrics_by_name(keras, name, y_true, y_pred):
    from keras.src.trainers.compile_utils import get_metric
    pairs = batches(y_true, y_pred)
    ours, theirs = metrics.get(name), get_metric(name, y_true, y_pred)
    assert ours.name == theirs.name == name
    np.testing.assert_allclose(results(ours, pairs), results(theirs, pairs), rtol=1e-6)


def test_a_loss_object_serves_as_a_metric():
    metric = metrics.get(losses.BinaryCrossentropy(from_logits=True))
    assert metric.name == "binary_crossentropy"
    expected = losses.BinaryCrossentropy(from_logits=True)(MANY, SCORES).item()        # of all samples, whatever the batches
    np.testing.assert_allclose(results(metric, batches(MANY, SCORES))[-1], expected, rtol=TOLERANCE)


def test_a_function_serves_as_a_metric():
    def largest_error(y_true, y_pred):
        return tv.ops.max(tv.ops.abs(y_true - y_pred), axis=-1)

    metric = metrics.get(largest_error)
    assert metric.name == "largest_error"
    found = results(metric, batches(MANY, SCORES))
    np.testing.assert_allclose(found[-1], np.abs(MANY - SCORES).max(-1).mean(), rtol=TOLERANCE)


def test_a_metric_of_ones_own():
    class Samples(metrics.Metric):
        seen = 0

        def update_state(self, y_true, y_pred):
            self.seen += len(y_true)

        def result(self):
            return float(self.seen)

        def reset_state(self):
            self.seen = 0

    metric = metrics.get(Samples)
    assert metric.name == "samples" and metrics.get(metric) is metric
    assert results(metric, batches(MANY, SCORES)) == list(np.cumsum(SIZES))


@pytest.mark.parametrize("values", [[3.0], [1.0, 2.0, 6.0], SCORES, np.float32(2.5), np.zeros((0, 3)), 4],
                         ids=["one", "list", "array", "number", "none", "integer"])
def test_mean_is_that_of_keras(keras, values):
    ours, theirs = metrics.Mean(), keras.metrics.Mean(dtype="float64")
    assert ours.name == theirs.name and ours.result() == 0
    for metric in ours, theirs:
        metric.update_state([10.0, 20.0])
        metric.update_state(values)
    np.testing.assert_allclose(ours.result(), float(theirs.result()), rtol=TOLERANCE)


def test_mean_of_values_that_stand_for_many():
    mean = metrics.Mean()
    mean.update_state(1.0, sample_weight=32)
    mean.update_state(4.0, sample_weight=16)
    np.testing.assert_allclose(mean.result(), 2, rtol=1e-15)


@pytest.mark.parametrize("name", ["BinaryAccuracy", "CategoricalAccuracy", "SparseCategoricalAccuracy", "Mean"])
def test_arguments_are_those_of_keras(keras, name):
    theirs, ours = (inspect.signature(getattr(home, name)).parameters for home in (keras.metrics, metrics))
    assert {p.name: p.default for p in ours.values()} == {p.name: p.default for p in theirs.values() if p.name != "dtype"}


@pytest.mark.parametrize("name", ["BinaryAccuracy", "CategoricalAccuracy", "SparseCategoricalAccuracy", "Mean", "Accuracy"])
def test_a_config_makes_the_same_metric_again(name):
    metric = getattr(metrics, name)(name="mine")
    assert metric.name == "mine"
    assert type(metric).from_config(metric.get_config()).get_config() == metric.get_config()


def test_metrics_record_no_gradients():
    y_pred = tv.tensor(SCORES, requires_grad=True)
    metric = metrics.get("mse")
    metric.update_state(SCORES, y_pred)
    assert isinstance(metric.result(), float) and y_pred.grad is None


@pytest.mark.parametrize("identifier, error, message", [
    ("acuracy", ValueError, "did you mean 'accuracy'"),
    ("sparse_categorical_acuracy", ValueError, "did you mean 'sparse_categorical_accuracy'"),
    (3, TypeError, "a name, an object or a function, got 3"),
    (None, TypeError, "a name, an object or a function, got None")])
def test_unknown_metrics(identifier, error, message):
    with pytest.raises(error, match=message):
        metrics.get(identifier)
