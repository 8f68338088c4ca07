"""Random numbers that depend on nothing but a key and a counter."""
from .reference import uniform
