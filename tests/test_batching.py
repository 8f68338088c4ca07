"""Batches: arrays cut into pieces, shuffled and split; and what counts as batches already."""
import numpy as np
import pytest

import tinyvision as tv
from tinyvision.data import ArrayBatches, batches
from tinyvision.data.batching import unpacked
from tinyvision.data.weights import ClassWeights


def numbers(n):
    """x and y of n samples, so that each sample is known by its number."""
    return np.arange(n * 2.0).reshape(n, 2), np.arange(n)


@pytest.mark.parametrize("n, size", [(10, 5), (10, 3), (10, 10), (10, 64), (1, 1), (7, 1), (33, None)])
def test_every_sample_comes_once_and_in_order(n, size):
    x, y = numbers(n)
    found = list(ArrayBatches(x, y, size))
    size = size or 32                                      # as in Keras
    assert [len(a) for a, _ in found] == [min(size, n - start) for start in range(0, n, size)]
    assert len(ArrayBatches(x, y, size)) == len(found)
    np.testing.assert_array_equal(np.concatenate([a for a, _ in found]), x)
    np.testing.assert_array_equal(np.concatenate([b for _, b in found]), y)


def test_a_shuffle_keeps_samples_together():
    x, y = numbers(50)
    found = list(ArrayBatches(x, y, 8, shuffle=True))
    xs, ys = np.concatenate([a for a, _ in found]), np.concatenate([b for _, b in found])
    np.testing.assert_array_equal(xs, x[ys])
    np.testing.assert_array_equal(np.sort(ys), y)
    assert (ys != y).sum() > 40


def orders(data, passes=3):
    return [np.concatenate([y for _, y in data]).tolist() for _ in range(passes)]


def test_each_pass_has_an_order_of_its_own():
    found = orders(ArrayBatches(*numbers(50), 8, shuffle=True))
    assert len(set(map(tuple, found))) == 3
    assert len(set(map(tuple, orders(ArrayBatches(*numbers(50), 8))))) == 1


def test_orders_repeat_with_the_seed():
    def run(seed):
        tv.utils.set_random_seed(seed)
        return orders(ArrayBatches(*numbers(50), 8, shuffle=True))

    assert run(1) == run(1) != run(2)
    tv.utils.set_random_seed(1)
    first, second = (orders(ArrayBatches(*numbers(50), 8, shuffle=True)) for _ in range(2))
    assert first != second                                 # two sets do not share an order


def test_all_orders_are_equally_likely():
    """Where 3 samples end up in 2000 passes: each of the 6 orders within five deviations of a sixth."""
    data = ArrayBatches(np.arange(3), np.arange(3), 3, shuffle=True)
    counts = np.unique(orders(data, 2000), axis=0, return_counts=True)[1]
    assert len(counts) == 6
    np.testing.assert_allclose(counts / 2000, 1 / 6, atol=5 * np.sqrt(5 / 36 / 2000))


@pytest.mark.parametrize("fraction, n, kept", [(0.2, 10, 8), (0.25, 10, 7), (0.5, 3, 1), (0.1, 1000, 900), (0.05, 10, 9)])
def test_a_split_takes_the_last_samples(fraction, n, kept):
    x, y = numbers(n)
    for shuffle in False, True:                            # it is the order before any shuffle that counts
        training, validation = ArrayBatches(x, y, 4, shuffle).split(fraction)
        assert sorted(orders(training, 1)[0]) == list(range(kept))
        assert orders(validation, 2) == [list(range(kept, n))] * 2
        assert len(next(iter(training))[0]) == min(4, kept)
    assert len(set(map(tuple, orders(ArrayBatches(*numbers(100), 4, True).split(0.2)[0])))) == 3


@pytest.mark.parametrize("fraction, n, message", [
    (0, 10, "lies between 0 and 1 and .* got 0"), (1, 10, "got 1"), (-0.1, 10, "got -0.1"), (0.5, 1, "1 samples"),
    (0.99, 10, "10 samples in two, got 0.99")])
def test_a_split_needs_samples_on_both_sides(fraction, n, message):
    with pytest.raises(ValueError, match=message):
        ArrayBatches(*numbers(n)).split(fraction)


def test_nested_arrays():
    x, y = numbers(7)
    (a, b), c = next(iter(ArrayBatches([x, y], y, 3)))
    np.testing.assert_array_equal(a, x[:3])
    np.testing.assert_array_equal(b, c)
    parts, labels = list(ArrayBatches({"pixels": x, "size": y}, {"class": y}, 3, shuffle=True))[-1]
    assert parts["pixels"].shape == (1, 2) and parts["size"] == labels["class"]
    np.testing.assert_array_equal(parts["pixels"], x[labels["class"]])
    assert isinstance(next(iter(ArrayBatches((x, y), None, 3)))[0], tuple)


def test_lists_of_numbers_and_tensors_are_arrays():
    assert [x.tolist() for x, _ in ArrayBatches([1, 2, 3], None, 2)] == [[1, 2], [3]]
    x, y = next(iter(ArrayBatches(tv.tensor([[1.0], [2.0]]), [0, 1], 2)))
    assert isinstance(x, np.ndarray) and x.shape == (2, 1) and y.tolist() == [0, 1]


@pytest.mark.parametrize("make, error, message", [
    (lambda: ArrayBatches(*[numbers(n)[0] for n in (5, 4)]), ValueError, "equally many samples, got \\[5\\] and \\[4\\]"),
    (lambda: ArrayBatches([numbers(5)[0], numbers(6)[0]], numbers(5)[0]), ValueError, "got \\[5, 6\\] and \\[5\\]"),
    (lambda: ArrayBatches(np.ones((0, 3))), ValueError, "no samples"),
    (lambda: ArrayBatches(np.ones(3), None, 0), ValueError, "batch_size must be a positive integer, got 0"),
    (lambda: ArrayBatches(np.ones(3), None, 2.5), ValueError, "batch_size must be a positive integer, got 2.5"),
    (lambda: batches(3), TypeError, "arrays, or an iterable of batches .* got int"),
    (lambda: batches(None), TypeError, "got NoneType"),
    (lambda: batches([(np.ones(3), np.ones(3))], None, 2), ValueError, "batch_size and sample_weight are for arrays"),
    (lambda: batches([(np.ones(3), np.ones(3))], sample_weight=np.ones(3)), ValueError, "are for arrays; .* of its own"),
    (lambda: unpacked((1, 2, 3, 4)), ValueError, "a batch is x, \\(x, y\\) or \\(x, y, sample_weight\\); got 4 parts"),
    (lambda: ArrayBatches(np.ones(3), np.ones(3), sample_weight=np.ones(2)), ValueError,
     "x and y and sample_weight must hold equally many samples, got \\[3\\] and \\[3\\] and \\[2\\]"),
    (lambda: ArrayBatches(np.ones(3), np.ones(3), sample_weight=2.0), ValueError, "one array of .* for each, got a single number"),
], ids=range(12))
def test_what_cannot_be_is_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_iterables_of_batches_stay_as_they_are():
    pairs = [numbers(3), numbers(2)]
    generator = (pair for pair in pairs)
    assert batches(pairs) is pairs and batches(generator) is generator
    assert isinstance(batches(np.ones(3)), ArrayBatches) and isinstance(batches([np.ones(3), np.ones(3)]), ArrayBatches)
    assert isinstance(batches({"a": np.ones(3)}), ArrayBatches) and isinstance(batches([1, 2, 3]), ArrayBatches)


def test_unpacking():
    x, y = numbers(3)
    assert unpacked((x, y)) == (x, y) and unpacked([x, y]) == (x, y)
    assert unpacked(x) == (x, None) and unpacked((x,)) == (x, None)
    assert unpacked({"a": x}) == ({"a": x}, None)


def test_a_pass_copies_no_more_than_a_batch():
    """Without a shuffle, batches are views of the arrays."""
    x, y = numbers(8)
    for a, b in ArrayBatches(x, y, 4):
        assert np.shares_memory(a, x) and np.shares_memory(b, y)


@pytest.mark.parametrize("shuffle", [False, True])
def test_a_pass_can_begin_in_its_middle(shuffle):
    """Pass number p from batch number b on: as in a run that began with the first; the next pass is whole again."""
    x, y = numbers(23)
    tv.utils.set_random_seed(1)
    whole = ArrayBatches(x, y, 5, shuffle)
    expected = [[b.tolist() for _, b in whole] for _ in range(4)]
    assert whole.passes == 4
    for passes in range(3):
        for batch in range(6):
            tv.utils.set_random_seed(1)
            data = ArrayBatches(x, y, 5, shuffle)
            data.start_at(passes, batch)
            assert [b.tolist() for _, b in data] == expected[passes][batch:]
            assert [b.tolist() for _, b in data] == expected[passes + 1] and data.passes == passes + 2


def test_class_weights_begin_where_their_batches_do():
    data = ClassWeights(ArrayBatches(*numbers(10), 4), {9: 3.0})
    data.start_at(0, 2)
    assert [weight.tolist() for _, _, weight in data] == [[1.0, 3.0]] and data.passes == 1
    assert not hasattr(ClassWeights([], {}), "start_at") and not hasattr(data, "nothing")
