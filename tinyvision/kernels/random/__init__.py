"""Random numbers that depend on nothing but a key and a counter."""
from ..choice import offer
from .reference import dropped, uniform

offer(f"{__name__}.counters")
