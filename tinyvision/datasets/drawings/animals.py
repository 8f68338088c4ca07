"""The animals: bodies that stand, sit, lie and sleep, with their heads.

A body is about 3 units long. What looks the same for both species is drawn by the same lines; `pose` is one for both, `of`
draws the numbers that belong to the species.
"""
from .heads import cat_head, cat_profile, dog_head, dog_profile
from .pen import blob, limb, oval

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
