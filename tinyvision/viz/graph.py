"""Graphs, drawn from top to bottom: what the engine recorded behind a Tensor, or the layers of a model.

The drawing is Sugiyama's: each box stands one row below the lowest of those that it was made from; an arrow that passes several
rows gets a bend in each; within the rows, boxes move towards the mean of their neighbours, which takes out most crossings.
"""
from collections import defaultdict
from typing import TYPE_CHECKING

from ..autograd import Tensor
from .canvas import BLUE, GREEN, GREY, ORANGE

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SWEEPS = 12                                                # up and down the rows
WIDTH, HEIGHT = 1.35, 0.72                                 # of a box and the room around it, in inches
COLORS = {"leaf": BLUE, "op": GREY, "output": ORANGE, "bend": GREEN}


class Box:
    """What stands in the drawing: a text, or a bend of an arrow."""

    def __init__(self, text, kind):
        self.text, self.kind, self.row, self.x, self.above, self.below = text, kind, 0, 0.0, [], []
        self.width = 0.25 if kind == "bend" else max(1.0, 0.09 * max(map(len, text.split("\n"))) / WIDTH + 0.15)


def graph(of, names: dict | None = None, title=None) -> "Figure":
    """What a Tensor was made from, or how the layers of a model follow each other.

    Args:
        of: a Tensor that remembers how it was made, or a functional or Sequential model.
        names: {text: Tensor}, what to call leaves. Weights have names already.
        title: of the figure.

    >>> from tinyvision import tensor
    >>> x = tensor([1.0, 2.0], requires_grad=True)
    >>> figure = graph((x * x).sum(), names={"x": x})
    """
    boxes = _of_tensor(of, names or {}) if isinstance(of, Tensor) else _of_model(of)
    rows = _in_rows(boxes)
    _arrange(rows)
    return _drawn(rows, title)


def _of_tensor(t, names):
    """A box for each node and leaf behind a Tensor."""
    if t.node is None:
        raise ValueError("graph: this Tensor does not remember how it was made: it is a leaf, or no input had "
                         "requires_grad=True, or it was made inside no_grad()")
    words, boxes, todo = {id(leaf): name for name, leaf in names.items()}, {}, [t.node]

    def box(place):
        if place not in boxes:
            if isinstance(place, Tensor):
                name = words.get(id(place)) or getattr(place, "path", "leaf")
                boxes[place] = Box(f"{name}\n{_shape(place.shape)}", "leaf")
            else:
                boxes[place] = Box(f"{place.op.name}\n{_shape(place.shape)}", "output" if place is t.node else "op")
                todo.append(place)
        return boxes[place]

    box(todo.pop())
    while todo:
        place = todo.pop()
        for edge in place.edges:
            _join(box(edge), boxes[place])
    return list(boxes.values())


def _of_model(model):
    """A box for each call of a layer."""
    if not getattr(model, "_calls_inside", None):
        raise TypeError(f"graph: takes a Tensor, or a functional or Sequential model that is built, got {type(model).__name__}")
    ends = {id(t) for t in model.outputs}
    boxes = {id(t): Box(f"{t.call.layer.name}\n{_shape(t.shape)}", "leaf") for t in model.inputs}
    found = list(boxes.values())
    for call in model._calls_inside:
        outputs = [t for t in (call.outputs if isinstance(call.outputs, (list, tuple)) else [call.outputs])]
        kind = "output" if any(id(t) in ends for t in outputs) else "op"
        here = Box(f"{call.layer.name}\n{type(call.layer).__name__}\n{_shape(outputs[0].shape)}", kind)
        found.append(here)
        for t in call.inputs:
            _join(boxes[id(t)], here)
        boxes.update((id(t), here) for t in outputs)
    return found


def _shape(shape):
    return " x ".join("N" if n is None else str(n) for n in shape) or "one number"


def _join(above, below):
    above.below.append(below)
    below.above.append(above)


def _in_rows(boxes):
    """The boxes row by row; leaves stand just above the first box that uses them; long arrows get bends."""
    waiting, todo = {box: len(box.above) for box in boxes}, [box for box in boxes if not box.above]
    while todo:
        box = todo.pop()
        for other in box.below:
            other.row = max(other.row, box.row + 1)
            waiting[other] -= 1
            if not waiting[other]:
                todo.append(other)
    for box in boxes:
        if not box.above and box.below:
            box.row = min(other.row for other in box.below) - 1
    rows = defaultdict(list)
    for box in boxes:
        rows[box.row].append(box)
        for i, other in enumerate(box.below):
            if other.row > box.row + 1:
                box.below[i] = _bent(box, other, rows)
    return [rows[row] for row in sorted(rows)]


def _bent(box, other, rows):
    """Bends from a box down to another, several rows below; the first of them."""
    other.above.remove(box)
    first = last = None
    for row in range(box.row + 1, other.row):
        bend = Box("", "bend")
        bend.row = row
        rows[row].append(bend)
        first = first or bend
        bend.above.append(last or box)
        if last:
            last.below.append(bend)
        last = bend
    _join(last, other)
    return first


def _arrange(rows):
    """Give each box its x: near the mean of its neighbours, and not over others of its row."""
    for row in rows:
        _apart(row)
    for sweep in range(SWEEPS):
        down = sweep % 2 == 0
        for row in rows if down else rows[::-1]:
            for box in row:
                neighbours = (box.above if down else box.below) or box.above or box.below
                box.x = sum(other.x for other in neighbours) / len(neighbours) if neighbours else box.x
            row.sort(key=lambda box: box.x)
            _apart(row)


def _apart(row):
    """Push the boxes of a row apart, to both sides of where they want to be."""
    wanted = sum(box.x for box in row) / len(row)
    for left, right in zip(row, row[1:]):
        right.x = max(right.x, left.x + (left.width + right.width) / 2)
    shift = wanted - sum(box.x for box in row) / len(row)
    for box in row:
        box.x += shift


def _drawn(rows, title):
    from matplotlib.figure import Figure

    boxes = [box for row in rows for box in row]
    left, right = min(box.x - box.width / 2 for box in boxes), max(box.x + box.width / 2 for box in boxes)
    figure = Figure(figsize=(max((right - left) * WIDTH, 3), len(rows) * HEIGHT + (0.4 if title else 0)), layout="constrained")
    ax = figure.subplots()
    ax.set(xlim=(left, right), ylim=(len(rows) - 0.5, -0.5))
    ax.set_axis_off()
    drawn = {box: ax.text(box.x, box.row, box.text, ha="center", va="center", fontsize=8, color="white", zorder=3, bbox={
        "boxstyle": "round,pad=0.35", "facecolor": COLORS[box.kind], "edgecolor": "none"}) for box in boxes if box.text}
    for box in drawn:
        for other in box.below:
            line = [(box.x, box.row)]
            while other.kind == "bend":
                line.append((other.x, other.row))
                other, = other.below
            _arrow(ax, [*line, (other.x, other.row)], drawn[box], drawn[other])
    if title:
        ax.set_title(title)
    return figure


def _arrow(ax, points, start, end):
    """An arrow along the points, which begins and ends at the edges of two boxes."""
    ax.plot(*zip(*points[:-1]), color=GREY, linewidth=1, zorder=1)
    ax.annotate("", points[-1], points[-2], zorder=2, arrowprops={
        "arrowstyle": "-|>", "color": GREY, "linewidth": 1, "patchB": end.get_bbox_patch(), "shrinkB": 0, "shrinkA": 0})
