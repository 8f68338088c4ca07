"""Pooling and its gradients: the references, and the versions that are faster."""
from ..choice import offer
from .average import spread_windows, window_sums
from .reference import gather_windows, max_pool_forward, scatter_windows

offer(f"{__name__}.by_channel")
offer(f"{__name__}.on_gpu", gpu=True)
