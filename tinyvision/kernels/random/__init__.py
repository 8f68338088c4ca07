"""Random numbers that depend on nothing but a key and a counter."""
from ..choice import offer
from .reference import NUMBERS_FOR_BETA, beta, dropped, normal, uniform

offer(f"{__name__}.counters")
offer(f"{__name__}.on_gpu", gpu=True)
