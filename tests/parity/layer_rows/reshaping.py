"""Layers that change shapes."""
from . import IMAGES

ROWS = {
    "Reshape": ("Reshape", dict(target_shape=(10, 14)), IMAGES, None),
    "Reshape rest": ("Reshape", dict(target_shape=(7, -1, 2)), IMAGES, None),
    "Reshape flat": ("Reshape", dict(target_shape=(-1,)), IMAGES, None),
    "Permute": ("Permute", dict(dims=(2, 3, 1)), IMAGES, None),
    "Permute columns and rows": ("Permute", dict(dims=[2, 1, 3]), IMAGES, None),
    "Permute one": ("Permute", dict(dims=(1,)), (3, 4), None),
    "RepeatVector": ("RepeatVector", dict(n=3), (3, 4), None),
    "RepeatVector once": ("RepeatVector", dict(n=1), (3, 4), None),
}
