"""The animals: heads from the front and from the side, and bodies that stand, sit, lie and sleep.

A head is about 2 units high, its middle at (0, 0); a body about 3 units long. What looks the same for both species is drawn by
the same lines; `pose` is one for both, `of` draws the numbers that belong to the species.
"""
import math

from .pen import blob, limb, oval

BLACK, WHITE, TONGUE = (24, 20, 20), (250, 248, 244), (222, 104, 116)


# Heads. `turn` is how far the head looks to the side, -1 to 1: what stands out moves farther than what lies deep.

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


# Heads from the side, looking to the right

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


# Bodies, looking to the right. Each draws the body and returns where its head goes: x, y, size.

def _tail(pen, x, y, pose, of, cat):
    """From where it begins to the left: a cat's long and of one width, a dog's shorter and tapered."""
    if cat:
        up, hook, long = of.uniform(-0.5, 1.0), of.choice((-1, 1)), of.uniform(0.8, 1.1)
        points = [(x, y), (x - 0.5 * long, y + 0.1 - 0.3 * up), (x - 1.0 * long, y - 0.7 * up),
                  (x - 1.1 * long - 0.2 * hook, y - 0.5 - 0.8 * up)]
        pen.fur(limb(points, 0.24, 0.18), shade="points")
    else:
        shape, long = of.choice(("sabre", "curl", "hanging")), of.uniform(0.7, 1.1)
        points = {"sabre": [(x, y), (x - 0.45 * long, y - 0.25), (x - 0.7 * long, y - 0.85 * long)],
                  "curl": [(x, y), (x - 0.35, y - 0.5), (x + 0.05, y - 0.85), (x + 0.3, y - 0.55)],
                  "hanging": [(x, y), (x - 0.3, y + 0.2), (x - 0.42, y + 0.9 * long)]}[shape]
        pen.fur(limb(points, 0.3, 0.1), shade="points")


def standing(pen, pose, of, cat):
    """On four legs, or walking."""
    long, leg, thick = (1.25, of.uniform(0.95, 1.15), 0.25) if cat else (1.2, of.uniform(1.0, 1.4), 0.27)
    belly, stride = (of.uniform(0.36, 0.5), pose.stride) if cat else (of.uniform(0.2, 0.42), pose.stride)
    _tail(pen, -long + 0.08, -0.32, pose, of, cat)
    for x, phase in ((0.82, -stride), (-0.8, stride)):
        pen.fur(limb([(x, 0.1), (x + 0.5 * phase, 0.6), (x + phase, leg)], thick * 1.3, thick * 0.9),
                oval(x + phase + 0.1, leg, 0.2, 0.12), shade="far")
    head = (long + (0.3 if cat else 0.42), -0.78 if cat else -1.02, 0.62)
    neck = blob([(0.55, -0.55), (head[0] - 0.35, head[1] - 0.1), (head[0] + 0.15, head[1] + 0.3), (long + 0.05, 0.1),
                 (0.7, 0.3)])
    body = blob([(-long, -0.1), (-long + 0.12, -0.46), (-0.4, -0.56 - 0.1 * cat * pose.arch), (0.3, -0.48), (0.8, -0.58),
                 (long, -0.2), (long - 0.12, 0.3),
                 (0.75, 0.5), (0.0, belly), (-0.6, belly - 0.06), (-1.0, 0.34)])
    hind = limb([(-0.84, 0.1), (-1.0 - 0.4 * stride, 0.62), (-0.86 - stride, leg)], thick * 1.7, thick * 0.9)
    fore = limb([(0.76, 0.1), (0.78 + 0.5 * stride, 0.6), (0.76 + stride, leg)], thick * 1.4, thick * 0.95)
    pen.fur(neck, body, oval(-0.8, 0.1, 0.42, 0.48), hind, fore, oval(-0.76 - stride, leg, 0.21, 0.12),
            oval(0.86 + stride, leg, 0.21, 0.12))
    return head


def sitting(pen, pose, of, cat):
    """From the side."""
    lean = of.uniform(0.0, 0.25)
    if not cat:
        around = [(-0.8, 0.95), (-1.2, 0.9), (-1.5, of.uniform(0.3, 1.0))]
    elif of.random() < 0.5:                                # a cat's tail lies around its paws, or stands out behind it
        around = [(-0.8, 0.95), (-0.4, 1.2), (0.4, 1.22), (0.9, of.uniform(0.95, 1.15))]
    else:
        around = [(-0.8, 0.95), (-1.4, 1.1), (-1.7, 0.6), (-1.5, of.uniform(-0.1, 0.3))]
    if around[-1][0] < 0:
        pen.fur(limb(around, *((0.24, 0.18) if cat else (0.28, 0.1))), shade="points")
    pen.fur(limb([(0.55, 0.1), (0.66, 0.6), (0.7, 1.1)], 0.3, 0.24), oval(0.78, 1.1, 0.2, 0.12), shade="far")
    head = (0.42 - lean, -1.26 if cat else -1.4, 0.66)
    body = blob([(-0.95, 0.9), (-0.88, 0.2), (-0.45 - lean, -0.6), (-0.05 - lean, -1.1), (0.62 - lean, -1.0), (0.7, -0.3),
                 (0.62, 0.4), (0.4, 1.0), (-0.4, 1.12)])
    pen.fur(body, limb([(0.38, 0.0), (0.44, 0.6), (0.48, 1.12)], 0.36, 0.25), oval(-0.38, 0.66, 0.52, 0.44),
            oval(0.58, 1.12, 0.22, 0.12), oval(0.05, 1.1, 0.34, 0.13))
    if around[-1][0] > 0:
        pen.fur(limb(around, 0.22, 0.18), shade="points")
    return head


def sitting_in_front(pen, pose, of, cat):
    """From the front."""
    side = of.choice((-1, 1))
    if not cat:
        tail = [(0.6, 0.95), (1.0, 0.9), (1.3, of.uniform(0.3, 0.9))]
    elif of.random() < 0.6:
        tail = [(0.6, 0.95), (1.15, 1.1), (1.3, 0.6), (1.2, of.uniform(0.0, 0.4))]
    else:                                                  # around the paws
        tail = [(0.7, 0.9), (0.9, 1.22), (0.3, 1.3), (-0.3, 1.26)]
    tail = limb([(side * x, y) for x, y in tail], *((0.24, 0.18) if cat else (0.28, 0.1)))
    pen.fur(tail, shade="points")
    shoulder = of.uniform(0.46, 0.56) if cat else of.uniform(0.54, 0.66)
    half = [(0.0, -0.85), (0.4, -0.75), (shoulder, -0.3), (0.68, 0.4), (0.84, 0.86), (0.5, 1.1)]
    pen.fur(blob(half + [(0.0, 1.1)] + [(-x, y) for x, y in half[:0:-1]]), *[oval(s * 0.66, 1.06, 0.3, 0.15) for s in (-1, 1)])
    if pose.coat.bib:
        pen.fill(blob([(0.0, -0.7), (0.32, -0.55), (0.24, 0.2), (0.0, 0.5), (-0.24, 0.2), (-0.32, -0.55)]), pose.coat.muzzle)
    for s in (-1, 1):
        pen.fur(limb([(s * 0.27, -0.1), (s * 0.25, 0.5), (s * 0.25, 1.08)], 0.36, 0.27), oval(s * 0.25, 1.1, 0.21, 0.13))
    return 0.0, -1.12 if cat else -1.2, 0.7


def lying(pen, pose, of, cat):
    """On its belly, like a sphinx."""
    end = of.uniform(0.1, 0.6)
    tail = [(-1.25, 0.45), (-1.8, 0.55), (-2.0, end)] if cat else [(-1.25, 0.4), (-1.7, 0.5), (-1.95, end)]
    pen.fur(limb(tail, *((0.24, 0.19) if cat else (0.28, 0.1))), shade="points")
    pen.fur(limb([(0.8, 0.5), (1.3, 0.52), (1.7, 0.54)], 0.3, 0.24), shade="far")
    head = (0.98, -0.62 if cat else -0.74, 0.66)
    body = blob([(-1.4, 0.3), (-1.15, -0.25), (-0.5, -0.42 - 0.1 * cat * pose.arch), (0.2, -0.36), (0.7, -0.75), (1.2, -0.6),
                 (1.22, 0.2), (1.0, 0.62), (0.0, 0.66), (-1.1, 0.66)])
    pen.fur(body, oval(-0.85, 0.26, 0.54, 0.42), oval(-0.5, 0.62, 0.4, 0.13),
            limb([(0.8, 0.3), (1.15, 0.6), (1.85, 0.62)], 0.34, 0.25))
    return head


def curled(pen, pose, of, cat):
    """Asleep, rolled up."""
    pen.fur(oval(0.0, 0.0, 1.35, 0.88), shade="near")
    pen.fur(oval(-0.65, 0.18, 0.66, 0.54), limb([(-0.2, 0.7), (0.3, 0.8), (0.9, 0.72)], 0.32, 0.24))
    tail = [(-1.3, 0.2), (-1.1, 0.72), (-0.4, 0.92), (0.4, 0.92)] if cat else [(-1.3, 0.2), (-1.15, 0.65), (-0.7, 0.85)]
    pen.fur(limb(tail, *((0.24, 0.2) if cat else (0.28, 0.12))), shade="points")
    return 0.8, 0.16, 0.6


BODIES = {"standing": standing, "sitting": sitting, "sitting in front": sitting_in_front, "lying": lying, "curled": curled}
REACH = {                                                  # left, top, right, bottom
    "standing": (-1.9, -1.6, 2.2, 1.3), "sitting": (-1.5, -2.1, 1.4, 1.3), "sitting in front": (-1.2, -2.0, 1.2, 1.3),
    "lying": (-1.9, -1.5, 1.9, 0.8), "curled": (-1.5, -1.0, 1.6, 1.0), "head": (-1.1, -1.4, 1.1, 1.1)}
HEAD = {"standing": (1.55, -0.9), "sitting": (0.3, -1.33), "sitting in front": (0, -1.16), "lying": (0.98, -0.68),
        "curled": (0.8, 0.16), "head": (0, 0)}


def animal(pen, pose, of, cat):
    """The whole animal, or its head and shoulders."""
    if pose.body == "head":
        wide = of.uniform(0.75, 0.95)
        pen.fur(blob([(-wide, 2.6), (-wide, 1.2), (-0.5, 0.5), (0.5, 0.5), (wide, 1.2), (wide, 2.6)]), shade="far")
        if pose.coat.bib:
            pen.fill(blob([(-0.4, 1.0), (0.4, 1.0), (0.3, 1.8), (0.0, 2.2), (-0.3, 1.8)]), pose.coat.muzzle)
        x, y, size = 0.0, 0.0, 1.0
    else:
        x, y, size = BODIES[pose.body](pen, pose, of, cat)
    if pose.collar:
        pen.at(x, y, size, pose.tilt).fill(blob([(-0.55, 0.7), (0.0, 0.95), (0.55, 0.7), (0.6, 0.92), (0.0, 1.2),
                                                 (-0.6, 0.92)]), pose.collar)
    head = pen.at(x, y, size * pose.head_size, pose.tilt)
    if pose.profile:
        (cat_profile if cat else dog_profile)(head, pose, of)
    else:
        (cat_head if cat else dog_head)(head, pose, of)
