"""Rows of layers, a file for each of tinyvision/layers: ROWS = {name of the row: (class, arguments, shape of the input, training)}.

The shape is a list of shapes for a layer of several inputs. `training` is True, False, or None where the layer does not care.
"""
import importlib
import pkgutil

IMAGES = 2, 7, 5, 4                                        # not square, odd sizes: one shape, since JAX compiles each anew

ROWS = {}
for _module in sorted(pkgutil.iter_modules(__path__), key=lambda module: module.name):
    _rows = importlib.import_module(f"{__name__}.{_module.name}").ROWS
    assert ROWS.keys().isdisjoint(_rows), f"{_module.name}: a name of a row occurs twice"
    ROWS.update(_rows)

CLASSES = sorted({row[0] for row in ROWS.values()})
BY_CLASS = {row[0]: name for name, row in ROWS.items()}   # one row of each class
