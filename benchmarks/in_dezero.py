"""The tasks in DeZero, channels first: images (N, C, H, W), kernels (F, C, KH, KW), Dense weights (inputs, units)."""
import numpy as np

np.int = int                                               # DeZero was written when NumPy had this name

import dezero.functions as F  # noqa: E402
import dezero.layers as L  # noqa: E402
from dezero import Function, Model, Variable, no_grad, optimizers, test_mode  # noqa: E402
from networks import (  # noqa: E402
    Conv,
    Dense,
    Dropout,
    Flatten,
    Pool,
    Rescale,
    rows_channels_first,
    shape_before_flatten,
    with_shapes,
)


class BackInFloat32(Function):
    """The identity; its gradient goes back in float32.

    DeZero's losses multiply by Python numbers as arrays. NumPy 2 makes float64 of that, and the whole backward pass would be
    in float64; with the NumPy of DeZero's time it was in float32.
    """

    def forward(self, x):
        return x

    def backward(self, gy):
        return Variable(gy.data.astype("float32"))


class RMSprop(optimizers.Optimizer):
    """DeZero has none; written as its others are."""

    def __init__(self, lr=1e-3, rho=0.9, eps=1e-7):
        super().__init__()
        self.lr, self.rho, self.eps, self.velocity = lr, rho, eps, {}

    def update_one(self, param):
        g = param.grad.data
        v = self.velocity.setdefault(id(param), np.zeros_like(g))
        v *= self.rho
        v += (1 - self.rho) * g * g
        param.data -= self.lr * g / np.sqrt(v + self.eps)


class Net(Model):
    """A network up to the scores, before softmax or sigmoid: DeZero's losses take these."""

    def __init__(self, network, weights):
        super().__init__()
        self.network = network
        for i, ((layer, shape), values) in enumerate(zip(with_shapes(network), weights)):
            if isinstance(layer, Conv):
                own = L.Conv2d(layer.filters, layer.size, in_channels=shape[2])
                own.W.data = np.ascontiguousarray(values[0].transpose(3, 2, 0, 1))
            elif isinstance(layer, Dense):
                own = L.Linear(layer.units, in_size=shape[0])
                own.W.data = rows_channels_first(values[0], shape_before_flatten(network))
            else:
                continue
            own.b.data = values[1].copy()
            setattr(self, f"layer{i}", own)

    def forward(self, x):
        for i, layer in enumerate(self.network.layers):
            match layer:
                case Conv():
                    x = F.relu(getattr(self, f"layer{i}")(x))
                case Dense():
                    x = getattr(self, f"layer{i}")(x)
                case Pool():
                    x = F.pooling(x, 2, 2)
                case Rescale():
                    x = x * np.float32(layer.factor)
                case Flatten():
                    x = F.reshape(x, (x.shape[0], -1))
                case Dropout():
                    x = F.dropout(x, layer.rate)
        return x


class Library:
    """Tasks as functions of arrays, turned round before the clock starts."""

    def __init__(self, threads):
        pass                                               # its arithmetic is NumPy's, whose threads the environment sets

    def images(self, x):
        return np.ascontiguousarray(x.transpose(0, 3, 1, 2))

    def labels(self, y):
        return y

    def numpy(self, x):
        return x.data

    def training_step(self, network, weights, optimizer):
        net = Net(network, weights)
        optimizer = (RMSprop() if optimizer == "rmsprop" else optimizers.SGD(network.check_rate)).setup(net)
        loss_of = F.sigmoid_cross_entropy if network.classes == 2 else F.softmax_cross_entropy

        def step(x, y):
            loss = loss_of(BackInFloat32()(net(x)), y)
            net.cleargrads()
            loss.backward()
            optimizer.update()
            return float(loss.data)
        return step

    def inference(self, network, weights):
        net = Net(network, weights)

        def predict(x):
            with no_grad(), test_mode():
                return F.sigmoid(net(x)) if network.classes == 2 else F.softmax(net(x))
        return predict
