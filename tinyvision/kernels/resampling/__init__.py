"""Resampling images along height and width: the reference, and what is faster."""
from ..choice import offer
from .reference import resample

offer(f"{__name__}.banded")
