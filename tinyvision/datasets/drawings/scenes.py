"""Backgrounds: meadows, rooms, carpets, sofas, snow and studios, with things standing about in them."""
import math

import numpy as np

from .pen import blob, oval


def mixed(a, b, t):
    """The colour between a (t = 0) and b (t = 1)."""
    return tuple(round(x + (y - x) * t) for x, y in zip(a, b))


def any_colour(rng, low=40, high=235):
    """One that could be of anything."""
    colour = [rng.randrange(low, high) for _ in range(3)]
    return mixed(colour, [sum(colour) / 3] * 3, 0.35)      # few things are as bright as pure chance


def gradient(size, top, bottom):
    """A picture that goes from one colour to another."""
    from PIL import Image
    ramp = np.linspace(np.array(top), np.array(bottom), 16).round().astype(np.uint8)[:, None]      # (16, 1, 3)
    return Image.fromarray(ramp).resize((size, size), Image.Resampling.BILINEAR)


def background(rng, size):
    """A picture without an animal, (size, size), and the height of the ground's edge, from 0 (top) to 1."""
    kind = rng.choice((meadow, meadow, room, room, room, carpet, snow, studio, clutter))
    return kind(rng, size)


def meadow(rng, size):
    """Sky, hills and grass."""
    from PIL import ImageDraw
    far = rng.uniform(0.25, 0.65)
    canvas = gradient(size, rng.choice(((110, 170, 225), (150, 190, 230), (225, 160, 120), (160, 170, 185))), (225, 232, 235))
    draw = ImageDraw.Draw(canvas)
    for _ in range(rng.randrange(4)):                      # clouds
        x, y, w = rng.uniform(0, 1), rng.uniform(0, far * 0.7), rng.uniform(0.08, 0.2)
        for k in range(4):
            _disc(draw, size, x + (k - 1.5) * w * 0.5, y + rng.uniform(-0.02, 0.02), w * 0.5, w * 0.26, (244, 246, 248))
    for _ in range(rng.randrange(4)):                      # hills, and trees or roofs
        x, w, colour = rng.uniform(0, 1), rng.uniform(0.15, 0.5), mixed((90, 130, 100), (140, 160, 170), rng.random())
        if rng.random() < 0.5:
            _disc(draw, size, x, far, w, w * 0.5, colour)
        else:
            top = far - w * rng.uniform(0.4, 0.9)
            draw.polygon([(size * u, size * v) for u, v in ((x - w / 2, far), (x, top), (x + w / 2, far))], fill=colour)
    grass = mixed(rng.choice(((86, 142, 62), (120, 160, 70), (170, 160, 90), (96, 120, 70))), (60, 90, 50), rng.random() * 0.4)
    draw.rectangle((0, size * far, size, size), fill=grass)
    for _ in range(90):                                    # blades and flowers
        x, y = rng.uniform(0, 1), rng.uniform(far, 1.05)
        tall = 0.03 + 0.07 * (y - far)
        shade = mixed(grass, rng.choice(((30, 60, 20), (200, 220, 130))), rng.random() * 0.5)
        draw.line([size * x, size * y, size * (x + rng.uniform(-0.02, 0.02)), size * (y - tall)], fill=shade,
                  width=max(1, round(size * 0.006)))
    for _ in range(rng.randrange(8)):
        x, y = rng.uniform(0, 1), rng.uniform(far, 1)
        _disc(draw, size, x, y, 0.012, 0.012, rng.choice(((240, 230, 90), (230, 120, 150), (245, 245, 245), (150, 110, 210))))
    return canvas, far


def room(rng, size):
    """A wall with paper and what stands before it, and a floor."""
    from PIL import ImageDraw
    edge = rng.uniform(0.5, 0.8)
    wall = any_colour(rng, 90, 235)
    canvas = gradient(size, wall, mixed(wall, (60, 50, 50), 0.25))
    draw = ImageDraw.Draw(canvas)
    paper = mixed(wall, any_colour(rng), 0.25)
    pattern, step = rng.choice(("plain", "stripes", "dots")), rng.uniform(0.06, 0.16)
    for k in range(int(1 / step) + 1):
        if pattern == "stripes":
            draw.rectangle((size * k * step, 0, size * (k + 0.5) * step, size), fill=paper)
        elif pattern == "dots":
            for j in range(int(1 / step) + 1):
                _disc(draw, size, (k + 0.5 * (j % 2)) * step, j * step, step * 0.16, step * 0.16, paper)
    for _ in range(rng.randrange(3)):
        rng.choice((_frame, _frame, _plant, _sofa))(rng, draw, size, edge)
    wood = mixed(any_colour(rng, 70, 200), (150, 110, 70), 0.6)
    draw.rectangle((0, size * edge, size, size), fill=wood)
    draw.rectangle((0, size * edge, size, size * (edge + 0.02)), fill=mixed(wood, (250, 250, 250), 0.4))
    for k in range(1, 6):                                  # planks
        y = edge + (1 - edge) * (k / 5) ** 1.5
        draw.line([0, size * y, size, size * y], fill=mixed(wood, (40, 30, 20), 0.3), width=2)
    return canvas, edge


def _frame(rng, draw, size, edge):
    x, y, w, h = rng.uniform(0, 0.8), rng.uniform(0, 0.3), rng.uniform(0.12, 0.3), rng.uniform(0.12, 0.3)
    draw.rectangle((size * x, size * y, size * (x + w), size * (y + h)), fill=any_colour(rng))
    draw.rectangle((size * (x + 0.02), size * (y + 0.02), size * (x + w - 0.02), size * (y + h - 0.02)),
                   fill=any_colour(rng, 120, 245))


def _plant(rng, draw, size, edge):
    x, tall = rng.uniform(0, 1), rng.uniform(0.2, 0.45)
    for _ in range(9):
        a = rng.uniform(-1.0, 1.0)
        tip = (x + tall * math.sin(a) * 0.6, edge - tall * math.cos(a))
        leaf = blob([(x, edge - 0.05), (x + 0.35 * (tip[0] - x) - 0.02, (edge + tip[1]) / 2), tip,
                     (x + 0.65 * (tip[0] - x) + 0.03, (edge + tip[1]) / 2)])
        draw.polygon((leaf * size).ravel().tolist(), fill=mixed((60, 120, 60), (150, 180, 90), rng.random()))
    pot = [(-0.07, edge - 0.08), (0.07, edge - 0.08), (0.05, edge + 0.06), (-0.05, edge + 0.06)]
    draw.polygon([(size * (x + u), size * v) for u, v in pot], fill=any_colour(rng))


def _sofa(rng, draw, size, edge):
    x, w, colour = rng.uniform(-0.2, 0.6), rng.uniform(0.4, 0.8), any_colour(rng, 60, 210)
    for top, dark in ((edge - 0.3, 0.15), (edge - 0.12, 0.0)):
        draw.rounded_rectangle((size * x, size * top, size * (x + w), size * (edge + 0.06)), radius=size * 0.06,
                               fill=mixed(colour, (20, 20, 20), dark))


def carpet(rng, size):
    """Cloth with bands, seen from above."""
    from PIL import Image, ImageDraw
    base = any_colour(rng, 60, 220)
    canvas, other = Image.new("RGB", (size, size), base), mixed(base, any_colour(rng), 0.5)
    draw, step, tilt = ImageDraw.Draw(canvas), rng.uniform(0.08, 0.25), rng.uniform(-0.6, 0.6)
    for k in range(-8, int(1 / step) + 9):
        x = k * step
        if rng.random() < 0.8:
            draw.line([size * x, 0, size * (x + tilt), size], fill=other, width=max(1, round(size * step * 0.4)))
        if rng.random() < 0.3:
            draw.line([0, size * x, size, size * (x - tilt)], fill=mixed(base, (250, 250, 240), 0.3),
                      width=max(1, round(size * step * 0.2)))
    return canvas, 0.3


def snow(rng, size):
    """Or sand: a pale ground under a plain sky."""
    from PIL import ImageDraw
    edge = rng.uniform(0.25, 0.6)
    canvas = gradient(size, any_colour(rng, 110, 200), (215, 220, 228))
    ground = rng.choice(((236, 238, 243), (226, 208, 168), (190, 188, 186)))
    draw = ImageDraw.Draw(canvas)
    for _ in range(rng.randrange(5)):
        x, w = rng.uniform(0, 1), rng.uniform(0.02, 0.05)
        draw.rectangle((size * (x - w / 2), size * (edge - rng.uniform(0.1, 0.5)), size * (x + w / 2), size * edge),
                       fill=any_colour(rng, 50, 130))
    draw.rectangle((0, size * edge, size, size), fill=ground)
    for _ in range(6):
        _disc(draw, size, rng.uniform(0, 1), rng.uniform(edge + 0.05, 1), rng.uniform(0.1, 0.3), 0.02,
              mixed(ground, (120, 125, 150), 0.18))
    return canvas, edge


def studio(rng, size):
    """Nothing but light."""
    top = any_colour(rng, 40, 230)
    return gradient(size, top, mixed(top, rng.choice(((20, 20, 24), (250, 250, 250))), 0.4)), rng.uniform(0.4, 0.7)


def clutter(rng, size):
    """Shapes of all kinds, ears among them, as it were."""
    from PIL import ImageDraw
    base = any_colour(rng, 70, 200)
    canvas = gradient(size, base, any_colour(rng, 60, 210))
    draw = ImageDraw.Draw(canvas)
    for _ in range(rng.randrange(6, 16)):
        thing(rng, draw, size, rng.uniform(0, 1), rng.uniform(0, 1), rng.uniform(0.05, 0.16), mixed(base, any_colour(rng), 0.6))
    return canvas, 0.4


def thing(rng, draw, size, x, y, r, colour):
    """One thing that is no animal: a ball, a box, a triangle, a drop, a bowl, a cushion."""
    kind = rng.randrange(6)
    shift = lambda contour: ((np.asarray(contour) * r + [x, y]) * size).ravel().tolist()
    if kind == 0:
        draw.polygon(shift(oval(0, 0, 1)), fill=colour)
        draw.polygon(shift(oval(-0.3, -0.3, 0.25)), fill=mixed(colour, (255, 255, 255), 0.6))
    elif kind == 1:
        draw.polygon(shift([(-1, -0.8), (1, -0.8), (1, 0.8), (-1, 0.8)]), fill=colour)
        draw.polygon(shift([(-1, -0.8), (-0.6, -1.2), (1.4, -1.2), (1, -0.8)]), fill=mixed(colour, (255, 255, 255), 0.3))
    elif kind == 2:
        a = rng.uniform(-0.6, 0.6)
        draw.polygon(shift([(math.sin(a), -math.cos(a)), (0.8, 0.8), (-0.8, 0.8)]), fill=colour)
    elif kind == 3:
        draw.polygon(shift(blob([(0, -1.2), (0.6, 0.3), (0, 0.9), (-0.6, 0.3)])), fill=colour)
    elif kind == 4:
        draw.polygon(shift([(-1, 0), (1, 0), (0.7, 0.6), (-0.7, 0.6)]), fill=colour)
        draw.polygon(shift(oval(0, 0, 1, 0.25)), fill=mixed(colour, (30, 30, 30), 0.4))
    else:
        draw.polygon(shift(blob([(-1, -0.9), (0, -0.7), (1, -0.9), (0.8, 0), (1, 0.9), (0, 0.7), (-1, 0.9), (-0.8, 0)])),
                     fill=colour)


def _disc(draw, size, x, y, rx, ry, colour):
    draw.ellipse((size * (x - rx), size * (y - ry), size * (x + rx), size * (y + ry)), fill=colour)
