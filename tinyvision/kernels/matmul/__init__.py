"""The matrix product: the reference, and the version that shares threads with the other kernels."""
from ..choice import offer
from .reference import product

offer(f"{__name__}.tiled")
offer(f"{__name__}.on_gpu", gpu=True)
