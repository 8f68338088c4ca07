"""Options: what may go on around each step of any optimizer, from clipped gradients to averaged weights.

base.py knows none of this. At the end of this file, Options joins `Optimizer.also`: from then on every optimizer takes its
arguments, and calls `before` and `after` around each step.
"""
import inspect
import math
import numbers
import re

from ..autograd import no_grad
from ..device import array_library
from .base import Optimizer


class Options:
    """The arguments that every optimizer takes by name, besides its own; all are attributes of the optimizer, too.

    Args:
        weight_decay: draw weights towards 0 before each step, whatever their gradients: w -= learning_rate * weight_decay * w.
            Unlike a penalty in the loss, it does not pass through what the optimizer remembers of gradients (Loshchilov and
            Hutter, 2019, https://arxiv.org/abs/1711.05101). `exclude_from_weight_decay` names weights that stay out of it.
        clipnorm: gradients longer than this, each by itself, are shortened to it.
        clipvalue: gradients are held between -clipvalue and clipvalue.
        global_clipnorm: as clipnorm, for all gradients together as one long vector.
        use_ema: keep a moving average of each weight, less restless than the weight itself, which takes its place when
            training ends: average = ema_momentum * average + (1 - ema_momentum) * w (Polyak and Juditsky, 1992).
        ema_momentum: how slowly the average forgets.
        ema_overwrite_frequency: let the average take the weight's place after every so many steps, already.
        loss_scale_factor: must be None: it keeps gradients in float16 from vanishing, and tinyvision computes in float32.
        gradient_accumulation_steps: add up the gradients of so many calls, and step by their mean in the last one: as one
            large batch that would not fit in memory.

    >>> from tinyvision import optimizers
    >>> optimizers.SGD(0.1, momentum=0.9, weight_decay=1e-4, global_clipnorm=1.0).weight_decay
    0.0001
    """

    def __init__(self, weight_decay=None, clipnorm=None, clipvalue=None, global_clipnorm=None, use_ema=False, ema_momentum=0.99,
                 ema_overwrite_frequency=None, loss_scale_factor=None, gradient_accumulation_steps=None):
        if weight_decay is not None and not (_is_number(weight_decay) and weight_decay >= 0):
            raise ValueError(f"weight_decay is a number, 0 or more, or None, got {weight_decay!r}")
        clips = {"clipnorm": clipnorm, "clipvalue": clipvalue, "global_clipnorm": global_clipnorm}
        clips = {name: value for name, value in clips.items() if value is not None}
        if len(clips) > 1 or any(not (_is_number(value) and value > 0) for value in clips.values()):
            raise ValueError("at most one of clipnorm, clipvalue and global_clipnorm may be given, and must be positive; "
                             f"got {clips}")
        if not (_is_number(ema_momentum) and 0 <= ema_momentum <= 1):
            raise ValueError(f"ema_momentum lies between 0 and 1, got {ema_momentum!r}")
        if not use_ema and (ema_momentum, ema_overwrite_frequency) != (0.99, None):
            raise ValueError("ema_momentum and ema_overwrite_frequency say how weights are averaged: give use_ema=True, too")
        if loss_scale_factor is not None:
            raise ValueError("loss_scale_factor is for float16, where small gradients vanish; tinyvision computes in float32 "
                             f"or float64, which need no scaling: leave it out (got {loss_scale_factor!r})")
        _check_count("ema_overwrite_frequency", ema_overwrite_frequency, 1)
        _check_count("gradient_accumulation_steps", gradient_accumulation_steps, 2)
        self.weight_decay, self.excluded, self.excluded_names = weight_decay, [], ""
        self.clipnorm, self.clipvalue, self.global_clipnorm = clipnorm, clipvalue, global_clipnorm
        self.use_ema, self.ema_momentum, self.ema_overwrite_frequency = use_ema, ema_momentum, ema_overwrite_frequency
        self.loss_scale_factor, self.gradient_accumulation_steps = None, gradient_accumulation_steps

    def before(self, optimizer, gradients, variables):
        """The gradients to step by, in place of those at hand; an empty list for no step yet."""
        if self.gradient_accumulation_steps:
            gradients = self.mean_of_calls(optimizer, gradients, variables)
        if gradients:
            gradients = self.clipped(gradients)
            self.decay(optimizer, variables)
        return gradients

    def after(self, optimizer, variables):
        """What follows a call of `apply`, whether there was a step or not."""
        if self.use_ema:
            self.average(optimizer, variables)
        for v in variables:
            if getattr(v, "constraint", None) is not None:
                with no_grad():
                    v.assign(v.constraint(v))

    def mean_of_calls(self, optimizer, gradients, variables):
        """The mean of the gradients of this call and those before, if it is the last of them; else none."""
        sums = [optimizer.slot("gradient_accumulator", v) for v in variables]
        for total, g in zip(sums, gradients):
            total += g
        if (optimizer.calls + 1) % self.gradient_accumulation_steps:
            return []
        means = [total / self.gradient_accumulation_steps for total in sums]
        for total in sums:
            total[...] = 0
        return means

    def clipped(self, gradients):
        """The gradients, none too long or too large."""
        if self.clipvalue:
            return [array_library(g).clip(g, -self.clipvalue, self.clipvalue) for g in gradients]
        if self.clipnorm:
            return [g * (self.clipnorm / max(norm([g]), self.clipnorm)) for g in gradients]
        if self.global_clipnorm:
            factor = self.global_clipnorm / max(norm(gradients), self.global_clipnorm)
            return [g * factor for g in gradients]
        return gradients

    def decay(self, optimizer, variables):
        """Draw the weights towards 0."""
        for v in variables if self.weight_decay else ():
            named = self.excluded_names and re.search(self.excluded_names, getattr(v, "name", ""))
            if not named and not any(v is other for other in self.excluded):
                v.assign(v.data - v.data * float(self.weight_decay * optimizer.learning_rate))

    def average(self, optimizer, variables):
        """Let the moving averages follow the weights; and take their place, when it is time for it."""
        step = optimizer.calls // (self.gradient_accumulation_steps or 1)
        kept = self.ema_momentum if step else 0.0          # the first average is the weight itself
        for v in variables:
            average = optimizer.slot("average", v)
            average *= kept
            average += (1 - kept) * v.data
        if self.ema_overwrite_frequency and (step + 1) % self.ema_overwrite_frequency == 0:
            optimizer.finalize_variable_values(variables)

    @property
    def slot_groups(self):
        """What is remembered of each weight, as `Optimizer.slot_groups`; in files it comes before that."""
        return [*([("average",)] if self.use_ema else []),
                *([("gradient_accumulator",)] if self.gradient_accumulation_steps else [])]


def norm(gradients) -> float:
    """The length of arrays, taken as one long vector."""
    return math.sqrt(float(sum((g * g).sum().astype("float64") for g in gradients)))       # one question to a GPU, not many


def exclude_from_weight_decay(optimizer, var_list=None, var_names=None) -> None:
    """Let some weights not decay: biases, for instance, do no harm by being large.

    Args:
        var_list: these Variables.
        var_names: those that have one of these in their names: ["bias", "gamma"], for instance; regular expressions.
    """
    if isinstance(var_names, str):
        raise TypeError(f"exclude_from_weight_decay: var_names is a list: var_names=[{var_names!r}]")
    options, = optimizer.options
    options.excluded, options.excluded_names = list(var_list or ()), "|".join(var_names or ())


def finalize_variable_values(optimizer, var_list) -> None:
    """Let the moving averages take the place of the weights, with `use_ema`; `fit` calls it when training ends."""
    averages = optimizer.slots.get("average", {})
    for v in var_list:
        if id(v) in averages:                              # a weight that took part in no step has none
            v.assign(averages[id(v)][1])


def _is_number(value):
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def _check_count(name, value, least):
    if value is not None and (isinstance(value, bool) or not hasattr(value, "__index__") or value < least):
        raise ValueError(f"{name} is a whole number, {least} or more, or None, got {value!r}")


def _attribute(name):
    """`optimizer.clipnorm`: a property for an attribute of its Options."""
    return property(lambda optimizer: getattr(optimizer.options[0], name),
                    lambda optimizer, value: setattr(optimizer.options[0], name, value))


Optimizer.also, Optimizer.further_arguments = (Options,), staticmethod(lambda: list(inspect.signature(Options).parameters))
Optimizer.exclude_from_weight_decay, Optimizer.finalize_variable_values = exclude_from_weight_decay, finalize_variable_values
for _name in inspect.signature(Options).parameters:
    setattr(Optimizer, _name, _attribute(_name))
