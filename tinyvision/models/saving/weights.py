"""Weights alone: written as `.weights.h5` or `.safetensors`, and read from all files that tinyvision and Keras write."""
from ...files import replacing
from ..functional import Model
from . import hdf5, older, tensors
from .archives import blaming, existing, is_archive, read_archive
from .places import check_built
from .whole import free_path


def save_weights(model, filepath, overwrite: bool = True) -> None:
    """Write the weights of a model to a file.

    The file is written under a temporary name and renamed, so an older one is never half overwritten.

    Args:
        filepath: ends in ".weights.h5", in the layout of Keras 3, or in ".safetensors".
        overwrite: whether a file that is there already may be replaced.

    Raises:
        FileExistsError: there is a file, and `overwrite` is False.
        ValueError: the path has another ending, or the model has no weights yet.
    """
    path = free_path(filepath, overwrite, ".weights.h5", ".safetensors")
    check_built(model)
    with replacing(path) as temporary:
        if path.suffix == ".safetensors":
            tensors.write_weights(temporary, model)
        else:
            with hdf5.library().File(temporary, "w") as file:
                hdf5.write(file, model)


def load_weights(model, filepath, skip_mismatch: bool = False, by_name: bool = False) -> None:
    """Read the weights of a built model from a file. What lies in the file decides how it is read.

    Args:
        filepath: a `.weights.h5` or `.keras` file of Keras 3 or tinyvision, a `.h5` file of older Keras, or a `.safetensors`
            file of `save_weights`. For those of PyTorch there is `models.load_state_dict`.
        skip_mismatch: whether to leave layers as they are, with one warning, for which the file has no weights or others.
        by_name: of a file of older Keras, whether to give weights to layers of the same name; otherwise it is by their order.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is damaged, or a weight is missing in it, or has another shape there. Then no weight has changed.
    """
    check_built(model)
    path = existing(filepath)
    with blaming(path):
        if path.suffix == ".safetensors":
            if by_name:
                raise ValueError("by_name is for .h5 files of older Keras")
            tensors.read_weights(path, model, skip_mismatch)
            return
        source = read_archive(path)[1] if is_archive(path) else path
        with hdf5.opened(source, path.stat().st_size) as file:
            if older.is_older(file):
                older.read(file, model, by_name, skip_mismatch)
            elif by_name:
                raise ValueError("by_name is for .h5 files of older Keras: in this one layers go by class and place")
            else:
                hdf5.read(file, model, skip_mismatch)


Model.save_weights, Model.load_weights = save_weights, load_weights
