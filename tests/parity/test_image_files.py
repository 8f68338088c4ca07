"""Image files and folders of them, against Keras and TensorFlow: stored results (images_by_keras.npz), and live where they are installed."""
import inspect
from pathlib import Path

import numpy as np
import pytest

import tinyvision as tv
from tinyvision.data.images import read_image
from tinyvision.data.resizing import resized

from . import images_by_keras
from .images_by_keras import SHAPES

STORED = dict(np.load(images_by_keras.PLACE))
FILES = {name.removeprefix("file "): content.tobytes() for name, content in STORED.items() if name.startswith("file ")}
DECODED = [name for name in STORED if name.startswith("decoded ")]
TENSORFLOW_ERRS = {"decoded one_bit.png rgba": "it gives opaque pixels an alpha of 1"}


def difference(ours, theirs):
    assert ours.shape == theirs.shape
    return np.abs(ours.astype(float) - theirs.astype(float)).max()


@pytest.mark.parametrize("name", DECODED)
def test_pixels_are_those_of_tensorflow(name):
    """Equal, where a file says exactly what its pixels are. Greys mixed from colours are rounded otherwise.

    Decoders of JPEG round: ours as the accurate one of TensorFlow does, which by default takes a fast one. That is within 6 of it
    in these loud colours, 5 in photographs, where 9 of 10 pixels are within 2.
    """
    _, file, mode = name.split()
    ours, theirs, tolerance = read_image(FILES[file], mode), STORED[name], 1 if mode == "grayscale" else 0
    if name in TENSORFLOW_ERRS:
        assert (ours[..., 3] == 255).all()
        ours, theirs = ours[..., :3], theirs[..., :3]
    if file.endswith(".jpg"):
        assert difference(ours, theirs) <= 6 and np.abs(ours.astype(float) - theirs).mean() < 1.2
        theirs, tolerance = STORED[name.replace("decoded", "accurate")], 1
    assert difference(ours, theirs) <= tolerance


@pytest.mark.parametrize("name", [name for name in STORED if name.startswith("resized ")])
def test_resized_images_are_those_of_keras(name):
    """To 0.002 of 255; TensorFlow takes the weights of "bicubic" from a table, which is worth 0.3."""
    _, interpolation, shape, size = name.split()
    ours = resized(STORED["decoded rgb.png grayscale"], tuple(map(int, size.split("x"))), interpolation, **SHAPES[shape])
    assert ours.dtype == np.float32
    assert difference(ours, STORED[name]) <= (0.3 if interpolation == "bicubic" else 0.002)


# Folders: the order of files, labels and splits ---------------------------------------------------------------------------------

@pytest.fixture
def folder(tmp_path):
    """Images at odd places, with odd names; and what is no image."""
    names = ["cat/b.jpg", "cat/a.JPG", "cat/B.png", "cat/10.jpeg", "cat/9.jpg", "cat/deep/er/x.gif", "cat/deep/a.bmp", "cat/.hidden.jpg",
             "dog/a.jpg", "dog/ä.jpg", "dog/a b.jpg", "dog/a.jpg.txt", "dog/notes.md", "dog/x.webp", "Zebra/1.png", ".git/a.jpg",
             "empty/readme", "top.jpg", "dog/deep/z.png", *(f"cat/many{i}.png" for i in range(13))]
    for name in names:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(FILES["rgb.png"])
    (tmp_path / "cat" / "folder.jpg").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "dog" / "linked").symlink_to(tmp_path / "cat" / "deep", target_is_directory=True)
    return tmp_path


def theirs_of(folder, labels="inferred", class_names=None, shuffle=True, seed=None, follow_links=False, validation_split=None, subset=None):
    from keras.src.utils import dataset_utils
    from keras.src.utils.image_dataset_utils import ALLOWLIST_FORMATS
    paths, numbers, names = dataset_utils.index_directory(str(folder), labels, ALLOWLIST_FORMATS, class_names, shuffle, seed, follow_links,
                                                          verbose=False)
    paths, numbers = dataset_utils.get_training_or_validation_split(paths, numbers, validation_split, subset)
    return paths, numbers, names


@pytest.mark.parametrize("settings", [
    dict(), dict(shuffle=True, seed=3), dict(shuffle=True, seed=3, validation_split=0.3, subset="training"),
    dict(shuffle=True, seed=3, validation_split=0.3, subset="validation"), dict(validation_split=0.25, subset="training"),
    dict(validation_split=0.25, subset="validation"), dict(class_names=["dog", "cat"]), dict(class_names=["cat"]),
    dict(labels=None), dict(labels=None, shuffle=True, seed=5), dict(labels=[*range(28)]), dict(labels=[*range(28)], shuffle=True, seed=7),
    dict(follow_links=True), dict(labels=None, follow_links=True, shuffle=True, seed=1, validation_split=0.5, subset="validation"),
], ids=str)
def test_files_labels_and_splits_are_those_of_keras(keras, folder, settings):
    settings = {"shuffle": False, **settings}
    expected, numbers, names = theirs_of(folder, **settings)
    found = tv.utils.image_dataset_from_directory(folder, **settings, verbose=False, unreadable="raise")
    assert found.file_paths == expected and found.class_names == names
    if settings["shuffle"] is False and numbers is not None:
        tasks = tv.utils.image_dataset_from_directory(folder, **settings, verbose=False, image_size=(2, 2), unreadable="raise")
        np.testing.assert_array_equal(np.concatenate([y.numpy() for _, y in tasks]), numbers)
    elif numbers is not None:                              # each image keeps its label
        label_of = dict(zip(expected, np.asarray(numbers).tolist()))
        assert sorted(label_of.values()) == sorted(np.concatenate([y.numpy() for _, y in found]).tolist())


def test_arguments_are_those_of_keras(keras):
    for name in "image_dataset_from_directory", "load_img", "img_to_array", "array_to_img", "save_img":
        theirs = [(p.name, p.default) for p in inspect.signature(getattr(keras.utils, name)).parameters.values()]
        ours = [(p.name, p.default) for p in inspect.signature(getattr(tv.utils, name)).parameters.values()]
        assert ours[:len(theirs)] == theirs
        assert [argument for argument, _ in ours[len(theirs):]] == (["unreadable"] if name.startswith("image_dataset") else [])


# Single images -------------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("name", [name for name in FILES if name != "deep.png"])
@pytest.mark.parametrize("mode", ["rgb", "rgba", "grayscale"])
def test_load_img_is_that_of_keras(keras, tmp_path, name, mode):
    path = tmp_path / name
    path.write_bytes(FILES[name])
    for settings in [{}, dict(target_size=(8, 11)), dict(target_size=(30, 9), interpolation="bilinear"),
                     dict(target_size=(9, 9), interpolation="lanczos", keep_aspect_ratio=True),
                     dict(target_size=(40, 11), interpolation="box", keep_aspect_ratio=True)]:
        ours, theirs = (home.utils.load_img(path, color_mode=mode, **settings) for home in (tv, keras))
        assert ours.mode == theirs.mode and ours.size == theirs.size
        tolerance = 2 if mode == "grayscale" and name.endswith(".jpg") else 0          # the stored grey, not one mixed from colours
        assert difference(np.asarray(ours), np.asarray(theirs)) <= tolerance
    np.testing.assert_array_equal(tv.utils.img_to_array(theirs), keras.utils.img_to_array(theirs))


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("scale", [True, False])
def test_arrays_and_images_go_both_ways_as_in_keras(keras, tmp_path, channels, scale):
    x = np.random.default_rng(0).uniform(0, 255, (7, 5, channels))
    for array in x, x.astype("float32"), np.full((3, 4, channels), 7.0), (x * (300 if channels == 1 else 1)):
        ours, theirs = (home.utils.array_to_img(array, scale=scale) for home in (tv, keras))
        assert ours.mode == theirs.mode
        np.testing.assert_array_equal(np.asarray(ours), np.asarray(theirs))
    for ending in ("png", "jpg") if channels < 4 else ("png",):
        places = [tmp_path / f"{who}.{ending}" for who in ("ours", "theirs")]
        for home, place in zip((tv, keras), places):
            home.utils.save_img(place, x, scale=scale)
        assert places[0].read_bytes() == places[1].read_bytes()


# Live ----------------------------------------------------------------------------------------------------------------------------

@pytest.fixture
def tensorflow(keras):
    return pytest.importorskip("tensorflow", reason="needs TensorFlow, in which Keras reads image files", exc_type=ImportError)


def test_what_is_stored_is_what_tensorflow_says(tensorflow):
    found = images_by_keras.made_of(FILES)
    assert set(found) == {name for name in STORED if not name.startswith("file ")}
    for name in set(found) - set(TENSORFLOW_ERRS):
        np.testing.assert_allclose(found[name], STORED[name], atol=1e-3, err_msg=name)


@pytest.mark.parametrize("settings", [
    dict(), dict(color_mode="rgba", label_mode="categorical", batch_size=5), dict(color_mode="grayscale", class_names=["dog", "cat"], label_mode="binary"),
    dict(batch_size=None, label_mode=None, interpolation="area"), dict(crop_to_aspect_ratio=True, image_size=[20, 12]),
    dict(pad_to_aspect_ratio=True, interpolation="nearest", image_size=7), dict(labels=[0, 1] * 14, label_mode="binary"),
    dict(validation_split=0.3, subset="both"),
], ids=str)
def test_datasets_are_those_of_keras(tensorflow, keras, folder, settings):
    settings = {"image_size": (11, 9), "shuffle": False, **settings}
    ours, theirs = (home.utils.image_dataset_from_directory(str(folder), **settings, verbose=False) for home in (tv, keras))
    for mine, other in zip(*((part if isinstance(part, list) else [part]) for part in (ours, theirs))):
        assert mine.class_names == other.class_names and mine.file_paths == other.file_paths and len(mine) == len(other)
        for a, b in zip(mine.as_numpy_iterator(), other.as_numpy_iterator(), strict=True):
            assert isinstance(a, tuple) == isinstance(b, tuple)
            (x, *y), (u, *v) = (part if isinstance(part, tuple) else (part,) for part in (a, b))
            assert x.dtype == np.float32 and difference(x, u) <= 2
            for labels, other_labels in zip(y, v):
                assert labels.dtype == other_labels.dtype
                np.testing.assert_array_equal(labels, other_labels)


def test_photographs_within_grey_levels(tensorflow, keras, tmp_path):
    """JPEG files, through all of it."""
    for name in "photo", "full_colour", "progressive":
        Path(tmp_path, f"{name}.jpg").write_bytes(FILES[f"{name}.jpg"])
    settings = dict(labels=None, image_size=(25, 32), shuffle=False, verbose=False)
    (x,), (u,) = ([*home.utils.image_dataset_from_directory(str(tmp_path), **settings).as_numpy_iterator()] for home in (tv, keras))
    assert difference(x, u) <= 6 and np.abs(x - u).mean() < 1.2
