"""What it takes to write ops and fast kernels of your own; lesson 09 builds one of each. Layers derive from `layers.Layer`.

An op, from a function of arrays, and its gradient:

    op                  makes a function of arrays an op on Tensors; its `.gradient` takes the rules
    array_library       NumPy or CuPy, whichever an array belongs to
    is_recording        in a rule: whether what it returns is to be differentiated again, and so must be made of ops
    vjp                 the gradients of a function made of ops: what a rule with a fast kernel returns when recording

A kernel, from its readable reference, and faster versions:

    kernel              makes an array function the reference of a kernel
    version             registers a faster one for the arguments that it serves
    empty               memory for results, large ones above all, that was used before: new pages cost more than many kernels

A version for arrays on a GPU, `@version(of, "cuda", serves, gpu=True)`, from a .cu file:

    cuda.compiled       the kernel of a name, from files, with integers that become constants of it
    cuda.for_each       runs it with a thread for each element; its last argument is how many there are
    cuda.launch         runs it with a grid of blocks
    cuda.contiguous     an array whose elements lie in order, for kernels do not see strides
    cuda.fits           whether arrays are float32, and small enough for indices of 32 bits

A job, compiled by Numba, run on all cores:

    job                 makes a function of (part, parts, ...) with annotated arguments a job
    share               the numbers that fall to a part
    FLOATS, DOUBLES, BYTES, INTEGERS        arrays of float32, float64, uint8, int64, flat
    INTEGER, NUMBER, FLAG                   an integer, a float32, a boolean
    F32                 the type float32, for numbers inside of jobs: a plain 0.5 would make all of it float64
    inner               for functions that only jobs call

Then `testing.check_op` and `testing.check_layer` hold what you wrote against all laws.
"""
from .autograd import Tensor, is_recording
from .device import array_library
from .kernels import cuda
from .kernels.jobs import BYTES, DOUBLES, FLAG, FLOATS, INTEGER, INTEGERS, NUMBER, job, share
from .kernels.memory import empty
from .kernels.registry import kernel, version
from .kernels.vectors import F32 as F32, inner
from .op import op
from .ops.second_order import vjp

__all__ = [
    "BYTES", "DOUBLES", "FLAG", "FLOATS", "INTEGER", "INTEGERS", "NUMBER", "Tensor", "array_library", "cuda", "empty", "inner",
    "is_recording", "job", "kernel", "op", "share", "version", "vjp",
]
