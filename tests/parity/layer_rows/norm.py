"""Normalization."""
from . import IMAGES

NORMS = {
    "plain": {}, "rows": dict(axis=1), "columns": dict(axis=-2), "no center": dict(center=False), "no scale": dict(scale=False),
    "bare": dict(center=False, scale=False), "settings": dict(momentum=0.7, epsilon=0.1), "frozen": dict(trainable=False),
}
ROWS = {
    **{f"BatchNormalization {name}{', training' * training}": ("BatchNormalization", settings, IMAGES, training)
       for name, settings in NORMS.items() for training in (False, True)},
    "BatchNormalization of vectors, training": ("BatchNormalization", {}, (3, 4), True),
}
