"""Models: functional, sequential, or of your own; their files and their tables."""
from ..layers.core import Input
from . import (
    batchwise as _batchwise,
    checkup as _checkup,
    fusion as _fusion,
    inspection as _inspection,
    ordering as _ordering,
    replay as _replay,
    saving as _saving,
)
from .functional import Model
from .saving import load_model
from .sequential import Sequential
