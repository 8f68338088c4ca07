"""Optimizers against Keras: weights after each of twenty updates on the same gradients, what is remembered, arguments, configs."""
import inspect
import json

import numpy as np
import pytest

import tinyvision as tv
from tinyvision import optimizers
from tinyvision.layers.base import Variable
from tinyvision.models.saving.optimizer_state import optimizer_arrays
from tinyvision.optimizers import schedules
from tinyvision.serialization import deserialize, serialize

from .oracle import not_compiled
from .record import agree

UPDATES = 20
SHAPES = (3, 4), (5,), ()

OWN = {                                                    # {row: (class, arguments)}
    "SGD": ("SGD", {}),
    "SGD rate": ("SGD", dict(learning_rate=0.3, clipnorm=0.2)),
    "SGD momentum": ("SGD", dict(momentum=0.7)),
    "SGD nesterov": ("SGD", dict(momentum=0.9, nesterov=True)),
    "SGD nesterov without momentum": ("SGD", dict(nesterov=True)),
    "RMSprop": ("RMSprop", {}),
    "RMSprop rho": ("RMSprop", dict(learning_rate=0.1, rho=0.5, clipvalue=0.1)),
    "RMSprop momentum": ("RMSprop", dict(momentum=0.7)),
    "RMSprop centered": ("RMSprop", dict(centered=True)),
    "RMSprop epsilon": ("RMSprop", dict(epsilon=0.1)),
    "RMSprop all": ("RMSprop", dict(learning_rate=0.02, rho=0.8, momentum=0.5, epsilon=1e-3, centered=True)),
    "Adam": ("Adam", {}),
    "Adam betas": ("Adam", dict(learning_rate=0.1, beta_1=0.5, beta_2=0.9, epsilon=1e-3)),
    "Adam epsilon": ("Adam", dict(epsilon=0.1)),
    "Adam amsgrad": ("Adam", dict(amsgrad=True)),
    "AdamW": ("AdamW", {}),
    "AdamW strong": ("AdamW", dict(learning_rate=0.1, weight_decay=0.5, beta_1=0.5, beta_2=0.9, epsilon=1e-3)),
    "AdamW amsgrad": ("AdamW", dict(amsgrad=True)),
    "Adamax": ("Adamax", {}),
    "Adamax all": ("Adamax", dict(learning_rate=0.1, beta_1=0.5, beta_2=0.7, epsilon=0.1)),
    "Nadam": ("Nadam", {}),
    "Nadam all": ("Nadam", dict(learning_rate=0.1, beta_1=0.5, beta_2=0.7, epsilon=0.1)),
    "Adagrad": ("Adagrad", {}),
    "Adagrad all": ("Adagrad", dict(learning_rate=0.5, initial_accumulator_value=0.0, epsilon=0.1)),
    "Adadelta": ("Adadelta", {}),
    "Adadelta all": ("Adadelta", dict(learning_rate=1.0, rho=0.5, epsilon=1e-3)),
    "Lamb": ("Lamb", {}),
    "Lamb all": ("Lamb", dict(learning_rate=0.1, beta_1=0.5, beta_2=0.7, epsilon=0.1)),
    "Lion": ("Lion", {}),
    "Lion all": ("Lion", dict(learning_rate=0.1, beta_1=0.5, beta_2=0.7)),
}
CLASSES = sorted({name for name, _ in OWN.values()})
OPTIONS = {
    "decay": dict(weight_decay=0.05), "clipnorm": dict(clipnorm=0.5), "clipvalue": dict(clipvalue=0.2),
    "global clipnorm": dict(global_clipnorm=0.5), "average": dict(use_ema=True, ema_momentum=0.8),
    "average overwrites": dict(use_ema=True, ema_overwrite_frequency=3), "accumulation": dict(gradient_accumulation_steps=3),
    "schedule": dict(learning_rate=("PolynomialDecay", 0.1, 15)),
    "constraint": dict(constrained=True),
    "all options": dict(weight_decay=0.02, global_clipnorm=0.3, use_ema=True, ema_momentum=0.5, ema_overwrite_frequency=2,
                        gradient_accumulation_steps=2, learning_rate=("ExponentialDecay", 0.1, 10, 0.5), constrained=True),
}
BETAS = dict(beta_1=0.8, beta_2=0.95, epsilon=0.01)
HARDER = {                                                 # with all options
    "SGD": dict(momentum=0.9, nesterov=True), "RMSprop": dict(momentum=0.5, centered=True), "Adam": dict(amsgrad=True, **BETAS),
    **{name: BETAS for name in ("AdamW", "Adamax", "Nadam", "Lamb")}, "Lion": dict(beta_1=0.8, beta_2=0.95),
    "Adagrad": dict(initial_accumulator_value=0.5, epsilon=0.01), "Adadelta": dict(rho=0.8, epsilon=0.01),
}
ROWS = {**OWN, **{f"{name} {option}": (name, {**(HARDER.get(name, {}) if option == "all options" else {}), **settings})
                  for name in CLASSES for option, settings in OPTIONS.items()}}

every_row = pytest.mark.parametrize("row", ROWS)
every_class = pytest.mark.parametrize("name", CLASSES)


@pytest.fixture(autouse=True)
def double(keras):
    """float64 on both sides: Keras keeps the learning rate in floatx. And JAX does not compile its branches anew in each step."""
    tv.config.set_floatx("float64")
    before = keras.config.floatx()
    keras.config.set_floatx("float64")
    with not_compiled():
        yield
    keras.config.set_floatx(before)


def start():
    rng = np.random.default_rng(1)
    return [rng.standard_normal(shape) for shape in SHAPES]


def gradients(calls):
    """Of all calls: some large, some small, and an early peak, which amsgrad remembers."""
    rng = np.random.default_rng(2)
    return [[rng.standard_normal(shape) * (8 if step == 2 else 0.5 ** (step % 5)) for shape in SHAPES] for step in range(calls)]


def made(home, row):
    """The optimizer of a row, how many calls make twenty updates, and whether the weights are constrained."""
    name, settings = ROWS[row]
    settings = dict(settings)
    constrained = settings.pop("constrained", False)
    if isinstance(settings.get("learning_rate"), tuple):
        schedule, *arguments = settings["learning_rate"]
        settings["learning_rate"] = getattr(home.schedules, schedule)(*arguments)
    return getattr(home, name)(**settings), UPDATES * settings.get("gradient_accumulation_steps", 1), constrained


class Model:
    """What optimizer_state.py has to know of a model to write its optimizer down."""

    def __init__(self, optimizer, variables):
        self.optimizer, self.trainable_weights = optimizer, variables


def flat(arrays):
    return np.concatenate([np.ravel(a) for a in arrays])


def path(optimizer, calls=UPDATES, constrained=False, rates=None):
    """The weights after each call, after the end of training, and what the optimizer would write to a file."""
    variables, found = [Variable(a) for a in start()], []
    for v in variables:
        v.constraint = (lambda w: tv.ops.clip(w, -0.8, 0.8)) if constrained else None
    for step, g in enumerate(gradients(calls)):
        if rates:
            optimizer.learning_rate = rates[step]
        optimizer.apply(g, variables)
        found.append(flat(v.numpy() for v in variables))
    remembered = [a.copy() for a in optimizer_arrays(Model(optimizer, variables))]
    optimizer.finalize_variable_values(variables)
    return [*found, flat(v.numpy() for v in variables)], remembered


def path_of_keras(keras, optimizer, calls=UPDATES, constrained=False, rates=None):
    variables, found = [keras.Variable(a, dtype="float64") for a in start()], []
    for v in variables if constrained else ():
        v.constraint = lambda w: keras.ops.clip(w, -0.8, 0.8)
    optimizer.build(variables)
    for step, g in enumerate(gradients(calls)):
        if rates:
            optimizer.learning_rate = rates[step]
        optimizer.apply([keras.ops.convert_to_tensor(a) for a in g], variables)
        found.append(flat(np.asarray(v.value) for v in variables))
    remembered = [np.asarray(v.value) for v in optimizer.variables]
    optimizer.finalize_variable_values(variables)
    return [*found, flat(np.asarray(v.value) for v in variables)], remembered


@every_row
def test_steps_are_those_of_keras(keras, row):
    """And what is remembered, in the order of Keras's files."""
    (ours, kept), (theirs, kept_there) = path(*made(optimizers, row)), path_of_keras(keras, *made(keras.optimizers, row))
    what = "optimizer", ROWS[row][0], row
    agree(what, ours, theirs)
    scheduled = isinstance(ROWS[row][1].get("learning_rate"), tuple)
    assert [a.shape for a in kept] == [a.shape for a in kept_there] and kept[0] == kept_there[0] == len(ours) - 1
    agree(what, flat(kept[1 if scheduled else 2:] or [0]), flat(kept_there[1 if scheduled else 2:] or [0]))
    if row not in OWN:                                     # and the option made a difference
        plain = path(getattr(optimizers, ROWS[row][0])())[0]
        assert np.abs(ours[-1] - plain[-1]).max() > 1e-8 or "Lion clip" in row         # where signs are all that counts


@pytest.mark.parametrize("row", ["SGD momentum", "RMSprop all", "Adam amsgrad", "Nadam"])
def test_the_learning_rate_may_change_midway(keras, row):
    rates = [0.1] * 5 + [0.01] * 5 + [0.5] * (UPDATES - 10)
    ours, theirs = path(*made(optimizers, row), rates)[0], path_of_keras(keras, *made(keras.optimizers, row), rates)[0]
    agree(("optimizer", ROWS[row][0], f"{row} changing"), ours, theirs)


@pytest.mark.parametrize("excluded", [{"var_names": ["bias", "gam+a"]}, {"var_list": [0, 2]}, {"var_list": [1], "var_names": ["kernel"]},
                                      {}], ids=str)
def test_weights_that_do_not_decay(keras, excluded):
    names = "kernel", "bias", "gamma_1"

    def stepped(optimizer, variables, convert):
        chosen = {**excluded, **({"var_list": [variables[i] for i in excluded["var_list"]]} if "var_list" in excluded else {})}
        optimizer.exclude_from_weight_decay(**chosen)
        for g in gradients(5):
            optimizer.apply([convert(a) for a in g], variables)
        return flat(np.asarray(v.data if hasattr(v, "data") else v.value) for v in variables)

    layer = tv.layers.Layer(name="net")
    ours = [layer.add_weight(a.shape, lambda shape, dtype, a=a: a, name=name) for a, name in zip(start(), names)]
    theirs = [keras.Variable(a, dtype="float64", name=name) for a, name in zip(start(), names)]
    agree(("optimizer", "SGD", f"excluded {sorted(excluded)}"), stepped(optimizers.SGD(0.1, weight_decay=0.5), ours, np.asarray),
          stepped(keras.optimizers.SGD(0.1, weight_decay=0.5), theirs, keras.ops.convert_to_tensor))


@every_class
def test_arguments_are_those_of_keras(keras, name):
    """The same names and defaults; those that may be given by position come in the same order."""
    accepted = list(inspect.signature(getattr(keras.optimizers, name).__init__).parameters.values())[1:]
    expected = {p.name: p.default for p in accepted if p.kind is p.POSITIONAL_OR_KEYWORD}
    ours = [p for p in inspect.signature(getattr(optimizers, name)).parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert [p.name for p in ours] == list(expected)[:len(ours)]
    assert getattr(optimizers, name)().get_config() == {**expected, "name": name.lower()}
    assert getattr(optimizers, name)(**expected).get_config() == {**expected, "name": name.lower()}


@every_row
def test_configs_go_both_ways(keras, row):
    """Keras makes its optimizer of our config, we make ours of Keras's, and both say the same."""
    ours, theirs = made(optimizers, row)[0], made(keras.optimizers, row)[0]
    config = json.loads(json.dumps(serialize(ours)))
    there = keras.saving.deserialize_keras_object(json.loads(json.dumps(config)))          # optimizers.deserialize forgets Lamb
    assert type(there) is type(theirs)
    assert {**there.get_config(), "name": 0} == {**theirs.get_config(), "name": 0}
    here = deserialize(json.loads(json.dumps(keras.optimizers.serialize(theirs))))
    assert type(here) is type(ours)
    assert serialize({**here.get_config(), "name": 0}) == serialize({**ours.get_config(), "name": 0})


@pytest.mark.parametrize("name", [*map(str.lower, CLASSES), *CLASSES])
def test_optimizers_by_name(keras, name):
    expected = "Lamb" if name.lower() == "lamb" else type(keras.optimizers.get(name)).__name__         # Keras 3.15 raises for "lamb"
    assert type(optimizers.get(name)).__name__ == expected


# Schedules --------------------------------------------------------------------------------------------------------------

SCHEDULES = {
    "ExponentialDecay": ("ExponentialDecay", dict(initial_learning_rate=0.1, decay_steps=30, decay_rate=0.5)),
    "ExponentialDecay staircase": ("ExponentialDecay", dict(initial_learning_rate=0.3, decay_steps=7, decay_rate=0.9, staircase=True)),
    "InverseTimeDecay": ("InverseTimeDecay", dict(initial_learning_rate=0.1, decay_steps=30, decay_rate=0.5)),
    "InverseTimeDecay staircase": ("InverseTimeDecay", dict(initial_learning_rate=0.3, decay_steps=7, decay_rate=2.0, staircase=True)),
    "PiecewiseConstantDecay": ("PiecewiseConstantDecay", dict(boundaries=[10, 40, 41], values=[0.1, 0.02, 0.5, 0.001])),
    "PiecewiseConstantDecay once": ("PiecewiseConstantDecay", dict(boundaries=[10.5], values=[0.1, 0.02])),
    "PolynomialDecay": ("PolynomialDecay", dict(initial_learning_rate=0.1, decay_steps=50)),
    "PolynomialDecay power": ("PolynomialDecay", dict(initial_learning_rate=0.1, decay_steps=50, end_learning_rate=0.02, power=0.5)),
    "PolynomialDecay cycle": ("PolynomialDecay", dict(initial_learning_rate=0.3, decay_steps=20, end_learning_rate=0.01, power=2.0, cycle=True)),
    "CosineDecay": ("CosineDecay", dict(initial_learning_rate=0.1, decay_steps=50)),
    "CosineDecay alpha": ("CosineDecay", dict(initial_learning_rate=0.1, decay_steps=30, alpha=0.2)),
    "CosineDecay warm-up": ("CosineDecay", dict(initial_learning_rate=0.01, decay_steps=50, alpha=0.1, warmup_target=0.2,
                                                warmup_steps=13)),
    "CosineDecay no warm-up": ("CosineDecay", dict(initial_learning_rate=0.01, decay_steps=50, warmup_target=0.3)),
    "CosineDecay longer warm-up": ("CosineDecay", dict(initial_learning_rate=0.2, decay_steps=20, warmup_target=0.1, warmup_steps=30)),
    "CosineDecayRestarts": ("CosineDecayRestarts", dict(initial_learning_rate=0.1, first_decay_steps=11)),
    "CosineDecayRestarts even": ("CosineDecayRestarts", dict(initial_learning_rate=0.3, first_decay_steps=16, t_mul=1.0, m_mul=0.5, alpha=0.1)),
    "CosineDecayRestarts lower": ("CosineDecayRestarts", dict(initial_learning_rate=0.1, first_decay_steps=10, t_mul=1.5, m_mul=0.8,
                                                              alpha=0.05)),
}
every_schedule = pytest.mark.parametrize("row", SCHEDULES)


@every_schedule
def test_rates_are_those_of_keras(keras, row):
    name, settings = SCHEDULES[row]
    ours, theirs = (getattr(home.schedules, name)(**settings) for home in (optimizers, keras.optimizers))
    steps = [*range(130), 500, 10_000]
    found = [ours(step) for step in steps]
    assert all(isinstance(rate, float) for rate in found) and len({round(rate, 9) for rate in found}) > 1
    agree(("schedule", name, row), found, [float(theirs(step)) for step in steps])


@every_schedule
def test_schedules_have_the_arguments_of_keras(keras, row):
    name, settings = SCHEDULES[row]
    ours, theirs = (inspect.signature(getattr(home.schedules, name)).parameters for home in (optimizers, keras.optimizers))
    assert [(p.name, p.default) for p in ours.values()] == [(p.name, p.default) for p in theirs.values()]
    schedule, other = (getattr(home.schedules, name)(**settings) for home in (optimizers, keras.optimizers))
    assert schedule.get_config() == other.get_config()
    assert keras.optimizers.schedules.deserialize(serialize(schedule)).get_config() == other.get_config()
    again = deserialize(json.loads(json.dumps(keras.optimizers.schedules.serialize(other))))
    assert type(again) is getattr(schedules, name) and again.get_config() == schedule.get_config()
