"""What somebody wrote who had read lesson 09 and the docstrings, and nothing else: squeeze-and-excitation (Hu et al., 2018).

An op with a kernel of its own, and a layer made of layers; test_squeeze_excite.py checks and trains it.
"""
import numpy as np

from tinyvision import layers, ops
from tinyvision.extending import FLOATS, INTEGER, Tensor, empty, is_recording, job, kernel, op, share, version, vjp


# The formula, made of ops; on arrays it is the reference, too
def in_small_ops(x, s):
    """x (N, H, W, C) times s (N, C)."""
    N, C = s.shape
    return x * s.reshape((N, 1, 1, C))


# The kernels: references
@kernel
def scale_forward(x, s):
    """y, for x (N, H, W, C) and s (N, C)."""
    return in_small_ops(x, s)


@kernel
def scale_backward(g, x, s):
    """dx, and ds in the shape of s."""
    return in_small_ops(g, s), (g * x).sum(axis=(1, 2))


# The kernels: jobs. A part has whole images, so no two parts add to the same sum.
@job
def forward_job(part, parts, N: INTEGER, x: FLOATS, s: FLOATS, y: FLOATS):
    C, pixels = s.size // N, x.size // s.size              # pixels: of one image
    for row in share(N * pixels, part, parts):
        start = row // pixels * C
        here, own = slice(row * C, (row + 1) * C), slice(start, start + C)
        v, factor, out = x[here], s[own], y[here]
        for c in range(C):
            out[c] = v[c] * factor[c]


@job
def backward_job(part, parts, N: INTEGER, g: FLOATS, x: FLOATS, s: FLOATS, dx: FLOATS, ds: FLOATS):
    C, pixels = s.size // N, x.size // s.size
    for n in share(N, part, parts):
        own = slice(n * C, (n + 1) * C)
        factor, total = s[own], ds[own]
        total[:] = 0
        for row in range(n * pixels, (n + 1) * pixels):
            here = slice(row * C, (row + 1) * C)
            v, arrived, out = x[here], g[here], dx[here]
            for c in range(C):
                out[c] = arrived[c] * factor[c]
                total[c] += arrived[c] * v[c]


def serves(x, s, *others):
    """float32 throughout, and a factor for each channel of each image."""
    return (x.ndim == 4 and s.shape == (x.shape[0], x.shape[3]) and x.size > 0
            and all(a.dtype == np.float32 for a in (x, s, *others)))


@version(scale_forward, "job", serves)
def fast_forward(x, s):
    x, s = np.ascontiguousarray(x), np.ascontiguousarray(s)
    y = empty(x.shape)
    forward_job(len(s), x, s, y)
    return y


@version(scale_backward, "job", lambda g, x, s: serves(x, s, g))
def fast_backward(g, x, s):
    g, x, s = map(np.ascontiguousarray, (g, x, s))
    dx, ds = empty(x.shape), empty(s.shape)
    backward_job(len(s), g, x, s, dx, ds)
    return dx, ds


# The op
@op
def channel_scale(x, s):
    """Each channel of each image scaled by its own factor: y[n, h, w, c] = x[n, h, w, c] * s[n, c].

    Args:
        x: (N, H, W, C).
        s: (N, C).

    >>> channel_scale([[[[1.0, 2.0]]]], [[3.0, 4.0]])
    Tensor([[[[3., 8.]]]])
    """
    return scale_forward(x, s)


@channel_scale.gradient
def _(g, x, s):
    if is_recording():
        return vjp(in_small_ops, (x, s), g)
    return [Tensor(a) for a in scale_backward(g.data, x.data, s.data)]


# The layer
class SqueezeExcite(layers.Layer):
    """Scales each channel by a factor in 0 .. 1, computed from the means of all channels (Hu et al., 2018).

    Args:
        ratio: how many times fewer units than channels there are in between.

    Shapes: (N, H, W, C) -> (N, H, W, C).
    """

    def __init__(self, ratio=4, **settings):
        super().__init__(**settings)
        self.ratio = ratio

    def build(self, input_shape):
        C = input_shape[-1]
        self.squeeze = layers.Dense(max(1, C // self.ratio), activation="relu", dtype=self.dtype)
        self.excite = layers.Dense(C, activation="sigmoid", dtype=self.dtype)

    def call(self, x):
        return channel_scale(x, self.excite(self.squeeze(ops.mean(x, axis=(1, 2)))))


