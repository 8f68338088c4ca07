"""How other libraries see a Tensor, and Tensors of their arrays: NumPy's functions, DLPack and `__cuda_array_interface__`.

    np.asarray(t)   np.from_dlpack(t)   cupy.from_dlpack(t)   torch.from_dlpack(t)        what a Tensor holds, as their array
    from_dlpack(x)                                                                        a Tensor of their array

Both show the same memory, so do not write to it. Only np.asarray of a Tensor on a GPU copies: to the CPU, where NumPy is.
"""
import numpy as np

from .autograd import BORROWED, OPS, Tensor
from .device import array_library

CPU = 1                                                    # kDLCPU, in DLPack's list of devices


def from_dlpack(x) -> Tensor:
    """A Tensor of an array of NumPy, CuPy, PyTorch, JAX, ...: on its device, and in the same memory.

    >>> from_dlpack(np.arange(3.0))
    Tensor([0., 1., 2.])

    Raises:
        TypeError: x has no `__dlpack__`.
        BufferError: the library of x does not hand it over; PyTorch, for instance, wants `x.detach()`.
    """
    if not hasattr(x, "__dlpack__"):
        raise TypeError(f"from_dlpack takes an array of a library that knows DLPack, got {type(x).__name__}")
    if x.__dlpack_device__()[0] == CPU:
        array = np.from_dlpack(x)
    else:
        import cupy
        array = cupy.from_dlpack(x)
    new = Tensor(array)
    new.memory = BORROWED                                  # its owner may write to it
    return new


def _whole(t):
    """The array of a Tensor that takes no part in gradients."""
    if t.requires_grad:
        raise TypeError("this Tensor takes part in gradients, which an array of another library would lose: hand over "
                        "t.detach() if that is meant, or use the op of tinyvision.ops in place of that library's function")
    return t.data


def _array(self, dtype=None, copy=None):
    _whole(self)
    return np.array(self.numpy(), dtype=dtype, copy=copy)


def _ufunc(self, function, method, *args, **settings):
    """NumPy's function on a Tensor is the op of that name: `array + t`, `np.exp(t)`."""
    name = "abs" if function is np.absolute else function.__name__
    if method != "__call__" or settings or name not in OPS:
        raise TypeError(f"np.{function.__name__}, called this way, does not take a Tensor: use tinyvision.ops, "
                        "or the array t.detach().numpy()")
    return OPS[name](*args)


def _dlpack(self, **settings):
    """The memory of a Tensor, as https://dmlc.github.io/dlpack describes it."""
    return _whole(self).__dlpack__(**settings)


def _dlpack_device(self):
    return self.data.__dlpack_device__()


def _cuda_array_interface(self):
    """Where a Tensor lies on a GPU, as Numba and others read it; Tensors on the CPU have no such attribute."""
    if array_library(self.data) is np:
        raise AttributeError("this Tensor is on the CPU: __cuda_array_interface__ is for those on a GPU")
    return _whole(self).__cuda_array_interface__


Tensor.__array__, Tensor.__array_ufunc__ = _array, _ufunc
Tensor.__dlpack__, Tensor.__dlpack_device__ = _dlpack, _dlpack_device
Tensor.__cuda_array_interface__ = property(_cuda_array_interface)
