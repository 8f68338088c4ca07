"""tinyvision beside PyTorch, Keras and DeZero, in one run on your machine.

    python benchmarks/run.py --quick                       the small tasks: under two minutes
    python benchmarks/run.py                               everything
    python benchmarks/run.py --only mnist,layers-cats      some of it
    python benchmarks/run.py --devices cpu,cuda            CPU against GPU, by batch size
    python benchmarks/run.py --report                      no measuring: plots and README.md from the results that there are

Each library has a process of its own; they take turns, so that a change of the machine's load meets all of them. Before times
are compared the libraries must have computed the same. Results are saved after each task: Ctrl-C loses nothing.
"""
import argparse
import math
import sys
import tempfile
import time

import report
import results
from libraries import DEVICES, ENTRIES, OURS, Failed, Worker
from tasks import TASKS, by_batch_size, disagreement, selected

TURNS, QUICK_TURNS, FEWEST_TURNS = 8, 4, 3
PAUSE = 0.1                                                # seconds before each turn; see `measure`
QUICK_SECONDS = 0.4                                        # of timed calls for each library and task, with --quick
FRESH_PROCESSES, QUICK_FRESH_PROCESSES = 3, 1              # for what is measured from the start of a process
UNTIMED = 0.2                                              # see `untimed_calls`
JUDGE = "tinyvision on the CPU"                            # who says what a GPU must compute


def measure(task, workers, judge, seconds, turns):
    """The times of all calls by library, and why libraries were left out.

    The threads of BLAS and OpenMP go on looking for work for a while after a library's turn. Without a pause they would take
    the cores from whoever comes next: tinyvision, behind DeZero, took twice its time.
    """
    expected, times, failures = {}, {}, {}
    for name in agreeing(task, workers, judge, failures):
        try:
            expected[name], times[name] = seconds_of_a_call(task, workers[name]), []
        except Failed as failure:
            failures[name] = str(failure)
    for turn in range(turns):
        for name, call in expected.items():
            if name in failures or turn >= max(FEWEST_TURNS, seconds / call):
                continue
            warm, repeat = untimed_calls(call, workers[name]), max(1, math.ceil(seconds / turns / call))
            time.sleep(PAUSE)
            try:
                times[name] += workers[name].ask(task=task.name, warm=warm, repeat=repeat)["seconds"]
            except Failed as failure:
                failures[name] = str(failure)
    return {name: values for name, values in times.items() if name not in failures}, failures


def untimed_calls(call, worker):
    """How many calls come before the clock in each turn. A GPU's memory was given back after the last, and its clock sleeps."""
    return int(call < UNTIMED) if worker.device == "cpu" else max(2, math.ceil(UNTIMED / call))


def seconds_of_a_call(task, worker):
    """A first estimate: the fastest of a few calls, of one alone if that takes long."""
    first = worker.ask(task=task.name, warm=1, repeat=1)["seconds"]
    return min(first if first[0] > UNTIMED else worker.ask(task=task.name, warm=0, repeat=5)["seconds"])


def agreeing(task, workers, judge, failures):
    """The libraries that compute what tinyvision computes, {JUDGE: worker} if there is one; `failures` gets the others."""
    values = {}
    for name, worker in {**judge, **workers}.items():
        try:
            values[name] = worker.ask(task=task.name, check=True)["values"]
        except Failed as failure:
            failures[name] = str(failure)
    reference = values.pop(JUDGE, values.get(OURS))
    for name in values if reference is not None else ():
        if difference := disagreement(task, values[name], reference, workers[name].precision):
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
    workers, device = {}, record.get("device")
    for name in [name for name, entry in ENTRIES.items() if device is None or device in entry.devices]:
        worker = Worker(name, threads, device=device or "cpu", precision=record.get("precision", "float32"))
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


def run(chosen, threads, quick, folder=results.FOLDER, **where):
    """Measure the chosen tasks with a number of threads, on a device if one is named, and save them one by one."""
    record = results.opened(threads, quick, folder, **where)
    print(report.title_of(record), flush=True)
    workers, judge = started(threads, record), {JUDGE: Worker(OURS, threads)} if "gpu" in record else {}
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
                effort = (QUICK_SECONDS, QUICK_TURNS) if quick else (task.seconds, TURNS)
                values, failures = measure(task, able, judge, *effort)
            found = {name: results.summary(v) for name, v in values.items()}
            record["tasks"][task.name] = {"unit": "MB" if task.kind == "memory" else "s", "libraries": found,
                                          "left out": failures}
            results.save(record, folder)
            print(report.line(record["tasks"][task.name]), f"({time.perf_counter() - begin:.0f} s)", flush=True)
    finally:
        for worker in (*workers.values(), *judge.values()):
            worker.stop()


def device_names(text):
    if unknown := [name for name in text.split(",") if name not in DEVICES]:
        raise argparse.ArgumentTypeError(f"unknown device {unknown[0]!r}: there are {' and '.join(DEVICES)}")
    return list(dict.fromkeys(text.split(",")))


def batch_sizes(text):
    sizes = [int(n) if n.isdecimal() else 0 for n in text.split(",")]
    if min(sizes) < 1:
        raise argparse.ArgumentTypeError(f"they are whole numbers from 1, for example 1,8,32,128,512; got {text!r}")
    return sorted(set(sizes))


def options_of(arguments):
    """The options, and among them as `tasks` those that they choose, and as `threads` a list of numbers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="the small tasks, with few repeats")
    parser.add_argument("--threads", default=str(results.available_cores()),
                        help="how many threads every library gets; several numbers, 1,2, make a run for each")
    parser.add_argument("--only", default="", metavar="NAME,...", help="tasks whose names start so: mnist, cats, layers, ...")
    parser.add_argument("--devices", type=device_names, default=[], metavar="NAME,...",
                        help="cpu, cuda or both: the training and inference of MNIST and cats-vs-dogs there, by batch size")
    parser.add_argument("--batch-sizes", type=batch_sizes, metavar="N,...", help="those of --devices: 1,8,32,128,512")
    parser.add_argument("--precision", choices=["float32", "tf32"], help="how cuda multiplies and convolves; usually float32")
    parser.add_argument("--report", action="store_true", help="write plots and README.md anew, and measure nothing")
    options = parser.parse_args(arguments)
    try:
        if options.batch_sizes and not options.devices or options.precision and "cuda" not in options.devices:
            raise ValueError("--batch-sizes belongs to --devices, and --precision to --devices cuda")
        options.tasks = selected([name for name in options.only.split(",") if name], options.quick,
                                 by_batch_size(options.batch_sizes) if options.devices else TASKS)
        options.threads = [int(count) for count in options.threads.split(",")]
        if not all(1 <= count <= results.available_cores() for count in options.threads):
            raise ValueError(f"--threads: this machine has 1 to {results.available_cores()}, got {options.threads}")
    except ValueError as error:
        parser.error(str(error))
    return options


def measure_all(options):
    for threads in options.threads:
        if not options.devices:
            run(options.tasks, threads, options.quick)
        for device in options.devices:
            run(options.tasks, threads, options.quick, results.FOLDER / "devices", device=device,
                precision=options.precision or "float32")


def main(arguments=None):
    options = options_of(arguments)
    if "cuda" in options.devices:
        try:
            results.gpu()
        except RuntimeError as why:
            sys.exit(f"--devices cuda: {why}")
    try:
        if not options.report:
            measure_all(options)
    except KeyboardInterrupt:
        print("\nInterrupted; what was measured before is kept.")
    report.write()
    print(f"{report.README} and the plots in {results.FOLDER} are written")


if __name__ == "__main__":
    main()
