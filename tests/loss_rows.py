"""Rows of losses: class, arguments, targets, predictions. parity/test_losses.py compares them with Keras."""
import numpy as np

from tinyvision.configurable import snake_case


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

POSITIVE, SIGNS = draw().uniform(0.1, 3, (6, 5)), np.sign(draw().standard_normal((6, 5)))
SOME = np.array([1, 255, 0, 4, 255, 2])
COLUMNS = np.where(draw().random((2, 4, 5)) < 0.3, 255, draw().integers(0, 3, (2, 4, 5)))
COUNTS = draw().poisson(2.0, (6, 5)).astype(float)

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
    "binary smoothed logits": ("BinaryCrossentropy", dict(from_logits=True, label_smoothing=1.0, axis=-2), (PIXELS > 0).astype(float), PIXELS),
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
    "categorical smoothed axis": ("CategoricalCrossentropy", dict(axis=2, label_smoothing=0.2, from_logits=True),
                                  one_hot(draw().integers(0, 3, (2, 4, 5)), 3).transpose(0, 1, 3, 2), PIXELS),
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
    "sparse ignoring": ("SparseCategoricalCrossentropy", dict(ignore_class=255), SOME, rows(6, 5)),
    "sparse ignoring (N, 1)": ("SparseCategoricalCrossentropy", dict(ignore_class=255), SOME[:, None], rows(6, 5)),
    "sparse ignoring -1": ("SparseCategoricalCrossentropy", dict(ignore_class=-1, from_logits=True), NUMBERS - 1, LOGITS),
    "sparse ignoring pixels": ("SparseCategoricalCrossentropy", dict(ignore_class=255, from_logits=True, axis=2), COLUMNS, PIXELS),
    "sparse ignoring none": ("SparseCategoricalCrossentropy", dict(ignore_class=7), NUMBERS, rows(6, 5)),
    "mae": ("MeanAbsoluteError", {}, LABELS, LOGITS),
    "mae (N,) with (N, 1)": ("MeanAbsoluteError", {}, LABELS[:, 0], LOGITS[:, :1]),
    "mae of images": ("MeanAbsoluteError", {}, PIXELS + 1, 2 * PIXELS),
    "mape": ("MeanAbsolutePercentageError", {}, POSITIVE, LOGITS),
    "mape of zeros": ("MeanAbsolutePercentageError", {}, LABELS, LOGITS),
    "mape of negatives": ("MeanAbsolutePercentageError", {}, -POSITIVE, LOGITS),
    "msle": ("MeanSquaredLogarithmicError", {}, POSITIVE, 2 * POSITIVE[::-1]),
    "msle of negatives": ("MeanSquaredLogarithmicError", {}, SIGNS, LOGITS),
    "huber": ("Huber", {}, LABELS, LOGITS), "huber wide": ("Huber", dict(delta=3.5), LABELS, LOGITS),
    "huber narrow": ("Huber", dict(delta=0.1), PIXELS + 1, 2 * PIXELS),
    "log_cosh": ("LogCosh", {}, LABELS, LOGITS), "log_cosh far": ("LogCosh", {}, LABELS, 300 * LOGITS),
    "cosine": ("CosineSimilarity", {}, LABELS + 0.5, LOGITS), "cosine axis": ("CosineSimilarity", dict(axis=1), PIXELS[:, ::-1], PIXELS),
    "cosine of zeros": ("CosineSimilarity", dict(axis=-2), PIXELS * (PIXELS[:, :, :1] > 0), PIXELS[::-1]),
    "hinge": ("Hinge", {}, SIGNS, LOGITS), "hinge 0 and 1": ("Hinge", {}, LABELS, LOGITS),
    "hinge (N,) with (N, 1)": ("Hinge", {}, SIGNS[:, 0], LOGITS[:, :1]),
    "squared hinge": ("SquaredHinge", {}, SIGNS, LOGITS), "squared hinge 0 and 1": ("SquaredHinge", {}, LABELS, LOGITS),
    "categorical hinge": ("CategoricalHinge", {}, one_hot(NUMBERS, 5), LOGITS),
    "categorical hinge pixels": ("CategoricalHinge", {}, one_hot(draw().integers(0, 5, (2, 4, 3)), 5), PIXELS),
    "kld": ("KLDivergence", {}, rows(6, 5)[::-1], rows(6, 5)), "kld one-hot": ("KLDivergence", {}, one_hot(NUMBERS, 5), rows(6, 5)),
    "kld corners": ("KLDivergence", {}, rows(6, 5), 0.999 * CORNERS), "poisson": ("Poisson", {}, COUNTS, POSITIVE),
    "poisson small": ("Poisson", {}, COUNTS, 1e-6 * POSITIVE),
    "focal": ("BinaryFocalCrossentropy", {}, LABELS, rows(6, 5)),
    "focal balanced": ("BinaryFocalCrossentropy", dict(apply_class_balancing=True, alpha=0.7), LABELS, rows(6, 5)),
    "focal gamma": ("BinaryFocalCrossentropy", dict(gamma=0.5, from_logits=True, label_smoothing=0.1), LABELS, LOGITS),
    "focal gamma 0": ("BinaryFocalCrossentropy", dict(gamma=0.0, axis=2), (PIXELS > 0).astype(float), rows(2, 5, 4, 3)),
    "focal smoothed": ("BinaryFocalCrossentropy", dict(label_smoothing=0.2, apply_class_balancing=True, alpha=0.4), LABELS, rows(6, 5)),
    "focal axis": ("BinaryFocalCrossentropy", dict(axis=1, from_logits=True), (PIXELS > 0).astype(float), PIXELS),
    "focal corners": ("BinaryFocalCrossentropy", {}, LABELS, 0.98 * CORNERS + 0.01),
    "categorical focal": ("CategoricalFocalCrossentropy", {}, one_hot(NUMBERS, 5), rows(6, 5)),
    "categorical focal list": ("CategoricalFocalCrossentropy", dict(alpha=[0.125, 0.25, 0.375, 0.5, 0.75], gamma=3.0, label_smoothing=0.1), one_hot(NUMBERS, 5), rows(6, 5)),
    "categorical focal logits": ("CategoricalFocalCrossentropy", dict(from_logits=True, gamma=1.5, alpha=1.0, axis=2),
                                 one_hot(draw().integers(0, 3, (2, 4, 5)), 3).transpose(0, 1, 3, 2), PIXELS),
    "categorical focal smoothed": ("CategoricalFocalCrossentropy", dict(label_smoothing=0.3), one_hot(NUMBERS, 5), rows(6, 5)),
    "categorical focal pixels": ("CategoricalFocalCrossentropy", dict(axis=1), rows(2, 5, 4, 3), rows(2, 5, 4, 3)[:, ::-1]),
    "dice": ("Dice", {}, LABELS, rows(6, 5)), "dice of samples": ("Dice", dict(axis=1), LABELS, rows(6, 5)),
    "dice of maps": ("Dice", dict(axis=[1, 2, 3]), (PIXELS > 0).astype(float), rows(2, 5, 4, 3)),
    "dice of nothing": ("Dice", dict(axis=-1), 0 * LABELS, rows(6, 5)),
    "tversky": ("Tversky", {}, LABELS, rows(6, 5)), "tversky of samples": ("Tversky", dict(axis=1, alpha=0.3, beta=0.9), LABELS, rows(6, 5)),
    "tversky of maps": ("Tversky", dict(axis=(1, 2, 3), alpha=0.8, beta=0.6), (PIXELS > 0).astype(float), rows(2, 5, 4, 3)),
}
BY_CLASS = {}
for _row, _what in ROWS.items():
    BY_CLASS.setdefault(_what[0], _row)
FUNCTIONS = {name: snake_case(name) for name in BY_CLASS} | {"KLDivergence": "kl_divergence"}
