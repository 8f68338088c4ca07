"""Settings that everything shares: the default float type, epsilon, and the seed of all random numbers."""
import itertools
import secrets

FLOATS = "float32", "float64"

_floatx = "float32"
_epsilon = 1e-7
_seed = secrets.randbits(32)                               # until set_random_seed: every process draws anew
_streams = itertools.count()


def floatx() -> str:
    """The float type of new weights, and of tensors made from Python numbers: "float32" unless set.

    >>> from tinyvision import config
    >>> config.floatx()
    'float32'
    """
    return _floatx


def set_floatx(value: str) -> None:
    """Choose the default float type: "float32" or "float64".

    Raises:
        ValueError: `value` is none of them.
    """
    global _floatx
    if value not in FLOATS:
        raise ValueError(f"set_floatx: unknown float type {value!r}; it is one of {', '.join(FLOATS)}")
    _floatx = value


def epsilon() -> float:
    """The small number that keeps logarithms and divisions finite: 1e-7 unless set."""
    return _epsilon


def set_epsilon(value: float) -> None:
    """Choose the number that `epsilon()` returns."""
    global _epsilon
    if not value > 0:
        raise ValueError(f"set_epsilon: epsilon must be positive, got {value!r}")
    _epsilon = float(value)


def set_random_seed(seed: int) -> None:
    """Make all that follows repeatable: initial weights, shuffles, dropout.

    The same seed before the same program gives the same run, bit for bit, at the same number of threads.

    Raises:
        TypeError: `seed` is not an integer.
        ValueError: `seed` is outside 0 .. 2**32 - 1.
    """
    global _seed, _streams
    if isinstance(seed, bool) or not hasattr(seed, "__index__"):
        raise TypeError(f"set_random_seed: the seed must be an integer, got {seed!r}")
    if not 0 <= seed < 2 ** 32:
        raise ValueError(f"set_random_seed: the seed must lie in 0 .. 2**32 - 1, got {seed}")
    _seed, _streams = int(seed), itertools.count()


def random_key(seed: int | None = None) -> tuple[int, int]:
    """The key of a new stream of random numbers: (seed, stream).

    Whoever draws random numbers takes one key when it is made. With a `seed` of its own the key is always the same;
    without, it is the next stream of the common seed. Streams of the common seed are counted from 0, that of a seed of one's
    own is 2**31: they never meet, also where both seeds are one number.
    """
    return (_seed, next(_streams)) if seed is None else (int(seed), 2 ** 31)
