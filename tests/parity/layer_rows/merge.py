"""Merging."""
from . import IMAGES

ROWS = {
    "Add": ("Add", {}, [IMAGES, IMAGES], None),
    "Add three": ("Add", {}, [(3, 4)] * 3, None),
    "Concatenate": ("Concatenate", {}, [IMAGES, (2, 7, 5, 1)], None),
    "Concatenate rows": ("Concatenate", dict(axis=1), [IMAGES, (2, 3, 5, 4)], None),
    "Concatenate three": ("Concatenate", dict(axis=2), [IMAGES] * 3, None),
}
