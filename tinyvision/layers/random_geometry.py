"""Layers that flip, turn, stretch, shift and crop images at random."""
import numpy as np

from .. import ops
from ..ops.image.arguments import as_number, one_of
from .augmentation import Augmentation, between, drawn_for_each, limits
from .core import described, positive

FILL_MODES, INTERPOLATIONS = ["reflect", "wrap", "constant", "nearest"], ["nearest", "bilinear"]
FLIPS = ["horizontal_and_vertical", "horizontal", "vertical"]


class RandomWarp(Augmentation):
    """What most of them share: they draw a transform for each image, (N, 8), as `ops.image.affine_transform` takes it."""

    def __init__(self, fill_mode, interpolation, seed, fill_value, **settings):
        super().__init__(seed=seed, **settings)
        self.fill_mode = one_of(described(self), "fill_mode", fill_mode, FILL_MODES)
        self.interpolation = one_of(described(self), "interpolation", interpolation, INTERPOLATIONS)
        self.fill_value = as_number(described(self), "fill_value", fill_value)

    def change(self, x, drawn):
        return ops.image.affine_transform(x, drawn, self.interpolation, self.fill_mode, self.fill_value)

    def change_masks(self, masks, drawn):
        return ops.image.affine_transform(masks, drawn, "nearest", self.fill_mode, self.fill_value)


class RandomFlip(RandomWarp):
    """Images mirrored at random: left and right change places in half of them, or above and below, or both of that.

    With "horizontal_and_vertical" the two are drawn independently: four things can happen to an image, equally often.
    https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_flip/

    Args:
        mode: "horizontal" (left and right), "vertical" (above and below), or "horizontal_and_vertical".
        seed: for the same numbers in each run; None takes a stream of the common seed.
        data_format: None or "channels_last", the one layout there is.

    >>> RandomFlip("horizontal", seed=6)([[[[1.0], [2.0]]]] * 3).numpy()[:, 0, :, 0].tolist()
    [[2.0, 1.0], [1.0, 2.0], [2.0, 1.0]]
    """

    def __init__(self, mode="horizontal_and_vertical", seed=None, data_format=None, **settings):
        super().__init__("nearest", "nearest", seed, 0.0, data_format=data_format, **settings)
        self.mode = one_of(described(self), "mode", mode, FLIPS)

    def draw(self, shape, key, step):
        (_, H, W, _), flips = shape, drawn_for_each(2, shape, key, step) <= 0.5
        x, y = flips[0] & (self.mode != "vertical"), flips[1] & (self.mode != "horizontal")
        return transforms(1 - 2 * x, 0, x * (W - 1), 0, 1 - 2 * y, y * (H - 1))


class RandomRotation(RandomWarp):
    """Images turned around their centre, at random. A positive factor turns them counter-clockwise.

    https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_rotation/

    Args:
        factor: how far, in whole turns: 0.1 draws from -36 to 36 degrees, (0, 0.25) from none to a quarter.
        fill_mode: what lies outside of an image: "reflect" (b a | a b c | c b), "wrap" (b c | a b c | a b), "nearest"
            (a a | a b c | c c) or "constant" (`fill_value`).
        interpolation: "bilinear" (a mean of the four pixels around a place) or "nearest".
        seed: for the same numbers in each run; None takes a stream of the common seed.
        fill_value: the number outside, with "constant".
        data_format: None or "channels_last", the one layout there is.

    >>> RandomRotation((0.25, 0.25))([[[1.0], [2.0]], [[3.0], [4.0]]]).numpy().round(4)[:, :, 0]
    array([[2., 4.],
           [1., 3.]], dtype=float32)
    """

    def __init__(self, factor, fill_mode="reflect", interpolation="bilinear", seed=None, fill_value=0.0, data_format=None,
                 **settings):
        super().__init__(fill_mode, interpolation, seed, fill_value, data_format=data_format, **settings)
        self.factor = limits(factor, "factor", self)

    def draw(self, shape, key, step):
        angle = 2 * np.pi * between(self.factor, drawn_for_each(1, shape, key, step)[0])
        cos, sin, x, y = np.cos(angle), np.sin(angle), (shape[2] - 1) / 2, (shape[1] - 1) / 2
        return transforms(cos, -sin, x - x * cos + y * sin, sin, cos, y - x * sin - y * cos)


class RandomZoom(RandomWarp):
    """Images made smaller or larger around their centre, at random.

    https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_zoom/

    Args:
        height_factor: how much, as a fraction: 0.2 shows from 20 % less to 20 % more of the height. More than 0 makes what is
            seen smaller, (0.2, 0.3) always; less than 0 makes it larger, (-0.3, -0.2) always. Above -1, up to 1.
        width_factor: the same for the width, drawn for itself; None takes what was drawn for the height.
        fill_mode, interpolation, seed, fill_value, data_format: as for `RandomRotation`.
    """

    def __init__(self, height_factor, width_factor=None, fill_mode="reflect", interpolation="bilinear", seed=None,
                 fill_value=0.0, data_format=None, **settings):
        super().__init__(fill_mode, interpolation, seed, fill_value, data_format=data_format, **settings)
        self.height_factor = self._limits(height_factor, "height_factor")
        self.width_factor = None if width_factor is None else self._limits(width_factor, "width_factor")

    def _limits(self, factor, name):
        found = limits(factor, name, self, within=True)
        if -1 in (factor if isinstance(factor, (tuple, list)) else [factor]):
            raise ValueError(f"{described(self)}: {name} must lie above -1, where nothing is seen, got {factor!r}")
        return found

    def draw(self, shape, key, step):
        (_, H, W, _), (high, wide) = shape, drawn_for_each(2, shape, key, step)
        down = 1 + between(self.height_factor, high)
        across = down if self.width_factor is None else 1 + between(self.width_factor, wide)
        return transforms(across, 0, (W - 1) / 2 * (1 - across), 0, down, (H - 1) / 2 * (1 - down))


class RandomTranslation(RandomWarp):
    """Images shifted at random. https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_translation/

    Args:
        height_factor: how far down, as a fraction of the height: 0.2 shifts from 20 % up to 20 % down, (-0.3, -0.2) always up.
        width_factor: how far to the right, as a fraction of the width.
        fill_mode, interpolation, seed, fill_value, data_format: as for `RandomRotation`.
    """

    def __init__(self, height_factor, width_factor, fill_mode="reflect", interpolation="bilinear", seed=None, fill_value=0.0,
                 data_format=None, **settings):
        super().__init__(fill_mode, interpolation, seed, fill_value, data_format=data_format, **settings)
        self.height_factor = limits(height_factor, "height_factor", self, within=True)
        self.width_factor = limits(width_factor, "width_factor", self, within=True)

    def draw(self, shape, key, step):
        (_, H, W, _), (high, wide) = shape, drawn_for_each(2, shape, key, step)
        return transforms(1, 0, -W * between(self.width_factor, wide), 0, 1, -H * between(self.height_factor, high))


class RandomCrop(Augmentation):
    """A part of each image in training, of the same size and from a random place; the middle, resized, otherwise.

    Outside of training, and where an image is smaller than the part, the largest part in the middle that has its shape is
    resized. https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_crop/

    Keras takes the part of all images of a batch from one place; here each image has a place of its own. Outside of training,
    Keras's page says what is said here, but Keras 3.15 returns images as they are, in their own size.

    Args:
        height, width: of the part.
        seed, data_format: as for `RandomRotation`.
    """

    def __init__(self, height, width, seed=None, data_format=None, **settings):
        super().__init__(seed=seed, data_format=data_format, **settings)
        self.height, self.width = positive(height, "height", self), positive(width, "width", self)

    def draw(self, shape, key, step):
        spare = shape[1] - self.height, shape[2] - self.width
        return [(numbers * (n + 1)).astype(int) for n, numbers in zip(spare, drawn_for_each(2, shape, key, step).astype(float))]

    def change(self, x, drawn):
        smaller = x.shape[1] < self.height or x.shape[2] < self.width
        return self.rest(x) if smaller else ops.image.framing.crop_each(x, tops=drawn[0], lefts=drawn[1],
                                                                        size=(self.height, self.width))

    def rest(self, x, interpolation="bilinear"):
        return ops.image.resize(x, (self.height, self.width), interpolation, crop_to_aspect_ratio=True)

    def rest_masks(self, masks):
        return self.rest(masks, "nearest")

    def change_masks(self, masks, drawn):
        smaller = masks.shape[1] < self.height or masks.shape[2] < self.width
        return self.rest_masks(masks) if smaller else self.change(masks, drawn)


def transforms(*numbers):
    """The six numbers of an affine transform, (N,) each or one for all, and two zeros: (N, 8), in float64."""
    return np.stack(np.broadcast_arrays(*numbers, 0.0, 0.0), axis=1).astype(np.float64)
