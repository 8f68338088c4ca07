"""The networks that are measured, each once, as plain data; the weights and batches that every library gets.

Shapes and weights are as in Keras: images (N, H, W, C), kernels (KH, KW, C / groups, F), Dense (inputs, units). A library with
another layout turns them round where it takes them in.
"""
import math
from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True)
class Conv:
    filters: int
    size: int = 3
    same: bool = False
    bias: bool = True
    relu: bool = False
    groups: int = 1                                        # 1, or as many as there are channels
    strides: int = 1


@dataclass(frozen=True)
class Normalize:
    """Batch normalization."""
    epsilon: float = 1e-3


@dataclass(frozen=True)
class Relu:
    largest: float | None = None


@dataclass(frozen=True)
class Pool:
    """The largest of each window."""
    size: int = 2
    strides: int = 2


@dataclass(frozen=True)
class Keep:
    """Remember what is here, for AddKept: where a shortcut begins."""


@dataclass(frozen=True)
class AddKept:
    """Add what was kept last: where a shortcut ends."""


@dataclass(frozen=True)
class Beside:
    """Convolutions of the same input, their channels side by side."""
    convs: tuple


@dataclass(frozen=True)
class GlobalMean:
    """The mean of each channel over all pixels. As the last layer of a network, softmax follows."""


@dataclass(frozen=True)
class Rescale:
    factor: float


@dataclass(frozen=True)
class Flatten:
    pass


@dataclass(frozen=True)
class Dropout:
    rate: float


@dataclass(frozen=True)
class Dense:
    """With softmax, or sigmoid if there is one unit."""
    units: int


@dataclass(frozen=True)
class Network:
    title: str
    image: tuple                                           # (H, W, C)
    layers: tuple
    brightest: float = 1.0
    check_rate: float = 0.0                                # the learning rate of the steps that compare libraries

    @property
    def classes(self):
        """What the labels count; 0 for a block, which has no loss."""
        last = self.layers[-2] if isinstance(self.layers[-1], GlobalMean) else self.layers[-1]
        units = last.units if isinstance(last, Dense) else last.filters if isinstance(self.layers[-1], GlobalMean) else 0
        return 2 if units == 1 else units

    def at_size(self, size):
        """The same network for larger or smaller images."""
        return replace(self, image=(size, size, self.image[2]))

    def without_dropout(self):
        """The same network without random numbers, which differ between libraries."""
        return replace(self, layers=tuple(layer for layer in self.layers if not isinstance(layer, Dropout)))


MNIST = Network("MNIST convnet", (28, 28, 1), (
    Conv(32, relu=True), Pool(), Conv(64, relu=True), Pool(), Conv(128, relu=True), Flatten(), Dense(10)), check_rate=0.05)
CATS = Network("cats-vs-dogs convnet", (180, 180, 3), (
    Rescale(1 / 255), Conv(32, relu=True), Pool(), Conv(64, relu=True), Pool(), Conv(128, relu=True), Pool(),
    Conv(256, relu=True), Pool(), Conv(256, relu=True), Flatten(), Dropout(0.5), Dense(1)), brightest=255.0, check_rate=0.02)
RESNET = Network("ResNet-18 basic block", (56, 56, 64), (
    Keep(), Conv(64, same=True, bias=False), Normalize(), Relu(), Conv(64, same=True, bias=False), Normalize(), AddKept(),
    Relu()))
MOBILENET = Network("MobileNet-v2 inverted residual block", (28, 28, 32), (
    Keep(), Conv(192, size=1, bias=False), Normalize(), Relu(6.0),
    Conv(192, same=True, bias=False, groups=192), Normalize(), Relu(6.0),
    Conv(32, size=1, bias=False), Normalize(), AddKept()))
UNET = Network("U-Net block", (64, 64, 64), (Conv(64, same=True, relu=True), Conv(64, same=True, relu=True), Pool()))


def _efficientnet_lite0():
    def normalized(filters, size, strides=1, groups=1):
        return Conv(filters, size, same=True, bias=False, groups=groups, strides=strides), Normalize()

    layers, channels = [*normalized(32, 3, 2), Relu(6.0)], 32
    for filters, blocks, size, first, expansion in ((16, 1, 3, 1, 1), (24, 2, 3, 2, 6), (40, 2, 5, 2, 6), (80, 3, 3, 2, 6),
                                                    (112, 3, 5, 1, 6), (192, 4, 5, 2, 6), (320, 1, 3, 1, 6)):
        for strides in (first, *[1] * (blocks - 1)):
            wide, shortcut = channels * expansion, strides == 1 and channels == filters
            layers += [Keep()] if shortcut else []
            layers += [*normalized(wide, 1), Relu(6.0)] if expansion > 1 else []
            layers += [*normalized(wide, size, strides, wide), Relu(6.0), *normalized(filters, 1)]
            layers += [AddKept()] if shortcut else []
            channels = filters
    return (*layers, *normalized(1280, 1), Relu(6.0), GlobalMean(), Dense(1000))


def _squeezenet():
    layers = [Conv(64, strides=2, relu=True)]
    for i, narrow in enumerate((16, 16, 32, 32, 48, 48, 64, 64)):
        wide = 4 * narrow
        layers += [Pool(3, 2)] if i in (0, 2, 4) else []
        layers += [Conv(narrow, 1, relu=True), Beside((Conv(wide, 1, relu=True), Conv(wide, 3, same=True, relu=True)))]
    return (*layers, Conv(1000, 1, relu=True), GlobalMean())


LITE0 = Network("EfficientNet-lite0", (224, 224, 3), _efficientnet_lite0())
SQUEEZENET = Network("SqueezeNet 1.1", (224, 224, 3), _squeezenet())


def with_shapes(network):
    """Pairs of a layer and the shape, without the batch, of what comes in."""
    shape = network.image
    for layer in network.layers:
        yield layer, shape
        shape = shape_after(layer, shape)


def shape_after(layer, shape):
    """The shape, without the batch, of what a layer makes of an input of that shape."""
    match layer:
        case Conv(filters=filters, size=size, same=same, strides=strides):
            margin = 0 if same else size - 1
            return *(math.ceil((n - margin) / strides) for n in shape[:2]), filters
        case Pool(size=size, strides=strides):
            return *((n - size) // strides + 1 for n in shape[:2]), shape[2]
        case Beside(convs=convs):
            shapes = [shape_after(conv, shape) for conv in convs]
            return *shapes[0][:2], sum(after[2] for after in shapes)
        case GlobalMean():
            return shape[2:]
        case Flatten():
            return (math.prod(shape),)
        case Dense(units=units):
            return (units,)
    return shape


def output_shape(network):
    """The shape, without the batch, of what a network returns."""
    return shape_after(*list(with_shapes(network))[-1])


def initial_weights(network):
    """For each layer a list of its weights, from one seed: Glorot uniform kernels, and the usual zeros and ones."""
    rng = np.random.default_rng(1)
    weights = []
    for layer, shape in with_shapes(network):
        match layer:
            case Conv():
                weights.append(_of_conv(rng, layer, shape))
            case Beside(convs=convs):
                weights.append([w for conv in convs for w in _of_conv(rng, conv, shape)])
            case Dense():
                weights.append([_glorot(rng, (*shape, layer.units)), np.zeros(layer.units, "float32")])
            case Normalize():                              # gamma, beta, and the moving mean and variance
                weights.append([np.full(shape[2], value, "float32") for value in (1, 0, 0, 1)])
            case _:
                weights.append([])
    return weights


def _of_conv(rng, conv, shape):
    kernel = _glorot(rng, (conv.size, conv.size, shape[2] // conv.groups, conv.filters))
    return [kernel, np.zeros(conv.filters, "float32")] if conv.bias else [kernel]


def _glorot(rng, shape):
    window = math.prod(shape[:-2])
    limit = math.sqrt(6 / (window * (shape[-2] + shape[-1])))
    return rng.uniform(-limit, limit, shape).astype("float32")


def rows_channels_first(kernel, shape):
    """Rows of a Dense kernel behind a Flatten of (H, W, C), in the order that they have where C comes first."""
    return kernel.reshape(*shape, -1).transpose(2, 0, 1, 3).reshape(kernel.shape)


def shape_before_flatten(network):
    """(H, W, C) of what the Flatten layer takes."""
    return next(shape for layer, shape in with_shapes(network) if isinstance(layer, Flatten))


def batch(network, size, number=0):
    """Images that can be learned: noise, and a bright bar whose place is the label. Each number gives another batch.

    Labels are int64 (N,), or float32 (N, 1) for the one sigmoid.
    """
    rng = np.random.default_rng((2, number))
    labels = rng.integers(0, network.classes, size)
    images = rng.random((size, *network.image), "float32") * 0.3
    height = network.image[0] // (network.classes + 1)
    for image, label in zip(images, labels):
        image[(label + 1) * height - height // 2:(label + 1) * height + height // 2 + 1] += 0.6
    labels = labels.astype("float32")[:, None] if network.classes == 2 else labels
    return images * np.float32(network.brightest), labels


def normal(shape, seed):
    """Standard normal numbers, for the input of a block and the gradient that comes back to it."""
    return np.random.default_rng((3, seed)).standard_normal(shape, "float32")
