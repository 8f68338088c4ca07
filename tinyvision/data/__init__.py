"""Data on their way to training."""
from .batching import ArrayBatches, batches
from .pipeline import AUTOTUNE, INFINITE_CARDINALITY, UNKNOWN_CARDINALITY, Dataset
from .tasks import LeftOut
