"""Differentiable functions of images, with the names, arguments and defaults of keras.ops.image. Channels last, everywhere."""
from .framing import crop_images, pad_images
from .resizing import resize
