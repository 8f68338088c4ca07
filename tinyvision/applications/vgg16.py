"""VGG16: five blocks of 3x3 convolutions and a pool, and three dense layers. Simonyan and Zisserman 2014, arXiv:1409.1556.

https://keras.io/api/applications/vgg/
"""
from .. import layers
from ..models import Model
from .imagenet import centred_blue_green_red, decode_predictions as decode_predictions, finished, pooled, start

BLOCKS = (64, 2), (128, 2), (256, 3), (512, 3), (512, 3)               # filters, convolutions
MODULES = {                                                            # as torchvision numbers them
    **{f"block{block}_conv{i}": f"features.{number}" for (block, i), number in zip(
        [(block, i + 1) for block, (_, n) in enumerate(BLOCKS, 1) for i in range(n)],
        [0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28])},
    "fc1": "classifier.0", "fc2": "classifier.3", "predictions": "classifier.6"}


def VGG16(include_top=True, weights="imagenet", input_tensor=None, input_shape=None, pooling=None, classes=1000,
          classifier_activation="softmax", name="vgg16") -> Model:
    """VGG16, 138 million weights, most of them in the first dense layer. https://keras.io/api/applications/vgg/

    Args:
        include_top: whether it ends with the dense layers that name classes.
        weights: None for random ones, or the path of a file: of Keras (`.h5`, `.weights.h5`, `.keras`), of tinyvision, or of
            torchvision (`.pth`, `.safetensors`). "imagenet" raises ValueError, and says where to get them.
        input_tensor: a symbolic tensor to begin with, in place of an Input.
        input_shape: (H, W, C); None is (224, 224, 3), or without the top (None, None, 3).
        pooling: without the top, "avg" or "max" over rows and columns; None leaves the maps.
        classes, classifier_activation: of the top; None gives logits.
        name: of the model.
    """
    x = begin = start(input_tensor, input_shape, include_top, weights, default=224)
    for block, (filters, convolutions) in enumerate(BLOCKS, 1):
        for i in range(1, convolutions + 1):
            x = layers.Conv2D(filters, 3, activation="relu", padding="same", name=f"block{block}_conv{i}")(x)
        x = layers.MaxPooling2D(2, strides=2, name=f"block{block}_pool")(x)
    if include_top:
        x = layers.Flatten(name="flatten")(x)
        x = layers.Dense(4096, activation="relu", name="fc1")(x)
        x = layers.Dense(4096, activation="relu", name="fc2")(x)
        x = layers.Dense(classes, activation=classifier_activation, name="predictions")(x)
    else:
        x = pooled(x, pooling)
    return finished(begin, x, name, weights, include_top, classes, classifier_activation, MODULES)


def preprocess_input(x):
    """Pictures (..., H, W, 3), red green blue from 0 to 255, as this network takes them: blue green red, less ImageNet's mean.

    torchvision's weights want `imagenet.standardized` in its place.
    """
    return centred_blue_green_red(x)
