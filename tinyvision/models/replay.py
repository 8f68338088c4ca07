"""A pass over a model's graph that makes inference of small batches quick: convolutions in a row are recorded and replayed.

For one digit the arithmetic of the MNIST convnet takes 50 us, and twice that goes into asking each layer what there is to do.
It is the same from call to call. So outside of training, for a batch of a shape that came before, the jobs that the layers had
the cores do are run again (kernels/recording.py), with the same numbers to the last bit. If anything is not as it was, a weight
or a setting or the number of threads, the layers run one after the other, and are recorded anew.
"""
import importlib
import itertools
import weakref

import numpy as np

from .. import ops
from ..activations import linear
from ..autograd import Tensor, is_recording, mode
from ..kernels.choice import forced
from ..kernels.cores import get_num_threads
from ..kernels.matmul import product
from ..kernels.registry import WATCHERS
from ..layers.base import _context
from ..layers.conv import Conv2D
from ..layers.core import Dense, Flatten
from ..layers.fused import fused
from .chains import Chain, ConvChain, kernel_and_bias, settings_of
from .folding import ConvNormChain
from .functional import WHEN_CONNECTED
from .fusion import in_rows

LARGEST_BATCH, LARGEST = 2 ** 20, 2 ** 25                  # bytes of a batch, and of all that a recording keeps
MOST = 2 ** 27                                             # bytes of all recordings: those that were not used for longest go
SHAPES = 8                                                 # of batches that are remembered

_clock, _recorded = itertools.count(), weakref.WeakSet()   # all Seen that have a recording


class Seen:
    """A batch of this shape was there before, with these weights and settings; and the recording: None until it comes again."""

    def __init__(self, weights, settings):
        self.weights, self.settings, self.recording, self.used = weights, settings, None, next(_clock)

    def fits(self, weights, settings):
        return settings == self.settings and all(a is b for a, b in zip(weights, self.weights, strict=True))


class Replay:
    """Convolutions, chains that begin with one, and Flattens in a row, perhaps a Dense behind them. They look like one layer to
    the model."""

    def __init__(self, parts):
        self.parts, self.name, self.seen = parts, "+".join(part.name for part in parts), {}

    def __call__(self, x):
        small = isinstance(x.data, np.ndarray) and x.dtype == np.float32 and 0 < x.data.nbytes <= LARGEST_BATCH
        alone = not (is_recording() or _context.training or mode.detecting or WATCHERS)
        if small and alone and (recording := self._recording(x)):
            return self._after(Tensor(recording(x.data)))
        if _context.training and self.seen:
            self.seen = {}                                 # the weights will be others
        for part in self.parts:
            x = part(x)
        return x

    def _recording(self, x):
        """The recording for such a batch; None or False if there is none yet, or cannot be."""
        variables = [weight for part in self.parts for weight in _variables(part)]
        weights, settings = [w.data for w in variables], ([w.changed for w in variables], *self._settings())
        seen = self.seen.get(x.shape)
        if seen is None or not seen.fits(weights, settings):
            if len(self.seen) >= SHAPES:
                del self.seen[min(self.seen, key=lambda shape: self.seen[shape].used)]
            self.seen[x.shape] = Seen(weights, settings)
            return None
        seen.used = next(_clock)
        if seen.recording is None:
            seen.recording = all(a.dtype == np.float32 for a in weights) and self._recorded(x.data)
            _make_room(seen)
        return seen.recording

    def _settings(self):
        """What the numbers depend on besides the weights: how the layers are set, which kernels run, and on how many cores."""
        return [_settings(part) for part in self.parts], get_num_threads(), forced()

    def _recorded(self, x):
        """A recording of the parts for arrays like x; False if it is not to be had."""
        if len(product.kernel.versions) == 1:              # without Numba there are no jobs
            return False
        recording = importlib.import_module("...kernels.recording", __name__).Recording(self._by_jobs, x)
        return recording if recording.y is not None and recording.bytes <= LARGEST else False

    def _by_jobs(self, x):
        """The parts one after the other on an array; of a Dense the product alone. None if one cannot be done by jobs."""
        for part in self.parts:
            if type(part) is Dense:
                return product(x, part.kernel.data) if x.shape[1] == len(part.kernel.data) and forced() is None else None
            if type(part) is Flatten:
                y = part.call(Tensor(x))
            elif isinstance(part, Chain):
                y = part.in_one_go(Tensor(x))
            else:
                y = fused(part, Tensor(x))
            if y is None:
                return None
            x = y.data
        return x

    def _after(self, y):
        """What follows the product of a Dense."""
        last = self.parts[-1]
        if type(last) is not Dense:
            return y
        return last.activation(y if last.bias is None else y + last.bias)


def _make_room(seen):
    """Forget the recordings that were not used for longest, if with this one they are too many."""
    if seen.recording:
        _recorded.add(seen)
    kept = sorted((other for other in list(_recorded) if other.recording), key=lambda other: other.used)
    total = sum(other.recording.bytes for other in kept)
    for other in kept[:-1]:
        if total > MOST:
            total -= other.recording.bytes
            other.recording = None
            _recorded.discard(other)


def _variables(part):
    """The weights that the numbers that a part returns depend on."""
    if isinstance(part, Chain):
        return part.variables()
    return [] if type(part) is Flatten else kernel_and_bias(part)


def _settings(part):
    """What they depend on besides."""
    if isinstance(part, Chain):
        return part.settings()
    return (part.activation, part.bias is None) if type(part) is Dense else settings_of(part) if type(part) is Conv2D else ()


def in_replays(calls, outputs):
    """The calls, with each row of such layers replaced by one call of a Replay."""
    return in_rows(calls, outputs, _continues, Replay)


def _continues(row, call):
    layer, before = call.layer, row[-1].layer if row else None
    if type(before) is Dense or (row and layer.dtype != before.dtype):
        return False
    if isinstance(layer, (ConvChain, ConvNormChain)) or (type(layer) is Conv2D and layer.activation in (linear, ops.relu)):
        return True
    return bool(row) and (type(layer) is Flatten or (type(layer) is Dense and type(before) is Flatten))


def _run_in_replays(model):
    model._steps = in_replays(model._steps, model.outputs)


WHEN_CONNECTED.append(_run_in_replays)
