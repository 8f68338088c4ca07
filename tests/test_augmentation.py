"""Layers that change images at random: what they draw, when they are active, what they take, and where they stand in models."""
import math

import numpy as np
import pytest
from parity.record import agree

import tinyvision as tv
from tinyvision import kernels, layers, ops
from tinyvision.data import Dataset
from tinyvision.kernels.cores import get_num_threads, set_num_threads
from tinyvision.kernels.random import NUMBERS_FOR_BETA, beta, uniform
from tinyvision.kernels.random.reference import _log_of_gamma
from tinyvision.layers.drawing import drawing_for
from tinyvision.ops.image import framing, toning
from tinyvision.testing import check_op

ALL = {                                                    # class: arguments, such that what they draw is seen in their output
    "RandomFlip": {}, "RandomRotation": dict(factor=0.3), "RandomZoom": dict(height_factor=0.5), "RandomCrop": dict(height=5, width=4),
    "RandomTranslation": dict(height_factor=0.5, width_factor=0.5), "RandomContrast": dict(factor=0.5), "RandomBrightness": dict(factor=0.5),
    "RandomErasing": dict(factor=(1, 1)), "MixUp": dict(alpha=1.0), "CutMix": {},
}
every = pytest.mark.parametrize("name", ALL)
alone = pytest.mark.parametrize("name", [name for name in ALL if name not in ("MixUp", "CutMix")])     # that need no partners


def made(name, **settings):
    return getattr(layers, name)(**ALL[name], **settings)


def pixels(*shape, high=255):
    return (np.random.default_rng(0).random(shape) * high).astype(np.float32)


X = pixels(6, 9, 8, 3)


# What is drawn ------------------------------------------------------------------------------------------------------------

@every
def test_the_same_seed_draws_the_same_and_each_step_anew(name):
    first, again, other = made(name, seed=3), made(name, seed=3), made(name, seed=4)
    one, two = (first(X, training=True).numpy() for _ in range(2))
    np.testing.assert_array_equal(one, again(X, training=True).numpy())
    np.testing.assert_array_equal(two, again(X, training=True).numpy())
    assert (one != two).mean() > 0.02 and (one != other(X, training=True).numpy()).mean() > 0.02


@every
def test_the_number_of_threads_changes_nothing(name):
    found, before = [], get_num_threads()
    try:
        for threads in {1, before}:
            set_num_threads(threads)
            found.append(made(name, seed=3)(X, training=True).numpy())
    finally:
        set_num_threads(before)
    for other in found:
        np.testing.assert_array_equal(other, found[0])


@every
def test_elements_of_a_pipeline_draw_by_their_number(name):
    def drawn(layer, element):
        with drawing_for(1, element):
            return layer(X).numpy()

    layer, other = made(name, seed=3), made(name, seed=3)
    other(X)
    forward = [drawn(layer, i) for i in range(4)]
    backward = [drawn(other, i) for i in reversed(range(4))][::-1]
    np.testing.assert_array_equal(forward, backward)
    assert (forward[0] != forward[1]).mean() > 0.02


@alone
def test_each_image_draws_for_itself_and_the_same_in_a_batch_of_any_size(name):
    same = np.repeat(X[:1], 6, axis=0)
    y = made(name, seed=3)(same, training=True).numpy()
    assert sum((y[0] != other).any() for other in y[1:]) >= 3
    np.testing.assert_array_equal(made(name, seed=3)(same[:4], training=True).numpy(), y[:4])


@pytest.mark.parametrize("name,limits", [
    ("RandomRotation", (-0.3, 0.3)), ("RandomContrast", (0.5, 1.5)), ("RandomBrightness", (-127.5, 127.5))])
def test_draws_are_uniform_between_the_limits(name, limits):
    layer, found = made(name, seed=3), []
    for step in range(4):
        drawn = layer.draw((500, 8, 8, 3), layer.key, step)
        if name == "RandomRotation":
            drawn = np.arctan2(drawn[:, 3], drawn[:, 0]) / (2 * np.pi)
            drawn = np.where(drawn < -0.3, drawn + 1, np.where(drawn > 0.3, drawn - 1, drawn))
        found.append(drawn)
    assert_uniform(np.concatenate(found), *limits)
    assert abs(np.corrcoef(found[0], found[1])[0, 1]) < 0.15 and abs(np.corrcoef(found[0][1:], found[0][:-1])[0, 1]) < 0.15


def assert_uniform(numbers, low, high):
    assert low <= numbers.min() and numbers.max() <= high
    counts, _ = np.histogram(numbers, 10, (low, high))
    assert abs(counts / len(numbers) - 0.1).max() < 0.03


@pytest.mark.parametrize("name,sizes", [("RandomZoom", (0.5, 1.5)), ("RandomTranslation", (-4, 4))])
def test_heights_and_widths_are_drawn_independently(name, sizes):
    layer = made(name, seed=3) if name == "RandomTranslation" else layers.RandomZoom(0.5, 0.5, seed=3)
    drawn = layer.draw((2000, 8, 8, 3), layer.key, 1)
    down, across = (drawn[:, 4], drawn[:, 0]) if name == "RandomZoom" else (drawn[:, 5], drawn[:, 2])
    assert_uniform(down, *sizes)
    assert_uniform(across, *sizes)
    assert abs(np.corrcoef(down, across)[0, 1]) < 0.1


def test_zoom_without_a_width_keeps_the_shape_of_things():
    layer = layers.RandomZoom(0.5)
    drawn = layer.draw((50, 8, 8, 3), layer.key, 1)
    np.testing.assert_array_equal(drawn[:, 0], drawn[:, 4])


@pytest.mark.parametrize("mode,outcomes", [("horizontal", 2), ("vertical", 2), ("horizontal_and_vertical", 4)])
def test_flips_are_exact_and_come_equally_often(mode, outcomes):
    x = pixels(1, 5, 4, 3)
    y = layers.RandomFlip(mode, seed=1)(np.repeat(x, 2000, axis=0), training=True).numpy()
    possible = {"horizontal": [x, x[:, :, ::-1]], "vertical": [x, x[:, ::-1]]}.get(
        mode, [x, x[:, :, ::-1], x[:, ::-1], x[:, ::-1, ::-1]])
    shares = [(y == one).all(axis=(1, 2, 3)).mean() for one in possible]
    assert abs(np.array(shares) - 1 / outcomes).max() < 0.05 and sum(shares) == 1


def test_crops_come_from_everywhere_equally_often():
    x = np.arange(20.0, dtype=np.float32).reshape(1, 5, 4, 1)
    y = layers.RandomCrop(3, 3, seed=1)(np.repeat(x, 3000, axis=0), training=True).numpy()
    firsts, counts = np.unique(y[:, 0, 0, 0], return_counts=True)
    np.testing.assert_array_equal(firsts, [0, 1, 4, 5, 8, 9])
    assert abs(counts / 3000 - 1 / 6).max() < 0.03
    for first in firsts:
        top, left = divmod(int(first), 4)
        np.testing.assert_array_equal(y[y[:, 0, 0, 0] == first][0], x[0, top:top + 3, left:left + 3])


@pytest.mark.parametrize("alpha", [1e-6, 0.05, 0.2, 1.0, 4.0])
def test_beta_has_its_mean_variance_and_quantiles(alpha):
    stats = pytest.importorskip("scipy.stats")
    w = beta(alpha, uniform((20_000, NUMBERS_FOR_BETA), (1, 2), 3).T)
    assert abs(w.mean() - 0.5) < 0.015 and abs(w.var() - 1 / (4 * (2 * alpha + 1))) < 0.005
    for limit in (0.1, 0.3, 0.8) if alpha > 0.01 else ():
        assert abs((w < limit).mean() - stats.beta(alpha, alpha).cdf(limit)) < 0.015
    each = beta(np.array([0.1, 3.0] * 10_000), uniform((20_000, NUMBERS_FOR_BETA), (1, 2), 3).T)
    assert each[::2].var() > 0.15 > 0.06 > each[1::2].var()


@pytest.mark.parametrize("alpha", [0.05, 0.2, 1.0])
def test_gamma_has_its_distribution(alpha):
    """Of alpha + 1, before it is multiplied with a power of a uniform number, which is 1 here; to what 40,000 numbers can tell."""
    stats = pytest.importorskip("scipy.stats")
    numbers = uniform((40_000, NUMBERS_FOR_BETA // 2), (1, 2), 3).T.copy()
    numbers[0] = 0
    assert stats.kstest(np.exp(_log_of_gamma(alpha, numbers.astype(float))), stats.gamma(alpha + 1).cdf).statistic < 0.009


def test_erasing_makes_rectangles_of_the_right_size_in_some_images():
    layer = layers.RandomErasing((0.5, 0.5), (0.25, 0.49), fill_value=-1, value_range=(-1, 1), seed=2)
    y = layer(np.ones((600, 20, 30, 2)), training=True).numpy()
    changed = y.min(axis=(1, 2, 3)) < 0
    assert 0.4 < changed.mean() < 0.6
    for image in y[changed]:
        erased = (image < 0).all(axis=2)
        rows, columns = erased.any(axis=1), erased.any(axis=0)
        np.testing.assert_array_equal(erased, np.outer(rows, columns))
        assert 9 <= rows.sum() <= 15 and 14 <= columns.sum() <= 22
    assert (layers.RandomErasing((1, 1))(X, training=True).numpy() != X).any(axis=(1, 2, 3)).all()
    np.testing.assert_array_equal(layers.RandomErasing(0)(X, training=True).numpy(), X)


def test_noise_of_erasing_is_of_no_other_stream():
    found = []
    for stream in 0, 1 << 16, 1 << 17:
        layer = layers.RandomErasing((1, 1), (1, 1), value_range=(-1e3, 10))
        layer.key = 1, stream
        found += [y.tobytes() for y in layer(np.zeros((3, 4, 5, 1), "float32"), training=True).numpy()]
    assert len(set(found)) == 9


def test_erasing_with_a_colour_and_with_noise():
    y = layers.RandomErasing((1, 1), (1, 1), (10, 300, -3))(X, training=True).numpy()
    np.testing.assert_array_equal(y, np.broadcast_to(np.float32([10, 255, 0]), X.shape))
    noise = layers.RandomErasing((1, 1), (1, 1), value_range=(-1e3, 10), seed=1)(np.zeros((3, 40, 50, 3)), training=True).numpy() / 10
    assert abs(np.minimum(noise, 1).mean() - -0.0833) < 0.03 and (noise[0] != noise[1]).mean() > 0.5      # E min(z, 1) = -0.0833
    agree(("law", "noise", "mean below 0"), noise[noise < 0].mean() / np.sqrt(2 / np.pi), -1, 0.03)


def test_mixtures_are_means_of_two_images_and_their_labels():
    x = np.repeat(np.arange(6.0), 8).reshape(6, 2, 2, 2)   # images of one number each
    data = layers.MixUp(1.0, seed=2)({"images": x, "labels": np.eye(6)})
    labels = data["labels"].numpy()
    np.testing.assert_allclose(labels.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_allclose(data["images"].numpy()[:, 0, 0, 0], labels @ np.arange(6.0), rtol=1e-5)
    assert ((labels > 0).sum(axis=1) <= 2).all() and len(np.unique(labels.max(axis=1))) > 3


def test_pasted_rectangles_have_the_area_that_the_label_says():
    x = np.broadcast_to(np.arange(6.0).reshape(6, 1, 1, 1), (6, 64, 80, 2))
    layer = layers.CutMix((1, 1), seed=2)
    for _ in range(5):
        data = layer({"images": x, "labels": np.eye(6)})
        share = np.stack([(data["images"].numpy()[..., 0] == k).mean(axis=(1, 2)) for k in range(6)], axis=1)
        np.testing.assert_allclose(data["labels"].numpy(), share, atol=0.04)
        np.testing.assert_array_equal(data["images"].numpy()[..., 0], data["images"].numpy()[..., 1])


@pytest.mark.parametrize("name", ["MixUp", "CutMix"])
def test_labels_of_two_classes_are_mixed_in_any_form_of_floats(name):
    for shape in (6,), (6, 1), (6, 2, 3):
        y = np.random.default_rng(1).random(shape)
        found = made(name, seed=2)({"images": X, "labels": y})["labels"].numpy()
        drawn = made(name, seed=2).draw(X.shape, (2, 2 ** 31), 1)
        w = drawn["weight"].reshape(-1, *[1] * (len(shape) - 1))
        np.testing.assert_allclose(found, w * y + (1 - w) * y[drawn["partners"]], rtol=1e-5)
    one_hot = made(name)({"images": X, "labels": np.eye(6, dtype=int)})["labels"]
    assert one_hot.dtype == np.float32
    np.testing.assert_allclose(one_hot.numpy().sum(axis=1), 1, rtol=1e-6)


# When they are active -----------------------------------------------------------------------------------------------------

@every
def test_active_in_training_and_where_nobody_says(name):
    x, settings = tv.tensor(X), dict(seed=1)
    model = tv.Sequential([layers.Input(X.shape[1:]), made(name, **settings)])
    for what in made(name, **settings), model, tv.Sequential([model]):
        assert what(x, training=True).shape != x.shape or (what(x, training=True).numpy() != X).any()
        assert what(x).shape != x.shape or (what(x).numpy() != X).any()
        rest = what(x, training=False)
        if name != "RandomCrop":
            np.testing.assert_array_equal(rest.numpy(), X)
        np.testing.assert_array_equal(model.predict(X, verbose=0), model(x, training=False).numpy())


@every
def test_at_rest_it_is_the_very_input(name):
    x = tv.tensor(X)
    if name != "RandomCrop":
        assert made(name)(x, training=False) is x
        assert made(name)(tv.tensor(X[0]), training=False).shape == X[0].shape


def test_inside_of_a_layer_that_was_told():
    class Wrapped(layers.Layer):
        def __init__(self):
            super().__init__()
            self.inner = layers.RandomBrightness((0.5, 0.5))

        def call(self, x):
            return self.inner(x)

    changed = [(Wrapped()(X, **told).numpy() != X).any() for told in ({}, {"training": True}, {"training": False})]
    assert changed == [True, True, False]


def test_no_warning_that_they_rest_where_they_do_not(recwarn):
    x = tv.tensor(X, requires_grad=True)
    layers.RandomBrightness(0.1)(x)
    tv.Sequential([layers.Input(X.shape[1:]), layers.RandomBrightness(0.1)])(x)
    assert not recwarn.list


def test_fit_augments_and_evaluate_does_not():
    model = tv.Sequential([layers.Input((6, 6, 1)), layers.RandomBrightness((0.5, 0.5), value_range=(0, 10)), layers.GlobalAveragePooling2D(),
                           layers.Dense(1, kernel_initializer="ones")])
    model.compile(tv.optimizers.SGD(1e-12), "mse")
    x, y = np.ones((4, 6, 6, 1)), np.ones((4, 1))
    assert model.fit(x, y, verbose=0).history["loss"] == pytest.approx([25.0], rel=1e-5)
    assert model.evaluate(x, y, verbose=0) == pytest.approx(0, abs=1e-6)


# What they take -----------------------------------------------------------------------------------------------------------

KEPT = {"RandomBrightness": "uint8"}


@every
def test_bytes(name):
    x = X.astype(np.uint8)
    y, float_y = made(name, seed=1)(x, training=True), made(name, seed=1)(x.astype(np.float32), training=True)
    assert y.dtype == KEPT.get(name, "float32")
    np.testing.assert_allclose(y.numpy(), float_y.numpy(), atol=1.01 if name in KEPT else 1e-4)
    rest = made(name)(x, training=False)
    assert rest.dtype == ("uint8" if name in ("RandomContrast", "RandomBrightness", "MixUp") else "float32")


def test_bright_bytes_stay_bright():
    """Keras 3.15 adds bytes to bytes, which begin again at 0 behind 255."""
    x = np.uint8([[[[0], [100], [250]]]])
    for factor, expected in (0.1, [25, 125, 255]), (-0.1, [0, 75, 225]):
        y = layers.RandomBrightness((factor, factor))(x, training=True)
        np.testing.assert_array_equal(y.numpy().ravel(), expected)


@every
def test_one_image_is_a_batch_of_one(name):
    for one, batch in (X[0], X[:1]), (X[0, :, :, :1], X[:1, :, :, :1]):
        y = made(name, seed=1)(one, training=True)
        np.testing.assert_array_equal(y.numpy(), made(name, seed=1)(batch, training=True).numpy()[0])


@every
@pytest.mark.parametrize("shape", [(0, 5, 6, 3), (2, 1, 1, 3), (3, 1, 7, 1), (1, 6, 1, 2), (2, 3, 4, 40)])
def test_odd_shapes(name, shape):
    layer = made(name)
    size = (5, 4) if name == "RandomCrop" else shape[1:3]
    for training in True, False:
        y = layer(pixels(*shape), training=training)
        assert y.shape == (shape[0], *size, shape[3]) and np.isfinite(y.numpy()).all()


@every
def test_a_dictionary_comes_back_with_all_that_was_in_it(name):
    data = {"images": X, "labels": np.eye(6, dtype=np.float32), "segmentation_masks": (X[..., :1] > 100).astype(np.uint8) * 200,
            "more": np.arange(6)}
    found = made(name, seed=1)(data, training=True)
    assert list(found) == list(data) and data["images"] is X
    np.testing.assert_array_equal(found["images"].numpy(), made(name, seed=1)(X, training=True).numpy())
    np.testing.assert_array_equal(found["more"].numpy(), np.arange(6))
    assert found["segmentation_masks"].shape == (*found["images"].shape[:3], 1)
    rest = made(name)(data, training=False)
    np.testing.assert_array_equal(rest["labels"].numpy(), data["labels"])
    if name != "MixUp":
        assert set(np.unique(found["segmentation_masks"].numpy())) <= {0, 200}
    one = made(name, seed=1)({part: a[0] for part, a in data.items()}, training=True)
    assert one["images"].ndim == one["segmentation_masks"].ndim == 3 and one["labels"].shape == (6,)


@pytest.mark.parametrize("name", ["RandomFlip", "RandomRotation", "RandomZoom", "RandomTranslation", "RandomCrop", "CutMix"])
def test_masks_go_where_their_images_go(name):
    """Images of two values, by the nearest pixel: as masks they must come out the same."""
    x = (X[..., :1] > 100).astype(np.float32)
    nearest = dict(interpolation="nearest") if name in ("RandomRotation", "RandomZoom", "RandomTranslation") else {}
    found = made(name, seed=1, **nearest)({"images": x, "segmentation_masks": x.astype(np.uint8)}, training=True)
    np.testing.assert_array_equal(found["images"].numpy(), found["segmentation_masks"].numpy())
    assert found["segmentation_masks"].dtype == np.uint8


def test_layers_that_draw_nothing_take_dictionaries_too():
    data = {"images": X, "labels": np.arange(6), "segmentation_masks": (X[..., :1] > 100).astype(np.uint8)}
    for layer in layers.Resizing(4, 5), layers.CenterCrop(4, 5), layers.CenterCrop(4, 20):
        found = layer(data)
        np.testing.assert_array_equal(found["images"].numpy(), layer(X).numpy())
        assert found["segmentation_masks"].shape == (*found["images"].shape[:3], 1) and found["segmentation_masks"].dtype == np.uint8


def test_small_images_are_resized_by_crops():
    y = layers.RandomCrop(20, 10)(X, training=True)
    np.testing.assert_array_equal(y.numpy(), ops.image.resize(X, (20, 10), crop_to_aspect_ratio=True).numpy())
    np.testing.assert_array_equal(layers.CenterCrop(20, 10)(X).numpy(), y.numpy())
    np.testing.assert_array_equal(layers.RandomCrop(20, 10)(X, training=False).numpy(), y.numpy())
    assert layers.RandomCrop(4, 3)(X, training=False).shape == (6, 4, 3, 3)


TAKES = r"takes images or a dictionary with them under \"images\" \(of pairs: map\(lambda x, y: \(layer\(x\), y\)\)\), "
CORNERS = np.array([[0, 0], [4, 0], [0, 4], [4, 4.0]])
BOXES = {"images": X, "bounding_boxes": {"boxes": np.zeros((6, 1, 4))}}


@pytest.mark.parametrize("call,message", [
    (lambda: layers.RandomFlip("sideways"), r"\(RandomFlip\): unknown mode 'sideways'. There is 'horizontal_and_vertical', 'horizontal'"),
    (lambda: layers.RandomRotation(1.5), r"\(RandomRotation\): factor is a number between -1 and 1, or a pair of them, got 1.5"),
    (lambda: layers.RandomRotation((1, 2, 3)), r"a pair of them, got \(1, 2, 3\)"),
    (lambda: layers.RandomRotation("0.1"), "a pair of them, got '0.1'"),
    (lambda: layers.RandomRotation(0.1, "mirror"), "unknown fill_mode 'mirror'. There is 'reflect', 'wrap', 'constant', 'nearest'"),
    (lambda: layers.RandomRotation(0.1, interpolation="bicubic"), "unknown interpolation 'bicubic'. There is 'nearest', 'bilinear'"),
    (lambda: layers.RandomRotation(0.1, seed=-1), r"the seed must lie in 0 .. 2\*\*32 - 1, got -1"),
    (lambda: layers.RandomRotation(0.1, seed=1.5), "the seed must be an integer, got 1.5"),
    (lambda: layers.RandomZoom(-1), "height_factor must lie above -1, where nothing is seen, got -1"),
    (lambda: layers.RandomZoom(0.1, (0.5, 1.5)), r"width_factor is a number between -1 and 1, or a pair of them, got \(0.5, 1.5\)"),
    (lambda: layers.RandomTranslation(0.1, 2), "width_factor is a number between -1 and 1"),
    (lambda: layers.RandomContrast(-0.1), "factor is a number between 0 and 1, or a pair of them"),
    (lambda: layers.RandomContrast(0.1, 255), r"value_range is a pair of finite numbers \(lowest, highest\), got 255"),
    (lambda: layers.RandomErasing(2.0), "factor is a number between 0 and 1"),
    (lambda: layers.RandomErasing(fill_value="red"), "fill_value is a finite number, one for each channel or None, got 'red'"),
    (lambda: layers.RandomErasing(fill_value=(1, 2))(X, training=True), "fill_value has 2 numbers, for images of 3 channels"),
    (lambda: layers.MixUp(0), "alpha is a positive, finite number, got 0"),
    (lambda: layers.RandomCrop(0, 3), "height must be a positive integer, got 0"),
    (lambda: layers.CenterCrop(3, 2.5), "width must be a positive integer, got 2.5"),
    (lambda: layers.RandomFlip()(X[0, 0]), r"\(RandomFlip\): it takes images"),
    (lambda: layers.RandomFlip()({"image": X}), "takes images, or a dictionary with them under \"images\"; this one has 'image'"),
    (lambda: layers.RandomFlip()(BOXES), "bounding boxes are not changed with the images; leave them out"),
    (lambda: layers.RandomFlip(bounding_box_format="xyxy"), "bounding_box_format='xyxy' is not available"),
    (lambda: layers.RandomContrast(0.1, data_format="channels_first"), "data_format='channels_first' is not available"),
    (lambda: layers.RandomFlip()({"images": X, "segmentation_masks": X[0]}), r"masks are \(N, H, W, 1\), as large as the images \(6, 9, 8, 3\)"),
    (lambda: layers.RandomRotation((2, 3)), r"factor is a number between -1 and 1, or a pair of numbers that has some of that between them, got \(2, 3\)"),
    (lambda: layers.RandomRotation((0, math.inf)), r"a pair of them, got \(0, inf\)"),
    (lambda: layers.RandomBrightness((math.nan, 0.1)), r"a pair of them, got \(nan, 0.1\)"),
    (lambda: layers.RandomContrast(1.5), "factor is a number between 0 and 1, or a pair of them, got 1.5"),
    (lambda: layers.RandomContrast((2, 3)), "between 0 and 1, or a pair of numbers that has some of that between them"),
    (lambda: layers.RandomErasing(scale=(-0.5, 0.5)), r"scale is a number between 0 and 1, or a pair of them, got \(-0.5, 0.5\)"),
    (lambda: layers.RandomErasing(scale=(1, 3)), r"scale is a number between 0 and 1, or a pair of them, got \(1, 3\)"),
    (lambda: layers.RandomErasing((0, 2)), r"factor is a number between 0 and 1, or a pair of them, got \(0, 2\)"),
    (lambda: layers.CutMix((-1, 0.5)), r"factor is a number between 0 and 1, or a pair of them, got \(-1, 0.5\)"),
    (lambda: layers.CutMix((0, 5)), r"a pair of them, got \(0, 5\)"),
    (lambda: layers.MixUp(math.inf), "alpha is a positive, finite number, got inf"),
    (lambda: layers.MixUp(True), "alpha is a positive, finite number, got True"),
    (lambda: layers.RandomRotation(0.1, fill_value=[1, 2, 3]), r"\(RandomRotation\): fill_value is a finite number, got \[1, 2, 3\]"),
    (lambda: layers.RandomZoom(0.1, fill_value=None), "fill_value is a finite number, got None"),
    (lambda: layers.RandomTranslation(0.1, 0.1, fill_value=math.nan), "fill_value is a finite number, got nan"),
    (lambda: layers.RandomTranslation(0.1, 0.1, fill_value=10 ** 400), "fill_value is a finite number, got 1000"),
    (lambda: layers.Resizing(3, 3, fill_value="black"), "fill_value is a finite number, got 'black'"),
    (lambda: ops.image.affine_transform(X, np.eye(8)[0], fill_value=[1.0, 2, 3]), "affine_transform: fill_value is a finite number"),
    (lambda: ops.image.perspective_transform(X, CORNERS, CORNERS, fill_value=None), "perspective_transform: fill_value is a finite number"),
    (lambda: ops.image.map_coordinates(X, np.zeros((4, 1)), 1, fill_value=None), "map_coordinates: fill_value is a finite number"),
    (lambda: ops.image.resize(X, (9, 4), pad_to_aspect_ratio=True, fill_value=[1, 2, 3]), "resize: fill_value is a finite number"),
    (lambda: layers.RandomBrightness(0.1, ("a", "b")), r"value_range is a pair of finite numbers \(lowest, highest\), got \('a', 'b'\)"),
    (lambda: layers.RandomContrast(0.1, (0, None)), r"a pair of finite numbers \(lowest, highest\), got \(0, None\)"),
    (lambda: layers.RandomErasing(value_range=(0, math.nan)), "a pair of finite numbers"),
    (lambda: layers.RandomErasing(fill_value=[[1], [2], [3]]), "fill_value is a finite number, one for each channel or None"),
    (lambda: layers.RandomErasing(fill_value=np.array([1, math.nan])), "fill_value is a finite number, one for each channel or None"),
    (lambda: layers.RandomFlip()([X[0], X[1]]), TAKES + "got list"),
    (lambda: layers.RandomFlip()((X, np.arange(6))), TAKES + "got tuple"),
    (lambda: layers.RandomFlip()(None), TAKES + "got NoneType"),
    (lambda: layers.RandomFlip()("cat.jpg"), TAKES + "got str"),
    (lambda: layers.RandomFlip()({"images": [X[0], X[1]]}), TAKES + "got list as 'images'"),
    (lambda: layers.RandomFlip()({"images": X, "labels": None}), TAKES + "got NoneType as 'labels'"),
    (lambda: layers.RandomFlip()({"images": X, "segmentation_masks": "red"}), TAKES + "got str as 'segmentation_masks'"),
    (lambda: layers.Resizing(3, 3)([X[0], X[1]]), TAKES + "got list"),
    (lambda: layers.Resizing(3, 3)(X, np.arange(6)), TAKES + "got 2 arguments"),
    (lambda: list(Dataset.from_tensor_slices((X, np.arange(6))).map(layers.RandomFlip())), TAKES + "got 2 arguments; training=... goes by its"),
    (lambda: layers.MixUp()({"images": X, "label": np.eye(6)}), "under \"labels\"; this dictionary has none, but 'label'"),
    (lambda: layers.CutMix()({"images": X, "y": np.eye(6)}), r"\(CutMix\) mixes images with their labels.* has none, but 'y'"),
    (lambda: layers.MixUp()({"images": X, "labels": np.arange(6.0)}), r"\(N,\) of them are probabilities.* got numbers from 0 to 5. Of class"),
    (lambda: layers.CutMix()({"images": X, "labels": np.arange(6.0) - 5}), "got numbers from -5 to 0"),
    (lambda: layers.MixUp()({"images": X, "labels": np.arange(6)}), r"means of labels.* int64 of shape \(6,\). ops.one_hot"),
    (lambda: layers.CutMix()({"images": X, "labels": np.arange(6)[:, None]}), r"int64 of shape \(6, 1\). ops.one_hot"),
])
def test_mistakes_are_named(call, message):
    with pytest.raises((ValueError, TypeError), match=message):
        call()


def test_what_keras_takes_is_taken():
    """Pairs that go beyond the range, lists of numbers as labels, and other things in a dictionary."""
    assert layers.RandomRotation((-2, 3)).factor == (-2, 3) and layers.RandomContrast((0, 5)).factor == (0, 5)
    assert layers.RandomContrast((0.5, 0.2)).factor == (0.2, 0.5) and layers.RandomContrast(0.5).factor == (0.5, 0.5)
    assert layers.RandomContrast([0.1, 0.2]).factor == (0.1, 0.2) and layers.RandomBrightness(-0.5).factor == (-0.5, 0.5)
    assert layers.RandomErasing(1.0, 0.5).scale == (0, 0.5) and layers.RandomErasing(fill_value=np.float32(2)).fill_value == 2
    numbers = layers.MixUp(seed=1)({"images": X, "labels": [0.0, 1, 1, 0, 1, 0]})["labels"]
    arrays = layers.MixUp(seed=1)({"images": X, "labels": np.array([0.0, 1, 1, 0, 1, 0])})["labels"]
    np.testing.assert_array_equal(numbers.numpy(), arrays.numpy())
    assert layers.CutMix()({"images": X, "labels": np.eye(6).tolist()})["labels"].shape == (6, 6)
    assert layers.MixUp()({"images": X, "labels": np.arange(6.0)[:, None]})["labels"].shape == (6, 1)
    assert layers.MixUp()({"images": X, "segmentation_masks": X[..., :1]})["segmentation_masks"].shape == (6, 9, 8, 1)
    made = layers.RandomFlip()({"images": X, "labels": [1, 2, 3, 4, 5, 6], "name": "six"})
    assert made["labels"].shape == (6,) and made["name"] == "six"
    assert layers.RandomFlip()(X.tolist()).shape == X.shape


def test_a_colour_given_as_an_array_is_saved(tmp_path):
    made = tv.Sequential([tv.Input((9, 8, 3)), layers.RandomErasing((1, 1), (1, 1), fill_value=np.array([1.0, 2.0, 3.0]))])
    made.save(tmp_path / "erasing.keras")
    again = tv.models.load_model(tmp_path / "erasing.keras").layers[0]
    assert again.get_config()["fill_value"] == made.layers[0].get_config()["fill_value"] == again.fill_value == [1, 2, 3]
    assert again(X, training=True).numpy()[0, 0, 0].tolist() == [1, 2, 3]


# Gradients ----------------------------------------------------------------------------------------------------------------

@every
def test_gradients_reach_the_images_that_ask_for_them(name):
    """Along a random direction, against the difference quotient; nothing is recorded for images that do not ask."""
    tv.config.set_floatx("float64")
    rng = np.random.default_rng(1)
    x, d = rng.random((4, 6, 5, 3)) * 200 + 20, rng.standard_normal((4, 6, 5, 3))
    y = made(name, seed=2)(tv.tensor(x), training=True)
    assert not y.requires_grad and y.node is None
    g = rng.standard_normal(y.shape)

    def value(step):
        return (made(name, seed=2)(tv.tensor(x + step * d), training=True).numpy() * g).sum()

    leaf = tv.tensor(x, requires_grad=True)
    (made(name, seed=2)(leaf, training=True) * g).sum().backward()
    np.testing.assert_allclose((leaf.grad.numpy() * d).sum(), (value(1e-5) - value(-1e-5)) / 2e-5, rtol=1e-6)


OPS = {
    "crop_each": lambda x: framing.crop_each(x, tops=[0, 2], lefts=[1, 0], size=(3, 4)),
    "pad_each": lambda x: framing.pad_each(x, tops=[0, 2], lefts=[1, 0], shape=(2, 8, 7, 2)),
    "channel_means": toning.channel_means, "toned": lambda x, shift: toning.toned(x, 0.7, shift, limits=(-0.6, 0.8)),
}


@pytest.mark.parametrize("name", OPS)
def test_the_ops_behind_them_keep_the_laws(name):
    x, shift = np.random.default_rng(3).standard_normal((2, 5, 5, 2)), np.array([[[[0.1, -0.2]]], [[[0.3, 0.0]]]])
    batch = () if name in ("crop_each", "pad_each") else None
    assert check_op(OPS[name], [(x, shift) if name == "toned" else (x,)], batch=batch, verbose=False).ok


def test_crops_and_margins_are_adjoint():
    rng = np.random.default_rng(3)
    x, y = rng.standard_normal((2, 5, 5, 2)), rng.standard_normal((2, 3, 4, 2))
    padded = framing.pad_each(y, tops=[0, 2], lefts=[1, 0], shape=x.shape).numpy()
    np.testing.assert_allclose((OPS["crop_each"](x).numpy() * y).sum(), (x * padded).sum(), rtol=1e-12)


# In models ----------------------------------------------------------------------------------------------------------------

def augmented():
    return tv.Sequential([
        layers.Input((12, 10, 3)), layers.RandomFlip("horizontal", seed=1), layers.RandomRotation(0.1, seed=2), layers.RandomZoom(0.2),
        layers.RandomTranslation(0.1, 0.1), layers.RandomContrast(0.2), layers.RandomBrightness(0.2), layers.RandomErasing(),
        layers.RandomCrop(10, 9), layers.Rescaling(1 / 255), layers.Conv2D(4, 3, activation="relu"), layers.MaxPooling2D(), layers.Flatten(),
        layers.Dense(2)])


def test_a_model_with_all_of_them_is_checked_summed_up_and_trained(capsys):
    model = augmented()
    model.summary()
    assert "random_rotation" in capsys.readouterr().out
    model.compile("adam", tv.losses.SparseCategoricalCrossentropy(from_logits=True))
    x, y = pixels(8, 12, 10, 3), np.arange(8) % 2
    model.check(x, y)
    capsys.readouterr()
    assert np.isfinite(model.fit(x, y, epochs=2, batch_size=4, verbose=0).history["loss"]).all()


def test_replays_and_fused_layers_see_what_they_saw():
    """Inference of small batches is recorded and replayed: again and again the same, and as in the layers alone."""
    model, x = augmented(), pixels(2, 12, 10, 3)
    first = model.predict(x, verbose=0)
    model(x, training=True)
    for _ in range(4):
        np.testing.assert_allclose(model.predict(x, verbose=0), first, rtol=1e-6)
    y = tv.tensor(x)
    for layer in model.layers:
        y = layer(y, training=False)
    np.testing.assert_allclose(y.detach().numpy(), first, rtol=1e-4, atol=1e-5)
    changed, other = (model(x, training=True).detach().numpy() for _ in range(2))
    assert (changed != other).any()


def test_files_hold_them_from_keras_and_to_keras(keras, tmp_path):
    model, x = augmented(), pixels(3, 12, 10, 3)
    model.save(tmp_path / "ours.keras")
    again, theirs = tv.models.load_model(tmp_path / "ours.keras"), keras.models.load_model(tmp_path / "ours.keras")
    expected = model.predict(x, verbose=0)
    np.testing.assert_array_equal(again.predict(x, verbose=0), expected)
    assert [type(a).__name__ for a in theirs.layers] == [type(a).__name__ for a in model.layers[-len(theirs.layers):]]
    theirs.save(tmp_path / "theirs.keras")
    back = tv.models.load_model(tmp_path / "theirs.keras")
    np.testing.assert_allclose(back.predict(x, verbose=0), expected, rtol=1e-5)
    assert [layer.name for layer in again.layers] == [layer.name for layer in back.layers]


@pytest.mark.parametrize("chain", [
    lambda: [layers.RandomFlip("horizontal", seed=1)], lambda: [layers.RandomRotation(0.1, seed=1), layers.RandomCrop(5, 4, seed=1)],
    lambda: [layers.Resizing(12, 12), layers.CenterCrop(5, 4), layers.RandomContrast(0.3, seed=1)]])
def test_a_sequential_of_them_takes_single_images_and_dictionaries(chain):
    images = tv.Sequential(chain())(X, training=True).numpy()
    masks = (X[..., :1] > 100).astype(np.uint8)
    single = tv.Sequential(chain())
    for training in True, False:
        assert single(X[0], training=training).shape == images.shape[1:]
    np.testing.assert_array_equal(tv.Sequential(chain())(X[0], training=True).numpy(), images[0])
    found = tv.Sequential(chain())({"images": X, "labels": np.eye(6), "segmentation_masks": masks}, training=True)
    np.testing.assert_allclose(found["images"].numpy(), images, rtol=1e-6)
    assert found["segmentation_masks"].shape == (*images.shape[:3], 1) and found["labels"].shape == (6, 6)
    assert tv.Sequential([])(X[0]).shape == X[0].shape


def test_in_a_model_with_several_inputs_of_any_size():
    images = layers.Input((None, None, 3))
    model = tv.Model(images, layers.GlobalAveragePooling2D()(layers.RandomCrop(4, 4)(layers.RandomFlip()(images))))
    assert model.output.shape == (None, 3)
    for size in 6, 9:
        assert model.predict(pixels(2, size, size + 1, 3), verbose=0).shape == (2, 3)


def test_kernels_of_numpy_do_the_same():
    for name in ALL:
        fast = made(name, seed=1)(X, training=True).numpy()
        with kernels.use("numpy"):
            np.testing.assert_allclose(made(name, seed=1)(X, training=True).numpy(), fast, atol=2e-3)
