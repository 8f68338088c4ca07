"""Sequences (N, T, C): what layers in one dimension check of their inputs."""
from .core import check_images, described


def check_sequences(layer, x, channels=None) -> None:
    """Raise ValueError, with the mend, unless x is a batch of sequences (N, T, C), of so many channels if a number is given."""
    if x.ndim != 3:
        hint = {2: "; add the missing axis: x[..., None] for sequences of numbers, x[None] for one sequence",
                4: "; for images there are layers in two dimensions"}.get(x.ndim, "")
        raise ValueError(f"{described(layer)} expects sequences (N, T, C), got input {x.shape}{hint}")
    if channels is not None and x.shape[2] != channels:
        n, c, length = x.shape
        hint = f"; this looks channels-first: transpose it to {(n, length, c)}" if c == channels else ""
        raise ValueError(f"{described(layer)} expects {channels} channels last, got input {x.shape}{hint}")


CHECKS = {1: check_sequences, 2: check_images}             # by the number of axes that windows slide along
