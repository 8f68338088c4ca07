"""Attention. With dropout, at rest, Keras computes in float64; without, its softmax is in float32: see tests/test_attention.py."""
from . import Call, Mask

QUERY, VALUE, KEY = (2, 5, 4), (2, 6, 3), (2, 6, 7)
HEADS = dict(num_heads=2, key_dim=3, dropout=0.2)

ROWS = {
    "MultiHeadAttention settings": ("MultiHeadAttention", dict(**HEADS, value_dim=5, output_shape=6, attention_axes=1, use_gate=True,
                                                                bias_initializer="ones"),
                                    Call(QUERY, VALUE, KEY, return_attention_scores=True), False),
    "MultiHeadAttention no bias": ("MultiHeadAttention", dict(num_heads=3, key_dim=2, dropout=0.4, value_dim=4, use_bias=False, output_shape=(2, 3),
                                                               attention_axes=(1, 2), kernel_initializer="he_normal"),
                                   Call((2, 2, 3, 4), (2, 3, 2, 4)), False),
    "MultiHeadAttention mask": ("MultiHeadAttention", HEADS, Call(QUERY, VALUE, attention_mask=Mask((2, 5, 6))), False),
    "MultiHeadAttention mask of heads": ("MultiHeadAttention", HEADS, Call(QUERY, VALUE, attention_mask=Mask((2, 2, 5, 6)),
                                                                          return_attention_scores=True), False),
    "MultiHeadAttention causal": ("MultiHeadAttention", HEADS, Call(QUERY, QUERY, use_causal_mask=True), False),
    "MultiHeadAttention window": ("MultiHeadAttention", dict(**HEADS, sliding_window=2),
                                  Call(QUERY, QUERY, attention_mask=Mask((2, 5, 5)), use_causal_mask=True), False),
    "MultiHeadAttention of images": ("MultiHeadAttention", HEADS, Call((2, 2, 3, 4), (2, 3, 2, 4), return_attention_scores=True),
                                     False),
    "MultiHeadAttention wide window": ("MultiHeadAttention", dict(**HEADS, sliding_window=3), Call(QUERY, QUERY), False),
    "MultiHeadAttention": ("MultiHeadAttention", HEADS, Call(QUERY, VALUE), False),
}
