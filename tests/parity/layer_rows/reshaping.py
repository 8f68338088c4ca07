"""Layers that change shapes."""
from . import IMAGES

ROWS = {
    "Reshape": ("Reshape", dict(target_shape=(10, 14)), IMAGES, None),
    "Reshape rest": ("Reshape", dict(target_shape=(7, -1, 2)), IMAGES, None),
    "Reshape flat": ("Reshape", dict(target_shape=(-1,)), IMAGES, None),
}
