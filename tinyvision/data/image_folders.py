"""Folders of images, a subfolder for each class, as datasets."""
import functools
import os
import warnings
from concurrent.futures import ThreadPoolExecutor
from numbers import Real

import numpy as np

from ..kernels.cores import get_num_threads
from ..ops.conv import channels_last
from ..ops.image.arguments import as_size, is_size, one_of
from .images import MODES, UnreadableImage, check_image, read_image
from .pipeline import AUTOTUNE, Dataset
from .resizing import INTERPOLATIONS, resized
from .tasks import LeftOut

FORMATS = (".bmp", ".gif", ".jpeg", ".jpg", ".png")


def image_dataset_from_directory(
        directory, labels="inferred", label_mode: str | None = "int", class_names=None, color_mode: str = "rgb",
        batch_size: int | None = 32, image_size: tuple[int, int] | int = (256, 256), shuffle: bool = True,
        seed: int | None = None, validation_split: float | None = None, subset: str | None = None,
        interpolation: str = "bilinear", follow_links: bool = False, crop_to_aspect_ratio: bool = False,
        pad_to_aspect_ratio: bool = False, data_format: str | None = None, format: str = "tf", verbose: bool = True,
        unreadable: str = "skip") -> Dataset | list[Dataset]:
    """Batches of images, and their labels, from files. https://keras.io/api/data_loading/image/

        directory/
            cat/a.jpg, b.jpg, ...
            dog/c.jpg, d.jpg, ...

    The files are read when they are needed, on threads of their own, ahead of the training. File order, labels and split are
    those of Keras, and so are the images, but photographs that their camera has marked as lying on their side are turned
    upright here. (JPEG is decoded accurately. What TensorFlow takes if it is not told otherwise is faster, and up to 6 of 255
    off.)

    Args:
        directory: the folder: text or a path.
        labels: "inferred" from the names of the subfolders; a list of integers, one for each file in the order of their paths;
            None: images without labels.
        label_mode: "int": (N,), int32; "binary": (N, 1), float32, for two classes; "categorical": one-hot, (N, classes),
            float32; None: images without labels.
        class_names: the subfolders to take, in the order of their labels; None takes all, in alphabetical order.
        color_mode: "rgb", "rgba" or "grayscale": 3, 4 or 1 channels.
        batch_size: how many images a batch has; None yields single ones.
        image_size: the (height, width) to which all images are resized.
        shuffle: mix the files, anew in each pass; otherwise they come in alphabetical order.
        seed: for the same orders, and the same split, in each run.
        validation_split: which part of the files, their end after a first shuffle, is for validation.
        subset: "training" or "validation"; or "both", for a list of these two datasets. As in Keras, `shuffle` mixes
            "validation" anew in each pass, as "training", but not the second of "both".
        interpolation: "bilinear", "nearest", "bicubic", "area", "lanczos3", "lanczos5", "gaussian" or "mitchellcubic".
        follow_links: whether to look into folders that are links.
        crop_to_aspect_ratio: cut images to the shape of `image_size` before they are resized, in place of distorting them.
        pad_to_aspect_ratio: fill them up with zeros to that shape, in place of distorting them.
        data_format: None or "channels_last", the one layout there is.
        format: "tf", the one there is.
        verbose: print how many files and classes there are.
        unreadable: what to do with files that are not readable images. "skip": all files are checked now (see `check_image`; a
            second for ten thousand files or so); those that fail are left out, so that batches are full and lengths right, and
            named in one warning. One that fails later, in decoding, is warned of then, and its batch has one image less.
            "raise": nothing is checked now; the first one that is met raises UnreadableImage.

    Returns:
        A Dataset of batches (images, labels), or of images alone: images are (N, height, width, C), float32 from 0 to 255.
            `class_names` and `file_paths` are attributes of it; `unreadable` lists files that were left out.

    Raises:
        ValueError: there are no such files, or the arguments do not go together.
    """
    if labels is None or label_mode is None:
        labels = label_mode = None
    interpolation, size = str(interpolation).lower(), (image_size, image_size) if is_size(image_size, 1) else image_size
    size = as_size("image_dataset_from_directory", "image_size", size)
    _check_arguments(labels, label_mode, class_names, color_mode, interpolation, format, unreadable)
    _check_split(validation_split, subset, shuffle, seed)
    channels_last(data_format, "image_dataset_from_directory")
    if crop_to_aspect_ratio and pad_to_aspect_ratio:
        raise ValueError("image_dataset_from_directory: crop_to_aspect_ratio or pad_to_aspect_ratio, not both")

    paths, numbers, class_names = list_files(directory, labels, class_names, follow_links)
    if not paths:
        raise ValueError(_why_none(directory))
    if verbose:
        print(f"Found {len(paths)} files" + (f" belonging to {len(class_names)} classes." if class_names is not None else "."))
    _check_labels(numbers, label_mode, class_names)
    if shuffle and seed is not None:                       # without one, each pass is mixed, and that is enough
        order = np.arange(len(paths))                      # drawn as in Keras, so that the split is the same
        np.random.RandomState(seed).shuffle(order)
        paths, numbers = [paths[i] for i in order], numbers[order]
    load = functools.partial(_load, color_mode=color_mode, size=size, interpolation=interpolation,
                             crop=crop_to_aspect_ratio, pad=pad_to_aspect_ratio, skip=unreadable == "skip", warned=set())

    def dataset(part, shuffle, name=""):
        some, theirs, left_out = paths[part], numbers[part], []
        if not some:
            raise ValueError(f"validation_split={validation_split} of the {len(paths)} files in {directory} leaves none for "
                             f"{name}")
        if verbose and name:
            print(f"Using {len(some)} files for {name}.")
        if unreadable == "skip":
            some, theirs, left_out = _readable(some, theirs)
        if not some:
            raise ValueError(f"there are no {name or 'readable'} images in {directory}: of the {len(left_out)} files there "
                             f"none can be read; the first: {left_out[0]}")
        found = Dataset.from_tensor_slices((some, _encoded(theirs, label_mode, class_names)) if label_mode else (some,))
        found = found.shuffle(len(some), seed) if shuffle else found
        found = found.map(load, AUTOTUNE)
        found = (found.batch(batch_size) if batch_size is not None else found).prefetch(AUTOTUNE)
        found.class_names, found.file_paths, found.unreadable = class_names, some, left_out
        return found

    kept = len(paths) - int((validation_split or 0) * len(paths))
    training, validation = slice(kept), slice(kept, None)
    if not subset:
        return dataset(slice(None), shuffle)
    if subset == "training":
        return dataset(training, shuffle, "training")
    if subset == "validation":
        return dataset(validation, shuffle, "validation")
    return [dataset(training, shuffle, "training"), dataset(validation, False, "validation")]


def _check_arguments(labels, label_mode, class_names, color_mode, interpolation, format, unreadable):
    if labels is not None and not isinstance(labels, (list, tuple, np.ndarray)) and labels != "inferred":
        raise ValueError(f'labels is "inferred", None, or a list of integers, one for each file, got {labels!r}')
    if class_names is not None and not isinstance(labels, str):
        raise ValueError(f'class_names is for labels="inferred", got labels={labels!r:.40} and class_names={class_names}')
    for argument, value, known in [
            ("label_mode", label_mode or "int", ["int", "categorical", "binary"]), ("color_mode", color_mode, list(MODES)),
            ("interpolation", interpolation, INTERPOLATIONS), ("format", format, ["tf"]),
            ("unreadable", unreadable, ["skip", "raise"])]:
        one_of("image_dataset_from_directory", argument, value, known)


def _check_labels(numbers, label_mode, class_names):
    if label_mode == "binary" and len(class_names) != 2:
        raise ValueError(f'label_mode="binary" is for two classes, there are {len(class_names)}: {class_names}')
    if label_mode in ("binary", "categorical") and len(numbers) and not 0 <= numbers.min() <= numbers.max() < len(class_names):
        raise ValueError(f'label_mode="{label_mode}" needs labels from 0 to {len(class_names) - 1}, one less than there are '
                         f"different ones; got {numbers.min()} to {numbers.max()}")


def _check_split(validation_split, subset, shuffle, seed):
    one_of("image_dataset_from_directory", "subset", subset or "both", ["training", "validation", "both"])
    if seed is not None and not (is_size(seed) and seed < 2 ** 32):
        raise ValueError(f"the seed is an integer from 0 to 2**32 - 1, got {seed!r}")
    if validation_split is not None and not (isinstance(validation_split, Real) and 0 <= validation_split < 1):
        raise ValueError(f"validation_split is a number between 0 and 1, got {validation_split!r:.60}")
    if bool(validation_split) != bool(subset):
        raise ValueError(f"validation_split and subset go together, got {validation_split} and {subset!r}")
    if validation_split and shuffle and seed is None:
        raise ValueError("validation_split with shuffle=True needs a seed, so that the same files are for validation each time")


def list_files(directory, labels="inferred", class_names=None, follow_links: bool = False):
    """The image files below a folder, in alphabetical order: (paths, class numbers, class names).

    Args:
        directory, labels, class_names, follow_links: as for `image_dataset_from_directory`. Without labels there are no names.
    """
    directory = os.fspath(directory)
    if not os.path.isdir(directory):
        raise ValueError(f"there is no folder {directory!r} (looked for in {os.getcwd()})")
    if not isinstance(labels, str):
        paths = list(_files(directory, follow_links))
        if labels is None:
            return paths, np.zeros(len(paths), np.int32), None
        if len(labels) != len(paths):
            raise ValueError(f"labels holds one integer for each file: there are {len(paths)} files in {directory}, and "
                             f"{len(labels)} labels")
        labels = np.asarray(labels)
        if labels.ndim != 1 or labels.dtype.kind not in "iu":
            raise ValueError(f"labels holds one integer for each file, got {labels.dtype} of shape {labels.shape}")
        return paths, labels.astype(np.int32), [str(label) for label in sorted(set(labels.tolist()))]
    there = sorted(name for name in os.listdir(directory)
                   if os.path.isdir(os.path.join(directory, name)) and not name.startswith("."))
    class_names = there if class_names is None else list(class_names)
    if not set(class_names) <= set(there):
        raise ValueError(f"class_names are names of subfolders of {directory}, which has {there}, got {class_names}")
    if len(set(class_names)) < len(class_names):           # their files would come twice, with labels that differ
        raise ValueError(f"class_names names each subfolder once, got {class_names}")
    found = [list(_files(os.path.join(directory, name), follow_links)) for name in class_names]
    return sum(found, []), np.repeat(np.arange(len(found), dtype=np.int32), [len(part) for part in found]), class_names


def _files(folder, follow_links):
    for place, _, names in sorted(os.walk(folder, followlinks=follow_links), key=lambda step: step[0]):
        yield from (os.path.join(place, name) for name in sorted(names) if name.lower().endswith(FORMATS))


def _why_none(directory):
    """What to say where no image was found."""
    direct = sum(name.lower().endswith(FORMATS) for name in os.listdir(directory))
    if direct:
        return (f"{directory} itself holds {direct} images, but has no subfolder of a class with images in it: pass the folder "
                "above it, or labels=None for images without labels")
    return f"there are no images in {directory}; files that end in {', '.join(FORMATS)} are taken"


def _encoded(numbers, label_mode, class_names):
    if label_mode == "binary":
        return numbers.astype(np.float32)[:, None]
    return np.eye(len(class_names), dtype=np.float32)[numbers] if label_mode == "categorical" else numbers


def _readable(paths, numbers):
    """Without the files that are no images, of which it warns."""
    def reason(path):
        try:
            return check_image(path)
        except UnreadableImage as error:
            return str(error)

    with ThreadPoolExecutor(get_num_threads()) as pool:
        reasons = list(pool.map(reason, paths))
    left_out = [path for path, reason in zip(paths, reasons) if reason]
    if left_out:
        some = [reason for reason in reasons if reason]
        more = f"\n  and {len(some) - 20} more: see .unreadable of the dataset" if len(some) > 20 else ""
        listed = "\n  ".join(some[:20])
        warnings.warn(f"{len(some)} of {len(paths)} files cannot be read, and are left out:\n  {listed}{more}", stacklevel=4)
    kept = [i for i, reason in enumerate(reasons) if not reason]
    return [paths[i] for i in kept], numbers[kept], left_out


def _load(path, label=None, *, color_mode, size, interpolation, crop, pad, skip, warned):
    """An image, resized, with its label if it has one."""
    try:
        image = resized(read_image(path, color_mode), size, interpolation, crop, pad)
    except UnreadableImage as error:
        if not skip:
            raise
        if path not in warned:
            warned.add(path)
            warnings.warn(f"{error}. It is left out, and its batch has one image less", stacklevel=2)
        raise LeftOut from error
    return image if label is None else (image, label)
