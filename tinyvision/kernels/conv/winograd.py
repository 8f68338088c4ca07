"""Winograd's convolution: 3x3 windows in steps of 1, with 2.25 (or 1.8) times fewer multiplications than the definition.

A polynomial product can be had by evaluating both factors at a few points, multiplying the values, and interpolating; a row of
m results of a 3-tap filter needs m + 2 points and so m + 2 multiplications in place of 3 m. In two dimensions
(Lavin and Gray, "Fast algorithms for convolutional neural networks", 2015), for each tile of m x m pixels of the output:

    V = B^T X B    the tile of the input that they see, (m + 2) x (m + 2), for each channel
    U = G K G^T    the kernel, once
    M = V U        at each of the (m + 2)^2 points a matrix product: tiles by channels, channels by filters
    Y = A^T M A    the m x m pixels of the output

All of this is linear, so the gradients are its transposes, in the same domain, on the same tiles:

    dM = A dY A^T      dV = dM U^T      dX = B dV B^T,  tiles overlap and add up      dU = V^T dM      dK = G^T dU G

The two-sided products are `sandwich`es; the matrix products, nearly all of the arithmetic, are `register_tile`s. Tiles go
through in chunks whose V and M stay in the cache. m is 4, or 3 where that wastes less at the edge (5x5 images).

Points are 0, 1, -1, 2, -2 and infinity; the larger the matrices' numbers, the more rounding. max|error| / max|result| against
float64, the largest over 32 to 512 channels: 7.1e-6 forward, 6.6e-6 for the input gradient, 5.3e-6 for the kernel gradient.
"""
import functools

import numpy as np

from .. import memory
from ..cores import get_num_threads
from ..jobs import BYTES, FLAG, FLOATS, INTEGER, NO_BYTES, NO_FLOATS, NUMBER, Job, all_floats, share, sizes
from ..planner import Cost
from ..registry import version
from ..vectors import (
    F32,
    LANES,
    PANEL,
    ROWS,
    inner,
    load,
    load_some,
    put_some,
    round_up,
    sandwich,
    some,
    spread,
    store,
    tile,
    tile_add,
)
from .block import conv_block_backward, conv_block_forward
from .direct import turned
from .epilogue import finish, finish_pooled, limit_of, padded, unfinished, unpool
from .reference import conv_forward, conv_input_gradient, conv_kernel_gradient

MATRICES = {                                               # m: B^T, A^T, G
    4: ([[4, 0, -5, 0, 1, 0], [0, -4, -4, 1, 1, 0], [0, 4, -4, -1, 1, 0], [0, -2, -1, 2, 1, 0], [0, 2, -1, -2, 1, 0],
         [0, 4, 0, -5, 0, 1]],
        [[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]],
        [[1/4, 0, 0], [-1/6, -1/6, -1/6], [-1/6, 1/6, -1/6], [1/24, 1/12, 1/6], [1/24, -1/12, 1/6], [0, 0, 1]]),
    3: ([[2, -1, -2, 1, 0], [0, -2, -1, 1, 0], [0, 2, -3, 1, 0], [0, -1, 0, 1, 0], [0, 2, -1, -2, 1]],
        [[1, 1, 1, 1, 0], [0, 1, -1, 2, 0], [0, 1, 1, 4, 1]],
        [[1/2, 0, 0], [-1/2, -1/2, -1/2], [-1/6, 1/6, -1/6], [1/6, 1/3, 2/3], [0, 0, 1]]),
}
PRODUCT_RATE, TRANSFORM_RATE = 0.75, 0.15                  # of the arithmetic peak
PIECE = 64                                                 # numbers of a sum that are added up in a row
CHUNK = 72                                                 # tiles that go through together
SKEW = 16                                                  # numbers between planes, which spread them over the cache


class Plan:
    """The sizes that all steps of a convolution share.

    Attributes:
        m: the tiles' size; points: (m + 2)^2.
        down, across: how many tiles cover an image.
        chunk: tiles that go through together.
        v, mm, u: the numbers in a plane of V, M and U.
    """

    def __init__(self, x_shape, filters, windows, pool):
        self.n, self.h, self.w, self.c = x_shape
        self.o, self.padded_o, self.padded_c = filters, round_up(filters, PANEL), round_up(self.c, PANEL)
        (self.oh, self.ow), ((self.top, _), (self.left, _)) = windows.output, windows.margins
        needed = (self.oh // 2 * 2, self.ow // 2 * 2) if pool else (self.oh, self.ow)
        self.m = 4 if pool else min(MATRICES, key=lambda m: -(-needed[0] // m) * -(-needed[1] // m) * (m + 2) ** 2)
        self.down, self.across = -(-needed[0] // self.m), -(-needed[1] // self.m)
        self.points, self.tiles = (self.m + 2) ** 2, self.n * self.down * self.across
        self.chunk = round_up(min(CHUNK, max(self.tiles, 1)), ROWS)
        self.v, self.mm = self.chunk * self.padded_c + SKEW, self.chunk * self.padded_o + SKEW
        self.u, self.du = self.c * self.padded_o + SKEW, round_up(self.c, ROWS) * self.padded_o + SKEW
        self.ut = self.o * self.padded_c + SKEW
        self.geometry = (self.h, self.w, self.c, self.oh, self.ow, self.o, self.top, self.left, self.down, self.across,
                         self.chunk)

    def workspace(self, parts):
        """V and M of a chunk, for each part."""
        return memory.empty((parts * self.points * (self.v + self.mm),))


GEOMETRY = sizes(11)                                       # Plan.geometry


@inner
def product(a, ai, ars, b, bi, c, ci, crs, K):
    """ROWS rows of a times a panel of b, summed in pieces: a transform makes ten of each unit of rounding in the sum."""
    tile(a, ai, ars, 0, 1, b, bi, PANEL, c, ci, crs, 1, min(K, PIECE))
    for k in range(PIECE, K, PIECE):
        tile_add(a, ai + k, ars, 0, 1, b, bi + k * PANEL, PANEL, c, ci, crs, 1, min(K - k, PIECE))


@functools.cache
def jobs(m):
    """The jobs for tiles of m x m pixels: (transform_kernel, forward, backward, untransform_kernel)."""
    bt, at, g = (np.array(matrix, float) for matrix in MATRICES[m])
    side, points = m + 2, (m + 2) ** 2
    to_v, to_u, to_y = sandwich(bt), sandwich(g), sandwich(at)
    to_dm, to_dx, add_to_dx, to_dk = sandwich(at.T), sandwich(bt.T), sandwich(bt.T, add=True), sandwich(g.T)

    def transform_kernel(part, parts, kernel: FLOATS, U: FLOATS, C: INTEGER, F: INTEGER, plane: INTEGER, swapped: FLAG):
        """U = G K G^T, packed in panels of filters: (points, F / PANEL, C, PANEL), zeros beyond the last filter.

        Swapped, the kernel lies in memory with its channels and filters exchanged, (3, 3, F, C).
        """
        patch = np.zeros(9 * LANES, F32)
        panels = round_up(F, PANEL) // PANEL
        for i in share(C * panels, part, parts):
            c, panel = i % C, i // C
            for v in range(0, PANEL, LANES):
                o, to = panel * PANEL + v, (panel * C + c) * PANEL + v
                if swapped:
                    for k in range(9):
                        for lane in range(LANES):
                            patch[k * LANES + lane] = kernel[(k * F + o + lane) * C + c] if o + lane < F else F32(0)
                    to_u(patch, 0, 3 * LANES, LANES, U, to, side * plane, plane)
                elif o + LANES <= F:
                    to_u(kernel, c * F + o, 3 * C * F, C * F, U, to, side * plane, plane)
                else:
                    for k in range(9):
                        store(patch, k * LANES, load_some(kernel, (k * C + c) * F + o, max(F - o, 0)) if o < F
                              else spread(F32(0)))
                    to_u(patch, 0, 3 * LANES, LANES, U, to, side * plane, plane)

    @inner
    def planes(workspace, part, geometry):
        """V and M of a part, each with the size of its planes."""
        C, F, chunk = geometry[2], geometry[5], geometry[10]
        v_plane, m_plane = chunk * round_up(C, PANEL) + SKEW, chunk * round_up(F, PANEL) + SKEW
        start = part * points * (v_plane + m_plane)
        middle = start + points * v_plane
        return workspace[start:middle], v_plane, workspace[middle:middle + points * m_plane], m_plane

    @inner
    def fill_v(x, V, v_plane, start, stop, patch, geometry):
        """V = B^T X B for the tiles start .. stop - 1. What lies outside the image counts as zero."""
        H, W, C, _, _, _, top, left, down, across, _ = geometry
        stride = round_up(C, PANEL)
        for t in range(start, stop):
            n, h, w = t // (down * across), t // across % down * m - top, t % across * m - left
            inside = h >= 0 and w >= 0 and h + side <= H and w + side <= W
            for c in range(0, C, LANES):
                at, to = ((n * H + h) * W + w) * C + c, (t - start) * stride + c
                if inside and c + LANES <= C:
                    to_v(x, at, W * C, C, V, to, side * v_plane, v_plane)
                else:
                    for i in range(side):
                        for j in range(side):
                            k = (i * side + j) * LANES
                            if 0 <= h + i < H and 0 <= w + j < W:
                                store(patch, k, some(x, at + (i * W + j) * C, C - c))
                            else:
                                store(patch, k, spread(F32(0)))
                    to_v(patch, 0, side * LANES, LANES, V, to, side * v_plane, v_plane)

    @inner
    def write_y(M, m_plane, start, stop, o0, o1, s, bias, y, positions, limit, pool, geometry):
        """Y = A^T M A, and what follows the convolution, for the tiles start .. stop - 1 and the filters o0 .. o1 - 1."""
        _, _, _, OH, OW, F, _, _, down, across, _ = geometry
        stride = round_up(F, PANEL)
        for t in range(start, stop):
            n, h, w = t // (down * across), t // across % down * m, t % across * m
            for o in range(o0, o1, LANES):
                to_y(M, (t - start) * stride + o, side * m_plane, m_plane, s, 0, m * LANES, LANES)
                if pool:
                    for i in range(0, min(m, OH - h) - 1, 2):
                        for j in range(0, min(m, OW - w) - 1, 2):
                            k, to = (i * m + j) * LANES, ((n * (OH // 2) + (h + i) // 2) * (OW // 2) + (w + j) // 2) * F + o
                            finish_pooled(s, k, k + LANES, k + m * LANES, k + (m + 1) * LANES, bias, o, limit,
                                          y, positions, to, F - o)
                else:
                    for i in range(min(m, OH - h)):
                        for j in range(min(m, OW - w)):
                            finish(s, (i * m + j) * LANES, bias, o, limit, y, ((n * OH + h + i) * OW + w + j) * F + o, F - o)

    def forward(part, parts, x: FLOATS, U: FLOATS, u_plane: INTEGER, bias: FLOATS, y: FLOATS, positions: BYTES, limit: NUMBER,
                pool: FLAG, tiles: INTEGER, workspace: FLOATS, geometry: GEOMETRY):
        """Parts share out the tiles; where these are few, the filters."""
        C, F, chunk = geometry[2], geometry[5], geometry[10]
        c_stride, o_stride = round_up(C, PANEL), round_up(F, PANEL)
        V, v_plane, M, m_plane = planes(workspace, part, geometry)
        patch, s = np.empty(points * LANES, F32), np.empty(m * m * LANES, F32)
        first, last, o0, o1 = tiles * part // parts, tiles * (part + 1) // parts, 0, o_stride
        if tiles < 32 * parts and o_stride >= parts * PANEL:
            panels = o_stride // PANEL
            first, last, o0, o1 = 0, tiles, panels * part // parts * PANEL, panels * (part + 1) // parts * PANEL
        for start in range(first, last, chunk):
            stop = min(start + chunk, last)
            fill_v(x, V, v_plane, start, stop, patch, geometry)
            for p in range(points):
                for o in range(o0, o1, PANEL):
                    for t in range(0, stop - start, ROWS):
                        product(V, p * v_plane + t * c_stride, c_stride, U, p * u_plane + o * C,
                                M, p * m_plane + t * o_stride + o, o_stride, C)
            write_y(M, m_plane, start, stop, o0, min(o1, F), s, bias, y, positions, limit, pool, geometry)

    @inner
    def fill_dm(dy, y, positions, M, m_plane, start, stop, s, db, relu, pool, geometry):
        """dM = A dY A^T for the tiles start .. stop - 1; the sum of dY goes to db."""
        _, _, _, OH, OW, F, _, _, down, across, _ = geometry
        stride = round_up(F, PANEL)
        for t in range(start, stop):
            n, h, w = t // (down * across), t // across % down * m, t % across * m
            for o in range(0, stride, LANES):
                if o >= F or h + m > OH or w + m > OW or pool:
                    for k in range(m * m):
                        store(s, k * LANES, spread(F32(0)))
                if o < F and pool:
                    for i in range(0, min(m, OH - h) - 1, 2):
                        for j in range(0, min(m, OW - w) - 1, 2):
                            k, at = (i * m + j) * LANES, ((n * (OH // 2) + (h + i) // 2) * (OW // 2) + (w + j) // 2) * F + o
                            unpool(dy, positions, at, s, k, k + LANES, k + m * LANES, k + (m + 1) * LANES, db, o, F - o)
                elif o < F:
                    for i in range(min(m, OH - h)):
                        for j in range(min(m, OW - w)):
                            at = ((n * OH + h + i) * OW + w + j) * F + o
                            store(s, (i * m + j) * LANES, unfinished(dy, y, at, relu, db, o, F - o))
                to_dm(s, 0, m * LANES, LANES, M, (t - start) * stride + o, side * m_plane, m_plane)

    @inner
    def add_dx(V, v_plane, dx, start, stop, patch, geometry):
        """dX += B dV B^T for the tiles start .. stop - 1, which overlap."""
        H, W, C, _, _, _, top, left, down, across, _ = geometry
        stride = round_up(C, PANEL)
        for t in range(start, stop):
            n, h, w = t // (down * across), t // across % down * m - top, t % across * m - left
            if t % (down * across) == 0:                   # a new image: its zeros are still in the cache when they are needed
                dx[n * H * W * C:(n + 1) * H * W * C] = 0
            inside = h >= 0 and w >= 0 and h + side <= H and w + side <= W
            for c in range(0, C, LANES):
                to, at = ((n * H + h) * W + w) * C + c, (t - start) * stride + c
                if inside and c + LANES <= C:
                    add_to_dx(V, at, side * v_plane, v_plane, dx, to, W * C, C)
                else:
                    to_dx(V, at, side * v_plane, v_plane, patch, 0, side * LANES, LANES)
                    for i in range(max(0, -h), min(side, H - h)):
                        for j in range(max(0, -w), min(side, W - w)):
                            k, pixel = (i * side + j) * LANES, to + (i * W + j) * C
                            put_some(dx, pixel, some(dx, pixel, C - c) + load(patch, k), C - c)

    def backward(part, parts, x: FLOATS, Ut: FLOATS, ut_plane: INTEGER, dy: FLOATS, y: FLOATS, positions: BYTES, relu: FLAG,
                 pool: FLAG, images: INTEGER, dx: FLOATS, dU: FLOATS, du_plane: INTEGER, db: FLOATS, wants_dx: FLAG,
                 wants_dk: FLAG, workspace: FLOATS, geometry: GEOMETRY):
        """Parts share out the images, and keep sums dU and db of their own."""
        C, F, down, across, chunk = geometry[2], geometry[5], geometry[8], geometry[9], geometry[10]
        c_stride, o_stride = round_up(C, PANEL), round_up(F, PANEL)
        V, v_plane, M, m_plane = planes(workspace, part, geometry)
        dU, db = dU[part * points * du_plane:(part + 1) * points * du_plane], db[part * o_stride:(part + 1) * o_stride]
        patch, s = np.empty(points * LANES, F32), np.empty(m * m * LANES, F32)
        if wants_dk:
            dU[:] = 0
        db[:] = 0
        last = images * (part + 1) // parts * down * across
        for start in range(images * part // parts * down * across, last, chunk):
            stop = min(start + chunk, last)
            fill_dm(dy, y, positions, M, m_plane, start, stop, s, db, relu, pool, geometry)
            if wants_dk:
                fill_v(x, V, v_plane, start, stop, patch, geometry)
                for p in range(points):
                    for o in range(0, F, PANEL):
                        for c in range(0, C, ROWS):        # dU += V^T dM
                            tile_add(V, p * v_plane + c, 1, 0, c_stride, M, p * m_plane + o, o_stride,
                                     dU, p * du_plane + c * o_stride + o, o_stride, 1, stop - start)
            if wants_dx:
                for p in range(points):
                    for c in range(0, C, PANEL):
                        for t in range(0, stop - start, ROWS):         # dV = dM U^T, over V
                            product(M, p * m_plane + t * o_stride, o_stride, Ut, p * ut_plane + c * F,
                                    V, p * v_plane + t * c_stride + c, c_stride, F)
                add_dx(V, v_plane, dx, start, stop, patch, geometry)

    def untransform_kernel(part, parts, dU: FLOATS, sums: INTEGER, du_plane: INTEGER, dk: FLOATS, C: INTEGER, F: INTEGER):
        """dK = G^T (the sum of the parts' dU) G."""
        s, found = np.empty(points * LANES, F32), np.empty(9 * LANES, F32)
        o_stride = round_up(F, PANEL)
        for c in share(C, part, parts):
            for o in range(0, F, LANES):
                for p in range(points):
                    total = load(dU, p * du_plane + c * o_stride + o)
                    for i in range(1, sums):
                        total = total + load(dU, (i * points + p) * du_plane + c * o_stride + o)
                    store(s, p * LANES, total)
                to_dk(s, 0, side * LANES, LANES, found, 0, 3 * LANES, LANES)
                for k in range(9):
                    put_some(dk, (k * C + c) * F + o, load(found, k * LANES), F - o)

    return [Job(function, f"winograd_{function.__name__}_{m}")
            for function in (transform_kernel, forward, backward, untransform_kernel)]


plan_of = functools.lru_cache(maxsize=1024)(Plan)          # the same Plan for the same arguments


def _serves(windows, channels, x, *others):
    """3x3 windows in steps of 1, all channels together, over float32."""
    return (windows.size == (3, 3) and windows.strides == (1, 1) and windows.dilation == (1, 1) and channels == x.shape[3]
            and all_floats(x, *others))


def _cost(plan, products, pool=False, prepared=False):
    """So many products at each point; for each, transforms of what goes in and comes out, and of a kernel not `prepared`."""
    bt, at, g = (sum(np.shape(a)) * np.count_nonzero(a) * 2 for a in MATRICES[plan.m])      # operations a channel
    transforms = products * (plan.tiles * (plan.c * bt + plan.o * at) + (0 if prepared else plan.c * plan.o * g))
    multiplications = products * 2 * plan.points * plan.tiles * plan.c * plan.o
    seconds = transforms / TRANSFORM_RATE + multiplications / PRODUCT_RATE                       # at a peak of 1
    maps = plan.n * (plan.h * plan.w * plan.c + plan.oh * plan.ow * plan.o / (4 if pool else 1))
    moved = maps + (1 if prepared else 2) * plan.points * plan.u
    workspace = get_num_threads() * plan.points * (plan.v + plan.mm) + plan.points * plan.u
    return Cost(transforms + multiplications, 4 * products * moved, 4 * workspace, (transforms + multiplications) / seconds)


def _transformed(kernel, plan, swapped=False, prepared=None):
    """U; swapped, that of the kernel with its channels and filters exchanged, which is U^T."""
    if prepared is not None and (U := prepared.get(("winograd", plan.m))) is not None:
        return U
    c, o, plane = (plan.o, plan.c, plan.ut) if swapped else (plan.c, plan.o, plan.u)
    U = memory.empty((plan.points * plane,))
    jobs(plan.m)[0](np.ascontiguousarray(kernel), U, c, o, plane, swapped)
    if prepared is not None:
        prepared["winograd", plan.m] = U
    return U


@version(conv_block_forward, "winograd",
         lambda x, kernel, bias, windows, relu, pool, prepared=None: _serves(windows, kernel.shape[2], x, kernel, bias),
         lambda x, kernel, bias, windows, relu, pool, prepared=None: _cost(
             plan_of(x.shape, kernel.shape[3], windows, pool), 1, pool, prepared is not None), exact=False)
def forward(x, kernel, bias, windows, relu, pool, prepared=None):
    plan, parts = plan_of(x.shape, kernel.shape[3], windows, pool), get_num_threads()
    oh, ow = (plan.oh // 2, plan.ow // 2) if pool else (plan.oh, plan.ow)
    y = memory.empty((plan.n, oh, ow, plan.o))
    positions = memory.empty(y.shape, np.uint8) if pool else NO_BYTES
    U, x = _transformed(kernel, plan, prepared=prepared), np.ascontiguousarray(x)
    jobs(plan.m)[1](x, U, plan.u, padded(bias, plan.padded_o), y, positions, limit_of(relu), pool,
                    plan.tiles, plan.workspace(parts), plan.geometry, parts=parts)
    return y, positions


@version(conv_block_backward, "winograd",
         lambda x, kernel, y, positions, dy, windows, relu, pool, wanted: _serves(windows, kernel.shape[2], x, kernel, y, dy),
         lambda x, kernel, y, positions, dy, windows, relu, pool, wanted: _cost(
             plan_of(x.shape, dy.shape[3], windows, pool), max(wanted[0] + wanted[1], 1), pool), exact=False)
def backward(x, kernel, y, positions, dy, windows, relu, pool, wanted):
    plan, parts = plan_of(x.shape, dy.shape[3], windows, pool), get_num_threads()
    parts = min(parts, plan.n)
    _, _, job, untransform = jobs(plan.m)
    dx = memory.empty(x.shape) if wanted[0] else None
    dU = memory.empty((parts * plan.points * plan.du,)) if wanted[1] else NO_FLOATS
    db = np.empty((parts, plan.padded_o), F32)
    Ut = _transformed(kernel, plan, swapped=True) if wanted[0] else NO_FLOATS
    x, y, positions, dy = map(np.ascontiguousarray, (x, y, positions, dy))
    job(x, Ut, plan.ut, dy, y, positions, relu, pool, plan.n,
        dx if wanted[0] else NO_FLOATS, dU, plan.du, db, wanted[0], wanted[1], plan.workspace(parts),
        plan.geometry, parts=parts)
    dk = None
    if wanted[1]:
        dk = np.empty((3, 3, plan.c, plan.o), F32)
        untransform(dU, parts, plan.du, dk, plan.c, plan.o)
    return dx, dk, db[:, :plan.o].sum(axis=0) if wanted[2] else None


@version(conv_forward, "winograd", lambda x, kernel, windows: _serves(windows, kernel.shape[2], x, kernel),
         lambda x, kernel, windows: _cost(plan_of(x.shape, kernel.shape[3], windows, False), 1), exact=False)
def plain_forward(x, kernel, windows):
    return forward(x, kernel, None, windows, False, False)[0]


@version(conv_input_gradient, "winograd",
         lambda dy, kernel, windows, groups: groups == 1 and _serves(windows, dy.shape[3], dy, kernel),
         lambda dy, kernel, windows, groups: _cost(plan_of(dy.shape, kernel.shape[2], turned(windows), False), 1), exact=False)
def input_gradient(dy, kernel, windows, groups):
    """The convolution of dy with the kernel turned by 180 degrees: its tiles do not overlap, and its error is smaller."""
    return plain_forward(dy, np.ascontiguousarray(kernel[::-1, ::-1].transpose(0, 1, 3, 2)), turned(windows))


@version(conv_kernel_gradient, "winograd",
         lambda x, dy, windows, groups: groups == 1 and _serves(windows, x.shape[3], x, dy),
         lambda x, dy, windows, groups: _cost(plan_of(x.shape, dy.shape[3], windows, False), 1), exact=False)
def kernel_gradient(x, dy, windows, groups):
    kernel = np.empty((3, 3, x.shape[3], 0), F32)          # its values do not matter
    return backward(x, kernel, NO_FLOATS, NO_BYTES, dy, windows, False, False, (False, True, False))[1]
