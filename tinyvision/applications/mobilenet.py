"""MobileNet: convolutions in two steps, over places and over channels, at a ninth of the arithmetic. Howard et al. 2017,
arXiv:1704.04861.

https://keras.io/api/applications/mobilenet/
"""
from .. import layers
from ..models import Model
from .imagenet import decode_predictions as decode_predictions, finished, from_minus_one_to_one, pooled, start

BLOCKS = (                                                 # filters, strides
    (64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *[(512, 1)] * 5, (1024, 2), (1024, 1))


def MobileNet(input_shape=None, alpha=1.0, depth_multiplier=1, dropout=1e-3, include_top=True, weights="imagenet",
              input_tensor=None, pooling=None, classes=1000, classifier_activation="softmax", name=None) -> Model:
    """MobileNet, 4.3 million weights. https://keras.io/api/applications/mobilenet/#mobilenet-function

    Args:
        input_shape: (H, W, C); None is (224, 224, 3), or without the top (None, None, 3).
        alpha: the width: so many times as many filters.
        depth_multiplier: how many channels each depthwise convolution makes of one.
        dropout: the rate before the last convolution.
        include_top: whether it ends with what names classes.
        weights: None for random ones, or the path of a file: of Keras (`.h5`, `.weights.h5`, `.keras`) or tinyvision.
            "imagenet" raises ValueError, and says where to get them.
        input_tensor: a symbolic tensor to begin with, in place of an Input.
        pooling: without the top, "avg" or "max" over rows and columns; None leaves the maps.
        classes, classifier_activation: of the top; None gives logits.
        name: of the model; None is one with width and rows, "mobilenet_1.00_224".
    """
    begin = start(input_tensor, input_shape, include_top, weights, default=224)
    x = layers.Conv2D(int(32 * alpha), 3, strides=2, padding="same", use_bias=False, name="conv1")(begin)
    x = layers.BatchNormalization(name="conv1_bn")(x)
    x = layers.ReLU(6.0, name="conv1_relu")(x)
    for i, (filters, strides) in enumerate(BLOCKS, 1):
        x = _block(x, int(filters * alpha), depth_multiplier, strides, i)
    if include_top:
        x = layers.GlobalAveragePooling2D(keepdims=True)(x)
        x = layers.Dropout(dropout, name="dropout")(x)
        x = layers.Conv2D(classes, 1, padding="same", name="conv_preds")(x)
        x = layers.Reshape((classes,), name="reshape_2")(x)
        x = layers.Activation(classifier_activation, name="predictions")(x)
    else:
        x = pooled(x, pooling)
    name = name or f"mobilenet_{alpha:.2f}_{begin.shape[1]}"
    return finished(begin, x, name, weights, include_top, classes, classifier_activation)


def _block(x, filters, depth_multiplier, strides, i):
    """A depthwise convolution, and one of 1 x 1 pixel over the channels."""
    if strides == 2:
        x = layers.ZeroPadding2D(((0, 1), (0, 1)), name=f"conv_pad_{i}")(x)
    x = layers.DepthwiseConv2D(3, strides, "same" if strides == 1 else "valid", depth_multiplier, use_bias=False,
                               name=f"conv_dw_{i}")(x)
    x = layers.BatchNormalization(name=f"conv_dw_{i}_bn")(x)
    x = layers.ReLU(6.0, name=f"conv_dw_{i}_relu")(x)
    x = layers.Conv2D(filters, 1, padding="same", use_bias=False, name=f"conv_pw_{i}")(x)
    x = layers.BatchNormalization(name=f"conv_pw_{i}_bn")(x)
    return layers.ReLU(6.0, name=f"conv_pw_{i}_relu")(x)


def preprocess_input(x):
    """Pictures (..., H, W, 3), red green blue from 0 to 255, as this network takes them: from -1 to 1."""
    return from_minus_one_to_one(x)
