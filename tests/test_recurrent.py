"""Recurrent layers by themselves; their numbers are compared with Keras's in parity/test_layers.py."""
import numpy as np
import pytest
from parity.layer_rows import ROWS

import tinyvision as tv
from tinyvision import layers, testing
from tinyvision.ops.recurrent import steps_of

KINDS = {"SimpleRNN": ({}, 1), "LSTM": ({}, 2), "GRU": ({}, 1), "GRU before": ({"reset_after": False}, 1)}
every_kind = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture(autouse=True)
def double():
    tv.config.set_floatx("float64")
    tv.utils.set_random_seed(0)


def some(*shape):
    return np.random.default_rng(sum(shape)).standard_normal(shape)


def make(kind, units=3, **settings):
    """A layer that has seen 4 features, and whose bias is not 0."""
    layer = getattr(layers, kind.split()[0])(units, **{**KINDS[kind][0], "bias_initializer": "glorot_uniform", **settings})
    layer(some(1, 1, 4), training=False)
    return layer


def close(ours, expected, tolerance=1e-10):
    ours = ours.detach().numpy() if isinstance(ours, tv.Tensor) else ours
    expected = expected.detach().numpy() if isinstance(expected, tv.Tensor) else np.asarray(expected)
    np.testing.assert_allclose(ours, expected, rtol=tolerance, atol=tolerance)


# Steps ------------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("count", [1, 2, 3, 7, 8])
def test_steps_are_the_slices(count):
    x = tv.tensor(some(count, 2, 3), requires_grad=True)
    steps = steps_of(x)
    assert len(steps) == count
    close(np.stack([step.data for step in steps]), x)
    sum((step * (k + 1)).sum() for k, step in enumerate(steps)).backward()
    close(x.grad, np.broadcast_to(np.arange(1, count + 1)[:, None, None], x.shape))


@every_kind
def test_a_sequence_is_its_steps_by_the_cell(kind):
    layer, x = make(kind, return_sequences=True, return_state=True), some(2, 5, 4)
    states, outputs = [np.zeros((2, 3))] * KINDS[kind][1], []
    for t in range(5):
        y, states = layer.cell(x[:, t], states)
        outputs.append(y.data)
    found, *last = layer(x)
    close(found, np.stack(outputs, axis=1))
    for state, expected in zip(last, states, strict=True):
        close(state, expected)


@every_kind
def test_a_state_carries_on(kind):
    layer, x = make(kind, return_state=True), some(2, 6, 4)
    _, *half = layer(x[:, :2])
    for state, expected in zip(layer(x[:, 2:], initial_state=half), layer(x), strict=True):
        close(state, expected)


@every_kind
def test_a_stateful_layer_goes_on(kind):
    layer, plain, x = make(kind, stateful=True), make(kind), some(2, 6, 4)
    plain.set_weights(layer.get_weights())
    layer.reset_state()
    assert layer.compute_output_shape((None, 6, 4)) == (None, 3)       # asking leaves no state behind
    layer(x[:, :2])
    last = layer(x[:, 2:])
    close(last, plain(x))
    assert all(not state.requires_grad for state in layer.states)      # gradients do not go back into earlier calls
    with pytest.raises(ValueError, match="stateful and goes on with the 2 samples it had, got 5; .* reset_state"):
        layer(some(5, 2, 4))
    layer.reset_state()
    close(layer(x), plain(x))


def test_lstm_is_that_of_pytorch():
    """The same equations in other words: PyTorch has units times features, two biases, and the gates in the same order."""
    torch = pytest.importorskip("torch", reason="needs torch: it computes the same in float64")
    layer, x = make("LSTM", return_sequences=True), some(2, 5, 4)
    twin = torch.nn.LSTM(4, 3, batch_first=True).double()
    kernel, recurrent, bias = layer.get_weights()
    for weight, value in zip(twin.parameters(), (kernel.T, recurrent.T, bias, bias * 0), strict=True):
        weight.data = torch.tensor(value)
    close(layer(x), twin(torch.tensor(x))[0].detach().numpy())


def test_gru_is_that_of_pytorch():
    """PyTorch's gates are reset, update, candidate."""
    torch = pytest.importorskip("torch", reason="needs torch: it computes the same in float64")
    layer, x = make("GRU", return_sequences=True), some(2, 5, 4)
    twin = torch.nn.GRU(4, 3, batch_first=True).double()
    kernel, recurrent, bias = layer.get_weights()

    def turned(a):
        return torch.tensor(np.concatenate([a[..., 3:6], a[..., :3], a[..., 6:]], axis=-1).T)

    for weight, value in zip(twin.parameters(), (kernel, recurrent, *bias), strict=True):
        weight.data = turned(value)
    close(layer(x), twin(torch.tensor(x))[0].detach().numpy())


# Gradients --------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("settings", [{}, dict(return_sequences=True), dict(activation="sigmoid", use_bias=False)], ids=str)
@every_kind
def test_gradients_and_gradients_of_gradients(kind, settings):
    layer = make(kind, **settings)
    states = [some(2, 3) for _ in range(KINDS[kind][1])]
    testing.check_gradients(lambda x, *states: layer(x, initial_state=list(states)), [some(2, 3, 4), *states], second=True)


@every_kind
def test_weights_and_states_have_gradients(kind):
    layer, x = make(kind, return_sequences=True), some(2, 3, 4)
    assert testing.check_layer(layer, (3, 4), verbose=False).ok

    def value():
        return (layer(x) * some(2, 3, 3)).sum()

    found = tv.grad(value(), layer.trainable_weights, create_graph=True)
    again = tv.grad(sum((g * g).sum() for g in found), layer.trainable_weights)          # of the squared length of the gradient
    for weight, g in zip(layer.trainable_weights, again):
        start, u, step = weight.numpy().copy(), some(*weight.shape), 1e-5
        lengths = []
        for sign in 1, -1:
            weight.assign(start + sign * step * u)
            lengths.append(sum((g.numpy() ** 2).sum() for g in tv.grad(value(), layer.trainable_weights)))
        weight.assign(start)
        close((g.numpy() * u).sum(), (lengths[0] - lengths[1]) / (2 * step), 1e-6)


@pytest.mark.parametrize("last_of", [0, 1, 2])
def test_both_ways_to_the_gradient_of_an_lstm_agree(last_of):
    """The one derived by hand, and that of small ops; for whatever is asked of the results."""
    from tinyvision.ops.lstm import _in_small_ops, lstm
    given = [tv.tensor(some(*shape), requires_grad=True) for shape in ((4, 2, 12), (2, 3), (2, 3), (3, 12))]
    y = _in_small_ops(*given)
    slow, fast = (y[:-1], y[-2], y[-1])[last_of], lstm(*given)[last_of]
    close(fast, slow, 1e-14)
    for wanted in [given, given[3:], given[:1], given[2:]]:
        for one, other in zip(*(tv.grad(found, wanted, tv.tensor(some(*found.shape)), retain_graph=True) for found in (slow, fast))):
            close(one, other, 1e-13)


# Dropout ----------------------------------------------------------------------------------------------------------------

@every_kind
def test_dropout_leaves_out_features_of_all_steps(kind):
    """What is left, over 1 - rate, is the sequence that the layer saw: the same features are missing in all steps."""
    layer, x, masks = make(kind, dropout=0.5, return_sequences=True), np.ones((4, 3, 4)), set()
    for _ in range(4):
        y = layer(x, training=True).detach().numpy()
        for sample in range(4):
            matches = [mask for mask in np.ndindex(2, 2, 2, 2)
                       if np.allclose(layer(x[:1] * 2 * np.array(mask), training=False).data[0], y[sample])]
            assert len(matches) == 1
            masks.update(matches)
    assert len(masks) > 4                                  # new ones for each sample and each call
    with tv.no_grad():
        close(layer(x, training=False), layer(x))


@pytest.mark.parametrize("kind", ["SimpleRNN", "LSTM", "GRU", "GRU before"])
def test_recurrent_dropout_is_that_of_keras_with_one_mask_for_all_gates(keras, kind):
    """Keras draws numbers of its own, so it is given the mask that our layer has drawn."""
    layer = make(kind, recurrent_dropout=0.4, return_sequences=True)
    twin = getattr(keras.layers, kind.split()[0])(3, **KINDS[kind][0], recurrent_dropout=0.4, return_sequences=True, dtype="float64")
    twin.build((2, 5, 4))
    twin.set_weights(layer.get_weights())
    drawn = []
    dropping = layer.cell.dropping

    def recorded(n, training):
        drop = dropping(n, training)
        drawn.append(drop(tv.tensor(np.ones((n, 3)))).numpy())
        return drop

    layer.cell.dropping = recorded
    y = layer(some(2, 5, 4), training=True)
    mask, = drawn
    assert {0.0, 1 / 0.6} == set(np.unique(mask))
    twin.cell.get_recurrent_dropout_mask = lambda step: mask if kind == "SimpleRNN" else [mask] * 4
    close(y, twin(some(2, 5, 4), training=True))


def test_the_same_seed_drops_the_same():
    def run(seed):
        layer = layers.LSTM(3, dropout=0.5, recurrent_dropout=0.5, seed=seed, kernel_initializer="ones", recurrent_initializer="ones")
        return [layer(some(2, 5, 4), training=True).detach().numpy() for _ in range(2)]

    one, again, other = run(3), run(3), run(4)
    close(one, again)
    assert (one[0] != one[1]).any() and (one[0] != other[0]).any()


# Beginnings, cells of one's own, models -----------------------------------------------------------------------------------

def test_how_weights_begin():
    layer = layers.LSTM(5)
    layer(some(1, 1, 4))
    kernel, recurrent, bias = layer.get_weights()
    close(bias, np.repeat([0, 1, 0, 0], 5))
    close(recurrent @ recurrent.T, np.eye(5))              # orthogonal
    assert 0 < np.abs(kernel).max() <= np.sqrt(6 / 24)     # glorot_uniform
    close(layers.LSTM(5, unit_forget_bias=False)(some(1, 2, 4), initial_state=[np.zeros((1, 5))] * 2).shape, (1, 5))


class Minimal(layers.Layer):
    """The cell of Keras's guide."""

    def __init__(self, units, **settings):
        super().__init__(**settings)
        self.units = self.state_size = units

    def build(self, input_shape):
        self.kernel = self.add_weight((input_shape[-1], self.units), name="kernel")
        self.recurrent_kernel = self.add_weight((self.units, self.units), name="recurrent_kernel")

    def call(self, x, states):
        y = x @ self.kernel + states[0] @ self.recurrent_kernel
        return y, [y]


def test_a_cell_of_ones_own(tmp_path):
    x = some(2, 5, 4)
    inputs = layers.Input((5, 4))
    model = tv.Model(inputs, layers.RNN(Minimal(3), return_sequences=True, name="rnn")(inputs))
    assert [w.path for w in model.weights] == ["rnn/minimal/kernel", "rnn/minimal/recurrent_kernel"]
    kernel, recurrent = model.get_weights()
    y, expected = np.zeros((2, 3)), []
    for t in range(5):
        y = x[:, t] @ kernel + y @ recurrent
        expected.append(y)
    close(model(x), np.stack(expected, axis=1))
    model.save(tmp_path / "own.keras")
    close(tv.models.load_model(tmp_path / "own.keras", custom_objects={"Minimal": Minimal})(x), model(x))


def test_a_cell_for_images():
    """The state of a cell may have any size, and a step any shape."""
    class Sum(layers.Layer):
        state_size = 1

        def call(self, x, states):
            y = states[0] + x.sum(axis=(1, 2, 3), keepdims=True)[:, :, 0, 0]
            return y, [y]

    close(layers.RNN(Sum())(np.ones((2, 3, 4, 5, 1))), [[60], [60]])


def test_states_of_one_layer_begin_another(tmp_path):
    """An encoder and a decoder: a functional model with several outputs, and layers called with settings."""
    words, more = layers.Input((5, 4)), layers.Input((3, 4))
    _, h, c = layers.LSTM(6, return_state=True)(words)
    y, *last = layers.LSTM(6, return_sequences=True, return_state=True)(more, initial_state=[h, c])
    model = tv.Model([words, more], [layers.Dense(2)(y), *last])
    x = [some(2, 5, 4), some(2, 3, 4)]
    assert [t.shape for t in model(x)] == [(2, 3, 2), (2, 6), (2, 6)]
    model.save(tmp_path / "pair.keras")
    for found, expected in zip(tv.models.load_model(tmp_path / "pair.keras")(x), model(x), strict=True):
        close(found, expected)


def test_keras_opens_the_file(keras, tmp_path):
    inputs = layers.Input((5, 4))
    y, h = layers.GRU(6, return_sequences=True, return_state=True)(layers.SimpleRNN(3, return_sequences=True)(inputs))
    model = tv.Model(inputs, [layers.LSTM(2)(y), h])
    model.save(tmp_path / "ours.keras")
    twin = keras.models.load_model(tmp_path / "ours.keras")
    x = some(2, 5, 4)
    for found, expected in zip(model(x), twin(x), strict=True):
        close(found, expected)


def test_lengths_that_vary_are_saved_too(tmp_path):
    model = tv.Sequential([layers.Input((None, 4)), layers.GRU(3, return_sequences=True), layers.LSTM(2)])
    assert model.output.shape == (None, 2) and model.layers[0].output.shape == (None, None, 3)
    model.save(tmp_path / "any.keras")
    again = tv.models.load_model(tmp_path / "any.keras")
    for length in 3, 7:
        close(again(some(2, length, 4)), model(some(2, length, 4)))


def test_it_learns_to_remember():
    """Whether the first of eight numbers was positive: far away for a network without memory."""
    tv.config.set_floatx("float32")
    x = np.random.default_rng(0).standard_normal((512, 8, 1)).astype("float32")
    y = (x[:, 0] > 0).astype("float32")
    model = tv.Sequential([layers.LSTM(16), layers.Dense(1, activation="sigmoid")])
    model.compile(tv.optimizers.Adam(0.02), "binary_crossentropy", metrics=["accuracy"])
    model.fit(x, y, epochs=25, verbose=0)
    assert model.evaluate(x, y, verbose=0)[1] > 0.95


# What cannot be ---------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("call, message", [
    (lambda: layers.LSTM(0), "units must be a positive integer, got 0"),
    (lambda: layers.GRU(3, dropout=1.0), "dropout is a probability below 1, got 1.0"),
    (lambda: layers.SimpleRNN(3, recurrent_dropout=-0.1), "recurrent_dropout is a probability below 1, got -0.1"),
    (lambda: layers.LSTM(3, use_cudnn=True), "use_cudnn=True is not available, there is no cuDNN here"),
    (lambda: layers.LSTM(3, name="l")(some(5, 4)), r"l .LSTM, 3 units. expects sequences .N, steps, features., got input \(5, 4\); "
                                                   r"one sequence needs a batch axis: x\[None\]"),
    (lambda: layers.GRU(3)(some(2, 5, 4, 1)), r"expects sequences .N, steps, features., got input \(2, 5, 4, 1\)"),
    (lambda: layers.GRU(3)(some(2, 0, 4)), r"expects sequences .N, steps, features., got input \(2, 0, 4\)"),
    (lambda: layers.GRU(3)(layers.Input((5, None))), r"needs a known number of features, got \(None, None\)"),
    (lambda: make("LSTM")(some(2, 5, 7)), "lstm_cell .LSTMCell, 3 units. expects 4 features, got 7"),
    (lambda: make("LSTM")(some(2, 5, 4), initial_state=[some(2, 3)]),
     r"needs 2 states of shapes \[\(2, 3\), \(2, 3\)\], got \[\(2, 3\)\]"),
    (lambda: make("GRU")(some(2, 5, 4), initial_state=some(2, 4)), r"needs 1 states of shapes \[\(2, 3\)\], got \[\(2, 4\)\]"),
    (lambda: layers.LSTMCell(3)(some(2, 4), [some(2, 3)]), r"needs 2 states of shapes .* got \[\(2, 3\)\]"),
    (lambda: layers.RNN(layers.Dense(3)), "the cell is a layer with a state_size, such as LSTMCell.8., got <Dense"),
    (lambda: layers.RNN([layers.LSTMCell(3)]), r"for several, put one RNN\(..., return_sequences=True\) before the other")])
def test_what_cannot_be_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_there_are_no_masks():
    with pytest.raises(TypeError, match="mask"):
        make("LSTM")(some(2, 5, 4), mask=np.ones((2, 5), bool))


def test_rows_have_all_settings():
    for name in "SimpleRNN", "LSTM", "GRU":
        rows = [row[1] for row in ROWS.values() if row[0] == name]
        for setting in "return_sequences", "return_state", "go_backwards", "use_bias", "activation", "dropout", "recurrent_dropout":
            assert {setting in row for row in rows} == {True, False}, setting
