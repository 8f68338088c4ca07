"""Values and gradients of the ops, against Keras in float64; what Keras lacks, against PyTorch, NumPy or a naive loop."""
import functools
import operator

import numpy as np
import pytest
from samples import CONV, CONV_TRANSPOSE, NOT_IN_KERAS, OPS, POOL, ROWS, by_name, first

from tinyvision import Tensor, config, grad, ops, tensor
from tinyvision.kernels.random import uniform
from tinyvision.kernels.random.reference import philox

from .oracle import BACKEND, tolerance, vjp
from .record import agree

ROWS_OF_KERAS = [pytest.param(row, id=f"{name}-{i}") for name, rows in ROWS.items() if name not in NOT_IN_KERAS
                 for i, row in enumerate(rows)]


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_keras_has_all_other_ops(keras):
    assert {name for name in OPS if not hasattr(keras.ops.image if "." in name else keras.ops, name.rpartition(".")[2])} == NOT_IN_KERAS


def as_keras_takes_it(keras, row):
    """Keras's op, with what Keras 3.15 on JAX needs."""
    function = by_name(operator.attrgetter(row.name)(keras.ops))
    if row.name in ("max_pool", "average_pool") and row.arguments.get("strides") is None:     # there it raises
        return lambda **how: function(**{**how, "strides": how["pool_size"]})
    if row.name == "image.gaussian_blur":                  # by itself it takes images for channels-first
        return functools.partial(function, **{"data_format": "channels_last"})
    if row.name == "image.affine_transform":               # there c0 and c1 are not what its page says: so its page it is
        return lambda images, transform, **how: warped(keras, images, transform, **how)
    if row.name == "image.perspective_transform":          # there the points are taken in float32, and not shared by a batch
        return lambda images, start_points, end_points, **how: warped(
            keras, images, homographies(keras.ops, start_points, end_points), **how)
    if row.name == "one_hot":                              # there classes from 256 on are 0 again, if x is of uint8
        return lambda x, **how: function(x.astype("int32"), **how)
    if row.name == "sparse_categorical_crossentropy" and row.arguments.get("axis", -1) != -1:     # there it raises, too
        return lambda target, output, axis, **how: function(target, keras.ops.moveaxis(output, axis, -1), **how)
    if row.name == "dot_product_attention":                # there its softmax is in float32
        return by_name(lambda **how: attention_by_its_formula(keras.ops, **how))
    if row.arguments.get("limits") is not None:            # tinyvision's own
        return lambda limits, **how: keras.ops.clip(function(**how), *limits)
    return function


def attention_by_its_formula(k, query, key, value, bias=0, mask=True, scale=None, is_causal=False):
    """softmax(query @ key * scale + bias) @ value, in small steps of keras.ops."""
    key, value = (k.repeat(x, query.shape[2] // x.shape[2], axis=2) for x in (key, value))
    scores = k.einsum("btnh,bsnh->bnts", query, key) * (query.shape[3] ** -0.5 if scale is None else scale) + bias
    seen = k.logical_and(mask, np.tri(*scores.shape[2:], dtype=bool) if is_causal else True)
    return k.einsum("bnts,bsnh->btnh", k.softmax(k.where(seen, scores, -np.inf)), value)


@pytest.mark.parametrize("row", [ROWS["dot_product_attention"][i] for i in (1, 2, 4)])         # it refuses the others on JAX
def test_attention_is_that_of_keras_to_its_own_accuracy(keras, row):
    theirs = keras.ops.dot_product_attention(**row.arguments)
    agree(("op", row.name, repr(row)), row(*row.leaves).data, theirs, tolerance=1e-6, dtype="float32")


def warped(keras, images, transform, interpolation="bilinear", fill_mode="constant", fill_value=0, data_format=None):
    """The formula on the page of Keras's affine_transform, with its map_coordinates for each image and channel."""
    k, order = keras.ops, {"nearest": 0, "bilinear": 1}[interpolation]
    H, W, C = images.shape[-3:]
    batch = k.reshape(images, (-1, H, W, C))
    a0, a1, a2, b0, b1, b2, c0, c1 = k.moveaxis(k.broadcast_to(transform, (len(batch), 8)) + np.zeros(8), 1, 0)[..., None, None]
    x, y = np.arange(W), np.arange(H)[:, None]
    rows, columns = (b0 * x + b1 * y + b2) / (c0 * x + c1 * y + 1), (a0 * x + a1 * y + a2) / (c0 * x + c1 * y + 1)
    seen = [k.image.map_coordinates(batch[n, :, :, c], k.stack([rows[n], columns[n]]), order, fill_mode, fill_value)
            for n in range(len(batch)) for c in range(C)]
    return k.reshape(k.moveaxis(k.reshape(k.stack(seen), (-1, C, H, W)), 1, -1), images.shape)


def homographies(k, start, end):
    """The eight numbers that lead from the end points back to the start points, from the eight equations that say so."""
    (x, y), (u, v) = (k.moveaxis(k.reshape(p, (-1, 4, 2)), 2, 0) for p in (start, end + np.zeros(2)))
    one = np.ones(u.shape)
    equations = k.concatenate([k.stack([u, v, one, 0 * u, 0 * u, 0 * u, -x * u, -x * v], axis=-1),
                               k.stack([0 * u, 0 * u, 0 * u, u, v, one, -y * u, -y * v], axis=-1)], axis=1)
    return k.solve(equations, k.concatenate([x, y], axis=1)[..., None])[..., 0]


@pytest.mark.parametrize("row", ROWS_OF_KERAS)
def test_same_as_keras(keras, rng, row):
    """The value to 1e-10; so the gradients, with a random gradient arriving."""
    function = as_keras_takes_it(keras, row)
    theirs = lambda *leaves: first(function(**row.filled(leaves)))
    xs = [Tensor(a, requires_grad=row.differentiable) for a in row.leaves]
    y = row(*xs)
    if not (row.differentiable and row.leaves):
        if tolerance(row.name) > 1e-10:
            pytest.skip("TensorFlow rounds otherwise")
        return np.testing.assert_array_equal(y.data, theirs(*row.leaves))

    v = rng.standard_normal(y.shape)
    ours = [y.data, *(g.data for g in grad(y, xs, Tensor(v)))]
    value, _, gradients = vjp(lambda *leaves: ([theirs(*leaves)], []), row.leaves, lambda y: [v])
    for found, expected in zip(ours, [*value, *gradients], strict=True):
        agree(("op", row.name, repr(row)), found, expected, tolerance(row.name))


# Where the gradient has a corner, and where numbers are extreme -----------------------------------------------------------

CORNERS = {
    "maximum": (lambda k, x, y: k.maximum(x, y), [[1.0, 2.0, -1.0], [1.0, 1.0, -1.0]]),
    "minimum": (lambda k, x, y: k.minimum(x, y), [[1.0, 2.0, -1.0], [1.0, 1.0, -1.0]]),
    "maximum with a number": (lambda k, x: k.maximum(x, 0), [[0.0, 1.0, -1.0]]),
    "max": (lambda k, x: k.max(x, axis=1), [[[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]]]),
    "max over all": (lambda k, x: k.max(x), [[[1.0, 3.0], [3.0, 3.0]]]),
    "min": (lambda k, x: k.min(x, axis=(0, 1), keepdims=True), [[[1.0, 3.0], [1.0, 2.0]]]),
    "relu": (lambda k, x: k.relu(x), [[0.0, 1.0, -2.0]]),
    "sign": (lambda k, x: k.sign(x), [[0.0, 1.0, -2.0]]),
    "leaky_relu": (lambda k, x: k.leaky_relu(x), [[1e-300, 1.0, -2.0, -800.0]]),
    "elu": (lambda k, x: k.elu(x), [[0.0, 1.0, -2.0, -800.0, 800.0]]),
    "selu": (lambda k, x: k.selu(x), [[1e-300, -40.0, 800.0]]),
    "gelu": (lambda k, x: k.gelu(x), [[0.0, -30.0, 30.0]]),
    "gelu, exact": (lambda k, x: k.gelu(x, approximate=False), [[0.0, -30.0, 30.0]]),
    "silu": (lambda k, x: k.silu(x), [[0.0, -700.0, 700.0]]),
    "softplus": (lambda k, x: k.softplus(x), [[0.0, -800.0, 800.0, 40.0]]),
    "log_sigmoid": (lambda k, x: k.log_sigmoid(x), [[0.0, -800.0, 800.0, 40.0]]),
    "softsign": (lambda k, x: k.softsign(x), [[-1e9, 1e9]]),
    "celu": (lambda k, x: k.celu(x, 0.5), [[0.0, 1.0, -2.0, -800.0, 800.0]]),
    "glu": (lambda k, x: k.glu(x), [[3.0, -800.0, 0.0, 2.0, -800.0, 800.0]]),
    "hard_tanh": (lambda k, x: k.hard_tanh(x), [[-1.0, 1.0, -2.0, 2.0, 0.0]]),
    "hard_shrink": (lambda k, x: k.hard_shrink(x), [[-0.5, 0.5, 0.0, -2.0, 2.0]]),
    "soft_shrink": (lambda k, x: k.soft_shrink(x), [[-0.5, 0.5, 0.0, -2.0, 2.0]]),
    "tanh_shrink": (lambda k, x: k.tanh_shrink(x), [[-800.0, 0.0, 800.0]]),
    "threshold": (lambda k, x: k.threshold(x, 0.5, 3.0), [[0.5, 0.6, 0.4]]),
    "squareplus": (lambda k, x: k.squareplus(x), [[0.0, -800.0, 800.0]]),
    "erf": (lambda k, x: k.erf(x), [[0.0, -8.0, 8.0, 1e-12]]),
    "log1p": (lambda k, x: k.log1p(x), [[0.0, 1e-18, 1e18]]),
    "halves": (lambda k, x: k.round(x), [[0.5, 1.5, -0.5, -1.5, 2.5]]),
    "power of 0": (lambda k, x: k.power(x, 2.0), [[0.0, 1.0, -2.0]]),
    "power 1": (lambda k, x: k.power(x, 1.0), [[0.0, 1.0, -2.0]]),
    "powers": (lambda k, x: k.power(x, np.array([1.0, 2.0, 3.0])), [[0.0, 0.0, -2.0]]),
    "exponents": (lambda k, y: k.power(np.array([0.0, 0.0, 1.0, 2.0]), y), [[1.0, 2.0, 0.0, 0.0]]),
    "exponents of a number": (lambda k, y: k.power(3, y), [[1.0, 2.0, 0.0, -1.0]]),
    "var of equals": (lambda k, x: k.var(x, axis=0), [[2.0, 2.0, 2.0]]),
    "sigmoid": (lambda k, x: k.sigmoid(x), [[-800.0, -40.0, 0.0, 40.0, 800.0]]),
    "tanh": (lambda k, x: k.tanh(x), [[-800.0, 0.0, 800.0]]),
    "softmax": (lambda k, x: k.softmax(x), [[[1e4, 0.0, -1e4], [-800.0, -801.0, -802.0]]]),
    "log_softmax": (lambda k, x: k.log_softmax(x), [[[1e4, 0.0, -1e4], [-800.0, -801.0, -802.0]]]),
    "logsumexp": (lambda k, x: k.logsumexp(x, axis=-1), [[[1e4, 0.0, -1e4], [-800.0, -801.0, -802.0]]]),
    "logsumexp with -inf": (lambda k, x: k.logsumexp(x), [[-np.inf, 0.5, 1.0]]),
    "probabilities 0 and 1": (lambda k, p: k.binary_crossentropy(np.array([1.0, 1.0, 0.0, 0.0]), p), [[0.0, 1.0, 0.0, 1.0]]),
    "categorical probabilities 0 and 1": (lambda k, p: k.categorical_crossentropy(np.eye(2), p), [[[0.0, 1.0], [0.0, 1.0]]]),
    "sparse probabilities 0 and 1":
        (lambda k, p: k.sparse_categorical_crossentropy(np.array([0, 1]), p), [[[0.0, 1.0], [0.0, 1.0]]]),
    "large logits": (lambda k, x: k.categorical_crossentropy(np.eye(2), x, from_logits=True), [[[900.0, -900.0]] * 2]),
    "large logits, sparse":
        (lambda k, x: k.sparse_categorical_crossentropy(np.array([0, 1]), x, from_logits=True), [[[900.0, -900.0]] * 2]),
}


@pytest.mark.skipif(BACKEND != "jax", reason="where gradients have corners, libraries differ: here JAX is followed")
@pytest.mark.parametrize("function,arrays", CORNERS.values(), ids=CORNERS)
def test_corners_same_as_keras(keras, function, arrays, rng):
    """Ties, zeros and saturation: values and gradients, without a warning of overflow or nan."""
    import jax

    arrays = list(map(np.array, arrays))
    xs = [Tensor(a, requires_grad=True) for a in arrays]
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        y = function(ops, *xs)
        v = rng.standard_normal(y.shape)
        gradients = [g.data for g in grad(y, xs, Tensor(v))]
    expected, pull = jax.vjp(lambda *a: function(keras.ops, *a), *arrays)
    for found, other in zip([y.data, *gradients], [expected, *pull(v)], strict=True):
        np.testing.assert_allclose(found, other, rtol=1e-10, atol=1e-10)


def test_binary_crossentropy_of_large_logits():
    """log(1 + exp(-x)) for target 1, also where the probability rounds to 0 or 1."""
    x = tensor(np.array([-900.0, -40.0, 40.0, 900.0]), requires_grad=True)
    y = ops.binary_crossentropy(np.ones(4), x, from_logits=True)
    y.sum().backward()
    np.testing.assert_allclose(y.detach().numpy(), [900, 40, np.exp(-40), 0], rtol=0, atol=1e-14)
    np.testing.assert_allclose(x.grad.data, [-1, -1, -np.exp(-40), 0], rtol=0, atol=1e-15)


def test_logsumexp_of_nothing_but_minus_infinity():
    with np.errstate(divide="ignore"):
        np.testing.assert_array_equal(ops.logsumexp(np.full((2, 3), -np.inf), axis=1).data, [-np.inf, -np.inf])


@pytest.mark.parametrize("ours,theirs", [
    (lambda x: ops.clip(x, -1, 1), lambda x, torch: torch.clamp(x, -1, 1)),
    (lambda x: ops.abs(x), lambda x, torch: torch.abs(x)),
    (lambda x: ops.power(x, 0.0), lambda x, torch: x ** 0.0),
    (lambda x: ops.power(x, np.zeros(5)), lambda x, torch: x ** torch.zeros(5))], ids=["clip", "abs", "power 0", "powers 0"])
def test_corners_same_as_torch(ours, theirs, rng):
    """At the ends of clip the gradient passes (JAX halves it); at 0 that of abs (JAX: 1) and of x ** 0 (JAX: nan) is 0."""
    torch = pytest.importorskip("torch", reason="needs torch: Keras on JAX takes other gradients there")
    a, v = np.array([-2.0, -1.0, 0.0, 1.0, 2.0]), rng.standard_normal(5)
    x, t = tensor(a, requires_grad=True), torch.tensor(a, requires_grad=True)
    ours(x).backward(Tensor(v))
    theirs(t, torch).backward(torch.tensor(v))
    np.testing.assert_allclose(x.grad.data, t.grad, rtol=1e-15)


def test_equals_in_a_window(rng):
    """max_pool's gradient goes to the first of equals, as in PyTorch; argmax is the first as well."""
    torch = pytest.importorskip("torch", reason="needs torch: where equals share a window, libraries differ")
    a = rng.integers(0, 3, (2, 6, 7, 3)).astype(float)
    for size, strides in ((2, 2), (3, 1), (3, 2)):
        x, t = tensor(a, requires_grad=True), torch.tensor(a.transpose(0, 3, 1, 2).copy(), requires_grad=True)
        y, other = ops.max_pool(x, size, strides), torch.nn.functional.max_pool2d(t, size, strides)
        v = rng.standard_normal(y.shape)
        y.backward(Tensor(v))
        other.backward(torch.tensor(v.transpose(0, 3, 1, 2).copy()))
        np.testing.assert_allclose(x.grad.data, t.grad.permute(0, 2, 3, 1), rtol=0, atol=1e-14)
    np.testing.assert_array_equal(ops.argmax(a, axis=-1).data, a.argmax(-1))


# Naive loops --------------------------------------------------------------------------------------------------------------

def pixels(n, reach, stride, padding):
    """Where windows start along an axis of n pixels."""
    if padding == "valid":
        return range(0, n - reach + 1, stride)
    count = -(-n // stride)
    before = max((count - 1) * stride + reach - n, 0) // 2
    return range(-before, count * stride - before, stride)


def each_window(x, size, strides, dilation, padding):
    """For each window: where it is in the output, and its pixels {(p, q): (N, C)} inside the image."""
    n, h, w, c = x.shape
    rows, columns = (pixels(m, (k - 1) * d + 1, s, padding) for m, k, d, s in zip((h, w), size, dilation, strides))
    for i, top in enumerate(rows):
        for j, left in enumerate(columns):
            yield i, j, {(p, q): x[:, top + p * dilation[0], left + q * dilation[1]]
                         for p in range(size[0]) for q in range(size[1])
                         if 0 <= top + p * dilation[0] < h and 0 <= left + q * dilation[1] < w}


def both(n):
    return (n, n) if isinstance(n, int) else n


@pytest.mark.parametrize("row", CONV, ids=[f"conv-{i}" for i in range(len(CONV))])
def test_conv_is_the_loop(row):
    """y[n, i, j, f] = sum over p, q, c of x[n, i s + p d, j s + q d, c] kernel[p, q, c, f], each group of channels alone."""
    x, kernel = row.leaves
    y = row.of("conv")(x, kernel).data
    part, filters = kernel.shape[2:]
    groups = x.shape[3] // part
    how, seen = {"strides": 1, "dilation_rate": 1, "padding": "valid", **row.arguments}, 0
    windows = each_window(x, kernel.shape[:2], both(how["strides"]), both(how["dilation_rate"]), how["padding"])
    for i, j, window in windows:
        for f in range(filters):
            group = f // (filters // groups)
            expected = sum((pixel[:, group * part:(group + 1) * part] @ kernel[p, q, :, f] for (p, q), pixel in window.items()),
                           np.zeros(len(x)))
            np.testing.assert_allclose(y[:, i, j, f], expected, rtol=0, atol=1e-12)
        seen += 1
    assert seen == y.shape[1] * y.shape[2]


@pytest.mark.parametrize("row", CONV_TRANSPOSE, ids=[f"conv_transpose-{i}" for i in range(len(CONV_TRANSPOSE))])
def test_conv_transpose_is_the_loop(row):
    """Each pixel puts its kernel, times its channels, into a map that holds them all; the part that is wanted is cut out."""
    x, kernel = row.leaves
    how = {"strides": 1, "dilation_rate": 1, "padding": "valid", "output_padding": None, **row.arguments}
    settings = [how[name] for name in ("strides", "dilation_rate", "output_padding")]
    if x.ndim == 3:
        x, kernel = x[:, None], kernel[None]
        settings = [(neutral, *np.ravel(value)) if value is not None else None for neutral, value in zip((1, 1, 0), settings)]
    (sh, sw), (dh, dw) = map(both, settings[:2])
    (n, h, w, _), (kh, kw, f, _) = x.shape, kernel.shape
    reach = (kh - 1) * dh + 1, (kw - 1) * dw + 1
    everything = np.zeros((n, (h - 1) * sh + reach[0] + sh, (w - 1) * sw + reach[1] + sw, f))          # and some zeros behind
    for i, j, p, q in np.ndindex(h, w, kh, kw):
        everything[:, i * sh + p * dh, j * sw + q * dw] += x[:, i, j] @ kernel[p, q].T
    parts = []
    for size, stride, r, more in zip((h, w), (sh, sw), reach, (None, None) if settings[2] is None else both(settings[2])):
        covered = (size - 1) * stride + r
        if how["padding"] == "valid":
            parts.append(slice(0, max(covered, size * stride) if more is None else covered + more))
        else:
            wanted = size * stride if more is None else (size - 1) * stride + r % 2 + more
            start = max(covered - wanted, 0) // 2          # of an odd number of pixels too many, the last one goes
            parts.append(slice(start, start + wanted))
    expected = everything[:, parts[0], parts[1]]
    y = row.of("conv_transpose")(*row.leaves).data
    np.testing.assert_allclose(y, expected.reshape(y.shape), rtol=0, atol=1e-12)


@pytest.mark.parametrize("row", [row for row in CONV_TRANSPOSE if row.arguments.get("output_padding") is None],
                         ids=lambda row: str(row.arguments["inputs"].shape))
def test_conv_transpose_is_the_adjoint_of_conv(row, rng):
    """<dy, conv_transpose(x)> = <conv(dy), x>: the convolution with the same kernel and settings, of what came out."""
    x, kernel = row.leaves
    y = row.of("conv_transpose")(x, kernel).data
    dy = rng.standard_normal(y.shape)
    how = {name: value for name, value in row.arguments.items() if name in ("strides", "padding", "dilation_rate")}
    back = ops.conv(dy, kernel, **how).data
    assert back.shape == x.shape
    np.testing.assert_allclose((dy * y).sum(), (back * x).sum(), rtol=1e-12)


@pytest.mark.parametrize("name,reduce", [("max_pool", np.max), ("average_pool", np.mean)])
@pytest.mark.parametrize("row", POOL, ids=[f"pool-{i}" for i in range(len(POOL))])
def test_pools_are_the_loop(row, name, reduce):
    """The largest, or the mean, of the pixels of each window that lie inside the image."""
    x, = row.leaves
    y, seen = row.of(name)(x).data, 0
    size, how = both(row.arguments["pool_size"]), row.arguments
    for i, j, window in each_window(x, size, both(how.get("strides") or size), (1, 1), how.get("padding", "valid")):
        np.testing.assert_allclose(y[:, i, j], reduce(list(window.values()), axis=0), rtol=0, atol=1e-13)
        seen += 1
    assert seen == y.shape[1] * y.shape[2]


# What Keras does not have -------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("row", ROWS["getitem"], ids=lambda row: str(row.arguments["index"]))
def test_getitem_is_numpys(row):
    x, index = row.arguments["x"], row.arguments["index"]
    np.testing.assert_array_equal(tensor(x)[index].data, x[index])
    if isinstance(index, np.ndarray):
        np.testing.assert_array_equal(tensor(x)[Tensor(index)].data, x[index])


@pytest.mark.parametrize("row", ROWS["putitem"], ids=lambda row: str(row.arguments["index"]))
def test_putitem_adds_into_zeros(row):
    x, index, expected = row.arguments["x"], row.arguments["index"], np.zeros(row.arguments["shape"])
    np.add.at(expected, index, x)
    np.testing.assert_array_equal(ops.putitem(**row.arguments).data, expected)


def test_a_device_of_its_own():
    x = tensor([1.0, 2.0], requires_grad=True)
    y = x.to("cpu")
    assert y.device == "cpu"
    (y * y).sum().backward()
    np.testing.assert_array_equal(x.grad.data, [2, 4])


@pytest.mark.parametrize("row", ROWS["batch_normalization_training"], ids=repr)
def test_batch_normalization_training_is_its_formula(row):
    how = {"axis": -1, "offset": None, "scale": None, "epsilon": 0.001, "limits": (-np.inf, np.inf), **row.arguments}
    x = np.moveaxis(how["x"], how["axis"], -1)
    flat = x.reshape(-1, x.shape[-1])
    mean, variance = flat.mean(0), ((flat - flat.mean(0)) ** 2).mean(0)
    expected = (x - mean) / np.sqrt(variance + how["epsilon"])
    expected = expected * (1 if how["scale"] is None else how["scale"]) + (0 if how["offset"] is None else how["offset"])
    expected = np.clip(expected, *how["limits"])
    y, moments = ops.batch_normalization_training(**row.arguments)
    np.testing.assert_allclose(y.data, np.moveaxis(expected, -1, how["axis"]), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(moments.data, [mean, variance], rtol=1e-12, atol=1e-12)
    assert not moments.requires_grad


def test_batch_normalization_training_same_as_torch(rng):
    """The value, the gradients and their gradients."""
    torch = pytest.importorskip("torch", reason="needs torch: Keras has no such op")
    arrays = [rng.standard_normal(shape) for shape in ((4, 3, 2, 5), (5,), (5,))]
    xs = [tensor(a, requires_grad=True) for a in arrays]
    ts = [torch.tensor(a, requires_grad=True) for a in arrays]
    y, _ = ops.batch_normalization_training(xs[0], scale=xs[1], offset=xs[2])
    t = torch.nn.functional.batch_norm(ts[0].permute(0, 3, 1, 2), None, None, ts[1], ts[2], True, eps=1e-3).permute(0, 2, 3, 1)
    np.testing.assert_allclose(y.data, t.detach(), rtol=0, atol=1e-12)
    v, ws = rng.standard_normal(y.shape), [rng.standard_normal(a.shape) for a in arrays]
    ordinary = grad(y, xs, Tensor(v), retain_graph=True)
    recorded = grad(y, xs, Tensor(v), create_graph=True)
    expected = torch.autograd.grad(t, ts, torch.tensor(v), create_graph=True)
    for a, b, other in zip(ordinary, recorded, expected, strict=True):
        np.testing.assert_allclose(a.data, other.detach(), rtol=0, atol=1e-12)
        np.testing.assert_allclose(b.data, other.detach(), rtol=0, atol=1e-12)
    second = grad(sum((g * w).sum() for g, w in zip(recorded, ws, strict=True)), xs[:2])
    expected = torch.autograd.grad(sum((g * torch.tensor(w)).sum() for g, w in zip(expected, ws, strict=True)), ts[:2])
    for a, other in zip(second, expected, strict=True):
        np.testing.assert_allclose(a.data, other, rtol=0, atol=1e-11)


def test_batch_normalization_over_two_axes(rng):
    """Keras documents a tuple of axes, and fails on it: here it is the formula."""
    x, mean, variance = rng.standard_normal((2, 3, 4, 5)), rng.standard_normal((3, 5)), rng.uniform(0.5, 2, (3, 5))
    y = ops.batch_normalization(x, mean, variance, axis=(1, -1))
    np.testing.assert_allclose(y.data, (x - mean[:, None]) / np.sqrt(variance[:, None] + 0.001), rtol=1e-12)


# Random numbers -----------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("counter,key,expected", [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    ((0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344), (0xA4093822, 0x299F31D0),
     (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1))])
def test_philox_gives_the_published_numbers(counter, key, expected):
    """The known answers that come with Random123, the authors' own library."""
    words = philox([np.array([word], np.uint64) for word in counter], key)
    assert tuple(int(word[0]) for word in words) == expected


def test_uniform_numbers():
    x = uniform((100, 1000), (1, 2))
    assert x.dtype == "float32" and x.min() >= 0 and x.max() < 1
    assert ((x * 2 ** 24) % 1 == 0).all()
    np.testing.assert_allclose(x.mean(), 0.5, atol=5 * (1 / 12 / x.size) ** 0.5)
    np.testing.assert_allclose(np.histogram(x, 10, (0, 1))[0] / x.size, 0.1, atol=5 * (0.09 / x.size) ** 0.5)
    np.testing.assert_array_equal(uniform((3, 5), (1, 2)).ravel(), x.ravel()[:15])              # any part alone
    first_word = int(philox([np.zeros(1, np.uint64)] * 2 + [np.full(1, 2, np.uint64), np.full(1, 7, np.uint64)], (1, 0))[0][0])
    assert uniform(1, (1, 2), 7)[0] == np.float32((first_word >> 8) / 2 ** 24)
    for key, step in (((1, 3), 0), ((2, 2), 0), ((1, 2), 1)):
        assert (uniform((100,), key, step) == x.ravel()[:100]).mean() < 0.05
    assert abs(np.corrcoef(x[0], x[1])[0, 1]) < 0.2 and abs(np.corrcoef(x.ravel()[:-1], x.ravel()[1:])[0, 1]) < 0.02


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.8])
def test_dropout_keeps_a_fraction_and_scales_it(rate):
    y = ops.dropout(np.ones((100, 400), "float32"), rate, seed=3)
    kept = y.data != 0
    assert y.dtype == "float32"
    np.testing.assert_allclose(kept.mean(), 1 - rate, atol=5 * (rate * (1 - rate) / kept.size) ** 0.5)
    np.testing.assert_allclose(y.data[kept], 1 / (1 - rate), rtol=1e-6)


def test_dropout_draws_by_its_key():
    x = np.ones((20, 30))
    same = lambda a, b: np.array_equal(a.data, b.data)
    assert same(ops.dropout(x, 0.5, seed=1), ops.dropout(x, 0.5, seed=1))
    assert same(ops.dropout(x, 0.5, seed=1), ops.dropout(x, 0.5, seed=config.random_key(1)))
    assert same(ops.dropout(x, 0.5, seed=(4, 9), step=2), ops.dropout(x, 0.5, seed=(4, 9), step=2))
    assert not same(ops.dropout(x, 0.5, seed=1), ops.dropout(x, 0.5, seed=2))
    assert not same(ops.dropout(x, 0.5, seed=1), ops.dropout(x, 0.5, seed=1, step=1))
    assert not same(ops.dropout(x, 0.5), ops.dropout(x, 0.5))
    config.set_random_seed(5)
    first = ops.dropout(x, 0.5)
    config.set_random_seed(5)
    assert same(first, ops.dropout(x, 0.5))
    assert same(ops.dropout(x, 0, seed=1), tensor(x))


def test_dropout_drops_what_noise_shape_shares():
    y = ops.dropout(np.ones((4, 5, 6, 7)), 0.5, noise_shape=(None, 1, 1, None), seed=1).data
    np.testing.assert_array_equal(y, np.broadcast_to(y[:, :1, :1], y.shape))
    assert 0 < (y[:, 0, 0] == 0).sum() < 28


def test_dropout_passes_the_gradient_to_what_it_kept(rng):
    x = tensor(np.ones((8, 9)), requires_grad=True)
    y = ops.dropout(x, 0.25, seed=1)
    v = rng.standard_normal(y.shape)
    y.backward(Tensor(v))
    np.testing.assert_allclose(x.grad.data, v * y.data, rtol=1e-15)
