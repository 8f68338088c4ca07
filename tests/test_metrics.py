"""Metrics by themselves: which accuracy is meant, functions and losses as metrics, metrics of one's own, what is refused."""
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


@pytest.mark.parametrize("y_true, y_pred, form", [
    ((8,), (8, 1), "BinaryAccuracy"), ((8, 1), (8, 1), "BinaryAccuracy"), ((8,), (8, 10), "SparseCategoricalAccuracy"),
    ((8, 1), (8, 10), "SparseCategoricalAccuracy"), ((8, 10), (8, 10), "CategoricalAccuracy")])
def test_the_form_of_accuracy(y_true, y_pred, form):
    rng = np.random.default_rng(0)
    y_true, y_pred = rng.integers(0, 2, y_true), rng.random(y_pred)
    expected = getattr(metrics, form)()
    expected.update_state(y_true, y_pred)
    np.testing.assert_allclose(results(metrics.get("accuracy"), [(y_true, y_pred)]), expected.result())


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


def test_mean_of_values_that_stand_for_many():
    mean = metrics.Mean()
    mean.update_state(1.0, sample_weight=32)
    mean.update_state(4.0, sample_weight=16)
    np.testing.assert_allclose(mean.result(), 2, rtol=1e-15)


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


def test_intersection_over_union_by_hand():
    """In float64; Keras takes its quotients in float32."""
    rng = np.random.default_rng(0)
    y_true, y_pred, w = rng.integers(0, 3, 200), rng.integers(0, 3, 200), rng.random(200)
    metric = metrics.MeanIoU(num_classes=5)
    for part in np.array_split(np.arange(200), 7):
        metric.update_state(y_true[part], y_pred[part], w[part])
    expected = [w[(y_true == c) & (y_pred == c)].sum() / w[(y_true == c) | (y_pred == c)].sum() for c in range(3)]
    np.testing.assert_allclose(metric.result(), np.mean(expected), rtol=1e-12)             # of the two that are nowhere: nothing


def test_auc_is_the_chance_that_a_positive_lies_above_a_negative():
    rng = np.random.default_rng(0)
    y_true = rng.integers(0, 2, 300)
    y_pred = np.round(np.clip(0.3 * y_true + 0.5 * rng.random(300), 0, 1), 3)
    pairs = y_pred[y_true == 1][:, None] - y_pred[y_true == 0]
    expected = ((pairs > 0) + 0.5 * (pairs == 0)).mean()
    np.testing.assert_allclose(metrics.AUC(num_thresholds=2001)(y_true, y_pred), expected, atol=1e-6)
    assert metrics.AUC()([0, 1], [0.0, 1.0]) == 1 and metrics.AUC()([1, 0], [0.0, 1.0]) == 0


def test_float32_predictions_meet_thresholds_in_float32():
    """0.3 is not above 0.3, in whatever precision."""
    for dtype in "float32", "float64":
        assert metrics.TruePositives(thresholds=0.3)([1], np.array([0.3], dtype)) == 0


def test_metrics_of_tensors_and_empty_batches():
    for name in "AUC", "Precision", "F1Score", "R2Score", "RootMeanSquaredError", "Sum":
        metric, y = getattr(metrics, name)(), tv.tensor(SCORES, requires_grad=True)
        update = (lambda t: metric.update_state(t)) if name == "Sum" else (lambda t: metric.update_state(np.round(t.detach().numpy()), t))  # noqa: B023
        update(y * 1.0)
        before = metric.result()
        update(y[:0])
        np.testing.assert_array_equal(metric.result(), before)


def test_a_metric_is_called():
    metric = metrics.BinaryAccuracy()
    assert metric([1, 0], [0.9, 0.8]) == 0.5 and metric([1, 1], [0.9, 0.8], sample_weight=[1, 1]) == 0.75


@pytest.mark.parametrize("make, message", [
    (lambda: metrics.Precision(thresholds=1.5), "Precision: thresholds lie between 0 and 1, got .*1.5"),
    (lambda: metrics.Recall(top_k=0), "Recall: top_k is at least 1, got 0"),
    (lambda: metrics.Precision(class_id=4)(ONE_HOT, SCORES), "Precision: class_id=4 is none of the 4 classes"),
    (lambda: metrics.Precision(class_id=0)([1, 0], [0.5, 0.7]), "need predictions .samples, classes., got .2,"),
    (lambda: metrics.Precision()(NUMBERS, SCORES), "targets have shape .17,., the predictions .17, 4."),
    (lambda: metrics.SensitivityAtSpecificity(2), "specificity lies between 0 and 1, got 2"),
    (lambda: metrics.PrecisionAtRecall(0.5, num_thresholds=0), "num_thresholds is at least 1, got 0"),
    (lambda: metrics.AUC(curve="roof"), "curve is 'ROC', 'PR' or 'PRGAIN', not 'roof'"),
    (lambda: metrics.AUC(summation_method="left"), "summation_method is 'interpolation', 'majoring' or 'minoring', not 'left'"),
    (lambda: metrics.AUC(num_thresholds=1), "num_thresholds is at least 2, got 1"),
    (lambda: metrics.AUC(num_labels=3), "num_labels is for multi_label=True"),
    (lambda: metrics.AUC()(ONE_HOT, 5 * SCORES), "predictions are probabilities.*For logits, say from_logits=True"),
    (lambda: metrics.AUC(multi_label=True, num_labels=3)(ONE_HOT, SCORES), "predictions are .samples, 3., got .17, 4."),
    (lambda: metrics.F1Score(average="mean"), "average is None, 'micro', 'macro' or 'weighted', not 'mean'"),
    (lambda: metrics.FBetaScore(beta=0), "beta is above 0, got 0"),
    (lambda: metrics.FBetaScore(threshold=2.0), "threshold lies above 0 and is at most 1, got 2.0"),
    (lambda: metrics.F1Score()(NUMBERS, NUMBERS), "are .samples, classes., got .17,"),
    (lambda: metrics.R2Score(class_aggregation="sum"), "class_aggregation is 'uniform_average'.*not 'sum'"),
    (lambda: metrics.R2Score(num_regressors=-1), "num_regressors is at least 0, got -1"),
    (lambda: metrics.R2Score()(NUMBERS, NUMBERS), "are .samples, outputs., got .17,"),
    (lambda: metrics.IoU(3, [3]), "IoU: target_class_ids go from 3 to 3"),
    (lambda: metrics.MeanIoU(3)([0, 255], [0, 1]), "class numbers lie in 0 .. 2, for 3 classes; MeanIoU: the targets .ignore_class.* to 255"),
    (lambda: metrics.MeanIoU(3)([0, 1], [0, 7]), "MeanIoU: the predictions go from 0 to 7"),
    (lambda: metrics.SparseTopKCategoricalAccuracy()([9], SCORES[:1]), "class numbers lie in 0 .. 3.*the targets go from 9"),
    (lambda: metrics.BinaryCrossentropy(label_smoothing=2), "between 0 and 1, got 2"),
    (lambda: metrics.Mean()(SCORES, np.ones(3)), "weights of shape .3,. do not fit values of shape .17, 4."),
], ids=range(26))
def test_what_cannot_be_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_score_that_cannot_be_adjusted_says_so():
    metric = metrics.R2Score(num_regressors=5)
    metric.update_state([[1.0], [2.0], [3.0]], [[1.0], [2.5], [3.0]])
    with pytest.warns(UserWarning, match="5 regressors for 3 values: the score is not adjusted"):
        assert metric.result() == 0.875
