"""Colours: grey, and hue, saturation and value."""
from ...autograd import Tensor
from ..elementwise import cast, clip, where
from ..functions import abs, maximum, minimum
from ..indexing import concatenate
from ..mathematics import floor
from .arguments import as_batch, as_floats, as_given


def rgb_to_grayscale(images, data_format: str | None = None) -> Tensor:
    """0.2989 red + 0.5870 green + 0.1140 blue: how bright the eye finds them.

    https://keras.io/api/ops/image/#rgbtograyscale-function

    Args:
        images: (N, H, W, 3), or one image (H, W, 3). Grey images, with one channel, stay as they are.
        data_format: None or "channels_last", the one layout there is.

    Returns:
        (N, H, W, 1) or (H, W, 1), in the dtype of the images: of integers, the part behind the point is dropped.
    """
    x = as_batch("rgb_to_grayscale", images, data_format)
    if x.shape[3] == 1:
        return as_given(x, images)
    red, green, blue = _channels("rgb_to_grayscale", as_floats(x))
    return as_given(cast(0.2989 * red + 0.5870 * green + 0.1140 * blue, x.dtype.name), images)


def rgb_to_hsv(images, data_format: str | None = None) -> Tensor:
    """Red, green and blue as hue (0 red, 1/3 green, 2/3 blue), saturation (0 grey) and value (0 black), between 0 and 1.

    https://keras.io/api/ops/image/#rgbtohsv-function

    Args:
        images: (N, H, W, 3), or one image (H, W, 3), of floats between 0 and 1.
        data_format: None or "channels_last", the one layout there is.

    >>> rgb_to_hsv([[[0.0, 0.5, 0.0]]]).numpy()[0, 0]
    array([0.33333334, 1.        , 0.5       ], dtype=float32)
    """
    x = _floats("rgb_to_hsv", as_batch("rgb_to_hsv", images, data_format))
    tiny = 2.0 ** (-23 if x.dtype == "float32" else -52)
    red, green, blue = _channels("rgb_to_hsv", where(abs(x) < tiny, 0, x))
    value, darkest = maximum(maximum(red, green), blue), minimum(minimum(red, green), blue)
    span = value - darkest
    coloured, bright = span > 0, value > 0
    sixth = 1 / (6 * where(coloured, span, 1))
    hue = where(value == green, (blue - red) * sixth + 2 / 6, (red - green) * sixth + 4 / 6)
    hue = where(coloured, where(value == red, (green - blue) * sixth, hue), 0)
    saturation = where(bright, span / where(bright, value, 1), 0)
    return as_given(concatenate([where(hue < 0, hue + 1, hue), saturation, value], axis=3), images)


def hsv_to_rgb(images, data_format: str | None = None) -> Tensor:
    """Hue, saturation and value as red, green and blue: the inverse of `rgb_to_hsv`.

    https://keras.io/api/ops/image/#hsvtorgb-function

    Args:
        images: (N, H, W, 3), or one image (H, W, 3), of floats; hues 0 and 1 are the same.
        data_format: None or "channels_last", the one layout there is.

    >>> hsv_to_rgb([[[0.5, 1.0, 1.0]]]).numpy()[0, 0]
    array([0., 1., 1.], dtype=float32)
    """
    x = _floats("hsv_to_rgb", as_batch("hsv_to_rgb", images, data_format))
    hue, saturation, value = _channels("hsv_to_rgb", x)
    hue = (hue - floor(hue)) * 6
    strengths = abs(hue - 3) - 1, 2 - abs(hue - 2), 2 - abs(hue - 4)
    return as_given(concatenate([value * (1 - saturation + saturation * clip(s, 0, 1)) for s in strengths], axis=3), images)


def _channels(name, x):
    """The three channels, (N, H, W, 1) each."""
    if x.shape[3] != 3:
        grey = " or 1" if name == "rgb_to_grayscale" else ""
        raise ValueError(f"{name}: it takes images with 3{grey} channels, channels last, got shape {x.shape}")
    return [x[..., c:c + 1] for c in range(3)]


def _floats(name, x):
    if x.dtype.kind != "f":
        raise ValueError(f"{name}: it takes floats, between 0 and 1, got {x.dtype}; for bytes, x / 255")
    return x
