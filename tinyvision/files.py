"""Writing files so that nothing is lost: under a temporary name first, renamed when complete; and the user's cache folder."""
import contextlib
import os
import sys
import tempfile
from pathlib import Path


@contextlib.contextmanager
def replacing(path):
    """A temporary path beside `path`; when the block ends well it takes the place of `path`, otherwise it is removed.

    A crash or Ctrl-C leaves what was at `path` before; so does a power cut: the disk has all of the file before it is renamed.

    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with replacing(Path(folder) / "notes.txt") as temporary:
    ...         _ = temporary.write_text("done")
    ...     (Path(folder) / "notes.txt").read_text()
    'done'
    """
    path = Path(os.path.realpath(path))                    # of a link, the file that it leads to
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.stem}-", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        os.chmod(temporary, 0o666 & ~_umask())             # mkstemp makes files that only their owner may read
        with open(temporary, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
        _sync_folder(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def _sync_folder(folder):
    """Let the disk have the names in a folder, where folders are files: not on Windows, nor on some disks behind a network."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _umask():
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def cache_folder() -> Path:
    """Where this user's programs keep what can be made or fetched again: ~/.cache/tinyvision on Linux."""
    home = os.path.expanduser("~")
    home = Path(home if os.path.isabs(home) else tempfile.gettempdir())            # a user without a home keeps "~"
    if sys.platform == "win32":
        cache = os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local"
    elif sys.platform == "darwin":
        cache = home / "Library" / "Caches"
    else:
        cache = os.environ.get("XDG_CACHE_HOME", "")
        cache = cache if os.path.isabs(cache) else home / ".cache"                 # XDG: a relative path is to be ignored
    return Path(cache) / "tinyvision"
