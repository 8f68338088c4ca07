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
    shape = x.shape
    if noise_shape is not None:
        if len(noise_shape) != x.ndim or any(m not in (None, 1, n) for n, m in zip(shape, noise_shape)):
            raise ValueError(f"dropout: each size of noise_shape is that of x {shape}, 1 or None, got {noise_shape}")
        shape = tuple(n if m is None else m for n, m in zip(shape, noise_shape))
    key = seed if isinstance(seed, tuple) else random_key(seed)
    return _dropout(x, rate=rate, shape=shape, key=key, step=step)


@op(keeps=["kept"])
def _dropout(x, *, rate, shape, key, step):
    return dropped(x, rate, shape, key, step)


_dropout.gradient(x=lambda g, kept, rate: where(kept, g / (1 - rate), 0))
