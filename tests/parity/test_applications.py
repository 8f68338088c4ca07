"""The networks of applications against Keras's: layers, sizes, files of weights, and what comes out of them."""
import numpy as np
import pytest

import tinyvision as tv

SHAPES = {"MobileNet": (40, 32, 3), "MobileNetV2": (33, 32, 3), "ResNet50": (32, 39, 3), "VGG16": (32, 35, 3)}


def made(k, name, **settings):
    return getattr(k.applications, name)(weights=None, input_shape=SHAPES[name], classes=7, **settings)


def fit_statistics(model, x):
    """Let normalizations have the statistics of a batch, so that what comes out depends on what goes in; and larger last weights."""
    norms = [layer for layer in model.layers if isinstance(layer, tv.layers.BatchNormalization)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 0.0
    model(x, training=True)
    for norm, momentum in zip(norms, momenta):
        norm.momentum = momentum
    if not norms:                                          # VGG16
        model.set_weights([w * 1.5 for w in model.get_weights()])


@pytest.mark.usefixtures("in_double")
@pytest.mark.parametrize("name", SHAPES)
def test_networks_and_their_files(keras, name, tmp_path):
    theirs, ours = made(keras, name), made(tv, name)
    assert [layer.name for layer in ours.layers[1:]] == [layer.name for layer in theirs.layers[1:]]
    assert ours.count_params() == theirs.count_params() and ours.name == theirs.name
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (8, *SHAPES[name]))
    fit_statistics(ours, x)
    for mine, other in zip(ours.layers, theirs.layers):
        other.set_weights(mine.get_weights())
    theirs.save_weights(tmp_path / "new.weights.h5")
    theirs.save(tmp_path / "older.h5")
    expected = np.asarray(theirs.predict_on_batch(x))
    for file in "new.weights.h5", "older.h5":
        model = getattr(tv.applications, name)(weights=tmp_path / file, input_shape=SHAPES[name], classes=7)
        assert np.ptp(expected, axis=0).max() > 0.01       # the pictures do matter
        np.testing.assert_allclose(model.predict_on_batch(x), expected, rtol=1e-9, atol=1e-12)
    bare = getattr(tv.applications, name)(weights=None, include_top=False, input_shape=SHAPES[name])
    bare.load_weights(tmp_path / "older.h5", by_name=True)
    for layer in bare.layers:
        for a, b in zip(layer.get_weights(), model.get_layer(layer.name).get_weights() if layer.weights else []):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", SHAPES)
def test_the_other_forms(keras, name):
    """Without the top, of any size, pooled, narrower: layers and sizes."""
    for settings in ({"include_top": False}, {"include_top": False, "pooling": "avg"},
                     {"include_top": False, "pooling": "max"}, {"include_top": True, "classifier_activation": None},
                     *([{"alpha": 0.35, "include_top": False}, {"alpha": 1.4, "include_top": False}] if name.startswith("Mobile") else [])):
        if name == "VGG16" and settings["include_top"]:
            continue
        theirs, ours = (getattr(k.applications, name)(weights=None, **settings) for k in (keras, tv))
        assert ours.count_params() == theirs.count_params() and ours.name == theirs.name
        assert ours.output.shape == theirs.output.shape and ours.input.shape == theirs.input.shape


@pytest.mark.parametrize("module", ["mobilenet", "mobilenet_v2", "resnet50", "vgg16"])
@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64"])
def test_preprocessing(keras, module, dtype):
    x = np.random.default_rng(0).integers(0, 256, (2, 4, 5, 3)).astype(dtype)
    before = x.copy()
    ours = getattr(tv.applications, module).preprocess_input(x)
    theirs = getattr(keras.applications, module).preprocess_input(x.copy())
    np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-5)
    assert ours.dtype == theirs.dtype
    np.testing.assert_array_equal(x, before)               # Keras's writes over it
    np.testing.assert_allclose(getattr(tv.applications, module).preprocess_input(tv.tensor(x)).numpy(), ours, rtol=1e-6)
