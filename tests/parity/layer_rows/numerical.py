"""Layers that prepare numbers."""
from . import IMAGES

ROWS = {
    "Normalization": ("Normalization", {}, IMAGES, None),
    "Normalization rows": ("Normalization", dict(axis=1), IMAGES, None),
    "Normalization two axes": ("Normalization", dict(axis=(-1, 1)), IMAGES, None),
    "Normalization of all": ("Normalization", dict(axis=None), IMAGES, None),
    "Normalization inverted": ("Normalization", dict(invert=True), IMAGES, None),
    "Normalization of vectors": ("Normalization", {}, (3, 4), None),
    "Normalization given": ("Normalization", dict(mean=[1.0, 2.0, 3.0, 4.0], variance=[4.0, 1.0, 0.0, 9.0]), IMAGES, None),
    "Normalization given a number": ("Normalization", dict(mean=0.5, variance=2), IMAGES, None),
    "Normalization given one axis of two": ("Normalization", dict(axis=(1, 3), mean=[1.0, 2.0, 3.0, 4.0], variance=[4.0, 1.0, 2.0, 9.0]),
                                            IMAGES, None),
    "Normalization given and inverted": ("Normalization", dict(axis=None, mean=3.0, variance=4.0, invert=True), IMAGES, None),
}
