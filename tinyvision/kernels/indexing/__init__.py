"""Picking out places along an axis, and adding back to them: the references, and what a GPU does."""
from ..choice import offer
from .reference import gathered, scattered

offer(f"{__name__}.on_gpu", gpu=True)
