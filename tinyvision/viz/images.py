"""Pictures of images, and of what a network makes of them."""
import math
from typing import TYPE_CHECKING

import numpy as np

from ..autograd import to_numpy
from .canvas import BLUE, ORANGE, panels

if TYPE_CHECKING:
    from matplotlib.figure import Figure


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
    figure, axes = panels(len(batch), columns, width=size, height=size * (1.25 if titles is not None else 1.05))
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
