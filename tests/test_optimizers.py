"""Optimizers against Keras, step by step on the same gradients; and what `apply` promises."""
import inspect
import json

import numpy as np
import pytest

import tinyvision as tv
from tinyvision import kernels, layers, optimizers, tensor
from tinyvision.serialization import deserialize, serialize

TOLERANCE = 1e-10
STEPS = 14
SHAPES = (3, 4), (5,), ()

ROWS = {
    "SGD": ("SGD", {}),
    "SGD rate": ("SGD", dict(learning_rate=0.3)),
    "SGD momentum": ("SGD", dict(momentum=0.9)),
    "SGD nesterov": ("SGD", dict(momentum=0.9, nesterov=True)),
    "SGD nesterov without momentum": ("SGD", dict(nesterov=True)),
    "RMSprop": ("RMSprop", {}),
    "RMSprop rho": ("RMSprop", dict(learning_rate=0.1, rho=0.5)),
    "RMSprop momentum": ("RMSprop", dict(momentum=0.7)),
    "RMSprop centered": ("RMSprop", dict(centered=True)),
    "RMSprop epsilon": ("RMSprop", dict(epsilon=0.1)),
    "RMSprop all": ("RMSprop", dict(learning_rate=0.02, rho=0.8, momentum=0.5, epsilon=1e-3, centered=True)),
    "Adam": ("Adam", {}),
    "Adam betas": ("Adam", dict(learning_rate=0.1, beta_1=0.5, beta_2=0.9)),
    "Adam epsilon": ("Adam", dict(epsilon=0.1)),
    "Adam amsgrad": ("Adam", dict(amsgrad=True)),
    **{f"{name} {clip}": (name, {clip: size}) for name in ("SGD", "Adam")
       for clip, size in (("clipnorm", 1.5), ("clipvalue", 0.7), ("global_clipnorm", 2.0))},
    "RMSprop clipnorm": ("RMSprop", dict(momentum=0.5, clipnorm=1.5)),
}
every_row = pytest.mark.parametrize("row", ROWS)


@pytest.fixture(autouse=True)
def double(request):
    """float64 on both sides: Keras keeps the learning rate in floatx."""
    tv.config.set_floatx("float64")
    if "keras" not in request.fixturenames:
        yield
        return
    keras = request.getfixturevalue("keras")
    before = keras.config.floatx()
    keras.config.set_floatx("float64")
    yield
    keras.config.set_floatx(before)


def start():
    rng = np.random.default_rng(1)
    return [rng.standard_normal(shape) for shape in SHAPES]


def gradients():
    """Of all steps: some large, some small, and an early peak, which amsgrad remembers."""
    rng = np.random.default_rng(2)
    return [[rng.standard_normal(shape) * (8 if step == 2 else 0.5 ** (step % 5)) for shape in SHAPES] for step in range(STEPS)]


def path(optimizer, rates=None):
    """The variables after each step."""
    variables, found = [tv.tensor(a, requires_grad=True) for a in start()], []
    for step, g in enumerate(gradients()):
        if rates:
            optimizer.learning_rate = rates[step]
        optimizer.apply(g, variables)
        found.append(np.concatenate([v.numpy().ravel() for v in variables]))
    return found


def path_of_keras(keras, optimizer, rates=None):
    variables, found = [keras.Variable(a, dtype="float64") for a in start()], []
    optimizer.build(variables)
    for step, g in enumerate(gradients()):
        if rates:
            optimizer.learning_rate = rates[step]
        optimizer.apply([keras.ops.convert_to_tensor(a) for a in g], variables)
        found.append(np.concatenate([np.asarray(v.value).ravel() for v in variables]))
    return found


@every_row
def test_steps_are_those_of_keras(keras, row):
    name, settings = ROWS[row]
    ours = path(getattr(optimizers, name)(**settings))
    theirs = path_of_keras(keras, getattr(keras.optimizers, name)(**settings))
    np.testing.assert_allclose(ours, theirs, rtol=TOLERANCE, atol=TOLERANCE)
    if any("clip" in key for key in settings):             # and the clip made a difference
        assert np.abs(ours[-1] - path(getattr(optimizers, name)())[-1]).max() > 1e-6


@pytest.mark.parametrize("row", ["SGD momentum", "RMSprop all", "Adam amsgrad"])
def test_the_learning_rate_may_change_midway(keras, row):
    name, settings = ROWS[row]
    rates = [0.1] * 5 + [0.01] * 5 + [0.5] * (STEPS - 10)
    ours = path(getattr(optimizers, name)(**settings), rates)
    np.testing.assert_allclose(ours, path_of_keras(keras, getattr(keras.optimizers, name)(**settings), rates),
                               rtol=TOLERANCE, atol=TOLERANCE)


LATER = {"weight_decay", "use_ema", "ema_momentum", "ema_overwrite_frequency", "loss_scale_factor",
         "gradient_accumulation_steps"}


@pytest.mark.parametrize("name", ["SGD", "RMSprop", "Adam"])
def test_arguments_are_those_of_keras(keras, name):
    """The same names and defaults; those that are there come in the same order."""
    accepted = inspect.signature(getattr(keras.optimizers, name).__init__).parameters.values()
    expected = {p.name: p.default for p in list(accepted)[1:] if p.kind is p.POSITIONAL_OR_KEYWORD and p.name not in LATER}
    assert getattr(optimizers, name)(**expected).get_config() == expected
    defaults = getattr(optimizers, name)().get_config()
    assert defaults.items() <= expected.items()
    ours = inspect.signature(getattr(optimizers, name)).parameters.values()
    ours = [p.name for p in ours if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert ours == list(expected)[:len(ours)]


@every_row
def test_a_config_makes_the_same_optimizer_again(row):
    name, settings = ROWS[row]
    optimizer = getattr(optimizers, name)(**settings)
    again = type(optimizer).from_config(deserialize(json.loads(json.dumps(serialize(optimizer.get_config())))))
    assert again.get_config() == optimizer.get_config()
    np.testing.assert_array_equal(path(again), path(optimizer))


@pytest.mark.parametrize("name", ["sgd", "rmsprop", "adam", "SGD", "RMSprop", "Adam"])
def test_optimizers_by_name(keras, name):
    assert type(optimizers.get(name)).__name__ == type(keras.optimizers.get(name)).__name__


@every_row
def test_float32_stays_float32(row):
    """Also where the learning rate is a NumPy number, which would widen all it touches."""
    name, settings = ROWS[row]
    optimizer = getattr(optimizers, name)(**{"learning_rate": 0.01, **settings})
    optimizer.learning_rate = np.float64(optimizer.learning_rate)
    variables = [tv.tensor(a.astype(np.float32), requires_grad=True) for a in start()]
    seen = []
    plain, optimizer.update_step = optimizer.update_step, lambda g, v, rate: (seen.append(g * rate), plain(g, v, rate))
    for g in gradients():
        optimizer.apply([a.astype(np.float32) for a in g], variables)
    assert {v.dtype for v in variables} | {a.dtype for a in seen} == {np.dtype("float32")}
    kept = [array for arrays in optimizer.slots.values() for _, array in arrays.values()]
    assert {array.dtype for array in kept} <= {np.dtype("float32")}
    exact = getattr(optimizers, name)(**{"learning_rate": 0.01, **settings})
    np.testing.assert_allclose(np.concatenate([v.numpy().ravel() for v in variables]), path(exact)[-1], rtol=1e-4, atol=1e-4)


# apply ------------------------------------------------------------------------------------------------------------------

def leaves(*names):
    """Weights of a layer "net": ones."""
    layer = layers.Layer(name="net")
    return [layer.add_weight((3,), "ones", name=name) for name in names]


@every_row
def test_gradients_stay_untouched(row):
    name, settings = ROWS[row]
    optimizer, variables = getattr(optimizers, name)(**settings), [tv.tensor(a, requires_grad=True) for a in start()]
    for g in gradients():
        before = [a.copy() for a in g]
        optimizer.apply(g, variables)
        for a, b in zip(g, before):
            np.testing.assert_array_equal(a, b)


def test_gradients_may_be_arrays_or_tensors():
    expected = path(optimizers.Adam())
    optimizer, variables = optimizers.Adam(), [tv.tensor(a, requires_grad=True) for a in start()]
    for g in gradients():
        optimizer.apply((tv.tensor(a) for a in g), iter(variables))
    np.testing.assert_array_equal(np.concatenate([v.numpy().ravel() for v in variables]), expected[-1])
    assert optimizer.iterations == STEPS


def test_a_missing_gradient_is_named():
    variables, optimizer = leaves("kernel", "bias", "unused"), optimizers.SGD(1.0)
    with pytest.warns(UserWarning, match="no gradient reached net/unused:"):
        optimizer.apply([np.ones(3), np.ones(3), None], variables)
    np.testing.assert_array_equal([v.numpy() for v in variables], [[0] * 3, [0] * 3, [1] * 3])
    with pytest.warns(UserWarning, match="no gradient reached variable 1:"):
        optimizer.apply([np.ones(3), None], [variables[0], tv.tensor(np.ones(3), requires_grad=True)])


def test_no_gradient_at_all_is_an_error():
    variables, optimizer = leaves("kernel", "bias"), optimizers.Adam()
    with pytest.raises(ValueError, match="no gradient reached any of net/kernel, net/bias: .*backward"):
        optimizer.apply([None, None], variables)
    assert optimizer.iterations == 0


@pytest.mark.parametrize("wrong, message", [
    ([np.ones(3)], "got 1 gradients for 2 variables"),
    ([np.ones(3)] * 3, "got 3 gradients for 2 variables"),
    ([np.ones(3), np.ones(4)], "net/bias has shape \\(3,\\), its gradient \\(4,\\)"),
    ([np.ones(3), np.ones((1, 3))], "net/bias has shape \\(3,\\), its gradient \\(1, 3\\)")], ids=range(4))
def test_gradients_must_fit(wrong, message):
    variables, optimizer = leaves("kernel", "bias"), optimizers.SGD()
    with pytest.raises(ValueError, match=message):
        optimizer.apply(wrong, variables)
    np.testing.assert_array_equal([v.numpy() for v in variables], np.ones((2, 3)))         # nothing has moved
    assert optimizer.iterations == 0


def test_each_variable_has_a_memory_of_its_own():
    """Whatever their order, and whether all of them take part in each step."""
    optimizer, alone = optimizers.SGD(0.1, momentum=0.9), optimizers.SGD(0.1, momentum=0.9)
    a, b, twin = leaves("a", "b", "twin")
    for step in range(6):
        optimizer.apply(*([[np.ones(3), -np.ones(3)], [a, b]] if step % 2 else [[-np.ones(3), np.ones(3)], [b, a]]))
        alone.apply([np.ones(3)], [twin])
    np.testing.assert_array_equal(a.numpy(), twin.numpy())
    np.testing.assert_allclose(b.numpy() - 1, 1 - a.numpy(), rtol=1e-12)


def test_a_step_forward_is_seen_by_the_model():
    """assign, not a new array: what was handed out earlier is the same weight."""
    w = tv.tensor(np.ones(2), requires_grad=True)
    data = w.data
    optimizers.SGD(0.5).apply([np.ones(2)], [w])
    assert w.data is data
    np.testing.assert_array_equal(w.numpy(), [0.5, 0.5])


@pytest.mark.parametrize("make, message", [
    (lambda: optimizers.SGD(-1), "learning rate is a number, 0 or more, got -1"),
    (lambda: optimizers.SGD("0.1"), "learning rate is a number, 0 or more, got '0.1'"),
    (lambda: optimizers.SGD(True), "got True"),
    (lambda: optimizers.SGD(momentum=1.5), "momentum lies between 0 and 1, got 1.5"),
    (lambda: optimizers.Adam(clipnorm=1, clipvalue=1), "at most one of clipnorm, clipvalue and global_clipnorm"),
    (lambda: optimizers.Adam(clipnorm=-1), "must be positive"),
    (lambda: optimizers.get("rmsprp"), "did you mean 'rmsprop'")], ids=range(7))
def test_what_cannot_be_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("name", ["SGD", "RMSprop", "Adam"])
def test_a_slip_is_named(name):
    with pytest.raises(TypeError, match=f"{name} has no argument 'learning_rat': did you mean 'learning_rate'"):
        getattr(optimizers, name)(learning_rat=0.1)
    for later in LATER:                                    # what Keras has and we do not: refused, not swallowed
        with pytest.raises(TypeError, match=f"has no argument '{later}'"):
            getattr(optimizers, name)(**{later: 0.1})


@pytest.mark.parametrize("rate", [0, 1, 0.5, np.float32(0.5), np.float64(0.5), np.int64(1)])
def test_numbers_that_serve_as_learning_rates(rate):
    w = tv.tensor(np.ones(2), requires_grad=True)
    optimizers.SGD(rate).apply([np.ones(2)], [w])
    np.testing.assert_array_equal(w.numpy(), 1 - np.full(2, float(rate)))


def test_an_optimizer_of_ones_own():
    class Signs(optimizers.Optimizer):
        def update_step(self, gradient, variable, learning_rate):
            seen = self.slot("seen", variable)
            seen += np.abs(gradient)
            variable.assign(variable.data - learning_rate * np.sign(gradient))

    optimizer, (w,) = Signs(0.5), leaves("kernel")
    for _ in range(2):
        optimizer.apply([np.array([3.0, -2.0, 0.0])], [w])
    np.testing.assert_array_equal(w.numpy(), [0, 2, 1])
    np.testing.assert_array_equal(optimizer.slot("seen", w), [6, 4, 0])


# The step of all weights at once ------------------------------------------------------------------------------------------

PLAIN = [optimizers.SGD(0.1), optimizers.SGD(0.1, momentum=0.9), optimizers.SGD(0.1, momentum=0.9, nesterov=True),
         optimizers.RMSprop(0.01, rho=0.8, epsilon=1e-3), optimizers.Adam(0.01, beta_1=0.7, epsilon=1e-2)]


@pytest.mark.parametrize("optimizer", PLAIN, ids=lambda optimizer: f"{optimizer.name}-{optimizer.get_config()}")
def test_all_weights_at_once_are_stepped_as_one_by_one(optimizer, monkeypatch):
    rng = np.random.default_rng(0)
    starts = [rng.standard_normal(shape).astype("float32") for shape in [(3,), (40, 70), (1, 1), (5, 2, 3), (0,)]]
    gradients = [[rng.standard_normal(a.shape).astype("float32") for a in starts] for _ in range(4)]
    gradients[1][1] = gradients[1][1].T.copy().T           # as some gradients lie

    def trained(forced):
        this = type(optimizer).from_config(optimizer.get_config())
        weights = [tensor(a, requires_grad=True) for a in starts]
        changed = [w.changed for w in weights]
        with kernels.use(forced):
            for g in gradients:
                this.apply(g, weights)
        assert all(w.changed > before for w, before in zip(weights, changed))
        return [w.numpy() for w in weights], this

    one_by_one, _ = trained("numpy")
    monkeypatch.setattr(type(optimizer), "update_step", None)         # not to be called
    at_once, this = trained(None)
    for a, b in zip(at_once, one_by_one):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)
    assert this.iterations == 4
