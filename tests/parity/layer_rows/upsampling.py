"""More pixels, more steps."""
from . import IMAGES
from .margins import SEQUENCES

ROWS = {
    "UpSampling1D": ("UpSampling1D", {}, SEQUENCES, None),
    "UpSampling1D three": ("UpSampling1D", dict(size=3), SEQUENCES, None),
    "UpSampling1D once": ("UpSampling1D", dict(size=1), SEQUENCES, None),
    "UpSampling2D": ("UpSampling2D", {}, IMAGES, None),
    "UpSampling2D number": ("UpSampling2D", dict(size=3, data_format="channels_last"), IMAGES, None),
    "UpSampling2D pair": ("UpSampling2D", dict(size=(1, 3), interpolation="nearest"), IMAGES, None),
    **{f"UpSampling2D {interpolation}": ("UpSampling2D", dict(size=(2, 3), interpolation=interpolation), IMAGES, None)
       for interpolation in ("bilinear", "bicubic", "lanczos3", "lanczos5")},
}
