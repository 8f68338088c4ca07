"""Warping images, each by a transform of its own: the reference, and what is faster."""
from ..choice import offer
from .reference import unwarp, warp

offer(f"{__name__}.pixelwise")
offer(f"{__name__}.on_gpu", gpu=True)
