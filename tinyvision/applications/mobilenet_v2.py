"""MobileNetV2: blocks that widen, convolve each channel by itself, and narrow again, with shortcuts between the narrow ends.
Sandler et al. 2018, arXiv:1801.04381.

https://keras.io/api/applications/mobilenet/
"""
from .. import layers
from ..models import Model
from .imagenet import decode_predictions as decode_predictions, finished, from_minus_one_to_one, pooled, start

STAGES = (                                                 # filters, blocks, strides of the first block
    (16, 1, 1), (24, 2, 2), (32, 3, 2), (64, 4, 2), (96, 3, 1), (160, 3, 2), (320, 1, 1))


def MobileNetV2(input_shape=None, alpha=1.0, include_top=True, weights="imagenet", input_tensor=None, pooling=None,
                classes=1000, classifier_activation="softmax", name=None) -> Model:
    """MobileNetV2, 3.5 million weights. https://keras.io/api/applications/mobilenet/#mobilenetv2-function

    Args:
        input_shape: (H, W, C); None is (224, 224, 3), or without the top (None, None, 3).
        alpha: the width: so many times as many filters, in multiples of 8.
        include_top: whether it ends with the dense layer that names classes.
        weights: None for random ones, or the path of a file: of Keras (`.h5`, `.weights.h5`, `.keras`) or tinyvision.
            "imagenet" raises ValueError, and says where to get them. (torchvision's MobileNetV2 pads otherwise.)
        input_tensor: a symbolic tensor to begin with, in place of an Input.
        pooling: without the top, "avg" or "max" over rows and columns; None leaves the maps.
        classes, classifier_activation: of the top; None gives logits.
        name: of the model; None is one with width and rows, "mobilenetv2_1.00_224".
    """
    begin = start(input_tensor, input_shape, include_top, weights, default=224)
    x = layers.Conv2D(multiple_of_8(32 * alpha), 3, strides=2, padding="same", use_bias=False, name="Conv1")(begin)
    x = _normalized(x, "bn_Conv1")
    x = layers.ReLU(6.0, name="Conv1_relu")(x)
    number = 0
    for filters, blocks, strides in STAGES:
        for i in range(blocks):
            x = _block(x, multiple_of_8(int(filters * alpha)), strides if i == 0 else 1, number)
            number += 1
    x = layers.Conv2D(multiple_of_8(1280 * max(alpha, 1.0)), 1, use_bias=False, name="Conv_1")(x)
    x = layers.ReLU(6.0, name="out_relu")(_normalized(x, "Conv_1_bn"))
    if include_top:
        x = layers.GlobalAveragePooling2D()(x)
        x = layers.Dense(classes, activation=classifier_activation, name="predictions")(x)
    else:
        x = pooled(x, pooling)
    name = name or f"mobilenetv2_{alpha:.2f}_{begin.shape[1]}"
    return finished(begin, x, name, weights, include_top, classes, classifier_activation)


def multiple_of_8(n: float) -> int:
    """The nearest multiple of 8, but no more than a tenth below n."""
    nearest = max(8, int(n + 4) // 8 * 8)
    return nearest + 8 if nearest < 0.9 * n else nearest


def _block(x, filters, strides, number):
    """1x1 to six times as many channels (but in the first block), 3x3 on each, 1x1 to `filters`; a shortcut where it fits."""
    name, begin = f"block_{number}_" if number else "expanded_conv_", x
    if number:
        x = layers.Conv2D(6 * x.shape[-1], 1, padding="same", use_bias=False, name=f"{name}expand")(x)
        x = layers.ReLU(6.0, name=f"{name}expand_relu")(_normalized(x, f"{name}expand_BN"))
    if strides == 2:
        x = layers.ZeroPadding2D(_margins(x), name=f"{name}pad")(x)
    x = layers.DepthwiseConv2D(3, strides, "same" if strides == 1 else "valid", use_bias=False, name=f"{name}depthwise")(x)
    x = layers.ReLU(6.0, name=f"{name}depthwise_relu")(_normalized(x, f"{name}depthwise_BN"))
    x = layers.Conv2D(filters, 1, padding="same", use_bias=False, name=f"{name}project")(x)
    x = _normalized(x, f"{name}project_BN")
    return layers.Add(name=f"{name}add")([begin, x]) if strides == 1 and begin.shape[-1] == filters else x


def _normalized(x, name):
    return layers.BatchNormalization(momentum=0.999, epsilon=1e-3, name=name)(x)


def _margins(x):
    """Zeros around maps of which a 3x3 window then sees every second place: around even sizes, at the end only."""
    return tuple((0 if n is None or n % 2 == 0 else 1, 1) for n in x.shape[1:3])


def preprocess_input(x):
    """Pictures (..., H, W, 3), red green blue from 0 to 255, as this network takes them: from -1 to 1."""
    return from_minus_one_to_one(x)
