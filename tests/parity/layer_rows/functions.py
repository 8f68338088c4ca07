"""Layers around a function. Those of Lambda, which takes functions of ours or of Keras, are in tests/parity/test_functions.py."""
from . import IMAGES

ROWS = {
    "Identity": ("Identity", {}, IMAGES, None),
    "Identity of two": ("Identity", {}, [IMAGES, (2, 4)], None),
}
