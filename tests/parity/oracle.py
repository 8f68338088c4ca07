"""Values and gradients by Keras: on JAX, or on TensorFlow where PARITY_BACKEND=tensorflow is set (see conftest.py)."""
import contextlib
import os

import numpy as np
import pytest

BACKEND = os.environ.get("PARITY_BACKEND", "jax")
NARROW = "image.", "max_pool", "MaxPool", "Resizing", "UpSampling", "Random", "CenterCrop"           # what TensorFlow computes in float32
DIFFERS = {                                                # on TensorFlow: why -> parts of the names of tests
    "it compares no booleans": ["[greater-5]", "[greater_equal-5]", "[less-5]", "[less_equal-5]"],
    "it does not make such arrays": ["[arange-6]", "[eye-2]", "[full-1]", "[one_hot-4]"],
    "it cuts off what is above 1, before it normalizes": ["[sparse_categorical_crossentropy-0]", "[sparse_categorical_crossentropy-3]",
                                                          "[sparse corners]"],
    "it reads an ellipsis at the right otherwise": ["[einsum-2]", "[EinsumDense to the right]"],
    "it fills in otherwise": ["[image.affine_transform-", "[image.map_coordinates-", "[RandomRotation", "[RandomZoom", "[RandomTranslation"],
    "it blurs with another kernel": ["[image.gaussian_blur-"],
    "its hues are others": ["[image.hsv_to_rgb-"],
    "its cubic is another": ["[image.resize-5]", "bicubic]"],
    "it rounds to float32": ["our_config[Resizing]", "our_config[UpSampling2D]", "our_config[MultiHeadAttention]"],
    "it does not dilate": ["our_config[Conv1DTranspose]"],
}


def accuracy(kind) -> float:
    """How near the oracle is to what is right: on TensorFlow, Keras turns the numbers of Python into float32 first."""
    if BACKEND != "tensorflow":
        return 0.0
    return 2e-5 if kind == "optimizer" else 1e-6           # that adds up over 20 updates


def tolerance(name) -> float:
    """How near the oracle is to what is right, for an op or a layer."""
    return 1e-5 if BACKEND == "tensorflow" and name.startswith(NARROW) else 1e-10


def vjp(function, arrays, arriving):
    """What a function of Keras's tensors returns for arrays, and the gradients of these.

    Args:
        function: takes as many tensors as there are arrays, returns a list of tensors, and anything else: (outputs, rest).
        arriving: takes the outputs, returns the gradient that arrives at each.

    Returns:
        (outputs, rest, gradients): lists of NumPy arrays; a gradient is 0 where no output depends on an array.
    """
    outputs, rest, gradients = (_with_tensorflow if BACKEND == "tensorflow" else _with_jax)(function, arrays, arriving)
    return [list(map(np.asarray, part)) for part in (outputs, rest, gradients)]


def values_and_gradients(functions, x, arriving):
    """For each of a dictionary of functions of one tensor, which return one: its value, and the gradient of x. Compiled together.

    Args:
        arriving: takes a shape, returns the gradient that arrives.
    """
    if BACKEND == "tensorflow":
        found = {name: vjp(lambda x, f=f: ([f(x)], []), [x], lambda y: [arriving(y[0].shape)]) for name, f in functions.items()}
        return {name: (value[0], gradient[0]) for name, (value, _, gradient) in found.items()}
    import jax

    @jax.jit
    def run(x):
        pulls = {name: jax.vjp(function, x) for name, function in functions.items()}
        return {name: (y, pull(jax.numpy.asarray(arriving(y.shape)))[0]) for name, (y, pull) in pulls.items()}

    return {name: (np.asarray(y), np.asarray(g)) for name, (y, g) in run(x).items()}


def not_compiled():
    """A context in which JAX does not compile."""
    if BACKEND == "tensorflow":
        return contextlib.nullcontext()
    import jax
    return jax.disable_jit()


def _with_jax(function, arrays, arriving):
    import jax

    @jax.jit
    def run(arrays):
        outputs, pull, rest = jax.vjp(lambda *xs: function(*xs), *arrays, has_aux=True)
        return outputs, rest, pull([jax.numpy.asarray(g, y.dtype) for g, y in zip(arriving(outputs), outputs)])

    return run(list(map(np.asarray, arrays)))


def _with_tensorflow(function, arrays, arriving):
    import tensorflow

    xs = list(map(tensorflow.convert_to_tensor, arrays))
    try:
        with tensorflow.GradientTape() as tape:
            tape.watch(xs)
            outputs, rest = function(*xs)
            outputs = list(map(tensorflow.convert_to_tensor, outputs))
        arriving = [tensorflow.convert_to_tensor(g, y.dtype) for g, y in zip(arriving(outputs), outputs)]
        gradients = tape.gradient(outputs, xs, arriving, unconnected_gradients="zero")
    except Exception as error:                             # no groups with dilation, no steps of different sizes, ...
        pytest.skip(f"TensorFlow does not do this: {type(error).__name__}")
    return outputs, rest, list(map(tensorflow.convert_to_tensor, gradients))
