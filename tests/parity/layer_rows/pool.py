"""Pooling."""
from . import IMAGES

POOLS = {                                                  # each two settings meet: see ../test_signatures.py
    "pairs": dict(pool_size=2),
    "overlap": dict(pool_size=3, strides=1),
    "different strides": dict(pool_size=2, strides=(1, 2)),
    "rectangular": dict(pool_size=(3, 2), strides=(2, 1)),
    "same": dict(pool_size=3, padding="same"),
    "same rectangular": dict(pool_size=(2, 3), padding="same"),
    "same overlap": dict(pool_size=(2, 3), strides=1, padding="same"),
    "same even overlap": dict(pool_size=4, strides=1, padding="same"),
    "same strides": dict(pool_size=(3, 4), strides=2, padding="same"),
    "same different strides": dict(pool_size=3, strides=(3, 2), padding="same"),
    "gaps": dict(pool_size=2, strides=3),
    "triples": dict(pool_size=3, strides=2),
}
ROWS = {
    **{f"{kind}Pooling2D {name}": (f"{kind}Pooling2D", settings, IMAGES, None)
       for kind in ("Max", "Average") for name, settings in POOLS.items()},
}
