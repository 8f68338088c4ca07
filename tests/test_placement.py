"""Layers and models on a GPU (one that NumPy feigns, with our kernels on the emulator): the same numbers as on the CPU."""
import fake_cupy
import numpy as np
import pytest
from parity.layer_cases import arriving, built, called, data, filled, floats
from parity.layer_rows import ROWS

import tinyvision as keras
from tinyvision import callbacks, config, grad, kernels, layers, ops, set_device, tensor
from tinyvision.data import Dataset
from tinyvision.models.placement import Ahead
from tinyvision.structures import leaves, map_structure

rng = np.random.default_rng(0)
IMAGES, LABELS = rng.standard_normal((26, 8, 8, 1)).astype(np.float32), rng.integers(0, 3, 26)


@pytest.fixture
def cupy():
    with fake_cupy.installed() as module:
        yield module


def there(x):
    """Arrays as Tensors on the GPU."""
    return map_structure(lambda a: tensor(a, device="cuda") if isinstance(a, np.ndarray) else a, x)


def results(layer, row, device):
    """Outputs, gradients of inputs and weights, and the weights after the call."""
    inputs = data(row) if device == "cpu" else there(data(row))
    x = [tensor(a, requires_grad=True, device=device) for a in floats(data(row))]
    outputs = list(leaves(called(layer, row, filled(inputs, x))))
    if any(y.requires_grad for y in outputs):
        sum((y * tensor(g, device=device)).sum() for y, g in zip(outputs, arriving(outputs)) if y.requires_grad).backward()
    found = [*outputs, *(a.grad for a in x), *(w.grad for w in layer.weights), *layer.weights]
    assert all(t is None or t.device.startswith(device) for t in found)
    return [None if t is None else t.detach().to("cpu").numpy() for t in found]


@pytest.mark.parametrize("row", ROWS)
def test_a_layer_on_the_gpu_equals_the_layer_on_the_cpu(cupy, row):
    config.set_floatx("float64")
    ours, theirs = built(row), built(row)
    theirs.set_weights(ours.get_weights())
    with kernels.use("numpy"):                             # the same arithmetic
        found, expected = results(ours.to("cuda"), row, "cuda"), results(theirs, row, "cpu")
    for a, b in zip(found, expected, strict=True):
        assert (a is None) == (b is None)
        if a is not None:
            np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9)


def network():
    return keras.Sequential([
        layers.Input((8, 8, 1)), layers.Conv2D(4, 3, activation="relu"), layers.BatchNormalization(), layers.MaxPooling2D(2),
        layers.Flatten(), layers.Dropout(0.25, seed=1), layers.Dense(3, activation="softmax")])


def compiled(device="cpu", optimizer="adam", make=network):
    config.set_random_seed(0)
    model = make().to(device)
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def trained(device, data=(IMAGES, LABELS), make=network, **how):
    model = compiled(device, make=make)
    model.fit(*data, batch_size=8, epochs=2, verbose=0, **how)
    return model


def assert_alike(ours, theirs):
    for name, numbers in theirs.history.history.items():
        np.testing.assert_allclose(ours.history.history[name], numbers, rtol=1e-4, err_msg=name)
    for a, b in zip(ours.weights, theirs.weights, strict=True):
        assert a.device == "cuda:0"
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-3, atol=1e-5, err_msg=a.path)


SUBCLASSED = type("Own", (keras.Model,), {
    "__init__": lambda self: (keras.Model.__init__(self), setattr(self, "inner", network()))[0],
    "call": lambda self, x: self.inner(x)})
UNBUILT = {"built": network, "unbuilt": lambda: keras.Sequential([
    layers.Conv2D(4, 3, activation="relu"), layers.Flatten(), layers.Dense(3, activation="softmax")]), "subclassed": SUBCLASSED}


@pytest.mark.parametrize("make", UNBUILT)
def test_training_on_the_gpu_is_training_on_the_cpu(cupy, make):
    how = dict(validation_data=(IMAGES[:9], LABELS[:9]), make=UNBUILT[make], class_weight={0: 1.0, 1: 2.0, 2: 0.5})
    ours, theirs = trained("cuda", **how), trained("cpu", **how)
    assert_alike(ours, theirs)
    np.testing.assert_allclose(ours.predict(IMAGES, batch_size=7), theirs.predict(IMAGES, batch_size=7), rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(ours.evaluate(IMAGES, LABELS, verbose=0), theirs.evaluate(IMAGES, LABELS, verbose=0), rtol=1e-4)
    np.testing.assert_allclose(ours.train_on_batch(IMAGES, LABELS), theirs.train_on_batch(IMAGES, LABELS), rtol=1e-4)
    np.testing.assert_allclose(ours.test_on_batch(IMAGES, LABELS, np.ones(26)), theirs.test_on_batch(IMAGES, LABELS, np.ones(26)), rtol=1e-4)
    np.testing.assert_allclose(ours.predict_on_batch(IMAGES), theirs.predict_on_batch(IMAGES), rtol=1e-3, atol=1e-5)


def test_set_device_before_the_model_is_made(cupy):
    theirs = trained("cpu")
    set_device("cuda")
    try:
        config.set_random_seed(0)
        ours = network()
        ours.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        ours.fit(IMAGES, LABELS, batch_size=8, epochs=2, verbose=0)
        np.testing.assert_allclose(ours(IMAGES).detach().numpy(), ours.predict(IMAGES), rtol=1e-5)
    finally:
        set_device("cpu")
    assert_alike(ours, theirs)


def test_there_and_back_in_the_middle_of_a_training(cupy):
    """The optimizer's memory goes along."""
    models = [compiled(), compiled()]
    for device in "cuda", "cpu", "cuda:1", "cuda":
        models[0].to(device)
        for model in models:
            model.train_on_batch(IMAGES[:8], LABELS[:8])
    for a, b in zip(models[0].weights, models[1].weights):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-3, atol=1e-5)
    slots = [array for arrays in models[0].optimizer.slots.values() for _, array in arrays.values()]
    assert slots and all(type(array) is cupy.ndarray for array in slots)


def test_a_model_on_the_gpu_and_arrays_on_the_cpu(cupy):
    model = network().to("cuda")
    with pytest.raises(ValueError, match="got arrays on cpu and cuda:0: bring them to one device"):
        model(IMAGES)
    assert model(tensor(IMAGES, device="cuda")).device == "cuda:0"
    with pytest.raises(ValueError, match="unknown device 'gpu'"):
        model.to("gpu")
    assert model.weights[0].device == "cuda:0"


def test_arrays_of_the_gpu_take_the_dtype_of_the_layer(cupy):
    for x in cupy.asarray(IMAGES.astype("float64")), tensor(IMAGES, "float64", device="cuda"):
        assert network().to("cuda")(x).dtype == "float32"


@pytest.mark.parametrize("ending", [".keras", ".weights.h5", ".safetensors"])
def test_files_know_nothing_of_devices(cupy, tmp_path, ending):
    model, path = trained("cuda"), tmp_path / f"m{ending}"
    if ending == ".keras":
        model.save(path)
        found = keras.models.load_model(path)
        assert found.optimizer.calls == model.optimizer.calls
    else:
        model.save_weights(path)
        found = compiled()
        found.load_weights(path)
    assert all(w.device == "cpu" for w in found.weights)
    back = compiled("cuda")
    model.save_weights(tmp_path / "b.weights.h5")
    back.load_weights(tmp_path / "b.weights.h5")
    assert all(w.device == "cuda:0" for w in back.weights)
    for a, b, c in zip(found.weights, back.weights, model.weights, strict=True):
        np.testing.assert_array_equal(a.numpy(), c.numpy())
        np.testing.assert_array_equal(b.numpy(), c.numpy())


@pytest.mark.parametrize("data", [lambda: (IMAGES, LABELS), lambda: (Dataset.from_tensor_slices((IMAGES, LABELS)).batch(8),)],
                         ids=["arrays", "dataset"])
def test_a_training_goes_on_from_its_backup(cupy, tmp_path, data):
    """It was stopped in the middle of an epoch: no batch is left out, although one was copied ahead."""
    class Stopped(Exception):
        pass

    class Stop(callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if self.model.progress.epoch == 1 and batch == 1:
                raise Stopped
    how = {"batch_size": 8} if len(data()) > 1 else {}
    whole, steps = compiled("cuda"), []
    whole.fit(*data(), **how, epochs=2, verbose=0)
    with pytest.raises(Stopped):
        compiled("cuda").fit(*data(), **how, epochs=2, verbose=0, callbacks=[callbacks.BackupAndRestore(tmp_path, save_freq=1), Stop()])
    again = compiled("cuda")
    again.fit(*data(), **how, epochs=2, verbose=0, callbacks=[
        callbacks.BackupAndRestore(tmp_path, save_freq=1), callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: steps.append(batch))])
    assert steps == [1, 2, 3]                              # the backup was not yet made when it was stopped
    for a, b in zip(again.weights, whole.weights):
        np.testing.assert_array_equal(a.numpy(), b.numpy())


# Batches that are copied ahead --------------------------------------------------------------------------------------------

class Noted:
    """Batches that can be gone through again and again, and a note of each that is drawn."""

    def __init__(self, count):
        self.count, self.log = count, []

    def __len__(self):
        return self.count

    def __iter__(self):
        for i in range(self.count):
            self.log.append(f"draw {i}")
            yield np.full((2, 2), i, np.float32), [np.array([i]), None], {"w": tensor([float(i)])}


def test_the_next_batch_is_on_its_way_while_one_is_computed(cupy):
    data = Noted(3)
    for i, (x, (y, nothing), w) in enumerate(Ahead(data, "cuda")):
        data.log.append(f"compute {i}")
        assert nothing is None and x.device == y.device == w["w"].device == "cuda:0"
        for t in x, y, w["w"]:
            np.testing.assert_array_equal(t.numpy(), np.full(t.shape, i))
    assert data.log == ["draw 0", "draw 1", "compute 0", "draw 2", "compute 1", "compute 2"]
    assert len(Ahead(data, "cuda")) == 3 and Ahead(data, "cuda").log is data.log
    assert list(Ahead(Noted(0), "cuda")) == []


def test_of_a_generator_no_batch_is_drawn_before_its_time(cupy):
    def batches():
        for i in range(3):
            log.append(i)
            yield np.full(2, i)
    log, stream = [], batches()
    ahead = iter(Ahead(stream, "cuda"))
    assert next(ahead).numpy().tolist() == [0, 0] and log == [0]
    assert next(stream).tolist() == [1, 1]


def test_a_batch_may_be_overwritten_by_whoever_made_it(cupy):
    """A loader that fills the same array again and again."""
    class Same:
        def __iter__(self):
            array = np.empty(3, np.float32)
            for i in range(4):
                array[:] = i
                yield array
    assert [t.numpy().tolist() for t in Ahead(Same(), "cuda")] == [[i] * 3 for i in range(4)]


def test_picking_on_the_gpu(cupy):
    """Positions that there are not give NaN, where CuPy would begin anew; what is picked twice adds up the same every time."""
    rng = np.random.default_rng(0)
    x, places = rng.standard_normal((3, 4, 5)).astype("float32"), np.array([[0, -1, 0], [2, 3, 0]])
    for function in (lambda x, i: ops.take(x, i, axis=1), lambda x, i: x[:, i], lambda x, i: ops.take(x, i), lambda x, i: x[:, :, i],
                     lambda x, i: x[ops.minimum(i, 2)], lambda x, i: x[:, 1:, i], lambda x, i: ops.take_along_axis(x, ops.transpose(i)[:, :, None], axis=1),
                     lambda x, i: ops.take_along_axis(x, i[:, :1, None], axis=0), lambda x, i: ops.take_along_axis(x, i.reshape(6), axis=None),
                     lambda x, i: ops.take_along_axis(x, ops.transpose(i)[:, None], axis=2)):
        results = []
        for device in "cpu", "cuda":
            there = tensor(x, device=device, requires_grad=True)
            y = function(there, tensor(places, device=device))
            slope, = grad((y ** 2).sum(), there, create_graph=True)
            results.append((y, slope, *grad((slope ** 2).sum(), there)))
        for ours, theirs in zip(*results):
            np.testing.assert_allclose(theirs.detach().numpy(), ours.detach().numpy(), rtol=1e-5, atol=1e-6)
    wrong = ops.take(tensor(x, device="cuda"), [0, 4, -5], axis=1).numpy()
    np.testing.assert_array_equal(np.isnan(wrong).any((0, 2)), [False, True, True])
    with pytest.raises(IndexError):
        ops.take(tensor(x), [0, 4, -5], axis=1)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int32", "bool"])
@pytest.mark.parametrize("pick", [lambda x, i: ops.take(x, i, axis=1), lambda x, i: x[:, i], lambda x, i: ops.take(x, i),
                                  lambda x, i: ops.take_along_axis(x, i.reshape((1, 3, 1)), axis=1)], ids=["take", "getitem", "flat", "along"])
def test_places_that_there_are_not(cupy, dtype, pick):
    """CuPy begins anew; NaN says that something is wrong, and where there is no NaN, an error does."""
    x = tensor(np.arange(60).reshape(3, 4, 5) % 7, dtype, device="cuda")
    pick(x, tensor(np.array([0, -4, 3]), device="cuda"))
    for places in [0, 60, 3], [-61, 1, 1]:
        places = tensor(places, "int8", device="cuda")
        if dtype.startswith("float"):
            found = pick(x, places).numpy()
            assert np.isnan(found).sum() == found.size // 3
        else:
            with pytest.raises(IndexError, match="a position that is out of bounds for an axis of size (4|60)"):
                pick(x, places)


@pytest.mark.parametrize("pick", [
    lambda x, i: x[i], lambda x, i: x[:, i], lambda x, i: x[np.array(i)], lambda x, i: ops.take(x, i, axis=0),
    lambda x, i: ops.take_along_axis(x, np.array(i, "int8").reshape(5, 1), axis=0)], ids=range(5))
def test_gradients_of_picking_are_the_same_every_time(cupy, monkeypatch, pick):
    """However the places are told: CuPy's add.at, which adds in any order, is not called. The axis is too long for int8."""
    def in_any_order(*arguments):
        raise AssertionError("add.at")
    monkeypatch.setattr(fake_cupy.Ufunc, "at", in_any_order)
    slopes = []
    for device in "cpu", "cuda":
        x = tensor(np.arange(200.0 * 200).reshape(200, 200), "float32", device=device, requires_grad=True)
        (pick(x, [0, 2, -1, 2, 100]) ** 2).sum().backward()
        slopes.append(x.grad.numpy())
    np.testing.assert_array_equal(*slopes)


@pytest.mark.parametrize("index", [[0, 3], np.array([0, -4]), (slice(None), [0, 5])], ids=range(3))
def test_places_from_the_cpu_are_looked_at_there(cupy, index):
    """Which costs nothing: so floats, too, get an error, and no NaN."""
    x = tensor(np.ones((3, 5)), "float32", device="cuda")
    fake_cupy.transfers.clear()
    with pytest.raises(IndexError, match="a position that is out of bounds for an axis of size [35]"):
        x[index]
    assert not fake_cupy.transfers["numbers"]


@pytest.mark.parametrize("index", [
    lambda i: (i, i), lambda i: (..., i, [0, 1, 2]), lambda i: (None, 0, i, i), lambda i: (slice(1, 2), i.numpy().tolist()),
    lambda i: (np.eye(3, 4, dtype=bool), i), lambda i: ([True] * 3, 1, i), lambda i: (..., i, None, 2)], ids=range(7))
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_an_index_of_several_arrays(cupy, index, dtype):
    """It asks whether there are all places."""
    x = np.arange(3.0 * 4 * 5).reshape(3, 4, 5)
    found = [tensor(x, dtype, device=device)[index(tensor(np.array([2, 0, 1]), device=device))].numpy() for device in ("cpu", "cuda")]
    np.testing.assert_array_equal(*found)
    with pytest.raises(IndexError, match="a position that is out of bounds for an axis of size"):
        tensor(x, dtype, device="cuda")[index(tensor(np.array([2, 0, -6]), device="cuda"))]


def test_a_batch_for_which_nobody_waits_any_more(cupy):
    """Its memory is given to others: the copy must have been done by then."""
    batches = iter(Ahead(Dataset.from_tensor_slices(IMAGES).batch(4), "cuda"))
    next(batches)
    written, copy = [], np.copyto
    np.copyto = lambda *arguments: written.append(1) or copy(*arguments)
    try:
        batches.close()
    finally:
        np.copyto = copy
    assert written


def test_a_model_of_the_cpu_where_the_gpu_is_set(cupy):
    """It was made before, or moved back: its batches go to it, wherever new Tensors are made."""
    first = compiled()
    set_device("cuda")
    try:
        for model in first, compiled().to("cpu"):
            model.fit(IMAGES[:16], LABELS[:16], batch_size=8, verbose=0)
            model.evaluate(IMAGES[:16], LABELS[:16], verbose=0)
            model.train_on_batch(IMAGES[:8], LABELS[:8])
            assert isinstance(model.predict(IMAGES[:8], verbose=0), np.ndarray) and model.weights[0].device == "cpu"
    finally:
        set_device("cpu")
