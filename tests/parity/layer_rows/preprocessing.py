"""Layers that prepare data."""
from . import IMAGES

ROWS = {
    "Rescaling": ("Rescaling", dict(scale=1 / 255), IMAGES, None),
    "Rescaling offset": ("Rescaling", dict(scale=2.0, offset=-1), IMAGES, None),
    "Rescaling channels": ("Rescaling", dict(scale=[1.0, 2.0, 3.0, 4.0], offset=[0.0, 1.0, 0.0, -1.0]), IMAGES, None),
    "Resizing": ("Resizing", dict(height=4, width=8), IMAGES, None),
    "Resizing antialias": ("Resizing", dict(height=4, width=3, interpolation="bicubic", antialias=True), IMAGES, None),
    "Resizing crop": ("Resizing", dict(height=3, width=6, interpolation="nearest", crop_to_aspect_ratio=True), IMAGES, None),
    "Resizing lanczos3": ("Resizing", dict(height=4, width=8, interpolation="lanczos3", pad_to_aspect_ratio=True, fill_value=-2), IMAGES, None),
    "Resizing lanczos5": ("Resizing", dict(height=4, width=3, interpolation="lanczos5", antialias=True), IMAGES, None),
    "Resizing pad": ("Resizing", dict(height=3, width=6, pad_to_aspect_ratio=True, fill_mode="constant", fill_value=0.5,
                                      data_format="channels_last"), IMAGES, None),
    "CenterCrop": ("CenterCrop", dict(height=4, width=2), IMAGES, None),
    "CenterCrop of all": ("CenterCrop", dict(height=7, width=5, data_format="channels_last"), IMAGES, None),
    "CenterCrop of lower images": ("CenterCrop", dict(height=9, width=3), IMAGES, None),
    "CenterCrop of narrower images": ("CenterCrop", dict(height=2, width=8), IMAGES, None),
}
