"""Pictures of a search: what is drawn, and what is refused."""

import numpy as np
import pandas as pd
import pytest

from helpers.plots import search

PARAMETERS = ["rate", "units", "kind"]


@pytest.fixture
def trials():
    rng = np.random.default_rng(0)
    value = rng.random(9)
    return pd.DataFrame(
        {
            "number": range(9),
            "state": ["complete"] * 6 + ["pruned", "pruned", "fail"],
            "value": [*value[:8], np.nan],
            "best": np.maximum.accumulate(value),
            "rate": 10 ** rng.uniform(-4, -1, 9),
            "units": rng.integers(4, 99, 9),
            "kind": ["a", "b", "a"] * 3,
        }
    )


def test_failed_trials_are_not_drawn(trials):
    lines = search.history(trials, value="AUROC").axes[0].lines
    assert sum(len(line.get_xdata()) for line in lines[:2]) == 8


def test_bars_fall(trials):
    table = pd.DataFrame({"parameter": ["a", "b"], "importance": [0.3, 0.7]})
    widths = [bar.get_width() for bar in search.importances(table).axes[0].patches]
    assert widths == [0.3, 0.7]  # the longest bar is drawn on top


def test_one_line_a_finished_trial(trials):
    ax = search.parallel(trials, PARAMETERS, value="AUROC").axes[0]
    curves = [line for line in ax.lines if len(line.get_xdata()) == 4]
    assert len(curves) == 8
    heights = np.concatenate([line.get_ydata() for line in curves])
    assert heights.min() >= 0
    assert heights.max() <= 1


def test_one_panel_a_parameter(trials):
    fig = search.slices(trials, PARAMETERS, value="AUROC", log=["rate"])
    shown = [ax for ax in fig.axes if ax.get_visible()]
    assert [ax.get_xlabel() for ax in shown] == PARAMETERS
    assert shown[0].get_xscale() == "log"
    assert [tick.get_text() for tick in shown[2].get_xticklabels()] == ["a", "b"]


def test_the_interactive_one_holds_every_view(trials):
    fig = search.search_figure(trials, PARAMETERS, value="AUROC")
    labels = [button.label for button in fig.layout.updatemenus[0].buttons]
    assert labels == ["history", "parallel coordinates", *PARAMETERS]
    assert "kind a" in fig.data[0].text[0]
    for number, button in enumerate(fig.layout.updatemenus[0].buttons):
        assert sum(button.args[0]["visible"]) == (2 if number == 0 else 1)


@pytest.mark.parametrize("draw", [search.history, lambda t: search.slices(t, ["rate"])])
def test_nothing_to_draw(trials, draw):
    with pytest.raises(ValueError, match="no finished trial to draw"):
        draw(trials.assign(state="fail"))
    with pytest.raises(ValueError, match="value"):
        draw(trials.drop(columns="value"))


def test_no_importances():
    with pytest.raises(ValueError, match="importances table has no row"):
        search.importances(pd.DataFrame({"parameter": [], "importance": []}))
