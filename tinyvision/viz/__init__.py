"""Pictures of training and of what a network holds: each function returns a matplotlib Figure; `save` writes it to a file."""
from .canvas import BLUE, GREEN, GREY, ORANGE, save
from .graph import graph
from .images import feature_maps, filters, images, journey
from .training import confusion, curves, gradients, scatter
