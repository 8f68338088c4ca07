"""What layers share that change images at random, each in a way of its own."""
import numpy as np

from ..kernels.random import uniform
from ..ops.conv import channels_last
from ..ops.image.arguments import as_batch
from ..structures import leaves
from .base import SymbolicTensor, _context
from .core import described
from .drawing import Drawing


class Augmentation(Drawing):
    """A layer that changes images in training, each by numbers drawn for it alone, and otherwise returns them as they are.

    It takes images (N, H, W, C), or one image (H, W, C); or a dictionary of "images" and perhaps "labels" and
    "segmentation_masks" (N, H, W, 1), and returns what it was given. Integers become floats of the layer's dtype.

    In `fit` it is active, in `evaluate` and `predict` it is not. Where nobody says whether this is training it is active, too,
    as in Keras: `layer(x)` and `model(x)` show what it does; with `training=False` it does nothing.

    A subclass says in `draw` what comes of the drawn numbers, in `change` what becomes of a batch of images, and in
    `change_labels` and `change_masks` what of the others.
    """
    active_untold = True
    keeps_integers = False                                 # whether what is integer stays so

    def __init__(self, seed=None, *, data_format=None, bounding_box_format=None, **settings):
        super().__init__(seed, **settings)
        channels_last(data_format, self.name)
        if bounding_box_format is not None:
            raise ValueError(f"{described(self)}: bounding_box_format={bounding_box_format!r} is not available: bounding "
                             "boxes are not changed with the images; labels and segmentation_masks are")

    def __call__(self, *args, **settings):
        untold = settings.get("training") is None and _context.training in (None, "")
        if untold and not any(isinstance(leaf, SymbolicTensor) for leaf in leaves((args, settings))):
            settings["training"] = True
        return super().__call__(*args, **settings)

    def call(self, data, training=True):
        given = data if isinstance(data, dict) else {"images": data}
        self._check(given)
        single = given["images"].ndim == 3
        drawn = self.draw(as_batch(described(self), given["images"]).shape, *self.next_draw()) if training else None
        changes = {"images": self._images, "labels": self._labels, "segmentation_masks": self._masks}
        done = {}
        for name, x in given.items():
            change = changes.get(name, lambda x, drawn: x)
            done[name] = change(x[None], drawn)[0] if single and training else change(x, drawn)
        return done if isinstance(data, dict) else done["images"]

    def draw(self, shape, key, step):
        """What is drawn for images of that shape."""
        raise NotImplementedError

    def change(self, x, drawn):
        """What becomes of images in training."""
        raise NotImplementedError

    def change_labels(self, y, drawn):
        """What becomes of their labels."""
        return y

    def change_masks(self, masks, drawn):
        """What becomes of their masks."""
        return masks

    def _images(self, x, drawn):
        x = x if x.dtype.kind == "f" or self.keeps_integers else x.astype(self.dtype)
        return x if drawn is None else self.change(x, drawn)

    def _labels(self, y, drawn):
        return y if drawn is None else self.change_labels(y, drawn)

    def _masks(self, masks, drawn):
        return masks if drawn is None else self.change_masks(masks, drawn)

    def _check(self, given):
        if "images" not in given:
            raise ValueError(f'{described(self)} takes images, or a dictionary with them under "images", got one of '
                             f"{', '.join(map(repr, given)) or 'nothing'}")
        if "bounding_boxes" in given:
            raise ValueError(f"{described(self)}: bounding boxes are not changed with the images; leave them out of "
                             "the dictionary")
        images, masks = given["images"], given.get("segmentation_masks")
        as_batch(described(self), images)
        if masks is not None and (masks.ndim != images.ndim or masks.shape[:-1] != images.shape[:-1]):
            raise ValueError(f"{described(self)}: masks are (N, H, W, 1), as large as the images {images.shape}, got "
                             f"{masks.shape}")


def between(limits, numbers):
    """Numbers in [0, 1) as numbers between two limits, in float64."""
    low, high = limits
    return low + (high - low) * numbers.astype(np.float64)


def drawn_for_each(count, shape, key, step):
    """`count` numbers in [0, 1) for each image: the n-th numbers of the call are those of the n-th image. (count, N)."""
    return uniform((shape[0], count), key, step).T


def limits(factor, name, layer, low=-1.0, strict=False) -> tuple:
    """The two limits that a factor stands for: a pair itself, in order; a number alone, less itself and itself.

    Args:
        low: no limit of a number alone lies below.
        strict: whether both of a pair must lie between `low` and 1; if not, it is enough that something of it does.
    """
    pair = factor if isinstance(factor, (tuple, list)) else (factor, factor)
    numbers = len(pair) == 2 and all(isinstance(n, (int, float)) and not isinstance(n, bool) for n in pair)
    each = strict or pair is not factor
    if not numbers or not (low <= min(pair) and max(pair) <= 1 if each else pair[0] <= 1 and pair[1] >= low):
        raise ValueError(f"{described(layer)}: {name} is a number between {low:g} and 1, or a pair of them, got {factor!r}")
    return tuple(sorted(pair)) if pair is factor else (max(-abs(factor), low), abs(factor))


def whole_range(value_range, layer) -> tuple:
    """The two ends of a range of values, in order."""
    if not isinstance(value_range, (tuple, list)) or len(value_range) != 2:
        raise ValueError(f"{described(layer)}: value_range is a pair of numbers (lowest, highest), got {value_range!r}")
    return tuple(sorted(value_range))
