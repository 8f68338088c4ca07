"""What networks for ImageNet share: how pictures go in, what comes out, where weights come from. https://keras.io/api/applications/

imagenet_classes.txt lists the classes in order: the number of each in WordNet, and its first name there.
"""
import functools
import os
import warnings
from importlib import resources
from pathlib import Path

import numpy as np

from ..autograd import Tensor
from ..config import floatx
from ..layers import GlobalAveragePooling2D, GlobalMaxPooling2D, InputLayer, Rescaling
from ..layers.base import SymbolicTensor
from ..layers.core import Input
from ..models import Model, load_state_dict
from ..models.saving.tensors import is_own

CLASSES = 1000
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)         # of red, green and blue in ImageNet, from 0 to 1
BLUE_GREEN_RED_MEAN = 103.939, 116.779, 123.68                         # from 0 to 255, as Caffe had it
IN_KERAS = "Keras has them: make its network of this name, where it runs, and call save_weights('x.weights.h5')"
OF_PYTORCH = ".pth", ".pt", ".bin", ".safetensors"                     # endings


@functools.cache
def class_names() -> tuple[tuple[str, str], ...]:
    """(number in WordNet, name) of the 1,000 classes, in order: ("n02123045", "tabby")."""
    text = resources.files(__package__).joinpath("imagenet_classes.txt").read_text(encoding="utf-8")
    return tuple(tuple(line.split(" ")) for line in text.splitlines())


def decode_predictions(preds, top: int = 5) -> list[list[tuple[str, str, float]]]:
    """The likeliest classes of each picture, the likeliest first: [[("n02123045", "tabby", 0.7), ...], ...].

    Args:
        preds: (N, 1000), what a network with `include_top` returns.
        top: how many.

    Raises:
        ValueError: `preds` has another shape.
    """
    preds = preds.numpy() if isinstance(preds, Tensor) else np.asarray(preds)
    if preds.ndim != 2 or preds.shape[1] != CLASSES:
        raise ValueError(f"decode_predictions takes predictions (N, {CLASSES}), got {preds.shape}")
    best = np.argsort(-preds, axis=1, kind="stable")[:, :top]
    return [[(*class_names()[i], float(row[i])) for i in places] for row, places in zip(preds, best)]


# What becomes of pixels

def floats(x):
    """An array or Tensor of floats; whole numbers take `floatx`."""
    x = x if isinstance(x, Tensor) else np.asarray(x)
    return x if x.dtype.kind == "f" else x.astype(floatx())


def from_minus_one_to_one(x):
    """x / 127.5 - 1"""
    return Rescaling(1 / 127.5, -1)(x) if isinstance(x, SymbolicTensor) else floats(x) / 127.5 - 1


def standardized(x):
    """Each channel with mean 0 and deviation 1 over ImageNet, as in PyTorch."""
    if isinstance(x, SymbolicTensor):
        return Rescaling([1 / 255 / d for d in DEVIATION], [-m / d for m, d in zip(MEAN, DEVIATION)])(x)
    x = floats(x)
    return (x / 255 - np.array(MEAN, x.dtype)) / np.array(DEVIATION, x.dtype)


def centred_blue_green_red(x):
    """Blue, green, red, each with mean 0 over ImageNet, and not scaled: as in Caffe."""
    if isinstance(x, SymbolicTensor):
        raise TypeError("preprocess_input: to put it into a model, make it a layer: layers.Lambda(preprocess_input)(inputs)")
    x = floats(x)
    return x[..., ::-1] - np.array(BLUE_GREEN_RED_MEAN, x.dtype)


# Both ends of a network

def start(input_tensor, input_shape, include_top, weights, default: int, least: int = 32) -> SymbolicTensor:
    """The symbolic tensor that a network begins with: `input_tensor`, or a new Input.

    Args:
        input_shape: (H, W, C); None takes (default, default, 3), or without the top (None, None, 3).
        weights: as the network was given them: so that a wrong path is told of before it is made.
        least: rows and columns that the network needs.
    """
    if weights not in (None, "imagenet"):
        if not isinstance(weights, (str, os.PathLike)):
            raise ValueError(f"weights are None, 'imagenet' or the path of a file, got {weights!r}")
        if not Path(weights).exists():
            raise FileNotFoundError("weights are None, 'imagenet' or the path of a file, and there is no file "
                                    f"{str(weights)!r}")
    begin = _begin(input_tensor, input_shape, include_top, default, least)
    if include_top and None in begin.shape[1:]:
        raise ValueError(f"with its top, the network needs an input_shape of known size, got {begin.shape[1:]}")
    if weights == "imagenet" and begin.shape[3] != 3:
        raise ValueError(f"weights='imagenet' are for pictures of 3 channels, got {begin.shape[3]}: ops.repeat or a Conv2D "
                         "makes three of them, or weights=None")
    return begin


def _begin(input_tensor, input_shape, include_top, default, least):
    if input_tensor is not None:
        if not isinstance(input_tensor, SymbolicTensor) or input_tensor.ndim != 4:
            raise TypeError("input_tensor is what Input or a layer returns, of shape (None, height, width, channels), got "
                            f"{input_tensor!r:.60}: a model is called on arrays when it is made")
        if input_shape is not None and tuple(input_shape) != input_tensor.shape[1:]:
            raise ValueError(f"input_shape is {tuple(input_shape)}, but input_tensor has {input_tensor.shape[1:]}")
        return input_tensor
    shape = ((default, default) if include_top else (None, None)) + (3,)
    shape = shape if input_shape is None else tuple(input_shape) if isinstance(input_shape, (tuple, list)) else ()
    sizes = [n for n in shape if n is not None]
    whole = len(shape) == 3 and shape[2] is not None and all(hasattr(n, "__index__") and n > 0 for n in sizes)
    if not whole or any(n is not None and n < least for n in shape[:2]):
        raise ValueError(f"input_shape is (height, width, channels), of at least {least} rows and columns, got {input_shape}")
    if shape[2] not in (1, 3):
        warnings.warn(f"pictures have 1 or 3 channels, input_shape is {shape}", stacklevel=4)
    return Input(shape)


def pooled(x, pooling, avg_name=None, max_name=None):
    """The end of a network without a top."""
    if pooling not in (None, "avg", "max"):
        raise ValueError(f"pooling is 'avg', 'max' or None, got {pooling!r}")
    if pooling is None:
        return x
    return GlobalAveragePooling2D(name=avg_name)(x) if pooling == "avg" else GlobalMaxPooling2D(name=max_name)(x)


def finished(begin, end, name, weights, include_top, classes, activation, modules=None, source=None,
             elsewhere=IN_KERAS) -> Model:
    """The model between two symbolic tensors, with its weights.

    Args:
        weights: None, "imagenet", or the path of a file: of tinyvision, Keras, or PyTorch.
        modules: which modules of PyTorch the layers correspond to, {layer: module}; None if PyTorch has no such network.
        source: function that returns the bytes of PyTorch's file of ImageNet weights; None if there is none to download.
        elsewhere: where to get them then.
    """
    if weights == "imagenet":
        if include_top and (classes != CLASSES or activation not in (None, "softmax")):
            raise ValueError(f"weights='imagenet' are for {CLASSES} classes and classifier_activation 'softmax' or None, got "
                             f"{classes} and {activation!r}: for classes of your own, include_top=False and a Dense behind")
        if source is None:
            raise ValueError(f"{name}: there are no ImageNet weights to download. {elsewhere}; and pass the path of that file "
                             "as weights")
    model = Model(_inputs_of(begin), end, name=name)
    if weights is None:
        return model
    names = {layer.name for layer in model.layers}
    modules = modules and {layer: module for layer, module in modules.items() if layer in names}
    if weights == "imagenet":
        load_state_dict(model, source(), modules)
        return model
    path = Path(weights)
    if path.suffix not in OF_PYTORCH or path.suffix == ".safetensors" and is_own(path):
        model.load_weights(path)
    elif modules is None:
        raise ValueError(f"{path}: PyTorch has no network that is just like {name}; Keras has")
    else:
        load_state_dict(model, path, modules)
    return model


def _inputs_of(tensor):
    """The inputs that a symbolic tensor depends on: itself, if it is one."""
    found, todo, seen = [], [tensor], set()
    while todo:
        t = todo.pop()
        if id(t) not in seen and isinstance(t.call.layer, InputLayer):
            found.append(t)
        todo += t.call.inputs if id(t) not in seen else []
        seen.add(id(t))
    return found if len(found) > 1 else found[0]

