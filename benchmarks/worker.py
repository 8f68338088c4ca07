"""The process of one library: `worker.py ENTRY THREADS`. It reads a request a line and answers a line, both JSON.

{"task": name, "check": true} is answered with the numbers that must agree between libraries; {"task": name, "warm": w,
"repeat": r} with the seconds of each of r calls, after w that are not timed. Every answer holds the peak of memory so far.
run.py starts it, by libraries.py.
"""
import json
import os
import sys
import time

try:
    import resource
except ImportError:                                        # Windows has none
    resource = None

# Whatever a library prints goes to stderr; answers go where stdout was.
answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)


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


def answer(**facts):
    answers.write(json.dumps({**facts, "peak": peak_megabytes()}) + "\n")
    answers.flush()


def seconds_of(call):
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def described(error):
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:200] if lines else ''}"


def main():
    import libraries

    entry, threads = libraries.ENTRIES[sys.argv[1]], int(sys.argv[2])
    try:
        library = libraries.load(entry, threads)
    except Exception as error:                             # whatever goes wrong, the parent leaves it out and says why
        answer(error=described(error))
        return
    answer(versions=libraries.versions(entry))
    prepared = {}
    for line in sys.stdin:
        request = json.loads(line)
        try:
            respond(library, request, prepared)
        except Exception as error:
            answer(error=described(error))


def respond(library, request, prepared):
    """Answer one request; `prepared` holds the call of the last task that was timed."""
    import tasks

    task = tasks.TASKS[request["task"]]
    prepare, check, _ = tasks.KINDS["train" if task.kind in ("start", "memory") else task.kind]
    if request.get("check"):
        prepared.clear()
        return answer(values=check(library, task))
    if task.name not in prepared:
        prepared.clear()                                   # before the next is made: it can be large
        prepared[task.name] = prepare(library, task)
    for _ in range(request["warm"]):
        prepared[task.name]()
    answer(seconds=[seconds_of(prepared[task.name]) for _ in range(request["repeat"])])


if __name__ == "__main__":
    main()
