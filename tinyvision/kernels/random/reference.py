"""Random numbers from a counter: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011).

The k-th block of four numbers is a scrambled (k, stream, step) under the key `seed`: nothing has to be remembered, any part
can be drawn alone or in parallel, and the same numbers come out on every device.
"""
import numpy as np

from ...device import array_library
from ..registry import kernel

ROUNDS = 10
MULTIPLIERS = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
KEY_STEPS = 0x9E3779B9, 0xBB67AE85                         # the golden ratio, and the square root of 3 less 1
LOW, HALF = np.uint64(0xFFFFFFFF), np.uint64(32)
TRIES = 16                                                 # of which each succeeds nineteen times in twenty
NUMBERS_FOR_BETA = 2 * (1 + 3 * TRIES)


def philox(counter, key):
    """Scramble counters: four arrays of uint64 that hold 32 bits each, under a key of two such numbers; four arrays again.

    A round multiplies two of the words by constants, keeps the low halves, and mixes the high halves with the others.
    """
    a, b, c, d = counter
    for i in range(ROUNDS):
        k0, k1 = (np.uint64((k + i * step) & 0xFFFFFFFF) for k, step in zip(key, KEY_STEPS))
        left, right = MULTIPLIERS[0] * a, MULTIPLIERS[1] * c
        a, b, c, d = (right >> HALF) ^ b ^ k0, right & LOW, (left >> HALF) ^ d ^ k1, left & LOW
    return a, b, c, d


def uniform(shape, key, step=0):
    """float32 numbers in [0, 1), multiples of 2**-24, as a NumPy array.

    Args:
        shape: of the result.
        key: (seed, stream), each below 2**32; see `config.random_key`.
        step: how many times this stream was drawn from before, below 2**32.
    """
    size = int(np.prod(shape))
    block = np.arange((size + 3) // 4, dtype=np.uint64)
    counter = block & LOW, block >> HALF, np.full_like(block, key[1]), np.full_like(block, step)
    bits = np.stack(philox(counter, (key[0] & 0xFFFFFFFF, key[0] >> 32)), axis=1).reshape(-1)[:size]
    return ((bits >> np.uint64(8)).astype(np.float32) * np.float32(2 ** -24)).reshape(shape)


def normal(shape, key, step=0):
    """float64 numbers of mean 0 and deviation 1, as a NumPy array, two from each two of `uniform` (Box and Muller, 1958).

    For uniform u, v: sqrt(-2 log(1 - u)) cos(2 pi v), and the same with the sine, are normal and independent. As u is a
    multiple of 2**-24, the largest is 5.77.
    """
    size = int(np.prod(shape))
    u, v = uniform(((size + 1) // 2, 2), key, step).astype(np.float64).T
    radius, angle = np.sqrt(-2 * np.log1p(-u)), 2 * np.pi * v
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1).reshape(-1)[:size].reshape(shape)


def beta(alpha, numbers):
    """Numbers of the beta distribution of (alpha, alpha): between 0 and 1, near the ends for a small alpha, in float64.

    x / (x + y), where x and y are of the gamma distribution of alpha.

    Args:
        alpha: above 0, one for all or (N,).
        numbers: NUMBERS_FOR_BETA numbers of `uniform` for each: (NUMBERS_FOR_BETA, N).
    """
    x, y = (_log_of_gamma(alpha, part) for part in np.split(numbers.astype(np.float64), 2))
    return (1 + np.tanh((x - y) / 2)) / 2                  # 1 / (1 + exp(y - x)), which does not overflow


def _log_of_gamma(alpha, numbers):
    """Logarithms of numbers of the gamma distribution of alpha (Marsaglia and Tsang, 2000).

    For normal z, d (1 + z / sqrt(9 d))**3 nearly has that of d + 1/3; to throw a few away makes it so. With d = alpha + 2/3
    that is alpha + 1, and u**(1 / alpha) times it is what is wanted. The first of TRIES that is not thrown away is taken.
    """
    u, (a, b, c) = numbers[0], np.split(numbers[1:], 3)    # (N,), and (TRIES, N) each
    z, d = np.sqrt(-2 * np.log1p(-a)) * np.cos(2 * np.pi * b), alpha + 2 / 3
    root = np.maximum(1 + z / np.sqrt(9 * d), 1e-9)
    kept = (root > 1e-9) & (np.log1p(-c) < z * z / 2 + d * (1 - root ** 3 + 3 * np.log(root)))
    first = np.take_along_axis(root, kept.argmax(axis=0)[None], axis=0)[0]
    return np.log(d) + 3 * np.log(first) + np.log1p(-u) / alpha


@kernel
def dropped(x, rate, shape, key, step):
    """x / (1 - rate) where a draw of `uniform(shape, key, step)` is not below the rate, else 0; and where that is."""
    xp = array_library(x)
    kept = xp.asarray(uniform(shape, key, step) >= rate)
    return xp.where(kept, x / (1 - rate), xp.zeros((), x.dtype)), kept
