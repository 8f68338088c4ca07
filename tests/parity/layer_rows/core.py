"""Dense and Flatten."""
from . import IMAGES

ROWS = {
    "Dense": ("Dense", dict(units=5), (3, 4), None),
    "Dense softmax": ("Dense", dict(units=3, activation="softmax", kernel_initializer="he_normal", bias_initializer="ones"), (3, 4), None),
    "Dense no bias": ("Dense", dict(units=5, use_bias=False), (3, 4), None),
    "Dense on images": ("Dense", dict(units=5, activation="tanh"), IMAGES, None),
    "Flatten": ("Flatten", {}, IMAGES, None),
    "Flatten numbers": ("Flatten", {}, (3,), None),
}
