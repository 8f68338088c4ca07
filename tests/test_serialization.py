"""Objects that remember their arguments: their configs, their names, the form in which files hold them, and their errors."""
import inspect
import json

import numpy as np
import pytest

from tinyvision import activations, initializers, layers, losses, metrics, models, optimizers
from tinyvision.configurable import Configurable, argument_names, did_you_mean, find_class, get, snake_case, unknown
from tinyvision.serialization import deserialize, serialize

OWN_FILES = models.Model, models.Sequential                # their configs hold a graph: test_saving.py
BASES = {cls for cls in Configurable.families[layers.Layer].values() if not hasattr(layers, cls.__name__)}    # nobody makes one
CLASSES = sorted({cls for members in Configurable.families.values() for cls in members.values()} - {*OWN_FILES} - BASES,
                 key=lambda cls: (cls.__name__, cls.__module__))
NEEDED = {                                                 # a value for arguments without default, whatever class they are of
    "filters": 4, "kernel_size": 3, "units": 5, "rate": 0.25, "scale": 0.5, "target_shape": (2, 3), "activation": "relu",
    "shape": (8, 8, 3), "size": 2, "pool_size": 2, "padding": 1, "factor": 0.1, "height_factor": 0.2, "width_factor": 0.3, "mean": 0.5, "learning_rate": 0.1, "n": 2,
    "function": metrics.binary_accuracy, "fn": metrics.binary_accuracy, "target_class_ids": [0, 2], "specificity": 0.5,
    "sensitivity": 0.5, "recall": 0.5, "precision": 0.5, "stddev": 0.1, "height": 4,
    "width": 5, "input_dim": 6, "output_dim": 3, "axes": 1,
    "dims": (2, 1), "num_heads": 2, "key_dim": 3, "cropping": 1, "value": 1.5, "initial_learning_rate": 0.1, "decay_steps": 10,
    "first_decay_steps": 10,
    "decay_rate": 0.9, "boundaries": [5], "values": [0.1, 0.01], "max_value": 1.0, "layer": layers.GRU(2), "num_classes": 3,
    "equation": "abc,cd->abd", "output_shape": (None, 3), "cell": layers.LSTMCell(2),
}
CHOICES = {"padding": "same", "mode": "fan_out", "distribution": "uniform", "reduction": "sum",
           "kernel_initializer": "he_normal", "activation": "tanh", "name": "mine", "dtype": "float64", "seed": 3}
OF_FUNCTIONS = metrics.MeanMetricWrapper, losses.LossFunctionWrapper, layers.Lambda                     # which no JSON holds
NOT_WRITTEN = [(layers.SpatialDropout1D, "trainable"), (layers.SpatialDropout2D, "trainable"),         # Keras refuses it there
               (layers.Embedding, "mask_zero")]            # refused by us
PARTNERS = {"rows": "columns", (0, 1): (1,), "horizontal_and_vertical": "vertical"}               # of arguments whose name means different things in different classes


def needed(cls):
    """The least arguments that the class is made with."""
    parameters = list(inspect.signature(cls.__init__).parameters.values())[1:]
    least = [p.name for p in parameters if p.default is p.empty and p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    assert set(least) <= set(NEEDED), f"{cls.__name__} needs {least}: give this test an example of each"
    return {name: NEEDED[name] for name in least}


def defaults(cls):
    """{argument: default}, through **settings too."""
    found = {}
    for base in reversed(cls.__mro__):
        if "__init__" in vars(base) and base is not object:
            parameters = inspect.signature(base.__init__).parameters.values()
            found.update((p.name, p.default) for p in parameters if p.default is not p.empty)
    return {name: found[name] for name in argument_names(cls) if name in found}


def changed(name, default):
    """Another value than the default; None where there is no obvious one."""
    if isinstance(default, bool):
        return not default
    if isinstance(default, float):
        return default / 2 or 0.5
    if isinstance(default, (str, tuple)) and default in PARTNERS:
        return PARTNERS[default]
    if name in CHOICES and CHOICES[name] != default and not isinstance(default, (int, tuple)):
        return CHOICES[name]
    if isinstance(default, (tuple, list)) and all(isinstance(n, int) for n in default):
        return tuple(n + 1 for n in default)
    return None


def public(x):
    """What can be seen of an object: its plain attributes, except the number of its random stream."""
    plain = (bool, int, float, str, type(None), tuple)
    return {name: value for name, value in vars(x).items() if isinstance(value, plain) and name not in ("key", "_config")}


def written_and_read(x):
    return deserialize(json.loads(json.dumps(serialize(x))))


# Round trips --------------------------------------------------------------------------------------------------------------

def alike(x, y):
    assert type(x) is type(y)
    assert serialize(x) == serialize(y)
    for name, value in public(x).items():
        assert getattr(y, name) == value, name


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_a_config_makes_the_same_object_again(cls):
    x = cls(**needed(cls))
    alike(x, cls.from_config(x.get_config()))
    if cls not in OF_FUNCTIONS:
        alike(x, written_and_read(x))


ARGUMENTS = [(cls, name, changed(name, default)) for cls in CLASSES for name, default in defaults(cls).items()
             if changed(name, default) is not None and (cls, name) not in NOT_WRITTEN]


@pytest.mark.parametrize("cls, name, value", ARGUMENTS, ids=lambda p: getattr(p, "__name__", str(p)))
def test_no_argument_is_forgotten(cls, name, value):
    x = cls(**{**needed(cls), name: value})
    config = x.get_config()
    assert serialize(config[name]) == serialize(value)
    alike(x, cls.from_config(config))
    if cls not in OF_FUNCTIONS:
        y = written_and_read(x)
        alike(x, y)
        assert serialize(y.get_config()[name]) == serialize(value)


def test_a_config_is_a_copy():
    layer = layers.Dense(3)
    layer.get_config()["units"] = 5
    assert layer.get_config()["units"] == 3


def test_a_config_says_what_is_true_now():
    optimizer = optimizers.SGD(0.1)
    optimizer.learning_rate = 0.01
    assert optimizer.get_config()["learning_rate"] == 0.01
    layer = layers.Dense(3, name="scores")
    layer.trainable = False
    assert layer.get_config()["trainable"] is False and layers.Dense.from_config(layer.get_config()).trainable is False


def test_objects_inside_objects():
    layer = layers.Conv2D(4, 3, kernel_initializer=initializers.VarianceScaling(2.0, "fan_out", seed=3), activation="relu")
    again = written_and_read(layer)
    inner = again.get_config()["kernel_initializer"]
    assert isinstance(inner, initializers.VarianceScaling)
    x = np.ones((1, 5, 5, 2), np.float32)
    layer(x), again(x)
    np.testing.assert_array_equal(layer.get_weights()[0], again.get_weights()[0])
    assert again.activation is activations.get(activations.relu)


def test_the_form_of_keras():
    assert serialize(layers.Dropout(0.5, name="drop")) == {
        "module": "keras.layers", "class_name": "Dropout", "registered_name": None,
        "config": {"name": "drop", "trainable": True, "dtype": "float32", "rate": 0.5, "noise_shape": None, "seed": None}}
    assert serialize(optimizers.SGD())["module"] == "keras.optimizers"


# Values -------------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("value, expected", [
    (None, None), (True, True), (3, 3), (2.5, 2.5), ("text", "text"), ((1, 2), [1, 2]), ([1, (2, None)], [1, [2, None]]),
    ({"a": (1,)}, {"a": [1]}), (np.float32(0.5), 0.5), (np.int64(3), 3), (np.bool_(True), True),
    (np.dtype("float32"), "float32"), (np.float64, "float64"), (activations.get("relu"), "relu"),
    ([np.float64(1.5), {"b": np.uint8(2)}], [1.5, {"b": 2}]),
])
def test_values_are_written_as_json_holds_them(value, expected):
    found = serialize(value)
    assert found == expected and type(found) is type(expected)
    json.dumps(found)
    assert deserialize(found) == expected


@pytest.mark.parametrize("value", [np.ones(3), object(), 1j, b"bytes", {1, 2}])
def test_what_json_cannot_hold(value):
    with pytest.raises(TypeError, match=f"cannot write {type(value).__name__} .* into a config: give its class a get_config "
                                        "that returns numbers, text, lists and dictionaries"):
        serialize(value)
    with pytest.raises(TypeError, match="cannot write"):
        serialize(layers.Rescaling([value]))


def test_other_dictionaries_stay_what_they_are():
    assert deserialize({"class_name": "Dense"}) == {"class_name": "Dense"}
    assert deserialize({"a": [1, {"b": None}]}) == {"a": [1, {"b": None}]}
    found = deserialize({"first": serialize(layers.Dense(3, name="inner"))})
    assert found["first"].name == "inner"


def test_the_dtype_policies_of_keras():
    assert deserialize({"module": "keras", "class_name": "DTypePolicy", "config": {"name": "float32"}}) == "float32"


# Classes of one's own -----------------------------------------------------------------------------------------------------

class Scale(layers.Layer):
    """A layer that lives outside of tinyvision."""

    def __init__(self, start=1.0, inner=None, **settings):
        super().__init__(**settings)
        self.start, self.inner = start, inner

    def call(self, x):
        return x * self.start


def test_a_class_of_ones_own():
    layer = Scale(3.0, inner=Scale(0.5, name="inner"), name="outer")
    config = json.loads(json.dumps(serialize(layer)))
    assert config["module"] == __name__ and config["registered_name"] == config["class_name"] == "Scale"
    again = deserialize(config, custom_objects={"Scale": Scale})
    alike(layer, again)
    assert again.start == 3 and again.inner.start == 0.5 and again.inner.name == "inner"
    assert argument_names(Scale) == ["start", "inner", "name", "dtype", "trainable", "activity_regularizer"]


def test_a_class_that_is_not_known_is_refused():
    for name in ("Scale", "dense", "Densee", "object", "os.system", "_Random", "Layer", "Configurable", ""):
        with pytest.raises(ValueError, match=f"tinyvision has no class '{name}': one of your own is passed as custom_objects="):
            deserialize({"class_name": name, "config": {}})
    with pytest.raises(ValueError, match="tinyvision has no class 'Scale'"):
        deserialize([{"class_name": "Dense", "config": {"units": serialize(Scale())}}])
    with pytest.raises(ValueError, match="tinyvision has no class 'Scale'"):
        deserialize(serialize(Scale()), custom_objects={"Other": Scale})


def test_nothing_named_by_a_file_is_imported():
    config = {"module": "a_module_that_is_not_there", "class_name": "Dense", "config": {"units": 2}}
    assert deserialize(config).units == 2                  # the module is for Keras to read: only the name counts


def test_custom_objects_come_before_tinyvisions():
    class Dense(layers.Dense):
        pass

    assert type(deserialize(serialize(layers.Dense(2)), custom_objects={"Dense": Dense})) is Dense
    assert find_class("Dense") is layers.Dense             # and defining one does not replace tinyvision's


def test_find_class():
    for cls in CLASSES:
        assert find_class(cls.__name__, cls.__module__) is cls


# Names --------------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("name, cls", [
    ("rmsprop", optimizers.RMSprop), ("RMSprop", optimizers.RMSprop), ("sgd", optimizers.SGD), ("Adam", optimizers.Adam),
])
def test_optimizers_by_name(name, cls):
    assert type(optimizers.get(name)) is cls


@pytest.mark.parametrize("name, cls", [
    ("mse", losses.MeanSquaredError), ("mean_squared_error", losses.MeanSquaredError), ("bce", losses.BinaryCrossentropy),
    ("MeanSquaredError", losses.MeanSquaredError), ("sparse_categorical_crossentropy", losses.SparseCategoricalCrossentropy),
    ("categorical_crossentropy", losses.CategoricalCrossentropy),
])
def test_losses_by_name(name, cls):
    assert type(losses.get(name)) is cls


@pytest.mark.parametrize("name, cls", [
    ("accuracy", metrics.MeanMetricWrapper), ("acc", metrics.MeanMetricWrapper), ("mean", metrics.Mean),
    ("binary_accuracy", metrics.BinaryAccuracy),
    ("sparse_categorical_accuracy", metrics.SparseCategoricalAccuracy), ("CategoricalAccuracy", metrics.CategoricalAccuracy),
    ("glorot_uniform", initializers.GlorotUniform), ("HeNormal", initializers.HeNormal), ("zeros", initializers.Zeros),
])
def test_metrics_and_initializers_by_name(name, cls):
    assert type((metrics if issubclass(cls, metrics.Metric) else initializers).get(name)) is cls


def test_a_name_may_stand_for_a_class_only_in_its_family():
    with pytest.raises(ValueError, match="unknown optimizer 'mse'"):
        optimizers.get("mse")


def test_whatever_stands_for_an_object():
    adam = optimizers.Adam(0.1)
    assert get(optimizers.Optimizer, adam) is adam
    assert type(get(optimizers.Optimizer, optimizers.Adam)) is optimizers.Adam
    again = get(optimizers.Optimizer, serialize(adam))
    assert type(again) is optimizers.Adam and again.learning_rate == 0.1
    function = lambda shape, dtype: np.ones(shape, dtype)
    assert get(initializers.Initializer, function) is function
    for bad in (3, None, [1]):
        with pytest.raises(TypeError, match="expected optimizer: a name, an object or a function, got "):
            get(optimizers.Optimizer, bad)


@pytest.mark.parametrize("call, message", [
    (lambda: optimizers.get("rmsporp"), r"unknown optimizer 'rmsporp': did you mean 'rmsprop'\? There is .*adam, .*rmsprop"),
    (lambda: optimizers.get("Adamm"), r"unknown optimizer 'Adamm': did you mean 'adam'\?"),
    (lambda: optimizers.get("xyz"), r"unknown optimizer 'xyz'\. There is .*adam, "),
    (lambda: losses.get("mean_square_error"), r"unknown loss 'mean_square_error': did you mean 'mean_squared_error'\?"),
    (lambda: metrics.get("acuracy"), r"unknown metric 'acuracy': did you mean 'accuracy'\?"),
    (lambda: initializers.get("glorot"), "unknown initializer 'glorot'"),
    (lambda: activations.get("rellu"), r"unknown activation 'rellu': did you mean 'relu'\? There is .*relu.*tanh"),
])
def test_unknown_names(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_did_you_mean():
    assert did_you_mean("filtres", ["filters", "units"]) == ": did you mean 'filters'?"
    assert did_you_mean("zzz", ["filters", "units"]) == ""
    assert str(unknown("fruit", "aple", ["fig", "apple"])) == "unknown fruit 'aple': did you mean 'apple'? There is apple, fig"


@pytest.mark.parametrize("name, expected", [
    ("MaxPooling2D", "max_pooling2d"), ("Conv2D", "conv2d"), ("SGD", "sgd"), ("Dense", "dense"), ("ReLU", "re_lu"),
    ("BatchNormalization", "batch_normalization"), ("Conv2DTranspose", "conv2d_transpose"), ("MyLayer", "my_layer"),
    ("GlobalAveragePooling2D", "global_average_pooling2d"), ("InputLayer", "input_layer"), ("AdamW", "adam_w"),
])
def test_snake_case(name, expected):
    assert snake_case(name) == expected


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_names_are_keras(keras, cls):
    """The numbering of layers and the names in logs rest on it."""
    from keras.src.utils.naming import to_snake_case
    assert snake_case(cls.__name__) == to_snake_case(cls.__name__)


# Errors of arguments ------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("call, message", [
    (lambda: layers.Dense(unit=3), r"Dense has no argument 'unit': did you mean 'units'\?; it takes units, activation, "),
    (lambda: layers.Conv2D(4, 3, stride=2), r"Conv2D has no argument 'stride': did you mean 'strides'\?"),
    (lambda: layers.Dense(3, qqq=1), r"Dense has no argument 'qqq'; it takes units, .*name, dtype, trainable"),
    (lambda: layers.Dense(), r"Dense: missing a required argument: 'units'; it takes units"),
    (lambda: layers.Dropout(0.5, None, 1, "more"), r"Dropout: too many positional arguments; it takes rate, noise_shape, seed"),
    (lambda: layers.Dense(3, units=4), r"Dense: multiple values for argument 'units'"),
    (lambda: initializers.Zeros(3), r"Zeros takes no arguments, got \[3\]"),
    (lambda: initializers.Ones(seed=3), r"Ones takes no arguments, got \['seed'\]"),
    (lambda: optimizers.Adam(lr=0.1), r"Adam has no argument 'lr'; it takes learning_rate, beta_1"),
    (lambda: optimizers.SGD(nestrov=True), r"SGD has no argument 'nestrov': did you mean 'nesterov'\?"),
    (lambda: losses.MeanSquaredError(from_logits=True), r"Error has no argument 'from_logits'; it takes reduction, name"),
    (lambda: Scale(strat=2.0), r"Scale has no argument 'strat': did you mean 'start'\?; it takes start, inner, name, dtype"),
])
def test_wrong_arguments_are_named_at_once(call, message):
    with pytest.raises(TypeError, match=message):
        call()


def test_argument_names_follow_settings_up():
    class Base(Configurable):
        def __init__(self, a, b=1):
            pass

    class Child(Base):
        def __init__(self, c, **settings):
            super().__init__(c, **settings)

    class Closed(Child):
        def __init__(self, d):
            super().__init__(d)

    try:
        assert argument_names(Child) == ["c", "a", "b"] and argument_names(Closed) == ["d"]
        assert Child(1, b=2).get_config() == {"c": 1, "b": 2}
        with pytest.raises(TypeError, match="Closed has no argument 'c'; it takes d"):
            Closed(1, c=2)
    finally:
        del Configurable.families[Base]
