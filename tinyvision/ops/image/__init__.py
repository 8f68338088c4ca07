"""Differentiable functions of images, with the names, arguments and defaults of keras.ops.image. Channels last, everywhere."""
from . import framing, toning
from .blurring import gaussian_blur
from .color import hsv_to_rgb, rgb_to_grayscale, rgb_to_hsv
from .framing import crop_images, pad_images
from .patches import extract_patches
from .resizing import resize
from .sampling import map_coordinates
from .warping import affine_transform, perspective_transform
