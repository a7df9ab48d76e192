"""Pictures of the modification track: what they show, and what they refuse."""

import numpy as np
import pandas as pd
import pytest

from helpers.plots import style
from helpers.sequences.alphabet import RNA
from helpers.tracks.rna_modification import figures, scan_figures


def importance():
    return figures.importance_table(
        {"m6A": np.random.default_rng(0).normal(size=(6, 31)), "Psi": np.ones((2, 31))}
    )


def table(n=12):
    rng = np.random.default_rng(0)
    rows = {
        "code": np.arange(n)[::-1], "used": [True] * (n - 2) + [False] * 2,
        "primary": ["m6A"] * (n // 2) + ["Psi"] * (n - n // 2), "specificity": 0.5, "q": 0.01,
        "p_between": 0.01, "p_label": 0.02, "consensus": "gGAC.", "m6A": rng.random(n), "Psi": rng.random(n),
    }  # fmt: skip
    return pd.DataFrame(rows)


def card(**options):
    where = pd.DataFrame({"label": [1, 1, 0, 0], "position": [0, 3, 0, 3], "share": 0.5})
    given = {"code": 3, "group": "m6A", "ppm": np.eye(4), "n": 9, "profile": where}
    return figures.CodeCard(**(given | options))


def test_importance_table_names_both_averages():
    found = figures.importance_table({"a": [[1.0, -1.0, 0.0], [-1.0, -3.0, 0.0]]})
    assert found["position"].tolist() == [-1, 0, 1]
    assert found["signed"].tolist() == [0, -2, 0]
    assert found["absolute"].tolist() == [1, 2, 0]
    # The standard error of (-1, -3) is 1.
    assert np.isclose(found["ci_high"][1], -2 + 1.959964)
    assert figures.importance_table({"a": np.ones((1, 3))})["ci_low"].isna().all()


def test_importance_has_a_panel_a_group_and_writes_whole_files(tmp_path):
    fig = figures.importance(importance(), spans={"m6A": (-2, 2)}, title="t")
    names = [ax.get_title(loc="left") for ax in fig.axes]
    assert names == ["m6A (n = 6)", "Psi (n = 2)"]
    assert len(fig.axes[0].patches) == 1, "the known span"
    assert not fig.axes[1].patches
    style.save(fig, tmp_path / "Importance_Score", data=importance())
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".csv", ".png", ".svg"]


def test_odd_number_of_groups_leaves_an_empty_place():
    values = {name: np.ones((2, 9)) for name in "abc"}
    fig = figures.importance(figures.importance_table(values))
    assert len(fig.axes) == 4
    assert not fig.axes[3].axison


def test_combined_logos_show_the_letters_asked_for():
    heights = np.zeros((31, 4))
    heights[15 + np.arange(-2, 3), [2, 2, 0, 1, 3]] = [1, 1, 1, -1, 1]  # GGACU, C against
    fig = figures.combined_logos({"m6A": heights}, RNA, centres=[-9, 0, 9], width=5, title="t")
    left, middle, right = fig.axes
    assert [tick.get_text() for tick in middle.get_xticklabels()] == ["-2", "0", "2"]
    assert left.get_xlim() == (-11.5, -6.5)
    assert right.get_xlim() == (6.5, 11.5)
    assert middle.get_ylim()[0] < -0.9
    assert left.get_ylabel() == "m6A"


def test_spectrum_bars_colour_the_specific_codes():
    given = table()
    marks = [True] + [False] * 11
    fig = figures.spectrum(given, ["m6A", "Psi"], specific=marks, title="t")
    assert len(fig.axes) == 2
    bars = [ax.containers[0] for ax in fig.axes]
    assert len(bars[0]) == 10, "unused codes are not drawn"
    tones = [tuple(np.round(one[0].get_facecolor(), 2)) for one in bars]
    assert tones[0] != tones[1], "red in its own line, light blue in another's"
    assert [text.get_text() for text in fig.axes[0].texts] == ["11"]
    assert "2 unused" in fig._supxlabel.get_text()


def test_live_spectrum_says_what_a_bar_is():
    given = table()
    given.loc[0, "consensus"] = "<b>"
    fig = figures.live_spectrum(given, ["m6A", "Psi"], specific=[True] * 12, title="t")
    assert len(fig.data) == 2
    text = fig.data[0].hovertext[0]
    assert text.startswith("code 11 in m6A<br>TF-IDF")
    assert "p against negatives 0.02" in text
    assert text.endswith("&lt;b&gt;")
    assert len(fig.data[0].y) == 10
    bare = figures.live_spectrum(given.drop(columns="consensus"), ["Psi"], specific=[False] * 12)
    assert bare.data[0].hovertext[0].endswith("<br>")


def test_cards_draw_a_match_only_below_the_limit():
    shown = card(match="DRACH", q=0.01, known=np.eye(4))
    weak = card(match="DRACH", q=0.2, known=np.eye(4), code=4)
    fig = figures.code_cards([shown, weak, card()], RNA, title="t")
    assert len(fig.axes) == 9
    assert fig.axes[2].get_title(loc="left") == "DRACH, q = 0.01"
    for place in (5, 8):
        assert fig.axes[place].texts[0].get_text() == "no known motif at q ≤ 0.05"
    assert fig.axes[0].get_title(loc="left") == "m6A: code 3 (n = 9)"


def test_more_cards_than_fit_are_said():
    fig = figures.code_cards([card(code=k) for k in range(figures.MOST_CARDS + 1)], RNA, title="cards")
    assert "the first 16 of 17" in fig._suptitle.get_text().replace("\n", " ")


def test_accuracy_by_position_counts_known_letters_only():
    X = np.eye(4)[None, [0, 1, 2]].repeat(2, axis=0)
    X[0, 0] = 0.25
    made = X.copy()
    made[:, 1] = [1, 0, 0, 0]
    found = figures.accuracy_by_position(X, made)
    assert found["n"].tolist() == [1, 2, 2]
    assert found["accuracy"].tolist() == [1, 0, 1]
    assert (found["ci_low"] <= found["accuracy"]).all()


LOGO = {"a": np.zeros((11, 4))}
RAISES = {
    "no importance to average": lambda: figures.importance_table({}),
    r"expected finite numbers of shape \(windows": lambda: figures.importance_table({"a": [np.nan, 1.0]}),
    "importance table has no column": lambda: figures.importance(pd.DataFrame({"group": [1]})),
    "no stretch to draw": lambda: figures.combined_logos({}, RNA, centres=[0], width=3),
    "expected an odd number": lambda: figures.combined_logos(LOGO, RNA, centres=[0], width=4),
    "letters in the order ACGU": lambda: figures.combined_logos(
        {"a": np.zeros((11, 5))}, RNA, centres=[0], width=3
    ),
    "leaves them": lambda: figures.combined_logos(LOGO, RNA, centres=[5], width=3),
    "spectrum table has no column 'Um'": lambda: figures.spectrum(table(), ["Um"], specific=[True] * 12),
    "3 marks for 12 codes": lambda: figures.spectrum(table(), ["m6A"], specific=[True] * 3),
    "no code of the table is used": lambda: figures.live_spectrum(
        table().assign(used=False), ["m6A"], specific=[True] * 12
    ),
    "no code to draw": lambda: figures.code_cards([], RNA),
    "profile table has no column": lambda: figures.code_cards(
        [card(profile=pd.DataFrame({"label": [1]}))], RNA
    ),
    "reconstruction_by_position table has no column": lambda: figures.reconstruction_by_position(
        pd.DataFrame({"position": [0]}), title="t"
    ),
    "length_curve table has no column": lambda: figures.length_curve(
        pd.DataFrame({"length": [51]}), title="t"
    ),
}


@pytest.mark.parametrize("message", RAISES)
def test_raises(message):
    with pytest.raises(ValueError, match=message):
        RAISES[message]()


def test_a_scan_shows_a_truth_only_where_there_is_one():
    rows = {"position": [3, 9], "modification": "m6A", "probability": [0.1, 0.9], "training": ["new", "near"]}
    table = pd.DataFrame(rows)
    truth = pd.DataFrame({"position": [9], "modification": "m6A", "role": "site"})
    shown = [
        {text.get_text() for text in scan_figures.along(table, truth=one).legends[0].get_texts()}
        for one in (None, truth)
    ]
    assert shown[0] == {"new window", "near a training window"}
    assert shown[1] == shown[0] | {"planted site"}
    with pytest.raises(ValueError, match="no site of this record has a probability"):
        scan_figures.along(table.assign(probability=float("nan")))
