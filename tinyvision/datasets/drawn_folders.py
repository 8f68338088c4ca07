"""Folders of drawn cats and dogs, like those of the photographs. The manifest says that they are drawings."""
import math
import os
from pathlib import Path

from ..data import download as downloads
from ..ops.image.arguments import is_size
from ..progress import progress_bar
from . import prepared_folders as prepared
from .prepared_folders import CLASSES, DRAWINGS, NAME, SPLIT, checked_size

DRAWING_VERSION = 1                                        # goes up when the drawings change


def drawn_folder(size: int = 180, seed: int = 0, counts: tuple[int, int, int] = (1000, 500, 1000),
                 close_up: bool = False) -> Path:
    """A folder like that of `folder`, with drawings in the stead of photographs; they are drawn at the first call.

    Args:
        size, seed, counts, close_up: see `draw`.

    Returns:
        the root of the folder, beside those of the photographs.
    """
    size, seed, counts = _checked(size, seed, counts, close_up)
    name = f"drawings_{size}_seed_{seed}_" + "_".join(map(str, counts)) + "_close_up" * close_up
    stored = prepared.stored_folder(name, DRAWINGS, [])
    if stored and prepared.manifest_of(stored)["source"] == _origin(seed, close_up):
        _say_drawn(stored, 2 * sum(counts))
        return stored
    root = downloads.data_folder(NAME) / name
    draw(root, size, seed, counts, close_up, replace=True)
    return root


def draw(output: str | os.PathLike, size: int = 180, seed: int = 0, counts: tuple[int, int, int] = (1000, 500, 1000),
         close_up: bool = False, replace: bool = False) -> dict:
    """Draw cats and dogs into a folder like that of `prepare`. They are drawings, and the manifest says so.

    Scene, coat, pose, place and light are drawn without regard to the species. So neither colours nor brightness nor place
    tell one from the other, and linear models of the pixels fail. The same arguments draw the same images (with the same
    versions of NumPy and Pillow).

    Args:
        output: the folder to make; it appears when it is complete.
        size: height and width in pixels.
        seed: another seed, other drawings.
        counts: how many of each class to train on, to validate and to test.
        close_up: only heads, from the front and large: fewer are needed to learn from.
        replace: whether a folder that is there already is replaced.

    Returns:
        the manifest.
    """
    output, (size, seed, counts) = Path(output).expanduser(), _checked(size, seed, counts, close_up)
    ends = [sum(counts[:k]) for k in range(4)]
    with (prepared.new_folder(output, replace) as root,
          progress_bar(2 * ends[-1], f"drawing at {size}x{size}", unit=" images") as bar):
        for split, start, end in zip(SPLIT, ends, ends[1:]):
            for number in range(start, end):
                for kind in CLASSES:
                    _draw_file(root / split / kind / f"{kind}.{number}.jpg", kind, number, size, seed, close_up)
                    bar.update()
        manifest = prepared.write_manifest(root, what=DRAWINGS, source=_origin(seed, close_up), size=size, missing=[],
                                           corrupt={})
    _say_drawn(output, 2 * ends[-1])
    return manifest


def _origin(seed, close_up):
    return {"drawn by": "tinyvision", "version": DRAWING_VERSION, "seed": seed, "close_up": close_up}


def _draw_file(path, kind, number, size, seed, close_up):
    from PIL import Image

    from .drawings import draw_animal
    quality = 60 + (number * 7 + seed) % 33                # like photographs, they have been packed more or less tightly
    Image.fromarray(draw_animal(kind, number, size, seed, close_up)).save(path, "JPEG", quality=quality)


def _say_drawn(root, count):
    print(f"{NAME}: THESE ARE {count:,} DRAWINGS, NO PHOTOGRAPHS, in {root}; what a model reaches on them says nothing about "
          "photographs", flush=True)


def _checked(size, seed, counts, close_up):
    """The size, the seed and the counts, where there are such drawings, in Python's numbers: names and manifests hold those."""
    if not is_size(seed, -math.inf):
        raise ValueError(f"seed is an int, got {seed!r:.60}")
    if not isinstance(counts, (tuple, list)) or len(counts) != 3 or not all(is_size(n, 1) for n in counts):
        raise ValueError(f"counts are three ints above 0, for train, validation and test, got {counts!r:.60}")
    if not isinstance(close_up, bool):
        raise ValueError(f"close_up is True or False, got {close_up!r:.60}")
    return checked_size(size), int(seed), tuple(map(int, counts))
