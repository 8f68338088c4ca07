"""Layers that flip, turn, stretch and shift images at random: with factors that leave no choice. The rest is in test_augmentation.py."""
from . import IMAGES

WARP = dict(height_factor=(0.25, 0.25), width_factor=(-0.125, -0.125), seed=1, data_format="channels_last")
ROWS = {
    "RandomFlip at rest": ("RandomFlip", dict(), IMAGES, False),
    "RandomFlip to the side, at rest": ("RandomFlip", dict(mode="horizontal"), IMAGES, False),
    "RandomFlip over, at rest": ("RandomFlip", dict(mode="vertical", seed=2), IMAGES, False),
    "RandomRotation at rest": ("RandomRotation", dict(factor=0.3, fill_mode="nearest", fill_value=1), IMAGES, False),
    "RandomRotation": ("RandomRotation", dict(factor=(0.125, 0.125)), IMAGES, True),
    "RandomRotation constant": ("RandomRotation", dict(factor=[-0.1, -0.1], fill_mode="constant", fill_value=2, seed=1), IMAGES, True),
    "RandomRotation wrap": ("RandomRotation", dict(factor=(0.4, 0.4), fill_mode="wrap", interpolation="nearest"), IMAGES, True),
    "RandomRotation nearest": ("RandomRotation", dict(factor=(1, 1), fill_mode="nearest"), IMAGES, True),
    "RandomRotation of nothing": ("RandomRotation", dict(factor=0, data_format="channels_last"), IMAGES, True),
    "RandomZoom at rest": ("RandomZoom", dict(height_factor=0.5), IMAGES, False),
    "RandomZoom": ("RandomZoom", WARP, IMAGES, True),
    "RandomZoom both alike": ("RandomZoom", dict(height_factor=(-0.5, -0.5), fill_mode="wrap", interpolation="bilinear"), IMAGES, True),
    "RandomZoom constant": ("RandomZoom", WARP | dict(fill_mode="constant", fill_value=-1, width_factor=[1, 1]), IMAGES, True),
    "RandomZoom nearest": ("RandomZoom", WARP | dict(fill_mode="nearest", interpolation="nearest", fill_value=3), IMAGES, True),
    "RandomTranslation at rest": ("RandomTranslation", dict(height_factor=0.5, width_factor=0.5), IMAGES, False),
    "RandomTranslation": ("RandomTranslation", WARP, IMAGES, True),
    "RandomTranslation wrap": ("RandomTranslation", WARP | dict(fill_mode="wrap", width_factor=[-1, -1]), IMAGES, True),
    "RandomTranslation constant": ("RandomTranslation", WARP | dict(fill_mode="constant", fill_value=3.5), IMAGES, True),
    "RandomTranslation nearest": ("RandomTranslation", WARP | dict(fill_mode="nearest", interpolation="nearest", fill_value=1), IMAGES, True),
    "RandomCrop of all": ("RandomCrop", dict(height=7, width=5, seed=1), IMAGES, True),
    "RandomCrop of smaller images": ("RandomCrop", dict(height=14, width=10, data_format="channels_last"), IMAGES, True),
}
