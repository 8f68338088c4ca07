"""Layers against overfitting."""
from . import IMAGES

ROWS = {
    "Dropout at rest": ("Dropout", dict(rate=0.5), IMAGES, False),
    "Dropout of nothing": ("Dropout", dict(rate=0), IMAGES, True),
}
