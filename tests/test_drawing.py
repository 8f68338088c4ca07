"""What layers draw: anew in each call, and for an element of a pipeline always the same."""
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import tinyvision as tv
from tinyvision import layers
from tinyvision.layers.drawing import drawing_for

X = np.ones((4, 30), np.float32)


def drawn(layer, round, element):
    with drawing_for(round, element):
        return layer(X, training=True).numpy()


def test_an_element_draws_the_same_in_any_order_and_whatever_came_before():
    layer, other = layers.Dropout(0.5, seed=5), layers.Dropout(0.5, seed=5)
    forward = [drawn(layer, 0, i) for i in range(6)]
    other(X, training=True)
    backward = [drawn(other, 0, i) for i in reversed(range(6))]
    np.testing.assert_array_equal(forward, backward[::-1])


def test_elements_rounds_layers_and_calls_differ():
    layer, other = layers.Dropout(0.5, seed=5), layers.Dropout(0.5, seed=6)
    found = [drawn(layer, 0, 0), drawn(layer, 0, 1), drawn(layer, 1, 0), drawn(layer, 1, 1), drawn(layer, 2 ** 24 - 1, 2 ** 32 - 1),
             drawn(other, 0, 0)]
    with drawing_for(0, 0):
        layer(X, training=True)
        found.append(layer(X, training=True).numpy())      # the second call for one element: two views of an image
    for i, one in enumerate(found):
        for two in found[:i]:
            assert 0.3 < (one != two).mean() < 0.7


def test_many_calls_for_one_element_differ():
    layer = layers.Dropout(0.5, seed=5)
    with drawing_for(0, 0):
        found = {layer(X, training=True).numpy().tobytes() for _ in range(300)}
    assert len(found) == 300


def test_places_of_a_pipeline_differ():
    layer, found = layers.Dropout(0.5, seed=5), set()
    for where in (), (0,), (1,), (0, 0), (0, 1), (1, 0):
        with drawing_for(0, 0, where):
            found.add(layer(X, training=True).numpy().tobytes())
    assert len(found) == 6


def test_a_seed_of_ones_own_draws_other_numbers_than_the_common_seed():
    tv.utils.set_random_seed(42)
    common, own = [layers.Dropout(0.5) for _ in range(3)], layers.Dropout(0.5, seed=42)
    assert [layer.key for layer in common] == [(42, 0), (42, 1), (42, 2)]              # results of earlier versions stay
    found = [layer(X, training=True).numpy() for layer in (*common, own, layers.Dropout(0.5, seed=43))]
    assert len({one.tobytes() for one in found}) == 5 and 0.3 < (found[0] != found[3]).mean() < 0.7


def test_the_layer_goes_on_outside_as_if_nothing_had_been():
    tv.utils.set_random_seed(2)
    layer = layers.GaussianNoise(0.5)
    first = layer(X, training=True).numpy()
    drawn(layer, 3, 4)
    second = layer(X, training=True).numpy()
    tv.utils.set_random_seed(2)
    layer = layers.GaussianNoise(0.5)
    np.testing.assert_array_equal([first, second], [layer(X, training=True).numpy() for _ in range(2)])


def test_threads_draw_what_one_draws():
    layer = layers.Dropout(0.5, seed=5)
    alone = [drawn(layer, 1, i) for i in range(40)]
    for threads in 2, 7:
        with ThreadPoolExecutor(threads) as pool:
            np.testing.assert_array_equal(list(pool.map(lambda i: drawn(layer, 1, i), range(40))), alone)
    assert layer.step == 0


def test_the_context_holds_in_its_thread_alone_and_ends_with_an_error():
    layer = layers.Dropout(0.5, seed=5)
    with drawing_for(0, 0):
        thread = threading.Thread(target=lambda: layer(X, training=True))
        thread.start()
        thread.join()
    assert layer.step == 1                                 # it counted: that thread was outside
    with pytest.raises(KeyError), drawing_for(0, 0):
        raise KeyError
    layer(X, training=True)
    assert layer.step == 2


def test_contexts_lie_in_each_other():
    layer = layers.Dropout(0.5, seed=5)
    with drawing_for(0, 1):
        inner = drawn(layer, 0, 2)
        np.testing.assert_array_equal(layer(X, training=True).numpy(), drawn(layers.Dropout(0.5, seed=5), 0, 1))
    np.testing.assert_array_equal(inner, drawn(layer, 0, 2))
