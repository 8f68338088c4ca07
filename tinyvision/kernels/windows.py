"""The geometry that convolution and pooling share: which pixel lies under which position of a sliding window."""
import functools
from dataclasses import dataclass

from ..device import array_library


@dataclass(frozen=True, eq=False)
class Windows:
    """Windows of `size` that slide over images in steps of `strides`, their pixels `dilation` apart.

    Attributes (pairs are for height and width):
        image: the size (H, W) of the images.
        size, strides, dilation: of the windows.
        margins: ((top, bottom), (left, right)), the zeros around the image.
        output: (OH, OW), how many windows there are.
    """
    image: tuple
    size: tuple
    strides: tuple
    dilation: tuple
    margins: tuple
    output: tuple

    def pad(self, x, value=0):
        """(N, H, W, C) with its margins: (N, top + H + bottom, left + W + right, C)."""
        return array_library(x).pad(x, ((0, 0), *self.margins, (0, 0)), constant_values=value) if self.padded else x

    @property
    def padded(self):
        return any(map(any, self.margins))

    def shifts(self, padded):
        """For each position in the window, row by row, the (N, OH, OW, C) pixels under it: views of `padded`."""
        (sh, sw), (dh, dw), (oh, ow) = self.strides, self.dilation, self.output
        for p in range(self.size[0]):
            for q in range(self.size[1]):
                yield padded[:, p * dh:p * dh + sh * (oh - 1) + 1:sh, q * dw:q * dw + sw * (ow - 1) + 1:sw]

    def gather(self, x):
        """im2col: every window laid out, (N, H, W, C) -> (N, OH, OW, KH * KW, C)."""
        return array_library(x).stack(list(self.shifts(self.pad(x))), axis=3)

    def scatter(self, columns):
        """col2im, the adjoint of gather: add every window's values back to the pixels that they came from."""
        (top, bottom), (left, right) = self.margins
        h, w = self.image
        x = array_library(columns).zeros((len(columns), top + h + bottom, left + w + right, columns.shape[-1]), columns.dtype)
        for p, pixels in enumerate(self.shifts(x)):
            pixels += columns[:, :, :, p]
        return x[:, top:top + h, left:left + w]


def pair(n, what="size") -> tuple[int, int]:
    """(n, n) for a number, a pair as it is; for heights and widths. They are positive integers."""
    both = tuple(n) if isinstance(n, (tuple, list)) else (n, n)
    if len(both) != 2 or any(isinstance(m, bool) or not hasattr(m, "__index__") or m < 1 for m in both):
        raise ValueError(f"{what} is a positive integer or a pair of them (height, width), got {n!r}")
    return int(both[0]), int(both[1])


@functools.lru_cache(maxsize=1024)
def windows(image, size, strides, padding, dilation=(1, 1)) -> Windows:
    """The Windows for images of size (H, W), in the words of Keras.

    With padding "valid" windows stay inside the image: OH = (H - reach) // stride + 1, where reach = (KH - 1) * dilation + 1.
    With "same" OH = ceil(H / stride), and of the zeros that this needs the odd one goes below and to the right.

    Raises:
        ValueError: `padding` is another word, or a window is larger than the image.
    """
    reach = tuple((k - 1) * d + 1 for k, d in zip(size, dilation))
    if padding == "valid":
        margins = (0, 0), (0, 0)
        output = tuple((n - r) // s + 1 for n, r, s in zip(image, reach, strides))
    elif padding == "same":
        output = tuple(-(-n // s) for n, s in zip(image, strides))
        missing = [max((o - 1) * s + r - n, 0) for o, s, r, n in zip(output, strides, reach, image)]
        margins = tuple((m // 2, m - m // 2) for m in missing)
    else:
        raise ValueError(f"padding is 'valid' or 'same', not {padding!r}")
    if min(output) < 1:
        raise ValueError(f"windows that reach over {reach} pixels (height, width) do not fit into images of {image}: "
                         "use larger images, fewer strided layers before, or padding='same'")
    return Windows(image, size, strides, dilation, margins, output)
