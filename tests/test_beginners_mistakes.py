"""Beginners' mistakes that other engines accept in silence, or answer with a riddle: each is named, with its values."""
import warnings

import numpy as np
import pytest

import tinyvision as tv
from tinyvision import layers, losses
from tinyvision.data import Dataset

RNG = np.random.default_rng(0)
IMAGES, CLASSES = RNG.random((8, 6, 5, 1), np.float32), RNG.integers(0, 3, 8)


def classifier(*ends, width=3):
    """A small network on images; `ends` are the layers after its last Dense, or the arguments of that."""
    settings = ends[0] if ends and isinstance(ends[0], dict) else {}
    return tv.Sequential([layers.Input((6, 5, 1)), layers.Flatten(), layers.Dense(width, **settings),
                          *(end for end in ends if not isinstance(end, dict))])


def softmax(width=3):
    return classifier({"activation": "softmax"}, width=width)


def silent(function, *args, **settings):
    """Call a function in which no warning may be heard."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return function(*args, **settings)


# Shapes -----------------------------------------------------------------------------------------------------------------

def test_channels_first():
    layer = layers.Conv2D(64, 3, name="conv2d_3")
    layer(np.zeros((1, 28, 28, 32)))
    with pytest.raises(ValueError) as error:
        layer(np.zeros((8, 32, 28, 28)))
    assert str(error.value) == ("conv2d_3 (Conv2D, 64 filters) expects 32 channels last, got input (8, 32, 28, 28); this looks "
                                "channels-first: transpose it to (8, 28, 28, 32)")


def test_other_channels():
    layer = layers.Conv2D(64, 3, name="c")
    layer(np.zeros((1, 28, 28, 32)))
    with pytest.raises(ValueError, match="c \\(Conv2D, 64 filters\\) expects 32 channels last, got input \\(8, 28, 28, 3\\)$"):
        layer(np.zeros((8, 28, 28, 3)))


@pytest.mark.parametrize("shape, hint", [
    ((8, 28, 28), "add the missing axis: x\\[..., None\\] for grey images, x\\[None\\] for one image"),
    ((8, 784), "images must not be flattened before"), ((2, 8, 28, 28, 3), ", 8, 28, 28, 3\\)$")])
@pytest.mark.parametrize("make", [lambda: layers.Conv2D(4, 3), lambda: layers.MaxPooling2D(), lambda: layers.AveragePooling2D(),
                                  lambda: layers.GlobalAveragePooling2D()], ids=["conv", "max", "average", "global"])
def test_images_without_their_four_axes(make, shape, hint):
    with pytest.raises(ValueError, match=f"expects images \\(N, H, W, C\\), got input .*{hint}"):
        make()(np.zeros(shape))


def test_one_image_without_a_batch():
    model = classifier()
    with pytest.raises(ValueError, match="takes inputs of shape \\(None, 6, 5, 1\\) .*got \\(6, 5, 1\\); .* x\\[None\\]"):
        model(IMAGES[0])


def test_grey_images_without_their_channel_are_understood():
    """As in Keras: a missing last axis of 1 is added by the model."""
    model = classifier()
    np.testing.assert_array_equal(model(IMAGES[..., 0]).data, model(IMAGES).data)


def test_a_dense_layer_after_images():
    dense = layers.Dense(3, name="scores")
    dense(np.zeros((2, 30)))
    with pytest.raises(ValueError, match="scores \\(Dense, 3 units\\) expects .* 30 .*\\(2, 6, 5, 1\\); a Flatten before"):
        dense(np.zeros((2, 6, 5, 1)))


def test_an_image_smaller_than_the_window():
    with pytest.raises(ValueError, match="3.*5|5.*3"):
        layers.Conv2D(2, 5)(np.zeros((1, 3, 3, 1)))


def test_x_and_y_of_unequal_length():
    model = softmax()
    model.compile("sgd", "sparse_categorical_crossentropy")
    with pytest.raises(ValueError, match="x and y must hold equally many samples, got \\[8\\] and \\[7\\]"):
        model.fit(IMAGES, CLASSES[:7], verbose=0)
    with pytest.raises(ValueError, match="\\[8\\] and \\[7\\]"):
        model.evaluate(IMAGES, CLASSES[:7], verbose=0)


# Losses and targets -----------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("loss", [losses.SparseCategoricalCrossentropy, losses.CategoricalCrossentropy,
                                  losses.BinaryCrossentropy])
@pytest.mark.parametrize("end", [{"activation": "softmax"}, {"activation": "sigmoid"}, layers.Softmax(name="s"),
                                 layers.Activation("softmax", name="s"), layers.Activation("sigmoid", name="s")], ids=range(5))
def test_a_softmax_before_a_loss_that_takes_logits(end, loss):
    model = classifier(end)
    with pytest.raises(ValueError, match="ends in (softmax|sigmoid), but the loss was told from_logits=True.*leave out one"):
        model.compile("sgd", loss(from_logits=True))
    model.compile("sgd", loss())
    classifier().compile("sgd", loss(from_logits=True))
    classifier({"activation": "relu"}).compile("sgd", loss(from_logits=True))


def test_a_softmax_inside_a_model_of_models():
    inner = softmax()
    inputs = layers.Input((6, 5, 1))
    with pytest.raises(ValueError, match="ends in softmax"):
        tv.Model(inputs, inner(inputs)).compile("sgd", losses.SparseCategoricalCrossentropy(from_logits=True))


def test_a_sigmoid_in_the_middle_is_no_mistake():
    """Nor is it the last attribute of a model of one's own: what that does, only its call knows."""
    classifier({"activation": "sigmoid"}, layers.Dense(3)).compile("sgd", losses.CategoricalCrossentropy(from_logits=True))

    class Gated(tv.Model):
        def __init__(self):
            super().__init__()
            self.head, self.gate = layers.Dense(3), layers.Dense(3, activation="sigmoid")

        def call(self, x):
            return self.head(x) * self.gate(x)

    Gated().compile("sgd", losses.CategoricalCrossentropy(from_logits=True))


@pytest.mark.parametrize("scale, numbers", [(-1.0, "from -"), (1.0, "from [0-9]")])
def test_logits_into_a_loss_that_takes_probabilities(scale, numbers):
    model = classifier({"kernel_initializer": "ones"}, layers.Rescaling(scale))
    model.compile("sgd", "sparse_categorical_crossentropy")
    with pytest.warns(UserWarning, match="sparse_categorical_crossentropy takes probabilities, but the model returns numbers "
                                         f"{numbers}.*: end the model in a softmax .*, or give the loss from_logits=True"):
        model.fit(IMAGES, CLASSES, verbose=0)
    for fit in (softmax(), "sparse_categorical_crossentropy"), (classifier(), losses.SparseCategoricalCrossentropy(True)):
        fit[0].compile("sgd", fit[1])
        silent(fit[0].fit, IMAGES, CLASSES, verbose=0)


@pytest.mark.parametrize("loss", ["mse", "binary_crossentropy", "categorical_crossentropy"])
@pytest.mark.parametrize("width, y", [(3, np.ones(8)), (3, np.ones((8, 1))), (3, np.ones((8, 2))), (1, np.ones((8, 3)))],
                         ids=["(N,) (N, K)", "(N, 1) (N, K)", "(N, L) (N, K)", "(N, K) (N, 1)"])
def test_targets_that_would_broadcast(loss, width, y):
    model = classifier({"activation": "sigmoid"}, width=width)
    model.compile("sgd", loss)
    with pytest.raises(ValueError, match=f"targets have shape .*{y.shape[-1]}.*predictions \\(8, {width}\\): they must be eq"):
        model.fit(IMAGES, y, verbose=0)


def test_flat_targets_do_not_make_a_square():
    """(N,) with (N, 1): N differences, not N times N; as in Keras."""
    y_true, y_pred = np.arange(4.0), np.arange(4.0)[:, None]
    assert losses.MeanSquaredError()(y_true, y_pred).item() == 0
    assert tv.metrics.binary_accuracy(y_true > 1, (y_pred > 1) * 1.0).shape == (4, 1)


@pytest.mark.parametrize("y, low, high", [([0, 1, 3], 0, 3), ([-1, 0, 2], -1, 2), ([1, 2, 10], 1, 10)])
def test_class_numbers_outside_the_range(y, low, high):
    model = softmax()
    model.compile("sgd", "sparse_categorical_crossentropy")
    with pytest.raises(ValueError, match=f"class numbers are whole numbers in 0 .. 2, .*3 classes; the targets go from {low} to {high}"):
        model.fit(IMAGES[:3], np.array(y), verbose=0)


def test_one_hot_targets_with_the_sparse_loss():
    model = softmax()
    model.compile("sgd", "sparse_categorical_crossentropy")
    with pytest.raises(ValueError, match="\\(8, 3\\).*One-hot targets need categorical_crossentropy"):
        model.fit(IMAGES, np.eye(3)[CLASSES], verbose=0)


def test_class_numbers_with_the_one_hot_loss():
    model = softmax()
    model.compile("sgd", "categorical_crossentropy")
    with pytest.raises(ValueError, match="\\(8,\\).*\\(8, 3\\).*Class numbers need sparse_categorical_crossentropy"):
        model.fit(IMAGES, CLASSES, verbose=0)


# Data -------------------------------------------------------------------------------------------------------------------

BYTES = (IMAGES * 255).astype(np.uint8)


@pytest.mark.parametrize("x", [BYTES, BYTES.astype(np.float32), tv.tensor(BYTES)], ids=["bytes", "floats", "tensor"])
def test_raw_bytes(x):
    model = softmax()
    model.compile("sgd", "sparse_categorical_crossentropy")
    with pytest.warns(UserWarning, match="images go up to 25[0-9].*divide by 255, or begin the model with layers.Rescaling"):
        model.fit(x, CLASSES, verbose=0)
    silent(model.fit, x, CLASSES, verbose=0)               # once is enough


def test_raw_bytes_behind_augmentation():
    model = tv.Sequential([layers.RandomFlip(), layers.Flatten(), layers.Dense(3, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    with pytest.warns(UserWarning, match="images go up to 25[0-9]"):
        model.fit(BYTES, CLASSES, verbose=0)


def test_bytes_that_are_no_mistake():
    augmented = tv.Sequential([tv.Sequential([layers.RandomFlip()]), layers.Rescaling(1 / 255), softmax()])
    divided = tv.Sequential([layers.Lambda(lambda x: x / 255.0), softmax()])
    rescaled = tv.Sequential([layers.Rescaling(1 / 255), layers.Flatten(), layers.Dense(3, activation="softmax")])
    inputs = layers.Input((6, 5, 1))
    inside = tv.Model(inputs, softmax()(tv.Sequential([layers.Rescaling(1 / 255)])(inputs)))
    adapted = layers.Normalization()
    adapted.adapt(BYTES.astype(np.float32))
    learned = tv.Sequential([adapted, softmax()])
    given = tv.Sequential([layers.Normalization(mean=127.0, variance=64.0 ** 2, axis=None), softmax()])
    deferred = [tv.Sequential([kind(), layers.Flatten(), layers.Dense(3, activation="softmax")]) for kind in (
        layers.BatchNormalization, layers.LayerNormalization, layers.RMSNormalization, layers.UnitNormalization)]

    class Divides(tv.Model):
        def __init__(self):
            super().__init__()
            self.flatten, self.dense = layers.Flatten(), layers.Dense(3, activation="softmax")

        def call(self, x):
            return self.dense(self.flatten(x / 255.0))

    for model in augmented, divided, rescaled, inside, learned, given, *deferred, Divides():
        model.compile("sgd", "sparse_categorical_crossentropy")
        silent(model.fit, BYTES.astype(np.float32), CLASSES, verbose=0)
    model = softmax()
    model.compile("sgd", "sparse_categorical_crossentropy")
    for x in IMAGES * 2 - 1, IMAGES * 4, BYTES - np.float32(127):
        model.compile("sgd", "sparse_categorical_crossentropy")
        silent(model.fit, x, CLASSES, verbose=0)


# Training ---------------------------------------------------------------------------------------------------------------

def test_a_parameter_without_gradient():
    class Forgetful(tv.Model):
        def __init__(self):
            super().__init__(name="net")
            self.used, self.unused = layers.Dense(3, name="used"), layers.Dense(3, name="unused")

        def call(self, x):
            self.unused(x)                                 # and its result is dropped
            return self.used(x)

    model = Forgetful()
    model.compile("sgd", "mse")
    with pytest.warns(UserWarning, match="no gradient reached unused/kernel, unused/bias: nothing that the loss depends on"):
        model.fit(RNG.random((4, 2)), RNG.random((4, 3)), verbose=0)


def test_no_gradient_at_all():
    class Cut(tv.Model):
        def __init__(self):
            super().__init__()
            self.dense = layers.Dense(3, name="dense")

        def call(self, x):
            return self.dense(x).detach()

    model = Cut()
    model.compile("sgd", "mse")
    with pytest.raises(RuntimeError, match="no op that led here was recorded"):
        model.fit(RNG.random((4, 2)), RNG.random((4, 3)), verbose=0)


@pytest.mark.parametrize("method, arguments", [
    ("fit", (IMAGES, CLASSES)), ("evaluate", (IMAGES, CLASSES)), ("train_on_batch", (IMAGES, CLASSES)),
    ("test_on_batch", (IMAGES, CLASSES))])
def test_a_model_that_is_not_compiled(method, arguments):
    with pytest.raises(RuntimeError, match=f"{method} needs a compiled model: call compile"):
        getattr(softmax(), method)(*arguments)


def test_no_targets():
    model = softmax()
    model.compile("sgd", "sparse_categorical_crossentropy")
    with pytest.raises(ValueError, match="no targets: pass y"):
        model.fit(IMAGES, verbose=0)
    model.compile("sgd")
    with pytest.raises(ValueError, match="given no loss"):
        model.fit(IMAGES, CLASSES, verbose=0)


@pytest.mark.parametrize("settings, error, message", [
    (dict(optimizer="adm"), ValueError, "unknown optimizer 'adm': did you mean 'adam'"),
    (dict(loss="categorical_crossentrop"), ValueError, "unknown loss .*did you mean 'categorical_crossentropy'"),
    (dict(loss="mean_square_error"), ValueError, "did you mean 'mean_squared_error'"),
    (dict(loss="mse", metrics=["acuracy"]), ValueError, "unknown metric 'acuracy': did you mean 'accuracy'"),
    (dict(loss="mse", metrics="accuracy"), TypeError, "metrics is a list: metrics=\\['accuracy'\\]"),
    (dict(los="mse"), TypeError, "compile has no argument 'los': did you mean 'loss'"),
    (dict(loss="qqq"), ValueError, "There is .*categorical_crossentropy, .*mean_squared_error"),
    (dict(loss=3), TypeError, "expected loss: a name, an object or a function, got 3"),
], ids=range(8))
def test_names_that_do_not_exist(settings, error, message):
    with pytest.raises(error, match=message):
        softmax().compile(**settings)


@pytest.mark.parametrize("method, slip, meant", [
    ("fit", "epoch", "epochs"), ("fit", "callback", "callbacks"), ("fit", "validation_dat", "validation_data"),
    ("evaluate", "batchsize", "batch_size"), ("predict", "step", "steps")])
def test_slips_in_calls(method, slip, meant):
    model = softmax()
    model.compile("sgd", "sparse_categorical_crossentropy")
    with pytest.raises(TypeError, match=f"{method} has no argument '{slip}': did you mean '{meant}'"):
        getattr(model, method)(IMAGES, **{slip: 1})


@pytest.mark.parametrize("method, later", [("compile", "jit_compile"), ("compile", "run_eagerly"), ("fit", "workers")])
def test_what_keras_has_and_we_do_not_is_refused(method, later):
    model = softmax()
    model.compile("sgd", "sparse_categorical_crossentropy")
    with pytest.raises(TypeError, match=f"{method} has no argument '{later}'"):
        getattr(model, method)(**{later: 1})


# The training flag ------------------------------------------------------------------------------------------------------

UNTOLD = ("ran in inference mode while gradients are recorded; say model\\(x, training=True\\) to train, training=False to "
          "silence this")


def with_dropout():
    return tv.Sequential([layers.Input((6, 5, 1)), layers.Conv2D(2, 2), layers.Dropout(0.5, name="drop"), layers.Flatten()])


def with_norm():
    return tv.Sequential([layers.Input((6, 5, 1)), layers.Conv2D(2, 2), layers.BatchNormalization(name="norm"),
                          layers.Dropout(0.5)])


def of_ones_own():
    class Net(tv.Model):
        def __init__(self):
            super().__init__()
            self.dense, self.drop = layers.Dense(3), layers.Dropout(0.5, name="drop")

        def call(self, x, training=False):
            return self.drop(self.dense(x), training=training)

    return Net()


@pytest.mark.parametrize("make, name", [
    (with_dropout, "drop \\(Dropout\\)"), (with_norm, "norm \\(BatchNormalization\\)"), (of_ones_own, "drop \\(Dropout\\)"),
    (lambda: tv.Sequential([with_dropout()]), "drop \\(Dropout\\)"),
    (lambda: layers.BatchNormalization(name="norm"), "norm \\(BatchNormalization\\)")], ids=range(5))
def test_a_forgotten_training_flag(make, name):
    model = make()
    with pytest.warns(UserWarning, match=f"{name} {UNTOLD}") as heard:
        model(IMAGES)
    assert len(heard) == 1 and heard[0].filename == __file__               # it points at the call
    silent(model, IMAGES)                                  # once is enough


@pytest.mark.parametrize("make", [with_dropout, with_norm, of_ones_own])
def test_where_no_flag_is_missing(make):
    for training in True, False:
        silent(make(), IMAGES, training=training)
    model = make()
    with tv.no_grad():
        silent(model, IMAGES)
    silent(model.predict, IMAGES)
    model.trainable = False
    silent(model, IMAGES)                                  # nothing is recorded
    silent(tv.Model, *(lambda x: (x, model(x)))(layers.Input((6, 5, 1))))
    model.trainable = True
    with pytest.warns(UserWarning, match=UNTOLD):          # and all this has not used the warning up
        model(IMAGES)


def test_layers_that_do_not_care():
    silent(classifier(), IMAGES)
    frozen = tv.Sequential([layers.Input((6, 5, 1)), layers.BatchNormalization(trainable=False), layers.Conv2D(2, 2)])
    silent(frozen, IMAGES)


def test_fit_says_the_flag():
    model = tv.Sequential([layers.Dropout(0.5), layers.Flatten(), layers.Dense(3, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    silent(model.fit, IMAGES, CLASSES, validation_split=0.25, verbose=0)
    silent(model.evaluate, IMAGES, CLASSES, verbose=0)
    silent(model.train_on_batch, IMAGES, CLASSES)


# Data that are no batches -------------------------------------------------------------------------------------------------

SAMPLES = Dataset.from_tensor_slices((IMAGES, CLASSES))
ONE_HOT = Dataset.from_tensor_slices((IMAGES, np.eye(3, dtype="float32")[CLASSES]))


def lazy():
    return tv.Sequential([layers.Conv2D(2, 3), layers.Flatten(), layers.Dense(3, activation="softmax")])


def learner(model, loss="sparse_categorical_crossentropy"):
    model.compile("sgd", loss)
    return model


class Loader:
    """An iterable of one's own."""

    def __init__(self, found):
        self.found = iter(found)

    def __iter__(self):
        return self.found


@pytest.mark.parametrize("make", [softmax, lazy, lambda: tv.Sequential([layers.Flatten(), layers.Dense(3, activation="softmax")])])
@pytest.mark.parametrize("method", ["fit", "evaluate"])
def test_a_dataset_without_batch(make, method):
    with pytest.raises(ValueError) as error:
        getattr(learner(make()), method)(SAMPLES, verbose=0)
    assert str(error.value) == (f"{method}: the data give single samples, ((6, 5, 1) float32, () int64), not batches: add .batch(32) to "
                                "the Dataset")


def test_a_dataset_without_batch_elsewhere():
    model = learner(softmax())
    with pytest.raises(ValueError, match=r"predict: the data give single samples, \(6, 5, 1\) float32, not batches: add .batch\(32\)"):
        model.predict(SAMPLES)
    with pytest.raises(ValueError, match="evaluate: the data give single samples, .*: add .batch"):
        model.fit(IMAGES, CLASSES, validation_data=SAMPLES, verbose=0)
    with pytest.raises(ValueError, match=r"fit: the data give single samples, \(\(6, 5, 1\) float32, \(3,\) float32\), not"):
        learner(softmax(), "categorical_crossentropy").fit(ONE_HOT, verbose=0)


@pytest.mark.parametrize("data", [lambda: zip(IMAGES, CLASSES), lambda: list(zip(IMAGES, CLASSES)), lambda: Loader(zip(IMAGES, CLASSES)),
                                  lambda: ((x, int(y)) for x, y in zip(IMAGES, CLASSES))])
def test_iterables_of_samples(data):
    with pytest.raises(ValueError, match=r"fit: the data give single samples, .*, not batches: give arrays of several samples, along a "
                                         r"first axis; a Dataset of samples makes them by .batch\(32\)"):
        learner(softmax()).fit(data(), verbose=0)


def test_dictionaries_of_samples():
    inputs = [layers.Input((4,), name=name) for name in "ab"]
    model = learner(tv.Model(inputs, layers.Dense(1)(layers.Concatenate()(inputs))), "mse")
    x = RNG.random((8, 4), np.float32)
    samples = Dataset.from_tensor_slices(({"a": x, "b": x}, x[:, :1]))
    with pytest.raises(ValueError, match=r"samples, \(\{'a': \(4,\) float32, 'b': \(4,\) float32\}, \(1,\) float32\), not batches: add"):
        model.fit(samples, verbose=0)
    silent(model.fit, samples.batch(4), validation_data=samples.batch(3), epochs=2, verbose=0)
    assert silent(model.predict, Dataset.from_tensor_slices({"a": x, "b": x}).batch(4)).shape == (8, 1)


def test_what_may_be_a_sample_is_noted():
    """Where no Input tells the shape of one."""
    with pytest.raises(ValueError, match="expects images") as error:
        learner(lazy(), "categorical_crossentropy").fit(ONE_HOT, verbose=0)
    assert error.value.__notes__ == ["The data gave ((6, 5, 1) float32, (3,) float32). If that is a single sample, not a batch: add "
                                     ".batch(32) to the Dataset"]
    with pytest.raises(ValueError, match="expects images") as error:
        learner(lazy()).predict(Dataset.from_tensor_slices(IMAGES))
    assert "The data gave (6, 5, 1) float32. If that" in error.value.__notes__[0]


def test_other_errors_stay_as_they_are():
    """Of arrays, of batches that are batches, and of functions of one's own."""
    model = learner(softmax())
    with pytest.raises(ValueError, match=r"got \(6, 5, 1\); one sample needs a batch axis: x\[None\]"):
        model.train_on_batch(IMAGES[0], CLASSES[:1])
    with pytest.raises(ValueError, match=r"got \(6, 5, 1\); one sample needs a batch axis: x\[None\]$") as error:
        model.fit(IMAGES[0], np.zeros(6), verbose=0)
    assert not hasattr(error.value, "__notes__")
    with pytest.raises(ValueError, match=r"input_layer.*, got \(4, 1, 1\)$") as error:
        model.fit(Dataset.from_tensor_slices((IMAGES[:, :1, 0], CLASSES)).batch(4), verbose=0)
    assert not hasattr(error.value, "__notes__")
    with pytest.raises(ValueError, match="a batch is x, .* got 4 parts") as error:
        model.fit([(IMAGES, CLASSES, CLASSES, CLASSES)], verbose=0)
    assert error.value.__context__ is None

    def broken(y_true, y_pred):
        raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine") as error:
        learner(softmax(), broken).fit(SAMPLES.batch(4), verbose=0)
    assert not hasattr(error.value, "__notes__") and not hasattr(error.value, "failed_batch")


@pytest.mark.parametrize("data, reason", [
    (lambda: SAMPLES.batch(4).take(0), "take, skip or filter leaves nothing of the Dataset, batch.*got less than n samples"),
    (lambda: SAMPLES.filter(lambda x, y: False).batch(4), "take, skip or filter leaves nothing of the Dataset"),
    (lambda: SAMPLES.batch(32, drop_remainder=True), "take, skip or filter leaves nothing of the Dataset"),
    (lambda: [], "there is nothing in them"), (lambda: iter([]), "a generator can be gone through only once; give a list or a Dataset"),
    (lambda: Loader([]), "each call of Loader.__iter__ is to begin anew")], ids=range(6))
def test_data_that_give_no_batches(data, reason):
    model = learner(softmax())
    for method, where in ("fit", " in epoch 1"), ("evaluate", ""), ("predict", ""):
        with pytest.raises(ValueError, match=f"^{method}: the data gave no batches{where}: {reason}"):
            getattr(model, method)(data(), verbose=0)
    with pytest.raises(ValueError, match=f"gave no batches: {reason}"):
        model.fit(IMAGES, CLASSES, validation_data=data(), verbose=0)
    for steps in 1, 3:
        with pytest.raises(ValueError, match=f"gave no batches in epoch 1: {reason}"):
            model.fit(data(), steps_per_epoch=steps, verbose=0)
