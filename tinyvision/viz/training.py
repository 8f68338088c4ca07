"""Pictures of training: how it went, and what came of it."""
import itertools
from typing import TYPE_CHECKING

import numpy as np

from ..autograd import to_numpy
from .canvas import BLUE, COLORS, GREY, ORANGE, panels

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def curves(history, leave_out=(), log_epochs: bool = False) -> "Figure":
    """Loss and metrics over the epochs: a panel each, training and validation together.

    Args:
        history: a History, or its dictionary {"loss": [...], "val_loss": [...]}; or several runs to compare, {"name": history}:
            then each has a colour, validation drawn through and training dotted.
        leave_out: names of logs without a panel of their own, such as "learning_rate".
        log_epochs: draw the epochs on a logarithmic axis, where runs of 30 and of 300 of them can be seen together.

    >>> figure = curves({"short": {"loss": [1, 0.5], "val_loss": [1, 0.7]}, "long": {"loss": [1, 0.6, 0.4]}})
    """
    logs = getattr(history, "history", history)
    runs = {name: getattr(run, "history", run) for name, run in logs.items()}
    several = all(isinstance(run, dict) for run in runs.values())
    runs = runs if several else {"": logs}
    names = [name for name in dict.fromkeys(itertools.chain(*runs.values()))          # each once, in order
             if not name.startswith("val_") and name not in leave_out]
    figure, axes = panels(len(names), width=5.4 if several else 4.2, height=3.8 if several else 3.2)
    for ax, name in zip(axes, names):
        for (run, logs), color in zip(runs.items(), itertools.cycle(COLORS)):
            if several:
                lines = (f"val_{name}", "-", color, run), (name, ":", color, "" if f"val_{name}" in logs else run)
            else:
                lines = (name, "o-", BLUE, "training"), (f"val_{name}", "s--", ORANGE, "validation")
            for key, style, colour, label in lines:
                if key in logs:
                    ax.plot(np.arange(1, len(logs[key]) + 1), logs[key], style, color=colour, label=label or None)
        _label(ax, name, max(len(values) for logs in runs.values() for values in logs.values()), log_epochs)
        if not several:
            ax.legend(frameon=False)
    if several and names:
        handles = {line.get_label(): line for ax in axes for line in ax.lines if not line.get_label().startswith("_")}
        figure.legend(handles.values(), handles, loc="outside lower center", ncols=len(runs), frameon=False,
                      title="drawn through: validation; dotted: training", title_fontsize=9)
    return figure


def _label(ax, name, epochs, log_epochs):
    every = max(epochs // 10, 1)
    ticks = range(1, epochs + 1) if epochs <= 12 else range(every, epochs + 1, every)
    if log_epochs:
        ax.set_xscale("log")
        ticks = [n for n in (1, 3, 10, 30, 100, 300, 1000, 3000) if n <= epochs]
    ax.set_xticks(ticks, ticks)
    ax.minorticks_off()
    ax.set(xlabel="epoch", ylabel=name)
    ax.grid(alpha=0.3)


def confusion(true, predicted, names=None) -> "Figure":
    """How often class i was taken for class j, as a table; the colour shows mistakes only, so that they can be seen.

    Args:
        true, predicted: class numbers (N,).
        names: of the classes; their numbers if None.
    """
    true, predicted = to_numpy(true).astype(int), to_numpy(predicted).astype(int)
    classes = len(names) if names is not None else max(true.max(), predicted.max()) + 1
    counts = np.zeros((classes, classes), int)
    np.add.at(counts, (true, predicted), 1)
    mistakes = np.where(np.eye(classes, dtype=bool), 0, counts)
    figure, (ax,) = panels(1, width=0.5 * classes + 1.2, height=0.5 * classes + 1)
    ax.imshow(mistakes, cmap="Oranges", vmax=max(mistakes.max(), 1))
    for i, j in zip(*np.nonzero(counts)):
        colour = GREY if i == j else "white" if mistakes[i, j] > 0.7 * mistakes.max() else "black"
        ax.text(j, i, counts[i, j], ha="center", va="center", fontsize=8, color=colour)
    ticks = dict(ticks=range(classes), labels=names if names is not None else range(classes))
    ax.set_xticks(**ticks)
    ax.set_yticks(**ticks)
    ax.set(xlabel="predicted class", ylabel="true class")
    return figure


def scatter(points, classes, names=None, title=None) -> "Figure":
    """Points in the plane, in the colours of their classes.

    Args:
        points: (N, 2).
        classes: class numbers (N,).
        names: of the classes; their numbers if None.
        title: of the figure.
    """
    points, classes = to_numpy(points), to_numpy(classes).astype(int)
    if points.ndim != 2 or points.shape[1] != 2 or classes.shape != points.shape[:1]:
        raise ValueError(f"scatter: points are (N, 2) and classes (N,), got {points.shape} and {classes.shape}")
    figure, (ax,) = panels(1, width=5, height=4)
    for number in sorted(set(classes.tolist())):
        chosen = points[classes == number]
        ax.scatter(*chosen.T, s=6, alpha=0.6, linewidths=0, color=COLORS[number % len(COLORS)],
                   label=names[number] if names is not None else number)
    ax.legend(markerscale=3)
    ax.set_title(title)
    return figure


def gradients(recorder, kernels_only: bool = True) -> "Figure":
    """Left, the size of each weight's gradient, step by step; right, how far each step moves the weight, as a part of it.

    Lines run from dark, next to the input, to bright. The band on the right is where steps of healthy networks mostly are.

    Args:
        recorder: a `callbacks.Recorder` that has seen a training.
        kernels_only: leave out biases and other weights of a single axis.
    """
    import matplotlib

    shown = [path for path in recorder.gradients if not (kernels_only and path.endswith(("bias", "beta", "gamma")))]
    figure, (left, right) = panels(2, width=5, height=3.6)
    colors = matplotlib.colormaps["viridis"](np.linspace(0, 0.9, max(len(shown), 1)))
    for path, color in zip(shown, colors):
        left.plot(recorder.steps, recorder.gradients[path], color=color, linewidth=1, label=path)
        right.plot(recorder.steps, recorder.updates[path], color=color, linewidth=1)
    right.axhspan(3e-4, 3e-3, color=GREY, alpha=0.15, linewidth=0)
    left.set(xlabel="step", ylabel="size of the gradient", yscale="log", title="Gradients")
    right.set(xlabel="step", ylabel="step / weight", yscale="log", title="How far a step moves a weight")
    for ax in left, right:
        ax.grid(alpha=0.3)
    figure.legend(*left.get_legend_handles_labels(), loc="outside right upper", fontsize=8, frameon=False)
    return figure
