"""SqueezeNet 1.1: AlexNet's accuracy with a fiftieth of its weights. Iandola et al. 2016, arXiv:1602.07360.

Keras has none; layers are named as in the paper.
"""
from .. import layers
from ..models import Model
from .imagenet import decode_predictions as decode_predictions, finished, pooled, standardized, start

FIRES = {2: (16, 64), 3: (16, 64), 4: (32, 128), 5: (32, 128), 6: (48, 192), 7: (48, 192), 8: (64, 256), 9: (64, 256)}
POOLED_BEFORE = 2, 4, 6                                                # fire modules with a pool before them
MODULES = {"conv1": "features.0", "conv10": "classifier.1",            # as torchvision names them
           **{f"fire{fire}_{part}": f"features.{number}.{part}" for fire, number in zip(FIRES, (3, 4, 6, 7, 9, 10, 11, 12))
              for part in ("squeeze", "expand1x1", "expand3x3")}}


def SqueezeNet(include_top=True, weights="imagenet", input_tensor=None, input_shape=None, pooling=None, classes=1000,
               classifier_activation="softmax", name="squeezenet") -> Model:
    """SqueezeNet 1.1, 1.2 million weights.

    Args:
        include_top: whether it ends with what names classes.
        weights: None for random ones, or the path of a file: of torchvision's squeezenet1_1 (`.pth`, `.safetensors`), of
            tinyvision or Keras. "imagenet" raises ValueError, and says where to get them.
        input_tensor: a symbolic tensor to begin with, in place of an Input.
        input_shape: (H, W, C); None is (224, 224, 3), or without the top (None, None, 3).
        pooling: without the top, "avg" or "max" over rows and columns; None leaves the maps.
        classes, classifier_activation: of the top; None gives logits.
        name: of the model.
    """
    begin = start(input_tensor, input_shape, include_top, weights, default=224)
    x = layers.Conv2D(64, 3, strides=2, activation="relu", name="conv1")(begin)
    for fire, (narrow, wide) in FIRES.items():
        if fire in POOLED_BEFORE:
            x = _pool(x, POOLED_BEFORE.index(fire) + 1)
        x = _fire(x, narrow, wide, f"fire{fire}")
    if include_top:
        x = layers.Dropout(0.5, name="drop9")(x)
        x = layers.Conv2D(classes, 1, activation="relu", name="conv10")(x)
        x = layers.GlobalAveragePooling2D(name="avg_pool")(x)
        x = layers.Activation(classifier_activation, name="predictions")(x)
    else:
        x = pooled(x, pooling)
    return finished(begin, x, name, weights, include_top, classes, classifier_activation, MODULES,
                    elsewhere="torchvision has them: squeezenet1_1-b8a52dc0.pth, at https://download.pytorch.org/models/")


def _pool(x, number):
    """The largest of 3x3, every second place. Windows that reach over the end count, as in torchvision: behind a ReLU, zeros
    there change nothing. Of odd sizes there are none; where a size is not known, a margin does no harm."""
    margins = tuple((0, 0 if n is not None and n % 2 else 1) for n in x.shape[1:3])
    x = layers.ZeroPadding2D(margins, name=f"pool{number}_pad")(x) if any(after for _, after in margins) else x
    return layers.MaxPooling2D(3, strides=2, name=f"pool{number}")(x)


def _fire(x, narrow, wide, name):
    """1x1 to few channels, and from these 1x1 and 3x3 to many, side by side."""
    x = layers.Conv2D(narrow, 1, activation="relu", name=f"{name}_squeeze")(x)
    a = layers.Conv2D(wide, 1, activation="relu", name=f"{name}_expand1x1")(x)
    b = layers.Conv2D(wide, 3, padding="same", activation="relu", name=f"{name}_expand3x3")(x)
    return layers.Concatenate(name=f"{name}_concat")([a, b])


def preprocess_input(x):
    """Pictures (..., H, W, 3), red green blue from 0 to 255, as this network takes them: standardized, as in PyTorch."""
    return standardized(x)
