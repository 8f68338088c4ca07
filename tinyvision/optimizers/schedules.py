"""Schedules: learning rates that follow from the number of steps so far. `SGD(learning_rate=CosineDecay(0.1, 10000))`."""
import bisect
import math

from ..configurable import Configurable


class LearningRateSchedule(Configurable):
    """A learning rate for each step: write `__call__(step)`, which returns a number; step counts from 0.

    >>> from tinyvision import optimizers
    >>> class Halving(LearningRateSchedule):
    ...     def __init__(self, start, steps):
    ...         self.start, self.steps = start, steps
    ...     def __call__(self, step):
    ...         return self.start * 0.5 ** (step // self.steps)
    >>> optimizer = optimizers.SGD(learning_rate=Halving(0.1, steps=1000))
    >>> optimizer.learning_rate
    0.1

    https://keras.io/api/optimizers/learning_rate_schedules/learning_rate_schedule/
    """

    def __call__(self, step):
        raise NotImplementedError(f"{type(self).__name__} must define __call__(self, step)")


class ExponentialDecay(LearningRateSchedule):
    """initial_learning_rate * decay_rate ** (step / decay_steps).

    https://keras.io/api/optimizers/learning_rate_schedules/exponential_decay/

    >>> schedule = ExponentialDecay(0.1, decay_steps=100, decay_rate=0.5)
    >>> schedule(0), schedule(100), schedule(200)
    (0.1, 0.05, 0.025)

    Args:
        initial_learning_rate: the first.
        decay_steps: after so many steps, it is decay_rate times as large.
        decay_rate: a factor.
        staircase: only whole multiples of decay_steps count.
        name: for files.
    """

    def __init__(self, initial_learning_rate, decay_steps, decay_rate, staircase=False, name="ExponentialDecay"):
        _check_steps(self, decay_steps)
        self.initial_learning_rate, self.decay_steps, self.decay_rate = initial_learning_rate, decay_steps, decay_rate
        self.staircase, self.name = staircase, name

    def __call__(self, step):
        return self.initial_learning_rate * self.decay_rate ** _part(step, self.decay_steps, self.staircase)


class InverseTimeDecay(LearningRateSchedule):
    """initial_learning_rate / (1 + decay_rate * step / decay_steps).

    https://keras.io/api/optimizers/learning_rate_schedules/inverse_time_decay/

    Args:
        initial_learning_rate: the first.
        decay_steps: how many steps count as one unit of time.
        decay_rate: how fast it falls.
        staircase: only whole units of time count.
        name: for files.
    """

    def __init__(self, initial_learning_rate, decay_steps, decay_rate, staircase=False, name="InverseTimeDecay"):
        _check_steps(self, decay_steps)
        self.initial_learning_rate, self.decay_steps, self.decay_rate = initial_learning_rate, decay_steps, decay_rate
        self.staircase, self.name = staircase, name

    def __call__(self, step):
        return self.initial_learning_rate / (1 + self.decay_rate * _part(step, self.decay_steps, self.staircase))


class PiecewiseConstantDecay(LearningRateSchedule):
    """values[0] up to step boundaries[0], that one included; then values[1], up to boundaries[1]; and so on.

    https://keras.io/api/optimizers/learning_rate_schedules/piecewise_constant_decay/

    >>> schedule = PiecewiseConstantDecay([1000, 2000], [0.1, 0.01, 0.001])
    >>> schedule(0), schedule(1000), schedule(1001), schedule(5000)
    (0.1, 0.1, 0.01, 0.001)

    Args:
        boundaries: numbers of steps, each larger than the one before.
        values: learning rates, one more than boundaries.
        name: for files.
    """

    def __init__(self, boundaries, values, name="PiecewiseConstant"):
        if len(values) != len(boundaries) + 1:
            raise ValueError("PiecewiseConstantDecay: there is one value more than there are boundaries; got "
                             f"{len(boundaries)} boundaries and {len(values)} values")
        if any(low >= high for low, high in zip(boundaries, boundaries[1:])):
            raise ValueError(f"PiecewiseConstantDecay: each boundary is larger than the one before, got {list(boundaries)}")
        self.boundaries, self.values, self.name = list(boundaries), list(values), name

    def __call__(self, step):
        return self.values[bisect.bisect_left(self.boundaries, step)]


class PolynomialDecay(LearningRateSchedule):
    """(initial_learning_rate - end_learning_rate) * (1 - step / decay_steps) ** power + end_learning_rate.

    https://keras.io/api/optimizers/learning_rate_schedules/polynomial_decay/

    Args:
        initial_learning_rate: the first.
        decay_steps: when it arrives at the end.
        end_learning_rate: where it stays.
        power: 1 is a straight line.
        cycle: do not stay at the end, but go up again, to where the curve for twice the steps is; then three times, ...
        name: for files.
    """

    def __init__(self, initial_learning_rate, decay_steps, end_learning_rate=0.0001, power=1.0, cycle=False,
                 name="PolynomialDecay"):
        _check_steps(self, decay_steps)
        self.initial_learning_rate, self.decay_steps, self.power = initial_learning_rate, decay_steps, power
        self.end_learning_rate, self.cycle, self.name = end_learning_rate, cycle, name

    def __call__(self, step):
        rounds = max(1, math.ceil(step / self.decay_steps)) if self.cycle else 1
        left = 1 - min(1, step / (self.decay_steps * rounds))
        return (self.initial_learning_rate - self.end_learning_rate) * left ** self.power + self.end_learning_rate


class CosineDecay(LearningRateSchedule):
    """Half a wave of the cosine, from initial_learning_rate down to alpha times that (Loshchilov and Hutter, 2017).

    initial_learning_rate * ((1 - alpha) * (1 + cos(pi * step / decay_steps)) / 2 + alpha). With a warmup_target, it first
    climbs in a straight line from initial_learning_rate to that, in warmup_steps; the wave begins there.

    https://keras.io/api/optimizers/learning_rate_schedules/cosine_decay/

    >>> schedule = CosineDecay(0.0, decay_steps=100, warmup_target=0.1, warmup_steps=10)
    >>> schedule(0), schedule(5), schedule(10), schedule(110)
    (0.0, 0.05, 0.1, 0.0)

    Args:
        initial_learning_rate: the first.
        decay_steps: how many steps the wave takes, warm-up not counted.
        alpha: the last, as a part of the highest.
        name: for files.
        warmup_target: where the climb ends; None for none.
        warmup_steps: how many steps it takes.
    """

    def __init__(self, initial_learning_rate, decay_steps, alpha=0.0, name="CosineDecay", warmup_target=None, warmup_steps=0):
        _check_steps(self, decay_steps)
        if warmup_target is None and warmup_steps:
            raise ValueError(f"CosineDecay: {warmup_steps} warmup_steps climb to a warmup_target, which is None")
        self.initial_learning_rate, self.decay_steps, self.alpha, self.name = initial_learning_rate, decay_steps, alpha, name
        self.warmup_target, self.warmup_steps = warmup_target, warmup_steps

    def __call__(self, step):
        highest = self.initial_learning_rate if self.warmup_target is None else self.warmup_target
        if step < self.warmup_steps:
            return (highest - self.initial_learning_rate) * step / self.warmup_steps + self.initial_learning_rate
        return highest * _wave(min(1, (step - self.warmup_steps) / self.decay_steps), 1.0, self.alpha)


class CosineDecayRestarts(LearningRateSchedule):
    """Half waves of the cosine, one after the other (Loshchilov and Hutter, 2017, https://arxiv.org/abs/1608.03983).

    Each goes from the top down to alpha * initial_learning_rate, takes t_mul times as many steps as the one before, and is
    m_mul times as high.

    https://keras.io/api/optimizers/learning_rate_schedules/cosine_decay_restarts/

    Args:
        initial_learning_rate: the first.
        first_decay_steps: how many steps the first wave takes.
        t_mul: how much longer each next one is, 1 or more.
        m_mul: how much higher.
        alpha: the lowest, as a part of initial_learning_rate.
        name: for files.
    """

    def __init__(self, initial_learning_rate, first_decay_steps, t_mul=2.0, m_mul=1.0, alpha=0.0, name="SGDRDecay"):
        _check_steps(self, first_decay_steps, "first_decay_steps")
        if not t_mul >= 1:
            raise ValueError(f"CosineDecayRestarts: t_mul is 1 or more, got {t_mul}: shorter and shorter waves come to an end")
        self.initial_learning_rate, self.first_decay_steps = initial_learning_rate, first_decay_steps
        self.t_mul, self.m_mul, self.alpha, self.name = t_mul, m_mul, alpha, name

    def __call__(self, step):
        waves, begin, length = 0, 0, self.first_decay_steps
        while step >= begin + length:
            waves, begin, length = waves + 1, begin + length, length * self.t_mul
        return self.initial_learning_rate * _wave((step - begin) / length, self.m_mul ** waves, self.alpha)


def _wave(part, height, alpha):
    """Half a wave from `height` down to `alpha`, as far as `part` of it."""
    return (1 - alpha) * height * (1 + math.cos(math.pi * part)) / 2 + alpha


def _part(step, decay_steps, staircase):
    return step // decay_steps if staircase else step / decay_steps


def _check_steps(schedule, steps, name="decay_steps"):
    if not steps > 0:
        raise ValueError(f"{type(schedule).__name__}: {name} must be more than 0, got {steps!r}")
