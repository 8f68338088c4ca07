"""Where arrays live: whose they are, and the way from one device to another."""
import re
import subprocess
import sys
import types

import fake_cupy
import numpy as np
import pytest

from tinyvision import device, from_dlpack, get_device, layers, ops, optimizers, set_device, tensor
from tinyvision.op import op


@pytest.fixture
def cupy():
    with fake_cupy.installed() as module:
        yield module


@pytest.fixture
def no_cupy(monkeypatch):
    """Whether it is installed or not, CuPy cannot be imported."""
    monkeypatch.setitem(sys.modules, "cupy", None)


def test_the_library_of_an_array(cupy):
    assert device.array_library(np.zeros(3)) is np
    assert device.array_library(np.float32(1)) is np
    assert device.array_library(np.ma.zeros(3)) is np and device.array_library(np.rec.array([(1, 2)])) is np
    assert device.array_library(cupy.zeros(3)) is cupy


def test_what_is_an_array(cupy):
    assert device.is_array(np.zeros(3)) and device.is_array(cupy.zeros(3))
    for other in ([1.0], 1.0, np.float32(1), None, tensor([1.0]), "text"):
        assert not device.is_array(other)


def test_what_is_an_array_without_cupy():
    assert device.is_array(np.zeros(3)) and not device.is_array([1.0])


def test_the_device_of_an_array(cupy):
    assert device.device_of(np.zeros(3)) == "cpu"
    assert device.device_of(cupy.zeros(3)) == "cuda:0"
    with cupy.cuda.Device(1):
        assert device.device_of(cupy.zeros(3)) == "cuda:1"


def test_an_array_that_is_there_already_is_itself(cupy):
    a, b = np.zeros(3), cupy.zeros(3)
    assert device.to_device(a, "cpu") is a
    assert device.to_device(b, "cuda") is b and device.to_device(b, "cuda:0") is b
    assert not fake_cupy.transfers


def test_there_and_back(cupy):
    a = np.arange(6.0).reshape(2, 3)[:, ::2]               # not contiguous
    for name in ("cuda", "cuda:0", "cuda:1"):
        b = device.to_device(a, name)
        assert type(b) is cupy.ndarray and device.device_of(b) == (name if ":" in name else "cuda:0") and b.dtype == a.dtype
        back = device.to_device(b, "cpu")
        assert type(back) is np.ndarray
        np.testing.assert_array_equal(back, a)
    assert device.device_of(device.to_device(device.to_device(a, "cuda:0"), "cuda:1")) == "cuda:1"
    assert device.device_of(device.to_device(a, "cuda")) == "cuda:0"
    set_device("cuda:1")
    try:
        assert device.device_of(device.to_device(a, "cuda")) == "cuda:1" and device.device_of(device.to_device(a, "cuda:0")) == "cuda:0"
    finally:
        set_device("cpu")


def test_ops_compute_where_their_arrays_are(cupy):
    """Whichever GPU was used last."""
    a, b = (tensor([1.0, 2.0], device=name, requires_grad=True) for name in ("cuda:0", "cuda:1"))
    for _ in range(2):
        for x, name in (a, "cuda:0"), (b, "cuda:1"):
            y = ops.sum(3 * x * x + [1.0, 1.0])
            assert y.device == name
    for y, x, name in [(ops.sum(x * x), x, name) for x, name in ((a, "cuda:0"), (b, "cuda:1"))]:
        y.backward()
        assert x.grad.device == name
    both, alone = [a, b], [tensor([1.0, 2.0], requires_grad=True) for _ in "ab"]
    for kind in optimizers.Adam, optimizers.Lion:
        there, here = kind(0.1), kind(0.1)
        for which in (0, 1), (1,), (0, 1):
            there.apply([both[i].grad for i in which], [both[i] for i in which])
            here.apply([np.array([2.0, 4.0], np.float32)] * len(which), [alone[i] for i in which])
        assert all(device.device_of(array) == x.device for slot in there.slots.values() for x, array in slot.values())
    for x, y in zip(both, alone):
        np.testing.assert_allclose(x.numpy(), y.numpy(), rtol=1e-5)


@pytest.mark.parametrize("name", ["gpu", "cuda:", "cuda:x", "cuda:-1", "cuda1", "CPU", "", "cpu:0", "mps"])
def test_unknown_devices(name):
    message = f"unknown device '{name}': it is 'cpu', 'cuda' or 'cuda:N'"
    with pytest.raises(ValueError, match=message):
        device.to_device(np.zeros(3), name)
    with pytest.raises(ValueError, match=message):
        tensor([1.0]).to(name)


@pytest.mark.parametrize("move", [lambda: device.to_device(np.zeros(3), "cuda"), lambda: tensor([1.0]).to("cuda:1"),
                                  lambda: tensor([1.0], device="cuda")])
def test_a_gpu_without_cupy(no_cupy, move):
    with pytest.raises(RuntimeError, match=r"a GPU needs CuPy, which is not installed: pip install 'tinyvision\[cuda12\]' or "
                                           r"'tinyvision\[cuda13\]', whichever CUDA your driver has"):
        move()


def test_cupy_is_not_imported_before_it_is_needed():
    code = ("import sys, tinyvision as tv; tv.tensor([1.0]).to('cpu').sum(); tv.ops.conv([[[[1.0]]]], [[[[1.0]]]]); "
            "print('cupy' in sys.modules)")
    found = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"


# Arrays on several devices, and where new ones are made -------------------------------------------------------------------

@pytest.fixture
def on_the_gpu(cupy):
    set_device("cuda")
    yield cupy
    set_device("cpu")


def test_arrays_on_two_devices_are_an_error_that_names_both(cupy):
    a, b = tensor([1.0, 2.0]), tensor([1.0, 2.0], device="cuda")
    for compute in (lambda: a + b, lambda: ops.matmul(b, a), lambda: ops.where(a > 1, b, b), lambda: ops.concatenate([b, a]),
                    lambda: ops.add(np.ones(2), b), lambda: layers.Add()([a, b])):
        with pytest.raises(ValueError, match=r"\w+ got arrays on cpu and cuda:0: bring them to one device, for instance by .to\('cuda:0'\)"):
            compute()
    np.testing.assert_array_equal((a.to("cuda") + b).numpy(), [2, 4])


def test_numbers_and_lists_go_where_the_arrays_are(cupy):
    x = tensor([[1.0, 2.0], [3.0, 4.0]], device="cuda")
    for y in (x * 2, x + [1.0, 2.0], [[1.0, 0.0]] @ x, ops.where([True, False], x, 0.0), ops.take(x, [1, 0], axis=0), x ** np.float32(2)):
        assert y.device == "cuda:0"
    np.testing.assert_array_equal((x + [1.0, 2.0]).numpy(), [[2, 4], [4, 6]])


def test_the_device_of_what_is_made(on_the_gpu):
    cupy = on_the_gpu
    assert get_device() == "cuda"
    dense = layers.Dense(2)
    for t in (tensor([1.0]), tensor(np.ones(2)), ops.zeros((2,)), ops.arange(3), ops.add([1.0], [2.0]), ops.exp(np.ones(2)),
              dense(np.ones((1, 3), "float32")), *dense.weights, ops.eye(2), ops.full((2,), 1.0), ops.linspace(0, 1, 3), ops.one_hot([1], 3)):
        assert t.device == "cuda:0"
    assert tensor([1.0], device="cpu").device == "cpu"
    assert tensor(tensor([1.0], device="cpu")).device == "cuda:0"     # a copy is made
    set_device("cpu")
    assert tensor(cupy.ones(2)).device == "cuda:0" and dense.weights[0].device == "cuda:0"          # what is there stays there


@pytest.mark.parametrize("name", ["gpu", "cuda:", "cuda:x"])
def test_set_device_takes_devices(name):
    with pytest.raises(ValueError, match="unknown device"):
        set_device(name)
    assert get_device() == "cpu"


def test_a_gpu_that_is_not_there(cupy):
    with pytest.raises(RuntimeError, match="there is no GPU cuda:2: this machine has 2, cuda:0 to cuda:1"):
        set_device("cuda:2")
    assert get_device() == "cpu"


# What is found ------------------------------------------------------------------------------------------------------------

def test_the_report_of_a_gpu(cupy, capsys):
    device.report()
    told = capsys.readouterr().out
    assert re.search(r"^CuPy +[\d.]+\ndriver +for CUDA 13.0\nGPUs +cuda:0  a GPU that NumPy feigns, compute capability 9.0, 4 multiprocessors, "
                     r"30 GiB of 40 GiB free\n +cuda:1 .*\nNVRTC +13.0\na kernel +was .*\ntinyvision can use cuda:0, cuda:1.\n$", told), told


BROKEN = {
    "no driver": (lambda cupy, patch: patch.setattr(cupy.cuda.runtime, "driverGetVersion", lambda: 0), "driver +none", "there is no NVIDIA driver"),
    "no GPU": (lambda cupy, patch: patch.setattr(cupy.cuda.runtime, "getDeviceCount", raising(RuntimeError("cudaErrorNoDevice"))),
               "GPUs +none: cudaErrorNoDevice; CUDA_VISIBLE_DEVICES is ''", "the driver shows no GPU .cudaErrorNoDevice.; CUDA_VISIBLE_DEVICES is ''"),
    "no NVRTC": (lambda cupy, patch: patch.setattr(cupy.cuda.nvrtc, "getVersion", raising(OSError("libnvrtc.so.13"))),
                 "NVRTC +not found: libnvrtc.so.13", r"CUDA's compiler NVRTC was not found \(libnvrtc.so.13\).*tinyvision\[cuda12\]"),
    "wrong numbers": (lambda cupy, patch: patch.setitem(device.gpu.STEPS, "a kernel", lambda: device.gpu._kernel()) or
                      patch.setattr(cupy, "RawModule", lambda code: types.SimpleNamespace(get_function=lambda name: lambda *a: None)),
                      "a kernel +ran, with a wrong result", "the GPU computes wrong numbers"),
    "anything else": (lambda cupy, patch: patch.setitem(device.gpu.STEPS, "a kernel", raising(RuntimeError("CUDA_ERROR_ILLEGAL_ADDRESS"))),
                      "a kernel +RuntimeError: CUDA_ERROR_ILLEGAL_ADDRESS", "a kernel failed: CUDA_ERROR_ILLEGAL_ADDRESS"),
}


def raising(error):
    def call(*arguments):
        raise error
    return call


@pytest.mark.parametrize("name", BROKEN)
def test_why_a_gpu_cannot_be_used(cupy, monkeypatch, capsys, name):
    breaks, line, why = BROKEN[name]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    breaks(cupy, monkeypatch)
    device.gpu._usable.cache_clear()
    device.report()
    told = capsys.readouterr().out
    assert re.search(line, told) and re.search(f"tinyvision cannot use a GPU: {why}", told), told
    with pytest.raises(RuntimeError, match=f"(?s){why}.*device.report.. tells all that was found"):
        set_device("cuda")


def test_cupy_that_does_not_load(monkeypatch, capsys):
    monkeypatch.setattr(sys, "meta_path", [types.SimpleNamespace(find_spec=lambda name, *more: raising(ImportError("libcudart.so"))()
                                                                 if name == "cupy" else None), *sys.meta_path])
    monkeypatch.delitem(sys.modules, "cupy", raising=False)
    device.report()
    assert "CuPy is installed, but does not load (libcudart.so)" in capsys.readouterr().out


def test_out_of_memory_says_what_to_do(cupy):
    @op
    def greedy(x):
        raise fake_cupy.OutOfMemoryError(3 << 30, 9 << 30)
    with pytest.raises(MemoryError, match=r"greedy: cuda:0 has not enough memory: 3 GiB were asked for, 30 GiB of 40 GiB are free, and "
                                          r"9 GiB are in use by this process. Make batches or images smaller"):
        greedy(tensor([1.0], device="cuda"))

    @op
    def grateful(x):
        return x * 1

    def greedy_rule(g):
        raise fake_cupy.OutOfMemoryError(3 << 30, 9 << 30)
    grateful.gradient(x=greedy_rule)
    with pytest.raises(MemoryError, match="the gradient of grateful: cuda:0 has not enough memory: 3 GiB were asked for"):
        grateful(tensor([1.0], device="cuda", requires_grad=True)).sum().backward()

    @op
    def greedy_here(x):
        raise MemoryError("Unable to allocate 3 TiB")
    with pytest.raises(MemoryError, match="greedy_here: Unable to allocate 3 TiB"):
        greedy_here(tensor([1.0]))


# Other libraries ----------------------------------------------------------------------------------------------------------

def test_dlpack_both_ways():
    t = tensor([[1.0, 2.0], [3.0, 4.0]])
    seen = np.from_dlpack(t)
    np.testing.assert_array_equal(seen, t.numpy())
    assert np.shares_memory(seen, t.data)
    a = np.arange(3.0)
    taken = from_dlpack(a)
    assert taken.dtype == "float64" and np.shares_memory(taken.data, a)
    with pytest.raises(TypeError, match="takes an array of a library that knows DLPack, got list"):
        from_dlpack([1.0])
    x = tensor([1.0], requires_grad=True)
    with pytest.raises(TypeError, match="takes part in gradients, which an array of another library would lose: hand over t.detach()"):
        np.from_dlpack(x)
    np.from_dlpack(x.detach())


def test_what_is_borrowed_may_be_written_to_by_its_owner():
    """As with arrays that ops are given: what a gradient needs is copied."""
    a, w = np.array([1.0, 2.0]), tensor(np.array([3.0, 4.0]), requires_grad=True)
    y = (from_dlpack(a) * w).sum()
    a[:] = 100
    y.backward()
    np.testing.assert_array_equal(w.grad.numpy(), [1, 2])


def test_tensors_on_the_cpu_have_no_cuda_array_interface():
    assert not hasattr(tensor([1.0]), "__cuda_array_interface__")


def test_torch_shares_memory():
    torch = pytest.importorskip("torch", reason="needs torch: DLPack is tried with it where it is installed")
    t = tensor([1.0, 2.0])
    theirs = torch.from_dlpack(t)
    assert theirs.tolist() == [1, 2] and theirs.data_ptr() == t.data.ctypes.data
    assert from_dlpack(torch.ones(3)).numpy().tolist() == [1, 1, 1]
