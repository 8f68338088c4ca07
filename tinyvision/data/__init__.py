"""Data on their way to training."""
from .batching import ArrayBatches, batches
