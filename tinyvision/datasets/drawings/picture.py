"""A whole picture: a scene, an animal in it, light, blur and noise.

All that does not belong to the species (background, coat, pose, size, place and light) is chosen by functions that are not told
which one it will be. So nothing of that tells one from the other.
"""
import math
import random
from types import SimpleNamespace

import numpy as np

from .animals import HEAD, REACH, animal
from .pen import Pen, outwards, oval
from .scenes import any_colour, background, mixed, thing

COATS = [(38, 34, 36), (66, 62, 66), (104, 104, 110), (150, 150, 154), (196, 192, 188), (236, 232, 224), (232, 212, 176),
         (214, 160, 98), (200, 128, 62), (164, 100, 54), (122, 82, 54), (84, 58, 44), (176, 150, 120), (120, 124, 136)]
IRISES = [(150, 190, 80), (214, 180, 60), (200, 130, 50), (110, 170, 200), (120, 84, 44), (90, 130, 70)]
BODIES = ["head"] * 5 + ["standing"] * 3 + ["sitting"] * 3 + ["sitting in front"] * 3 + ["lying"] * 2 + ["curled"]


def draw_animal(kind: str, number: int, size: int = 180, seed: int = 0, close_up: bool = False) -> np.ndarray:
    """A drawing of a cat or a dog, uint8 (size, size, 3): the `number`-th of a seed, always the same.

    Args:
        kind: "cat" or "dog".
        number: which one.
        size: height and width in pixels.
        seed: another seed, other drawings.
        close_up: only heads, from the front and large: fewer are needed to learn from.
    """
    if kind not in ("cat", "dog"):
        raise ValueError(f'kind is "cat" or "dog", got {kind!r}')
    scene, of = random.Random(f"{kind} {seed} {number} scene"), random.Random(f"{kind} {seed} {number}")
    fine = max(2, math.ceil(180 / size))
    canvas, ground = background(scene, fine * size)
    _things(scene, canvas, ground)
    canvas.paste((0, 0, 0), (0, 0), _dusk(scene, canvas))
    pose = _pose(scene, close_up)
    pen = _placed(scene, canvas, pose)
    pose.coat = pen.coat = Coat(scene, pen)
    _shadow(scene, pen, pose)
    animal(pen, pose, of, kind == "cat")
    _in_front(scene, canvas)
    return _through_a_camera(scene, canvas, size)


def _things(rng, canvas, ground):
    from PIL import ImageDraw
    draw, size = ImageDraw.Draw(canvas), canvas.width
    for _ in range(rng.choice((0, 0, 1, 1, 2, 3))):
        colour = rng.choice(COATS) if rng.random() < 0.4 else any_colour(rng)
        thing(rng, draw, size, rng.uniform(0, 1), rng.uniform(ground, 1), rng.uniform(0.04, 0.12), colour)


def _dusk(rng, canvas):
    """Backgrounds are as bright as the animals, on the average: or else dark places would be those with an animal."""
    from PIL import Image
    return Image.new("L", canvas.size, rng.randrange(150) if rng.random() < 0.75 else 0)


def _pose(rng, close_up):
    """What the animal does and how it looks, whatever it is."""
    pose = SimpleNamespace(
        body="head" if close_up else rng.choice(BODIES), width=rng.uniform(0.94, 1.08), head_size=rng.uniform(1.05, 1.35),
        tilt=rng.gauss(0, 0.12), turn=rng.uniform(-0.8, 0.8), stride=rng.uniform(-0.3, 0.3), arch=rng.uniform(-0.5, 1.5),
        eye_size=rng.uniform(0.9, 1.15), open=rng.uniform(0.75, 1.0), slit=rng.uniform(0.22, 0.6), iris=rng.choice(IRISES))
    pose.asleep = pose.body == "curled" or rng.random() < 0.05
    pose.profile = not close_up and rng.random() < {"standing": 0.5, "sitting": 0.5, "head": 0.2}.get(pose.body, 0)
    pose.head_size = 1.0 if pose.body == "head" else pose.head_size
    pose.collar = any_colour(rng, 30, 230) if rng.random() < 0.2 else None
    pose.nose = rng.choice(((206, 128, 128), (60, 48, 48), (150, 96, 88)))
    pose.ear = mixed((224, 160, 156), rng.choice(COATS), rng.uniform(0.2, 0.8))
    pose.whisker = rng.choice(((245, 245, 245), (245, 245, 245), (60, 56, 56)))
    return pose


def _placed(rng, canvas, pose):
    """A pen that puts the animal somewhere into the frame; parts of it may be cut off, but hardly ever the head."""
    left, top, right, bottom = REACH[pose.body]
    share = rng.uniform(0.6, 1.1) if pose.body == "head" else rng.uniform(0.75, 1.3)
    scale, mirror, lean = share / max(right - left, bottom - top), rng.random() < 0.5, rng.gauss(0, 0.12)
    pen = Pen(canvas, np.eye(2) * canvas.width, (0, 0)).at(0, 0, scale, lean, mirror)
    slack = max(0.2, (1 - share) / 2 + 0.08)
    middle = np.array([0.5 + rng.uniform(-slack, slack), 0.5 + rng.uniform(-slack, slack)])
    pen.origin = middle * canvas.width - pen.matrix @ [(left + right) / 2, (top + bottom) / 2]
    head = pen.on_canvas([HEAD[pose.body]])[0] / canvas.width
    pen.origin += (np.clip(head, (0.2, 0.3), (0.8, 0.8)) - head) * canvas.width
    return pen


def _shadow(rng, pen, pose):
    """On the ground, below the animal."""
    from PIL import Image, ImageDraw
    if pose.body == "head":
        return
    left, _, right, bottom = REACH[pose.body]
    mask = Image.new("L", pen.canvas.size)
    contour = pen.on_canvas(oval((left + right) / 2, bottom - 0.12, (right - left) * 0.42, 0.2))
    ImageDraw.Draw(mask).polygon(contour.ravel().tolist(), fill=rng.randrange(50, 130))
    pen.canvas.paste((20, 18, 24), (0, 0), mask)


class Coat:
    """Colours, markings and how ruffled the fur is; `textures` says what parts are cut from, a colour or a picture as
    large as the canvas, and how dark they are, 0 to 255."""

    def __init__(self, rng, pen):
        self.base = self._varied(rng, rng.choice(COATS))
        self.second = self._varied(rng, rng.choice([c for c in COATS if abs(sum(c) - sum(self.base)) > 100]))
        if rng.random() < 0.5:                             # often the markings are a darker tone of the coat
            self.second = mixed(self.base, (30, 22, 20) if sum(self.base) > 240 else (220, 210, 200), rng.uniform(0.35, 0.6))
        self.marking = rng.choice(("plain", "plain", "stripes", "stripes", "spots", "patches", "points"))
        self.stripes = self.marking == "stripes"
        pale = mixed(self.base, (250, 246, 240), rng.uniform(0.4, 0.95))
        self.muzzle = rng.choice((pale, pale, mixed(self.base, (0, 0, 0), 0.12), mixed(self.base, (255, 255, 255), 0.18)))
        self.bib, self.blaze = rng.random() < 0.5, rng.random() < 0.3
        dark = sum(self.base) < 200
        self.outline = mixed(self.base, (255, 250, 245) if dark else (16, 10, 8), rng.uniform(0.25, 0.4) if dark
                             else rng.uniform(0.5, 0.75))
        self.rim = mixed(self.outline, (10, 8, 8), 0.0 if dark else 0.5)
        self.fluff, self.line = rng.choice((0, 0, 0.02, 0.045)) * pen.scale, pen.canvas.width * rng.uniform(0.003, 0.006)
        self.shadow = rng.uniform(3, 6)                    # its part of the light is missing in the shadow
        self.light = np.array([rng.uniform(-1, 1), -1.0]) * pen.scale * rng.uniform(0.05, 0.12)
        self.teeth = random.Random(rng.random())
        self.textures = self._textures(rng, pen)

    @staticmethod
    def _varied(rng, colour):
        return tuple(min(255, max(0, c + rng.randrange(-14, 15))) for c in colour)

    def _textures(self, rng, pen):
        cloth = self.base
        if self.marking in ("stripes", "spots", "patches"):
            cloth = pen.canvas.copy()
            cloth.paste(self.base, (0, 0, *cloth.size))
            self._mark(rng, Pen(cloth, pen.matrix, pen.origin))
        points = self.second if self.marking in ("points", "patches") and rng.random() < 0.8 else cloth
        face = self.base if self.stripes else cloth        # a striped one has stripes of its own in its face
        return {"near": (cloth, 0), "far": (cloth, 46), "points": (points, 0), "face": (face, 0)}

    def _mark(self, rng, pen):
        if self.marking == "stripes":
            x = -3.2
            while x < 3.2:
                x += rng.uniform(0.16, 0.34)
                pen.line([(x, -3), (x + rng.uniform(-0.2, 0.2), -0.6), (x + rng.uniform(-0.2, 0.2), 0.6), (x, 3)],
                         rng.uniform(0.05, 0.11), self.second)
        elif self.marking == "spots":
            for _ in range(70):
                pen.fill(oval(rng.uniform(-2.2, 2.2), rng.uniform(-2, 2), rng.uniform(0.06, 0.18), rng.uniform(0.06, 0.14)),
                         self.second)
        elif self.marking == "patches":
            for _ in range(6):
                pen.fill(oval(rng.uniform(-1.8, 1.8), rng.uniform(-1.6, 1.6), rng.uniform(0.3, 0.8), rng.uniform(0.25, 0.6),
                              rng.uniform(0, 3)), self.second)

    def ruffled(self, contour):
        """A contour in points of the canvas, with tufts if the fur is long."""
        if not self.fluff:
            return contour
        tufts = np.array([self.teeth.uniform(-1, 1) for _ in contour])[:, None] * self.fluff
        return contour + outwards(contour) * tufts


def _in_front(rng, canvas):
    """Sometimes a thing stands before the animal, at an edge of the frame."""
    from PIL import ImageDraw
    if rng.random() < 0.15:
        thing(rng, ImageDraw.Draw(canvas), canvas.width, rng.choice((0.03, 0.97)), rng.uniform(0.2, 1),
              rng.uniform(0.06, 0.14), any_colour(rng))


def _through_a_camera(rng, canvas, size):
    """Made smaller, lit, blurred and noisy."""
    from PIL import ImageFilter
    picture = canvas.reduce(canvas.width // size)
    blur = rng.choice((0, 0, 0.5, 0.8, 1.2)) * size / 180
    if blur:
        picture = picture.filter(ImageFilter.GaussianBlur(blur))
    warmth, exposure, contrast = rng.gauss(0, 0.05), rng.uniform(0.8, 1.15), rng.uniform(0.85, 1.15)
    a, strength, ramp = rng.uniform(0, 2 * math.pi), rng.uniform(0, 0.25), np.linspace(-1, 1, size, dtype="float32")
    light = 1 + strength * (math.cos(a) * ramp[None, :] + math.sin(a) * ramp[:, None])
    gain = (exposure * light)[..., None] * np.array([1 + warmth, 1, 1 - warmth], "float32")
    x = gain * (contrast * np.asarray(picture, "float32") + 128 * (1 - contrast))
    x += rng.uniform(0, 7) * np.random.default_rng(rng.getrandbits(63)).standard_normal((size, size, 1), dtype="float32")
    return np.clip(x + 0.5, 0, 255).astype(np.uint8)
