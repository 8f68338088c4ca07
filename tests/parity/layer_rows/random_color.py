"""Brightness and contrast at random: with factors that leave no choice. The rest is in test_augmentation.py."""
from . import IMAGES

ROWS = {
    "RandomContrast at rest": ("RandomContrast", dict(factor=0.3, value_range=(0, 1)), IMAGES, False),
    "RandomContrast": ("RandomContrast", dict(factor=(-0.25, 0.25), value_range=(-3, 3)), IMAGES, True),
    "RandomContrast more": ("RandomContrast", dict(factor=[-0.5, 0.5], value_range=[-1, 2], seed=1), IMAGES, True),
    "RandomContrast of bytes": ("RandomContrast", dict(factor=(-1, 1)), IMAGES, True),
    "RandomBrightness at rest": ("RandomBrightness", dict(factor=(-0.1, 0.3)), IMAGES, False),
    "RandomBrightness": ("RandomBrightness", dict(factor=(0.25, 0.25), value_range=(-2, 2), seed=1), IMAGES, True),
    "RandomBrightness less": ("RandomBrightness", dict(factor=[-0.1, -0.1], value_range=[1, -1]), IMAGES, True),
    "RandomBrightness of nothing": ("RandomBrightness", dict(factor=0), IMAGES, True),
}
