"""`.keras` files from outside: zip archives of which nothing is believed that has not been checked."""
import contextlib
import io
import json
import lzma
import struct
import zipfile
import zlib
from collections import Counter
from pathlib import Path, PurePosixPath

from .limits import check_proportion

CONFIG, WEIGHTS = "config.json", "model.weights.h5"
HDF5 = b"\x89HDF\r\n\x1a\n"                              # with which HDF5 files begin
FAULTS = (KeyError, IndexError, TypeError, AttributeError, RecursionError, ArithmeticError, AssertionError, MemoryError)


@contextlib.contextmanager
def blaming(path, part: str = ""):
    """Errors about what a file holds become ValueErrors that name the file, and the part of it that is being read."""
    try:
        yield
    except ValueError as error:
        if str(error).startswith(f"{path}: "):
            raise
        raise ValueError(": ".join(filter(None, [str(path), part, str(error)]))) from error
    except FAULTS as error:
        raise ValueError(f"{path}: {part or 'it'} makes no sense ({type(error).__name__}: {error})") from error


def existing(filepath) -> Path:
    """The path of a file that is there."""
    path = Path(filepath)
    if path.is_dir():
        raise ValueError(f"{path} is a folder: name a file in it")
    if not path.exists():
        raise FileNotFoundError(f"there is no file {path}")
    if not path.stat().st_size:
        raise ValueError(f"{path}: the file is empty")
    return path


def read_archive(path: Path) -> tuple[dict, bytes]:
    """The config of a model, and the bytes of its HDF5 file, from a `.keras` file.

    Raises:
        ValueError: it is no such file, or damaged, or holds what no such file holds.
    """
    if not is_archive(path):
        raise ValueError(f"it is no .keras file: those are zip archives of {CONFIG} and {WEIGHTS}{what_it_is(_start_of(path))}")
    with opened(path) as archive:
        _check_members(archive)
        return _parsed(unpacked(archive, CONFIG)), unpacked(archive, WEIGHTS)


def is_archive(source) -> bool:
    """Whether a path or bytes are a zip archive: by their end, unless they begin as an HDF5 file does."""
    start, file = (source[:8], io.BytesIO(source)) if isinstance(source, bytes) else (_start_of(source), source)
    with contextlib.suppress(zipfile.BadZipFile, OSError, struct.error):           # of a damaged one, which cannot be told
        return start != HDF5 and zipfile.is_zipfile(file)
    return False


@contextlib.contextmanager
def opened(source):
    """A zip archive to read, from a path or bytes. Together its members are in proportion to it; its errors are ValueErrors."""
    size = len(source) if isinstance(source, bytes) else Path(source).stat().st_size
    with _damages(), zipfile.ZipFile(io.BytesIO(source) if isinstance(source, bytes) else source) as archive:
        check_proportion("it", sum(entry.file_size for entry in archive.infolist()), size)
        yield archive


@contextlib.contextmanager
def _damages():
    """What zipfile raises where it stumbles over bytes becomes a ValueError."""
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, RuntimeError, struct.error) as error:
        raise ValueError(f"the archive is damaged: {error}") from error


def what_it_is(start: bytes) -> str:
    """What a file that begins like this seems to be, where it is not what it should be; ends an error."""
    if start[:8] == HDF5:
        return ". This is an HDF5 file: build the model, then model.load_weights(path)"
    return ". This one begins like a zip archive, but its end is missing" if start.startswith(b"PK") else ""


def _start_of(path):
    with path.open("rb") as file:
        return file.read(8)


def _check_members(archive):
    names = archive.namelist()
    for name in names:
        if PurePosixPath(name).is_absolute() or ".." in name.replace("\\", "/").split("/") or ":" in name:
            raise ValueError(f"it holds a file named {name!r}, a path that leads out of the archive")
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise ValueError(f"it holds {twice[0]} more than once")
    if "data.pkl" in [PurePosixPath(name).name for name in names]:
        raise ValueError("it is one of torch.save, no .keras file: build the model, then models.load_state_dict(model, path)")
    if missing := [name for name in (CONFIG, WEIGHTS) if name not in names]:
        raise ValueError(f"it lacks {' and '.join(missing)}")


def unpacked(archive: zipfile.ZipFile, name: str) -> bytes:
    """What a member of an archive holds; ValueError where it cannot be had."""
    if archive.getinfo(name).flag_bits & 1:
        raise ValueError(f"{name} is encrypted")
    try:
        return archive.read(name)
    except NotImplementedError as error:
        raise ValueError(f"{name} cannot be unpacked: {error}") from error


def _parsed(text):
    try:
        config = json.loads(text)
    except ValueError as error:
        raise ValueError(f"{CONFIG} is no JSON: {error}") from error
    except RecursionError:
        raise ValueError(f"{CONFIG} is nested too deeply") from None
    if not isinstance(config, dict):
        raise ValueError(f"{CONFIG} holds a {type(config).__name__}, where a model would be described")
    return config
