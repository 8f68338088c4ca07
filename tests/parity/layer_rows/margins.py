"""Margins: cut off, and added."""
from . import IMAGES

SEQUENCES = 2, 7, 4
ROWS = {
    "Cropping1D": ("Cropping1D", {}, SEQUENCES, None),
    "Cropping1D number": ("Cropping1D", dict(cropping=2), SEQUENCES, None),
    "Cropping1D end": ("Cropping1D", dict(cropping=(0, 3)), SEQUENCES, None),
    "Cropping1D beginning": ("Cropping1D", dict(cropping=[3, 0]), SEQUENCES, None),
    "Cropping2D nothing": ("Cropping2D", {}, IMAGES, None),
    "Cropping2D number": ("Cropping2D", dict(cropping=1), IMAGES, None),
    "Cropping2D pair": ("Cropping2D", dict(cropping=(3, 1)), IMAGES, None),
    "Cropping2D half of them": ("Cropping2D", dict(cropping=(1, (0, 2))), IMAGES, None),
    "Cropping2D": ("Cropping2D", dict(cropping=((1, 2), (3, 0)), data_format="channels_last"), IMAGES, None),
    "ZeroPadding1D": ("ZeroPadding1D", {}, SEQUENCES, None),
    "ZeroPadding1D pair": ("ZeroPadding1D", dict(padding=(2, 0), data_format="channels_last"), SEQUENCES, None),
    "ZeroPadding1D number": ("ZeroPadding1D", dict(padding=3), SEQUENCES, None),
    "ZeroPadding2D": ("ZeroPadding2D", {}, IMAGES, None),
    "ZeroPadding2D number": ("ZeroPadding2D", dict(padding=2), IMAGES, None),
    "ZeroPadding2D pair": ("ZeroPadding2D", dict(padding=(0, 2)), IMAGES, None),
    "ZeroPadding2D each side": ("ZeroPadding2D", dict(padding=((0, 1), (3, 2)), data_format="channels_last"), IMAGES, None),
}
