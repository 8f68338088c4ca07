"""tinyvision: a deep-learning engine for computer vision that you can read in an evening.

    import tinyvision as keras
    from tinyvision import layers

    inputs = keras.Input(shape=(28, 28, 1))
    x = layers.Conv2D(filters=32, kernel_size=3, activation="relu")(inputs)
    ...
"""
from . import (
    activations,
    advice,
    applications,
    callbacks,
    config,
    constraints,
    data,
    datasets,
    device,
    initializers,
    kernels,
    layers,
    losses,
    metrics,
    models,
    ops,
    optimizers,
    regularizers,
    utils,
)
from .anomaly import detect_anomaly
from .autograd import Tensor, enable_grad, grad, no_grad, tensor
from .device import get_device, set_device
from .exchange import from_dlpack
from .kernels.choice import get_precision, set_precision
from .models import Input, Model, Sequential
from .profiling import profile
