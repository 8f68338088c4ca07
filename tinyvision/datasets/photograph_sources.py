"""Reading photographs of cats and dogs out of folders, zips and tars of any origin, which are not trusted.

What leads out of an archive, is a link, too large or too much is refused before it is read; so are drawings.
"""
import gzip
import os
import re
import stat
import tarfile
import zipfile
import zlib
from contextlib import suppress
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

from ..data.download import TEMPORARY
from .prepared_folders import DRAWINGS, MANIFEST, SPLIT

LARGEST_FILE, LARGEST_SUM, MOST_FILES = 16 << 20, 4 << 30, 200_000    # bytes, bytes and files; more are no photographs
LARGEST_MANIFEST = 1 << 20                                 # bytes; our own are of one thousand
SPELLINGS = [re.compile(r"(?:^|/)(cat|dog)\.(\d{1,6})\.jpe?g$", re.IGNORECASE),
             re.compile(r"(?:^|/)(cat|dog)s?/(\d{1,6})\.jpe?g$", re.IGNORECASE)]

DAMAGE = [tarfile.TarError, zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, EOFError, NotImplementedError, RuntimeError]
with suppress(ImportError):                                # some builds of Python lack it
    import lzma
    DAMAGE.append(lzma.LZMAError)


def photographs(source, output):
    """(kind, number, bytes) of each photograph of the split, in the order of the source; each may occur once.

    The folder `output`, which is made of them, may lie in the source: it is passed over.
    """
    names, total = {}, 0
    if source.is_dir() and (beside := source.parent / MANIFEST).is_file():                         # of ROOT/train: that of ROOT
        _refuse_drawings(source, f"../{MANIFEST}", beside.stat().st_size, beside.read_bytes)
    try:
        for name, size, regular, read in _files(source, output):
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
    except tuple(DAMAGE) as error:
        raise ValueError(f"{source} is damaged, or no archive that can be read: {error}") from error


def _wanted(name):
    """(kind, number) of a photograph of the split, by its path with slashes; None for all else."""
    for spelling in SPELLINGS:
        if match := spelling.search(name):
            kind, number = match[1].lower(), int(match[2])
            return (kind, number) if number < SPLIT["test"].stop else None
    return None


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


def first_names(source, output):
    """What a source begins with, for messages."""
    names = [name for (name, *_), _ in zip(_files(source, output), range(4))]
    packed = [name for name in names if name.endswith(".zip")]
    return (", ".join(names) or "nothing") + (f": unpack {packed[0]} from it, and pass that" if packed else "")


# The files of each kind of source

def _files(source, output):
    """(path with slashes, bytes, whether it is an ordinary file, a function that reads it) of each file in the source."""
    if source.is_dir():
        yield from _files_of_folder(source, output.resolve())
    elif zipfile.is_zipfile(source):
        yield from _files_of_zip(source)
    elif tarfile.is_tarfile(source):
        yield from _files_of_tar(source)
    else:
        raise ValueError(f"{source} is neither a folder nor a zip nor a tar, or it is damaged")


def _files_of_folder(source, output):
    for place, folders, files in os.walk(source):
        folders[:] = sorted(folder for folder in folders if not fnmatch(folder, TEMPORARY) and Path(place, folder) != output)
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
        archive.fileobj.read(LARGEST_FILE)                 # to its end, where a packed one has its checksum


def _refuse_crowd(source, number):
    if number >= MOST_FILES:
        raise ValueError(f"{source}: more than {MOST_FILES:,} files: it is no copy of this data set")
