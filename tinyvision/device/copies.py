"""Copies to a GPU that go on while it computes."""
import numpy as np

from .arrays import array_library, to_device


class Copies:
    """Copies to a GPU, on a stream of their own, from memory that the GPU reads by itself.

    Three things must not meet. The memory that a copy is written to may have been used by work that is still to be done: so the
    copy waits for what was begun before it. Nobody computes with arrays before they are complete: `arrived` has the work that
    follows wait for them. And the memory that they come from is kept until then.
    """

    def __init__(self, device: str):
        self.cupy = _cupy()
        self.device, self.gpu, self.last = device, to_device(np.zeros(0), device).device, None
        with self.gpu:
            self.stream = self.cupy.cuda.Stream(non_blocking=True)

    def begin(self, arrays):
        """Begin to copy arrays; what this returns, `arrived` takes."""
        self.end()                                         # the copy before; it had the time of a whole step
        sources, there = [], []
        with self.gpu:
            self.stream.wait_event(self.cupy.cuda.get_current_stream().record())
            for array in arrays:
                if array_library(array) is np:
                    sources.append(_for_the_gpu_to_read(array))
                    there.append(self.cupy.empty(array.shape, array.dtype))
                    there[-1].set(sources[-1], stream=self.stream)
                else:
                    there.append(to_device(array, self.device))
            self.last = self.stream.record()
        return there, self.last, sources

    def end(self):
        """Wait until nothing is under way: what a copy is written to may be let go of."""
        if self.last is not None:
            self.last.synchronize()

    def arrived(self, coming):
        """The arrays on the GPU; what is computed from now on waits until they are there."""
        there, event, _ = coming
        with self.gpu:
            self.cupy.cuda.get_current_stream().wait_event(event)
        return there


def _cupy():
    import cupy
    return cupy


def _for_the_gpu_to_read(array):
    """A copy in memory that the system does not move: from other memory, a copy to the GPU would not go on by itself."""
    from cupyx import empty_pinned
    source = empty_pinned(array.shape, array.dtype)
    np.copyto(source, array)
    return source
