"""Several outputs: a loss, a factor and metrics for each. And metrics that weigh samples.

`compile` hands over here whatever is more than one loss and a list of metrics; what comes out looks like one loss and a list of
metrics to the training loop.
"""
import collections
import numbers

from . import losses, metrics
from .configurable import did_you_mean
from .data.weights import ClassWeights
from .metrics.base import Mean, Metric
from .training import WIDER, Trainer


class LossOfOutputs:
    """The sum of a loss for each output, times its factor: a call with targets and predictions of all outputs.

    Args:
        outputs: an Outputs.
        chosen, factors: lists with an entry for each output; None is no loss, and no factor.

    Attributes:
        values: {name of an output: its loss in the last call, without its factor}.
    """

    def __init__(self, outputs, chosen, factors):
        self.outputs, self.values = outputs, {}
        self.losses = [None if loss is None else losses.get(loss) for loss in chosen]
        self.factors = [1.0 if factor is None else factor for factor in factors]
        if not all(isinstance(factor, numbers.Real) for factor in self.factors):
            raise TypeError(f"compile: loss_weights are numbers, got {factors}; metrics come by name: metrics=[...]")

    def __call__(self, y_true, y_pred, sample_weight=None):
        outputs = self.outputs
        parts = outputs.parts(y_true, "targets"), outputs.parts(y_pred, "predictions"), outputs.weights(sample_weight)
        self.values, total = {}, 0.0
        for name, loss, factor, y, p, weight in zip(outputs.names, self.losses, self.factors, *parts):
            if loss is not None:
                values = loss(y, p, weight)
                self.values[name] = values.mean() if values.ndim else values
                total = total + self.values[name] * factor
        return total


class _LossOfOutput(Mean):
    """The mean of the loss of one output, which LossOfOutputs has worked out already."""
    direction = "down"

    def __init__(self, loss, output):
        super().__init__(f"{output}_loss")
        self.loss, self.output = loss, output

    def update_state(self, y_true, y_pred):
        samples = len(self.loss.outputs.parts(y_pred, "predictions")[0])
        super().update_state(self.loss.values[self.output].detach(), samples)


class _MetricOfOutput(Metric):
    """A metric that sees one output alone, with the weights of samples if it weighs."""

    def __init__(self, metric, outputs, place, weighs):
        name = metric.name if outputs.single else f"{outputs.names[place]}_{metric.name}"
        super().__init__(name)
        self.metric, self.outputs, self.place, self.weighs = metric, outputs, place, weighs

    def update_state(self, y_true, y_pred, sample_weight=None):
        outputs = self.outputs
        parts = outputs.parts(y_true, "targets"), outputs.parts(y_pred, "predictions"), outputs.weights(sample_weight)
        target, prediction, weight = (part[self.place] for part in parts)
        self.metric.update_state(target, prediction, *(() if weight is None else (weight,)))

    def result(self):
        return self.metric.result()

    def reset_state(self):
        self.metric.reset_state()


class Outputs:
    """The outputs of a model, by name, in an order.

    Args:
        names: of the outputs. In a functional model those of the layers that make them, or the keys of its dictionary.
        single: whether there is one only, which comes bare.
    """

    def __init__(self, names, single):
        self.names, self.single = names, single

    def parts(self, structure, what) -> list:
        """The array that belongs to each output, from an array, a list in the order of the outputs, or a dictionary by name."""
        return [structure] if self.single and not isinstance(structure, dict) else self._listed(structure, what)

    def weights(self, sample_weight) -> list:
        """The weights of samples for each output: one array serves them all."""
        bare = not isinstance(sample_weight, (list, tuple, dict))
        return [sample_weight] * len(self.names) if bare else self._listed(sample_weight, "sample_weight")

    def settings(self, given, what) -> list:
        """What compile was given for each output: one setting for all, a list, or a dictionary, which may leave outputs out."""
        if isinstance(given, dict):
            given = {**dict.fromkeys(self.names), **given}
        return self._listed(given, what) if isinstance(given, (list, tuple, dict)) else [given] * len(self.names)

    def _listed(self, structure, what):
        known = ", ".join(self.names)
        if isinstance(structure, dict):
            for name in structure:
                if name not in self.names:
                    raise ValueError(f"{what}: there is no output {name!r}{did_you_mean(name, self.names) or '.'} There is "
                                     f"{known}")
            if missing := [name for name in self.names if name not in structure]:
                raise ValueError(f"{what}: {', '.join(missing)} of the outputs {known} is missing")
            return [structure[name] for name in self.names]
        if not isinstance(structure, (list, tuple)) or len(structure) != len(self.names):
            got = f"a list of {len(structure)}" if isinstance(structure, (list, tuple)) else type(structure).__name__
            raise ValueError(f"{what}: the outputs are {known}: give a list of {len(self.names)}, or a dictionary, not {got}")
        return list(structure)


def widen(model) -> bool:
    """Set loss and metrics of a model as it was compiled, if that is more than a loss and a list of metrics."""
    given = model.compiled_with
    loss, factors, plain, weighted = (given[name] for name in ("loss", "loss_weights", "metrics", "weighted_metrics"))
    outputs = _outputs(model, loss)
    nested = isinstance(loss, (list, tuple, dict)) or isinstance(plain, dict)
    if outputs.single and not nested and factors is None and not weighted:
        return False
    if isinstance(loss, dict):
        outputs.parts(loss, "loss")                        # each is named: a forgotten one would silently learn nothing
    chosen = outputs.settings(loss, "loss")
    model.loss = LossOfOutputs(outputs, chosen, outputs.settings(factors, "loss_weights"))
    learning = [name for name, one in zip(outputs.names, chosen) if one is not None]
    model.loss, of_losses = model.loss if learning else None, learning if len(learning) > 1 else []
    found = [*_metrics(outputs, plain, "metrics", False), *_metrics(outputs, weighted, "weighted_metrics", True)]
    _tell_apart(found)
    model.metrics = [*(_LossOfOutput(model.loss, name) for name in of_losses),
                     *(found if outputs.single else sorted(found, key=lambda metric: metric.name))]
    return True


def _tell_apart(found):
    """Metrics of one name are told apart: "mae", "weighted_mae", or by a number."""
    counts = collections.Counter()
    for metric in found:
        name = metric.name
        if metric.weighs and counts[name]:
            name = f"{name.removesuffix(metric.metric.name)}weighted_{metric.metric.name}"
        metric.name = f"{name}_{counts[name]}" if counts[name] else name
        counts[name] += 1


def _outputs(model, loss) -> Outputs:
    """The outputs of a functional model; of others, as many as there are losses."""
    if getattr(model, "outputs", None):
        structure = model.output
        if isinstance(structure, dict):
            return Outputs(sorted(structure), False)
        names = [t.call.layer.name for t in model.outputs]
        return Outputs(names, len(names) == 1 and not isinstance(structure, (list, tuple)))
    if isinstance(loss, dict):
        return Outputs(sorted(loss), False)
    if isinstance(loss, (list, tuple)) and len(loss) > 1:
        return Outputs([f"output_{i + 1}" for i in range(len(loss))], False)
    return Outputs(["output"], True)


def _metrics(outputs, given, what, weigh) -> list:
    if not given:
        return []
    of_each = [given] if outputs.single and not isinstance(given, dict) else outputs.settings(given, what)
    of_each = [chosen if isinstance(chosen, (list, tuple)) else [] if chosen is None else [chosen] for chosen in of_each]
    return [_MetricOfOutput(metrics.get(metric), outputs, place, weigh)
            for place, chosen in enumerate(of_each) for metric in chosen]


WIDER.append(widen)
Trainer.weigh = staticmethod(ClassWeights)
