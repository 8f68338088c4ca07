"""What normalization does, channel by channel and row by row: the references, and the versions that are faster."""
from ..choice import offer
from .reference import affine, channel_moments, channel_sums, scale_and_shift
from .rows import normalized_rows, normalized_rows_gradients

offer(f"{__name__}.by_channel")
offer(f"{__name__}.row_by_row")
offer(f"{__name__}.on_gpu", gpu=True)
offer(f"{__name__}.rows_on_gpu", gpu=True)
