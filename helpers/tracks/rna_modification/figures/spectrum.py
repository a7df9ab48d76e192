"""The spectrum of a codebook: how much each group uses each code, and which codes are its own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from matplotlib.figure import Figure
from plotly.subplots import make_subplots

from helpers.plots import canvas, colours, style, words
from helpers.plots.tables import need

_COLUMNS = ["code", "used", "primary", "specificity", "q", "q_label"]


@style.house
def bars(table: pd.DataFrame, groups: Sequence[str], *, specific: Sequence[bool], title: str = "") -> Figure:
    """TF-IDF of every used code, a line for each group; codes stand in the table's order.

    Parameters
    ----------
    table : pandas.DataFrame
        From `helpers.tracks.rna_modification.specificity.sorted_table`.
    groups : sequence of str
        Its columns to draw, one line each.
    specific : sequence of bool
        Which rows of the table are specific: these bars are coloured, the others are grey.
    title : str
        Says profile and data set.

    Raises
    ------
    ValueError
        If a column is missing, no code is used, or the marks do not fit the table.

    Examples
    --------
    >>> row = {"code": [3, 1], "used": True, "primary": ["a", "b"], "specificity": 1.0, "q": 0.01,
    ...        "q_label": 0.01, "a": [1.0, 0.0], "b": [0.0, 2.0]}
    >>> len(bars(pd.DataFrame(row), ["a", "b"], specific=[True, False], title="t").axes)
    2
    """
    shown, marks = _shown(table, groups, specific)
    place = np.arange(len(shown))
    fig = style.figure(style.DOUBLE, 24 + 13.0 * len(groups))
    axes = np.atleast_1d(fig.subplots(len(groups), 1, sharex=True))
    for ax, name in zip(axes, groups, strict=True):
        height, own = shown[name].to_numpy(float), (shown["primary"] == name).to_numpy()
        if own.any():
            first, last = place[own][[0, -1]]
            ax.axvspan(first - 0.5, last + 0.5, color=colours.PALE, linewidth=0, zorder=-2)
        tones = np.where(own & marks, colours.TRUTH, np.where(marks, colours.OKABE_ITO["sky"], colours.GREY))
        ax.bar(place, height, width=0.85, color=tones, linewidth=0)
        top = height.max() or 1.0
        ax.set_ylim(0, 1.42 * top)
        for at in _apart(place[own & marks], len(shown)):
            ax.annotate(
                str(shown["code"].iloc[at]), (at, height[at]), xytext=(0, 1),
                textcoords="offset points", ha="center", va="bottom", fontsize=5.5,
                color=colours.TRUTH,
            )  # fmt: skip
        ax.set_ylabel(words.plain(name), rotation=0, ha="right", va="center")
        ax.locator_params(axis="y", nbins=2)
    axes[-1].set_xlim(-0.7, len(shown) - 0.3)
    axes[-1].set_xticks([])
    unused = int((~table["used"].astype(bool)).sum())
    fig.supxlabel(
        f"{len(shown)} codes in use ({unused} unused), sorted by primary modification (shaded) "
        "and score;\nred: specific for the line's modification, with its number; light blue: "
        "specific for another",
        fontsize="medium",
    )
    fig.supylabel("TF-IDF", fontsize="medium")
    style.head(fig, title)
    return fig


def live(
    table: pd.DataFrame, groups: Sequence[str], *, specific: Sequence[bool], title: str = ""
) -> go.Figure:
    """The same as `bars`, to hover over: code, TF-IDF, specificity, q-values, consensus.

    Parameters
    ----------
    table, groups, specific, title
        As in `bars`; with a column ``consensus`` the hover shows it.

    Returns
    -------
    plotly.graph_objects.Figure

    Raises
    ------
    ValueError
        As `bars`.

    Examples
    --------
    >>> row = {"code": [3, 1], "used": True, "primary": ["a", "b"], "specificity": 1.0, "q": 0.01,
    ...        "q_label": 0.01, "a": [1.0, 0.0], "b": [0.0, 2.0]}
    >>> len(live(pd.DataFrame(row), ["a", "b"], specific=[True, False], title="t").data)
    2
    """
    shown, marks = _shown(table, groups, specific)
    place = np.arange(len(shown))
    fig = make_subplots(rows=len(groups), cols=1, shared_xaxes=True, vertical_spacing=0.012)
    texts = shown["consensus"] if "consensus" in shown else pd.Series("", index=shown.index)
    for line, name in enumerate(groups, start=1):
        own = (shown["primary"] == name).to_numpy()
        tones = np.where(own & marks, colours.TRUTH, np.where(marks, colours.OKABE_ITO["sky"], colours.GREY))
        hover = [
            f"code {row.code} in {words.markup(name)}<br>TF-IDF {height:.3f}<br>primary "
            f"{words.markup(row.primary)}<br>specificity {row.specificity:.2f}<br>q between "
            f"modifications {row.q:.2g}<br>q against negatives {row.q_label:.2g}<br>"
            f"{words.markup(text)}"
            for row, height, text in zip(shown[_COLUMNS].itertuples(), shown[name], texts, strict=True)
        ]
        fig.add_trace(
            go.Bar(
                x=place, y=canvas.small(shown[name].to_numpy()), marker_color=list(tones),
                marker_line_width=0, hovertext=hover, hoverinfo="text", showlegend=False,
            ),
            row=line, col=1,
        )  # fmt: skip
        fig.update_yaxes(title_text=words.markup(name), nticks=3, row=line, col=1)
    fig.update_xaxes(showticklabels=False, ticks="")
    fig.update_xaxes(title_text="codes in use, sorted by primary and score", row=len(groups), col=1)
    canvas.frame(fig, title, 120 + 72 * len(groups))
    fig.update_layout(bargap=0.15, margin={"t": 70})
    return fig


def _shown(
    table: pd.DataFrame, groups: Sequence[str], specific: Sequence[bool]
) -> tuple[pd.DataFrame, np.ndarray]:
    """The used codes in the table's order, and which of them are specific."""
    need(table, [*_COLUMNS, *groups], "spectrum")
    marks = np.asarray(specific, dtype=bool)
    if marks.shape != (len(table),):
        raise ValueError(f"{marks.size} marks for {len(table)} codes; expected one a row")
    used = table["used"].to_numpy(dtype=bool)
    if not used.any():
        raise ValueError("no code of the table is used; there is nothing to draw")
    return table[used].reset_index(drop=True), marks[used]


def _apart(rows: np.ndarray, count: int) -> list[int]:
    """Of some bars those that are far enough apart for their numbers to be read, best first."""
    kept: list[int] = []
    for at in rows:
        if all(abs(at - other) >= max(3, count / 30) for other in kept):
            kept.append(int(at))
    return kept
