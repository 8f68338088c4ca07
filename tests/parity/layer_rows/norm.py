"""Normalization."""
from . import IMAGES

BEGINNING = dict(beta_initializer="ones", gamma_initializer="zeros", moving_mean_initializer="ones", moving_variance_initializer="zeros")
NORMS = {
    "plain": {}, "rows": dict(axis=1, momentum=0.9, epsilon=0.01), "columns": dict(axis=-2, **BEGINNING), "no center": dict(center=False), "no scale": dict(scale=False),
    "bare": dict(center=False, scale=False), "settings": dict(momentum=0.7, epsilon=0.1), "frozen": dict(trainable=False),
}
ROWS = {
    **{f"BatchNormalization {name}{', training' * training}": ("BatchNormalization", settings, IMAGES, training)
       for name, settings in NORMS.items() for training in (False, True)},
    "BatchNormalization of vectors, training": ("BatchNormalization", {}, (3, 4), True),
}
