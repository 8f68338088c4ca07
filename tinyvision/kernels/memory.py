"""Arrays whose memory is used again: what a training step allocates, the next one needs too.

The system hands out large blocks of memory page by page, each filled with zeros when it is first touched, and takes them back
at once: 3 ms for the 32 MB that a first layer's output takes, in every step. `empty` keeps the blocks instead. A block is free
when no array shows it any more.
"""
import math
import os
import sys
import threading

import numpy as np

SMALL = 2 ** 16                                            # bytes below which the system is as fast
LINE = 64                                                  # bytes of a line of the cache
REMEMBERED = 512                                           # a block that so many calls did not need is given back

_blocks = {}                                               # bytes -> [[block, the call that last used it, its start], ...]
_lock = threading.Lock()
_calls = 0


def empty(shape, dtype=np.float32) -> np.ndarray:
    """`np.empty`, in memory that was used before if there is a free block of that size."""
    global _calls
    size = math.prod(shape) * (4 if dtype is np.float32 else np.dtype(dtype).itemsize)
    if size < SMALL:
        return np.empty(shape, dtype)
    room = 1 << max(size.bit_length() - 3, 12)             # sizes are rounded up, by 25% at most, so that blocks fit more often
    room = -(-size // room) * room
    with _lock:
        _calls += 1
        blocks = _blocks.setdefault(room, [])
        for entry in blocks:
            if sys.getrefcount(entry[0]) == 2:             # the list's, and the argument of getrefcount: no array shows it
                entry[1] = _calls
                block = entry[0]
                break
        else:
            _forget()
            block = np.empty(room + LINE, np.uint8)
            entry = [block, _calls, -block.ctypes.data % LINE]
            blocks.append(entry)
        return np.ndarray(shape, dtype, block, entry[2])   # from a line of the cache on: vectors across two lines take longer


def _forget():
    """Give back the blocks that nobody has asked for of late."""
    for blocks in _blocks.values():
        blocks[:] = [entry for entry in blocks if sys.getrefcount(entry[0]) > 2 or entry[1] > _calls - REMEMBERED]


def release() -> None:
    """Give all free blocks back to the system."""
    with _lock:
        for blocks in _blocks.values():
            blocks[:] = [entry for entry in blocks if sys.getrefcount(entry[0]) > 2]


def _after_fork():
    """Another thread of the parent may have held the lock."""
    global _lock
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
