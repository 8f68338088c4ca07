"""Plots and README.md from the stored results: those of this repository, and a user's own."""
import math
import os
from pathlib import Path

from libraries import ENTRIES, OURS, RIVALS, TUNED
from results import FOLDER, best_median, ratio, replacing, stored
from tasks import SECTIONS, TASKS, named

README = Path(__file__).with_name("README.md")
COLOURS = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"         # the palette of Okabe and Ito
MARKERS = "o", "s", "^", "v", "D", "X"
LINESTYLES = "--", "-", ":", "-."
BY_DEVICE = ((OURS,), COLOURS[0], 2.5), (RIVALS, COLOURS[1], 1.2), (("keras",), COLOURS[4], 1.2)       # as in draw_scaling
SHORT = "out of memory"
LONGEST_BAR = 3                                            # a larger ratio is cut off there; its number stands beside the bar
EXPLANATION = """# Benchmarks

tinyvision beside PyTorch, Keras on TensorFlow, and DeZero, on your machine: each is measured where it is installed.

```
pip install -e ".[reference]"                          # the other libraries
python benchmarks/run.py --quick                       # the small tasks: under two minutes
python benchmarks/run.py                               # everything
python benchmarks/run.py --only mnist,layers-cats      # tasks by the start of their names
python benchmarks/run.py --threads 1,2                 # a run for each number of threads
python benchmarks/run.py --devices cpu,cuda            # CPU against GPU, by batch size; --precision tf32, --batch-sizes 64,256
python benchmarks/run.py --report                      # this page and its plots from the stored results, without measuring
python benchmarks/pipeline.py                          # how fast images come from a folder
```

Results go to `results/`, a file for each machine, number of threads and day, those of `--devices` to `results/devices/`; the
plots and this page are made of all files there. The page is written by the command: edit `report.py` instead.

## How it is measured

* Each library runs in a process of its own, with the same number of threads. They take turns of a part of a second or a few
  calls, so that a change of the machine's load meets all of them; a pause between turns lets the threads of the one before
  fall asleep. Times are medians over all turns; the quartiles say how far they spread.
* The ratio is tinyvision's median divided by that of PyTorch's better memory layout, channels first or channels last. Below
  1, tinyvision is faster.
* Everybody gets float32 images that lie ready in the layout that it likes best, the same initial weights and the same
  batches.
* Before training times are compared, the losses of up to 50 steps must agree: the first to a relative 1e-4, the others to
  5e-2; a library that takes longer than 60 seconds for this stops early. These steps are plain gradient descent without
  dropout: random numbers differ between libraries, and so does RMSprop (Keras adds epsilon under the root, PyTorch outside).
  The steps that are timed have both. Predictions, and the norms of what layers and blocks return, must agree to 1e-3. Who
  disagrees is named, and not timed.
* A training step is forward, backward and RMSprop's update, and ends with the loss as a Python number. DeZero has no RMSprop:
  its own is in `in_dezero.py`.
* Layers: forward is convolution, bias and ReLU; backward is the gradients of input, kernel and bias together, without the
  ReLU's. Blocks: forward and backward, to the input and all weights, without an optimizer.
* "Tuned malloc" is PyTorch, channels last, with glibc told to keep memory (`MALLOC_TRIM_THRESHOLD_` and others, see
  `libraries.py`); few users set these, so the first ratio leaves it out, and the second is to this alone.
* Start and memory are measured in fresh processes, the median of three (one with `--quick`). "Nothing compiled before" is
  with an empty cache folder.
* With `--devices`, training and inference of two networks are measured at several batch sizes, on each device, beside the
  libraries that can compute there. A call on a GPU ends when the GPU has done all of it; weights and batches are in its
  memory, losses and probabilities come back. The numbers must agree with tinyvision's on the CPU, in TF32 to 1e-2.
  `--precision` sets the same for tinyvision and PyTorch. After its turn a library gives the GPU's memory back, so that each
  has all of it; who runs out of memory at a batch size is named.
* Times depend on the machine and what else it does; the ratio within one run is what to quote.
"""


def write(folder=FOLDER, readme=README):
    """Make the plots and the page anew from all records in a folder."""
    records, devices = stored(folder), stored(Path(folder) / "devices")
    parts = [EXPLANATION]
    for file, figure in (("ratios.png", draw_ratios(records)), ("batch_size.png", draw_batch_sizes(records)),
                         ("image_size.png", draw_image_sizes(records)), ("devices.png", draw_devices(devices))):
        path = Path(folder) / file
        if figure is None:
            path.unlink(missing_ok=True)                   # no record has these tasks any more
            continue
        with replacing(path) as temporary:
            figure.savefig(temporary, dpi=110)
        parts.append(f"![{figure.get_suptitle()}]({os.path.relpath(path, Path(readme).parent).replace(os.sep, '/')})\n")
    if not any("gpu" in record for record in devices.values()):
        parts.append("`--devices cuda` has not been run on a GPU yet.\n")
    parts += [pipelines(stored(Path(folder) / "pipeline"))]
    parts += [described(record) for record in (*records.values(), *devices.values())] or ["There are no results yet.\n"]
    with replacing(readme) as temporary:
        temporary.write_text("\n".join(parts), encoding="utf-8")


def line(task_record):
    """The results of one task for the screen."""
    unit, found = task_record["unit"], task_record["libraries"]
    parts = [f"{name} {shown(one['median'], unit)} {'ms' if unit == 's' else unit}" for name, one in found.items()]
    if (r := ratio(found)) is not None:
        parts.append(f"ratio {r:.2f}")
    parts += [f"{name} is left out: {reason}" for name, reason in task_record["left out"].items()]
    return "    " + "; ".join(parts)


def shown(value, unit):
    """A median with three digits: seconds as milliseconds."""
    value = value * 1e3 if unit == "s" else value
    return f"{value:.{max(0, 2 - math.floor(math.log10(value)))}f}" if value > 0 else "0"


def title_of(record):
    sizes = ", by batch size" if "device" in record else ""
    return f"{hardware(record)}, {record['date']}{sizes}" + (", quick" if record["quick"] else "")


def hardware(record):
    """What computed: the processor with its threads, or the GPU with its precision."""
    return f"{record['gpu']}, {record['precision']}" if "gpu" in record else processor(record)


def processor(record):
    return f"{record['processor']}, {record['threads']} thread" + "s" * (record["threads"] > 1)


# The page -----------------------------------------------------------------------------------------------------------------

def described(record):
    """The section of one record: the machine, and a table of all its tasks."""
    versions = ", ".join(f"{name} {number}" for name, number in record["versions"].items())
    host = f"On {processor(record)}; " if "gpu" in record else ""
    lines = [f"## {title_of(record)}", "",
             f"{host}{record['cores']} cores, {record['system']}, Python {record['python']}; {versions}."]
    lines += [f"{name} is left out: {reason}." for name, reason in record["left out"].items()]
    for unit, heading in (("s", "ms"), ("MB", "MB")):
        rows = [row(named(name).title, one) for name, one in in_order(record) if one["unit"] == unit]
        if rows:
            lines += ["", f"| in {heading} | tinyvision | PyTorch, better layout | ratio | PyTorch, tuned malloc | ratio "
                      "| Keras | DeZero | quartiles (calls) |", "|---|---|---|---|---|---|---|---|---|", *rows]
    return "\n".join(lines) + "\n"


def pipelines(records):
    """The section of the data pipeline, from the records that pipeline.py leaves."""
    lines = ["## From files to batches", "",
             "`image_dataset_from_directory` on a folder of JPEGs, resized to 180x180, in batches of 32, beside the training",
             "step of the cats-vs-dogs convnet that takes them; RandomFlip, RandomRotation and RandomZoom where it says",
             "augmented. Each alone, in turn; then both together, in `fit`. Medians of images per second, and quartiles.", ""]
    for record in records.values():
        tasks, step = record["tasks"], record["tasks"]["training"]["median"]
        versions = ", ".join(f"{name} {number}" for name, number in record["versions"].items())
        load = f"; load {record['load']}, with all else that the machine did" if record.get("load") else ""
        lines += [f"{title_of(record)}; {versions}{load}:", "",
                  "| | images/s | times the training's | quartiles (passes) |", "|---|---|---|---|"]
        lines += [f"| {name} | {one['median']:.0f} | {one['median'] / step:.2f} | {one['lower quartile']:.0f} to "
                  f"{one['upper quartile']:.0f} ({one['calls']}) |" for name, one in tasks.items()]
        lines += [""]
    return "\n".join(lines if records else [*lines, "There are no results yet.", ""])


def in_order(record):
    """The tasks of a record in the order of TASKS, or by batch size; those that there are no more are passed over."""
    def by_size(name):
        task = named(name)
        return SECTIONS.index(task.section), task.kind != "train", task.batch
    names = sorted(record["tasks"], key=by_size) if "device" in record else TASKS
    return [(name, record["tasks"][name]) for name in names if name in record["tasks"]]


def row(title, one):
    found, unit = one["libraries"], one["unit"]

    def cell(name):
        return shown(found[name]["median"], unit) if name in found else ""
    theirs, r, tuned = best_median(found), ratio(found), ratio(found, (TUNED,))
    cells = [title, cell(OURS), shown(theirs, unit) if theirs else "", f"**{r:.2f}**" if r else "",
             cell(TUNED), f"{tuned:.2f}" if tuned else "", cell("keras"), cell("dezero"), how_measured(one)]
    return f"| {' | '.join(cells)} |"


def how_measured(one):
    """Quartiles and calls of the two that the ratio compares, the layout that was better, and who was left out."""
    found, parts = one["libraries"], []
    best = min((name for name in RIVALS if name in found), key=lambda name: found[name]["median"], default=None)
    for name in (OURS, best):
        if name in found:
            lower, upper = (shown(found[name][f"{which} quartile"], one["unit"]) for which in ("lower", "upper"))
            whose = {OURS: "ours", "torch": "channels first"}.get(name, "channels last")
            parts.append(f"{whose} {lower} to {upper} ({found[name]['calls']})")
    return "; ".join([*parts, *(f"{name} left out: {reason}" for name, reason in one["left out"].items())])


# The plots ----------------------------------------------------------------------------------------------------------------

def draw_ratios(records):
    """Bars by task, a colour for each record, and a line where both are equal; networks and blocks left, layers right."""
    found = [{name: r for name, one in in_order(record) if (r := ratio(one["libraries"])) is not None}
             for record in records.values()]
    names = [name for name in TASKS if any(name in ratios for ratios in found)]
    left = [name for name in names if TASKS[name].section not in ("layers", "scaling")]
    right = [name for name in names if TASKS[name].section == "layers"]
    columns = [column for column in (left, right) if column]
    if not columns:
        return None
    from matplotlib.patches import Patch
    figure = new_figure(6.5 * len(columns), 1.6 + 0.22 * max(map(len, columns)) * max(1, 0.6 * len(records)))
    for ax, column in zip(figure.subplots(1, len(columns), squeeze=False)[0], columns):
        thick = 0.8 / len(records)
        for i, ratios in enumerate(found):
            here = [(place, ratios[name]) for place, name in enumerate(column) if name in ratios]
            places = [place + (i - (len(records) - 1) / 2) * thick for place, _ in here]
            bars = ax.barh(places, [min(r, LONGEST_BAR) for _, r in here], thick, color=COLOURS[i % len(COLOURS)])
            ax.bar_label(bars, [f"{r:.2f}" for _, r in here], padding=2, fontsize=7)
        ax.axvline(1, color="black", linewidth=1)
        ax.set(yticks=range(len(column)), yticklabels=column, xlabel="tinyvision / PyTorch's better layout: below 1 is better")
        ax.set_ylim(len(column) - 0.5, -0.5)
        ax.margins(x=0.12)
        ax.grid(axis="x", alpha=0.3)
    figure.suptitle("Time, or memory, of tinyvision divided by PyTorch's")
    colours = [Patch(color=COLOURS[i % len(COLOURS)], label=title_of(record)) for i, record in enumerate(records.values())]
    figure.legend(handles=colours, loc="outside lower center", frameon=False)
    return figure


def draw_batch_sizes(records):
    return draw_scaling(records, "scaling-batch-", "batch size", "Training step of the MNIST convnet, by batch size")


def draw_image_sizes(records):
    return draw_scaling(records, "scaling-image-", "pixels a side", "Training step of the cats-vs-dogs convnet, by image size")


def draw_scaling(records, prefix, xlabel, title):
    """Milliseconds against a size, a panel for each record, a line for each library."""
    records = [record for record in records.values() if any(name.startswith(prefix) for name in record["tasks"])]
    if not records:
        return None
    columns = min(len(records), 3)
    lines = math.ceil(len(records) / columns)
    figure = new_figure(5.8 * columns, 4.2 * lines)
    axes = figure.subplots(lines, columns, squeeze=False, sharex=True, sharey=True).ravel()
    for ax, record in zip(axes, records):
        tasks = [(int(name.removeprefix(prefix)), one["libraries"])
                 for name, one in in_order(record) if name.startswith(prefix)]
        for name, colour, marker in zip(ENTRIES, COLOURS, MARKERS):
            points = [(size, found[name]["median"] * 1e3) for size, found in tasks if name in found]
            if points:
                ax.plot(*zip(*points), marker=marker, color=colour, linewidth=2.5 if name == OURS else 1.2, label=name)
        ax.set(xlabel=xlabel, title=title_of(record))
        scale_by_logarithms(ax, [size for size, _ in tasks])
    axes[0].set_ylabel("ms a step")
    for ax in axes[len(records):]:
        ax.set_axis_off()
    figure.suptitle(title)
    fullest = max(axes, key=lambda ax: len(ax.lines))
    figure.legend(*fullest.get_legend_handles_labels(), loc="outside lower center", ncols=3 * columns, frameon=False)
    return figure


def draw_devices(records):
    """Images per second by batch size: a panel for each network and kind of step, a line for each library and device."""
    panels = panels_of(records)
    if not panels:
        return None
    columns = min(len(panels), 2)
    rows = math.ceil(len(panels) / columns)
    figure = new_figure(5.8 * columns, 1 + 3.6 * rows)
    axes = figure.subplots(rows, columns, squeeze=False, sharey="row").ravel()
    devices = dict.fromkeys(where for found in panels.values() for where in found)
    styles = {where: {"linestyle": LINESTYLES[i % len(LINESTYLES)], "marker": MARKERS[i % len(MARKERS)]}
              for i, where in enumerate(devices)}
    for ax, (title, found) in zip(axes, panels.items()):
        for where, tasks in found.items():
            draw_device(ax, sorted(tasks.items()), styles[where])
        ax.set(title=title, xlabel="batch size")
        scale_by_logarithms(ax, sorted({size for tasks in found.values() for size in tasks}))
    for ax in axes[len(panels):]:
        ax.set_axis_off()
    for ax in axes[::columns]:
        ax.set_ylabel("images per second")
    figure.suptitle("Images per second, by batch size; PyTorch in the better of its layouts")
    figure.legend(handles=legend_of_devices(axes, styles), loc="outside lower center", ncols=3, frameon=False)
    return figure


def panels_of(records):
    """{title: {hardware: {batch size: what was found}}}: the newest of each, of quick runs where there is no other."""
    panels = {}
    for record in sorted(records.values(), key=lambda one: (one["device"], not one["quick"], one["date"])):
        for name, one in in_order(record):
            task = named(name)
            panels.setdefault(task.title.rpartition(",")[0], {}).setdefault(hardware(record), {})[task.batch] = one
    return panels


def draw_device(ax, tasks, style):
    """The lines of the libraries on one device; crosses where memory was short, as high as the last point."""
    for names, colour, width in BY_DEVICE:
        speeds = {size: size / median for size, one in tasks if (median := best_median(one["libraries"], names))}
        if speeds:
            ax.plot(*zip(*speeds.items()), color=colour, linewidth=width, label=names[0], **style)
        for size, one in tasks:
            if speeds and size not in speeds and one["left out"].get(names[0], "").startswith(SHORT):
                ax.plot(size, speeds[max(speeds)], "x", markersize=9, color=colour, label=SHORT)


def legend_of_devices(axes, styles):
    """The colours of the libraries, the lines of the devices, and the cross; of what is there."""
    from matplotlib.lines import Line2D

    there = {label for ax in axes for label in ax.get_legend_handles_labels()[1]}
    return [*(Line2D([], [], color=colour, linewidth=width, label=names[0])
              for names, colour, width in BY_DEVICE if names[0] in there),
            *(Line2D([], [], color="black", linewidth=1.2, label=where, **style) for where, style in styles.items()),
            *(Line2D([], [], color="black", marker="x", linestyle="none", label=SHORT) for _ in there & {SHORT})]


def scale_by_logarithms(ax, sizes):
    from matplotlib.ticker import LogLocator

    ax.set(xscale="log", yscale="log")
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.yaxis.set_major_formatter("{x:.9g}")
    ax.set_xticks(sizes, [str(size) for size in sizes])
    ax.minorticks_off()
    ax.grid(alpha=0.3)


def new_figure(width, height):
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")
