"""Convolutions and pools in one dimension, depthwise, separable and transposed: what is theirs alone. Numbers: parity/test_layers.py."""
import itertools

import numpy as np
import pytest

import tinyvision as tv
from tinyvision import kernels, layers, models, ops, tensor
from tinyvision.kernels.registry import WATCHERS

rng = np.random.default_rng(0)
KINDS = {                                                  # by rank
    1: {"Conv1D": dict(filters=2, kernel_size=2), "DepthwiseConv1D": dict(kernel_size=2), "SeparableConv1D": dict(filters=2, kernel_size=2),
        "Conv1DTranspose": dict(filters=2, kernel_size=2), "MaxPooling1D": {}, "AveragePooling1D": {}, "GlobalMaxPooling1D": {},
        "GlobalAveragePooling1D": {}},
    2: {"DepthwiseConv2D": dict(kernel_size=2), "SeparableConv2D": dict(filters=2, kernel_size=2),
        "Conv2DTranspose": dict(filters=2, kernel_size=2), "GlobalMaxPooling2D": {}, "GlobalAveragePooling2D": {}}}
EACH = [pytest.param(getattr(layers, name), settings, rank, id=name) for rank, kinds in KINDS.items() for name, settings in kinds.items()]
CONVS = [p for p in EACH if "Conv" in p.id]


def made(cls, settings, **more):
    return cls(**{**settings, **more})


# Errors that teach --------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("cls,settings,rank", EACH)
def test_there_is_one_layout(cls, settings, rank):
    made(cls, settings, data_format="channels_last")
    with pytest.raises(ValueError, match="channels_first.*channels last, everywhere"):
        made(cls, settings, data_format="channels_first")


@pytest.mark.parametrize("cls,settings,rank", EACH)
def test_inputs_of_other_axes_are_refused_and_the_layer_lives_on(cls, settings, rank):
    layer, right = made(cls, settings, name="mine"), (2, 6, 5, 3) if rank == 2 else (2, 6, 3)
    expected = "images .N, H, W, C." if rank == 2 else "sequences .N, T, C."
    for wrong, hint in {1: [((2, 6), "x\\[..., None\\] for sequences of numbers, x\\[None\\]"), ((2, 6, 5, 3), "layers in two dimensions")],
                        2: [((2, 6, 5), "x\\[..., None\\] for grey images"), ((2, 30), "must not be flattened")]}[rank]:
        with pytest.raises(ValueError, match=f"mine \\({cls.__name__}.* expects {expected}, got input .*{hint}"):
            layer(np.zeros(wrong))
    assert layer(np.zeros(right)).shape[0] == 2


@pytest.mark.parametrize("cls,settings,rank", CONVS)
def test_other_channels_are_refused(cls, settings, rank):
    layer = made(cls, settings)
    right = (2, 6, 5, 3)[2 - rank:] if rank == 2 else (2, 6, 3)
    layer(np.zeros(right))
    n, *sizes, c = right
    with pytest.raises(ValueError, match="expects 3 channels last, got input .*; this looks channels-first: transpose it to"):
        layer(np.zeros((n, c, *sizes)))
    with pytest.raises(ValueError, match="expects 3 channels last, got input .*4\\)$"):
        layer(np.zeros((n, *sizes, 4)))


@pytest.mark.parametrize("cls,settings,rank", CONVS)
def test_channels_must_be_known(cls, settings, rank):
    with pytest.raises(ValueError, match="needs inputs of a known number of channels, got .*None\\)"):
        made(cls, settings)(layers.Input((*[9] * rank, None)))


@pytest.mark.parametrize("make,message", [
    (lambda: layers.Conv1D(0, 3), "filters must be a positive integer, got 0"),
    (lambda: layers.Conv1D(6, 3, groups=4), "filters must be a multiple of the groups, got 4"),
    (lambda: layers.Conv1D(8, 3, groups=4)(np.ones((1, 5, 6))), "channels must be a multiple of the 4 groups, got 6"),
    (lambda: layers.Conv1D(6, 3, padding="full"), "padding is 'valid' or 'same' or 'causal', not 'full'"),
    (lambda: layers.Conv1D(6, (3, 3)), "kernel_size of a sequence is a positive integer, or a tuple of one, got \\(3, 3\\)"),
    (lambda: layers.Conv1D(6, 3, strides=0), "strides of a sequence is a positive integer.* got 0"),
    (lambda: layers.Conv1D(6, 3, 2, dilation_rate=2), "strides or dilation_rate must be 1, got 2 and 2"),
    (lambda: layers.Conv2D(6, 3, (1, 2), dilation_rate=(2, 1)), "strides or dilation_rate must be 1, got \\(1, 2\\) and \\(2, 1\\)"),
    (lambda: layers.Conv1D(6, 7)(np.ones((1, 5, 6))), "reach over \\(1, 7\\) pixels .*sequences \\(1, 5, 6\\), which count as images"),
    (lambda: layers.DepthwiseConv2D(3, depth_multiplier=0), "depth_multiplier must be a positive integer, got 0"),
    (lambda: layers.DepthwiseConv2D(3, padding="causal"), "padding is 'valid' or 'same', not 'causal'"),
    (lambda: layers.SeparableConv2D(2, 3, depth_multiplier=1.5), "depth_multiplier must be a positive integer, got 1.5"),
    (lambda: layers.SeparableConv2D(0, 3), "filters must be a positive integer, got 0"),
    (lambda: layers.Conv2DTranspose(2, 3, 2, dilation_rate=2), "strides or dilation_rate must be 1"),
    (lambda: layers.Conv2DTranspose(2, 3, 2, output_padding=2), "less than strides, got output_padding \\(2, 2\\) and strides \\(2, 2\\)"),
    (lambda: layers.Conv2DTranspose(2, 3, 2, output_padding=-1), "output_padding is None, an integer from 0 on .* got -1"),
    (lambda: layers.Conv2DTranspose(2, 3, 2, output_padding=(1, 1, 1)), "output_padding is None, .* got \\(1, 1, 1\\)"),
    (lambda: layers.Conv1DTranspose(2, 3, 2, output_padding=2), "less than strides, got output_padding \\(2,\\) and strides \\(2,\\)"),
    (lambda: layers.Conv1DTranspose(2, 3, 2, output_padding=(1, 1)), "output_padding of a sequence is an integer from 0 on"),
    (lambda: layers.Conv2DTranspose(2, 3, padding="causal"), "padding is 'valid' or 'same', not 'causal'"),
    (lambda: layers.MaxPooling1D(0), "pool_size of a sequence is a positive integer.* got 0"),
    (lambda: layers.MaxPooling1D(padding="causal"), "padding is 'valid' or 'same', not 'causal'"),
])
def test_what_cannot_be_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_other_names_are_those_that_keras_exports(keras):
    """Two names of one class there are two names of one class here."""
    theirs = {name: getattr(keras.layers, name) for name in dir(keras.layers) if "Conv" in name or "Pool" in name}
    for one, other in itertools.combinations([name for name in theirs if hasattr(layers, name)], 2):
        assert (theirs[one] is theirs[other]) == (getattr(layers, one) is getattr(layers, other)), (one, other)
    missing = [name for name, cls in theirs.items() if not hasattr(layers, name) and hasattr(layers, cls.__name__)]
    assert not missing, "a class that is here has another name there"


# What each is for -----------------------------------------------------------------------------------------------------------

def test_a_causal_convolution_does_not_see_what_comes_after():
    tv.config.set_floatx("float64")
    layer, x = layers.Conv1D(3, 3, padding="causal", dilation_rate=2), rng.standard_normal((1, 9, 2))
    before = layer(x).data.copy()
    x[0, 5] += 1
    changed = (layer(x).data != before).any(axis=(0, 2))
    np.testing.assert_array_equal(changed, [i in (5, 7) for i in range(9)])


@pytest.mark.parametrize("name,padding", [*itertools.product(["Conv1D", "MaxPooling1D", "SeparableConv1D"], ["valid", "same"]),
                                          ("Conv1D", "causal")])
def test_sizes_of_sequences_are_those_of_keras(keras, name, padding):
    """Lengths 1 to 6, windows and steps 1 to 4: what Keras foretells, and what comes out."""
    for size, window, step in itertools.product(range(1, 7), range(1, 5), range(1, 5)):
        sizes = dict(pool_size=window) if "Pool" in name else dict(filters=2, kernel_size=window)
        how, shape = dict(strides=step, padding=padding, **sizes), (2, size, 3)
        if padding == "valid" and size < window:
            with pytest.raises(ValueError, match="do not fit"):
                getattr(layers, name)(**how)(np.zeros(shape))
        else:
            expected = getattr(keras.layers, name)(**how).compute_output_shape(shape)
            assert getattr(layers, name)(**how)(np.zeros(shape)).shape == expected, (size, window, step)


@pytest.mark.parametrize("output_padding", [None, 0, 1])
@pytest.mark.parametrize("padding", ["valid", "same"])
def test_transposed_sizes_are_those_of_keras(keras, padding, output_padding):
    """Sizes 1 to 4, windows 1 to 5, steps 1 to 4: what Keras foretells, and what comes out."""
    from keras.src.backend.common.backend_utils import compute_conv_transpose_output_shape as theirs
    for size, window, step in itertools.product(range(1, 5), range(1, 6), range(1, 5)):
        more = output_padding and min(output_padding, step - 1)
        expected = theirs((2, size, 3, 1), (window, 2), 5, (step, 1), padding, more and (more, 0), dilation_rate=(1, 1))
        call = lambda: ops.conv_transpose(np.zeros((2, size, 3, 1)), np.zeros((window, 2, 5, 1)), (step, 1), padding, more and (more, 0))  # noqa: B023
        if expected[1] > 0:
            assert call().shape == tuple(expected), (size, window, step, more)
        else:
            with pytest.raises(ValueError, match="would be left"):
                call()


def versions_run(function):
    seen = []
    WATCHERS.append(watch := lambda kernel, version, arguments: seen.append((kernel.name, version.name)))
    try:
        function()
    finally:
        WATCHERS.remove(watch)
    return dict(seen)


def test_fast_kernels_serve_them():
    """Forward and backward: none of them falls back on the reference."""
    kernels.use(None)
    if "depthwise" not in kernels.conv.conv_forward.kernel.versions:
        pytest.skip("needs Numba: there are no fast kernels without")
    for layer, shape in [(layers.DepthwiseConv2D(3, padding="same"), (2, 12, 12, 32)), (layers.DepthwiseConv2D(3, 2, "same", 2), (2, 12, 12, 32)),
                         (layers.SeparableConv2D(32, 3), (2, 12, 12, 32)),
                         (layers.Conv2DTranspose(32, 4, 2, "same"), (2, 12, 12, 32)), (layers.Conv1D(32, 3), (2, 40, 32)),
                         (layers.Conv1DTranspose(32, 4, 2), (2, 40, 32)), (layers.DepthwiseConv1D(3), (2, 40, 32))]:
        x = tensor(rng.standard_normal(shape).astype("float32"), requires_grad=True)
        ran = versions_run(lambda: layer(x).sum().backward())                  # noqa: B023
        assert "numpy" not in ran.values(), (layer, ran)
        if "Depthwise" in type(layer).__name__:
            assert set(ran.values()) == {"depthwise"}, ran


def test_costs_and_what_each_sees():
    inputs = tv.Input((16, 16, 8))
    x = layers.DepthwiseConv2D(3, padding="same", depth_multiplier=2, name="depthwise")(inputs)
    x = layers.SeparableConv2D(6, (3, 5), strides=2, padding="same", name="separable")(x)
    x = layers.Conv2DTranspose(4, 4, 2, "same", name="transposed")(x)
    x = layers.Conv2D(2, 3, padding="same", name="conv")(x)
    model = tv.Model(inputs, layers.GlobalMaxPooling2D(name="all")(x))
    found = {call.layer.name: cost for call, cost in models.costs.costs(model).items()}
    assert found["depthwise"].multiply_adds == 16 * 16 * 9 * 16
    assert found["separable"].multiply_adds == 8 * 8 * (15 * 16 + 16 * 6)
    assert found["transposed"].multiply_adds == 8 * 8 * 16 * 6 * 4
    seen = [found[name].receptive_field for name in ("depthwise", "separable", "transposed", "conv", "all")]
    assert seen == [3, 7, 9, 11, np.inf]


def test_costs_of_sequences():
    inputs = tv.Input((40, 3))
    x = layers.Conv1D(4, 3, activation="relu", name="first")(inputs)
    x = layers.ReLU(name="relu")(layers.MaxPooling1D(2, name="pool")(x))
    x = layers.Conv1D(5, 3, dilation_rate=2, groups=1, name="second")(x)
    model = tv.Model(inputs, layers.GlobalAveragePooling1D(name="all")(x))
    found = {call.layer.name: cost for call, cost in models.costs.costs(model).items()}
    assert found["first"].multiply_adds == 38 * 3 * 3 * 4 and found["second"].multiply_adds == 15 * 3 * 4 * 5
    assert [found[name].receptive_field for name in ("first", "pool", "relu", "second", "all")] == [3, 4, 4, 12, np.inf]


def test_what_transposed_convolutions_see_is_what_gradients_reach():
    tv.config.set_floatx("float64")
    inputs = tv.Input((21, 21, 1))
    x = layers.Conv2D(2, 3, 2, "same", kernel_initializer="ones")(inputs)
    x = layers.Conv2DTranspose(2, 5, 3, "same", kernel_initializer="ones")(x)
    model = tv.Model(inputs, layers.Conv2D(1, 3, padding="same", kernel_initializer="ones")(x))
    image = tensor(rng.random((1, 21, 21, 1)), requires_grad=True)
    widths = []
    for i in range(12, 18):
        y = model(image)
        arriving = np.zeros(y.shape)
        arriving[0, i, i] = 1
        seen, = tv.grad(y, image, arriving)
        widths.append((seen.numpy()[0, ..., 0] != 0).any(axis=0).sum())
    *_, last = models.costs.costs(model).values()
    assert last.receptive_field == max(widths)


def test_keras_opens_the_file(keras, tmp_path):
    inputs = tv.Input((9, 8, 3))
    x = layers.DepthwiseConv2D(3, padding="same", depth_multiplier=2)(inputs)
    x = layers.SeparableConv2D(4, 3, strides=2, padding="same")(x)
    x = layers.Conv2DTranspose(2, 3, strides=2, output_padding=1)(x)
    x = layers.Reshape((-1, 2))(x)
    x = layers.MaxPooling1D(2)(layers.Conv1D(3, 3, padding="causal", dilation_rate=2)(x))
    x = layers.Conv1DTranspose(3, 2)(layers.DepthwiseConv1D(3)(layers.SeparableConv1D(2, 3)(x)))
    model = tv.Model(inputs, layers.Concatenate()([layers.GlobalMaxPooling1D()(x), layers.GlobalAveragePooling1D()(x)]))
    x = rng.standard_normal((2, 9, 8, 3)).astype("float32")
    model.save(tmp_path / "model.keras")
    np.testing.assert_array_equal(models.load_model(tmp_path / "model.keras").predict(x), model.predict(x))
    other = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(other.predict(x, verbose=0), model.predict(x), rtol=1e-5, atol=1e-6)


def test_a_small_autoencoder_learns():
    """Down by strides, up by transposed convolutions: it rebuilds stripes that it could not at first."""
    tv.utils.set_random_seed(0)
    phase = rng.uniform(0, 6, (64, 1, 1, 1))
    images = np.sin(phase + np.arange(16).reshape(1, 16, 1, 1)) * np.ones((1, 1, 16, 1))
    model = tv.Sequential([tv.Input((16, 16, 1)), layers.Conv2D(8, 3, 2, "same", activation="relu"),
                           layers.SeparableConv2D(8, 3, 2, "same", activation="relu"),
                           layers.Conv2DTranspose(8, 3, 2, "same", activation="relu"), layers.Conv2DTranspose(1, 4, 2, "same")])
    model.compile(tv.optimizers.Adam(0.01), "mse")
    before = model.evaluate(images, images, verbose=0)
    model.fit(images, images, epochs=30, batch_size=16, verbose=0)
    assert model.evaluate(images, images, verbose=0) < before / 10
