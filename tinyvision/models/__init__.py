"""Models: functional, sequential, or of your own; their files and their tables."""
from ..layers.core import Input
from . import batchwise as _batchwise, saving as _saving, summary as _summary
from .functional import Model
from .saving import load_model
from .sequential import Sequential
