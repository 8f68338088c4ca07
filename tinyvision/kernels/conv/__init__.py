"""Convolution and its gradients: the reference, and the versions that are faster."""
from ..choice import offer
from .block import conv_block_backward, conv_block_forward
from .reference import conv_forward, conv_input_gradient, conv_kernel_gradient

offer(f"{__name__}.blocked")
offer(f"{__name__}.winograd")
offer(f"{__name__}.direct")
offer(f"{__name__}.pointwise")
offer(f"{__name__}.depthwise")
offer(f"{__name__}.few_channels")
offer(f"{__name__}.on_gpu", gpu=True)
