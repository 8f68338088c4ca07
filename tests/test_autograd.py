"""What the engine promises: about the order and the memory of the graph, about gradients, and about Tensors themselves."""
import gc
import operator
import pickle
import re
import threading
import tracemalloc
import weakref

import numpy as np
import pytest

from tinyvision import Tensor, config, detect_anomaly, enable_grad, grad, layers, no_grad, ops, optimizers, tensor
from tinyvision.autograd import OPS, as_array, as_tensor, is_recording, to_numpy
from tinyvision.data import Dataset
from tinyvision.data.batching import ArrayBatches
from tinyvision.op import op

rng = np.random.default_rng(0)


def leaf(*shape):
    return tensor(rng.standard_normal(shape), requires_grad=True)


def equal(actual, expected, tolerance=1e-12):
    """Numbers of Tensors or arrays, within a tolerance; 0 asks for the same bits."""
    np.testing.assert_allclose(to_numpy(actual), np.asarray(expected), rtol=tolerance, atol=tolerance)


# The graph: order and memory ----------------------------------------------------------------------------------------------

def test_a_diamond_of_two_to_the_twenty_paths():
    x = y = leaf(3)
    for _ in range(20):
        y = y + y
    y.sum().backward()
    equal(x.grad, np.full(3, 2.0 ** 20), 0)


def test_a_chain_of_100_000_ops():
    x = y = tensor(np.ones(()), requires_grad=True)
    for _ in range(100_000):
        y = y * 1.00001
    y.backward()
    equal(x.grad, 1.00001 ** 100_000, 1e-9)
    del y                                                  # freeing the chain must not recurse, either


def test_a_chain_of_100_000_ops_is_dropped_without_a_backward():
    x = y = tensor(np.ones(()), requires_grad=True)
    for _ in range(100_000):
        y = y * 1.00001
    last = weakref.ref(y.data)
    del y
    assert last() is None and x.grad is None


def test_ops_of_different_branches_wait_for_each_other():
    """x reaches y at three depths: y's rule must run when all three gradients have arrived, and once."""
    calls = []

    @op
    def _twice(x):
        return 2 * x

    _twice.gradient(x=lambda g: calls.append(g.numpy()) or 2 * g)
    x = leaf(3)
    y = _twice(x)
    (y + (y * 3).exp().log() + ((y * 5) * 7) * 1.0).sum().backward()
    assert len(calls) == 1
    equal(calls[0], np.full(3, 39.0))
    equal(x.grad, np.full(3, 78.0))


@pytest.fixture
def no_garbage_collector():
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.parametrize("how", ["dropped", "backward", "create_graph", "hooks", "retain_grad"])
def test_a_graph_is_freed_without_the_garbage_collector(no_garbage_collector, how):
    x = leaf(3)
    y = x.exp()                                            # keeps its own output
    z = (y.tanh() * y).sum()
    array, node = weakref.ref(y.data), weakref.ref(z)
    if how == "hooks":
        y.register_hook(lambda g: 2 * g)
    if how == "retain_grad":
        y.retain_grad()
    if how == "create_graph":
        slope, = grad(z, x, create_graph=True)
        del slope
    elif how != "dropped":
        z.backward()
    del y, z
    assert array() is None and node() is None


def test_only_what_a_rule_asks_for_is_kept():
    x, z = leaf(3), leaf(3)
    a = x * 2.0
    b = a + z                                              # add needs neither argument, x * 2.0 only the 2.0
    kept = weakref.ref(a.data)
    del a
    assert kept() is None
    b.sum().backward()
    equal(x.grad, np.full(3, 2.0), 0)


def test_what_only_unwanted_gradients_ask_for_is_not_kept():
    w, constant = leaf(3), tensor(rng.standard_normal(3))
    y = w * constant                                       # the gradient of w needs the constant; w itself nobody needs
    assert list(y.node.kept) == ["x2"]
    y = constant * constant
    assert y.node is None


def test_a_rule_that_asks_for_the_shape_does_not_keep_the_array():
    x = leaf(3)
    y = x.exp()
    z = y.reshape(3, 1).sum()
    kept = weakref.ref(y.data)
    shown = z.node.kept, z.node.edges[0].kept
    assert [list(k) for k in shown] == [["x_shape"], ["x_shape"]]
    assert shown[1]["x_shape"] == (3,) and kept() is not None          # exp keeps it, nobody else


def test_backward_frees_as_it_goes():
    x = leaf(500, 1000)                                    # 4 MB
    y = x
    for _ in range(20):
        y = (y * 0.1).exp()                                # keeps its output: 80 MB in all
    loss, y = y.sum(), None
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    loss.backward()
    peak = tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()
    assert peak < 20e6                                     # a few gradients at a time, whatever the depth
    assert np.isfinite(x.grad.numpy()).all()


def test_backward_gives_memory_back_while_it_runs():
    """Not only does it take little: what the nodes had kept is free before the end."""
    x = leaf(3)
    y = x.exp()
    z = y.exp()
    kept, seen = weakref.ref(z.data), []
    y.register_hook(lambda g: seen.append(kept()))
    loss = z.sum()
    del z
    loss.backward()
    assert seen == [None]


# Changes in place ---------------------------------------------------------------------------------------------------------

def test_a_change_in_place_is_noticed():
    x, w = leaf(3), leaf(3)
    y = (x * w).sum()
    w.assign(np.zeros(3))
    with pytest.raises(RuntimeError, match="multiply: its argument x2 was changed in place before its gradient was taken"):
        y.backward()


def test_a_change_in_place_before_the_op_or_of_what_no_rule_needs_does_no_harm():
    x, w = leaf(3), leaf(3)
    w.assign([1.0, 2.0, 3.0])
    y = (x * w + w).sum()
    equal(grad(y, x, retain_graph=True)[0], [1, 2, 3], 0)
    b = leaf(3)
    z = (x + b).sum()
    b.assign(np.zeros(3))
    z.backward()
    equal(b.grad, np.ones(3), 0)


VIEWS = {
    "reshape": lambda x: x.reshape(3, 2), "transpose": lambda x: x.T, "getitem": lambda x: x[1:],
    "squeeze": lambda x: x[:1].squeeze(), "expand_dims": lambda x: ops.expand_dims(x, 0), "flip": lambda x: x.flip(1),
    "broadcast_to": lambda x: ops.broadcast_to(x, (2, 2, 3)),
    "to_device": lambda x: x.to("cpu"), "detach": lambda x: x.detach(), "detached view": lambda x: x.T.detach().flip(),
}


@pytest.mark.parametrize("name", VIEWS)
def test_a_change_in_place_is_noticed_through_views(name):
    """A view shows the same memory: its numbers change with the leaf's."""
    x = leaf(2, 3)
    view = VIEWS[name](x)
    w = leaf(*view.shape)
    y = (w * view).sum()
    x.assign(np.zeros((2, 3)))
    with pytest.raises(RuntimeError, match="multiply: its argument x2 was changed in place"):
        y.backward()


@pytest.mark.parametrize("function", [lambda x: x * 1.0, lambda x: x.astype("float64"), lambda x: x[[0, 1]], lambda x: x.exp()])
def test_a_change_in_place_does_not_touch_results_with_memory_of_their_own(function):
    x, w = leaf(2, 3), leaf(2, 3)
    result = function(x.detach())
    expected = result.numpy().copy()
    y = (w * result).sum()
    x.assign(np.zeros((2, 3)))
    y.backward()
    equal(w.grad, expected, 0)


OVERWRITTEN = {
    "multiply": (lambda w, a: w * a, (2, 3)), "array first": (lambda w, a: a * w, (2, 3)),
    "divide": (lambda w, a: w / a, (2, 3)), "matmul": (lambda w, a: a @ w, (4, 2)),
    "where": (lambda w, a: ops.where(a > 0, w, 0), (2, 3)), "maximum": (lambda w, a: ops.maximum(w, a), (2, 3)),
    "power": (lambda w, a: (w * w) ** a, (2, 3)),
}


@pytest.mark.parametrize("name", OVERWRITTEN)
def test_an_array_that_the_caller_overwrites_afterwards_does_not_spoil_the_gradient(name):
    function, shape = OVERWRITTEN[name]
    w, a = leaf(2, 3), rng.standard_normal(shape)
    expected, = grad(function(w, a.copy()).sum(), w)
    y = function(w, a).sum()
    a[:] = 1000
    y.backward()
    equal(w.grad, expected, 0)


def test_assign_overwrites_a_leaf():
    x = tensor([1.0, 2.0], requires_grad=True)
    memory = x.data
    x.assign([3, 4])
    assert x.data is memory and x.dtype == "float32"       # in place, in the dtype that was there
    equal(x.detach(), [3, 4], 0)
    value = tensor([5.0, 6.0])
    x.assign(value)
    value.assign([0.0, 0.0])
    equal(x.detach(), [5, 6], 0)                           # a copy
    with pytest.raises(ValueError, match=r"assign: the value has shape \(2, 1\), the Tensor \(2,\)"):
        x.assign([[1.0], [2.0]])
    with pytest.raises(ValueError, match=r"assign: the value has shape \(\), the Tensor \(2,\)"):
        x.assign(0.0)
    with pytest.raises(RuntimeError, match="only a leaf is changed in place, this Tensor was made by multiply"):
        (x * 2).assign([1.0, 2.0])


def test_gradients_of_two_leaves_are_never_changed_in_place():
    """add hands the same gradient to both: what then arrives at one must not show in the other."""
    a, b = leaf(3), leaf(3)
    (a + b).backward(np.ones(3))
    first = b.grad
    (a * 2).backward(np.ones(3))
    equal(a.grad, np.full(3, 3.0), 0)
    assert b.grad is first
    equal(b.grad, np.ones(3), 0)


def test_the_given_gradient_is_not_shared_with_the_caller():
    x, g = leaf(2), np.array([1.0, 2.0])
    x.backward(g)
    g[:] = 0
    equal(x.grad, [1, 2], 0)


def test_tensors_are_not_written_to():
    x = leaf(3)
    with pytest.raises(TypeError, match=r"not changed in place: build a new one, with ops.where .* t.assign\(value\)"):
        x[0] = 1
    before = y = x * 1
    y += 1                                                 # makes a new Tensor, and gives it the name
    assert y is not before
    equal(y.detach(), x.numpy() + 1, 0)
    for array in (x.numpy(), before.detach().numpy()):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


# Which gradients are computed ---------------------------------------------------------------------------------------------

@pytest.fixture
def counted():
    """A product that notes whose gradients were computed."""
    @op
    def _product(a, b):
        return a * b

    calls = []
    _product.gradient(a=lambda g, b: calls.append("a") or g * b, b=lambda g, a: calls.append("b") or g * a)
    return _product, calls


def test_gradients_that_nobody_wants_are_not_computed(counted):
    product, calls = counted
    constant, w, v = tensor(rng.standard_normal(3)), leaf(3), leaf(3)
    product(constant, w).sum().backward()
    assert calls == ["b"]
    equal(w.grad, constant, 0)
    calls.clear()
    equal(grad(product(v, w).sum(), w)[0], v.detach(), 0)
    assert calls == ["b"]


def test_grad_runs_no_rules_on_paths_that_do_not_lead_to_its_inputs(counted):
    product, calls = counted
    v, w = leaf(3), leaf(3)
    side = product(v, v)                                   # only v lies behind it
    equal(grad((side * w).sum(), w)[0], v.numpy() ** 2)
    assert calls == []


def test_gradients_with_respect_to_tensors_in_the_middle():
    x = leaf(3)
    y = x.exp()
    dy, dx = grad((y * y).sum(), [y, x])
    equal(dy, 2 * y.detach().numpy())
    equal(dx, 2 * y.detach().numpy() ** 2)


def test_what_lies_behind_an_input_of_grad_is_left_alone():
    """grad(z, y) needs nothing from y's own past: neither does it free it, nor does it mind that it is freed already."""
    x = leaf(3)
    y = x.exp()
    value = y.detach().numpy()
    equal(grad((y * y).sum(), y)[0], 2 * value)
    equal(grad(y.sum(), x)[0], value)                      # here exp's output is needed, and freed
    equal(grad((y * 3).sum(), y)[0], np.full(3, 3.0))


def test_an_output_may_be_an_input():
    x = leaf(3)
    y = x * 2
    dy, dx = grad(y, [y, x], np.ones(3))
    equal(dy, np.ones(3), 0)
    equal(dx, np.full(3, 2.0), 0)
    equal(grad(x, x, [1.0, 2.0, 3.0])[0], [1, 2, 3], 0)


def test_the_same_input_twice():
    x = leaf(2)
    first, second = grad((x * x).sum(), [x, x])
    equal(first, 2 * x.numpy())
    equal(second, 2 * x.numpy())


@pytest.mark.parametrize("function, slope", [
    (lambda x: x + x, lambda x: 2 + 0 * x), (lambda x: x * x, lambda x: 2 * x), (lambda x: x - x, lambda x: 0 * x),
    (lambda x: x / (x * x + 1), lambda x: (1 - x * x) / (x * x + 1) ** 2), (lambda x: x * x * x, lambda x: 3 * x * x),
    (lambda x: ops.concatenate([x, x, x * 2]), lambda x: 4 + 0 * x),
    (lambda x: ops.where(x > 0, x, x * 3), lambda x: np.where(x > 0, 1, 3)),
])
def test_a_tensor_that_is_used_twice(function, slope):
    x = leaf(4)
    function(x).sum().backward()
    equal(x.grad, slope(x.numpy()))


def test_gradients_accumulate_over_two_backward_calls():
    x = leaf(3)
    (x * 2).sum().backward()
    (x * x).sum().backward()
    equal(x.grad, 2 + 2 * x.numpy())
    x.grad = None
    (x * 5).sum().backward()
    equal(x.grad, np.full(3, 5.0))


def test_grad_touches_no_grad():
    x = leaf(3)
    y = x * 2
    y.retain_grad()
    equal(grad((y * y).sum(), x)[0], 8 * x.numpy())
    assert x.grad is None and y.grad is None


def test_several_outputs():
    x, w = leaf(3), leaf(3)
    a, b = (x * w).sum(), x.exp() * 3
    dx, dw = grad([a, b], [x, w], [None, np.array([1.0, 0.0, 2.0])])
    equal(dx, w.numpy() + 3 * np.exp(x.numpy()) * [1, 0, 2])
    equal(dw, x.numpy())
    a, b = (x * w).sum(), (x * x).sum()
    equal(grad((a, b), x)[0], w.numpy() + 2 * x.numpy())               # 1 arrives at each
    y = x * 2
    equal(grad([y, y], x, [np.ones(3), [1.0, 2.0, 3.0]])[0], [4, 6, 8], 0)


@pytest.mark.parametrize("given", [np.array([1.0, 2.0]), [1.0, 2.0], (1, 2), tensor([1.0, 2.0]), np.array([1, 2], np.uint8)])
def test_the_arriving_gradient_may_be_a_tensor_an_array_or_a_list(given):
    x = leaf(2)
    equal(grad(x * x, x, given)[0], 2 * x.numpy() * [1, 2])
    (x * x).backward(given)
    equal(x.grad, 2 * x.numpy() * [1, 2])
    assert x.grad.dtype == "float64"


def test_unused_inputs():
    x, w, n = leaf(3), leaf(3), tensor([1, 2, 3], dtype="int32")
    with pytest.raises(RuntimeError, match=r"do not depend on inputs \[1\] of 2 \(counted from 0\); pass allow_unused=True"):
        grad((x * 2).sum(), [x, w])
    dx, dw = grad((x * 2).sum(), [x, w], allow_unused=True)
    assert dw is None
    equal(dx, np.full(3, 2.0), 0)
    dx, dn = grad((x * n).sum(), [x, n], allow_unused=True)
    assert dn is None
    equal(dx, [1, 2, 3], 0)


# Modes --------------------------------------------------------------------------------------------------------------------

def test_no_grad_and_enable_grad_as_contexts():
    x = leaf(3)
    with no_grad():
        assert not is_recording() and not (x * 2).requires_grad
        with enable_grad():
            assert is_recording() and (x * 2).requires_grad
        assert not is_recording()
    assert is_recording() and (x * 2).requires_grad


def test_no_grad_and_enable_grad_as_decorators():
    @no_grad()
    def without(x):
        """Doubled."""
        return x * 2

    @enable_grad()
    def recorded(x):
        return x * 2

    x = leaf(3)
    for _ in range(2):                                     # more than once
        assert without(x).node is None and is_recording()
        with no_grad():
            y = recorded(x)
        equal(grad(y.sum(), x)[0], np.full(3, 2.0), 0)
    assert without.__name__ == "without" and without.__doc__ == "Doubled."


def test_modes_end_with_an_error_too():
    with pytest.raises(ZeroDivisionError), no_grad():
        raise ZeroDivisionError
    with pytest.raises(ZeroDivisionError), detect_anomaly():
        raise ZeroDivisionError
    assert is_recording() and np.isinf((tensor([np.inf]) - 1).numpy())


def test_modes_are_a_matter_of_one_thread():
    inside, done = threading.Event(), threading.Event()

    def other():
        with no_grad(), detect_anomaly():
            inside.set()
            done.wait(10)

    thread = threading.Thread(target=other)
    thread.start()
    assert inside.wait(10)
    x = leaf(3)
    assert (x * 2).requires_grad
    with np.errstate(over="ignore"):
        assert np.isinf(tensor([1000.0]).exp().numpy()).all()
    done.set()
    thread.join()


def test_a_new_thread_records():
    found = []
    with no_grad():
        thread = threading.Thread(target=lambda: found.append((leaf(3) * 2).requires_grad))
        thread.start()
        thread.join()
    assert found == [True]


@pytest.mark.parametrize("function, message", [
    (lambda: tensor([-1.0, 1.0]).log(), r"log made nan from an input of shape \(2,\) without any"),
    (lambda: tensor([[1000.0]]).exp(), r"exp made inf from an input of shape \(1, 1\) without any"),
    (lambda: tensor([1.0, 2.0]) / tensor([0.0]), r"divide made inf from an input of shape \(2,\) and \(1,\) without any"),
    (lambda: tensor([0.0]) / [0.0], r"divide made nan from an input of shape \(1,\) and \(1,\) without any"),
])
def test_detect_anomaly_names_the_op(function, message):
    with detect_anomaly(), pytest.raises(FloatingPointError, match=message):
        function()
    with np.errstate(all="ignore"):
        assert not np.isfinite(function().numpy()).all()   # without it, nothing happens


def test_detect_anomaly_names_the_op_whose_rule_it_was():
    x = tensor([1.0, 0.0], requires_grad=True)
    with detect_anomaly():
        y = x.sqrt().sum()
        with pytest.raises(FloatingPointError, match=r"divide made inf in the gradient of sqrt from an input of shape \(2,\)"):
            y.backward()
        (x * 2).sum().backward()                           # an error before does not stay in the message
        with pytest.raises(FloatingPointError, match="log made inf from"):
            x.log()


def test_detect_anomaly_blames_the_first_op_only_and_none_for_given_infinities():
    with detect_anomaly():
        equal(tensor([np.inf, 1.0]) * 2, [np.inf, 2], 0)
        assert np.isnan((tensor([np.nan]) + 1).numpy()).all()
        equal(tensor([1, 2]) + tensor([True, False]), [2, 2], 0)

    @detect_anomaly()
    def bad():
        return tensor(-1.0).sqrt()

    with pytest.raises(FloatingPointError, match=r"sqrt made nan from an input of shape \(\)"):
        bad()


# Second order -------------------------------------------------------------------------------------------------------------

def test_second_and_third_derivatives_of_a_power():
    x = leaf(4)
    dx, = grad((x ** 5).sum(), x, create_graph=True)
    ddx, = grad(dx.sum(), x, create_graph=True)
    dddx, = grad(ddx.sum(), x)
    a = x.numpy()
    for found, expected in ((dx, 5 * a ** 4), (ddx, 20 * a ** 3), (dddx, 60 * a ** 2)):
        equal(found.detach(), expected, 1e-10)
    assert dx.requires_grad and ddx.requires_grad and not dddx.requires_grad


@pytest.mark.parametrize("function, derivatives", [
    (lambda x: (x * 2).exp(), [lambda x: 2 * np.exp(2 * x), lambda x: 4 * np.exp(2 * x), lambda x: 8 * np.exp(2 * x)]),
    (lambda x: x.tanh(), [lambda x: 1 - np.tanh(x) ** 2, lambda x: -2 * np.tanh(x) * (1 - np.tanh(x) ** 2),
                          lambda x: (6 * np.tanh(x) ** 2 - 2) * (1 - np.tanh(x) ** 2)]),
    (lambda x: 1 / x, [lambda x: -1 / x ** 2, lambda x: 2 / x ** 3, lambda x: -6 / x ** 4]),
    (lambda x: (x * x).log(), [lambda x: 2 / x, lambda x: -2 / x ** 2, lambda x: 4 / x ** 3]),
])
def test_three_derivatives(function, derivatives):
    x = leaf(5)
    y = function(x)
    for derivative in derivatives:
        y, = grad(y.sum(), x, create_graph=True)
        equal(y.detach(), derivative(x.numpy()), 1e-9)


def test_a_mixed_second_derivative():
    x, y = leaf(3), leaf(3)
    dx, dy = grad((x ** 2 * y ** 3).sum(), [x, y], create_graph=True)
    a, b = x.numpy(), y.numpy()
    equal(grad(dx.sum(), y, retain_graph=True)[0], 6 * a * b ** 2)
    equal(grad(dy.sum(), x, retain_graph=True)[0], 6 * a * b ** 2)
    equal(grad(dy.sum(), y)[0], 6 * a ** 2 * b)


def test_a_gradient_penalty():
    """loss + |d loss / dx|^2, as in WGAN-GP: x meets both in one backward."""
    x, w = leaf(4, 3), leaf(3)
    y = ((x @ w).tanh()).sum()
    dx, = grad(y, x, create_graph=True)
    (y + (dx * dx).sum()).backward()
    a, v = x.numpy(), w.numpy()
    t = np.tanh(a @ v)
    s = 1 - t ** 2                                         # dx[n, i] = s[n] v[i], so the penalty is sum s^2 |v|^2
    equal(w.grad, (s - 4 * s * s * t * (v @ v)) @ a + 2 * (s * s).sum() * v, 1e-10)


def test_create_graph_in_backward():
    x = leaf(3)
    (x ** 3).sum().backward(create_graph=True)
    assert x.grad.requires_grad
    slope, x.grad = x.grad, None
    slope.sum().backward()
    equal(x.grad, 6 * x.numpy())


def test_create_graph_keeps_the_graph_and_retain_graph_overrides_it():
    x = leaf(3)
    y = x.exp().sum()
    y.backward(create_graph=True)
    y.backward()                                           # still there; and now freed
    with pytest.raises(RuntimeError, match="sum: what its gradient needs was freed by an earlier backward; give that one "
                                           "retain_graph=True"):
        y.backward()
    y = x.exp().sum()
    grad(y, x, create_graph=True, retain_graph=False)
    with pytest.raises(RuntimeError, match="sum: what its gradient needs was freed"):
        y.backward()


def test_retain_graph():
    x = leaf(3)
    y = (x * x).sum()
    y.backward(retain_graph=True)
    y.backward()
    equal(x.grad, 4 * x.numpy())
    with pytest.raises(RuntimeError, match="what its gradient needs was freed by an earlier backward"):
        y.backward()
    equal(x.grad, 4 * x.numpy())                           # a refused backward changes nothing


def test_an_ordinary_backward_records_nothing():
    x = leaf(3)
    (x ** 3).sum().backward()
    assert x.grad.node is None and not x.grad.requires_grad
    assert grad((x ** 3).sum(), x)[0].node is None


def test_gradients_inside_no_grad():
    x = leaf(3)
    y = (x ** 3).sum()
    with no_grad():
        slope, = grad(y, x, create_graph=True)             # asked for: it says so itself
    equal(grad(slope.sum(), x)[0], 6 * x.numpy())


# Hooks --------------------------------------------------------------------------------------------------------------------

def test_a_hook_sees_the_whole_gradient_once():
    x = leaf(3)
    y, seen = x * 2, []
    y.register_hook(lambda g: seen.append(g.numpy()))
    (y * 3 + y.exp()).sum().backward()
    assert len(seen) == 1
    equal(seen[0], 3 + np.exp(2 * x.numpy()))
    equal(x.grad, 2 * seen[0])


def test_what_a_hook_returns_replaces_the_gradient():
    x = leaf(3)
    y = x * 2
    y.register_hook(lambda g: g * 10)
    y.register_hook(lambda g: g + 1)                       # in order: the second sees what the first returned
    x.register_hook(lambda g: -g)
    y.sum().backward()
    equal(x.grad, np.full(3, -22.0))


def test_hooks_run_in_grad_too():
    x = leaf(3)
    y = x * 2
    y.register_hook(lambda g: g * 10)
    x.register_hook(lambda g: g + 1)
    dy, dx = grad(y.sum(), [y, x])
    equal(dy, np.full(3, 10.0))
    equal(dx, np.full(3, 21.0))


def test_hooks_are_removed_one_by_one():
    x, calls = leaf(3), []
    hook = lambda g: calls.append(1)
    first, second = x.register_hook(hook), x.register_hook(hook)
    first.remove()
    first.remove()                                         # no harm in saying it twice
    (x * 2).sum().backward()
    assert calls == [1]
    second.remove()
    (x * 2).sum().backward()
    assert calls == [1]


def test_a_hook_is_part_of_the_graph():
    x = leaf(3)
    y = x * x
    handle = y.register_hook(lambda g: g * g)
    dx, = grad((y * y).sum(), x, create_graph=True)        # (2 y)^2 * 2 x = 8 x^5
    handle.remove()                                        # else it would see the second derivative, too
    equal(dx.detach(), 8 * x.numpy() ** 5, 1e-10)
    equal(grad(dx.sum(), x)[0], 40 * x.numpy() ** 4, 1e-10)


def test_a_hook_needs_a_gradient():
    with pytest.raises(RuntimeError, match="register_hook: no gradient will reach a Tensor that does not require one"):
        tensor([1.0]).register_hook(print)


def test_retain_grad():
    x = leaf(3)
    y = x * 2
    z = y.exp()
    y.retain_grad()
    y.retain_grad()                                        # no harm in saying it twice
    z.sum().backward(retain_graph=True)
    assert z.grad is None
    equal(y.grad, np.exp(2 * x.numpy()))
    equal(x.grad, 2 * y.grad.numpy())
    z.sum().backward()
    equal(y.grad, 2 * np.exp(2 * x.numpy()))               # it accumulates like a leaf's
    x.retain_grad()                                        # a leaf has one anyway


def test_retain_grad_holds_what_hooks_make_of_it():
    x = leaf(3)
    y = x * 2
    y.retain_grad()
    y.register_hook(lambda g: g * 10)
    y.sum().backward()
    equal(y.grad, np.full(3, 10.0))


def test_retain_grad_of_a_tensor_that_is_gone():
    x = leaf(3)
    y = x * 2
    y.retain_grad()
    z = y.sum()
    del y
    z.backward()
    equal(x.grad, np.full(3, 2.0))


# Errors -------------------------------------------------------------------------------------------------------------------

def test_backward_of_many_numbers_needs_a_gradient():
    x = leaf(2, 3)
    with pytest.raises(ValueError, match=r"needs one number to start from, got shape \(2, 3\); reduce it with .sum\(\)"):
        x.exp().backward()
    with pytest.raises(ValueError, match=r"the gradient has shape \(3,\), the output \(2, 3\)"):
        x.exp().backward(np.ones(3))
    with pytest.raises(ValueError, match="got 1 grad_outputs for 2 outputs"):
        grad([x * 2, x * 3], x, [np.ones((2, 3))])
    x.exp().reshape(6)[:1].backward()                      # one element, of whatever shape
    equal(x.grad, np.exp(x.numpy()) * [[1, 0, 0], [0, 0, 0]])


def test_backward_needs_a_recorded_op():
    message = "no op that led here was recorded; does any input have requires_grad=True, and was it outside no_grad"
    with pytest.raises(RuntimeError, match=message):
        (tensor([1.0]) * 2).backward()
    x = leaf()
    with no_grad():
        y = x * 2
    for bad in (y, x.detach(), (x > 0)):
        with pytest.raises(RuntimeError, match=message):
            bad.backward()
    x.backward()                                           # a leaf is its own gradient's place
    equal(x.grad, 1.0, 0)


@pytest.mark.parametrize("dtype", ["int32", "uint8", "bool"])
def test_only_floats_have_gradients(dtype):
    message = rf"only a Tensor of floats can require a gradient, this one holds {dtype}: convert it .* astype\('float32'\)"
    with pytest.raises(TypeError, match=message):
        tensor(np.zeros(3, dtype), requires_grad=True)
    with pytest.raises(TypeError, match=message):
        tensor(np.zeros(3, dtype)).requires_grad = True
    tensor(np.zeros(3, dtype)).requires_grad = False


def test_requires_grad_is_set_on_leaves():
    x = leaf(3)
    with pytest.raises(RuntimeError, match=r"requires_grad is set on leaves only; this Tensor was made by exp: use detach\(\)"):
        x.exp().requires_grad = False
    x.requires_grad = False
    assert not x.exp().requires_grad
    x.requires_grad = True
    assert x.exp().requires_grad


def test_a_rule_that_gives_another_shape_is_refused():
    @op
    def _total(x):
        return x.sum(0)

    _total.gradient(x=lambda g: g.reshape((3, 1)))
    with pytest.raises(ValueError, match=r"total: a rule gave a gradient of shape \(3, 1\) for an argument of shape \(2, 3\)"):
        _total(leaf(2, 3)).sum().backward()


# Tensors and NumPy --------------------------------------------------------------------------------------------------------

ARRAY = np.array([[1.0, 2.0], [3.0, 4.0]])


@pytest.mark.parametrize("function", [
    operator.add, operator.sub, operator.mul, operator.truediv, operator.pow, operator.matmul, operator.eq, operator.ne,
    operator.lt, operator.le, operator.gt, operator.ge, np.add, np.subtract, np.multiply, np.divide, np.power, np.matmul,
    np.maximum, np.minimum, np.greater, np.less_equal,
])
@pytest.mark.parametrize("left, right", [("tensor", "tensor"), ("tensor", "array"), ("array", "tensor")])
def test_operators_and_functions_of_two(function, left, right):
    a, b = ARRAY, np.array([[2.0, 0.5], [3.0, 1.0]])
    x1, x2 = (tensor(v) if kind == "tensor" else v for v, kind in ((a, left), (b, right)))
    y = function(x1, x2)
    assert isinstance(y, Tensor)
    np.testing.assert_array_equal(y.numpy(), function(a, b))
    assert y.dtype == function(a, b).dtype


@pytest.mark.parametrize("function", [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow, operator.lt])
@pytest.mark.parametrize("number", [2, 0.5, True, np.float32(2), np.float64(0.5), np.int64(3), np.array(2.0), [2.0, 3.0]])
@pytest.mark.parametrize("swapped", [False, True])
def test_operators_with_numbers_scalars_and_lists(function, number, swapped):
    pair, arrays = (tensor(ARRAY), number), (ARRAY, number)
    y = function(*pair[::-1]) if swapped else function(*pair)
    assert isinstance(y, Tensor)
    equal(y, function(*arrays[::-1]) if swapped else function(*arrays))


@pytest.mark.parametrize("function, swapped, slope", [
    (operator.add, False, 1), (operator.add, True, 1), (operator.sub, False, 1), (operator.sub, True, -1),
    (operator.mul, False, 3), (operator.mul, True, 3), (operator.truediv, False, 1 / 3), (operator.truediv, True, -3 / 4),
    (operator.pow, False, 3 * 2.0 ** 2), (operator.pow, True, 3.0 ** 2 * np.log(3)),
])
@pytest.mark.parametrize("other", [3, 3.0, np.float64(3), np.float32(3), np.array([3.0]), [3.0]])
def test_gradients_of_operators_either_way_round(function, swapped, slope, other):
    x = tensor(np.array([2.0]), requires_grad=True)
    y = function(other, x) if swapped else function(x, other)
    y.backward()
    equal(x.grad, [slope], 1e-6 if isinstance(other, list) else 1e-12)       # a list is float32


@pytest.mark.parametrize("function", [np.exp, np.log, np.sqrt, np.tanh, np.square, np.negative, np.abs, np.absolute, np.sign,
                                      operator.neg, operator.abs])
def test_functions_of_one(function):
    x = tensor(ARRAY, requires_grad=True)
    y = function(x)
    assert isinstance(y, Tensor) and y.node is not None
    equal(y.detach(), function(ARRAY))


def test_numpy_functions_that_tensors_have_no_op_for_say_so():
    x = tensor(ARRAY)
    with pytest.raises(TypeError, match="np.cbrt, called this way, does not take a Tensor: use tinyvision.ops, or the array"):
        np.cbrt(x)
    for call in (lambda: np.add.reduce(x), lambda: np.add(ARRAY, x, where=ARRAY > 1), lambda: np.add(ARRAY, x, dtype="f")):
        with pytest.raises(TypeError, match="np.add, called this way, does not take a Tensor"):
            call()


def test_a_tensor_is_not_added_into_an_array():
    array = ARRAY.copy()
    with pytest.raises(TypeError, match=r"np.add, called this way, does not take a Tensor: use tinyvision.ops, or the array "
                                        r"t.detach\(\).numpy\(\)"):
        array += tensor(ARRAY)
    np.testing.assert_array_equal(array, ARRAY)
    array += tensor(ARRAY, requires_grad=True).detach().numpy()
    np.testing.assert_array_equal(array, 2 * ARRAY)


def test_numpy_arrays_of_tensors():
    x = tensor(ARRAY)
    np.testing.assert_array_equal(np.asarray(x), ARRAY)
    array = np.array(x)
    array[0] = 0                                           # a copy: the Tensor does not change
    equal(x, ARRAY, 0)
    assert np.asarray(x, "float32").dtype == "float32"
    np.testing.assert_array_equal(np.concatenate([x, x]), np.concatenate([ARRAY, ARRAY]))


@pytest.mark.parametrize("make", [np.asarray, np.array, lambda x: np.concatenate([x, x]), lambda x: np.asarray([x, x])])
def test_an_array_of_a_tensor_with_a_gradient_explains_itself(make):
    message = r"takes part in gradients, which an array of another library would lose: hand over t.detach\(\) if that is meant"
    for x in (leaf(3), leaf(3) * 2):
        with pytest.raises(TypeError, match=message):
            make(x)


def test_numpy_and_detach():
    x = leaf(3)
    y = x * 2
    assert x.numpy().base is x.data                        # no copy, but read-only
    with pytest.raises(TypeError, match=r"takes part in gradients: say t.detach\(\).numpy\(\)"):
        y.numpy()
    z = y.detach()
    assert z.data is y.data and not z.requires_grad and z.node is None
    equal((z * x).sum().detach(), 2 * (x.numpy() ** 2).sum())
    equal(grad((z * x).sum(), x)[0], z)                    # z is a constant


def test_errors_of_conversions():
    x = tensor(ARRAY)
    with pytest.raises(ValueError, match=r"is a Tensor of shape \(2, 2\) true\? Say which is meant: compare numbers with"):
        bool(x == x)
    for convert in (float, int, Tensor.item):
        with pytest.raises(ValueError, match=r"item\(\) is for one element, this Tensor has shape \(2, 2\)"):
            convert(x)
    with pytest.raises(TypeError, match=r"a Tensor of shape \(\) has no length"):
        len(tensor(1.0))
    with pytest.raises(TypeError, match=r"a Tensor of shape \(\) has no length"):
        iter(tensor(1.0))


def test_conversions():
    assert len(tensor(ARRAY)) == 2 and [row.numpy().tolist() for row in tensor(ARRAY)] == ARRAY.tolist()
    for x in (tensor(2.5), tensor([[2.5]])):
        assert x.item() == float(x) == 2.5 and int(x) == 2 and bool(x) is True
        assert type(x.item()) is float and type(int(x)) is int
    assert not tensor(0.0) and not tensor([False])
    first, second = tensor(ARRAY, requires_grad=True)
    assert first.requires_grad
    equal(second.detach(), ARRAY[1], 0)


def test_an_integer_is_an_index():
    """As TensorFlow's and NumPy's are: of shape () only, or an array of one element would lose its axis where it is an index."""
    two = tensor(2, dtype="int64")
    assert ["cat", "dog", "bird"][two] == "bird" and list(range(two)) == [0, 1] and "abc"[two:] == "c" and type(operator.index(two)) is int
    assert [["cat", "dog"][label] for label in tensor([1, 0], dtype="int32")] == ["dog", "cat"] and hasattr(two, "__index__")
    assert np.array(["cat", "dog"])[tensor([1], dtype="int64")].tolist() == ["dog"]
    for none in tensor(2.0), tensor(True), tensor([1, 2], dtype="int64"), tensor([1], dtype="int64"), tensor([], dtype="int64"):
        with pytest.raises(TypeError, match=rf"an index is one integer, of shape \(\); this Tensor holds {none.dtype} of shape {re.escape(str(none.shape))}"):
            ["cat", "dog"][none]
        assert not hasattr(none, "__index__")


@pytest.mark.parametrize("make, message", [
    (lambda n: ops.conv_transpose(np.ones((1, 3, 3, 1)), np.ones((3, 3, 1, 1)), 3, output_padding=n), "output_padding is None, an integer from 0 on"),
    (lambda n: ops.max_pool(np.ones((1, 4, 1)), n), "is a positive integer"), (lambda n: ops.max_pool(np.ones((1, 4, 4, 1)), n), "is a positive integer"),
    (lambda n: ops.top_k([1.0, 2.0, 3.0], n), "k is a whole number"), (lambda n: layers.Dense(n), "units must be a positive integer"),
    (lambda n: layers.ZeroPadding2D(n), "is made of whole numbers"), (lambda n: layers.Dropout(0.5, seed=n), "the seed must be an integer"),
    (lambda n: config.set_random_seed(n), "the seed must be an integer"), (lambda n: ArrayBatches(ARRAY, batch_size=n), "batch_size must be a positive integer"),
    (lambda n: Dataset.range(3).batch(n), "batch_size is an integer"), (lambda n: ops.image.resize(np.ones((4, 4, 1)), (n, 2)), "is a pair of positive integers"),
    (lambda n: optimizers.SGD(0.1, gradient_accumulation_steps=n), "is a whole number, 2 or more"),
], ids=range(12))
def test_what_asks_for_an_integer_takes_no_other_tensor(make, message):
    for none in tensor([2, 2], dtype="int64"), tensor(2.5), tensor(2.0):
        with pytest.raises((TypeError, ValueError), match=message):
            make(none)
    make(tensor(2, dtype="int64"))


def test_integers_in_tensors_do_what_integers_do():
    two = tensor(2, dtype="int64")
    assert [len(x) for x, _ in ArrayBatches(np.arange(5), None, batch_size=two)] == [2, 2, 1] and len(ArrayBatches(np.arange(5), batch_size=two)) == 3
    equal(ops.tile([1.0, 2.0], two), [1, 2, 1, 2])
    equal(ops.tile([1.0, 2.0], tensor([2, 1], dtype="int64")), [[1, 2], [1, 2]])
    equal(ops.top_k([1.0, 7.0, 5.0], two)[0], [7, 5])
    equal(ops.split([1.0, 2.0, 3.0, 4.0], two)[1], [3, 4])
    with pytest.raises(TypeError, match="an index is one integer"):
        ops.tile([1.0, 2.0], tensor([2.0, 1.0]))


def test_numbers_are_formatted_as_numbers():
    assert f"{tensor(2.5):.2f}" == "2.50" and f"{tensor(3, dtype='int64'):03d}" == "003" and f"{tensor(2.5)}" == "2.5"
    x = tensor([1.0, 2.0], requires_grad=True)
    assert f"{x.sum():.1f}" == "3.0" and f"{x}" == str(x) == repr(x)
    with pytest.raises(TypeError, match="unsupported format string passed to Tensor.__format__"):
        f"{x:.2f}"


def test_a_tensor_is_itself_in_sets_and_dictionaries():
    x, y = tensor([1.0, 2.0]), tensor([1.0, 2.0])
    assert len({x, y, x}) == 2 and {x: "x", y: "y"}[y] == "y"


def test_repr():
    assert repr(tensor([1, 2.5])) == "Tensor([1. , 2.5])"
    x = tensor([[1.0], [2.0]], requires_grad=True)
    assert repr(x) == "Tensor([[1.],\n        [2.]], requires_grad=True)"
    assert repr(x * 2) == "Tensor([[2.],\n        [4.]], made by multiply)"
    assert repr(tensor(True)) == "Tensor(True)"
    assert len(repr(tensor(np.zeros((100, 100))))) < 500   # large ones are shortened


def test_properties():
    x = tensor(np.zeros((2, 3), np.float32))
    assert (x.shape, x.ndim, x.size, x.dtype, x.device, x.T.shape) == ((2, 3), 2, 6, np.float32, "cpu", (3, 2))
    assert x.reshape(3, 2).shape == x.reshape((3, 2)).shape == x.transpose(1, 0).shape == x.transpose((1, 0)).shape == (3, 2)


METHODS = ["sum", "mean", "var", "max", "min", "argmax", "exp", "log", "sqrt", "square", "abs", "clip", "tanh", "sigmoid",
           "relu", "squeeze", "flip", "take"]


@pytest.mark.parametrize("name", METHODS)
def test_methods_are_the_ops_of_the_same_name(name):
    x = tensor(ARRAY + 1)
    arguments = {"clip": (2, 4), "take": ([1], 0)}.get(name, ())
    equal(getattr(x, name)(*arguments), OPS[name](x, *arguments), 0)
    assert getattr(Tensor, name).__name__ == name and name in getattr(Tensor, name).__doc__


def test_a_tensor_survives_pickle():
    x = pickle.loads(pickle.dumps(tensor(ARRAY, requires_grad=True)))
    assert x.requires_grad
    (x * x).sum().backward()
    equal(x.grad, 2 * ARRAY, 0)


# Making Tensors, and dtypes -----------------------------------------------------------------------------------------------

def test_tensor_copies():
    array = ARRAY.copy()
    x = tensor(array)
    y = tensor(x)
    array[:] = 0
    equal(x, ARRAY, 0)
    x.assign(np.zeros((2, 2)))
    equal(y, ARRAY, 0)
    z = tensor(leaf(3) * 2)                                # cut off, too
    assert z.node is None and not z.requires_grad
    a = np.ones(3, np.float32)
    assert not np.shares_memory(tensor(a, dtype="float32").data, a)


def test_as_tensor_and_as_array_do_not_copy():
    array, x = ARRAY.copy(), leaf(2)
    assert as_tensor(array).data is array and as_array(array) is array
    assert as_tensor(x) is x and as_array(x) is x.data


@pytest.mark.parametrize("floatx", ["float32", "float64"])
@pytest.mark.parametrize("data", [1, 1.5, [1, 2], [1.5, 2], [[1], [2]], (1, 2), [1, True]])
def test_numbers_and_lists_take_floatx(data, floatx):
    config.set_floatx(floatx)
    x = tensor(data)
    assert x.dtype == floatx
    np.testing.assert_array_equal(x.numpy(), np.array(data, floatx))


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int32", "int64", "float16", "float32", "float64"])
def test_arrays_and_scalars_keep_their_dtype(dtype):
    for data in (np.ones(3, dtype), np.ones((), dtype), np.ones((), dtype)[()], tensor(np.ones(3, dtype))):
        assert tensor(data).dtype == dtype
        assert tensor(data, dtype="float32").dtype == "float32"
        equal(tensor(data), np.ones(data.shape), 0)


def test_booleans_stay_booleans():
    assert tensor(True).dtype == tensor([True, False]).dtype == "bool"


def test_a_dtype_is_met_exactly():
    """Numbers do not go through float32 on their way to a wider dtype."""
    assert tensor([0.1], dtype="float64").item() == 0.1
    assert tensor(2 ** 24 + 1, dtype="int64").item() == 2 ** 24 + 1
    assert tensor([1.0, 2.0], dtype="int32").numpy().tolist() == [1, 2]


@pytest.mark.parametrize("data", ["words", None, 1j, ["a"], [None, 1.0], {"a": 1}, object()])
def test_what_is_no_number_is_refused(data):
    with pytest.raises(TypeError, match=rf"expected numbers or booleans, got {type(data).__name__}"):
        tensor(data)
    with pytest.raises(TypeError, match=rf"expected numbers or booleans, got {type(data).__name__}"):
        as_tensor(data)


def test_rows_of_different_lengths_are_refused():
    with pytest.raises(TypeError, match=r"got list \[\[1\], \[1, 2\]\]: do all rows have the same length\?"):
        tensor([[1], [1, 2]])


@pytest.mark.parametrize("name, function, expected", [
    ("bool * 1.0", lambda: tensor([True]) * 1.0, "float32"), ("float32 / int64", lambda: f32 / i64, "float32"),
    ("float32 * bool", lambda: f32 * tensor([True]), "float32"), ("int64 / int64", lambda: i64 / i64, "float32"),
    ("int64 * 1.0", lambda: i64 * 1.0, "float32"), ("uint8 / 255", lambda: tensor(np.ones(1, np.uint8)) / 255, "float32"),
    ("int64 + 1", lambda: i64 + 1, "int64"), ("int64 * int64", lambda: i64 * i64, "int64"),
    ("mean of int64", lambda: i64.mean(), "float32"), ("exp of int64", lambda: i64.exp(), "float32"),
    ("float32 * float64", lambda: f32 * f64, "float64"), ("float64 * 2", lambda: f64 * 2, "float64"),
    ("float32 * 2", lambda: f32 * 2, "float32"), ("2.0 ** float32", lambda: 2.0 ** f32, "float32"),
    ("float32 * np.float64(2)", lambda: f32 * np.float64(2), "float32"),
    ("np.float64(2) * float32", lambda: np.float64(2) * f32, "float32"),
    ("np.sqrt(4) * float32", lambda: np.sqrt(4) * f32, "float32"),
    ("np.int64(2) * float32", lambda: np.int64(2) * f32, "float32"),
    ("float32 * [0.5]", lambda: f32 * [0.5], "float32"), ("float32 * array of float64", lambda: f32 * np.ones(1), "float64"),
    ("exp of a number", lambda: ops.exp(1.0), "float32"), ("add of numbers", lambda: ops.add(1.5, 2), "float32"),
    ("where of numbers", lambda: ops.where(i64 > 0, 1.0, 0.0), "float32"),
    ("cast", lambda: ops.cast(f32, "float64"), "float64"),
    ("comparison", lambda: f32 > 0, "bool"), ("float64 of floatx numbers", lambda: tensor(1.5) * f64, "float64"),
])
def test_dtypes_of_results(name, function, expected):
    """float64 comes out only where float64 went in; Python numbers and NumPy's scalars change no dtype."""
    assert function().dtype == expected


f32, f64, i64 = tensor(np.ones(1, np.float32)), tensor(np.ones(1)), tensor(np.ones(1, np.int64))


@pytest.mark.parametrize("function", [lambda: tensor([True]) * 1.0, lambda: f32 / i64, i64.mean, lambda: ops.exp(1.0)])
def test_dtypes_respect_floatx(function):
    config.set_floatx("float64")
    assert function().dtype == "float64"


@pytest.mark.parametrize("number", [2.0, np.float64(2), np.sqrt(4), np.array(2.0, np.float32)])
def test_a_number_changes_no_dtype_of_gradients(number):
    x = tensor([1.0, 2.0], requires_grad=True)
    for y in (x * number, number * x, x / number, x - number, number - x, x ** number):
        assert y.dtype == "float32" and grad(y.sum(), x)[0].dtype == "float32"


def test_a_float64_gradient_reaches_a_float32_leaf_as_float32():
    x, w = tensor([1.0, 2.0], requires_grad=True), tensor(np.array([3.0, 1 / 3]), requires_grad=True)
    (x * w).sum().backward()
    assert x.grad.dtype == "float32" and w.grad.dtype == "float64"
    np.testing.assert_array_equal(x.grad.numpy(), np.array([3, 1 / 3], np.float32))
    x.grad = None
    x.backward(np.array([0.5, 1 / 3]))
    assert x.grad.dtype == "float32"
    assert grad(x * 2, x, tensor(np.ones(2)))[0].dtype == "float32"


def test_a_leaf_on_a_named_device_is_a_leaf():
    x = tensor([1.0, 2.0], requires_grad=True, device="cpu")
    assert x.node is None
    (x * x).sum().backward()
    equal(x.grad, [2, 4], 0)


@pytest.mark.parametrize("function", [lambda x, k: ops.conv(x, k), lambda x, k: layers.Flatten()(x) * k.reshape(-1)[:16],
                                      lambda x, k: layers.Conv2D(2, 3, kernel_initializer="ones", use_bias=False)(x) * k.sum()])
def test_an_array_given_to_a_composite_op_or_a_layer_may_be_overwritten_afterwards(function):
    given, k = np.random.default_rng(0).random((1, 4, 4, 1)), tensor(np.ones((3, 3, 1, 2)), requires_grad=True)
    expected, = grad(function(given.copy(), k).sum(), k)
    y = function(given, k).sum()
    given[:] = 0
    np.testing.assert_array_equal(grad(y, k)[0].numpy(), expected.numpy())
