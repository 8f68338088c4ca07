"""What optimizers promise by themselves: `apply`, options, schedules, refusals, the step of all weights at once.

That their numbers are Keras's is tested in parity/test_optimizers.py.
"""
import json

import numpy as np
import pytest

import tinyvision as tv
from tinyvision import callbacks, kernels, layers, optimizers, tensor
from tinyvision.optimizers import schedules
from tinyvision.serialization import deserialize, serialize

STEPS = 14
SHAPES = (3, 4), (5,), ()

ROWS = {
    "SGD": ("SGD", {}),
    "SGD momentum": ("SGD", dict(momentum=0.9)),
    "SGD nesterov": ("SGD", dict(momentum=0.9, nesterov=True)),
    "RMSprop": ("RMSprop", {}),
    "RMSprop all": ("RMSprop", dict(learning_rate=0.02, rho=0.8, momentum=0.5, epsilon=1e-3, centered=True)),
    "Adam": ("Adam", {}),
    "Adam amsgrad": ("Adam", dict(amsgrad=True)),
    "AdamW": ("AdamW", {}),
    "Adamax": ("Adamax", {}),
    "Nadam": ("Nadam", {}),
    "Adagrad": ("Adagrad", {}),
    "Adadelta": ("Adadelta", {}),
    "Lamb": ("Lamb", {}),
    "Lion": ("Lion", {}),
    "clipnorm": ("Adam", dict(clipnorm=1.5)),
    "clipvalue": ("RMSprop", dict(momentum=0.5, clipvalue=0.7)),
    "global clipnorm": ("SGD", dict(global_clipnorm=2.0)),
    "average": ("SGD", dict(use_ema=True, ema_momentum=0.9, ema_overwrite_frequency=3)),
    "accumulation": ("Adam", dict(gradient_accumulation_steps=2, weight_decay=0.1)),
}
CLASSES = "SGD", "RMSprop", "Adam", "AdamW", "Adamax", "Nadam", "Adagrad", "Adadelta", "Lamb", "Lion"
every_row = pytest.mark.parametrize("row", ROWS)


@pytest.fixture(autouse=True)
def double():
    tv.config.set_floatx("float64")


def start():
    rng = np.random.default_rng(1)
    return [rng.standard_normal(shape) for shape in SHAPES]


def gradients():
    """Of all steps: some large, some small, and an early peak, which amsgrad remembers."""
    rng = np.random.default_rng(2)
    return [[rng.standard_normal(shape) * (8 if step == 2 else 0.5 ** (step % 5)) for shape in SHAPES] for step in range(STEPS)]


def path(optimizer):
    """The variables after each step."""
    variables, found = [tv.tensor(a, requires_grad=True) for a in start()], []
    for g in gradients():
        optimizer.apply(g, variables)
        found.append(np.concatenate([v.numpy().ravel() for v in variables]))
    return found


@every_row
def test_a_config_makes_the_same_optimizer_again(row):
    name, settings = ROWS[row]
    optimizer = getattr(optimizers, name)(**settings)
    again = type(optimizer).from_config(deserialize(json.loads(json.dumps(serialize(optimizer.get_config())))))
    assert again.get_config() == optimizer.get_config()
    np.testing.assert_array_equal(path(again), path(optimizer))


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
    (lambda: optimizers.SGD(-1), "learning rate is a number, 0 or more, or a schedule, got -1"),
    (lambda: optimizers.SGD("0.1"), "learning rate is a number, 0 or more, or a schedule, got '0.1'"),
    (lambda: optimizers.SGD(True), "got True"),
    (lambda: optimizers.Adam(float("nan")), "got nan"),
    (lambda: setattr(optimizers.Adam(), "learning_rate", -1.0), "Adam: the learning rate is a number, 0 or more, .*got -1.0"),
    (lambda: optimizers.SGD(momentum=1.5), "momentum lies between 0 and 1, got 1.5"),
    (lambda: optimizers.Adam(clipnorm=1, clipvalue=1), "at most one of clipnorm, clipvalue and global_clipnorm"),
    (lambda: optimizers.Adam(clipnorm=-1), "must be positive"),
    (lambda: optimizers.RMSprop(clipvalue=0), "must be positive"),
    (lambda: optimizers.SGD(weight_decay=-0.1), "weight_decay is a number, 0 or more, or None, got -0.1"),
    (lambda: optimizers.SGD(weight_decay="0.1"), "weight_decay is a number, 0 or more, or None, got '0.1'"),
    (lambda: optimizers.SGD(weight_decay=True), "weight_decay is a number, 0 or more, or None, got True"),
    (lambda: optimizers.SGD(clipnorm="1"), "must be positive; got {'clipnorm': '1'}"),
    (lambda: optimizers.SGD(use_ema=True, ema_momentum=None), "ema_momentum lies between 0 and 1, got None"),
    (lambda: optimizers.AdamW(weight_decay=None), "AdamW: weight_decay is a number, got None"),
    (lambda: optimizers.SGD(use_ema=True, ema_momentum=1.5), "ema_momentum lies between 0 and 1, got 1.5"),
    (lambda: optimizers.SGD(use_ema=True, ema_overwrite_frequency=0), "ema_overwrite_frequency is a whole number, 1 or more, .*got 0"),
    (lambda: optimizers.SGD(ema_momentum=0.9), "give use_ema=True, too"),
    (lambda: optimizers.SGD(ema_overwrite_frequency=3), "give use_ema=True, too"),
    (lambda: optimizers.SGD(gradient_accumulation_steps=1), "gradient_accumulation_steps is a whole number, 2 or more, .*got 1"),
    (lambda: optimizers.SGD(gradient_accumulation_steps=2.5), "got 2.5"),
    (lambda: optimizers.SGD(loss_scale_factor=2.0), "loss_scale_factor is for float16.*leave it out .got 2.0"),
    (lambda: optimizers.Lion(beta_1=0.0), "beta_1 lies above 0 and is at most 1, got 0.0"),
    (lambda: schedules.ExponentialDecay(0.1, 0, 0.9), "ExponentialDecay: decay_steps must be more than 0, got 0"),
    (lambda: schedules.CosineDecayRestarts(0.1, -5), "CosineDecayRestarts: first_decay_steps must be more than 0, got -5"),
    (lambda: schedules.CosineDecayRestarts(0.1, 5, t_mul=0.5), "t_mul is 1 or more, got 0.5"),
    (lambda: schedules.CosineDecay(0.1, 5, warmup_steps=3), "3 warmup_steps climb to a warmup_target, which is None"),
    (lambda: schedules.PiecewiseConstantDecay([1, 2], [0.1, 0.2]), "one value more .*got 2 boundaries and 2 values"),
    (lambda: schedules.PiecewiseConstantDecay([2, 2], [3, 2, 1]), "each boundary is larger than the one before, got \\[2, 2\\]"),
    (lambda: optimizers.get("rmsprp"), "did you mean 'rmsprop'")], ids=range(30))
def test_what_cannot_be_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("name", CLASSES)
def test_a_slip_is_named(name):
    for slip, meant in [("learning_rat", "learning_rate"), ("clipnrom", "clipnorm"), ("weight_deacy", "weight_decay"),
                        ("use_em", "use_ema"), ("gradient_acumulation_steps", "gradient_accumulation_steps")]:
        with pytest.raises(TypeError, match=f"{name} has no argument '{slip}': did you mean '{meant}'"):
            getattr(optimizers, name)(**{slip: 0.1})


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


def test_lamb_starts_from_zero():
    """Weights, or gradients, that are all 0 have no ratio."""
    optimizer, (w, still) = optimizers.Lamb(0.5), leaves("kernel", "still")
    w.assign(np.zeros(3))
    optimizer.apply([np.ones(3), np.zeros(3)], [w, still])
    np.testing.assert_allclose(w.numpy(), [-0.5] * 3, rtol=1e-6)
    np.testing.assert_array_equal(still.numpy(), [1, 1, 1])


# Options ----------------------------------------------------------------------------------------------------------------

def test_options_are_attributes_that_may_be_changed():
    optimizer, (w,) = optimizers.SGD(1.0, clipvalue=0.5), leaves("kernel")
    optimizer.apply([np.full(3, 2.0)], [w])
    assert optimizer.clipvalue == 0.5 and optimizer.use_ema is False
    optimizer.clipvalue, optimizer.weight_decay = None, 0.5
    optimizer.apply([np.full(3, 2.0)], [w])
    np.testing.assert_array_equal(w.numpy(), 0.5 * 0.5 - np.full(3, 2.0))
    assert optimizer.get_config()["weight_decay"] == 0.5 and optimizer.get_config()["clipvalue"] is None


def test_options_of_an_optimizer_of_ones_own():
    class Signs(optimizers.Optimizer):
        def __init__(self, learning_rate=0.5, small=0.1, **settings):
            super().__init__(learning_rate, **settings)
            self.small = small

        def update_step(self, gradient, variable, learning_rate):
            variable.assign(variable.data - learning_rate * np.sign(gradient) * (np.abs(gradient) > self.small))

    optimizer, (w,) = Signs(weight_decay=0.5, gradient_accumulation_steps=2), leaves("kernel")
    for g in [np.array([1.0, 0.1, -1.0]), np.array([-2.0, 0.0, -1.0])]:
        optimizer.apply([g], [w])
    np.testing.assert_array_equal(w.numpy(), 0.75 - 0.5 * np.array([-1.0, 0.0, -1.0]))
    assert Signs.from_config(optimizer.get_config()).get_config() == optimizer.get_config()
    with pytest.raises(TypeError, match="Signs has no argument 'clip'"):
        Signs(clip=1)


def test_gradients_of_several_batches_make_one_step():
    """The same weights as of one large batch; fit drives it, and a schedule counts batches, not steps, as in Keras."""
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((12, 3)), rng.standard_normal((12, 1))

    def trained(batch_size, **settings):
        model = tv.Sequential([layers.Input((3,)), layers.Dense(1)])
        model.set_weights([np.ones((3, 1)), np.ones(1)])
        model.compile(optimizers.Adam(0.1, **settings), "mse")
        model.fit(x, y, batch_size, epochs=3, shuffle=False, verbose=0)
        return model

    several, one = trained(4, gradient_accumulation_steps=3), trained(12)
    for a, b in zip(several.get_weights(), one.get_weights()):
        np.testing.assert_allclose(a, b, rtol=1e-12)
    assert (several.optimizer.iterations, several.optimizer.calls) == (3, 9)
    falling = optimizers.SGD(schedules.ExponentialDecay(0.1, 1, 0.5), gradient_accumulation_steps=3)
    for _ in range(4):
        falling.apply([np.ones(3)], leaves("kernel"))
    assert falling.learning_rate == 0.1 / 16 and falling.iterations == 1


def test_averages_take_the_weights_place_when_fit_ends():
    model = tv.Sequential([layers.Input((3,)), layers.Dense(1)])
    model.compile(optimizers.SGD(0.1, use_ema=True, ema_momentum=0.5), "mse")
    seen = []
    watch = callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append(model.get_weights()[0]))
    model.fit(np.eye(3), np.ones((3, 1)), batch_size=1, verbose=0, shuffle=False, callbacks=[watch])
    average = seen[0] / 4 + seen[1] / 4 + seen[2] / 2
    np.testing.assert_allclose(model.get_weights()[0], average, rtol=1e-12)
    fresh = optimizers.SGD(use_ema=True)
    fresh.finalize_variable_values(model.trainable_weights)                # without a step there is no average
    np.testing.assert_allclose(model.get_weights()[0], average, rtol=1e-12)


def test_weights_return_to_where_their_constraint_allows():
    kernel, bias = leaves("kernel", "bias")
    kernel.constraint = lambda w: w / tv.ops.sqrt(tv.ops.sum(w * w))
    optimizers.SGD(1.0).apply([np.array([1.0, -2.0, 1.0]), np.ones(3)], [kernel, bias])
    np.testing.assert_array_equal(kernel.numpy(), [0, 1, 0])
    np.testing.assert_array_equal(bias.numpy(), [0, 0, 0])
    assert kernel.requires_grad


def test_names_of_weights_that_do_not_decay_come_in_a_list():
    with pytest.raises(TypeError, match=r"var_names is a list: var_names=\['bias'\]"):
        optimizers.AdamW().exclude_from_weight_decay(var_names="bias")


# Schedules --------------------------------------------------------------------------------------------------------------

def test_the_learning_rate_is_the_current_number():
    optimizer, (w,) = optimizers.SGD(schedules.PiecewiseConstantDecay([1], [1.0, 0.5])), leaves("kernel")
    seen = []
    for _ in range(3):
        seen.append(optimizer.learning_rate)
        optimizer.apply([np.ones(3)], [w])
    assert seen == [1.0, 1.0, 0.5] and optimizer.learning_rate == 0.5
    np.testing.assert_array_equal(w.numpy(), np.full(3, -1.5))
    optimizer.learning_rate = 0.25                         # a number takes the schedule's place, and the other way round
    assert optimizer.get_config()["learning_rate"] == 0.25
    optimizer.learning_rate = schedules.ExponentialDecay(1.0, 3, 0.5)
    assert optimizer.learning_rate == 0.5


class Halving(schedules.LearningRateSchedule):
    """A schedule of one's own, also one that computes with Tensors."""

    def __init__(self, start, steps):
        self.start, self.steps = start, steps

    def __call__(self, step):
        return tv.tensor(self.start) * 0.5 ** (step // self.steps)


def test_a_schedule_of_ones_own():
    optimizer, (w,) = optimizers.Adam(Halving(0.1, steps=2), weight_decay=0.1), leaves("kernel")
    other, (twin,) = optimizers.Adam(0.1, weight_decay=0.1), leaves("kernel")
    for step in range(5):
        other.learning_rate = 0.1 * 0.5 ** (step // 2)
        optimizer.apply([np.ones(3)], [w])
        other.apply([np.ones(3)], [twin])
    np.testing.assert_array_equal(w.numpy(), twin.numpy())
    again = deserialize(json.loads(json.dumps(serialize(optimizer))), {"Halving": Halving})
    assert again.get_config()["learning_rate"].get_config() == {"start": 0.1, "steps": 2}
    with pytest.raises(ValueError, match="no class 'Halving'.*custom_objects"):
        deserialize(serialize(optimizer))
    with pytest.raises(NotImplementedError, match="LearningRateSchedule must define __call__"):
        optimizers.SGD(schedules.LearningRateSchedule()).apply([np.ones(3)], [w])
    with pytest.raises(TypeError, match="Halving has no argument 'step': did you mean 'steps'"):
        Halving(0.1, step=2)


def test_slips_in_schedules_are_named():
    with pytest.raises(TypeError, match="CosineDecay has no argument 'warm_up_steps': did you mean 'warmup_steps'"):
        schedules.CosineDecay(0.1, 10, warm_up_steps=3)
    assert schedules.PiecewiseConstantDecay([], [0.1])(7) == 0.1


# The step of all weights at once ------------------------------------------------------------------------------------------

PLAIN = [optimizers.SGD(0.1), optimizers.SGD(0.1, momentum=0.9), optimizers.SGD(0.1, momentum=0.9, nesterov=True),
         optimizers.RMSprop(0.01, rho=0.8, epsilon=1e-3), optimizers.RMSprop(0.01, rho=0.999), optimizers.Adam(0.01, beta_1=0.7),
         optimizers.AdamW(0.01, weight_decay=0.5), optimizers.Adam(schedules.ExponentialDecay(0.1, 1, 0.5)),
         optimizers.RMSprop(clipnorm=0.5, gradient_accumulation_steps=2)]


@pytest.mark.parametrize("optimizer", PLAIN, ids=range(len(PLAIN)))
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
    assert this.calls == 4
