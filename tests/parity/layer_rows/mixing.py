"""Layers that mix images: where they draw nothing. What they do otherwise is in test_augmentation.py."""
from . import IMAGES

ROWS = {
    "MixUp at rest": ("MixUp", dict(alpha=0.4), IMAGES, False),
    "MixUp little, at rest": ("MixUp", dict(alpha=0.1, data_format="channels_last", seed=3), IMAGES, False),
    "CutMix at rest": ("CutMix", dict(factor=0.5), IMAGES, False),
    "CutMix little, at rest": ("CutMix", dict(factor=(0.1, 0.3), seed=3, data_format="channels_last"), IMAGES, False),
    "RandomErasing at rest": ("RandomErasing", dict(factor=(0.2, 0.7)), IMAGES, False),
    "RandomErasing of nothing": ("RandomErasing", dict(factor=0, scale=(0.1, 0.5), value_range=(0, 1)), IMAGES, True),
    "RandomErasing of all": ("RandomErasing", dict(factor=(1, 1), scale=(1, 1), fill_value=0.5, value_range=(-1, 2)), IMAGES, True),
    "RandomErasing of all, held within": ("RandomErasing", dict(factor=(1, 1), scale=[1, 1], fill_value=3, value_range=(0, 1)), IMAGES, True),
}
