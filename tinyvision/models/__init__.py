"""Models: functional, sequential, or of your own; their files and their tables."""
from ..layers.core import Input
from . import (
    batchwise as _batchwise,
    checkup as _checkup,
    fusion as _fusion,
    inspection as _inspection,
    ordering as _ordering,
    placement as _placement,
    replay as _replay,
)
from .functional import Model
from .saving import load_model, load_state_dict, save_state_dict, state_dict
from .sequential import Sequential
