"""How a function of arrays becomes an op: its arguments, its rules, what it keeps, and what it says when they do not fit."""
import inspect

import numpy as np
import pytest

from tinyvision import Tensor, grad, no_grad, ops, tensor
from tinyvision.autograd import OPS
from tinyvision.op import op
from tinyvision.ops.second_order import vjp

rng = np.random.default_rng(0)


def leaf(*shape):
    return tensor(rng.standard_normal(shape), requires_grad=True)


def equal(actual, expected, tolerance=1e-12):
    np.testing.assert_allclose(actual.detach().numpy(), np.asarray(expected), rtol=tolerance, atol=tolerance)


@op
def _scaled(x, bias, *, factor=2.0, power=1):
    """x**power * factor + bias."""
    return x ** power * factor + bias


_scaled.gradient(x=lambda g, x, factor, power: g * factor * power * x ** (power - 1), bias=lambda g: g)


# Arguments ----------------------------------------------------------------------------------------------------------------

X, B = rng.standard_normal((2, 3)), rng.standard_normal(3)


@pytest.mark.parametrize("call", [
    lambda: _scaled(X, B, factor=3.0, power=2), lambda: _scaled(X, B, 3.0, 2), lambda: _scaled(X, bias=B, power=2, factor=3.0),
    lambda: _scaled(bias=B, x=X, factor=3.0, power=2), lambda: _scaled(X, B, 3.0, power=2),
    lambda: _scaled(tensor(X), tensor(B), 3.0, 2),
])
def test_arguments_come_by_position_or_by_name(call):
    equal(call(), X ** 2 * 3 + B)


@pytest.mark.parametrize("call", [
    lambda x, b: _scaled(x, b, factor=3.0, power=2), lambda x, b: _scaled(x, b, 3.0, 2),
    lambda x, b: _scaled(bias=b, x=x, power=2, factor=3.0),
])
def test_rules_see_settings_however_they_came(call):
    x, b = leaf(2, 3), leaf(3)
    dx, db = grad(call(x, b).sum(), [x, b])
    equal(dx, 6 * x.numpy())
    equal(db, np.full(3, 2.0))


def test_defaults_of_settings_reach_the_rules():
    x, b = leaf(3), leaf(3)
    equal(grad(_scaled(x, b).sum(), x)[0], np.full(3, 2.0))


@pytest.mark.parametrize("call, message", [
    (lambda: _scaled(X, B, 1.0, 2, 5), r"scaled takes at most 4 arguments \(x, bias, factor, power\), got 5"),
    (lambda: ops.exp(X, 2), r"exp takes at most 1 arguments \(x\), got 2"),
    (lambda: _scaled(X, x=B), "scaled got its argument x twice, by position and by name"),
    (lambda: _scaled(X, B, 2.0, factor=3.0), "scaled got its argument factor twice, by position and by name"),
    (lambda: _scaled(X), "scaled needs its argument bias"),
    (lambda: ops.add(x2=1.0), "add needs its argument x1"),
    (lambda: ops.cast(X), "cast.* 'dtype'|cast needs its argument dtype"),
    (lambda: _scaled(X, B, faktor=3.0), "faktor"),
    (lambda: ops.sum(tensor(X), axes=1), r"sum\(\) got an unexpected keyword argument 'axes'"),
    (lambda: tensor(X).mean(keepdim=True), r"mean\(\) got an unexpected keyword argument 'keepdim'"),
    (lambda: ops.exp("words"), "exp: expected numbers or booleans, got str 'words'"),
    (lambda: tensor(X) + "words", "add: expected numbers or booleans, got str 'words'"),
    (lambda: ops.multiply([[1], [1, 2]], 2), r"multiply: expected numbers, got list .* do all rows have the same length\?"),
])
def test_errors_of_arguments_name_the_op(call, message):
    with pytest.raises(TypeError, match=message):
        call()


def test_an_optional_array_may_be_left_out():
    @op
    def _shifted(x, by=None):
        return x.copy() if by is None else x + by

    _shifted.gradient(x=lambda g: g, by=lambda g: g)
    x, by = leaf(3), leaf(3)
    equal(_shifted(x), x.numpy())
    equal(_shifted(x, None), x.numpy())
    equal(_shifted(x, by=by), x.numpy() + by.numpy())
    equal(grad(_shifted(x).sum(), x)[0], np.ones(3))
    equal(grad(_shifted(x, by).sum(), by)[0], np.ones(3))


def test_an_op_looks_like_its_function():
    assert _scaled.__name__ == "_scaled" and _scaled.__doc__ == "x**power * factor + bias."
    assert list(inspect.signature(_scaled).parameters) == ["x", "bias", "factor", "power"]


def test_tensors_arrays_lists_and_numbers_give_the_same():
    a, b = [[1.0, 2.0], [3.0, 4.0]], [0.5, 8.0]
    expected = np.float32(a) * np.float32(b)
    for x1 in (a, tensor(a), np.float32(a)):
        for x2 in (b, tensor(b), np.float32(b), tuple(b)):
            y = ops.multiply(x1, x2)
            assert isinstance(y, Tensor) and y.dtype == "float32"
            equal(y, expected, 0)
    assert ops.multiply(3, 4).item() == 12 and isinstance(ops.multiply(3, 4), Tensor)


# Names --------------------------------------------------------------------------------------------------------------------

def test_a_public_op_is_found_by_name_a_private_one_is_not():
    @op
    def hundredfold_for_this_test(x):
        return x * 100

    try:
        assert OPS["hundredfold_for_this_test"] is hundredfold_for_this_test
        assert "_scaled" not in OPS and "scaled" not in OPS
    finally:
        del OPS["hundredfold_for_this_test"]


def test_an_op_of_the_same_name_does_not_take_over_the_operators():
    @op
    def multiply(x1, x2):
        return x1 * 0 + 42

    equal(tensor([2.0]) * 3, [6], 0)
    equal(multiply(tensor([2.0]), 3), [42], 0)


# Rules --------------------------------------------------------------------------------------------------------------------

def test_a_rule_may_ask_for_everything_there_is():
    seen = {}

    @op(keeps=["secret"])
    def _asked(x, other, *, setting=7):
        return x * other, x + 1

    @_asked.gradient
    def _(g, x, other, y, secret, x_shape, x_dtype, other_shape, setting):
        seen.update(g=g, x=x, other=other, y=y, secret=secret, facts=(x_shape, x_dtype, other_shape, setting))
        return g * other, None

    x, other = leaf(2, 3), rng.standard_normal(3)
    _asked(x, other).sum().backward()
    for name, expected in (("g", np.ones((2, 3))), ("x", x.numpy()), ("other", other), ("y", x.numpy() * other)):
        assert isinstance(seen[name], Tensor), name
        equal(seen[name], expected)
    np.testing.assert_array_equal(seen["secret"], x.numpy() + 1)
    assert seen["facts"] == ((2, 3), np.float64, (3,), 7)
    equal(x.grad, np.broadcast_to(other, (2, 3)))


def test_the_rest_of_the_settings():
    seen = []

    @op
    def _many(x, *, a=1, b=2, c=3):
        return x * 1.0

    _many.gradient(x=lambda g, b, **rest: seen.append((b, rest)) or g)
    _many(leaf(3), c=5).sum().backward()
    assert seen == [(2, {"a": 1, "c": 5})]


def test_a_number_reaches_the_rule_as_it_is():
    """So that rules of float32 ops stay float32, and a rule can ask what kind of argument it has."""
    seen = []

    @op
    def _times(x1, x2):
        return x1 * x2

    _times.gradient(x1=lambda g, x2: seen.append(x2) or g * x2)
    x = leaf(3)
    for number in (2, 2.5, True, np.float64(1.5)):
        _times(x, number).sum().backward()
    assert seen == [2, 2.5, True, 1.5] and [type(n) for n in seen] == [int, float, bool, float]


@pytest.mark.parametrize("rule", [lambda g, z: g, lambda g, y, nothing: g, lambda g, x_size: g, lambda g, z, **settings: g])
def test_a_rule_that_asks_for_an_unknown_name_is_refused_at_once(rule):
    @op
    def _plain(x, *, axis=0):
        return x

    unknown = {"z", "nothing", "x_size"}.intersection(inspect.signature(rule).parameters).pop()
    with pytest.raises(TypeError, match=rf"plain.gradient: a rule asks for \['{unknown}'\]; there is "
                                        r"\['x', 'axis', 'x_shape', 'x_dtype', 'y'\]"):
        _plain.gradient(x=rule)


def test_a_rule_for_an_unknown_argument_is_refused():
    @op
    def _plain(x):
        return x

    with pytest.raises(TypeError, match=r"plain.gradient: it has no argument z, only \['x'\]"):
        _plain.gradient(z=lambda g: g)


def test_an_op_without_a_rule_raises_when_a_gradient_is_wanted():
    @op
    def _silent(x, w):
        return x * w

    _silent.gradient(x=lambda g, w: g * w)
    x, w = leaf(3), leaf(3)
    equal(_silent(x, w.detach()), x.numpy() * w.numpy())               # no gradient wanted where the rule is missing
    with no_grad():
        _silent(x, w)
    with pytest.raises(NotImplementedError, match="silent has no gradient with respect to w"):
        _silent(x, w)

    @op
    def _mute(x, w):
        return x * w

    with pytest.raises(NotImplementedError, match="mute has no gradient with respect to x, w"):
        _mute(x, w)


def test_an_op_that_is_not_differentiable_gives_a_constant():
    @op(differentiable=False)
    def _steps(x):
        return np.floor(x)

    x = leaf(3)
    y = _steps(x)
    assert not y.requires_grad and y.node is None
    equal(grad((x * y).sum(), x)[0], np.floor(x.numpy()))


def test_a_rule_that_returns_none_gives_no_gradient():
    @op
    def _gate(x, w):
        return x * w

    _gate.gradient(x=lambda g: None, w=lambda g, x: g * x)
    x, w = leaf(3), leaf(3)
    _gate(x, w).sum().backward()
    assert x.grad is None
    equal(w.grad, x.numpy())


def test_broadcasting_is_undone_once_for_every_op():
    a, b, c = leaf(4, 1, 3), leaf(2, 1), leaf()
    (a * b + c).sum().backward()
    equal(a.grad, np.full((4, 1, 3), b.numpy().sum()))
    equal(b.grad, np.full((2, 1), a.numpy().sum()))
    equal(c.grad, 24.0)


def test_undoing_of_broadcasting_is_itself_differentiable():
    a, b = leaf(4, 1, 3), leaf(2, 1)
    da, = grad((a * b * b).sum(), a, create_graph=True)    # sum over b of b^2, the same everywhere
    (da * da).sum().backward()
    square = (b.numpy() ** 2).sum()
    equal(b.grad, 12 * 2 * square * 2 * b.numpy())


# One function for all gradients -------------------------------------------------------------------------------------------

@pytest.fixture
def joint():
    """x * w + b, whose gradients come together; and how often the rule ran."""
    @op
    def _affine(x, w, b):
        return x * w + b

    calls = []

    @_affine.gradient
    def _(g, x, w):
        calls.append(1)
        return g * w, g * x, g
    return _affine, calls


def test_a_joint_rule_runs_once_for_all(joint):
    affine, calls = joint
    x, w, b = leaf(2, 3), leaf(3), leaf(3)
    dx, dw, db = grad(affine(x, w, b).sum(), [x, w, b])
    assert calls == [1]
    equal(dx, np.broadcast_to(w.numpy(), (2, 3)))
    equal(dw, x.numpy().sum(0))
    equal(db, np.full(3, 2.0))


@pytest.mark.parametrize("wanted", [(0,), (1,), (2,), (0, 2), (1, 2)])
def test_a_joint_rule_serves_some_of_the_arguments(joint, wanted):
    affine, calls = joint
    arguments = [leaf(3), leaf(3), leaf(3)]
    expected = [arguments[1].numpy(), arguments[0].numpy(), np.ones(3)]
    arguments = [a if i in wanted else a.detach() for i, a in enumerate(arguments)]
    affine(*arguments).sum().backward()
    assert calls == [1]
    for i, a in enumerate(arguments):
        if i in wanted:
            equal(a.grad, expected[i])
        else:
            assert a.grad is None
    found = grad(affine(leaf(3), leaf(3), b := leaf(3)).sum(), b)      # wanted when it ran, one asked for now
    equal(found[0], np.ones(3))


def test_a_joint_rule_can_be_differentiated_again(joint):
    affine, _ = joint
    x, w, b = leaf(3), leaf(3), leaf(3)
    dx, = grad((affine(x, w, b) ** 2).sum(), x, create_graph=True)     # 2 (x w + b) w
    a, v, c = x.numpy(), w.numpy(), b.numpy()
    equal(dx, 2 * (a * v + c) * v)
    ddw, ddb = grad(dx.sum(), [w, b])
    equal(ddw, 4 * a * v + 2 * c)
    equal(ddb, 2 * v)


# Any number of arguments --------------------------------------------------------------------------------------------------

@pytest.fixture
def mixture():
    @op
    def _mixture(*xs, factor=1):
        return sum((i + 1) * x for i, x in enumerate(xs)) * factor

    _mixture.gradient(xs=lambda g, xs_shape, factor: [g * (i + 1) * factor for i in range(len(xs_shape))])
    return _mixture


def test_an_op_of_any_number_of_arguments(mixture):
    x1, x2, x3 = leaf(3), rng.standard_normal(3), leaf(2, 3)
    y = mixture(x1, x2, x3, factor=10)
    equal(y, 10 * (x1.numpy() + 2 * x2 + 3 * x3.numpy()))
    y.sum().backward()
    equal(x1.grad, np.full(3, 20.0))                       # broadcast over two rows
    equal(x3.grad, np.full((2, 3), 30.0))
    equal(grad(mixture(x1).sum(), x1)[0], np.ones(3))


def test_concatenate_is_such_an_op():
    parts = [leaf(2, 3), leaf(2, 1), leaf(2, 2)]
    y = ops.concatenate([parts[0], parts[1].detach(), parts[2]], axis=1)
    weights = rng.standard_normal((2, 6))
    first, last = grad((y * weights).sum(), [parts[0], parts[2]])
    equal(first, weights[:, :3])
    equal(last, weights[:, 4:])


# What is kept for the rule alone ------------------------------------------------------------------------------------------

def test_what_an_op_keeps_is_for_its_rule_alone():
    @op(keeps=["mask"])
    def _positive_part(x):
        mask = x > 0
        return x * mask, mask

    _positive_part.gradient(x=lambda g, mask: g * mask)
    x = leaf(5)
    y = _positive_part(x)
    assert isinstance(y, Tensor) and y.shape == (5,)
    assert list(y.node.kept) == ["mask"]
    y.sum().backward()
    equal(x.grad, x.numpy() > 0, 0)
    assert y.node.kept is None


def test_what_is_kept_survives_when_the_graph_does():
    x = tensor(np.arange(16.0).reshape(1, 4, 4, 1), requires_grad=True)
    y = ops.max_pool(x, 2).sum()
    y.backward(retain_graph=True)
    y.backward()
    expected = np.zeros((1, 4, 4, 1))
    expected[0, 1::2, 1::2, 0] = 2
    equal(x.grad, expected, 0)


# dtypes -------------------------------------------------------------------------------------------------------------------

def test_float64_comes_out_only_where_it_went_in():
    @op
    def _careless(x):
        return x * np.ones(3)                              # NumPy's ones are float64

    assert _careless(tensor(np.ones(3, np.float32))).dtype == "float32"
    assert _careless(tensor(np.ones(3, np.int64))).dtype == "float32"
    assert _careless(tensor(np.ones(3))).dtype == "float64"


def test_a_result_of_one_number_is_an_array():
    y = ops.sum(tensor([1.0, 2.0]))
    assert type(y.data) is np.ndarray and y.shape == ()


def test_an_integer_result_has_no_gradient():
    x = leaf(3)
    y = x.astype("int64")
    assert not y.requires_grad and y.node is None
    equal(grad((x * y).sum(), x)[0], x.numpy().astype(int))


# vjp ----------------------------------------------------------------------------------------------------------------------

def test_vjp():
    x, w, n, g = leaf(3), leaf(3), tensor([1.0, 2.0, 3.0]), rng.standard_normal(3)
    doubled = x * 2                                        # what an argument was made from plays no part
    with no_grad():                                        # it records all the same
        dx, dw, dn = vjp(lambda x, w, n: (x * w).exp() * n, (doubled, w, n), tensor(g))
    a, v = 2 * x.numpy(), w.numpy()
    equal(dx, g * v * np.exp(a * v) * [1, 2, 3])
    equal(dw, g * a * np.exp(a * v) * [1, 2, 3])
    assert dn is None


def test_vjp_is_recorded():
    x, w = leaf(3), leaf(3)
    dx, _ = vjp(lambda x, w: x * x * w, (x, w), tensor(np.ones(3)))    # 2 x w
    equal(grad(dx.sum(), x, retain_graph=True)[0], 2 * w.numpy())
    equal(grad(dx.sum(), w)[0], 2 * x.numpy())


@pytest.mark.parametrize("function, message", [
    (lambda: tensor(np.ones((2, 3))) + np.ones(4), r"add: .*\(2, ?3\) \(4,\)"),
    (lambda: tensor(np.ones((2, 3))).reshape(4, 2), r"reshape: .*size 6 into shape \(4, ?2\)"),
    (lambda: ops.concatenate([np.ones((2, 3)), np.ones((2, 4))], axis=0), "concatenate: .*dimension"),
    (lambda: tensor(np.ones((2, 3))) @ np.ones((2, 3)), "^matmul: shapes")])
def test_errors_of_the_array_library_name_the_op(function, message):
    with pytest.raises(ValueError, match=message):
        function()
