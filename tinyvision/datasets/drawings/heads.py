"""The heads of the animals, from the front and from the side: about 2 units high, the middle at (0, 0).

What looks the same for both species is drawn by the same lines; `pose` is one for both, `of` draws the numbers that belong to
the species.
"""
import math

from .pen import blob, oval

BLACK, WHITE, TONGUE = (24, 20, 20), (250, 248, 244), (222, 104, 116)


# From the front. `turn` is how far the head looks to the side, -1 to 1: what stands out moves farther than what lies deep.

def cat_head(pen, pose, of):
    """From the front: pointed ears, slit pupils, a small nose, long whiskers."""
    looks = pose.coat
    turn, width = pose.turn, pose.width * of.uniform(1.0, 1.1)
    height, spread = of.uniform(0.68, 0.95), of.uniform(0.62, 0.82)
    for side in (-1, 1):
        near = 1 - 0.18 * side * turn
        ear = [(0.16, -0.62), (0.26 * near, -1.0), (spread * near, -0.62 - height), (0.86 * near + 0.04, -0.9), (0.93, -0.2)]
        place = lambda points, side=side: [(side * x * width + 0.1 * turn, y) for x, y in points]
        pen.fur(_pointed(place(ear), 2), shade="points")
        inner = [(0.36 * near, -0.72), (spread * near - 0.02, -0.44 - height), (0.8 * near, -0.5)]
        pen.fill(_pointed(place(inner), 1), pose.ear)
    half = [(0.0, -0.84), (0.5 * width, -0.78), (0.9 * width, -0.32), (1.0 * width, 0.16), (0.82 * width, 0.52), (0.42, 0.76)]
    pen.fur(blob(half + [(0.0, 0.82)] + [(-x, y) for x, y in half[:0:-1]]), shade="face")
    face = lambda x, y, out=0.25: (x * math.cos(0.8 * turn) * width + out * turn + 0.25 * turn * abs(x), y)
    if looks.stripes:
        for x in (-0.22, 0.0, 0.22):
            pen.line([face(x * 1.2, -0.76), face(x, -0.45)], 0.07, looks.second)
        for side in (-1, 1):
            pen.line([face(side * 0.58, 0.24), face(side * (0.8 - 0.15 * abs(turn)), 0.14)], 0.06, looks.second)
    for side in (-1, 1):
        x, y = face(side * of.uniform(0.40, 0.44), -0.06)
        _cat_eye(pen, x, y, pose.eye_size * 0.245, 1 - 0.2 * side * turn, pose, side)
    lobes = [oval(*face(side * 0.17, 0.42, 0.34), 0.25, 0.19) for side in (-1, 1)]
    for lobe in (oval(*face(0, 0.56, 0.32), 0.16, 0.13), *lobes):
        pen.fill(lobe, looks.muzzle)
    x, y = face(0, 0.25, 0.38)
    pen.fill(blob([(x - 0.13, y - 0.05), (x, y - 0.07), (x + 0.13, y - 0.05), (x, y + 0.1)]), pose.nose)
    pen.line([(x, y + 0.08), (x, y + 0.17)], 0.035, looks.outline)
    for side in (-1, 1):
        pen.line([(x, y + 0.17), (x + side * 0.12, y + 0.25), (x + side * 0.26, y + 0.2)], 0.035, looks.outline)
        _whiskers(pen, x, y, side, pose, of)


def _pointed(points, tip):
    """A smooth contour with one sharp corner, the point number `tip`."""
    near = [points[tip]] * 2
    return blob([*points[:tip], *near, *points[tip + 1:]])


def _cat_eye(pen, x, y, size, squeeze, pose, side):
    if pose.asleep:
        pen.line([(x - size, y), (x, y + 0.45 * size), (x + size, y)], 0.05, pose.coat.outline)
        return
    wide, high = size * squeeze, size * 0.86 * pose.open
    slant = side * 0.16
    pen.fill(oval(x, y, wide * 1.16, high * 1.2, slant), pose.coat.rim)
    pen.fill(oval(x, y, wide, high, slant), pose.iris)
    pen.fill(oval(x + 0.05 * pose.turn, y, wide * pose.slit, high * 0.94), BLACK)
    pen.fill(oval(x - 0.07, y - 0.08, size * 0.2), WHITE)


def _whiskers(pen, x, y, side, pose, of):
    for k in (-1, 0, 1):
        length = of.uniform(0.75, 1.05)
        points = [(x + side * 0.28, y + 0.15 + 0.06 * k), (x + side * (0.28 + length / 2), y + 0.1 + 0.15 * k),
                  (x + side * (0.28 + length), y + 0.16 + 0.26 * k)]
        pen.line(points, 0.022, pose.whisker)


def dog_head(pen, pose, of):
    """From the front: ears that hang, fold or stand, round pupils, a long muzzle with a large nose, sometimes a tongue."""
    looks, turn, ears = pose.coat, pose.turn, of.choice(("hanging", "hanging", "hanging", "folded", "erect"))
    width, jaw, length = pose.width * of.uniform(0.9, 1.02), of.uniform(0.36, 0.56), of.uniform(0.85, 1.08)
    if ears != "hanging":
        _dog_ears(pen, pose, of, ears, width)
    half = [(0.0, -0.86), (0.46 * width, -0.8), (0.8 * width, -0.42), (0.8 * width, 0.06), (jaw + 0.16, 0.45),
            (jaw * 0.8, 0.86 * length)]
    lean = lambda x, y: (x + 0.22 * turn * max(0, y), y)
    pen.fur(blob([lean(*p) for p in half + [(0.0, 0.98 * length)] + [(-x, y) for x, y in half[:0:-1]]]), shade="face")
    if ears == "hanging":
        _dog_ears(pen, pose, of, ears, width)
    face = lambda x, y, out=0.2: (x * math.cos(0.8 * turn) * width + out * turn + 0.2 * turn * abs(x), y)
    if looks.blaze:
        pen.fill(blob([face(-0.09, -0.75), face(0.09, -0.75), face(0.13, 0.1, 0.4), face(-0.13, 0.1, 0.4)]), looks.muzzle)
    for side in (-1, 1):
        x, y = face(side * of.uniform(0.34, 0.42), -0.16)
        _dog_eye(pen, x, y, pose.eye_size * 0.155, pose)
    if of.random() < 0.45 and not pose.asleep:
        x, y = face(0.06, 0.8 * length, 0.5)
        tongue = of.uniform(0.28, 0.48)
        pen.fill(blob([(x - 0.15, y - 0.1), (x + 0.15, y - 0.1), (x + 0.17, y + tongue * 0.6), (x, y + tongue),
                       (x - 0.16, y + tongue * 0.6)]),
                 TONGUE)
        pen.line([(x, y), (x, y + tongue * 0.6)], 0.03, (180, 70, 84))
    pen.fill(oval(*face(0, 0.5 * length, 0.46), jaw, 0.4 * length), looks.muzzle)
    pen.fill(oval(*face(0, 0.3, 0.44), jaw * 0.62, 0.42), looks.muzzle)
    x, y = face(0, 0.27, 0.54)
    pen.line([(x, y + 0.12), (x, y + 0.36)], 0.045, looks.outline)
    for side in (-1, 1):
        pen.line([(x, y + 0.36), (x + side * 0.2, y + 0.47), (x + side * jaw * 0.85, y + 0.34)], 0.045, looks.outline)
    pen.fill(blob([(x - 0.2, y - 0.07), (x, y - 0.13), (x + 0.2, y - 0.07), (x + 0.13, y + 0.1), (x, y + 0.16),
                   (x - 0.13, y + 0.1)]), BLACK)
    pen.fill(oval(x - 0.06, y - 0.06, 0.06, 0.03), (140, 134, 134))


def _dog_ears(pen, pose, of, ears, width):
    turn, drop, wide = pose.turn, of.uniform(0.1, 0.75), of.uniform(0.3, 0.44)
    for side in (-1, 1):
        near = 1 - 0.18 * side * turn
        place = lambda points, side=side: [(side * x * width + 0.06 * turn, y) for x, y in points]
        if ears == "hanging":
            ear = [(0.5, -0.74), (0.82 * near, -0.72), (0.98 * near + 0.05, -0.2), (0.98 * near + 0.1, drop),
                   (0.8 * near, drop + 0.24), (0.98 * near - wide, drop), (0.66, -0.3)]
            pen.fur(blob(place(ear)), shade="points")
        elif ears == "folded":
            pen.fur(blob(place([(0.28, -0.7), (0.5 * near, -1.12), (0.82 * near, -1.06), (0.88, -0.5)])), shade="points")
            pen.fur(_pointed(place([(0.4 * near, -1.08), (0.86 * near, -1.12), (0.98 * near, -0.52 + 0.2 * drop),
                                    (0.62 * near, -0.84)]), 2), shade="far")
        else:
            tall = of.uniform(0.6, 0.9)
            ear = [(0.2, -0.66), (0.3 * near, -1.0), (0.6 * near, -0.66 - tall), (0.78 * near, -0.95), (0.82, -0.4)]
            pen.fur(_pointed(place(ear), 2), shade="points")
            pen.fill(_pointed(place([(0.36 * near, -0.8), (0.58 * near, -0.5 - tall), (0.7 * near, -0.72)]), 1), pose.ear)


def _dog_eye(pen, x, y, size, pose):
    if pose.asleep:
        pen.line([(x - size, y), (x, y + 0.5 * size), (x + size, y)], 0.05, pose.coat.outline)
        return
    pen.fill(oval(x, y, size * 1.2, size * 1.15 * pose.open), pose.coat.rim)
    pen.fill(oval(x, y, size, size * pose.open), pose.iris)
    pen.fill(oval(x + 0.03 * pose.turn, y, size * 0.66, size * 0.66 * pose.open), BLACK)
    pen.fill(oval(x - 0.05, y - 0.05, size * 0.3), WHITE)


# From the side, looking to the right

def cat_profile(pen, pose, of):
    """A round head with a short face."""
    looks, height = pose.coat, of.uniform(0.6, 0.85)
    pen.fur(_pointed([(-0.1, -0.7), (0.1, -1.0), (0.2, -0.62 - height * 0.9), (0.42, -0.6)], 2), shade="far")
    pen.fur(blob([(-0.84, 0.1), (-0.7, -0.52), (-0.2, -0.86), (0.36, -0.78), (0.72, -0.36), (0.96, 0.08), (1.0, 0.28),
                  (0.86, 0.5), (0.5, 0.66),
                  (-0.1, 0.78), (-0.64, 0.6)]), shade="face")
    pen.fur(_pointed([(-0.5, -0.66), (-0.4, -1.0), (-0.2, -0.68 - height), (0.06, -1.0), (0.16, -0.62)], 2), shade="points")
    pen.fill(_pointed([(-0.36, -0.74), (-0.2, -0.5 - height), (0.0, -0.74)], 1), pose.ear)
    pen.fill(oval(0.72, 0.36, 0.24, 0.19), looks.muzzle)
    if looks.stripes:
        for y in (0.0, 0.2):
            pen.line([(0.1, y + 0.04), (-0.2, y), (-0.5, y + 0.06)], 0.06, looks.second)
    _cat_eye(pen, 0.5, -0.14, pose.eye_size * 0.22, 0.7, pose, 0.6)
    pen.fill(blob([(0.9, 0.06), (1.04, 0.08), (1.03, 0.2), (0.93, 0.17)]), pose.nose)
    pen.line([(0.98, 0.24), (0.82, 0.42), (0.62, 0.4)], 0.035, looks.outline)
    _whiskers(pen, 0.95, 0.2, -1, pose, of)
    _whiskers(pen, 0.5, 0.2, 1, pose, of)


def dog_profile(pen, pose, of):
    """A head with a long muzzle."""
    looks, ears, long = pose.coat, of.choice(("hanging", "hanging", "folded", "erect")), of.uniform(1.3, 1.75)
    tall, deep = of.uniform(0.55, 0.85), of.uniform(0.0, 0.12)
    if ears == "erect":
        pen.fur(_pointed([(-0.2, -0.7), (0.0, -1.0), (0.06, -0.6 - tall), (0.24, -0.6)], 2), shade="far")
    if of.random() < 0.45 and not pose.asleep:
        pen.fill(blob([(long - 0.6, 0.4), (long - 0.25, 0.42), (long - 0.2, 0.75), (long - 0.34, 0.95), (long - 0.48, 0.75)]),
                 TONGUE)
    pen.fur(blob([(-0.8, 0.1), (-0.68, -0.5), (-0.2, -0.82), (0.34, -0.7), (0.62, -0.34), (long - 0.5, -0.2),
                  (long - 0.08, -0.13), (long, 0.1),
                  (long - 0.1, 0.38 + deep), (long - 0.6, 0.5 + deep), (0.4, 0.62), (-0.1, 0.74), (-0.62, 0.58)]), shade="face")
    pen.fill(blob([(long - 0.55, 0.08), (long - 0.1, 0.05), (long - 0.12, 0.34 + deep), (long - 0.6, 0.44 + deep)]),
             looks.muzzle)
    pen.line([(long - 0.06, 0.22), (long - 0.5, 0.3), (0.46, 0.34)], 0.045, looks.outline)
    pen.fill(oval(long - 0.06, -0.04, 0.16, 0.13), BLACK)
    _dog_eye(pen, 0.42, -0.3, pose.eye_size * 0.15, pose)
    if ears == "hanging":
        drop = of.uniform(0.3, 0.7)
        pen.fur(blob([(-0.42, -0.68), (-0.06, -0.66), (0.12, -0.1), (0.02, drop), (-0.24, drop + 0.12), (-0.5, drop - 0.14),
                      (-0.52, -0.2)]), shade="points")
    elif ears == "folded":
        pen.fur(blob([(-0.5, -0.66), (-0.36, -1.02), (-0.02, -1.02), (0.04, -0.64)]), shade="points")
        pen.fur(_pointed([(-0.34, -1.04), (0.02, -1.02), (0.3, -0.5), (-0.1, -0.72)], 2), shade="far")
    else:
        pen.fur(_pointed([(-0.5, -0.66), (-0.44, -1.0), (-0.26, -0.66 - tall), (0.0, -1.0), (0.06, -0.66)], 2), shade="points")
        pen.fill(_pointed([(-0.38, -0.76), (-0.26, -0.5 - tall), (-0.06, -0.78)], 1), pose.ear)
