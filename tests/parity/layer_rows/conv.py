"""Convolutions."""
from . import IMAGES

CONVS = {
    "rectangular": dict(filters=6, kernel_size=(3, 2)),
    "strides": dict(filters=6, kernel_size=(3, 2), strides=(2, 1)),
    "same": dict(filters=6, kernel_size=(3, 2), padding="same"),
    "same strides": dict(filters=6, kernel_size=(2, 4), strides=(3, 2), padding="same"),
    "dilation": dict(filters=6, kernel_size=(2, 3), dilation_rate=(3, 1)),
    "same dilation": dict(filters=6, kernel_size=3, padding="same", dilation_rate=2),
    "groups": dict(filters=6, kernel_size=3, groups=2),
    "groups of one": dict(filters=8, kernel_size=2, groups=4, strides=2),
    "no bias": dict(filters=6, kernel_size=(3, 2), use_bias=False),
    "relu": dict(filters=6, kernel_size=(3, 2), activation="relu"),
    "softmax": dict(filters=6, kernel_size=(3, 2), activation="softmax"),
    "pointwise": dict(filters=6, kernel_size=1, strides=3),
    "capitals": dict(filters=6, kernel_size=(3, 2), padding="SAME"),
}
ROWS = {
    **{f"Conv2D {name}": ("Conv2D", settings, IMAGES, None) for name, settings in CONVS.items()},
    "Conv2D Winograd": ("Conv2D", dict(filters=32, kernel_size=3, activation="relu"), (2, 12, 11, 32), None),
    "Conv2D Winograd, same": ("Conv2D", dict(filters=32, kernel_size=3, padding="same"), (2, 12, 11, 32), None),
}
