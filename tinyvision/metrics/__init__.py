"""Metrics, with the names, arguments and numbers of Keras."""
from ..losses.binary import binary_crossentropy
from ..losses.categorical import categorical_crossentropy
from ..losses.divergence import kl_divergence, poisson
from ..losses.focal import binary_focal_crossentropy, categorical_focal_crossentropy
from ..losses.hinge import categorical_hinge, hinge, squared_hinge
from ..losses.ignoring import sparse_categorical_crossentropy
from ..losses.regression import (
    huber,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
)
from ..serialization import deserialize, serialize
from .accuracy import (
    Accuracy,
    BinaryAccuracy,
    CategoricalAccuracy,
    SparseCategoricalAccuracy,
    SparseTopKCategoricalAccuracy,
    TopKCategoricalAccuracy,
    sparse_top_k_categorical_accuracy,
    top_k_categorical_accuracy,
)
from .auc import AUC
from .base import (
    Mean,
    MeanMetricWrapper,
    Metric,
    binary_accuracy,
    categorical_accuracy,
    get,
    sparse_categorical_accuracy,
)
from .confusion import (
    FalseNegatives,
    FalsePositives,
    Precision,
    PrecisionAtRecall,
    Recall,
    RecallAtPrecision,
    SensitivityAtSpecificity,
    SpecificityAtSensitivity,
    TrueNegatives,
    TruePositives,
)
from .f_score import F1Score, FBetaScore
from .margin import CategoricalHinge, Hinge, SquaredHinge
from .overlap import BinaryIoU, IoU, MeanIoU, OneHotIoU, OneHotMeanIoU
from .probabilistic import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    KLDivergence,
    Poisson,
    SparseCategoricalCrossentropy,
)
from .r2 import R2Score
from .reduction import Sum
from .regression import (
    CosineSimilarity,
    LogCoshError,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    RootMeanSquaredError,
)
