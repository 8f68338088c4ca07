"""Models: functional, sequential, or of your own; their files and their tables."""
from ..layers.core import Input
from . import summary as _summary
from .functional import Model
from .sequential import Sequential
