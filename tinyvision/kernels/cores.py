"""How many cores the kernels use, and the lock that gives all of them to one kernel at a time."""
import functools
import os
import threading

all_of_them = threading.RLock()                            # held while a job runs, of which there is one at a time
_threads = None


def get_num_threads() -> int:
    """How many threads the kernels use: all cores that this process may use, unless set."""
    return _threads or _available()


def set_num_threads(count: int | None) -> None:
    """Choose how many threads the kernels use, and the matrix products of NumPy; None for as many as there are cores.

    Raises:
        ValueError: `count` is not in 1 .. the number of cores.
    """
    global _threads
    if count is not None and (isinstance(count, bool) or not hasattr(count, "__index__") or not 1 <= count <= _available()):
        raise ValueError(f"set_num_threads: this process has 1 to {_available()} threads to use, got {count!r}")
    import threadpoolctl

    _threads = count
    threadpoolctl.threadpool_limits(count or _available(), user_api="blas")


@functools.cache
def _available():
    set_by_user = os.environ.get("NUMBA_NUM_THREADS") or os.environ.get("OMP_NUM_THREADS")
    if set_by_user and set_by_user.isdigit() and int(set_by_user) > 0:
        return int(set_by_user)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
