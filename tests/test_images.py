"""Functions of images: what is refused, the dtypes of integers, and what holds whatever the oracle says."""
import numpy as np
import pytest

from tinyvision import ops

IMAGES, IMAGE = np.ones((2, 7, 5, 3)), np.ones((7, 5, 3))
image = ops.image


@pytest.mark.parametrize("call, message", [
    (lambda: image.resize(np.ones((7, 5)), (3, 3)), r"resize: it takes images \(N, H, W, C\), or one image \(H, W, C\), got shape \(7, 5\); add"),
    (lambda: image.resize(np.ones((2, 0, 5, 3)), (3, 3)), r"resize: images of shape \(2, 0, 5, 3\) have no pixels"),
    (lambda: image.resize(IMAGES, (3, 0)), r"resize: size is a pair of positive integers \(height, width\), got \(3, 0\)"),
    (lambda: image.resize(IMAGES, (3, -2)), r"got \(3, -2\)"), (lambda: image.resize(IMAGES, 3), "got 3"),
    (lambda: image.resize(IMAGES, (3.0, 2)), r"got \(3.0, 2\)"), (lambda: image.resize(IMAGES, (3, 2, 1)), r"got \(3, 2, 1\)"),
    (lambda: image.resize(IMAGES, (3, 3), "bilnear"), "resize: unknown interpolation 'bilnear': did you mean 'bilinear'\\? There is 'nearest', "),
    (lambda: image.resize(IMAGES, (3, 3), "area"), "unknown interpolation 'area'. There is 'nearest', 'bilinear', 'bicubic', 'lanczos3'"),
    (lambda: image.resize(IMAGES, (3, 3), fill_mode="reflect"), "resize: unknown fill_mode 'reflect'. There is 'constant'"),
    (lambda: image.resize(IMAGES, (3, 3), crop_to_aspect_ratio=True, pad_to_aspect_ratio=True), "or pad_to_aspect_ratio, not both"),
    (lambda: image.resize(IMAGES, (3, 3), data_format="channels_first"), "channels last, everywhere"),
    (lambda: image.crop_images(IMAGES, 1, 1, 1), r"takes two of left_cropping, right_cropping, target_width.*Got left_cropping=1, right_cropping=None"),
    (lambda: image.crop_images(IMAGES, 1, 0, 1, 0, target_height=5), "takes two of top_cropping, bottom_cropping, target_height"),
    (lambda: image.crop_images(IMAGES, -1, 0, 1, 0), "0 or more.*top_cropping=-1"),
    (lambda: image.crop_images(IMAGES, 1.5, 0, 1, 0), "whole numbers.*top_cropping=1.5"),
    (lambda: image.crop_images(IMAGES, 4, 0, 3, 0), r"top_cropping=4, bottom_cropping=3, target_height=None leave nothing of images of size 7"),
    (lambda: image.crop_images(IMAGES, 0, 2, 0, target_width=4), r"left_cropping=2, right_cropping=None, target_width=4 leave nothing of images of size 5"),
    (lambda: image.crop_images(IMAGES, 0, 0, 0, target_width=9), "target_width=9 leave nothing of images of size 5"),
    (lambda: image.crop_images(IMAGES, 0, right_cropping=2, bottom_cropping=0, target_width=4), "leave nothing of images of size 5"),
    (lambda: image.crop_images(np.ones(3), 0, 0, 0, 0), "crop_images: it takes images"),
    (lambda: image.pad_images(IMAGES, 1, 1, 1), "pad_images: it takes two of left_padding"),
    (lambda: image.pad_images(IMAGES, 0, 0, 0, -2), "right_padding=-2"),
    (lambda: image.pad_images(IMAGES, 0, 0, 0, target_width=4), "left_padding=0, right_padding=None, target_width=4 leave no room for images of size 5"),
])
def test_what_cannot_be_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# Resizing -----------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic", "lanczos3", "lanczos5"])
@pytest.mark.parametrize("antialias", [False, True])
def test_a_plain_image_stays_plain(interpolation, antialias):
    """The weights of a pixel sum to 1, at the edges too."""
    y = image.resize(np.full((5, 7, 1), 3.0), (9, 4), interpolation, antialias)
    np.testing.assert_allclose(y.numpy(), 3, rtol=1e-14)


def test_bilinear_is_the_loop():
    x = np.random.default_rng(0).standard_normal((4, 6, 2))
    y = image.resize(x, (7, 5)).numpy()
    for i, j in np.ndindex(7, 5):
        h, w = np.clip([(i + 0.5) * 4 / 7 - 0.5, (j + 0.5) * 6 / 5 - 0.5], 0, [3, 5])
        top, left = min(int(h), 2), min(int(w), 4)
        p, q = h - top, w - left
        corners = x[top, left] * (1 - p) * (1 - q) + x[top, left + 1] * (1 - p) * q + x[top + 1, left] * p * (1 - q) + x[top + 1, left + 1] * p * q
        np.testing.assert_allclose(y[i, j], corners, rtol=0, atol=1e-14)


@pytest.mark.parametrize("antialias", [False, True])
def test_bilinear_same_as_torch(antialias):
    torch = pytest.importorskip("torch", reason="needs torch: a second oracle for resizing")
    x = np.random.default_rng(0).standard_normal((2, 9, 8, 3))
    expected = torch.nn.functional.interpolate(torch.tensor(x).permute(0, 3, 1, 2), (4, 13), mode="bilinear", antialias=antialias)
    np.testing.assert_allclose(image.resize(x, (4, 13), antialias=antialias).numpy(), expected.permute(0, 2, 3, 1), rtol=0, atol=1e-13)


def test_nearest_on_small_sizes(keras):
    """Where a centre lies between two pixels, the one behind it is taken, whatever a rounded division says."""
    for old in 3, 6, 10:
        x = np.arange(float(old)).reshape(old, 1, 1)
        for new in 1, 2, 3, 4, 5, 9, 12:
            np.testing.assert_array_equal(image.resize(x, (new, 1), "nearest").numpy(), keras.ops.image.resize(x, (new, 1), "nearest"))


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int16", "bool"])
@pytest.mark.parametrize("interpolation", ["nearest", "bicubic"])
def test_integers_are_rounded_and_held_in_their_range(keras, dtype, interpolation):
    info = np.iinfo(dtype if dtype != "bool" else "uint8")
    x = np.random.default_rng(0).choice([info.min, info.min + 1, info.max - 1, info.max], (2, 5, 6, 3)).astype(dtype)
    for settings in {}, dict(pad_to_aspect_ratio=True, fill_value=0.75):
        y = image.resize(x, (9, 4), interpolation, **settings)
        expected = np.asarray(keras.ops.image.resize(x, (9, 4), interpolation, **settings))
        assert y.dtype == dtype == expected.dtype
        assert np.abs(y.numpy().astype(float) - expected.astype(float)).max() <= (dtype != "bool")      # where a half is rounded
        assert (y.numpy() == expected).mean() > 0.99


@pytest.mark.parametrize("dtype", ["int32", "int64"])
def test_wide_integers_are_computed_in_float64(dtype):
    """Keras on JAX does it in float32, and is off by hundreds."""
    x = np.random.default_rng(0).integers(-2 ** 31, 2 ** 31, (5, 6, 3)).astype(dtype)
    y, expected = image.resize(x, (9, 4), "bicubic"), np.round(image.resize(x.astype(float), (9, 4), "bicubic").numpy())
    assert y.dtype == dtype
    np.testing.assert_array_equal(y.numpy(), np.clip(expected, np.iinfo(dtype).min, np.iinfo(dtype).max))


def test_the_largest_integers_do_not_wrap_around():
    x = np.array([[[2 ** 63 - 1]], [[-2 ** 63]]])
    y = image.resize(x, (4, 1), "bicubic").numpy().ravel()
    assert y[0] > 2 ** 62 and y[-1] < -2 ** 62
