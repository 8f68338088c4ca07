"""Layers that cut margins off, or add margins of zeros."""
from .. import ops
from ..ops.conv import channels_last
from .base import Layer
from .core import check_images, described
from .sequences import check_sequences


def margin(n, name: str, layer) -> tuple[int, int]:
    """(n, n) for a number, a pair (before, after) as it is. They are whole numbers, 0 or more."""
    both = tuple(n) if isinstance(n, (tuple, list)) else (n, n)
    if len(both) != 2 or any(isinstance(m, bool) or not hasattr(m, "__index__") or m < 0 for m in both):
        raise ValueError(f"{described(layer)}: {name} is made of whole numbers, 0 or more: a number, a pair of them, or, for "
                         f"images, a pair of pairs ((top, bottom), (left, right)); got {n!r}")
    return int(both[0]), int(both[1])


def margins(n, name: str, layer) -> tuple[tuple[int, int], tuple[int, int]]:
    """((top, bottom), (left, right)) of a number for all four, or of a pair for height and width, each a number or a pair."""
    both = tuple(n) if isinstance(n, (tuple, list)) and len(n) == 2 else (n, n)
    return margin(both[0], name, layer), margin(both[1], name, layer)


def cropped(layer, x, cropping):
    """x without its margins, a pair for each axis behind the first."""
    sizes = x.shape[1:1 + len(cropping)]
    if any(before + after >= n for (before, after), n in zip(cropping, sizes)):
        raise ValueError(f"{described(layer)} cuts off {', '.join(f'{a} + {b}' for a, b in cropping)} of an input of size "
                         f"{', '.join(map(str, sizes))}: nothing would be left")
    return x[(slice(None), *(slice(before, n - after) for (before, after), n in zip(cropping, sizes)))]


class Cropping1D(Layer):
    """Cuts off the beginning and the end, (N, T, C) -> (N, T - before - after, C).

    https://keras.io/api/layers/reshaping_layers/cropping1d/

    Args:
        cropping: (before, after), or a number for both.
    """

    def __init__(self, cropping=(1, 1), **settings):
        super().__init__(**settings)
        self.cropping = margin(cropping, "cropping", self)

    def call(self, x):
        check_sequences(self, x)
        return cropped(self, x, (self.cropping,))


class Cropping2D(Layer):
    """Cuts margins off images, (N, H, W, C) -> (N, H - top - bottom, W - left - right, C).

    https://keras.io/api/layers/reshaping_layers/cropping2d/

    Args:
        cropping: ((top, bottom), (left, right)); or (height, width), the same on both sides; or a number for all four.
        data_format: None or "channels_last", the one layout there is.
    """

    def __init__(self, cropping=((0, 0), (0, 0)), data_format=None, **settings):
        super().__init__(**settings)
        channels_last(data_format, self.name)
        self.cropping = margins(cropping, "cropping", self)

    def call(self, x):
        check_images(self, x)
        return cropped(self, x, self.cropping)


class ZeroPadding1D(Layer):
    """Zeros before and after, (N, T, C) -> (N, before + T + after, C).

    https://keras.io/api/layers/reshaping_layers/zero_padding1d/

    Args:
        padding: (before, after), or a number for both.
        data_format: None or "channels_last", the one layout there is.
    """

    def __init__(self, padding=1, data_format=None, **settings):
        super().__init__(**settings)
        channels_last(data_format, self.name)
        self.padding = margin(padding, "padding", self)

    def call(self, x):
        check_sequences(self, x)
        return ops.pad(x, ((0, 0), self.padding, (0, 0)))


class ZeroPadding2D(Layer):
    """Zeros around images, (N, H, W, C) -> (N, top + H + bottom, left + W + right, C).

    https://keras.io/api/layers/reshaping_layers/zero_padding2d/

    Args:
        padding: ((top, bottom), (left, right)); or (height, width), the same on both sides; or a number for all four.
        data_format: None or "channels_last", the one layout there is.
    """

    def __init__(self, padding=(1, 1), data_format=None, **settings):
        super().__init__(**settings)
        channels_last(data_format, self.name)
        self.padding = margins(padding, "padding", self)

    def call(self, x):
        check_images(self, x)
        return ops.pad(x, ((0, 0), *self.padding, (0, 0)))
