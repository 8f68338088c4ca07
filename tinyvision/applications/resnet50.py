"""ResNet50: blocks that add what they compute to what they were given. He et al. 2015, arXiv:1512.03385.

https://keras.io/api/applications/resnet/
"""
from .. import layers
from ..models import Model
from .imagenet import centred_blue_green_red, decode_predictions as decode_predictions, finished, pooled, start

STAGES = (64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)             # filters, blocks, strides of the first block


def ResNet50(include_top=True, weights="imagenet", input_tensor=None, input_shape=None, pooling=None, classes=1000,
             classifier_activation="softmax", name="resnet50") -> Model:
    """ResNet50, 26 million weights. https://keras.io/api/applications/resnet/#resnet50-function

    Args:
        include_top: whether it ends with the dense layer that names classes.
        weights: None for random ones, or the path of a file: of Keras (`.h5`, `.weights.h5`, `.keras`) or tinyvision.
            "imagenet" raises ValueError, and says where to get them. (torchvision's ResNet50 has its strides elsewhere.)
        input_tensor: a symbolic tensor to begin with, in place of an Input.
        input_shape: (H, W, C); None is (224, 224, 3), or without the top (None, None, 3).
        pooling: without the top, "avg" or "max" over rows and columns; None leaves the maps.
        classes, classifier_activation: of the top; None gives logits.
        name: of the model.
    """
    begin = start(input_tensor, input_shape, include_top, weights, default=224)
    x = layers.ZeroPadding2D(3, name="conv1_pad")(begin)
    x = _convolution(x, 64, 7, "conv1", strides=2)
    x = layers.ZeroPadding2D(1, name="pool1_pad")(x)
    x = layers.MaxPooling2D(3, strides=2, name="pool1_pool")(x)
    for stage, (filters, blocks, strides) in enumerate(STAGES, 2):
        for i in range(1, blocks + 1):
            x = _block(x, filters, f"conv{stage}_block{i}", strides if i == 1 else 1, project=i == 1)
    if include_top:
        x = layers.GlobalAveragePooling2D(name="avg_pool")(x)
        x = layers.Dense(classes, activation=classifier_activation, name="predictions")(x)
    else:
        x = pooled(x, pooling, "avg_pool", "max_pool")
    return finished(begin, x, name, weights, include_top, classes, classifier_activation)


def _convolution(x, filters, kernel_size, name, strides=1, relu=True):
    """Convolution, normalization and ReLU."""
    x = layers.Conv2D(filters, kernel_size, strides, padding="same" if kernel_size == 3 else "valid", name=f"{name}_conv")(x)
    x = layers.BatchNormalization(epsilon=1.001e-5, name=f"{name}_bn")(x)
    return layers.Activation("relu", name=f"{name}_relu")(x) if relu else x


def _block(x, filters, name, strides, project):
    """1x1 to fewer channels, 3x3, 1x1 to four times as many; and the shortcut, projected where sizes change."""
    shortcut = _convolution(x, 4 * filters, 1, f"{name}_0", strides, relu=False) if project else x
    x = _convolution(x, filters, 1, f"{name}_1", strides)
    x = _convolution(x, filters, 3, f"{name}_2")
    x = _convolution(x, 4 * filters, 1, f"{name}_3", relu=False)
    x = layers.Add(name=f"{name}_add")([shortcut, x])
    return layers.Activation("relu", name=f"{name}_out")(x)


def preprocess_input(x):
    """Pictures (..., H, W, 3), red green blue from 0 to 255, as this network takes them: blue green red, less the mean."""
    return centred_blue_green_red(x)
