"""A drawn network says what the model is: its arrows, its weights, and nothing cut."""

import keras
import matplotlib as mpl
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from helpers.plots import networks

CHOSEN = {"letters": "the sequence", "side": "a feature", "twice": "one reader for both", "score": "a number"}


def model():
    letters, side = keras.Input((6, 4), name="letters"), keras.Input((6, 4), name="side")
    reader = keras.layers.Conv1D(3, 3, name="twice")
    both = keras.layers.Add(name="both")([reader(letters), reader(side)])
    both = keras.layers.Flatten(name="flat")(both)
    raw = keras.layers.Dense(5, name="raw")(keras.layers.Flatten(name="flat_side")(side))
    joined = keras.layers.Concatenate(name="joined")([both, raw])
    return keras.Model([letters, side], keras.layers.Dense(1, name="score")(joined), name="small")


def test_blocks_are_read_off_the_model():
    reads, weights, shapes = networks.blocks_of(model(), CHOSEN)
    assert reads == {"letters": [], "side": [], "twice": ["letters", "side"], "score": ["twice"]}
    assert sum(weights.values()) == model().count_params()
    assert shapes["twice"] == (4, 3)


def test_unknown_layers_and_a_missing_output_are_named():
    with pytest.raises(ValueError, match="has no layer 'lost'; it has letters"):
        networks.blocks_of(model(), {"lost": "?"})
    with pytest.raises(ValueError, match="choose the output"):
        networks.blocks_of(model(), {"letters": "the sequence"})


@pytest.mark.parametrize("chosen", [CHOSEN, CHOSEN | {"raw": "a way that passes a row"}])
def test_text_stays_inside_its_box(chosen):
    fig = networks.network(model(), chosen)
    draw = FigureCanvasAgg(fig).get_renderer()
    fig.draw(draw)
    boxes = [p.get_window_extent(draw) for p in fig.axes[0].patches]
    assert len(boxes) == len(chosen)
    words = [t for t in fig.axes[0].findobj(mpl.text.Text) if t.get_text() and t.get_size() in (6.0, 7.0)]
    assert len(words) == 2 * len(chosen)
    for text in words:
        at = text.get_window_extent(draw)
        assert any(b.x0 <= at.x0 and at.x1 <= b.x1 and b.y0 <= at.y0 and at.y1 <= b.y1 for b in boxes), text
    for a in boxes:
        assert not any(a.overlaps(b) for b in boxes if b is not a)
