"""Image files: what they hold comes out right, upright, and what is none is named; folders of them as datasets."""
import errno
import io
import os
import struct
import subprocess
import sys
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import tinyvision as tv
from tinyvision import layers
from tinyvision.data.images import MissingImage, UnreadableImage, check_image, read_image
from tinyvision.data.resizing import resized
from tinyvision.utils import array_to_img, image_dataset_from_directory, img_to_array, load_img, save_img

RNG = np.random.default_rng(0)
PIXELS = RNG.integers(0, 256, (40, 60, 3)).astype("uint8")


def encoded(kind, pixels=PIXELS, **settings):
    file = io.BytesIO()
    (pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)).save(file, kind, **settings)
    return file.getvalue()


# What is in a file ------------------------------------------------------------------------------------------------------------

GREY = PIXELS[..., 0]
DEEP = (np.arange(40 * 60).reshape(40, 60) * 27).astype("uint16")
ALPHA = np.linspace(0, 255, 40 * 60).reshape(40, 60, 1).astype("uint8")
CLEAR = np.full((40, 60, 1), 255, "uint8")


@pytest.mark.parametrize("content, rgba", [
    (encoded("PNG"), np.concatenate([PIXELS, CLEAR], 2)),
    (encoded("BMP"), np.concatenate([PIXELS, CLEAR], 2)),
    (encoded("WEBP", lossless=True), np.concatenate([PIXELS, CLEAR], 2)),
    (encoded("PNG", GREY), np.concatenate([np.stack([GREY] * 3, 2), CLEAR], 2)),
    (encoded("PNG", DEEP), np.concatenate([np.stack([DEEP >> 8] * 3, 2), CLEAR], 2)),
    (encoded("PNG", np.concatenate([PIXELS, ALPHA], 2)), np.concatenate([PIXELS, ALPHA], 2)),
    (encoded("PNG", np.concatenate([GREY[..., None], ALPHA], 2)), np.concatenate([np.stack([GREY] * 3, 2), ALPHA], 2)),
    (encoded("PNG", GREY > 128), np.concatenate([np.stack([(GREY > 128) * 255] * 3, 2), CLEAR], 2)),
    (encoded("PNG", Image.fromarray(PIXELS // 128 * 255).quantize(8)), np.concatenate([PIXELS // 128 * 255, CLEAR], 2)),
    (encoded("GIF", Image.fromarray(PIXELS // 128 * 255).quantize(8), save_all=True, append_images=[Image.fromarray(GREY)]),
     np.concatenate([PIXELS // 128 * 255, CLEAR], 2)),
], ids=["png", "bmp", "webp", "grey", "16 bits", "alpha", "grey with alpha", "1 bit", "palette", "gif"])
def test_pixels_come_out_as_they_went_in(content, rgba):
    found = read_image(content, "rgba")
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, rgba)
    np.testing.assert_array_equal(read_image(content), rgba[..., :3])              # transparency is dropped, not blended
    grey = read_image(content, "grayscale")
    assert grey.shape == (40, 60, 1)
    np.testing.assert_allclose(grey[..., 0], rgba[..., :3] @ [0.299, 0.587, 0.114], atol=1)


@pytest.mark.parametrize("turn", range(1, 9))
def test_photographs_are_turned_upright(turn, tmp_path):
    """A mark in the corner that the camera meant as top left, wherever it lies in the file. TensorFlow does not turn."""
    upright = np.zeros((40, 60), "uint8")
    upright[:16, :8] = 255
    lying = {1: upright, 2: upright[:, ::-1], 3: upright[::-1, ::-1], 4: upright[::-1], 5: upright.T, 6: upright.T[::-1],
             7: upright.T[::-1, ::-1], 8: upright.T[:, ::-1]}[turn]
    exif = Image.Exif()
    exif[0x0112] = turn
    for kind in "JPEG", "PNG", "WEBP":
        content = encoded(kind, np.ascontiguousarray(lying), exif=exif)
        for mode in "rgb", "grayscale", "rgba":
            np.testing.assert_allclose(read_image(content, mode)[..., 0], upright, atol=30)
    (tmp_path / "a.jpg").write_bytes(encoded("JPEG", np.ascontiguousarray(lying), exif=exif))
    assert load_img(tmp_path / "a.jpg").size == (60, 40)
    found = next(iter(image_dataset_from_directory(tmp_path, labels=None, image_size=(40, 60), verbose=False)))
    np.testing.assert_allclose(found.numpy()[0, ..., 0], upright, atol=30)


def test_broken_notes_do_not_matter():
    for exif in b"Exif\0\0nonsense", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")                # of Pillow's
            assert read_image(encoded("JPEG", exif=exif)).shape == (40, 60, 3)


def test_inks_become_colours():
    """CMYK: what is printed with no ink is white, with all black."""
    inks = np.zeros((16, 32, 4), "uint8")
    inks[:, 16:] = 255
    found = read_image(encoded("JPEG", Image.fromarray(inks, "CMYK"), quality=95))
    np.testing.assert_allclose(found[:, 2:14], 255, atol=3)
    np.testing.assert_allclose(found[:, 18:30], 0, atol=3)


# What is no image -------------------------------------------------------------------------------------------------------------

def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, data, depth=8, extra=b""):
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + extra + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def hostile():
    """Files by name: what cannot be read."""
    jpeg, progressive = encoded("JPEG"), encoded("JPEG", progressive=True)
    whole, gif, bmp, webp = (encoded(kind) for kind in ("PNG", "GIF", "BMP", "WEBP"))
    frame = jpeg.index(b"\xff\xc0")
    return {
        "empty": b"", "one byte": b"\xff", "text": b"a cat\n" * 50, "web page": b"<!DOCTYPE html><html>", "drawing": b"<svg xmlns='x'/>",
        "half of a jpeg": jpeg[:len(jpeg) // 2], "jpeg without its end": jpeg[:-2], "half of a progressive jpeg": progressive[:len(progressive) // 2],
        "header of a jpeg": jpeg[:20], "beginning of a jpeg and noise": b"\xff\xd8\xff\xe0" + RNG.bytes(500),
        "jpeg without height": jpeg[:frame + 5] + b"\0\0" + jpeg[frame + 7:], "jpeg 65000 x 65000": jpeg[:frame + 5] + b"\xfd\xe8\xfd\xe8" + jpeg[frame + 9:],
        "half of a png": whole[:len(whole) // 2], "noise in a png": png(40, 40, b"nonsense" * 10), "png without pixels": png(40, 40, zlib.compress(b"")),
        "flipped bits in a png": whole[:900] + bytes(255 - byte for byte in whole[900:940]) + whole[940:],
        "png of 3 bits": png(40, 40, zlib.compress(bytes(1640)), depth=3), "png 0 wide": png(0, 10, zlib.compress(bytes(10))),
        "png 50000 x 50000": png(50000, 50000, zlib.compress(bytes(1000))), "png of 120 million pixels": png(20000, 6000, zlib.compress(bytes(10 ** 7))),
        "text that unpacks to 100 MB": png(40, 40, zlib.compress(bytes(1640)), extra=chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(10 ** 8)))),
        "half of a gif": gif[:len(gif) // 2], "gif 65535 x 65535": b"GIF89a" + b"\xff" * 4 + gif[10:], "gif without frames": gif[:13] + b";",
        "half of a bmp": bmp[:len(bmp) // 2], "bmp 50000 x 50000": bmp[:18] + struct.pack("<ii", 50000, 50000) + bmp[26:],
        "bmp of negative width": bmp[:18] + struct.pack("<i", -60) + bmp[22:], "half of a webp": webp[:len(webp) // 2],
        "archive": b"PK\x03\x04" + bytes(100), "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nquit\n",
        "tiff": encoded("TIFF"), "icon": encoded("ICO"), "._cat": b"\0\x05\x16\x07\0\x02\0\0Mac OS X" + bytes(100),
    }


LATE = {"noise in a png", "flipped bits in a png", "png without pixels"}       # whose beginnings and ends are right


@pytest.fixture(scope="module")
def bad_folder(tmp_path_factory):
    """Two classes of hostile files, and five images."""
    folder = tmp_path_factory.mktemp("bad")
    for name in "cat", "dog":
        (folder / name).mkdir()
    for name, content in hostile().items():
        (folder / "cat" / f"{name}.jpg").write_bytes(content)
    (folder / "cat" / "link to nothing.jpg").symlink_to(folder / "gone.jpg")
    (folder / "cat" / "link to itself.jpg").symlink_to(folder / "cat" / "link to itself.jpg")
    (folder / "cat" / "link to a device.png").symlink_to("/dev/zero")
    os.mkfifo(folder / "cat" / "pipe.jpg")
    (folder / "cat" / "folder.jpg").mkdir()                # not taken for a file
    for i in range(5):
        (folder / "dog" / f"{i}.png").write_bytes(encoded("PNG", np.full((40, 60, 3), 50 * i, "uint8")))
    return folder


@pytest.mark.filterwarnings("ignore:Image size", "ignore:Truncated File Read")        # Pillow's own
@pytest.mark.parametrize("name", [*hostile(), "link to nothing", "link to itself", "pipe"])
def test_each_is_named_and_raises(bad_folder, name):
    path = bad_folder / "cat" / f"{name}.jpg"
    with pytest.raises(UnreadableImage) as caught:
        read_image(path)
    assert str(caught.value).startswith(str(path)) and len(str(caught.value)) < len(str(path)) + 250
    with pytest.raises(ValueError, match=name.replace(".", "\\.")):
        load_img(path)
    if name not in LATE:
        with pytest.raises(UnreadableImage):
            check_image(path)


@pytest.mark.parametrize("name, message", [
    ("empty", "is empty"), ("text", "is no image of a kind that is read .JPEG, PNG, GIF, BMP, WEBP.: it begins with b'a cat"),
    ("half of a png", "cannot be decoded: .*truncated"), ("png 50000 x 50000", "cannot be decoded: .*2500000000 pixels"), ("pipe", "is a device or a pipe, no file"),
    ("png of 120 million pixels", "has 20000 x 6000 pixels, more than the [0-9]+ of PIL.Image.MAX_IMAGE_PIXELS"),
    ("header of a jpeg", "begins as an image does, but its header is broken"), ("link to nothing", "is a link to nothing"),
    ("folder", "is a folder, no file")])
@pytest.mark.filterwarnings("ignore:Image size")
def test_reasons(bad_folder, name, message):
    with pytest.raises(UnreadableImage, match=f"{name}.jpg {message}"):
        read_image(bad_folder / "cat" / f"{name}.jpg")


@pytest.mark.filterwarnings("ignore:Image size", "ignore:Truncated File Read")
@pytest.mark.parametrize("batch_size", [2, None])
def test_what_cannot_be_read_is_left_out_and_named(bad_folder, batch_size, capsys):
    count = len(hostile()) + 4
    with pytest.warns(UserWarning, match=f"{count - len(LATE)} of {count + 5} files cannot be read, and are left out") as caught:
        data = image_dataset_from_directory(bad_folder, image_size=(4, 6), batch_size=batch_size, shuffle=False)
    assert f"Found {count + 5} files belonging to 2 classes." in capsys.readouterr().out
    assert "and 14 more" in str(caught[-1].message)
    assert len(data.file_paths) == 5 + len(LATE) and len(data.unreadable) == count - len(LATE)
    assert not set(data.unreadable) & set(data.file_paths) and len(data) == (4 if batch_size else 8)
    for again in False, True:
        with warnings.catch_warnings(record=True) as late:
            warnings.simplefilter("always")
            found = [(x.numpy().reshape(-1, 4, 6, 3), np.ravel(y.numpy())) for x, y in data]
        assert sum("cannot be decoded" in str(w.message) and "its batch has one image less" in str(w.message) for w in late) == (not again) * len(LATE)
        assert [len(x) for x, _ in found] == ([1, 2, 2] if batch_size else [1] * 5)
        np.testing.assert_array_equal(np.concatenate([x for x, _ in found])[:, 0, 0, 0], [0, 50, 100, 150, 200])
        assert all((y == 1).all() for _, y in found)


@pytest.mark.filterwarnings("ignore:Image size", "ignore:Truncated File Read")
def test_or_they_raise(bad_folder):
    data = image_dataset_from_directory(bad_folder, image_size=(4, 6), verbose=False, unreadable="raise", shuffle=False)
    assert len(data.file_paths) == len(hostile()) + 4 + 5
    with pytest.raises(UnreadableImage, match="cat/._cat.jpg") as caught:
        list(data)
    assert "This was in map(_load), element 0 of pass 0" in caught.value.__notes__[0]


@pytest.mark.skipif(getattr(os, "geteuid", lambda: 0)() == 0, reason="this user may read everything")
def test_permissions(tmp_path):
    (tmp_path / "a.png").write_bytes(encoded("PNG"))
    (tmp_path / "a.png").chmod(0)
    with pytest.raises(UnreadableImage, match="may not be read by this user"):
        read_image(tmp_path / "a.png")


@pytest.mark.parametrize("number", [errno.EIO, errno.EMFILE, errno.ENOMEM])
def test_errors_of_the_machine_are_no_broken_images(tmp_path, monkeypatch, number):
    for name in "cat", "dog":
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.png").write_bytes(encoded("PNG"))
    data = image_dataset_from_directory(tmp_path, image_size=(4, 6), verbose=False)

    def fails(*_, **__):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Image, "open", fails)
    for use in read_image, check_image:
        with pytest.raises(OSError, match=os.strerror(number)):
            use(tmp_path / "cat" / "a.png")
    with pytest.raises(OSError, match=os.strerror(number)):
        list(data)
    with pytest.raises(OSError, match=os.strerror(number)):
        image_dataset_from_directory(tmp_path, image_size=(4, 6), verbose=False)


def test_what_is_unreadable_is_an_error_of_values_and_of_files(tmp_path):
    """As Keras's are: the usual scripts that clean a folder catch OSError."""
    (tmp_path / "a.png").write_bytes(b"a cat")
    for path, missing in (tmp_path / "a.png", False), (tmp_path / "b.png", True), (tmp_path, False):
        with pytest.raises(UnreadableImage) as caught:
            load_img(path)
        assert isinstance(caught.value, OSError) and isinstance(caught.value, ValueError)
        assert isinstance(caught.value, FileNotFoundError) == isinstance(caught.value, MissingImage) == missing
        assert str(caught.value).startswith(str(path))


def test_bytes_are_what_a_file_holds():
    content = encoded("PNG")
    for read in load_img, read_image:
        for kind in bytes, bytearray, memoryview, io.BytesIO:
            np.testing.assert_array_equal(np.asarray(read(kind(content))), PIXELS)
        for broken, message in [(b"cat.png", "what these 7 bytes hold is no image of a kind .*: it begins with b'cat.png'"),
                                (b"", "what these 0 bytes hold is empty"), (content[:500], "what these 500 bytes hold cannot be decoded: .*truncated")]:
            with pytest.raises(UnreadableImage, match=f"^{message}"):
                read(broken)


@pytest.mark.parametrize("make", [
    lambda: load_img(b"x" * 10 ** 6), lambda: load_img(encoded("PNG") * 1000 + b"x"), lambda: load_img("x" * 10 ** 6), lambda: load_img("x\0" * 10 ** 6),
    lambda: load_img("x/" * 200), lambda: load_img(io.BytesIO(b"x" * 10 ** 6)), lambda: img_to_array("x" * 10 ** 6), lambda: img_to_array(b"x" * 10 ** 6),
    lambda: load_img("a.png", target_size="x" * 10 ** 6), lambda: save_img("a." + "x" * 10 ** 6, PIXELS), lambda: read_image(b"\xff\xd8\xff" * 10 ** 6),
], ids=range(11))
def test_messages_quote_little(make):
    try:
        make()
    except (ValueError, TypeError) as error:
        assert len(str(error)) < 300 and "x" * 101 not in str(error)


def test_paths_that_cannot_be_are_unreadable(tmp_path):
    (tmp_path / "a.png").write_bytes(encoded("PNG"))
    for path in tmp_path / "a.png" / "b.png", tmp_path / ("a" * 1000):
        with pytest.raises(UnreadableImage, match="cannot be decoded"):
            read_image(path)


def test_refused_permission_is_named(tmp_path, monkeypatch):
    (tmp_path / "a.png").write_bytes(encoded("PNG"))

    def refuses(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Image, "open", refuses)
    with pytest.raises(UnreadableImage, match="a.png may not be read by this user"):
        read_image(tmp_path / "a.png")


def test_a_check_is_cheap_and_decodes_where_in_doubt(monkeypatch):
    def refuses(*_):
        raise AssertionError("decoded")

    for kind in "JPEG", "PNG", "GIF":
        with monkeypatch.context() as patched:
            patched.setattr("PIL.ImageFile.ImageFile.load", refuses)
            check_image(encoded(kind))
        check_image(encoded(kind) + b"\0\0")               # some cameras add such
    check_image(encoded("WEBP"))
    check_image(encoded("BMP"))


# Folders ----------------------------------------------------------------------------------------------------------------------

@pytest.fixture
def folder(tmp_path):
    """Eleven cats and nine dogs, of several sizes; each image is all of one brightness, its number."""
    for i in range(20):
        path = tmp_path / ("cat" if i < 11 else "dog") / f"{i:02}.png"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(encoded("PNG", np.full((5 + i % 3, 7 + i % 2, 3), i * 10, "uint8")))
    return tmp_path


def read(data):
    """The numbers of the images, and their labels."""
    batches = [(x.numpy(), y.numpy()) for x, y in data]
    return [round(float(x[0, 0, 0] / 10)) for part, _ in batches for x in part], np.concatenate([y for _, y in batches]).tolist()


def test_batches_labels_and_names(folder, capsys):
    for where in folder, str(folder):
        data = image_dataset_from_directory(where, image_size=(4, 6), batch_size=8, shuffle=False)
        assert capsys.readouterr().out == "Found 20 files belonging to 2 classes.\n"
        assert data.class_names == ["cat", "dog"] and len(data) == 3 and data.unreadable == []
        assert data.file_paths[0] == str(folder / "cat" / "00.png")
        assert read(data) == (list(range(20)), [0] * 11 + [1] * 9)
        x, y = next(iter(data))
        assert x.shape == (8, 4, 6, 3) and x.dtype == np.float32 and y.shape == (8,) and y.dtype == np.int32
    binary = next(iter(image_dataset_from_directory(folder, label_mode="binary", shuffle=False, verbose=False)))
    assert binary[1].shape == (20, 1) and binary[1].dtype == np.float32 and binary[0].shape == (20, 256, 256, 3)
    one_hot = next(iter(image_dataset_from_directory(folder, label_mode="categorical", class_names=["dog", "cat"], shuffle=False, verbose=False)))
    np.testing.assert_array_equal(one_hot[1].numpy(), np.eye(2)[[0] * 9 + [1] * 11])
    alone = next(iter(image_dataset_from_directory(folder, label_mode=None, color_mode="grayscale", image_size=3, verbose=False)))
    assert alone.shape == (20, 3, 3, 1)
    image, label = next(iter(image_dataset_from_directory(folder, batch_size=None, color_mode="rgba", shuffle=False, verbose=False)))
    assert image.shape == (256, 256, 4) and label.shape == ()


def test_each_pass_is_in_a_new_order_of_its_own(folder):
    def orders(seed, n=3):
        data = image_dataset_from_directory(folder, image_size=(4, 6), batch_size=8, seed=seed, verbose=False)
        return [read(data) for _ in range(n)]

    first = orders(1)
    assert first == orders(1) != orders(2) and first[0] != first[1] != first[2]
    for numbers, labels in first:
        assert sorted(numbers) == list(range(20)) and labels == [int(n > 10) for n in numbers]
    tv.utils.set_random_seed(3)
    free = orders(None)
    tv.utils.set_random_seed(3)
    assert free == orders(None)
    tv.utils.set_random_seed(4)
    assert free != orders(None)


def test_splits_do_not_overlap(folder, capsys):
    settings = dict(image_size=(4, 6), validation_split=0.3, seed=5)
    training = image_dataset_from_directory(folder, subset="training", **settings)
    validation = image_dataset_from_directory(folder, subset="validation", **settings)
    assert "Using 14 files for training." in capsys.readouterr().out
    assert len(training.file_paths) == 14 and len(validation.file_paths) == 6
    assert not set(training.file_paths) & set(validation.file_paths)
    both = image_dataset_from_directory(folder, subset="both", **settings)
    assert [part.file_paths for part in both] == [training.file_paths, validation.file_paths]
    assert read(both[1])[0] == read(both[1])[0] != read(validation)[0]             # not shuffled again, as in Keras


def test_what_is_unreadable_does_not_move_the_split(folder):
    settings = dict(image_size=(4, 6), validation_split=0.3, seed=5, verbose=False)
    before = image_dataset_from_directory(folder, subset="both", **settings)
    broken = before[0].file_paths[3]
    Path(broken).write_bytes(b"")
    with pytest.warns(UserWarning, match="1 of 14 files"):
        after = image_dataset_from_directory(folder, subset="both", **settings)
    assert after[1].file_paths == before[1].file_paths
    assert after[0].file_paths == [path for path in before[0].file_paths if path != broken]


def test_it_goes_on_from_the_middle(folder):
    def data():
        flip = layers.Dropout(0.5, seed=1)
        found = image_dataset_from_directory(folder, image_size=(4, 6), batch_size=3, seed=1, verbose=False)
        return found.map(lambda x, y: (flip(x, training=True), y))

    whole, late = data(), data()
    expected = [[x.numpy() for x, _ in whole] for _ in range(2)]
    late.start_at(1, 4)
    for found, wanted in zip(late, expected[1][4:], strict=True):
        np.testing.assert_array_equal(found[0].numpy(), wanted)


def test_a_training_that_was_killed_goes_on_in_the_same_numbers(folder, tmp_path):
    """In a process that draws other random numbers, with images that are moved by chance, on threads."""
    class Kill(tv.callbacks.Callback):
        seen = 0

        def on_train_batch_end(self, batch, logs=None):
            Kill.seen += 1
            if Kill.seen == 10:                            # in the second epoch of seven batches
                raise ZeroDivisionError("killed")

    def run(seed, *callbacks):
        tv.utils.set_random_seed(seed)
        data = image_dataset_from_directory(folder, image_size=(8, 6), batch_size=3, verbose=False)
        move = layers.RandomTranslation(0.3, 0.3)
        data = data.map(lambda x, y: (move(x / 255, training=True), y)).prefetch(2)
        model = tv.Sequential([tv.Input((8, 6, 3)), layers.Flatten(), layers.Dropout(0.3), layers.Dense(2, activation="softmax")])
        model.compile("adam", "sparse_categorical_crossentropy")
        history = model.fit(data, epochs=3, verbose=0, callbacks=list(callbacks)).history
        return history["loss"], [weight.numpy().copy() for weight in model.weights]

    losses, weights = run(1)
    backup = lambda: tv.callbacks.BackupAndRestore(tmp_path / "run", save_freq=2)
    with pytest.raises(ZeroDivisionError):
        run(1, backup(), Kill())
    found, others = run(2, backup(), Kill())
    assert Kill.seen == 10 + 21 - 8 and found == losses
    for a, b in zip(others, weights):
        np.testing.assert_array_equal(a, b)


def test_a_model_learns_from_a_folder(folder):
    data = image_dataset_from_directory(folder, image_size=(4, 6), batch_size=4, seed=1, verbose=False)
    data = data.map(lambda x, y: (x / 255, y)).cache().prefetch(2)
    model = tv.Sequential([tv.Input((4, 6, 3)), layers.Flatten(), layers.Dense(2, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.optimizer.learning_rate = 0.05
    history = model.fit(data, epochs=15, validation_data=data, verbose=0)
    assert history.history["val_accuracy"][-1] >= 0.9


@pytest.mark.parametrize("settings, error, message", [
    (dict(labels="infered"), ValueError, 'labels is "inferred", None, or a list of integers, .* got .infered'),
    (dict(labels=[1, 2]), ValueError, "there are 20 files in .*, and 2 labels"),
    (dict(labels=[0.5] * 20), ValueError, "one integer for each file, got float64"),
    (dict(labels=[5] * 10 + [7] * 10, label_mode="categorical"), ValueError, "needs labels from 0 to 1.*got 5 to 7"),
    (dict(labels=[1] * 20, class_names=["cat"]), ValueError, 'class_names is for labels="inferred"'),
    (dict(class_names=["cat", "dog", "cat"]), ValueError, "names each subfolder once, got \\['cat', 'dog', 'cat'\\]"),
    (dict(class_names=["cat", "cow"]), ValueError, "which has \\['cat', 'dog'\\], got \\['cat', 'cow'\\]"),
    (dict(label_mode="one_hot"), ValueError, "unknown label_mode 'one_hot'"),
    (dict(label_mode="binary", class_names=["dog"]), ValueError, "for two classes, there are 1: \\['dog'\\]"),
    (dict(color_mode="grey"), ValueError, "unknown color_mode 'grey'.*'grayscale'"),
    (dict(interpolation="cubic"), ValueError, "unknown interpolation 'cubic'.*'bicubic'"),
    (dict(data_format="channels_first"), ValueError, "channels_first"),
    (dict(format="grain"), ValueError, "unknown format 'grain'"),
    (dict(subset="test", validation_split=0.1), ValueError, "unknown subset 'test'"),
    (dict(subset="training"), ValueError, "validation_split and subset go together"),
    (dict(validation_split=0.1), ValueError, "validation_split and subset go together"),
    (dict(validation_split=1.5, subset="training"), ValueError, "between 0 and 1, got 1.5"),
    (dict(validation_split="0.2", subset="training", seed=1), ValueError, "is a number between 0 and 1, got '0.2'"),
    (dict(validation_split=[0.2, 0.3], subset="both", seed=1), ValueError, "is a number between 0 and 1, got \\[0.2, 0.3\\]"),
    (dict(validation_split=float("nan"), subset="both", seed=1), ValueError, "is a number between 0 and 1, got nan"),
    (dict(validation_split=0.2, subset="training"), ValueError, "needs a seed, so that the same files"),
    (dict(validation_split=0.2, subset="both"), ValueError, "needs a seed, so that the same files"),
    (dict(validation_split=0.01, subset="validation", seed=1), ValueError, "validation_split=0.01 of the 20 files in .* leaves none for validation"),
    (dict(validation_split=0.01, subset="both", seed=1), ValueError, "leaves none for validation"),
    (dict(seed=-1), ValueError, "the seed is an integer from 0 to .*, got -1"),
    (dict(seed="a"), ValueError, "the seed is an integer from 0 to .*, got 'a'"),
    (dict(unreadable="ignore"), ValueError, "unknown unreadable 'ignore'"),
    (dict(image_size=(180,)), ValueError, "image_size is a pair of positive integers"),
    (dict(image_size=(0, 180)), ValueError, "image_size is a pair of positive integers"),
    (dict(batch_size=0), ValueError, "batch_size is an integer, 1 or more, got 0"),
    (dict(crop_to_aspect_ratio=True, pad_to_aspect_ratio=True), ValueError, "not both"),
], ids=str)
def test_what_cannot_be_is_refused(folder, settings, error, message):
    with pytest.raises(error, match=message):
        image_dataset_from_directory(folder, verbose=False, **settings)


def test_folders_without_images(tmp_path):
    with pytest.raises(ValueError, match="there is no folder .*nowhere"):
        image_dataset_from_directory(tmp_path / "nowhere")
    (tmp_path / "cat").mkdir()
    with pytest.raises(ValueError, match="there are no images in .*; files that end in .bmp, .gif, .jpeg, .jpg, .png are taken"):
        image_dataset_from_directory(tmp_path, verbose=False)
    (tmp_path / "cat" / "a.png").write_bytes(b"")
    with pytest.warns(UserWarning, match="1 of 1 files"), pytest.raises(ValueError, match="there are no readable images .*: of the 1 files there none can be read; the first: .*a.png"):
        image_dataset_from_directory(tmp_path, verbose=False)


def test_the_folder_of_one_class_is_told_apart_from_an_empty_one(folder):
    for label_mode in "int", "binary":
        with pytest.raises(ValueError, match="cat itself holds 11 images, but has no subfolder of a class .*: pass the folder above it, or labels=None"):
            image_dataset_from_directory(folder / "cat", label_mode=label_mode, verbose=False)
    (folder / "cat" / "empty").mkdir()
    with pytest.raises(ValueError, match="cat itself holds 11 images"):
        image_dataset_from_directory(folder / "cat", verbose=False)
    assert len(image_dataset_from_directory(folder / "cat", labels=None, verbose=False).file_paths) == 11


def test_a_split_of_unreadable_files_is_told(folder):
    for path in (folder / "dog").iterdir():
        path.write_bytes(b"")
    with pytest.warns(UserWarning, match="9 of 9 files"), pytest.raises(ValueError, match="no validation images in .*: of the 9 files there none can be"):
        image_dataset_from_directory(folder, validation_split=0.45, subset="validation", shuffle=False, verbose=False)


# Resizing ---------------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("interpolation", ["bilinear", "nearest", "bicubic", "lanczos3", "lanczos5"])
@pytest.mark.parametrize("size", [(11, 90), (64, 20), (40, 60), (1, 1)], ids=str)
def test_resizing_is_that_of_the_op(interpolation, size):
    found = resized(PIXELS, size, interpolation)
    np.testing.assert_allclose(found, tv.ops.image.resize(PIXELS.astype("float64"), size, interpolation).numpy(), atol=2e-4)
    assert found.dtype == np.float32 and found.shape == (*size, 3)


def test_area_is_the_mean_of_what_is_covered():
    np.testing.assert_allclose(resized(PIXELS, (10, 15), "area"), PIXELS.reshape(10, 4, 15, 4, 3).mean(axis=(1, 3)), rtol=1e-5)
    np.testing.assert_allclose(resized(PIXELS, (7, 9), "area").mean(axis=(0, 1)), PIXELS.mean(axis=(0, 1)), rtol=1e-5)


def test_aspect_ratios():
    wide = np.zeros((10, 40, 1), "uint8")
    wide[:, 15:25] = 200
    assert (resized(wide, (5, 5), crop_to_aspect_ratio=True) == 200).all()
    padded = resized(np.full((10, 40, 1), 200, "uint8"), (20, 20), pad_to_aspect_ratio=True)[..., 0]
    assert (padded[7:12] == 200).all() and not padded[:7].any() and not padded[12:].any()
    assert resized(np.ones((1, 500, 1), "uint8"), (4, 4), pad_to_aspect_ratio=True).any()       # not less than a pixel is left


# Single images ----------------------------------------------------------------------------------------------------------------

def test_images_and_arrays(tmp_path):
    save_img(tmp_path / "a.png", PIXELS, scale=False)
    np.testing.assert_array_equal(img_to_array(load_img(str(tmp_path / "a.png"))), PIXELS)
    with open(tmp_path / "a.png", "rb") as file:
        assert load_img(file, target_size=(8, 9)).size == (9, 8)
        for size in [8, 9], (np.int64(8), 9), np.array([8, 9]):
            assert load_img(file, target_size=size).size == (9, 8)
    assert img_to_array(load_img(tmp_path / "a.png", "grayscale"), dtype="uint8").shape == (40, 60, 1)
    assert array_to_img(tv.tensor(PIXELS / 255.0)).size == (60, 40)
    with pytest.warns(UserWarning, match="JPEG has no transparency"):
        save_img(tmp_path / "b.jpg", np.concatenate([PIXELS, ALPHA], 2))
    assert load_img(tmp_path / "b.jpg").mode == "RGB"


def test_images_in_other_files(tmp_path):
    for ending in "png", "PNG", "tif", "tiff", "bmp", "webp":
        save_img(tmp_path / f"a.{ending}", PIXELS, scale=False, **({"lossless": True} if ending == "webp" else {}))
        with Image.open(tmp_path / f"a.{ending}") as found:
            np.testing.assert_array_equal(found, PIXELS)
    for name in "jpg", "JPEG", "jpeg":
        file = io.BytesIO()
        save_img(file, PIXELS, file_format=name, scale=False, quality=50)
        assert file.getvalue() == encoded("JPEG", quality=50)
    with open(tmp_path / "b.bmp", "wb") as file:           # it has a name
        save_img(file, PIXELS, scale=False)
    np.testing.assert_array_equal(read_image(tmp_path / "b.bmp"), PIXELS)
    save_img(tmp_path / "deep.tiff", DEEP[..., None], scale=False)
    with Image.open(tmp_path / "deep.tiff") as found:
        np.testing.assert_array_equal(found, DEEP)


def test_what_cannot_be_saved_overwrites_nothing(tmp_path):
    path = tmp_path / "a.jpg"
    path.write_bytes(encoded("JPEG"))
    for x, settings in (DEEP[..., None], dict(scale=False)), (PIXELS, dict(quality="best ever")), (PIXELS, dict(file_format="xyz")):
        with pytest.raises(ValueError):
            save_img(path, x, **settings)
        assert path.read_bytes() == encoded("JPEG")


def test_an_image_is_there_whole_or_not_at_all(tmp_path):
    """It is written to another file, which then takes the place of what was there: a link to that still leads to it."""
    path, older = tmp_path / "a.png", tmp_path / "older.png"
    path.write_bytes(b"what was there")
    os.link(path, older)
    save_img(path, PIXELS, scale=False)
    assert older.read_bytes() == b"what was there" and sorted(tmp_path.iterdir()) == [path, older]
    np.testing.assert_array_equal(read_image(path), PIXELS)


@pytest.mark.parametrize("make, error, message", [
    (lambda: load_img("a.png", target_size=180), ValueError, r"load_img: target_size is a pair of positive integers \(height, width\), got 180"),
    (lambda: load_img("a.png", target_size=(180, 180, 3)), ValueError, r"target_size is a pair .*got \(180, 180, 3\)"),
    (lambda: load_img("a.png", target_size=(180.0, 180.0)), ValueError, r"target_size is a pair .*got \(180.0, 180.0\)"),
    (lambda: load_img("a.png", target_size=(0, 5)), ValueError, r"target_size is a pair .*got \(0, 5\)"),
    (lambda: load_img("a.png", target_size=np.array(5)), ValueError, r"target_size is a pair .*got array\(5\)"),
    (lambda: load_img(None), TypeError, "a path, an open file or the bytes of one, got NoneType"),
    (lambda: read_image([1, 2]), TypeError, "a path, an open file or the bytes of one, got list"),
    (lambda: img_to_array("a.png"), TypeError, r"not the file of one: img_to_array\(load_img\(path\)\); got 'a.png'"),
    (lambda: img_to_array(Path("a.png")), TypeError, r"img_to_array\(load_img\(path\)\)"),
    (lambda: img_to_array(b"a.png"), TypeError, r"img_to_array\(load_img\(path\)\)"),
    (lambda: save_img("a.xyz", PIXELS), ValueError, "save_img: there is no format 'xyz'; there is png, jpeg, "),
    (lambda: save_img("a.png", PIXELS, file_format="jepg"), ValueError, "save_img: there is no format 'jepg'"),
    (lambda: save_img("a", PIXELS), ValueError, 'nothing tells the format: pass file_format="png", or a path that ends in .png'),
    (lambda: save_img(io.BytesIO(), PIXELS), ValueError, "nothing tells the format"),
    (lambda: save_img(None, PIXELS), TypeError, "save_img writes to a path or an open file, got NoneType"),
    (lambda: save_img("a.jpg", DEEP[..., None], scale=False), ValueError, "goes to 64773, JPEG to 255: save a tiff, or with scale=True"),
    (lambda: save_img("a.gif", DEEP[..., None], scale=False), ValueError, "goes to 64773, GIF to 255"),
    (lambda: save_img("a.xbm", PIXELS), ValueError, "save_img: an image of 3 channels cannot become XBM: cannot write mode RGB"),
    (lambda: array_to_img(np.ones((3, 4))), ValueError, r"one image \(H, W, C\) of 1, 3 or 4 channels, got shape \(3, 4\)"),
    (lambda: array_to_img(np.ones((3, 4, 2))), ValueError, "got shape"),
    (lambda: array_to_img(np.full((3, 4, 3), np.nan)), ValueError, "nan or inf"),
    (lambda: array_to_img(np.full((3, 4, 3), -1.0), scale=False), ValueError, "lie in 0 .. 255, got -1 to -1"),
    (lambda: array_to_img(np.ones((3, 4, 3)), "channels_first"), ValueError, "channels_first"),
    (lambda: img_to_array(np.ones(3)), ValueError, r"\(H, W\) or \(H, W, C\), got shape \(3,\)"),
    (lambda: img_to_array(np.ones((3, 4)), "channels_first"), ValueError, "channels_first"),
    (lambda: load_img(3), TypeError, "a path, an open file or the bytes of one, got int"),
    (lambda: load_img("nowhere.png"), ValueError, "nowhere.png does not exist"),
    (lambda: load_img("a.png", color_mode="grey"), ValueError, "unknown color_mode 'grey'"),
    (lambda: load_img("a.png", interpolation="cubic"), ValueError, "unknown interpolation 'cubic'"),
    (lambda: resized(PIXELS, (3, 4), "cubic"), ValueError, "unknown interpolation 'cubic'"),
    (lambda: resized(PIXELS, (3, 4), crop_to_aspect_ratio=True, pad_to_aspect_ratio=True), ValueError, "not both"),
], ids=range(31))
def test_what_cannot_be_an_image(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_pillow_is_imported_at_first_use():
    code = "import sys, tinyvision; tinyvision.utils.image_dataset_from_directory; assert 'PIL' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
