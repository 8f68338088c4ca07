"""Folders that were prepared: what lies in them, and the manifest that counts it.

ROOT/{train,validation,test}/{cat,dog}/cat.N.jpg, and ROOT/manifest.json. It holds for photographs and for drawings.
"""
import json
import os
import warnings
from contextlib import contextmanager
from pathlib import Path

from ..data import download as downloads
from ..data.image_folders import FORMATS
from ..ops.image.arguments import is_size

NAME = "cats_vs_dogs"
CLASSES = "cat", "dog"
SPLIT = {"train": range(1000), "validation": range(1000, 1500), "test": range(1500, 2500)}     # numbers, for each class
FOLDERS = [(split, kind) for split in SPLIT for kind in CLASSES]
MANIFEST = "manifest.json"
PHOTOGRAPHS, DRAWINGS = "photographs", "drawings, no photographs"


def check(root: str | os.PathLike) -> dict:
    """The manifest of a prepared folder, once all that it lists has been counted.

    Raises:
        FileNotFoundError: there is no prepared folder.
        ValueError: it is not complete, or something else; the error tells what differs.
    """
    root = Path(root)
    manifest = manifest_of(root)
    for split, kind in FOLDERS:
        expected, counted = manifest["files"][split][kind], _counted(root / split / kind)
        if counted != expected:
            raise ValueError(f"{root / split / kind} holds {counted[0]} images of {counted[1]:,} bytes in all; it was prepared "
                             f"with {expected[0]} of {expected[1]:,}. Remove {root} and prepare it anew")
    return manifest


def manifest_of(root):
    """What the manifest of a prepared folder says; ValueError where it is damaged."""
    path = root / MANIFEST
    if not path.is_file():
        raise FileNotFoundError(f"{root}: no prepared folder (it has no {MANIFEST})")
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        for entry in "what", "source", "size":
            manifest[entry]
        for split, kind in FOLDERS:
            count, total = map(int, manifest["files"][split][kind])
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"{path} is damaged; remove {root} and prepare it anew ({type(error).__name__}: {error})") from error
    return manifest


def _counted(folder):
    """How many images lie in the folder, and their bytes. Other files, which file managers leave behind, do not count."""
    sizes = [entry.stat().st_size for entry in os.scandir(folder)
             if entry.name.lower().endswith(FORMATS) and not entry.name.startswith(".")] if folder.is_dir() else []
    return [len(sizes), sum(sizes)]


def stored_folder(name, what, tried):
    """The first complete folder of that name in the data folders, or None; `tried` tells of the others."""
    for root in [place / name for place in downloads.data_folders(NAME)]:
        try:
            found = check(root)["what"]
            if found != what:
                raise ValueError(f"it holds {found}")
        except FileNotFoundError as error:
            tried.append(str(error))
        except (OSError, ValueError) as error:
            warnings.warn(f"{root} is damaged, and {NAME} is taken from elsewhere: {error}", stacklevel=3)
            tried.append(str(error))
        else:
            return root
    return None


def checked_size(size):
    """The size, where it is one of images that can be made."""
    if not is_size(size, 8) or size > 1024:
        raise ValueError(f"size is the height and width in pixels, an int from 8 to 1024, got {size!r:.60}")
    return int(size)


# Making one

@contextmanager
def new_folder(output, replace=False):
    """A temporary folder with the folders of the split, which takes the place of `output` when the block ends well."""
    if output.exists() and not (replace and (output / MANIFEST).is_file()):
        raise FileExistsError(f"{output} is there already{', and was not prepared by this function' * replace}: remove it, or "
                              "choose another folder")
    output.parent.mkdir(parents=True, exist_ok=True)
    with downloads.temporary_folder(output.parent) as temporary:
        root = temporary / "new"
        for split, kind in FOLDERS:
            (root / split / kind).mkdir(parents=True)
        yield root
        if output.exists():
            os.replace(output, temporary / "old")
        os.replace(root, output)


def write_manifest(root, **entries):
    """Count the images in the folder, and write that and the entries beside them."""
    files = {split: {kind: _counted(root / split / kind) for kind in CLASSES} for split in SPLIT}
    manifest = {**entries, "files": files}
    (root / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    return manifest
