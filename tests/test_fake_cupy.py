"""Generic code on a GPU's arrays, without a GPU: every op on every row of the samples, on a stand-in for CuPy."""
import sys

import fake_cupy
import numpy as np
import pytest
from samples import ROWS, first

from tinyvision import Tensor, device, grad, kernels, layers, losses, models, no_grad, ops, optimizers, tensor
from tinyvision.autograd import as_tensor, to_numpy

rng = np.random.default_rng(0)


@pytest.fixture
def cupy():
    with fake_cupy.installed() as module:
        yield module


# The stand-in itself ------------------------------------------------------------------------------------------------------

def test_it_goes_as_it_came():
    before = sys.modules.get("cupy")
    with fake_cupy.installed() as module:
        import cupy
        assert cupy is module and type(cupy.zeros(3)).__module__ == "cupy" and device.array_library(cupy.zeros(3)) is cupy
    assert sys.modules.get("cupy") is before and fake_cupy.ndarray not in device.arrays._owners


def test_it_has_no_name_that_cupy_has_not(cupy):
    names = fake_cupy.read_names()
    assert len(names) > 500
    assert {name for name in vars(cupy) if not name.startswith("_")} <= set(names)
    assert {f"ndarray.{name}" for name in vars(cupy.ndarray) if not name.startswith("_")} <= set(names)
    assert hasattr(np, "fromregex") and not hasattr(cupy, "fromregex") and not hasattr(cupy.ndarray, "setflags")


@pytest.mark.parametrize("call", [
    lambda x, a: x + a, lambda x, a: a + x, lambda x, a: x @ a, lambda x, a: x == a, lambda x, a: np.add(x, a),
    lambda x, a: cp(x).maximum(x, a), lambda x, a: cp(x).where(x > 0, x, a), lambda x, a: cp(x).stack([x, cp(x).asarray(a), a]),
    lambda x, a: x.take(a.astype(int)), lambda x, a: x[a > 0], lambda x, a: x.__iadd__(a), lambda x, a: a.__iadd__(x),
    lambda x, a: cp(x).take_along_axis(x, a.astype(int), 1),
])
def test_it_refuses_numpy_arrays(cupy, call):
    with pytest.raises(TypeError, match="Unsupported type|Only cupy arrays|Implicit conversion"):
        call(cupy.ones((2, 2)), np.ones((2, 2)))


def cp(x):
    return sys.modules[type(x).__module__]


@pytest.mark.parametrize("call", [np.asarray, np.array, lambda x: np.ones(3) @ x, lambda x: np.zeros(3).__setitem__(..., x),
                                  lambda x: np.testing.assert_array_equal(x, 1.0), lambda x: np.float32([1, 2, 3]) * x])
def test_it_does_not_turn_into_numpy_unasked(cupy, call):
    with pytest.raises(TypeError, match="Implicit conversion to a NumPy array|Unsupported type"):
        call(cupy.ones(3))


def test_it_refuses_arguments_that_cupy_does_not_take(cupy):
    with pytest.raises(TypeError, match="cupy.ndarray.max: got an unexpected keyword argument 'initial'"):
        cupy.ones(3).max(initial=0)
    with pytest.raises(TypeError, match="cupy.broadcast_to: got an unexpected keyword argument 'subok'"):
        cupy.broadcast_to(cupy.ones(3), (2, 3), subok=True)
    with pytest.raises(TypeError, match="cupy.expand_dims: missing a required argument: 'axis'"):
        cupy.expand_dims(cupy.ones(3))
    with pytest.raises(ValueError, match="non-scalar numpy.ndarray cannot be used for fill"):
        cupy.ones(3)[...] = np.ones(3)
    with pytest.raises(TypeError, match="scatter_add only supports"):
        cupy.add.at(cupy.zeros(3, "int64"), cupy.asarray([1, 1]), 1)
    with pytest.raises(NotImplementedError, match="multiply.at"):
        cupy.multiply.at(cupy.zeros(3), cupy.asarray([1, 1]), 1)
    with pytest.raises(AttributeError, match="'bool' object has no attribute 'astype'"):
        cupy.where(True, cupy.ones(3), 0)


def test_it_computes(cupy):
    a = rng.standard_normal((3, 4))
    x = cupy.asarray(a)
    for found, expected in [
        (x + 1, a + 1), (2 - x, 2 - a), (x * np.float64(2), a * 2), (np.float64(2) * x, a * 2), (x.sum(axis=0), a.sum(0)),
        (x.T @ x, a.T @ a), (cupy.exp(x), np.exp(a)), (np.exp(x), np.exp(a)), (x[1:, ::2], a[1:, ::2]), (x[x > 0], a[a > 0]),
        (x[cupy.asarray([2, 0])], a[[2, 0]]), (cupy.concatenate([x, x], 1), np.concatenate([a, a], 1)), (-x, -a),
        (x ** 2, a ** 2), (np.concatenate([x, x]), np.concatenate([a, a])), (cupy.pad(x, 1), np.pad(a, 1)),
        (cupy.asarray([x[0, 0], x[1, 1]]), [a[0, 0], a[1, 1]]), (abs(x), abs(a)), (x.reshape(4, 3), a.reshape(4, 3)),
        (x.max(1, keepdims=True), a.max(1, keepdims=True)),
    ]:
        assert type(found) is cupy.ndarray
        np.testing.assert_array_equal(found.get(), expected)
    total = x.sum()
    assert type(total) is cupy.ndarray and total.shape == () and float(total) == a.sum()
    x += 1
    x[0] = 7
    np.testing.assert_array_equal(cupy.asnumpy(x), np.concatenate([np.full((1, 4), 7), a[1:] + 1]))
    y = cupy.zeros(3)
    cupy.add.at(y, cupy.asarray([1, 1, 2]), cupy.ones(3))
    assert y.tolist() == [0, 2, 1]


def test_its_views_know_what_they_are_views_of(cupy):
    x = cupy.asarray(np.zeros((2, 3)))
    assert x.base is None and (x + 1).base is None and cupy.asarray(x) is x
    for view in (x.T, x[1:], x.reshape(3, 2)[1:], cupy.broadcast_to(x, (4, 2, 3)), x.T.reshape(3, 2, 1)):
        assert view.base is x
    x.T[2, 1] = 5
    assert x.tolist() == [[0, 0, 0], [0, 0, 5]]


def test_its_devices(cupy):
    x = cupy.ones(3)
    assert x.device.id == 0 == cupy.cuda.Device().id
    with cupy.cuda.Device(1):
        y = cupy.asarray(x)
        assert y is not x and y.device.id == 1 == (y + 1).device.id
    with pytest.raises(ValueError, match="Array device must be same as the current device"):
        x + y
    with pytest.raises(RuntimeError, match="invalid device ordinal"), cupy.cuda.Device(7):
        pass


def test_it_counts_transfers(cupy):
    counts = fake_cupy.transfers
    x = cupy.asarray(np.ones(3))
    x.get(), cupy.asnumpy(x), float(x[0]), bool(x[1] > 0), x.sum().item()
    assert counts == {"up": 1, "down": 2, "numbers": 3}


# Tensors ------------------------------------------------------------------------------------------------------------------

def on_gpu(x):
    """The same argument, its arrays on the GPU; also those in lists, tuples and indices."""
    if isinstance(x, (list, tuple)):
        return type(x)(map(on_gpu, x))
    return sys.modules["cupy"].asarray(x) if isinstance(x, np.ndarray) else x


def test_tensors_on_the_gpu(cupy):
    x = tensor([[1.0, 2.0]], device="cuda", requires_grad=True)
    assert type(x.data) is cupy.ndarray and x.device == "cuda:0" and x.node is None
    y = (x * 2 + 1).exp().sum()
    assert y.device == "cuda:0"
    y.backward()
    assert type(x.grad.data) is cupy.ndarray
    np.testing.assert_allclose(x.grad.to("cpu").numpy(), 2 * np.exp([[3.0, 5.0]]), rtol=1e-6)
    assert repr(x) == "Tensor([[1., 2.]], requires_grad=True)" and y.item() == float(y)
    np.testing.assert_array_equal(x.numpy(), np.float32([[1, 2]]))
    assert type(to_numpy(x)) is np.ndarray and type(as_tensor(cupy.ones(2)).data) is cupy.ndarray
    assert tensor(cupy.ones(2)).device == "cuda:0" and tensor(cupy.ones(2), device="cpu").device == "cpu"
    assert tensor(np.ones(2), device="cuda:1").device == "cuda:1"


def test_gradients_travel_between_devices(cupy):
    x, w = tensor(np.array([1.0, 2.0]), requires_grad=True), tensor(np.array([3.0, 4.0]), device="cuda", requires_grad=True)
    there = x.to("cuda")
    assert there.device == "cuda:0" and x.device == "cpu"
    back = (there * w).to("cpu")
    assert back.device == "cpu"
    (back * x).sum().backward()                            # x^2 w
    assert x.grad.device == "cpu" and w.grad.device == "cuda:0"
    np.testing.assert_allclose(x.grad.numpy(), [6, 16])
    np.testing.assert_allclose(w.grad.data.get(), [1, 4])
    slope, = grad((x.to("cuda") ** 3).sum(), x, create_graph=True)
    np.testing.assert_allclose(grad(slope.sum(), x)[0].numpy(), [6, 12])
    other = x.to("cuda:0").to("cuda:1")
    assert other.device == "cuda:1"
    np.testing.assert_array_equal(grad(other, x, np.ones(2))[0].numpy(), [1, 1])


def test_devices_do_not_mix_in_silence(cupy):
    x, w = tensor([1.0, 2.0]), tensor([3.0, 4.0], device="cuda")
    with pytest.raises(ValueError, match="multiply got arrays on cpu and cuda:0"):
        x * w
    with pytest.raises(TypeError, match="Unsupported type"):           # as CuPy itself says
        x.data * w.data


def test_arrays_of_a_gpu_and_tensors(cupy):
    a, t = cupy.asarray(np.array([1.0, 2.0])), tensor(np.array([3.0, 4.0]), device="cuda")
    for y, expected in ((a + t, [4, 6]), (t + a, [4, 6]), (a - t, [-2, -2]), (a * t, [3, 8]), (2.0 / t, [2 / 3, 0.5]),
                        (np.exp(t), np.exp([3, 4])), (np.float64(2) * t, [6, 8]), (a < t, [True, True])):
        assert isinstance(y, Tensor) and type(y.data) is cupy.ndarray
        np.testing.assert_allclose(y.data.get(), expected)


def test_assign_takes_values_from_either_device(cupy):
    x, y = tensor([1.0, 2.0], device="cuda"), tensor([1.0, 2.0])
    memory = x.data
    numbers = [3.0, 4.0]
    for value in (numbers, np.array(numbers), cupy.asarray(numbers), tensor(numbers, device="cuda"), tensor(numbers)):
        for t in (x, y):
            t.assign([0.0, 0.0])
            t.assign(value)
            np.testing.assert_array_equal(to_numpy(t), [3, 4])
    assert x.data is memory and y.device == "cpu"


def test_a_change_in_place_is_noticed_through_views(cupy):
    x, w = tensor(np.ones((2, 3)), device="cuda"), tensor(np.ones((3, 2)), device="cuda", requires_grad=True)
    for view in (x.T, x.reshape(3, 2), x.detach().T):
        y = (view * w).sum()
        x.assign(np.zeros((2, 3)))
        with pytest.raises(RuntimeError, match="its argument x1 was changed in place"):
            y.backward()


def test_the_arriving_gradient_may_come_from_the_cpu(cupy):
    x = tensor([1.0, 2.0], device="cuda", requires_grad=True)
    (x * x).backward([1.0, 2.0])
    np.testing.assert_array_equal(x.grad.data.get(), [2, 8])


# Ops ----------------------------------------------------------------------------------------------------------------------

def holds_an_array(value):
    return any(map(holds_an_array, value)) if isinstance(value, (list, tuple)) else isinstance(value, np.ndarray)


ALL = [(name, i) for name, rows in ROWS.items() for i, row in enumerate(rows)
       if name != "to_device" and any(map(holds_an_array, row.arguments.values()))]            # of numbers alone, arrays are made here
UPLOADS = {"dropout", "pad", "repeat", "image.gaussian_blur", "image.resize"}     # random numbers, drawn by NumPy; positions; weights of pixels
READS = {"sparse_categorical_crossentropy", "image.perspective_transform",      # whether class numbers are in range, points on lines,
         "sort", "top_k"}                                  # and places, where integers are picked


def gradients(row, convert, second):
    """The result for the converted arrays, the gradients of its leaves for a random gradient; and those of these."""
    leaves = [tensor(convert(a), requires_grad=row.differentiable) for a in row.leaves]
    arguments = row.filled(leaves, others=convert)
    arguments = {name: convert(value) if isinstance(value, tuple) else value for name, value in arguments.items()}
    fake_cupy.transfers.clear()
    y = first(row.function(**arguments))
    if not row.differentiable or not leaves:
        return [y]
    generator = np.random.default_rng(1)
    g = tensor(convert(generator.standard_normal(y.shape)))
    directions = [tensor(convert(generator.standard_normal(a.shape))) for a in leaves]
    fake_cupy.transfers.clear()
    found = grad(y, leaves, g, create_graph=second, allow_unused=True)
    if second:
        total = sum((d * u).sum() for d, u in zip(found, directions) if d is not None)
        found += grad(total, leaves, allow_unused=True) if getattr(total, "requires_grad", False) else ()
    return [y, *(t for t in found if t is not None)]


@pytest.mark.parametrize("second", [False, True], ids=["first", "second"])
@pytest.mark.parametrize("name, i", ALL)
def test_an_op_on_the_gpu_equals_the_op_on_the_cpu(cupy, name, i, second):
    row = ROWS[name][i]
    with kernels.use("numpy"):                             # the same arithmetic: the same bits, but for the order of sums
        expected = gradients(row, lambda a: a, second)
    found = gradients(row, on_gpu, second)
    assert not fake_cupy.transfers["down"], "arrays went to the CPU and back"
    assert not fake_cupy.transfers["up"] or name in UPLOADS
    assert not fake_cupy.transfers["numbers"] or name in READS
    assert len(found) == len(expected)
    for ours, theirs in zip(found, expected):
        assert type(ours.data) is cupy.ndarray, "a result left the GPU"
        assert ours.dtype == theirs.dtype
        np.testing.assert_allclose(to_numpy(ours), to_numpy(theirs), rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("name, i", ALL)
def test_an_op_on_the_gpu_in_float32(cupy, name, i):
    row = ROWS[name][i]
    narrow = lambda a: a.astype(np.float32) if isinstance(a, np.ndarray) and a.dtype == np.float64 else a
    leaves = [tensor(on_gpu(narrow(a)), requires_grad=row.differentiable) for a in row.leaves]
    arguments = row.filled(leaves, others=lambda a: on_gpu(narrow(a)))
    y = first(row.function(**{n: on_gpu(v) if isinstance(v, tuple) else v for n, v in arguments.items()}))
    assert type(y.data) is cupy.ndarray
    assert y.dtype != "float64" or row.arguments.get("dtype") == "float64"
    if y.requires_grad:
        for g in grad(y.sum(), leaves, allow_unused=True):
            assert g is None or g.dtype == "float32" and type(g.data) is cupy.ndarray


# Layers and training ------------------------------------------------------------------------------------------------------

def small_model():
    return models.Sequential([
        layers.Input((8, 8, 1)), layers.Conv2D(4, 3, activation="relu"), layers.BatchNormalization(), layers.MaxPooling2D(2),
        layers.Flatten(), layers.Dropout(0.25, seed=1), layers.Dense(3, activation="softmax")])


OPTIMIZERS = [optimizers.SGD(0.1, momentum=0.9), optimizers.RMSprop(0.01, momentum=0.5, centered=True),
              optimizers.RMSprop(0.01), optimizers.Adam(0.01, clipnorm=1.0),
              optimizers.Adam(0.01, amsgrad=True, global_clipnorm=0.5), optimizers.SGD(0.1, clipvalue=0.1),
              optimizers.AdamW(0.01, use_ema=True, ema_overwrite_frequency=2), optimizers.Adamax(0.01), optimizers.Nadam(0.01),
              optimizers.Adagrad(0.01, weight_decay=0.1), optimizers.Adadelta(0.1, gradient_accumulation_steps=2),
              optimizers.Lion(0.01), optimizers.Lamb(0.01)]


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda o: o.name)
def test_a_model_trains_on_the_gpu_as_on_the_cpu(cupy, optimizer):
    images, labels = rng.standard_normal((6, 8, 8, 1)).astype(np.float32), np.array([0, 1, 2, 2, 1, 0])
    ours, theirs = small_model(), small_model()
    theirs.set_weights(ours.get_weights())
    ours.to("cuda")
    for model in ours, theirs:
        copy = type(optimizer).from_config(optimizer.get_config())
        model.compile(copy, "sparse_categorical_crossentropy", metrics=["accuracy"])
    images_there, labels_there = tensor(cupy.asarray(images)), tensor(cupy.asarray(labels))
    with kernels.use("numpy"):
        expected = [theirs.train_on_batch(images, labels) for _ in range(2)]
    fake_cupy.transfers.clear()
    found = [ours.train_on_batch(images_there, labels_there) for _ in range(2)]
    assert not fake_cupy.transfers["down"], "arrays went to the CPU and back"
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    for mine, other in zip(ours.weights, theirs.weights):
        assert type(mine.data) is cupy.ndarray
        np.testing.assert_allclose(to_numpy(mine), to_numpy(other), rtol=1e-4, atol=1e-6, err_msg=mine.path)
    np.testing.assert_allclose(ours.predict_on_batch(images_there), theirs.predict_on_batch(images), rtol=1e-4, atol=1e-6)
    ours.set_weights(theirs.get_weights())
    assert all(type(w.data) is cupy.ndarray for w in ours.weights)


FOR_SEQUENCES = {
    "lstm": lambda: layers.LSTM(3, return_sequences=True), "simple_rnn": lambda: layers.SimpleRNN(3, go_backwards=True),
    "gru": lambda: layers.GRU(3, recurrent_dropout=0.5, seed=1), "embedding": lambda: layers.Embedding(5, 3),
    "dropout": lambda: layers.LSTM(3, dropout=0.5, recurrent_dropout=0.5, seed=1),
    "attention": lambda: layers.MultiHeadAttention(2, 3, dropout=0.5, sliding_window=3, seed=1)}


@pytest.mark.parametrize("name", FOR_SEQUENCES)
def test_layers_for_sequences_on_the_gpu(cupy, name):
    x = rng.integers(0, 5, (2, 4)) if name == "embedding" else rng.standard_normal((2, 4, 3)).astype(np.float32)
    ours, theirs = FOR_SEQUENCES[name](), FOR_SEQUENCES[name]()

    def called(layer, x):
        return layer(x, x, use_causal_mask=True, training=True) if name == "attention" else layer(x, training=True)

    for layer in ours, theirs:                             # so both draw the same afterwards
        called(layer, x)
    ours.set_weights(theirs.get_weights())
    ours.to("cuda")
    found, expected = called(ours, tensor(cupy.asarray(x))), called(theirs, x)
    assert type(found.data) is cupy.ndarray
    np.testing.assert_allclose(to_numpy(found.detach()), expected.detach().numpy(), rtol=1e-5, atol=1e-6)
    for y in found, expected:
        (y * y).sum().backward()
    for mine, other in zip(ours.weights, theirs.weights):
        np.testing.assert_allclose(to_numpy(mine.grad), other.grad.numpy(), rtol=1e-4, atol=1e-5, err_msg=mine.path)


LOSSES = [losses.MeanSquaredError(), losses.BinaryCrossentropy(), losses.CategoricalCrossentropy(from_logits=True),
          losses.SparseCategoricalCrossentropy(from_logits=True)]


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.name)
def test_losses_on_the_gpu(cupy, loss):
    targets = {"binary_crossentropy": np.array([[0, 1, 1], [1, 0, 1]]), "sparse_categorical_crossentropy": np.array([2, 0])}
    y, p = targets.get(loss.name, np.eye(3, dtype=np.float32)[:2]), rng.uniform(0.1, 0.9, (2, 3)).astype(np.float32)
    ours, theirs = tensor(cupy.asarray(p), requires_grad=True), tensor(p, requires_grad=True)
    found, expected = loss(cupy.asarray(y), ours), loss(y, theirs)
    np.testing.assert_allclose(found.item(), expected.item(), rtol=1e-6)
    found.backward()
    expected.backward()
    assert type(ours.grad.data) is cupy.ndarray
    np.testing.assert_allclose(to_numpy(ours.grad), theirs.grad.numpy(), rtol=1e-5, atol=1e-7)


def test_nothing_here_needs_a_gradient_to_be_recorded(cupy):
    x = tensor(np.ones((1, 4, 4, 1)), device="cuda")
    with no_grad():
        assert ops.max_pool(x, 2).device == "cuda:0"


AUGMENTATION = {
    "RandomFlip": {}, "RandomRotation": dict(factor=0.3), "RandomZoom": dict(height_factor=0.5), "RandomCrop": dict(height=5, width=4),
    "RandomTranslation": dict(height_factor=0.5, width_factor=0.5, fill_mode="constant"), "RandomContrast": dict(factor=0.5),
    "RandomBrightness": dict(factor=0.5), "RandomErasing": dict(factor=(1, 1)), "MixUp": dict(alpha=1.0), "CutMix": {},
}


@pytest.mark.parametrize("name", AUGMENTATION)
def test_augmentation_on_the_gpu(cupy, name):
    """What is drawn comes from NumPy: the same as on the CPU. Images, labels, and the gradient of the images."""
    x, labels = rng.uniform(20, 230, (4, 7, 6, 3)).astype(np.float32), np.eye(4, dtype=np.float32)
    found = []
    for place in cupy.asarray, np.asarray:
        images = tensor(place(x), requires_grad=True)
        y = getattr(layers, name)(**AUGMENTATION[name], seed=1)({"images": images, "labels": tensor(place(labels))}, training=True)
        (y["images"] * y["images"]).sum().backward()
        assert type(y["images"].data) is type(y["labels"].data) is type(images.grad.data) is type(place(x))
        found.append([to_numpy(t.detach()) for t in (y["images"], y["labels"], images.grad)])
    for ours, expected in zip(*found):
        np.testing.assert_allclose(ours, expected, rtol=1e-4, atol=1e-2)
