"""Pooling of sequences."""
from . import SEQUENCES

POOLS = {                                                  # each two settings meet: see ../test_signatures.py
    "pairs": dict(pool_size=2),
    "overlap": dict(pool_size=(3,), strides=1),
    "same": dict(pool_size=3, padding="same"),
    "same overlap": dict(pool_size=3, strides=(2,), padding="same"),
    "same even overlap": dict(pool_size=4, strides=1, padding="same"),
    "gaps": dict(pool_size=2, strides=3),
}
ROWS = {
    **{f"{kind}Pooling1D {name}": (f"{kind}Pooling1D", settings, SEQUENCES, None)
       for kind in ("Max", "Average") for name, settings in POOLS.items()},
}
