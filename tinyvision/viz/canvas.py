"""What all pictures share: colours, panels, and files. matplotlib is imported when the first picture is drawn."""
import math
from pathlib import Path

from ..files import replacing

# From the palette of Okabe and Ito, whose colours the colour-blind can tell apart.
BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#666666"
COLORS = BLUE, ORANGE, GREEN, "#CC79A7", "#E69F00", "#56B4E9"          # of things that are compared, one after the other


def save(figure, path) -> Path:
    """Write a figure to a file; its ending (".png", ".svg", ".pdf") says how. Returns the path."""
    with replacing(path) as temporary:
        figure.savefig(temporary, dpi=150)
    return Path(path)


def panels(count, columns=None, width=4.0, height=3.0):
    """A new figure, and its axes in reading order."""
    from matplotlib.figure import Figure

    columns = columns or max(count, 1)
    rows = math.ceil(count / columns) or 1
    figure = Figure(figsize=(columns * width, rows * height), layout="constrained")
    return figure, figure.subplots(rows, columns, squeeze=False).reshape(-1)
