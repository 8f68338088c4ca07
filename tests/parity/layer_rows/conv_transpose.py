"""Transposed convolutions. What they make of few pixels is large."""
from . import SEQUENCES

SMALL = 2, 3, 4, 4
CONVS = {
    "plain": dict(filters=3, kernel_size=(3, 2)),
    "strides": dict(filters=3, kernel_size=(3, 2), strides=2),
    "gaps": dict(filters=3, kernel_size=(3, 1), strides=(2, 3)),
    "same": dict(filters=3, kernel_size=(3, 2), padding="same"),
    "doubled": dict(filters=3, kernel_size=4, strides=2, padding="same"),
    "doubled, odd": dict(filters=3, kernel_size=3, strides=2, padding="SAME"),
    "same gaps": dict(filters=3, kernel_size=(1, 2), strides=(2, 4), padding="same"),
    "output padding": dict(filters=3, kernel_size=3, strides=2, output_padding=1),
    "output padding 0": dict(filters=3, kernel_size=2, strides=(2, 3), padding="same", output_padding=0),
    "same output padding": dict(filters=3, kernel_size=(3, 4), strides=(2, 3), padding="same", output_padding=(1, 2)),
    "dilation": dict(filters=3, kernel_size=(2, 3), dilation_rate=(3, 1)),
    "same dilation": dict(filters=3, kernel_size=(2, 3), dilation_rate=2, padding="same"),
    "no bias": dict(filters=3, kernel_size=2, strides=2, use_bias=False),
    "relu": dict(filters=3, kernel_size=2, strides=2, activation="relu"),
}
ALONG = {
    "plain": dict(filters=3, kernel_size=3),
    "doubled": dict(filters=3, kernel_size=4, strides=2, padding="same"),
    "output padding": dict(filters=3, kernel_size=3, strides=(3,), output_padding=(1,), activation="relu"),
    "same output padding": dict(filters=3, kernel_size=2, strides=3, output_padding=2, padding="same", use_bias=False),
    "dilation": dict(filters=3, kernel_size=(2,), dilation_rate=(3,)),
}
ROWS = {
    **{f"Conv2DTranspose {name}": ("Conv2DTranspose", settings, SMALL, None) for name, settings in CONVS.items()},
    **{f"Conv1DTranspose {name}": ("Conv1DTranspose", settings, SEQUENCES, None) for name, settings in ALONG.items()},
}
