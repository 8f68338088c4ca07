"""Merging."""
from . import IMAGES

PAIRS = {
    "images": [IMAGES, IMAGES], "channels": [IMAGES, (2, 1, 1, 4)], "both ways": [(2, 1, 5, 4), (2, 7, 1, 4)],
    "ranks": [IMAGES, (2, 4)], "ranks the other way": [(2, 5, 4), IMAGES], "numbers": [(2,), (2, 3)],
}
ROWS = {
    **{f"{kind} {name}".removesuffix(" images"): (kind, {}, shapes, None) for name, shapes in PAIRS.items()
       for kind in ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum")},
    **{f"{kind} three": (kind, {}, [(3, 4), (3, 1), (3, 4)], None) for kind in ("Add", "Multiply", "Average", "Maximum", "Minimum")},
    "Add one": ("Add", {}, [(3, 4)], None),
    "Add five": ("Add", {}, [(3, 4)] * 5, None),
    "Concatenate": ("Concatenate", {}, [IMAGES, (2, 7, 5, 1)], None),
    "Concatenate rows": ("Concatenate", dict(axis=1), [IMAGES, (2, 3, 5, 4)], None),
    "Concatenate three": ("Concatenate", dict(axis=2), [IMAGES] * 3, None),
    "Dot": ("Dot", dict(axes=1), [(3, 4), (3, 4)], None),
    "Dot matrices": ("Dot", dict(axes=(2, 1)), [(2, 5, 4), (2, 4, 3)], None),
    "Dot last axes": ("Dot", dict(axes=-1), [(2, 5, 4), (2, 3, 4)], None),
    "Dot middle axes": ("Dot", dict(axes=1), [(2, 4, 5), (2, 4, 3)], None),
    "Dot images": ("Dot", dict(axes=(3, 2)), [IMAGES, (2, 3, 4)], None),
    "Dot rows of images": ("Dot", dict(axes=(-3, -1)), [IMAGES, (2, 2, 3, 7)], None),
    "Dot vectors with matrices": ("Dot", dict(axes=(1, 2)), [(2, 4), (2, 3, 4)], None),
    "Dot matrices with vectors": ("Dot", dict(axes=[1, 1]), [(2, 4, 3), (2, 4)], None),
    "Dot normalized": ("Dot", dict(axes=-1, normalize=True), [(3, 4), (3, 4)], None),
    "Dot normalized matrices": ("Dot", dict(axes=(2, 1), normalize=True), [(2, 5, 4), (2, 4, 3)], None),
}
