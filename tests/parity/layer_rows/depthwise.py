"""Convolutions of each channel alone, and separable ones."""
from . import IMAGES, SEQUENCES

DEPTHWISE = {                                              # each two settings meet: see ../test_signatures.py
    "rectangular": dict(kernel_size=(3, 2)),
    "strides": dict(kernel_size=3, strides=2, depth_multiplier=3),
    "different strides": dict(kernel_size=(3, 2), strides=(2, 1)),
    "same": dict(kernel_size=2, padding="same", depth_multiplier=2, activation="relu"),
    "same strides": dict(kernel_size=4, strides=2, padding="SAME", bias_initializer="ones"),
    "same different strides": dict(kernel_size=3, strides=(1, 2), padding="same", activation="tanh"),
    "same dilation": dict(kernel_size=3, padding="same", dilation_rate=2, depth_multiplier=2),
    "dilation": dict(kernel_size=2, strides=(2, 1), dilation_rate=(3, 1), depth_multiplier=2),
    "strides and dilation": dict(kernel_size=(2, 4), strides=2, padding="same", dilation_rate=(1, 2), depth_multiplier=2),
    "no bias": dict(kernel_size=1, strides=(1, 2), padding="same", use_bias=False, depthwise_initializer="he_normal"),
    "pointwise dilation": dict(kernel_size=1, dilation_rate=2),
    "pointwise": dict(kernel_size=1, strides=3, depth_multiplier=2),
}
ALONG = {
    "multiplier": dict(kernel_size=3, strides=3, depth_multiplier=3, bias_initializer="ones"),
    "same strides": dict(kernel_size=4, strides=2, padding="same", activation="tanh"),
    "dilation": dict(kernel_size=(2,), dilation_rate=(3,), depth_multiplier=2),
    "no bias": dict(kernel_size=2, dilation_rate=2, use_bias=False, activation="relu", depthwise_initializer="he_normal"),
}
MIXED = {                                                  # what separable convolutions take, besides
    "rectangular": dict(filters=3, pointwise_initializer="he_normal"), "multiplier": dict(filters=3, pointwise_initializer="he_normal"),
}
ROWS = {
    **{f"{kind}Conv{axes}D {name}": (f"{kind}Conv{axes}D", {**settings, **(MIXED.get(name, dict(filters=6)) if kind == "Separable" else {})},
                                     shape, None)
       for kind in ("Depthwise", "Separable") for axes, rows, shape in ((1, ALONG, SEQUENCES), (2, DEPTHWISE, IMAGES))
       for name, settings in rows.items()},
}
