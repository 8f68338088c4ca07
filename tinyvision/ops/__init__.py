"""Differentiable functions on Tensors, with the names, arguments and defaults of keras.ops. Channels last, everywhere."""
from . import fused_loss as _fused_loss, gathering as _gathering, image
from .accumulation import all, any, argmin, cumsum, prod, std
from .activation import (
    celu,
    elu,
    gelu,
    glu,
    hard_shrink,
    hard_sigmoid,
    hard_silu,
    hard_tanh,
    leaky_relu,
    log_sigmoid,
    mish,
    relu6,
    selu,
    silu,
    soft_shrink,
    softplus,
    softsign,
    squareplus,
    tanh_shrink,
    threshold,
)
from .attention import dot_product_attention
from .average_pool import average_pool
from .binary import binary_crossentropy
from .conv import conv
from .conv_transpose import conv_transpose
from .depthwise import depthwise_conv, separable_conv
from .diagonals import diag, diagonal, trace, tril, triu
from .elementwise import (
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
    multiply,
    negative,
    not_equal,
    power,
    relu,
    sigmoid,
    subtract,
    tanh,
    where,
)
from .functions import abs, maximum, minimum, sign, sqrt, square, to_device
from .fused import fused_conv
from .group_norm import group_normalization, instance_normalization
from .in_parallel import clipped_relu
from .indexing import concatenate, flip, getitem, pad, putitem, stack, take
from .layer_norm import layer_normalization, normalize, rms_normalization
from .linalg import matmul
from .logic import isclose, isfinite, isinf, isnan, logical_and, logical_not, logical_or, logical_xor
from .loss import categorical_crossentropy, log_softmax, one_hot, softmax, sparse_categorical_crossentropy
from .making import arange, eye, full, full_like, identity, linspace, meshgrid, ones, ones_like, zeros, zeros_like
from .mathematics import ceil, cos, erf, floor, log1p, reciprocal, round, rsqrt, sin, true_divide
from .norm import batch_normalization, batch_normalization_training
from .one_dimension import on_sequences as _on_sequences
from .pool import max_pool
from .products import dot, einsum, outer, tensordot
from .random import dropout
from .rearranging import hstack, moveaxis, repeat, roll, swapaxes, tile, vstack
from .reduce import argmax, mean, sum
from .selecting import argsort, sort, split, take_along_axis, top_k
from .shape import broadcast_to, expand_dims, reshape, squeeze, transpose
from .statistics import logsumexp, max, min, var
