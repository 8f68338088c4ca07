"""Compiling functions to machine code that is called by its address, and keeping it on disk.

The folder's name carries a hash of all sources in `kernels/`: Numba by itself does not notice a change in a function of another
file, and would go on calling the old one.
"""
import contextlib
import functools
import hashlib
import itertools
import os
import pickle
import shutil
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numba
import numpy as np
from llvmlite import ir
from llvmlite.binding import Linkage
from numba import carray, cfunc, types
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler_lock import global_compiler_lock
from numba.extending import intrinsic
from tqdm import tqdm

from ..files import cache_folder
from .vectors import inner


@intrinsic
def _pointer(typing_context, address):
    return types.voidptr(types.int64), lambda context, builder, signature, values: builder.inttoptr(
        values[0], ir.IntType(8).as_pointer())


@inner
def floats_at(address, size):
    """The float32 array that lies at an address."""
    return carray(_pointer(address), size, np.float32)


@inner
def integers_at(address, size):
    """The int64 array that lies at an address."""
    return carray(_pointer(address), size, np.int64)


def compiled(function, signature):
    """Machine code for a function, from disk or newly made; `.address` is where it begins."""
    with _optimized_alone(function.__qualname__):
        return _from_disk_or_new(lambda keep: cfunc(signature, cache=keep)(function), function.__name__)


@contextlib.contextmanager
def _optimized_alone(name):
    """Have LLVM optimize just the function of that name, once all that it calls has become part of it.

    Numba by itself optimizes each function alone, and again within each that calls it: a quarter of the time to compile. What
    is called and not inlined needs a name of its own then: of functions with the same name the linker takes any. It is no
    public part of Numba that is changed here for a while; where it is missing, Numba does as ever.
    """
    optimize = getattr(JITCodeLibrary, "_optimize_final_module", None)
    if optimize is None:
        yield
        return

    def optimize_one(library):
        if library.name == name:
            for part in library._final_module.functions:
                if part.linkage == Linkage.linkonce_odr:
                    part.name = f"{name}.{part.name}"
            optimize(library)

    with global_compiler_lock:                             # whatever other threads compile waits, and is optimized as ever
        JITCodeLibrary._optimize_final_module = optimize_one
        try:
            yield
        finally:
            JITCodeLibrary._optimize_final_module = optimize


def _from_disk_or_new(compile, name):
    """compile(whether to keep it on disk): the first time, which takes a second or so, it is said on the screen."""
    folder = _folder()
    if folder is None:
        with _said(name.removesuffix("_entry")):
            return compile(False)
    before, numba.config.CACHE_DIR = numba.config.CACHE_DIR, str(folder)
    try:
        if any(folder.glob(f"*/*.{name}-*.nbi")):
            return compile(True)
        with _said(name.removesuffix("_entry")):
            return compile(True)
    except (OSError, EOFError, ValueError, pickle.PickleError, RuntimeError):
        return compile(False)                              # what lies there cannot be read, or the source is no file
    finally:
        numba.config.CACHE_DIR = before


@functools.cache
def _folder():
    """Where machine code is kept, for just these sources; None, with a warning, if nothing can be written."""
    home = Path(numba.config.CACHE_DIR) if numba.config.CACHE_DIR else cache_folder() / "kernels"
    folder = home / f"tinyvision-{hash_of_sources()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
        for other in home.glob("tinyvision-*"):            # of sources that were edited since
            if time.time() - other.stat().st_mtime > 30 * 24 * 3600:
                shutil.rmtree(other, ignore_errors=True)
        os.utime(folder)
        return folder
    except OSError as error:
        warnings.warn(f"the compiled kernels cannot be kept in {folder} ({error}); every process compiles them anew. "
                      "NUMBA_CACHE_DIR names another folder", RuntimeWarning, stacklevel=2)
        return None


def hash_of_sources() -> str:
    """A hash of all files that compiled code comes from."""
    here = Path(__file__).parent
    return hashlib.sha256(b"".join(path.read_bytes() for path in sorted(here.rglob("*.py")))).hexdigest()[:16]


_compiled_here = itertools.count(1)


@contextlib.contextmanager
def _said(name):
    """A line on the screen while something compiles, gone when it is done; in a file, where nothing goes, one that stays."""
    if not sys.stderr.isatty():
        print(f"tinyvision compiles for this machine, once: {name} ({next(_compiled_here)})", file=sys.stderr, flush=True)
        yield
        return
    with tqdm(desc=f"tinyvision compiles for this machine, once: {name}", initial=next(_compiled_here),
              bar_format="{desc} ({n}, {elapsed})", leave=False, file=sys.stderr):
        yield
