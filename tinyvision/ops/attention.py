"""Attention: each query takes a weighted mean of values, and the weights tell how well its key fits (Vaswani et al., 2017).

B sequences, T queries, S keys with their values, in N heads that know nothing of each other; H, V numbers a query and a value.
"""
from ..autograd import Tensor, as_tensor
from ..device import array_library
from .elementwise import cast, where
from .loss import softmax
from .shape import broadcast_to, expand_dims, reshape, transpose

HIDDEN = -1e30                                             # the score of a key that must not be seen: its weight is 0


def dot_product_attention(query, key, value, bias=None, mask=None, scale: float | None = None,
                          is_causal: bool = False) -> Tensor:
    """softmax(query @ key * scale + bias) @ value, in each head. https://keras.io/api/ops/nn/#dotproductattention-function

    Args:
        query: (B, T, N, H).
        key: (B, S, N, H); or with fewer heads, each of which serves several of the query's, in a row.
        value: (B, S, N, V), with as many heads as the key.
        bias: added to the scores; it broadcasts to (B, N, T, S).
        mask: which keys a query may see, True or False; it broadcasts to (B, N, T, S). One that may see none gets 0.
        scale: 1 / sqrt(H) if None.
        is_causal: query t may see keys 0 to t alone.

    Returns:
        (B, T, N, V)

    >>> import numpy as np
    >>> ones = np.ones((1, 2, 1, 1))                         # equal keys: the values that each query sees, in the mean
    >>> dot_product_attention(ones, ones, ones * [[[[3.0]], [[5.0]]]], is_causal=True).reshape(-1)
    Tensor([3., 4.])
    """
    query, key, value = _checked(query, key, value)
    return attended(attention_weights(query, key, bias, mask, scale, is_causal), value)


def attention_weights(query, key, bias=None, mask=None, scale: float | None = None, is_causal: bool = False) -> Tensor:
    """How much each query sees of each key, (B, N, T, S): 1 in all. The arguments are those of `dot_product_attention`."""
    query, key = as_tensor(query), as_tensor(key)
    scale = query.shape[3] ** -0.5 if scale is None else scale
    scores = transpose(query * scale, (0, 2, 1, 3)) @ transpose(_for_heads(key, query.shape[2]), (0, 2, 3, 1))
    scores = scores if bias is None else scores + bias
    if is_causal:
        causal = array_library(scores.data).tri(*scores.shape[2:], dtype=bool)
        mask = causal if mask is None else cast(mask, "bool") * causal
    if mask is None:
        return softmax(scores)
    mask = cast(mask, "bool")
    return where(mask, softmax(where(mask, scores, HIDDEN)), 0)


def attended(weights, value) -> Tensor:
    """The means of the values with these weights: (B, N, T, S), (B, S, N, V) -> (B, T, N, V)."""
    weights, value = as_tensor(weights), as_tensor(value)
    return transpose(weights @ transpose(_for_heads(value, weights.shape[1]), (0, 2, 1, 3)), (0, 2, 1, 3))


def _for_heads(x, heads):
    """x (B, S, K, H), each of its K heads repeated to serve several of the query's."""
    b, s, k, h = x.shape
    return x if k == heads else reshape(broadcast_to(expand_dims(x, 3), (b, s, k, heads // k, h)), (b, s, heads, h))


def _checked(query, key, value):
    query, key, value = as_tensor(query), as_tensor(key), as_tensor(value)
    shapes = query.shape, key.shape, value.shape
    if {len(shape) for shape in shapes} != {4}:
        raise ValueError("dot_product_attention: takes query (B, T, N, H), key (B, S, N, H) and value (B, S, N, V), got "
                         f"{', '.join(map(str, shapes))}")
    (b, _, n, h), (b2, s, k, h2), (b3, s2, k2, _) = shapes
    if (b, b, h, s, k) != (b2, b3, h2, s2, k2) or not k or n % k:
        raise ValueError(f"dot_product_attention: query {shapes[0]}, key {shapes[1]} and value {shapes[2]} do not fit: B and H "
                         "are the same in all, S and N in key and value, and the query has a multiple of their heads")
    return query, key, value
