"""Images turned, stretched, sheared, shifted, and seen from elsewhere."""
from ... import kernels
from ...autograd import Tensor, as_tensor
from ...device import array_library
from ...op import op
from ..elementwise import cast, where
from ..indexing import concatenate, stack
from .arguments import as_batch, as_dtype, as_floats, as_given, as_number, one_of
from .sampling import FAR, away_from_0, check_fill_mode, sampled

ORDERS = {"nearest": 0, "bilinear": 1}


def affine_transform(images, transform, interpolation: str = "bilinear", fill_mode: str = "constant", fill_value: float = 0,
                     data_format: str | None = None) -> Tensor:
    """The image y whose pixel at (x, y) is that of `images` at ((a0 x + a1 y + a2) / k, (b0 x + b1 y + b2) / k).

    There k = c0 x + c1 y + 1; x counts columns and y rows, from 0. With c0 = c1 = 0 it is affine: parallels stay parallel.
    https://keras.io/api/ops/image/#affinetransform-function

    Keras 3.15 on JAX does not compute with c0 and c1 as its page says; here they are as on the page.

    Args:
        images: (N, H, W, C), or one image (H, W, C).
        transform: (a0, a1, a2, b0, b1, b2, c0, c1), for all images, or one for each: (8,) or (N, 8). It has a gradient,
            too, which is 0 with "nearest".
        interpolation: "bilinear" or "nearest".
        fill_mode: what lies outside of the images: "constant", "nearest", "wrap", "mirror" or "reflect"; see `map_coordinates`.
        fill_value: the number outside, with "constant".
        data_format: None or "channels_last", the one layout there is.

    Returns:
        The shape and dtype of the images; of integers, rounded.

    >>> affine_transform([[[1.0], [2.0], [3.0]]], [1, 0, 1, 0, 1, 0, 0, 0]).numpy()[0, :, 0]         # one to the left
    array([2., 3., 0.], dtype=float32)
    """
    x, transform = as_batch("affine_transform", images, data_format), as_tensor(transform)
    one_of("affine_transform", "interpolation", interpolation, list(ORDERS))
    check_fill_mode("affine_transform", fill_mode)
    as_number("affine_transform", "fill_value", fill_value)
    if transform.ndim not in (1, 2) or transform.shape[-1] != 8 or transform.shape[:-1] not in ((), (1,), x.shape[:1]):
        raise ValueError(f"affine_transform: it takes 8 numbers, or 8 for each of the {len(x)} images, got shape "
                         f"{transform.shape}")
    return as_given(_warped(x, transform, interpolation, fill_mode, fill_value), images)


def perspective_transform(images, start_points, end_points, interpolation: str = "bilinear", fill_value: float = 0,
                          data_format: str | None = None) -> Tensor:
    """Four points of an image go to four others, and straight lines stay straight: a picture seen from another side.

    https://keras.io/api/ops/image/#perspectivetransform-function

    Args:
        images: (N, H, W, C), or one image (H, W, C).
        start_points: four points (x, y), column and row, for all images or for each: (4, 2) or (N, 4, 2). No three on a line.
        end_points: where they go, in the same shape.
        interpolation: "bilinear" or "nearest".
        fill_value: what lies outside of the images.
        data_format: None or "channels_last", the one layout there is.

    Returns:
        The shape and dtype of the images.
    """
    x = as_batch("perspective_transform", images, data_format)
    one_of("perspective_transform", "interpolation", interpolation, list(ORDERS))
    as_number("perspective_transform", "fill_value", fill_value)
    points = []
    for name, p in ("start_points", as_tensor(start_points)), ("end_points", as_tensor(end_points)):
        if p.ndim not in (2, 3) or p.shape[-2:] != (4, 2) or p.shape[:-2] not in ((), (1,), x.shape[:1]):
            raise ValueError(f"perspective_transform: {name} are four points, or four for each of the {len(x)} images, (4, 2) "
                             f"or ({len(x)}, 4, 2), got shape {p.shape}")
        points.append(p.reshape(-1, 4, 2))
    return as_given(_warped(x, _homography(*points), interpolation, "constant", fill_value), images)


def _warped(x, transform, interpolation, fill_mode, fill_value):
    """Images (N, H, W, C) and transforms (8,), (1, 8) or (N, 8)."""
    if not transform.requires_grad:
        y = _warp(as_floats(x), transforms=transform.data.reshape(-1, 8).astype("float64"), interpolation=interpolation,
                  fill_mode=fill_mode, fill_value=fill_value)
        return as_dtype(away_from_0(y) if x.dtype.kind in "iu" else y, x.dtype)
    xp, (N, H, W, C), dtype = array_library(x.data), x.shape, as_floats(x).dtype
    a0, a1, a2, b0, b1, b2, c0, c1 = (cast(transform.reshape(-1, 8)[:, i], dtype.name).reshape(-1, 1, 1) for i in range(8))
    across, down = xp.arange(W, dtype=dtype), xp.arange(H, dtype=dtype)[:, None]
    k = c0 * across + c1 * down + 1
    nowhere = k == 0
    rows, columns = (where(nowhere, FAR, (u * across + v * down + w) / where(nowhere, 1, k))         # (N or 1, H, W)
                     for u, v, w in ((b0, b1, b2), (a0, a1, a2)))
    image = xp.arange(N)[:, None, None]
    return sampled(x.reshape(N * H * W, C), image, (H, W), [rows, columns], ORDERS[interpolation], fill_mode, fill_value)


@op
def _warp(x, *, transforms, interpolation, fill_mode, fill_value):
    """Images (N, H, W, C) and transforms that are constants, (1, 8) or (N, 8)."""
    return kernels.warping.warp(x, transforms, interpolation, fill_mode, fill_value)


@op
def _unwarp(g, *, transforms, interpolation, fill_mode):
    """The adjoint of _warp."""
    return kernels.warping.unwarp(g, transforms, interpolation, fill_mode)


_warp.gradient(x=lambda g, transforms, interpolation, fill_mode: _unwarp(
    g, transforms=transforms, interpolation=interpolation, fill_mode=fill_mode))
_unwarp.gradient(g=lambda g, **settings: _warp(g, fill_value=0.0, **settings))


def _homography(start, end):
    """The transforms (N, 8) that lead from the end points (N, 4, 2) back to the start points, in float64.

    Points (x, y) are written (x, y, 1), up to a factor. With factors such that the fourth is the sum of the other three, a
    matrix takes one three to the other, and so the fourth: the sum over i of (factor of p_i / factor of q_i) p_i (q_j x q_k)'.
    """
    p, q = ([_written(points, i) for i in range(4)] for points in (start, end))
    triples = (0, 1, 2), (1, 2, 0), (2, 0, 1)
    factors, areas = ([_dot(r[3], _cross(r[j], r[k])) for i, j, k in triples] for r in (p, q))
    total = sum((factors[i] * areas[j] * areas[k] * p[i])[:, :, None] * _cross(q[j], q[k])[:, None] for i, j, k in triples)
    _check_areas([*areas, _dot(q[0], _cross(q[1], q[2]))], total[:, 2, 2], end)
    return (total / total[:, 2:, 2:]).reshape(-1, 9)[:, :8]


def _check_areas(areas, last, end):
    """Refuse points with no transform, or one that cannot be written with 1 as its last number."""
    if not len(end):
        return
    smallest = 1e-12 * (1 + abs(end.data).max()) ** 2
    if any((abs(a.data) < smallest).any() for a in areas) or not last.data.all():
        raise ValueError("perspective_transform: no three of the four end points may lie on a line, and pixel (0, 0) must come "
                         f"from somewhere; got end points {end.detach().numpy().tolist()}")


def _written(points, i):
    x, y = (cast(points[:, i, j:j + 1], "float64") for j in (0, 1))
    return concatenate([x, y, x * 0 + 1], axis=1)


def _cross(a, b):
    """The cross product of vectors (N, 3)."""
    (a1, a2, a3), (b1, b2, b3) = ([v[:, i] for i in range(3)] for v in (a, b))
    return stack([a2 * b3 - a3 * b2, a3 * b1 - a1 * b3, a1 * b2 - a2 * b1], axis=1)


def _dot(a, b):
    """The product of vectors (N, 3): (N, 1)."""
    return (a * b).sum(axis=1, keepdims=True)
