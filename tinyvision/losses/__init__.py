"""Losses: what training makes small, in the numbers of Keras."""
from ..serialization import deserialize, serialize
from .base import Loss, LossFunctionWrapper, get
from .binary import BinaryCrossentropy, binary_crossentropy
from .categorical import CategoricalCrossentropy, categorical_crossentropy
from .divergence import KLDivergence, Poisson, kl_divergence, poisson
from .focal import (
    BinaryFocalCrossentropy,
    CategoricalFocalCrossentropy,
    binary_focal_crossentropy,
    categorical_focal_crossentropy,
)
from .hinge import CategoricalHinge, Hinge, SquaredHinge, categorical_hinge, hinge, squared_hinge
from .ignoring import SparseCategoricalCrossentropy, sparse_categorical_crossentropy
from .overlap import Dice, Tversky, dice, tversky
from .regression import (
    CosineSimilarity,
    Huber,
    LogCosh,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    cosine_similarity,
    huber,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
)
from .sparse_categorical import SparseCategoricalCrossentropy as _Shorter  # the path's, which has no ignore_class
