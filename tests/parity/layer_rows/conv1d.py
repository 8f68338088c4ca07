"""Convolutions of sequences."""
from . import SEQUENCES

CONVS = {                                                  # each two settings meet: see ../test_signatures.py
    "odd": dict(filters=6, kernel_size=3),
    "strides": dict(filters=6, kernel_size=2, strides=2, groups=2, use_bias=False),
    "same": dict(filters=8, kernel_size=(4,), padding="same", groups=4),
    "same strides": dict(filters=6, kernel_size=3, strides=(3,), padding="same", activation="tanh"),
    "same dilation": dict(filters=6, kernel_size=1, padding="same", dilation_rate=3, groups=2),
    "dilation": dict(filters=8, kernel_size=3, dilation_rate=(2,), groups=4, kernel_initializer="he_normal", bias_initializer="ones"),
    "causal": dict(filters=6, kernel_size=3, padding="causal", groups=2),
    "causal strides": dict(filters=8, kernel_size=1, strides=2, padding="causal", groups=4),
    "causal dilation": dict(filters=6, kernel_size=2, padding="CAUSAL", dilation_rate=2, activation="relu"),
    "causal longer strides": dict(filters=6, kernel_size=4, strides=3, padding="causal"),
    "pointwise": dict(filters=6, kernel_size=1),
}
ROWS = {
    **{f"Conv1D {name}": ("Conv1D", settings, SEQUENCES, None) for name, settings in CONVS.items()},
}
