"""Resampling images along height and width: the reference, and what is faster."""
from .reference import resample
