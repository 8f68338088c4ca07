"""CUDA kernels: read from the .cu files beside the references, compiled when they are first called, with shapes as constants.

    kernel = compiled("conv_forward", ("matmul/float32.cuh", "matmul/tiles.cuh", ..., "conv/forward.cu"), H=28, W=28, ...)
    launch(kernel, grid, block, x, y, n)

CuPy has NVRTC compile them, for the GPU at hand, and keeps the result on disk for the next process.
"""
import functools
from pathlib import Path

import numpy as np

from ..device import array_library

HERE = Path(__file__).parent
THREADS = 256                                              # of a block, for kernels of one element a thread
# What Python's values are in a kernel: None is the address of no array
ARGUMENTS = {int: np.int32, bool: np.int32, float: np.float32, np.float64: np.float32, type(None): lambda a: np.uint64(0)}
MOST = 2 ** 31 - 2 ** 16                                   # elements that an index of 32 bits can tell apart, and then some
ENOUGH = 2                                                 # blocks for a multiprocessor, so that one works while another waits
MOST_BLOCKS = 2 ** 16 - 1                                  # of a grid, along its second and third axis


@functools.cache
def source(*names) -> str:
    """The text of .cu and .cuh files, one behind the other."""
    return "\n".join((HERE / name).read_text(encoding="utf-8") for name in names)


def compiled(name, files, **constants):
    """The kernel of that name, of those files, in which the constants (integers) are known: `constexpr int H = 28;`.

    Args:
        files: names below this folder, or whole paths of others; a list of them, put one behind the other.
    """
    return _compiled(name, tuple(files), tuple(constants.items()))


@functools.cache
def _compiled(name, files, constants):
    import cupy
    known = "".join(f"constexpr int {constant} = {int(value)};\n" for constant, value in constants)
    return cupy.RawModule(code=known + source(*files), options=("-std=c++17",)).get_function(name)


def launch(kernel, grid, block, *arguments) -> None:
    """Run a kernel: `grid` blocks of `block` threads, on the device of its arrays.

    Args:
        arguments: arrays, in C's order; integers, which become `int`; floats, which become `float`; None for no array.
    """
    if 0 in grid:
        return
    kernel(grid, block, tuple(ARGUMENTS[type(a)](a) if type(a) in ARGUMENTS else a for a in arguments))


def for_each(kernel, count: int, *arguments) -> None:
    """Run a kernel by a thread for each of so many elements, the number of which is its last argument."""
    launch(kernel, (-(-count // THREADS),), (THREADS,), *arguments, count)


def multiprocessors() -> int:
    """How many multiprocessors the current GPU has."""
    import cupy
    return _multiprocessors_of(cupy.cuda.runtime.getDevice())


@functools.cache
def _multiprocessors_of(number):
    import cupy
    return cupy.cuda.Device(number).attributes["MultiProcessorCount"]


def contiguous(x):
    """The array itself, or a copy whose elements lie in C's order: kernels do not see strides."""
    return array_library(x).ascontiguousarray(x)


def address(x):
    """An array for a kernel that is told its strides: itself, or where its first element lies."""
    return x if x.flags.c_contiguous else np.uint64(x.data.ptr)


@functools.lru_cache(1000)
def sizes_of(windows) -> dict:
    """The geometry of windows, as constants of a kernel; nobody may change the dictionary."""
    pairs = {"H W": windows.image, "KH KW": windows.size, "OH OW": windows.output, "SH SW": windows.strides,
             "DH DW": windows.dilation, "TOP LEFT": [before for before, _ in windows.margins]}
    return {name: n for names, pair in pairs.items() for name, n in zip(names.split(), pair)}


def fits(*arrays) -> bool:
    """Whether kernels can take these arrays: float32, and no more elements than 32 bits can count."""
    return all(a is None or (a.dtype == np.float32 and a.size <= MOST) for a in arrays)
