"""Attention as a layer."""
import math

import numpy as np

from .. import initializers, ops
from ..autograd import Tensor, as_tensor
from ..config import random_key
from ..device import array_library
from ..ops.attention import attended, attention_weights
from .base import Layer, SymbolicTensor
from .core import described, positive
from .einsum_dense import EinsumDense
from .inside import build_inside


class MultiHeadAttention(Layer):
    """Each query looks at all keys, in several heads, and takes the mean of what it finds there (Vaswani et al., 2017).

    In each head: softmax(q @ k / sqrt(key_dim)) @ v, where q, k and v are query, key and value, each multiplied by a kernel of
    its own; the heads together are multiplied by a last one. https://keras.io/api/layers/attention_layers/multi_head_attention/

    Args:
        num_heads: how many heads.
        key_dim: the size of q and k in each head.
        value_dim: that of v; key_dim if None.
        dropout: the probability with which a query is kept from seeing a key, in training.
        use_bias: whether to add biases to q, k, v and the output.
        output_shape: the sizes of the output behind its steps, a number or several; the features of the query if None.
        attention_axes: None: over all axes between the batch and the features; or these axes.
        sliding_window: if w, a query sees the keys at most w - 1 steps away from it.
        flash_attention: None or False: there is one way to compute it.
        kernel_initializer, bias_initializer: names or Initializers, for each of the kernels.
        use_gate: multiply what each head has found by sigmoid(query @ a kernel + bias) (Qiu et al., 2025).
        seed: of dropout; None takes a stream of the common seed.

    Call arguments:
        query: (N, T, C). It may have more axes, as images have: (N, H, W, C) attends over all pixels.
        value: (N, S, D).
        key: (N, S, E); the value if None.
        attention_mask: (N, T, S), (T, S) or (N, heads, T, S): True where a query may see a key. One that may see none finds 0.
        return_attention_scores: give (output, scores), scores (N, heads, T, S) being what each query sees of each key.
        training: whether dropout is on.
        use_causal_mask: a query sees the keys up to its own step alone.

    Shapes: query (N, T, C) -> (N, T, C) or (N, T, *output_shape); query/kernel (C, heads, key_dim), key/kernel, value/kernel,
    attention_output/kernel (heads, value_dim, *output_shape).

    >>> layer = MultiHeadAttention(num_heads=2, key_dim=8)
    >>> layer(np.ones((1, 5, 16)), np.ones((1, 7, 16))).shape
    (1, 5, 16)
    """

    regularized = ("kernel", "bias")

    def __init__(self, num_heads, key_dim, value_dim=None, dropout=0.0, use_bias=True, output_shape=None, attention_axes=None,
                 sliding_window=None, flash_attention=None, kernel_initializer="glorot_uniform", bias_initializer="zeros", *,
                 use_gate=False, seed=None, **settings):
        super().__init__(**settings)
        self.num_heads, self.key_dim = positive(num_heads, "num_heads", self), positive(key_dim, "key_dim", self)
        self.value_dim = self.key_dim if value_dim is None else positive(value_dim, "value_dim", self)
        self.partial_output_shape = (output_shape,) if isinstance(output_shape, int) else output_shape and tuple(output_shape)
        self.sliding_window = sliding_window and positive(sliding_window, "sliding_window", self)
        self.use_bias, self.attention_axes, self.use_gate = use_bias, attention_axes, use_gate
        self.kernel_initializer, self.bias_initializer = kernel_initializer, bias_initializer
        self.dropout, self.key, self.drawn = dropout, random_key(seed), 0
        if not 0 <= dropout < 1:
            raise ValueError(f"{described(self)}: dropout is a probability below 1, got {dropout}")
        if flash_attention:
            raise ValueError(f"{described(self)}: flash_attention={flash_attention!r} is not available, leave it out")

    def __call__(self, query, value, key=None, **settings):
        return super().__call__(query, value, *([] if key is None else [key]), **settings)

    def _takes_training(self):                             # without dropout it is all the same
        return bool(self.dropout)

    def build(self, query_shape, value_shape, key_shape=None):
        self.build_config = {"shapes_dict": {"query_shape": query_shape, "value_shape": value_shape, "key_shape": key_shape}}
        key_shape = key_shape or value_shape
        axes = tuple(range(1, len(query_shape) - 1))
        self._check(query_shape, value_shape, key_shape)
        if self.attention_axes is not None and tuple(np.ravel(self.attention_axes) % len(query_shape)) != axes:
            raise ValueError(f"{described(self)}: attention goes over all axes between the batch and the features, {axes}; "
                             f"attention_axes={self.attention_axes!r} is not available: move the others into the batch")
        outputs = self.partial_output_shape or query_shape[-1:]
        letters = "efghijklmn"[:len(outputs)]
        for name, shape, size in (("query", query_shape, self.key_dim), ("key", key_shape, self.key_dim),
                                  ("_gate", query_shape, self.value_dim), ("value", value_shape, self.value_dim)):
            if name != "_gate" or self.use_gate:
                inner = self._dense("abc,cde->abde", (None, self.num_heads, size), "de", name.strip("_"),
                                    "sigmoid" if name == "_gate" else None)
                build_inside(self, inner, (None, None, shape[-1]))
                setattr(self, f"{name}_dense", inner)
        self.output_dense = self._dense(f"abcd,cd{letters}->ab{letters}", (None, *outputs), letters, "attention_output")
        build_inside(self, self.output_dense, (None, None, self.num_heads, self.value_dim))

    def _check(self, query_shape, value_shape, key_shape):
        shapes = query_shape, value_shape, key_shape
        if min(map(len, shapes)) < 3 or value_shape[1:-1] != key_shape[1:-1] or len({shape[0] for shape in shapes}) > 1:
            raise ValueError(f"{described(self)} takes query (N, T, C), value (N, S, D) and key (N, S, E), got {query_shape}, "
                             f"{value_shape} and {key_shape}")

    def _dense(self, equation, output_shape, bias_axes, name, activation=None):
        """One of the products with a kernel."""
        first = [_another(begin) for begin in (self.kernel_initializer, self.bias_initializer)]
        of_weights = {name: value for name, value in self.regularization.items() if name != "activity_regularizer"}
        return EinsumDense(equation, output_shape, activation, bias_axes if self.use_bias else None, *first, name=name,
                           dtype=self.dtype, **of_weights)

    def call(self, query, value, key=None, attention_mask=None, return_attention_scores=False, training=False,
             use_causal_mask=False):
        key = value if key is None else key
        self._check(query.shape, value.shape, key.shape)
        steps, others = query.shape[1:-1], value.shape[1:-1]
        query, key, value = (x.reshape(len(x), math.prod(x.shape[1:-1]), x.shape[-1]) for x in (query, key, value))
        q, k, v = self.query_dense(query), self.key_dense(key), self.value_dense(value)
        mask = self._mask(q, k, attention_mask, steps, use_causal_mask)
        weights = attention_weights(q, k, mask=mask, scale=self.key_dim ** -0.5, is_causal=use_causal_mask)
        found = attended(self._dropped(weights, training), v)
        y = self.output_dense(found * self._gate_dense(query) if self.use_gate else found)
        y = y.reshape(len(y), *steps, *y.shape[2:])
        return (y, weights.reshape(len(y), self.num_heads, *steps, *others)) if return_attention_scores else y

    def _mask(self, q, k, mask, steps, causal):
        """What each query may see, but for the steps to come: an array that broadcasts to (N, heads, T, S), or None for all."""
        shape = len(q), self.num_heads, q.shape[1], k.shape[1]
        if len(steps) > 1 and (mask is not None or causal or self.sliding_window):
            raise ValueError(f"{described(self)}: masks are for sequences (N, T, C), got a query of steps {steps}; reshape it")
        if mask is not None:
            mask = as_tensor(mask)
            mask = mask.reshape(len(mask), 1, *mask.shape[1:]) if mask.ndim == 3 else mask
            if mask.ndim not in (2, 4) or any(n not in (1, m) for n, m in zip(mask.shape[::-1], shape[::-1])):
                raise ValueError(f"{described(self)}: attention_mask is (N, T, S), (T, S) or (N, heads, T, S), here of scores "
                                 f"{shape}; got shape {np.shape(mask)}")
        if not self.sliding_window:
            return mask
        xp = array_library(q.data)
        near = abs(xp.arange(shape[2])[:, None] - xp.arange(shape[3])) < self.sliding_window
        return Tensor(near) if mask is None else ops.cast(mask, "bool") * near

    def _dropped(self, weights, training):
        if not (training and self.dropout):
            return weights
        self.drawn += 1
        return ops.dropout(weights, self.dropout, None, self.key, self.drawn)

    def compute_output_shape(self, query_shape, value_shape, key_shape=None):
        """The shape of the output for inputs of these shapes; the batch is None."""
        shapes = [shape for shape in (query_shape, value_shape, key_shape) if shape is not None]
        found = self(*(SymbolicTensor((None, *shape[1:]), self.dtype) for shape in shapes))
        self._calls.pop()                                  # it was a question, no part of a model
        return found.shape


def _another(initializer):
    """An initializer of the same settings, that draws numbers of its own."""
    own = isinstance(initializer, initializers.Initializer)
    return type(initializer).from_config(initializer.get_config()) if own else initializer
