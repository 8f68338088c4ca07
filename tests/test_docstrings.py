"""The examples in docstrings are true, and nothing public is without a docstring."""
import doctest
import importlib
import inspect
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "tinyvision"
NAMES = sorted(".".join(("tinyvision", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__")
               for path in ROOT.rglob("*.py"))


@pytest.mark.parametrize("name", NAMES)
def test_examples(name):
    module = importlib.import_module(name)
    failed, _ = doctest.testmod(module, optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE,
                                extraglobs={"__name__": "__main__"})               # a class in an example is a user's
    assert not failed


@pytest.mark.parametrize("name", NAMES)
def test_what_is_public_is_documented(name):
    module = importlib.import_module(name)
    assert module.__doc__, f"{name} does not say what it is"
    for word, thing in vars(module).items():
        if inspect.isfunction(thing) or inspect.isclass(thing):
            if not word.startswith("_") and thing.__module__ == name and name.count("blocked") == 0:
                assert thing.__doc__, f"{name}.{word} has no docstring"
