"""Activations."""
from . import IMAGES

ROWS = {
    **{f"Activation {name}": ("Activation", dict(activation=name), IMAGES, None)
       for name in ("linear", "relu", "sigmoid", "tanh", "softmax", "celu", "elu", "exponential", "gelu", "glu", "hard_shrink",
                    "hard_sigmoid", "hard_silu", "hard_tanh", "leaky_relu", "log_sigmoid", "log_softmax", "mish", "relu6", "selu", "silu",
                    "soft_shrink", "softplus", "softsign", "squareplus", "tanh_shrink")},
    "ReLU": ("ReLU", {}, IMAGES, None),
    "ReLU max": ("ReLU", dict(max_value=1), IMAGES, None),
    "ReLU slope": ("ReLU", dict(negative_slope=0.3), IMAGES, None),
    "ReLU threshold": ("ReLU", dict(threshold=0.5), IMAGES, None),
    "ReLU all": ("ReLU", dict(max_value=1.5, negative_slope=0.1, threshold=0.25), IMAGES, None),
    "LeakyReLU": ("LeakyReLU", {}, IMAGES, None),
    "LeakyReLU slope": ("LeakyReLU", dict(negative_slope=0.01), IMAGES, None),
    "LeakyReLU steep": ("LeakyReLU", dict(negative_slope=1.5), IMAGES, None),
    "ELU": ("ELU", {}, IMAGES, None),
    "ELU alpha": ("ELU", dict(alpha=0.3), IMAGES, None),
    "ELU deep": ("ELU", dict(alpha=2), IMAGES, None),
    "PReLU": ("PReLU", {}, IMAGES, None),
    "PReLU channels": ("PReLU", dict(shared_axes=[1, 2], alpha_initializer="ones"), IMAGES, None),
    "PReLU rows": ("PReLU", dict(shared_axes=[1]), IMAGES, None),
    "PReLU of vectors": ("PReLU", dict(alpha_initializer="ones"), (3, 4), None),
    "Softmax": ("Softmax", {}, IMAGES, None),
    "Softmax rows": ("Softmax", dict(axis=1), IMAGES, None),
    "Softmax pixels": ("Softmax", dict(axis=(1, 2)), IMAGES, None),
}
