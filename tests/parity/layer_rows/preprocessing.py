"""Layers that prepare data."""
from . import IMAGES

ROWS = {
    "Rescaling": ("Rescaling", dict(scale=1 / 255), IMAGES, None),
    "Rescaling offset": ("Rescaling", dict(scale=2.0, offset=-1), IMAGES, None),
    "Rescaling channels": ("Rescaling", dict(scale=[1.0, 2.0, 3.0, 4.0], offset=[0.0, 1.0, 0.0, -1.0]), IMAGES, None),
}
