"""Weights in PyTorch's layout: which modules have which arrays, and how these are turned into ours and back.

PyTorch puts channels first: kernels are (C_out, C_in, KH, KW), those of dense layers (units, features). And where maps are
flattened, it flattens (C, H, W), so a dense layer behind has its features in another order.
"""
import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ... import layers


class Part(NamedTuple):
    """Arrays of a module that correspond to weights of a layer."""

    names: tuple[str, ...]                                 # in PyTorch
    weights: tuple                                         # of the layer
    inward: Callable                                       # PyTorch's arrays -> a list of ours
    outward: Callable                                      # ours -> a list of PyTorch's


def _one(name, weight, inward, outward):
    return Part((name,), (weight,), lambda a: [inward(a)], lambda a: [outward(a)])


def _same(name, weight):
    return _one(name, weight, lambda a: a, lambda a: a)


def _bias(layer):
    return [_same("bias", layer.bias)] if layer.bias is not None else []


def _convolution(layer, places):
    """(C_out, C_in, KH, KW), transposed (C_in, C_out, KH, KW): all axes the other way round, but height and width in order."""
    n = layer.kernel.ndim
    inward = [*range(2, n), 1, 0]
    return [_one("weight", layer.kernel, lambda a: a.transpose(inward), lambda a: a.transpose(n - 1, n - 2, *range(n - 2))),
            *_bias(layer)]


def _depthwise(layer, places):
    """(C * multiplier, 1, KH, KW), where the channels that come of one lie side by side."""
    *sizes, channels, multiplier = layer.kernel.shape
    axes = range(len(sizes))
    return [_one("weight", layer.kernel,
                 lambda a: a.reshape(channels, multiplier, *sizes).transpose(*(2 + i for i in axes), 0, 1),
                 lambda a: a.transpose(-2, -1, *axes).reshape(channels * multiplier, 1, *sizes)), *_bias(layer)]


def _dense(layer, places):
    features, units = layer.kernel.shape
    *sizes, channels = places or (features,)

    def inward(a):
        return np.moveaxis(a.reshape(units, channels, *sizes), 1, -1).reshape(units, features).T

    def outward(a):
        return np.moveaxis(a.T.reshape(units, *sizes, channels), -1, 1).reshape(units, features)
    return [_one("weight", layer.kernel, inward, outward), *_bias(layer)]


def _normalization(layer, places):
    """A vector a weight; behind a Flatten, the features in PyTorch's order."""
    *sizes, channels = places or (1,)

    def inward(a):
        return np.moveaxis(a.reshape(channels, *sizes), 0, -1).reshape(a.shape) if places else a

    def outward(a):
        return np.moveaxis(a.reshape(*sizes, channels), -1, 0).reshape(a.shape) if places else a
    weights = {"weight": layer.gamma, "bias": layer.beta, "running_mean": getattr(layer, "moving_mean", None),
               "running_var": getattr(layer, "moving_variance", None)}
    return [_one(name, weight, inward, outward) for name, weight in weights.items() if weight is not None]


def _embedding(layer, places):
    return [_same("weight", layer.embeddings)]


def _prelu(layer, places):
    if layer.alpha.size not in (1, layer.alpha.shape[-1]):             # PyTorch has one for all, or one a channel
        return None
    return [_one("weight", layer.alpha, lambda a: a.reshape(layer.alpha.shape), lambda a: a.reshape(-1))]


def _recurrent(layer, places, suffix="l0"):
    """`weight_ih_l0` and so on: gates on the first axis, and two biases, which are added wherever they need not be apart."""
    cell = layer.cell
    if type(cell) is layers.GRUCell and not cell.reset_after:          # whose equations are others
        return None
    order = [1, 0, 2] if type(cell) is layers.GRUCell else range(cell.gates)       # PyTorch: r z n, Keras: z r h

    def gates(a):
        return np.concatenate([np.split(a, cell.gates)[i] for i in order])
    parts = [_one(f"weight_{which}_{suffix}", weight, lambda a: gates(a).T, lambda a: gates(a.T))
             for which, weight in (("ih", cell.kernel), ("hh", cell.recurrent_kernel))]
    names = f"bias_ih_{suffix}", f"bias_hh_{suffix}"
    if cell.bias is not None and cell.bias.ndim == 2:
        parts.append(Part(names, (cell.bias,), lambda *both: [np.stack(list(map(gates, both)))], lambda a: list(map(gates, a))))
    elif cell.bias is not None:
        parts.append(Part(names, (cell.bias,), lambda a, b: [gates(a + b)], lambda a: [gates(a), np.zeros_like(a)]))
    return parts


def _bidirectional(layer, places):
    both = _recurrent(layer.forward_layer, None), _recurrent(layer.backward_layer, None, "l0_reverse")
    return None if None in both else [*both[0], *both[1]]


def _attention(layer, places):
    """MultiheadAttention: queries, keys and values in one matrix, and `out_proj`."""
    products = layer.query_dense, layer.key_dense, layer.value_dense
    kernels, biases = [d.kernel for d in products], [d.bias for d in products]
    out = layer.output_dense
    features = kernels[0].shape[0]
    if any((first, math.prod(rest)) != (features, features)
           for first, *rest in [*(kernel.shape for kernel in kernels), out.kernel.shape[::-1]]):
        return None                                        # num_heads * key_dim is the number of features, everywhere

    def split(a):
        return [part.T.reshape(kernel.shape) for part, kernel in zip(np.split(a, 3), kernels, strict=True)]
    parts = [Part(("in_proj_weight",), tuple(kernels), split,
                  lambda *ours: [np.concatenate([a.reshape(len(a), -1).T for a in ours])]),
             _one("out_proj.weight", out.kernel, lambda a: a.T.reshape(out.kernel.shape),
                  lambda a: a.reshape(-1, a.shape[-1]).T)]
    if out.bias is not None:
        parts += [Part(("in_proj_bias",), tuple(biases),
                       lambda a: [part.reshape(b.shape) for part, b in zip(np.split(a, 3), biases, strict=True)],
                       lambda *ours: [np.concatenate([a.reshape(-1) for a in ours])]), _same("out_proj.bias", out.bias)]
    return parts


PARTS = {layers.Conv1D: _convolution, layers.Conv2D: _convolution, layers.Conv1DTranspose: _convolution,
         layers.Conv2DTranspose: _convolution,
         layers.DepthwiseConv1D: _depthwise, layers.DepthwiseConv2D: _depthwise, layers.Dense: _dense,
         layers.BatchNormalization: _normalization, layers.LayerNormalization: _normalization,
         layers.GroupNormalization: _normalization, layers.Embedding: _embedding, layers.PReLU: _prelu,
         layers.SimpleRNN: _recurrent, layers.LSTM: _recurrent, layers.GRU: _recurrent, layers.Bidirectional: _bidirectional,
         layers.MultiHeadAttention: _attention}
