"""Random numbers that depend on nothing but a key and a counter."""
from ..choice import offer
from .reference import dropped, normal, uniform

offer(f"{__name__}.counters")
