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
from ..files import replacing
from ..ops.conv import channels_last
from ..ops.image.arguments import as_size, one_of

KINDS = ["JPEG", "PNG", "GIF", "BMP", "WEBP"]              # what is decoded; Pillow's other decoders are not let near the files
MODES = {"grayscale": "L", "rgb": "RGB", "rgba": "RGBA"}
TURNS = {2: "FLIP_LEFT_RIGHT", 3: "ROTATE_180", 4: "FLIP_TOP_BOTTOM", 5: "TRANSPOSE", 6: "ROTATE_270", 7: "TRANSVERSE",
         8: "ROTATE_90"}                                   # EXIF's orientation -> what brings the image upright
OF_FILES = None, errno.EINVAL, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG            # others are errors of the machine
ENDS = {"JPEG": b"\xff\xd9", "PNG": b"IEND\xaeB`\x82", "GIF": b";"}


class UnreadableImage(ValueError, OSError):
    """A file that cannot be read as an image. The message names it, and says why. Like Pillow's errors it is an OSError."""


class MissingImage(UnreadableImage, FileNotFoundError):
    """There is no such file."""


def read_image(path, color_mode: str = "rgb") -> np.ndarray:
    """The pixels of an image file: JPEG, PNG, GIF (its first frame), BMP or WebP, whatever its name ends in.

    As in TensorFlow, transparency is dropped for "rgb" and "grayscale", not blended with a background; of 16 bits the upper 8
    count. Otherwise than there, a photograph that its camera has marked as lying on its side (by EXIF's orientation) is turned.

    Args:
        path: text or a path; or an open file, or the content of one: bytes.
        color_mode: "rgb", "rgba" or "grayscale".

    Returns:
        (H, W, 3), (H, W, 4) or (H, W, 1), uint8.

    Raises:
        UnreadableImage: the file cannot be opened, is no image, is broken or incomplete, or has more pixels than
            PIL.Image.MAX_IMAGE_PIXELS. It is a MissingImage, and so a FileNotFoundError, where there is none.
        OSError: (no UnreadableImage) the disk fails, or too many files are open: that says nothing about the file.
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
    name = _name(path)
    try:
        if isinstance(path, (bytes, bytearray, memoryview)):
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
        raise MissingImage(f"{name} {'is a link to nothing' if os.path.islink(path) else 'does not exist'}") from error
    except PermissionError as error:
        raise UnreadableImage(f"{name} may not be read by this user") from error
    except OSError as error:
        if error.errno not in OF_FILES:
            raise
        raise UnreadableImage(f"{name} cannot be decoded: {error.strerror or error}") from error
    except Exception as error:                             # decoders raise what they like: SyntaxError, struct.error, ...
        raise UnreadableImage(f"{name} cannot be decoded: {error or type(error).__name__}") from error


def _name(path):
    """What messages call a file: its whole path where it leads to one, so that one finds it; not much of any other text."""
    if isinstance(path, (str, os.PathLike)):
        name = os.fsdecode(path)
        return name if len(name) <= 100 or os.path.lexists(name) else f"{name[:45]} ... {name[-45:]}"
    if isinstance(path, (bytes, bytearray, memoryview)):
        return f"what these {len(path)} bytes hold"        # the content of a file: not to be quoted
    if not hasattr(path, "read"):
        raise TypeError(f"an image is read from a path, an open file or the bytes of one, got {type(path).__name__}")
    return "the image"


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
        path: text or a path; or an open file, or the content of one: bytes.
        color_mode: "rgb", "rgba" or "grayscale".
        target_size: (height, width) to resize it to, with Pillow's methods; None leaves it as it is.
        interpolation: "nearest", "bilinear", "bicubic", "hamming", "box" or "lanczos".
        keep_aspect_ratio: cut off first what does not fit into the shape of the new size, the same on both sides.

    Returns:
        A PIL.Image.Image.

    Raises:
        UnreadableImage: (a ValueError and an OSError) the file cannot be read as an image; where there is none, it is a
            FileNotFoundError, too.
    """
    from PIL import Image
    mode = MODES[one_of("load_img", "color_mode", color_mode, list(MODES))]
    one_of("load_img", "interpolation", interpolation, ["nearest", "bilinear", "bicubic", "hamming", "box", "lanczos"])
    if target_size is not None:
        target_size = as_size("load_img", "target_size", target_size)
    image = _opened(path, lambda image: decoded(image, mode).copy())
    if target_size in (None, (image.height, image.width)):
        return image
    (height, width), box = target_size, None
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
    if isinstance(img, (str, bytes, os.PathLike)):
        raise TypeError(f"img_to_array takes an image, not the file of one: img_to_array(load_img(path)); got {img!r:.60}")
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
        path: text or a path, whose folder is made where there is none; or an open file.
        x, data_format, scale: as for `array_to_img`.
        file_format: "png", "jpeg", ...; None goes by the ending of the path, or of the open file's name.
        kwargs: for Pillow's `Image.save`: quality=90.

    Raises:
        ValueError: there is no such format, or it does not hold such an image. What was there stays then.
    """
    form, image, content = _format_of(path, file_format), array_to_img(x, data_format, scale), io.BytesIO()
    if image.mode == "RGBA" and form == "JPEG":
        warnings.warn("JPEG has no transparency: the image is saved without", stacklevel=2)
        image = image.convert("RGB")
    if image.mode == "I" and form != "TIFF":               # of others some would write wrong numbers
        raise ValueError(f"save_img: the image goes to {image.getextrema()[1]}, {form} to 255: save a tiff, or with scale=True")
    try:
        image.save(content, form, **kwargs)
    except OSError as error:
        raise ValueError(f"save_img: an image of {len(image.getbands())} channels cannot become {form}: {error}") from error
    if hasattr(path, "write"):
        path.write(content.getvalue())
        return
    with replacing(path) as temporary:
        temporary.write_bytes(content.getvalue())


def _format_of(path, file_format):
    """Pillow's name of the format of a file that is to be written."""
    from PIL import Image
    Image.init()                                           # or it would know the most common formats only
    if not isinstance(path, (str, os.PathLike)) and not hasattr(path, "write"):
        raise TypeError(f"save_img writes to a path or an open file, got {type(path).__name__}")
    if file_format is None:
        name = path if isinstance(path, (str, os.PathLike)) else getattr(path, "name", "")
        file_format = os.path.splitext(os.fsdecode(name) if isinstance(name, (str, os.PathLike)) else "")[1][1:]
        if not file_format:
            raise ValueError('save_img: nothing tells the format: pass file_format="png", or a path that ends in .png')
    form = Image.registered_extensions().get(f".{file_format}".lower(), str(file_format).upper())
    if form not in Image.SAVE:
        raise ValueError(f"save_img: there is no format {file_format!r:.60}; there is png, jpeg, gif, bmp, webp, tiff")
    return form
