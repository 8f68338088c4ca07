"""Margins that cannot be are refused, with both numbers."""
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
    (lambda: layers.Cropping1D()(IMAGES), r"expects sequences \(N, T, C\), got input \(2, 7, 5, 4\)"),
    (lambda: layers.ZeroPadding1D()(np.ones((2, 7))), r"expects sequences \(N, T, C\), got input \(2, 7\)"),
    (lambda: layers.ZeroPadding2D()(SEQUENCES), r"expects images \(N, H, W, C\), got input \(2, 7, 4\)"),
    (lambda: layers.Cropping2D()(SEQUENCES), r"expects images \(N, H, W, C\), got input \(2, 7, 4\)"),
])
def test_margins_that_cannot_be(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("name", ["Cropping2D", "ZeroPadding1D", "ZeroPadding2D"])
def test_there_is_one_layout(name):
    with pytest.raises(ValueError, match="channels_first.*channels last, everywhere"):
        getattr(layers, name)(data_format="channels_first")


def test_integers_stay_integers():
    pixels = np.arange(12, dtype=np.uint8).reshape(1, 3, 4, 1)
    y = layers.Cropping2D(1)(layers.ZeroPadding2D(1)(pixels))
    assert y.dtype == np.uint8
    np.testing.assert_array_equal(y.numpy(), pixels)
