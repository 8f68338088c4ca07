"""Losses: what training makes small, in the numbers of Keras."""
from .base import Loss, get
from .binary import BinaryCrossentropy, binary_crossentropy
from .categorical import (
    CategoricalCrossentropy,
    SparseCategoricalCrossentropy,
    categorical_crossentropy,
    sparse_categorical_crossentropy,
)
from .regression import MeanSquaredError, mean_squared_error
