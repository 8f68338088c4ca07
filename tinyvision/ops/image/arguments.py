"""What the functions of images ask of their arguments."""
import difflib
import operator

import numpy as np

from ...autograd import Tensor, as_tensor
from ...config import floatx
from ..conv import channels_last
from ..elementwise import cast, clip
from ..mathematics import round

LARGEST = float(np.finfo("float64").max)


def as_batch(name: str, images, data_format=None) -> Tensor:
    """Images (N, H, W, C); one image (H, W, C) alone becomes a batch of one. Other shapes are refused."""
    channels_last(data_format, name)
    images = as_tensor(images)
    if images.ndim not in (3, 4):
        hint = {2: "; add the missing axis: x[..., None] for a grey image"}.get(images.ndim, "")
        raise ValueError(f"{name}: it takes images (N, H, W, C), or one image (H, W, C), got shape {images.shape}{hint}")
    if 0 in images.shape[-3:-1]:
        raise ValueError(f"{name}: images of shape {images.shape} have no pixels")
    return images if images.ndim == 4 else images[None]


def as_given(y: Tensor, images) -> Tensor:
    """The result for a batch, in the form in which the images came: without the first axis for one image alone."""
    return y if as_tensor(images).ndim == 4 else y[0]


def as_floats(x: Tensor) -> Tensor:
    """What computes in floats: integers that float32 does not hold become float64, others `floatx()`."""
    if x.dtype.kind == "f":
        return x
    return cast(x, floatx() if x.dtype.itemsize < 4 else "float64")


def as_dtype(y: Tensor, dtype) -> Tensor:
    """Floats in another dtype: rounded for integers, halves to the even one, and held within their range."""
    if y.dtype == dtype:
        return y
    if dtype.kind == "b":
        return y > 0
    info = np.iinfo(dtype)
    low, high = float(info.min), float(info.max)
    if high > info.max:                                    # 2 ** 63 - 1 is no float: the one below it
        high = float(np.nextafter(high, 0))
    return cast(clip(round(y), low, high), dtype.name)


def one_of(name: str, argument: str, value, known):
    """The value, if it is one of those known; an error that names the nearest of them, otherwise."""
    if value not in known:
        close = difflib.get_close_matches(str(value).lower(), known, 1)
        hint = f": did you mean {close[0]!r}?" if close else "."
        raise ValueError(f"{name}: unknown {argument} {value!r}{hint} There is {', '.join(map(repr, known))}")
    return value


def is_number(x) -> bool:
    """Whether x is a finite number, of Python or of NumPy."""
    return isinstance(x, (int, float, np.integer, np.floating)) and not isinstance(x, bool) and bool(abs(x) <= LARGEST)


def as_number(name: str, argument: str, value):
    """The value, if it is a finite number."""
    if not is_number(value):
        raise ValueError(f"{name}: {argument} is a finite number, got {value!r:.60}")
    return value


def is_size(n, least=0) -> bool:
    """Whether n is a whole number, NumPy's or Python's, so large at least."""
    try:
        return not isinstance(n, bool) and operator.index(n) >= least
    except TypeError:                                      # no integer; or an array of several
        return False


def as_size(name: str, argument: str, size) -> tuple[int, int]:
    """A pair of positive integers (height, width); an error that names the argument, otherwise."""
    pair = size.tolist() if isinstance(size, np.ndarray) else size
    if not isinstance(pair, (tuple, list)) or len(pair) != 2 or not all(is_size(n, 1) for n in pair):
        raise ValueError(f"{name}: {argument} is a pair of positive integers (height, width), got {size!r:.100}")
    return int(pair[0]), int(pair[1])
