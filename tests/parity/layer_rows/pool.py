"""Pooling."""
from . import IMAGES

POOLS = {
    "pairs": dict(pool_size=2),
    "overlap": dict(pool_size=(3, 2), strides=(1, 2)),
    "same": dict(pool_size=2, padding="same"),
    "same overlap": dict(pool_size=(2, 3), strides=(1, 2), padding="same"),
    "gaps": dict(pool_size=2, strides=3),
}
ROWS = {
    **{f"{kind}Pooling2D {name}": (f"{kind}Pooling2D", settings, IMAGES, None)
       for kind in ("Max", "Average") for name, settings in POOLS.items()},
}
