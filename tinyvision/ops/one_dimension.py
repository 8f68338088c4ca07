"""Convolutions and pools in one dimension: a sequence (N, T, C) is a batch of images of one row, (N, 1, L, C)."""
from ..autograd import Tensor
from .conv import OTHER_RANKS
from .shape import expand_dims, squeeze

ALONG_THE_HEIGHT = {"strides": 1, "dilation_rate": 1, "output_padding": 0}                 # what a single row asks for


def single(n, what="size", lowest=1) -> tuple[int]:
    """(n,) for a number or a tuple of one: `kernels.windows.pair`, in one dimension."""
    number, = n if isinstance(n, (tuple, list)) and len(n) == 1 else (n,)
    if isinstance(number, bool) or not hasattr(number, "__index__") or number < lowest:
        kind = "a positive integer" if lowest else "an integer from 0 on"
        raise ValueError(f"{what} of a sequence is {kind}, or a tuple of one, got {n!r}")
    return int(number),


def on_sequences(function, inputs: Tensor, window, **settings) -> Tensor:
    """function(inputs, window, **settings) for inputs (N, T, C), by way of images of one row.

    Args:
        function: an op of images that takes `inputs`, a kernel or a size, and settings by name.
        window: a kernel (K, ...) or the size of a window.
        settings: in one dimension: `strides=2`.
    """
    window = expand_dims(window, 0) if isinstance(window, Tensor) and window.ndim else (1, *single(window, "pool_size"))
    for name, value in settings.items():
        if name in ALONG_THE_HEIGHT and value is not None:
            settings[name] = ALONG_THE_HEIGHT[name], *single(value, name, lowest=ALONG_THE_HEIGHT[name])
    try:
        return squeeze(function(expand_dims(inputs, 1), window, **settings), 1)
    except ValueError as error:
        raise ValueError(f"{error} (the inputs are sequences {inputs.shape}, which count as images of one row)") from None


OTHER_RANKS[3] = on_sequences
