"""Pictures of training: how it went, and what came of it."""
from typing import TYPE_CHECKING

import numpy as np

from ..autograd import to_numpy
from .canvas import BLUE, GREY, ORANGE, panels

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def curves(history) -> "Figure":
    """Loss and metrics over the epochs: a panel each, training and validation together.

    Args:
        history: a History, or its dictionary {"loss": [...], "val_loss": [...]}.
    """
    logs = getattr(history, "history", history)
    names = [name for name in logs if not name.startswith("val_")]
    figure, axes = panels(len(names), width=4.2, height=3.2)
    for ax, name in zip(axes, names):
        epochs = np.arange(1, len(logs[name]) + 1)
        ax.plot(epochs, logs[name], "o-", color=BLUE, label="training")
        if f"val_{name}" in logs:
            ax.plot(np.arange(1, len(logs[f"val_{name}"]) + 1), logs[f"val_{name}"], "s--", color=ORANGE, label="validation")
        ax.set(xlabel="epoch", ylabel=name, xticks=epochs if len(epochs) <= 12 else epochs[::len(epochs) // 10])
        ax.grid(alpha=0.3)
        ax.legend(frameon=False)
    return figure


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
