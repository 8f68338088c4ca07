"""Ops that draw random numbers. They take a key and a step, so that the same call draws the same numbers anywhere."""
from ..autograd import Tensor, as_tensor
from ..config import random_key
from ..kernels.random import dropped
from ..op import op
from .elementwise import where


def dropout(x, rate: float, noise_shape: tuple | None = None, seed: int | tuple[int, int] | None = None,
            step: int = 0) -> Tensor:
    """Zero each element with probability `rate`, and divide the rest by 1 - rate, so that the mean stays.

    Srivastava et al., "Dropout", 2014; the arguments are those of keras.random.dropout, and `step`.

    Args:
        x: the array.
        rate: in [0, 1).
        noise_shape: the shape in which elements are dropped, broadcast to x: (N, 1, 1, C) drops whole channels.
            None in it, or None, stands for the size of x.
        seed: a number, a key from `config.random_key`, or None for new numbers each time.
        step: different steps of one seed draw different numbers.
    """
    if not 0 <= rate < 1:
        raise ValueError(f"dropout: the rate is a probability below 1, got {rate}")
    x = as_tensor(x)
    shape = shape_of_noise(x.shape, noise_shape, "dropout")
    key = seed if isinstance(seed, tuple) else random_key(seed)
    return _dropout(x, rate=rate, shape=shape, key=key, step=step)


def shape_of_noise(shape, noise_shape, who) -> tuple:
    """`noise_shape` with the sizes of x in the places of None; ValueError, in the name of `who`, if it does not fit."""
    if noise_shape is None:
        return shape
    if len(noise_shape) != len(shape) or any(m not in (None, 1, n) for n, m in zip(shape, noise_shape)):
        raise ValueError(f"{who}: each size of noise_shape is that of x {shape}, 1 or None, got {noise_shape}")
    return tuple(n if m is None else m for n, m in zip(shape, noise_shape))


@op(keeps=["kept"])
def _dropout(x, *, rate, shape, key, step):
    return dropped(x, rate, shape, key, step)


_dropout.gradient(x=lambda g, kept, rate: where(kept, g / (1 - rate), 0))
