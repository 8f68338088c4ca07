"""Convolutions of sequences."""
from . import SEQUENCES

CONVS = {
    "odd": dict(filters=6, kernel_size=3),
    "strides": dict(filters=6, kernel_size=2, strides=2),
    "same": dict(filters=6, kernel_size=(4,), padding="same"),
    "same strides": dict(filters=6, kernel_size=4, strides=(3,), padding="same"),
    "same dilation": dict(filters=6, kernel_size=2, padding="same", dilation_rate=3),
    "dilation": dict(filters=6, kernel_size=3, dilation_rate=(2,)),
    "causal": dict(filters=6, kernel_size=3, padding="causal"),
    "causal strides": dict(filters=6, kernel_size=3, strides=2, padding="causal"),
    "causal dilation": dict(filters=6, kernel_size=2, padding="CAUSAL", dilation_rate=2),
    "causal groups": dict(filters=6, kernel_size=2, padding="causal", groups=2),
    "groups": dict(filters=6, kernel_size=3, groups=2),
    "groups of one": dict(filters=8, kernel_size=2, groups=4, strides=2),
    "no bias": dict(filters=6, kernel_size=3, use_bias=False),
    "relu": dict(filters=6, kernel_size=3, activation="relu"),
    "pointwise": dict(filters=6, kernel_size=1, strides=3),
}
ROWS = {
    **{f"Conv1D {name}": ("Conv1D", settings, SEQUENCES, None) for name, settings in CONVS.items()},
}
