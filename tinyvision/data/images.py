"""Reading image files, and Keras's functions for single images."""
import contextlib
import errno
import io
import os
import stat
import warnings

import numpy as np

from ..autograd import to_numpy
from ..config import floatx
from ..ops.conv import channels_last
from ..ops.image.arguments import one_of

KINDS = ["JPEG", "PNG", "GIF", "BMP", "WEBP"]              # what is decoded; Pillow's other decoders are not let near the files
MODES = {"grayscale": "L", "rgb": "RGB", "rgba": "RGBA"}
TURNS = {2: "FLIP_LEFT_RIGHT", 3: "ROTATE_180", 4: "FLIP_TOP_BOTTOM", 5: "TRANSPOSE", 6: "ROTATE_270", 7: "TRANSVERSE",
         8: "ROTATE_90"}                                   # EXIF's orientation -> what brings the image upright
OF_FILES = None, errno.EINVAL, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG            # others are errors of the machine
ENDS = {"JPEG": b"\xff\xd9", "PNG": b"IEND\xaeB`\x82", "GIF": b";"}


class UnreadableImage(ValueError):
    """A file that cannot be read as an image. The message names it, and says why."""


def read_image(path, color_mode: str = "rgb") -> np.ndarray:
    """The pixels of an image file: JPEG, PNG, GIF (its first frame), BMP or WebP, whatever its name ends in.

    As in TensorFlow, transparency is dropped for "rgb" and "grayscale", not blended with a background; of 16 bits the upper 8
    count. Otherwise than there, a photograph that its camera has marked as lying on its side (by EXIF's orientation) is turned.

    Args:
        path: text or a path; or an open file, or the bytes of one.
        color_mode: "rgb", "rgba" or "grayscale".

    Returns:
        (H, W, 3), (H, W, 4) or (H, W, 1), uint8.

    Raises:
        UnreadableImage: the file cannot be opened, is no image, is broken or incomplete, or has more pixels than
            PIL.Image.MAX_IMAGE_PIXELS.
        OSError: the disk fails, or too many files are open: that says nothing about the file.
    """
    mode = MODES[one_of("read_image", "color_mode", color_mode, list(MODES))]
    pixels = np.asarray(_opened(path, lambda image: decoded(image, mode)))
    return pixels if pixels.ndim == 3 else pixels[..., None]


def check_image(path) -> None:
    """Raise UnreadableImage if the file cannot be read as an image. Its pixels are decoded only where its end looks wrong.

    So it takes a small part of the time of reading it, and finds files that are no images, incomplete, or too large. It does
    not find all that can be wrong between the beginning and the end.
    """
    def check(image):
        if not _ends_well(image):
            image.load()
    _opened(path, check)


def _ends_well(image):
    end = ENDS.get(image.format)
    if end is None:
        return False
    image.fp.seek(-len(end), os.SEEK_END)
    return image.fp.read() == end


def _opened(path, use):
    """use(image), of the image in a file, opened but not decoded; what is wrong with it is an UnreadableImage."""
    from PIL import Image
    name = os.fspath(path) if isinstance(path, (str, os.PathLike)) else "the image"
    try:
        if isinstance(path, bytes):
            path = io.BytesIO(path)
        elif not hasattr(path, "read") and not stat.S_ISREG(os.stat(path).st_mode):        # a pipe would keep us waiting
            raise UnreadableImage(f"{name} is {'a folder' if os.path.isdir(path) else 'a device or a pipe'}, no file")
        with Image.open(path, formats=KINDS) as image:
            if Image.MAX_IMAGE_PIXELS and image.width * image.height > Image.MAX_IMAGE_PIXELS:
                raise UnreadableImage(f"{name} has {image.width} x {image.height} pixels, more than the "
                                      f"{Image.MAX_IMAGE_PIXELS} of PIL.Image.MAX_IMAGE_PIXELS")
            return use(image)
    except UnreadableImage:
        raise
    except Image.UnidentifiedImageError as error:
        raise UnreadableImage(f"{name} {_beginning(path)}") from error
    except FileNotFoundError as error:
        raise UnreadableImage(f"{name} {'is a link to nothing' if os.path.islink(path) else 'does not exist'}") from error
    except PermissionError as error:
        raise UnreadableImage(f"{name} may not be read by this user") from error
    except OSError as error:
        if error.errno not in OF_FILES:
            raise
        raise UnreadableImage(f"{name} cannot be decoded: {error}") from error
    except Exception as error:                             # decoders raise what they like: SyntaxError, struct.error, ...
        raise UnreadableImage(f"{name} cannot be decoded: {error or type(error).__name__}") from error


def _beginning(path):
    with contextlib.nullcontext(path) if hasattr(path, "read") else open(path, "rb") as file:
        file.seek(0)
        first = file.read(12)
    if first.startswith((b"\xff\xd8\xff", b"\x89PNG", b"GIF8")):
        return f"begins as an image does, but its header is broken or incomplete: {first!r}"
    return f"is no image of a kind that is read ({', '.join(KINDS)}): it begins with {first!r}" if first else "is empty"


def decoded(image, mode):
    """An image of Pillow's, decoded, upright, in one of the modes L, RGB and RGBA."""
    from PIL import Image
    if mode == "L":
        image.draft("L", None)                             # of a JPEG: its grey channel as it is stored
    image.load()
    turn = turn_of(image)
    if image.mode.startswith("I"):                         # 16 bits; Pillow would make 255 of all above
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    elif image.mode not in MODES.values():                 # what has colours or transparency of another kind: first these
        has_alpha = "transparency" in image.info or image.mode in ("PA", "LA")
        image = image.convert("RGBA" if has_alpha else "L" if image.mode == "1" else "RGB")
    if image.mode != mode:
        image = image.convert(mode)
    return image.transpose(Image.Transpose[turn]) if turn else image


def turn_of(image):
    """The name of Pillow's transposition that brings an image upright, by its EXIF mark; None if there is nothing to turn."""
    try:
        return TURNS.get(image.getexif().get(0x0112))
    except Exception:                                      # broken notes do not make the image unreadable
        return None


# Keras's functions ----------------------------------------------------------------------------------------------------------

def load_img(path, color_mode: str = "rgb", target_size: tuple[int, int] | None = None, interpolation: str = "nearest",
             keep_aspect_ratio: bool = False):
    """An image of Pillow's from a file. https://keras.io/api/data_loading/image/#loadimg-function

    Otherwise than in Keras, a photograph that its camera has marked as lying on its side is turned, and images of 16 bits
    become images of 8.

    Args:
        path: text or a path; or an open file.
        color_mode: "rgb", "rgba" or "grayscale".
        target_size: (height, width) to resize it to, with Pillow's methods; None leaves it as it is.
        interpolation: "nearest", "bilinear", "bicubic", "hamming", "box" or "lanczos".
        keep_aspect_ratio: cut off first what does not fit into the shape of the new size, the same on both sides.

    Returns:
        A PIL.Image.Image.

    Raises:
        UnreadableImage: (a ValueError) the file cannot be read as an image.
    """
    from PIL import Image
    mode = MODES[one_of("load_img", "color_mode", color_mode, list(MODES))]
    one_of("load_img", "interpolation", interpolation, ["nearest", "bilinear", "bicubic", "hamming", "box", "lanczos"])
    if not isinstance(path, (str, bytes, os.PathLike)) and not hasattr(path, "read"):
        raise TypeError(f"load_img takes a path or an open file, got {type(path).__name__}")
    image = _opened(os.fsdecode(path) if isinstance(path, bytes) else path, lambda image: decoded(image, mode).copy())
    if target_size is None or image.size == (target_size[1], target_size[0]):
        return image
    height, width = target_size
    box = None
    if keep_aspect_ratio:
        w, h = min(image.width, image.height * width // height), min(image.height, image.width * height // width)
        left, top = (image.width - w) // 2, (image.height - h) // 2
        box = (left, top, left + w, top + h)
    return image.resize((width, height), Image.Resampling[interpolation.upper()], box)


def img_to_array(img, data_format: str | None = None, dtype: str | None = None) -> np.ndarray:
    """The pixels of an image of Pillow's: (H, W, C), C = 1 for grey. https://keras.io/api/data_loading/image/#imgtoarray-function

    Args:
        data_format: None or "channels_last", the one layout there is.
        dtype: None for `floatx()`.

    >>> img_to_array(array_to_img([[[0.0], [1.0]]]))[0, :, 0]
    array([  0., 255.], dtype=float32)
    """
    channels_last(data_format, "img_to_array")
    x = np.array(img, dtype or floatx())
    if x.ndim not in (2, 3):
        raise ValueError(f"img_to_array takes an image, (H, W) or (H, W, C), got shape {x.shape}")
    return x if x.ndim == 3 else x[..., None]


def array_to_img(x, data_format: str | None = None, scale: bool = True, dtype: str | None = None):
    """An image of Pillow's from an array (H, W, C), C = 1, 3 or 4. https://keras.io/api/data_loading/image/#arraytoimg-function

    Args:
        data_format: None or "channels_last", the one layout there is.
        scale: stretch the numbers, so that the smallest becomes 0 and the largest 255. Otherwise they are taken as they are,
            and must lie in 0 .. 255 (grey images may hold more, and become images of 32 bits).
        dtype: to compute in; None for `floatx()`.
    """
    from PIL import Image
    channels_last(data_format, "array_to_img")
    x = np.array(to_numpy(x), dtype or floatx())
    if x.ndim != 3 or x.shape[2] not in (1, 3, 4) or not x.size:
        raise ValueError(f"array_to_img takes one image (H, W, C) of 1, 3 or 4 channels, got shape {x.shape}")
    if not np.isfinite(x).all():
        raise ValueError("array_to_img: there are nan or inf in the image")
    if scale:
        x = x - x.min()
        x = x / (x.max() or 1) * 255
    if x.shape[2] == 1 and x.max() > 255:
        return Image.fromarray(x[..., 0].astype(np.int32))
    if x.min() < 0 or x.max() >= 256:
        raise ValueError(f"array_to_img: with scale=False the numbers lie in 0 .. 255, got {x.min():g} to {x.max():g}")
    x = x.astype(np.uint8)
    return Image.fromarray(x[..., 0] if x.shape[2] == 1 else x)


def save_img(path, x, data_format: str | None = None, file_format: str | None = None, scale: bool = True, **kwargs) -> None:
    """Write an array (H, W, C) to an image file. https://keras.io/api/data_loading/image/#saveimg-function

    Args:
        path: text or a path; or an open file.
        x, data_format, scale: as for `array_to_img`.
        file_format: "png", "jpeg", ...; None goes by the ending of the path.
        kwargs: for Pillow's `Image.save`: quality=90.
    """
    if file_format is None and isinstance(path, (str, os.PathLike)):
        file_format = os.path.splitext(path)[1][1:]
    file_format = {"jpg": "jpeg"}.get((file_format or "").lower(), file_format) or None
    image = array_to_img(x, data_format, scale)
    if image.mode == "RGBA" and (file_format or "").lower() == "jpeg":
        warnings.warn("JPEG has no transparency: the image is saved without", stacklevel=2)
        image = image.convert("RGB")
    image.save(path, format=file_format, **kwargs)
