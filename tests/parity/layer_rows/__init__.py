"""Rows of layers, a file for each of tinyvision/layers: ROWS = {name of the row: (class, arguments, shape of the input, training)}.

The shape is a list of shapes for a layer of several inputs; `Integers` and `Mask` stand for arrays of other kinds than floats,
`Call` for calls with several arguments and settings. `training` is True, False, or None where the layer does not care.
"""
import importlib
import pkgutil


class Integers(tuple):
    """The shape of an input of whole numbers below 5."""


class Mask(tuple):
    """The shape of an input of True and False."""


class Call:
    """What a layer is called with, where that is more than an input: shapes, in its arguments and settings, stand for arrays."""

    def __init__(self, *args, **settings):
        self.args, self.settings = args, settings


IMAGES = 2, 7, 5, 4                                        # not square, odd sizes: one shape, since JAX compiles each anew
SEQUENCES = 2, 9, 4                                        # likewise

ROWS = {}
for _module in sorted(pkgutil.iter_modules(__path__), key=lambda module: module.name):
    _rows = importlib.import_module(f"{__name__}.{_module.name}").ROWS
    assert ROWS.keys().isdisjoint(_rows), f"{_module.name}: a name of a row occurs twice"
    ROWS.update(_rows)

CLASSES = sorted({row[0] for row in ROWS.values()})
BY_CLASS = {row[0]: name for name, row in ROWS.items()}   # one row of each class
