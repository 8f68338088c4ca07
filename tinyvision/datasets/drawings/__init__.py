"""Cats and dogs that are drawn, for where no photographs can be had."""
from .picture import draw_animal
