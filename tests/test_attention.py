"""Attention by itself. Keras's numbers are those of parity/test_layers.py, and where they are of float32, here with their accuracy."""
import numpy as np
import pytest

import tinyvision as tv
from tinyvision import layers, ops, testing


@pytest.fixture(autouse=True)
def double():
    tv.config.set_floatx("float64")
    tv.utils.set_random_seed(0)


def some(*shape):
    return np.random.default_rng(sum(shape)).standard_normal(shape)


def make(x=(2, 5, 4), value=(2, 6, 4), **settings):
    layer = layers.MultiHeadAttention(**{"num_heads": 2, "key_dim": 3, "bias_initializer": "glorot_uniform", **settings})
    layer(some(*x), some(*value), training=False)
    return layer


def close(ours, expected, tolerance=1e-10):
    ours, expected = (a.detach().numpy() if isinstance(a, tv.Tensor) else np.asarray(a) for a in (ours, expected))
    np.testing.assert_allclose(ours, expected, rtol=tolerance, atol=tolerance)


def naive(layer, query, value, key, seen=None):
    """Output and scores, one query and one head after the other."""
    q, k, v, out = ([w.numpy() for w in dense.weights] for dense in
                    (layer.query_dense, layer.key_dense, layer.value_dense, layer.output_dense))
    n, steps, others, heads = len(query), query.shape[1], value.shape[1], q[0].shape[1]
    outputs, scores = np.zeros((n, steps, *out[1].shape)), np.zeros((n, heads, steps, others))
    for b, h, t in np.ndindex(n, heads, steps):
        one = query[b, t] @ q[0][:, h] + q[1][h]
        fits = np.array([one @ (key[b, s] @ k[0][:, h] + k[1][h]) for s in range(others)]) / np.sqrt(len(one))
        share = np.exp(fits - fits.max()) * (1 if seen is None else np.broadcast_to(seen, scores.shape)[b, h, t])
        share = share / share.sum() if share.any() else share
        scores[b, h, t] = share
        found = sum(share[s] * (value[b, s] @ v[0][:, h] + v[1][h]) for s in range(others))
        outputs[b, t] += np.tensordot(found, out[0][h], axes=1)
    return outputs + out[1], scores


@pytest.mark.parametrize("mask, causal", [(None, False), (np.tri(5, 6) > 0, False), (None, True), ("some", False), ("some", True)])
def test_it_is_the_naive_formula(mask, causal):
    layer, query, value, key = make(key_dim=3, value_dim=5, output_shape=7), some(2, 5, 4), some(2, 6, 4), some(2, 6, 4)
    mask = some(2, 5, 6) > -0.5 if isinstance(mask, str) else mask
    seen = np.ones((5, 6)) if mask is None else mask if mask.ndim == 2 else mask[:, None]
    found = layer(query, value, key, attention_mask=mask, use_causal_mask=causal, return_attention_scores=True)
    for ours, expected in zip(found, naive(layer, query, value, key, seen * np.tri(5, 6) if causal else seen), strict=True):
        close(ours, expected)


@pytest.mark.parametrize("causal", [False, True])
def test_it_is_that_of_pytorch(causal):
    torch = pytest.importorskip("torch", reason="needs torch: it computes the same in float64")
    layer, x = make((2, 5, 6), (2, 5, 6)), some(2, 5, 6)
    twin = torch.nn.MultiheadAttention(6, 2, batch_first=True).double()
    (qk, qb), (kk, kb), (vk, vb), (ok, ob) = ([torch.tensor(w.numpy().copy()) for w in dense.weights] for dense in (
        layer.query_dense, layer.key_dense, layer.value_dense, layer.output_dense))
    with torch.no_grad():
        twin.in_proj_weight[:] = torch.cat([k.reshape(6, 6) for k in (qk, kk, vk)], dim=1).T
        twin.in_proj_bias[:] = torch.cat([b.reshape(6) for b in (qb, kb, vb)])
        twin.out_proj.weight[:], twin.out_proj.bias[:] = ok.reshape(6, 6).T, ob
    given = torch.tensor(x, requires_grad=True)
    mask = torch.tensor(~np.tri(5, dtype=bool)) if causal else None
    expected, weights = twin(given, given, given, attn_mask=mask, average_attn_weights=False)
    ours = tv.tensor(x, requires_grad=True)
    y, scores = layer(ours, ours, use_causal_mask=causal, return_attention_scores=True)
    close(y, expected.detach())
    close(scores, weights.detach())
    g = some(2, 5, 6)
    (y * g).sum().backward()
    expected.backward(torch.tensor(g))
    close(ours.grad, given.grad)
    close(layer.query_dense.kernel.grad.numpy().reshape(6, 6), twin.in_proj_weight.grad[:6].T)


@pytest.mark.parametrize("settings", [{}, dict(use_causal_mask=True), dict(attention_mask=np.tri(5, 6) > 0)], ids=["", "causal", "mask"])
def test_it_is_that_of_keras_to_its_own_accuracy(keras, settings):
    layer, x = make(), (some(2, 5, 4), some(2, 6, 4))
    twin = keras.layers.MultiHeadAttention(2, 3, dtype="float64")
    twin.build((2, 5, 4), (2, 6, 4))
    twin.set_weights(layer.get_weights())
    close(layer(*x, **settings), twin(*x, **settings), 1e-6)


def test_a_query_that_may_see_nothing_finds_nothing():
    """So says Keras where it gives the scores; without them it takes the mean of all values."""
    layer, mask = make(use_bias=False), np.ones((2, 5, 6), bool)
    mask[1, 3] = False
    y, scores = layer(some(2, 5, 4), some(2, 6, 4), attention_mask=mask, return_attention_scores=True)
    close(y.data[1, 3], np.zeros(4))
    close(scores.data.sum(axis=-1)[:, 0], mask.any(axis=-1))
    y.sum().backward()
    assert all(np.isfinite(w.grad.numpy()).all() for w in layer.trainable_weights)


def test_attention_of_large_numbers():
    y = ops.dot_product_attention(np.full((1, 2, 1, 1), 1e3), np.array([1e3, -1e3]).reshape(1, 2, 1, 1), np.eye(2)[None, :, None])
    close(y, [[[[1, 0]], [[1, 0]]]])


def test_first_and_second_gradients():
    layer, mask = make(use_gate=True, sliding_window=3), some(2, 3, 4) > -0.5
    layer = make((2, 3, 4), (2, 4, 4), use_gate=True, sliding_window=3)
    testing.check_gradients(lambda q, v, k: layer(q, v, k, attention_mask=mask), [some(2, 3, 4), some(2, 4, 4), some(2, 4, 4)],
                            second=True)
    ours = layer(some(2, 3, 4), some(2, 4, 4))
    for weight, g in zip(layer.trainable_weights, tv.grad((ours * some(2, 3, 4)).sum(), layer.trainable_weights)):
        start, u, values = weight.numpy().copy(), some(*weight.shape), []
        for sign in 1, -1:
            weight.assign(start + sign * 1e-6 * u)
            values.append((layer(some(2, 3, 4), some(2, 4, 4)) * some(2, 3, 4)).sum().item())
        weight.assign(start)
        close((g.numpy() * u).sum(), (values[0] - values[1]) / 2e-6, 1e-6)


def test_dropout_hides_keys_in_training():
    layer, x, value = make(dropout=0.5, num_heads=1), some(2, 5, 4), some(2, 6, 4)
    y, scores = layer(x, value, return_attention_scores=True, training=True)
    again = layer(x, value, training=True)
    assert np.abs(y.data - again.data).max() > 1e-3
    close(scores, layer(x, value, return_attention_scores=True, training=False)[1])          # scores are shown as they were
    means = [layer(x, value, training=True).detach().numpy() for _ in range(400)]
    close(np.mean(means, axis=0), layer(x, value, training=False), 0.4)
    seeded = [make(dropout=0.5, seed=3, kernel_initializer="ones", use_bias=False)(x, value, training=True) for _ in range(2)]
    close(*seeded)


def test_kernels_begin_each_by_itself():
    layer = make(kernel_initializer=tv.initializers.GlorotUniform(), num_heads=8, key_dim=4, x=(2, 5, 32), value=(2, 5, 32))
    q, k, v, out = (dense.kernel.numpy() for dense in (layer.query_dense, layer.key_dense, layer.value_dense, layer.output_dense))
    assert np.abs(q - k).max() > 0 and np.abs(k - v).max() > 0
    for kernel in q, k, v, out:                            # 32 numbers in, 32 out, whatever the axes are
        assert 0.95 * np.sqrt(6 / 64) < np.abs(kernel).max() <= np.sqrt(6 / 64)


@pytest.mark.parametrize("how", ["by position", "by name", "scores"])
def test_models_with_attention_are_saved(how, tmp_path):
    a, b, mask = layers.Input((5, 4)), layers.Input((6, 3)), layers.Input((5, 6), dtype="bool")
    layer = layers.MultiHeadAttention(2, 3)
    outputs = {"by position": lambda: layer(a, b, b), "by name": lambda: layer(query=a, value=b, attention_mask=mask),
               "scores": lambda: layer(a, b, return_attention_scores=True, attention_mask=mask)}[how]()
    inputs, x = ([a, b], [some(2, 5, 4), some(2, 6, 3)])
    if how != "by position":
        inputs, x = [*inputs, mask], [*x, some(2, 5, 6) > 0]
    model = tv.Model(inputs, outputs)
    model.save(tmp_path / "attention.keras")
    again = tv.models.load_model(tmp_path / "attention.keras")
    found, expected = (y if isinstance(y, (list, tuple)) else [y] for y in (again(x), model(x)))
    for ours, theirs in zip(found, expected, strict=True):
        close(ours, theirs)


def test_keras_opens_the_file(keras, tmp_path):
    a = layers.Input((5, 4))
    x = layers.MultiHeadAttention(2, 3, dropout=0.1, use_gate=True)(a, a, use_causal_mask=True)
    model = tv.Model(a, layers.EinsumDense("abc,cd->abd", (None, 3), bias_axes="d")(layers.Add()([a, x])))
    model.save(tmp_path / "attention.keras")
    close(model(some(2, 5, 4)), keras.models.load_model(tmp_path / "attention.keras")(some(2, 5, 4)))


@pytest.mark.parametrize("call, message", [
    (lambda: layers.MultiHeadAttention(0, 3), "num_heads must be a positive integer, got 0"),
    (lambda: layers.MultiHeadAttention(2, -3), "key_dim must be a positive integer, got -3"),
    (lambda: layers.MultiHeadAttention(2, 3, value_dim=1.5), "value_dim must be a positive integer, got 1.5"),
    (lambda: layers.MultiHeadAttention(2, 3, sliding_window=-1), "sliding_window must be a positive integer, got -1"),
    (lambda: layers.MultiHeadAttention(2, 3, dropout=1), "dropout is a probability below 1, got 1"),
    (lambda: layers.MultiHeadAttention(2, 3, flash_attention=True), "flash_attention=True is not available"),
    (lambda: make(attention_axes=2), r"all axes between the batch and the features, \(1,\); attention_axes=2 is not available"),
    (lambda: make((2, 5, 6, 4), (2, 5, 6, 4), attention_axes=(2,)), r"features, \(1, 2\); attention_axes=\(2,\) is not available"),
    (lambda: make((2, 4), (2, 4)), r"takes query .N, T, C., value .N, S, D. and key .N, S, E., got \(None, 4\), \(None, 4\)"),
    (lambda: make()(some(2, 4), some(2, 4)), r"takes query .N, T, C., .* got \(2, 4\), \(2, 4\)"),
    (lambda: make()(some(2, 5, 4), some(3, 6, 4)), r"takes query .* got \(2, 5, 4\), \(3, 6, 4\)"),
    (lambda: make()(some(2, 5, 4), some(2, 6, 4), some(2, 7, 4)), r"takes query .* \(2, 6, 4\) and \(2, 7, 4\)"),
    (lambda: make()(some(2, 5, 4), some(2, 6, 4), attention_mask=np.ones((2, 6, 5))),
     r"attention_mask is .N, T, S., .* here of scores \(2, 2, 5, 6\); got shape \(2, 1, 6, 5\)"),
    (lambda: make()(some(2, 5, 4), some(2, 6, 4), attention_mask=np.ones(6)), "attention_mask is .* got shape .6,."),
    (lambda: make((2, 3, 3, 4), (2, 3, 3, 4))(some(2, 3, 3, 4), some(2, 3, 3, 4), use_causal_mask=True),
     r"masks are for sequences .N, T, C., got a query of steps \(3, 3\)"),
    (lambda: ops.dot_product_attention(some(2, 5, 4), some(2, 5, 4), some(2, 5, 4)), r"takes query .B, T, N, H., .* got \(2, 5, 4\)"),
    (lambda: ops.dot_product_attention(some(2, 5, 3, 4), some(2, 5, 2, 4), some(2, 5, 2, 4)), "a multiple of their heads"),
    (lambda: ops.dot_product_attention(some(2, 5, 2, 4), some(2, 5, 2, 3), some(2, 5, 2, 3)), r"\(2, 5, 2, 3\) do not fit"),
    (lambda: layers.EinsumDense("abc->abd", 3), "the equation is 'x,kernel->output', such as 'abc,cd->abd', got 'abc->abd'"),
    (lambda: layers.EinsumDense("ab,bc->ac", (None,))(some(2, 3)), r"x \(None, 3\) and output_shape \(None,\) do not tell the size of c"),
    (lambda: layers.EinsumDense("ab,bc->abc", (4, 5))(some(2, 3)), "output_shape and x .* do not fit: b is 4, in x 3"),
], ids=lambda x: None if callable(x) else x[:24])
def test_what_cannot_be_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_masks_of_layers_are_not_taken():
    with pytest.raises(TypeError, match="query_mask"):
        make()(some(2, 5, 4), some(2, 6, 4), query_mask=np.ones((2, 5), bool))
