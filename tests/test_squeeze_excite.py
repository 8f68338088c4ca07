"""An op, a kernel and a layer by a reader of lesson 09 are full citizens."""
import numpy as np
import pytest
from squeeze_excite import SqueezeExcite, channel_scale

import tinyvision as keras
from tinyvision import kernels, layers
from tinyvision.testing import check_layer, check_op

rng = np.random.default_rng(0)


def test_the_op_keeps_all_laws():
    samples = [(rng.standard_normal((n, h, w, c)), rng.uniform(0, 1, (n, c))) for n, h, w, c in ((2, 5, 4, 3), (1, 1, 1, 1), (6, 9, 8, 32))]
    for batch in (None, ("x", "s")):                       # the check finds out by itself that both have a batch axis
        report = check_op(channel_scale, samples, batch=batch, verbose=False)
        assert {f.law: f.text for f in report.findings}["versions of kernels agree"] == "numpy, job"


@pytest.mark.parametrize("ratio, shape", [(2, (5, 4, 6)), (4, (4, 3, 8)), (16, (3, 3, 16))])
def test_the_layer_keeps_all_laws(ratio, shape):
    assert check_layer(SqueezeExcite(ratio), shape, verbose=False).ok


def test_it_learns_in_a_network_and_goes_through_a_file(tmp_path):
    """Bars that lie from bars that stand, at random places, in the colour that counts."""
    keras.utils.set_random_seed(0)
    x, y = rng.standard_normal((600, 12, 12, 3)).astype("float32"), rng.integers(0, 2, 600)
    for image, lies, at in zip(x, y, rng.integers(2, 10, 600)):
        image[(at, slice(None), 1) if lies else (slice(None), at, 1)] += 2
    inputs = keras.Input((12, 12, 3))
    hidden = SqueezeExcite(2, name="excited")(layers.Conv2D(8, 5, activation="relu")(inputs))
    model = keras.Model(inputs, layers.Dense(2, activation="softmax")(layers.GlobalAveragePooling2D()(hidden)))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x[:500], y[:500], batch_size=25, epochs=12, verbose=0)
    assert model.evaluate(x[500:], y[500:], verbose=0)[1] > 0.9
    model.save(tmp_path / "excited.keras")
    loaded = keras.models.load_model(tmp_path / "excited.keras", custom_objects={"SqueezeExcite": SqueezeExcite})
    np.testing.assert_array_equal(loaded.predict(x[:50]), model.predict(x[:50]))


def test_its_kernel_is_chosen_and_forced_like_any_other():
    x, s = rng.standard_normal((2, 3, 3, 4)).astype("float32"), np.ones((2, 4), "float32")
    lines = []
    kernels.explain(channel_scale, x, s, print_fn=lines.append)
    assert lines[0].startswith("scale_forward") and "job" in lines[1]
    with kernels.use("job"):
        np.testing.assert_array_equal(channel_scale(x, s).numpy(), x)
