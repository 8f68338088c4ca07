"""A pen for animals: smooth contours, limbs and fur, in coordinates of the animal's own.

Coordinates are lists of (x, y), y down. The pen draws on a canvas that is several times as large as the picture will be, so
that its hard edges come out soft.
"""
import math

import numpy as np

STEPS = np.linspace(0, 1, 6, endpoint=False)[:, None]
CATMULL_ROM = np.concatenate([-STEPS + 2 * STEPS ** 2 - STEPS ** 3, 2 - 5 * STEPS ** 2 + 3 * STEPS ** 3,
                              STEPS + 4 * STEPS ** 2 - 3 * STEPS ** 3, STEPS ** 3 - STEPS ** 2], axis=1) / 2       # (6, 4)
ANGLES = np.linspace(0, 2 * np.pi, 26, endpoint=False)
CIRCLE = np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1)


# Contours: arrays (points, 2)

def blob(points):
    """A closed smooth curve through the points (a Catmull-Rom spline)."""
    p = np.asarray(points, "float64")
    four = np.stack([np.roll(p, 1, 0), p, np.roll(p, -1, 0), np.roll(p, -2, 0)])             # (4, points, 2)
    return np.einsum("sk,kpc->psc", CATMULL_ROM, four).reshape(-1, 2)


def curve(points):
    """An open smooth curve through the points."""
    p = np.asarray(points, "float64")
    p = np.concatenate([p[:1], p, p[-1:]])
    four = np.stack([p[:-3], p[1:-2], p[2:-1], p[3:]])
    return np.concatenate([np.einsum("sk,kpc->psc", CATMULL_ROM, four).reshape(-1, 2), p[-1:]])


def oval(x, y, rx, ry=None, turn=0.0):
    """An ellipse, turned clockwise by `turn` radians."""
    c, s = math.cos(turn), math.sin(turn)
    return CIRCLE * [rx, ry or rx] @ [[c, s], [-s, c]] + [x, y]


def limb(points, start, end):
    """A leg or a tail: a tube along a smooth curve, whose width goes from `start` to `end`, with round ends."""
    middle = curve(points)
    along = np.gradient(middle, axis=0)
    along /= np.hypot(*along.T)[:, None] + 1e-9
    across = along[:, ::-1] * [-1, 1]
    width = np.linspace(start, end, len(middle))[:, None] / 2
    tip = middle[-1] + width[-1] * [math.cos(a) * across[-1] + math.sin(a) * along[-1] for a in (0.5, 1.05, 1.57, 2.1, 2.64)]
    return np.concatenate([middle + across * width, tip, (middle - across * width)[::-1]])


def outwards(contour):
    """The direction out of a closed contour at each of its points, of length 1."""
    along = np.roll(contour, -1, 0) - np.roll(contour, 1, 0)
    across = along[:, ::-1] * [1, -1] / (np.hypot(*along.T)[:, None] + 1e-9)
    return across if (contour * across).sum() > (contour.mean(0) * across).sum() else -across


class Pen:
    """Draws in coordinates of its own on a canvas that it shares with the pens made of it by `at`.

    Args:
        canvas: an RGB image of Pillow's.
        matrix, origin: a point (x, y) lies on the canvas at matrix @ (x, y) + origin.
        coat: the `Coat` of `fur`.
    """

    def __init__(self, canvas, matrix, origin, coat=None):
        self.canvas, self.draw = canvas, drawn_on(canvas)
        self.matrix, self.origin, self.coat = np.asarray(matrix, "float64"), np.asarray(origin, "float64"), coat
        self.scale = math.sqrt(abs(np.linalg.det(self.matrix)))

    def at(self, x, y, scale=1.0, turn=0.0, mirror=False):
        """A pen whose origin lies at (x, y) of this one, larger by `scale`, turned clockwise, mirrored from left to right."""
        c, s = math.cos(turn) * scale, math.sin(turn) * scale
        matrix = self.matrix @ [[c, -s], [s, c]] @ np.diag([-1.0 if mirror else 1.0, 1.0])
        return Pen(self.canvas, matrix, self.on_canvas([(x, y)])[0], self.coat)

    def on_canvas(self, points):
        """The points in pixels of the canvas."""
        return np.asarray(points, "float64") @ self.matrix.T + self.origin

    def fill(self, contour, colour):
        """A part without an outline, in one colour."""
        self.draw.polygon(self.on_canvas(contour).ravel().tolist(), fill=colour)

    def line(self, points, width, colour):
        """A smooth line through the points."""
        points = self.on_canvas(curve(points))
        width = max(1, round(width * self.scale))
        self.draw.line(points.ravel().tolist(), fill=colour, width=width, joint="curve" if width > 4 else None)

    def fur(self, *contours, shade="near"):
        """Parts of the animal in its coat: one outline around all of them, then the parts, each with a rim in shadow."""
        contours = [self.coat.ruffled(self.on_canvas(contour)) for contour in contours]
        for contour in contours:
            self.draw.polygon((contour + outwards(contour) * self.coat.line).ravel().tolist(), fill=self.coat.outline)
        for contour in contours:
            _paint(self.canvas, contour, *self.coat.textures[shade], self.coat.light, self.coat.shadow)


def drawn_on(canvas):
    """What Pillow draws with on a canvas."""
    from PIL import ImageDraw
    return ImageDraw.Draw(canvas)


def _paint(canvas, contour, cloth, dark, light, shadow):
    """Cut a part from the cloth, a colour or a picture as large as the canvas. Its rim away from the light lies in shadow."""
    from PIL import Image, ImageChops
    low = np.maximum(np.floor(contour.min(0)), 0).astype(int)
    high = np.minimum(np.ceil(contour.max(0)) + 1, canvas.size).astype(int)
    if (high <= low).any():
        return
    box = (*low.tolist(), *high.tolist())
    mask, lit = (Image.new("L", (high - low).tolist()) for _ in range(2))
    drawn_on(mask).polygon((contour - low).ravel().tolist(), fill=255)
    drawn_on(lit).polygon((contour - low + light).ravel().tolist(), fill=255)
    canvas.paste(cloth if isinstance(cloth, tuple) else cloth.crop(box), box, mask)
    canvas.paste((0, 0, 0), box, ImageChops.subtract(mask, lit, shadow))
    if dark:
        canvas.paste((0, 0, 0), box, ImageChops.multiply(mask, Image.new("L", mask.size, dark)))
