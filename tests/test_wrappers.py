"""TimeDistributed and Bidirectional, against Keras: outputs, gradients, paths of weights, files."""
import numpy as np
import pytest

import tinyvision as tv
from tinyvision import layers, testing
from tinyvision.layers.base import clear_session
from tinyvision.structures import leaves, map_structure

rng = np.random.default_rng(0)
SEQUENCES, IMAGES, STATE = rng.standard_normal((3, 5, 4)), rng.standard_normal((2, 3, 5, 6, 2)), rng.standard_normal((3, 6))
CASES = {
    "Dense at each step": (lambda k: k.TimeDistributed(k.Dense(3, name="d")), SEQUENCES, {}),
    "Conv2D at each step": (lambda k: k.TimeDistributed(k.Conv2D(3, 2, activation="relu")), IMAGES, {}),
    "norm at each step": (lambda k: k.TimeDistributed(k.BatchNormalization()), SEQUENCES, {"training": True}),
    "both ways": (lambda k: k.Bidirectional(k.LSTM(6)), SEQUENCES, {}),
    "both ways, sequences": (lambda k: k.Bidirectional(k.GRU(6, return_sequences=True), merge_mode="mul"), SEQUENCES, {}),
    "both ways, states": (lambda k: k.Bidirectional(k.LSTM(6, return_sequences=True, return_state=True), merge_mode="ave"), SEQUENCES,
                          {"initial_state": [STATE, 2 * STATE, 3 * STATE, 4 * STATE]}),
    "both ways, apart": (lambda k: k.Bidirectional(k.SimpleRNN(6, return_state=True), merge_mode=None), SEQUENCES, {}),
    "both ways, another": (lambda k: k.Bidirectional(k.GRU(6), "sum", backward_layer=k.LSTM(6, go_backwards=True)), SEQUENCES, {}),
}
every_case = pytest.mark.parametrize("make, x, settings", CASES.values(), ids=CASES)


@pytest.fixture(autouse=True)
def double():
    tv.config.set_floatx("float64")


def pair(keras, make, x):
    """Our layer and Keras's, with the same weights."""
    clear_session()
    keras.utils.clear_session(free_memory=False)
    before = keras.config.floatx()
    keras.config.set_floatx("float64")
    ours, twin = make(layers), make(keras.layers)
    keras.config.set_floatx(before)
    ours(x, training=False)
    twin.build(x.shape)
    ours.set_weights([np.random.default_rng(1).standard_normal(w.shape) ** 2 / 2 for w in ours.weights])
    twin.set_weights(ours.get_weights())
    return ours, twin


@every_case
def test_it_is_that_of_keras(keras, make, x, settings):
    import jax
    ours, twin = pair(keras, make, x)
    assert [w.path for w in ours.weights] == [v.path for v in twin.weights]
    given = tv.tensor(x, requires_grad=True)
    found = ours(given, **settings)
    assert ours.compute_output_shape(x.shape) == map_structure(lambda y: (None, *y.shape[1:]), found)
    outputs = list(leaves(found))
    weights, others = [v.value for v in twin.trainable_variables], [v.value for v in twin.non_trainable_variables]

    def run(weights, x):
        return jax.tree_util.tree_leaves(twin.stateless_call(weights, others, x, **settings)[0])

    expected, pull = jax.vjp(jax.jit(run), weights, x)
    arriving = [rng.standard_normal(y.shape) for y in expected]
    sum((y * g).sum() for y, g in zip(outputs, arriving, strict=True)).backward()
    of_weights, of_x = pull([jax.numpy.asarray(g) for g in arriving])
    for y, theirs in zip(outputs, expected, strict=True):
        np.testing.assert_allclose(y.data, theirs, rtol=1e-10, atol=1e-10)
    for g, theirs in zip([given.grad, *(w.grad for w in ours.trainable_weights)], [of_x, *of_weights], strict=True):
        np.testing.assert_allclose(g.numpy(), theirs, rtol=1e-10, atol=1e-10)


@every_case
def test_configs_and_files(keras, tmp_path, make, x, settings):
    clear_session()
    inputs = layers.Input(x.shape[1:])
    model = tv.Model(inputs, make(layers)(inputs))
    model.save(tmp_path / "model.keras")
    again, twin = tv.models.load_model(tmp_path / "model.keras"), keras.models.load_model(tmp_path / "model.keras")
    for y, same, theirs in zip(*(leaves(m(x, training=False)) for m in (model, again, twin)), strict=True):
        np.testing.assert_array_equal(y.data, same.data)
        np.testing.assert_allclose(y.data, theirs, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("make", [lambda: layers.TimeDistributed(layers.Dense(3, activation="tanh")),
                                  lambda: layers.Bidirectional(layers.GRU(3, return_sequences=True))], ids=["dense", "gru"])
def test_first_and_second_gradients(make):
    layer = make()
    layer(rng.standard_normal((2, 3, 4)), training=False)
    testing.check_gradients(layer, [rng.standard_normal((2, 3, 4))], second=True)


def test_the_layer_given_is_left_alone():
    inner = layers.LSTM(3, kernel_initializer=tv.initializers.GlorotUniform())
    both = layers.Bidirectional(inner)
    both(SEQUENCES, training=False)
    assert not inner.built and inner.name == both.forward_layer.name.removeprefix("forward_")
    assert np.abs(both.forward_layer.cell.kernel.numpy() - both.backward_layer.cell.kernel.numpy()).max() > 0.01


@pytest.mark.parametrize("call, message", [
    (lambda: layers.TimeDistributed(3), "time_distributed.* is put around a layer, got 3"),
    (lambda: layers.TimeDistributed(layers.Dense(3))(np.ones((2, 4))), r"expects sequences .N, steps, ...., got input \(2, 4\)"),
    (lambda: layers.Bidirectional(layers.Dense(3)), "runs recurrent layers, such as LSTM.8., got <Dense"),
    (lambda: layers.Bidirectional(layers.LSTM(3), merge_mode="add"), "merge_mode is 'concat', 'sum', .* got 'add'"),
    (lambda: layers.Bidirectional(layers.LSTM(3), weights=[SEQUENCES]), "weights is None .use set_weights once it is built."),
    (lambda: layers.Bidirectional(layers.LSTM(3), backward_layer=layers.LSTM(3)), "go_backwards is False in the layer and False"),
    (lambda: layers.Bidirectional(layers.LSTM(3), backward_layer=layers.LSTM(3, return_state=True, go_backwards=True)),
     "return_state is False in the layer and True in the one that runs backwards")])
def test_what_cannot_be_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
