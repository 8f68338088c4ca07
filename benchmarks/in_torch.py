"""The tasks in PyTorch, in either of its memory layouts.

Its kernels are (F, C / groups, KH, KW), its Dense weights (units, inputs) with the inputs of a Flatten channels first.
"""
import numpy as np
import torch
from networks import (
    AddKept,
    Beside,
    Conv,
    Dense,
    Dropout,
    Flatten,
    GlobalMean,
    Keep,
    Normalize,
    Pool,
    Relu,
    Rescale,
    rows_channels_first,
    shape_before_flatten,
    with_shapes,
)
from torch import nn
from torch.nn import functional as F

# What convolution_backward is asked for: the gradients in x, kernel and bias.
MASKS = {"input gradient": [True, False, False], "kernel gradient": [False, True, False], "backward": [True, True, True]}


class Rescaling(nn.Module):
    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def forward(self, x):
        return x * self.factor


class SamePadding(nn.Module):
    """Zeros so that ceil(n / strides) windows fit, one more behind than before where their number is odd: as in Keras."""

    def __init__(self, conv, shape):
        super().__init__()
        total = [max((-(-n // conv.strides) - 1) * conv.strides + conv.size - n, 0) for n in shape[1::-1]]
        self.margins = [m for n in total for m in (n // 2, n - n // 2)]

    def forward(self, x):
        return F.pad(x, self.margins)


class Together(nn.ModuleList):
    """Modules on the same input, their channels side by side."""

    def forward(self, x):
        return torch.cat([module(x) for module in self], dim=1)


class Net(nn.Module):
    """A network up to the scores, before softmax or sigmoid: PyTorch's losses take these."""

    def __init__(self, network, weights):
        super().__init__()
        self.steps = nn.ModuleList()
        for (layer, shape), values in zip(with_shapes(network), weights):
            if isinstance(layer, Conv) and layer.same and layer.strides > 1:
                self.steps.append(SamePadding(layer, shape))
            module = _module(layer, shape)
            self.steps.append(module)
            if isinstance(layer, Dense) and any(isinstance(other, Flatten) for other in network.layers):
                values = [rows_channels_first(values[0], shape_before_flatten(network)), values[1]]
            with torch.no_grad():
                for own, value in zip([*module.parameters(), *module.buffers()], values):
                    own.copy_(_turned(value))
            if isinstance(layer, Conv) and layer.relu:
                self.steps.append(nn.ReLU())
        self.classes = network.classes

    def forward(self, x):
        kept = None
        for module in self.steps:
            if module is KEEP:
                kept = x
            else:
                x = x + kept if module is ADD_KEPT else module(x)
        return x

    def loss(self, x, y):
        scores = self(x)
        return F.binary_cross_entropy_with_logits(scores, y) if self.classes == 2 else F.cross_entropy(scores, y)


KEEP, ADD_KEPT = nn.Identity(), nn.Identity()              # stand for the ends of a shortcut: see Net.forward


def _module(layer, shape):
    match layer:
        case Conv():
            return nn.Conv2d(shape[2], layer.filters, layer.size, layer.strides, bias=layer.bias, groups=layer.groups,
                             padding=layer.size // 2 if layer.same and layer.strides == 1 else 0)
        case Beside(convs=convs):
            return Together([nn.Sequential(_module(conv, shape), nn.ReLU()) for conv in convs])
        case GlobalMean():
            return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
        case Normalize():
            return nn.BatchNorm2d(shape[2], eps=layer.epsilon, momentum=0.01)      # Keras's momentum is 1 - PyTorch's
        case Relu():
            return nn.ReLU() if layer.largest is None else nn.Hardtanh(0.0, layer.largest)
        case Pool():
            return nn.MaxPool2d(layer.size, layer.strides)
        case Rescale():
            return Rescaling(layer.factor)
        case Flatten():
            return nn.Flatten()
        case Dropout():
            return nn.Dropout(layer.rate)
        case Dense():
            return nn.Linear(shape[0], layer.units)
        case Keep():
            return KEEP
        case AddKept():
            return ADD_KEPT


def _turned(value):
    """A weight of Keras's in PyTorch's order of axes."""
    return torch.tensor(np.ascontiguousarray(value.transpose(3, 2, 0, 1) if value.ndim == 4 else value.T))


def _turned_back(network, gradients):
    """Gradients of PyTorch's in Keras's order of axes, and of rows behind Flatten."""
    for gradient in gradients:
        gradient = gradient.numpy()
        if gradient.ndim == 4:
            yield gradient.transpose(2, 3, 1, 0)
        elif gradient.ndim == 2:
            h, w, c = shape_before_flatten(network)
            yield gradient.T.reshape(c, h, w, -1).transpose(1, 2, 0, 3).reshape(h * w * c, -1)
        else:
            yield gradient


class Library:
    """Tasks as functions of tensors, whose memory is laid out as asked for before the clock starts."""

    def __init__(self, threads, channels_last=True, device="cpu", precision="float32"):
        torch.set_num_threads(threads)
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = precision == "tf32"
        self.device = torch.zeros(0, device=device).device             # where there is none, this says why
        self.layout = torch.channels_last if channels_last else torch.contiguous_format

    def images(self, x):
        return torch.from_numpy(x).permute(0, 3, 1, 2).contiguous(memory_format=self.layout).to(self.device)

    def labels(self, y):
        return torch.from_numpy(y).to(self.device)

    def numpy(self, x):
        return x.detach().numpy()

    def training_step(self, network, weights, optimizer):
        net = Net(network, weights).to(self.device, memory_format=self.layout)
        optimizer = (torch.optim.RMSprop(net.parameters(), 1e-3, alpha=0.9, eps=1e-7) if optimizer == "rmsprop"
                     else torch.optim.SGD(net.parameters(), network.check_rate))

        def step(x, y):
            optimizer.zero_grad()
            loss = net.loss(x, y)
            loss.backward()
            optimizer.step()
            return loss.item()
        return step

    def inference(self, network, weights):
        net = Net(network, weights).to(self.device, memory_format=self.layout).eval()

        def predict(x):
            with torch.inference_mode():
                probabilities = torch.sigmoid(net(x)) if network.classes == 2 else torch.softmax(net(x), 1)
                return probabilities.cpu()                 # where predict_on_batch of the others returns them
        return predict

    def synchronize(self):
        torch.cuda.synchronize()

    def let_go(self):
        """Give back what PyTorch keeps of the GPU's memory."""
        torch.cuda.empty_cache()

    def block(self, network, weights):
        net = Net(network, weights).to(memory_format=self.layout)
        trained = list(net.parameters())

        def step(x, dy):
            x = x.detach().requires_grad_()
            y = net(x)
            return y, *torch.autograd.grad(y, [x, *trained], dy)
        return step

    def conv(self, x, kernel, bias, dy, part):
        x, dy, bias = self.images(x), self.images(dy), torch.tensor(bias)
        kernel = _turned(kernel).contiguous(memory_format=self.layout)

        @torch.no_grad()
        def forward():
            return [F.conv2d(x, kernel, bias).relu_()]

        def backward():
            found = torch.ops.aten.convolution_backward(dy, x, kernel, [len(bias)], [1, 1], [0, 0], [1, 1], False, [0, 0], 1,
                                                        MASKS[part])
            return [a for a in found if a is not None]
        return forward if part == "forward" else backward

    def loss_and_gradients(self, network, weights, images, labels):
        """The loss of a batch and the gradients of all trained weights, in Keras's layout."""
        net = Net(network, weights).to(memory_format=self.layout)
        loss = net.loss(self.images(images), self.labels(labels))
        return loss.item(), list(_turned_back(network, torch.autograd.grad(loss, list(net.parameters()))))
