"""Files: a model comes back as it was, also with its optimizer; Keras opens what was saved; bad files are named."""
import io
import json
import os
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest

import tinyvision as keras
from tinyvision import layers
from tinyvision.files import replacing
from tinyvision.models import load_model
from tinyvision.models.saving.optimizer_state import optimizer_arrays, set_optimizer_arrays
from tinyvision.serialization import serialize

rng = np.random.default_rng(0)
x, y = rng.random((12, 9, 8, 1), "float32"), np.arange(12) % 3


def branched(framework=keras, kinds=layers):
    """A functional model with a branch, a layer used twice, and weights that are not trained."""
    inputs = framework.Input((9, 8, 1))
    a = kinds.Conv2D(4, 3, activation="relu")(inputs)
    a = kinds.BatchNormalization()(a)
    shared = kinds.Conv2D(4, (1, 1))
    b = shared(shared(a))
    a = kinds.Dropout(0.5)(kinds.Add()([a, b]))
    a = kinds.Flatten()(kinds.MaxPooling2D()(a))
    return framework.Model(inputs, kinds.Dense(3, activation="softmax")(a))


def chain():
    return keras.Sequential([keras.Input((9, 8, 1)), layers.Rescaling(2.0, -1.0), layers.Conv2D(4, (3, 2), strides=2, padding="same"),
                             layers.ReLU(), layers.GlobalAveragePooling2D(), keras.Sequential([layers.Dense(5), layers.Dense(3)]),
                             layers.Softmax()])


class Blocks(keras.Model):
    """A model of a user's own, with layers in a list."""

    def __init__(self, width=4, **settings):
        super().__init__(**settings)
        self.blocks = [layers.Dense(width, activation="tanh"), layers.Dense(width)]
        self.start, self.end = layers.Flatten(), layers.Dense(3, activation="softmax")

    def call(self, inputs):
        a = self.start(inputs)
        for block in self.blocks:
            a = block(a)
        return self.end(a)


def trained(model, optimizer="rmsprop"):
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x, y, epochs=2, batch_size=5, verbose=0)
    return model


@pytest.mark.parametrize("make", [branched, chain, Blocks])
@pytest.mark.parametrize("optimizer", ["sgd", "rmsprop", "adam", keras.optimizers.SGD(0.1, momentum=0.9),
                                       keras.optimizers.RMSprop(momentum=0.5, centered=True), keras.optimizers.Adam(amsgrad=True)],
                         ids=lambda o: o if isinstance(o, str) else f"{o.name} with options")
def test_a_model_comes_back_and_trains_on_as_if_never_saved(make, optimizer, tmp_path):
    model = trained(make(), optimizer if isinstance(optimizer, str) else type(optimizer).from_config(optimizer.get_config()))
    model.optimizer.learning_rate = 0.002
    model.save(tmp_path / "model.keras")
    other = load_model(tmp_path / "model.keras", custom_objects={"Blocks": Blocks})
    np.testing.assert_array_equal(other.predict(x), model.predict(x))
    assert [w.name for w in other.weights] == [w.name for w in model.weights]
    assert other.optimizer.get_config() == model.optimizer.get_config()
    assert other.optimizer.iterations == model.optimizer.iterations == 6
    for m in (model, other):
        if make is branched:
            m.get_layer(index=-4).rate = 0.0               # dropout draws from streams of its own
        m.fit(x, y, verbose=0, shuffle=False, epochs=2)
    for a, b in zip(other.get_weights(), model.get_weights()):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-7)
    assert other.evaluate(x, y, verbose=0) == pytest.approx(model.evaluate(x, y, verbose=0), rel=1e-5)


OPTIMIZERS = {                                             # of either home
    "SGD": lambda o: o.SGD(0.1), "SGD momentum": lambda o: o.SGD(0.1, momentum=0.9),
    "RMSprop": lambda o: o.RMSprop(0.01), "RMSprop all": lambda o: o.RMSprop(0.01, momentum=0.5, centered=True),
    "Adam": lambda o: o.Adam(0.01), "Adam amsgrad": lambda o: o.Adam(0.01, amsgrad=True, clipnorm=1.0),
    "AdamW": lambda o: o.AdamW(0.01, weight_decay=0.1), "Adamax": lambda o: o.Adamax(0.01), "Nadam": lambda o: o.Nadam(0.01),
    "Adagrad": lambda o: o.Adagrad(0.1), "Adadelta": lambda o: o.Adadelta(1.0), "Lion": lambda o: o.Lion(0.001),
    "Lamb": lambda o: o.Lamb(0.01),
    "averages": lambda o: o.Adam(0.01, use_ema=True, ema_momentum=0.8), "gathered": lambda o: o.Adam(0.01, gradient_accumulation_steps=4),
    "schedule": lambda o: o.Nadam(o.schedules.CosineDecay(0.1, 10), use_ema=True, gradient_accumulation_steps=4),
    "pieces": lambda o: o.SGD(o.schedules.PiecewiseConstantDecay([2, 5], [0.1, 0.05, 0.01]), momentum=0.9),
}
every_optimizer = pytest.mark.parametrize("optimizer", OPTIMIZERS)


def small(framework=keras):
    """A model of two layers, always with the same weights."""
    model = framework.Sequential([framework.Input((9, 8, 1)), framework.layers.Flatten(), framework.layers.Dense(4, activation="tanh"),
                                  framework.layers.Dense(3, activation="softmax")])
    model.set_weights([np.random.default_rng(i).normal(0, 0.1, w.shape) for i, w in enumerate(model.get_weights())])
    return model


def remembered(model):
    return [np.array(a) for a in optimizer_arrays(model)]


def trained_plainly(model, optimizer):
    model.compile(optimizer, "sparse_categorical_crossentropy")
    model.fit(x, y, epochs=2, batch_size=5, verbose=0, shuffle=False)      # six batches
    return model


@every_optimizer
def test_what_an_optimizer_remembers_comes_back_bit_by_bit(optimizer, tmp_path):
    """And is saved again as it was; and training goes on as if the model had never been saved."""
    model = trained_plainly(small(), OPTIMIZERS[optimizer](keras.optimizers))
    model.save(tmp_path / "a.keras")
    other = load_model(tmp_path / "a.keras")
    other.save(tmp_path / "b.keras")
    for again in other, load_model(tmp_path / "b.keras"):
        assert len(remembered(again)) == len(remembered(model))
        for a, b in zip(remembered(again), remembered(model)):
            np.testing.assert_array_equal(a, b, strict=True)
        assert serialize(again.optimizer.get_config()) == serialize(model.optimizer.get_config())
        assert (again.optimizer.calls, again.optimizer.iterations) == (model.optimizer.calls, model.optimizer.iterations)
    for m in (model, other):
        m.fit(x, y, epochs=2, batch_size=5, verbose=0, shuffle=False)
    for a, b in zip(other.get_weights(), model.get_weights()):
        np.testing.assert_array_equal(a, b)


@every_optimizer
def test_optimizers_go_on_in_keras_and_come_from_there(optimizer, tmp_path, keras_reference):
    """What is remembered lies in the same order; and the next steps are the same."""
    import h5py
    ours = trained_plainly(small(), OPTIMIZERS[optimizer](keras.optimizers))
    theirs = trained_plainly(small(keras_reference), OPTIMIZERS[optimizer](keras_reference.optimizers))
    ours.save(tmp_path / "ours.keras")
    theirs.save(tmp_path / "theirs.keras")
    there, here = keras_reference.models.load_model(tmp_path / "ours.keras"), small()
    here.compile(OPTIMIZERS[optimizer](keras.optimizers), "sparse_categorical_crossentropy")
    here.load_weights(tmp_path / "theirs.keras")
    with zipfile.ZipFile(tmp_path / "theirs.keras") as archive, h5py.File(io.BytesIO(archive.read("model.weights.h5"))) as file:
        set_optimizer_arrays(here, [file[f"optimizer/vars/{i}"][()] for i in range(len(file["optimizer/vars"]))])
    for a, b in zip(remembered(ours), there.optimizer.variables, strict=True):
        np.testing.assert_allclose(a, np.asarray(b.value), rtol=1e-6)
    for a, b in zip(remembered(here), theirs.optimizer.variables, strict=True):
        np.testing.assert_allclose(a, np.asarray(b.value), rtol=1e-6)
    both = (theirs, there) if not ours.optimizer.use_ema else ()           # Keras 3.15 on JAX cannot go on with averages: it raises
    for model in (ours, here, *both):
        model.fit(x, y, epochs=1, batch_size=5, verbose=0, shuffle=False)
    for model in (here, *both):
        for a, b in zip(model.get_weights(), ours.get_weights(), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4 if optimizer != "Lion" else 3e-3)       # Lion: signs of small sums


def test_an_optimizer_that_remembers_other_things_starts_afresh(tmp_path):
    import h5py
    model = trained_plainly(small(), "adam")
    model.save(tmp_path / "a.keras")
    weights = io.BytesIO()
    with zipfile.ZipFile(tmp_path / "a.keras") as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    weights.write(parts["model.weights.h5"])
    with h5py.File(weights, "a") as file:
        del file["optimizer/vars/9"]
    with zipfile.ZipFile(tmp_path / "b.keras", "w") as archive:
        for name, content in {**parts, "model.weights.h5": weights.getvalue()}.items():
            archive.writestr(name, content)
    with pytest.warns(UserWarning, match="than this Adam does, in 7 arrays, not 8: the optimizer starts afresh") as caught:
        other = load_model(tmp_path / "b.keras")
    assert caught[0].filename == __file__
    assert other.optimizer.iterations == 0 and len(remembered(model)) == 10
    np.testing.assert_array_equal(other.predict(x), model.predict(x))


def test_a_schedule_of_ones_own_comes_back(tmp_path):
    class Halving(keras.optimizers.schedules.LearningRateSchedule):
        def __init__(self, steps):
            self.steps = steps

        def __call__(self, step):
            return 0.1 * 0.5 ** (step // self.steps)

    model = trained_plainly(small(), keras.optimizers.Adam(Halving(steps=2)))
    model.save(tmp_path / "a.keras")
    other = load_model(tmp_path / "a.keras", custom_objects={"Halving": Halving})
    assert other.optimizer.learning_rate == model.optimizer.learning_rate == 0.1 / 8
    with pytest.raises(ValueError, match="no class 'Halving'.*custom_objects"):
        load_model(tmp_path / "a.keras")


@pytest.mark.parametrize("make", [branched, chain])
def test_keras_opens_the_file(make, tmp_path, keras_reference):
    model = trained(make(), "adam")
    model.save(tmp_path / "model.keras")
    other = keras_reference.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(other.predict(x, verbose=0), model.predict(x), rtol=1e-5, atol=1e-6)
    assert int(np.asarray(other.optimizer.iterations)) == 6


@pytest.fixture
def keras_reference(request):
    return request.getfixturevalue("keras")


def test_a_small_file_holds_half_floats_and_no_optimizer(tmp_path):
    model = trained(branched(), "adam")
    model.save(tmp_path / "whole.keras")
    model.save(tmp_path / "small.keras", include_optimizer=False, weights_dtype="float16")
    again = load_model(tmp_path / "small.keras")
    for weight, other in zip(model.weights, again.weights):
        assert other.dtype == np.float32
        np.testing.assert_array_equal(other.numpy(), weight.numpy().astype("float16").astype("float32"))
    assert type(again.optimizer) is type(model.optimizer) and again.optimizer.iterations == 0
    again.fit(x, y, verbose=0)                             # a new start

    def stored(name):
        with zipfile.ZipFile(tmp_path / name) as archive, h5py.File(io.BytesIO(archive.read("model.weights.h5"))) as file:
            sizes = []
            file.visititems(lambda place, item: sizes.append(item.nbytes) if isinstance(item, h5py.Dataset) else None)
            return sum(sizes)
    weights = sum(weight.data.nbytes for weight in model.weights)
    assert stored("small.keras") == weights / 2 and stored("whole.keras") > 2.5 * weights            # Adam keeps two moments


def test_keras_opens_a_small_file(tmp_path, keras_reference):
    model = trained(branched(), "adam")
    model.save(tmp_path / "small.keras", include_optimizer=False, weights_dtype="float16")
    theirs = keras_reference.models.load_model(tmp_path / "small.keras")
    np.testing.assert_allclose(theirs.predict(x, verbose=0), load_model(tmp_path / "small.keras").predict(x, verbose=0), atol=1e-6)


def test_half_floats_must_have_room_for_the_weights(tmp_path):
    model = branched()
    model.get_layer(index=1).set_weights([0 * w + 1e5 for w in model.get_layer(index=1).get_weights()])
    with pytest.raises(ValueError, match=r"kernel holds 100000, more than float16 can: the most is 65504"):
        model.save(tmp_path / "small.keras", weights_dtype="float16")
    with pytest.raises(ValueError, match="weights_dtype is 'float16', 'float32', 'float64' or None, got 'half'"):
        model.save(tmp_path / "small.keras", weights_dtype="half")
    assert not list(tmp_path.iterdir())


def test_weights_alone(tmp_path):
    model, other = trained(branched()), branched()
    model.save_weights(tmp_path / "a.weights.h5")
    other.load_weights(tmp_path / "a.weights.h5")
    np.testing.assert_array_equal(other.predict(x), model.predict(x))
    model.save(tmp_path / "a.keras")
    third = branched()
    third.load_weights(tmp_path / "a.keras")
    np.testing.assert_array_equal(third.predict(x), model.predict(x))


def test_layers_of_ones_own_with_layers_inside(tmp_path):
    class Twice(layers.Layer):
        def __init__(self, units, **settings):
            super().__init__(**settings)
            self.units, self.inner = units, {"dense": layers.Dense(units), "norm": layers.BatchNormalization()}

        def call(self, inputs):
            return self.inner["norm"](self.inner["dense"](inputs))

    model = keras.Sequential([keras.Input((6,)), Twice(4), layers.Dense(2)])
    model.set_weights([rng.random(w.shape) for w in model.weights])
    model.save(tmp_path / "a.keras")
    other = load_model(tmp_path / "a.keras", custom_objects={"Twice": Twice})
    np.testing.assert_array_equal(other.predict(np.ones((2, 6))), model.predict(np.ones((2, 6))))
    with pytest.raises(ValueError, match="class 'Twice'.*custom_objects"):
        load_model(tmp_path / "a.keras")


def test_losses_and_metrics_of_ones_own(tmp_path):
    def my_loss(y_true, y_pred):
        return keras.ops.mean((y_true - y_pred) ** 4, axis=-1)

    model = keras.Sequential([keras.Input((3,)), layers.Dense(1)])
    model.compile("sgd", my_loss, metrics=["mse"])
    model.save(tmp_path / "a.keras")
    with pytest.raises(ValueError, match="the function 'my_loss' is none .* custom_objects={'my_loss': ...}"):
        load_model(tmp_path / "a.keras")
    other = load_model(tmp_path / "a.keras", custom_objects={"my_loss": my_loss})
    data = np.ones((4, 3)), np.zeros((4, 1))
    assert other.evaluate(*data, verbose=0) == model.evaluate(*data, verbose=0)
    assert load_model(tmp_path / "a.keras", compile=False).optimizer is None


def test_several_inputs_and_outputs_and_frozen_layers(tmp_path):
    first, second = keras.Input((3,), name="first"), keras.Input((2,), name="second")
    joined = layers.Concatenate()([layers.Dense(4, name="a")(first), second])
    model = keras.Model({"first": first, "second": second}, [layers.Dense(2, name="b")(joined), joined])
    model.get_layer("a").trainable = False
    model.save(tmp_path / "a.keras")
    other = load_model(tmp_path / "a.keras")
    data = {"first": rng.random((5, 3)), "second": rng.random((5, 2))}
    for a, b in zip(other.predict(data), model.predict(data)):
        np.testing.assert_array_equal(a, b)
    assert len(other.trainable_weights) == 2 and not other.get_layer("a").trainable


def test_nothing_is_lost_when_saving_fails(tmp_path, monkeypatch):
    model, path = trained(chain()), tmp_path / "model.keras"
    model.save(path)
    before = path.read_bytes()

    def broken(*arguments):
        raise KeyboardInterrupt
    monkeypatch.setattr(zipfile.ZipFile, "writestr", broken)
    with pytest.raises(KeyboardInterrupt):
        model.save(path)
    monkeypatch.undo()
    assert path.read_bytes() == before and os.listdir(tmp_path) == ["model.keras"]


@pytest.mark.parametrize("name", ["model.weights.h5", "model.safetensors"])
def test_nothing_is_lost_when_writing_weights_fails(name, tmp_path, monkeypatch):
    model, path = chain(), tmp_path / name
    model.save_weights(path)
    before = path.read_bytes()
    numpy, calls = type(model.weights[0]).numpy, []

    def broken(weight):
        calls.append(weight)
        if len(calls) > 2:
            raise KeyboardInterrupt
        return numpy(weight)
    monkeypatch.setattr(type(model.weights[0]), "numpy", broken)
    with pytest.raises(KeyboardInterrupt):
        model.save_weights(path)
    monkeypatch.undo()
    assert path.read_bytes() == before and os.listdir(tmp_path) == [name]


def test_errors(tmp_path):
    model = chain()
    with pytest.raises(ValueError, match="must end in '.keras'"):
        model.save(tmp_path / "model.h5")
    with pytest.raises(FileNotFoundError, match="there is no file"):
        load_model(tmp_path / "model.keras")
    (tmp_path / "text.keras").write_text("hello")
    with pytest.raises(ValueError, match="is no .keras file"):
        load_model(tmp_path / "text.keras")
    with zipfile.ZipFile(tmp_path / "half.keras", "w") as archive:
        archive.writestr("config.json", json.dumps({}))
    with pytest.raises(ValueError, match="lacks model.weights.h5"):
        load_model(tmp_path / "half.keras")
    model.save(tmp_path / "model.keras")
    with pytest.raises(FileExistsError, match="overwrite is False"):
        model.save(tmp_path / "model.keras", overwrite=False)
    other = keras.Sequential([keras.Input((4,)), layers.Dense(2)])
    before = other.get_weights()
    model.save_weights(tmp_path / "a.weights.h5")
    with pytest.raises(ValueError, match="no layer for the weights at /layers/conv2d .and 1 more"):
        other.load_weights(tmp_path / "a.weights.h5")
    for a, b in zip(before, other.get_weights()):
        np.testing.assert_array_equal(a, b)


def test_replacing_keeps_what_was_there(tmp_path):
    path = tmp_path / "folder" / "a.txt"
    with replacing(path) as temporary:
        temporary.write_text("first")
    with pytest.raises(RuntimeError):
        with replacing(path) as temporary:
            temporary.write_text("second")
            raise RuntimeError
    assert path.read_text() == "first" and os.listdir(path.parent) == ["a.txt"]


def test_a_layer_that_was_passed_as_an_argument_is_written_once(tmp_path):
    import h5py

    class Around(layers.Layer):
        def __init__(self, inner, **settings):
            super().__init__(**settings)
            self.inner = inner

        def call(self, inputs):
            return self.inner(inputs)

    model = keras.Sequential([keras.Input((3,)), Around(layers.Dense(2))])
    model.save_weights(tmp_path / "a.weights.h5")
    with h5py.File(tmp_path / "a.weights.h5") as file:
        assert set(file["layers/around"]) == {"vars", "inner"}


# Models that were lost on the way, or came back as others -----------------------------------------------------------------

def again(model, path, x, **how):
    """A model that was saved and read again, when it has been seen to predict the same."""
    model.save(path)
    found = keras.models.load_model(path, **how)
    np.testing.assert_array_equal(found.predict(x, verbose=0), model.predict(x, verbose=0))
    assert len(found.weights) == len(model.weights)
    return found


def test_a_model_in_a_wrapper(tmp_path):
    a = keras.Input((4,))
    for inner in (keras.Model(a, layers.Dense(3)(a)), keras.Sequential([keras.Input((4,)), layers.Dense(3)]), keras.Sequential([layers.Dense(3)])):
        inputs = keras.Input((5, 4))
        again(keras.Model(inputs, layers.TimeDistributed(inner)(inputs)), tmp_path / "a.keras", np.ones((2, 5, 4)))


def test_a_layer_in_a_model_and_in_a_wrapper_stays_one(tmp_path):
    dense, inputs, series = layers.Dense(4), keras.Input((4,)), keras.Input((5, 4))
    model = keras.Model([inputs, series], [dense(inputs), layers.TimeDistributed(dense)(series)])
    model.save(tmp_path / "a.keras")
    found = keras.models.load_model(tmp_path / "a.keras")
    assert len(found.weights) == len(model.weights) == 2


def test_a_model_that_begins_amid_another(tmp_path):
    inputs = keras.Input((4,))
    hidden = layers.Dense(3, name="a")(inputs)
    whole = keras.Model(inputs, layers.Dense(2, name="b")(hidden))
    again(keras.Model(whole.get_layer("a").output, whole.output), tmp_path / "a.keras", np.ones((2, 3)))


def test_what_is_frozen_stays_so_and_nothing_else(tmp_path):
    for inner in (lambda a: keras.Model(a, layers.Dense(3)(layers.Dense(3)(a))),
                  lambda a: keras.Sequential([keras.Input((4,)), layers.Dense(3, name="x"), layers.Dense(3, name="y")])):
        base = inner(keras.Input((4,)))
        base.trainable = False
        base.layers[-1].trainable = True
        model = keras.Sequential([keras.Input((4,)), base, layers.Dense(1)])
        model.compile("adam", "mse")
        model.train_on_batch(np.ones((2, 4)), np.ones((2, 1)))
        found = again(model, tmp_path / "a.keras", np.ones((2, 4)))
        assert [w.path for w in found.trainable_weights] == [w.path for w in model.trainable_weights]
        assert not found.layers[0].trainable
        assert found.optimizer.calls == 1                  # its state fits what can be trained


def test_the_shape_of_a_first_batch_is_no_promise(tmp_path):
    model = keras.Sequential([layers.Conv2D(2, 3), layers.GlobalAveragePooling2D()])
    model.predict(np.ones((1, 8, 8, 1)), verbose=0)
    found = again(model, tmp_path / "a.keras", np.ones((2, 8, 8, 1)))
    np.testing.assert_array_equal(found.predict(np.ones((1, 9, 9, 1)), verbose=0), model.predict(np.ones((1, 9, 9, 1)), verbose=0))


def test_a_sequential_of_a_class_of_ones_own(tmp_path):
    class Chain(keras.Sequential):
        pass

    model = Chain([keras.Input((4,)), layers.Dense(3)])
    assert type(again(model, tmp_path / "a.keras", np.ones((2, 4)), custom_objects={"Chain": Chain})) is Chain


def test_a_model_that_takes_a_dictionary(tmp_path):
    class Two(keras.Model):
        def __init__(self, **settings):
            super().__init__(**settings)
            self.dense = layers.Dense(3)

        def call(self, x):
            return self.dense(x["a"]) + self.dense(x["b"])

    model, x = Two(), {"a": np.ones((2, 4), "float32"), "b": np.ones((2, 4), "float32")}
    model(x)
    again(model, tmp_path / "a.keras", x, custom_objects={"Two": Two})


def test_weights_of_one_name_and_scalars_in_safetensors(tmp_path):
    class Block(layers.Layer):
        def build(self, shape):
            self.parts = [self.add_weight((2,), "ones", name=name) for name in ("w", "w", "w_1")] + [self.add_weight((), "ones", name="s")]
            self.layers, self.dense = [layers.Dense(3)], layers.Dense(3)

        def call(self, x):
            return self.dense(self.layers[0](x)) * self.parts[3]

    model = keras.Sequential([keras.Input((4,)), Block()])
    model.predict(np.ones((1, 4)), verbose=0)
    values = [np.random.default_rng(i).random(w.shape) for i, w in enumerate(model.weights)]
    model.set_weights(values)
    model.save_weights(tmp_path / "a.safetensors")
    model.set_weights([np.zeros_like(v) for v in values])
    model.load_weights(tmp_path / "a.safetensors")
    for found, value in zip(model.get_weights(), values, strict=True):
        np.testing.assert_array_equal(found, value.astype("float32"))


def test_models_without_weights(tmp_path):
    model = keras.Sequential([keras.Input((4,)), layers.ReLU()])
    for name in "a.weights.h5", "a.safetensors":
        model.save_weights(tmp_path / name)
        model.load_weights(tmp_path / name)


def test_errors_of_a_layer_of_ones_own_are_its_own(tmp_path):
    """A file that the layer misses is not damage of the model's."""
    class Vocabulary(layers.Layer):
        def __init__(self, words, **settings):
            super().__init__(**settings)
            self.words = Path(words).read_text(encoding="utf-8")

        def call(self, x):
            return x

    (tmp_path / "words").write_text("a b")
    keras.Sequential([keras.Input((4,)), Vocabulary(str(tmp_path / "words"))]).save(tmp_path / "a.keras")
    (tmp_path / "words").unlink()
    with pytest.raises(FileNotFoundError, match="words"):
        keras.models.load_model(tmp_path / "a.keras", {"Vocabulary": Vocabulary})


def test_numbers_beyond_float16_are_found_beside_infinity(tmp_path):
    model = keras.Sequential([keras.Input((2,)), layers.Dense(1, use_bias=False)])
    model.set_weights([[[np.inf], [1e6]]])
    with pytest.raises(ValueError, match="holds 1e.06, more than float16 can"):
        model.save(tmp_path / "a.keras", weights_dtype="float16")


def test_a_link_leads_to_the_file_that_is_replaced(tmp_path):
    (tmp_path / "target.keras").write_text("older")
    (tmp_path / "link.keras").symlink_to(tmp_path / "target.keras")
    keras.Sequential([keras.Input((2,)), layers.Dense(1)]).save(tmp_path / "link.keras")
    assert (tmp_path / "link.keras").is_symlink()
    keras.models.load_model(tmp_path / "target.keras")
