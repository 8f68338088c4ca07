"""Convolutions."""
from . import IMAGES

CONVS = {                                                  # each two settings meet: see ../test_signatures.py
    "rectangular": dict(filters=6, kernel_size=(3, 2)),
    "same": dict(filters=6, kernel_size=(3, 2), padding="same", activation="softmax"),
    "strides": dict(filters=6, kernel_size=(3, 2), strides=2),
    "different strides": dict(filters=6, kernel_size=2, strides=(2, 1), kernel_initializer="he_normal"),
    "same strides": dict(filters=6, kernel_size=(2, 4), strides=(3, 2), padding="SAME", groups=2),
    "dilation": dict(filters=8, kernel_size=(2, 3), dilation_rate=(3, 1), groups=4),
    "same dilation": dict(filters=6, kernel_size=3, padding="same", dilation_rate=2),
    "dilated groups": dict(filters=6, kernel_size=4, padding="same", dilation_rate=(1, 2), groups=2),
    "groups": dict(filters=6, kernel_size=3, strides=2, groups=2, use_bias=False),
    "groups of one": dict(filters=8, kernel_size=2, strides=2, padding="same", groups=4),
    "same groups of one": dict(filters=8, kernel_size=3, strides=(1, 2), padding="same", groups=4, activation="tanh"),
    "no bias": dict(filters=6, kernel_size=(3, 2), use_bias=False),
    "pointwise": dict(filters=6, kernel_size=1, strides=3),
    "pointwise groups": dict(filters=6, kernel_size=1, strides=(2, 1), padding="same", groups=2),
    "pointwise dilation": dict(filters=8, kernel_size=1, dilation_rate=2, groups=4),
    "relu": dict(filters=6, kernel_size=(3, 2), activation="relu", bias_initializer="ones"),
}
ROWS = {
    **{f"Conv2D {name}": ("Conv2D", settings, IMAGES, None) for name, settings in CONVS.items()},
    "Conv2D Winograd": ("Conv2D", dict(filters=32, kernel_size=3, activation="relu"), (2, 12, 11, 32), None),
    "Conv2D Winograd, same": ("Conv2D", dict(filters=32, kernel_size=3, padding="same"), (2, 12, 11, 32), None),
}
