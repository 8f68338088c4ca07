"""A whole LSTM in one go: all steps in one op, with a gradient derived by hand. Its equations are those of `lstm_step`."""
from .. import kernels
from ..autograd import Tensor, is_recording
from ..device import array_library
from ..op import op
from .indexing import concatenate, stack
from .recurrent import lstm_step, steps_of
from .second_order import vjp

product = kernels.matmul.product


def lstm(share, h, c, kernel) -> tuple[Tensor, Tensor, Tensor]:
    """The outputs of all steps, and the last h and c.

    Args:
        share: what the input contributes, (steps, N, 4 * units): input gate, forget gate, candidate, output gate.
        h, c: (N, units), the states to begin with.
        kernel: (units, 4 * units), what h is multiplied by.
    """
    y = _lstm(share, h, c, kernel)
    return y[:-1], y[-2], y[-1]


@op(keeps=["gates", "memories"])
def _lstm(share, h, c, kernel):
    """(steps + 1, N, units): h of each step, and the last c."""
    xp, (steps, n, _), units = array_library(share), share.shape, len(kernel)
    y, memories = xp.empty((steps + 1, n, units), share.dtype), xp.empty((steps + 1, n, units), share.dtype)
    gates, memories[0] = xp.empty((steps, n, 4, units), share.dtype), c
    for t in range(steps):
        z = (product(h, kernel) + share[t]).reshape(n, 4, units) * 0.5
        z[:, 2] *= 2
        xp.tanh(z, out=z)
        candidate = z[:, 2].copy()
        z = gates[t] = z * 0.5 + 0.5                       # sigmoid(2 x) = (tanh(x) + 1) / 2
        gates[t, :, 2] = candidate
        memories[t + 1] = z[:, 1] * memories[t] + z[:, 0] * candidate
        h = y[t] = z[:, 3] * xp.tanh(memories[t + 1])
    y[steps] = memories[steps]
    return y, gates, memories


@op(differentiable=False)
def _lstm_gradient(g, gates, memories, kernel):
    """What arrives at the shares, (steps, N, 4 * units); and in the first units of one row more, at the first c."""
    xp, (steps, n, _, units) = array_library(g), gates.shape
    shown, dz = xp.tanh(memories[1:]), xp.zeros((steps + 1, n, 4, units), g.dtype)
    i, f, candidate, o = (gates[:, :, k] for k in range(4))
    slopes = gates * (1 - gates)                           # of the gates, times what each is multiplied by
    slopes[:, :, 0] *= candidate
    slopes[:, :, 1] *= memories[:-1]
    slopes[:, :, 2] = i * (1 - candidate * candidate)
    slopes[:, :, 3] *= shown
    into_memory = o * (1 - shown * shown)
    dc, from_next, turned = g[steps], 0, kernel.T
    for t in range(steps - 1, -1, -1):
        dh = g[t] + from_next
        dc = dc + dh * into_memory[t]
        dz[t] = slopes[t]
        dz[t, :, :3] *= dc[:, None]
        dz[t, :, 3] *= dh
        dc = dc * f[t]
        if t:
            from_next = product(dz[t].reshape(n, 4 * units), turned)
    dz[steps, :, 0] = dc
    return dz.reshape(steps + 1, n, 4 * units)


@_lstm.gradient
def _(g, share, h, c, kernel, y, gates, memories, wanted):
    if is_recording():                                     # it will be differentiated again
        return vjp(_in_small_ops, (share, h, c, kernel), g)
    units, all_dz = kernel.shape[0], _lstm_gradient(g, Tensor(gates), Tensor(memories), kernel)
    dz = all_dz[:-1]
    found = [dz, None, None, None]
    if 1 in wanted:
        found[1] = dz[0] @ kernel.transpose()
    if 2 in wanted:
        found[2] = all_dz[-1][:, :units]
    if 3 in wanted:
        before = concatenate([h.reshape(1, *h.shape), y[:-2]])
        found[3] = before.reshape(-1, units).transpose() @ dz.reshape(-1, 4 * units)
    return found


def _in_small_ops(share, h, c, kernel):
    outputs = []
    for step in steps_of(share):
        h, c = lstm_step(step, h, c, kernel)
        outputs.append(h)
    return stack([*outputs, c])
