"""Vectors for whole numbers."""
from . import Integers

ROWS = {
    "Embedding": ("Embedding", dict(input_dim=7, output_dim=3, embeddings_initializer="zeros"), Integers((4, 6)), None),
    "Embedding of one number": ("Embedding", dict(input_dim=5, output_dim=2, embeddings_initializer="zeros"), Integers((4,)), None),
    "Embedding of images": ("Embedding", dict(input_dim=5, output_dim=3, embeddings_initializer="zeros"), Integers((2, 3, 4)), None),
}
