"""Checks for your own functions, ops and layers."""
from .gradients import check_gradients
from .layers import check_layer
from .ops import check_op
