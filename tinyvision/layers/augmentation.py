"""What layers share that change images: each alike, or at random each in a way of its own."""
import numpy as np

from .. import ops
from ..autograd import Tensor
from ..kernels.random import uniform
from ..ops.conv import channels_last
from ..ops.image.arguments import as_batch, is_number
from ..structures import leaves
from .base import Layer, SymbolicTensor, _context
from .core import described
from .drawing import Drawing

TAKEN = 'images or a dictionary with them under "images" (of pairs: map(lambda x, y: (layer(x), y)))'


def same(x):
    """What is not changed."""
    return x


class ImageLayer(Layer):
    """A layer for images (N, H, W, C), or one image (H, W, C); or for a dictionary with "images", and perhaps with their
    "labels" and "segmentation_masks" (N, H, W, 1), which returns such a dictionary.

    A subclass says in `change` what becomes of a batch of images, and in `change_masks` what of masks.
    """
    keeps_integers = False                                 # or they become floats of the layer's dtype
    parts = {"images", "labels", "segmentation_masks"}     # of a dictionary; what else is in it stays as it is

    def __init__(self, *, data_format=None, bounding_box_format=None, **settings):
        super().__init__(**settings)
        channels_last(data_format, self.name)
        if bounding_box_format is not None:
            raise ValueError(f"{described(self)}: bounding_box_format={bounding_box_format!r} is not available: bounding "
                             "boxes are not changed with the images; labels and segmentation_masks are")

    def __call__(self, *args, **settings):
        if len(args) > 1:
            raise TypeError(f"{described(self)} takes {TAKEN}, got {len(args)} arguments; training=... goes by its name")
        return super().__call__(*args, **settings)

    def _build(self, args):
        """Only arrays have shapes to remember; what else is there is for `checked` to name."""
        super()._build([{name: x for name, x in data.items() if hasattr(x, "shape")} if isinstance(data, dict) else data
                        for data in args])

    def build(self, input_shape=None):
        """There are no weights."""

    def call(self, data):
        return self.with_each(data, self.change, same, self.change_masks)

    def change(self, x):
        """What becomes of images."""
        raise NotImplementedError

    def change_masks(self, masks):
        """What becomes of their masks."""
        return masks

    def with_each(self, data, images, labels, masks):
        """The data, each with a function of batches done to it."""
        given = self.checked(data)
        done, run = {}, _on_one if given["images"].ndim == 3 else lambda function, x: function(x)
        for name, x in given.items():
            function = dict(images=images, labels=labels, segmentation_masks=masks).get(name, same)
            if name == "images" and x.dtype.kind != "f" and not self.keeps_integers:
                x = x.astype(self.dtype)
            done[name] = x if function is same else run(function, x)
        return done if isinstance(data, dict) else done["images"]

    def checked(self, data) -> dict:
        """The data as a dictionary, if it is what such a layer takes."""
        given = dict(data) if isinstance(data, dict) else {"images": data}
        if "images" not in given:
            raise ValueError(f'{described(self)} takes images, or a dictionary with them under "images"; this one has '
                             f"{', '.join(map(repr, given)) or 'nothing'}")
        if "bounding_boxes" in given:
            raise ValueError(f"{described(self)}: bounding boxes are not changed with the images; leave them out of the "
                             "dictionary")
        for name in self.parts.intersection(given):
            given[name] = _stacked_numbers(given[name])
            if not hasattr(given[name], "ndim"):
                under = f" as {name!r}" if isinstance(data, dict) else ""
                raise TypeError(f"{described(self)} takes {TAKEN}, got {type(given[name]).__name__}{under}")
        images, masks = given["images"], given.get("segmentation_masks")
        if images.ndim != 3 or len(images):                # the height of a single image may not be known yet
            as_batch(described(self), images)
        if masks is not None and (masks.ndim != images.ndim or masks.shape[:-1] != images.shape[:-1]):
            raise ValueError(f"{described(self)}: masks are (N, H, W, 1), as large as the images {images.shape}, got "
                             f"{masks.shape}")
        return given


def _stacked_numbers(x):
    """A list of numbers, whose numbers were made Tensors, as one Tensor; everything else as it is."""
    if isinstance(x, list) and x and all(isinstance(leaf, Tensor) and not leaf.ndim for leaf in leaves(x)):
        return ops.stack([_stacked_numbers(part) for part in x])
    return x


def _on_one(function, x):
    """A function of batches on what belongs to one image; also of a height of 0, which stands for one that is not known yet."""
    if x.ndim == 3 and not len(x):
        return function(ops.zeros((1, 1, *x.shape[1:]), x.dtype.name))[0][:0]
    return function(x[None])[0]


class Augmentation(ImageLayer, Drawing):
    """An ImageLayer that changes images in training, each by numbers drawn for it, and otherwise returns them as they are.

    In `fit` it is active, in `evaluate` and `predict` it is not. Where nobody says whether this is training it is active, too,
    as in Keras: `layer(x)` and `model(x)` show what it does; with `training=False` it does nothing.

    A subclass says in `draw` what comes of the drawn numbers; `change`, `change_labels` and `change_masks` are given it.
    """
    active_untold = True
    rest = rest_masks = staticmethod(same)                 # what becomes of images and masks outside of training

    def __call__(self, *args, **settings):
        untold = settings.get("training") is None and _context.training in (None, "")
        if untold and not any(isinstance(leaf, SymbolicTensor) for leaf in leaves((args, settings))):
            settings["training"] = True
        return super().__call__(*args, **settings)

    def call(self, data, training=True):
        if not training:
            return self.with_each(data, self.rest, same, self.rest_masks)
        shape = self.checked(data)["images"].shape
        drawn = self.draw(shape if len(shape) == 4 else (1, *shape), *self.next_draw())
        return self.with_each(data, lambda x: self.change(x, drawn), lambda y: self.change_labels(y, drawn),
                              lambda masks: self.change_masks(masks, drawn))

    def draw(self, shape, key, step):
        """What is drawn for images (N, H, W, C)."""
        raise NotImplementedError

    def change(self, x, drawn):
        raise NotImplementedError

    def change_labels(self, y, drawn):
        """What becomes of labels."""
        return y

    def change_masks(self, masks, drawn):
        return masks


def between(limits, numbers):
    """Numbers in [0, 1) as numbers between two limits, in float64."""
    low, high = limits
    return low + (high - low) * numbers.astype(np.float64)


def drawn_for_each(count, shape, key, step):
    """`count` numbers in [0, 1) for each image, (count, N): those of an image are the same in a batch of any size."""
    return uniform((shape[0], count), key, step).T


def limits(factor, name, layer, low=-1.0, within=False) -> tuple:
    """The two limits that a factor stands for: a pair itself, in order; a number alone, less itself and itself.

    Args:
        low: the lowest number that a number alone may be, and the lowest limit that comes of it.
        within: whether both of a pair lie between `low` and 1. If not, it is enough, as in Keras, that some of what lies
            between them does.
    """
    alone = not isinstance(factor, (tuple, list))
    pair = (factor, factor) if alone else factor
    if len(pair) != 2 or not all(map(is_number, pair)):
        rule, fits = "a pair of them", False
    elif alone or within:
        rule, fits = "a pair of them", low <= min(pair) and max(pair) <= 1
    else:
        rule, fits = "a pair of numbers that has some of that between them", min(pair) <= 1 and max(pair) >= low
    if not fits:
        raise ValueError(f"{described(layer)}: {name} is a number between {low:g} and 1, or {rule}, got {factor!r}")
    return (max(-abs(factor), low), abs(factor)) if alone else tuple(sorted(pair))


def whole_range(value_range, layer) -> tuple:
    """The two ends of a range of values, in order."""
    if not isinstance(value_range, (tuple, list)) or len(value_range) != 2 or not all(map(is_number, value_range)):
        raise ValueError(f"{described(layer)}: value_range is a pair of finite numbers (lowest, highest), got {value_range!r}")
    return tuple(sorted(value_range))
