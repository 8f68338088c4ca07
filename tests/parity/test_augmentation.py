"""Layers that change images at random against Keras, draws made equal: both are given the same numbers to draw."""
import numpy as np
import pytest

from tinyvision import layers
from tinyvision.layers import augmentation, mixing, random_color, random_geometry

from .oracle import BACKEND
from .record import agree

pytestmark = [pytest.mark.usefixtures("in_double"), pytest.mark.skipif(BACKEND != "jax", reason="the draws of Keras are replaced on JAX")]
N, H, W = 4, 7, 5


class Draws:
    """Numbers to draw, the same on both sides. `kinds` are what our layer draws: a name for each of its columns."""

    def __init__(self, kinds):
        rng = np.random.default_rng(7)
        self.numbers = {kind: np.round(rng.random(N) * 2 ** 10) / 2 ** 10 for kind in kinds}       # float32 holds them
        self.kinds, self.weights, self.order = kinds, rng.random(N), np.array([2, 0, 3, 1])
        self.noise = rng.standard_normal((N, 3))           # the same in all pixels, which come in another order

    def ours(self, monkeypatch):
        def drawn(count, shape, key, step):
            numbers = [self.numbers.get(kind, np.zeros(N)) for kind in self.kinds]
            return np.stack([*numbers, *[np.zeros(N)] * (count - len(numbers))])

        for module in augmentation, mixing, random_color, random_geometry:
            monkeypatch.setattr(module, "drawn_for_each", drawn)
        monkeypatch.setattr(mixing, "beta", lambda alpha, numbers: self.weights)
        monkeypatch.setattr(mixing, "normal", lambda shape, key, step: np.broadcast_to(self.noise[(key[0] >> 32) - 1], shape))

    def as_keras_draws(self, keras, monkeypatch, order):
        """Keras draws, one after the other, what `order` names: columns, or pairs of them."""
        todo = iter(order)

        def uniform(shape, minval=0.0, maxval=1.0, dtype=None, seed=None):
            kind = next(todo)
            found = np.stack([self.numbers[k] for k in kind], axis=1) if isinstance(kind, tuple) else self.numbers[kind]
            found = found[0] if tuple(shape) == () else found.reshape(tuple(shape))
            return keras.ops.convert_to_tensor(minval + (maxval - minval) * found, dtype="float64")

        random = keras.src.backend.random
        monkeypatch.setattr(random, "uniform", uniform)
        monkeypatch.setattr(random, "beta", lambda *args, **settings: keras.ops.convert_to_tensor(self.weights, dtype="float64"))
        monkeypatch.setattr(random, "shuffle", lambda x, **settings: keras.ops.convert_to_tensor(self.order))
        monkeypatch.setattr(random, "normal", lambda *args, **settings: keras.ops.convert_to_tensor(
            np.broadcast_to(self.noise[:, None, None], (N, H, W, 3)), dtype="float64"))


WARPS = dict(fill_mode="constant", fill_value=2.0)
PAIR = dict(height_factor=(-0.5, 0.25), width_factor=0.75)
CASES = {                                                  # (class, arguments, what ours draws, what Keras draws in its order)
    **{f"flip {mode}": ("RandomFlip", dict(mode=mode), ["flip", "flip"], ["flip"])
       for mode in ("horizontal", "vertical", "horizontal_and_vertical")},
    "rotation": ("RandomRotation", dict(factor=0.4), ["angle"], ["angle"]),
    "rotation constant": ("RandomRotation", dict(factor=(0.1, 0.9), **WARPS), ["angle"], ["angle"]),
    "zoom": ("RandomZoom", PAIR, ["high", "wide"], ["high", "wide"]),
    "zoom of both alike": ("RandomZoom", dict(height_factor=0.5, fill_mode="wrap"), ["high", "wide"], ["high"]),
    "translation": ("RandomTranslation", PAIR, ["high", "wide"], ["high", "wide"]),
    "translation constant": ("RandomTranslation", PAIR | WARPS, ["high", "wide"], ["high", "wide"]),
    "contrast": ("RandomContrast", dict(factor=(0.25, 0.75), value_range=(-2, 2)), ["factor"], ["factor"]),
    "brightness": ("RandomBrightness", dict(factor=(-0.5, 0.75), value_range=(-2, 2)), ["factor"], ["factor"]),
    "erasing": ("RandomErasing", dict(value_range=(-1, 2)), ["chance", "chosen", "width", "height", "down", "across"],
                [("width", "height"), "across", "down", "chance", "chosen"]),
    "erasing in a colour": ("RandomErasing", dict(factor=(0.5, 1.0), scale=(0.3, 0.9), fill_value=4, value_range=(-1, 2)),
                            ["chance", "chosen", "width", "height", "down", "across"],
                            [("width", "height"), "across", "down", "chance", "chosen"]),
    "mix up": ("MixUp", dict(), ["order"], []),
    "cut mix": ("CutMix", dict(factor=(0.5, 0.75)), ["order", "a", "down", "across"], ["a", "across", "down"]),
}


@pytest.mark.parametrize("case", CASES)
def test_with_the_same_draws_images_labels_and_masks_are_those_of_keras(keras, monkeypatch, case):
    name, settings, kinds, order = CASES[case]
    draws, rng = Draws(kinds), np.random.default_rng(3)
    draws.numbers["order"] = draws.order.argsort() / N     # sorted, they come in that order
    data = {"images": rng.standard_normal((N, H, W, 3)), "labels": np.eye(N), "segmentation_masks": rng.integers(0, 2, (N, H, W, 1)).astype(float)}
    draws.ours(monkeypatch)
    ours = getattr(layers, name)(**settings)(dict(data), training=True)
    draws.as_keras_draws(keras, monkeypatch, order)
    theirs = getattr(keras.layers, name)(**settings, dtype="float64")(dict(data), training=True)
    assert (np.abs(ours["images"].numpy() - data["images"]) > 1e-3).mean() > 0.05
    for part in ours:
        if (name, part) != ("MixUp", "segmentation_masks"):        # Keras takes single pixels of all images as partners
            expected = np.asarray(theirs[part])[..., :ours[part].shape[-1]]        # by CutMix, masks get as many channels as images
            agree(("layer", name, f"{case}: {part}"), ours[part].numpy(), expected)


def test_crops_of_one_image_with_the_same_draws_are_those_of_keras(keras, monkeypatch):
    x = np.random.default_rng(3).standard_normal((N, H, W, 3))
    draws = Draws(["high", "wide"])
    for numbers in draws.numbers.values():
        numbers[:] = numbers[0]                            # in Keras, a batch has one place
    draws.ours(monkeypatch)
    ours = layers.RandomCrop(3, 2)(x, training=True)
    draws.as_keras_draws(keras, monkeypatch, ["high", "wide"])
    agree(("layer", "RandomCrop", "crop"), ours.numpy(), keras.layers.RandomCrop(3, 2, dtype="float64")(x, training=True))
