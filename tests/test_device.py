"""Where arrays live: whose they are, and the way from one device to another."""
import subprocess
import sys

import fake_cupy
import numpy as np
import pytest

from tinyvision import device, tensor


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
    with cupy.cuda.Device(1):
        assert device.device_of(device.to_device(a, "cuda")) == "cuda:1"           # the current one
        assert device.device_of(device.to_device(a, "cuda:0")) == "cuda:0"
    assert cupy.cuda.Device().id == 0


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
