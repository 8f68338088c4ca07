"""One step of the recurrent networks: their equations.

`share` is what the input contributes to a step, x @ kernel + bias, which is computed for all steps together; (N, units) for
each gate, side by side. h (N, units) is the state, `kernel` what it is multiplied by, `drop` what dropout does to it before.
"""
from .elementwise import sigmoid, tanh


def nothing(h):
    """No dropout: h itself."""
    return h


def simple_step(share, h, kernel, activation=tanh, drop=nothing):
    """The new h of a simple recurrent network (Elman, 1990)."""
    return activation(share + drop(h) @ kernel)


def lstm_step(share, h, c, kernel, activation=tanh, recurrent_activation=sigmoid, drop=nothing):
    """The new h and c of a long short-term memory (Hochreiter and Schmidhuber, 1997; Gers et al., 2000, for the forget gate).

    The memory c is what it was, as far as the forget gate lets through, and a candidate, as far as the input gate does.
    The output h is what the output gate shows of it.
    """
    i, f, candidate, o = parts(share + drop(h) @ kernel, 4)
    c = recurrent_activation(f) * c + recurrent_activation(i) * activation(candidate)
    h = recurrent_activation(o) * activation(c)
    return h, c


def gru_step(share, h, kernel, bias=None, activation=tanh, recurrent_activation=sigmoid, drop=nothing):
    """The new h of a gated recurrent unit (Cho et al., 2014, arXiv 1406.1078v1): a mean of what it was and a candidate.

    The update gate z weighs them. The reset gate r tells how much of what the state contributes enters the candidate; `bias` is
    the state's own.
    """
    z, r, candidate = parts(share, 3)
    from_state = drop(h) @ kernel
    h_z, h_r, h_candidate = parts(from_state if bias is None else from_state + bias, 3)
    z, r = recurrent_activation(z + h_z), recurrent_activation(r + h_r)
    return z * h + (1 - z) * activation(candidate + r * h_candidate)


def gru_step_reset_before(share, h, kernel, activation=tanh, recurrent_activation=sigmoid, drop=nothing):
    """The same, with the state reset before it is multiplied by the kernel (arXiv 1406.1078v3)."""
    units = h.shape[1]
    z, r, candidate = parts(share, 3)
    h_z, h_r = parts(drop(h) @ kernel[:, :2 * units], 2)
    z, r = recurrent_activation(z + h_z), recurrent_activation(r + h_r)
    return z * h + (1 - z) * activation(candidate + (r * drop(h)) @ kernel[:, 2 * units:])


def parts(x, count: int) -> list:
    """x (N, count * units) as so many arrays (N, units)."""
    units = x.shape[1] // count
    return [x[:, k * units:(k + 1) * units] for k in range(count)]


def steps_of(x) -> list:
    """[x[0], x[1], ...]. By halves: a slice's gradient is as large as what it was cut from, so few are cut from the whole."""
    half = len(x) // 2
    return [x[0]] if half == 0 else [*steps_of(x[:half]), *steps_of(x[half:])]
