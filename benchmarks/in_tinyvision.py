"""The tasks in tinyvision: this checkout of it."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np  # noqa: E402
from keras_words import loss_of, model_of, optimizer_of  # noqa: E402

import tinyvision as keras  # noqa: E402
from tinyvision import kernels  # noqa: E402
from tinyvision.kernels.windows import windows as sliding_windows  # noqa: E402

# What conv_block_backward is asked for: the gradients in x, kernel and bias.
WANTED = {"input gradient": (True, False, False), "kernel gradient": (False, True, False), "backward": (True, True, True)}


class Library:
    """Tasks as functions of NumPy arrays."""

    def __init__(self, threads, device="cpu", precision="float32"):
        kernels.set_num_threads(threads)
        kernels.set_precision(precision)
        self.device = device

    def images(self, x):
        return x if self.device == "cpu" else keras.tensor(x, device=self.device)

    labels = images

    def numpy(self, x):
        return x if isinstance(x, np.ndarray) else x.detach().numpy()

    def training_step(self, network, weights, optimizer):
        model = model_of(keras, network, weights).to(self.device)
        model.compile(optimizer_of(keras, optimizer, network), loss_of(network))
        return model.train_on_batch

    def inference(self, network, weights):
        return model_of(keras, network, weights).to(self.device).predict_on_batch

    def synchronize(self):
        import cupy
        cupy.cuda.Device().synchronize()

    def let_go(self):
        """Give back what CuPy keeps of the GPU's memory."""
        import cupy
        cupy.get_default_memory_pool().free_all_blocks()

    def block(self, network, weights):
        model = model_of(keras, network, weights)
        trained = model.trainable_weights

        def step(x, dy):
            x = keras.Tensor(x, requires_grad=True)        # without a copy, as the others' tensors, which they were given
            y = model(x, training=True)
            return y, *keras.grad(y, [x, *trained], keras.Tensor(dy))
        return step

    def conv(self, x, kernel, bias, dy, part):
        windows = sliding_windows(x.shape[1:3], kernel.shape[:2], (1, 1), "valid", (1, 1))
        if part == "forward":
            return lambda: kernels.conv.conv_block_forward(x, kernel, bias, windows, True, False)[:1]
        y, positions = np.empty_like(dy), np.empty(0, np.uint8)        # not looked at: no ReLU and no pool are to be undone

        def backward():
            found = kernels.conv.conv_block_backward(x, kernel, y, positions, dy, windows, False, False, WANTED[part])
            return [a for a in found if a is not None]
        return backward

    def loss_and_gradients(self, network, weights, images, labels):
        """The loss of a batch and the gradients of all trained weights."""
        model = model_of(keras, network, weights)
        loss = keras.losses.get(loss_of(network))(labels, model(images, training=True)).mean()
        return loss.item(), [g.numpy() for g in keras.grad(loss, model.trainable_weights)]
