"""What batch normalization does to whole maps, channel by channel: the references, and the versions that are faster."""
from ..choice import offer
from .reference import affine, channel_moments, channel_sums, scale_and_shift

offer(f"{__name__}.by_channel")
