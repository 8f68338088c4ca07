"""Files that are damaged, lie, or mean harm: each gets an error of its own that names the file and the fault, and none gets memory."""
import contextlib
import io
import json
import os
import pickle
import re
import struct
import subprocess
import sys
import tracemalloc
import warnings
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest

import tinyvision as keras
from tinyvision import layers
from tinyvision.models import load_model, load_state_dict

MEMORY = 64 << 20                                          # bytes that a refusal may take at most


def small():
    return keras.Sequential([keras.Input((4,)), layers.Dense(3, name="first"), layers.Dense(2, name="second")], name="small")


def members():
    """The members of a good .keras file, and the config as Python has it."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        for i, shape in enumerate([(4, 3), (3, 2)]):
            group = file.create_group(f"layers/dense{f'_{i}' if i else ''}/vars")
            group["0"], group["1"] = np.zeros(shape, "float32"), np.zeros(shape[1], "float32")
    return {"metadata.json": "{}", "config.json": small_config(), "model.weights.h5": buffer.getvalue()}


def small_config():
    model = small()
    return {"class_name": "Sequential", "module": "keras", "config": model.get_config()}


def keras_file(change=lambda parts: None, compression=zipfile.ZIP_STORED):
    """A function that writes a .keras file with something changed."""
    def write(path):
        parts = members()
        change(parts)
        with zipfile.ZipFile(path, "w", compression) as archive:
            for name, content in parts.items():
                archive.writestr(name, json.dumps(content) if isinstance(content, (dict, list)) else content)
    return write


def config(change):
    """A function that writes a .keras file with another config."""
    def changed(parts):
        parts["config.json"] = change(parts["config.json"]) or parts["config.json"]
    return keras_file(changed)


def first_layer(**settings):
    """With other settings in the description of the first Dense."""
    return config(lambda c: c["config"]["layers"][1].update(settings))


def first_config(**settings):
    return config(lambda c: c["config"]["layers"][1]["config"].update(settings))


def hdf5(change):
    """A function that writes a .keras file with something changed in its HDF5 part."""
    def changed(parts):
        buffer = io.BytesIO(parts["model.weights.h5"])
        with h5py.File(buffer, "a") as file:
            change(file)
        parts["model.weights.h5"] = buffer.getvalue()
    return keras_file(changed)


def replaced(file, place, make):
    del file[place]
    make(file, place)


def functional(change):
    """A functional model with something changed in its config."""
    def changed(parts):
        inputs = keras.Input((4,), name="start")
        y = layers.Dense(3, name="first")(inputs)
        model = keras.Model(inputs, layers.Dense(2, name="second")(y))
        described = {"class_name": "Functional", "config": model.get_config()}
        change(described["config"])
        parts["config.json"] = described
    return keras_file(changed)


def truncated(write, keep):
    def shorter(path):
        write(path)
        path.write_bytes(path.read_bytes()[:keep])
    return shorter


def flipped(write, needle, shift):
    """With one byte changed, some bytes behind a needle."""
    def changed(path):
        write(path)
        data = bytearray(path.read_bytes())
        data[data.index(needle) + shift] ^= 0xFF
        path.write_bytes(data)
    return changed


def encrypted(path):
    keras_file()(path)
    data = bytearray(path.read_bytes())
    for start in re.finditer(b"PK\x01\x02", bytes(data)):
        data[start.start() + 8] |= 1
    path.write_bytes(data)


def unknown_compression(path):
    keras_file()(path)
    data = bytearray(path.read_bytes())
    for mark, shift in (b"PK\x01\x02", 10), (b"PK\x03\x04", 8):
        for start in re.finditer(mark, bytes(data)):
            data[start.start() + shift] = 97
    path.write_bytes(data)


def twice(path):
    keras_file()(path)
    with warnings.catch_warnings(action="ignore"), zipfile.ZipFile(path, "a") as archive:
        archive.writestr("config.json", "{}")


def bomb_in_a_bomb(path):
    """20 MiB of an HDF5 file, packed to some kilobytes, with weights that nobody has written: they would be 400 MiB."""
    def changed(parts):
        buffer = io.BytesIO()
        with h5py.File(buffer, "w") as file:
            file["empty"] = np.zeros(20 << 20, "u1")
            file.create_dataset("layers/dense/vars/0", shape=(100 << 20,), chunks=(1 << 20,), dtype="f4")
        parts["model.weights.h5"] = buffer.getvalue()
    keras_file(changed, zipfile.ZIP_DEFLATED)(path)


def bomb(name):
    def changed(parts):
        parts[name] = bytes(300 << 20)
    return keras_file(changed, zipfile.ZIP_DEFLATED)


KERAS = {
    "empty": (lambda path: path.write_bytes(b""), "the file is empty"),
    "a folder": (lambda path: path.mkdir(), "is a folder"),
    "text": (lambda path: path.write_text("hello"), "is no .keras file: those are"),
    "cut short": (truncated(keras_file(), 900), "begins like a zip archive, but its end is missing"),
    "HDF5": (lambda path: h5py.File(path, "w").close(), "This is an HDF5 file"),
    "a flipped byte": (flipped(keras_file(), b'"small"', 2), "archive is damaged: Bad CRC-32"),
    "no config": (keras_file(lambda parts: parts.pop("config.json")), "it lacks config.json"),
    "no weights": (keras_file(lambda parts: parts.pop("model.weights.h5")), "it lacks model.weights.h5"),
    "a way out": (keras_file(lambda parts: parts.update({"../../evil.py": "x"})), r"'../../evil.py', a path that leads out"),
    "an absolute path": (keras_file(lambda parts: parts.update({"/etc/evil": "x"})), r"'/etc/evil', a path that leads out"),
    "config twice": (twice, "holds config.json more than once"),
    "encrypted": (encrypted, "config.json is encrypted"),
    "strange compression": (unknown_compression, "config.json cannot be unpacked"),
    "a bomb of weights": (bomb("model.weights.h5"), "it would unpack from .* to 300 MiB"),
    "a bomb of a config": (bomb("config.json"), "it would unpack from .* to 300 MiB, which no real"),
    "a bomb in a bomb": (bomb_in_a_bomb, "its HDF5 part would unpack from .* KiB to 420 MiB"),
    "a model of nothing": (first_layer(class_name="Model", config={}), "config.json makes no sense .KeyError: 'layers'"),
    "a mixed precision": (first_config(dtype={"class_name": "DTypePolicy", "config": {"name": "mixed_float16"}}),
                          "computes under the policy 'mixed_float16'; here layers compute in float32 or float64"),
    "of torch.save": (keras_file(lambda parts: parts.update({"archive/data.pkl": "x"})), "one of torch.save"),
    "no JSON": (keras_file(lambda parts: parts.update({"config.json": "{nonsense"})), "config.json is no JSON"),
    "a list": (keras_file(lambda parts: parts.update({"config.json": [1]})), "config.json holds a list"),
    "a deep nest": (keras_file(lambda parts: parts.update({"config.json": "[" * 10 ** 5})), "config.json is nested too deeply"),
    "nothing described": (config(lambda c: {"weights": 3}), "described by a class_name and a config"),
    "no layers": (config(lambda c: c["config"].pop("layers") and None), "config.json makes no sense .KeyError: 'layers'"),
    "layers are no list": (config(lambda c: c["config"].update(layers=7)), "config.json makes no sense .TypeError"),
    "an unknown layer": (first_layer(class_name="Dances"), "no class 'Dances'"),
    "a class of Python": (first_layer(class_name="Popen", module="subprocess", config={"args": ["touch", "evil"]}), "no class 'Popen'"),
    "code of a lambda": (first_config(activation={"class_name": "__lambda__", "config": {"value": ["4wA="]}}), "code of a lambda"),
    "a function of Python": (first_config(activation={"class_name": "function", "module": "builtins", "config": "eval"}),
                             "function 'eval' is none"),
    "an unknown argument": (first_config(unites=3), "Dense has no argument 'unites'"),
    "text for a number": (first_config(units="many"), "units .* got 'many'"),
    "a negative size": (first_config(units=-3), "units .* got -3"),
    "a huge layer": (first_config(units=10 ** 9), r"asks for a weight of shape \(4, 1000000000\) in first, many more numbers"),
    "a layer, no model": (config(lambda c: {**c["config"]["layers"][1], "build_config": None}), "it describes a Dense, no model"),
    "of Keras 2": (functional(lambda c: c["layers"][1].update(inbound_nodes=[[["start", 0, 0, {}]]])), "as Keras 2 did"),
    "a circle": (functional(lambda c: c["layers"][1]["inbound_nodes"][0]["args"][0]["config"].update(keras_history=["second", 0, 0])),
                 r"\['first', 'second'\] of the file are not connected"),
    "outputs of nobody": (functional(lambda c: c.update(output_layers=["third", 0, 0])), "config.json makes no sense .KeyError: 'third'"),
    "HDF5 cut short": (keras_file(lambda parts: parts.update({"model.weights.h5": parts["model.weights.h5"][:700]})),
                       "HDF5 part of it is damaged: .*truncated"),
    "no HDF5": (keras_file(lambda parts: parts.update({"model.weights.h5": b"x" * 999})), "HDF5 part of it is damaged: .*signature"),
    "a weight is missing": (hdf5(lambda file: file.pop("layers/dense/vars/1")),
                            "no weight for first/bias at /layers/dense/vars/1"),
    "a layer is missing": (hdf5(lambda file: file.pop("layers/dense_1")), "no weights for second at /layers/dense_1"),
    "a weight too many": (hdf5(lambda file: file.create_dataset("layers/dense/vars/2", data=[1.0])), "first has 2 weights, in the file more"),
    "another shape": (hdf5(lambda file: replaced(file, "layers/dense/vars/1", lambda f, p: f.create_dataset(p, data=np.zeros(7)))),
                      r"first/bias has shape \(3,\), in the file \(7,\)"),
    "a link out": (hdf5(lambda file: replaced(file, "layers/dense/vars/1", lambda f, p: f.__setitem__(p, h5py.ExternalLink("/etc/passwd", "/")))),
                   "vars/1 is a link to /etc/passwd"),
    "a link within": (hdf5(lambda file: replaced(file, "layers/dense/vars/1", lambda f, p: f.__setitem__(p, h5py.SoftLink("/layers")))),
                      "vars/1 is a link to elsewhere"),
    "numbers elsewhere": (hdf5(lambda file: replaced(file, "layers/dense/vars/1", lambda f, p: f.create_dataset(
        p, shape=(3,), dtype="f4", external=[("/etc/passwd", 0, 12)]))), "numbers of /layers/dense/vars/1 lie in another file"),
    "text for numbers": (hdf5(lambda file: replaced(file, "layers/dense/vars/1", lambda f, p: f.create_dataset(p, data=["a", "b", "c"]))),
                         "vars/1 holds object, where numbers would be"),
    "a group for numbers": (hdf5(lambda file: replaced(file, "layers/dense/vars/1", lambda f, p: f.create_group(p))),
                            "vars/1 is a group, where an array would be"),
    "a huge dataset": (hdf5(lambda file: file.create_dataset("layers/huge", shape=(10 ** 9, 10 ** 3), chunks=(100, 100), dtype="f4")),
                       "its HDF5 part would unpack from .* to 3.6 TiB"),
}


def refused(read, write, path, message):
    """Check the error of a bad file: what it says, that it names the file, and how much memory it took."""
    write(path)
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=message) as caught:
            read(path)
        assert tracemalloc.get_traced_memory()[1] < MEMORY
    finally:
        tracemalloc.stop()
    assert str(path) in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("fault", KERAS)
def test_bad_keras_files(fault, tmp_path):
    refused(load_model, KERAS[fault][0], tmp_path / "bad.keras", KERAS[fault][1])


def test_the_good_file_is_good(tmp_path):
    for write in keras_file(), functional(lambda c: None):
        write(tmp_path / "good.keras")
        assert load_model(tmp_path / "good.keras").predict(np.ones((2, 4)), verbose=0).shape == (2, 2)


def safetensors_file(header, numbers=b"", length=None):
    def write(path):
        text = json.dumps(header).encode() if isinstance(header, dict) else header
        path.write_bytes(struct.pack("<Q", length or len(text)) + text + numbers)
    return write


def tensor(shape=(2,), dtype="F32", start=0, end=8):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [start, end]}


SAFETENSORS = {
    "text": (lambda path: path.write_text("hello, world"), "no safetensors file, or a damaged one"),
    "an endless header": (safetensors_file(b"{}", length=2 ** 60), "damaged one: .*[Hh]eader.*arge"),
    "no JSON": (safetensors_file(b"{nonsense"), "damaged one: .*[Hh]eader"),
    "too few numbers": (safetensors_file({"dense/kernel": tensor()}, b"1234"), "damaged one: .*"),
    "other names": (safetensors_file({"fc.weight": tensor()}, bytes(8)), r"none of its tensors .*: fc.weight there, dense/kernel"),
    "other shapes": (safetensors_file({"dense/kernel": tensor()}, bytes(8)), r"dense/kernel has shape \(4, 3\), in the file \(2,\) .and 3 more like that"),
    "numbers of 8 bits": (safetensors_file({"dense/kernel": tensor((8,), "F8_E4M3")}, bytes(8)), "holds F8_E4M3, of which NumPy"),
}


@pytest.mark.parametrize("fault", SAFETENSORS)
def test_bad_safetensors(fault, tmp_path):
    model, (write, message) = small(), SAFETENSORS[fault]
    before = model.get_weights()
    refused(model.load_weights, write, tmp_path / "bad.safetensors", message)
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


class Evil:
    """Unpickled, it runs a command."""

    def __init__(self, command):
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)


class Persistent(pickle.Pickler):
    """Writes tensors as torch.save does: (storage, ...) stands for numbers that lie elsewhere in the file."""

    def persistent_id(self, thing):
        return thing.pid if isinstance(thing, Pid) else None


class Pid:
    def __init__(self, *pid):
        self.pid = pid


def rebuilt(size, shape, strides, offset=0, key="0"):
    """A pickle of {"fc.weight": tensor}, put together by hand: torch is not needed to write what torch writes."""
    return (b"\x80\x02}" + _text("fc.weight") + b"ctorch._utils\n_rebuild_tensor_v2\n" + b"((" + _text("storage") + b"ctorch\nFloatStorage\n"
            + _text(key) + _text("cpu") + _number(size) + b"tQ" + _number(offset) + _tuple(shape) + _tuple(strides) + b"\x89}tRs.")


def _text(text):
    return b"X" + struct.pack("<I", len(text)) + text.encode()


def _number(n):
    return b"\x8a\x08" + struct.pack("<q", n)


def _tuple(numbers):
    return b"(" + b"".join(map(_number, numbers)) + b"t"


def torch_file(data, **storages):
    def write(path):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("archive/data.pkl", data)
            for name, content in storages.items():
                archive.writestr(f"archive/data/{name.strip('_')}", content)
    return write


def older_torch_file(found, keys=("0",), numbers=b"", magic=0x1950a86a20f9469cfc6c, system=None):
    def write(path):
        parts = [pickle.dumps(part, 2) for part in (magic, 1001, system or {"little_endian": True})]
        path.write_bytes(b"".join([*parts, found, pickle.dumps(list(keys), 2), numbers]))
    return write


def of_ten_sizes():
    """Ten tensors that name one storage, each with another size: who unpacks it for each takes ten times the memory."""
    tensors = [rebuilt(1000 + i, (1,), (1,))[3:-2].replace(_text("fc.weight"), _text(f"fc{i}.weight")) for i in range(10)]
    return b"\x80\x02}" + b"s".join(tensors) + b"s."


def of_many_storages(path):
    """Members that are harmless one by one."""
    tensors = [rebuilt(50 << 18, (1,), (1,), key=str(i))[3:-2].replace(_text("fc.weight"), _text(f"fc{i}.weight")) for i in range(10)]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02}" + b"s".join(tensors) + b"s.")
        for i in range(10):
            archive.writestr(f"archive/data/{i}", bytes(50 << 20))


def doubled(times, pair, last):
    """A pickle of pairs of pairs of pairs: few bytes, which written out are 2 ** times as many."""
    return (b"\x80\x02" + b")q\x000" + b"".join(b"h" + bytes([i]) + b"h" + bytes([i]) + pair + b"q" + bytes([i + 1]) + b"0" for i in range(times))
            + last.replace(b"?", b"h" + bytes([times])))


def two_folders(path):
    with zipfile.ZipFile(path, "w") as archive:
        for folder in "ab":
            archive.writestr(f"{folder}/data.pkl", good)
            archive.writestr(f"{folder}/data/0", bytes(24))


def without_torch_header(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/other", "x")


good = rebuilt(6, (2, 3), (3, 1))
TORCH = {
    "text": (lambda path: path.write_text("hello"), "no file of torch.save, or a damaged one: its part 'beginning' is no pickle"),
    "another pickle": (lambda path: path.write_bytes(pickle.dumps([1, 2], 2)), "no file of torch.save: it begins otherwise"),
    "a command": (torch_file(pickle.dumps({"fc.weight": Evil("touch evil")}, 2)), "would use .*system: code in files is never run"),
    "an older command": (older_torch_file(pickle.dumps(Evil("touch evil"), 2)), "would use .*system"),
    "a zip of others": (without_torch_header, "none of torch.save: there is no data.pkl"),
    "cut short": (truncated(torch_file(good, _0=bytes(24)), 150), "begins like a zip archive, but its end"),
    "an older one, cut short": (older_torch_file(good, numbers=struct.pack("<q", 6) + bytes(10)), "storage 0 has 10 bytes, where 24"),
    "no storage": (torch_file(good), "it lacks data/0"),
    "a short storage": (torch_file(good, _0=bytes(20)), "storage 0 has 20 bytes, where 24"),
    "beyond the storage": (torch_file(rebuilt(6, (2, 30), (3, 1)), _0=bytes(24)), r"shape \(2, 30\) reaches beyond"),
    "before the storage": (torch_file(rebuilt(6, (2, 3), (-3, 1)), _0=bytes(24)), r"shape \(2, 3\) reaches beyond"),
    "strides and shape": (torch_file(rebuilt(6, (2, 3), (1,)), _0=bytes(24)), r"a tensor of shape \(2, 3\) has strides \(1,\)"),
    "a strange storage": (torch_file(good.replace(b"FloatStorage", b"SuperStorage"), _0=bytes(24)), "would use torch.SuperStorage"),
    "another storage": (older_torch_file(good, keys=("7",), numbers=struct.pack("<q", 6) + bytes(24)), "its list of storages is not that of its tensors"),
    "the other byte order": (older_torch_file(good, system={"little_endian": False}), "the other byte order"),
    "a greedy memo": (torch_file(b"\x80\x02}r\xff\xff\xff\x7f."), "asks for memory that it does not need"),
    "a greedy text": (torch_file(b"\x80\x04\x8d" + struct.pack("<Q", 2 ** 40) + b"abc."), "a pickle in it is damaged: expected 1099511627776 bytes"),
    "a damaged pickle": (torch_file(b"\x80\x02}RRR."), "a pickle in it is damaged"),
    "a number": (torch_file(pickle.dumps(7, 2)), "holds a int, where a dictionary of tensors would be"),
    "a greedy memo in text": (torch_file(b"}p100000000\n."), "asks for memory that it does not need"),
    "one storage of ten sizes": (torch_file(of_ten_sizes(), _0=bytes(4000)), "storage 0 is described in two ways"),
    "many harmless members": (of_many_storages, "it would unpack from .* to 500 MiB"),
    "a nest that doubles": (torch_file(doubled(18, b"\x86", b"}" + _text("fc.weight") + b"?s.")), "its entry 'fc.weight' is a tuple"),
    "a deep nest": (torch_file(b"\x80\x02" + b"}" + b"}".join([_text("a")] * 60) + b"}" + b"s" * 60 + b"."), "nested too deeply for a dictionary"),
    "a name that doubles": (torch_file(doubled(26, b"\x86", b"(" + _text("storage") + b"?" + _text("x") + _text("cpu") + b"K\x01tQ.")),
                            "refers to .*, which is no storage"),
    "a name that is none": (torch_file(doubled(26, b"\x86", b"}?K\x01s.")), "its keys are names, but .* is none"),
    "a tensor of nothing": (torch_file(good.replace(b"tQ", b"t", 1), _0=bytes(24)), "which is no storage"),
    "a view of a storage": (older_torch_file(good.replace(b"tQ", b"(" + _text("v") + _number(3) + _number(3) + b"ttQ", 1)), "a view of another one"),
    "two folders": (two_folders, "those have one folder, and each file once"),
    "numbers for tensors": (torch_file(pickle.dumps({"epoch": 7}, 2)), "its entry 'epoch' is a int, where a tensor"),
    "too few modules": (torch_file(good, _0=bytes(24)), r"small has 2 layers with weights \(first, second\), PyTorch's network 1 modules \(fc\)"),
}


def test_a_pickle_changes_nothing_of_ours(tmp_path):
    """By BUILD it could set attributes of whatever it may name, for the rest of the process."""
    for name in ("torch._utils\n_rebuild_tensor_v2", "torch._utils\n_rebuild_parameter", "collections\nOrderedDict"):
        data = b"\x80\x02c" + name.encode() + b"\nN}" + _text("__doc__") + _text("changed") + b"s\x86b."
        refused(lambda path: load_state_dict(small(), path), torch_file(data), tmp_path / "bad.pth", "a pickle in it is damaged|where a dictionary")


@pytest.mark.parametrize("kind", ["keras", "pth", "lzma", "bz2"])
def test_any_byte_may_be_wrong(kind, tmp_path):
    """A byte of an archive changed, one after another: each file is read, or refused with an error that names it."""
    path = tmp_path / f"changed.{'pth' if kind == 'pth' else 'keras'}"
    how = {"lzma": zipfile.ZIP_LZMA, "bz2": zipfile.ZIP_BZIP2}.get(kind, zipfile.ZIP_DEFLATED)
    torch_file(good, _0=bytes(24))(path) if kind == "pth" else keras_file(compression=how)(path)
    data, model = path.read_bytes(), small()
    for place in np.random.default_rng(0).permutation(len(data))[:150]:
        path.write_bytes(data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1:])
        try:
            load_state_dict(model, path) if kind == "pth" else load_model(path)
        except ValueError as error:
            assert str(error).startswith(str(path))


@pytest.mark.parametrize("fault", TORCH)
def test_bad_files_of_torch(fault, tmp_path):
    model, (write, message) = small(), TORCH[fault]
    before = model.get_weights()
    with contextlib.chdir(tmp_path):
        refused(lambda path: load_state_dict(model, path), write, tmp_path / "bad.pth", message)
    assert os.listdir(tmp_path) == ["bad.pth"]             # no command has run
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_what_has_just_been_refused_would_be_read_if_it_were_good(tmp_path):
    model = keras.Sequential([keras.Input((3,)), layers.Dense(2, use_bias=False)])
    numbers = np.arange(6, dtype="float32")
    torch_file(good, _0=numbers.tobytes())(tmp_path / "good.pth")
    load_state_dict(model, tmp_path / "good.pth")
    np.testing.assert_array_equal(model.get_weights()[0], numbers.reshape(2, 3).T)
    older_torch_file(good, numbers=struct.pack("<q", 6) + (numbers + 1).tobytes())(tmp_path / "older.pth")
    load_state_dict(model, tmp_path / "older.pth")
    np.testing.assert_array_equal(model.get_weights()[0], numbers.reshape(2, 3).T + 1)


def older_file(change=lambda file: None):
    """A file of weights as Keras wrote it before version 3."""
    def write(path):
        with h5py.File(path, "w") as file:
            file.attrs["layer_names"] = [b"first", b"second"]
            for layer, shape in ("first", (4, 3)), ("second", (3, 2)):
                group = file.create_group(layer)
                group.attrs["weight_names"] = [f"{layer}/kernel:0".encode(), f"{layer}/bias:0".encode()]
                group[f"{layer}/kernel:0"], group[f"{layer}/bias:0"] = np.ones(shape, "f4"), np.ones(shape[1], "f4")
            change(file)
    return write


def of_one_chunk(file):
    """Three numbers, in a chunk of a gigabyte."""
    del file["second/second/bias:0"]
    few = file.create_dataset("second/second/bias:0", shape=(3,), maxshape=(None,), chunks=(250 << 20,), compression="gzip", dtype="f4")
    few.id.write_direct_chunk((0,), b"0")


OLDER = {
    "a large chunk": (older_file(of_one_chunk), "its HDF5 part would unpack from .* to 1000 MiB"),
    "nothing in it": (older_file(lambda file: replaced(file, "second/second/bias:0", lambda f, p: f.create_dataset(p, data=h5py.Empty("f4")))),
                      "bias:0 holds nothing, where numbers would be"),
    "a missing layer": (older_file(lambda file: file.pop("second")), "lists a layer 'second', of which it has no weights"),
    "a missing weight": (older_file(lambda file: file.pop("second/second/bias:0")), "lists a weight 'second/bias:0' of second, and has none"),
    "too few layers": (older_file(lambda file: file.attrs.__setitem__("layer_names", [b"first"])), "small has 2 layers with weights, the file 1"),
    "other shapes": (older_file(lambda file: replaced(file, "second/second/bias:0", lambda f, p: f.create_dataset(p, data=np.ones(5)))),
                     r"second has weights of shapes \[\(3, 2\), \(2,\)\], in the file \[\(3, 2\), \(5,\)\]"),
    "a link out": (older_file(lambda file: replaced(file, "second/second/bias:0", lambda f, p: f.__setitem__(p, h5py.ExternalLink("x.h5", "/")))),
                   "bias:0 is a link to x.h5"),
}


@pytest.mark.parametrize("fault", OLDER)
def test_bad_older_files(fault, tmp_path):
    model, (write, message) = small(), OLDER[fault]
    before = model.get_weights()
    refused(model.load_weights, write, tmp_path / "bad.h5", message)
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def written(folder):
    """All bad files, in a folder: (kind, fault, path, what reads it)."""
    found = []
    for kind, rows, read in (("keras", KERAS, load_model), ("h5", OLDER, small().load_weights), ("safetensors", SAFETENSORS, small().load_weights),
                             ("pth", TORCH, lambda path: load_state_dict(small(), path))):
        for i, (fault, (write, _)) in enumerate(rows.items()):
            path = folder / f"{i}.{kind}"
            write(path)
            found.append((kind, fault, path, read))
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells, and limits, what a process takes")
def test_all_of_them_are_refused_in_half_a_gigabyte(tmp_path):
    """Whatever takes memory, also in C."""
    program = """
import resource, sys, pathlib
sys.path.insert(0, sys.argv[1])
from test_bad_files import written
files = written(pathlib.Path(sys.argv[2]))
taken = int(pathlib.Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (taken + (512 << 20),) * 2)
for kind, fault, path, read in files:
    try:
        read(path)
    except ValueError as error:
        assert not isinstance(error.__cause__, MemoryError), (kind, fault)
print(len(files), "refused")
"""
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", program, str(Path(__file__).parent), str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == 0 and "refused" in done.stdout, done.stderr[-2000:]


def test_every_fault_has_a_message_of_its_own(tmp_path):
    messages = {}
    for kind, fault, path, read in written(tmp_path):
        with pytest.raises(ValueError) as caught:
            read(path)
        messages[kind, fault] = str(caught.value).replace(str(path), "").replace(str(tmp_path), "")
    assert len(messages) >= 30
    shared = "two commands, two links, two bombs of 300 MiB, two greedy memos may share theirs"
    assert len(set(messages.values())) >= len(messages) - 4, shared
