"""Convolutions of each channel alone, and separable ones."""
from . import IMAGES, SEQUENCES

DEPTHWISE = {
    "rectangular": dict(kernel_size=(3, 2)),
    "multiplier": dict(kernel_size=(3, 2), depth_multiplier=2),
    "strides": dict(kernel_size=3, strides=2, depth_multiplier=3),
    "different strides": dict(kernel_size=(3, 2), strides=(2, 1)),
    "same": dict(kernel_size=(3, 2), padding="same", depth_multiplier=2),
    "same strides": dict(kernel_size=(2, 4), strides=2, padding="SAME"),
    "same dilation": dict(kernel_size=3, padding="same", dilation_rate=2, depth_multiplier=2),
    "dilation": dict(kernel_size=(2, 3), dilation_rate=(3, 1)),
    "no bias": dict(kernel_size=2, use_bias=False),
    "relu": dict(kernel_size=2, depth_multiplier=2, activation="relu"),
    "pointwise": dict(kernel_size=1, strides=3, depth_multiplier=2),
}
ALONG = {
    "multiplier": dict(kernel_size=3, depth_multiplier=2),
    "same strides": dict(kernel_size=4, strides=2, padding="same"),
    "dilation": dict(kernel_size=(2,), dilation_rate=(3,), depth_multiplier=2),
    "no bias": dict(kernel_size=2, use_bias=False, activation="relu"),
}
ROWS = {
    **{f"DepthwiseConv2D {name}": ("DepthwiseConv2D", settings, IMAGES, None) for name, settings in DEPTHWISE.items()},
    **{f"DepthwiseConv1D {name}": ("DepthwiseConv1D", settings, SEQUENCES, None) for name, settings in ALONG.items()},
    **{f"SeparableConv2D {name}": ("SeparableConv2D", dict(filters=6, **DEPTHWISE[name]), IMAGES, None)
       for name in ("rectangular", "multiplier", "strides", "same", "same dilation", "no bias", "relu", "pointwise")},
    **{f"SeparableConv1D {name}": ("SeparableConv1D", dict(filters=6, **settings), SEQUENCES, None)
       for name, settings in ALONG.items()},
}
