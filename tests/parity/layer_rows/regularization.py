"""Layers against overfitting: where they draw no numbers. What they do to others is in tests/test_layers.py."""
from . import IMAGES

ROWS = {
    "Dropout at rest": ("Dropout", dict(rate=0.5, noise_shape=(2, 1, 1, 4)), IMAGES, False),
    "Dropout of nothing": ("Dropout", dict(rate=0, noise_shape=(None, 1, 5, 1)), IMAGES, True),
    "SpatialDropout1D at rest": ("SpatialDropout1D", dict(rate=0.5), (2, 7, 4), False),
    "SpatialDropout1D of nothing": ("SpatialDropout1D", dict(rate=0), (2, 7, 4), True),
    "SpatialDropout2D at rest": ("SpatialDropout2D", dict(rate=0.5, seed=3), IMAGES, False),
    "SpatialDropout2D of nothing": ("SpatialDropout2D", dict(rate=0), IMAGES, True),
    "GaussianNoise at rest": ("GaussianNoise", dict(stddev=0.5), IMAGES, False),
    "GaussianNoise of nothing": ("GaussianNoise", dict(stddev=0), IMAGES, True),
    "GaussianDropout at rest": ("GaussianDropout", dict(rate=0.5), IMAGES, False),
    "GaussianDropout of nothing": ("GaussianDropout", dict(rate=0), IMAGES, True),
    "ActivityRegularization": ("ActivityRegularization", dict(l1=0.1, l2=0.02), IMAGES, None),
    "ActivityRegularization strong": ("ActivityRegularization", dict(l1=0.5, l2=3), IMAGES, None),
    "AlphaDropout at rest": ("AlphaDropout", dict(rate=0.5, noise_shape=(2, 1, 1, 4)), IMAGES, False),
    "AlphaDropout of nothing": ("AlphaDropout", dict(rate=0, noise_shape=(None, 1, 5, 1)), IMAGES, True),
}
