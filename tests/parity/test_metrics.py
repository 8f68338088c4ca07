"""Metrics against Keras: gathered over batches of unequal size, weighed and not; arguments, names, configs."""
import inspect
import json

import numpy as np
import pytest

from tinyvision import metrics
from tinyvision.serialization import serialize

from .record import agree

SIZES = 5, 5, 5, 2                                         # of the batches: the last one is smaller, as in most epochs


def draw():
    return np.random.default_rng(0)


N = sum(SIZES)
SCORES, COLUMN = draw().random((N, 4)), draw().random((N, 1))
NUMBERS, BITS = draw().integers(0, 4, N), draw().integers(0, 2, (N, 1)).astype(float)
ONE_HOT, MANY = np.eye(4)[NUMBERS], draw().integers(0, 2, (N, 4)).astype(float)
MAPS, MAP_NUMBERS = draw().random((N, 3, 2, 4)), draw().integers(0, 4, (N, 3, 2))

PROBABILITIES = SCORES / SCORES.sum(1, keepdims=True)
RANKS = np.argsort(-SCORES, axis=1).astype(float)
VOID = np.where(draw().random((N, 3, 2)) < 0.3, 255, MAP_NUMBERS)
GUESSES = np.where(draw().random((N, 3, 2)) < 0.6, MAP_NUMBERS, 3 - MAP_NUMBERS)
ROUND = np.round(SCORES * 10) / 10                         # many of them equal, and on thresholds

ROWS = {                                                   # class, arguments, targets, predictions
    "binary": ("BinaryAccuracy", {}, BITS, COLUMN),
    "binary (N,) with (N, 1)": ("BinaryAccuracy", {}, BITS[:, 0], COLUMN),
    "binary (N, 1) with (N,)": ("BinaryAccuracy", {}, BITS, COLUMN[:, 0]),
    "binary (N,)": ("BinaryAccuracy", {}, BITS[:, 0], COLUMN[:, 0]),
    "binary many": ("BinaryAccuracy", {}, MANY, SCORES),
    "binary threshold": ("BinaryAccuracy", dict(threshold=0.8), MANY, SCORES),
    "binary on the threshold": ("BinaryAccuracy", {}, MANY, np.round(SCORES * 2) / 2),
    "binary integers": ("BinaryAccuracy", dict(threshold=0.3), MANY.astype(int), SCORES),
    "categorical": ("CategoricalAccuracy", {}, ONE_HOT, SCORES),
    "categorical soft": ("CategoricalAccuracy", {}, SCORES[::-1], SCORES),
    "categorical ties": ("CategoricalAccuracy", {}, ONE_HOT, np.round(SCORES)),
    "categorical pixels": ("CategoricalAccuracy", {}, np.eye(4)[MAP_NUMBERS], MAPS),
    "sparse": ("SparseCategoricalAccuracy", {}, NUMBERS, SCORES),
    "sparse (N, 1)": ("SparseCategoricalAccuracy", {}, NUMBERS[:, None], SCORES),
    "sparse floats": ("SparseCategoricalAccuracy", {}, NUMBERS.astype(np.float32), SCORES),
    "sparse ties": ("SparseCategoricalAccuracy", {}, NUMBERS, np.round(SCORES)),
    "sparse pixels": ("SparseCategoricalAccuracy", {}, MAP_NUMBERS, MAPS),
    "accuracy exact": ("Accuracy", {}, NUMBERS, np.where(SCORES[:, 0] > 0.5, NUMBERS, 0)),
    "accuracy (N,) with (N, 1)": ("Accuracy", {}, NUMBERS, np.where(SCORES[:, :1] > 0.5, NUMBERS[:, None], 0)),
    "top 2": ("TopKCategoricalAccuracy", dict(k=2), ONE_HOT, SCORES), "top 5": ("TopKCategoricalAccuracy", {}, ONE_HOT, SCORES),
    "top 3 of pixels": ("TopKCategoricalAccuracy", dict(k=3), np.eye(4)[MAP_NUMBERS], MAPS),
    "top 2 ties": ("TopKCategoricalAccuracy", dict(k=2), ONE_HOT, np.round(SCORES)),
    "sparse top 3": ("SparseTopKCategoricalAccuracy", dict(k=3), NUMBERS, SCORES),
    "sparse top 1": ("SparseTopKCategoricalAccuracy", dict(k=1), NUMBERS, ROUND),
    "sparse top of pixels": ("SparseTopKCategoricalAccuracy", dict(k=2), MAP_NUMBERS, MAPS),
    "sparse top of ranks": ("SparseTopKCategoricalAccuracy", dict(k=2, from_sorted_ids=True), NUMBERS, RANKS),
    "mse": ("MeanSquaredError", {}, SCORES[::-1], SCORES), "mse of maps": ("MeanSquaredError", {}, MAPS[::-1], MAPS),
    "mse (N,) with (N, 1)": ("MeanSquaredError", {}, BITS[:, 0], COLUMN),
    "mae": ("MeanAbsoluteError", {}, SCORES[::-1], SCORES), "mape": ("MeanAbsolutePercentageError", {}, SCORES[::-1] + 0.1, SCORES),
    "msle": ("MeanSquaredLogarithmicError", {}, SCORES[::-1], SCORES), "logcosh": ("LogCoshError", {}, SCORES[::-1], 3 * SCORES),
    "rmse": ("RootMeanSquaredError", {}, SCORES[::-1], SCORES), "rmse (N,) with (N, 1)": ("RootMeanSquaredError", {}, BITS[:, 0], COLUMN),
    "rmse of maps": ("RootMeanSquaredError", {}, MAPS[::-1], MAPS),
    "cosine": ("CosineSimilarity", {}, SCORES[::-1], SCORES - 0.5), "cosine axis": ("CosineSimilarity", dict(axis=1), MAPS[::-1], MAPS - 0.5),
    "cosine axis -2": ("CosineSimilarity", dict(axis=-2), MAPS[::-1], MAPS - 0.5),
    "bce": ("BinaryCrossentropy", {}, MANY, SCORES), "bce logits": ("BinaryCrossentropy", dict(from_logits=True, label_smoothing=0.1), MANY, 4 * SCORES - 2),
    "bce smoothed": ("BinaryCrossentropy", dict(label_smoothing=0.2), MANY, SCORES),
    "cce": ("CategoricalCrossentropy", {}, ONE_HOT, SCORES), "cce logits": ("CategoricalCrossentropy", dict(from_logits=True, axis=1), MAPS[::-1], MAPS),
    "cce smoothed": ("CategoricalCrossentropy", dict(label_smoothing=0.2), ONE_HOT, SCORES),
    "cce smoothed logits": ("CategoricalCrossentropy", dict(from_logits=True, label_smoothing=0.1), ONE_HOT, SCORES),
    "cce axis": ("CategoricalCrossentropy", dict(axis=2), MAPS[::-1], MAPS),
    "scce": ("SparseCategoricalCrossentropy", {}, NUMBERS, SCORES),
    "scce logits": ("SparseCategoricalCrossentropy", dict(from_logits=True), MAP_NUMBERS, MAPS),
    "scce ignoring": ("SparseCategoricalCrossentropy", dict(ignore_class=2), NUMBERS, SCORES),
    "scce ignoring pixels": ("SparseCategoricalCrossentropy", dict(ignore_class=255), VOID, MAPS),
    "kld": ("KLDivergence", {}, PROBABILITIES[::-1], PROBABILITIES), "poisson": ("Poisson", {}, 3 * SCORES[::-1], SCORES),
    "hinge": ("Hinge", {}, MANY, SCORES), "squared hinge": ("SquaredHinge", {}, 2 * MANY - 1, SCORES),
    "categorical hinge": ("CategoricalHinge", {}, ONE_HOT, SCORES),
    "r2": ("R2Score", {}, SCORES[::-1], SCORES), "r2 each": ("R2Score", dict(class_aggregation=None), SCORES[::-1], SCORES + 0.1),
    "r2 by variance": ("R2Score", dict(class_aggregation="variance_weighted_average", num_regressors=1), SCORES[::-1], SCORES),
    "r2 adjusted": ("R2Score", dict(num_regressors=2), SCORES[::-1], SCORES), "r2 one": ("R2Score", {}, COLUMN[::-1], COLUMN / 2),
    "tp": ("TruePositives", {}, MANY, SCORES), "tp thresholds": ("TruePositives", dict(thresholds=[0.7, 0.2, 0.9]), MANY, SCORES),
    "fp": ("FalsePositives", {}, BITS[:, 0], COLUMN), "fp threshold": ("FalsePositives", dict(thresholds=0.3), MANY, SCORES),
    "tn": ("TrueNegatives", {}, BITS, COLUMN[:, 0]), "tn thresholds": ("TrueNegatives", dict(thresholds=[0.0, 0.25, 0.5, 0.75, 1.0]), MANY, SCORES),
    "fn": ("FalseNegatives", {}, MANY, ROUND), "fn of maps": ("FalseNegatives", dict(thresholds=[0.4, 0.6]), MAPS[::-1] > 0.5, MAPS),
    "tp threshold": ("TruePositives", dict(thresholds=0.3), MANY, SCORES), "fp thresholds": ("FalsePositives", dict(thresholds=[0.6, 0.1]), MANY, SCORES),
    "tn threshold": ("TrueNegatives", dict(thresholds=[0.7]), MANY, ROUND), "fn threshold": ("FalseNegatives", dict(thresholds=0.2), MANY, ROUND),
    "precision": ("Precision", {}, MANY, SCORES), "precision thresholds": ("Precision", dict(thresholds=[0.1, 0.5, 0.8]), MANY, SCORES),
    "precision top": ("Precision", dict(top_k=2), MANY, SCORES), "precision top ties": ("Precision", dict(top_k=2), MANY, np.round(SCORES)),
    "precision top threshold": ("Precision", dict(top_k=3, thresholds=0.6), MANY, SCORES),
    "precision class": ("Precision", dict(class_id=2), MANY, SCORES), "precision of none": ("Precision", dict(thresholds=1.0), MANY, SCORES),
    "precision top class": ("Precision", dict(top_k=1, class_id=1), ONE_HOT, SCORES),
    "precision integers": ("Precision", {}, MANY.astype(int), (SCORES > 0.6).astype(int)),
    "recall": ("Recall", {}, MANY, SCORES), "recall thresholds": ("Recall", dict(thresholds=[0.9, 0.5]), MANY, SCORES),
    "recall top": ("Recall", dict(top_k=3), MANY, SCORES), "recall class": ("Recall", dict(class_id=0, thresholds=0.4, top_k=2), MANY, SCORES),
    "recall of nothing": ("Recall", {}, 0 * MANY, SCORES), "recall of maps": ("Recall", dict(class_id=3), np.eye(4)[MAP_NUMBERS], MAPS),
    "sensitivity": ("SensitivityAtSpecificity", dict(specificity=0.4), MANY, SCORES),
    "sensitivity class": ("SensitivityAtSpecificity", dict(specificity=0.7, num_thresholds=11, class_id=1), MANY, SCORES),
    "sensitivity few": ("SensitivityAtSpecificity", dict(specificity=0.5, num_thresholds=50, class_id=3), MANY, SCORES),
    "specificity class": ("SpecificityAtSensitivity", dict(sensitivity=0.7, num_thresholds=11, class_id=1), MANY, SCORES),
    "specificity": ("SpecificityAtSensitivity", dict(sensitivity=0.4), MANY, SCORES),
    "specificity one": ("SpecificityAtSensitivity", dict(sensitivity=0.4, num_thresholds=1, class_id=3), MANY, SCORES),
    "precision at recall": ("PrecisionAtRecall", dict(recall=0.6), MANY, SCORES),
    "precision at recall class": ("PrecisionAtRecall", dict(recall=0.2, class_id=0, num_thresholds=50), MANY, SCORES),
    "precision at recall few": ("PrecisionAtRecall", dict(recall=0.4, class_id=2, num_thresholds=11), MANY, SCORES),
    "recall at precision class": ("RecallAtPrecision", dict(precision=0.6, class_id=2, num_thresholds=50), MANY, SCORES),
    "recall at precision": ("RecallAtPrecision", dict(precision=0.5), MANY, SCORES),
    "recall at precision never": ("RecallAtPrecision", dict(precision=1.0, num_thresholds=2, class_id=1), MANY, SCORES),
    "auc": ("AUC", {}, MANY, SCORES), "auc (N,)": ("AUC", {}, BITS[:, 0], COLUMN), "auc few": ("AUC", dict(num_thresholds=3), MANY, SCORES),
    "auc majoring": ("AUC", dict(summation_method="majoring", num_thresholds=20), MANY, SCORES),
    "auc minoring": ("AUC", dict(summation_method="minoring", num_thresholds=20), MANY, SCORES),
    "auc pr": ("AUC", dict(curve="PR"), MANY, SCORES), "auc pr majoring": ("AUC", dict(curve="PR", summation_method="majoring"), MANY, SCORES),
    "auc pr minoring": ("AUC", dict(curve="PR", summation_method="minoring"), MANY, SCORES),
    "auc gain": ("AUC", dict(curve="PRGAIN"), MANY, SCORES), "auc gain majoring": ("AUC", dict(curve="PRGAIN", summation_method="majoring"), MANY, SCORES),
    "auc thresholds": ("AUC", dict(thresholds=[0.8, 0.15, 0.4]), MANY, SCORES), "auc logits": ("AUC", dict(from_logits=True), MANY, 6 * SCORES - 3),
    "auc labels": ("AUC", dict(multi_label=True, num_labels=3), MANY[:, 1:], SCORES[:, 1:]), "auc pr labels": ("AUC", dict(multi_label=True, curve="PR", num_labels=4), MANY, SCORES),
    "auc weighed labels": ("AUC", dict(multi_label=True, label_weights=[1.0, 2.0, 0.5, 0.25]), MANY, SCORES),
    "auc weighed columns": ("AUC", dict(label_weights=[3.0, 0.0, 1.0, 2.0]), MANY, SCORES), "auc corners": ("AUC", {}, MANY, np.round(SCORES)),
    "auc thresholds labels": ("AUC", dict(multi_label=True, thresholds=[0.3, 0.7, 0.75], curve="PR", summation_method="minoring"), MANY, SCORES),
    "f1": ("F1Score", {}, ONE_HOT, SCORES), "f1 micro": ("F1Score", dict(average="micro", threshold=0.7), MANY, SCORES),
    "f1 macro": ("F1Score", dict(average="macro", threshold=0.4), MANY, SCORES), "f1 weighted": ("F1Score", dict(average="weighted"), ONE_HOT, SCORES),
    "f1 ties": ("F1Score", {}, ONE_HOT, np.round(SCORES)), "f2": ("FBetaScore", dict(beta=2.0), ONE_HOT, SCORES),
    "f half": ("FBetaScore", dict(beta=0.5, average="weighted", threshold=0.6), MANY, SCORES),
    "f micro": ("FBetaScore", dict(beta=0.5, average="micro", threshold=1.0), MANY, SCORES),
    "f macro": ("FBetaScore", dict(beta=3.0, average="macro"), ONE_HOT, SCORES),
    "iou": ("IoU", dict(num_classes=4, target_class_ids=[0, 2]), MAP_NUMBERS, GUESSES),
    "iou ignoring": ("IoU", dict(num_classes=4, target_class_ids=[1], ignore_class=255), VOID, GUESSES),
    "iou of scores": ("IoU", dict(num_classes=4, target_class_ids=[1, 3], sparse_y_pred=False, ignore_class=2, axis=1), MAP_NUMBERS, np.moveaxis(MAPS, -1, 1)),
    "iou of one-hot": ("IoU", dict(num_classes=4, target_class_ids=(3,), sparse_y_true=False, axis=2),
                       np.moveaxis(np.eye(4)[MAP_NUMBERS], -1, 2), GUESSES),
    "iou absent": ("IoU", dict(num_classes=6, target_class_ids=[1, 5]), MAP_NUMBERS, GUESSES),
    "binary iou": ("BinaryIoU", {}, MANY, SCORES), "binary iou one": ("BinaryIoU", dict(target_class_ids=[1], threshold=0.3), MANY, SCORES),
    "binary iou on threshold": ("BinaryIoU", dict(target_class_ids=[0], threshold=0.7), MANY, ROUND),
    "mean iou": ("MeanIoU", dict(num_classes=4), MAP_NUMBERS, GUESSES), "mean iou ignoring": ("MeanIoU", dict(num_classes=4, ignore_class=255), VOID, GUESSES),
    "mean iou scores": ("MeanIoU", dict(num_classes=4, sparse_y_pred=False, sparse_y_true=False, ignore_class=0, axis=1),
                        np.moveaxis(np.eye(4)[MAP_NUMBERS], -1, 1), np.moveaxis(MAPS, -1, 1)),
    "mean iou rows": ("MeanIoU", dict(num_classes=5, sparse_y_pred=False, axis=2), MAP_NUMBERS, np.moveaxis(MAPS, -1, 2)),
    "one-hot iou": ("OneHotIoU", dict(num_classes=4, target_class_ids=[0, 3]), np.eye(4)[MAP_NUMBERS], MAPS),
    "one-hot iou sparse": ("OneHotIoU", dict(num_classes=5, target_class_ids=[0], sparse_y_pred=True, ignore_class=1, axis=1),
                           np.moveaxis(np.eye(5)[MAP_NUMBERS], -1, 1), GUESSES),
    "one-hot iou rows": ("OneHotIoU", dict(num_classes=4, target_class_ids=[1, 2], ignore_class=3, axis=2), np.moveaxis(np.eye(4)[MAP_NUMBERS], -1, 2),
                         np.moveaxis(MAPS, -1, 2)),
    "one-hot mean iou": ("OneHotMeanIoU", dict(num_classes=4), ONE_HOT, SCORES),
    "one-hot mean iou ignoring": ("OneHotMeanIoU", dict(num_classes=4, ignore_class=1, axis=2), np.moveaxis(np.eye(4)[MAP_NUMBERS], -1, 2),
                                  np.moveaxis(MAPS, -1, 2)),
    "one-hot mean iou sparse": ("OneHotMeanIoU", dict(num_classes=5, ignore_class=2, sparse_y_pred=True, axis=1),
                                np.moveaxis(np.eye(5)[MAP_NUMBERS], -1, 1), GUESSES),
}
BY_CLASS = {}
for _row, _what in ROWS.items():
    BY_CLASS.setdefault(_what[0], _row)
IOUS = {"IoU", "BinaryIoU", "MeanIoU", "OneHotIoU", "OneHotMeanIoU"}
COUNTING = IOUS | {"TruePositives", "FalsePositives", "TrueNegatives", "FalseNegatives", "Precision", "Recall", "AUC", "SensitivityAtSpecificity",
                   "SpecificityAtSensitivity", "PrecisionAtRecall", "RecallAtPrecision"}


@pytest.fixture(autouse=True)
def double(keras):
    """Keras keeps many of its sums in its default dtype, whatever a metric's own."""
    keras.config.set_floatx("float64")
    yield
    keras.config.set_floatx("float32")


every_row = pytest.mark.parametrize("row", ROWS)
every_class = pytest.mark.parametrize("name", BY_CLASS)


def batches(*arrays):
    ends = np.cumsum(SIZES)
    return [[a[end - size:end] for a in arrays] for end, size in zip(ends, SIZES)]


def results(metric, batches):
    """What a metric says after each batch."""
    found = []
    for batch in batches:
        metric.update_state(*batch)
        found.append(np.asarray(metric.result(), float))
    return found


def tolerance(name):
    """Keras takes the quotients of IoU in float32; and those of the adjusted R2Score."""
    return 1e-6 if name in IOUS or name == "R2Score" else 1e-10


def shape_of_values(row):
    """What the weights of a row are for: the values that are averaged, or counted."""
    name, settings, y_true, y_pred = ROWS[row]
    if name in COUNTING and name not in IOUS:
        return y_pred.shape
    if name in IOUS:
        sparse = settings.get("sparse_y_pred", name in ("IoU", "MeanIoU", "BinaryIoU"))
        return y_pred.shape if sparse else tuple(np.delete(y_pred.shape, settings.get("axis", -1)))
    if name in ("F1Score", "FBetaScore"):
        return y_pred.shape[:1]
    if name == "R2Score" or name == "RootMeanSquaredError":
        return y_pred.shape
    metric = getattr(metrics, name)(**settings)
    return metric.fn(y_true, y_pred).shape


def given_to_keras(row):
    """(arguments, targets, predictions). Keras 3.15 fails on axes of IoU but the last: it sums the quotients along them, too."""
    name, settings, *arrays = ROWS[row]
    if name not in IOUS or "axis" not in settings:
        return settings, *arrays
    return {**settings, "axis": -1}, *(np.moveaxis(a, settings["axis"], -1) if a.ndim == MAPS.ndim else a for a in arrays)


@pytest.mark.parametrize("weights", ["none", "samples", "values"])
@every_row
def test_results_are_those_of_keras(keras, row, weights):
    name, settings, y_true, y_pred = ROWS[row]
    shape = shape_of_values(row)
    w = {"none": None, "samples": draw().integers(0, 4, N) / 2, "values": draw().integers(0, 4, shape) / 2}[weights]
    given = w
    if weights == "samples" and (name in COUNTING or settings.get("ignore_class") is not None):
        given = w.reshape(-1, *[1] * (len(shape) - 1)) * np.ones(shape)    # Keras does not broadcast these from the left
    if w is not None and settings.get("class_id") is not None:
        given = given[..., settings["class_id"]]
    if weights == "none" and settings.get("ignore_class") is not None and name == "SparseCategoricalCrossentropy":
        given = np.ones(shape)                             # without weights, Keras counts what is ignored as samples of value 0
    their_settings, *arrays = given_to_keras(row)
    theirs = getattr(keras.metrics, name)(**their_settings, dtype="float64")
    ours = getattr(metrics, name)(**settings)
    mine = results(ours, batches(y_true, y_pred) if w is None else batches(y_true, y_pred, w))
    expected = results(theirs, batches(*arrays) if given is None else batches(*arrays, given))
    for found, other in zip(mine, expected, strict=True):
        assert found.shape == other.shape
        agree(("metric", name, f"{row}, weights: {weights}"), found, other, tolerance(name))
    assert isinstance(ours.result(), float) or ours.result().ndim == 1
    ours.reset_state()
    again = results(ours, batches(y_true, y_pred) if w is None else batches(y_true, y_pred, w))
    np.testing.assert_array_equal(again[-1], mine[-1])


VALUES = {"BinaryAccuracy": "binary_accuracy", "CategoricalAccuracy": "categorical_accuracy",
          "SparseCategoricalAccuracy": "sparse_categorical_accuracy", "TopKCategoricalAccuracy": "top_k_categorical_accuracy",
          "SparseTopKCategoricalAccuracy": "sparse_top_k_categorical_accuracy"}


@pytest.mark.parametrize("row", [row for row in ROWS if ROWS[row][0] in VALUES])
def test_values_of_samples_are_those_of_keras(keras, row):
    name, settings, y_true, y_pred = ROWS[row]
    ours = getattr(metrics, VALUES[name])(y_true, y_pred, **settings).numpy()
    theirs = np.asarray(getattr(keras.metrics, VALUES[name])(y_true, y_pred, **settings))
    np.testing.assert_array_equal(ours.ravel(), theirs.ravel())            # for targets (N, 1), Keras returns (N, 1), too


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


@pytest.mark.parametrize("weights", [None, [1.0, 2.0, 0.5]])
@pytest.mark.parametrize("values", [[3.0, 1.0, 4.0], np.arange(6.0).reshape(3, 2)], ids=["flat", "more"])
@pytest.mark.parametrize("name", ["Mean", "Sum"])
def test_means_and_sums_are_those_of_keras(keras, name, values, weights):
    ours, theirs = getattr(metrics, name)(), getattr(keras.metrics, name)(dtype="float64")
    assert ours.name == theirs.name and ours.result() == 0
    for metric in ours, theirs:
        metric.update_state([10.0, 20.0])
        metric.update_state(4)
        metric.update_state(np.zeros((0, 3)))
        metric.update_state(values, weights)
        metric.update_state(2.5, sample_weight=3)
    agree(("metric", name, f"{np.shape(values)} {weights}"), ours.result(), theirs.result())


@pytest.mark.parametrize("name", [*BY_CLASS, "Mean", "Sum", "MeanMetricWrapper"])
def test_arguments_are_those_of_keras(keras, name):
    theirs, ours = (inspect.signature(getattr(home, name)).parameters.values() for home in (keras.metrics, metrics))
    assert [(p.name, p.default) for p in ours] == [(p.name, p.default) for p in theirs if p.name not in ("dtype", "kwargs")]


@pytest.mark.parametrize("name", sorted(set(VALUES.values()) | {"huber", "log_cosh", "hinge", "poisson", "kl_divergence", "mean_squared_error"}))
def test_functions_are_those_of_keras(keras, name):
    theirs, ours = (inspect.signature(getattr(home, name)).parameters.values() for home in (keras.metrics, metrics))
    assert [(p.name, p.default) for p in ours] == [(p.name, p.default) for p in theirs]


@every_class
def test_names_are_those_of_keras(keras, name):
    settings = ROWS[BY_CLASS[name]][1]
    keras.utils.clear_session(free_memory=False)           # which numbers them: "precision", "precision_1"
    known_as = getattr(keras.metrics, name)(**settings).name
    assert getattr(metrics, name)(**settings).name == known_as
    for known in name, known_as:
        if not settings and known != "accuracy" and name != "Accuracy":
            assert type(metrics.get(known)) is getattr(metrics, name)


@every_class
def test_keras_makes_its_metric_of_our_config_and_we_ours_of_its(keras, name):
    row = BY_CLASS[name]
    settings, y_true, y_pred = ROWS[row][1:]
    ours = getattr(metrics, name)(**settings, name="mine")
    twin = keras.metrics.deserialize(json.loads(json.dumps(serialize(ours))))
    assert type(twin).__name__ == name and twin.name == "mine"
    again = metrics.deserialize(json.loads(json.dumps(keras.metrics.serialize(getattr(keras.metrics, name)(**settings, name="yours")))))
    assert type(again) is type(ours) and again.name == "yours"
    np.testing.assert_allclose(again(y_true, y_pred), ours(y_true, y_pred), rtol=1e-12)


def test_every_metric_of_keras_is_here_or_named(keras):
    known = {name for name in dir(keras.metrics) if not name.startswith("_")}
    assert {name for name in known if not hasattr(metrics, name)} == {
        "ConcordanceCorrelation", "PearsonCorrelation", "concordance_correlation", "pearson_correlation"}
