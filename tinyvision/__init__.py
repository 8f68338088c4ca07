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
from .autograd import Tensor, detect_anomaly, enable_grad, grad, no_grad, tensor
from .models import Input, Model, Sequential
from .profiling import profile
