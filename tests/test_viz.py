"""Pictures: the right number of panels, the right numbers in them, and files that are whole."""
import numpy as np
import pytest

from tinyvision import viz
from tinyvision.callbacks import History

rng = np.random.default_rng(0)


def test_curves_of_several_runs_share_panels_and_keep_their_colours():
    first, second = History(), {"loss": [3.0], "accuracy": [0.1]}
    first.history = {"loss": [2.0, 1.0], "val_loss": [2.0, 1.5], "seconds": [1.0, 1.0]}
    figure = viz.curves({"short": second, "long": first}, leave_out=["seconds"])
    loss, accuracy = figure.axes
    assert [ax.get_ylabel() for ax in figure.axes] == ["loss", "accuracy"]
    drawn = {(line.get_label(), line.get_linestyle()): list(line.get_ydata()) for line in loss.lines}
    assert drawn.pop(("short", ":")) == [3.0] and drawn.pop(("long", "-")) == [2.0, 1.5]
    (label, style), values = drawn.popitem()
    assert label.startswith("_") and style == ":" and values == [2.0, 1.0]           # named by the line of its validation
    assert loss.lines[0].get_color() == accuracy.lines[0].get_color() != loss.lines[1].get_color()


def test_curves_show_training_and_validation():
    history = History()
    history.history = {"loss": [3.0, 2.0], "accuracy": [0.5, 0.75], "val_loss": [3.5, 2.5]}
    figure = viz.curves(history)
    assert [ax.get_ylabel() for ax in figure.axes] == ["loss", "accuracy"]
    np.testing.assert_array_equal([line.get_ydata() for line in figure.axes[0].lines], [[3.0, 2.0], [3.5, 2.5]])
    assert len(figure.axes[1].lines) == 1 and figure.axes[0].get_xlabel() == "epoch"


def test_curves_of_many_epochs_on_a_logarithmic_axis():
    figure = viz.curves({"short": {"loss": [1.0] * 30}, "long": {"loss": [0.5] * 310}}, log_epochs=True)
    ax, = figure.axes
    assert ax.get_xscale() == "log" and [label.get_text() for label in ax.get_xticklabels()] == ["1", "3", "10", "30", "100", "300"]
    assert viz.curves({"loss": [1.0]}).axes[0].get_xscale() == "linear"


@pytest.mark.parametrize("shape", [(5, 8, 6), (5, 8, 6, 1), (5, 8, 6, 3), (1, 4, 4)])
def test_images(shape):
    batch = rng.random(shape)
    figure = viz.images(batch, titles=list("abcde")[:shape[0]], columns=3)
    shown = [ax for ax in figure.axes if ax.images]
    assert len(shown) == shape[0] and [ax.get_title() for ax in shown] == list("abcde")[:shape[0]]
    np.testing.assert_array_equal(shown[-1].images[0].get_array(), np.squeeze(batch[-1]))


def test_images_refuse_what_they_cannot_show():
    with pytest.raises(ValueError, match=r"got \(2, 3, 3, 5\)"):
        viz.images(np.zeros((2, 3, 3, 5)))
    with pytest.raises(ValueError, match="channels of one image"):
        viz.feature_maps(np.zeros((2, 3, 3, 5)))


def test_filters_have_white_at_zero():
    figure = viz.filters(rng.standard_normal((3, 3, 2, 10)))
    image = figure.axes[0].images[0]
    assert image.norm.vmin == -image.norm.vmax and sum(bool(ax.images) for ax in figure.axes) == 10


def test_scatter_draws_each_class_in_a_colour_of_its_own():
    figure = viz.scatter(np.arange(8).reshape(4, 2), [0, 1, 1, 2], names=["a", "b", "c"], title="Points")
    drawn = figure.axes[0].collections
    assert [len(points.get_offsets()) for points in drawn] == [1, 2, 1] and figure.axes[0].get_title() == "Points"
    assert len({tuple(points.get_facecolor()[0]) for points in drawn}) == 3
    assert [text.get_text() for text in figure.axes[0].get_legend().get_texts()] == ["a", "b", "c"]
    with pytest.raises(ValueError, match=r"points are \(N, 2\) and classes \(N,\), got \(4, 3\) and \(4,\)"):
        viz.scatter(np.zeros((4, 3)), np.zeros(4))


def test_confusion_counts():
    figure = viz.confusion([0, 0, 1, 2, 2], [0, 1, 1, 2, 0], names=["a", "b", "c"])
    (ax,) = figure.axes
    written = {(int(t.get_position()[1]), int(t.get_position()[0])): int(t.get_text()) for t in ax.texts}
    assert written == {(0, 0): 1, (0, 1): 1, (1, 1): 1, (2, 2): 1, (2, 0): 1}
    assert [label.get_text() for label in ax.get_xticklabels()] == ["a", "b", "c"]
    assert not np.diag(ax.images[0].get_array()).any()


def test_journey_and_save(tmp_path):
    figure = viz.journey(rng.random((8, 8, 1)), {"conv": rng.random((6, 6, 20)), "deep": rng.random((2, 2, 3))}, np.eye(4)[2])
    path = viz.save(figure, tmp_path / "new" / "journey.png")
    assert path.read_bytes().startswith(b"\x89PNG") and len(list(path.parent.iterdir())) == 1
    assert [patch.get_width() for patch in figure.subfigs[-1].axes[0].patches] == [0, 0, 1, 0]
