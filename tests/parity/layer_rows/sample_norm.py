"""Normalization of each sample by itself."""
from . import IMAGES

BARE = dict(center=False, scale=False)
LAYER = {
    "plain": {}, "rows": dict(axis=1, epsilon=0.01, beta_initializer="ones", gamma_initializer="zeros"), "two axes": dict(axis=[1, 3]), "all": dict(axis=[1, 2, 3], epsilon=0.1), "from the end": dict(axis=[-1, -2]),
    "no center": dict(center=False), "no scale": dict(scale=False), "bare": BARE, "variance alone": dict(rms_scaling=True),
}
GROUP = {
    "two": dict(groups=2), "one": dict(groups=1, epsilon=0.1), "each": dict(groups=-1), "rows": dict(groups=7, axis=1, epsilon=0.01, beta_initializer="ones", gamma_initializer="zeros"),
    "columns": dict(groups=5, axis=-2), "no center": dict(groups=2, center=False), "no scale": dict(groups=4, scale=False),
    "bare": dict(groups=2, **BARE),
}
ROWS = {
    **{f"LayerNormalization {name}": ("LayerNormalization", settings, IMAGES, None) for name, settings in LAYER.items()},
    "LayerNormalization of vectors": ("LayerNormalization", {}, (3, 4), None),
    **{f"GroupNormalization {name}": ("GroupNormalization", settings, IMAGES, None) for name, settings in GROUP.items()},
    "GroupNormalization of vectors": ("GroupNormalization", dict(groups=2), (3, 4), None),
    "RMSNormalization": ("RMSNormalization", {}, IMAGES, None),
    "RMSNormalization epsilon": ("RMSNormalization", dict(epsilon=0.1), IMAGES, None),
    "RMSNormalization of pixels": ("RMSNormalization", dict(axis=(1, 2, 3), epsilon=0.01), IMAGES, None),
    "RMSNormalization of rows": ("RMSNormalization", dict(axis=[2, 3]), IMAGES, None),       # Keras scales along the last axes only
    "UnitNormalization": ("UnitNormalization", {}, IMAGES, None),
    "UnitNormalization rows": ("UnitNormalization", dict(axis=1), IMAGES, None),
    "UnitNormalization pixels": ("UnitNormalization", dict(axis=[1, 2]), IMAGES, None),
}
