"""Pictures of training and of what a network holds: each function returns a matplotlib Figure; `save` writes it to a file.

Colours can be told apart by the colour-blind. matplotlib is imported when the first picture is drawn.
"""
import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .autograd import to_numpy
from .files import replacing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#666666"       # from the palette of Okabe and Ito


def curves(history) -> "Figure":
    """Loss and metrics over the epochs: a panel each, training and validation together.

    Args:
        history: a History, or its dictionary {"loss": [...], "val_loss": [...]}.
    """
    logs = getattr(history, "history", history)
    names = [name for name in logs if not name.startswith("val_")]
    figure, axes = _panels(len(names), width=4.2, height=3.2)
    for ax, name in zip(axes, names):
        epochs = np.arange(1, len(logs[name]) + 1)
        ax.plot(epochs, logs[name], "o-", color=BLUE, label="training")
        if f"val_{name}" in logs:
            ax.plot(np.arange(1, len(logs[f"val_{name}"]) + 1), logs[f"val_{name}"], "s--", color=ORANGE, label="validation")
        ax.set(xlabel="epoch", ylabel=name, xticks=epochs if len(epochs) <= 12 else epochs[::len(epochs) // 10])
        ax.grid(alpha=0.3)
        ax.legend(frameon=False)
    return figure


def images(batch, titles=None, columns: int = 8, size: float = 1.3, cmap: str = "gray", vmin=None, vmax=None,
           title=None) -> "Figure":
    """A grid of images.

    Args:
        batch: (N, H, W), (N, H, W, 1) or (N, H, W, 3); colours between 0 and 1, or bytes.
        titles: a text for each image.
        columns: images in a row.
        size: of an image, in inches.
        cmap, vmin, vmax: colours of grey images, and the values at their ends; those of each image if None.
        title: of the whole figure.
    """
    batch = to_numpy(batch)
    batch = batch[..., 0] if batch.ndim == 4 and batch.shape[3] == 1 else batch
    if batch.ndim not in (3, 4) or (batch.ndim == 4 and batch.shape[3] != 3):
        raise ValueError(f"images: expected (N, H, W), (N, H, W, 1) or (N, H, W, 3), got {batch.shape}")
    columns = min(columns, len(batch)) or 1
    figure, axes = _panels(len(batch), columns, width=size, height=size * (1.25 if titles is not None else 1.05))
    for i, ax in enumerate(axes):
        if i < len(batch):
            ax.imshow(batch[i], cmap=cmap, vmin=vmin, vmax=vmax)
            if titles is not None:
                ax.set_title(titles[i], fontsize=8)
        ax.set_axis_off()
    if title:
        figure.suptitle(title)
    return figure


def filters(kernel, columns: int = 8, title="Filters: orange adds, purple subtracts") -> "Figure":
    """The filters of a convolution (KH, KW, C, F), one image each; of several channels, their mean. White is 0."""
    kernel = to_numpy(kernel).mean(axis=2).transpose(2, 0, 1)
    largest = np.abs(kernel).max() or 1.0
    return images(kernel, columns=columns, size=0.8, cmap="PuOr_r", vmin=-largest, vmax=largest, title=title)


def feature_maps(maps, columns: int = 8, title=None) -> "Figure":
    """The channels of one image (H, W, C) inside a network, one grey image each; brighter is larger."""
    maps = to_numpy(maps)
    if maps.ndim != 3:
        raise ValueError(f"feature_maps: expected the channels of one image, (H, W, C), got {maps.shape}")
    return images(maps.transpose(2, 0, 1), columns=columns, size=0.8, cmap="magma", title=title)


def journey(image, stages, probabilities, names=None, maps: int = 16) -> "Figure":
    """One image on its way through a network: the image, some channels of each stage, and the probabilities at the end.

    Args:
        image: (H, W, 1) or (H, W, 3).
        stages: {title: (H, W, C)}, the channels after each stage; those that answer most strongly are shown.
        probabilities: (classes,).
        names: of the classes; their numbers if None.
        maps: how many channels to show of each stage.
    """
    from matplotlib.figure import Figure

    image, probabilities = to_numpy(image), to_numpy(probabilities)
    names = list(map(str, names if names is not None else range(len(probabilities))))
    side = math.ceil(math.sqrt(maps))
    figure = Figure(figsize=(2.5 * (len(stages) + 2), 2.9), layout="constrained")
    parts = figure.subfigures(1, len(stages) + 2, wspace=0.04)
    _picture(parts[0].subplots(), image if image.shape[2] == 3 else image[..., 0], "gray")
    parts[0].suptitle(f"input, {_sizes(image)}")
    for part, (title, channels) in zip(parts[1:], stages.items()):
        channels = to_numpy(channels)
        strongest = np.sort(np.argsort(-channels.max(axis=(0, 1)))[:maps])
        for ax, i in zip(part.subplots(side, side).flat, strongest):
            _picture(ax, channels[..., i], "magma")
        part.suptitle(f"{title}, {_sizes(channels)}")
    ax = parts[-1].subplots()
    ax.barh(names, probabilities, color=[ORANGE if p == probabilities.max() else BLUE for p in probabilities])
    ax.set(xlim=(0, 1), xlabel="probability")
    ax.invert_yaxis()
    parts[-1].suptitle("what it reads")
    return figure


def _picture(ax, pixels, cmap):
    ax.imshow(pixels, cmap=cmap)
    ax.set_axis_off()


def _sizes(image):
    return " x ".join(map(str, image.shape))


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
    figure, (ax,) = _panels(1, width=0.5 * classes + 1.2, height=0.5 * classes + 1)
    ax.imshow(mistakes, cmap="Oranges", vmax=max(mistakes.max(), 1))
    for i, j in zip(*np.nonzero(counts)):
        colour = GREY if i == j else "white" if mistakes[i, j] > 0.7 * mistakes.max() else "black"
        ax.text(j, i, counts[i, j], ha="center", va="center", fontsize=8, color=colour)
    ticks = dict(ticks=range(classes), labels=names if names is not None else range(classes))
    ax.set_xticks(**ticks)
    ax.set_yticks(**ticks)
    ax.set(xlabel="predicted class", ylabel="true class")
    return figure


def save(figure, path) -> Path:
    """Write a figure to a file; its ending (".png", ".svg", ".pdf") says how. Returns the path."""
    with replacing(path) as temporary:
        figure.savefig(temporary, dpi=150)
    return Path(path)


def _panels(count, columns=None, width=4.0, height=3.0):
    """A new figure, and its axes in reading order."""
    from matplotlib.figure import Figure

    columns = columns or max(count, 1)
    rows = math.ceil(count / columns) or 1
    figure = Figure(figsize=(columns * width, rows * height), layout="constrained")
    return figure, figure.subplots(rows, columns, squeeze=False).reshape(-1)
