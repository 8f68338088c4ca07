"""Transposed convolutions. What they make of few pixels is large."""
from . import SEQUENCES

SMALL = 2, 3, 4, 4
CONVS = {                                                  # each two settings meet: see ../test_signatures.py
    "plain": dict(filters=3, kernel_size=(3, 2)),
    "strides": dict(filters=3, kernel_size=(3, 2), strides=2),
    "gaps": dict(filters=3, kernel_size=1, strides=(2, 3)),
    "same gaps": dict(filters=3, kernel_size=(1, 2), strides=(2, 4), padding="same"),
    "pointwise": dict(filters=2, kernel_size=1, strides=2, padding="same", output_padding=1, activation="tanh"),
    "pointwise dilation": dict(filters=3, kernel_size=1, dilation_rate=2),
    "same": dict(filters=3, kernel_size=(3, 2), padding="same"),
    "doubled": dict(filters=3, kernel_size=4, strides=2, padding="same"),
    "doubled, odd": dict(filters=3, kernel_size=3, strides=2, padding="SAME"),
    "output padding": dict(filters=3, kernel_size=3, strides=2, output_padding=1),
    "output padding 0": dict(filters=3, kernel_size=2, strides=(2, 3), padding="same", output_padding=0),
    "same output padding": dict(filters=3, kernel_size=(3, 4), strides=(2, 3), padding="same", output_padding=(1, 2)),
    "dilation": dict(filters=3, kernel_size=(2, 3), dilation_rate=(3, 1)),
    "same dilation": dict(filters=3, kernel_size=3, dilation_rate=2, padding="same", output_padding=0),
    "no bias": dict(filters=5, kernel_size=2, dilation_rate=2, use_bias=False, kernel_initializer="he_normal"),
    "relu": dict(filters=3, kernel_size=3, strides=(2, 3), activation="relu", bias_initializer="ones"),
}
ALONG = {
    "plain": dict(filters=3, kernel_size=3, kernel_initializer="he_normal", bias_initializer="ones"),
    "doubled": dict(filters=2, kernel_size=4, strides=2, padding="same", activation="tanh"),
    "output padding": dict(filters=3, kernel_size=3, strides=(3,), output_padding=(1,), activation="relu"),
    "same output padding": dict(filters=3, kernel_size=2, strides=3, output_padding=2, padding="same", use_bias=False),
    "dilation": dict(filters=3, kernel_size=(2,), dilation_rate=(3,)),
    "same dilation": dict(filters=3, kernel_size=3, dilation_rate=2, padding="same"),
}
ROWS = {
    **{f"Conv2DTranspose {name}": ("Conv2DTranspose", settings, SMALL, None) for name, settings in CONVS.items()},
    **{f"Conv1DTranspose {name}": ("Conv1DTranspose", settings, SEQUENCES, None) for name, settings in ALONG.items()},
}
