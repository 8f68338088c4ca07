"""Array functions that deserve several versions: a folder each, the readable reference first."""
from . import conv, matmul, pool, random
from .registry import use
