"""Keras's names for what lives elsewhere."""
from ..config import set_random_seed
from ..layers.base import clear_session
