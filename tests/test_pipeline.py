"""Dataset: what tf.data promises, the same on any number of threads and after a start from the middle; and what it refuses."""
import gc
import itertools
import math
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import tinyvision as tv
from tinyvision import layers, ops
from tinyvision.data import AUTOTUNE, Dataset, LeftOut


def numbers(dataset):
    return [x.tolist() for x in dataset.as_numpy_iterator()]


def ours():
    return [thread for thread in threading.enumerate() if thread.name.startswith("tinyvision data")]


def wait_until_they_ended():
    end = time.monotonic() + 10
    while ours() and time.monotonic() < end:
        time.sleep(0.01)
    assert not ours()


# Each method ----------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("make, expected, cardinality", [
    (lambda d: d, [0, 1, 2, 3, 4], 5),
    (lambda d: d.map(lambda x: x * 2), [0, 2, 4, 6, 8], 5),
    (lambda d: d.batch(2), [[0, 1], [2, 3], [4]], 3),
    (lambda d: d.batch(2, drop_remainder=True), [[0, 1], [2, 3]], 2),
    (lambda d: d.batch(5), [[0, 1, 2, 3, 4]], 1),
    (lambda d: d.batch(9, True), [], 0),
    (lambda d: d.batch(2).batch(2), [[[0, 1], [2, 3]], [[4]]], 2),
    (lambda d: d.batch(2).unbatch(), [0, 1, 2, 3, 4], -2),
    (lambda d: d.take(2), [0, 1], 2),
    (lambda d: d.take(-1), [0, 1, 2, 3, 4], 5),
    (lambda d: d.take(9), [0, 1, 2, 3, 4], 5),
    (lambda d: d.take(0), [], 0),
    (lambda d: d.skip(2), [2, 3, 4], 3),
    (lambda d: d.skip(9), [], 0),
    (lambda d: d.skip(-1), [], 0),
    (lambda d: d.repeat(2), [0, 1, 2, 3, 4] * 2, 10),
    (lambda d: d.repeat(0), [], 0),
    (lambda d: d.repeat().take(7), [0, 1, 2, 3, 4, 0, 1], 7),
    (lambda d: d.take(0).repeat(), [], 0),
    (lambda d: d.filter(lambda x: x > 2), [3, 4], -2),
    (lambda d: d.filter(lambda x: x > 9).repeat(), [], -1),
    (lambda d: d.concatenate(d.take(1)), [0, 1, 2, 3, 4, 0], 6),
    (lambda d: d.cache(), [0, 1, 2, 3, 4], 5),
    (lambda d: d.prefetch(2), [0, 1, 2, 3, 4], 5),
    (lambda d: d.prefetch(AUTOTUNE).map(lambda x: x + 1, AUTOTUNE), [1, 2, 3, 4, 5], 5),
    (lambda d: d.map(lambda x: x + 1, num_parallel_calls=3).batch(3, num_parallel_calls=2), [[1, 2, 3], [4, 5]], 2),
    (lambda d: d.apply(lambda e: e.skip(4)), [4], 1),
    (lambda d: d.shuffle(1), [0, 1, 2, 3, 4], 5),
], ids=range(28))
def test_elements_and_their_number(make, expected, cardinality):
    dataset = make(Dataset.range(5))
    assert dataset.cardinality() == cardinality
    for _ in range(2):
        assert numbers(dataset) == expected
    assert dataset.passes == 2
    if cardinality >= 0:
        assert len(dataset) == len(expected)


def test_elements_are_tensors_texts_and_structures(tmp_path):
    x, y = np.arange(6.0, dtype="float32").reshape(3, 2), [1, 2, 3]
    element = next(iter(Dataset.from_tensor_slices({"x": x, "pair": (y, [tmp_path / "a", tmp_path / "b", tmp_path / "c"])})))
    assert isinstance(element["x"], tv.Tensor) and element["x"].shape == (2,) and element["x"].dtype == np.float32
    assert element["pair"][0].item() == 1 and element["pair"][1] == str(tmp_path / "a") and isinstance(element["pair"][1], str)
    batch = next(iter(Dataset.from_tensor_slices({"x": x, "pair": (y, ["a", "b", "c"])}).batch(2)))
    np.testing.assert_array_equal(batch["x"].numpy(), x[:2])
    assert batch["pair"][1].tolist() == ["a", "b"]
    [(a, b)] = Dataset.zip(Dataset.range(3), Dataset.from_tensor_slices(np.ones((1, 4)))).batch(1)
    assert a.shape == (1,) and b.shape == (1, 4) and b.dtype == np.float64
    zipped = Dataset.zip({"a": Dataset.range(2), "b": Dataset.range(7, 9)})
    assert [{k: v.item() for k, v in e.items()} for e in zipped] == [{"a": 0, "b": 7}, {"a": 1, "b": 8}] and len(zipped) == 2
    assert [(i.item(), x.item()) for i, x in Dataset.range(5, 7).enumerate(start=3)] == [(3, 5), (4, 6)]
    assert next(Dataset.range(3, 4).as_numpy_iterator()) == 3


def test_map_gets_parts_and_may_return_anything():
    pairs = Dataset.from_tensor_slices(([1.0, 2.0], [3, 4]))
    assert [z.item() for z in pairs.map(lambda x, y: x * y)] == [3, 8]
    assert next(iter(pairs.map(lambda x, y: {"a": x, "b": (1.5, "text", np.zeros(3))})))["b"][0].dtype == np.float32
    named = next(iter(pairs.map(lambda x, y: {"x": x}).map(lambda element: element["x"])))
    assert named.item() == 1
    assert next(iter(pairs.map(lambda x, y: [x, y]))).shape == (2,)
    weight = tv.tensor([2.0], requires_grad=True)
    recorded = []

    def weighted(x, y):
        recorded.append((weight * x).requires_grad)
        return weight * x

    assert not next(iter(pairs.map(weighted))).requires_grad and recorded == [False]


# The same, whatever runs it --------------------------------------------------------------------------------------------------

def chain(threads, drop, flip=None):
    """Shuffled, drawn at random for each element and for each batch, and repeated."""
    source = Dataset.from_tensor_slices((np.arange(40.0, dtype="float32").reshape(20, 2) + 1, np.arange(20)))
    made = source.shuffle(7, seed=3).map(lambda x, y: (drop(x[None], training=True)[0], y), threads).batch(3)
    made = made.map(lambda x, y: (drop(x, training=True), y), threads)
    return made.prefetch(threads) if threads else made


def passes(dataset, n=3):
    return [[tuple(part.tolist() for part in batch) for batch in dataset.as_numpy_iterator()] for _ in range(n)]


def test_threads_change_nothing():
    drop = layers.Dropout(0.5, seed=5)
    expected = passes(chain(None, drop))
    assert passes(chain(1, drop)) == passes(chain(4, drop)) == expected
    assert expected[0] != expected[1] != expected[2]


@pytest.mark.parametrize("threads", [None, 3])
@pytest.mark.parametrize("begun, batches", [(0, 0), (0, 5), (1, 0), (2, 3), (1, 7)])
def test_start_in_the_middle(threads, begun, batches):
    drop = layers.Dropout(0.5, seed=5)
    expected = passes(chain(None, drop))
    dataset = chain(threads, drop)
    dataset.start_at(begun, batches)
    assert passes(dataset, 1) == [expected[begun][batches:]]
    assert dataset.passes == begun + 1 and len(dataset) == 7
    if begun < 2:
        assert passes(dataset, 1) == [expected[begun + 1]]


def test_what_is_skipped_is_not_made():
    made = []

    def look(x):
        made.append(x.item())
        return x

    dataset = Dataset.range(100).map(look).batch(10).prefetch(2)
    dataset.start_at(4, 9)
    assert numbers(dataset) == [list(range(90, 100))] and min(made) == 90
    made.clear()
    assert numbers(Dataset.range(10).map(look).skip(8).take(1)) == [8] and made == [8]


def test_shuffles():
    dataset = Dataset.range(50).shuffle(50, seed=1)
    first, second = numbers(dataset), numbers(dataset)
    assert sorted(first) == sorted(second) == list(range(50)) and first != second
    assert numbers(Dataset.range(50).shuffle(50, seed=1)) == first != numbers(Dataset.range(50).shuffle(50, seed=2))
    fixed = Dataset.range(50).shuffle(50, seed=1, reshuffle_each_iteration=False)
    assert numbers(fixed) == numbers(fixed) == first
    near = numbers(Dataset.range(1000).shuffle(10))
    assert sorted(near) == list(range(1000)) and all(x <= i + 9 for i, x in enumerate(near)) and near != sorted(near)
    repeated = numbers(dataset.repeat(2))
    assert sorted(repeated[:50]) == list(range(50)) and repeated[:50] != repeated[50:]


def test_shuffles_follow_the_common_seed_and_leave_numpys_alone():
    def run(seed):
        tv.utils.set_random_seed(seed)
        return numbers(Dataset.range(30).shuffle(30))

    np.random.seed(0)
    expected = np.random.random()
    np.random.seed(0)
    assert run(1) == run(1) != run(2)
    assert np.random.random() == expected
    tv.utils.set_random_seed(1)
    assert numbers(Dataset.range(30).shuffle(30)) != numbers(Dataset.range(30).shuffle(30))


def test_what_is_made_of_a_dataset_goes_on_counting_passes():
    source = Dataset.range(50).shuffle(50, seed=1)
    expected = [numbers(Dataset.range(50).shuffle(50, seed=1).skip(0).repeat(6))[i:i + 50] for i in range(0, 300, 50)]
    train, validation = source.skip(10), source.take(10)   # made before: both count from 0
    for epoch in 0, 1:
        assert numbers(validation) + numbers(train) == expected[epoch]
    assert train.passes == source.take(3).passes == 2 and source.passes == 0
    assert [numbers(source.batch(50))[0] for _ in range(2)] == expected[2:4]
    assert numbers(Dataset.zip(Dataset.range(50), source).map(lambda i, x: x)) == expected[4]
    assert numbers(Dataset.range(0).concatenate(source)) == expected[5]
    train.start_at(1, 0)
    assert numbers(train) == expected[1][10:] and train.passes == 2 and source.take(3).passes == 6
    train.start_at(8, 0)                                   # as a training that goes on does, and finds its end
    assert source.take(3).passes == 8 and Dataset.range(50).passes == 0


def test_all_orders_are_equally_likely():
    counts = np.zeros((4, 4))
    dataset = Dataset.range(4).shuffle(3, seed=0)
    for _ in range(2000):
        counts[np.arange(4), numbers(dataset)] += 1
    assert counts[0, 3] == 0                               # the last one is not in the buffer yet
    np.testing.assert_allclose(counts[0, :3] / 2000, 1 / 3, atol=0.055)
    np.testing.assert_allclose(counts[1, 3] / 2000, 1 / 3, atol=0.055)


def test_each_pass_draws_anew():
    drop = layers.Dropout(0.5, seed=5)
    dataset = Dataset.from_tensor_slices(np.ones((3, 50), "float32")).map(lambda x: drop(x, training=True))
    (first, other, _), (second, *_) = [list(dataset.as_numpy_iterator()) for _ in range(2)]
    assert (first != second).any() and (first != other).any()
    assert drop.step == 0                                  # the layer itself has not drawn


def test_a_layer_draws_other_numbers_at_each_place_of_a_pipeline():
    noise, seen = layers.GaussianNoise(1.0, seed=5), []

    def draw(*before):
        seen.append(noise(np.zeros(2, "float32"), training=True).numpy().tobytes())
        return 0, True

    def is_kept(*element):
        return draw()[1]

    one = Dataset.range(3).map(draw)
    for dataset, calls in [
            (one.map(draw), 6), (Dataset.zip(one, one).map(draw), 9), (Dataset.zip(one, Dataset.range(3).map(draw)), 6),
            (one.concatenate(Dataset.range(3).map(draw)).map(draw), 12), (Dataset.zip(one, Dataset.zip(one, one)), 9),
            (one.filter(is_kept).filter(is_kept).map(draw), 12), (one.concatenate(one).concatenate(one), 9)]:
        seen.clear()
        list(dataset)
        assert len(set(seen)) == len(seen) == calls


def test_what_follows_a_function_does_not_change_its_numbers():
    noise = layers.GaussianNoise(1.0, seed=5)
    one = Dataset.range(3).map(lambda i: noise(np.zeros(2, "float32"), training=True))
    same = one.map(lambda x: x + 0)                        # both begin with pass 0
    assert numbers(one) == numbers(same)


# Threads --------------------------------------------------------------------------------------------------------------------

def test_some_elements_are_made_ahead_and_no_more():
    made = []

    def look(x):
        made.append(x.item())
        return x

    stream = iter(Dataset.range(100).map(look).prefetch(3))
    assert next(stream).item() == 0
    end = time.monotonic() + 5
    while len(made) < 4 and time.monotonic() < end:
        time.sleep(0.01)
    time.sleep(0.05)
    assert sorted(made) == [0, 1, 2, 3]
    assert [x.item() for x in stream] == list(range(1, 100))
    del stream
    wait_until_they_ended()


def test_a_generator_is_drawn_from_as_needed_and_ahead():
    drawn = []

    def count():
        for i in itertools.count():
            drawn.append(i)
            yield i

    dataset = Dataset.from_generator(count)
    assert [x.item() for x in dataset.take(3)] == [0, 1, 2] and drawn == [0, 1, 2]
    drawn.clear()
    stream = iter(dataset.batch(2).prefetch(2))
    assert next(stream).numpy().tolist() == [0, 1]
    del stream
    wait_until_they_ended()
    assert len(drawn) <= 8


@pytest.mark.parametrize("leave", ["break", "error", "drop", "circle"])
def test_threads_end_when_an_iteration_is_left(leave):
    dataset = Dataset.range(10 ** 6).map(lambda x: x * 2, 2).batch(4).prefetch(4)
    if leave == "break":
        for _ in dataset:
            break
    elif leave == "error":
        with pytest.raises(KeyboardInterrupt):
            for _ in dataset:
                raise KeyboardInterrupt
    elif leave == "drop":
        stream = iter(dataset)
        next(stream)
        del stream
    else:
        circle = [iter(dataset)]
        circle.append(circle)
        next(circle[0])
        del circle
        gc.collect()
    wait_until_they_ended()


def test_elements_come_in_order_although_some_take_longer():
    def sleep(x):
        time.sleep(0.02 * (x.item() % 3 == 0))
        return x

    assert numbers(Dataset.range(20).map(sleep, 4).prefetch(4)) == list(range(20))


def test_threads_draw_one_at_a_time():
    """A generator that is asked while it runs would raise."""
    def slow():
        for i in range(20):
            time.sleep(0.002)
            yield i

    assert numbers(Dataset.from_generator(slow).map(lambda x: x, 4).prefetch(4)) == list(range(20))


def test_several_iterations_at_once():
    dataset = Dataset.range(30).map(lambda x: x * 2, 2).batch(4).prefetch(2)
    assert all(a.numpy().tolist() == b.numpy().tolist() for a, b in zip(dataset, dataset))
    assert dataset.passes == 2
    found = []
    readers = [threading.Thread(target=lambda: found.append(numbers(dataset))) for _ in range(4)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert len(found) == 4 and all(part == found[0] for part in found)
    wait_until_they_ended()


@pytest.mark.parametrize("ahead", [0, 3])
def test_errors_come_to_whoever_iterates_and_name_the_element(ahead):
    def fails(x):
        if x.item() == 5:
            raise ZeroDivisionError("in here")
        return x

    dataset = Dataset.range(10).map(fails)
    stream, found = iter(dataset.prefetch(ahead) if ahead else dataset), []
    with pytest.raises(ZeroDivisionError, match="in here") as caught:
        for x in stream:
            found.append(x.item())
    assert found == [0, 1, 2, 3, 4]
    assert caught.value.__notes__ == ["This was in map(fails), element 5 of pass 0: () int64."]
    wait_until_they_ended()


def test_errors_of_generators_come_through():
    def breaks():
        yield 1
        raise OSError("the disk is gone")

    for dataset in Dataset.from_generator(breaks), Dataset.from_generator(breaks).prefetch(2):
        stream = iter(dataset)
        assert next(stream).item() == 1
        with pytest.raises(OSError, match="the disk is gone"):
            next(stream)
    wait_until_they_ended()


def in_a_process(code):
    """What it prints; it has 60 seconds for it, and no errors."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and not done.stderr, done.stderr
    return done.stdout


def test_a_program_ends_with_an_iteration_under_way():
    code = "from tinyvision.data import Dataset; i = iter(Dataset.range(9).repeat().map(lambda x: x).prefetch(3)); print(next(i).item())"
    assert in_a_process(code) == "0\n"


def test_layers_are_built_once():
    """The first call of a function may build layers: two threads must not do so at once."""
    built = []

    class Slow(layers.Layer):
        def build(self, shape):
            built.append(shape)
            time.sleep(0.05)

        def call(self, x):
            return x

    layer = Slow()
    assert len(list(Dataset.from_tensor_slices(np.ones((8, 3))).map(lambda x: layer(x[None]), 4))) == 8
    assert len(built) == 1


def most_at_once(make):
    """How many calls of a function f ran at once, at most, while the dataset that `make(f)` returns was gone through."""
    now, lock, most = set(), threading.Lock(), 0

    def f(x):
        nonlocal most
        with lock:
            now.add(call := object())
            most = max(most, len(now))
        time.sleep(0.01)
        now.remove(call)
        return x

    assert sum(map(len, make(f))) == 24
    wait_until_they_ended()
    return most


@pytest.mark.parametrize("make, expected", [
    (lambda f: Dataset.range(24).map(lambda x: x, 4).map(f, 1), 1),
    (lambda f: Dataset.range(24).map(f, 1).map(lambda x: x, 4), 1),
    (lambda f: Dataset.range(24).map(f, num_parallel_calls=2).prefetch(9).map(lambda x: x, 6), 2),
    (lambda f: Dataset.zip(*[Dataset.range(24).map(f, 1).map(lambda x: x, 4)] * 2).map(lambda x, y: x), 1),
    (lambda f: Dataset.range(24).map(f, 1).filter(lambda x: True).map(lambda x: x, 4), 1),
    (lambda f: Dataset.range(24).map(f, 4), 4),
    (lambda f: Dataset.range(24).map(f).map(lambda x: x, 4), 4),
], ids=range(7))
def test_an_explicit_number_bounds_the_calls_of_that_function(make, expected):
    assert most_at_once(lambda f: make(f).batch(1)) == expected
    assert most_at_once(lambda f: make(f).batch(2).map(lambda x: x, 4)) == expected


@pytest.mark.parametrize("make, expected", [
    (lambda d: d.prefetch(8).prefetch(1), 2), (lambda d: d.prefetch(1).prefetch(3), 4), (lambda d: d.prefetch(AUTOTUNE).prefetch(1), 2),
    (lambda d: d.map(lambda x: x, 8).prefetch(2), 3), (lambda d: d.prefetch(1).map(lambda x: x, 3), 4),
    (lambda d: d.map(lambda x: x, 6).batch(1).prefetch(6).prefetch(1), 2),
], ids=range(6))
def test_the_last_prefetch_says_how_many_are_made_ahead(make, expected):
    made = []

    def look(x):
        made.append(x.item())
        return x

    stream = iter(make(Dataset.range(100).map(look)))
    next(stream)
    end = time.monotonic() + 5
    while len(made) < expected and time.monotonic() < end:
        time.sleep(0.01)
    time.sleep(0.05)
    assert sorted(made) == list(range(expected))
    del stream
    wait_until_they_ended()


def test_functions_that_wait_for_their_turn_let_errors_and_early_ends_through():
    def fails(x):
        if x.item() == 5:
            raise ZeroDivisionError
        return x

    dataset = Dataset.range(50).map(lambda x: x, 4).map(fails, 1).batch(2)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            list(dataset)
        for _ in dataset:
            break
        wait_until_they_ended()
    again = Dataset.range(50).map(lambda x: x, 4).map(fails, 1).skip(6)
    assert numbers(again) == list(range(6, 50)) and numbers(Dataset.zip(again, again).map(lambda x, y: x)) == list(range(6, 50))


OF_ITSELF = """
from tinyvision.data import Dataset

def circle(x):
    return sum(dataset, x)

for threads in None, 1, 3:
    for after in lambda d: d, lambda d: d.batch(2).map(lambda x: x, 2):
        dataset = after(Dataset.range(3).map(circle, threads))
        try:
            list(dataset)
        except RuntimeError as error:
            assert str(error).startswith("map(circle) goes through a dataset that it makes itself"), error
            assert "This was in map(circle), element " in error.__notes__[0]
        else:
            raise AssertionError
    inner = Dataset.range(3).map(lambda x: x * 2, threads)
    assert [x.item() for x in Dataset.range(2).map(lambda x: sum(inner, x), threads)] == [6, 7]
print("done")
"""


def test_a_function_that_goes_through_its_own_dataset_is_named():
    """In a process of its own, which can be ended if it waits for itself."""
    assert in_a_process(OF_ITSELF) == "done\n"


# Keeping, leaving out --------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("ahead", [0, 3])
def test_cache_makes_each_element_once(ahead):
    made = []

    def look(x):
        made.append(x.item())
        return x

    dataset = Dataset.range(20).shuffle(20, seed=1).map(look).cache()
    dataset = dataset.prefetch(ahead) if ahead else dataset
    for _ in dataset:                                      # a pass that is cut short
        break
    wait_until_they_ended()
    first = numbers(dataset)
    assert sorted(made) == sorted(first) == list(range(20)) and numbers(dataset) == first
    assert len(made) == 20
    resumed = Dataset.range(20).shuffle(20, seed=1).cache()
    resumed.start_at(2, 5)
    assert numbers(resumed) == first[5:]


def test_cache_keeps_what_a_generator_gave():
    calls = []

    def draw():
        calls.append(1)
        yield from (len(calls), len(calls))

    dataset = Dataset.from_generator(draw).cache()
    assert numbers(dataset) == numbers(dataset) == [1, 1] and len(calls) == 1


def test_elements_can_be_left_out():
    def only_even(x):
        if x.item() % 2 or x.item() > 6:
            raise LeftOut
        return x

    kept = Dataset.range(12).map(only_even)
    assert numbers(kept) == [0, 2, 4, 6]
    for dataset in kept.batch(4), kept.batch(4).prefetch(2):
        assert numbers(dataset) == [[0, 2], [4, 6]]        # the third batch has none
    assert numbers(kept.filter(lambda x: x > 0)) == [2, 4, 6]
    assert numbers(kept.batch(4, drop_remainder=True)) == []                     # each has lost one
    assert numbers(Dataset.range(4, 8).map(only_even).concatenate(Dataset.range(2)).batch(2, True)) == [[0, 1]]
    assert numbers(kept.batch(1, drop_remainder=True)) == [[0], [2], [4], [6]]


# In training ------------------------------------------------------------------------------------------------------------------

def model(**settings):
    tv.utils.set_random_seed(1)
    made = tv.Sequential([tv.Input((3,)), layers.Dense(2)])
    made.compile("sgd", "mse", **settings)
    return made


def arrays(n=20):
    rng = np.random.default_rng(0)
    return rng.standard_normal((n, 3)).astype("float32"), rng.standard_normal((n, 2)).astype("float32")


@pytest.mark.parametrize("after", [lambda d: d, lambda d: d.batch(4), lambda d: d.batch(2).prefetch(3), lambda d: d.unbatch()])
def test_repeat_ends_after_a_pass_that_gave_nothing(after):
    def never(x):
        raise LeftOut

    def second(x):
        if x.item() % 3 != 1:
            raise LeftOut
        return x[None]

    assert numbers(after(Dataset.range(3).map(never).repeat())) == []
    assert numbers(after(Dataset.range(3).map(never).repeat(3))) == []
    found = list(itertools.islice(after(Dataset.range(3).map(second).repeat()).as_numpy_iterator(), 20))
    assert len(found) == 20 and all((x == 1).all() for x in found)
    assert numbers(Dataset.range(3).map(second).repeat(4)) == [[1]] * 4


def test_an_endless_repeat_shares_no_order_with_those_of_other_passes():
    noise = layers.GaussianNoise(1.0, seed=5)
    drawn = Dataset.range(1).map(lambda x: noise(np.zeros(2, "float32"), training=True))
    for source, n in (Dataset.range(10).shuffle(10, seed=1), 10), (drawn, 1):
        repeated, seen = source.repeat().batch(n), set()
        for place in (0, 0), (0, 4090), (1, 0), (2, 0):    # the number and the repetition
            repeated.start_at(*place)
            seen.update(x.tobytes() for x in itertools.islice(repeated.as_numpy_iterator(), 10))
        assert len(seen) == 40
    twice = Dataset.range(20).shuffle(20, seed=1).repeat().take(40).repeat().batch(20).take(100)
    assert len({x.tobytes() for x in twice.as_numpy_iterator()}) == 100
    huge = Dataset.range(20).shuffle(20, seed=1).repeat(10 ** 9).repeat(10 ** 9).repeat(10 ** 9).take(1)
    huge.start_at(3, 0)
    assert len(numbers(huge)) == 1


@pytest.mark.parametrize("threads", [0, 3])
def test_a_training_goes_on_behind_elements_that_were_left_out(tmp_path, threads):
    x, y = arrays()

    def script(killed_at, **settings):
        def some(a, b):
            if a[0].item() < 0:
                raise LeftOut
            seen.append(a.numpy().tolist())
            return a, b

        class Killed(tv.callbacks.Callback):
            def on_train_batch_end(self, batch, logs=None):
                if (self.model.progress.epoch, batch) == killed_at:
                    raise SystemExit
        seen, made, data = [], model(), Dataset.from_tensor_slices((x, y)).map(some).batch(1)
        backup = tv.callbacks.BackupAndRestore(tmp_path / "run", save_freq=1)
        made.fit(data.prefetch(threads) if threads else data, epochs=2, verbose=0, callbacks=[Killed(), backup], **settings)
        return made.get_weights(), made.history.history, seen

    for settings in {}, {"class_weight": {0: 2.0}}:
        expected = script(None, **settings)
        with pytest.raises(SystemExit):
            script((1, 4), **settings)
        weights, history, seen = script(None, **settings)
        assert history == expected[1] and (threads or len(seen) < len(expected[2]) / 2)
        for one, other in zip(weights, expected[0]):
            np.testing.assert_array_equal(one, other)


def test_fit_evaluate_and_predict_are_those_of_arrays():
    x, y = arrays()
    pairs = Dataset.from_tensor_slices((x, y))
    with_arrays, with_dataset = model(metrics=["mae"]), model(metrics=["mae"])
    expected = with_arrays.fit(x, y, batch_size=8, epochs=3, shuffle=False, verbose=0, validation_data=(x, y)).history
    found = with_dataset.fit(pairs.batch(8).prefetch(2), epochs=3, verbose=0, validation_data=pairs.batch(32)).history
    assert found.keys() == expected.keys()
    for name in expected:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-6)
    np.testing.assert_allclose(with_dataset.evaluate(pairs.batch(8), verbose=0), with_arrays.evaluate(x, y, batch_size=8, verbose=0))
    np.testing.assert_array_equal(with_dataset.predict(pairs.batch(8)), with_arrays.predict(x, batch_size=8))
    np.testing.assert_array_equal(with_dataset.predict(pairs.map(lambda x, y: x).batch(8)), with_arrays.predict(x, batch_size=8))


def test_fit_with_weights_of_classes():
    x, labels = arrays()[0], np.arange(20) % 2
    results = []
    for dataset in False, True:
        tv.utils.set_random_seed(1)
        made = tv.Sequential([tv.Input((3,)), layers.Dense(2, activation="softmax")])
        made.compile("sgd", "sparse_categorical_crossentropy")
        data = (Dataset.from_tensor_slices((x, labels)).batch(5),) if dataset else (x, labels, 5)
        results.append(made.fit(*data, verbose=0, shuffle=False, class_weight={0: 3.0}).history["loss"])
    np.testing.assert_allclose(*results, rtol=1e-6)


def test_fit_shows_how_many_batches_there_are(capsys):
    x, y = arrays()
    model().fit(Dataset.from_tensor_slices((x, y)).batch(8), verbose=1)
    assert "3/3" in capsys.readouterr().err


def test_fit_with_data_of_unknown_length_or_without_end(tmp_path):
    x, y = arrays()
    pairs = Dataset.from_tensor_slices((x, y)).batch(8)
    unknown = Dataset.from_generator(lambda: zip(x, y)).batch(8)
    expected = model().fit(pairs, epochs=2, verbose=0).history["loss"]
    made = model()
    np.testing.assert_allclose(made.fit(unknown, epochs=2, verbose=1).history["loss"], expected, rtol=1e-6)
    assert made.predict(unknown, verbose=1).shape == (20, 2) and made.evaluate(unknown, verbose=0) > 0
    for use in [lambda: model().fit(pairs.repeat(), verbose=0), lambda: model().evaluate(pairs.repeat(), verbose=0),
                lambda: model().fit(x, y, verbose=0, validation_data=pairs.repeat()), lambda: model().predict(pairs.repeat())]:
        with pytest.raises(ValueError, match="this dataset has no end.*steps_per_epoch in fit"):
            use()
    assert model().evaluate(pairs.repeat(), steps=3, verbose=0) == model().evaluate(pairs, verbose=0)
    for name, data in ("unknown", unknown.repeat(2)), ("endless", pairs.repeat()):
        found = model().fit(data, epochs=2, steps_per_epoch=3, verbose=0, callbacks=[tv.callbacks.BackupAndRestore(tmp_path / name)])
        np.testing.assert_allclose(found.history["loss"], expected, rtol=1e-6)


def test_fit_with_steps_goes_on_where_it_was():
    seen = []

    def look(x, y):
        seen.append(x.numpy()[0])
        return x, y

    x = np.arange(10.0, dtype="float32")[:, None] * np.ones(3, "float32")
    dataset = Dataset.from_tensor_slices((x, np.zeros((10, 2), "float32"))).repeat().map(look).batch(2)
    model().fit(dataset, epochs=3, steps_per_epoch=4, verbose=0)
    assert seen[:24] == [i % 10 for i in range(24)]


# What cannot be --------------------------------------------------------------------------------------------------------------

def ragged():
    for size in (4, 5), (4, 5), (6, 5):
        yield np.zeros((*size, 3))


@pytest.mark.parametrize("make, error, message", [
    (lambda: Dataset.range(3).batch(0), ValueError, "batch: batch_size is an integer, 1 or more, got 0"),
    (lambda: Dataset.range(3).batch(2.5), ValueError, "batch: batch_size is an integer, 1 or more, got 2.5"),
    (lambda: Dataset.range(3).batch(True), ValueError, "got True"),
    (lambda: Dataset.range(3).shuffle(0), ValueError, "shuffle: buffer_size is an integer, 1 or more, got 0"),
    (lambda: Dataset.range(3).shuffle(3, seed=-1), ValueError, "shuffle: the seed is an integer from 0 on, got -1"),
    (lambda: Dataset.range(3).prefetch(0), ValueError, "prefetch: buffer_size is an integer, 1 or more, got 0"),
    (lambda: Dataset.range(3).take(-2), ValueError, "take: count is an integer, 0 or more, got -2"),
    (lambda: Dataset.range(3).skip("a"), ValueError, "skip: count is an integer, 0 or more, got 'a'"),
    (lambda: Dataset.range(3).repeat(-3), ValueError, "repeat: count is an integer, 0 or more, got -3"),
    (lambda: Dataset.range(3).map(3), TypeError, "map takes a function, got int"),
    (lambda: Dataset.range(3).map(len, num_parallel_calls=0), ValueError, "num_parallel_calls is an integer, 1 or more"),
    (lambda: Dataset.range(3).map(len, deterministic=False), ValueError, "the order of the elements is always kept"),
    (lambda: Dataset.range(3).filter("x > 2"), TypeError, "filter takes a function, got str"),
    (lambda: list(Dataset.range(3).map(lambda x: None)), TypeError, "map: what <lambda> returned for element 0 is None.*`return`"),
    (lambda: list(Dataset.range(3).map(lambda x: (x, None))), TypeError, "element 0 is None, or holds it"),
    (lambda: list(Dataset.range(3).map(lambda x: object())), TypeError, "for element 0: expected numbers"),
    (lambda: list(Dataset.range(3).map(lambda x, y: x)), TypeError, "missing 1 required positional argument"),
    (lambda: list(Dataset.range(3).filter(lambda x: [True, False])), ValueError, r"returns True or False, got \(2,\) bool"),
    (lambda: list(Dataset.range(3).filter(lambda x: "no")), ValueError, "filter: <lambda> returns True or False, got 'no'"),
    (lambda: list(Dataset.range(3).filter(lambda x: np.array("no"))), ValueError, r"returns True or False, got \(\) <U2"),
    (lambda: list(Dataset.range(3).filter(lambda x: (x > 1,))), ValueError, r"returns True or False, got \(\(\) bool\)"),
    (lambda: list(Dataset.range(3).map(lambda x: [x, "a"])), TypeError, r"expected numbers.*several parts are a tuple: \(x, y\), not"),
    (lambda: list(Dataset.range(3).map(lambda x: [x, [x, x]])), TypeError, r"map: what <lambda> returned.*several parts are a tuple: \(x, y\)"),
    (lambda: list(Dataset.from_generator(lambda: ([np.zeros(2), i] for i in range(2)))), TypeError, "element 0.*several parts are a tuple"),
    (lambda: Dataset.from_tensor_slices([np.zeros((3, 2)), np.zeros(3)]), TypeError, "several parts are a tuple"),
    (lambda: list(Dataset.range(3).unbatch()), ValueError, r"unbatch: an element is arrays of one length, got \(\) int64"),
    (lambda: list(Dataset.from_generator(ragged).batch(3)), ValueError,
     r"batch: elements 0 and 2 of a batch of 3 have the shapes \(4, 5, 3\) and \(6, 5, 3\): resize them before batch, with map"),
    (lambda: list(Dataset.from_generator(lambda: iter([1, 2.5])).batch(2)), ValueError, "elements 0 and 1 of a batch of 2 hold int64 and float32"),
    (lambda: list(Dataset.from_generator(lambda: iter([(1, 2), (1,)])).batch(2)), ValueError, r"0 and 1 of a batch of 2 differ: \(\(\) int64, \(\) int64\), and"),
    (lambda: list(Dataset.from_generator(lambda: iter([{"a": 1}, {"b": 1}])).batch(2)), ValueError, "differ: {'a': .*}, and {'b': .*}"),
    (lambda: Dataset.from_generator(x for x in range(3)), TypeError, "a generator can be gone through only once.*got generator"),
    (lambda: Dataset.from_generator(ragged, output_signature=3), TypeError, "bring their own shapes and dtypes: leave output_signature out"),
    (lambda: Dataset.from_generator(ragged, "float32"), TypeError, "leave output_types out"),
    (lambda: Dataset.from_tensor_slices(([1, 2], [1, 2, 3])), ValueError, "arrays of one length, got 2, 3"),
    (lambda: Dataset.from_tensor_slices(3), ValueError, "to cut into rows, got the number 3"),
    (lambda: Dataset.from_tensor_slices(()), ValueError, "arrays of one length, got none"),
    (lambda: Dataset.from_tensor_slices([[1, 2], [3]]), TypeError, "do all rows have the same length"),
    (lambda: Dataset.zip(Dataset.range(3), [1, 2]), TypeError, "zip takes datasets, got Dataset, list"),
    (lambda: Dataset.range(3).concatenate([1]), TypeError, "concatenate takes a dataset, got list"),
    (lambda: Dataset.range(3).cache("there"), ValueError, "cache keeps elements in memory: leave filename='there' out"),
    (lambda: Dataset.range(3).start_at(0, -1), ValueError, "start_at: batches is an integer, 0 or more, got -1"),
    (lambda: len(Dataset.range(3).repeat()), ValueError, "this dataset has no end.*take.n., or steps_per_epoch"),
    (lambda: list(Dataset.range(3).repeat().map(lambda x: x)), ValueError, "this dataset has no end"),
    (lambda: len(Dataset.range(3).filter(lambda x: True)), TypeError, "is not known before it was gone through"),
    (lambda: Dataset.range(3).interleave(len), AttributeError, "Dataset has no interleave; there is: concatenate"),
    (lambda: Dataset.range(3).padded_batch(2), AttributeError, "no padded_batch; there is: map to one shape, then batch"),
    (lambda: Dataset.list_files("*.jpg"), AttributeError, "Dataset has no list_files; there is: from_tensor_slices"),
    (lambda: Dataset.sample_from_datasets([]), AttributeError, "Dataset has no sample_from_datasets; there is: from_generator"),
    (lambda: Dataset.rnge(3), AttributeError, "Dataset has no attribute 'rnge'"),
    (lambda: Dataset.range(3).shuffel(2), AttributeError, "Dataset has no attribute 'shuffel'"),
], ids=range(50))
def test_what_cannot_be_is_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_truth_and_length():
    assert Dataset.range(0) and Dataset.range(3).repeat() and not hasattr(Dataset.range(3), "__array__")
    assert "unknown length" in repr(Dataset.from_generator(ragged)) and "5 elements" in repr(Dataset.range(5))
    assert Dataset.range(3).repeat()._length == math.inf and len(Dataset.from_generator([1, 2])) == 2


def test_everything_else_of_tf_data_is_refused_by_name():
    tensorflow = pytest.importorskip("tensorflow", reason="needs TensorFlow, whose tf.data it is compared with")
    theirs = {name for name in vars(tensorflow.data.Dataset) if not name.startswith("_")}
    for base in tensorflow.data.Dataset.__mro__:
        theirs |= {name for name in vars(base) if not name.startswith("_")}
    rest = [name for name in theirs if not hasattr(Dataset.range(3), name)]
    unknown = [name for name in rest if "there is:" not in str(_error(Dataset.range(3), name))]
    assert unknown == []


def test_what_is_not_here_is_named_on_the_class_as_on_a_dataset():
    from tinyvision.nearest import DATASET
    for name in DATASET:
        for owner in Dataset, Dataset.range(3):
            assert str(_error(owner, name)) == f"Dataset has no {name}; there is: {DATASET[name]}"


def _error(owner, name):
    try:
        getattr(owner, name)
    except AttributeError as error:
        return error
    return None


def test_images_in_the_pipeline():
    """The typical use, in small."""
    images, labels = np.random.default_rng(0).integers(0, 256, (10, 8, 6, 3)).astype("uint8"), np.arange(10) % 2
    halves = lambda x, y: (ops.image.resize(x.astype("float32"), (4, 3)), y)
    dataset = Dataset.from_tensor_slices((images, labels)).shuffle(10).map(halves, AUTOTUNE).batch(4).prefetch(2)
    for x, y in dataset:
        assert x.shape[1:] == (4, 3, 3) and x.dtype == np.float32 and len(x) == len(y)
