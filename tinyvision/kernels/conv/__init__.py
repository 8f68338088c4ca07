"""Convolution and its gradients: the reference, and the versions that are faster."""
from ..registry import offer
from .reference import conv_forward, conv_input_gradient, conv_kernel_gradient

offer(f"{__name__}.blocked")
