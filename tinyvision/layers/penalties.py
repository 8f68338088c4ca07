"""What layers add to the loss of training: regularizers of weights and outputs, and `add_loss`; and constraints of weights.

A layer of any kind takes `activity_regularizer`; and for each weight that its class names in `regularized`, a regularizer and a
constraint: `Dense(10, kernel_regularizer="l2", bias_constraint="non_neg")`.
"""
from .. import constraints, ops, regularizers
from ..autograd import Tensor, as_tensor
from ..structures import leaves, unique
from .base import AFTER_CALL, RESOLVERS, Layer, _context


def add_loss(layer, loss) -> None:
    """Add to the loss of training, inside of `call`: a number that depends on the input, or a Tensor, whose sum counts.

    >>> class Calm(Layer):
    ...     def call(self, x):
    ...         self.add_loss(1e-3 * ops.sum(x * x))
    ...         return x
    >>> layer = Calm()
    >>> y = layer([[1.0, 2.0]])
    >>> layer.losses
    [Tensor(0.005)]
    """
    call, kept = vars(layer).get("_added", (None, []))
    if call != _context.calls:                             # they are of an earlier call
        kept = []
    layer._added = _context.calls, [*kept, ops.sum(as_tensor(loss))]


def losses(layer) -> list[Tensor]:
    """What this layer and those inside add to the loss: for the outputs of the last call, and for the weights as they are."""
    found = []
    for one in unique(_all_layers(layer)):
        call, added = vars(one).get("_added", (None, ()))
        found += added if call == _context.calls else ()
        found += [w.regularizer(w) for w in one._weights if w.regularizer is not None and w.requires_grad]
    return found


def _all_layers(layer):
    yield layer
    for inner in layer.sublayers:
        yield from _all_layers(inner)


def further_arguments(cls) -> list[str]:
    """The names of the arguments for regularizers and constraints that a class of layers takes."""
    return ["activity_regularizer", *(f"{weight}_{what}" for what in RESOLVERS for weight in cls.regularized)]


def regularized_as(layer, name) -> dict:
    """For add_weight: what was given under another name than the weight has, such as "recurrent_regularizer"."""
    return {what: layer.regularization.get(f"{name}_{what}") for what in RESOLVERS}


def _penalize_outputs(layer, y, told):
    regularizer = layer.regularization.get("activity_regularizer")
    if regularizer is not None:
        for output in leaves(y):
            layer.add_loss(regularizer(output) / max(len(output), 1))


RESOLVERS.update(regularizer=regularizers.get, constraint=constraints.get)
AFTER_CALL.append(_penalize_outputs)
Layer.add_loss, Layer.losses, Layer.regularized_as = add_loss, property(losses), regularized_as
Layer.further_arguments = classmethod(further_arguments)
