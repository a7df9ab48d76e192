"""Pictures of attributions and motifs, the report, and logos to zoom into."""

import re

import numpy as np
import pandas as pd
import pytest

from helpers.plots import motifs
from helpers.plots.logos import Span
from helpers.sequences.alphabet import DNA
from helpers.tracks.stress_response import figures

PAGE = "https://jaspar.elixir.no/matrix/MA0570.3/"
MATCHES = pd.DataFrame(
    [
        ("MA0570.3", "ABF1", "Group A", 1e-9, 1e-6, PAGE, "-"),
        ("own<b>", "bad", "", 0.2, 0.6, "", "+"),
    ],
    columns=["id", "name", "family", "p", "q", "url", "strand"],
)  # fmt: skip
CARD = motifs.PatternCard("pos_1", 1, 40, np.eye(4) * 0.5, MATCHES, {"MA0570.3": np.eye(4)})
LOW = motifs.PatternCard("neg<script>", -1, 30, -np.eye(4), MATCHES.iloc[1:])


def test_the_report_stands_alone_and_escapes(tmp_path):
    page = figures.motif_report(
        tmp_path / "m.html", [CARD, LOW], DNA, title="<i>mine</i>", notes=["a & b"], most_q=0.05
    ).read_text()
    assert "<script>" not in page
    assert "<i>mine" not in page
    assert "a &amp; b" in page
    assert "own&lt;b" not in page, "a match that is not significant"
    assert re.findall(r'(?:src|href)="(?!data:)([^"]*)"', page) == [
        "https://jaspar.elixir.no/matrix/MA0570.3/"
    ]
    assert page.count("data:image/png;base64,") == 5
    loose = figures.motif_report(tmp_path / "n.html", [LOW], DNA, title="t", most_q=1.0).read_text()
    assert "own&lt;b&gt;" in loose


def test_patterns_are_drawn_beside_their_match():
    fig = motifs.pattern_logos([CARD, LOW], DNA, title="t")
    assert len(fig.axes) == 4
    assert "ABF1 (Group A)" in fig.axes[1].get_title(loc="left")
    assert "no known motif" in fig.axes[3].texts[0].get_text()
    np.testing.assert_array_equal(motifs.turned(np.eye(4)[:2], MATCHES.iloc[0], DNA), np.eye(4)[[2, 3]])
    many = motifs.pattern_logos([CARD] * (motifs.MOST_PATTERNS + 1), DNA, title="t")
    assert "the first 16 of 17" in many.get_suptitle()
    assert "no pattern stands out" in motifs.pattern_logos([], DNA).axes[0].texts[0].get_text()


def test_effects_of_no_motif_say_so():
    columns = ["motif", "measure", "value", "ci_low", "ci_high", "n"]
    assert "no known motif" in motifs.effects(pd.DataFrame(columns=columns)).axes[0].texts[0].get_text()


def test_effects_have_a_panel_a_measure():
    rows = [("a", "ablation", 1, 0.5, 1.5, 3), ("b", "ablation", -1, -2, 0, 3)]
    rows += [("a", "insertion", 1, np.nan, np.nan, 3)]
    table = pd.DataFrame(rows, columns=["motif", "measure", "value", "ci_low", "ci_high", "n"])
    assert len(motifs.effects(table).axes) == 2
    with pytest.raises(ValueError, match="has no column 'value'"):
        motifs.effects(table.drop(columns="value"))


def test_deltas_and_agreement():
    fig = figures.deltas({"view": [0.0, 1e-7], "naive": [0.1, 0.2]})
    assert fig.axes[0].get_xscale() == "log"
    for groups, message in (({}, "no deltas"), ({"a": [-1.0]}, "negative or not finite")):
        with pytest.raises(ValueError, match=message):
            figures.deltas(groups)
    line = np.random.default_rng(0).normal(size=(4, 9))
    others = {"b": line[:2] * 2, "c": line[:3]}
    assert len(figures.agreement(line, others).axes) == 2
    assert len(figures.agreement_table(line, others)) == 18
    with pytest.raises(ValueError, match="no other method"):
        figures.agreement(line, {})
    with pytest.raises(ValueError, match="'b' has the shape"):
        figures.agreement(line, {"b": line[:, :3]})


def test_logos_to_zoom_into():
    tracks = [
        figures.LogoTrack("<b>g1", "ACGTN", np.array([0.5, -0.2, 1.0, 0.01, 0.1]), [Span(1, 3, "m<i>")]),
        figures.LogoTrack("g2", "AC", np.array([0.0, 0.1])),
    ]
    fig = figures.logo_figure(tracks, DNA, value="v", title="t")
    assert len(fig.data) == 10
    assert [trace.visible for trace in fig.data] == [True] * 5 + [False] * 5
    assert "<b>" not in fig.to_json()
    assert "\\u003cb\\u003eg1" not in fig.to_json()
    button = fig.layout.updatemenus[0].buttons[1]
    assert button.args[1]["yaxis.autorange"] is True
    assert np.nanmin(fig.data[2].y) == pytest.approx(-0.2)
    for track in (figures.LogoTrack("g", "ACG", np.ones(2)), figures.LogoTrack("g", "A", np.array([np.nan]))):
        with pytest.raises(ValueError, match="expected one finite number"):
            figures.logo_figure([track], DNA)
    with pytest.raises(ValueError, match="no sequence to draw"):
        figures.logo_figure([], DNA)
