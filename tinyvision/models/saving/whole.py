"""Whole models as `.keras` files: zip archives of what a model is made of, its weights, and the state of its optimizer."""
import io
import json
import zipfile
from pathlib import Path

from ...files import replacing
from ..functional import Model
from . import hdf5
from .archives import CONFIG, WEIGHTS, blaming, existing, read_archive
from .configs import compile_from, model_config, model_from
from .limits import room_for
from .optimizer_state import optimizer_arrays, set_optimizer_arrays

LAYOUT = {"keras_version": "3.15.1", "saved_by": "tinyvision"}         # whose layout the file has


def save(model, filepath, overwrite: bool = True, include_optimizer: bool = True, weights_dtype: str | None = None) -> None:
    """Write a model to a `.keras` file: what it is made of, its weights, and the state of its optimizer.

    The file is written under a temporary name and renamed, so an older one is never half overwritten.

    Args:
        filepath: must end in ".keras".
        overwrite: whether a file that is there already may be replaced.
        include_optimizer: whether to write what the optimizer remembers. Without it a file is half as large or less, and
            training goes on with an optimizer that starts afresh.
        weights_dtype: in which the file holds the weights; None keeps theirs. "float16" makes it half as large, at 11 bits a
            number. Whoever loads them gets the dtype of the layers again.

    Raises:
        FileExistsError: there is a file, and `overwrite` is False.
        ValueError: the path has another ending; or `weights_dtype` is unknown, or cannot hold a weight.
    """
    if weights_dtype not in (None, "float16", "float32", "float64"):
        raise ValueError(f"save: weights_dtype is 'float16', 'float32', 'float64' or None, got {weights_dtype!r}")
    path = free_path(filepath, overwrite, ".keras")
    weights = io.BytesIO()
    with hdf5.library().File(weights, "w") as file:
        hdf5.write(file, model, weights_dtype)
        if model.optimizer is not None and include_optimizer:
            for i, array in enumerate(optimizer_arrays(model)):
                file[f"optimizer/vars/{i}"] = array
    with replacing(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        archive.writestr("metadata.json", json.dumps(LAYOUT))
        archive.writestr(CONFIG, json.dumps(model_config(model)))
        archive.writestr(WEIGHTS, weights.getvalue())


def load_model(filepath, custom_objects: dict | None = None, compile: bool = True) -> Model:
    """Read a model from a `.keras` file, of tinyvision or of Keras 3.

    No code in a file is ever run, and its weights take memory in proportion to its size. A config may still ask for other
    memory, or for time: metrics of many thresholds, images of any size, recurrent layers of many steps.

    Args:
        filepath: of the file.
        custom_objects: {"MyLayer": MyLayer}: the classes and functions of your own that the file names.
        compile: whether to restore loss, metrics and optimizer with its state, too.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no `.keras` file, or a damaged one, or it names classes that are not there.
    """
    path = existing(filepath)
    with blaming(path):
        config, weights = read_archive(path)
        with hdf5.opened(weights, path.stat().st_size) as file:
            with room_for(hdf5.numbers_in(file)), blaming(path, CONFIG):
                model = model_from(config, custom_objects or {})
                if compile:
                    compile_from(config, model, custom_objects or {})
            hdf5.read(file, model)
            if compile and model.optimizer is not None:
                _restore_optimizer(file, model)
    return model


def _restore_optimizer(file, model):
    arrays = []
    while (array := hdf5.at(file, f"optimizer/vars/{len(arrays)}")) is not None:
        arrays.append(hdf5.checked(array))
    if arrays:
        set_optimizer_arrays(model, arrays)


def free_path(filepath, overwrite: bool, *endings: str) -> Path:
    """The path to write to: it has one of the endings, and may be written."""
    path = Path(filepath)
    if not path.name.endswith(endings):
        raise ValueError(f"the path must end in {' or '.join(map(repr, endings))}, got {str(path)!r}")
    if path.exists() and not overwrite:
        raise FileExistsError(f"{path} is there already, and overwrite is False")
    return path


Model.save = save
