"""Cats vs dogs: photographs from animal shelters, and the textbook's split of 5,000 of them, in folders.

The original is the Asirra data set, https://www.microsoft.com/en-us/download/details.aspx?id=54765.
datasets/cats_vs_dogs/README.md tells its licence, its faults and how to cite it.

A prepared folder is ROOT/{train,validation,test}/{cat,dog}/cat.N.jpg with ROOT/manifest.json, which counts what is there.

Where no photographs can be had, `draw` and `drawn_folder` make drawings in such folders. They never take the place of
photographs unasked.
"""
import io
import os
import shutil
from pathlib import Path

from ..data import download as downloads, images
from ..progress import progress_bar
from . import prepared_folders as prepared
from .drawn_folders import draw, drawn_folder
from .photograph_sources import first_names, photographs
from .prepared_folders import CLASSES, NAME, PHOTOGRAPHS, SPLIT, check, checked_size

__all__ = ["CLASSES", "SPLIT", "check", "draw", "drawn_folder", "folder", "prepare"]

MAY_LACK = 50                                              # photographs of 5,000; with more missing, it is no whole copy
ORIGINAL = "kagglecatsanddogs_5340.zip"
ORIGINAL_URL = "https://download.microsoft.com/download/3/E/1/3E1C3F21-ECDB-4869-8368-6DEBA77B919F/" + ORIGINAL
ORIGINAL_SIZE = 824_887_076                                # bytes
ORIGINAL_CHECKSUM = "sha256:b7974bd00a84a99921f36ee4403f089853777b5ae8d151c76a86e64900334af9"
ARCHIVES = [ORIGINAL, "cats_vs_dogs_180.tar"]              # what is looked for in the data folders
QUALITY = 90                                               # of JPEGs that are written anew, on Pillow's scale to 95
KINDS = "JPEG", "PNG", "BMP", "GIF"                        # what is decoded, whatever a file is called
MOST_PIXELS = 50_000_000                                   # more is no photograph
ADVICE = f"""\
The original is a download of {ORIGINAL_SIZE / 1e6:.0f} MB, which is only made when asked for: folder(download=True).
A local copy is passed as folder("path"): the original {ORIGINAL}; Kaggle's train.zip; a tar or zip, or a folder, with
photographs cat.0.jpg ... dog.2499.jpg, or Cat/0.jpg ... Dog/2499.jpg, at any depth. An archive under one of the names
{", ".join(ARCHIVES)} is found by itself in the folders above.
For an experiment without photographs, drawn_folder() draws cats and dogs."""


# Where the photographs lie

def folder(source: str | os.PathLike | None = None, size: int = 180, download: bool = False) -> Path:
    """The folder with the photographs, prepared if it is not yet: ROOT/{train,validation,test}/{cat,dog}/cat.N.jpg.

    Numbers 0 to 999 of each class are to train on, 1000 to 1499 to validate, 1500 to 2499 to test: the split of
    F. Chollet, *Deep Learning with Python*, there called cats_vs_dogs_small.

    Args:
        source: a copy of the photographs: an archive (zip or tar) or a folder, see `prepare`. By default the folder that was
            prepared before is returned, or else one of the archives named in ARCHIVES is looked for in the data folders.
        size: height and width of the prepared photographs.
        download: whether the original, 825 MB, may be downloaded where nothing is found.

    Returns:
        the root of the prepared folder; it lies in the folder that TINYVISION_DATA names, in `datasets/` of a checkout, or in
        the user's cache folder. It is counted at every call.

    Raises:
        FileNotFoundError: there is nothing at `source`, or nothing was found. It names what was tried.
        ValueError: the source is no copy of the photographs, or a damaged one.
    """
    size = checked_size(size)
    name, tried = f"{PHOTOGRAPHS}_{size}", []
    stored = prepared.stored_folder(name, PHOTOGRAPHS, tried)
    if source is not None:
        source = Path(source).expanduser().resolve()
        if stored and prepared.manifest_of(stored)["source"] == _fingerprint(source):
            return stored
    else:
        if stored:
            return stored
        source = _found_archive(tried)
    if source is None and not download:
        raise FileNotFoundError("\n  ".join(["no photographs of cats and dogs. Tried:", *tried]) + "\n" + ADVICE)
    return _store(source, name, size)


def _store(source, name, size):
    """Prepare the source, or without one the original, in the data folder."""
    home = downloads.data_folder(NAME)
    if source is not None:
        prepare(source, home / name, size, replace=True)
    else:
        fetched = _fetch_original(home)
        prepare(fetched, home / name, size, replace=True)  # interrupted, it leaves the checked download to the next call
        fetched.unlink()
    return home / name


def _fetch_original(home):
    free = shutil.disk_usage(home).free
    if free < 1.2 * ORIGINAL_SIZE:
        raise OSError(f"the original takes {ORIGINAL_SIZE / 1e6:.0f} MB, and what is prepared from it some more; {home} has "
                      f"{free / 1e6:.0f} MB left. Set the environment variable TINYVISION_DATA to a folder with more")
    print(f"downloading the original: {ORIGINAL_SIZE / 1e6:.0f} MB from {ORIGINAL_URL}", flush=True)
    try:
        return downloads.fetch(ORIGINAL_URL, home / ORIGINAL, ORIGINAL_CHECKSUM)
    except (OSError, ValueError) as error:
        raise OSError(f"the original cannot be had from {ORIGINAL_URL}: {error}\n{ADVICE}") from error


def _found_archive(tried):
    """An archive that lies in a data folder, or in the folder above it."""
    for folder in downloads.data_folders(NAME):
        for path in [place / name for place in (folder, folder.parent) for name in ARCHIVES]:
            if path.is_file():
                return path
        tried.append(f"{folder}, and the folder above it: neither {' nor '.join(ARCHIVES)}")
    return None


def _fingerprint(source):
    """What a source is recognised by: an archive, wherever it lies, by its name and size; a folder by its place."""
    if not source.exists():
        raise FileNotFoundError(f"there is nothing at {source.absolute()}, so no photographs can be read from there\n{ADVICE}")
    return {"archive": source.name, "bytes": source.stat().st_size} if source.is_file() else {"folder": str(source)}


# Preparing

def prepare(source: str | os.PathLike, output: str | os.PathLike, size: int = 180, replace: bool = False) -> dict:
    """Make the textbook's split from a copy of the photographs. All or nothing: `output` appears when it is complete.

    A JPEG that has the size already is copied byte for byte. Others are resized with their aspect squashed, as Keras's
    image_size does, by Pillow's bilinear filter, which averages over all pixels that fall on one, and written as JPEG of
    quality 90. Photographs that their cameras have marked as lying on their side (by EXIF's orientation) are turned upright and
    written anew, at whatever size they come: image_dataset_from_directory turns them, too, and Keras does not.

    Args:
        source: the original kagglecatsanddogs_5340.zip; Kaggle's train.zip; or any zip, tar or folder that holds
            photographs cat.0.jpg ... dog.2499.jpg, or Cat/0.jpg ... Dog/2499.jpg, at any depth. Of an archive only these are
            read (and manifests); where a photograph lies in it has no influence on where it is written.
        output: the folder to make; it may lie in a folder that is the source, where it is passed over.
        size: height and width in pixels.
        replace: whether a folder that is there already is replaced.

    Returns:
        the manifest: what is there, from where, what is missing and what could not be read.

    Raises:
        FileNotFoundError: there is nothing at `source`.
        FileExistsError: `output` is there, and `replace` is False.
        ValueError: the source is no copy of the photographs, has too few of them, or is unsafe; or it holds drawings, as the
            manifest beside those of `draw` says, wherever it lies in the source.
    """
    source, output, size = Path(source).expanduser().resolve(), Path(output).expanduser(), checked_size(size)
    fingerprint = _fingerprint(source)
    found, corrupt, copied = set(), {}, 0
    with (prepared.new_folder(output, replace) as root,
          progress_bar(2 * SPLIT["test"].stop, f"{source.name} to {size}x{size}", unit=" images") as bar):
        for kind, number, data in photographs(source, output):
            try:
                jpeg, as_it_was = _at_size(data, size)
            except ValueError as error:
                corrupt[f"{kind}.{number}"] = str(error)
            else:
                _place(root, kind, number).write_bytes(jpeg)
                found.add((kind, number))
                copied += as_it_was
            bar.update()
        missing = [f"{kind}.{number}" for kind in CLASSES for numbers in SPLIT.values() for number in numbers
                   if (kind, number) not in found and f"{kind}.{number}" not in corrupt]
        _refuse_half_empty(source, output, found, missing, corrupt)
        manifest = prepared.write_manifest(root, what=PHOTOGRAPHS, source=fingerprint, size=size, missing=missing,
                                           corrupt=corrupt, copied_byte_for_byte=copied, written_anew=len(found) - copied)
    print(f"{NAME}: {len(found):,} photographs of {size}x{size} from {source.name} ({copied:,} copied byte for byte, "
          f"{len(found) - copied:,} written anew) in {output}; missing: {_some(missing)}; could not be read: {_some(corrupt)}",
          flush=True)
    return manifest


def _place(root, kind, number):
    split = next(split for split, numbers in SPLIT.items() if number in numbers)
    return root / split / kind / f"{kind}.{number}.jpg"


def _some(names):
    names = list(names)
    return f"{len(names)} ({', '.join(names[:5])}{', ...' if len(names) > 5 else ''})" if names else "none"


def _refuse_half_empty(source, output, found, missing, corrupt):
    if not found and not corrupt:
        raise ValueError(f"{source} holds no photographs named cat.N.jpg and dog.N.jpg, or Cat/N.jpg and Dog/N.jpg; it begins "
                         f"with {first_names(source, output)}\n{ADVICE}")
    if len(missing) + len(corrupt) > MAY_LACK:
        raise ValueError(f"{source} is no whole copy: of the photographs 0 to {SPLIT['test'].stop - 1} of both classes "
                         f"{len(found)} can be read; missing: {_some(missing)}; could not be read: {_some(corrupt)}. Up to "
                         f"{MAY_LACK} may lack")


def _at_size(data, size):
    """The photograph as an upright JPEG of that size, and whether it is the very file; ValueError: why it cannot be read."""
    from PIL import Image
    if not data:
        raise ValueError("empty file")
    try:
        with Image.open(io.BytesIO(data), formats=KINDS) as image:
            if image.width * image.height > MOST_PIXELS:
                raise ValueError(f"{image.width}x{image.height} pixels: no photograph")
            image.load()                                   # finds files that were cut short
            if image.size == (size, size) and image.format == "JPEG" and not images.turn_of(image):
                return data, True
            jpeg = io.BytesIO()
            images.decoded(image, "RGB").resize((size, size), Image.Resampling.BILINEAR).save(jpeg, "JPEG", quality=QUALITY)
            return jpeg.getvalue(), False
    except MemoryError:
        raise
    except Exception as error:                             # damage has many names in Pillow
        raise ValueError(str(error) or type(error).__name__) from error
