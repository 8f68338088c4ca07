"""Each name of keras.layers and keras.utils is here, or its error names what there is in its place."""
import importlib
import re

import pytest

import tinyvision as tv
from tinyvision import applications, layers, nearest, utils

TABLES = {"layers": (layers, nearest.LAYERS), "utils": (utils, nearest.UTILS), "applications": (applications, nearest.APPLICATIONS)}
EVERY = [(package, name) for package, (_, table) in TABLES.items() for name in table]


@pytest.mark.parametrize("package", TABLES)
def test_every_name_of_keras_is_here_or_has_a_nearest_one(keras, package):
    ours, table = TABLES[package]
    theirs = {name for name in dir(getattr(keras, package)) if not name.startswith("_")}
    assert theirs - set(dir(ours)) == set(table)


@pytest.mark.parametrize("package, name", EVERY)
def test_the_error_says_so(package, name):
    ours, table = TABLES[package]
    assert not hasattr(ours, name)
    with pytest.raises(AttributeError) as caught:
        getattr(ours, name)
    assert str(caught.value) == f"tinyvision.{package} has no {name}; there is: {table[name]}"


@pytest.mark.parametrize("package, name", EVERY)
def test_what_it_names_is_there(package, name):
    text = TABLES[package][1][name]
    for path in re.findall(r"\b(?:ops|data|models|viz|layers)(?:\.\w+)+", text):
        found = importlib.import_module(f"tinyvision.{path.partition('.')[0]}")
        for part in path.split(".")[1:]:
            found = getattr(found, part)
    classes = set(re.findall(r"(?<![.\w])[A-Z]\w+", text)) - {"Sequential", "True"}
    assert all(hasattr(layers, name) or hasattr(applications, name) for name in classes) and hasattr(tv, "Sequential"), classes


def test_other_names():
    for ours, name, meant in [(layers, "Conv2d", "Conv2D"), (layers, "RandomFlop", "RandomFlip"), (utils, "loadimg", "load_img")]:
        with pytest.raises(AttributeError, match=f"{ours.__name__} has no attribute '{name}': did you mean '{meant}'?"):
            getattr(ours, name)
    with pytest.raises(AttributeError, match="tinyvision.layers has no attribute 'xyzzy'$"):
        assert layers.xyzzy
