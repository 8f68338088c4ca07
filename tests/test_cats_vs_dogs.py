"""Cats vs dogs: the split, what is copied and what is resized, and all that a copy of the photographs may have wrong with it.

Small sets stand in for the real one: ten numbers a class in place of 2,500. The real one is used where it is found.
"""
import io
import json
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from shared_data import shared

from tinyvision.data import download
from tinyvision.data.images import read_image
from tinyvision.datasets import cats_vs_dogs, drawn_folders, photograph_sources, prepared_folders
from tinyvision.datasets.drawings import draw_animal, picture

SCRIPT = Path(__file__).parents[1] / "datasets" / "cats_vs_dogs" / "prepare.py"


@pytest.fixture(autouse=True)
def places(monkeypatch, tmp_path):
    """No checkout and no network: the data folder is data/, the cache folder is below user/."""
    monkeypatch.setattr(download, "__file__", str(tmp_path / "site-packages" / "tinyvision" / "data" / "download.py"))
    for name in ("HOME", "USERPROFILE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path / "user"))
    monkeypatch.setenv("TINYVISION_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(cats_vs_dogs, "ORIGINAL_URL", "http://127.0.0.1:9/" + cats_vs_dogs.ORIGINAL)


@pytest.fixture
def small(monkeypatch):
    """The split with four, two and four numbers; one photograph may lack."""
    for split, numbers in {"train": range(4), "validation": range(4, 6), "test": range(6, 10)}.items():
        monkeypatch.setitem(cats_vs_dogs.SPLIT, split, numbers)
    monkeypatch.setattr(cats_vs_dogs, "MAY_LACK", 1)


def photograph(number, size=(16, 16), form="JPEG", mode="RGB"):
    pixels = np.random.default_rng(number).integers(0, 256, (*size[::-1], 3), np.uint8)
    data = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(data, form, **({"quality": 40} if form == "JPEG" else {}))
    return data.getvalue()


def photographs(name="train/{kind}.{number}.jpg", count=12, **settings):
    """All photographs by their paths; a few numbers more than the split takes."""
    return {name.format(kind=kind, Kind=kind.title(), number=number): photograph(1000 * (kind == "dog") + number, **settings)
            for kind in ("dog", "cat") for number in reversed(range(count))}


def write_folder(path, files):
    for name, data in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(data)
    return path


def write_zip(path, files):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def write_tar(path, files, mode="w", **options):
    with tarfile.open(path, mode, **options) as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


FORMS = {
    "folder": lambda path, files: write_folder(path / "copy", files),
    "zip": lambda path, files: write_zip(path / "copy.zip", files),
    "tar": lambda path, files: write_tar(path / "copy.tar", files),
    "tar.gz": lambda path, files: write_tar(path / "copy.tar.gz", files, "w:gz"),
}
NAMES = {"Kaggle": "train/{kind}.{number}.jpg", "Microsoft": "PetImages/{Kind}/{number}.jpg", "at the root": "{kind}.{number}.jpg",
         "deep": "a/b.c/cats and dogs/{kind}.{number}.JPEG", "plural": "x/{kind}s/{number}.jpg",
         "split": "test/{kind}/{kind}.{number}.jpg"}


def left_in(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def expected_files():
    return sorted([f"{split}/{kind}/{kind}.{number}.jpg" for kind in ("cat", "dog")
                   for split, numbers in (("train", range(4)), ("validation", range(4, 6)), ("test", range(6, 10))) for number in numbers]
                  + ["manifest.json"])


# What is made

@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("names", NAMES)
def test_the_split_from_each_kind_of_source(form, names, small, tmp_path):
    files = {**photographs(NAMES[names]), "README.txt": b"no photograph", "cat.jpg": b"", "train/cat.3.txt": b"", "bobcat.3.jpg": b"",
             "__MACOSX/train/._cat.3.jpg": b"", "test1/3.jpg": b""}
    source = FORMS[form](tmp_path, files)
    manifest = cats_vs_dogs.prepare(source, tmp_path / "out", size=16)
    assert left_in(tmp_path / "out") == expected_files()
    for kind, number in [("cat", 0), ("dog", 3), ("cat", 4), ("dog", 5), ("cat", 6), ("dog", 9)]:
        split = "train" if number < 4 else "validation" if number < 6 else "test"
        copied = (tmp_path / "out" / split / kind / f"{kind}.{number}.jpg").read_bytes()
        assert copied == files[NAMES[names].format(kind=kind, Kind=kind.title(), number=number)]      # byte for byte
    assert manifest["missing"] == [] and manifest["corrupt"] == {} and manifest["copied_byte_for_byte"] == 20
    assert manifest["what"] == "photographs" and manifest["size"] == 16 and manifest["written_anew"] == 0
    assert manifest == json.loads((tmp_path / "out" / "manifest.json").read_text()) == cats_vs_dogs.check(tmp_path / "out")


@pytest.mark.parametrize("form, mode, size", [("JPEG", "RGB", (31, 20)), ("JPEG", "L", (31, 20)), ("JPEG", "CMYK", (20, 31)), ("PNG", "RGBA", (16, 16)),
                                              ("PNG", "P", (16, 16)), ("BMP", "RGB", (40, 40)), ("GIF", "P", (5, 5))])
def test_other_sizes_and_formats_are_squashed_to_the_size(form, mode, size, small, tmp_path):
    """Whatever they are called: the original has a few that are no JPEG."""
    files = photographs(form=form, mode=mode, size=size)
    manifest = cats_vs_dogs.prepare(write_zip(tmp_path / "copy.zip", files), tmp_path / "out", size=16)
    assert manifest["written_anew"] == 20 and manifest["copied_byte_for_byte"] == 0
    with Image.open(tmp_path / "out" / "train" / "cat" / "cat.2.jpg") as found, Image.open(io.BytesIO(files["train/cat.2.jpg"])) as original:
        assert found.format == "JPEG" and found.mode == "RGB" and found.size == (16, 16)
        again = io.BytesIO()
        original.convert("RGB").resize((16, 16), Image.Resampling.BILINEAR).save(again, "JPEG", quality=90)
        np.testing.assert_array_equal(found, Image.open(again))


@pytest.mark.parametrize("orientation", range(1, 10))
@pytest.mark.parametrize("size", [(16, 16), (48, 32)])
def test_photographs_are_turned_upright_at_any_size(size, orientation, small, tmp_path):
    """As image_dataset_from_directory turns them; there is nothing left to turn afterwards. 9 is no orientation."""
    mark = Image.Exif()
    mark[0x0112] = orientation
    slope = np.arange(size[0]) * 4 + np.arange(size[1])[:, None] * 2
    data = io.BytesIO()
    Image.fromarray(np.stack([slope, slope // 2, 0 * slope], -1).astype(np.uint8)).save(data, "JPEG", quality=95, exif=mark)
    files = {**photographs(), "train/cat.1.jpg": data.getvalue()}
    manifest = cats_vs_dogs.prepare(write_folder(tmp_path / "copy", files), tmp_path / "out", size=16)
    copied = size == (16, 16) and orientation in (1, 9)
    assert manifest["copied_byte_for_byte"] == 19 + copied and manifest["written_anew"] == 1 - copied
    made = tmp_path / "out" / "train" / "cat" / "cat.1.jpg"
    assert (made.read_bytes() == data.getvalue()) == copied
    if not copied:
        again = io.BytesIO()
        upright = Image.fromarray(read_image(data.getvalue()))
        upright.resize((16, 16), Image.Resampling.BILINEAR).save(again, "JPEG", quality=90)
        np.testing.assert_array_equal(read_image(made), read_image(again.getvalue()))
    with Image.open(made) as image:
        assert copied or 0x0112 not in image.getexif()


def test_the_textbooks_split():
    assert cats_vs_dogs.SPLIT == {"train": range(1000), "validation": range(1000, 1500), "test": range(1500, 2500)}


def test_missing_and_corrupt_ones_are_named_and_counted(small, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(cats_vs_dogs, "MAY_LACK", 4)
    files = photographs()
    del files["train/dog.7.jpg"]
    whole = files["train/cat.1.jpg"]
    files.update({"train/cat.1.jpg": whole[:len(whole) * 9 // 10], "train/cat.6.jpg": b"", "train/dog.4.jpg": b"<html>not found</html>"})
    manifest = cats_vs_dogs.prepare(write_tar(tmp_path / "copy.tar", files), tmp_path / "out", size=16)
    assert manifest["missing"] == ["dog.7"] and sorted(manifest["corrupt"]) == ["cat.1", "cat.6", "dog.4"]
    assert "truncated" in manifest["corrupt"]["cat.1"].lower() and manifest["corrupt"]["cat.6"] == "empty file"
    assert "cannot identify" in manifest["corrupt"]["dog.4"]
    assert [manifest["files"][split][kind][0] for split, kind in prepared_folders.FOLDERS] == [3, 4, 2, 1, 3, 3]
    shown = capsys.readouterr().out
    assert "16 photographs of 16x16 from copy.tar (16 copied byte for byte, 0 written anew)" in shown
    assert "missing: 1 (dog.7); could not be read: 3 (" in shown
    cats_vs_dogs.check(tmp_path / "out")


# What is refused, and leaves nothing behind

def refused(source, tmp_path, match, error=ValueError, **settings):
    (tmp_path / "out").mkdir()
    with pytest.raises(error, match=match):
        cats_vs_dogs.prepare(source, tmp_path / "out" / "set", **{"size": 16, **settings})
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("name", ["../train/cat.0.jpg", "/cat.0.jpg", "a/../../cat.0.jpg", "C:/cat.0.jpg", "..\\x/cat.0.jpg"])
@pytest.mark.parametrize("form", ["zip", "tar"])
def test_names_that_lead_out_are_refused(name, form, small, tmp_path):
    refused(FORMS[form](tmp_path, {name: photograph(0), **photographs()}), tmp_path, "leads out of the archive.*nothing was kept")


def test_links_in_archives_are_refused(small, tmp_path):
    with tarfile.open(tmp_path / "copy.tar", "w") as archive:
        info = tarfile.TarInfo("train/cat.0.jpg")
        info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(info)
    with zipfile.ZipFile(tmp_path / "copy.zip", "w") as archive:
        info = zipfile.ZipInfo("train/cat.0.jpg")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "/etc/passwd")
    refused(tmp_path / "copy.tar", tmp_path, "is a link or a device")
    (tmp_path / "out").rmdir()
    refused(tmp_path / "copy.zip", tmp_path, "is a link or a device")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_in_a_folder_is_refused_and_not_waited_for(small, tmp_path):
    source = write_folder(tmp_path / "copy", photographs())
    (source / "train" / "cat.0.jpg").unlink()
    os.mkfifo(source / "train" / "cat.0.jpg")
    refused(source, tmp_path, "is a link or a device, and no file")


@pytest.mark.parametrize("form", ["zip", "tar.gz", "folder"])
def test_a_file_too_large_is_refused_before_it_is_unpacked(form, small, tmp_path, monkeypatch):
    source = FORMS[form](tmp_path, {"cat.0.jpg": bytes(20 << 20), **photographs()})
    monkeypatch.setattr(zipfile.ZipFile, "read", None)
    monkeypatch.setattr(tarfile.TarFile, "extractfile", None)
    refused(source, tmp_path, "would be 20,971,520 bytes: no photograph")


def test_bombs_of_pixels_are_not_unpacked(small, tmp_path):
    data = io.BytesIO()
    Image.new("1", (9000, 9000)).save(data, "PNG")
    manifest = cats_vs_dogs.prepare(write_zip(tmp_path / "copy.zip", {**photographs(), "train/cat.0.jpg": data.getvalue()}),
                                    tmp_path / "out", size=16)
    assert "9000x9000 pixels" in manifest["corrupt"]["cat.0"]


def test_crowds_are_refused(small, tmp_path, monkeypatch):
    monkeypatch.setattr(photograph_sources, "MOST_FILES", 30)
    for form in "zip", "tar":
        source = FORMS[form](tmp_path, {**{f"{n}": b"" for n in range(30)}, **photographs()})
        refused(source, tmp_path, "more than 30 files")
        (tmp_path / "out").rmdir()
    monkeypatch.setattr(photograph_sources, "LARGEST_SUM", 3000)
    refused(FORMS["folder"](tmp_path, photographs()), tmp_path, "more than 0 GiB")


def test_a_number_that_occurs_twice_is_refused(small, tmp_path):
    files = {**photographs(), "more/Cat/3.jpg": photograph(3)}
    refused(write_zip(tmp_path / "copy.zip", files), tmp_path, r"cat.3 twice, as train/cat.3.jpg and more/Cat/3.jpg: which one")
    (tmp_path / "out").rmdir()
    refused(write_folder(tmp_path / "copy", {**photographs(), "train/cat.03.jpg": photograph(3)}), tmp_path, "cat.3 twice")


@pytest.mark.parametrize("form", FORMS)
def test_a_source_with_other_things_is_refused(form, small, tmp_path):
    refused(FORMS[form](tmp_path, {"holidays/beach.jpg": photograph(0)}), tmp_path,
            "holds no photographs named cat.N.jpg .*begins with .*beach.jpg(.|\n)*A local copy is passed as")


def test_an_archive_in_an_archive_is_named(small, tmp_path):
    refused(write_zip(tmp_path / "dogs-vs-cats.zip", {"test1.zip": b"", "train.zip": b""}), tmp_path, "unpack t.*.zip from it, and pass that")


def test_a_half_empty_source_is_refused(small, tmp_path):
    refused(write_tar(tmp_path / "copy.tar", photographs(count=5)), tmp_path,
            r"no whole copy: .* 0 to 9 of both classes 10 can be read; missing: 10 \(cat.5, .*\.\.\.\); could not be read: none")


@pytest.mark.parametrize("name, data, match", [
    ("copy.zip", b"PK\x03\x04 broken", "neither a folder nor a zip nor a tar"), ("copy.rar", b"Rar!", "neither a folder"), ("copy.tar", b"", "neither a folder|begins with nothing")])
def test_damaged_archives_are_refused(name, data, match, small, tmp_path):
    (tmp_path / name).write_bytes(data)
    refused(tmp_path / name, tmp_path, match)


@pytest.mark.parametrize("form", ["zip", "tar", "tar.gz"])
def test_archives_cut_short_or_with_errors_are_refused(form, small, tmp_path):
    source = FORMS[form](tmp_path, photographs())
    whole = source.read_bytes()
    source.write_bytes(whole[:len(whole) // 3])
    refused(source, tmp_path, "damaged|no whole copy|neither")
    (tmp_path / "out").rmdir()
    if form == "zip":
        source.write_bytes(whole[:9000] + bytes(40) + whole[9040:])
        refused(source, tmp_path, "is damaged, or no archive that can be read")


def test_a_changed_byte_in_a_packed_tar_is_found(small, tmp_path):
    """Where bytes are packed as they are, nothing but the checksum at the end tells that one has changed."""
    source = write_tar(tmp_path / "copy.tar.gz", photographs(), "w:gz", compresslevel=0)
    content = source.read_bytes()
    at = content.index(photograph(0)[-300:])               # in the middle of a picture
    source.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1:])
    refused(source, tmp_path, "is damaged")


@pytest.mark.parametrize("name, write", [
    ("copy.zip", write_zip), ("copy.tar.gz", lambda path, files: write_tar(path, files, "w:gz")),
    ("copy.tar.xz", lambda path, files: write_tar(path, files, "w:xz"))])
def test_archives_damaged_anywhere_are_refused_in_words(name, write, small, tmp_path, monkeypatch):
    """Decompressors have errors of their own; some places, such as names in headers, may be damaged and do no harm."""
    monkeypatch.setattr(cats_vs_dogs, "MAY_LACK", 20)
    whole = write(tmp_path / name, photographs(form="BMP", mode="L", count=10)).read_bytes()
    refusals = 0
    for place in range(60, len(whole), len(whole) // 60):
        (tmp_path / name).write_bytes(whole[:place] + bytes(byte ^ 255 for byte in whole[place:place + 3]) + whole[place + 3:])
        try:
            cats_vs_dogs.prepare(tmp_path / name, tmp_path / "out", 16, replace=True)
        except ValueError:
            refusals += 1
    assert refusals > 5


def test_nothing_there(small, tmp_path):
    for function in (lambda path: cats_vs_dogs.prepare(path, tmp_path / "out"), cats_vs_dogs.folder):
        with pytest.raises(FileNotFoundError, match="there is nothing at .*nowhere.zip(.|\n)*A local copy is passed as"):
            function(tmp_path / "nowhere.zip")


def test_ctrl_c_leaves_nothing(small, tmp_path, monkeypatch):
    class Interrupting:
        n = 0
        __enter__ = lambda self: self
        __exit__ = lambda self, *error: None

        def update(self):
            self.n += 1
            if self.n == 7:
                raise KeyboardInterrupt

    source = write_tar(tmp_path / "copy.tar", photographs())
    monkeypatch.setattr(cats_vs_dogs, "progress_bar", lambda *_, **options: Interrupting())
    refused(source, tmp_path, None, KeyboardInterrupt)


def test_what_is_there_is_not_overwritten(small, tmp_path):
    source = write_tar(tmp_path / "copy.tar", photographs())
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    for replace in False, True:
        with pytest.raises(FileExistsError, match="is there already"):
            cats_vs_dogs.prepare(source, tmp_path / "mine", 16, replace)
    assert left_in(tmp_path / "mine") == ["thesis.txt"]
    cats_vs_dogs.prepare(source, tmp_path / "out", 16)
    with pytest.raises(FileExistsError, match="is there already: remove it"):
        cats_vs_dogs.prepare(source, tmp_path / "out", 16)
    assert cats_vs_dogs.prepare(source, tmp_path / "out", 8, replace=True)["size"] == 8
    assert left_in(tmp_path / "out") == expected_files() and sorted(p.name for p in tmp_path.iterdir()) == ["copy.tar", "mine", "out"]


@pytest.mark.parametrize("size", [0, -1, 7, 2000, 180.0, "180", (180, 180), True, None])
def test_sizes_that_are_none(size, tmp_path):
    for function in (lambda: cats_vs_dogs.prepare("x", "y", size), lambda: cats_vs_dogs.folder(size=size)):
        with pytest.raises(ValueError, match="size is the height and width in pixels, an int from 8 to 1024, got"):
            function()


# Where it lies, and how it is found again

def test_folder_prepares_once(small, tmp_path, monkeypatch):
    source = write_tar(tmp_path / "copy.tar", photographs())
    root = cats_vs_dogs.folder(source, size=16)
    assert root == tmp_path / "data" / "cats_vs_dogs" / "photographs_16" and left_in(root) == expected_files()
    monkeypatch.setattr(cats_vs_dogs, "prepare", None)
    assert cats_vs_dogs.folder(source, size=16) == cats_vs_dogs.folder(size=16) == root
    (tmp_path / "elsewhere").mkdir()
    moved = source.rename(tmp_path / "elsewhere" / "copy.tar")
    assert cats_vs_dogs.folder(str(moved), size=16) == root


def test_the_output_may_lie_in_the_source(small, tmp_path):
    """People unpack the original where data lie, or want the small copy beside the large one."""
    source = write_folder(tmp_path / "PetImages", photographs("{Kind}/{number}.jpg", size=(20, 16)))
    for replace in False, True:                            # the second time, the first result lies there
        manifest = cats_vs_dogs.prepare(source, source / "small", 16, replace)
        assert manifest["missing"] == [] and left_in(source / "small") == expected_files()
        write_folder(source / "download-killed.part", {"new/train/cat/cat.0.jpg": photograph(0)})
    home = tmp_path / "data" / "cats_vs_dogs"
    write_folder(home / "PetImages", photographs("{Kind}/{number}.jpg"))
    root = cats_vs_dogs.folder(home, size=16)
    assert root == home / "photographs_16" and left_in(root) == expected_files()
    assert cats_vs_dogs.folder(home, size=16) == root
    with pytest.raises(ValueError, match="cat.6 twice, as PetImages/Cat/6.jpg and photographs_16/test/cat/cat.6.jpg: which one"):
        cats_vs_dogs.folder(home, size=8)                  # they may be others


def test_another_source_or_size_is_prepared_anew(small, tmp_path):
    root = cats_vs_dogs.folder(write_tar(tmp_path / "copy.tar", photographs()), size=16)
    other = {name: photograph(n) for n, name in enumerate(photographs())}
    assert cats_vs_dogs.folder(write_folder(tmp_path / "other", other), size=16) == root
    assert (root / "train" / "cat" / "cat.0.jpg").read_bytes() == other["train/cat.0.jpg"]
    assert cats_vs_dogs.folder(tmp_path / "other", size=8).name == "photographs_8" and left_in(root) == expected_files()


@pytest.mark.parametrize("place", [".", "cats_vs_dogs"])
def test_an_archive_where_data_lie_is_found(place, small, tmp_path):
    (tmp_path / "data" / "cats_vs_dogs").mkdir(parents=True)
    write_tar(tmp_path / "data" / place / "cats_vs_dogs_180.tar", photographs())
    assert left_in(cats_vs_dogs.folder(size=16)) == expected_files()


def test_a_damaged_folder_is_told_and_prepared_anew(small, tmp_path):
    source = write_tar(tmp_path / "copy.tar", photographs())
    for damage in (lambda root: (root / "test" / "dog" / "dog.8.jpg").unlink(), lambda root: (root / "test" / "dog" / "extra.jpg").touch(),
                   lambda root: (root / "train" / "cat" / "cat.0.jpg").write_bytes(b"x"),
                   lambda root: (root / "manifest.json").write_text("{"), lambda root: (root / "manifest.json").write_text('{"files": []}'),
                   lambda root: (root / "manifest.json").write_text("[]")):
        root = cats_vs_dogs.folder(source, size=16)
        damage(root)
        with pytest.warns(UserWarning, match="photographs_16 is damaged.*(it was prepared|manifest.json is damaged)") as seen:
            assert cats_vs_dogs.folder(source, size=16) == root
        assert left_in(root) == expected_files() and seen[0].filename == __file__
    (root / "train" / "cat" / "cat.0.jpg").unlink()
    with pytest.warns(UserWarning), pytest.raises(FileNotFoundError, match="cat holds 3 images of .* it was prepared with 4 of"):
        cats_vs_dogs.folder(size=16)


def test_what_file_managers_leave_behind_does_no_damage(small, tmp_path, recwarn):
    root = cats_vs_dogs.folder(write_tar(tmp_path / "copy.tar", photographs()), size=16)
    for name in (".DS_Store", "Thumbs.db", "desktop.ini", "._cat.0.jpg", "@eaDir/cat.0.jpg"):
        write_folder(root / "train" / "cat", {name: b"something"})
    assert cats_vs_dogs.check(root)["files"]["train"]["cat"][0] == 4
    assert cats_vs_dogs.folder(size=16) == root and not recwarn
    (root / "train" / "cat" / "cat.7.PNG").touch()         # an image would be trained on
    with pytest.raises(ValueError, match="cat holds 5 images of .* it was prepared with 4 of"):
        cats_vs_dogs.check(root)


def test_without_photographs_the_error_says_what_to_do(tmp_path):
    with pytest.raises(FileNotFoundError) as error:
        cats_vs_dogs.folder()
    text = str(error.value)
    assert text.startswith("no photographs of cats and dogs. Tried:") and "825 MB" in text and "folder(download=True)" in text
    for place in download.data_folders("cats_vs_dogs"):
        assert f"{place / 'photographs_180'}: no prepared folder" in text and f"{place}, and the folder above it: neither" in text
    assert not (tmp_path / "data").exists()


def test_the_download_is_announced_and_checked(small, tmp_path, monkeypatch, capsys):
    asked = []

    def fetch(url, path, checksum):
        asked.append((url, checksum, capsys.readouterr().out))
        return write_zip(path, photographs("PetImages/{Kind}/{number}.jpg"))

    monkeypatch.setattr(download, "fetch", fetch)
    root = cats_vs_dogs.folder(size=16, download=True)
    assert left_in(root.parent) == [f"photographs_16/{name}" for name in expected_files()]            # the archive is not kept
    (url, checksum, said), = asked
    assert url == cats_vs_dogs.ORIGINAL_URL and checksum == cats_vs_dogs.ORIGINAL_CHECKSUM and "downloading the original: 825 MB" in said
    assert cats_vs_dogs.folder(size=16, download=True) == root and len(asked) == 1


def test_a_failed_download_says_what_to_do(tmp_path):
    with pytest.raises(OSError, match="the original cannot be had from http(.|\n)*A local copy is passed as"):
        cats_vs_dogs.folder(download=True)
    assert left_in(tmp_path / "data") == []


def test_a_full_disk_is_told_before(tmp_path, monkeypatch):
    monkeypatch.setattr(cats_vs_dogs.shutil, "disk_usage", lambda path: type("usage", (), {"free": 500_000_000}))
    with pytest.raises(OSError, match="takes 825 MB.* has 500 MB left"):
        cats_vs_dogs.folder(download=True)


# Drawings

def drawn(size, count, start=0, close_up=False):
    """Images (2 * count, size, size, 3), cats and dogs in turn, and labels."""
    images = [draw_animal(kind, number, size, close_up=close_up) for number in range(start, start + count) for kind in ("cat", "dog")]
    return np.stack(images), np.tile([0, 1], count)


@pytest.fixture(scope="module")
def many():
    """1,200 small drawings, which several tests look at."""
    return drawn(32, 600)


def test_drawings_are_the_same_each_time():
    for kind in "cat", "dog":
        first = draw_animal(kind, 7, 48)
        assert first.shape == (48, 48, 3) and first.dtype == np.uint8
        np.testing.assert_array_equal(first, draw_animal(kind, 7, 48))
        for other in (draw_animal(kind, 8, 48), draw_animal(kind, 7, 48, seed=1), draw_animal(kind, 7, 48, close_up=True)):
            assert np.abs(first.astype(int) - other).mean() > 5
    assert np.abs(draw_animal("cat", 7, 48).astype(int) - draw_animal("dog", 7, 48)).mean() > 5


def test_drawings_are_the_same_in_any_process():
    script = "from tinyvision.datasets.drawings import draw_animal; import zlib; print(zlib.crc32(draw_animal('dog', 3, 64).tobytes()))"
    shown = {subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True,
                            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(SCRIPT.parents[2])}).stdout for seed in ("1", "2")}
    assert len(shown) == 1


def test_a_drawing_shows_the_same_at_any_size():
    large, small = draw_animal("cat", 1, 180), draw_animal("cat", 1, 60)
    shrunk = np.asarray(Image.fromarray(large).resize((60, 60), Image.Resampling.BOX))
    assert np.abs(shrunk.astype(int) - small).mean() < 6


def test_what_cannot_be_drawn():
    with pytest.raises(ValueError, match='kind is "cat" or "dog", got \'cow\''):
        draw_animal("cow", 0)


@pytest.mark.parametrize("settings, message", [
    *((dict(counts=counts), "counts are three ints above 0, for train, validation and test, got") for counts in
      [(1, 1), (0, 1, 1), (1.0, 1, 1), (True, 1, 1), 5, None, "123", {1, 2, 3}, (np.ones(2, int), 1, 1)]),
    *((dict(seed=seed), "seed is an int, got") for seed in [1.5, "../../x", None, True, np.float32(1), np.array([1, 2])]),
    *((dict(close_up=close_up), "close_up is True or False, got") for close_up in ["no", 1, None]),
    (dict(size=180.0), "size is the height and width in pixels, an int from 8 to 1024, got 180.0"),
    (dict(size=np.array([16, 16])), "size is the height and width in pixels, an int from 8 to 1024, got array"),
], ids=str)
def test_folders_that_cannot_be_drawn(settings, message, tmp_path):
    for make in cats_vs_dogs.drawn_folder, lambda **settings: cats_vs_dogs.draw(tmp_path / "new" / "x", **settings):
        with pytest.raises(ValueError, match=f"^{message}"):
            make(**{"size": 8, "counts": (1, 1, 1), **settings})
    assert list(tmp_path.iterdir()) == []                  # nothing is left behind


def test_numbers_of_numpy_are_numbers(small, tmp_path):
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    cats_vs_dogs.draw(ours, 16, seed=3, counts=(1, 1, 1))
    cats_vs_dogs.draw(theirs, np.int64(16), seed=np.uint8(3), counts=[np.int64(1)] * 3)
    assert left_in(ours) == left_in(theirs) and all((ours / name).read_bytes() == (theirs / name).read_bytes() for name in left_in(ours))
    assert cats_vs_dogs.drawn_folder(16, np.int64(3), (1, 1, 1)) == cats_vs_dogs.drawn_folder(np.int32(16), 3, np.ones(3, int).tolist())
    source = write_folder(tmp_path / "copy", photographs())
    assert cats_vs_dogs.prepare(source, tmp_path / "out", size=np.int64(16))["size"] == 16


def test_the_kind_is_not_told_to_what_chooses_scene_and_coat(monkeypatch):
    """Scenes, poses and coats come from a generator of their own, by functions that do not know the kind."""
    import random
    seen = []

    class Same(random.Random):
        def __init__(self, seed):
            seen.append(seed)
            super().__init__("the same" if str(seed).endswith("scene") else seed)

    monkeypatch.setattr(picture.random, "Random", Same)
    monkeypatch.setattr(picture, "animal", lambda *_: None)
    np.testing.assert_array_equal(draw_animal("cat", 0, 64), draw_animal("dog", 1, 64))
    assert {"cat 0 0 scene", "dog 0 1 scene"} <= set(seen)


def test_both_kinds_have_the_same_colours_and_brightness(many):
    """Differences of means in units of their error: of 774 means, which depend on each other, none may exceed 4."""
    x, y = many
    means = np.concatenate([x.mean((1, 2)), x.std((1, 2)), x.reshape(-1, 2, 16, 2, 16, 3).mean((2, 4)).reshape(len(x), -1)], axis=1)
    cats, dogs = means[y == 0], means[y == 1]
    apart = np.abs(cats.mean(0) - dogs.mean(0)) / np.sqrt(cats.var(0) / len(cats) + dogs.var(0) / len(dogs))
    assert apart.max() < 4 and np.median(apart) < 2
    mean = x.mean((0, 3))                                  # animals are as bright as what is around them, and anywhere
    assert mean.std() < 12 and 90 < mean.mean() < 150


def linear_accuracy(features, labels):
    """Of ridge regression, on the last third, with the strength of the penalty that is best there: an upper bound."""
    features = features.reshape(len(features), -1).astype("float64")
    n = len(features) * 2 // 3
    features = (features - features[:n].mean(0)) / (features[:n].std(0) + 1e-6)
    kernel, signs = features @ features[:n].T, 2.0 * labels - 1
    found = [((kernel[n:] @ np.linalg.solve(kernel[:n] + strength * features.shape[1] * np.eye(n), signs[:n]) > 0) == (labels[n:] == 1)).mean()
             for strength in (1e-2, 1e-1, 1, 10)]
    return max(found)


def test_linear_models_fail(many):
    """Of pixels, in colour and in grey, and of histograms of colours."""
    x, y = many
    for size in 8, 16, 32:
        smaller = x.reshape(len(x), size, 32 // size, size, 32 // size, 3).mean((2, 4))
        assert linear_accuracy(smaller, y) < 0.6 and linear_accuracy(smaller.mean(-1), y) < 0.6
    coarse = x // 64
    colours = coarse[..., 0] * 16 + coarse[..., 1] * 4 + coarse[..., 2]
    histograms = np.stack([np.bincount(image.ravel(), minlength=64) for image in colours]) / 1024
    assert linear_accuracy(histograms, y) < 0.6 and linear_accuracy(np.sqrt(histograms), y) < 0.6


def test_a_folder_of_drawings(tmp_path, capsys):
    manifest = cats_vs_dogs.draw(tmp_path / "out", size=24, counts=(3, 1, 2))
    names = [f"{split}/{kind}/{kind}.{n}.jpg" for split, numbers in (("test", (4, 5)), ("train", (0, 1, 2)), ("validation", (3,)))
             for kind in ("cat", "dog") for n in numbers]
    assert left_in(tmp_path / "out") == sorted(["manifest.json", *names])
    assert manifest == cats_vs_dogs.check(tmp_path / "out") and manifest["what"] == "drawings, no photographs"
    assert "THESE ARE 12 DRAWINGS, NO PHOTOGRAPHS" in capsys.readouterr().out
    with Image.open(tmp_path / "out" / "test" / "dog" / "dog.5.jpg") as image:
        assert image.format == "JPEG" and image.size == (24, 24) and image.mode == "RGB"
        assert np.abs(np.asarray(image).astype(int) - draw_animal("dog", 5, 24)).mean() < 12        # packed, but it
    with pytest.raises(FileExistsError, match="is there already"):
        cats_vs_dogs.draw(tmp_path / "out", size=24, counts=(1, 1, 1))


def test_drawn_folder_draws_once_and_says_so_each_time(tmp_path, capsys, monkeypatch):
    root = cats_vs_dogs.drawn_folder(size=16, counts=(1, 1, 1))
    assert root == tmp_path / "data" / "cats_vs_dogs" / "drawings_16_seed_0_1_1_1"
    (root / "train" / "cat" / "cat.0.jpg").unlink()
    with pytest.warns(UserWarning, match="is damaged"):
        assert cats_vs_dogs.drawn_folder(size=16, counts=(1, 1, 1)) == root
    capsys.readouterr()
    with monkeypatch.context() as patch:
        patch.setattr(drawn_folders, "draw", None)
        assert cats_vs_dogs.drawn_folder(size=16, counts=(1, 1, 1)) == root
    assert "THESE ARE 6 DRAWINGS, NO PHOTOGRAPHS" in capsys.readouterr().out
    assert cats_vs_dogs.drawn_folder(size=16, counts=(1, 1, 1), seed=1) != root != cats_vs_dogs.drawn_folder(16, 0, (1, 1, 1), close_up=True)
    monkeypatch.setattr(drawn_folders, "DRAWING_VERSION", 2)
    assert cats_vs_dogs.drawn_folder(size=16, counts=(1, 1, 1)) == root
    assert cats_vs_dogs.check(root)["source"]["version"] == 2


def test_drawings_never_stand_in_for_photographs(small, tmp_path):
    drawings = cats_vs_dogs.drawn_folder(size=16, counts=(4, 2, 4))
    with pytest.raises(FileNotFoundError, match="no photographs of cats and dogs"):
        cats_vs_dogs.folder(size=16)
    with pytest.raises(ValueError, match="holds drawings, no photographs"):
        cats_vs_dogs.folder(drawings, size=16)
    drawings.rename(drawings.with_name("photographs_16"))
    with pytest.warns(UserWarning, match="it holds drawings, no photographs"), pytest.raises(FileNotFoundError):
        cats_vs_dogs.folder(size=16)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("place", ["", "home/sets/drawn/"])
def test_drawings_become_no_photographs_wherever_they_lie(place, form, small, tmp_path):
    """In archives, below other folders, and beside photographs."""
    drawings = cats_vs_dogs.drawn_folder(size=16, counts=(4, 2, 4))
    source = FORMS[form](tmp_path, {place + name: (drawings / name).read_bytes() for name in left_in(drawings)})
    refused(source, tmp_path, f"holds drawings, no photographs, as {place}manifest.json says: they are drawn at any size")
    (tmp_path / "out").rmdir()
    mixed = FORMS[form](tmp_path / source.name.replace("copy", "mixed") if form == "folder" else tmp_path,
                        {**photographs(), place + "manifest.json": (drawings / "manifest.json").read_bytes()})
    refused(mixed, tmp_path, "holds drawings, no photographs")


def test_a_part_of_a_folder_of_drawings_is_refused(small, tmp_path):
    drawings = cats_vs_dogs.drawn_folder(size=16, counts=(10, 1, 1))
    refused(drawings / "train", tmp_path, "holds drawings, no photographs, as ../manifest.json says")


def test_manifests_of_others_do_no_harm(small, tmp_path):
    """Of any content; a prepared folder is a source, too, and what is too large to be a manifest is not read."""
    for name, data in {"a": b"{", "b": b"\xff[]", "c": bytes(2 << 20) + b"drawings, no photographs"}.items():
        source = write_folder(tmp_path / f"{name} source", {"manifest.json": data, **photographs()})
        assert cats_vs_dogs.prepare(source, tmp_path / name, 16)["missing"] == []
    assert cats_vs_dogs.prepare(tmp_path / "a", tmp_path / "again", 16)["copied_byte_for_byte"] == 20


# The script, and the real photographs

def run_script(*arguments):
    return subprocess.run([sys.executable, SCRIPT, *map(str, arguments)], capture_output=True, text=True,
                          env={**os.environ, "PYTHONPATH": str(SCRIPT.parents[2])})


def test_the_script_says_errors_in_a_line(tmp_path):
    done = run_script(tmp_path / "nowhere.tar")
    assert done.returncode == 1 and done.stderr.startswith("error: there is nothing at") and "Traceback" not in done.stderr
    assert run_script("--output", tmp_path / "out").returncode == 2
    assert run_script("--drawn", "copy.zip").returncode == 2


def test_the_real_photographs(monkeypatch, tmp_path):
    monkeypatch.undo()
    source = shared("cats_vs_dogs_180.tar")
    done = run_script(source, "--output", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    manifest = cats_vs_dogs.check(tmp_path / "out")
    counts = {split: {kind: count for kind, (count, size) in kinds.items()} for split, kinds in manifest["files"].items()}
    assert counts == {"train": {"cat": 999, "dog": 1000}, "validation": {"cat": 500, "dog": 500}, "test": {"cat": 1000, "dog": 1000}}
    assert manifest["missing"] == ["cat.666"] and manifest["corrupt"] == {} and manifest["copied_byte_for_byte"] == 4999
    with tarfile.open(source) as archive:
        original = archive.extractfile("train/dog.1500.jpg").read()
    assert (tmp_path / "out" / "test" / "dog" / "dog.1500.jpg").read_bytes() == original
