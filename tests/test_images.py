"""Functions of images: what is refused, the dtypes of integers, and what holds whatever the oracle says."""
import numpy as np
import pytest

from tinyvision import ops, tensor

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


# Patches, blurring, colours -----------------------------------------------------------------------------------------------

@pytest.mark.parametrize("call, message", [
    (lambda: image.extract_patches(IMAGES, (2, 2, 2)), r"extract_patches: size is a number or a pair.* got \(2, 2, 2\): there are no volumes"),
    (lambda: image.extract_patches(IMAGES, 0), "extract_patches: size is a positive integer"),
    (lambda: image.extract_patches(IMAGES, 2, strides=(1, 1.5)), r"extract_patches: strides is a positive integer.*got \(1, 1.5\)"),
    (lambda: image.extract_patches(IMAGES, 2, dilation_rate=-1), "extract_patches: dilation_rate is a positive integer"),
    (lambda: image.extract_patches(IMAGES, 2, padding="full"), "padding is 'valid' or 'same', not 'full'"),
    (lambda: image.extract_patches(IMAGES, 6), r"reach over \(6, 6\) pixels .* do not fit into images of \(7, 5\)"),
    (lambda: image.extract_patches(np.ones(5), 2), "extract_patches: it takes images"),
    (lambda: image.gaussian_blur(IMAGES, 0), "gaussian_blur: kernel_size is a positive integer"),
    (lambda: image.gaussian_blur(IMAGES, sigma=(1.0, 0.0)), r"sigma is a pair of positive numbers, along .*got \(1.0, 0.0\)"),
    (lambda: image.gaussian_blur(IMAGES, sigma=2.0), "sigma is a pair of positive numbers, along .*got 2.0"),
    (lambda: image.rgb_to_grayscale(np.ones((4, 5, 2))), r"images with 3 or 1 channels, channels last, got shape \(1, 4, 5, 2\)"),
    (lambda: image.rgb_to_hsv(np.ones((3, 4, 5))), r"rgb_to_hsv: it takes images with 3 channels, channels last, got shape"),
    (lambda: image.rgb_to_hsv(np.ones((4, 5, 3), "uint8")), "rgb_to_hsv: it takes floats, between 0 and 1, got uint8; for bytes, x / 255"),
    (lambda: image.hsv_to_rgb(np.ones((4, 5, 3), "int64")), "hsv_to_rgb: it takes floats"),
])
def test_more_that_cannot_be(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_blur_is_the_loop():
    """kernel_size and sigma are (along the width, along the height), as Keras computes it and does not say."""
    x = np.random.default_rng(0).standard_normal((6, 7, 2))
    y = image.gaussian_blur(x, (2, 5), (0.8, 1.5)).numpy()
    across, down = (np.exp(-0.5 * ((np.arange(n) - (n - 1) / 2) / sigma) ** 2) for n, sigma in ((2, 0.8), (5, 1.5)))
    padded = np.pad(x, ((2, 2), (0, 1), (0, 0)))
    for i, j in np.ndindex(6, 7):
        window = padded[i:i + 5, j:j + 2] * (down / down.sum())[:, None, None] * (across / across.sum())[:, None]
        np.testing.assert_allclose(y[i, j], window.sum((0, 1)), rtol=0, atol=1e-14)


def test_bytes_are_blurred_to_bytes():
    y = image.gaussian_blur(np.full((5, 5, 1), 200, np.uint8))
    assert y.dtype == np.uint8 and y.numpy()[2, 2, 0] == 200


def test_bytes_in_grey_are_those_of_keras(keras):
    x = np.random.default_rng(0).integers(0, 256, (8, 9, 3)).astype(np.uint8)
    y = image.rgb_to_grayscale(x)
    assert y.dtype == np.uint8
    np.testing.assert_array_equal(y.numpy(), keras.ops.image.rgb_to_grayscale(x))


def test_colours_by_name():
    colours = np.array([[[0, 0, 0], [1, 1, 1], [0.5, 0.5, 0.5], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 0, 1], [0.5, 0.25, 0.25]]])
    expected = [[[0, 0, 0], [0, 0, 1], [0, 0, 0.5], [0, 1, 1], [1 / 3, 1, 1], [2 / 3, 1, 1], [1 / 6, 1, 1], [5 / 6, 1, 1], [0, 0.5, 0.5]]]
    with np.errstate(all="raise"):
        y = image.rgb_to_hsv(colours)
    np.testing.assert_allclose(y.numpy(), expected, atol=1e-15)
    np.testing.assert_allclose(image.hsv_to_rgb(y).numpy(), colours, atol=1e-15)


# Warping ------------------------------------------------------------------------------------------------------------------

SHIFT = np.array([1.0, 0, 0.5, 0, 1, -0.25, 0, 0])
SQUARE = np.array([[0, 0], [4, 0], [0, 6], [4, 6]])


@pytest.mark.parametrize("call, message", [
    (lambda: image.affine_transform(IMAGES, SHIFT, "bicubic"), "affine_transform: unknown interpolation 'bicubic'. There is 'nearest', 'bilinear'"),
    (lambda: image.affine_transform(IMAGES, SHIFT, "bilinaer"), "did you mean 'bilinear'"),
    (lambda: image.affine_transform(IMAGES, SHIFT, fill_mode="edge"), "affine_transform: unknown fill_mode 'edge'. There is 'constant', 'nearest', 'wrap'"),
    (lambda: image.affine_transform(IMAGES, SHIFT, fill_mode="reflct"), "did you mean 'reflect'"),
    (lambda: image.affine_transform(IMAGES, SHIFT[:6]), r"it takes 8 numbers, or 8 for each of the 2 images, got shape \(6,\)"),
    (lambda: image.affine_transform(IMAGES, np.stack([SHIFT] * 3)), r"8 for each of the 2 images, got shape \(3, 8\)"),
    (lambda: image.affine_transform(IMAGE, np.stack([SHIFT] * 3)), r"8 for each of the 1 images, got shape \(3, 8\)"),
    (lambda: image.affine_transform(np.ones((7, 5)), SHIFT), "affine_transform: it takes images"),
    (lambda: image.affine_transform(IMAGES, SHIFT, data_format="channels_first"), "channels last, everywhere"),
    (lambda: image.map_coordinates(np.ones((5, 6)), np.ones((3, 4)), 1), r"\(5, 6\) takes coordinates \(2, ...\).* got shape \(3, 4\)"),
    (lambda: image.map_coordinates(np.ones((5, 6)), np.ones(2), 1), r"got shape \(2,\)"),
    (lambda: image.map_coordinates(np.ones((5, 6)), np.ones((2, 3)), 3), r"order is 0 \(nearest\) or 1 \(linear\), got 3"),
    (lambda: image.map_coordinates(np.ones((5, 6)), np.ones((2, 3)), 1, "mirrored"), "map_coordinates: unknown fill_mode 'mirrored': did you mean 'mirror'"),
    (lambda: image.map_coordinates(np.ones((0, 6)), np.ones((2, 3)), 1), r"shape \(0, 6\) has no elements"),
    (lambda: image.perspective_transform(IMAGES, SQUARE[:3], SQUARE), r"start_points are four points.*\(2, 4, 2\), got shape \(3, 2\)"),
    (lambda: image.perspective_transform(IMAGES, SQUARE, np.stack([SQUARE] * 3)), r"end_points are four points.* got shape \(3, 4, 2\)"),
    (lambda: image.perspective_transform(IMAGES, SQUARE, [[0, 0], [1, 1], [2, 2], [0, 3]]), r"no three of the four end points may lie on a line.*\[2, 2\]"),
    (lambda: image.perspective_transform(IMAGES, SQUARE, [[0, 0], [2, 2], [0, 3], [4, 4]]), "may lie on a line"),
    (lambda: image.perspective_transform(IMAGES, SQUARE, SQUARE, "cubic"), "perspective_transform: unknown interpolation 'cubic'"),
])
def test_warps_that_cannot_be(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
@pytest.mark.parametrize("fill_mode", ["constant", "nearest", "wrap", "mirror", "reflect"])
def test_affine_transforms_are_those_of_keras(keras, interpolation, fill_mode):
    """Its own function, where it does what its page says: c0 = c1 = 0, and a transform for each image."""
    import jax

    rng = np.random.default_rng(0)
    x, t = rng.standard_normal((2, 5, 6, 3)), rng.standard_normal((2, 8)) * ([1] * 6 + [0] * 2)
    how = dict(interpolation=interpolation, fill_mode=fill_mode, fill_value=0.5)
    ours = tensor(x, requires_grad=True)
    y, v = image.affine_transform(ours, t, **how), rng.standard_normal(x.shape)
    expected, pull = jax.vjp(lambda x: keras.ops.image.affine_transform(x, t, **how), x)
    np.testing.assert_allclose(y.data, expected, rtol=0, atol=1e-12)
    y.backward(v)
    np.testing.assert_allclose(ours.grad.data, pull(v)[0], rtol=0, atol=1e-12)


def test_perspectives_are_those_of_keras(keras):
    """To within the float32 in which Keras finds the transform."""
    rng = np.random.default_rng(0)
    x, start = rng.standard_normal((2, 5, 6, 3)), SQUARE + rng.uniform(-1, 1, (2, 4, 2))
    end = SQUARE + rng.uniform(-1, 1, (2, 4, 2))
    y, expected = image.perspective_transform(x, start, end), keras.ops.image.perspective_transform(x, start, end)
    np.testing.assert_allclose(y.numpy(), expected, rtol=0, atol=1e-4)


def test_four_points_go_to_four_others():
    x = np.zeros((12, 15, 1))
    start, end = np.array([[2, 3], [12, 1], [3, 9], [11, 10]]), np.array([[1, 1], [13, 2], [4, 8], [9, 10]])
    for number, (column, row) in enumerate(start, 1):
        x[row, column] = number
    y = image.perspective_transform(x, start, end).numpy()
    np.testing.assert_allclose([y[row, column, 0] for column, row in end], [1, 2, 3, 4], rtol=1e-12)


@pytest.mark.parametrize("order", [0, 1])
def test_what_lies_outside(order):
    row, places = np.array([1.0, 2.0, 3.0]), np.arange(-7.0, 10.0)[None]
    expected = {"constant": "99999991239999999", "nearest": "11111111233333333", "wrap": "31231231231231231",
                "mirror": "23212321232123212", "reflect": "11233211233211233"}
    for mode, digits in expected.items():
        y = image.map_coordinates(row, places, order, mode, fill_value=9)
        np.testing.assert_array_equal(y.numpy(), list(map(float, digits)), err_msg=mode)


def test_halves_go_away_from_zero():
    y = image.map_coordinates(np.arange(6.0), np.array([[0.5, 1.5, 2.5, -0.5, 0.49999999999999994, -0.25]]), 0, fill_value=9)
    np.testing.assert_array_equal(y.numpy(), [1, 2, 3, 9, 0, 0])


@pytest.mark.parametrize("fill_mode", ["constant", "nearest", "wrap", "mirror", "reflect"])
def test_coordinates_of_any_kind(fill_mode):
    """One pixel alone, places far away, and what is no number: no warning, no crash, no number out of nowhere."""
    places = tensor(np.array([[0.0, 1e30, -1e30, np.inf, -np.inf, np.nan, 0.25]]), requires_grad=True)
    with np.errstate(all="raise"):
        for n, order in ((1, 0), (1, 1), (4, 1)):
            y = image.map_coordinates(np.full(n, 5.0), places, order, fill_mode, fill_value=5)
            np.testing.assert_allclose(y.detach().numpy(), 5)
            y.sum().backward()
            assert np.isfinite(places.grad.numpy()).all()


def test_the_horizon_is_outside():
    """Where k = 0 a pixel comes from nowhere."""
    with np.errstate(all="raise"):
        y = image.affine_transform(np.ones((3, 5, 1)), [1.0, 0, 0, 0, 1, 0, -0.5, 0], fill_value=7)
    np.testing.assert_allclose(y.numpy()[1, :, 0], [1, 1, 7, 7, 7])


@pytest.mark.parametrize("dtype", ["uint8", "int32", "bool"])
def test_integers_are_warped_as_in_keras(keras, dtype):
    x = np.random.default_rng(0).integers(0, 256, (1, 5, 6, 3)).astype(dtype)
    for t in SHIFT, np.array([0.9, 0.2, 0.3, -0.1, 1.1, 0.4, 0, 0]):
        y, expected = image.affine_transform(x, t), np.asarray(keras.ops.image.affine_transform(x, t))
        assert y.dtype == dtype == expected.dtype
        np.testing.assert_array_equal(y.numpy(), expected)


def test_places_in_large_arrays_are_exact():
    """float32 does not count beyond 2 ** 24."""
    x = np.zeros((4, 5_000_001), np.float32)
    x[3, 4_999_998] = 1
    y = image.map_coordinates(x, np.array([[3, 3, 3], [4_999_997, 4_999_998, 4_999_999]], np.float32), 1)
    np.testing.assert_array_equal(y.numpy(), [0, 1, 0])
