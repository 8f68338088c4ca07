"""The process of one library: `worker.py ENTRY THREADS DEVICE PRECISION`. It reads a request a line, in JSON, and answers so.

{"task": name, "check": true} is answered with the numbers that must agree between libraries; {"task": name, "warm": w,
"repeat": r} with the seconds of each of r calls, after w that are not timed. Every answer holds the peak of memory so far.
run.py starts it, by libraries.py.
"""
import gc
import json
import os
import re
import sys
import time

try:
    import resource
except ImportError:                                        # Windows has none
    resource = None


def peak_megabytes():
    """The most memory that this process has held; None on Windows.

    On Linux ru_maxrss begins with that of the process that started this one; /proc has its own.
    """
    try:
        with open("/proc/self/status") as lines:
            return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        if resource is None:
            return None
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak / (2 ** 20 if sys.platform == "darwin" else 1024)


def answer(answers, **facts):
    answers.write(json.dumps({**facts, "peak": peak_megabytes()}) + "\n")
    answers.flush()


def seconds_of(call):
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def completed(call, synchronize):
    """The call, which now returns when the GPU has done all of it."""
    def both():
        call()
        synchronize()
    return both


def described(error):
    """The first line of an error; "out of memory" stands before it, in whatever words a library says so."""
    lines = str(error).strip().splitlines()
    told = f"{type(error).__name__}: {lines[0][:200] if lines else ''}"
    short = isinstance(error, MemoryError) or re.search("out of memory|can't allocate memory|OOM when", told)
    return f"out of memory: {told}" if short else told


def main():
    # Whatever a library prints goes to stderr; answers go where stdout was.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    import libraries

    name, threads, device, precision = sys.argv[1:]
    entry = libraries.ENTRIES[name]
    try:
        library = libraries.load(entry, int(threads), device, precision)
    except Exception as error:                             # whatever goes wrong, the parent leaves it out and says why
        answer(answers, error=described(error))
        return
    answer(answers, versions=libraries.versions(entry))
    prepared = {}
    for line in sys.stdin:
        request = json.loads(line)
        try:
            facts = respond(library, request, prepared, device)
            if device != "cpu":                            # the libraries share a GPU: its memory is for whoever's turn it is
                prepared.clear()
                gc.collect()
                library.let_go()
        except Exception as error:
            facts = {"error": described(error)}
        answer(answers, **facts)


def respond(library, request, prepared, device):
    """The answer to one request; `prepared` holds the call of the last task that was timed."""
    import tasks

    task = tasks.named(request["task"])
    prepare, check, _ = tasks.KINDS["train" if task.kind in ("start", "memory") else task.kind]
    if request.get("check"):
        prepared.clear()
        return {"values": check(library, task)}
    if task.name not in prepared:
        prepared.clear()                                   # before the next is made: it can be large
        call = prepare(library, task)
        prepared[task.name] = call if device == "cpu" else completed(call, library.synchronize)
    for _ in range(request["warm"]):
        prepared[task.name]()
    return {"seconds": [seconds_of(prepared[task.name]) for _ in range(request["repeat"])]}


if __name__ == "__main__":
    main()
