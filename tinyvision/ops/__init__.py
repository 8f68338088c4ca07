"""Differentiable functions on Tensors, with the names, arguments and defaults of keras.ops. Channels last, everywhere."""
from .conv import conv
from .elementwise import (
    abs,
    add,
    cast,
    clip,
    divide,
    equal,
    exp,
    greater,
    greater_equal,
    less,
    less_equal,
    log,
    maximum,
    minimum,
    multiply,
    negative,
    not_equal,
    power,
    relu,
    sigmoid,
    sign,
    sqrt,
    square,
    subtract,
    tanh,
    to_device,
    where,
)
from .linalg import matmul
from .loss import (
    binary_crossentropy,
    categorical_crossentropy,
    log_softmax,
    one_hot,
    softmax,
    sparse_categorical_crossentropy,
)
from .norm import batch_normalization, batch_normalization_training
from .pool import average_pool, max_pool
from .random import dropout
from .reduce import argmax, logsumexp, max, mean, min, sum, var
from .shape import (
    broadcast_to,
    concatenate,
    expand_dims,
    flip,
    getitem,
    pad,
    putitem,
    reshape,
    squeeze,
    stack,
    take,
    transpose,
)
