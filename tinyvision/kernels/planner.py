"""What a version of a kernel costs, by which the registry chooses; and `explain`, which shows the choice.

The estimate is the roofline: the time to do the arithmetic at the rate that this kind of loop reaches, and the time to move
what does not stay in the caches. The two speeds below are those of two cores of the machine on which the rates were measured
(AVX-512); on others all estimates are off by about the same factor, and the choice is the same.
"""
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .registry import WATCHERS

PEAK, BANDWIDTH = 350e9, 20e9                              # float32 operations and bytes a second


@dataclass
class Cost:
    """What one run of a version costs.

    Attributes:
        operations: floating-point additions and multiplications.
        bytes: read from memory and written to it.
        workspace: bytes beside the arguments and the result.
        rate: the part of the arithmetic peak that the version reaches, as measured on large layers.
    """
    operations: float
    bytes: float
    workspace: float = 0
    rate: float = 0.5

    @property
    def seconds(self):
        return self.operations / (self.rate * PEAK) + self.bytes / BANDWIDTH


def explain(function: Callable, *args, print_fn=print, **settings) -> list[dict]:
    """Call a function (a layer, `model.train_on_batch`, an op) and print which kernels ran, and why these.

    For each run: the kernel, the shapes, the version; and where versions were compared by cost, its arithmetic, the bytes that
    it moves, its workspace, and the estimates for all that could have run.

    Args:
        function: what to call with the other arguments.
        print_fn: takes each line in place of `print`.

    Returns:
        What was printed: a dictionary for each run.

    >>> from tinyvision import layers
    >>> rows = explain(layers.Conv2D(64, 3), np.zeros((8, 32, 32, 32), "float32"))
    conv_block_forward (8, 32, 32, 32) (3, 3, 32, 64) (64,)
        winograd: 0.096 Gflop, 3.5 MB, workspace ... MB; estimated 0.86 ms (direct 1.7)
    """
    rows = []

    def watch(kernel, version, arguments):
        rows.append(_described(kernel, version, arguments))

    WATCHERS.append(watch)
    try:
        function(*args, **settings)
    finally:
        WATCHERS.remove(watch)
    for row in rows:
        print_fn(f"{row['kernel']} {' '.join(map(str, row['shapes']))}")
        if row["cost"] is None:
            print_fn(f"    {row['version']}")
            continue
        rivals = ", ".join(f"{name} {ms:.2g}" for name, ms in row["rivals"].items())
        print_fn(f"    {row['version']}: {row['cost'].operations / 1e9:.2g} Gflop, {row['cost'].bytes / 1e6:.2g} MB, workspace "
                 f"{row['cost'].workspace / 1e6:.2g} MB; estimated {row['cost'].seconds * 1e3:.2g} ms"
                 + (f" ({rivals})" if rivals else ""))
    return rows


def _described(kernel, version, arguments):
    shapes = [a.shape for a in arguments if isinstance(a, np.ndarray) and a.size]
    compared = isinstance(arguments[0], np.ndarray) and version.cost is not None
    rivals = {v.name: v.cost(*arguments).seconds * 1e3 for v in kernel.versions.values()
              if compared and v is not version and v.cost is not None and v.serves(*arguments)}
    return {"kernel": kernel.name, "shapes": shapes, "version": version.name,
            "cost": version.cost(*arguments) if compared else None, "rivals": dict(sorted(rivals.items(), key=lambda r: r[1]))}
