"""tinyvision beside PyTorch, Keras and DeZero, in one run on your machine.

    python benchmarks/run.py --quick                       the small tasks: under two minutes
    python benchmarks/run.py                               everything
    python benchmarks/run.py --only mnist,layers-cats      some of it
    python benchmarks/run.py --report                      no measuring: plots and README.md from the results that there are

Each library has a process of its own; they take turns, so that a change of the machine's load meets all of them. Before times
are compared the libraries must have computed the same. Results are saved after each task: Ctrl-C loses nothing.
"""
import argparse
import math
import tempfile
import time

import report
import results
from libraries import ENTRIES, OURS, Failed, Worker
from tasks import disagreement, selected

TURNS, QUICK_TURNS, FEWEST_TURNS = 8, 4, 3
PAUSE = 0.1                                                # seconds before each turn; see `measure`
QUICK_SECONDS = 0.4                                        # of timed calls for each library and task, with --quick
FRESH_PROCESSES, QUICK_FRESH_PROCESSES = 3, 1              # for what is measured from the start of a process
UNTIMED = 0.2                                              # a call that takes less is made once untimed in each turn


def measure(task, workers, seconds, turns):
    """The times of all calls by library, and why libraries were left out.

    The threads of BLAS and OpenMP go on looking for work for a while after a library's turn. Without a pause they would take
    the cores from whoever comes next: tinyvision, behind DeZero, took twice its time.
    """
    expected, times, failures = {}, {}, {}
    for name in agreeing(task, workers, failures):
        try:
            expected[name], times[name] = seconds_of_a_call(task, workers[name]), []
        except Failed as failure:
            failures[name] = str(failure)
    for turn in range(turns):
        for name, call in expected.items():
            if name in failures or turn >= max(FEWEST_TURNS, seconds / call):
                continue
            repeat = max(1, math.ceil(seconds / turns / call))
            time.sleep(PAUSE)
            try:
                times[name] += workers[name].ask(task=task.name, warm=int(call < UNTIMED), repeat=repeat)["seconds"]
            except Failed as failure:
                failures[name] = str(failure)
    return {name: values for name, values in times.items() if name not in failures}, failures


def seconds_of_a_call(task, worker):
    """A first estimate: the fastest of a few calls, of one alone if that takes long."""
    first = worker.ask(task=task.name, warm=1, repeat=1)["seconds"]
    return min(first if first[0] > UNTIMED else worker.ask(task=task.name, warm=0, repeat=5)["seconds"])


def agreeing(task, workers, failures):
    """The libraries that compute what tinyvision computes; `failures` gets the others."""
    values = {}
    for name, worker in workers.items():
        try:
            values[name] = worker.ask(task=task.name, check=True)["values"]
        except Failed as failure:
            failures[name] = str(failure)
    for name in values:
        if OURS in values and (difference := disagreement(task, values[name], values[OURS])):
            failures[name] = difference
    return [name for name in values if name not in failures]


def measure_fresh(task, names, threads, processes):
    """Seconds or megabytes of fresh processes by library, and why libraries were left out."""
    found, failures = {name: [] for name in names}, {}
    for _ in range(processes):
        for name in names:
            with tempfile.TemporaryDirectory() as empty:
                cold = task.name == "start-step-cold"
                worker, begin = Worker(name, threads, {"NUMBA_CACHE_DIR": empty} if cold else {}), time.perf_counter()
                try:
                    worker.start()
                    peak = worker.import_peak
                    if task.name != "start-import" and task.name != "memory-import":
                        steps = 5 if task.kind == "memory" else 1
                        peak = worker.ask(task=task.name, warm=0, repeat=steps)["peak"]
                    seconds = time.perf_counter() - begin
                    if task.kind == "memory" and peak is None:
                        raise Failed("this system does not say how much memory a process has held")
                    found[name].append(peak if task.kind == "memory" else seconds)
                except Failed as failure:
                    failures[name] = str(failure)
                finally:
                    worker.stop()
    return {name: values for name, values in found.items() if name not in failures}, failures


def started(threads, record):
    """A worker for each library that runs here; those that do not are named on the screen, with the reason."""
    workers = {}
    for name in ENTRIES:
        worker = Worker(name, threads)
        try:
            worker.start()
        except Failed as failure:
            worker.stop()
            print(f"{name} is left out: {failure}", flush=True)
            record["left out"][name] = str(failure)
        else:
            workers[name] = worker
            record["versions"].update(worker.versions)
    return workers


def run(chosen, threads, quick):
    """Measure the chosen tasks with a number of threads, and save them one by one."""
    record = results.opened(threads, quick)
    print(report.title_of(record), flush=True)
    workers = started(threads, record)
    try:
        for number, task in enumerate(chosen, start=1):
            begin = time.perf_counter()
            print(f"[{number}/{len(chosen)}] {task.title}", flush=True)
            able = {name: worker for name, worker in workers.items() if task.section in ENTRIES[name].sections}
            if task.name == "start-step-cold":
                able = {name: worker for name, worker in able.items() if name == OURS}      # the only one that compiles
            if task.kind in ("start", "memory"):
                values, failures = measure_fresh(task, able, threads, QUICK_FRESH_PROCESSES if quick else FRESH_PROCESSES)
            else:
                values, failures = measure(task, able, *((QUICK_SECONDS, QUICK_TURNS) if quick else (task.seconds, TURNS)))
            found = {name: results.summary(v) for name, v in values.items()}
            record["tasks"][task.name] = {"unit": "MB" if task.kind == "memory" else "s", "libraries": found,
                                          "left out": failures}
            results.save(record)
            print(report.line(record["tasks"][task.name]), f"({time.perf_counter() - begin:.0f} s)", flush=True)
    finally:
        for worker in workers.values():
            worker.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="the small tasks, with few repeats")
    parser.add_argument("--threads", default=str(results.available_cores()),
                        help="how many threads every library gets; several numbers, 1,2, make a run for each")
    parser.add_argument("--only", default="", metavar="NAME,...", help="tasks whose names start so: mnist, cats, layers, ...")
    parser.add_argument("--report", action="store_true", help="write plots and README.md anew, and measure nothing")
    options = parser.parse_args()
    try:
        chosen = selected([name for name in options.only.split(",") if name], options.quick)
        counts = [int(count) for count in options.threads.split(",")]
        if not all(1 <= count <= results.available_cores() for count in counts):
            raise ValueError(f"--threads: this machine has 1 to {results.available_cores()}, got {options.threads}")
    except ValueError as error:
        parser.error(str(error))
    try:
        for threads in counts if not options.report else ():
            run(chosen, threads, options.quick)
    except KeyboardInterrupt:
        print("\nInterrupted; what was measured before is kept.")
    report.write()
    print(f"{report.README} and the plots in {results.FOLDER} are written")


if __name__ == "__main__":
    main()
