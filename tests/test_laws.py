"""Laws that hold for every op and every kernel, each law on each row of samples.py as a test of its own.

<a, b> is the sum of a * b. The gradient of y = f(x) is the adjoint J* of the derivative J of f: <v, J u> = <J* v, u> for all u
and v. The laws take random u and v: with ones, many a bug hides. Central differences give J u without any gradient.
"""
import inspect

import numpy as np
import pytest
from samples import KERNEL_SAMPLES, KERNELS, OPS, REFUSED, ROWS, first

from tinyvision import Tensor, config, grad, kernels, ops, tensor

ALL = [pytest.param(row, id=f"{name}-{i}") for name, rows in ROWS.items() for i, row in enumerate(rows)]
WITH_GRADIENT = [p for p in ALL if p.values[0].differentiable and p.values[0].leaves]
WITHOUT_GRADIENT = [p for p in ALL if not p.values[0].differentiable and p.values[0].leaves]
BATCHED = [p for p in ALL if p.values[0].batch]


def random_like(arrays, seed=1):
    """Random arrays of the same shapes."""
    rng = np.random.default_rng(seed)
    return [np.asarray(rng.standard_normal(np.shape(a))) for a in arrays]


def variables(arrays):
    return [Tensor(a, requires_grad=True) for a in arrays]


def inner(xs, ys):
    return sum(float((x * y).sum()) for x, y in zip(xs, ys, strict=True))


def slope(f, xs, us, h=1e-6):
    """The derivative of f at xs along us, by central difference."""
    ahead, behind = (f(*(x + s * u for x, u in zip(xs, us, strict=True))) for s in (h, -h))
    return (ahead - behind) / (2 * h)


def assert_close(found, expected, tolerance):
    """Equal up to `tolerance`, relative to the largest number expected."""
    assert np.shape(found) == np.shape(expected)
    expected = np.asarray(expected)
    scale = np.abs(expected.astype(float)).max(initial=1e-30)
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance * scale)


def value_and_gradients(row, v=None, leaves=None, **how):
    """The op's result, and the gradients of the leaves when v (random, if not given) arrives at it: arrays."""
    xs = variables(leaves or row.leaves)
    y = row(*xs)
    v = random_like([y])[0].astype(y.dtype) if v is None else v
    return y.data, [g.data for g in grad(y, xs, Tensor(v), **how)]


# Laws of ops ----------------------------------------------------------------------------------------------------------

def test_every_op_has_samples():
    assert set(ROWS) == set(OPS), "each op that tinyvision.ops exports has rows in samples.py, and no other"
    assert not [name for name, rows in ROWS.items() if not rows]


@pytest.mark.parametrize("row", WITH_GRADIENT)
def test_gradient(row):
    """<v, J u> by differences is <J* v, u> by backward."""
    xs, us = variables(row.leaves), random_like(row.leaves, 2)
    y = row(*xs)
    v, = random_like([y])
    y.backward(Tensor(v))
    numeric = (v * slope(lambda *leaves: row(*map(Tensor, leaves)).data, row.leaves, us)).sum()
    np.testing.assert_allclose(inner([x.grad.data for x in xs], us), numeric, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("row", WITH_GRADIENT)
def test_second_gradient(row):
    """The same law for h(x, v) = <J(x)* v, w>: the gradient, seen as a function of x and v, with w held."""
    y = row(*map(Tensor, row.leaves))
    arrays, ws = [*row.leaves, *random_like([y])], random_like(row.leaves, 2)

    def h(*xv):
        *xs, v = xv
        found = grad(row(*xs), xs, v, create_graph=True)
        return sum(((g * Tensor(w)).sum() for g, w in zip(found, ws, strict=True)), Tensor(np.zeros(())))

    xs, us = variables(arrays), random_like(arrays, 3)
    h(*xs).backward()
    found = [np.zeros(x.shape) if x.grad is None else x.grad.data for x in xs]
    numeric = slope(lambda *leaves: h(*variables(leaves)).item(), arrays, us)
    np.testing.assert_allclose(inner(found, us), numeric, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("row", WITH_GRADIENT)
def test_third_gradient(row):
    """The same for <the gradient of <J(x)* v, w>, z>, seen as a function of x, v and w: it meets the last of a family of ops."""
    y = row(*map(Tensor, row.leaves))
    count = len(row.leaves)
    arrays = [*row.leaves, *random_like([y]), *random_like(row.leaves, 2)]
    zs = random_like(arrays, 3)

    def k(*xvw):
        xs, v, ws = xvw[:count], xvw[count], xvw[count + 1:]
        found = grad(row(*xs), xs, v, create_graph=True)
        h = sum(((g * w).sum() for g, w in zip(found, ws, strict=True)), Tensor(np.zeros(())))
        second = grad(h, xvw, create_graph=True, allow_unused=True)
        return sum(((g * Tensor(z)).sum() for g, z in zip(second, zs, strict=True) if g is not None), Tensor(np.zeros(())))

    xs, us = variables(arrays), random_like(arrays, 4)
    k(*xs).backward()
    found = [np.zeros(x.shape) if x.grad is None else x.grad.data for x in xs]
    numeric = slope(lambda *leaves: k(*variables(leaves)).item(), arrays, us)
    np.testing.assert_allclose(inner(found, us), numeric, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("dtype,tolerance", [("float64", 1e-12), ("float32", 1e-5)])
@pytest.mark.parametrize("row", WITH_GRADIENT)
def test_both_lanes_agree(row, dtype, tolerance):
    """The gradient of an ordinary backward equals the one that can be differentiated again."""
    row = row.cast(dtype)
    _, ordinary = value_and_gradients(row)
    _, recorded = value_and_gradients(row, create_graph=True)
    for a, b in zip(ordinary, recorded, strict=True):
        assert_close(a, b, tolerance)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("row", ALL)
def test_dtype(row, dtype):
    """float32 stays float32, and float64 float64, forward and backward, whatever integers, booleans and numbers join in."""
    row = row.cast(dtype)
    y = row(*row.leaves)
    if "dtype" in row.arguments:
        assert y.dtype == row.arguments["dtype"]
    elif row.leaves and row.differentiable:
        assert y.dtype == dtype
    else:
        assert y.dtype != "float64"
    if row.leaves and row.differentiable:
        for create_graph in (False, True):
            _, gradients = value_and_gradients(row, create_graph=create_graph)
            assert [g.dtype for g in gradients] == [dtype] * len(row.leaves)


@pytest.mark.parametrize("row", WITH_GRADIENT)
def test_float32_is_near_float64(row):
    v, = random_like([row(*row.leaves)])
    exact, exact_gradients = value_and_gradients(row, v)
    y, gradients = value_and_gradients(row.cast("float32"), v.astype("float32"))
    for a, b in zip([y, *gradients], [exact, *exact_gradients], strict=True):
        assert_close(a, b, 1e-5)


@pytest.mark.parametrize("row", ALL)
def test_inputs_stay_untouched(row):
    """No op writes to its arguments, nor its gradient to the gradient that arrives or to the result."""
    leaves = [a.copy() for a in row.leaves]
    for a in leaves:
        a.setflags(write=False)
    others = row.filled(row.leaves, lambda a: a.copy())
    y = row(*variables(leaves) if row.differentiable else leaves)
    if y.requires_grad:
        v, = random_like([y])
        for a in (y.data, v):
            a.setflags(write=False)
        result = y.data.copy()
        y.backward(Tensor(v))
        np.testing.assert_array_equal(y.data, result)
        np.testing.assert_array_equal(v, random_like([y])[0])
    for a, b in zip(leaves, row.leaves, strict=True):
        np.testing.assert_array_equal(a, b)
    for name, value in others.items():
        if isinstance(value, np.ndarray):
            np.testing.assert_array_equal(row.arguments[name], value)


@pytest.mark.parametrize("n", [0, 1])
@pytest.mark.parametrize("row", BATCHED)
def test_part_of_a_batch(row, n):
    """The first entries of the batch, or none of them, give the first results and gradients. So an empty batch works."""
    part = row.part(n)
    if not (row.differentiable and row.leaves):
        return np.testing.assert_array_equal(part(*part.leaves).data, row(*row.leaves).data[:n])
    v, = random_like([row(*row.leaves)])
    whole, whole_gradients = value_and_gradients(row, v)
    y, gradients = value_and_gradients(part, v[:n])
    assert_close(y, whole[:n], 1e-13)
    for g, whole_gradient, a, owner in zip(gradients, whole_gradients, part.leaves, row.owners, strict=True):
        assert g.shape == a.shape
        if owner in row.batch:
            assert_close(g, whole_gradient[:n], 1e-13)
        elif n == 0:
            np.testing.assert_array_equal(g, 0)


@pytest.mark.parametrize("newshape,expected", [((0, -1), (0, 12)), ((-1, 12), (0, 12)), ((0, -1, 3), (0, 4, 3))])
def test_an_empty_batch_is_flattened(newshape, expected):
    """-1 stands for the sizes of the other axes, although 0 elements do not tell."""
    x = Tensor(np.zeros((0, 4, 3)), requires_grad=True)
    y = ops.reshape(x, newshape)
    assert y.shape == expected
    y.sum().backward()
    assert x.grad.shape == x.shape


def every_other(a):
    """The same numbers with gaps between them, of nan or 77."""
    wide = np.full([2 * n for n in a.shape], np.nan if a.dtype.kind == "f" else 77, a.dtype)
    view = wide[(..., *[slice(None, None, 2)] * a.ndim)]
    view[...] = a
    return view


def transposed(a):
    """The same numbers, the first axis the fastest in memory."""
    return a.T.copy().T


@pytest.mark.parametrize("layout", [every_other, transposed])
@pytest.mark.parametrize("row", ALL)
def test_layout_in_memory(row, layout):
    """Views that are not contiguous give the same, as arguments and as the gradient that arrives."""
    if not (row.differentiable and row.leaves):
        return np.testing.assert_array_equal(row(*map(layout, row.leaves)).data, row(*row.leaves).data)
    v, = random_like([row(*row.leaves)])
    y, gradients = value_and_gradients(row, v)
    found, found_gradients = value_and_gradients(row, layout(v), list(map(layout, row.leaves)))
    for a, b in zip([found, *found_gradients], [y, *gradients], strict=True):
        assert_close(a, b, 1e-13)


@pytest.mark.parametrize("form", ["tensors", "arrays", "lists", "names", "positions"])
@pytest.mark.parametrize("row", ALL)
def test_form_of_the_arguments(row, form):
    """Tensors, arrays, lists and numbers give the same; arguments come by name, or by position, in Keras's order."""
    config.set_floatx("float64")                           # numbers in lists have no dtype of their own
    if form == "lists":
        arguments = row.filled([a.tolist() for a in row.leaves], lambda a: a.tolist())
    elif form == "arrays":
        arguments = row.filled(row.leaves)
    else:
        arguments = row.filled(map(Tensor, row.leaves), Tensor)
    if form == "positions":
        bound = inspect.signature(row.function).bind(**arguments)
        bound.apply_defaults()
        y = first(row.function(*bound.arguments.values()))
    else:
        y = first(row.function(**arguments))
    assert isinstance(y, Tensor)
    np.testing.assert_array_equal(y.data, row(*row.leaves).data)


@pytest.mark.parametrize("row", [p for p in WITH_GRADIENT if len(p.values[0].leaves) > 1])
def test_one_gradient_alone(row):
    """The gradient of one argument is the same whether or not the others, here bare arrays, want theirs."""
    v, = random_like([row(*row.leaves)])
    _, gradients = value_and_gradients(row, v)
    for i, expected in enumerate(gradients):
        x = Tensor(row.leaves[i], requires_grad=True)
        g, = grad(row(*row.leaves[:i], x, *row.leaves[i + 1:]), x, Tensor(v))
        assert_close(g.data, expected, 1e-13)


@pytest.mark.parametrize("row", WITHOUT_GRADIENT)
def test_a_result_without_gradient_says_so(row):
    y = row(*variables(row.leaves))
    assert not y.requires_grad
    with pytest.raises(RuntimeError, match="no op that led here was recorded"):
        y.backward(np.ones(y.shape, "float32"))


@pytest.mark.parametrize("name", sorted(OPS))
def test_integers_alone_make_no_float64(name):
    """Where only integers go in, integers, booleans or floats of the default type come out, or they are refused."""
    for row in ROWS[name]:
        if "dtype" in row.arguments:                       # which asks for it
            continue
        ones = row.changed(lambda name, a: np.ones(a.shape, int) if a.dtype.kind == "f" else a)
        if name in REFUSED:
            with pytest.raises(ValueError, match=REFUSED[name]):
                ones()
        else:
            assert ones().dtype != "float64"


def test_a_cast_in_a_graph():
    """Gradients come back in the dtype of the argument; a cast to integers has none."""
    x = tensor([1.5, -2.5], requires_grad=True)
    y = ops.cast(x, "float64")
    assert y.dtype == "float64"
    y.backward(np.array([1.0, 2.0]))
    assert x.grad.dtype == "float32"
    np.testing.assert_array_equal(x.grad.data, [1, 2])
    wide = tensor(np.array([1.5, 2.5]), requires_grad=True)
    ops.cast(wide, "float32").backward(np.array([1.0, 2.0]))
    assert wide.grad.dtype == "float64"
    assert not ops.cast(x, "int32").requires_grad


# Laws of kernels ------------------------------------------------------------------------------------------------------

def cast(arguments, dtype):
    return [a.astype(dtype) if isinstance(a, np.ndarray) and a.dtype.kind == "f" else a for a in arguments]


def reference(name, arguments):
    """The results of the readable version, as a tuple."""
    with kernels.use("numpy"):                             # the kernels that it calls, too
        return _tuple(KERNELS[name].versions["numpy"].function(*arguments))


def _tuple(results):
    return results if isinstance(results, tuple) else (results,)


SERVED = [pytest.param(name, version, arguments, id=f"{name}-{version}-{i}")
          for name, rows in KERNEL_SAMPLES.items() for i, arguments in enumerate(rows)
          for version, v in KERNELS[name].versions.items()
          if v.serves(*cast(arguments, "float32")) or v.serves(*arguments)]
VERSIONS = sorted({version for kernel in KERNELS.values() for version in kernel.versions})


def test_every_kernel_has_samples():
    own = {name: kernel for name, kernel in KERNELS.items()           # other tests register kernels of a user's
           if kernel.versions["numpy"].function.__module__.startswith("tinyvision.")}
    assert set(KERNEL_SAMPLES) == set(own), "each kernel has rows in samples.py"
    sampled = {tuple(p.values[:2]) for p in SERVED}
    assert sampled == {(name, version) for name, kernel in own.items() for version in kernel.versions}


def fenced(a):
    """The same numbers, with nan before and behind them in memory: who reads beyond the ends, even times 0, gets nan."""
    if not isinstance(a, np.ndarray) or a.dtype.kind != "f":
        return a
    field = np.full(a.size + 20_000, np.nan, a.dtype)
    inside = field[10_000:10_000 + a.size].reshape(a.shape)
    inside[...] = a
    return inside


@pytest.mark.parametrize("dtype,tolerance", [("float32", 1e-5), ("float64", 1e-12)])
@pytest.mark.parametrize("name,version,arguments", SERVED)
def test_version_agrees_with_its_reference(name, version, arguments, dtype, tolerance):
    """In float32 within 1e-5 of the reference in float64, in float64 within 1e-12; dtypes as those of the reference."""
    version = KERNELS[name].versions[version]
    given = list(map(fenced, cast(arguments, dtype)))
    if not version.serves(*given):
        return
    before = [a.copy() if isinstance(a, np.ndarray) else a for a in given]
    results = zip(_tuple(version.function(*given)), reference(name, given), reference(name, arguments), strict=True)
    for found, same_dtype, exact in results:
        if same_dtype is None:                             # a gradient that was not wanted
            assert found is None
            continue
        assert found.dtype == same_dtype.dtype
        if found.dtype.kind == "f":
            assert_close(found, exact, tolerance)
        else:
            np.testing.assert_array_equal(found, same_dtype)
    for a, b in zip(given, before, strict=True):
        if isinstance(a, np.ndarray):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("dtype,tolerance", [("float32", 1e-5), ("float64", 1e-12)])
@pytest.mark.parametrize("name,version,arguments", SERVED)
def test_version_takes_any_layout(name, version, arguments, dtype, tolerance):
    version = KERNELS[name].versions[version]
    views = [every_other(a) if isinstance(a, np.ndarray) else a for a in cast(arguments, dtype)]
    if version.serves(*views):
        for found, expected in zip(_tuple(version.function(*views)), reference(name, arguments), strict=True):
            if expected is not None and expected.dtype.kind == "f":
                assert_close(found, expected, tolerance)


def assert_adjoint(left, right):
    """<a, b> of two pairs is equal, up to the size of their terms."""
    (a, b), (c, d) = left, right
    size = np.linalg.norm(a) * np.linalg.norm(b)
    np.testing.assert_allclose(np.vdot(a, b), np.vdot(c, d), rtol=0, atol=1e-12 * size)


def rows_of(name):
    return [pytest.param(*arguments, id=f"{name}-{i}") for i, arguments in enumerate(KERNEL_SAMPLES[name])]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("dy,kernel,windows,groups", rows_of("conv_input_gradient"))
def test_convolution_and_its_gradients_are_adjoint(dy, kernel, windows, groups, version):
    x, = random_like([np.empty((len(dy), *windows.image, kernel.shape[2] * groups))])
    with kernels.use(version):
        y = kernels.conv.conv_forward(x, kernel, windows)
        assert_adjoint((dy, y), (kernels.conv.conv_input_gradient(dy, kernel, windows, groups), x))
        assert_adjoint((dy, y), (kernels.conv.conv_kernel_gradient(x, dy, windows, groups), kernel))


@pytest.mark.parametrize("name", KERNELS)
def test_arrays_of_different_dtypes_go_to_a_version_that_takes_them(name):
    """Each float array in turn as float64, beside float32 in the others."""
    for arguments in KERNEL_SAMPLES[name]:
        floats = [i for i, a in enumerate(arguments) if isinstance(a, np.ndarray) and a.dtype.kind == "f"]
        for wide in floats:
            given = [a if i == wide else b for i, (a, b) in enumerate(zip(arguments, cast(arguments, "float32")))]
            results = _tuple(KERNELS[name].choose(given).function(*given))
            for found, exact in zip(results, reference(name, arguments), strict=True):
                if exact is not None and exact.dtype.kind == "f":
                    assert_close(found, exact, 1e-5)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("x,positions,windows", rows_of("gather_windows"))
def test_pooling_and_its_gradients_are_adjoint(x, positions, windows, version):
    dy, = random_like([positions])
    with kernels.use(version):
        gathered = kernels.pool.gather_windows(x, positions, windows)
        assert_adjoint((gathered, dy), (x, kernels.pool.scatter_windows(dy, positions, windows)))
        assert_adjoint((kernels.pool.window_sums(x, windows), dy), (x, kernels.pool.spread_windows(dy, windows)))
        y, found = kernels.pool.max_pool_forward(x, windows)
        np.testing.assert_array_equal(found, positions)
        np.testing.assert_array_equal(gathered, y)         # the positions are where the maxima lie


@pytest.mark.parametrize("x,kernel,windows", rows_of("conv_forward"))
def test_im2col_and_col2im_are_adjoint(x, kernel, windows):
    columns = windows.gather(x)
    others, = random_like([columns])
    assert_adjoint((columns, others), (x, windows.scatter(others)))


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("x,rows,columns", rows_of("resample"))
def test_resampling_and_its_transpose_are_adjoint(x, rows, columns, version):
    with kernels.use(version):
        y = kernels.resampling.resample(x, rows, columns)
        g, = random_like([y])
        assert_adjoint((y, g), (x, kernels.resampling.resample(g, rows.T, columns.T)))


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("x,transforms,interpolation,fill_mode,fill", rows_of("warp"))
def test_warping_and_its_gradient_are_adjoint(x, transforms, interpolation, fill_mode, fill, version):
    g, = random_like([x])
    with kernels.use(version):
        y = kernels.warping.warp(x, transforms, interpolation, fill_mode, 0.0)
        assert_adjoint((y, g), (x, kernels.warping.unwarp(g, transforms, interpolation, fill_mode)))


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("x1,x2", [p for p in rows_of("product") if p.values[0].ndim == p.values[1].ndim == 2])
def test_matrix_product_and_its_transpose_are_adjoint(x1, x2, version):
    with kernels.use(version):
        y = kernels.matmul.product(x1, x2)
        g, = random_like([y])
        assert_adjoint((y, g), (x2, kernels.matmul.product(x1.T, g)))


@pytest.mark.parametrize("version", KERNELS["max_pool_forward"].versions)
def test_a_window_with_nan_gives_nan(version):
    x = np.arange(32.0).reshape(1, 4, 4, 2)
    x[0, 1, 2, 0] = np.nan
    with kernels.use(version):
        y, positions = kernels.pool.max_pool_forward(x, ops.pool.sliding_windows((4, 4), (2, 2), (2, 2), "valid"))
    np.testing.assert_array_equal(y[0, :, :, 0], [[10, np.nan], [26, 30]])
    np.testing.assert_array_equal(y[0, :, :, 1], [[11, 15], [27, 31]])
    np.testing.assert_array_equal(positions[0, :, :, 0], [[3, 2], [3, 3]])


def test_use_forces_a_version_and_puts_back_what_was_before():
    product, calls = kernels.matmul.product, []
    a = np.eye(2)

    def called():
        calls.clear()
        np.testing.assert_array_equal(product(a, a), a)
        return calls == ["spy"]

    kernels.registry.version(product, "spy")(lambda x1, x2: calls.append("spy") or x1 @ x2)
    try:
        assert called()                                    # the newest that serves
        with kernels.use("numpy"):
            assert not called()
            with kernels.use("spy"):
                assert called()
        assert called()
        with pytest.raises(KeyError), kernels.use("numpy"):
            raise KeyError
        assert called()                                    # an error puts it back, too
        kernels.use("numpy")
        assert not called()
        kernels.use(None)
        assert called()
    finally:
        kernels.use(None)
        del product.kernel.versions["spy"]
    with pytest.raises(ValueError, match="no kernel has a version 'fast'; there is .*numpy"):
        kernels.use("fast")


def test_kernels_run_without_their_fast_versions(monkeypatch):
    """As where Numba is missing: one warning, and the reference."""
    monkeypatch.setattr(kernels.choice, "_offered", ["tinyvision.kernels.missing"])
    with pytest.warns(RuntimeWarning, match="Numba does not work here .*; tinyvision runs on its NumPy kernels"):
        np.testing.assert_array_equal(kernels.matmul.product(np.eye(2), np.eye(2)), np.eye(2))


# Errors that teach ----------------------------------------------------------------------------------------------------

def ones(*shape):
    return np.ones(shape, "float32")


BAD = {
    "matmul of other sizes": (lambda: ops.matmul(ones(2, 3), ones(4, 5)), ValueError, r"\(2, 3\) and \(4, 5\) do not fit"),
    "matmul with a vector": (lambda: ops.matmul(ones(2, 3), ones(2)), ValueError, r"\(2, 3\) and \(2,\) do not fit"),
    "matmul with a number": (lambda: ops.matmul(ones(2, 3), 2.0), ValueError, r"\(2, 3\) and \(\) do not fit"),
    "conv of other channels": (lambda: ops.conv(ones(2, 5, 5, 3), ones(3, 3, 4, 2)), ValueError,
                               r"\(3, 3, 4, 2\) takes 4 channels, the images \(2, 5, 5, 3\) have 3"),
    "conv, channels first": (lambda: ops.conv(ones(2, 3, 5, 5), ones(3, 3, 3, 2)), ValueError, "have 5, channels last"),
    "conv, filters that are no multiple of the groups":
        (lambda: ops.conv(ones(2, 5, 5, 4), ones(3, 3, 2, 3)), ValueError, "the filters a multiple of the groups"),
    "conv without a batch": (lambda: ops.conv(ones(5, 5, 3), ones(3, 3, 3, 2)), ValueError,
                             r"images \(N, H, W, C\) .* got \(5, 5, 3\)"),
    "conv, padding": (lambda: ops.conv(ones(2, 5, 5, 3), ones(3, 3, 3, 2), padding="full"), ValueError,
                      "padding is 'valid' or 'same', not 'full'"),
    "conv, stride 0": (lambda: ops.conv(ones(2, 5, 5, 3), ones(3, 3, 3, 2), strides=0), ValueError,
                       "strides is a positive integer .* got 0"),
    "conv, three strides": (lambda: ops.conv(ones(2, 5, 5, 3), ones(3, 3, 3, 2), strides=(1, 2, 3)), ValueError,
                            r"pair of them .* got \(1, 2, 3\)"),
    "conv, half a dilation": (lambda: ops.conv(ones(2, 5, 5, 3), ones(3, 3, 3, 2), dilation_rate=0.5), ValueError,
                              "dilation_rate is a positive integer .* got 0.5"),
    "conv, kernel over the image": (lambda: ops.conv(ones(2, 5, 6, 3), ones(7, 3, 3, 2)), ValueError,
                                    r"reach over \(7, 3\) pixels .* do not fit into images of \(5, 6\)"),
    "conv, an argument that there is not": (lambda: ops.conv(ones(2, 5, 5, 3), ones(3, 3, 3, 2), dilation=2), TypeError,
                                            "unexpected keyword argument 'dilation'"),
    "max_pool without a batch": (lambda: ops.max_pool(ones(5, 3), 2), ValueError, r"max_pool: .* got shape \(5, 3\)"),
    "max_pool of an image without a batch": (lambda: ops.max_pool(ones(5, 5, 3), (2, 2)), ValueError,
                                             r"pool_size of a sequence is a positive integer, or a tuple of one, got \(2, 2\)"),
    "conv of a sequence, two strides": (lambda: ops.conv(ones(2, 5, 3), ones(3, 3, 2), strides=(1, 2)), ValueError,
                                        r"strides of a sequence is a positive integer, or a tuple of one, got \(1, 2\)"),
    "conv of a sequence, dilation 0": (lambda: ops.conv(ones(2, 5, 3), ones(3, 3, 2), dilation_rate=0), ValueError,
                                       "dilation_rate of a sequence is a positive integer.* got 0"),
    "conv of a sequence, other channels": (lambda: ops.conv(ones(2, 5, 3), ones(3, 4, 2)), ValueError,
                                           r"takes 4 channels.* have 3.*the inputs are sequences \(2, 5, 3\), which count as"),
    "depthwise_conv of other channels": (lambda: ops.depthwise_conv(ones(2, 5, 5, 4), ones(3, 3, 2, 1)), ValueError,
                                         r"kernel \(3, 3, 2, 1\) is for 2 channels, the inputs \(2, 5, 5, 4\) have 4, channels last"),
    "depthwise_conv of a sequence with a kernel for images":
        (lambda: ops.depthwise_conv(ones(2, 5, 4), ones(3, 3, 4, 1)), ValueError, r"kernel \(K, C, M\), got \(2, 5, 4\) and \(3, 3, 4, 1\)"),
    "separable_conv, pointwise kernel of other channels":
        (lambda: ops.separable_conv(ones(2, 5, 5, 4), ones(3, 3, 4, 2), ones(1, 1, 4, 3)), ValueError,
         r"has shape \(1, 1, 8\) and a number of filters, got \(1, 1, 4, 3\)"),
    "separable_conv, pointwise kernel of windows":
        (lambda: ops.separable_conv(ones(2, 5, 5, 4), ones(3, 3, 4, 1), ones(3, 3, 4, 3)), ValueError, r"got \(3, 3, 4, 3\)"),
    "conv_transpose of other channels": (lambda: ops.conv_transpose(ones(2, 5, 5, 4), ones(3, 3, 4, 2)), ValueError,
                                         r"takes 2 channels.*\(2, 5, 5, 4\) have 4, channels last.*the filters before the channels"),
    "conv_transpose without a batch": (lambda: ops.conv_transpose(ones(5, 5, 4), ones(3, 3, 2, 4)), ValueError,
                                       r"images \(N, H, W, C\) .* got \(5, 5, 4\) and \(3, 3, 2, 4\)"),
    "conv_transpose, output_padding": (lambda: ops.conv_transpose(ones(2, 5, 5, 4), ones(3, 3, 2, 4), 2, output_padding=(1, 2)), ValueError,
                                       r"less than strides, got output_padding \(1, 2\) and strides \(2, 2\)"),
    "conv_transpose, output_padding below 0":
        (lambda: ops.conv_transpose(ones(2, 5, 5, 4), ones(3, 3, 2, 4), 2, output_padding=-1), ValueError, "from 0 on .* got -1"),
    "conv_transpose of a sequence, output_padding":
        (lambda: ops.conv_transpose(ones(2, 5, 4), ones(3, 2, 4), 2, output_padding=(1, 1)), ValueError,
         r"output_padding of a sequence is an integer from 0 on, or a tuple of one, got \(1, 1\)"),
    "conv_transpose, padding": (lambda: ops.conv_transpose(ones(2, 5, 5, 4), ones(3, 3, 2, 4), padding="full"), ValueError,
                                "padding is 'valid' or 'same', not 'full'"),
    "conv_transpose that leaves nothing":
        (lambda: ops.conv_transpose(ones(2, 1, 5, 4), ones(2, 2, 2, 4), 2, "same", 0), ValueError, r"\(0, 8\) would be left"),
    "max_pool over the image": (lambda: ops.max_pool(ones(2, 5, 5, 3), 6), ValueError, r"\(6, 6\) .* \(5, 5\)"),
    "max_pool of 0": (lambda: ops.max_pool(ones(2, 5, 5, 3), 0), ValueError, "pool_size is a positive integer .* got 0"),
    "average_pool, padding": (lambda: ops.average_pool(ones(2, 5, 5, 3), 2, padding="VALID"), ValueError, "not 'VALID'"),
    "a class too high": (lambda: ops.sparse_categorical_crossentropy([0, 5], ones(2, 5)), ValueError,
                         "are whole numbers in 0 .. 4, .* the targets go from 0 to 5"),
    "a class below 0": (lambda: ops.sparse_categorical_crossentropy([-1, 2], ones(2, 5)), ValueError, "go from -1 to 2"),
    "half a class": (lambda: ops.sparse_categorical_crossentropy([0.5, 1], ones(2, 5)), ValueError, "whole numbers"),
    "classes of another shape": (lambda: ops.sparse_categorical_crossentropy([0, 1, 2], ones(2, 5)), ValueError,
                                 r"shape \(2,\) fit an output of shape \(2, 5\), got \(3,\)"),
    "one-hot for sparse": (lambda: ops.sparse_categorical_crossentropy(ones(2, 5), ones(2, 5)), ValueError,
                           "One-hot targets need categorical_crossentropy"),
    "classes for categorical": (lambda: ops.categorical_crossentropy([0, 1], ones(2, 5)), ValueError,
                                r"shape \(2,\), the output \(2, 5\).* need sparse_categorical_crossentropy"),
    "labels that would broadcast": (lambda: ops.binary_crossentropy([0, 1], ones(2, 1)), ValueError,
                                    r"shape \(2,\), the output \(2, 1\): they must be equal"),
    "pad, mode": (lambda: ops.pad(ones(2, 3), 1, mode="wrap"), ValueError, "unknown mode 'wrap'; it is 'constant', 'reflect'"),
    "pad, a value that no mode takes": (lambda: ops.pad(ones(2, 3), 1, mode="edge", constant_values=1), ValueError,
                                        "constant_values goes with mode='constant', not with mode='edge'"),
    "pad, too many pairs": (lambda: ops.pad(ones(2, 3), ((1, 1), (2, 2), (3, 3))), ValueError, "for each axis, here 2; got"),
    "pad, below 0": (lambda: ops.pad(ones(2, 3), -1), ValueError, "pad_width is a whole number.* got -1"),
    "pad, half": (lambda: ops.pad(ones(2, 3), 1.5), ValueError, "pad_width is a whole number.* got 1.5"),
    "one too many": (lambda: ops.add(1, 2, 3), TypeError, r"add takes at most 2 arguments \(x1, x2\), got 3"),
    "one too few": (lambda: ops.add(1), TypeError, "add needs its argument x2"),
    "one twice": (lambda: ops.add(1, x1=2), TypeError, "add got its argument x1 twice, by position and by name"),
    "one of another name": (lambda: ops.sum(ones(2, 3), axes=1), TypeError, "unexpected keyword argument 'axes'"),
    "a setting that is missing": (lambda: ops.cast(ones(2)), TypeError, "dtype"),
    "shapes that do not broadcast": (lambda: ops.add(ones(2, 3), ones(4)), ValueError, r"\(2,3\) \(4,\)"),
    "an axis that there is not": (lambda: ops.sum(ones(2, 3), axis=5), ValueError, "axis 5 is out of bounds"),
    "text": (lambda: ops.exp("text"), TypeError, "exp: expected numbers or booleans, got str 'text'"),
    "None": (lambda: ops.exp(None), TypeError, "exp: expected numbers or booleans, got NoneType None"),
    "None among arrays": (lambda: ops.add(ones(2), None), TypeError, "add: expected numbers or booleans, got NoneType"),
    "a ragged list": (lambda: ops.exp([[1, 2], [3]]), TypeError, "exp: expected numbers.* do all rows have the same length"),
    "nothing to concatenate": (lambda: ops.concatenate([]), ValueError, "take one array or more"),
    "nothing to stack": (lambda: ops.stack([]), ValueError, "take one array or more"),
    "concatenate of other sizes": (lambda: ops.concatenate([ones(2, 3), ones(3, 4)], axis=1), ValueError, "must match exactly"),
    "reshape": (lambda: ops.reshape(ones(2, 3), (4, 2)), ValueError, r"size 6 into shape \(4,2\)"),
    "squeeze": (lambda: ops.squeeze(ones(2), 0), ValueError, "size not equal to one"),
    "broadcast_to": (lambda: ops.broadcast_to(ones(2), (3,)), ValueError, r"\(2,\) .* \(3,\)"),
    "getitem": (lambda: ops.getitem(ones(2), 5), IndexError, "index 5 is out of bounds for axis 0 with size 2"),
    "take": (lambda: ops.take(ones(2), [0, 7]), IndexError, "index 7 is out of bounds"),
    "dropout of all": (lambda: ops.dropout(ones(2), 1.0), ValueError, "a probability below 1, got 1.0"),
    "dropout below 0": (lambda: ops.dropout(ones(2), -0.1), ValueError, "a probability below 1, got -0.1"),
    "noise of fewer axes": (lambda: ops.dropout(ones(2, 3), 0.5, noise_shape=(2,)), ValueError,
                            r"noise_shape is that of x \(2, 3\), 1 or None, got \(2,\)"),
    "noise of another size": (lambda: ops.dropout(ones(2, 3), 0.5, noise_shape=(5, 3)), ValueError, r"got \(5, 3\)"),
    "a dtype that there is not": (lambda: ops.cast(ones(2), "float99"), TypeError, "float99"),
    "where without its arrays": (lambda: ops.where([True, False]), TypeError, "where needs its argument x1"),
    "clip without an end": (lambda: ops.clip(ones(2), 1), TypeError, "clip needs its argument x_max"),
    "a device that there is not": (lambda: ops.to_device(ones(2), "tpu"), ValueError, "'tpu': it is 'cpu', 'cuda' or 'cuda:N'"),
    "statistics of other channels": (lambda: ops.batch_normalization(ones(2, 3), ones(4), ones(4), -1), ValueError,
                                     r"along axis -1 of x \(2, 3\) takes 3 numbers .* got shape \(4,\)"),
    "a scale for other channels": (lambda: ops.batch_normalization_training(ones(2, 3), scale=ones(4)), ValueError,
                                   r"takes 3 numbers .* got shape \(4,\)"),
}


@pytest.mark.parametrize("call,error,message", BAD.values(), ids=BAD)
def test_bad_input_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize("dtype", ["uint8", "int8", "bool", "int16"])
@pytest.mark.parametrize("name", ["exp", "sigmoid", "tanh", "sqrt", "softmax", "log_softmax", "logsumexp", "mean", "divide"])
def test_small_integers_are_computed_in_the_default_float(name, dtype):
    x = np.array([[0, 1, 3, 12]]).astype(dtype)
    y, expected = (OPS[name](a, 2) if name == "divide" else OPS[name](a) for a in (x, x.astype("float32")))
    assert y.dtype == "float32"
    np.testing.assert_allclose(y.numpy(), expected.numpy(), rtol=1e-6)
