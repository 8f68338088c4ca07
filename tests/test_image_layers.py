"""Layers that change the size of images: what cannot be is refused, with the numbers on both sides."""
import numpy as np
import pytest

from tinyvision import layers

IMAGES, SEQUENCES = np.ones((2, 7, 5, 4)), np.ones((2, 7, 4))


@pytest.mark.parametrize("call, message", [
    (lambda: layers.Cropping2D(-1), r"cropping2d.* \(Cropping2D\): cropping is made of whole numbers, 0 or more.*got -1"),
    (lambda: layers.Cropping2D(1.5), "0 or more.*got 1.5"), (lambda: layers.Cropping2D(True), "0 or more.*got True"),
    (lambda: layers.Cropping2D((1, 2, 3)), r"a pair of pairs .*; got \(1, 2, 3\)"),
    (lambda: layers.Cropping2D(((1, 2), (3, -4))), r"0 or more.*got \(3, -4\)"),
    (lambda: layers.Cropping1D((1, "2")), "0 or more.*got"), (lambda: layers.ZeroPadding1D((1, 2, 3)), r"got \(1, 2, 3\)"),
    (lambda: layers.ZeroPadding2D(-2), "padding is made of whole numbers, 0 or more.*got -2"),
    (lambda: layers.Cropping2D(((3, 4), (0, 0)))(IMAGES), r"cuts off 3 \+ 4, 0 \+ 0 of an input of size 7, 5: nothing would be left"),
    (lambda: layers.Cropping2D((0, 3))(IMAGES), r"cuts off 0 \+ 0, 3 \+ 3 of an input of size 7, 5"),
    (lambda: layers.Cropping1D(4)(SEQUENCES), r"cuts off 4 \+ 4 of an input of size 7"),
    (lambda: layers.UpSampling2D(0), "size is a positive integer or a pair.*got 0"),
    (lambda: layers.UpSampling2D((1, 2, 3)), r"got \(1, 2, 3\)"), (lambda: layers.UpSampling1D(1.5), "size must be a positive integer, got 1.5"),
    (lambda: layers.UpSampling2D(2, interpolation="biliner"), r"\(UpSampling2D\): unknown interpolation 'biliner': did you mean 'bilinear'"),
    (lambda: layers.UpSampling1D()(IMAGES), r"expects sequences \(N, T, C\)"),
    (lambda: layers.UpSampling2D()(SEQUENCES), r"expects images \(N, H, W, C\)"),
    (lambda: layers.Resizing(0, 3), "height must be a positive integer, got 0"),
    (lambda: layers.Resizing(3, 3, "linear"), r"\(Resizing\): unknown interpolation 'linear': did you mean 'bilinear'"),
    (lambda: layers.Resizing(3, 3, fill_mode="wrap"), "unknown fill_mode 'wrap'. There is 'constant'"),
    (lambda: layers.Resizing(3, 3, crop_to_aspect_ratio=True, pad_to_aspect_ratio=True), "or pad_to_aspect_ratio, not both"),
    (lambda: layers.Resizing(3, 3)(np.ones((5, 3))), "it takes images"),
    (lambda: layers.Cropping1D()(IMAGES), r"expects sequences \(N, T, C\), got input \(2, 7, 5, 4\)"),
    (lambda: layers.ZeroPadding1D()(np.ones((2, 7))), r"expects sequences \(N, T, C\), got input \(2, 7\)"),
    (lambda: layers.ZeroPadding2D()(SEQUENCES), r"expects images \(N, H, W, C\), got input \(2, 7, 4\)"),
    (lambda: layers.Cropping2D()(SEQUENCES), r"expects images \(N, H, W, C\), got input \(2, 7, 4\)"),
])
def test_margins_that_cannot_be(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("name", ["Cropping2D", "ZeroPadding1D", "ZeroPadding2D", "UpSampling2D"])
def test_there_is_one_layout(name):
    with pytest.raises(ValueError, match="channels_first.*channels last, everywhere"):
        getattr(layers, name)(data_format="channels_first")


def test_integers_stay_integers():
    pixels = np.arange(12, dtype=np.uint8).reshape(1, 3, 4, 1)
    y = layers.Cropping2D(1)(layers.ZeroPadding2D(1)(pixels))
    assert y.dtype == np.uint8
    np.testing.assert_array_equal(y.numpy(), pixels)


def test_bytes_are_resized_to_bytes():
    """As in Keras: sums are rounded."""
    pixels = np.array([[[[0], [3]], [[1], [255]]]], np.uint8)
    for layer in layers.Resizing(1, 1), layers.UpSampling2D(2, interpolation="bilinear"), layers.UpSampling2D(3):
        y = layer(pixels)
        assert y.dtype == np.uint8
    assert layers.Resizing(1, 1)(pixels).item() == 65
    assert layers.Resizing(1, 4)(pixels[0]).shape == (1, 4, 1)         # one image alone


def test_images_of_any_size():
    inputs = layers.Input((None, None, 3))
    assert layers.Resizing(8, 9)(inputs).shape == (None, 8, 9, 3)
    assert layers.UpSampling2D(2)(inputs).shape == (None, None, None, 3)
    assert layers.Cropping2D(1)(inputs).shape == layers.ZeroPadding2D(1)(inputs).shape == (None, None, None, 3)
