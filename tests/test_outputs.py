"""Several outputs, weights of samples and classes, and what layers add to the loss: what each promises by itself, and errors."""
import warnings

import numpy as np
import pytest

import tinyvision as tv
from tinyvision import layers, losses, ops

X, CLASSES, NUMBERS = np.linspace(-1, 1, 24).reshape(8, 3), np.arange(8) % 3, np.linspace(0, 1, 16).reshape(8, 2)


def two_outputs(activation="softmax"):
    inputs = layers.Input((3,))
    return tv.Model(inputs, [layers.Dense(3, activation=activation, name="classes")(inputs), layers.Dense(2, name="numbers")(inputs)])


BY_NAME = {"classes": "sparse_categorical_crossentropy", "numbers": "mse"}


# Errors -------------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("settings, message", [
    (dict(loss=["mse"]), "loss: the outputs are classes, numbers: give a list of 2, or a dictionary, not a list of 1"),
    (dict(loss={"class": "mse", "numbers": "mse"}), "loss: there is no output 'class': did you mean 'classes'.* There is classes, numbers"),
    (dict(loss={"classes": "mse"}), "loss: numbers of the outputs classes, numbers is missing"),
    (dict(loss="mse", loss_weights=[1, 2, 3]), "loss_weights: .* not a list of 3"),
    (dict(loss="mse", metrics=["mse"]), "metrics: .* not a list of 1"),
    (dict(loss="mse", metrics={"nubers": ["mse"]}), "metrics: there is no output 'nubers': did you mean 'numbers'"),
    (dict(loss=["mse", "msee"]), "unknown loss 'msee'"),
    (dict(loss="mse", weighted_metrics=[["mse"], ["acuracy"]]), "unknown metric 'acuracy'")], ids=range(8))
def test_what_does_not_fit_the_outputs(settings, message):
    with pytest.raises(ValueError, match=message):
        two_outputs().compile("sgd", **settings)


def test_metrics_in_the_place_of_loss_weights():
    with pytest.raises(TypeError, match="loss_weights are numbers, got \\['accuracy'\\]; metrics come by name"):
        tv.Sequential([layers.Input((3,)), layers.Dense(2)]).compile("sgd", "mse", ["accuracy"])


def test_two_losses_for_one_output():
    model = tv.Sequential([layers.Input((3,)), layers.Dense(2, name="scores")])
    with pytest.raises(ValueError, match="loss: the outputs are scores: give a list of 1"):
        model.compile("sgd", loss=["mse", "mse"])


@pytest.mark.parametrize("y, message", [
    (CLASSES, "targets: the outputs are classes, numbers: give a list of 2, or a dictionary, not ndarray"),
    ({"classes": CLASSES}, "targets: numbers of the outputs classes, numbers is missing"),
    ({"classes": CLASSES, "numbers": NUMBERS, "more": NUMBERS}, "targets: there is no output 'more'"),
    ([CLASSES, NUMBERS, NUMBERS], "not a list of 3")], ids=range(4))
def test_targets_that_do_not_fit_the_outputs(y, message):
    model = two_outputs()
    model.compile("sgd", BY_NAME)
    with pytest.raises(ValueError, match=message):
        model.fit(X, y, verbose=0)


def test_a_softmax_before_logits_is_found_at_each_output():
    with pytest.raises(ValueError, match="classes ends in softmax, but the loss was told from_logits=True"):
        two_outputs().compile("sgd", [losses.SparseCategoricalCrossentropy(from_logits=True), "mse"])
    model = two_outputs(None)
    model.compile("sgd", BY_NAME)
    with pytest.warns(UserWarning, match="sparse_categorical_crossentropy takes probabilities, but the model returns"):
        model.fit(X, [CLASSES, NUMBERS], verbose=0)


@pytest.mark.parametrize("settings, error, message", [
    (dict(class_weight=[1, 2]), TypeError, "class_weight is a dictionary, {class number: weight}, got \\[1, 2\\]"),
    (dict(class_weight={0: 2.0}, sample_weight=np.ones(8)), ValueError, "give either class_weight or sample_weight"),
    (dict(sample_weight=np.ones(7)), ValueError, "must hold equally many samples, got \\[8\\] and \\[8\\] and \\[7\\]")], ids=range(3))
def test_weights_that_do_not_fit(settings, error, message):
    model = tv.Sequential([layers.Input((3,)), layers.Dense(3, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    with pytest.raises(error, match=message):
        model.fit(X, CLASSES, verbose=0, **settings)


def test_class_weights_for_several_outputs():
    model = two_outputs()
    model.compile("sgd", BY_NAME)
    with pytest.raises(ValueError, match="class_weight is for batches \\(x, y\\), y an array"):
        model.fit(X, [CLASSES, NUMBERS], class_weight={0: 2.0}, verbose=0)


@pytest.mark.parametrize("make, error, message", [
    (lambda: layers.Dense(3, kernel_regularizer="l3"), ValueError, "unknown regularizer 'l3'"),
    (lambda: layers.Dense(3, kernel_regulariser="l2"), TypeError, "did you mean 'kernel_regularizer'"),
    (lambda: layers.Dense(3, bias_constraint="non_negg"), ValueError, "unknown constraint"),
    (lambda: layers.Flatten(kernel_regularizer="l2"), TypeError, "Flatten has no argument 'kernel_regularizer'"),
    (lambda: tv.Model(activity_regularizer="l2"), TypeError, "no argument 'activity_regularizer'")], ids=range(5))
def test_regularizers_that_are_not_there(make, error, message):
    with pytest.raises(error, match=message):
        make()


# What is promised ---------------------------------------------------------------------------------------------------------

def test_a_model_of_ones_own_with_several_outputs():
    class Both(tv.Model):
        def __init__(self):
            super().__init__()
            self.classes, self.numbers = layers.Dense(3, activation="softmax"), layers.Dense(2)

        def call(self, x):
            return {"classes": self.classes(x), "numbers": self.numbers(x)}

    model = Both()
    model.compile("sgd", BY_NAME, metrics={"classes": ["accuracy"]})
    history = model.fit(X, {"numbers": NUMBERS, "classes": CLASSES}, epochs=2, verbose=0).history
    assert list(history) == ["loss", "classes_loss", "numbers_loss", "classes_accuracy"]
    np.testing.assert_allclose(history["loss"], np.add(history["classes_loss"], history["numbers_loss"]), rtol=1e-6)


def test_a_file_keeps_what_was_compiled(tmp_path):
    model = two_outputs()
    model.compile("sgd", BY_NAME, loss_weights={"classes": 0.5}, metrics={"numbers": ["mse"]}, weighted_metrics={"numbers": ["mse"]})
    y = {"classes": CLASSES, "numbers": NUMBERS}
    model.fit(X, y, verbose=0)
    model.save(tmp_path / "two.keras")
    again = tv.models.load_model(tmp_path / "two.keras")
    assert again.evaluate(X, y, verbose=0, return_dict=True) == model.evaluate(X, y, verbose=0, return_dict=True)


def test_a_loss_of_zero_weight_teaches_nothing():
    model = two_outputs()
    model.compile("sgd", BY_NAME, loss_weights=[0.0, 1.0])
    before = [w.numpy().copy() for w in model.get_layer("classes").weights] if hasattr(model, "get_layer") else None
    model.fit(X, [CLASSES, NUMBERS], verbose=0)
    for a, b in zip(before, model.get_layer("classes").get_weights()):
        np.testing.assert_array_equal(a, b)


def test_losses_of_a_layer_are_those_of_its_last_call():
    layer = layers.Dense(2, activity_regularizer="l2", kernel_regularizer="l2")
    for x in X[:3], X[:3] * 2:
        y = layer(x, training=True)
        activity, weights = (loss.item() for loss in layer.losses)
        np.testing.assert_allclose(activity, 0.01 * (y.detach().numpy() ** 2).sum() / 3, rtol=1e-6)
        np.testing.assert_allclose(weights, 0.01 * (layer.kernel.numpy() ** 2).sum(), rtol=1e-6)


def test_what_a_layer_of_ones_own_adds_is_learned():
    class Calm(layers.Layer):
        def call(self, x):
            self.add_loss(10 * ops.sum(ops.square(x)))
            return x

    inputs = layers.Input((3,))
    model = tv.Model(inputs, Calm()(layers.Dense(2, use_bias=False)(inputs)))
    model.compile(tv.optimizers.SGD(1e-3))                 # no other loss
    x = np.random.default_rng(0).standard_normal((8, 3))
    model.fit(x, NUMBERS, epochs=200, verbose=0)
    assert np.abs(model.get_weights()[0]).max() < 0.01


def test_frozen_weights_are_not_regularized():
    layer = layers.Dense(2, kernel_regularizer="l2")
    layer(X)
    assert len(layer.losses) == 1
    layer.trainable = False
    assert not layer.losses


def test_an_activity_regularizer_is_not_lost_in_fused_layers():
    inputs = layers.Input((6, 6, 1))
    x = layers.Conv2D(2, 3, activity_regularizer="l1")(inputs)
    model = tv.Model(inputs, layers.MaxPooling2D(2)(layers.ReLU()(x)))
    images = np.ones((2, 6, 6, 1), "float32")
    model(images, training=True)
    bare = model.layers[1](images).detach().numpy()
    model(images, training=True)
    np.testing.assert_allclose(model.losses[0].item(), 0.01 * np.abs(bare).sum() / 2, rtol=1e-5)


def test_regularizers_that_are_none_cost_nothing():
    """As files of Keras have them: such a convolution runs in one go with what follows."""
    inputs = layers.Input((6, 6, 1))
    conv = layers.Conv2D(2, 3, activity_regularizer=None, kernel_regularizer=None)
    assert not conv.regularization and conv.get_config()["activity_regularizer"] is None
    model = tv.Model(inputs, layers.ReLU()(conv(inputs)))
    assert len(model._steps) == 1


def test_plain_training_is_not_disturbed():
    """One loss and a list of metrics go the short way."""
    model = tv.Sequential([layers.Input((3,)), layers.Dense(3, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    assert type(model.loss) is losses.SparseCategoricalCrossentropy
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(X, CLASSES, verbose=0)
