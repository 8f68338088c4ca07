"""The signatures of the ops are Keras's. And the rows of samples.py are not thin: they take arguments through their values."""
import functools
import inspect
import itertools
import operator

import numpy as np
import pytest
from samples import CONV, CONV_1D, CONV_TRANSPOSE, DEPTHWISE, NOT_IN_KERAS, OPS, POOL, ROWS, Row

from tinyvision import ops
from tinyvision.kernels.windows import pair

REQUIRED = inspect.Parameter.empty
ELSEWHERE_IN_KERAS = {"dropout": "random"}                 # keras.random.dropout
LESS_THAN_KERAS = {                                        # {(op, argument): why it differs}
    ("one_hot", "sparse"): "tinyvision has no sparse tensors",
    ("where", "x1"): "no default: where(condition) alone gives positions, whose number is not known beforehand",
    ("where", "x2"): "no default, likewise",
    ("dot_product_attention", "flash_attention"): "there is one way to compute it",
    ("dot_product_attention", "attn_logits_soft_cap"): "in Keras for TPUs alone",
    ("dropout", "inputs"): "named x, as in every op of one array",
}


def parameters(function):
    """[(name, default)] of what a function takes, in the order in which it comes by position."""
    return [(p.name, p.default) for p in inspect.signature(function).parameters.values() if p.kind is not p.VAR_KEYWORD]


@pytest.mark.parametrize("name", sorted((set(OPS) - NOT_IN_KERAS) | set(ELSEWHERE_IN_KERAS)))
def test_signature_starts_with_that_of_keras(keras, name):
    """The same names in the same order, with the same defaults; what is tinyvision's own comes after."""
    theirs = parameters(operator.attrgetter(name)(getattr(keras, ELSEWHERE_IN_KERAS.get(name, "ops"))))
    ours, differing = parameters(OPS[name]), []
    for i, (argument, default) in enumerate(theirs):
        if ours[i:i + 1] != [(argument, default)]:
            differing.append((name, argument))
    assert differing == [known for known in LESS_THAN_KERAS if known[0] == name]


@pytest.mark.parametrize("name", sorted(OPS))
def test_arrays_stand_before_settings(name):
    """An op's own signature: what is an array in some row is no keyword-only setting."""
    arrays = {argument for row in ROWS[name] for argument, value in row.arguments.items()
              if isinstance(value, np.ndarray) and value.dtype.kind == "f"}
    kinds = {p.name: p.kind for p in inspect.signature(OPS[name]).parameters.values()}
    assert not [argument for argument in arrays if kinds[argument] is inspect.Parameter.KEYWORD_ONLY]


@pytest.mark.parametrize("name,call", [
    ("conv", functools.partial(ops.conv, np.ones((1, 5, 5, 2)), np.ones((2, 2, 2, 3)))),
    ("depthwise_conv", functools.partial(ops.depthwise_conv, np.ones((1, 5, 5, 2)), np.ones((2, 2, 2, 3)))),
    ("depthwise_conv", functools.partial(ops.separable_conv, np.ones((1, 5, 5, 2)), np.ones((2, 2, 2, 3)), np.ones((1, 1, 6, 2)))),
    ("conv_transpose", functools.partial(ops.conv_transpose, np.ones((1, 5, 5, 2)), np.ones((2, 2, 3, 2)))),
    ("conv", functools.partial(ops.conv, np.ones((1, 5, 2)), np.ones((2, 2, 3)))),
    ("max_pool", functools.partial(ops.max_pool, np.ones((1, 5, 2)), 2)),
    ("max_pool", functools.partial(ops.max_pool, np.ones((1, 5, 5, 2)), 2)),
    ("average_pool", functools.partial(ops.average_pool, np.ones((1, 5, 5, 2)), 2))])
def test_the_layout_is_channels_last(name, call):
    np.testing.assert_array_equal(call(data_format="channels_last").data, call().data)
    for other in ("channels_first", "NHWC"):
        with pytest.raises(ValueError, match=f"{name}: data_format='{other}' is not available: images are .N, H, W, C."):
            call(data_format=other)


@pytest.mark.parametrize("name", [name for name, f in OPS.items() if len(parameters(f)) > 1])
def test_unknown_arguments_are_refused(name):
    """No argument is accepted and ignored."""
    row = ROWS[name][0]
    with pytest.raises(TypeError):
        OPS[name](**row.filled(row.leaves), an_argument_that_there_is_not=1)


# The rows are not thin ----------------------------------------------------------------------------------------------------

CLOSED = {                                                 # sets of values that are closed, by the argument's name; or by the op's, too
    "padding": {"valid", "same"},
    "indexing": {"xy", "ij"},
    "mode": {"constant", "reflect", "symmetric", "edge"},
    "data_format": {None, "channels_last"},
    "device": {"cpu"},                                     # the one that every machine has
    ("image.affine_transform", "fill_mode"): {"constant", "nearest", "wrap", "mirror", "reflect"},
    ("image.map_coordinates", "fill_mode"): {"constant", "nearest", "wrap", "mirror", "reflect"},
    ("image.map_coordinates", "order"): {0, 1},
    **{(f"image.{name}_transform", "interpolation"): {"nearest", "bilinear"} for name in ("affine", "perspective")},
    ("image.resize", "interpolation"): {"nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"},
    ("image.resize", "fill_mode"): {"constant"},
}


def closed(name, argument):
    """The values that an argument of an op can take, if there are so many and no more; else None."""
    return CLOSED.get((name, argument), CLOSED.get(argument))


DEFAULT_NOT_IN_ROWS = {("dropout", "seed"): "without a seed each call draws anew"}


def values_in_rows(name, argument, default):
    """The values that the rows give an argument: what is an array counts as "an array", what is left out as its default."""
    seen = []
    for row in ROWS[name]:
        value = row.arguments.get(argument, default)
        is_array = isinstance(value, np.ndarray) or (isinstance(value, list) and any(isinstance(v, np.ndarray) for v in value))
        seen.append(f"array {len(seen)}" if is_array else value)
    return seen


ARGUMENTS = [pytest.param(name, argument, default, id=f"{name}-{argument}")
             for name, function in OPS.items() for argument, default in parameters(function)]


@pytest.mark.parametrize("name,argument,default", ARGUMENTS)
def test_rows_cover_the_argument(name, argument, default):
    """Every value of a boolean or a closed set; of others two at least besides the default (of arrays, two of them)."""
    seen = {repr(value) for value in values_in_rows(name, argument, default)}
    needed = {True, False} if isinstance(default, bool) else closed(name, argument) or {default} - {REQUIRED}
    if (name, argument) not in DEFAULT_NOT_IN_ROWS:
        assert set(map(repr, needed)) <= seen
    if not isinstance(default, bool) and not closed(name, argument):
        assert len(seen - {repr(default)}) >= 2, f"rows of {name} in samples.py need other values of {argument} than {seen}"


def test_closed_sets_are_closed():
    """What is outside of them is refused."""
    for call in (lambda: ops.pad([1.0], 1, mode="empty"), lambda: ops.max_pool(np.ones((1, 4, 4, 1)), 2, padding="causal")):
        with pytest.raises(ValueError):
            call()


def shape_of(n):
    """A size, a stride, a dilation: which kind of number it is."""
    h, w = pair(n)
    return "rectangular" if h != w else "one" if h == 1 else "even" if h % 2 == 0 else "odd"


def of_conv(row):
    kernel, images, how = row.arguments["kernel"], row.arguments["inputs"], row.arguments
    groups = images.shape[3] // kernel.shape[2]
    strides = pair(how.get("strides", 1))
    return {"kernel": shape_of(kernel.shape[:2]), "padding": how.get("padding", "valid"),
            "strides": "different" if strides[0] != strides[1] else "one" if strides[0] == 1 else "more",
            "dilation": shape_of(how.get("dilation_rate", 1)),
            "groups": "one" if groups == 1 else "each channel" if kernel.shape[2] == 1 else "several"}


def of_pool(row):
    how = row.arguments
    strides = how.get("strides")
    kind = "different" if isinstance(strides, tuple) else {None: "none", 1: "one"}.get(strides, "more")
    return {"pool_size": shape_of(how["pool_size"]), "padding": how.get("padding", "valid"), "strides": kind}


def of_depthwise(row):
    how = of_conv(row)
    return {**how, "multiplier": "one" if row.arguments["kernel"].shape[3] == 1 else "several"}


def of_transposed(row):
    how = of_conv(row)
    return {**how, "output_padding": "none" if row.arguments.get("output_padding") is None else "given"}


def in_one_dimension(kinds):
    """The kinds of a row of sequences: the settings have no height."""
    def of(row):
        images = {name: a[:, None] if name == "inputs" else a[None] for name, a in row.arguments.items() if name in ("inputs", "kernel")}
        how = {name: value[0] if isinstance(value, tuple) else value for name, value in row.arguments.items()}
        found = kinds(Row(**{**how, **images}))
        size, dilation = row.arguments["kernel"].shape[0], how["dilation_rate"]
        return {**found, "kernel": shape_of(size), "dilation": "one" if dilation == 1 else "more"}
    return of


def images(rows):
    return [row for row in rows if row.arguments["inputs"].ndim == 4]


def sequences(rows):
    return [row for row in rows if row.arguments["inputs"].ndim == 3]


@pytest.mark.parametrize("rows,kinds,sizes", [
    (CONV, of_conv, {"kernel": 4, "padding": 2, "strides": 3, "dilation": 3, "groups": 3}),
    (CONV_1D, in_one_dimension(of_conv), {"kernel": 3, "padding": 2, "strides": 2, "dilation": 2, "groups": 3}),
    (images(DEPTHWISE), of_depthwise, {"kernel": 4, "padding": 2, "strides": 3, "dilation": 3, "multiplier": 2}),
    (images(CONV_TRANSPOSE), of_transposed, {"kernel": 4, "padding": 2, "strides": 3, "dilation": 3, "output_padding": 2}),
    (sequences(CONV_TRANSPOSE), in_one_dimension(of_transposed),
     {"kernel": 3, "padding": 2, "strides": 2, "dilation": 2, "output_padding": 2}),
    (POOL, of_pool, {"pool_size": 3, "padding": 2, "strides": 4})],
    ids=["conv", "conv of sequences", "depthwise", "transposed", "transposed of sequences", "pool"])
def test_each_two_settings_meet(rows, kinds, sizes):
    """Pairwise coverage: for each two settings, all pairs of their kinds of values occur in some row."""
    seen = [kinds(row) for row in rows]
    for setting, count in sizes.items():
        assert len({row[setting] for row in seen}) == count
    for one, other in itertools.combinations(sizes, 2):
        possible = set(itertools.product({row[one] for row in seen}, {row[other] for row in seen}))
        assert possible == {(row[one], row[other]) for row in seen}, f"{one} and {other} do not meet in all ways"


def test_rows_of_conv_and_pools_have_the_shapes_that_find_bugs():
    images = [row.arguments["inputs"].shape for row in CONV]
    assert {n for n, *_ in images} > {1} and {c for *_, c in images} > {1}
    assert any(h % 2 and w % 2 for _, h, w, _ in images) and any(h != w for _, h, w, _ in images)
    convs = [(row, row.arguments["kernel"].shape[:2]) for row in CONV]
    pools = [(row, pair(row.arguments["pool_size"])) for row in POOL]
    for rows in convs, pools:
        strided = [(row, size, pair(row.arguments.get("strides") or 1)) for row, size in rows]
        assert any(s > k for row, size, strides in strided for k, s in zip(size, strides)), "a stride over the window's size"
        assert any(row.arguments.get("padding") == "same" and s > 1 and k % 2 == 0
                   for row, size, strides in strided for k, s in zip(size, strides)), "where margins lie on the wrong side"


def test_rows_of_transposed_convolutions_have_the_sizes_that_find_bugs():
    """All that output_padding may be; steps over the kernel's size; margins of an odd number."""
    found = [(pair(row.arguments["strides"]), row.arguments["kernel"].shape[:2], row.arguments["padding"], row.arguments["output_padding"])
             for row in images(CONV_TRANSPOSE) if "strides" in row.arguments]
    for strides, _, _, more in found:
        assert more is None or all(m < s for m, s in zip((more, more) if isinstance(more, int) else more, strides))
    assert {(padding, positive) for _, _, padding, more in found if more is not None
            for positive in np.ravel(more) > 0} == {("valid", True), ("valid", False), ("same", True), ("same", False)}
    assert any(isinstance(more, tuple) and more[0] != more[1] for *_, more in found)
    for padding in ("valid", "same"):
        assert any(s > k for strides, size, p, more in found for s, k in zip(strides, size) if p == padding and more is None)
    assert {(k - s) % 2 for strides, size, p, more in found for s, k in zip(strides, size) if p == "same" and k > s} == {0, 1}


@pytest.mark.parametrize("name", [name for name, f in OPS.items() if "axis" in dict(parameters(f))])
def test_rows_count_axes_from_both_ends(name):
    axes = [axis for row in ROWS[name] for axis in np.ravel(row.arguments.get("axis", 0)).tolist() if axis is not None]
    assert min(axes) < 0 <= max(axes)


BROADCAST = ["add", "subtract", "multiply", "divide", "power", "maximum", "minimum"]


@pytest.mark.parametrize("name", BROADCAST)
def test_rows_broadcast_in_all_ways(name):
    shapes = {(np.shape(row.arguments["x1"]), np.shape(row.arguments["x2"])) for row in ROWS[name]}
    assert ((2, 3, 4), (1, 4)) in shapes, "one side alone is repeated"
    assert any(a and b and np.broadcast_shapes(a, b) not in (a, b) for a, b in shapes), "both sides are"
    assert any(a and not b for a, b in shapes) and any(b and not a for a, b in shapes) and ((), ()) in shapes
    kinds = {type(row.arguments[x]) if not isinstance(row.arguments[x], np.ndarray) else row.arguments[x].dtype.kind
             for row in ROWS[name] for x in ("x1", "x2")}
    assert {int, float, "i", "b", "f"} <= kinds, "numbers, integers and booleans join in"
