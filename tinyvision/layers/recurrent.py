"""Recurrent networks: layers that go through sequences (N, steps, features) step by step, and remember.

A cell does one step; RNN takes a cell through all of them. SimpleRNN, LSTM and GRU are an RNN with the cell of that name. The
equations are in ops/recurrent.py.
"""
import numpy as np

from .. import activations, ops
from ..autograd import Tensor
from ..config import random_key
from ..configurable import argument_names, snake_case
from ..device import array_library
from ..ops.lstm import lstm
from ..ops.recurrent import gru_step, gru_step_reset_before, lstm_step, nothing, simple_step, steps_of
from .base import Layer
from .core import described, positive
from .inside import build_inside


class _Cell(Layer):
    """What the cells have in common: a kernel for the input, one for the state, a bias, dropout of both.

    A subclass says how many `gates` there are, each with kernels and biases of its own, side by side in one, and writes `step`.
    """

    gates = 1
    regularized = "kernel", "recurrent", "bias"

    def __init__(self, units, activation, use_bias, kernel_initializer, recurrent_initializer, bias_initializer, dropout,
                 recurrent_dropout, seed, **settings):
        super().__init__(**settings)
        self.units, self.use_bias, self.activation = positive(units, "units", self), use_bias, activations.get(activation)
        self.initializers = kernel_initializer, recurrent_initializer, bias_initializer
        self.dropout, self.recurrent_dropout, self.key, self.drawn = dropout, recurrent_dropout, random_key(seed), 0
        for name, rate in (("dropout", dropout), ("recurrent_dropout", recurrent_dropout)):
            if not 0 <= rate < 1:
                raise ValueError(f"{described(self)}: {name} is a probability below 1, got {rate}")
        self.state_size = self.output_size = self.units

    def build(self, input_shape):
        kernel_initializer, recurrent_initializer, bias_initializer = self.initializers
        if input_shape[-1] is None:
            raise ValueError(f"{described(self)} needs a known number of features, got {input_shape}")
        self.kernel = self.add_weight((input_shape[-1], self.gates * self.units), kernel_initializer, name="kernel")
        self.recurrent_kernel = self.add_weight((self.units, self.gates * self.units), recurrent_initializer,
                                                name="recurrent_kernel", **self.regularized_as("recurrent"))
        self.bias = self.add_weight(self.bias_shape(), bias_initializer, name="bias") if self.use_bias else None

    def bias_shape(self):
        """The shape of the bias."""
        return (self.gates * self.units,)

    def __call__(self, x, states, **settings):
        return super().__call__(x, states, **settings)

    def _takes_training(self):                             # without dropout it is all the same to a cell
        return bool(self.dropout or self.recurrent_dropout)

    def call(self, x, states, training=False):
        """A step by itself: x (N, features) and a list of states -> the output, and the list of new states."""
        states = checked_states(self, [states] if isinstance(states, Tensor) else states, len(x))
        return self.step(self.share(x[None], training)[0], states, self.dropping(len(x), training))

    def step(self, share, states, drop):
        """The output and the new states, from what the input contributes and the old states."""
        raise NotImplementedError(f"{type(self).__name__} must define step(self, share, states, drop)")

    def in_one_go(self, shares, states, drop):
        """The outputs of all steps, and the last states, if there is an op for that; None if not."""
        return None

    def share(self, x, training=False):
        """What the input contributes to each step: x (steps, N, features) -> (steps, N, gates * units)."""
        steps, n, features = x.shape
        if features != len(self.kernel):
            raise ValueError(f"{described(self)} expects {len(self.kernel)} features, got {features}")
        if training and self.dropout:                      # the same features in all steps
            self.drawn += 1
            x = ops.dropout(x, self.dropout, (1, None, None), self.key, self.drawn)
        y = (x.reshape(steps * n, features) @ self.kernel).reshape(steps, n, self.gates * self.units)
        return y if self.bias is None else y + self.input_bias()

    def input_bias(self):
        """The part of the bias that goes with the input."""
        return self.bias

    def dropping(self, n, training=False):
        """What dropout does to the state, the same in all steps: a function of it."""
        if not (training and self.recurrent_dropout):
            return nothing
        self.drawn += 1
        ones = array_library(self.kernel.data).ones((n, self.units), self.dtype)
        kept = ops.dropout(Tensor(ones), self.recurrent_dropout, None, self.key, self.drawn)
        return lambda h: h * kept


class SimpleRNNCell(_Cell):
    """One step of SimpleRNN. https://keras.io/api/layers/recurrent_layers/simple_rnn/

    Args: those of SimpleRNN that are not about sequences.

    Shapes: x (N, features), states [h (N, units)] -> h, [h].
    """

    def __init__(self, units, activation="tanh", use_bias=True, kernel_initializer="glorot_uniform",
                 recurrent_initializer="orthogonal", bias_initializer="zeros", *, dropout=0.0, recurrent_dropout=0.0, seed=None,
                 **settings):
        super().__init__(units, activation, use_bias, kernel_initializer, recurrent_initializer, bias_initializer, dropout,
                         recurrent_dropout, seed, **settings)

    def step(self, share, states, drop):
        h = simple_step(share, *states, self.recurrent_kernel, self.activation, drop)
        return h, [h]


class LSTMCell(_Cell):
    """One step of LSTM. https://keras.io/api/layers/recurrent_layers/lstm_cell/

    Args: those of LSTM that are not about sequences.

    Shapes: x (N, features), states [h, c], each (N, units) -> h, [h, c].
    """

    gates = 4                                              # input, forget, candidate, output

    def __init__(self, units, activation="tanh", recurrent_activation="sigmoid", use_bias=True,
                 kernel_initializer="glorot_uniform", recurrent_initializer="orthogonal", bias_initializer="zeros",
                 unit_forget_bias=True, *, dropout=0.0, recurrent_dropout=0.0, seed=None, **settings):
        super().__init__(units, activation, use_bias, kernel_initializer, recurrent_initializer, bias_initializer, dropout,
                         recurrent_dropout, seed, **settings)
        self.recurrent_activation, self.unit_forget_bias = activations.get(recurrent_activation), unit_forget_bias
        self.state_size = [self.units, self.units]

    def build(self, input_shape):
        super().build(input_shape)
        if self.use_bias and self.unit_forget_bias:        # it begins by remembering (Jozefowicz et al., 2015)
            bias = self.bias.numpy().copy()
            bias[self.units:2 * self.units] = 1
            self.bias.assign(bias)

    def step(self, share, states, drop):
        h, c = lstm_step(share, *states, self.recurrent_kernel, self.activation, self.recurrent_activation, drop)
        return h, [h, c]

    def in_one_go(self, shares, states, drop):
        if (self.activation, self.recurrent_activation, drop) != (ops.tanh, ops.sigmoid, nothing):
            return None
        outputs, h, c = lstm(shares, *states, self.recurrent_kernel)
        return outputs, [h, c]


class GRUCell(_Cell):
    """One step of GRU. https://keras.io/api/layers/recurrent_layers/gru_cell/

    Args: those of GRU that are not about sequences.

    Shapes: x (N, features), states [h (N, units)] -> h, [h].
    """

    gates = 3                                              # update, reset, candidate

    def __init__(self, units, activation="tanh", recurrent_activation="sigmoid", use_bias=True,
                 kernel_initializer="glorot_uniform", recurrent_initializer="orthogonal", bias_initializer="zeros", *,
                 dropout=0.0, recurrent_dropout=0.0, reset_after=True, seed=None, **settings):
        super().__init__(units, activation, use_bias, kernel_initializer, recurrent_initializer, bias_initializer, dropout,
                         recurrent_dropout, seed, **settings)
        self.recurrent_activation, self.reset_after = activations.get(recurrent_activation), reset_after

    def bias_shape(self):
        return (2, 3 * self.units) if self.reset_after else (3 * self.units,)

    def input_bias(self):
        return self.bias[0] if self.reset_after else self.bias

    def step(self, share, states, drop):
        how = self.activation, self.recurrent_activation, drop
        if self.reset_after:
            bias = None if self.bias is None else self.bias[1]
            h = gru_step(share, *states, self.recurrent_kernel, bias, *how)
        else:
            h = gru_step_reset_before(share, *states, self.recurrent_kernel, *how)
        return h, [h]


class RNN(Layer):
    """Takes a cell through a sequence, step by step. https://keras.io/api/layers/recurrent_layers/rnn/

    A cell of your own is a Layer with `state_size`, a number or a list of them, and `call(self, x, states)` for one step, that
    returns the output and the list of new states.

    Args:
        cell: what does a step.
        return_sequences: give the outputs of all steps, (N, steps, units), in place of the last, (N, units).
        return_state: give (output, state, ...): the last states, too.
        go_backwards: begin with the last step; outputs come in the order in which they were made.
        stateful: begin where the last call ended, until `reset_state()`: the samples of a batch go on with those of the batch
            before. Otherwise each call begins with zeros.
        unroll: changes nothing here; in Keras it tells how the loop is compiled.

    Call arguments:
        sequences: (N, steps, features).
        initial_state: the states to begin with, a list of Tensors (N, units) (or one Tensor, if there is but one state).
        training: whether dropout is on.
    """

    def __init__(self, cell, return_sequences=False, return_state=False, go_backwards=False, stateful=False, unroll=False,
                 **settings):
        super().__init__(**settings)
        if not isinstance(cell, Layer) or not hasattr(cell, "state_size"):
            raise ValueError(f"{self.name} (RNN): the cell is a layer with a state_size, such as LSTMCell(8), got {cell!r}; "
                             "for several, put one RNN(..., return_sequences=True) before the other")
        self.cell, self.return_sequences, self.return_state = cell, return_sequences, return_state
        self.go_backwards, self.stateful, self.unroll, self.states = go_backwards, stateful, unroll, None

    def __call__(self, sequences, initial_state=None, **settings):
        return super().__call__(*([sequences] if initial_state is None else [sequences, initial_state]), **settings)

    def build(self, input_shape):
        if len(input_shape) == 3:                          # call explains what is wrong with others
            build_inside(self, self.cell, (None, *input_shape[2:]))

    def call(self, x, initial_state=None, training=False):
        if x.ndim < 3 or (x.ndim != 3 and isinstance(self.cell, _Cell)) or not x.shape[1]:
            hint = "; one sequence needs a batch axis: x[None]" if x.ndim == 2 else ""
            raise ValueError(f"{described(self)} expects sequences (N, steps, features), got input {x.shape}{hint}")
        states = self._first_states(initial_state, x)
        x = x.transpose((1, 0, *range(2, x.ndim)))         # (steps, N, features)
        outputs, states = self._through(ops.flip(x, axis=0) if self.go_backwards else x, states, training)
        if self.stateful and x.shape[1]:
            self.states = [state.detach() for state in states]
        if self.return_sequences:
            output = ops.stack(outputs, axis=1) if isinstance(outputs, list) else outputs.transpose((1, 0, 2))
        else:
            output = outputs[-1]
        return (output, *states) if self.return_state else output

    def _through(self, x, states, training):
        """The outputs of all steps, as a list or a Tensor (steps, N, units), and the last states."""
        cell, outputs = self.cell, []
        if isinstance(cell, _Cell):
            x, drop = cell.share(x, training), cell.dropping(x.shape[1], training)
            if (found := cell.in_one_go(x, states, drop)) is not None:
                return found
        for step in steps_of(x):
            y, states = cell.step(step, states, drop) if isinstance(cell, _Cell) else cell(step, states)
            outputs.append(y)
        return outputs, states

    def _first_states(self, given, x):
        if given is None and self.stateful and self.states and len(x):
            given = self.states
            if len(given[0]) != len(x):
                raise ValueError(f"{described(self)} is stateful and goes on with the {len(given[0])} samples it had, "
                                 f"got {len(x)}; to begin anew, call its reset_state()")
        if given is None:
            xp = array_library(x.data)
            return [Tensor(xp.zeros((len(x), size), self.dtype)) for size in _sizes(self.cell)]
        return checked_states(self.cell, [given] if isinstance(given, Tensor) else given, len(x))

    def reset_state(self):
        """Forget where the last call ended: the next one begins with zeros."""
        self.states = None


class _WithOwnCell(RNN):
    """An RNN that makes its cell, of those of its arguments that the cell takes."""

    regularized = _Cell.regularized

    def __init__(self, cell_class, *flow, **settings):
        names = set(argument_names(cell_class)) - {"name", "activity_regularizer"}
        own = {name: value for name, value in self._config.items() if name in names}
        super().__init__(cell_class(**own, name=snake_case(cell_class.__name__)), *flow, **settings)

    units = property(lambda self: self.cell.units)


class SimpleRNN(_WithOwnCell):
    """h = activation(x @ kernel + h @ recurrent_kernel + bias), step by step; the output is h.

    https://keras.io/api/layers/recurrent_layers/simple_rnn/

    Args:
        units: the size of the state.
        activation: a name, a function, or None for none.
        use_bias: whether to add a bias.
        kernel_initializer, recurrent_initializer, bias_initializer: names or Initializers.
        dropout: the probability with which features of the input are dropped in training, the same in all steps.
        recurrent_dropout: that with which units of the state are, in what they contribute to the next step.
        return_sequences, return_state, go_backwards, stateful, unroll: see RNN; so are the arguments of a call.
        seed: of dropout; None takes a stream of the common seed.

    Shapes: (N, steps, features) -> (N, units), or (N, steps, units) for return_sequences; kernel (features, units),
    recurrent_kernel (units, units), bias (units,).
    """

    def __init__(self, units, activation="tanh", use_bias=True, kernel_initializer="glorot_uniform",
                 recurrent_initializer="orthogonal", bias_initializer="zeros", *, dropout=0.0, recurrent_dropout=0.0,
                 return_sequences=False, return_state=False, go_backwards=False, stateful=False, unroll=False, seed=None,
                 **settings):
        super().__init__(SimpleRNNCell, return_sequences, return_state, go_backwards, stateful, unroll, **settings)


class LSTM(_WithOwnCell):
    """Long short-term memory: gates decide what is remembered, forgotten and shown. See ops/recurrent.py for the equations.

    https://keras.io/api/layers/recurrent_layers/lstm/

    Args:
        units: the size of each of the two states, h and c; the output is h.
        activation: of the candidate and the output; a name, a function, or None for none.
        recurrent_activation: of the gates.
        use_bias: whether to add a bias.
        kernel_initializer, recurrent_initializer, bias_initializer: names or Initializers.
        unit_forget_bias: begin with a bias of 1 in the forget gate.
        dropout: the probability with which features of the input are dropped in training, the same in all steps.
        recurrent_dropout: that with which units of h are, in what they contribute to the next step. One draw serves all gates.
        seed: of dropout; None takes a stream of the common seed.
        return_sequences, return_state, go_backwards, stateful, unroll: see RNN; so are the arguments of a call.
        use_cudnn: "auto" or False: there is no cuDNN here.

    Shapes: (N, steps, features) -> (N, units), or (N, steps, units) for return_sequences; kernel (features, 4 * units),
    recurrent_kernel (units, 4 * units), bias (4 * units,): input gate, forget gate, candidate, output gate.

    >>> rows = np.ones((2, 28, 28), "float32")               # two digits, row by row
    >>> LSTM(16)(rows).shape
    (2, 16)
    """

    def __init__(self, units, activation="tanh", recurrent_activation="sigmoid", use_bias=True,
                 kernel_initializer="glorot_uniform", recurrent_initializer="orthogonal", bias_initializer="zeros",
                 unit_forget_bias=True, *, dropout=0.0, recurrent_dropout=0.0, seed=None, return_sequences=False,
                 return_state=False, go_backwards=False, stateful=False, unroll=False, use_cudnn="auto", **settings):
        super().__init__(LSTMCell, return_sequences, return_state, go_backwards, stateful, unroll, **settings)
        refuse_cudnn(self, use_cudnn)


class GRU(_WithOwnCell):
    """Gated recurrent unit: the state is a mean, weighed by a gate, of what it was and of a candidate. See ops/recurrent.py.

    https://keras.io/api/layers/recurrent_layers/gru/

    Args:
        units: the size of the state, which is the output.
        activation: of the candidate; a name, a function, or None for none.
        recurrent_activation: of the gates.
        use_bias: whether to add a bias.
        kernel_initializer, recurrent_initializer, bias_initializer: names or Initializers.
        dropout: the probability with which features of the input are dropped in training, the same in all steps.
        recurrent_dropout: that with which units of the state are, in what they contribute to the next step. One draw serves all
            gates.
        seed: of dropout; None takes a stream of the common seed.
        return_sequences, return_state, go_backwards, stateful, unroll: see RNN; so are the arguments of a call.
        reset_after: whether the reset gate acts behind the product with the recurrent kernel, as in cuDNN and PyTorch, or
            before.
        use_cudnn: "auto" or False: there is no cuDNN here.

    Shapes: (N, steps, features) -> (N, units), or (N, steps, units) for return_sequences; kernel (features, 3 * units),
    recurrent_kernel (units, 3 * units), bias (2, 3 * units), of the input and of the state, or (3 * units,) for
    reset_after=False: update gate, reset gate, candidate.
    """

    def __init__(self, units, activation="tanh", recurrent_activation="sigmoid", use_bias=True,
                 kernel_initializer="glorot_uniform", recurrent_initializer="orthogonal", bias_initializer="zeros", *,
                 dropout=0.0, recurrent_dropout=0.0, seed=None, return_sequences=False, return_state=False, go_backwards=False,
                 stateful=False, unroll=False, reset_after=True, use_cudnn="auto", **settings):
        super().__init__(GRUCell, return_sequences, return_state, go_backwards, stateful, unroll, **settings)
        refuse_cudnn(self, use_cudnn)


def refuse_cudnn(layer, use_cudnn) -> None:
    """Raise ValueError unless `use_cudnn` is "auto" or False."""
    if use_cudnn not in ("auto", False):
        raise ValueError(f"{described(layer)}: use_cudnn={use_cudnn!r} is not available, there is no cuDNN here: leave it out")


def checked_states(cell, states, n) -> list:
    """The states as a list, if they have the shapes that the cell needs for n samples."""
    expected = [(n, size) for size in _sizes(cell)]
    if [np.shape(state) for state in states] != expected:
        raise ValueError(f"{described(cell)} needs {len(expected)} states of shapes {expected}, got "
                         f"{[np.shape(state) for state in states]}")
    return list(states)


def _sizes(cell):
    return [cell.state_size] if isinstance(cell.state_size, int) else list(cell.state_size)
