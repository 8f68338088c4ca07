"""Cats vs dogs: photographs from animal shelters, and the textbook's split of 5,000 of them, in folders.

The original is the Asirra data set, https://www.microsoft.com/en-us/download/details.aspx?id=54765.
datasets/cats_vs_dogs/README.md tells its licence, its faults and how to cite it.

A prepared folder is ROOT/{train,validation,test}/{cat,dog}/cat.N.jpg with ROOT/manifest.json, which counts what is there.

Where no photographs can be had, `draw` and `drawn_folder` make drawings in such folders. They never take the place of
photographs unasked.
"""
import io
import json
import os
import re
import shutil
import stat
import sys
import tarfile
import warnings
import zipfile
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath

from ..data import download as downloads, images
from ..data.image_folders import FORMATS

NAME = "cats_vs_dogs"
CLASSES = "cat", "dog"
SPLIT = {"train": range(1000), "validation": range(1000, 1500), "test": range(1500, 2500)}     # numbers, for each class
MAY_LACK = 50                                              # photographs of 5,000; with more missing, it is no whole copy
FOLDERS = [(split, kind) for split in SPLIT for kind in CLASSES]
DRAWING_VERSION = 1                                        # goes up when the drawings change
ORIGINAL = "kagglecatsanddogs_5340.zip"
ORIGINAL_URL = "https://download.microsoft.com/download/3/E/1/3E1C3F21-ECDB-4869-8368-6DEBA77B919F/" + ORIGINAL
ORIGINAL_SIZE = 824_887_076                                # bytes
ORIGINAL_CHECKSUM = "sha256:b7974bd00a84a99921f36ee4403f089853777b5ae8d151c76a86e64900334af9"
ARCHIVES = [ORIGINAL, "cats_vs_dogs_180.tar"]              # what is looked for in the data folders
QUALITY = 90                                               # of JPEGs that are written anew, on Pillow's scale to 95
MANIFEST = "manifest.json"
PHOTOGRAPHS, DRAWINGS = "photographs", "drawings, no photographs"
ADVICE = f"""\
The original is a download of {ORIGINAL_SIZE / 1e6:.0f} MB, which is only made when asked for: folder(download=True).
A local copy is passed as folder("path"): the original {ORIGINAL}; Kaggle's train.zip; a tar or zip, or a folder, with
photographs cat.0.jpg ... dog.2499.jpg, or Cat/0.jpg ... Dog/2499.jpg, at any depth. An archive under one of the names
{", ".join(ARCHIVES)} is found by itself in the folders above.
For an experiment without photographs, drawn_folder() draws cats and dogs."""

KINDS = "JPEG", "PNG", "BMP", "GIF"                      # what is decoded, whatever a file is called
LARGEST_FILE, LARGEST_SUM, MOST_FILES, MOST_PIXELS = 16 << 20, 4 << 30, 200_000, 50_000_000    # more is no photograph
LARGEST_MANIFEST = 1 << 20                                 # bytes; our own are of one thousand


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
    size = _checked_size(size)
    name, tried = f"{PHOTOGRAPHS}_{size}", []
    stored = _stored(name, PHOTOGRAPHS, tried)
    if source is not None:
        source = Path(source).expanduser().resolve()
        if stored and _manifest(stored)["source"] == _fingerprint(source):
            return stored
    else:
        if stored:
            return stored
        source = _found_archive(tried)
    if source is None and not download:
        raise FileNotFoundError("\n  ".join(["no photographs of cats and dogs. Tried:", *tried]) + "\n" + ADVICE)
    return _store(source, name, size)


def _checked_size(size):
    if isinstance(size, bool) or not isinstance(size, int) or not 8 <= size <= 1024:
        raise ValueError(f"size is the height and width in pixels, an int from 8 to 1024, got {size!r}")
    return size


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


def _stored(name, what, tried):
    """The first complete folder of that name in the data folders, or None; `tried` tells of the others."""
    for root in [place / name for place in downloads.data_folders(NAME)]:
        try:
            found = check(root)["what"]
            if found != what:
                raise ValueError(f"it holds {found}")
        except FileNotFoundError as error:
            tried.append(str(error))
        except (OSError, ValueError) as error:
            warnings.warn(f"{root} is damaged, and {NAME} is taken from elsewhere: {error}", stacklevel=3)
            tried.append(str(error))
        else:
            return root
    return None


def _found_archive(tried):
    """An archive that lies in a data folder, or in the folder above it."""
    for folder in downloads.data_folders(NAME):
        for path in [place / name for place in (folder, folder.parent) for name in ARCHIVES]:
            if path.is_file():
                return path
        tried.append(f"{folder}, and the folder above it: neither {' nor '.join(ARCHIVES)}")
    return None


# Drawings

def drawn_folder(size: int = 180, seed: int = 0, counts: tuple[int, int, int] = (1000, 500, 1000),
                 close_up: bool = False) -> Path:
    """A folder like that of `folder`, with drawings in the stead of photographs; they are drawn at the first call.

    Args:
        size, seed, counts, close_up: see `draw`.

    Returns:
        the root of the folder, beside those of the photographs.
    """
    size, counts = _checked_size(size), _checked_counts(counts)
    name = f"drawings_{size}_seed_{seed}_" + "_".join(map(str, counts)) + "_close_up" * close_up
    stored = _stored(name, DRAWINGS, [])
    if stored and _manifest(stored)["source"] == _origin(seed, close_up):
        _say_drawn(stored, 2 * sum(counts))
        return stored
    root = downloads.data_folder(NAME) / name
    draw(root, size, seed, counts, close_up, replace=True)
    return root


def draw(output: str | os.PathLike, size: int = 180, seed: int = 0, counts: tuple[int, int, int] = (1000, 500, 1000),
         close_up: bool = False, replace: bool = False) -> dict:
    """Draw cats and dogs into a folder like that of `prepare`. They are drawings, and the manifest says so.

    Scene, coat, pose, place and light are drawn without regard to the species. So neither colours nor brightness nor place
    tell one from the other, and linear models of the pixels fail. The same arguments draw the same images (with the same
    versions of NumPy and Pillow).

    Args:
        output: the folder to make; it appears when it is complete.
        size: height and width in pixels.
        seed: another seed, other drawings.
        counts: how many of each class to train on, to validate and to test.
        close_up: only heads, from the front and large: fewer are needed to learn from.
        replace: whether a folder that is there already is replaced.

    Returns:
        the manifest.
    """
    output, size, counts = Path(output).expanduser(), _checked_size(size), _checked_counts(counts)
    ends = [sum(counts[:k]) for k in range(4)]
    with _new_folder(output, replace) as root, _bar(f"drawing at {size}x{size}", 2 * ends[-1]) as bar:
        for split, start, end in zip(SPLIT, ends, ends[1:]):
            for number in range(start, end):
                for kind in CLASSES:
                    _draw_file(root / split / kind / f"{kind}.{number}.jpg", kind, number, size, seed, close_up)
                    bar.update()
        manifest = _write_manifest(root, what=DRAWINGS, source=_origin(seed, close_up), size=size, missing=[], corrupt={})
    _say_drawn(output, 2 * ends[-1])
    return manifest


def _origin(seed, close_up):
    return {"drawn by": "tinyvision", "version": DRAWING_VERSION, "seed": seed, "close_up": close_up}


def _draw_file(path, kind, number, size, seed, close_up):
    from PIL import Image

    from .drawings import draw_animal
    quality = 60 + (number * 7 + seed) % 33                # like photographs, they have been packed more or less tightly
    Image.fromarray(draw_animal(kind, number, size, seed, close_up)).save(path, "JPEG", quality=quality)


def _say_drawn(root, count):
    print(f"{NAME}: THESE ARE {count:,} DRAWINGS, NO PHOTOGRAPHS, in {root}; what a model reaches on them says nothing about "
          "photographs", flush=True)


def _checked_counts(counts):
    counts = tuple(counts)
    if len(counts) != 3 or not all(isinstance(n, int) and n > 0 for n in counts):
        raise ValueError(f"counts are three ints above 0, for train, validation and test, got {counts}")
    return counts


# The manifest

def check(root: str | os.PathLike) -> dict:
    """The manifest of a prepared folder, once all that it lists has been counted.

    Raises:
        FileNotFoundError: there is no prepared folder.
        ValueError: it is not complete, or something else; the error tells what differs.
    """
    root = Path(root)
    manifest = _manifest(root)
    for split, kind in FOLDERS:
        expected, counted = manifest["files"][split][kind], _counted(root / split / kind)
        if counted != expected:
            raise ValueError(f"{root / split / kind} holds {counted[0]} images of {counted[1]:,} bytes in all; it was prepared "
                             f"with {expected[0]} of {expected[1]:,}. Remove {root} and prepare it anew")
    return manifest


def _counted(folder):
    """How many images lie in the folder, and their bytes. Other files, which file managers leave behind, do not count."""
    sizes = [entry.stat().st_size for entry in os.scandir(folder)
             if entry.name.lower().endswith(FORMATS) and not entry.name.startswith(".")] if folder.is_dir() else []
    return [len(sizes), sum(sizes)]


def _manifest(root):
    path = root / MANIFEST
    if not path.is_file():
        raise FileNotFoundError(f"{root}: no prepared folder (it has no {MANIFEST})")
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        for entry in "what", "source", "size":
            manifest[entry]
        for split, kind in FOLDERS:
            count, total = map(int, manifest["files"][split][kind])
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"{path} is damaged; remove {root} and prepare it anew ({type(error).__name__}: {error})") from error
    return manifest


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
            read; where a photograph lies in it has no influence on where it is written.
        output: the folder to make.
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
    source, output, size = Path(source).expanduser().resolve(), Path(output).expanduser(), _checked_size(size)
    fingerprint = _fingerprint(source)
    found, corrupt, copied = set(), {}, 0
    with _new_folder(output, replace) as root, _bar(f"{source.name} to {size}x{size}", 2 * SPLIT["test"].stop) as bar:
        for kind, number, data in _photographs(source):
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
        _refuse_half_empty(source, found, missing, corrupt)
        manifest = _write_manifest(root, what=PHOTOGRAPHS, source=fingerprint, size=size, missing=missing, corrupt=corrupt,
                                   copied_byte_for_byte=copied, written_anew=len(found) - copied)
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


def _refuse_half_empty(source, found, missing, corrupt):
    if not found and not corrupt:
        raise ValueError(f"{source} holds no photographs named cat.N.jpg and dog.N.jpg, or Cat/N.jpg and Dog/N.jpg; it begins "
                         f"with {_first_names(source)}\n{ADVICE}")
    if len(missing) + len(corrupt) > MAY_LACK:
        raise ValueError(f"{source} is no whole copy: of the photographs 0 to {SPLIT['test'].stop - 1} of both classes "
                         f"{len(found)} can be read; missing: {_some(missing)}; could not be read: {_some(corrupt)}. Up to "
                         f"{MAY_LACK} may lack")


@contextmanager
def _new_folder(output, replace=False):
    """A temporary folder with the folders of the split, which takes the place of `output` when the block ends well."""
    if output.exists() and not (replace and (output / MANIFEST).is_file()):
        raise FileExistsError(f"{output} is there already{', and was not prepared by this function' * replace}: remove it, or "
                              "choose another folder")
    output.parent.mkdir(parents=True, exist_ok=True)
    with downloads.temporary_folder(output.parent) as temporary:
        root = temporary / "new"
        for split, kind in FOLDERS:
            (root / split / kind).mkdir(parents=True)
        yield root
        if output.exists():
            os.replace(output, temporary / "old")
        os.replace(root, output)


def _write_manifest(root, **entries):
    files = {split: {kind: _counted(root / split / kind) for kind in CLASSES} for split in SPLIT}
    manifest = {**entries, "files": files}
    (root / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    return manifest


def _bar(name, count):
    from tqdm import tqdm
    seldom = 0.1 if sys.stderr.isatty() else 10            # seconds between updates: logs in files stay short
    return tqdm(total=count, desc=name, unit=" images", mininterval=seldom, dynamic_ncols=True)


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


# Reading sources

SPELLINGS = [re.compile(r"(?:^|/)(cat|dog)\.(\d{1,6})\.jpe?g$", re.IGNORECASE),
             re.compile(r"(?:^|/)(cat|dog)s?/(\d{1,6})\.jpe?g$", re.IGNORECASE)]


def _wanted(name):
    """(kind, number) of a photograph of the split, by its path with slashes; None for all else."""
    for spelling in SPELLINGS:
        if match := spelling.search(name):
            kind, number = match[1].lower(), int(match[2])
            return (kind, number) if number < SPLIT["test"].stop else None
    return None


def _photographs(source):
    """(kind, number, bytes) of each photograph of the split, in the order of the source; each may occur once."""
    names, total = {}, 0
    if source.is_dir() and (beside := source.parent / MANIFEST).is_file():                         # of ROOT/train: that of ROOT
        _refuse_drawings(source, f"../{MANIFEST}", beside.stat().st_size, beside.read_bytes)
    try:
        for name, size, regular, read in _files(source):
            if regular and PurePosixPath(name).name == MANIFEST:
                _refuse_drawings(source, name, size, read)
            wanted = _wanted(name)
            if wanted is None:
                continue
            _refuse_unsafe(source, name, size, regular)
            if wanted in names:
                raise ValueError(f"{source} holds {wanted[0]}.{wanted[1]} twice, as {names[wanted]} and {name}: which one is "
                                 "meant? Pass the folder or archive that holds only one set")
            names[wanted], total = name, total + size
            if total > LARGEST_SUM:
                raise ValueError(f"{source}: more than {LARGEST_SUM >> 30} GiB of photographs: it is no copy of this data set")
            yield *wanted, read()
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError) as error:
        raise ValueError(f"{source} is damaged, or no archive that can be read: {error}") from error


def _refuse_drawings(source, name, size, read):
    """By the words in the manifest, wherever it lies: they are found in a damaged one, too."""
    if size <= LARGEST_MANIFEST and DRAWINGS.encode() in read():
        raise ValueError(f"{source} holds drawings, no photographs, as {name} says: they are drawn at any size by drawn_folder "
                         "or draw")


def _refuse_unsafe(source, name, size, regular):
    path = PurePosixPath(name)
    reason = ("leads out of the archive" if path.is_absolute() or ".." in path.parts or "\\" in name or ":" in path.parts[0]
              else "is a link or a device, and no file" if not regular
              else f"would be {size:,} bytes: no photograph" if size > LARGEST_FILE else None)
    if reason:
        raise ValueError(f"{source}: {name!r} {reason}. It is not to be trusted, and nothing was kept of it")


def _files(source):
    """(path with slashes, bytes, whether it is an ordinary file, a function that reads it) of each file in the source."""
    if source.is_dir():
        yield from _files_of_folder(source)
    elif zipfile.is_zipfile(source):
        yield from _files_of_zip(source)
    elif tarfile.is_tarfile(source):
        yield from _files_of_tar(source)
    else:
        raise ValueError(f"{source} is neither a folder nor a zip nor a tar, or it is damaged")


def _files_of_folder(source):
    for place, folders, files in os.walk(source):
        folders.sort()
        for file in sorted(files):
            path = Path(place, file)
            with suppress(OSError):                        # a link to nowhere
                status = path.stat()
                yield path.relative_to(source).as_posix(), status.st_size, stat.S_ISREG(status.st_mode), path.read_bytes


def _files_of_zip(source):
    with zipfile.ZipFile(source) as archive:
        for number, info in enumerate(archive.infolist()):
            _refuse_crowd(source, number)
            regular = not info.is_dir() and stat.S_IFMT(info.external_attr >> 16) in (0, stat.S_IFREG)
            yield info.filename, info.file_size, regular, lambda info=info: archive.read(info)


def _files_of_tar(source):
    with tarfile.open(source) as archive:
        for number, member in enumerate(archive):
            _refuse_crowd(source, number)
            if member.size > LARGEST_SUM:                  # of a packed tar it would have to be unpacked to be passed over
                raise ValueError(f"{source}: {member.name!r} would be {member.size:,} bytes. It is not to be trusted")
            yield member.name, member.size, member.isreg(), lambda member=member: archive.extractfile(member).read()


def _refuse_crowd(source, number):
    if number >= MOST_FILES:
        raise ValueError(f"{source}: more than {MOST_FILES:,} files: it is no copy of this data set")


def _first_names(source):
    names = [name for (name, *_), _ in zip(_files(source), range(4))]
    packed = [name for name in names if name.endswith(".zip")]
    return (", ".join(names) or "nothing") + (f": unpack {packed[0]} from it, and pass that" if packed else "")
