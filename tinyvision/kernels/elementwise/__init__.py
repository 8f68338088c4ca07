"""Elementwise steps over whole maps that are worth all cores: sums, and clipping with its gradient."""
from ..choice import offer
from .reference import LARGE, added, clipped, passed

offer(f"{__name__}.in_parallel")
